#pragma once
/// \file A kernel of a line, and one that calls it for each row of a picture.

#include "lathe/dsl/kernel.h"
#include "lathe/dsl/math.h"
#include "lathe/dsl/operators.h"

struct LineKernels {
    lathe::Param N{"N"}, M{"M"}, by{"by", lathe::Int(8)};
    lathe::Var i{"i"}, r{"r"};
    lathe::Input from{"from", lathe::Int(8), {N}}, rows{"rows", lathe::Int(8), {M, N}};
    lathe::Output to{"to", lathe::Int(16), {N}}, out{"out", lathe::Int(16), {M, N}};
    lathe::Kernel line{"line", {from, to, by}, [&](lathe::KernelBody& b) {
                           b.for_(i, 0, N, [&] { to(i) = from(i) * by + i; });
                       }};
    lathe::Kernel picture{
        "picture", {rows, out}, [&](lathe::KernelBody& b) {
            b.for_(r, 0, M, [&] {
                b.call(line, {view(rows, {r, lathe::Range(0, N)}), view(out, {r, lathe::Range(0, N)}), 3});
            });
        }};
};
