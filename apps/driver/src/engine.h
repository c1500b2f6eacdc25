#pragma once
/// \file What every search shares: candidates as rows of named choices and named measures, which of them are
/// on the front, what was found so far, and how all of it is written.

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

struct sqlite3;

namespace lathe::exploring {

/// Nothing (what a refused candidate has for a measure), or a value.
using Cell = std::variant<std::monostate, int64_t, double, bool, std::string>;

enum class Kind : uint8_t { whole, real, flag, text };
/// What a search would like a measure to be.
enum class Goal : uint8_t { none, more, less };

struct Measure {
    std::string name;
    Kind kind = Kind::real;
    Goal goal = Goal::none;
    std::string stored = "";   ///< its column in the store; empty: its name
    std::string format = "{}"; ///< of a real number in CSV
};

struct Schema {
    std::string choices_name; ///< what the choices are together
    std::vector<std::string> choices;
    std::vector<Measure> measures;
};

/// A candidate: a cell for each choice and each measure of its schema.
struct Row {
    std::vector<Cell> choices, measures;
};

/// A number as it is compared. \pre the cell holds one
double number(const Cell& c);
/// "Fixed(16, 8)", "3", "true"; empty for nothing.
std::string shown(const Cell& c);

/// The rows that no other beats: at least as good in each measure that has a goal, and better in one. In
/// their order.
std::vector<size_t> front(const Schema& schema, const std::vector<Row>& rows);

std::string csv(const Schema& schema, const std::vector<Row>& rows);
nlohmann::ordered_json json(const Schema& schema, const std::vector<Row>& rows);

/// Equal texts have equal ones.
std::string fingerprint(const std::string& text);
/// Of what is in the file. \throws Error when it cannot be read.
std::string fingerprint_of_file(const std::string& path);

/// What was found so far, kept in a file of SQLite.
class Store {
  public:
    /// An empty path keeps nothing. `setup` names the search: a file of another one is refused, and so is one
    /// by another build of this program, whose scores and estimates may be others.
    /// \param interval rows of so many seconds are written together; 0: each one when it is known
    Store(const std::string& path, const std::string& setup, Schema schema, double interval = 0);
    ~Store(); ///< writes what waits
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    std::optional<Row> find(const std::vector<Cell>& choices) const;
    void add(const Row& row);
    size_t found_before() const { return before; }

  private:
    void open(const std::string& setup);
    void check_search(const std::string& setup) const;
    void run(const std::string& sql) const;
    std::string path;
    Schema schema;
    double interval, began = 0; ///< of what waits; 0: nothing does
    std::shared_ptr<sqlite3> file;
    std::map<std::string, std::vector<Cell>> known;
    size_t before = 0;
};

/// Seconds since some moment.
double now();

/// Lines on standard error that say how far a search is.
class Progress {
  public:
    /// \param interval seconds between two lines
    Progress(bool quiet, double interval) : silent(quiet), least(interval), start(now()) {}
    /// A candidate was measured: `done` of `expected` are known.
    void measured(size_t done, size_t expected, const std::string& text);

  private:
    bool silent;
    double least, start, last = 0;
    size_t count = 0;
};

} // namespace lathe::exploring
