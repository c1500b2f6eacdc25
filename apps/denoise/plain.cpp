#include "denoise/plain.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

using namespace lathe;
using namespace filter_constants;

namespace {

/// An image that may be read beyond its edges. Without borders it is computed as if the edge were repeated,
/// and what that has changed is cut off at the end.
template <class T> class Plane {
  public:
    Plane(int64_t h, int64_t w, Borders b)
        : height(h), width(w), borders(b), points(static_cast<size_t>(h * w)) {}

    int64_t rows() const { return height; }
    int64_t columns() const { return width; }
    T& point(int64_t y, int64_t x) { return points[static_cast<size_t>(y * width + x)]; }
    T operator()(int64_t y, int64_t x) const {
        const bool inside = y >= 0 && y < height && x >= 0 && x < width;
        if (!inside && borders == Borders::constant) return 0;
        return points[static_cast<size_t>(place(y, height) * width + place(x, width))];
    }
    /// The same size, and of each point what `value` says.
    template <class U = T> Plane<U> map(const auto& value) const {
        Plane<U> result(height, width, borders);
        for (int64_t y = 0; y < height; ++y)
            for (int64_t x = 0; x < width; ++x)
                result.point(y, x) = static_cast<U>(value(y, x));
        return result;
    }

  private:
    int64_t place(int64_t i, int64_t n) const {
        if (borders == Borders::mirror) return i < 0 ? -1 - i : i >= n ? 2 * n - 1 - i : i;
        if (borders == Borders::mirror_interior) return i < 0 ? -i : i >= n ? 2 * n - 2 - i : i;
        return std::clamp<int64_t>(i, 0, n - 1);
    }

    int64_t height, width;
    Borders borders;
    std::vector<T> points;
};

constexpr int64_t around[4][2] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}};

template <class T> Plane<T> plain_unsharp(const Plane<T>& in) {
    const Plane<T> rows = in.map([&](int64_t y, int64_t x) {
        return in(y, x - 2) + in(y, x - 1) * 4 + in(y, x) * 6 + in(y, x + 1) * 4 + in(y, x + 2);
    });
    const Plane<T> blur = rows.map([&](int64_t y, int64_t x) {
        return rows(y - 2, x) + rows(y - 1, x) * 4 + rows(y, x) * 6 + rows(y + 1, x) * 4 + rows(y + 2, x);
    });
    return in.map([&](int64_t y, int64_t x) {
        if constexpr (std::is_floating_point_v<T>)
            return in(y, x) + 1.5f * (in(y, x) - blur(y, x) / 256);
        else
            return std::clamp<T>(in(y, x) + ((3 * (256 * in(y, x) - blur(y, x)) + 256) >> 9), 0, 255);
    });
}

template <class T> Plane<T> plain_gx(const Plane<T>& in) {
    return in.map([&](int64_t y, int64_t x) {
        return (in(y - 1, x + 1) + 2 * in(y, x + 1) + in(y + 1, x + 1)) -
               (in(y - 1, x - 1) + 2 * in(y, x - 1) + in(y + 1, x - 1));
    });
}

template <class T> Plane<T> plain_gy(const Plane<T>& in) {
    return in.map([&](int64_t y, int64_t x) {
        return (in(y + 1, x - 1) + 2 * in(y + 1, x) + in(y + 1, x + 1)) -
               (in(y - 1, x - 1) + 2 * in(y - 1, x) + in(y - 1, x + 1));
    });
}

/// What lies beyond the edges is the products', as of every stage.
template <class T> Plane<T> window_sum(const Plane<T>& a, const Plane<T>& b) {
    const Plane<T> p = a.map([&](int64_t y, int64_t x) { return a(y, x) * b(y, x); });
    return p.map([&](int64_t y, int64_t x) {
        T sum = p(y - 1, x - 1);
        for (int n = 1; n < 9; ++n)
            sum += p(y + n / 3 - 1, x + n % 3 - 1);
        return sum;
    });
}

template <class T> Plane<T> plain_harris(const Plane<T>& in) {
    const Plane<T> gx = plain_gx(in), gy = plain_gy(in);
    const Plane<T> xx = window_sum(gx, gx), yy = window_sum(gy, gy), xy = window_sum(gx, gy);
    return in.map([&](int64_t y, int64_t x) {
        const T det = xx(y, x) * yy(y, x) - xy(y, x) * xy(y, x), trace = xx(y, x) + yy(y, x);
        if constexpr (std::is_floating_point_v<T>)
            return det - trace * trace * 0.046875f;
        else
            return (64 * det - 3 * trace * trace) >> 26;
    });
}

