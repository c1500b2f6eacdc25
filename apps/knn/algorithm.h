#pragma once
/// \file Handwritten digits by their three nearest neighbours: a digit is 14 × 14 black or white pixels, a
/// UInt(196), and the distance of two is the number of pixels in which they differ.

#include <lathe/lathe.h>

struct Knn {
    lathe::Input train, labels, test;
    lathe::Func digit;
    lathe::Var n;
    lathe::RDom m;
};

/// digit(n): the label that two of the three nearest of train have, else that of the nearest. Of equally far
/// ones the first counts.
Knn knn();

lathe::Schedule cpu_schedule(const Knn& k);
/// `images` digits to find among `known` ones.
lathe::Schedule vitis_schedule(const Knn& k, int64_t images, int64_t known);
