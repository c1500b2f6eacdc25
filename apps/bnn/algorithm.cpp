#include "bnn/algorithm.h"

using namespace lathe;

namespace {

int width_of(int64_t most) {
    int bits = 1;
    while ((int64_t{1} << bits) <= most)
        ++bits;
    return bits;
}

/// The least of the four counts of 2×2 places: the greatest sum.
Func pool(Name name, const Func& wrong, const Shape& shape) {
    const Var n("n"), o("o"), y("y"), x("x");
    const RDom r({{0, 2}, {0, 2}}, "r");
    Func out(name, wrong.type(), shape);
    out(n, o, y, x) = minimum(r, wrong(n, o, 2 * y + r.x, 2 * x + r.y));
    return out;
}

/// Bit o of a pixel's word says whether at most threshold(o) products were −1.
Func signs(Name name, const Func& wrong, const Input& threshold, int64_t channels, const Shape& shape) {
    const Var n("n"), y("y"), x("x");
    const RDom o(0, channels, "o");
    const Type word = UInt(static_cast<int>(channels));
    Func out(name, word, shape);
    out(n, y, x) = 0;
    out(n, y, x) |= cast(word, wrong(n, o, y, x) <= threshold(o)) << o;
    return out;
}

} // namespace

Func binary_conv(Name name, const std::function<Expr(std::vector<Expr>)>& in, const Input& weights,
                 int64_t window, const Shape& shape, int64_t bits) {
    const Var n("n"), o("o"), y("y"), x("x");
    const RDom r({{0, window}, {0, window}}, "r");
    Func wrong(name, UInt(width_of(bits)), shape);
    wrong(n, o, y, x) = 0;
    wrong(n, o, y, x) += popcount(in({n, y + r.x, x + r.y}) ^ weights(o, r.x, r.y));
    return wrong;
}

Bnn bnn() {
    const Param N("N");
    const Input image("image", UInt(28), {N, 28});
    const std::vector<Input> w = {Input("w1", UInt(25), {64, 1, 1}),  Input("t1", Int(16), {64}),
                                  Input("w2", UInt(64), {64, 3, 3}),  Input("t2", Int(16), {64}),
                                  Input("w3", UInt(64), {256, 5, 5}), Input("t3", Int(16), {256}),
                                  Input("w4", UInt(256), {10, 1, 1})};
    const Var n("n"), y("y"), x("x");
    Func patch("patch", UInt(25), {N, 24, 24});
    Expr bits;
    for (int row = 0; row < 5; ++row) {
        const Expr five = cast(UInt(5), image(n, y + row) >> x);
        bits = bits.defined() ? concat(five, bits) : five;
    }
    patch(n, y, x) = bits;
    const auto of = [](const Func& f) { return [f](const std::vector<Expr>& at) { return Expr(f(at)); }; };
    const Func wrong1 = binary_conv("wrong1", of(patch), w[0], 1, {N, 64, 24, 24}, 25);
    const Func pool1 = pool("pool1", wrong1, {N, 64, 12, 12});
    const Func word1 = signs("word1", pool1, w[1], 64, {N, 12, 12});
    const Func wrong2 = binary_conv("wrong2", of(word1), w[2], 3, {N, 64, 10, 10}, 576);
    const Func pool2 = pool("pool2", wrong2, {N, 64, 5, 5});
    const Func word2 = signs("word2", pool2, w[3], 64, {N, 5, 5});
    const Func wrong3 = binary_conv("wrong3", of(word2), w[4], 5, {N, 256, 1, 1}, 1600);
    const Func word3 = signs("word3", wrong3, w[5], 256, {N, 1, 1});
    const Func wrong4 = binary_conv("wrong4", of(word3), w[6], 1, {N, 10, 1, 1}, 256);
    const RDom k(0, 10, "k");
    Func digit("digit", Int(32), {N});
    digit(n) = argmin(k, wrong4(n, k, 0, 0)).at[0];
    return {image, w, patch, {wrong1, wrong2, wrong3, wrong4}, {pool1, pool2}, {word1, word2, word3},
            digit, N};
}

BinaryLayer binary_layer(int64_t channels, int64_t height, int64_t width) {
    const int word = static_cast<int>(std::min<int64_t>(channels, 64));
    const int64_t words = channels / word;
    const Input in("in", UInt(word), {height + 2, width + 2, words}),
        weights("weights", UInt(word), {channels, 3, 3, words});
    const Var o("o"), y("y"), x("x");
    const RDom r({{0, 3}, {0, 3}, {0, words}}, "r");
    Func wrong("wrong", UInt(16), {height, width, channels});
    wrong(y, x, o) = 0;
    wrong(y, x, o) += popcount(in(y + r.x, x + r.y, r.z) ^ weights(o, r.x, r.y, r.z));
    return {in, weights, wrong, o, y, x};
}
