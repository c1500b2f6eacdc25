#include "denoise/algorithm.h"

using namespace lathe;

Schedule cpu_schedule(const Filter& f, const Target& target) {
    constexpr int64_t strip = 32;
    const int lanes = target.natural_lanes(Float(32));
    Schedule s(f.out());
    s.disable_contraction(); // as on an FPGA
    auto [yo, yi] = s[f.out()].split(f.y, strip);
    s[f.out()].parallel(yo).vectorize(f.x, lanes);
    for (size_t n = f.stages.size() - 1; n-- > 0;)
        s[f.stages[n]].compute_at(f.out(), yo).vectorize(f.x, lanes);
    return s;
}

Schedule network_schedule(const Filter& f, int64_t unroll) {
    return support::stencil_schedule(f.out(), f.x, {}, {.unroll = unroll});
}
