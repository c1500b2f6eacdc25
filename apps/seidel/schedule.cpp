#include "seidel/algorithm.h"

using namespace lathe;

Schedule cpu_schedule(const Seidel& s, const Target& target) {
    constexpr int64_t strip = 32;
    const int lanes = target.natural_lanes(Float(32));
    Schedule c(s.out);
    auto [yo, yi] = c[s.out].split(s.y, strip);
    c[s.out].parallel(yo).vectorize(s.x, lanes);
    c[s.rows].compute_at(s.out, yo).vectorize(s.x, lanes);
    return c;
}

std::vector<TypeChoice> element_types(const Seidel& s, Type element) {
    return {{{s.in}, element}, {{s.rows, s.out}, element, {.literals = s.constant}}};
}

Schedule vitis_schedule(const Seidel& s, int64_t height, int64_t width) {
    Schedule c(s.out);
    const std::vector<Param> sizes = c.module().top().params;
    for (const Param& p : sizes)
        c.bind(p, p.symbol.name() == "H" ? height : width);
    // Two processes: the means of rows, each pixel read once; then those of columns, from three rows.
    c.reuse_at(s.in, s.rows, s.x);
    c.reuse_at(s.rows, s.out, s.y);
    c.stream(s.rows, s.out);
    c[s.rows].pipeline(s.x);
    c[s.out].pipeline(s.x);
    return c;
}

Schedule network_schedule(const Seidel& s, const support::StencilChoice& choice) {
    return support::stencil_schedule(s.out, s.x, element_types(s, choice.element), choice);
}
