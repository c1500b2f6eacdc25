#include "accumulation.h"

#include "lathe/ir/comparison.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe {

using namespace ir;

namespace {

bool same_subscripts(const std::vector<Expr>& a, const std::vector<Expr>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const Expr& x, const Expr& y) { return equal(x, y); });
}

bool reads(const Expr& e, const Symbol& tensor) {
    Mentions mentions;
    mentions.add(e);
    return std::any_of(mentions.loads.begin(), mentions.loads.end(),
                       [&](const TensorLoad* load) { return load->tensor == tensor; });
}

bool commuting_operator(BinaryOp op) {
    switch (op) {
    case BinaryOp::add:
    case BinaryOp::mul:
    case BinaryOp::min:
    case BinaryOp::max:
    case BinaryOp::bit_and:
    case BinaryOp::bit_or:
    case BinaryOp::bit_xor:
        return true;
    default:
        return false;
    }
}

/// −e; a product's sign is its first factor's, so that it still contracts.
Expr negated(const Expr& e) {
    const auto* b = e.as<Binary>();
    if (b && b->op == BinaryOp::mul) return Binary::make(b->op, negated(b->a), b->b, e.loc());
    return Unary::make(UnaryOp::neg, e, e.loc());
}

/// A choice of the old element or of a value, by a comparison of the two. For floats these are exactly
/// std::max(old, fresh) and std::min(old, fresh), NaNs and zeros of both signs too; equal numbers of exact
/// types are the same, so either may be chosen first.
template <class IsOld> Accumulation extremum(const Select& s, const IsOld& is_old) {
    const auto* c = s.condition.as<Binary>();
    const bool keeps = is_old(s.then_value); // where the condition holds
    if (!c || (!keeps && !is_old(s.else_value))) return {};
    const Expr &fresh = keeps ? s.else_value : s.then_value, &old = keeps ? s.then_value : s.else_value;
    const bool exact = fresh.type().is_exact() && old.type().is_exact();
    const bool forth = is_old(c->a) && equal(c->b, fresh), back = is_old(c->b) && equal(c->a, fresh);
    if ((!forth && !back) || (keeps && !exact)) return {};
    const BinaryOp op = forth ? c->op : swapped(c->op); // of the old one and the fresh one
    const bool less = op == BinaryOp::lt || (exact && op == BinaryOp::le),
               greater = op == BinaryOp::gt || (exact && op == BinaryOp::ge);
    if (keeps ? greater : less) return {BinaryOp::max, fresh};
    if (keeps ? less : greater) return {BinaryOp::min, fresh};
    return {};
}

/// `old op value` for the operators that commute, if `value` is that, with `is_old` for the old element.
template <class IsOld> Accumulation update_in(const Expr& value, const IsOld& is_old) {
    if (const auto* s = value.as<Select>()) {
        const Accumulation found = extremum(*s, is_old);
        return found.op ? found : Accumulation{{}, value};
    }
    const auto* b = value.as<Binary>();
    if (b && is_old(b->a)) return {b->op, b->b};
    if (b && is_old(b->b) && b->op != BinaryOp::sub) return {b->op, b->a};
    return {{}, value};
}

} // namespace

Accumulation accumulation(const TensorData& tensor, const std::vector<Expr>& subscripts,
                          std::optional<BinaryOp> op, const Expr& value, Loc loc) {
    const auto is_old = [&](const Expr& e) {
        const auto* load = dsl_node<TensorLoad>(e);
        return load && load->tensor == tensor.symbol && same_subscripts(load->subscripts, subscripts);
    };
    Accumulation found = op ? Accumulation{op, value} : update_in(value, is_old);
    if (found.op == BinaryOp::sub && !found.value.type().is_real())
        found = {BinaryOp::add, negated(found.value)};
    if (found.op && commuting_operator(*found.op) && !reads(found.value, tensor.symbol)) return found;
    if (!op) return {{}, value};
    const Expr old(
        std::make_shared<const TensorLoad>(nullptr, *tensor.type, subscripts, 0, tensor.symbol, loc));
    return {{}, Binary::make(*op, old, value, loc)};
}

} // namespace lathe
