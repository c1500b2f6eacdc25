#pragma once
/// \file A scheduled Module against its reference in the checking interpreter.

#include "lathe/ir/interpret.h"

#include <string>

/// Runs both in checking mode on copies of `arguments` and compares, element by element, what they stored
/// and the terms that made it, and what they printed. Empty: they agree (also when both end with an error);
/// else the first difference.
std::string check_schedule(const lathe::Module& reference, const lathe::Module& scheduled,
                           const std::vector<lathe::AnyBuffer>& arguments,
                           const std::map<std::string, lathe::Value>& scalars = {});
