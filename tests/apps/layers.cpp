/// The layer library against plain C++ loops.

#include "program.h"

#include <cmath>
#include <lathe/nn/layers.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

using Bytes = Buffer<int8_t>;

Bytes bytes(std::vector<int64_t> shape, unsigned seed) {
    return random_buffer<int8_t>(std::move(shape), -128, 127, seed);
}

/// The algorithm as it stands and with the layers' default schedules.
void expect_layers(const std::vector<Input>& inputs, const std::vector<nn::Layer>& layers,
                   const std::vector<Case>& cases) {
    Schedule plain(inputs, {layers.back().out});
    expect(plain, cases);
    Schedule scheduled = plain;
    for (const nn::Layer& l : layers)
        nn::schedule(scheduled, l);
    expect(scheduled, cases);
}

struct Convolution {
    int64_t n, c, h, w, o, k;
    nn::Conv2d options;
};

Case convolution_case(const Convolution& v, const AnyBuffer& e, const Bytes& a, const Bytes& k,
                      const Buffer<int16_t>& b) {
    const auto& [stride, padding, dilation, groups, type] = v.options;
    const int64_t inputs = v.c / groups, outputs = v.o / groups;
    for (int64_t n = 0; n < v.n; ++n)
        for (int64_t o = 0; o < v.o; ++o)
            for (int64_t y = 0; y < e.extent(2); ++y)
                for (int64_t x = 0; x < e.extent(3); ++x) {
                    int64_t sum = b(o);
                    for (int64_t c = 0; c < inputs; ++c)
                        for (int64_t i = 0; i < v.k; ++i)
                            for (int64_t j = 0; j < v.k; ++j) {
                                const int64_t p = y * stride[0] - padding[0] + i * dilation[0],
                                              q = x * stride[1] - padding[1] + j * dilation[1];
                                if (p >= 0 && p < v.h && q >= 0 && q < v.w)
                                    sum += k(o, c, i, j) * a(n, o / outputs * inputs + c, p, q);
                            }
                    AnyBuffer(e).set({n, o, y, x}, Value::from_raw(e.type(), sum));
                }
    return {{a, k, b}, {e}};
}

} // namespace

TEST_CASE("layers: convolutions with strides, padding, dilation and groups") {
    const std::vector<Convolution> all = {
        {2, 3, 6, 9, 4, 3, {}},
        {1, 2, 8, 7, 3, 3, {.stride = {2, 1}, .padding = {1, 2}}},
        {1, 1, 9, 9, 2, 3, {.padding = {0, 1}, .dilation = {2, 3}}},
        {1, 4, 5, 6, 6, 2, {.stride = {2, 2}, .groups = 2}},
        {1, 3, 4, 20, 3, 1, {}},
    };
    for (const Convolution& v : all) {
        const Input in("in", Int(8), {v.n, v.c, v.h, v.w}), bias("bias", Int(16), {v.o}),
            weights("weights", Int(8), {v.o, v.c / v.options.groups, v.k, v.k});
        const nn::Layer l = nn::conv2d("conv", in, weights, nn::Values(bias), v.options);
        AnyBuffer e(l.out.type(),
                    buffer_for(Schedule(l.out).module().top().arguments.back().tensor, {}).shape());
        expect_layers({in, weights, bias}, {l},
                      {convolution_case(v, e, bytes({v.n, v.c, v.h, v.w}, 1),
                                        bytes({v.o, v.c / v.options.groups, v.k, v.k}, 2),
                                        random_buffer<int16_t>({v.o}, -1000, 1000, 3))});
    }
    const Input in("in", Int(8), {1, 4, 5, 5}), weights("weights", Int(8), {8, 1, 3, 3}),
        bias("bias", Int(16), {8});
    const nn::Layer l = nn::depthwise_conv2d("depth", in, weights, nn::Values(bias), {.padding = {1, 1}});
    const Convolution v = {1, 4, 5, 5, 8, 3, {.padding = {1, 1}, .groups = 4}};
    AnyBuffer e(l.out.type(), {1, 8, 5, 5});
    expect_layers({in, weights, bias}, {l},
                  {convolution_case(v, e, bytes({1, 4, 5, 5}, 4), bytes({8, 1, 3, 3}, 5),
                                    random_buffer<int16_t>({8}, -9, 9, 6))});
}

