#pragma once
/// \file K-means: `rounds` times each point joins the nearest mean, and each mean becomes the mean of those
/// that joined it.

#include <lathe/lathe.h>

struct KMeans {
    lathe::Input points;  ///< {N, D}
    lathe::InOut means;   ///< {K, D}: at first any, at last the result
    lathe::Output joined; ///< {N}: Int(16)
    lathe::Var round, n, k, d;
    lathe::Var e; ///< of the distance from a mean
    lathe::Kernel kernel;
};

/// Points of an exact type. Sums are exact; a mean is rounded as the type says (integers toward zero), and
/// one that nobody joined stays. Of equally near means the first counts.
KMeans kmeans(lathe::Type point, int64_t points, int64_t dimensions, int64_t means, int64_t rounds);

lathe::Schedule cpu_schedule(const KMeans& k);
lathe::Schedule vitis_schedule(const KMeans& k);
