#pragma once
/// \file 8-bit PNG files.

#include <cstdint>
#include <string>
#include <vector>

namespace support {

/// Rows from the top, pixels from the left, `channels` bytes each (1 gray, 3 RGB).
struct Image {
    int width = 0, height = 0, channels = 1;
    std::vector<uint8_t> pixels;
    uint8_t& at(int y, int x, int c = 0) {
        return pixels[(static_cast<size_t>(y) * width + x) * channels + c];
    }
    uint8_t at(int y, int x, int c = 0) const { return const_cast<Image*>(this)->at(y, x, c); }
};

/// Reads a PNG of any kind as gray (channels 1) or RGB (channels 3). \throws std::runtime_error with the path
/// and the reason
Image read_png(const std::string& path, int channels);
/// Writes the file whole or not at all. \throws std::runtime_error
void write_png(const std::string& path, const Image& image);

} // namespace support
