#include "denoise/montage.h"

#include <algorithm>
#include <cmath>
#include <random>

using namespace lathe;
using support::Image;

namespace {

uint8_t byte_of(double value) {
    return static_cast<uint8_t>(std::clamp(std::floor(value + 0.5), 0.0, 255.0));
}

Image black(int height, int width) {
    Image image = {width, height, 1, {}};
    image.pixels.assign(static_cast<size_t>(height) * static_cast<size_t>(width), 0);
    return image;
}

bool is_corner(const AnyBuffer& response, int64_t y, int64_t x, double least) {
    const double here = response.get({y, x}).as_double();
    if (here < least) return false;
    for (int64_t n = 0; n < 9; ++n)
        if (response.get({y + n / 3 - 1, x + n % 3 - 1}).as_double() > here) return false;
    return true;
}

} // namespace

AnyBuffer pixels_of(const Image& image, Type pixel) {
    AnyBuffer result(pixel, {image.height, image.width});
    for (int y = 0; y < image.height; ++y)
        for (int x = 0; x < image.width; ++x)
            result.set({y, x}, Value::from_raw(UInt(8), image.at(y, x)));
    return result;
}

Image part_of(const Image& image, int height, int width) {
    if (image.height < height || image.width < width)
        ir::fail({}, "the image has {} × {} pixels, and {} × {} are needed", image.height, image.width,
                 height, width);
    const int top = (image.height - height) / 2, left = (image.width - width) / 2;
    Image part = black(height, width);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            part.at(y, x) = image.at(top + y, left + x);
    return part;
}

Image with_noise(const Image& image, double deviation) {
    Image noisy = image;
    std::mt19937 random(11);
    for (uint8_t& p : noisy.pixels) {
        double sum = -6; // of twelve uniform numbers: deviation 1
        for (int n = 0; n < 12; ++n)
            sum += static_cast<double>(random()) / 4294967296.0;
        p = byte_of(p + deviation * sum);
    }
    return noisy;
}

double signal_to_noise(const Image& image, const Image& other) {
    double squares = 0;
    for (size_t n = 0; n < image.pixels.size(); ++n) {
        const double apart = double(image.pixels[n]) - other.pixels[n];
        squares += apart * apart;
    }
    return 10 * std::log10(255.0 * 255 * static_cast<double>(image.pixels.size()) / squares);
}

Image image_of(const AnyBuffer& b, double factor) {
    Image image = black(static_cast<int>(b.extent(0)), static_cast<int>(b.extent(1)));
    for (int y = 0; y < image.height; ++y)
        for (int x = 0; x < image.width; ++x)
            image.at(y, x) = byte_of(b.get({y, x}).as_double() * factor);
    return image;
}

Image corners_on(const Image& image, const AnyBuffer& response) {
    double most = 0;
    for (int y = 0; y < image.height; ++y)
        for (int x = 0; x < image.width; ++x)
            most = std::max(most, response.get({y, x}).as_double());
    Image marked = image;
    for (uint8_t& p : marked.pixels)
        p = static_cast<uint8_t>(p / 2);
    for (int y = 2; y < image.height - 2; ++y)
        for (int x = 2; x < image.width - 2; ++x) {
            if (!is_corner(response, y, x, std::max(1.0, most / 100))) continue;
            for (int n = 0; n < 25; ++n)
                if (n / 5 % 4 == 0 || n % 5 % 4 == 0) marked.at(y + n / 5 - 2, x + n % 5 - 2) = 255;
        }
    return marked;
}

Image montage(const std::vector<Image>& images) {
    constexpr int across = 3, gap = 6;
    const int height = images.front().height, width = images.front().width;
    const int down = (static_cast<int>(images.size()) + across - 1) / across;
    Image all = black(down * (height + gap) - gap, across * (width + gap) - gap);
    for (uint8_t& p : all.pixels)
        p = 255;
    for (int n = 0; n < static_cast<int>(images.size()); ++n)
        for (int y = 0; y < height; ++y)
            for (int x = 0; x < width; ++x)
                all.at(n / across * (height + gap) + y, n % across * (width + gap) + x) =
                    images[static_cast<size_t>(n)].at(y, x);
    return all;
}
