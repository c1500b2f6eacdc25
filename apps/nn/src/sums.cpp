#include "sizes.h"

namespace lathe::nn {

namespace {

/// The type of a sum of products over `sizes`, with one value more for a bias.
Type sum_of(const std::optional<Type>& given, const Values& in, const Values& weights,
            const std::optional<Values>& bias, const std::vector<Expr>& sizes, Loc loc) {
    if (given) return *given;
    const Type product = ir::result_type(ir::BinaryOp::mul, in.type(), weights.type(), loc);
    int64_t count = 1;
    for (const Expr& e : sizes) {
        const auto size = constant_size(e);
        if (!size && !product.is_float())
            ir::fail(loc, "an exact sum over {} needs a type, as its size {} is no constant", weights.name(),
                     print(e));
        count *= size.value_or(1);
    }
    const Type sum = ir::sum_type(product, std::max<int64_t>(count, 1), loc);
    return bias ? ir::sum_type(ir::aligned_type(sum, bias->type(), loc), sum.is_float() ? 1 : 2, loc) : sum;
}

void check_bias(const std::optional<Values>& bias, const Expr& channels, const char* layer) {
    if (!bias) return;
    bias->expect_rank(1, layer, "a bias {O}");
    expect_equal(bias->extent(0), channels, "the sizes of the bias and of the output channels", bias->loc());
}

/// What `groups` groups make of an output channel: the first input channel that it sees.
Expr first_channel(const Expr& o, const Values& in, const Values& weights, int groups, Loc loc) {
    const auto inputs = constant_size(in.extent(1)), outputs = constant_size(weights.extent(0));
    if (!inputs || !outputs)
        ir::fail(loc, "a convolution in {} groups needs constant numbers of channels", groups);
    if (*inputs % groups != 0 || *outputs % groups != 0)
        ir::fail(loc, "{} groups do not divide {} input and {} output channels", groups, *inputs, *outputs);
    return floor_div(o, *outputs / groups) * (*inputs / groups);
}

} // namespace

Layer conv2d(Name name, const Values& in, const Values& weights, const std::optional<Values>& bias,
             const Conv2d& options) {
    const Loc loc = name.loc;
    in.expect_rank(4, "conv2d", "an image {N, C, H, W}");
    weights.expect_rank(4, "conv2d", "weights {O, C / groups, KH, KW}");
    check_bias(bias, weights.extent(0), "conv2d");
    expect_at_least(options.stride, 1, "the stride", loc);
    expect_at_least(options.dilation, 1, "the dilation", loc);
    expect_at_least(options.padding, 0, "the padding", loc);
    expect_at_least({options.groups, options.groups}, 1, "the number of groups", loc);
    const Expr channels = weights.extent(1), rows = weights.extent(2), columns = weights.extent(3);
    expect_equal(in.extent(1), options.groups == 1 ? channels : channels * options.groups,
                 "the channels of the image and those of the weights", weights.loc());
    const Expr height = windows(in.extent(2), rows, options.stride[0], options.padding[0],
                                options.dilation[0], loc),
               width = windows(in.extent(3), columns, options.stride[1], options.padding[1],
                               options.dilation[1], loc);
    const Var n("n"), o("o"), y("y"), x("x");
    const RDom r({{0, channels}, {0, rows}, {0, columns}}, "r");
    const Type type = sum_of(options.type, in, weights, bias, {channels, rows, columns}, loc);
    Func out(name, type, {in.extent(0), weights.extent(0), height, width});
    const Expr zero = ir::Constant::make(ir::cast(type, Value::literal(0)));
    out(n, o, y, x) = bias ? (*bias)({o}) : zero;
    Expr channel = r.x;
    if (options.groups > 1) channel = channel + first_channel(o, in, weights, options.groups, loc);
    const Expr pixel = padded(in,
                              {n, channel, y * options.stride[0] + r.y * options.dilation[0],
                               x * options.stride[1] + r.z * options.dilation[1]},
                              options.padding);
    out(n, o, y, x) += weights({o, r.x, r.y, r.z}) * pixel;
    return {out, Layer::Kind::sum, {n, o, y, x}, {r.x, r.y, r.z}, {}};
}

Layer depthwise_conv2d(Name name, const Values& in, const Values& weights, const std::optional<Values>& bias,
                       Conv2d options) {
    in.expect_rank(4, "depthwise_conv2d", "an image {N, C, H, W}");
    const auto channels = constant_size(in.extent(1));
    if (!channels) ir::fail(name.loc, "depthwise_conv2d needs a constant number of channels");
    options.groups = static_cast<int>(*channels);
    return conv2d(name, in, weights, bias, options);
}

Layer dense(Name name, const Values& in, const Values& weights, const std::optional<Values>& bias,
            std::optional<Type> type) {
    in.expect_rank(2, "dense", "{N, K}");
    weights.expect_rank(2, "dense", "weights {K, O}");
    check_bias(bias, weights.extent(1), "dense");
    expect_equal(in.extent(1), weights.extent(0), "the inputs and the rows of the weights", weights.loc());
    const Var n("n"), o("o");
    const RDom k(0, weights.extent(0), "k");
    const Type sum = sum_of(type, in, weights, bias, {weights.extent(0)}, name.loc);
    Func out(name, sum, {in.extent(0), weights.extent(1)});
    const Expr zero = ir::Constant::make(ir::cast(sum, Value::literal(0)));
    out(n, o) = bias ? (*bias)({o}) : zero;
    out(n, o) += in({n, k}) * weights({k, o});
    return {out, Layer::Kind::sum, {n, o}, {k.x}, {}};
}

} // namespace lathe::nn
