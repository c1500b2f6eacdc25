#include "lathe/nn/layer.h"

#include "sizes.h"

#include <bit>

namespace lathe::nn {

Values::Values(const ReadTensor& t, Loc loc) : text(t.name()), element(t.type()), location(loc) {
    for (size_t d = 0; d < t.rank(); ++d)
        sizes.push_back(t.extent(d));
    element_at = [t, loc](const std::vector<Expr>& at) { return Expr(t(at, loc)); };
}

Values::Values(const Func& f, Loc loc) : text(f.name()), element(f.type()), location(loc) {
    for (size_t d = 0; d < f.rank(); ++d)
        sizes.push_back(f.extent(d));
    element_at = [f, loc](const std::vector<Expr>& at) { return Expr(f(at, loc)); };
}

Values::Values(const Layer& l, Loc loc) : Values(l.out, loc) {}

const Values& Values::expect_rank(size_t rank, const char* layer, const char* shape) const {
    if (sizes.size() != rank)
        ir::fail(location, "{} has {} dimensions, and {} takes {}", text, sizes.size(), layer, shape);
    return *this;
}

Type product_sum_type(Type a, Type b, int64_t count, Loc loc) {
    return ir::sum_type(ir::result_type(ir::BinaryOp::mul, a, b, loc), count, loc);
}

namespace {

/// The lanes of vectors along a dimension of this extent: the target's, or as many as there are elements.
int64_t lanes(const Layer& l, const Target& target) {
    const Type t = l.out.type();
    int64_t n = target.natural_lanes(ir::container_bits(t) == 64 ? Float(64) : Float(32));
    if (const auto extent = constant_size(l.out.extent(l.dims.size() - 1)))
        while (n > std::max<int64_t>(*extent, 1))
            n /= 2;
    return n;
}

void vectors(StageHandle stage, const Layer& l, int64_t n) {
    if (n > 1 && !l.dims.empty()) stage.vectorize(l.dims.back(), n);
}

} // namespace

void schedule(Schedule& s, const Layer& layer, const Target& target) {
    for (const Layer& l : layer.inside)
        schedule(s, l, target);
    if (layer.dims.empty()) return;
    const int64_t n = lanes(layer, target);
    StageHandle out = s[layer.out];
    if (layer.kind == Layer::Kind::sum) {
        std::vector<LoopRef> order(layer.dims.begin(), layer.dims.end() - 1);
        order.insert(order.end(), layer.over.begin(), layer.over.end());
        order.emplace_back(layer.dims.back());
        out.reorder(order);
        if (layer.dims.size() > 1) out.fuse_init(layer.dims[layer.dims.size() - 2]);
    }
    vectors(out, layer, n);
    if (layer.dims.size() > 1) out.parallel(layer.dims.front());
}

} // namespace lathe::nn
