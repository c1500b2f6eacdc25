#pragma once
/// \file The layers: functions from Func to Func. Images are {N, C, H, W}, as in ONNX.
///
/// Types: a layer that only selects or adds (pools, relu, add, concat) has the type that its definition gives
/// it, so that it follows when a Schedule quantizes what it reads. A sum (conv2d, dense) has the type given,
/// or else the one that loses nothing; quantize it by its Func. So a network whose sums have types computes,
/// once its inputs are quantized to T, what the network declared with T computes.

#include "lathe/nn/layer.h"

namespace lathe::nn {

/// Rows, then columns.
using Pair = std::array<int, 2>;

struct Conv2d {
    Pair stride = {1, 1};
    Pair padding = {0, 0}; ///< zeros at both sides
    Pair dilation = {1, 1};
    int groups = 1;
    std::optional<Type> type = std::nullopt; ///< of the sum
};

/// {N, C, H, W}, weights {O, C / groups, KH, KW}, bias {O} → {N, O, OH, OW} with
/// OH = floor((H + 2·padding − dilation·(KH − 1) − 1) / stride) + 1:
///
///     out(n, o, y, x) = bias(o) + Σ over c, i, j, in this order, of weights(o, c, i, j) ·
///         in(n, (o / (O / groups))·(C / groups) + c, y·stride − padding + i·dilation, likewise x)
///
/// \throws Error when shapes that are constants do not fit, when a grouped convolution's channels are no
/// constants, or when an exact sum over sizes that are none has no type.
Layer conv2d(Name name, const Values& in, const Values& weights, const std::optional<Values>& bias = {},
             const Conv2d& options = {});
/// One group a channel: weights {C·m, 1, KH, KW}. C must be a constant.
Layer depthwise_conv2d(Name name, const Values& in, const Values& weights,
                       const std::optional<Values>& bias = {}, Conv2d options = {});
/// {N, K}, weights {K, O}, bias {O} → {N, O}: out(n, o) = bias(o) + Σ over k of in(n, k)·weights(k, o).
Layer dense(Name name, const Values& in, const Values& weights, const std::optional<Values>& bias = {},
            std::optional<Type> type = {});

struct Pool {
    Pair size = {2, 2};
    Pair stride = {2, 2};
    Pair padding = {0, 0};
};
/// {N, C, H, W} → {N, C, OH, OW}, sizes as for conv2d: the greatest element of each window, of those that
/// are inside of the image.
Layer max_pool(Name name, const Values& in, const Pool& options = {});
/// Likewise: the sum of each window, zeros outside, divided by the number of its places (as `/` divides).
Layer average_pool(Name name, const Values& in, const Pool& options = {});
/// {N, C, H, W} → {N, C}. The average's exact sum over sizes that are no constants needs a type.
Layer global_max_pool(Name name, const Values& in);
Layer global_average_pool(Name name, const Values& in, std::optional<Type> sum = {});

/// Of any shape. relu(x) = max(x, 0). tanh and sigmoid (1 / (1 + exp(−x))) are computed in float32, and are
/// Float(32), whatever x is.
Layer relu(Name name, const Values& in);
Layer tanh(Name name, const Values& in);
Layer sigmoid(Name name, const Values& in);
/// {N, C} → {N, C}: exp(x − max of the row) / the sum of those, in float32.
Layer softmax(Name name, const Values& in);

/// Channel c (dimension 1) of x becomes x·scale(c) + shift(c): a batch normalisation as it is once trained.
Layer batch_norm(Name name, const Values& in, const Values& scale, const Values& shift);
/// scale = gamma / sqrt(variance + epsilon), shift = beta − mean·scale, in double precision.
/// \throws Error when the sizes differ.
struct FoldedNorm {
    std::vector<double> scale, shift;
};
FoldedNorm fold_batch_norm(const std::vector<double>& gamma, const std::vector<double>& beta,
                           const std::vector<double>& mean, const std::vector<double>& variance,
                           double epsilon = 1e-5);

/// Element by element; shapes that are constants must agree.
Layer add(Name name, const Values& a, const Values& b);
/// One behind the other along `axis`; the others' sizes are the first one's.
Layer concat(Name name, const std::vector<Values>& parts, size_t axis = 1);
/// {N, C, H, W} → {N, C·H·W}, row-major; C, H and W constants.
Layer flatten(Name name, const Values& in);

enum class Rounding : uint8_t {
    onnx, ///< halves to even (QuantizeLinear)
    amd,  ///< halves toward plus infinity (AP_RND)
};
/// Integers to integers of type `to`: saturated round(x·scale) + zero_point, computed in float64. `scale` is
/// a finite number, or a tensor {C} of floats or fixed point for the channels (dimension 1).
/// \throws Error also for a zero point that `to` does not hold.
Layer requantize(Name name, const Values& in, double scale, int64_t zero_point, Type to,
                 Rounding rounding = Rounding::onnx);
Layer requantize(Name name, const Values& in, const Values& scale, int64_t zero_point, Type to,
                 Rounding rounding = Rounding::onnx);

} // namespace lathe::nn
