#include "retype.h"

#include "accumulate.h"
#include "literals.h"
#include "rewrite.h"
#include "trips.h"

#include "lathe/ir/buffer.h"
#include "lathe/ir/implied_cast.h"
#include "lathe/ir/node.h"
#include "lathe/ir/planted.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

/// Expressions with the types that follow from the tensors'.
class Retyper : public Mutator {
  public:
    std::map<Symbol, Type> tensors; ///< known so far
    std::map<Symbol, Type> lets;
    std::map<Symbol, BinaryOp>
        sums;                       ///< accumulators of inline reductions, and whose identity they start with
    const Module* module = nullptr; ///< its other Functions keep their types

  protected:
    using Mutator::visit;
    Expr visit(const Variable& v, const Expr& e) override {
        const auto let = lets.find(v.symbol);
        const bool stays = let == lets.end() || let->second == e.type();
        return stays ? e : Variable::make(v.symbol, let->second, e.loc());
    }
    Expr visit(const Load& l, const Expr& e) override {
        const auto type = tensors.find(l.tensor);
        invariant(type != tensors.end(), "a tensor is read before its type is known");
        return Load::make(l.tensor, type->second, (*this)(l.indices), e.loc());
    }
    Expr visit(const Let& l, const Expr& e) override {
        Expr value = (*this)(l.value);
        lets[l.symbol] = value.type();
        return Let::make(l.symbol, std::move(value), (*this)(l.body), e.loc());
    }
    Expr visit(const Fma&, const Expr& e) override { return in_common_float(e); }
    Expr visit(const Call& c, const Expr& e) override {
        return c.function == "pow" ? in_common_float(e) : rebuilt(e);
    }

    Stmt visit(const LetStmt& l, const Stmt& s) override {
        Expr value = (*this)(l.value);
        lets[l.symbol] = value.type();
        return LetStmt::make(l.symbol, std::move(value), (*this)(l.body), s.loc());
    }
    Stmt visit(const Allocate& a, const Stmt&) override {
        std::vector<Tensor> typed;
        for (const Tensor& t : a.tensors) {
            typed.push_back((*this)(t));
            typed.back().type = tensors.at(t.symbol);
        }
        return Allocate::make(std::move(typed), (*this)(a.body));
    }
    Stmt visit(const Store& s, const Stmt&) override {
        std::vector<StoreTarget> targets;
        for (const StoreTarget& t : s.targets)
            targets.push_back(target(t));
        if (auto sum = sums.find(targets[0].tensor); sum != sums.end() && !planted.has(Fault::start_baked) &&
                                                     targets.size() == 1 && targets[0].value.as<Constant>())
            targets[0].value = Constant::make(identity(sum->second, targets[0].type), s.loc);
        return Store::make(std::move(targets), s.loc);
    }
    Stmt visit(const Reduce& r, const Stmt&) override { return Reduce::make(r.op, target(r.target), r.loc); }
    Stmt visit(const ExternCall& c, const Stmt& s) override {
        check_passed(c);
        return Mutator::visit(c, s);
    }
    Stmt visit(const CallStmt& c, const Stmt& s) override {
        check_passed(c);
        const Stmt now = Mutator::visit(c, s);
        const Function& f = module->function(c.callee);
        std::vector<Expr> values;
        for (const Expr& e : now.as<CallStmt>()->values) {
            const Type type = f.params[values.size()].type;
            values.push_back(e.type() == type ? e : Cast::make(type, e, c.loc));
        }
        return CallStmt::make(c.callee, now.as<CallStmt>()->tensors, std::move(values),
                              now.as<CallStmt>()->streams, c.loc);
    }

  private:
    void check_passed(const ExternCall& c) const {
        for (const ExternArgument& a : c.arguments)
            if (a.tensor && tensors.at(a.tensor) != a.type)
                fail(c.loc, "{} becomes {}, and the extern function {} takes {}: quantize cannot change that",
                     a.tensor.name(), tensors.at(a.tensor).str(), c.callee->name, a.type.str());
    }

