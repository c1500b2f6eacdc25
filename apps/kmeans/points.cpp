#include "kmeans/points.h"

#include <array>
#include <cstring>
#include <random>

using namespace lathe;

namespace {

void check_type(Type type) {
    constexpr int most = 32;
    if (!(type.is_int() || type.is_fixed()) || type.width() > most)
        ir::fail({}, "points are integers or fixed-point numbers of at most {} bits, not {}", most,
                 type.str());
}

/// All shades as numbers of the type.
std::array<Value, 256> shades_of(Type type) {
    std::array<Value, 256> shades;
    for (int shade = 0; shade < 256; ++shade) {
        const double number = type.is_fixed() ? shade / 256.0 : shade;
        shades[static_cast<size_t>(shade)] = ir::cast(type, Value::from_double(Float(32), number));
    }
    const double darkest = shades.back().as_double();
    if (type.is_fixed() ? darkest < 0.5 || darkest > 1 : darkest != 255)
        ir::fail({}, "{} does not hold pixels: an integer holds 0 to 255, fixed point 0 to 255/256",
                 type.str());
    return shades;
}

/// Some of the points, at random.
AnyBuffer some_of(const AnyBuffer& points, int64_t means, std::mt19937& random) {
    const int64_t count = points.extent(0), dimensions = points.extent(1);
    AnyBuffer some(points.type(), {means, dimensions});
    const size_t row = static_cast<size_t>(dimensions) * ir::element_bytes(points.type());
    for (int64_t m = 0; m < means; ++m)
        std::memcpy(some.data() + static_cast<size_t>(m) * row,
                    points.data() + random() % static_cast<size_t>(count) * row, row);
    return some;
}

} // namespace

Points pixel_points(const support::LabelledImages& digits, Type type, int64_t count, int64_t means,
                    unsigned seed) {
    check_type(type);
    const std::array<Value, 256> shades = shades_of(type);
    constexpr int64_t pixels = 28 * 28;
    AnyBuffer points(type, {count, pixels});
    const size_t width = ir::element_bytes(type);
    for (size_t n = 0; n < static_cast<size_t>(count * pixels); ++n)
        ir::store_element(type, points.data() + n * width, shades[digits.images.bytes[n]]);
    std::mt19937 random(seed);
    return {points, some_of(points, means, random)};
}

Points random_points(Type type, int64_t count, int64_t dimensions, int64_t means, unsigned seed) {
    check_type(type);
    std::mt19937 random(seed);
    AnyBuffer points(type, {count, dimensions});
    const size_t width = ir::element_bytes(type);
    for (size_t n = 0; n < static_cast<size_t>(count * dimensions); ++n) {
        const mpz_class bits = static_cast<unsigned long>(random() >> (32 - type.width()));
        ir::store_element(type, points.data() + n * width, Value::from_bits(type, bits));
    }
    return {points, some_of(points, means, random)};
}
