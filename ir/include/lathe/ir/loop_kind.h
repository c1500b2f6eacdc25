#pragma once
/// \file Kinds of loops, and what each kind says about how the iterations run. Whoever decides by a loop's
/// kind asks for what it says, never for its name.

#include <cstdint>
#include <string>

namespace lathe::ir {

/// Which iterations can wait for each other inside of the loop.
enum class SyncScope : uint8_t { none, block, grid };

/// No answer has a default: a new kind gives all of them.
struct LoopProperties {
    bool ordered;    ///< as if each iteration ended before the next one begins
    bool concurrent; ///< in any order, also at the same time
    bool lockstep;   ///< statement after statement, each in all iterations: reads first, then writes
    bool replicated; ///< each iteration becomes code of its own
    bool overlapped; ///< in hardware, an iteration begins before the one in front of it has ended
    SyncScope sync;

    /// A loop in C, and no more than that.
    bool plain() const { return ordered && !replicated && !overlapped; }
    /// As much code, or as wide, as it has iterations: their number has a constant bound.
    bool by_extent() const { return lockstep || replicated; }
};

/// How a loop runs: an open registry. A tag on an ordinary loop; lowering carries it out.
class LoopKind {
  public:
    LoopKind() : LoopKind(serial()) {}
    LoopKind(std::string name, const LoopProperties& p)
        : kind(std::move(name)), answers(p), explained(true) {}
    /// A kind of which nobody says what holds: whoever has to know refuses it.
    explicit LoopKind(std::string name) : kind(std::move(name)) {}

    static LoopKind serial();
    static LoopKind parallel();   ///< on the thread pool
    static LoopKind vectorized(); ///< one vector
    static LoopKind unrolled();   ///< copies
    /// An iteration starts every `interval` cycles.
    static LoopKind pipeline(int64_t interval);

    bool known() const { return explained; }
    /// \pre known
    const LoopProperties& properties() const;
    int64_t interval() const { return cycles; } ///< of overlapped iterations; else 0
    const std::string& name() const { return kind; }
    friend bool operator==(const LoopKind& a, const LoopKind& b) {
        return a.kind == b.kind && a.cycles == b.cycles;
    }

  private:
    std::string kind;
    LoopProperties answers{};
    bool explained = false;
    int64_t cycles = 0;
};

} // namespace lathe::ir
