#pragma once
/// \file Smith-Waterman: how well two sequences of bases match somewhere, for many pairs at once.

#include <lathe/lathe.h>

/// What a pair of bases and a gap add to a score.
struct Scores {
    int match = 2, mismatch = -1, gap = -1;
};

struct SmithWaterman {
    lathe::Input a, b; ///< UInt(2) [position, pair]: the pairs lie side by side, for vectors
    lathe::Func H, score;
    lathe::Var p;
    lathe::RDom cell, all;
};

/// score(p) = the greatest H(i, j, p), where H(i, j, p) = max(0, H(i−1, j−1, p) + score of a(i−1), b(j−1),
/// H(i−1, j, p) + gap, H(i, j−1, p) + gap) and 0 at the edges. (Smith and Waterman, 1981, with a linear gap.)
SmithWaterman smith_waterman(const Scores& scores = {});

lathe::Schedule cpu_schedule(const SmithWaterman& s, const lathe::Target& target);
/// `pairs` pairs of `length` bases.
lathe::Schedule vitis_schedule(const SmithWaterman& s, int64_t length, int64_t pairs);