template <class T> Plane<T> plain_canny(const Plane<T>& in) {
    const Plane<T> blur = in.map([&](int64_t y, int64_t x) {
        T sum = in(y - 2, x - 2);
        for (int n = 1; n < 25; ++n)
            sum += in(y + n / 5 - 2, x + n % 5 - 2) * static_cast<T>(binomial[n / 5] * binomial[n % 5]);
        if constexpr (std::is_floating_point_v<T>)
            return sum / 256;
        else
            return (sum + 128) / 256;
    });
    const Plane<T> gx = plain_gx(blur), gy = plain_gy(blur);
    const Plane<T> magnitude =
        in.map([&](int64_t y, int64_t x) { return std::abs(gx(y, x)) + std::abs(gy(y, x)); });
    return in.map([&](int64_t y, int64_t x) -> T {
        const T a = std::abs(gx(y, x)), b = std::abs(gy(y, x)), here = magnitude(y, x);
        int dy = 1, dx = 1;
        if (128 * b < 53 * a)
            dy = 0;
        else if (128 * a < 53 * b)
            dx = 0;
        else if ((gx(y, x) > 0) != (gy(y, x) > 0))
            dx = -1;
        if (here <= magnitude(y - dy, x - dx) || here < magnitude(y + dy, x + dx)) return 0;
        return static_cast<T>(here >= strong_edge ? 2 : here >= weak_edge ? 1 : 0);
    });
}

Plane<float> plain_denoise(const Plane<float>& f, const Plane<float>& u) {
    const Plane<float> g = u.map([&](int64_t y, int64_t x) {
        float sum = 0;
        for (const auto [dy, dx] : around) {
            const float apart = u(y + dy, x + dx) - u(y, x);
            sum += apart * apart;
        }
        return 1 / std::sqrt(1 + sum);
    });
    return u.map([&](int64_t y, int64_t x) {
        float weighted = 0, weights = 0;
        for (const auto [dy, dx] : around) {
            weighted += g(y + dy, x + dx) * u(y + dy, x + dx);
            weights += g(y + dy, x + dx);
        }
        return (f(y, x) + weighted * diffusion) / (1 + weights * diffusion);
    });
}

/// Pixels in 1/256; weights in 2^−17; fractions are cut off, but for the last one.
Plane<int64_t> plain_denoise(const Plane<int64_t>& f, const Plane<int64_t>& u) {
    const Plane<int64_t> g = u.map([&](int64_t y, int64_t x) {
        int64_t sum = least_gradient * 256;
        for (const auto [dy, dx] : around)
            sum += std::abs(u(y + dy, x + dx) - u(y, x));
        return (int64_t{1} << 25) / sum;
    });
    return u.map([&](int64_t y, int64_t x) {
        int64_t weighted = 0, weights = 0;
        for (const auto [dy, dx] : around) {
            weighted += g(y + dy, x + dx) * u(y + dy, x + dx);
            weights += g(y + dy, x + dx);
        }
        const int64_t above = ((f(y, x) << 17) + weighted * diffusion) >> 15,
                      below = ((1 << 17) + weights * diffusion) >> 7;
        return std::min<int64_t>((above * 1024 / below + 2) >> 2, 0xffff);
    });
}

template <class T> Plane<T> plane_of(const AnyBuffer& b, Borders borders) {
    Plane<T> p(b.extent(0), b.extent(1), borders);
    for (int64_t y = 0; y < p.rows(); ++y)
        for (int64_t x = 0; x < p.columns(); ++x) {
            const Value v = b.get({y, x});
            if constexpr (std::is_floating_point_v<T>)
                p.point(y, x) = static_cast<T>(v.as_double());
            else
                p.point(y, x) = v.raw().get_si();
        }
    return p;
}

template <class T> AnyBuffer cut(const Plane<T>& p, Type type, int64_t margin) {
    AnyBuffer b(type, {p.rows() - 2 * margin, p.columns() - 2 * margin});
    for (int64_t y = 0; y < b.extent(0); ++y)
        for (int64_t x = 0; x < b.extent(1); ++x) {
            const T v = p(y + margin, x + margin);
            if constexpr (std::is_floating_point_v<T>)
                b.set({y, x}, Value::from_double(type.is_float() ? type : Float(32), v));
            else
                b.set({y, x}, Value::from_raw(type, v));
        }
    return b;
}

template <class T>
AnyBuffer run(const std::string& name, Type pixel, Borders borders, const std::vector<AnyBuffer>& inputs) {
    const Plane<T> in = plane_of<T>(inputs.front(), borders);
    const auto result = [&](const Plane<T>& p, Type type, int64_t margin) {
        return cut(p, type, borders == Borders::valid ? margin : 0);
    };
    if (name == "unsharp") return result(plain_unsharp(in), pixel, 2);
    if (name == "harris") return result(plain_harris(in), pixel.is_float() ? pixel : Int(32), 2);
    if (name == "canny") return result(plain_canny(in), UInt(8), 4);
    const Type out = pixel.is_float() ? pixel : UFixed(16, 8, Round::rnd, Overflow::sat);
    return result(plain_denoise(in, plane_of<T>(inputs.back(), borders)), out, 2);
}

} // namespace

AnyBuffer plain_filter(const std::string& name, Type pixel, Borders borders,
                       const std::vector<AnyBuffer>& inputs) {
    return pixel.is_float() ? run<float>(name, pixel, borders, inputs)
                            : run<int64_t>(name, pixel, borders, inputs);
}
