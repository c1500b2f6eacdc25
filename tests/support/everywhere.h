#pragma once
/// \file A schedule against its reference in all backends.

#include "programs.h"
#include "vitis_compiled.h"

#include "lathe/codegen/jit.h"

namespace lathe {

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

/// And as Vitis C++. The sizes are bound.
inline void check_everywhere(const Schedule& s) {
    expect_same_as_code(s);
    VitisKernels kernels;
    kernels.add(s);
    kernels.compile();
    kernels.expect_right(0, s.reference(), {{}});
}

} // namespace lathe
