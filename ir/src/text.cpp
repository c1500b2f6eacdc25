#include "lathe/ir/text.h"

#include "c_library_names.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

namespace lathe::ir {

namespace {

/// One character of a text: its number, and how many bytes it takes. No number: it is not UTF-8.
struct Character {
    std::optional<uint32_t> code;
    size_t bytes;
};

Character character_at(std::string_view text, size_t at) {
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
    const uint8_t first = byte(at);
    if (first < 0x80) return {first, 1};
    const size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || at + bytes > text.size()) return {{}, 1};
    uint32_t code = first & (0xffu >> (bytes + 1));
    for (size_t i = at + 1; i < at + bytes; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return {{}, 1};
        code = code << 6 | (byte(i) & 0x3f);
    }
    constexpr std::array<uint32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = code >= 0xd800 && code < 0xe000;
    if (code < least[bytes] || code > 0x10ffff || surrogate) return {{}, 1};
    return {code, bytes};
}

/// Also those that end lines or paragraphs, and those that turn the direction of the text behind them, which
/// would be shown as another one.
bool is_control(uint32_t code) {
    const auto within = [code](uint32_t first, uint32_t last) { return code >= first && code <= last; };
    return within(0, 0x1f) || within(0x7f, 0x9f) || code == 0x61c || within(0x200e, 0x200f) ||
           within(0x2028, 0x202e) || within(0x2066, 0x2069);
}

std::string spelled(const Character& c, std::string_view text, size_t at) {
    return c.code ? fmt::format("<U+{:04X}>", *c.code)
                  : fmt::format("<byte {:02X}>", static_cast<uint8_t>(text[at]));
}

/// Calls f(character, its bytes, where it stands) for each.
template <class F> void for_each_character(std::string_view text, F f) {
    for (size_t at = 0; at < text.size();) {
        const Character c = character_at(text, at);
        f(c, text.substr(at, c.bytes), at);
        at += c.bytes;
    }
}

constexpr auto keywords = std::to_array<std::string_view>({"_Alignas",
                                                           "_Alignof",
                                                           "_Atomic",
                                                           "_Bool",
                                                           "_Complex",
                                                           "_Generic",
                                                           "_Imaginary",
                                                           "_Noreturn",
                                                           "_Static_assert",
                                                           "_Thread_local",
                                                           "alignas",
                                                           "alignof",
                                                           "and",
                                                           "and_eq",
                                                           "asm",
                                                           "auto",
                                                           "bitand",
                                                           "bitor",
                                                           "bool",
                                                           "break",
                                                           "case",
                                                           "catch",
                                                           "char",
                                                           "char16_t",
                                                           "char32_t",
                                                           "char8_t",
                                                           "class",
                                                           "co_await",
                                                           "co_return",
                                                           "co_yield",
                                                           "compl",
                                                           "concept",
                                                           "const",
                                                           "const_cast",
                                                           "consteval",
                                                           "constexpr",
                                                           "constinit",
                                                           "continue",
                                                           "decltype",
                                                           "default",
                                                           "delete",
                                                           "do",
                                                           "double",
                                                           "dynamic_cast",
                                                           "else",
                                                           "enum",
                                                           "explicit",
                                                           "export",
                                                           "extern",
                                                           "false",
                                                           "float",
                                                           "for",
                                                           "friend",
                                                           "goto",
                                                           "if",
                                                           "inline",
                                                           "int",
                                                           "long",
                                                           "mutable",
                                                           "namespace",
                                                           "new",
                                                           "noexcept",
                                                           "not",
                                                           "not_eq",
                                                           "nullptr",
                                                           "operator",
                                                           "or",
                                                           "or_eq",
                                                           "private",
                                                           "protected",
                                                           "public",
                                                           "register",
                                                           "reinterpret_cast",
                                                           "requires",
                                                           "restrict",
                                                           "return",
                                                           "short",
                                                           "signed",
                                                           "sizeof",
                                                           "static",
                                                           "static_assert",
                                                           "static_cast",
                                                           "struct",
                                                           "switch",
                                                           "template",
                                                           "this",
                                                           "thread_local",
                                                           "throw",
                                                           "true",
                                                           "try",
                                                           "typedef",
                                                           "typeid",
                                                           "typename",
                                                           "typeof",
                                                           "typeof_unqual",
                                                           "union",
                                                           "unsigned",
                                                           "using",
                                                           "virtual",
                                                           "void",
                                                           "volatile",
                                                           "wchar_t",
                                                           "while",
                                                           "xor",
                                                           "xor_eq"});

bool is_keyword(std::string_view name) {
    return std::ranges::find(keywords, name) != keywords.end();
}

bool is_of_c_library(std::string_view name) {
    static const std::set<std::string_view> names = [] {
        std::set<std::string_view> all;
        for (const std::string_view text :
             {std::string_view(c_library_names), std::string_view(c_library_exports)})
            for (size_t at = 0; (at = text.find_first_not_of(" \n", at)) != std::string_view::npos;) {
                const size_t end = text.find_first_of(" \n", at);
                all.insert(text.substr(at, end - at));
                at = end;
            }
        return all;
    }();
    return names.contains(name);
}

bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// NULL, EOF, INT_MAX: macros have capitals alone by custom. One letter, as of a matrix, is none.
bool is_like_macro(std::string_view name) {
    const auto letters = std::ranges::count_if(name, is_upper);
    const bool constant = name.starts_with("M_") && name.size() > 2 && !is_lower(name[2]); // M_PIf
    return constant || (letters > 1 && std::ranges::none_of(name, is_lower));
}

/// The headers that Lathe's C and C++ includes, and that code itself, begin their names so.
bool has_taken_prefix(std::string_view name) {
    constexpr auto prefixes = std::to_array<std::string_view>({"ap_", "AP_", "SC_", "lathe_", "halide_"});
    return std::ranges::any_of(prefixes, [&](std::string_view p) { return name.starts_with(p); });
}

/// What that code calls so, and macros that are not in capitals.
bool is_of_emitted_code(std::string_view name) {
    constexpr auto words = std::to_array<std::string_view>(
        {"hls",       "lathe",      "std",       "main",     "ceil",     "ceilf",
         "fabs",      "fabsf",      "floor",     "floorf",   "fma",      "fmaf",
         "nearbyint", "nearbyintf", "sqrt",      "sqrtf",    "trunc",    "truncf",
         "errno",     "linux",      "unix",      "i386",     "stdin",    "stdout",
         "stderr",    "L_ctermid",  "L_cuserid", "L_tmpnam", "P_tmpdir", "math_errhandling"});
    return std::ranges::find(words, name) != words.end() || name.ends_with("_t");
}

} // namespace

