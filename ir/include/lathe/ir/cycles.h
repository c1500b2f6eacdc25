#pragma once
/// \file The cycle simulator: how many cycles a network of processes takes, who waits for whom, and when.
///
/// A Module is run once with its data, and each process's *steps* are recorded: which tokens a step takes and
/// writes. Then the steps are played against a clock, with the FIFOs' depths. The rules:
///
/// - **Step**: an iteration of a loop in which no other loop runs. One of a pipelined loop takes its interval
///   of cycles (the last one of a process: a cycle), any other one takes a cycle. An iteration of a pipelined
///   loop is one step with all loops inside; unrolled and vectorized loops are part of the step around them.
///   What stands beside loops takes a cycle where it passes a token or touches memory, else none.
/// - **All or nothing**: a step runs in the first cycle in which each token that it takes was written in an
///   earlier cycle, and each FIFO into which it writes had room when the cycle began. So a write is seen in
///   the next cycle, a full FIFO refuses a write in the cycle in which it is read, and II = 1 needs room for
///   two.
/// - **One token a cycle** passes each end of a FIFO: a step that takes (writes) n of one takes n cycles.
/// - **Blocks** (`fill`, `drain`): the first step inside waits for room (for a block), the last one hands the
///   block (its room) over.
/// - **Cut**: a step that writes tokens in front of one that it takes is cut in front of that one, where
///   otherwise all processes would wait for ever.
/// - **Regions**: a dataflow ends when all of its processes have ended; what stands behind it begins then.
///   What a Function does beside its dataflows counts like a process of its own.
///
/// Memory answers at once: how many ports a tensor has is not asked. All figures are *estimated*.

#include "lathe/ir/buffer.h"
#include "lathe/ir/stmt.h"

#include <optional>

namespace lathe {

struct CycleOptions {
    /// Of FIFOs by name ("s[2]"), in place of their own; 0: no limit.
    std::map<std::string, int64_t> depths = {};
    int64_t more_depth = 0; ///< added to each depth (of those with a limit)
    /// Cycles until a token is seen, by the name of the Function that writes it; otherwise 1. A pipeline of L
    /// cycles holds L − 1 tokens beside those in the FIFO.
    std::map<std::string, int64_t> latency = {};
    bool waves = false; ///< record what processes and FIFOs do in each cycle
    int64_t most_cycles = 1'000'000'000;
};

/// What a process does in a span of cycles.
enum class ProcessState : uint8_t { busy, waits_for_token, waits_for_room };

struct ProcessCycles {
    std::string name;     ///< "pe(0, 1)", "row(2)/pe(0)"; "forward1 #3" where several calls have one name
    std::string function; ///< whose call it is: its kind
    int64_t iterations = 0;
    int64_t busy = 0;                          ///< cycles in which a step runs
    int64_t empty_stalls = 0, full_stalls = 0; ///< cycles in which it waits for a token; for room alone
    int64_t first = -1, last = -1;             ///< cycle of its first step, and the last one of its last step
    struct Span {
        ProcessState state;
        int64_t begin, end;
    };
    std::vector<Span> waves; ///< when asked for: from the start of its region to its end
};

struct FifoCycles {
    std::string name; ///< "s[2]"
    std::string writer, reader;
    int64_t depth = 0;  ///< 0: without a limit
    int64_t tokens = 0; ///< (or blocks) that were written
    int64_t fullest = 0;
    int64_t writer_waits = 0, reader_waits = 0; ///< cycles
    struct Level {
        int64_t cycle, fill;
    };
    std::vector<Level> waves; ///< when asked for: its fill at the begin of a cycle, where it changes
};

struct MemoryCycles {
    std::string name; ///< of an argument, or of another array that processes are given
    int64_t elements = 0;
    int64_t reads = 0, writes = 0; ///< of elements
    int64_t bytes_read = 0, bytes_written = 0;
    int64_t most_reads = 0, most_writes = 0; ///< of one element
};

/// So many processes of a kind are busy, from this cycle on.
struct BusyCycles {
    int64_t cycle, busy;
};

/// All processes wait for each other for ever.
struct CycleDeadlock {
    int64_t cycle; ///< the first in which nothing happens any more
    struct Wait {
        std::string process, fifo;
        bool reads; ///< it waits for a token; otherwise for room
        int64_t fill, depth;
    };
    std::vector<Wait> waits;
    std::string str() const;
};

struct CycleReport {
    int64_t cycles = 0;
    std::vector<ProcessCycles> processes; ///< the first one is the function that was called
    std::vector<FifoCycles> fifos;
    std::vector<MemoryCycles> memory;
    std::map<std::string, std::vector<BusyCycles>> busy; ///< when waves are asked for: by Function
    std::optional<CycleDeadlock> deadlock;
    std::vector<AnyBuffer> results; ///< arguments that are written, as the interpreter computes them

    /// \throws Error when there is none of that name.
    const ProcessCycles& process(const std::string& name) const;
    const FifoCycles& fifo(const std::string& name) const;
    std::string text() const; ///< tables
    std::string json() const; ///< all but the results
};

/// A Module that ran with its data: played as often as wanted.
class CycleProgram {
  public:
    /// \param inputs all arguments that are read, in the function's order; they are not changed
    /// \throws Error as interpret does
    CycleProgram(const Module& m, const std::vector<AnyBuffer>& inputs,
                 const std::map<std::string, Value>& scalars = {});
    ~CycleProgram();
    CycleProgram(CycleProgram&&) noexcept;
    CycleProgram& operator=(CycleProgram&&) noexcept;

    /// \throws Error when an option names what is not there, or more cycles are needed than allowed.
    CycleReport run(const CycleOptions& options = {}) const;

  private:
    struct Recorded;
    std::unique_ptr<Recorded> recorded;
};

/// Records and plays.
CycleReport simulate_cycles(const Module& m, const std::vector<AnyBuffer>& inputs,
                            const CycleOptions& options = {},
                            const std::map<std::string, Value>& scalars = {});

/// A picture of a small run: a lane for each process, in which a cycle is a column and its colour says what
/// it does, and below it the fill of the FIFOs that it writes. \throws Error when waves were not recorded, or
/// for more than 2,000 cycles.
std::string waves_svg(const CycleReport& report);

} // namespace lathe
