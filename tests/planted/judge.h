#pragma once
/// \file Whether a schedule call was decided rightly: a refused one is forced, and runs.

#include "programs.h"

/// What every dependence query answers while this lives: "none".
class AcceptAll {
  public:
    AcceptAll();
    ~AcceptAll();
    AcceptAll(const AcceptAll&) = delete;
    AcceptAll& operator=(const AcceptAll&) = delete;
};

enum class Verdict : uint8_t {
    right,    ///< accepted, and it computes what the reference does
    wrong,    ///< accepted, and it does not
    illegal,  ///< refused, and it would not
    needless, ///< refused, and it would
    other,    ///< refused for a reason that no dependence query gave
};

struct Decision {
    Verdict verdict = Verdict::other;
    std::string text; ///< the refusal, or what is wrong
    lathe::Schedule after;
};

/// What differs between the reference and a scheduled Module; empty: nothing. Thorough: no difference must
/// be missed; else it may.
using Difference = std::function<std::string(const lathe::Module&, bool thorough)>;

/// Makes the call on a copy of the schedule.
Decision decide(const lathe::Schedule& before, const std::function<void(lathe::Schedule&)>& call,
                const Difference& difference);
