#pragma once
/// \file A schedule against its reference in all backends, and what its text says.

#include "programs.h"
#include "vitis_compiled.h"

#include "lathe/codegen/jit.h"
#include "lathe/ir/depths.h"

namespace lathe {

/// The text has that part.
inline void has(const std::string& text, const std::string& part) {
    CAPTURE(text);
    CHECK(text.find(part) != std::string::npos);
}

/// In the checking interpreter, in the plain one, and as machine code.
inline void expect_same_as_code(const Schedule& s, const std::vector<Sizes>& all = {{}}) {
    expect_right(s, all);
    INFO(print(s));
    const JitFunction compiled = jit(s.module());
    for (const Sizes& sizes : all) {
        const std::vector<AnyBuffer> right = run(s.reference(), sizes, 3), own = run(s.module(), sizes, 3);
        std::vector<AnyBuffer> made = make_arguments(s.module(), sizes, 3);
        std::vector<AnyBuffer*> arguments;
        for (AnyBuffer& b : made)
            arguments.push_back(&b);
        compiled.call(arguments, make_scalars(s.module(), sizes));
        for (size_t n = 0; n < right.size(); ++n) {
            CHECK(bit_equal(right[n], own[n]));
            CHECK(bit_equal(right[n], made[n]));
        }
    }
}

/// The same results as the reference's, whoever runs when, with the depths that were computed.
inline void expect_same_with_stalls(const Schedule& s, uint64_t seeds = 3) {
    const Module m = with_safe_depths(s.module());
    const std::vector<AnyBuffer> right = run(s.reference(), {}, 5);
    for (uint64_t seed = 0; seed < seeds; ++seed) {
        std::vector<AnyBuffer> got = make_arguments(m, {}, 5);
        std::vector<AnyBuffer*> pointers;
        for (AnyBuffer& b : got)
            pointers.push_back(&b);
        InterpretOptions options;
        options.stall_seed = seed;
        interpret(m, pointers, {}, options);
        for (size_t n = 0; n < right.size(); ++n)
            REQUIRE(bit_equal(right[n], got[n]));
    }
}

/// And as Vitis C++. The sizes are bound.
inline void check_everywhere(const Schedule& s) {
    expect_same_as_code(s);
    VitisKernels kernels;
    kernels.add(s);
    kernels.compile();
    kernels.expect_right(0, s.reference(), {{}});
}

} // namespace lathe
