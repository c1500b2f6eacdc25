#include "sizes.h"

namespace lathe::nn {

namespace {

/// A window layer: `reduce` makes an element of the place of its window.
template <class Reduce>
Layer pool(Name name, const Values& in, const Pool& p, const char* layer, Reduce reduce) {
    in.expect_rank(4, layer, "an image {N, C, H, W}");
    expect_at_least(p.size, 1, "the window's size", name.loc);
    expect_at_least(p.stride, 1, "the stride", name.loc);
    expect_at_least(p.padding, 0, "the padding", name.loc);
    for (size_t d : {0, 1})
        if (p.padding[d] >= p.size[d])
            ir::fail(name.loc, "a window of {} with padding {} may see nothing of the image", p.size[d],
                     p.padding[d]);
    const Expr height = windows(in.extent(2), p.size[0], p.stride[0], p.padding[0], 1, name.loc),
               width = windows(in.extent(3), p.size[1], p.stride[1], p.padding[1], 1, name.loc);
    const Var n("n"), c("c"), y("y"), x("x");
    const RDom r({{0, p.size[0]}, {0, p.size[1]}}, "r");
    Func out(name, {in.extent(0), in.extent(1), height, width});
    out(n, c, y, x) = reduce(r, std::vector<Expr>{n, c, y * p.stride[0] + r.x, x * p.stride[1] + r.y});
    return {out, Layer::Kind::window, {n, c, y, x}, {r.x, r.y}, {}};
}

} // namespace

Layer max_pool(Name name, const Values& in, const Pool& options) {
    return pool(name, in, options, "max_pool", [&](const RDom& r, const std::vector<Expr>& at) {
        return maximum(r, in(nearest(in, at, options.padding)));
    });
}

Layer average_pool(Name name, const Values& in, const Pool& options) {
    return pool(name, in, options, "average_pool", [&](const RDom& r, const std::vector<Expr>& at) {
        return sum(r, padded(in, at, options.padding)) / (options.size[0] * options.size[1]);
    });
}

Layer global_max_pool(Name name, const Values& in) {
    in.expect_rank(4, "global_max_pool", "an image {N, C, H, W}");
    const Var n("n"), c("c");
    const RDom r({{0, in.extent(2)}, {0, in.extent(3)}}, "r");
    Func out(name, {in.extent(0), in.extent(1)});
    out(n, c) = maximum(r, in({n, c, r.x, r.y}));
    return {out, Layer::Kind::window, {n, c}, {r.x, r.y}, {}};
}

Layer global_average_pool(Name name, const Values& in, std::optional<Type> type) {
    in.expect_rank(4, "global_average_pool", "an image {N, C, H, W}");
    const Var n("n"), c("c");
    const RDom r({{0, in.extent(2)}, {0, in.extent(3)}}, "r");
    Func out(name, {in.extent(0), in.extent(1)});
    const Expr total = sum(r, in({n, c, r.x, r.y}), type), places = in.extent(2) * in.extent(3);
    out(n, c) = total / places;
    return {out, Layer::Kind::window, {n, c}, {r.x, r.y}, {}};
}

} // namespace lathe::nn