    void check_passed(const CallStmt& c) const {
        const Function& f = module->function(c.callee);
        for (size_t n = 0; n < c.tensors.size(); ++n) {
            const Type given = tensors.at(c.tensors[n].tensor), formal = f.arguments[n].tensor.type;
            if (given != formal)
                fail(c.loc, "{} becomes {}, and {} takes {}: quantize cannot change that",
                     c.tensors[n].tensor.name(), given.str(), c.callee, formal.str());
        }
    }

    StoreTarget target(const StoreTarget& t) {
        Expr value = (*this)(t.value);
        return {t.tensor, tensors.at(t.tensor), (*this)(t.indices), std::move(value)};
    }

    Expr in_common_float(const Expr& e) {
        return with_operands(e, common_float((*this)(operands(e)), e.loc()));
    }
};

Type stored(const Expr& value) {
    return value.type().is_real() ? Float(32) : value.type();
}

/// What is learned about an accumulator of exact type while its updates are met.
struct ExactSum {
    TypeStep step;
    std::optional<Type> value; ///< holds every value added
    int64_t count = 0;
};

/// Finds the type of every tensor, in program order.
class Inference {
  public:
    Inference(Retyper& t, const std::map<Symbol, TypeStep>& s) : types(t), chosen(s) {}

    void tensor(const Tensor& t) {
        origin[t.symbol] = t.origin;
        declared_at[t.symbol] = t.loc;
        if (auto step = chosen.find(t.symbol); step != chosen.end()) {
            types.tensors[t.symbol] = step->second.type;
            origin[t.symbol] = TypeOrigin::declared;
        } else if (t.origin == TypeOrigin::declared) {
            types.tensors[t.symbol] = t.type;
        }
    }

    void exact_sum(const TypeStep& step) { exact[step.accumulator] = {step, {}, 0}; }

    void visit(const Stmt& s) {
        if (!s.defined()) return;
        const For* loop = s.as<For>();
        if (loop) around.push_back(loop);
        with_node(s, [&](const auto& n) { learn(n); });
        for (const Stmt& c : bodies(s))
            visit(c);
        if (loop) around.pop_back();
    }

    /// The types of exact accumulators.
    void finish() {
        for (auto& [symbol, sum] : exact) {
            invariant(sum.value.has_value(), "an accumulator that nothing is added to");
            types.tensors[symbol] = sum_type(*sum.value, std::max<int64_t>(sum.count, 1), sum.step.loc);
        }
    }

    std::vector<std::string> warnings;

  private:
    void learn(const OneOf<Block, For, While, If, Assert, Print, ExternCall, Stage> auto&) {}
    void learn(const OneOf<DeclareStream, Push, Pop, Fill, Drain, CallStmt, Dataflow, Spawn, Copy> auto&) {}

    void learn(const Allocate& a) {
        for (const Tensor& t : a.tensors)
            if (!exact.contains(t.symbol)) tensor(t);
    }

    void learn(const Store& s) {
        for (const StoreTarget& t : s.targets)
            store(t, s.targets.size(), s.loc);
    }

    void learn(const LetStmt& l) {
        if (reads_exact(l.value))
            pending.insert(l.symbol); // a loop's bound: nothing that is added uses it
        else
            types.lets[l.symbol] = types(l.value).type();
    }

    /// It reads an accumulator whose type is still to be found.
    bool reads_exact(const Expr& e) const { return exact_read(e) != exact.end(); }
    std::map<Symbol, ExactSum>::const_iterator exact_read(const Expr& e) const {
        for (const Symbol& t : tensors_read(e))
            if (const auto found = exact.find(t); found != exact.end()) return found;
        return exact.end();
    }

