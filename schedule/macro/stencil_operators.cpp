#include "stencil_operators.h"

#include "lathe/ir/operator_cost.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <cmath>

namespace lathe::schedule::stencil {

namespace {

/// Places are counted by the network, not by the algorithm.
bool about_places(const Expr& e) {
    return e.type().is_index() ||
           std::ranges::any_of(operands(e), [](const Expr& o) { return o.type().is_index(); });
}

bool is_divider(BinaryOp op) {
    return op == BinaryOp::div || op == BinaryOp::mod;
}

void count(const Expr& e, PointCost& c, const CircuitCost& circuit) {
    if (about_places(e)) return;
    if (const auto* b = e.as<Binary>()) {
        const bool logic = b->op == BinaryOp::logical_and || b->op == BinaryOp::logical_or ||
                           b->op == BinaryOp::bit_and || b->op == BinaryOp::bit_or ||
                           b->op == BinaryOp::bit_xor || b->op == BinaryOp::shl || b->op == BinaryOp::shr;
        c.operations += logic ? 0 : 1;
        c.adds = c.adds || b->op == BinaryOp::add || b->op == BinaryOp::sub;
        // A division that shifts is no divider.
        if (is_divider(b->op) && (b->type.is_float() || circuit.cycles > 1)) c.dividers += 1;
    } else if (const auto* u = e.as<Unary>()) {
        c.operations += u->op == UnaryOp::bit_not ? 0 : 1;
    } else if (e.as<Fma>()) {
        c.operations += 2;
        c.adds = true;
    } else if (e.as<Call>() && e.type().is_float()) {
        c.operations += 1;
    }
}

/// A table that the point's place chooses from, in each lane.
CircuitCost table_cost(const Load& l, const std::vector<Tensor>& tables) {
    const auto found = std::ranges::find(tables, l.tensor, &Tensor::symbol);
    if (found == tables.end()) return {};
    const int64_t bits = tensor_bits(*found), words = bits / std::max(found->type.width(), 1);
    constexpr int64_t in_luts = 1024;
    CircuitCost c;
    c.cycles = 1;
    if (bits > in_luts)
        c.bram18 = static_cast<double>(bram18_blocks(found->type.width(), words));
    else
        c.lut = static_cast<double>((words + 63) / 64 * found->type.width());
    return c;
}

} // namespace

PointCost point_cost(const Flow& f, const OperatorTable& table, const std::vector<Tensor>& tables) {
    PointCost all;
    const Expr value = Cast::make(f.tensor.type, f.value);
    std::map<Symbol, Expr> lets;
    for_each_expr(value, [&](const Expr& e) {
        if (const auto* l = e.as<Let>()) lets.emplace(l->symbol, l->value);
    });
    std::map<const ExprNode*, double> ready; // in cycles since the elements came
    for_each_expr(value, [&](const Expr& e) {
        double& at = ready[e.get()];
        for (const Expr& o : operands(e))
            at = std::max(at, ready.at(o.get()));
        if (const auto* v = e.as<Variable>())
            if (const auto l = lets.find(v->symbol); l != lets.end()) at = ready.at(l->second.get());
        const auto* load = e.as<Load>();
        const CircuitCost own = load ? table_cost(*load, tables) : table.cost(e);
        if (!about_places(e)) at += own.cycles; // places are known before the elements come
        all.circuits.dsp += own.dsp;
        all.circuits.bram18 += own.bram18;
        all.circuits.lut += own.lut;
        all.circuits.ff += own.ff;
        count(e, all, own);
    });
    all.circuits.cycles = ready.at(value.get());
    const std::set<Symbol> used = free_variables(f.value);
    for (const Symbol& v : f.point)
        if (used.contains(v)) { // counted in each lane
            all.circuits.lut += 48;
            all.circuits.ff += 32;
        }
    return all;
}

} // namespace lathe::schedule::stencil
