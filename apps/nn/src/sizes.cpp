#include "sizes.h"

#include <lathe/ir/simplify.h>

namespace lathe::nn {

std::optional<int64_t> constant_size(const Expr& size) {
    return ir::as_int(ir::simplify(size));
}

void expect_equal(const Expr& a, const Expr& b, const char* what, Loc loc) {
    const auto x = constant_size(a), y = constant_size(b);
    if (x && y && *x != *y) ir::fail(loc, "{}: {} and {} do not agree", what, *x, *y);
}

void expect_at_least(const Pair& numbers, int least, const char* what, Loc loc) {
    for (int n : numbers)
        if (n < least) ir::fail(loc, "{} {} is less than {}", what, n, least);
}

Expr windows(const Expr& in, const Expr& window, int stride, int padding, int dilation, Loc loc) {
    const auto size = constant_size(in), width = constant_size(window);
    const int64_t around = 2 * int64_t{padding};
    if (size && width) {
        const int64_t rest = *size + around - dilation * (*width - 1) - 1;
        if (rest < 0)
            ir::fail(loc, "a window of {} does not fit into {} with padding {}", *width, *size, padding);
        return Expr(rest / stride + 1);
    }
    const Expr rest = in + around - dilation * (window - 1) - 1;
    return stride == 1 ? rest + 1 : floor_div(rest, stride) + 1;
}

std::vector<Expr> nearest(const Values& in, std::vector<Expr> at, const Pair& padding) {
    for (size_t d : {0, 1})
        if (padding[d] != 0) at[2 + d] = clamp(at[2 + d] - padding[d], 0, in.extent(2 + d) - 1);
    return at;
}

Expr padded(const Values& in, std::vector<Expr> at, const Pair& padding) {
    Expr inside;
    for (size_t d : {0, 1}) {
        if (padding[d] == 0) continue;
        Expr& place = at[2 + d];
        place = place - padding[d];
        const Expr within = place >= 0 && place < in.extent(2 + d);
        inside = inside.defined() ? inside && within : within;
    }
    return inside.defined() ? select(inside, in(at), 0) : in(at);
}

} // namespace lathe::nn