void check_name(std::string_view text, Loc loc, std::string_view what) {
    if (text.size() > most_name_bytes)
        fail(loc, "{} has {} bytes: use at most {}", what, text.size(), most_name_bytes);
    for_each_character(text, [&](const Character& c, std::string_view, size_t at) {
        if (!c.code)
            fail(loc, "{} is not UTF-8: its byte {} is 0x{:02x}", what, at, static_cast<uint8_t>(text[at]));
        if (is_control(*c.code))
            fail(loc, "{} holds the control character U+{:04X} at byte {}: leave it out", what, *c.code, at);
    });
}

void check_message(std::string_view text, Loc loc) {
    if (text.size() > most_message_bytes)
        fail(loc, "a message has {} bytes: use at most {}", text.size(), most_message_bytes);
    for_each_character(text, [&](const Character& c, std::string_view, size_t at) {
        if (!c.code)
            fail(loc, "a message is not UTF-8: its byte {} is 0x{:02x}", at, static_cast<uint8_t>(text[at]));
        if (*c.code == 0) fail(loc, "a message holds NUL at byte {}: leave it out", at);
    });
}

std::string comment_text(std::string_view text) {
    std::string r;
    for_each_character(text, [&](const Character& c, std::string_view, size_t at) {
        const bool plain = c.code && *c.code >= 0x20 && *c.code < 0x7f && *c.code != '\\';
        if (!plain) {
            r += spelled(c, text, at);
            return;
        }
        const char now = text[at], before = r.empty() ? ' ' : r.back();
        // No end and no beginning of a comment, and no trigraph.
        if ((before == '*' && now == '/') || (before == '/' && now == '*') || (before == '?' && now == '?'))
            r += ' ';
        r += now;
    });
    return r;
}

