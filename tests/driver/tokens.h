#pragma once
/// \file A C compiler's view of a text: trigraphs and continued lines are undone, comments gone.

#include <cctype>
#include <string>
#include <vector>

/// As `-std=c++14` reads it: ??/ and the like first, then backslash at a line's end.
inline std::string translated(const std::string& text) {
    static const std::string third = "=/'()!<>-", meaning = "#\\^[]|{}~";
    std::string plain, joined;
    for (size_t i = 0; i < text.size(); ++i) {
        const size_t t = text.compare(i, 2, "??") == 0 && i + 2 < text.size() ? third.find(text[i + 2])
                                                                              : std::string::npos;
        plain += t == std::string::npos ? text[i] : meaning[t];
        if (t != std::string::npos) i += 2;
    }
    for (size_t i = 0; i < plain.size(); ++i) {
        if (plain[i] == '\\' && i + 1 < plain.size() && (plain[i + 1] == '\n' || plain[i + 1] == '\r'))
            ++i;
        else
            joined += plain[i];
    }
    return joined;
}

/// Identifiers as "I", literals of text as "S", all else as it stands.
inline std::vector<std::string> tokens(const std::string& source) {
    const std::string text = translated(source);
    std::vector<std::string> all;
    const auto word = [&](size_t i) {
        return std::isalnum(static_cast<unsigned char>(text[i])) || text[i] == '_';
    };
    for (size_t i = 0; i < text.size();) {
        if (text.compare(i, 2, "//") == 0) {
            i = text.find_first_of("\n\r", i);
            if (i == std::string::npos) break;
        } else if (text.compare(i, 2, "/*") == 0) {
            const size_t end = text.find("*/", i + 2);
            if (end == std::string::npos) return {"a comment without an end"};
            i = end + 2;
        } else if (text[i] == '"' || text[i] == '\'') {
            const char quote = text[i++];
            while (i < text.size() && text[i] != quote && text[i] != '\n')
                i += text[i] == '\\' ? 2 : 1;
            if (i >= text.size() || text[i] != quote) return {"a literal without an end"};
            all.emplace_back("S");
            ++i;
        } else if (word(i)) {
            const size_t begin = i;
            while (i < text.size() && word(i))
                ++i;
            const bool number = std::isdigit(static_cast<unsigned char>(text[begin])) != 0;
            all.push_back(number ? text.substr(begin, i - begin) : "I");
        } else {
            if (text[i] == '\n' || !std::isspace(static_cast<unsigned char>(text[i])))
                all.emplace_back(1, text[i]);
            ++i;
        }
    }
    std::vector<std::string> kept; // a line's end means something to the preprocessor alone
    bool directive = false, begins = true;
    for (const std::string& t : all) {
        if (begins) directive = t == "#";
        begins = t == "\n";
        if (!begins || directive) kept.push_back(t);
    }
    return kept;
}
