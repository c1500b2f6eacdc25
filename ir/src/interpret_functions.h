#pragma once
/// \file The Functions of a Module as code: each is compiled once, when the first call of it is.

#include "interpret_compile.h"
#include "interpret_network.h"

namespace lathe::ir::interpreter {

/// A Function that others call.
struct CompiledFunction {
    const Function* function = nullptr;
    Scope scope;
    std::vector<size_t> params; ///< their cells
    struct Dims {
        std::vector<Ptr<int64_t>> mins, extents;
    };
    std::vector<Dims> arguments;        ///< shapes, in terms of the params
    std::vector<TensorState> constants; ///< behind the arguments
    std::unique_ptr<const Action> body;
};

class Functions {
  public:
    Functions(const Module& m, const InterpretOptions& o) : module(m), options(o) {}
    const CompiledFunction& operator[](const std::string& name);
    const InterpretOptions& asked() const { return options; }

  private:
    const Module& module;
    const InterpretOptions& options;
    std::map<std::string, std::unique_ptr<CompiledFunction>> compiled;
};

} // namespace lathe::ir::interpreter
