#include "lathe/ir/index_ranges.h"
#include "lathe/ir/node.h"
#include "lathe/ir/visit.h"

namespace lathe::ir {

namespace {

/// Room for sums and differences of two bounds.
constexpr unsigned bound_bits = 62;

Type type_for(const IntegerRange& r) {
    const auto bits = static_cast<int>(r.bits());
    return r.low < 0 ? Int(bits) : UInt(std::max(bits - 1, 1));
}

class Widener : public Mutator {
  public:
    explicit Widener(const Stmt& body) : ranges(body) {}
    using Mutator::operator();

  protected:
    using Mutator::mutate;
    using Mutator::visit;
    Expr mutate(const Expr& e) override {
        return is_scalar_index(e) && !ranges.fits(e) ? machine(e) : Mutator::mutate(e);
    }
    Expr visit(const Let& l, const Expr& e) override {
        if (!e.type().is_scalar() || e.type().is_index() || !leaves(l)) return rebuilt(e);
        return let(l, [&](const Expr& body) { return (*this)(body); });
    }
    Expr visit(const Binary& b, const Expr& e) override {
        const bool stays =
            !is_compare(b.op) || !is_scalar_index(b.a) || (ranges.fits(b.a) && ranges.fits(b.b));
        return stays ? rebuilt(e) : Binary::make(b.op, wide(b.a), wide(b.b), b.loc);
    }
    Expr visit(const Cast& c, const Expr& e) override {
        const bool stays = c.type.is_index() || !is_scalar_index(c.a) || ranges.fits(c.a);
        return stays ? rebuilt(e) : Cast::make(c.type, wide(c.a), c.loc);
    }

    Stmt mutate(const Stmt& s) override {
        const bool outer = network;
        network = network || s.as<Dataflow>();
        const Stmt now = Mutator::mutate(s);
        network = outer;
        Stmt checks;
        if (network) return now;
        for (const Expr& e : bounds_of_statement(s))
            checks = Block::make({checks, check(e, s.loc())});
        return checks.defined() ? Block::make({checks, now}) : now;
    }

  private:
    IndexRanges ranges;
    std::map<Symbol, Symbol> renamed; ///< lets that became integers
    bool network = false;             ///< in a dataflow
    std::unordered_map<const ExprNode*, std::pair<Expr, Expr>> wides;

    static bool is_scalar_index(const Expr& e) { return e.type() == IndexType(); }

    /// What is kept as an Index, beside subscripts.
    static std::vector<Expr> bounds_of_statement(const Stmt& s) {
        std::vector<Expr> all;
        const auto add = [&](const Expr& e) {
            if (is_scalar_index(e)) all.push_back(e);
        };
        const auto none = [](const OneOf<Block, While, If, Store, Reduce, Assert, ExternCall, Stage,
                                         DeclareStream, Push, Pop, Fill, Drain, Spawn> auto&) {};
        with_node(s,
                  Overloads{
                      none,
                      [&](const For& f) { all = {f.min, f.extent}; },
                      [&](const LetStmt& l) { add(l.value); },
                      [&](const Print& p) { std::ranges::for_each(p.values, add); },
                      [&](const Allocate& a) {
                          for (const Tensor& t : a.tensors)
                              for (const Dim& d : t.dims)
                                  all.insert(all.end(), {d.min, d.extent});
                      },
                      [&](const OneOf<CallStmt, Copy> auto&) { std::ranges::for_each(expressions(s), add); },
                      [&](const Dataflow& d) { all = bounds_of_processes(d); },
                  });
        return all;
    }

    /// What the processes of a dataflow are given is checked before it begins.
    static std::vector<Expr> bounds_of_processes(const Dataflow& d) {
        std::vector<Expr> all;
        std::set<Symbol> ids;
        for_each(
            d.body,
            [&](const Stmt& s) {
                if (const auto* p = s.as<Spawn>()) ids.insert(p->ids.begin(), p->ids.end());
                for (const Expr& e : expressions(s)) {
                    const std::set<Symbol> used = free_variables(e);
                    const bool before =
                        std::ranges::none_of(used, [&](const Symbol& v) { return ids.contains(v); });
                    if (before && is_scalar_index(e)) all.push_back(e);
                }
            },
            nullptr);
        return all;
    }

