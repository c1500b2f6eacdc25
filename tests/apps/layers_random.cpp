/// Convolutions and pools with random sizes, strides, paddings, dilations and groups against plain loops.

#include "program.h"

#include <lathe/nn/layers.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

using Sizes = std::array<int64_t, 2>; ///< rows, then columns

/// What conv2d and pools have in common.
struct Windows {
    Sizes image, window;
    nn::Pair stride, padding, dilation = {1, 1};

    int64_t places(size_t d) const {
        return (image[d] + 2 * padding[d] - dilation[d] * (window[d] - 1) - 1) / stride[d] + 1;
    }
    /// The place in the image that window (y, x) has at (i, j); none outside.
    std::optional<Sizes> at(int64_t y, int64_t x, int64_t i, int64_t j) const {
        const Sizes p = {y * stride[0] - padding[0] + i * dilation[0],
                         x * stride[1] - padding[1] + j * dilation[1]};
        const bool inside = p[0] >= 0 && p[0] < image[0] && p[1] >= 0 && p[1] < image[1];
        return inside ? std::optional(p) : std::nullopt;
    }
};

int below(std::mt19937& random, int n) {
    return static_cast<int>(random() % static_cast<unsigned>(n));
}

Windows random_windows(std::mt19937& random, bool convolution) {
    Windows w;
    for (size_t d : {0, 1}) {
        w.window[d] = 1 + below(random, 4);
        w.stride[d] = 1 + below(random, 3);
        w.padding[d] = below(random, convolution ? 4 : static_cast<int>(w.window[d]));
        if (convolution) w.dilation[d] = 1 + below(random, 3);
        const int64_t least = w.dilation[d] * (w.window[d] - 1) + 1 - 2 * w.padding[d];
        w.image[d] = std::max<int64_t>(least, 1) + below(random, 9);
    }
    return w;
}

AnyBuffer random_numbers(Type type, const std::vector<int64_t>& shape, std::mt19937& random) {
    AnyBuffer b(type, shape);
    const size_t width = element_bytes(type);
    for (int64_t n = 0; n < b.size(); ++n) {
        const double number = below(random, type.is_signed() ? 15 : 8) - (type.is_signed() ? 7 : 0);
        store_element(type, b.data() + static_cast<size_t>(n) * width,
                      cast(type, Value::from_double(Float(64), number)));
    }
    return b;
}

/// Whole numbers, which every type of these tests holds.
template <class F> AnyBuffer computed(Type type, const std::vector<int64_t>& shape, F element) {
    AnyBuffer b(type, shape);
    for (int64_t n = 0; n < shape[0]; ++n)
        for (int64_t c = 0; c < shape[1]; ++c)
            for (int64_t y = 0; y < shape[2]; ++y)
                for (int64_t x = 0; x < shape[3]; ++x)
                    b.set({n, c, y, x}, cast(type, Value::from_double(Float(64), element(n, c, y, x))));
    return b;
}

/// An image whose sizes are known at run time, or constants.
Input image_of(Type type, int64_t n, int64_t c, const Windows& w, bool open) {
    const Param N("N"), H("H"), W("W");
    return open ? Input("in", type, {N, c, H, W}) : Input("in", type, {n, c, w.image[0], w.image[1]});
}

void expect_layer(const std::vector<Input>& inputs, const nn::Layer& l, const Case& c) {
    Schedule s(inputs, {l.out});
    nn::schedule(s, l);
    INFO(print(s));
    const JitFunction compiled = jit(s);
    expect_run("interpreter", [&](auto& a, auto& p) { interpret(s.reference(), a, p); }, c.inputs, c.expected,
               {});
    expect_run("machine code", [&](auto& a, auto& p) { compiled.call(a, p); }, c.inputs, c.expected, {});
}

} // namespace

