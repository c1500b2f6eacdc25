// The kernels of PolyBench against plain C++, and every primitive that takes one loop on every loop of them.

#include "polybench.h"
#include "deep.h"
#include "programs.h"

#include <cmath>
#include <set>

using namespace lathe;
using namespace lathe::ir;

namespace {

bool close(double a, double b, double tolerance) {
    return std::isfinite(b) && std::fabs(a - b) <= tolerance * std::max(1.0, std::fabs(b));
}

void expect_plain(const polybench::Benchmark& b, const Module& m, const polybench::Sizes& sizes) {
    std::vector<AnyBuffer> buffers = polybench::arguments(b, m, sizes, 1);
    polybench::Run plain(m, buffers, sizes);
    b.plain(plain);
    std::vector<AnyBuffer*> pointers;
    for (AnyBuffer& buffer : buffers)
        pointers.push_back(&buffer);
    interpret(m, pointers, make_scalars(m, sizes));
    const polybench::Run ours(m, buffers, sizes);
    for (const Argument& a : m.top().arguments) {
        const std::string& name = a.tensor.symbol.name();
        const auto &x = ours.elements(name), &y = plain.elements(name);
        REQUIRE(x.size() == y.size());
        for (size_t n = 0; n < x.size(); ++n)
            CHECK_MESSAGE(close(x[n], y[n], b.tolerance), name << " " << n << ": " << x[n] << " " << y[n]);
    }
}

} // namespace

TEST_CASE("PolyBench: thirty kernels compute what plain C++ does, of constant and of symbolic sizes") {
    const auto all = polybench::benchmarks();
    std::set<std::string> names;
    for (const polybench::Benchmark& b : all) {
        INFO(b.name);
        names.insert(b.name);
        const Algorithm symbolic = b.make(polybench::Extents({}));
        for (const polybench::Sizes& sizes : b.sizes) {
            expect_plain(b, symbolic.module, sizes);
            expect_plain(b, b.make(polybench::Extents(sizes)).module, sizes);
        }
        for (const polybench::Stage& s : polybench::stages(symbolic))
            CHECK(!s.loops.empty());
    }
    CHECK(names.size() == 30);
}

TEST_CASE("PolyBench: whatever is accepted on one loop is right") {
    int accepted = 0, refused = 0;
    for (const polybench::Benchmark& b : polybench::benchmarks()) {
        const Algorithm a = b.make(polybench::Extents({}));
        const auto buffers = polybench::arguments(b, a.module, b.sizes[0], 1);
        const auto scalars = make_scalars(a.module, b.sizes[0]);
        for (const polybench::LoopCall& call : polybench::loop_calls(a)) {
            Schedule s(a);
            try {
                call.make(s);
            } catch (const InternalError&) {
                throw;
            } catch (const Error&) {
                ++refused;
                continue;
            }
            ++accepted;
            INFO(b.name << "\n" << s.trace() << print(s));
            CHECK(check_schedule(s.reference(), s.module(), buffers, scalars) == "");
        }
    }
    MESSAGE("accepted " << accepted << ", refused " << refused);
    CHECK(accepted > refused / 4);
}
