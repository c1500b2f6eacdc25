#include "translation.h"

#include "lathe/ir/planted.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe::ir {

using isl::Affine;
using isl::Set;

Affine Translation::index(const Expr& e, size_t moment) {
    const auto key = std::pair(e.get(), moment);
    if (auto known = affines.find(key); known != affines.end()) return known->second;
    Affine a = ++nodes > most_nodes ? opaque(e, moment) : make_index(e, moment);
    if (a.pieces() > most_pieces) a = opaque(e, moment);
    affines.emplace(key, a);
    return a;
}

Set Translation::condition(const Expr& e, size_t moment) {
    const auto key = std::pair(e.get(), moment);
    if (auto known = sets.find(key); known != sets.end()) return known->second;
    Set s = ++nodes > most_nodes ? opaque_condition(e, moment) : make_condition(e, moment);
    if (s.pieces() > 2 * most_pieces) s = opaque_condition(e, moment);
    sets.emplace(key, s);
    return s;
}

Affine Translation::make_index(const Expr& e, size_t moment) {
    if (const auto* c = e.as<Constant>()) return Affine::constant(in.context, c->value.raw());
    if (const auto* v = e.as<Variable>()) return variable(*v);
    if (!e.type().is_scalar()) return opaque(e, moment);
    if (const auto* b = e.as<Binary>()) return binary(*b, e, moment);
    if (const auto* l = e.as<Let>()) return index(l->body, moment);
    if (const auto* u = e.as<Unary>(); u && (u->op == UnaryOp::neg || u->op == UnaryOp::abs)) {
        const Affine a = index(u->a, moment);
        return u->op == UnaryOp::neg ? -a : max(a, -a);
    }
    if (const auto* s = e.as<Select>())
        return choose(condition(s->condition, moment), index(s->then_value, moment),
                      index(s->else_value, moment));
    if (const auto* c = e.as<Cast>(); c && c->a.type().is_index()) return index(c->a, moment);
    return opaque(e, moment);
}

Affine Translation::variable(const Variable& v) {
    if (auto let = in.program.lets.find(v.symbol); let != in.program.lets.end())
        return index(let->second.expr, let->second.moment);
    if (auto loop = in.loop_of.find(v.symbol); loop != in.loop_of.end()) return in.loop(loop->second, side);
    return in.variable("p" + std::to_string(v.symbol.id()), {v.symbol, Instances::shared, SIZE_MAX});
}

Affine Translation::binary(const Binary& b, const Expr& e, size_t moment) {
    switch (b.op) {
    case BinaryOp::add:
        return index(b.a, moment) + index(b.b, moment);
    case BinaryOp::sub:
        return index(b.a, moment) - index(b.b, moment);
    case BinaryOp::min:
        return min(index(b.a, moment), index(b.b, moment));
    case BinaryOp::max:
        return max(index(b.a, moment), index(b.b, moment));
    case BinaryOp::mul: {
        const Affine x = index(b.a, moment), y = index(b.b, moment);
        return x.is_constant() || y.is_constant() ? x * y : opaque(e, moment);
    }
    case BinaryOp::floordiv:
    case BinaryOp::floormod:
        return divide(b, e, moment);
    default:
        return opaque(e, moment);
    }
}

Affine Translation::divide(const Binary& b, const Expr& e, size_t moment) {
    const bool quotient = b.op == BinaryOp::floordiv;
    const Affine dividend = index(b.a, moment), divisor = index(b.b, moment);
    if (const auto by = divisor.value()) {
        const Affine q = *by == 0 ? Affine::constant(in.context, 0) : floor_div(dividend, *by);
        return quotient ? q : dividend - q * divisor;
    }
    const Expr whole = quotient ? e : ifloordiv(b.a, b.b);
    const int of = varies(whole, moment) ? side : Instances::shared;
    size_t n = find(whole, moment, of);
    if (n == in.terms.size()) {
        const std::string name = "t" + std::to_string(n);
        const Division d{dividend, divisor, Affine::variable(in.context, name),
                         Affine::variable(in.context, name + "r")};
        Translation operands(in, side); // to know the unknowns in the operands alone
        operands.index(b.a, moment);
        operands.index(b.b, moment);
        in.terms.push_back({whole, moment, of, d.quotient, d, division_constraint(d), operands.used});
    }
    use(n);
    return quotient ? in.terms[n].division->quotient : in.terms[n].division->remainder;
}

/// a = d·q + r cannot be said, but what it implies: x // 0 = 0 and x mod 0 = x, and r has d's sign.
Set Translation::division_constraint(const Division& d) const {
    const Affine zero = Affine::constant(in.context, 0);
    const Set positive = less(zero, d.divisor) & at_most(zero, d.remainder) & less(d.remainder, d.divisor);
    if ((in.shared_domain & at_most(d.divisor, zero)).is_empty()) return positive;
    const Set none = equal(d.divisor, zero) & equal(d.quotient, zero) & equal(d.remainder, d.dividend);
    const Set negative = less(d.divisor, zero) & less(d.divisor, d.remainder) & at_most(d.remainder, zero);
    return positive | none | negative;
}

