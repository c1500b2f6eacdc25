#include "lathe/ir/operator_cost.h"

#include "lathe/ir/visit.h"
#include "operators.h"

#include <nlohmann/json.hpp>

namespace lathe::ir {

namespace {

using Json = nlohmann::json;

const Json& table() {
    static const Json all = Json::parse(operator_costs_json);
    return all;
}

OperatorCost cost_of(const Json& row) {
    return {row.at("dsp").get<double>(), row.at("cycles").get<int>(), row.at("source").get<std::string>()};
}

OperatorCost float_cost(const Json& rows, int width) {
    for (const Json& row : rows)
        if (width <= row.at("wide").get<int>()) return cost_of(row);
    return {};
}

OperatorCost exact_product(int wide, int narrow) {
    const Json& exact = table().at("exact");
    for (const Json& row : exact.at("*"))
        if (wide <= row.at("wide").get<int>() && narrow <= row.at("narrow").get<int>()) return cost_of(row);
    const Json& beyond = exact.at("beyond");
    const auto tiles = [](int width, int tile) { return (width + tile - 1) / tile; };
    return {beyond.at("dsp").get<double>() * tiles(wide, beyond.at("wide").get<int>()) *
                tiles(narrow, beyond.at("narrow").get<int>()),
            beyond.at("cycles").get<int>(), beyond.at("source").get<std::string>()};
}

} // namespace

OperatorCost operator_cost(BinaryOp op, Type a, Type b) {
    const bool sum = op == BinaryOp::add || op == BinaryOp::sub;
    if (!sum && op != BinaryOp::mul) return {};
    if (a.is_index() || b.is_index()) return {};
    if (a.is_float() || b.is_float())
        return float_cost(table().at("float").at(sum ? "+" : "*"),
                          std::max(a.is_float() ? a.width() : 0, b.is_float() ? b.width() : 0));
    if (sum) return {};
    // A factor of one bit selects.
    const int wide = std::max(a.width(), b.width()), narrow = std::min(a.width(), b.width());
    return narrow <= 1 ? OperatorCost{} : exact_product(wide, narrow);
}

double estimated_multipliers(const Module& m) {
    double dsp = 0;
    const auto on_expr = [&](const Expr& e) {
        if (const auto* b = e.as<Binary>()) dsp += operator_cost(b->op, b->a.type(), b->b.type()).dsp;
        if (const auto* f = e.as<Fma>())
            dsp += operator_cost(BinaryOp::mul, f->a.type(), f->b.type()).dsp +
                   operator_cost(BinaryOp::add, f->type, f->c.type()).dsp;
    };
    const auto on_stmt = [&](const Stmt& s) {
        if (const auto* r = s.as<Reduce>())
            dsp += operator_cost(r->op, r->target.type, r->target.value.type()).dsp;
    };
    for (const Function& f : m.functions)
        for_each(f.body, on_stmt, on_expr);
    return dsp;
}

int64_t tensor_bits(const Tensor& t) {
    int64_t bits = t.type.width();
    for (const Dim& d : t.dims)
        bits *= std::max<int64_t>(as_int(d.extent).value_or(1), 0);
    return bits;
}

int64_t estimated_memory_bits(const Module& m) {
    int64_t bits = 0;
    for (const Function& f : m.functions) {
        for (const Argument& a : f.arguments)
            bits += tensor_bits(a.tensor);
        for (const Tensor& t : f.constants)
            bits += tensor_bits(t);
        for_each(
            f.body,
            [&](const Stmt& s) {
                if (const auto* a = s.as<Allocate>())
                    for (const Tensor& t : a->tensors)
                        bits += tensor_bits(t);
            },
            nullptr);
    }
    return bits;
}

} // namespace lathe::ir
