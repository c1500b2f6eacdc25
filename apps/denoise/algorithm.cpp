#include "denoise/algorithm.h"

#include <algorithm>

using namespace lathe;
using namespace filter_constants;

namespace {

using At = Chain::At;

Expr sum_of(int64_t count, const std::function<Expr(int64_t)>& term) {
    Expr sum = term(0);
    for (int64_t n = 1; n < count; ++n)
        sum = sum + term(n);
    return sum;
}

Expr sum_3x3(const At& at, const Picture& p) {
    return sum_of(9, [&](int64_t n) { return at(p, n / 3 - 1, n % 3 - 1); });
}

/// The sum of what `term` gives for the elements above, below, left and right.
Expr sum_around(const std::function<Expr(int64_t dy, int64_t dx)>& term) {
    return term(-1, 0) + term(1, 0) + term(0, -1) + term(0, 1);
}

struct Derivatives {
    Picture x, y;
};

/// Sobel's, of pixels below 256.
Derivatives sobel(Chain& chain, const Picture& p) {
    const Type type = chain.filter().inputs.front().type().is_float() ? Float(32) : Int(11);
    const auto across = [&](const At& at, int64_t dx) -> Expr {
        return at(p, -1, dx) + 2 * at(p, 0, dx) + at(p, 1, dx);
    };
    const auto along = [&](const At& at, int64_t dy) -> Expr {
        return at(p, dy, -1) + 2 * at(p, dy, 0) + at(p, dy, 1);
    };
    return {chain.stage("gx", type, p, {1, 1}, [&](const At& at) { return across(at, 1) - across(at, -1); }),
            chain.stage("gy", type, p, {1, 1}, [&](const At& at) { return along(at, 1) - along(at, -1); })};
}

/// 0: the gradient is along the rows; 1: down and right; 2: along the columns; 3: down and left.
Expr sector_of(const Expr& gx, const Expr& gy) {
    const Expr across = abs(gx), along = abs(gy);
    return select(along * 128 < across * 53, 0, across * 128 < along * 53, 2, (gx > 0) == (gy > 0), 1, 3);
}

/// The magnitude where it is a maximum along the gradient, and 0 elsewhere.
Expr maximum_along(const At& at, const Picture& magnitude, const Picture& sector) {
    const auto towards = [&](int64_t sign) -> Expr {
        const auto there = [&](int64_t dy, int64_t dx) { return at(magnitude, sign * dy, sign * dx); };
        const Expr direction = at(sector, 0, 0);
        return select(direction == 0, there(0, 1), direction == 1, there(1, 1), direction == 2, there(1, 0),
                      there(1, -1));
    };
    const Expr here = at(magnitude, 0, 0);
    return select(here > towards(-1) && here >= towards(1), here, 0);
}

/// One step of total variation.
Picture denoise_step(Chain& chain, const Picture& f, const Picture& u, const std::string& number) {
    const auto apart = [&](const At& at) {
        return [&](int64_t dy, int64_t dx) -> Expr {
            const Expr d = at(u, dy, dx) - at(u, 0, 0);
            return d * d;
        };
    };
    const Picture g = chain.stage("g" + number, Float(32), u, {1, 1},
                                  [&](const At& at) { return 1.0f / sqrt(1.0f + sum_around(apart(at))); });
    return chain.stage("u" + number, Float(32), g, {1, 1}, [&](const At& at) {
        const Expr weighted =
            sum_around([&](int64_t dy, int64_t dx) { return at(g, dy, dx) * at(u, dy, dx); });
        const Expr weights = sum_around([&](int64_t dy, int64_t dx) { return at(g, dy, dx); });
        return (at(f, 0, 0) + weighted * static_cast<float>(diffusion)) /
               (1.0f + weights * static_cast<float>(diffusion));
    });
}

/// The same in fixed point: quotients have as many fraction bits as what is divided.
Picture fixed_denoise_step(Chain& chain, const Picture& f, const Picture& u, Type pixel,
                           const std::string& number) {
    const Picture g = chain.stage("g" + number, UFixed(17, 17), u, {1, 1}, [&](const At& at) {
        const Expr apart =
            sum_around([&](int64_t dy, int64_t dx) { return abs(at(u, dy, dx) - at(u, 0, 0)); });
        return cast(UFixed(18, 17), 1) / cast(UFixed(18, 8), apart + least_gradient);
    });
    const Type out(UFixed(pixel.width(), pixel.frac(), Round::rnd, Overflow::sat));
    return chain.stage("u" + number, out, g, {1, 1}, [&](const At& at) {
        const Expr weighted =
            sum_around([&](int64_t dy, int64_t dx) { return at(g, dy, dx) * at(u, dy, dx); });
        const Expr weights = sum_around([&](int64_t dy, int64_t dx) { return at(g, dy, dx); });
        return cast(UFixed(25, 10), at(f, 0, 0) + weighted * diffusion) /
               cast(UFixed(17, 10), 1 + weights * diffusion);
    });
}

} // namespace