std::string c_string(std::string_view text) {
    std::string r = "\"";
    for (const char c : text) {
        const auto byte = static_cast<uint8_t>(c);
        if (byte < 0x20 || byte >= 0x7f)
            r += fmt::format("\\{:03o}", byte); // three digits end the escape
        else if (c == '"' || c == '\\' || c == '?')
            r += fmt::format("\\{}", c); // \? makes no trigraph
        else
            r += c;
    }
    return r + "\"";
}

std::string printf_text(std::string_view text) {
    std::string r;
    for (const char c : text)
        r += c == '%' ? "%%" : std::string(1, c);
    return r;
}

std::string quoted_text(std::string_view text) {
    std::string r = "\"";
    for_each_character(text, [&](const Character& c, std::string_view bytes, size_t at) {
        if (!c.code || is_control(*c.code))
            r += c.code == '\n' ? " " : spelled(c, text, at);
        else if (*c.code == '"' || *c.code == '\\')
            r += fmt::format("\\{}", bytes);
        else
            r += bytes;
    });
    return r + "\"";
}

std::string identifier(std::string_view name) {
    std::string text;
    for_each_character(name, [&](const Character&, std::string_view bytes, size_t) {
        const char c = bytes[0];
        const char legal = is_upper(c) || is_lower(c) || is_digit(c) ? c : '_';
        // Two underscores in a row, or one in front, belong to the compiler.
        if (legal != '_' || (!text.empty() && text.back() != '_')) text += legal;
    });
    if (text.empty() || is_digit(text[0])) text = "x" + text;
    if (has_taken_prefix(text)) return "x" + text;
    const bool means_something = is_keyword(text) || is_like_macro(text) || is_of_emitted_code(text);
    return means_something && text.back() != '_' ? text + "_" : text;
}

bool is_c_identifier(std::string_view name) {
    const auto word = [](char c) { return is_upper(c) || is_lower(c) || is_digit(c) || c == '_'; };
    return !name.empty() && std::ranges::all_of(name, word) && !is_digit(name[0]);
}

const char* taken_function_name(std::string_view name) {
    if (is_keyword(name)) return "a keyword of C and C++";
    if (name == "main") return "the program's own function";
    if (is_of_c_library(name)) return "a name of the C library";
    if (name.starts_with("halide_")) return "a name of the runtime";
    if (name.starts_with("_") || name.find("__") != std::string_view::npos)
        return "reserved for the compiler, as all names with _ in front or __ inside are";
    if (is_like_macro(name)) return "in capitals, as macros are";
    if (name.starts_with("ap_")) return "a name of AMD's headers";
    if (!name.starts_with("lathe_") && is_of_emitted_code(name))
        return "a type, a namespace or a macro of the code around it";
    return nullptr;
}

void check_function_name(const std::string& name, Loc loc) {
    check_name(name, loc, "a function's name");
    if (!is_c_identifier(name))
        fail(loc, "\"{}\" cannot be a function's name: use letters, digits and _", name);
    const char* taken = taken_function_name(name);
    if (!taken) return;
    std::string other = "lathe";
    for (const char c : name) // what is left of "__x" must not be reserved again
        if (c != '_' || other.back() != '_')
            other += (other == "lathe" && c != '_' ? "_" : "") + std::string(1, c);
    fail(loc, "\"{}\" cannot be a function's name: it is {}. Try {}", name, taken, other);
}

} // namespace lathe::ir