Set Translation::make_condition(const Expr& e, size_t moment) {
    if (is_const_true(e)) return Set::all(in.context);
    if (is_const_false(e)) return Set::none(in.context);
    if (!e.type().is_scalar()) return opaque_condition(e, moment);
    if (const auto* v = e.as<Variable>())
        if (auto let = in.program.lets.find(v->symbol); let != in.program.lets.end())
            return condition(let->second.expr, let->second.moment);
    if (const auto* u = e.as<Unary>(); u && u->op == UnaryOp::bit_not) return ~condition(u->a, moment);
    if (const auto* l = e.as<Let>()) return condition(l->body, moment);
    if (const auto* s = e.as<Select>();
        s && s->then_value.type().is_bool() && s->else_value.type().is_bool()) {
        const Set where = condition(s->condition, moment);
        return (where & condition(s->then_value, moment)) | (~where & condition(s->else_value, moment));
    }
    if (const auto* b = e.as<Binary>())
        if (auto s = combine(*b, moment)) return *s;
    return opaque_condition(e, moment);
}

std::optional<Set> Translation::combine(const Binary& b, size_t moment) {
    if (is_compare(b.op) && b.a.type().is_index() && b.b.type().is_index())
        return compare(b.op, index(b.a, moment), index(b.b, moment));
    if (!b.a.type().is_bool() || !b.b.type().is_bool()) return std::nullopt;
    const auto both_sides = [&] { return std::pair(condition(b.a, moment), condition(b.b, moment)); };
    switch (b.op) {
    case BinaryOp::logical_and:
    case BinaryOp::bit_and: {
        const auto [x, y] = both_sides();
        return x & y;
    }
    case BinaryOp::logical_or:
    case BinaryOp::bit_or: {
        const auto [x, y] = both_sides();
        return x | y;
    }
    case BinaryOp::bit_xor:
    case BinaryOp::ne: {
        const auto [x, y] = both_sides();
        return (x & ~y) | (~x & y);
    }
    case BinaryOp::eq: {
        const auto [x, y] = both_sides();
        return (x & y) | (~x & ~y);
    }
    default:
        return std::nullopt;
    }
}

Set Translation::compare(BinaryOp op, const Affine& a, const Affine& b) const {
    switch (op) {
    case BinaryOp::eq:
        return equal(a, b);
    case BinaryOp::ne:
        return different(a, b);
    case BinaryOp::lt:
        return less(a, b);
    case BinaryOp::le:
        return at_most(a, b);
    case BinaryOp::gt:
        return less(b, a);
    default:
        return at_most(b, a);
    }
}

bool Translation::varies(const Expr& e, size_t moment) {
    if (moment != 0 && in.program.depth[moment] <= in.program.around) return false;
    bool found = false;
    for_each_expr(e, [&](const Expr& x) {
        if (found) return;
        if (const auto* l = x.as<Load>())
            found = in.program.written.contains(l->tensor) && !planted.has(Fault::loads_steady);
        const auto* v = x.as<Variable>();
        if (!v) return;
        if (auto let = in.program.lets.find(v->symbol); let != in.program.lets.end())
            found = let_varies(v->symbol, let->second);
        else if (auto loop = in.loop_of.find(v->symbol); loop != in.loop_of.end())
            found = !in.around_loops.contains(loop->second);
    });
    return found;
}

bool Translation::let_varies(const Symbol& symbol, const Timed& value) {
    if (auto known = in.varying_lets.find(symbol); known != in.varying_lets.end()) return known->second;
    const bool found = varies(value.expr, value.moment);
    in.varying_lets.emplace(symbol, found);
    return found;
}

size_t Translation::find(const Expr& e, size_t moment, int of) const {
    const auto same = [&](const Instances::Term& t) {
        return t.side == of && t.moment == moment && equal(t.expr, e);
    };
    return static_cast<size_t>(std::ranges::find_if(in.terms, same) - in.terms.begin());
}

Affine Translation::use(size_t term) {
    used.insert(term);
    return in.terms[term].value;
}

Affine Translation::opaque(const Expr& e, size_t moment) {
    const int of = varies(e, moment) ? side : Instances::shared;
    const size_t n = find(e, moment, of);
    if (n < in.terms.size()) return use(n);
    const Affine value = Affine::variable(in.context, "t" + std::to_string(n));
    Set range = Set::all(in.context);
    if (const auto* c = e.as<Cast>(); c && c->a.type().is_scalar()) {
        const Type t = c->a.type();
        if ((t.is_int() || t.is_bool()) && t.width() <= 64)
            range = at_most(Affine::constant(in.context, min_value(t).raw()), value) &
                    at_most(value, Affine::constant(in.context, max_value(t).raw()));
    }
    in.terms.push_back({e, moment, of, value, {}, range, {}});
    return use(n);
}

/// A Bool as a number, 0 or 1.
Set Translation::opaque_condition(const Expr& e, size_t moment) {
    const Expr number = Select::make(e, ir::index(1), ir::index(0));
    return equal(opaque(number, moment), Affine::constant(in.context, 1));
}

} // namespace lathe::ir
