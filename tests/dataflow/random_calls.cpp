// Random programs of several Functions: the interpreter, the JIT and Vitis C++ agree, under random schedules
// too.

#include "random_calls.h"

#include "deep.h"
#include "lathe/codegen/jit.h"
#include "vitis_compiled.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

/// The machine's results are the interpreter's.
void check_jit(const Schedule& s, const Sizes& sizes) {
    const std::vector<AnyBuffer> right = run(s.reference(), sizes, 5);
    std::vector<AnyBuffer> made = make_arguments(s.module(), sizes, 5);
    std::vector<AnyBuffer*> arguments;
    for (AnyBuffer& b : made)
        arguments.push_back(&b);
    jit(s).call(arguments, make_scalars(s.module(), sizes));
    for (size_t n = 0; n < right.size(); ++n)
        CHECK(bit_equal(right[n], made[n]));
}

} // namespace

TEST_CASE("random programs of several Functions compute the same everywhere") {
    const int programs = count(150, 2000), compiled_each = deep() ? 40 : 30, machine_each = deep() ? 4 : 10;
    VitisKernels kernels;
    std::vector<Module> references;
    int functions = 0, accepted = 0;
    for (int n = 0; n < programs; ++n) {
        CAPTURE(n);
        std::mt19937 random(static_cast<unsigned>(n) + 1);
        const Program p = random_calls(random);
        functions += static_cast<int>(p.algorithm.module.functions.size());
        Schedule s(p.algorithm);
        std::vector<Sizes> sizes = p.sizes;
        const bool emitted = n % compiled_each == 0; // arrays have constant sizes there
        if (emitted) {
            for (const Param& size : s.algorithm().top().params)
                s.bind(size, p.sizes[0].at(size.symbol.name()));
            sizes = {{}};
        }
        for (int k = 0; k < 6; ++k)
            accepted += random_call(s, p.algorithm, random);
        INFO(s.trace());
        expect_right(s, sizes);
        for (const Sizes& one : sizes)
            CHECK(same_result(s.reference(), s.module(), one));
        if (n % machine_each == 0) check_jit(s, sizes[0]);
        if (emitted) {
            try {
                kernels.add(s);
                references.push_back(s.reference());
            } catch (const Error& e) { // called with a size that a loop computes
                CHECK(e.message().find("inside an HLS kernel an array's size is constant") !=
                      std::string::npos);
            }
        }
    }
    MESSAGE(functions << " Functions in " << programs << " programs, " << accepted << " calls accepted");
    CHECK(functions > 3 * programs);
    CHECK(accepted > programs);
    CHECK(references.size() * 2 * static_cast<size_t>(compiled_each) > static_cast<size_t>(programs));
    kernels.compile();
    for (size_t k = 0; k < references.size(); ++k) {
        CAPTURE(k);
        kernels.expect_right(k, references[k], {{}});
    }
}
