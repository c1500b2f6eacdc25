#pragma once
/// \file The search over types: which candidates to look at, and what was found so far.

#include "lathe/driver/explore.h"

#include <memory>

struct sqlite3;

namespace lathe {

/// One group and the types to try, the first one to begin with.
struct Variation {
    Exploration::Group group;
    std::vector<Type> types;
};

/// "weights=Fixed(8, 6)|Fixed(6, 4)" or "weights=Fixed(i, i-2, rnd, sat):i=8..2". \throws Error saying what
/// is wrong with it.
Variation read_variation(const std::string& text, const std::vector<Exploration::Group>& groups);

/// What was found so far, kept in a file of SQLite: each candidate is written when it is known.
class Results {
  public:
    /// An empty path keeps nothing. `setup` names the search: a file of another one is refused.
    Results(const std::string& path, const std::string& setup);
    std::optional<Candidate> find(const std::vector<Type>& types) const;
    void add(const Candidate& c);
    size_t found_before() const { return before; }

  private:
    void run(const char* sql) const;
    std::string path;
    std::shared_ptr<sqlite3> file;
    std::map<std::string, Candidate> known;
    size_t before = 0;
};

enum class SearchKind : uint8_t { grid, greedy, budgeted };

struct SearchOptions {
    SearchKind kind = SearchKind::grid;
    int budget = 50;   ///< of candidates (budgeted)
    double loss = 100; ///< greedy: the most points of accuracy below the first candidate
    unsigned seed = 1; ///< budgeted
    bool quiet = false;
};

/// Every candidate in the order of the search. The same options and scores give the same candidates, so that
/// a search that was stopped goes the same way again, past what `store` knows.
std::vector<Candidate> search(const Exploration& e, const std::vector<Variation>& vary,
                              const SearchOptions& options, Results& store);

} // namespace lathe
