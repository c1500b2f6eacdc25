#include "value_places.h"

#include <algorithm>

namespace lathe::ir {

Span Places::of(const Expr& e) {
    if (const auto* v = e.as<Variable>()) {
        for (size_t n = chosen.size(); n-- > 0;)
            if (chosen[n].first == v->symbol) return {chosen[n].second, chosen[n].second};
        if (const auto let = lets.find(v->symbol); let != lets.end()) return let->second;
    }
    const auto* b = e.as<Binary>();
    if (b && e.type().is_index() && !chosen.empty())
        if (const auto s = of(*b)) return *s;
    const IntegerRange r = indices.of(e);
    const auto clamped = [](const mpz_class& n) {
        return n.fits_slong_p() ? int64_t{n.get_si()}
               : n < 0          ? std::numeric_limits<int64_t>::min()
                                : std::numeric_limits<int64_t>::max();
    };
    return {clamped(r.low), clamped(r.high)};
}

std::optional<Span> Places::of(const Binary& b) {
    constexpr int64_t small = int64_t{1} << 30;
    const Span x = of(b.a), y = of(b.b);
    if (std::min(x.low, y.low) < -small || std::max(x.high, y.high) > small) return std::nullopt;
    switch (b.op) {
    case BinaryOp::add:
        return Span{x.low + y.low, x.high + y.high};
    case BinaryOp::sub:
        return Span{x.low - y.high, x.high - y.low};
    case BinaryOp::mul: {
        const auto [low, high] =
            std::minmax({x.low * y.low, x.low * y.high, x.high * y.low, x.high * y.high});
        return Span{low, high};
    }
    case BinaryOp::min:
        return Span{std::min(x.low, y.low), std::min(x.high, y.high)};
    case BinaryOp::max:
        return Span{std::max(x.low, y.low), std::max(x.high, y.high)};
    case BinaryOp::floordiv:
    case BinaryOp::floormod: {
        if (!y.is_point() || y.low <= 0) return std::nullopt;
        const auto quotient = [&](int64_t n) { return (n >= 0 ? n : n - (y.low - 1)) / y.low; };
        const Span q = {quotient(x.low), quotient(x.high)};
        if (b.op == BinaryOp::floordiv) return q;
        if (!q.is_point()) return Span{0, y.low - 1};
        return Span{x.low - q.low * y.low, x.high - q.low * y.low};
    }
    default:
        return std::nullopt;
    }
}

ValueRange Places::range(const Expr& e) {
    const auto out = [](const mpz_class& n, bool high) {
        const double x = n.get_d();
        if (std::isinf(x)) return high == (x > 0) ? x : std::copysign(std::numeric_limits<double>::max(), x);
        return mpz_class(x) == n ? x : high ? up(x) : down(x);
    };
    const IntegerRange r = indices.of(e);
    ValueRange range = {out(r.low, false), out(r.high, true)};
    if (chosen.empty()) return range;
    using Limits = std::numeric_limits<int64_t>;
    const Span s = of(e); // which stops where 64 bits do
    if (s.low > Limits::min()) range.low = std::max(range.low, out(mpz_class(s.low), false));
    if (s.high < Limits::max()) range.high = std::min(range.high, out(mpz_class(s.high), true));
    return range;
}

} // namespace lathe::ir
