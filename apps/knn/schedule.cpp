#include "knn/algorithm.h"

using namespace lathe;

Schedule cpu_schedule(const Knn& k) {
    constexpr int64_t block = 16;
    Schedule s(k.digit);
    auto [no, ni] = s[k.digit].split(k.n, block);
    s[k.digit].parallel(no);
    return s;
}

Schedule vitis_schedule(const Knn& k, int64_t images, int64_t known) {
    Schedule s(k.digit);
    const std::vector<Param> sizes = s.module().top().params;
    for (const Param& p : sizes)
        s.bind(p, p.symbol.name() == "N" ? images : known);
    s[k.digit].pipeline(k.m, 1);
    return s;
}
