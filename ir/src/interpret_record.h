#pragma once
/// \file What processes did while the interpreter ran them, in steps: as the cycle simulator's rules say.

#include "interpret_code.h"

#include <map>
#include <unordered_map>

namespace lathe::ir::interpreter {

enum class TokenOp : uint8_t {
    push,    ///< room, and a token
    pop,     ///< a token, and room
    reserve, ///< room for a block
    publish, ///< the block in it
    acquire, ///< a block
    release  ///< its room
};

/// An end of a FIFO in a step.
struct StepOp {
    uint32_t fifo; ///< into Recording::fifos
    TokenOp op;
    friend bool operator==(const StepOp&, const StepOp&) = default;
};

/// What steps of a process have in common.
struct StepPattern {
    int64_t cycles = 0;
    std::vector<StepOp> ops; ///< in program order
    friend bool operator==(const StepPattern&, const StepPattern&) = default;
};

/// Equal steps in a row; or a region that runs.
struct StepRun {
    static constexpr uint32_t region =
        UINT32_MAX; ///< in place of a pattern: `count` is into Recording::regions
    uint32_t pattern;
    uint32_t count;
};

class Recording;

/// What one process did.
class ProcessTrace {
  public:
    ProcessTrace(Recording& r, std::string n, std::string f)
        : name(std::move(n)), function(std::move(f)), recording(r) {}
    std::string name, function;
    std::vector<StepPattern> patterns;
    std::vector<StepRun> steps;

    /// Around an iteration of a loop; `interval`: 0 for one that is not pipelined.
    template <class F> void iteration(int64_t interval, F body) {
        if (whole) return body();
        straight();
        const uint64_t before = iterations;
        whole = interval > 0;
        body();
        whole = false;
        if (iterations == before || interval > 0)
            end_step(interval);
        else
            straight();
        ++iterations;
    }
    void token(uint32_t fifo, TokenOp op);
    void memory(const std::byte* address, bool write);
    /// The process has ended.
    void finish() { straight(); }

    // A region that this process runs:
    void begin_region(const void* statement);
    uint32_t add_fifo(const std::string& fifo, int64_t depth);
    void add_tensor(const TensorState& t);
    std::shared_ptr<ProcessTrace> add_process(std::string process, std::string callee);

  private:
    /// What stands beside loops.
    void straight();
    void end_step(int64_t interval);
    void close(int64_t cycles);
    void amend(StepOp op);

    Recording& recording;
    std::unordered_map<size_t, std::vector<uint32_t>> known; ///< patterns by their hash
    std::vector<StepOp> pending;
    int64_t pieces = 0;      ///< steps that this one was cut into
    bool touched = false;    ///< memory
    bool whole = false;      ///< inside of a pipelined loop
    uint64_t iterations = 0; ///< of loops, and regions
    size_t region = 0;       ///< the last one: into Recording::regions
};

/// A tensor that lies outside of the processes.
struct RecordedTensor {
    std::string name;
    AnyBuffer buffer;
    std::shared_ptr<void> memory; ///< that the buffer is a view of
    const std::byte* begin;
    const std::byte* end;
    std::vector<uint32_t> reads, writes; ///< of each element of the memory that it spans
};

/// One run of a dataflow.
struct RecordedRegion {
    const void* statement;
    std::vector<std::shared_ptr<ProcessTrace>> processes;
    std::vector<uint32_t> fifos; ///< into Recording::fifos
};

struct RecordedFifo {
    std::string name;
    int64_t depth; ///< 0: without a limit
};

class Recording {
  public:
    std::vector<RecordedRegion> regions;
    std::vector<RecordedFifo> fifos;
    std::vector<RecordedTensor> tensors;
    std::shared_ptr<ProcessTrace> top;

    /// Unless it is a part of one that is there.
    void add_tensor(const TensorState& t);
};

/// As lathe::ir::interpret, and records it.
void interpret_recorded(const Module& m, const std::vector<AnyBuffer*>& arguments,
                        const std::map<std::string, Value>& scalars, Recording& recording);

} // namespace lathe::ir::interpreter
