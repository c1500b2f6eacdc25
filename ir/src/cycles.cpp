#include "lathe/ir/cycles.h"

#include "cycles_play.h"
#include "lathe/ir/interpret.h"

#include <algorithm>

namespace lathe {

using namespace ir;

struct CycleProgram::Recorded {
    interpreter::Recording recording;
    std::vector<AnyBuffer> results;
    std::vector<MemoryCycles> memory;
};

namespace {

/// The values of parameters, as far as inputs and scalars give them.
std::map<Symbol, Value> parameters(const Function& f, const std::vector<AnyBuffer>& inputs,
                                   const std::map<std::string, Value>& scalars) {
    std::map<Symbol, Value> values;
    for (const Param& p : f.params)
        if (const auto given = scalars.find(p.symbol.name()); given != scalars.end())
            values.emplace(p.symbol, cast(p.type, given->second));
    const auto bind = [&](const Expr& e, int64_t number) {
        if (const auto* v = e.as<Variable>()) values.emplace(v->symbol, Value::index(number));
    };
    size_t next = 0;
    for (const Argument& a : f.arguments) {
        if (a.direction == Direction::out) continue;
        const AnyBuffer& b = inputs[next++];
        for (size_t d = 0; d < std::min(a.tensor.dims.size(), b.shape().size()); ++d) {
            bind(a.tensor.dims[d].extent, b.extent(static_cast<int>(d)));
            bind(a.tensor.dims[d].min, b.min(static_cast<int>(d)));
        }
    }
    for (const Param& p : f.params)
        if (!values.contains(p.symbol))
            fail(p.loc,
                 "the parameter {} of {} has no value: no input's extent gives one, so pass it as a scalar",
                 p.symbol.name(), f.name);
    return values;
}

AnyBuffer copy_of(const AnyBuffer& b) {
    AnyBuffer copy = b.copy();
    std::vector<int64_t> mins;
    for (int d = 0; d < b.rank(); ++d)
        mins.push_back(b.min(d));
    copy.set_min(mins);
    return copy;
}

MemoryCycles memory_of(const interpreter::RecordedTensor& t) {
    MemoryCycles m;
    m.name = t.name;
    m.elements = t.buffer.size();
    for (const uint32_t n : t.reads) {
        m.reads += n;
        m.most_reads = std::max<int64_t>(m.most_reads, n);
    }
    for (const uint32_t n : t.writes) {
        m.writes += n;
        m.most_writes = std::max<int64_t>(m.most_writes, n);
    }
    const auto size = static_cast<int64_t>(element_bytes(t.buffer.type()));
    m.bytes_read = m.reads * size;
    m.bytes_written = m.writes * size;
    return m;
}

} // namespace

CycleProgram::CycleProgram(const Module& m, const std::vector<AnyBuffer>& inputs,
                           const std::map<std::string, Value>& scalars)
    : recorded(std::make_unique<Recorded>()) {
    if (m.functions.empty()) fail({}, "the module has no function to simulate");
    const Function& f = m.top();
    const auto needed =
        std::ranges::count_if(f.arguments, [](const Argument& a) { return a.direction != Direction::out; });
    if (static_cast<int64_t>(inputs.size()) != needed)
        fail({}, "{} takes {} inputs and is given {}", f.name, needed, inputs.size());
    const std::map<Symbol, Value> values = parameters(f, inputs, scalars);
    std::vector<AnyBuffer> buffers;
    size_t next = 0;
    for (const Argument& a : f.arguments) {
        if (a.direction == Direction::out)
            buffers.push_back(buffer_for(a.tensor, values));
        else
            buffers.push_back(a.direction == Direction::in ? inputs[next] : copy_of(inputs[next]));
        next += a.direction != Direction::out;
    }
    std::vector<AnyBuffer*> arguments;
    for (AnyBuffer& b : buffers)
        arguments.push_back(&b);
    interpreter::interpret_recorded(m, arguments, scalars, recorded->recording);
    for (size_t n = 0; n < buffers.size(); ++n)
        if (f.arguments[n].direction != Direction::in) recorded->results.push_back(buffers[n]);
    for (interpreter::RecordedTensor& t : recorded->recording.tensors)
        recorded->memory.push_back(memory_of(t));
    recorded->recording.tensors.clear();
}

CycleProgram::~CycleProgram() = default;
CycleProgram::CycleProgram(CycleProgram&&) noexcept = default;
CycleProgram& CycleProgram::operator=(CycleProgram&&) noexcept = default;

CycleReport CycleProgram::run(const CycleOptions& options) const {
    CycleReport r = interpreter::play(recorded->recording, options);
    r.results = recorded->results;
    r.memory = recorded->memory;
    return r;
}

CycleReport simulate_cycles(const Module& m, const std::vector<AnyBuffer>& inputs,
                            const CycleOptions& options, const std::map<std::string, Value>& scalars) {
    return CycleProgram(m, inputs, scalars).run(options);
}

} // namespace lathe
