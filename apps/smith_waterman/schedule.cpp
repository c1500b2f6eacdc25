#include "smith_waterman/algorithm.h"

using namespace lathe;

Schedule cpu_schedule(const SmithWaterman& s, const Target& target) {
    const int lanes = target.natural_lanes(Int(16));
    Schedule c(s.score);
    auto [po, pi] = c[s.score].split(s.p, lanes);
    c[s.score].reorder(po, s.all.x, s.all.y, pi).parallel(po).vectorize(pi);
    // One vector of pairs at a time: its scores stay in the cache.
    c.compute_at(s.H, s.score, po);
    c[s.H].reorder(s.cell.x, s.cell.y, s.p).vectorize(s.p, lanes);
    c[s.H].init().vectorize(s.p, lanes);
    return c;
}

Schedule vitis_schedule(const SmithWaterman& s, int64_t length, int64_t pairs) {
    Schedule c(s.score);
    const std::vector<Param> sizes = c.module().top().params;
    for (const Param& p : sizes)
        c.bind(p, p.symbol.name() == "L" ? length : pairs);
    // Some pairs at a time, each with a table of its own, in a process of its own.
    int64_t beside = 4;
    while (pairs % beside != 0)
        --beside;
    c[s.score].fuse_init().reorder(s.p, s.all.x, s.all.y);
    auto [po, pi] = c[s.score].split(s.p, beside, Tail::exact);
    c.compute_at(s.H, s.score, pi);
    c[s.H].pipeline(s.cell.y, 1);
    c[s.score].pipeline(s.all.y, 1);
    if (beside > 1) c.unfold(s.score, pi);
    return c;
}
