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
    return s;
}
