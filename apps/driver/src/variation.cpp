#include "search.h"

#include "lathe/ir/parse.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace lathe {

using namespace ir;

namespace {

/// No type has a number beyond it.
constexpr int64_t far = 1'000'000;

/// "i" and "i-2" as numbers, where they stand as words of their own.
std::string with_number(const std::string& text, int64_t value) {
    std::string out;
    for (size_t p = 0; p < text.size();) {
        const bool word =
            text[p] == 'i' && (p == 0 || std::isalnum(static_cast<unsigned char>(text[p - 1])) == 0) &&
            (p + 1 == text.size() || std::isalnum(static_cast<unsigned char>(text[p + 1])) == 0);
        if (!word) {
            out += text[p++];
            continue;
        }
        size_t end = p + 1;
        int64_t offset = 0;
        if (end < text.size() && (text[end] == '-' || text[end] == '+')) {
            const auto read = std::from_chars(text.data() + end + 1, text.data() + text.size(), offset);
            if (read.ec == std::errc() && offset >= 0 && offset <= far) {
                if (text[end] == '-') offset = -offset;
                end = static_cast<size_t>(read.ptr - text.data());
            } else {
                offset = 0; // what stands there is no number, and the text no type
            }
        }
        out += std::to_string(value + offset);
        p = end;
    }
    return out;
}

std::vector<Type> counted(const std::string& pattern, const std::string& range, const std::string& whole) {
    int64_t from = 0, to = 0;
    const size_t dots = range.find("..");
    const auto number = [&](const std::string& text, int64_t& n) {
        const auto read = std::from_chars(text.data(), text.data() + text.size(), n);
        return read.ec == std::errc() && read.ptr == text.data() + text.size();
    };
    if (dots == std::string::npos || !number(range.substr(0, dots), from) ||
        !number(range.substr(dots + 2), to))
        fail({}, "\"{}\" has no range of i: write NAME=Fixed(i, i-2):i=8..2", whole);
    constexpr int64_t most = 1000;
    if (std::max(from, to) > far || std::min(from, to) < -far)
        fail({}, "\"{}\": i is at most {}", whole, far);
    if (std::abs(to - from) > most) fail({}, "\"{}\" has more than {} types", whole, most);
    std::vector<Type> types;
    for (int64_t i = from;; i += from < to ? 1 : -1) {
        types.push_back(parse_type(with_number(pattern, i), {}));
        if (i == to) return types;
    }
}

} // namespace

Variation read_variation(const std::string& text, const std::vector<Exploration::Group>& groups) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos)
        fail({}, "\"{}\" varies nothing: write NAME=TYPE|TYPE|… or NAME=Fixed(i, i-2):i=8..2", text);
    const std::string name = text.substr(0, equals);
    const auto group = std::ranges::find(groups, name, &Exploration::Group::name);
    if (group == groups.end()) {
        std::string names;
        for (const Exploration::Group& g : groups)
            names += (names.empty() ? "" : ", ") + g.name;
        fail({}, "there is nothing called {} to vary: there are {}", name, names.empty() ? "none" : names);
    }
    std::string rest = text.substr(equals + 1);
    if (const size_t counting = rest.find(":i="); counting != std::string::npos)
        return {*group, counted(rest.substr(0, counting), rest.substr(counting + 3), text)};
    Variation v{*group, {}};
    for (size_t begin = 0; begin <= rest.size();) {
        const size_t end = std::min(rest.find('|', begin), rest.size());
        v.types.push_back(parse_type(rest.substr(begin, end - begin), {}));
        begin = end + 1;
    }
    return v;
}

std::set<Symbol> symbols_of(const Exploration::Group& group) {
    std::set<Symbol> symbols;
    for (const TensorRef& t : group.tensors)
        symbols.insert(t.symbol);
    return symbols;
}

void check_apart(const std::vector<Variation>& vary) {
    std::map<Symbol, std::string> groups;
    for (const Variation& v : vary) {
        for (const Symbol& t : symbols_of(v.group))
            if (const auto [other, added] = groups.emplace(t, v.group.name); !added) {
                if (other->second == v.group.name)
                    fail({}, "{} varies twice: write all its types in one --vary, as in {}=Int(8)|Int(4)",
                         v.group.name, v.group.name);
                fail({}, "{} and {} both vary {}: name groups that have no tensor in common", other->second,
                     v.group.name, t.name());
            }
    }
}

} // namespace lathe
