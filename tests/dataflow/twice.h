#pragma once
/// \file A kernel that calls others, one of them twice: what tests of primitives on calls share.

#include "drawn.h"
#include "everywhere.h"
#include "lines.h"
#include "refusal.h"

namespace lathe {

struct Twice : LineKernels {
    Var c{"c"};
    Input x{"x", Int(8), {5, 12}};
    Output y{"y", Int(16), {5, 12}};
    InOut z{"z", Int(16), {5, 12}};
    Input u{"u", Int(8), {7}};
    Output v{"v", Int(16), {7}};
    Kernel top{"top", {x, u, y, v}, [&](KernelBody& b) {
                   b.call(picture, {x, y});
                   b.call(line, {u, v, -2});
                   b.for_(c, 0, 2, [&] {
                       b.call(line, {view(x, {c, Range(1, 9)}), view(y, {c + 2, Range(2, 9)}), c + 1});
                   });
               }};
};

/// A trace makes the same schedule again.
inline void check_trace(const Kernel& top, const Schedule& s) {
    Schedule again(top);
    again.apply_trace(s.trace_json());
    CHECK(print(again) == print(s));
    CHECK(again.trace() == s.trace());
}

inline std::vector<std::string> functions(const Schedule& s) {
    std::vector<std::string> names;
    for (const Function& f : s.module().functions)
        names.push_back(f.name);
    return names;
}

using Names = std::vector<std::string>;

} // namespace lathe
