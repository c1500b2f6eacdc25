#include "lathe/ir/call_buffers.h"

#include "lathe/ir/interpret.h"

#include <algorithm>

namespace lathe::ir {

namespace {

/// The values of a call's parameters, as far as its inputs and scalars give them.
std::map<Symbol, Value> parameters(const Function& f, const std::vector<AnyBuffer>& inputs,
                                   const std::map<std::string, Value>& scalars) {
    std::map<Symbol, Value> values;
    for (const Param& p : f.params)
        if (const auto it = scalars.find(p.symbol.name()); it != scalars.end())
            values.emplace(p.symbol, cast(p.type, it->second));
    size_t next = 0;
    for (const Argument& a : f.arguments) {
        if (a.direction == Direction::out) continue;
        const AnyBuffer& b = inputs[next++];
        for (size_t d = 0; d < a.tensor.dims.size() && d < b.shape().size(); ++d) {
            const int k = static_cast<int>(d);
            if (const auto* v = a.tensor.dims[d].extent.as<Variable>())
                values.emplace(v->symbol, Value::index(b.extent(k)));
            if (const auto* v = a.tensor.dims[d].min.as<Variable>())
                values.emplace(v->symbol, Value::index(b.min(k)));
        }
    }
    for (const Param& p : f.params)
        if (!values.contains(p.symbol))
            fail(p.loc,
                 "the parameter {} of {} has no value: no input's extent gives one, so pass it as a scalar",
                 p.symbol.name(), f.name);
    return values;
}

} // namespace

std::vector<AnyBuffer> call_buffers(const Function& f, const std::vector<AnyBuffer>& inputs,
                                    const std::map<std::string, Value>& scalars) {
    const auto needed =
        std::ranges::count_if(f.arguments, [](const Argument& a) { return a.direction != Direction::out; });
    if (static_cast<int64_t>(inputs.size()) != needed)
        fail({}, "{} takes {} inputs and is given {}", f.name, needed, inputs.size());
    const std::map<Symbol, Value> values = parameters(f, inputs, scalars);
    std::vector<AnyBuffer> buffers;
    size_t next = 0;
    for (const Argument& a : f.arguments)
        buffers.push_back(a.direction == Direction::out ? buffer_for(a.tensor, values) : inputs[next++]);
    return buffers;
}

} // namespace lathe::ir
