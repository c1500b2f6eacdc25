#include "lathe/ir/cycles.h"

#include "cycles_play.h"
#include "lathe/ir/call_buffers.h"

#include <algorithm>

namespace lathe {

using namespace ir;

struct CycleProgram::Recorded {
    interpreter::Recording recording;
    std::vector<AnyBuffer> results;
    std::vector<MemoryCycles> memory;
};

namespace {

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
    std::vector<AnyBuffer> buffers = call_buffers(f, inputs, scalars);
    for (size_t n = 0; n < buffers.size(); ++n)
        if (f.arguments[n].direction == Direction::inout) buffers[n] = copy_of(buffers[n]);
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
