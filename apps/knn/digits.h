#pragma once
/// \file The digits data: MNIST's IDX format, packed by gzip.

#include <lathe/ir/buffer.h>
#include <string>

struct Digits {
    lathe::AnyBuffer pixels; ///< UInt(196), one for each image
    lathe::AnyBuffer labels; ///< UInt(4)
};

/// Reads PREFIX-images.idx3.gz and PREFIX-labels.idx1.gz. Four pixels of an image of 28 × 28 become one,
/// which is black when they are dark enough on average. \throws lathe::Error with the path and the reason.
Digits read_digits(const std::string& prefix);
