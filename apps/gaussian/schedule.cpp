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
