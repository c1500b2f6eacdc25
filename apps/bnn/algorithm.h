#pragma once
/// \file A binary network: weights and activations are +1 or −1, kept as bits; products are XOR, sums
/// popcounts, and batch normalisation an integer threshold.

#include <lathe/lathe.h>

/// A binary convolution without padding. `in` {N, H, W} holds the bits of all channels of a pixel as one
/// word, weights {O, K, K} likewise. wrong(n, o, y, x) is the number of products that are −1.
lathe::Func binary_conv(lathe::Name name, const std::function<lathe::Expr(std::vector<lathe::Expr>)>& in,
                        const lathe::Input& weights, int64_t window, const lathe::Shape& shape, int64_t bits);

struct Bnn {
    lathe::Input image; ///< {N, 28}: a row of black and white pixels as UInt(28), the left one lowest
    std::vector<lathe::Input> weights; ///< w1, t1, w2, t2, w3, t3, w4
    lathe::Func patch;                 ///< {N, 24, 24}: 5×5 pixels as UInt(25)
    std::vector<lathe::Func> wrong;    ///< of the four layers
    std::vector<lathe::Func> pooled;   ///< the least of 2×2, of both convolutions
    std::vector<lathe::Func> words;    ///< the signs, as words of channels
    lathe::Func digit;                 ///< {N}: Int(32)
    lathe::Param N;
};

Bnn bnn();

lathe::Schedule cpu_schedule(const Bnn& b);
lathe::Schedule vitis_schedule(const Bnn& b, int64_t images);

/// One binary convolution alone, 3×3, `channels` (64 at most in one word) to as many, for measuring:
/// {H + 2, W + 2, C / 64} words → {H, W, C} counts.
struct BinaryLayer {
    lathe::Input in, weights;
    lathe::Func wrong;
    lathe::Var o, y, x;
};
BinaryLayer binary_layer(int64_t channels, int64_t height, int64_t width);
lathe::Schedule cpu_schedule(const BinaryLayer& l);
