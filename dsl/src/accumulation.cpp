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

} // namespace

Accumulation accumulation(const TensorData& tensor, const std::vector<Expr>& subscripts,
                          std::optional<BinaryOp> op, const Expr& value, Loc loc) {
    Accumulation found{op, value};
    if (const auto* b = op ? nullptr : value.as<Binary>()) {
        const auto is_old = [&](const Expr& e) {
            const auto* load = dsl_node<TensorLoad>(e);
            return load && load->tensor == tensor.symbol && same_subscripts(load->subscripts, subscripts);
        };
        if (is_old(b->a))
            found = {b->op, b->b};
        else if (is_old(b->b))
            found = {b->op, b->a};
    }
    if (found.op && commuting_operator(*found.op) && !reads(found.value, tensor.symbol)) return found;
    if (!op) return {{}, value};
    const Expr old(
        std::make_shared<const TensorLoad>(nullptr, *tensor.type, subscripts, 0, tensor.symbol, loc));
    return {{}, Binary::make(*op, old, value, loc)};
}

} // namespace lathe
