#pragma once
/// \file Loops as schedules hand them out and take them.

#include "lathe/dsl/algorithm.h"

namespace lathe {

/// All loops that a handle stands for, where a primitive has made several of one.
struct AllLoops {
    LoopRef loop;
};
AllLoops all(const LoopRef& loop);

/// A loop that a primitive made. It stays valid for the Schedule (and its copies) until a later primitive
/// consumes the loop.
class Loop {
  public:
    using loop_handle = void;
    explicit Loop(ir::Symbol s) : identity(std::move(s)) {}
    const ir::Symbol& symbol() const { return identity; }
    const std::string& name() const { return identity.name(); }
    /// Every copy, where `separate` or a peeled tail made several.
    AllLoops all(Loc loc = Loc::current()) const;

  private:
    ir::Symbol identity;
};

/// A loop argument of a primitive that may act on several copies at once.
struct LoopArg {
    LoopRef loop;
    bool every = false;
    template <NamesLoop T> LoopArg(const T& l, Loc loc = Loc::current()) : loop(l, loc) {}
    LoopArg(LoopRef l) : loop(std::move(l)) {}
    LoopArg(AllLoops a) : loop(std::move(a.loop)), every(true) {}
};

/// What happens when a split's factor does not divide the extent.
enum class Tail : uint8_t {
    guard,         ///< iterations beyond the end are skipped by a condition
    shift_inwards, ///< the last block starts earlier and repeats iterations: pure definitions with extent ≥
                   ///< factor
    peel,          ///< the rest gets a loop of its own
    exact,         ///< the factor must be proved to divide the extent
};

} // namespace lathe