    void check_ends(const Expr& added, Loc loc) const {
        if (const auto read = exact_read(added); read != exact.end())
            fail(read->second.step.loc,
                 "{} is read by what is added to it at {}, so that its exact type has no end: give it "
                 "one, as in {{.accumulate = Int(32)}}",
                 read->first.name(), loc.str());
    }

    void store(const StoreTarget& t, size_t targets, Loc loc) {
        if (auto e = exact.find(t.tensor); e != exact.end()) {
            const Constant* zero = t.value.as<Constant>();
            if (zero && zero->value.is_zero()) return;
            return widen(e->second, t.value, 1, loc);
        }
        if (types.tensors.contains(t.tensor)) return;
        if (origin[t.tensor] == TypeOrigin::sum && targets == 1) return start(t);
        check_ends(t.value, loc);
        Expr value = types(t.value);
        types.tensors[t.tensor] = stored(value);
        warn_crossing(t.tensor, value, loc);
    }

    /// The identity before a reduction, which gives it its type.
    void start(const StoreTarget& t) {
        for (const BinaryOp op : {BinaryOp::min, BinaryOp::max})
            if (const Constant* c = t.value.as<Constant>(); c && has_identity(op, t.type))
                if (c->value == identity(op, t.type)) types.sums[t.tensor] = op;
    }

    void learn(const Reduce& r) {
        if (auto e = exact.find(r.target.tensor); e != exact.end()) {
            if (r.op != BinaryOp::add)
                fail(e->second.step.loc,
                     "an exact accumulator is for sums, and {} at {} is not one: give a type", symbol(r.op),
                     r.loc.str());
            return widen(e->second, r.target.value, trips(r), r.loc);
        }
        if (origin[r.target.tensor] == TypeOrigin::sum && !types.tensors.contains(r.target.tensor)) {
            check_ends(r.target.value, r.loc);
            types.sums[r.target.tensor] = r.op;
            Type value = stored(types(r.target.value));
            bool sum = r.op == BinaryOp::add && !value.is_float();
            if (r.op == BinaryOp::mul && !value.is_float())
                fail(r.loc,
                     "the product of {} needs a type for its accumulator, as in product(r, x, Int(64))",
                     value.str());
            types.tensors[r.target.tensor] = sum ? sum_type(value, trips(r), r.loc) : value;
        }
        if (reads_exact(r.target.value)) return;
        Type target = types.tensors.at(r.target.tensor);
        Expr value = types(r.target.value);
        if (r.op == BinaryOp::add && target.is_exact() && value.type().is_exact() &&
            value.type().frac() > target.frac())
            warnings.push_back(fmt::format("{}: {} += drops {} fraction bits at every step: {} into {}. "
                                           "quantize({}, …, {{.accumulate = Accumulate::exact}}) keeps them",
                                           r.loc.str(), r.target.tensor.name(),
                                           value.type().frac() - target.frac(), value.type().str(),
                                           target.str(), r.target.tensor.name()));
    }

    void widen(ExactSum& sum, const Expr& added, int64_t count, Loc loc) {
        check_ends(added, loc);
        const Type value = types(added).type();
        sum.value = sum.value ? aligned_type(*sum.value, value, loc) : value;
        sum.count += count;
    }

    /// How often the reduction updates one element at most.
    int64_t trips(const Reduce& r) {
        std::vector<CountedRange> ranges;
        for (const For* f : around) {
            const bool outside = origin[r.target.tensor] == TypeOrigin::sum && !f_inside(r.target.tensor, f);
            ranges.push_back({f->var, bound(f->min), bound(f->extent), !outside});
        }
        std::set<Symbol> changing = pending;
        for (const auto& [let, type] : types.lets)
            changing.insert(let);
        return most_updates(r.target.indices, ranges, changing, [&](const CountedRange& of, bool too_many) {
            if (too_many)
                fail(r.loc, "an exact sum over {} has too many iterations: give an accumulator type",
                     of.loop.name());
            const auto loop =
                std::find_if(around.begin(), around.end(), [&](const For* f) { return f->var == of.loop; });
            fail(r.loc,
                 "an exact sum over {} needs a constant bound on its {} iterations: give an accumulator "
                 "type",
                 of.loop.name(), print((*loop)->extent));
        });
    }

