#include "narrow.h"

#include "lathe/ir/scoped_pass.h"

#include "lathe/ir/planted.h"

#include <algorithm>
#include <tuple>

namespace lathe::codegen {
namespace {

struct HeldRange {
    mpz_class low, high;
    bool inside(const HeldRange& o) const { return o.low <= low && high <= o.high; }
};

HeldRange type_range(Type t) {
    return {min_value(t).raw(), max_value(t).raw()};
}

HeldRange hull(const HeldRange& a, const HeldRange& b) {
    return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

HeldRange corners(const mpz_class& a, const mpz_class& b, const mpz_class& c, const mpz_class& d) {
    return {std::min({a, b, c, d}), std::max({a, b, c, d})};
}

bool is_integer(const Expr& e) {
    return e.type().is_int() && e.type().is_scalar();
}

/// Whether the low bits of the result depend on the low bits of the operands alone.
bool is_modular(BinaryOp op) {
    return op == BinaryOp::add || op == BinaryOp::sub || op == BinaryOp::mul || op == BinaryOp::bit_and ||
           op == BinaryOp::bit_or || op == BinaryOp::bit_xor;
}

/// All bits at or below the highest one that either bound has.
mpz_class ones_over(const mpz_class& x) {
    return (mpz_class(1) << static_cast<unsigned>(mpz_sizeinbase(x.get_mpz_t(), 2))) - 1;
}

std::optional<unsigned> small_shift(const HeldRange& amount) {
    if (amount.low != amount.high || amount.low < 0 || amount.low > Type::max_width) return std::nullopt;
    return static_cast<unsigned>(amount.low.get_ui());
}

/// The range of `a op b` before it is wrapped, if this op has a rule.
std::optional<HeldRange> exact_range(BinaryOp op, const HeldRange& a, const HeldRange& b) {
    switch (op) {
    case BinaryOp::add:
        return HeldRange{a.low + b.low, a.high + b.high};
    case BinaryOp::sub:
        return HeldRange{a.low - b.high, a.high - b.low};
    case BinaryOp::mul:
        return corners(a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high);
    case BinaryOp::min:
        return HeldRange{std::min(a.low, b.low), std::min(a.high, b.high)};
    case BinaryOp::max:
        return HeldRange{std::max(a.low, b.low), std::max(a.high, b.high)};
    case BinaryOp::bit_and:
        if (a.low >= 0 && b.low >= 0) return HeldRange{0, std::min(a.high, b.high)};
        if (b.low >= 0) return HeldRange{0, b.high};
        if (a.low >= 0) return HeldRange{0, a.high};
        return std::nullopt;
    case BinaryOp::bit_or:
    case BinaryOp::bit_xor:
        if (a.low >= 0 && b.low >= 0) return HeldRange{0, ones_over(std::max(a.high, b.high))};
        return std::nullopt;
    case BinaryOp::shl:
        if (auto s = small_shift(b)) return HeldRange{a.low << *s, a.high << *s};
        return std::nullopt;
    case BinaryOp::shr: // GMP's >> rounds toward minus infinity
        if (auto s = small_shift(b)) return HeldRange{a.low >> *s, a.high >> *s};
        return std::nullopt;
    case BinaryOp::div:
        if (b.low > 0) return corners(a.low / b.low, a.low / b.high, a.high / b.low, a.high / b.high);
        return std::nullopt;
    case BinaryOp::mod: // the sign of the dividend; x % 0 = x
        if (b.low > 0)
            return HeldRange{a.low < 0 ? std::max(a.low, mpz_class(1 - b.high)) : 0,
                             a.high > 0 ? std::min(a.high, mpz_class(b.high - 1)) : 0};
        return std::nullopt;
    default:
        return std::nullopt;
    }
}

int container_for_bits(int width) {
    return width <= 8 ? 8 : width <= 16 ? 16 : width <= 32 ? 32 : width <= 64 ? 64 : 128;
}

int machine_bits(Type t) {
    return container_for_bits(t.width());
}

/// The smallest type that fills a container of at most `most` bits and holds the range; of `sign` where both
/// fit.
std::optional<Type> container_for(const HeldRange& r, bool sign, int most) {
    for (int bits = 8; bits <= std::min(most, 64); bits *= 2)
        for (bool s : {sign, !sign})
            if (const Type t = s ? Int(bits) : UInt(bits); r.inside(type_range(t))) return t;
    return std::nullopt;
}

/// What is stored to every tensor that is allocated in a function, and how.
struct Contents {
    Type type;
    std::vector<Expr> values;
    bool stored_only = true; ///< no reductions, no data, no extern function writes it
    bool passed = false;     ///< to an extern function, which takes it as it is declared
};
std::map<Symbol, Contents> contents_of(const Stmt& body) {
    std::map<Symbol, Contents> result;
    for_each(
        body,
        [&](const Stmt& s) {
            if (auto* a = s.as<Allocate>()) {
                for (const Tensor& t : a->tensors) {
                    Contents& c = result[t.symbol];
                    c.type = t.type;
                    c.stored_only = !t.data;
                }
            }
            for (const Write& w : writes_of(s)) {
                const auto found = result.find(w.tensor);
                if (found == result.end()) continue;
                if (w.target && !w.reads)
                    found->second.values.push_back(w.target->value);
                else if (w.target || !planted.has(Fault::writes_forgotten))
                    found->second.stored_only = false;
            }
            if (auto* c = s.as<ExternCall>(); c && !planted.has(Fault::writes_forgotten))
                for (const ExternArgument& a : c->arguments)
                    if (auto found = result.find(a.tensor); a.tensor && found != result.end())
                        found->second.passed = true;
        },
        nullptr);
    return result;
}

/// Rewrites one function.
class Narrower : public ScopedMutator {
  public:
    explicit Narrower(const Stmt& body) : contents(contents_of(body)) {}

  protected:
    using ScopedMutator::visit;
    Expr visit(const Load& l, const Expr& e) override {
        const auto type = retyped.find(l.tensor);
        if (type == retyped.end()) return rebuilt(e);
        return Cast::make(
            e.type(), Load::make(l.tensor, type->second, (*this)(l.indices), l.loc, (*this)(l.predicate)));
    }
    Expr visit(const Cast&, const Expr& e) override {
        const Expr now = rebuilt(e);
        return is_integer(now) ? cast_to(now.type(), now.as<Cast>()->a) : now;
    }
    Expr visit(const Binary&, const Expr& e) override {
        const Expr now = rebuilt(e);
        auto* b = now.as<Binary>();
        if (b && is_compare(b->op) && is_integer(b->a)) return compare(*b);
        return b && is_integer(now) ? smaller(now) : now;
    }

    Stmt mutate(const Stmt& s) override {
        Stmt result = ScopedMutator::mutate(s);
        // Ranges use the facts of the place; a node shared with another place may have other ranges there.
        if (s.kind() != StmtKind::block) {
            ranges.clear();
            casts.clear();
        }
        return result;
    }

    Stmt visit(const LetStmt& l, const Stmt& s) override {
        if (is_integer(l.value)) lets[l.symbol] = range(l.value);
        return ScopedMutator::visit(l, s);
    }
    Stmt visit(const Store& s, const Stmt&) override {
        std::vector<StoreTarget> targets;
        for (const StoreTarget& t : s.targets) {
            targets.push_back({t.tensor, t.type, (*this)(t.indices), (*this)(t.value)});
            const auto to = retyped.find(t.tensor);
            if (to == retyped.end()) continue;
            targets.back().type = to->second;
            targets.back().value = cast_to(to->second, targets.back().value);
        }
        return Store::make(std::move(targets), s.loc, (*this)(s.predicate));
    }
    /// Memory that only this function sees may hold its elements in the container that their range needs.
    Stmt visit(const Allocate& a, const Stmt&) override {
        std::vector<Tensor> declared;
        for (const Tensor& t : a.tensors) {
            declared.push_back((*this)(t));
            const Type type = narrowed(t);
            if (type == t.type) continue;
            declared.back().type = type;
            retyped[t.symbol] = type;
        }
        return allocated(std::move(declared), a.body);
    }

  private:
    std::map<Symbol, Contents> contents;
    std::map<Symbol, std::optional<HeldRange>> elements; ///< of tensors in `contents`; empty: being computed
    std::map<Symbol, HeldRange> lets;
    std::map<Symbol, Type> retyped; ///< allocated tensors whose elements moved to another container
    std::map<const ExprNode*, std::pair<Expr, HeldRange>> ranges; ///< the Expr keeps the node alive
    std::map<std::tuple<const ExprNode*, int, bool>, std::pair<Expr, Expr>>
        casts; ///< by node and type; likewise

    Type narrowed(const Tensor& tensor) {
        if (!tensor.type.is_int()) return tensor.type;
        // The range is found here, where the facts hold wherever the tensor lives.
        const HeldRange elements = element_range(tensor.symbol);
        const Contents& c = contents.at(tensor.symbol);
        if (!c.stored_only || c.passed) return tensor.type;
        const auto t = container_for(elements, tensor.type.is_signed(), machine_bits(tensor.type));
        return t.value_or(tensor.type);
    }

    /// The range of an allocated tensor's elements.
    HeldRange element_range(const Symbol& tensor) {
        const Contents& c = contents.at(tensor);
        const HeldRange all = type_range(c.type);
        if (!c.stored_only || c.values.empty()) return all;
        const auto [found, first] = elements.try_emplace(tensor);
        if (!first) return found->second.value_or(all); // it depends on itself
        std::optional<HeldRange> r;
        for (const Expr& value : c.values)
            r = r ? hull(*r, range(value)) : range(value);
        elements[tensor] = r;
        return *r;
    }

    HeldRange range(const Expr& e) {
        if (auto found = ranges.find(e.get()); found != ranges.end()) return found->second.second;
        HeldRange r = compute_range(e);
        ranges.insert_or_assign(e.get(), std::pair(e, r));
        return r;
    }

    HeldRange compute_range(const Expr& e) {
        const HeldRange all = type_range(e.type());
        const auto wrapped = [&](const HeldRange& exact) { return exact.inside(all) ? exact : all; };
        if (auto* c = e.as<Constant>()) return {c->value.raw(), c->value.raw()};
        if (auto* v = e.as<Variable>()) {
            const auto found = lets.find(v->symbol);
            return found == lets.end() ? all : found->second;
        }
        if (auto* l = e.as<Load>()) {
            if (!contents.contains(l->tensor)) return all;
            // A predicate gives 0 where it is false.
            const HeldRange elements = element_range(l->tensor);
            return l->predicate.defined() ? hull(elements, {0, 0}) : elements;
        }
        if (auto* s = e.as<Select>()) return hull(range(s->then_value), range(s->else_value));
        if (auto* l = e.as<Let>()) {
            if (is_integer(l->value)) lets[l->symbol] = range(l->value);
            return range(l->body);
        }
        if (auto* c = e.as<Cast>()) return cast_range(*c, all);
        if (auto* b = e.as<Binary>(); b && is_integer(b->a))
            if (auto exact = exact_range(b->op, range(b->a), range(b->b))) return wrapped(*exact);
        return all;
    }

    HeldRange cast_range(const Cast& c, const HeldRange& all) {
        const auto wrapped = [&](const HeldRange& exact) { return exact.inside(all) ? exact : all; };
        if (is_integer(c.a)) return wrapped(range(c.a));
        if (c.a.type().is_bool()) return wrapped({0, 1});
        if (!c.a.type().is_index()) return all;
        const auto low = const_lower_bound(c.a, facts()), high = const_upper_bound(c.a, facts());
        return low && high ? wrapped({*low, *high}) : all;
    }

    Expr smaller(const Expr& e) {
        const Binary& b = *e.as<Binary>();
        HeldRange needed = range(e);
        if (needed.low == needed.high) return Constant::make(Value::from_raw(e.type(), needed.low), e.loc());
        if (b.op == BinaryOp::min || b.op == BinaryOp::max) {
            const HeldRange x = range(b.a), y = range(b.b);
            if (x.high <= y.low) return b.op == BinaryOp::min ? b.a : b.b;
            if (y.high <= x.low) return b.op == BinaryOp::min ? b.b : b.a;
        }
        // Operands that only wrap may leave the range; the others must be represented too.
        if (!is_modular(b.op)) needed = hull(needed, hull(range(b.a), range(b.b)));
        const auto t = container_for(needed, b.type.is_signed(), machine_bits(b.type));
        // A type that fills its container needs no sign or zero extension after the operation.
        if (!t || *t == b.type) return e;
        const bool shift = b.op == BinaryOp::shl || b.op == BinaryOp::shr;
        if (shift && range(b.b).high >= t->width()) return e; // a shift is shorter than its type
        return Cast::make(b.type, Binary::make_as(*t, b.op, cast_to(*t, b.a), cast_to(*t, b.b), b.loc));
    }

    /// What the ranges alone say of a comparison.
    static std::optional<bool> decided(BinaryOp op, const HeldRange& a, const HeldRange& b) {
        const bool below = a.high<b.low, above = a.low> b.high;
        const bool most = a.high <= b.low, least = a.low >= b.high;
        switch (op) {
        case BinaryOp::lt:
            return below ? std::optional(true) : least ? std::optional(false) : std::nullopt;
        case BinaryOp::ge:
            return least ? std::optional(true) : below ? std::optional(false) : std::nullopt;
        case BinaryOp::gt:
            return above ? std::optional(true) : most ? std::optional(false) : std::nullopt;
        case BinaryOp::le:
            return most ? std::optional(true) : above ? std::optional(false) : std::nullopt;
        case BinaryOp::eq:
            return below || above ? std::optional(false) : std::nullopt;
        case BinaryOp::ne:
            return below || above ? std::optional(true) : std::nullopt;
        default:
            return std::nullopt;
        }
    }

    Expr compare(const Binary& b) {
        if (const auto known = decided(b.op, range(b.a), range(b.b)))
            return Constant::make(Value::boolean(*known), b.loc);
        const HeldRange both = hull(range(b.a), range(b.b));
        const auto t = container_for(both, b.a.type().is_signed(), machine_bits(b.a.type()));
        if (!t || *t == b.a.type()) return Binary::make(b.op, b.a, b.b, b.loc);
        return Binary::make(b.op, cast_to(*t, b.a), cast_to(*t, b.b), b.loc);
    }

    /// Cast(to, e), pushed through what keeps its low bits.
    Expr cast_to(Type to, const Expr& e) {
        if (e.type() == to) return e;
        if (!to.is_int()) return Cast::make(to, e);
        const auto key = std::tuple(e.get(), to.width(), to.is_signed());
        if (auto found = casts.find(key); found != casts.end()) return found->second.second;
        Expr result = make_cast(to, e);
        casts.emplace(key, std::pair(e, result));
        return result;
    }

    Expr make_cast(Type to, const Expr& e) {
        if (!is_integer(e)) return Cast::make(to, e);
        if (auto* c = e.as<Constant>()) return Constant::make(Value::from_raw(to, c->value.raw()), e.loc());
        if (auto* inner = e.as<Cast>(); inner && is_integer(inner->a)) {
            // Skipping a cast is right if it changed no value, or if only bits that it kept are asked for.
            if (range(inner->a).inside(type_range(e.type())) || to.width() <= e.type().width())
                return cast_to(to, inner->a);
        }
        if (machine_bits(to) < machine_bits(e.type())) {
            if (auto* b = e.as<Binary>())
                if (const auto bits = bits_needed(to, *b)) return truncated(to, *b, *bits);
            if (auto* s = e.as<Select>())
                return Select::make(s->condition, cast_to(to, s->then_value), cast_to(to, s->else_value),
                                    e.loc());
        }
        return Cast::make(to, e);
    }

    /// In how many bits the operation gives the low bits that `to` has, if those are fewer than it uses now.
    std::optional<int> bits_needed(Type to, const Binary& b) {
        const int bits = container_for_bits(to.width());
        if (is_modular(b.op)) return bits;
        const auto amount = small_shift(range(b.b));
        if (b.op == BinaryOp::shl && amount && static_cast<int>(*amount) < bits) return bits;
        if (b.op != BinaryOp::shr || !amount) return std::nullopt;
        const int more = container_for_bits(to.width() + static_cast<int>(*amount));
        return more < machine_bits(b.type) ? std::optional(more) : std::nullopt;
    }

    /// The operation on `bits` low bits; `to` needs no more.
    Expr truncated(Type to, const Binary& b, int bits) {
        const Type t = b.type.is_signed() ? Int(bits) : UInt(bits);
        const Expr e = Binary::make_as(t, b.op, cast_to(t, b.a), cast_to(t, b.b), b.loc);
        return e.type() == to ? e : Cast::make(to, e);
    }
};

} // namespace

Module narrow(const Module& module) {
    Module result = module;
    for (size_t f = 0; f < result.functions.size(); ++f) {
        Module one;
        one.functions.push_back(module.functions[f]);
        result.functions[f] = Narrower(module.functions[f].body).run(one).functions[0];
    }
    return result;
}

} // namespace lathe::codegen
