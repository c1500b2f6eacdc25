#include "search.h"

#include "lathe/ir/parse.h"

#include <algorithm>
#include <charconv>
#include <sqlite3.h>

namespace lathe {

using namespace ir;

namespace {

std::string key_of(const std::vector<Type>& types) {
    std::string key;
    for (const Type& t : types)
        key += (key.empty() ? "" : "|") + t.str();
    return key;
}

/// One statement of SQLite.
class Statement {
  public:
    Statement(sqlite3* f, const std::string& path, const char* sql) : file(f), name(path) {
        if (sqlite3_prepare_v2(file, sql, -1, &statement, nullptr) != SQLITE_OK) failed();
    }
    ~Statement() { sqlite3_finalize(statement); }
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    void bind(int n, const std::string& text) {
        sqlite3_bind_text(statement, n, text.c_str(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
    }
    void bind(int n, double x) { sqlite3_bind_double(statement, n, x); }
    void bind(int n, int64_t x) { sqlite3_bind_int64(statement, n, x); }
    /// Whether there is a row.
    bool step() {
        const int result = sqlite3_step(statement);
        if (result != SQLITE_ROW && result != SQLITE_DONE) failed();
        return result == SQLITE_ROW;
    }
    std::string text(int n) const {
        const auto* t = reinterpret_cast<const char*>(sqlite3_column_text(statement, n));
        return t ? t : "";
    }
    double real(int n) const { return sqlite3_column_double(statement, n); }
    int64_t integer(int n) const { return sqlite3_column_int64(statement, n); }

  private:
    [[noreturn]] void failed() const { fail({}, "the results' file \"{}\": {}", name, sqlite3_errmsg(file)); }
    sqlite3* file;
    std::string name;
    sqlite3_stmt* statement = nullptr;
};

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
            if (read.ec == std::errc()) {
                if (text[end] == '-') offset = -offset;
                end = static_cast<size_t>(read.ptr - text.data());
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

Results::Results(const std::string& p, const std::string& setup) : path(p) {
    if (path.empty()) return;
    sqlite3* opened = nullptr;
    const int result = sqlite3_open(path.c_str(), &opened);
    file = std::shared_ptr<sqlite3>(opened, sqlite3_close);
    if (result != SQLITE_OK)
        fail({}, "cannot open the results' file \"{}\": {}", path, sqlite3_errmsg(opened));
    run("CREATE TABLE IF NOT EXISTS search (setup TEXT NOT NULL)");
    run("CREATE TABLE IF NOT EXISTS candidates (types TEXT PRIMARY KEY, accuracy REAL, bits INTEGER, "
        "multipliers REAL, "
        "memory INTEGER, seconds REAL)");
    Statement old(file.get(), path, "SELECT setup FROM search");
    if (!old.step()) {
        Statement insert(file.get(), path, "INSERT INTO search VALUES (?)");
        insert.bind(1, setup);
        insert.step();
    } else if (old.text(0) != setup) {
        fail({}, "\"{}\" holds the results of another search: {}. This one is {}. Name another file", path,
             old.text(0), setup);
    }
    Statement rows(file.get(), path,
                   "SELECT types, accuracy, bits, multipliers, memory, seconds FROM candidates");
    while (rows.step())
        known[rows.text(0)] = {{},           rows.real(1),    rows.integer(2),
                               rows.real(3), rows.integer(4), rows.real(5)};
    before = known.size();
}

void Results::run(const char* sql) const {
    Statement(file.get(), path, sql).step();
}

std::optional<Candidate> Results::find(const std::vector<Type>& types) const {
    const auto found = known.find(key_of(types));
    if (found == known.end()) return {};
    Candidate c = found->second;
    c.types = types;
    return c;
}

void Results::add(const Candidate& c) {
    const std::string key = key_of(c.types);
    known[key] = c;
    if (!file) return;
    Statement insert(file.get(), path, "INSERT OR REPLACE INTO candidates VALUES (?, ?, ?, ?, ?, ?)");
    insert.bind(1, key);
    insert.bind(2, c.accuracy);
    insert.bind(3, c.bits);
    insert.bind(4, c.multipliers);
    insert.bind(5, c.memory);
    insert.bind(6, c.seconds);
    insert.step();
}

} // namespace lathe
