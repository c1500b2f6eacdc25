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
/// The element at this place of the padded image, with zeros around: dimensions 2 and 3; no test without
/// padding. The zero is a literal, so that it follows where a Schedule changes the type of `in`.
Expr padded(const Values& in, std::vector<Expr> at, const Pair& padding);
/// This place of the padded image, moved to the nearest one inside. A window that sees some of the image sees
/// that place, too: its greatest element stays the same, and no number has to stand for "nothing".
std::vector<Expr> nearest(const Values& in, std::vector<Expr> at, const Pair& padding);

} // namespace lathe::nn