TEST_CASE("layers: dense, relu and requantize, with sizes known at run time") {
    const Param N("N");
    const Input in("in", Int(8), {N, 12}), weights("weights", Int(8), {12, 21}),
        scale("scale", Float(32), {21});
    for (const auto rounding : {nn::Rounding::onnx, nn::Rounding::amd})
        for (const bool channels : {false, true}) {
            const nn::Layer sum = nn::dense("sum", in, weights), act = nn::relu("act", sum);
            const nn::Layer out = channels ? nn::requantize("out", act, scale, -3, Int(8), rounding)
                                           : nn::requantize("out", act, 1 / 128.0, -3, Int(8), rounding);
            std::vector<Case> cases;
            for (const int64_t n : {1, 5}) {
                const Bytes a = bytes({n, 12}, 7), w = bytes({12, 21}, 8);
                Bytes e({n, 21});
                Buffer<float> s({21});
                for (int64_t o = 0; o < 21; ++o)
                    s(o) = static_cast<float>(o + 1) / 1024;
                for (int64_t i = 0; i < n; ++i)
                    for (int64_t o = 0; o < 21; ++o) {
                        int total = 0;
                        for (int64_t k = 0; k < 12; ++k)
                            total += a(i, k) * w(k, o);
                        const double x =
                            std::max(total, 0) * (channels ? static_cast<double>(s(o)) : 1 / 128.0);
                        const double q =
                            rounding == nn::Rounding::onnx ? std::nearbyint(x) : std::floor(x + 0.5);
                        e(i, o) = static_cast<int8_t>(std::clamp(q - 3, -128.0, 127.0));
                    }
                cases.push_back(channels ? Case{{a, w, s}, {e}} : Case{{a, w}, {e}});
            }
            const std::vector<Input> two = {in, weights}, three = {in, weights, scale};
            expect_layers(channels ? three : two, {sum, act, out}, cases);
        }
}

TEST_CASE("layers: pools, global pools, add, concat, flatten and folded batch norm") {
    const Input in("in", Int(8), {2, 3, 6, 7}), other("other", Int(8), {2, 2, 6, 7});
    const Bytes a = bytes({2, 3, 6, 7}, 1), b = bytes({2, 2, 6, 7}, 2);
    const auto at = [&](int64_t n, int64_t c, int64_t y, int64_t x, int outside) -> int {
        return y < 0 || y >= 6 || x < 0 || x >= 7 ? outside : a(n, c, y, x);
    };
    const nn::Pool wide = {.size = {3, 2}, .stride = {2, 1}, .padding = {1, 0}};
    const nn::Layer most = nn::max_pool("most", in, wide), mean = nn::average_pool("mean", in, wide);
    Bytes m({2, 3, 3, 6});
    AnyBuffer v(mean.out.type(), {2, 3, 3, 6});
    for (int64_t n = 0; n < 2; ++n)
        for (int64_t c = 0; c < 3; ++c)
            for (int64_t y = 0; y < 3; ++y)
                for (int64_t x = 0; x < 6; ++x) {
                    int greatest = -128, sum = 0;
                    for (int64_t i = 0; i < 3; ++i)
                        for (int64_t j = 0; j < 2; ++j) {
                            greatest = std::max(greatest, at(n, c, 2 * y - 1 + i, x + j, -128));
                            sum += at(n, c, 2 * y - 1 + i, x + j, 0);
                        }
                    m(n, c, y, x) = static_cast<int8_t>(greatest);
                    v.set({n, c, y, x}, Value::from_raw(v.type(), sum / 6));
                }
    expect_layers({in}, {most}, {{{a}, {m}}});
    expect_layers({in}, {mean}, {{{a}, {v}}});

    const nn::Layer all = nn::global_max_pool("all", in), average = nn::global_average_pool("average", in);
    const nn::Layer both = nn::concat("both", {in, other}), twice = nn::add("twice", both, both);
    const nn::Layer flat = nn::flatten("flat", twice);
    Bytes g({2, 3});
    AnyBuffer h(average.out.type(), {2, 3}), f(flat.out.type(), {2, 5 * 42});
    for (int64_t n = 0; n < 2; ++n)
        for (int64_t c = 0; c < 5; ++c) {
            int greatest = -128, sum = 0;
            for (int64_t p = 0; p < 42; ++p) {
                const int x = c < 3 ? a(n, c, p / 7, p % 7) : b(n, c - 3, p / 7, p % 7);
                greatest = std::max(greatest, x);
                sum += x;
                f.set({n, c * 42 + p}, Value::from_raw(f.type(), 2 * x));
            }
            if (c >= 3) continue;
            g(n, c) = static_cast<int8_t>(greatest);
            h.set({n, c}, Value::from_raw(h.type(), sum / 42));
        }
    expect_layers({in}, {all}, {{{a}, {g}}});
    expect_layers({in}, {average}, {{{a}, {h}}});
    expect_layers({in, other}, {both, twice, flat}, {{{a, b}, {f}}});

    const nn::FoldedNorm folded = nn::fold_batch_norm({2, 1, -1}, {0.5, 0, 1}, {1, 2, 3}, {4, 1, 0.25}, 0);
    CHECK(folded.scale == std::vector<double>{1, 1, -2});
    CHECK(folded.shift == std::vector<double>{-0.5, -2, 7});
    const Input scale("scale", Int(8), {3}), shift("shift", Int(8), {3});
    const nn::Layer norm = nn::batch_norm("norm", in, scale, shift);
    const Bytes s = bytes({3}, 3), t = bytes({3}, 4);
    AnyBuffer e(norm.out.type(), a.shape());
    for (int64_t p = 0; p < a.size(); ++p) {
        const int64_t n = p / 126, c = p / 42 % 3, y = p / 7 % 6, x = p % 7;
        e.set({n, c, y, x}, Value::from_raw(e.type(), a(n, c, y, x) * s(c) + t(c)));
    }
    expect_layers({in, scale, shift}, {norm}, {{{a, s, t}, {e}}});
}

