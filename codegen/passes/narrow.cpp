#include "narrow.h"

#include "lathe/ir/buffer.h"
#include "scoped_pass.h"

#include <algorithm>

namespace lathe {
namespace {

struct Range {
    mpz_class low, high;
    bool inside(const Range& o) const { return o.low <= low && high <= o.high; }
};

Range type_range(Type t) { return {min_value(t).raw(), max_value(t).raw()}; }

Range hull(const Range& a, const Range& b) { return {std::min(a.low, b.low), std::max(a.high, b.high)}; }

Range corners(const mpz_class& a, const mpz_class& b, const mpz_class& c, const mpz_class& d) {
    return {std::min({a, b, c, d}), std::max({a, b, c, d})};
}

bool is_integer(const Expr& e) { return e.type().is_int() && e.type().is_scalar(); }

/// Whether the low bits of the result depend on the low bits of the operands alone.
bool is_modular(BinaryOp op) {
    return op == BinaryOp::add || op == BinaryOp::sub || op == BinaryOp::mul || op == BinaryOp::bit_and || op == BinaryOp::bit_or ||
           op == BinaryOp::bit_xor;
}

/// All bits at or below the highest one that either bound has.
mpz_class ones_over(const mpz_class& x) {
    return (mpz_class(1) << static_cast<unsigned>(mpz_sizeinbase(x.get_mpz_t(), 2))) - 1;
}

std::optional<unsigned> small_shift(const Range& amount) {
    if (amount.low != amount.high || amount.low < 0 || amount.low > Type::max_width) return std::nullopt;
    return static_cast<unsigned>(amount.low.get_ui());
}

/// The range of `a op b` before it is wrapped, if this op has a rule.
std::optional<Range> exact_range(BinaryOp op, const Range& a, const Range& b) {
    switch (op) {
    case BinaryOp::add: return Range{a.low + b.low, a.high + b.high};
    case BinaryOp::sub: return Range{a.low - b.high, a.high - b.low};
    case BinaryOp::mul: return corners(a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high);
    case BinaryOp::min: return Range{std::min(a.low, b.low), std::min(a.high, b.high)};
    case BinaryOp::max: return Range{std::max(a.low, b.low), std::max(a.high, b.high)};
    case BinaryOp::bit_and:
        if (a.low >= 0 && b.low >= 0) return Range{0, std::min(a.high, b.high)};
        if (b.low >= 0) return Range{0, b.high};
        if (a.low >= 0) return Range{0, a.high};
        return std::nullopt;
    case BinaryOp::bit_or:
    case BinaryOp::bit_xor:
        if (a.low >= 0 && b.low >= 0) return Range{0, ones_over(std::max(a.high, b.high))};
        return std::nullopt;
    case BinaryOp::shl:
        if (auto s = small_shift(b)) return Range{a.low << *s, a.high << *s};
        return std::nullopt;
    case BinaryOp::shr: // GMP's >> rounds toward minus infinity
        if (auto s = small_shift(b)) return Range{a.low >> *s, a.high >> *s};
        return std::nullopt;
    case BinaryOp::div:
        if (b.low > 0) return corners(a.low / b.low, a.low / b.high, a.high / b.low, a.high / b.high);
        return std::nullopt;
    default: return std::nullopt;
    }
}

class Narrower : public ScopedMutator {
  protected:
    Expr mutate(const Expr& e) override {
        const Expr rebuilt = Mutator::mutate(e);
        if (auto* c = rebuilt.as<Cast>(); c && is_integer(rebuilt)) return cast_to(rebuilt.type(), c->a);
        auto* b = rebuilt.as<Binary>();
        if (!b) return rebuilt;
        if (is_compare(b->op) && is_integer(b->a)) return compare(*b);
        if (is_integer(rebuilt)) return smaller(*b);
        return rebuilt;
    }

    Stmt mutate(const Stmt& s) override {
        // Ranges use the facts of the place; a node shared with another place may have other ranges there.
        Stmt result = ScopedMutator::mutate(s);
        if (!s.as<Block>()) ranges.clear();
        return result;
    }

  private:
    std::map<const ExprNode*, std::pair<Expr, Range>> ranges; ///< the Expr keeps the node alive

    Range range(const Expr& e) {
        if (auto found = ranges.find(e.get()); found != ranges.end()) return found->second.second;
        Range r = compute_range(e);
        ranges.emplace(e.get(), std::pair(e, r));
        return r;
    }

