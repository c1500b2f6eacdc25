// Random algorithms and random schedules as Vitis C++ against the interpreter.

#include "deep.h"
#include "lathe/hls/emit.h"
#include "random_program.h"
#include "vitis_compiled.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

/// What one program holds, and why others were refused.
struct Batch {
    VitisKernels kernels;
    std::vector<std::pair<Module, std::vector<Sizes>>> expected;
    std::vector<std::string> traces;

    void add(const Schedule& s, const Sizes& sizes) {
        Schedule bound = s;
        for (const Param& p : s.module().top().params)
            if (p.type.is_index()) bound.bind(p, sizes.at(p.symbol.name()));
        verify(bound.module());
        kernels.add(bound);
        expected.push_back({s.reference(), {sizes}});
        traces.push_back(s.trace());
    }
    /// With every compiler in the deep tier.
    void check() {
        std::vector<std::string> compilers = vitis_compilers();
        if (!deep()) compilers.resize(1);
        for (const std::string& compiler : compilers) {
            CAPTURE(compiler);
            kernels.compile(compiler);
            for (size_t k = 0; k < expected.size(); ++k) {
                INFO(traces[k]);
                kernels.expect_right(k, expected[k].first, expected[k].second);
            }
        }
    }
};

/// Makes schedules of `programs` programs, some in each compiled file, and checks them. One in ten may be
/// refused: its sizes are bound in the end, which can make a step fail.
void run(int programs, int calls, unsigned first_seed, Program (*make)(std::mt19937&)) {
    std::map<std::string, int> refusals;
    int kernels = 0;
    Batch batch;
    const int most = programs + programs / 10 + 2;
    for (int n = 0; n < most && kernels < programs; ++n) {
        std::mt19937 random(first_seed + static_cast<unsigned>(n));
        CAPTURE(n);
        try {
            const Program p = make(random);
            Schedule s(p.algorithm);
            for (int call = 0; call < calls; ++call)
                random_call(s, p.algorithm, random);
            batch.add(s, p.sizes[static_cast<size_t>(n) % p.sizes.size()]);
            ++kernels;
        } catch (const InternalError& e) {
            FAIL_CHECK(e.message());
        } catch (const Error& e) {
            ++refusals[e.message()];
        }
        if (batch.expected.size() == 30 || n + 1 == most || kernels == programs) {
            batch.check();
            batch = {};
        }
    }
    for (const auto& [text, times] : refusals)
        MESSAGE(times << " × " << text);
    MESSAGE(kernels << " kernels of " << programs << " programs");
    CHECK(kernels == programs);
}

} // namespace

/// The same programs as those of the test "cpu: random programs".
TEST_CASE("hls: random programs") {
    run(count(205, 2050), 0, 0, random_program);
}

TEST_CASE("hls: random programs with random schedules") {
    run(count(5, 1500), 8, 50000, random_program);
}

TEST_CASE("hls: random schedules of known programs") {
    run(count(5, 1000), 14, 100000, make_program);
}
