#pragma once
/// \file Programs that tests of several primitives share.

#include "refused.h"

#include "lathe/dsl/kernel.h"
#include "lathe/dsl/math.h"

namespace lathe {

/// s(r) depends on s(r − 1).
struct Scan {
    Param N{"N"};
    Var i{"i"}, j{"j"};
    RDom r{1, N - 1, "r"};
    Func s{"s", Int(16), {N}}, out{"out", Int(16), {N}};
    unsigned line;
    Scan() {
        s(i) = i;
        line = __LINE__ + 1;
        s(r) = s(r - 1) + 1;
        out(i) = s(i);
    }
};

/// Loops beside each other, with statements and conditions between.
struct Loops {
    Param N{"N"};
    InOut a{"a", Int(8), {8, 8}}, b{"b", Int(8), {8}};
    Var i{"i"}, j{"j"}, k{"k"}, n{"n"};
    Kernel kernel{"loops", {a, b}, [this](KernelBody& body) {
                      body.for_(i, 0, 8, [&] {
                          body.if_(b(i) > 0, [&] { body.for_(j, 0, 8, [&] { a(i, j) = 1; }); });
                      });
                      body.for_(n, 0, 8, [&] {
                          b(n) = 0;
                          body.for_(k, 0, 8, [&] { a(n, k) = 2; });
                      });
                  }};
};

/// The bound of the inner loop may be read only where the condition holds.
struct GuardedBound {
    Param N{"N"}, L{"L"}, p{"p"};
    Var i{"i"}, j{"j"};
    Input X{"X", Int(32), {L}};
    InOut A{"A", Int(32), {N, 8}};
    Kernel kernel{"guarded", {X, A}, [this](KernelBody& b) {
                      b.for_(i, 0, N, [&] {
                          b.if_(p < L, [&] { b.for_(j, 0, clamp(X(p), 0, 8), [&] { A(i, j) += 1; }); });
                      });
                  }};
};

} // namespace lathe
