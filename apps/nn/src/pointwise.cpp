#include "sizes.h"

#include <cmath>

namespace lathe::nn {

namespace {

std::vector<Var> variables(size_t rank) {
    constexpr const char* names[] = {"n", "c", "y", "x"};
    std::vector<Var> dims;
    for (size_t d = 0; d < rank; ++d)
        dims.emplace_back(rank <= 4 ? Name(names[d]) : Name(fmt::format("d{}", d)));
    return dims;
}

std::vector<Expr> place(const std::vector<Var>& dims) {
    return {dims.begin(), dims.end()};
}

Shape shape_of(const Values& v) {
    std::vector<Extent> extents;
    for (size_t d = 0; d < v.rank(); ++d)
        extents.emplace_back(v.extent(d));
    return extents;
}

/// A layer of in's shape: `f` makes an element of its place.
template <class F> Layer at_each(Name name, const Values& in, F f) {
    Layer l{Func(name, shape_of(in)), Layer::Kind::pointwise, variables(in.rank()), {}, {}};
    const std::vector<Expr> at = place(l.dims);
    l.out(at, name.loc) = f(at);
    return l;
}

/// The cast stays even where it changes nothing: quantize may change the operand.
Expr as_float(const Expr& e) {
    return ir::Cast::make(Float(32), e);
}

/// A channel's own number. \pre the layer has a dimension 1.
void expect_channels(const Values& in, const Values& numbers, const char* layer) {
    if (in.rank() < 2) ir::fail(in.loc(), "{} has no channels: {} takes {{N, C, …}}", in.name(), layer);
    numbers.expect_rank(1, layer, "a number {C} for each channel");
    expect_equal(in.extent(1), numbers.extent(0), "the channels and their numbers", numbers.loc());
}

/// To the nearest whole number. What is left of x is exact, where x + 0.5 is rounded.
Expr whole(const Expr& x, Rounding rounding) {
    const Expr even = round(x);
    return rounding == Rounding::onnx ? even : select(x - even == 0.5, even + 1.0, even);
}

Expr requantized(const Expr& x, const Expr& scale, int64_t zero_point, Type to, Rounding rounding) {
    const Expr scaled = cast(Float(64), x) * scale;
    const double low = ir::min_value(to).as_double(), high = ir::max_value(to).as_double();
    return cast(to, clamp(whole(scaled, rounding) + static_cast<double>(zero_point), low, high));
}

void expect_requantizable(const Values& in, int64_t zero_point, Type to, Loc loc) {
    constexpr int most = 32;
    if (!in.type().is_int() || !to.is_int() || in.type().width() > most || to.width() > most)
        ir::fail(loc, "requantize takes integers of at most {} bits to such integers, not {} to {}", most,
                 in.type().str(), to.str());
    const int64_t low = ir::min_value(to).as_int64(), high = ir::max_value(to).as_int64();
    if (zero_point < low || zero_point > high)
        ir::fail(loc, "the zero point {} is no {}: it lies between {} and {}", zero_point, to.str(), low,
                 high);
}

} // namespace

Layer relu(Name name, const Values& in) {
    return at_each(name, in, [&](const std::vector<Expr>& at) { return max(in(at), 0); });
}

Layer tanh(Name name, const Values& in) {
    return at_each(name, in, [&](const std::vector<Expr>& at) { return lathe::tanh(as_float(in(at))); });
}

Layer sigmoid(Name name, const Values& in) {
    return at_each(name, in,
                   [&](const std::vector<Expr>& at) { return 1.0f / (1.0f + exp(-as_float(in(at)))); });
}

Layer softmax(Name name, const Values& in) {
    in.expect_rank(2, "softmax", "{N, C}");
    const Var n("n"), c("c");
    const RDom k(0, in.extent(1), "k");
    const Shape rows = {in.extent(0)};
    Layer most{Func(Name(name.text + "_max", name.loc), rows), Layer::Kind::window, {n}, {k.x}, {}};
    most.out(n) = maximum(k, in({n, k}));
    Layer power{
        Func(Name(name.text + "_exp", name.loc), shape_of(in)), Layer::Kind::pointwise, {n, c}, {}, {}};
    power.out(n, c) = exp(as_float(in({n, c})) - as_float(most.out(n)));
    const RDom j(0, in.extent(1), "j");
    Layer total{Func(Name(name.text + "_sum", name.loc), rows), Layer::Kind::window, {n}, {j.x}, {}};
    total.out(n) = sum(j, power.out(n, j));
    Func out(name, shape_of(in));
    out(n, c) = power.out(n, c) / total.out(n);
    return {out, Layer::Kind::pointwise, {n, c}, {}, {most, power, total}};
}

Layer batch_norm(Name name, const Values& in, const Values& scale, const Values& shift) {
    expect_channels(in, scale, "batch_norm");
    expect_channels(in, shift, "batch_norm");
    return at_each(name, in,
                   [&](const std::vector<Expr>& at) { return in(at)*scale({at[1]}) + shift({at[1]}); });
}

FoldedNorm fold_batch_norm(const std::vector<double>& gamma, const std::vector<double>& beta,
                           const std::vector<double>& mean, const std::vector<double>& variance,
                           double epsilon) {
    if (beta.size() != gamma.size() || mean.size() != gamma.size() || variance.size() != gamma.size())
        ir::fail(
            {},
            "a batch normalisation has as many betas, means and variances as gammas: {}, {} and {}, not {}",
            beta.size(), mean.size(), variance.size(), gamma.size());
    FoldedNorm folded;
    for (size_t c = 0; c < gamma.size(); ++c) {
        folded.scale.push_back(gamma[c] / std::sqrt(variance[c] + epsilon));
        folded.shift.push_back(beta[c] - mean[c] * folded.scale.back());
    }
    return folded;
}

Layer add(Name name, const Values& a, const Values& b) {
    if (a.rank() != b.rank())
        ir::fail(name.loc, "{} has {} dimensions and {} has {}: add takes equal shapes", a.name(), a.rank(),
                 b.name(), b.rank());
    for (size_t d = 0; d < a.rank(); ++d)
        expect_equal(a.extent(d), b.extent(d), "the shapes that are added", name.loc);
    return at_each(name, a, [&](const std::vector<Expr>& at) { return a(at) + b(at); });
}

Layer concat(Name name, const std::vector<Values>& parts, size_t axis) {
    if (parts.empty()) ir::fail(name.loc, "concat needs something to put together");
    const Values& first = parts.front();
    if (axis >= first.rank()) ir::fail(name.loc, "{} has no dimension {}", first.name(), axis);
    std::vector<Expr> begin = {Expr(0)};
    for (const Values& p : parts) {
        p.expect_rank(first.rank(), "concat", "parts of one rank");
        for (size_t d = 0; d < first.rank(); ++d)
            if (d != axis)
                expect_equal(first.extent(d), p.extent(d), "the shapes that are put together", p.loc());
        const auto size = constant_size(p.extent(axis)), before = constant_size(begin.back());
        begin.push_back(size && before ? Expr(*before + *size) : begin.back() + p.extent(axis));
    }
    std::vector<Extent> extents;
    for (size_t d = 0; d < first.rank(); ++d)
        extents.emplace_back(d == axis ? begin.back() : first.extent(d));
    Layer l{Func(name, Shape(extents)), Layer::Kind::pointwise, variables(first.rank()), {}, {}};
    const std::vector<Expr> at = place(l.dims);
    Expr value;
    for (size_t p = parts.size(); p-- > 0;) {
        std::vector<Expr> in_part = at;
        in_part[axis] = at[axis] - begin[p];
        const Expr element = parts[p](in_part);
        value = value.defined() ? select(at[axis] < begin[p + 1], element, value) : element;
    }
    l.out(at, name.loc) = value;
    return l;
}

Layer flatten(Name name, const Values& in) {
    in.expect_rank(4, "flatten", "an image {N, C, H, W}");
    int64_t sizes[3];
    for (size_t d : {0, 1, 2}) {
        const auto size = constant_size(in.extent(d + 1));
        if (!size)
            ir::fail(name.loc, "flatten needs constant sizes, and {} is none", print(in.extent(d + 1)));
        sizes[d] = *size;
    }
    const Var n("n"), k("k");
    Func out(name, {in.extent(0), sizes[0] * sizes[1] * sizes[2]});
    out(n, k) = in({n, floor_div(k, sizes[1] * sizes[2]), floor_mod(floor_div(k, sizes[2]), sizes[1]),
                    floor_mod(k, sizes[2])});
    return {out, Layer::Kind::pointwise, {n, k}, {}, {}};
}

Layer requantize(Name name, const Values& in, double scale, int64_t zero_point, Type to, Rounding rounding) {
    expect_requantizable(in, zero_point, to, name.loc);
    if (!std::isfinite(scale)) ir::fail(name.loc, "the scale {} is no finite number", scale);
    const Expr factor = ir::Constant::make(Value::from_double(Float(64), scale));
    return at_each(name, in, [&](const std::vector<Expr>& at) {
        return requantized(in(at), factor, zero_point, to, rounding);
    });
}

Layer requantize(Name name, const Values& in, const Values& scale, int64_t zero_point, Type to,
                 Rounding rounding) {
    expect_requantizable(in, zero_point, to, name.loc);
    expect_channels(in, scale, "requantize");
    if (scale.type().is_int() || scale.type().is_bool())
        ir::fail(scale.loc(), "{} holds {}, and a scale of requantize is a float or a fixed-point number",
                 scale.name(), scale.type().str());
    return at_each(name, in, [&](const std::vector<Expr>& at) {
        return requantized(in(at), cast(Float(64), scale({at[1]})), zero_point, to, rounding);
    });
}

} // namespace lathe::nn
