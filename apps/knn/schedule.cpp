#include "knn/algorithm.h"

using namespace lathe;

Schedule cpu_schedule(const Knn& k) {
    constexpr int64_t block = 16, unrolled = 4;
    Schedule s(k.kernel);
    auto [no, ni] = s[k.kernel].split(k.n, block);
    s[k.kernel].parallel(no);
    auto [mo, mi] = s[k.kernel].split(k.m, unrolled, Tail::peel);
    s[k.kernel].unroll(mi);
    return s;
}

Schedule vitis_schedule(const Knn& k, int64_t images, int64_t known) {
    Schedule s(k.kernel);
    const std::vector<Param> sizes = s.module().top().params;
    for (const Param& p : sizes)
        s.bind(p, p.symbol.name() == "N" ? images : known);
    s[k.kernel].pipeline(k.m, 1);
    // Some images at a time, each in a process of its own; what is known passes from one to the next.
    int64_t beside = 4;
    while (images % beside != 0)
        --beside;
    if (beside == 1) return s;
    auto [no, ni] = s[k.kernel].split(k.n, beside, Tail::exact);
    s[k.kernel].unfold(ni).relay(k.train, ni);
    return s;
}
