#include "backend.h"

#include "lathe/codegen/lower.h"
#include "lathe/ir/text.h"
#include "object_code.h"

namespace lathe::codegen {

Compiled compile(const Module& module, const Target& target, const std::string& name, Callers callers) {
    invariant(!module.functions.empty(), "a Module without functions");
    const Module machine = lower(module, target);
    Compiled r;
    std::string function = name.empty() ? module.top().name : name;
    if (callers == Callers::c)
        check_function_name(function, {});
    else if (!is_c_identifier(function))
        function = identifier(function);
    r.abi = make_abi(module, machine, function);
    r.context = std::make_unique<llvm::LLVMContext>();
    Unit unit(*r.context, target, r.abi.name);
    emit_function(unit, r.abi, machine, callers);
    r.module = unit.take();
    optimise(*r.module, target);
    return r;
}

} // namespace lathe::codegen
