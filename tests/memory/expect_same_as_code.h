#pragma once
/// \file A schedule against its reference: in the checking interpreter, and as machine code.

#include "programs.h"

#include "lathe/codegen/jit.h"

inline void expect_same_as_code(const lathe::Schedule& s, const std::vector<lathe::Sizes>& all = {{}}) {
    using namespace lathe;
    expect_right(s, all);
    const std::string text = print(s);
    CAPTURE(text);
    const JitFunction compiled = jit(s.module());
    for (const Sizes& sizes : all) {
        std::vector<AnyBuffer> expected = run(s.reference(), sizes, 3),
                               got = make_arguments(s.module(), sizes, 3);
        std::vector<AnyBuffer*> pointers;
        for (AnyBuffer& b : got)
            pointers.push_back(&b);
        compiled.call(pointers, make_scalars(s.module(), sizes));
        for (size_t n = 0; n < got.size(); ++n)
            CHECK(bit_equal(got[n], expected[n]));
    }
}
