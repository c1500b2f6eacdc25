#include "backend.h"

#include "lathe/codegen/lower.h"
#include "pipeline.h"

namespace lathe::codegen {

Compiled compile(const Module& module, const Target& target, const std::string& name, Callers callers) {
    invariant(!module.functions.empty(), "a Module without functions");
    const Module machine = lower(module, target);
    Compiled r;
    r.abi = make_abi(module, machine, name.empty() ? module.top().name : name);
    r.context = std::make_unique<llvm::LLVMContext>();
    Unit unit(*r.context, target, r.abi.name);
    emit_function(unit, r.abi, machine, callers);
    r.module = unit.take();
    optimise(*r.module, target);
    return r;
}

} // namespace lathe::codegen