    Range compute_range(const Expr& e) {
        const Range all = type_range(e.type());
        const auto wrapped = [&](const Range& exact) { return exact.inside(all) ? exact : all; };
        if (auto* c = e.as<Constant>()) return {c->value.raw(), c->value.raw()};
        if (auto* s = e.as<Select>()) return hull(range(s->then_value), range(s->else_value));
        if (auto* c = e.as<Cast>()) {
            if (is_integer(c->a)) return wrapped(range(c->a));
            if (c->a.type().is_bool()) return {0, 1};
            if (!c->a.type().is_index()) return all;
            const auto low = const_lower_bound(c->a, facts()), high = const_upper_bound(c->a, facts());
            return low && high ? wrapped({*low, *high}) : all;
        }
        if (auto* b = e.as<Binary>(); b && is_integer(b->a))
            if (auto exact = exact_range(b->op, range(b->a), range(b->b))) return wrapped(*exact);
        return all;
    }

    /// The smallest type that fills a container of at most `most` bits and holds the range; of `sign` where both fit.
    static std::optional<Type> container_for(const Range& r, bool sign, int most) {
        for (int bits = 8; bits <= std::min(most, 64); bits *= 2)
            for (bool s : {sign, !sign})
                if (const Type t = s ? Int(bits) : UInt(bits); r.inside(type_range(t))) return t;
        return std::nullopt;
    }

    static int machine_bits(Type t) { return t.width() <= 64 ? container_bits(t) : 128; }

    Expr smaller(const Binary& b) {
        const Expr e = Binary::make_as(b.type, b.op, b.a, b.b, b.loc);
        Range needed = range(e);
        // Operands that only wrap may leave the range; the others must be represented too.
        if (!is_modular(b.op)) needed = hull(needed, hull(range(b.a), range(b.b)));
        const auto t = container_for(needed, b.type.is_signed(), machine_bits(b.type));
        // A type that fills its container needs no sign or zero extension after the operation.
        if (!t || *t == b.type) return e;
        return Cast::make(b.type, Binary::make_as(*t, b.op, cast_to(*t, b.a), cast_to(*t, b.b), b.loc));
    }

    Expr compare(const Binary& b) {
        const Range both = hull(range(b.a), range(b.b));
        const auto t = container_for(both, b.a.type().is_signed(), machine_bits(b.a.type()));
        if (!t || *t == b.a.type()) return Binary::make(b.op, b.a, b.b, b.loc);
        return Binary::make(b.op, cast_to(*t, b.a), cast_to(*t, b.b), b.loc);
    }

    /// Cast(to, e), pushed through what keeps its low bits.
    Expr cast_to(Type to, const Expr& e) {
        if (e.type() == to) return e;
        if (!is_integer(e) || !to.is_int()) return Cast::make(to, e);
        if (auto* c = e.as<Constant>()) return Constant::make(Value::from_raw(to, c->value.raw()), e.loc());
        if (auto* inner = e.as<Cast>(); inner && is_integer(inner->a)) {
            // Skipping a cast is right if it changed no value, or if only bits that it kept are asked for.
            if (range(inner->a).inside(type_range(e.type())) || to.width() <= e.type().width()) return cast_to(to, inner->a);
        }
        if (machine_bits(to) < machine_bits(e.type())) {
            if (auto* b = e.as<Binary>()) {
                if (is_modular(b->op)) return truncated(to, *b, container_bits(to));
                if (b->op == BinaryOp::shl && shift_amount(*b) && *shift_amount(*b) < static_cast<unsigned>(container_bits(to)))
                    return truncated(to, *b, container_bits(to));
                if (b->op == BinaryOp::shr && shift_amount(*b)) {
                    const int bits = container_for_bits(to.width() + static_cast<int>(*shift_amount(*b)));
                    if (bits < machine_bits(e.type())) return truncated(to, *b, bits);
                }
            }
            if (auto* s = e.as<Select>())
                return Select::make(s->condition, cast_to(to, s->then_value), cast_to(to, s->else_value), e.loc());
        }
        return Cast::make(to, e);
    }

    std::optional<unsigned> shift_amount(const Binary& b) { return small_shift(range(b.b)); }

    static int container_for_bits(int width) { return width <= 8 ? 8 : width <= 16 ? 16 : width <= 32 ? 32 : width <= 64 ? 64 : 128; }

    /// The operation on `bits` low bits; `to` needs no more.
    Expr truncated(Type to, const Binary& b, int bits) {
        const Type t = b.type.is_signed() ? Int(bits) : UInt(bits);
        const Expr e = Binary::make_as(t, b.op, cast_to(t, b.a), cast_to(t, b.b), b.loc);
        return e.type() == to ? e : Cast::make(to, e);
    }
};

} // namespace

Module narrow(const Module& module) { return Narrower().run(module); }

} // namespace lathe