Filter unsharp(Type pixel, Borders borders, int64_t height, int64_t width) {
    Chain chain(borders, height, width);
    const bool real = pixel.is_float();
    const Picture in = chain.input("in", pixel);
    const Picture rows = chain.stage("rows", real ? pixel : UInt(12), in, {0, 2}, [&](const At& at) {
        return sum_of(5, [&](int64_t n) -> Expr { return at(in, 0, n - 2) * binomial[n]; });
    });
    const Picture blur = chain.stage("blur", real ? pixel : UInt(16), rows, {2, 0}, [&](const At& at) {
        return sum_of(5, [&](int64_t n) -> Expr { return at(rows, n - 2, 0) * binomial[n]; });
    });
    chain.stage("out", pixel, blur, {0, 0}, [&](const At& at) -> Expr {
        const Expr here = at(in, 0, 0);
        if (real) return here + 1.5f * (here - at(blur, 0, 0) * (1.0f / 256));
        const Expr detail = here * 256 - at(blur, 0, 0);
        return clamp(here + ((detail * 3 + 256) >> 9), 0, 255);
    });
    return chain.filter();
}

Filter harris(Type pixel, Borders borders, int64_t height, int64_t width) {
    Chain chain(borders, height, width);
    const bool real = pixel.is_float();
    const auto [gx, gy] = sobel(chain, chain.input("in", pixel));
    const auto window_sum = [&](const std::string& name, const Picture& a, const Picture& b, Type product,
                                Type sum) {
        const Picture p = chain.stage(name, real ? pixel : product, a, {0, 0},
                                      [&](const At& at) { return at(a, 0, 0) * at(b, 0, 0); });
        return chain.stage("s" + name, real ? pixel : sum, p, {1, 1},
                           [&](const At& at) { return sum_3x3(at, p); });
    };
    const Picture xx = window_sum("xx", gx, gx, UInt(20), UInt(24)),
                  yy = window_sum("yy", gy, gy, UInt(20), UInt(24)),
                  xy = window_sum("xy", gx, gy, Int(21), Int(25));
    chain.stage("out", real ? pixel : Int(32), xx, {0, 0}, [&](const At& at) -> Expr {
        const Expr a = at(xx, 0, 0), b = at(yy, 0, 0), c = at(xy, 0, 0);
        const Expr det = a * b - c * c, trace = a + b;
        if (real) return det - trace * trace * (3.0f / 64);
        return (det * 64 - trace * trace * 3) >> 26;
    });
    return chain.filter();
}

Filter denoise(Type pixel, Borders borders, int64_t height, int64_t width, int64_t steps) {
    Chain chain(borders, height, width);
    const Picture f = chain.input("f", pixel);
    Picture u = chain.input("u", pixel);
    for (int64_t n = 1; n <= steps; ++n)
        u = pixel.is_float() ? denoise_step(chain, f, u, std::to_string(n))
                             : fixed_denoise_step(chain, f, u, pixel, std::to_string(n));
    return chain.filter();
}

Filter canny(Type pixel, Borders borders, int64_t height, int64_t width) {
    Chain chain(borders, height, width);
    const bool real = pixel.is_float();
    const Picture in = chain.input("in", pixel);
    const Picture blur = chain.stage("blur", pixel, in, {2, 2}, [&](const At& at) -> Expr {
        const Expr sum = sum_of(25, [&](int64_t n) -> Expr {
            return at(in, n / 5 - 2, n % 5 - 2) * (binomial[n / 5] * binomial[n % 5]);
        });
        if (real) return sum * (1.0f / 256);
        return (sum + 128) >> 8;
    });
    const auto [gx, gy] = sobel(chain, blur);
    const Picture magnitude =
        chain.stage("magnitude", real ? pixel : UInt(11), gx, {0, 0},
                    [&](const At& at) { return abs(at(gx, 0, 0)) + abs(at(gy, 0, 0)); });
    const Picture sector = chain.stage("sector", UInt(2), gx, {0, 0},
                                       [&](const At& at) { return sector_of(at(gx, 0, 0), at(gy, 0, 0)); });
    const Picture thin = chain.stage("thin", real ? pixel : UInt(11), magnitude, {1, 1},
                                     [&](const At& at) { return maximum_along(at, magnitude, sector); });
    chain.stage("out", UInt(8), thin, {0, 0}, [&](const At& at) -> Expr {
        const Expr here = at(thin, 0, 0);
        return select(here >= strong_edge, 2, here >= weak_edge, 1, 0);
    });
    return chain.filter();
}

const std::vector<FilterType>& filter_types() {
    static const std::vector<FilterType> all{
        {"unsharp", Float(32)}, {"unsharp", UInt(8)},       {"harris", Float(32)}, {"harris", UInt(8)},
        {"denoise", Float(32)}, {"denoise", UFixed(16, 8)}, {"canny", Float(32)},  {"canny", UInt(8)}};
    return all;
}

Filter filter_named(const std::string& name, Type pixel, Borders borders, int64_t height, int64_t width) {
    std::string types;
    for (const FilterType& t : filter_types()) {
        if (t.filter != name) continue;
        if (t.pixel == pixel)
            return name == "unsharp"  ? unsharp(pixel, borders, height, width)
                   : name == "harris" ? harris(pixel, borders, height, width)
                   : name == "canny"  ? canny(pixel, borders, height, width)
                                      : denoise(pixel, borders, height, width, 1);
        types += (types.empty() ? "" : " or ") + t.pixel.str();
    }
    if (types.empty()) ir::fail({}, "there is no filter {}", name);
    ir::fail({}, "{} is for {}, not {}", name, types, pixel.str());
}
