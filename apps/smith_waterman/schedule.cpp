#include "smith_waterman/algorithm.h"

using namespace lathe;

Schedule cpu_schedule(const SmithWaterman& s, const Target& target) {
    const int lanes = target.natural_lanes(Int(16));
    Schedule c(s.score);
    auto [po, pi] = c[s.H].split(s.p, lanes);
    c[s.H].reorder(po, s.cell.x, s.cell.y, pi).parallel(po).vectorize(pi);
    auto [qo, qi] = c[s.score].split(s.p, lanes);
    c[s.score].reorder(qo, s.all.x, s.all.y, qi).parallel(qo).vectorize(qi);
    return c;
}

Schedule vitis_schedule(const SmithWaterman& s, int64_t length, int64_t pairs) {
    Schedule c(s.score);
    for (const Param& p : c.module().top().params)
        c.bind(p, p.symbol.name() == "L" ? length : pairs);
    c[s.H].reorder(s.cell.x, s.cell.y, s.p).pipeline(s.p, 1);
    return c;
}
