#include "interpret_record.h"

#include <algorithm>

namespace lathe::ir::interpreter {

namespace {

/// Waits until the other end of the FIFO has done something.
bool begins_block(const StepOp& o) {
    return o.op == TokenOp::reserve || o.op == TokenOp::acquire;
}

size_t hash_of(const StepPattern& p) {
    auto h = static_cast<size_t>(p.cycles);
    for (const StepOp& o : p.ops)
        h = h * 1099511628211U + o.fifo * 8U + static_cast<size_t>(o.op) + 1;
    return h;
}

} // namespace

void ProcessTrace::token(uint32_t fifo, TokenOp op) {
    const StepOp o{fifo, op};
    const bool ends_block = op == TokenOp::publish || op == TokenOp::release;
    if (ends_block && pending.empty() && !touched && !steps.empty() &&
        steps.back().pattern != StepRun::region)
        return amend(o);
    if (std::ranges::find(pending, o) != pending.end()) {
        close(1);
        ++pieces;
    }
    pending.push_back(o);
}

/// The last step does this, too.
void ProcessTrace::amend(StepOp op) {
    StepRun& last = steps.back();
    StepPattern p = patterns[last.pattern];
    if (std::ranges::find(p.ops, op) != p.ops.end()) {
        pending.push_back(op);
        return;
    }
    if (--last.count == 0) steps.pop_back();
    std::vector<StepOp> kept = std::exchange(pending, p.ops);
    pending.push_back(op);
    close(p.cycles);
    pending = std::move(kept);
}

void ProcessTrace::memory(const std::byte* address, bool write) {
    for (RecordedTensor& t : recording.tensors) {
        if (address < t.begin || address >= t.end) continue;
        const size_t element = static_cast<size_t>(address - t.begin) / element_bytes(t.buffer.type());
        ++(write ? t.writes : t.reads)[element];
        touched = true;
        return;
    }
}

void ProcessTrace::straight() {
    if (touched || !std::ranges::all_of(pending, begins_block)) close(1);
    pieces = 0;
}

void ProcessTrace::end_step(int64_t interval) {
    close(std::max<int64_t>(1, interval - pieces));
    pieces = 0;
}

void ProcessTrace::close(int64_t cycles) {
    StepPattern p{cycles, std::move(pending)};
    pending.clear();
    touched = false;
    uint32_t id = 0;
    if (!steps.empty() && steps.back().pattern != StepRun::region && patterns[steps.back().pattern] == p) {
        id = steps.back().pattern;
    } else {
        std::vector<uint32_t>& same = known[hash_of(p)];
        const auto found = std::ranges::find_if(same, [&](uint32_t n) { return patterns[n] == p; });
        if (found != same.end()) {
            id = *found;
        } else {
            id = static_cast<uint32_t>(patterns.size());
            same.push_back(id);
            patterns.push_back(std::move(p));
        }
    }
    if (!steps.empty() && steps.back().pattern == id && steps.back().count < UINT32_MAX)
        ++steps.back().count;
    else
        steps.push_back({id, 1});
}

void ProcessTrace::begin_region(const void* statement) {
    straight();
    ++iterations; // what runs a region is no step
    steps.push_back({StepRun::region, static_cast<uint32_t>(recording.regions.size())});
    recording.regions.push_back({statement, {}, {}});
    region = recording.regions.size() - 1;
}

uint32_t ProcessTrace::add_fifo(const std::string& fifo, int64_t depth) {
    const auto id = static_cast<uint32_t>(recording.fifos.size());
    recording.fifos.push_back({fifo, depth});
    recording.regions[region].fifos.push_back(id);
    return id;
}

std::shared_ptr<ProcessTrace> ProcessTrace::add_process(std::string process, std::string callee) {
    auto p = std::make_shared<ProcessTrace>(recording, std::move(process), std::move(callee));
    recording.regions[region].processes.push_back(p);
    return p;
}

void ProcessTrace::add_tensor(const TensorState& t) {
    recording.add_tensor(t);
}

void Recording::add_tensor(const TensorState& t) {
    const AnyBuffer& b = t.buffer;
    if (b.size() == 0) return;
    int64_t low = 0, high = 0;
    for (int d = 0; d < b.rank(); ++d) {
        const int64_t reach = (b.extent(d) - 1) * b.stride(d);
        (reach < 0 ? low : high) += reach;
    }
    const auto size = static_cast<int64_t>(element_bytes(b.type()));
    const std::byte* const begin = b.data() + low * size;
    const std::byte* const end = b.data() + (high + 1) * size;
    for (const RecordedTensor& other : tensors)
        if (other.begin <= begin && end <= other.end) return;
    const auto count = static_cast<size_t>(high - low + 1);
    tensors.push_back(
        {t.name, b, t.memory, begin, end, std::vector<uint32_t>(count), std::vector<uint32_t>(count)});
}

} // namespace lathe::ir::interpreter
