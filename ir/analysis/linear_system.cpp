#include "linear_system.h"

#include <algorithm>
#include <numeric>

namespace lathe::ir {

namespace {

using Wide = __int128;

int64_t clamp(Wide x) {
    return static_cast<int64_t>(std::clamp<Wide>(x, -IntRange::inf, IntRange::inf));
}

Wide floor_div(Wide a, Wide b) {
    Wide q = a / b;
    return (a % b != 0 && (a < 0) != (b < 0)) ? q - 1 : q;
}

/// c·[lo, hi] with infinities kept.
IntRange scale(int64_t c, IntRange r) {
    auto times = [&](int64_t x) {
        if (x >= IntRange::inf) return c > 0 ? IntRange::inf : -IntRange::inf;
        if (x <= -IntRange::inf) return c > 0 ? -IntRange::inf : IntRange::inf;
        return clamp(Wide(c) * x);
    };
    int64_t a = times(r.lo), b = times(r.hi);
    return {std::min(a, b), std::max(a, b)};
}

/// Sums of interval ends in which the number of infinite ones is counted apart.
struct Sum {
    Wide lo = 0, hi = 0;
    int open_lo = 0, open_hi = 0;
    void add(IntRange r, int sign) {
        if (r.lo <= -IntRange::inf)
            open_lo += sign;
        else
            lo += sign * Wide(r.lo);
        if (r.hi >= IntRange::inf)
            open_hi += sign;
        else
            hi += sign * Wide(r.hi);
    }
};

} // namespace

std::size_t LinearSystem::unknown(IntRange range) {
    ranges.push_back(range);
    return ranges.size() - 1;
}

bool LinearSystem::tighten(const Equation& e, bool& changed) {
    int64_t divisor = 0;
    Wide fixed = e.constant;
    Sum sum;
    for (const auto& [v, c] : e.terms) {
        if (ranges[v].lo == ranges[v].hi)
            fixed += Wide(c) * ranges[v].lo;
        else
            divisor = std::gcd(divisor, c);
        sum.add(scale(c, ranges[v]), 1);
    }
    if (divisor == 0 ? fixed != 0 : fixed % divisor != 0) return false;
    for (const auto& [v, c] : e.terms) {
        // c·v = −constant − (the other terms): the others' ends bound v.
        Sum rest = sum;
        rest.add(scale(c, ranges[v]), -1);
        IntRange product{rest.open_hi ? -IntRange::inf : clamp(-e.constant - rest.hi),
                         rest.open_lo ? IntRange::inf : clamp(-e.constant - rest.lo)};
        IntRange tight;
        int64_t low = c > 0 ? product.lo : product.hi, high = c > 0 ? product.hi : product.lo;
        if (low > -IntRange::inf && low < IntRange::inf) tight.lo = clamp(-floor_div(-Wide(low), c));
        if (high > -IntRange::inf && high < IntRange::inf) tight.hi = clamp(floor_div(high, c));
        IntRange& r = ranges[v];
        if (tight.lo > r.lo || tight.hi < r.hi) {
            r = {std::max(r.lo, tight.lo), std::min(r.hi, tight.hi)};
            changed = true;
            if (r.empty()) return false;
            return true; // the sums are stale
        }
    }
    return true;
}

bool LinearSystem::maybe_feasible() {
    for (const IntRange& r : ranges)
        if (r.empty()) return false;
    bool changed = true;
    for (int round = 0; changed && round < 64; ++round) {
        changed = false;
        for (const Equation& e : equations)
            if (!tighten(e, changed)) return false;
    }
    return true;
}

} // namespace lathe::ir
