#pragma once
/// \file A user's names and messages, and how they stand in the languages that Lathe writes: nothing else
/// prints them there.

#include "lathe/ir/error.h"

#include <string_view>

namespace lathe::ir {

inline constexpr size_t most_name_bytes = 200, most_message_bytes = 500;

/// \throws Error unless the text is a name: UTF-8 without control characters, of at most 200 bytes.
/// `what`: "a name".
void check_name(std::string_view text, Loc loc, std::string_view what = "a name");
/// \throws Error unless the text can be printed: UTF-8 without NUL, of at most 500 bytes.
void check_message(std::string_view text, Loc loc);

/// Inside a comment of any language, on one line: what is no printable ASCII, or could end or continue the
/// comment, is spelled out ("<U+000A>") or moved apart.
std::string comment_text(std::string_view text);
/// A string literal of C and C++, with its quotes: all bytes are kept.
std::string c_string(std::string_view text);
/// The text of a format for printf that prints it.
std::string printf_text(std::string_view text);
/// Between quotes, on one line, as text for people shows messages.
std::string quoted_text(std::string_view text);

/// An identifier for C, C++ and Tcl that resembles the name: other characters than letters, digits and _
/// become _, no two of those follow each other and none comes first. What means something else (keywords,
/// macros, that is names in capitals, and words of the emitted code) ends in _. What begins as names of the
/// code's libraries do gets an x in front.
std::string identifier(std::string_view name);

/// Letters, digits and _, no digit first.
bool is_c_identifier(std::string_view name);
/// Nothing if a function of C linkage can be called so; else what the name is: "a keyword of C".
const char* taken_function_name(std::string_view name);
/// \throws Error, with a name that would work, unless a function of C linkage can be called so.
void check_function_name(const std::string& name, Loc loc);

} // namespace lathe::ir
