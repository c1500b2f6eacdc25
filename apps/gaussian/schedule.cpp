#include "algorithm.h"

using namespace lathe;

Schedule cpu_schedule(const Gaussian& g, const Target& target) {
    constexpr int64_t strip = 32;
    const int lanes = target.natural_lanes(UInt(16));
    Schedule s(g.out);
    auto [yo, yi] = s[g.out].split(g.y, strip);
    s[g.out].parallel(yo).vectorize(g.x, lanes);
    s[g.rows].compute_at(g.out, yo).vectorize(g.x, lanes);
    s[g.padded].compute_at(g.out, yo).vectorize(g.x, lanes);
    return s;
}

Schedule vitis_schedule(const Gaussian& g, int64_t height, int64_t width) {
    Schedule s(g.out);
    const std::vector<Param> sizes = s.module().top().params;
    for (const Param& p : sizes)
        s.bind(p, p.symbol.name() == "H" ? height : width);
    s.inline_(g.rows);
    const TensorRef lines = s.reuse_at(g.padded, g.out, g.y);
    s.reuse_at(lines, g.out, g.x);
    s.compute_at(g.padded, g.out, g.x); // the pixel that comes next
    s[g.out].pipeline(g.x);
    return s;
}

std::vector<TypeChoice> element_types(const GaussianValid& g, Type element) {
    return {{{g.in, g.out}, element}};
}

Schedule cpu_schedule(const GaussianValid& g, const Target& target) {
    Schedule s(g.out);
    s.disable_contraction(); // as on an FPGA
    s[g.out].vectorize(g.x, target.natural_lanes(Float(32)));
    return s;
}

Schedule network_schedule(const GaussianValid& g, const support::StencilChoice& choice) {
    return support::stencil_schedule(g.out, g.x, element_types(g, choice.element), choice);
}
