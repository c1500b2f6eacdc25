#pragma once
/// \file What tests of how tensors are stored share.

#include "contains.h"
#include "everywhere.h"
#include "refusal.h"

#include "lathe/dsl/kernel.h"
#include "lathe/hls/emit.h"

#include <optional>

namespace lathe {

/// A kernel with an array of its own, 8 × 6, which is filled, passed down two calls as a view, and read.
struct Table {
    Param N{"N"};
    Var i{"i"}, j{"j"};
    InOut row{"row", Int(16), {N}};
    Kernel add{"add", {row}, [&](KernelBody& b) { b.for_(i, 0, N, [&] { row(i) += 3; }); }};
    Kernel twice{"twice", {row}, [&](KernelBody& b) {
                     b.call(add, {view(row, {Range(0, N)})});
                     b.call(add, {view(row, {Range(1, N - 1)})});
                 }};
    Input x{"x", Int(16), {8, 6}};
    Output y{"y", Int(16), {8, 6}};
    std::optional<Array> table;
    Kernel top{"top", {x, y}, [&](KernelBody& b) {
                   table.emplace(b.array("table", Int(16), {8, 6}));
                   const Array& t = *table;
                   b.for_(i, 0, 8, [&] {
                       b.for_(j, 0, 6, [&] { t(i, j) = x(i, j) * 2; });
                       b.call(twice, {view(t, {i, Range(0, 6)})});
                   });
                   b.for_(i, 0, 8, [&] { b.for_(j, 0, 6, [&] { y(i, j) = t(7 - i, j); }); });
               }};
    Schedule s{top};
    /// What is printed behind the table's shape and the CPU's memory.
    std::string layout() const {
        std::string text = print(s);
        const std::string before = "table: Tensor[Int(16), (8, 6)]", memory = ", stack";
        text = text.substr(text.find(before) + before.size());
        if (text.starts_with(memory)) text = text.substr(memory.size());
        return text.substr(0, text.find("):\n"));
    }
};

} // namespace lathe