    Stmt check(const Expr& e, Loc loc) {
        const mpz_class most = mpz_class(1) << bound_bits;
        if (!e.type().is_scalar() || (ranges.fits(e) && ranges.of(e).inside({1 - most, most - 1}))) return {};
        const Expr x = wide(e);
        const auto literal = [](const mpz_class& v) { return Constant::make(Value::literal(v)); };
        const Expr low = Binary::make(BinaryOp::gt, x, literal(-most)),
                   high = Binary::make(BinaryOp::lt, x, literal(most));
        return Assert::make(Select::make(low, high, Constant::make(Value::boolean(false))),
                            "a subscript or a loop's bound does not fit in 64 bits", loc);
    }

    /// `e`, which an Index is needed for.
    Expr machine(const Expr& e) {
        const Expr x = wide(e);
        const bool holds = ranges.of(e).bits() <= IndexRanges::machine_bits;
        // What is too large stays so, which the check of the subscript finds.
        const Type t = holds ? Int(64) : Fixed(64, 0, Round::trn, Overflow::sat);
        return Cast::make(IndexType(), Cast::make(Int(64), Cast::make(t, x)), e.loc());
    }

    /// The value of the Index `e` as an integer.
    Expr wide(const Expr& e) {
        if (const auto found = wides.find(e.get()); found != wides.end()) return found->second.second;
        Expr r = make_wide(e);
        const IntegerRange range = ranges.of(e);
        if (const Type t = type_for(range); t.width() < r.type().width()) r = Cast::make(t, r, e.loc());
        wides.insert_or_assign(e.get(), std::pair(e, r));
        return r;
    }

    Expr make_wide(const Expr& e) {
        if (const auto* c = e.as<Constant>()) return Constant::make(Value::literal(c->value.raw()), e.loc());
        if (ranges.fits(e)) return Cast::make(type_for(ranges.of(e)), (*this)(e), e.loc());
        if (const auto* c = e.as<Cast>()) {
            const Type from = c->a.type();
            if (from.is_index()) return wide(c->a);
            return from.is_int() ? (*this)(c->a) : Cast::make(type_for(ranges.of(e)), (*this)(c->a), e.loc());
        }
        if (const auto* b = e.as<Binary>()) return Binary::make(b->op, wide(b->a), wide(b->b), b->loc);
        if (const auto* u = e.as<Unary>()) return Unary::make(u->op, wide(u->a), u->loc);
        if (const auto* s = e.as<Select>())
            return Select::make((*this)(s->condition), wide(s->then_value), wide(s->else_value), s->loc);
        if (const auto* v = e.as<Variable>())
            return Variable::make(renamed.at(v->symbol), type_for(ranges.of(e)), e.loc());
        const auto* l = e.as<Let>();
        invariant(l != nullptr, "an Index expression of an unknown kind");
        return let(*l, [&](const Expr& body) { return wide(body); });
    }

    bool leaves(const Let& l) {
        return l.value.type().is_index() && ranges.of(l.value).bits() > IndexRanges::machine_bits;
    }

    /// A let of an Index that may leave 64 bits becomes one of an integer.
    Expr let(const Let& l, const std::function<Expr(const Expr&)>& body) {
        if (!leaves(l)) {
            const Expr value = (*this)(l.value);
            return Let::make(l.symbol, value, body(l.body), l.loc);
        }
        const Symbol symbol(l.symbol.name());
        const Expr value = Cast::make(type_for(ranges.of(l.value)), wide(l.value));
        renamed.insert_or_assign(l.symbol, symbol);
        return Let::make(symbol, value, body(l.body), l.loc);
    }
};

} // namespace

Function widen_index(const Function& function) {
    Function result = function;
    Widener widen(function.body);
    for (Argument& a : result.arguments)
        a.tensor = widen(a.tensor);
    result.body = widen(function.body);
    return result;
}

Module widen_index(const Module& module) {
    Module result = module;
    for (Function& f : result.functions)
        f = widen_index(f);
    return result;
}

} // namespace lathe::ir
