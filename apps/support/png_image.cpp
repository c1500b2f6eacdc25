#include "support/png_image.h"

#include <cstring>
#include <filesystem>
#include <png.h>
#include <stdexcept>

namespace support {
namespace {

png_image described(int channels) {
    if (channels != 1 && channels != 3) throw std::runtime_error("an image has 1 or 3 channels");
    png_image png;
    std::memset(&png, 0, sizeof png);
    png.version = PNG_IMAGE_VERSION;
    png.format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
    return png;
}

} // namespace

Image read_png(const std::string& path, int channels) {
    png_image png = described(channels);
    const png_uint_32 format = png.format;
    if (!png_image_begin_read_from_file(&png, path.c_str()))
        throw std::runtime_error(path + ": " + png.message);
    png.format = format;
    Image image = {static_cast<int>(png.width), static_cast<int>(png.height), channels,
                   std::vector<uint8_t>(PNG_IMAGE_SIZE(png))};
    if (!png_image_finish_read(&png, nullptr, image.pixels.data(), 0, nullptr)) {
        const std::string reason = png.message;
        png_image_free(&png);
        throw std::runtime_error(path + ": " + reason);
    }
    return image;
}

void write_png(const std::string& path, const Image& image) {
    png_image png = described(image.channels);
    png.width = static_cast<png_uint_32>(image.width);
    png.height = static_cast<png_uint_32>(image.height);
    const std::string part = path + ".part";
    if (!png_image_write_to_file(&png, part.c_str(), 0, image.pixels.data(), 0, nullptr)) {
        std::filesystem::remove(part);
        throw std::runtime_error("cannot write \"" + path + "\": " + png.message);
    }
    std::filesystem::rename(part, path);
}

} // namespace support