    /// A loop's bound with the types that are known by now. One that reads an accumulator whose type is still
    /// to be found may have any value.
    Expr bound(const Expr& e) {
        const std::set<Symbol> variables = free_variables(e);
        const bool open = reads_exact(e) || std::any_of(variables.begin(), variables.end(),
                                                        [&](auto& v) { return pending.contains(v); });
        return open ? var(Symbol("unknown")) : types(e);
    }

    /// The loop is inside the allocation of the inline reduction's accumulator.
    bool f_inside(const Symbol& tensor, const For* f) const {
        return !find_path(f->body, [&](const Stmt& s) {
                    const Allocate* a = s.as<Allocate>();
                    return a && a->find(tensor);
                }).size();
    }

    /// An undeclared tensor whose elements need a larger container than those that it is computed from.
    void warn_crossing(const Symbol& tensor, const Expr& value, Loc loc) {
        if (origin[tensor] != TypeOrigin::definition || !stored(value).is_exact()) return;
        int widest = 0;
        for_each_expr(value, [&](const Expr& e) {
            if (e.as<Load>() && e.type().is_exact()) widest = std::max(widest, container_bits(e.type()));
        });
        int needed = container_bits(stored(value));
        bool limbs = stored(value).width() > 64;
        if (widest == 0 || (needed <= widest && !(limbs && widest < 64))) return;
        warnings.push_back(
            fmt::format("{}: {}, declared at {} without a type, becomes {}: its elements take {} bits, "
                        "those that it is computed from {}",
                        loc.str(), tensor.name(), declared_at[tensor].str(), stored(value).str(),
                        limbs ? (stored(value).width() + 63) / 64 * 64 : needed, widest));
    }

    Retyper& types;
    const std::map<Symbol, TypeStep>& chosen;
    std::map<Symbol, TypeOrigin> origin;
    std::map<Symbol, Loc> declared_at;
    std::map<Symbol, ExactSum> exact;
    std::set<Symbol> pending; ///< lets of values that read one of those
    std::vector<const For*> around;
};

} // namespace

Retyped retype(const Algorithm& a, const std::vector<TypeStep>& steps) {
    Algorithm work = a;
    std::map<Symbol, TypeStep> chosen; // the last step for a tensor counts
    for (const TypeStep& s : steps)
        chosen.insert_or_assign(s.tensor, s);
    Retyper types;
    types.module = &work.module;
    Inference inference(types, chosen);
    std::map<Symbol, TypeStep> targets = chosen;
    for (const auto& [tensor, step] : chosen) {
        if (!step.accumulator) continue;
        add_accumulator(work, step);
        TypeStep own = step;
        own.type = step.options.accumulate.type();
        if (step.options.accumulate.kind() == Accumulate::Kind::exact)
            inference.exact_sum(step);
        else
            targets.insert_or_assign(step.accumulator, own);
    }
    for (const auto& [symbol, step] : targets)
        chosen.insert_or_assign(symbol, step);

    Function& f = work.module.top();
    f.body = type_literals(f.body, chosen);
    for (const Argument& g : f.arguments)
        inference.tensor(g.tensor);
    for (const Tensor& t : f.constants)
        inference.tensor(t);
    inference.visit(f.body);
    inference.finish();
    for (Argument& g : f.arguments)
        g.tensor.type = types.tensors.at(g.tensor.symbol);
    f.body = types(f.body);
    warn_literals(f.body, inference.warnings);
    return {std::move(work.module), std::move(work.definitions), std::move(inference.warnings)};
}

} // namespace lathe::schedule
