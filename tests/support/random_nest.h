#pragma once
/// \file Small programs for oracles of legality, and single calls on them. A program runs in little time for
/// all sizes up to 6, so that what is legal can be found by running it.

#include "programs.h"

#include <optional>
#include <set>

struct Nest {
    lathe::Algorithm algorithm;
    /// What it has, of: guards, triangles, symbolic bounds, quasi-affine subscripts, several statements,
    /// data subscripts, externs, moves.
    std::set<std::string> classes;
    size_t depth = 0; ///< of the deepest loop
};

/// A kernel of up to four loops, or some stages that read each other.
/// \param forks stages that two others read are among them.
Nest random_nest(std::mt19937& random, bool forks = false);
Nest random_stages(std::mt19937& random, bool forks = false);

/// Values from 0 to 6 for the parameters of the Module; some of them, drawn, if there are more than `most`.
std::vector<lathe::Sizes> small_sizes(const lathe::Module& m, size_t most, std::mt19937& random);

struct RandomCall {
    std::string primitive;
    bool asks = false; ///< its legality is a question about dependences or regions
    std::function<void(lathe::Schedule&)> make;
};

/// A call on loops that stand in the schedule now; nothing if what was drawn has none.
/// \param copies calls that make copies of loops, and that compute Funcs in all of them, are among them.
std::optional<RandomCall> draw_call(const lathe::Schedule& s, const lathe::Algorithm& a, std::mt19937& random,
                                    bool copies = false);
