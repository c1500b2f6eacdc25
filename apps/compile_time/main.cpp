/// \file Time from an algorithm to code in memory (state it, schedule it, lower it, compile it), for Lathe
/// and Halide in turns.

#include "sides.h"
#include "support/arguments.h"
#include "support/measure.h"
#include "support/report.h"

#include <algorithm>
#include <cstdio>

int main(int argc, char** argv) try {
    using namespace compile_time;
    std::string json;
    support::Arguments arguments("Schedule + lower + JIT time of a gemm and a Gaussian, beside Halide");
    arguments.json(json);
    if (const auto status = arguments.read(argc, argv)) return *status;
    support::Report report(json);
    support::pin_to_cores(1);
    const auto compare = [&](const char* name, auto ours, auto theirs) {
        const auto [mine, other] = support::best_in_turns(ours, theirs, 15);
        report.figure(std::string("Lathe, ") + name, mine * 1e3, "ms");
        report.figure(std::string("Halide, ") + name, other * 1e3, "ms");
        report.figure(std::string("Lathe / Halide, ") + name, mine / other, "x");
    };
    compare("gemm", lathe_gemm, halide_gemm);
    compare("gaussian 5x5", lathe_gaussian, halide_gaussian);
    const auto alone = [&](const char* name, auto run) {
        report.figure(name, support::best_seconds(run) * 1e3, "ms");
    };
    alone("Lathe, gemm's schedule and its checks", schedule_gemm);
    alone("Lathe, Gaussian's schedule and its checks", schedule_gaussian);
    alone("Lathe, 40 buffers", [] { lathe_buffers(40); });
    for (const int stages : {25, 50, 100, 200}) {
        ChainTime best = lathe_chain(stages);
        for (int again = 0; again < 4; ++again) {
            const ChainTime t = lathe_chain(stages);
            best = {std::min(best.schedule, t.schedule), std::min(best.compile, t.compile)};
        }
        report.figure("Lathe, schedule of " + std::to_string(stages) + " stages", best.schedule * 1e3, "ms");
        report.figure("Lathe, code of " + std::to_string(stages) + " stages", best.compile * 1e3, "ms");
    }
    report.write_json();
    return 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "compile_time: %s\n", e.what());
    return 1;
}
