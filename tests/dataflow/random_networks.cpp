// Random networks: every order of turns, computed depths, in order, the JIT, threads and Vitis C++ agree.

#include "deep.h"
#include "lathe/ir/depths.h"
#include "lathe/ir/inline_calls.h"
#include "programs.h"
#include "random_network.h"
#include "vitis_compiled.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

std::vector<AnyBuffer> interpreted(const Module& m, const std::vector<AnyBuffer>& given,
                                   std::optional<uint64_t> seed) {
    std::vector<AnyBuffer> copies;
    std::vector<AnyBuffer*> pointers;
    for (const AnyBuffer& b : given)
        copies.push_back(b.copy());
    for (AnyBuffer& b : copies)
        pointers.push_back(&b);
    InterpretOptions options;
    options.stall_seed = seed;
    interpret(m, pointers, {}, options);
    return copies;
}

std::vector<AnyBuffer> as_threads(const Module& m, const std::vector<AnyBuffer>& given) {
    std::vector<AnyBuffer> copies;
    std::vector<AnyBuffer*> pointers;
    for (const AnyBuffer& b : given)
        copies.push_back(b.copy());
    for (AnyBuffer& b : copies)
        pointers.push_back(&b);
    jit(m, Target::host().with_threads()).call(pointers);
    return copies;
}

void check_same(const std::vector<AnyBuffer>& a, const std::vector<AnyBuffer>& b) {
    for (size_t n = 0; n < a.size(); ++n)
        CHECK(bit_equal(a[n], b[n]));
}

} // namespace

TEST_CASE("random networks compute the same everywhere") {
    const int programs = deep() ? 2000 : 150, compiled_each = deep() ? 20 : 30;
    VitisKernels kernels;
    std::vector<Module> expected;
    for (int n = 0; n < programs; ++n) {
        CAPTURE(n);
        std::mt19937 random(static_cast<unsigned>(n) + 1);
        const auto [kernel, round] = random_network(random);
        Schedule s(kernel);
        if (round) s[kernel].split(*round, 2, n % 2 ? Tail::peel : Tail::guard);
        const Module& m = s.module();
        const std::vector<AnyBuffer> given = make_arguments(m, {}, static_cast<unsigned>(n));
        const std::vector<AnyBuffer> right = interpreted(s.reference(), given, {});
        check_same(right, interpreted(m, given, {}));
        const Module sized = with_safe_depths(m);
        for (uint64_t seed = 1; seed <= 3; ++seed)
            check_same(right, interpreted(sized, given, seed));
        check_same(right, interpreted(inline_calls(m), given, {}));
        if (n % 5 == 0) {
            std::vector<AnyBuffer> inputs, outputs;
            for (size_t a = 0; a < given.size(); ++a)
                (m.top().arguments[a].direction == Direction::in ? inputs : outputs).push_back(right[a]);
            check_same(outputs, realize(m, inputs));
        }
        if (n % 10 == 3) // streams as deep as safe ones, or with room for all
            check_same(right, as_threads(n % 20 == 3 ? sized : m, given));
        if (n % compiled_each == 0) {
            kernels.add(m);
            expected.push_back(m);
        }
    }
    kernels.compile();
    for (size_t k = 0; k < expected.size(); ++k) {
        CAPTURE(k);
        kernels.expect_right(k, expected[k], {{}});
    }
}