TEST_CASE("layers: tanh, sigmoid and softmax are near those of the C library, also of fixed point") {
    const Input in("in", Float(32), {3, 10});
    const Buffer<float> a = random_buffer<float>(Float(32), {3, 10}, -4, 4, 1, 0.125);
    const auto near = [&](const nn::Layer& l, const std::function<double(int64_t, int64_t)>& want) {
        Schedule s({in}, {l.out});
        nn::schedule(s, l);
        Schedule fixed = s;
        fixed.quantize(in, Fixed(16, 12));
        AnyBuffer b(Fixed(16, 12), a.shape());
        for (int64_t n = 0; n < 3; ++n)
            for (int64_t c = 0; c < 10; ++c)
                b.set({n, c}, a.get({n, c}));
        const AnyBuffer x = realize(s, {a}).front(), y = realize(fixed, {b}).front();
        CHECK(bit_equal(x, y)); // the numbers are the same
        for (int64_t n = 0; n < 3; ++n)
            for (int64_t c = 0; c < 10; ++c)
                CHECK(x.get({n, c}).as_double() == doctest::Approx(want(n, c)).epsilon(1e-6));
    };
    near(nn::tanh("t", in), [&](int64_t n, int64_t c) { return std::tanh(static_cast<double>(a(n, c))); });
    near(nn::sigmoid("s", in),
         [&](int64_t n, int64_t c) { return 1 / (1 + std::exp(-static_cast<double>(a(n, c)))); });
    near(nn::softmax("m", in), [&](int64_t n, int64_t c) {
        double sum = 0;
        for (int64_t k = 0; k < 10; ++k)
            sum += std::exp(static_cast<double>(a(n, k)));
        return std::exp(static_cast<double>(a(n, c))) / sum;
    });
}

TEST_CASE("layers: requantize rounds what lies next to a half the right way") {
    const Input in("in", Int(32), {1});
    const auto rounded = [&](double scale, int x, nn::Rounding rounding) {
        Buffer<int32_t> a({1});
        a(0) = x;
        return realize(Schedule(nn::requantize("out", in, scale, 0, Int(8), rounding)), {a})
            .front()
            .get({0})
            .as_int64();
    };
    const double below = std::nextafter(0.5, 0), above = std::nextafter(0.5, 1);
    for (const auto rounding : {nn::Rounding::onnx, nn::Rounding::amd}) {
        const bool up = rounding == nn::Rounding::amd;
        CHECK(rounded(below, 1, rounding) == 0);
        CHECK(rounded(below, -1, rounding) == 0);
        CHECK(rounded(above, 1, rounding) == 1);
        CHECK(rounded(above, -1, rounding) == -1);
        for (int x = -9; x <= 9; ++x)
            CHECK(rounded(0.5, x, rounding) == (up ? std::floor(0.5 * x + 0.5) : std::nearbyint(0.5 * x)));
    }
}

TEST_CASE("layers: tanh, sigmoid and softmax of any type are float32") {
    for (const Type t : {Float(16), BFloat(16), Float(32), Float(64), Int(8), Fixed(8, 4)}) {
        const Input in("in", t, {1, 3});
        AnyBuffer a(t, {1, 3});
        for (int64_t c = 0; c < 3; ++c)
            a.set({0, c}, ir::cast(t, Value::from_double(Float(64), static_cast<double>(c) - 1)));
        const AnyBuffer x = realize(Schedule(nn::tanh("l", in)), {a}).front(),
                        y = realize(Schedule(nn::sigmoid("l", in)), {a}).front(),
                        z = realize(Schedule(nn::softmax("l", in)), {a}).front();
        CHECK(x.type() == Float(32));
        CHECK(y.type() == Float(32));
        CHECK(z.type() == Float(32));
        CHECK(x.get({0, 2}).as_double() == doctest::Approx(std::tanh(1.0)));
        CHECK(y.get({0, 2}).as_double() == doctest::Approx(1 / (1 + std::exp(-1.0))));
        CHECK(z.get({0, 1}).as_double() == doctest::Approx(1 / (1 + std::exp(-1.0) + std::exp(1.0))));
    }
}

