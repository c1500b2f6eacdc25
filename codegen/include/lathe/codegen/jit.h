#pragma once
/// \file Compilation into this process.

#include "lathe/ir/buffer.h"
#include "lathe/ir/stmt.h"
#include "lathe/ir/target.h"

namespace lathe {

/// A compiled function. Copies share the code; calls from several threads at once are fine.
class JitFunction {
  public:
    /// Runs the function. `arguments` in the Module's order, `scalars` by parameter for those that no buffer
    /// binds.
    /// \throws Error when an argument does not fit, memory runs out or a requirement fails.
    void call(const std::vector<AnyBuffer*>& arguments,
              const std::map<std::string, Value>& scalars = {}) const;
    /// `gemm(a, b, c)`: buffers only.
    template <class... Buffers> void operator()(Buffers&... arguments) const { call({&arguments...}); }

  private:
    friend JitFunction jit(const Module& module, const Target& target);
    struct Code;
    std::shared_ptr<const Code> code;
};

/// Compiles the Module's top function. \throws Error if this machine cannot run code for `target`.
JitFunction jit(const Module& module, const Target& target = Target::host());

/// Compiles for this machine and runs once. The outputs' shapes follow from the inputs and from `scalars`,
/// which also gives the sizes (by parameter) that appear in outputs only. Returns the outputs in order.
std::vector<AnyBuffer> realize(const Module& module, const std::vector<AnyBuffer>& inputs,
                               const std::map<std::string, Value>& scalars = {});

} // namespace lathe
