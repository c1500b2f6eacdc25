#pragma once
/// \file The message of a refused call, and the user's line that it names.

#include "lathe/ir/error.h"

#include <fmt/format.h>

/// The line where this stands.
inline unsigned here(lathe::Loc loc = lathe::Loc::current()) {
    return loc.line;
}

/// The message of the Error that `f` throws.
template <class F> std::string refusal(F&& f) {
    try {
        f();
    } catch (const lathe::Error& e) {
        return e.message();
    }
    return "not refused";
}

/// The message of the Error that `f` throws, if it names `line` (0: none); else what was wrong.
template <class F> std::string refusal(unsigned line, F&& f) {
    try {
        f();
    } catch (const lathe::ir::InternalError& e) {
        return e.what();
    } catch (const lathe::Error& e) {
        if (e.loc().line == line) return e.message();
        return fmt::format("at line {} instead of {}: {}", e.loc().line, line, e.message());
    }
    return "not refused";
}