TEST_CASE("layers: a padding of two thousand millions is a size like others") {
    const Param H("H");
    const Input image("image", Int(8), {1, 1, 2, 2}), open("open", Int(8), {1, 1, H, 2}),
        weights("weights", Int(8), {1, 1, 1, 1});
    constexpr int padding = 2'000'000'000;
    const nn::Conv2d far = {.stride = {1'000'000'000, 1}, .padding = {padding, 0}};
    for (const Input& in : {image, open}) {
        const Func out = nn::conv2d("c", in, weights, {}, far).out;
        Buffer<int8_t> a({1, 1, 2, 2}), w({1, 1, 1, 1});
        a(0, 0, 0, 1) = 7;
        w(0, 0, 0, 0) = 1;
        const AnyBuffer b = realize(Schedule({in, weights}, {out}), {a, w}).front();
        CHECK(b.shape() == std::vector<int64_t>{1, 1, 5, 2});
        CHECK(b.get({0, 0, 2, 1}).as_int64() == 7);
        CHECK(b.get({0, 0, 0, 1}).as_int64() == 0);
    }
}

TEST_CASE("layers: shapes that do not fit are refused") {
    const Param N("N"), C("C");
    const Input image("image", Int(8), {N, 3, 8, 8}), open("open", Int(8), {N, C, 8, 8}),
        row("row", Int(8), {N, 4}), weights("weights", Int(8), {4, 2, 3, 3}),
        right("right", Int(8), {4, 3, 3, 3}), three("three", Int(8), {3}),
        large("large", Int(8), {4, 3, 9, 9}), any("any", Int(8), {4, C, 3, 3});
    const auto refused = [](const char* what, const std::function<void()>& f) {
        CHECK_THROWS_WITH_AS(f(), doctest::Contains(what), Error);
    };
    refused("row has 2 dimensions, and conv2d takes an image {N, C, H, W}",
            [&] { (void)nn::conv2d("c", row, right); });
    refused("the channels of the image and those of the weights: 3 and 2 do not agree",
            [&] { (void)nn::conv2d("c", image, weights); });
    refused("the sizes of the bias and of the output channels: 3 and 4 do not agree",
            [&] { (void)nn::conv2d("c", image, right, nn::Values(three)); });
    refused("a window of 9 does not fit into 8 with padding 0", [&] { (void)nn::conv2d("c", image, large); });
    refused("the stride 0 is less than 1",
            [&] { (void)nn::conv2d("c", image, right, {}, {.stride = {0, 1}}); });
    refused("2 groups do not divide 3 input and 4 output channels",
            [&] { (void)nn::conv2d("c", image, any, {}, {.groups = 2, .type = Int(32)}); });
    refused("a convolution in 2 groups needs constant numbers of channels",
            [&] { (void)nn::conv2d("c", open, any, {}, {.groups = 2, .type = Int(32)}); });
    refused("an exact sum over any needs a type", [&] { (void)nn::conv2d("c", open, any); });
    refused("depthwise_conv2d needs a constant number of channels",
            [&] { (void)nn::depthwise_conv2d("c", open, right); });
    refused("a window of 2 with padding 2 may see nothing",
            [&] { (void)nn::max_pool("p", image, {.padding = {2, 0}}); });
    refused("row has no dimension 2", [&] { (void)nn::concat("p", {row}, 2); });
    refused("concat needs something", [&] { (void)nn::concat("p", {}); });
    refused("row has 2 dimensions and three has 1: add takes equal shapes",
            [&] { (void)nn::add("p", row, three); });
    refused("flatten needs constant sizes", [&] { (void)nn::flatten("p", open); });
    refused("requantize takes integers of at most 32 bits",
            [&] { (void)nn::requantize("p", row, 1, 0, Fixed(8, 4)); });
    refused("the scale nan is no finite number", [&] { (void)nn::requantize("p", row, NAN, 0, Int(8)); });
    refused("the scale -inf is no finite number",
            [&] { (void)nn::requantize("p", row, -INFINITY, 0, Int(8)); });
    refused("the zero point 1000 is no Int(8): it lies between -128 and 127",
            [&] { (void)nn::requantize("p", row, 1, 1000, Int(8)); });
    refused("the zero point -1 is no UInt(8): it lies between 0 and 255",
            [&] { (void)nn::requantize("p", image, three, -1, UInt(8)); });
    refused("three holds Int(8), and a scale of requantize is a float or a fixed-point number",
            [&] { (void)nn::requantize("p", image, three, 0, Int(8)); });
    refused("three has no channels", [&] { (void)nn::batch_norm("p", three, three, three); });
    refused("as many betas", [&] { (void)nn::fold_batch_norm({1}, {}, {1}, {1}); });
}
