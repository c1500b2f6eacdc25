#include "engine.h"

#include "lathe/ir/error.h"

#include <sqlite3.h>

namespace lathe::exploring {

namespace {

/// One statement of SQLite.
class Statement {
  public:
    Statement(sqlite3* f, const std::string& path, const std::string& sql) : file(f), name(path) {
        if (sqlite3_prepare_v2(file, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) failed();
    }
    ~Statement() { sqlite3_finalize(statement); }
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    void bind(int n, const Cell& c) {
        if (const auto* whole = std::get_if<int64_t>(&c))
            sqlite3_bind_int64(statement, n, *whole);
        else if (const auto* real = std::get_if<double>(&c))
            sqlite3_bind_double(statement, n, *real);
        else if (const auto* flag = std::get_if<bool>(&c))
            sqlite3_bind_int(statement, n, *flag ? 1 : 0);
        else if (const auto* text = std::get_if<std::string>(&c))
            sqlite3_bind_text(statement, n, text->c_str(), static_cast<int>(text->size()), SQLITE_TRANSIENT);
        else
            sqlite3_bind_null(statement, n);
    }
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
    Cell cell(int n, Kind kind) const {
        if (sqlite3_column_type(statement, n) == SQLITE_NULL) return {};
        switch (kind) {
        case Kind::whole:
            return static_cast<int64_t>(sqlite3_column_int64(statement, n));
        case Kind::real:
            return sqlite3_column_double(statement, n);
        case Kind::flag:
            return sqlite3_column_int(statement, n) != 0;
        case Kind::text:
            break;
        }
        return text(n);
    }

  private:
    [[noreturn]] void failed() const {
        ir::fail({}, "the results' file \"{}\": {}", name, sqlite3_errmsg(file));
    }
    sqlite3* file;
    std::string name;
    sqlite3_stmt* statement = nullptr;
};

std::string key_of(const std::vector<Cell>& choices) {
    std::string key;
    for (const Cell& c : choices)
        key += (key.empty() ? "" : "|") + shown(c);
    return key;
}

/// Another program with the same options may find something else.
const std::string& this_build() {
    static const std::string build = fingerprint_of_file("/proc/self/exe");
    return build;
}

const std::string& column(const Measure& m) {
    return m.stored.empty() ? m.name : m.stored;
}

} // namespace

Store::Store(const std::string& p, const std::string& setup, Schema s, double i)
    : path(p), schema(std::move(s)), interval(i) {
    if (!path.empty()) open(setup);
}

Store::~Store() {
    if (began != 0) sqlite3_exec(file.get(), "COMMIT", nullptr, nullptr, nullptr);
}

void Store::open(const std::string& setup) {
    sqlite3* opened = nullptr;
    const int result = sqlite3_open(path.c_str(), &opened);
    file = std::shared_ptr<sqlite3>(opened, sqlite3_close);
    if (result != SQLITE_OK)
        ir::fail({}, "cannot open the results' file \"{}\": {}", path, sqlite3_errmsg(opened));
    constexpr const char* types[] = {"INTEGER", "REAL", "INTEGER", "TEXT"};
    std::string columns, declared;
    for (const Measure& m : schema.measures) {
        columns += ", " + column(m);
        declared += ", " + column(m) + " " + types[static_cast<size_t>(m.kind)];
    }
    run("CREATE TABLE IF NOT EXISTS search (setup TEXT NOT NULL)");
    run("CREATE TABLE IF NOT EXISTS candidates (" + schema.choices_name + " TEXT PRIMARY KEY" + declared +
        ")");
    check_search(setup);
    Statement rows(file.get(), path, "SELECT " + schema.choices_name + columns + " FROM candidates");
    while (rows.step()) {
        std::vector<Cell>& measures = known[rows.text(0)];
        for (size_t m = 0; m < schema.measures.size(); ++m)
            measures.push_back(rows.cell(static_cast<int>(m) + 1, schema.measures[m].kind));
    }
    before = known.size();
}

void Store::check_search(const std::string& setup) const {
    const std::string build = this_build();
    Statement old(file.get(), path, "SELECT setup FROM search");
    if (!old.step()) {
        Statement insert(file.get(), path, "INSERT INTO search VALUES (?)");
        insert.bind(1, setup + "\n" + build);
        insert.step();
        return;
    }
    const std::string found = old.text(0);
    const size_t line = found.rfind('\n');
    if (const std::string other = found.substr(0, line); other != setup)
        ir::fail(
            {},
            "\"{}\" holds the results of another search: {}. This one is {}. Name another file for --store",
            path, other, setup);
    if (line == std::string::npos || found.substr(line + 1) != build)
        ir::fail({},
                 "\"{}\" holds the results of another build of this program, which may have had another "
                 "score or other estimates. Name another file for --store, or run the build of before",
                 path);
}

void Store::run(const std::string& sql) const {
    Statement(file.get(), path, sql).step();
}

std::optional<Row> Store::find(const std::vector<Cell>& choices) const {
    const auto found = known.find(key_of(choices));
    if (found == known.end()) return {};
    return Row{choices, found->second};
}

void Store::add(const Row& row) {
    const std::string key = key_of(row.choices);
    known[key] = row.measures;
    if (!file) return;
    if (interval > 0 && began == 0) {
        run("BEGIN");
        began = now();
    }
    std::string places = "?";
    for (size_t m = 0; m < row.measures.size(); ++m)
        places += ", ?";
    Statement insert(file.get(), path, "INSERT OR REPLACE INTO candidates VALUES (" + places + ")");
    insert.bind(1, key);
    for (size_t m = 0; m < row.measures.size(); ++m)
        insert.bind(static_cast<int>(m) + 2, row.measures[m]);
    insert.step();
    if (began != 0 && now() - began >= interval) {
        run("COMMIT");
        began = 0;
    }
}

} // namespace lathe::exploring
