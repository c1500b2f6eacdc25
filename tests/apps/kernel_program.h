#pragma once
/// \file Kernels in the interpreter and as machine code, against plain C++.

#include "program.h"

#include <algorithm>
#include <numeric>

namespace lathe {

using namespace ir;

inline Buffer<int32_t> ints(const std::vector<int32_t>& values) {
    Buffer<int32_t> b({static_cast<int64_t>(values.size())});
    std::copy(values.begin(), values.end(), b.begin());
    return b;
}

template <class T> Buffer<T> clone(const Buffer<T>& b) {
    Buffer<T> r(b.type(), b.shape());
    std::copy(b.begin(), b.end(), r.begin());
    return r;
}

/// The kernel turns `before` (what it writes, as it stands at the call) into `after`.
inline void expect_change(const Schedule& s, const std::vector<AnyBuffer>& inputs,
                          const std::vector<AnyBuffer>& before, const std::vector<AnyBuffer>& after,
                          const Scalars& scalars = {}) {
    INFO(print(s));
    verify(s.module());
    const Module low = codegen::lower(s, Target::host());
    const JitFunction compiled = jit(s);
    const auto check = [&](const char* what, const Runner& run) {
        std::vector<AnyBuffer> all;
        for (const auto* list : {&inputs, &before})
            for (const AnyBuffer& b : *list)
                all.push_back(b.copy());
        std::vector<AnyBuffer*> arguments;
        for (AnyBuffer& b : all)
            arguments.push_back(&b);
        run(arguments, scalars);
        for (size_t n = 0; n < after.size(); ++n)
            expect_equal(all[inputs.size() + n], after[n],
                         what + std::string(" output ") + std::to_string(n));
    };
    check("reference", [&](auto& a, auto& p) { interpret(s.reference(), a, p); });
    check("interpreter", [&](auto& a, auto& p) { interpret(s, a, p); });
    check("lowered", [&](auto& a, auto& p) { run_lowered(low, a, p); });
    check("machine code", [&](auto& a, auto& p) { compiled.call(a, p); });
}

} // namespace lathe
