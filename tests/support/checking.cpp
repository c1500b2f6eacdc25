#include "checking.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

using Outcome = CheckedOutcome;

Outcome outcome(const Module& m, const std::vector<AnyBuffer>& arguments,
                const std::map<std::string, Value>& scalars, bool lanes_apart = false) {
    Outcome r;
    std::vector<AnyBuffer*> pointers;
    for (const AnyBuffer& b : arguments) {
        std::vector<int64_t> mins;
        for (int d = 0; d < b.rank(); ++d)
            mins.push_back(b.min(d));
        r.buffers.push_back(b.copy());
        r.buffers.back().set_min(mins);
    }
    for (AnyBuffer& b : r.buffers)
        pointers.push_back(&b);
    try {
        interpret(m, pointers, scalars, {.terms = &r.terms, .lanes_apart = lanes_apart});
    } catch (const InternalError&) {
        throw;
    } catch (const Error& e) {
        r.error = e.what();
    }
    return r;
}

/// The subscripts of the n-th element.
std::vector<int64_t> position(const AnyBuffer& b, int64_t n) {
    std::vector<int64_t> at(static_cast<size_t>(b.rank()));
    for (size_t d = at.size(); d-- > 0;) {
        const int k = static_cast<int>(d);
        at[d] = b.min(k) + n % b.extent(k);
        n /= b.extent(k);
    }
    return at;
}

std::string difference(const Tensor& t, const Outcome& a, const Outcome& b, size_t argument) {
    const AnyBuffer &x = a.buffers[argument], &y = b.buffers[argument];
    const auto &p = a.terms.arguments[argument], &q = b.terms.arguments[argument];
    for (size_t n = 0; n < p.size(); ++n) {
        const auto at = position(x, static_cast<int64_t>(n));
        const std::string element = fmt::format("{}[{}]", t.symbol.name(), fmt::join(at, ", "));
        const Value v = x.get(at), w = y.get(at);
        if (!(v == w)) return fmt::format("{} is {}, and scheduled {}", element, v.str(), w.str());
        if (p[n] != q[n]) {
            if (q[n] == 0) return fmt::format("the schedule leaves {} without a value", element);
            if (p[n] == 0) return fmt::format("the schedule stores to {}, the reference does not", element);
            return fmt::format("{} is {} by chance: other terms made it", element, v.str());
        }
    }
    return {};
}

} // namespace

CheckedRun::CheckedRun(const Module& reference, std::vector<AnyBuffer> with,
                       std::map<std::string, Value> values)
    : arguments(std::move(with)), scalars(std::move(values)),
      expected(outcome(reference, arguments, scalars)) {
    for (const Argument& a : reference.top().arguments)
        tensors.push_back(a.tensor);
}

std::string CheckedRun::difference(const Module& scheduled, bool lanes_apart) const {
    const Outcome &a = expected, b = outcome(scheduled, arguments, scalars, lanes_apart);
    if (a.error && b.error) return {};
    if (a.error) return "the reference ends with an error, the schedule does not: " + *a.error;
    if (b.error) return "the schedule ends with an error: " + *b.error;
    for (size_t n = 0; n < arguments.size(); ++n)
        if (std::string d = ::difference(tensors[n], a, b, n); !d.empty()) return d;
    return a.terms.prints == b.terms.prints ? "" : "the schedule prints something else";
}

std::string check_schedule(const Module& reference, const Module& scheduled,
                           const std::vector<AnyBuffer>& arguments,
                           const std::map<std::string, Value>& scalars) {
    return CheckedRun(reference, arguments, scalars).difference(scheduled);
}
