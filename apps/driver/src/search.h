#pragma once
/// \file The search over types: which candidates to look at.

#include "engine.h"
#include "lathe/driver/explore.h"

#include <set>

namespace lathe {

/// One group and the types to try, the first one to begin with.
struct Variation {
    Exploration::Group group;
    std::vector<Type> types;
};

/// The group's tensors, each once.
std::set<ir::Symbol> symbols_of(const Exploration::Group& group);

/// "weights=Fixed(8, 6)|Fixed(6, 4)" or "weights=Fixed(i, i-2, rnd, sat):i=8..2". \throws Error saying what
/// is wrong with it.
Variation read_variation(const std::string& text, const std::vector<Exploration::Group>& groups);

/// \throws Error naming two groups that vary one tensor, whose bits would count twice.
void check_apart(const std::vector<Variation>& vary);

/// A candidate's groups and measures, as the store, CSV and JSON have them.
exploring::Schema type_schema(const std::vector<Variation>& vary);
exploring::Row row_of(const Candidate& c);

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
                              const SearchOptions& options, exploring::Store& store);

} // namespace lathe
