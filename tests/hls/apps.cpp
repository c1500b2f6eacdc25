// The applications' algorithms, and their schedules for a CPU, as Vitis C++.
#ifdef LATHE_TEST_APPS

#include "everywhere.h"
#include "gaussian/algorithm.h"
#include "gemm/algorithm.h"
#include "knn/algorithm.h"
#include "lathe/ir/verify.h"
#include "seidel/algorithm.h"
#include "smith_waterman/algorithm.h"

#include <doctest/doctest.h>

using namespace lathe;

namespace {

Schedule bound(const Schedule& s, const Sizes& sizes) {
    Schedule b = s;
    for (const Param& p : s.module().top().params)
        b.bind(p, sizes.at(p.symbol.name()));
    verify(b.module());
    return b;
}

} // namespace

TEST_CASE("hls: the applications") {
    VitisKernels kernels;
    std::vector<std::pair<Module, Sizes>> expected;
    const auto add = [&](const Schedule& s, const Sizes& sizes) {
        kernels.add(bound(s, sizes));
        expected.push_back({s.reference(), sizes});
    };
    // Schedules for Vitis bind the sizes themselves.
    const auto add_bound = [&](const Schedule& s) {
        kernels.add(s);
        expected.push_back({s.reference(), {}});
        expect_same_as_code(s);
    };
    add_bound(vitis_schedule(knn(), 4, 9));
    add_bound(vitis_schedule(seidel(), 6, 21));
    const std::vector<size_t> streaming{0, 1};
    for (const size_t k : streaming)
        has(kernels.source(k), "hls::stream");
    add_bound(vitis_schedule(smith_waterman(), 7, 6)); // its processes share nothing
    const auto g = gemm_algorithm();
    add_bound(vitis_schedule(g, 13, 19, 5));
    add(Schedule({g.A, g.B}, {g.C}), {{"M", 7}, {"N", 19}, {"K", 5}});
    add(cpu_schedule(g, Target("x86-64-linux-avx2")), {{"M", 13}, {"N", 35}, {"K", 3}});
    for (const Variant& v : variants()) {
        const Gaussian blur = gaussian(v.taps, v.pixel);
        add(Schedule({blur.in}, {blur.out}), {{"H", 9}, {"W", 13}});
        add(cpu_schedule(blur, Target("x86-64-linux-avx2")), {{"H", 10}, {"W", 70}});
        add_bound(vitis_schedule(blur, 7, 12));
    }
    kernels.compile();
    for (size_t k = 0; k < expected.size(); ++k)
        kernels.expect_right(k, expected[k].first, {expected[k].second});
    for (uint64_t seed = 1; seed <= 10; ++seed) {
        CAPTURE(seed);
        kernels.stall(seed);
        for (const size_t k : streaming) {
            CAPTURE(k);
            kernels.expect_right(k, expected[k].first, {expected[k].second});
        }
    }
}

#endif
