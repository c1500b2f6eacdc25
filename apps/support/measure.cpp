#include "support/measure.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <sched.h>
#include <utility>

namespace support {
namespace {

double seconds_of(const std::function<void()>& f) {
    const auto start = std::chrono::steady_clock::now();
    f();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

} // namespace

int pin_to_cores(int count) {
    cpu_set_t allowed, chosen;
    CPU_ZERO(&chosen);
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 0;
    int taken = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE && taken < count; ++cpu)
        if (CPU_ISSET(cpu, &allowed)) {
            CPU_SET(cpu, &chosen);
            ++taken;
        }
    return sched_setaffinity(0, sizeof chosen, &chosen) == 0 ? taken : 0;
}

double best_seconds(const std::function<void()>& f, int runs, double budget_s) {
    double best = std::numeric_limits<double>::infinity(), spent = 0;
    for (int i = 0; i < runs || spent < budget_s; ++i) {
        const double t = seconds_of(f);
        best = std::min(best, t);
        spent += t;
    }
    return best;
}

std::pair<double, double> best_in_turns(const std::function<void()>& a, const std::function<void()>& b,
                                        int runs, double budget_s) {
    std::pair best = {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
    double spent = 0;
    for (int i = 0; i < runs || spent < budget_s; ++i) {
        const double ta = seconds_of(a), tb = seconds_of(b);
        best = {std::min(best.first, ta), std::min(best.second, tb)};
        spent += ta + tb;
    }
    return best;
}

} // namespace support
