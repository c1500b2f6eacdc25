#pragma once
/// \file What k-means groups: the pixels of digits, or random points; in integers and in fixed point.

#include "support/idx.h"

#include <lathe/lathe.h>

struct Points {
    lathe::AnyBuffer points; ///< {count, dimensions}
    lathe::AnyBuffer means;  ///< {means, dimensions}: some of the points
};

/// The first digits' pixels: a shade from 0 to 255 as an integer, or as that shade / 256 in fixed point,
/// rounded as the type says. \throws Error for a type of more than 32 bits, or in which the darkest shade is
/// not itself (fixed point: does not lie below 1).
Points pixel_points(const support::LabelledImages& digits, lathe::Type type, int64_t count, int64_t means,
                    unsigned seed);

/// Coordinates of which every number of the type is equally likely. \throws Error for a type that is no
/// integer or fixed point of at most 32 bits.
Points random_points(lathe::Type type, int64_t count, int64_t dimensions, int64_t means, unsigned seed);
