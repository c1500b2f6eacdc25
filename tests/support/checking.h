#pragma once
/// \file A scheduled Module against its reference in the checking interpreter.

#include "lathe/ir/interpret.h"

#include <optional>
#include <string>

/// What one run in checking mode left behind.
struct CheckedOutcome {
    std::vector<lathe::AnyBuffer> buffers;
    lathe::ir::TermHashes terms;
    std::optional<std::string> error;
};

/// A reference's run, to compare several schedules with.
class CheckedRun {
  public:
    CheckedRun(const lathe::Module& reference, std::vector<lathe::AnyBuffer> arguments,
               std::map<std::string, lathe::Value> scalars);
    /// As `check_schedule`; in the schedule no two lanes may write one element at once.
    std::string difference(const lathe::Module& scheduled, bool lanes_apart = false) const;

  private:
    std::vector<lathe::ir::Tensor> tensors; ///< of the arguments
    std::vector<lathe::AnyBuffer> arguments;
    std::map<std::string, lathe::Value> scalars;
    CheckedOutcome expected;
};

/// Runs both in checking mode on copies of `arguments` and compares, element by element, what they stored
/// and the terms that made it, and what they printed. Empty: they agree (also when both end with an error);
/// else the first difference.
std::string check_schedule(const lathe::Module& reference, const lathe::Module& scheduled,
                           const std::vector<lathe::AnyBuffer>& arguments,
                           const std::map<std::string, lathe::Value>& scalars = {});
