#pragma once
/// \file Shapes of layers.

#include "lathe/nn/layers.h"

namespace lathe::nn {

/// The number, where a size is a constant.
std::optional<int64_t> constant_size(const Expr& size);
/// \throws Error when both sizes are constants and differ: `what` says whose.
void expect_equal(const Expr& a, const Expr& b, const char* what, Loc loc);
/// floor((in + 2·padding − dilation·(window − 1) − 1) / stride) + 1. \throws Error when it is known to be
/// less than 1.
Expr windows(const Expr& in, const Expr& window, int stride, int padding, int dilation, Loc loc);
/// \throws Error unless at least `least`.
void expect_at_least(const Pair& numbers, int least, const char* what, Loc loc);
/// In-range position in dimension 2 and 3 with zeros (or `outside`) around; no test without padding.
Expr padded(const Values& in, std::vector<Expr> at, const Pair& padding, const Operand& outside);

} // namespace lathe::nn
