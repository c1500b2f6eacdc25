#pragma once
/// \file Handwritten digits by their three nearest neighbours: a digit is 14 × 14 black or white pixels, a
/// UInt(196), and the distance of two is the number of pixels in which they differ.

#include <lathe/lathe.h>

struct Knn {
    lathe::Var n, m;    ///< the loops over the digits to find and over the known ones
    lathe::Input train; ///< the known ones
    lathe::Kernel kernel;
};

/// knn(train, labels, test, digit): digit(n) is the label that two of the three nearest of train have, else
/// that of the nearest. Of equally far ones the first counts.
Knn knn();

lathe::Schedule cpu_schedule(const Knn& k);
/// `images` digits to find among `known` ones.
lathe::Schedule vitis_schedule(const Knn& k, int64_t images, int64_t known);
