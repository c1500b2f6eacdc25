#include "lathe/ir/operator_cost.h"

#include "lathe/ir/arch.h"
#include "lathe/ir/visit.h"

namespace lathe::ir {

namespace {

/// What a Reduce does with each value, as an expression. Sums and comparisons of exact numbers have no DSPs.
Expr step_of(const Reduce& r) {
    const Type target = r.target.type, value = r.target.value.type();
    if (value.is_index() || !(target.is_float() || value.is_float() || r.op == BinaryOp::mul)) return {};
    const auto operand = [](Type t) { return Variable::make(Symbol("operand"), t, {}); };
    return Binary::make(r.op, operand(target),
                        r.target.value.as<Constant>() ? r.target.value : operand(value), r.loc);
}

} // namespace

double estimated_multipliers(const Module& m) {
    const OperatorTable table;
    double dsp = 0;
    const auto on_stmt = [&](const Stmt& s) {
        if (const auto* r = s.as<Reduce>())
            if (const Expr step = step_of(*r); step.defined()) dsp += table.cost(step).dsp;
    };
    for (const Function& f : m.functions)
        for_each(f.body, on_stmt, [&](const Expr& e) {
            if (!e.type().is_index()) dsp += table.cost(e).dsp;
        });
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
