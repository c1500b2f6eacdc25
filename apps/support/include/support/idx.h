#pragma once
/// \file IDX files (MNIST's format), packed by gzip or not.

#include <cstdint>
#include <string>
#include <vector>

namespace support {

/// An IDX file's sizes and bytes.
struct Idx {
    std::vector<int64_t> sizes;
    std::vector<uint8_t> bytes;
};

/// Reads a file of unsigned bytes of this rank. \throws lathe::Error with the path and the reason when it
/// cannot be read, is of another format, or is shorter or longer than it says; one of gzip also when its
/// check sum is another, it is cut, or something stands behind it.
Idx read_idx(const std::string& path, size_t rank);

/// Digits and what they are.
struct LabelledImages {
    Idx images; ///< {count, 28, 28}
    std::vector<uint8_t> labels;
    int64_t count() const { return images.sizes[0]; }
};

/// PREFIX-images.idx3.gz and PREFIX-labels.idx1.gz. \throws lathe::Error also when they do not fit, or hold
/// no digit at all.
LabelledImages read_digit_files(const std::string& prefix);

} // namespace support
