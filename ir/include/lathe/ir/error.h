#pragma once
/// \file Error types and source locations. Every failure that a user can cause is a lathe::Error that says
/// what was wrong, where in the user's program, and what would work.

#include <fmt/format.h>
#include <source_location>
#include <stdexcept>
#include <string>

namespace lathe {

/// A line of the user's program. Empty (`known() == false`) for code that Lathe generated itself.
struct Loc {
    const char* file = ""; ///< static storage: comes from std::source_location
    unsigned line = 0;

    static constexpr Loc current(std::source_location s = std::source_location::current()) {
        return {s.file_name(), s.line()};
    }
    constexpr bool known() const { return line != 0; }
    /// "blur.cpp:41": the file's base name and the line; "generated code" when unknown.
    std::string str() const;
};

/// Thrown for everything that a user can get wrong. `what()` is the whole message, beginning with the
/// location when it is known: "blur.cpp:41: ...".
class Error : public std::runtime_error {
  public:
    Error(Loc loc, const std::string& message);
    Loc loc() const { return where; }
    const std::string& message() const { return text; } ///< without the location

  private:
    Loc where;
    std::string text;
};

} // namespace lathe

namespace lathe::ir {

/// Thrown when Lathe finds that it broke one of its own rules (a verifier failure after a pass, say):
/// always a bug in Lathe, never in the user's program.
class InternalError : public Error {
  public:
    explicit InternalError(const std::string& message) : Error({}, "internal error: " + message) {}
};

/// Throws Error with a message formatted by fmt.
template <class... Args> [[noreturn]] void fail(Loc loc, fmt::format_string<Args...> format, Args&&... args) {
    throw Error(loc, fmt::format(format, std::forward<Args>(args)...));
}

/// Throws InternalError unless `ok`.
inline void invariant(bool ok, const char* what) {
    if (!ok) throw InternalError(what);
}

} // namespace lathe::ir
