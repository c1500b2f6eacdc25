#include "accumulation.h"

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

/// `old op value` for the operators that commute, if `value` is that, with `is_old` for the old element.
template <class IsOld> Accumulation update_in(const Expr& value, const IsOld& is_old) {
    if (const auto* s = value.as<Select>()) {
        const auto* c = s->condition.as<Binary>();
        if (!c || !is_old(s->else_value)) return {{}, value};
        const Expr& fresh = s->then_value;
        // Exactly std::max(old, fresh) and std::min(old, fresh), NaNs and zeros of both signs too.
        const bool forth = is_old(c->a) && equal(c->b, fresh), back = is_old(c->b) && equal(c->a, fresh);
        if ((forth && c->op == BinaryOp::lt) || (back && c->op == BinaryOp::gt))
            return {BinaryOp::max, fresh};
        if ((forth && c->op == BinaryOp::gt) || (back && c->op == BinaryOp::lt))
            return {BinaryOp::min, fresh};
        return {{}, value};
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