TEST_CASE("layers: random convolutions") {
    for (unsigned seed = 0; seed < (deep() ? 400u : 25u); ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        const Windows w = random_windows(random, true);
        const Type in_type = std::array{Int(8), UInt(4), Float(32), Fixed(10, 2)}[random() % 4],
                   weight_type = in_type.is_float() ? in_type : Int(5);
        const int64_t n = 1 + below(random, 2), groups = 1 + below(random, 3), c = 1 + below(random, 3),
                      o = 1 + below(random, 3);
        const bool biased = below(random, 2) == 0;
        const Input in = image_of(in_type, n, c * groups, w, below(random, 2) == 0),
                    weights("weights", weight_type, {o * groups, c, w.window[0], w.window[1]}),
                    bias("bias", weight_type, {o * groups});
        const nn::Conv2d options = {.stride = w.stride,
                                    .padding = w.padding,
                                    .dilation = w.dilation,
                                    .groups = static_cast<int>(groups)};
        const auto with_bias = biased ? std::optional<nn::Values>(bias) : std::nullopt;
        const bool depthwise = c == 1 && below(random, 2) == 0;
        nn::Conv2d other = options;
        other.groups = 7; // depthwise_conv2d says how many
        const nn::Layer l = depthwise ? nn::depthwise_conv2d("out", in, weights, with_bias, other)
                                      : nn::conv2d("out", in, weights, with_bias, options);
        const AnyBuffer a = random_numbers(in_type, {n, c * groups, w.image[0], w.image[1]}, random),
                        k = random_numbers(weight_type, {o * groups, c, w.window[0], w.window[1]}, random),
                        b = random_numbers(weight_type, {o * groups}, random);
        const AnyBuffer e =
            computed(l.out.type(), {n, o * groups, w.places(0), w.places(1)},
                     [&](int64_t image, int64_t to, int64_t y, int64_t x) {
                         double sum = biased ? b.get({to}).as_double() : 0;
                         for (int64_t from = 0; from < c; ++from)
                             for (int64_t i = 0; i < w.window[0]; ++i)
                                 for (int64_t j = 0; j < w.window[1]; ++j)
                                     if (const auto p = w.at(y, x, i, j))
                                         sum +=
                                             k.get({to, from, i, j}).as_double() *
                                             a.get({image, to / o * c + from, (*p)[0], (*p)[1]}).as_double();
                         return sum;
                     });
        if (biased)
            expect_layer({in, weights, bias}, l, {{a, k, b}, {e}});
        else
            expect_layer({in, weights}, l, {{a, k}, {e}});
    }
}

TEST_CASE("layers: random pools") {
    for (unsigned seed = 0; seed < (deep() ? 400u : 25u); ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        const Windows w = random_windows(random, false);
        const Type type = std::array{Int(8), UInt(4), Float(32), Fixed(10, 2)}[random() % 4];
        const int64_t n = 1 + below(random, 2), c = 1 + below(random, 3);
        const Input in = image_of(type, n, c, w, below(random, 2) == 0);
        const nn::Pool options = {.size = {static_cast<int>(w.window[0]), static_cast<int>(w.window[1])},
                                  .stride = w.stride,
                                  .padding = w.padding};
        const nn::Layer most = nn::max_pool("most", in, options),
                        mean = nn::average_pool("mean", in, options);
        const AnyBuffer a = random_numbers(type, {n, c, w.image[0], w.image[1]}, random);
        const std::vector<int64_t> shape = {n, c, w.places(0), w.places(1)};
        const auto window = [&](int64_t image, int64_t channel, int64_t y, int64_t x) {
            std::vector<double> inside;
            for (int64_t i = 0; i < w.window[0]; ++i)
                for (int64_t j = 0; j < w.window[1]; ++j)
                    if (const auto p = w.at(y, x, i, j))
                        inside.push_back(a.get({image, channel, (*p)[0], (*p)[1]}).as_double());
            return inside;
        };
        const AnyBuffer greatest =
            computed(most.out.type(), shape, [&](auto... at) { return std::ranges::max(window(at...)); });
        const AnyBuffer average = computed(mean.out.type(), shape, [&](auto... at) {
            double sum = 0;
            for (const double x : window(at...))
                sum += x;
            const auto count = static_cast<double>(w.window[0] * w.window[1]);
            if (type.is_float())
                return static_cast<double>(static_cast<float>(sum) / static_cast<float>(count));
            const double unit = std::ldexp(1, mean.out.type().is_fixed() ? mean.out.type().frac() : 0);
            return std::trunc(sum * unit / count) / unit; // as exact numbers are divided
        });
        expect_layer({in}, most, {{a}, {greatest}});
        expect_layer({in}, mean, {{a}, {average}});
    }
}
