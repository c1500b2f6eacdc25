/// \file Calls of extern functions.

#include "interpret_compile.h"
#include "lathe/ir/halide_buffer.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

namespace lathe::ir::interpreter {

namespace {

/// A scalar as it lies in memory.
using ScalarBytes = std::array<std::byte, 8>;

struct ExternAction final : Action {
    struct Passed {
        std::optional<size_t> tensor; ///< into Frame::tensors
        Direction direction;
        Type type;
        Ptr<Value> value; ///< of a scalar
    };
    std::shared_ptr<const ExternFunction> callee;
    std::vector<Passed> arguments;
    bool check = true;
    Loc loc;

    void run(Frame& f) const override {
        ++f.epoch;
        std::vector<ExternOperand> operands;
        for (const Passed& a : arguments) {
            if (!a.tensor) {
                operands.push_back({nullptr, {}, a.type, a.value->eval(f, 0)});
                continue;
            }
            const TensorState& t = f.tensors[*a.tensor];
            if (a.direction != Direction::out) require_written(t);
            operands.push_back({&t.buffer, t.name, a.type, {}});
        }
        call_extern(*callee, operands, loc);
        for (const Passed& a : arguments)
            if (a.tensor && a.direction == Direction::out)
                f.tensors[*a.tensor].for_each_mark([](uint8_t& mark) { mark = 1; });
    }

  private:
    void require_written(const TensorState& t) const {
        bool all = true;
        t.for_each_mark([&](uint8_t& mark) { all = all && mark != 0; });
        if (check && !all)
            fail(loc,
                 "{} is passed to the extern function {}, which reads it, and not all of it was stored to",
                 t.name, callee->name);
    }
};

} // namespace

void call_extern(const ExternFunction& callee, const std::vector<ExternOperand>& arguments, Loc loc) {
    std::vector<void*> pointers;
    std::vector<std::unique_ptr<HalideView>> views;
    std::vector<ScalarBytes> scalars(arguments.size());
    for (size_t i = 0; i < arguments.size(); ++i) {
        const ExternOperand& a = arguments[i];
        if (a.buffer) {
            views.push_back(std::make_unique<HalideView>(*a.buffer, a.name, loc));
            pointers.push_back(views.back()->address());
        } else {
            const Type memory = a.type.is_index() ? Int(64) : a.type;
            store_element(memory, scalars[i].data(), ir::cast(memory, a.value));
            pointers.push_back(scalars[i].data());
        }
    }
    if (const int code = callee.invoke(callee.address, pointers.data()); code != 0)
        fail(loc, "the extern function {} returned the error code {}", callee.name, code);
}

void require_address(const ExternCall& s) {
    if (!s.callee->invoke)
        fail(s.loc, "the extern function {} is known by its name only: give its address to run it here",
             s.callee->name);
}

std::unique_ptr<const Action> compile_extern(Scope& scope, const ExternCall& s) {
    require_address(s);
    auto a = std::make_unique<ExternAction>();
    a->callee = s.callee;
    a->check = scope.check;
    a->loc = s.loc;
    std::vector<Expr> roots;
    for (const ExternArgument& x : s.arguments)
        if (!x.tensor) roots.push_back(x.value);
    ExprCompiler expr(scope, roots);
    for (const ExternArgument& x : s.arguments) {
        if (x.tensor)
            a->arguments.push_back({scope.tensor(x.tensor, s.loc).index, x.direction, x.type, {}});
        else
            a->arguments.push_back({{}, x.direction, x.type, in_rep<Value>(expr(x.value))});
    }
    return a;
}

} // namespace lathe::ir::interpreter
