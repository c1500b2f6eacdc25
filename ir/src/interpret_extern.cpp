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
        std::vector<void*> pointers;
        std::vector<std::unique_ptr<HalideView>> views;
        std::vector<ScalarBytes> scalars(arguments.size());
        for (size_t i = 0; i < arguments.size(); ++i) {
            const Passed& a = arguments[i];
            if (a.tensor) {
                const TensorState& t = f.tensors[*a.tensor];
                if (a.direction != Direction::out) require_written(t);
                views.push_back(std::make_unique<HalideView>(t.buffer, t.name, loc));
                pointers.push_back(views.back()->address());
            } else {
                pass(a, f, scalars[i]);
                pointers.push_back(scalars[i].data());
            }
        }
        if (const int code = callee->invoke(callee->address, pointers.data()); code != 0)
            fail(loc, "the extern function {} returned the error code {}", callee->name, code);
        for (const Passed& a : arguments)
            if (a.tensor && a.direction == Direction::out)
                std::ranges::fill(f.tensors[*a.tensor].written, uint8_t{1});
    }

  private:
    void require_written(const TensorState& t) const {
        if (check && !t.known && std::ranges::count(t.written, uint8_t{0}) != 0)
            fail(loc,
                 "{} is passed to the extern function {}, which reads it, and not all of it was stored to",
                 t.name, callee->name);
    }

    static void pass(const Passed& a, Frame& f, ScalarBytes& bytes) {
        const Value x = a.value->eval(f, 0);
        const Type memory = a.type.is_index() ? Int(64) : a.type;
        store_element(memory, bytes.data(), lathe::cast(memory, x));
    }
};

} // namespace

std::unique_ptr<const Action> compile_extern(Scope& scope, const ExternCall& s) {
    if (!s.callee->invoke)
        fail(s.loc, "the extern function {} is known by its name only: give its address to run it here",
             s.callee->name);
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
