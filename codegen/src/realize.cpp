#include "lathe/codegen/jit.h"
#include "lathe/ir/call_buffers.h"

namespace lathe {

using namespace ir;

std::vector<AnyBuffer> realize(const Module& module, const std::vector<AnyBuffer>& inputs,
                               const std::map<std::string, Value>& scalars) {
    const Function& f = module.top();
    const JitFunction function = jit(module);
    std::vector<AnyBuffer> buffers = call_buffers(f, inputs, scalars);
    std::vector<AnyBuffer*> arguments;
    for (AnyBuffer& b : buffers)
        arguments.push_back(&b);
    function.call(arguments, scalars);
    std::vector<AnyBuffer> outputs;
    for (size_t i = 0; i < buffers.size(); ++i)
        if (f.arguments[i].direction == Direction::out) outputs.push_back(buffers[i]);
    return outputs;
}

} // namespace lathe
