#include "named_algorithms.h"

#include "lathe/dsl/boundary.h"
#include "lathe/dsl/kernel.h"
#include "polybench.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

Program gaussian() {
    Param H("H"), W("W");
    Var y("y"), x("x");
    Input in("in", UInt(8), {H, W});
    const Bounded source = repeat_edge(in);
    Func rows("rows"), out("out", UInt(8), {H, W});
    rows(y, x) = source(y, x - 1) + 2 * source(y, x) + source(y, x + 1);
    out(y, x) = (rows(y - 1, x) + 2 * rows(y, x) + rows(y + 1, x) + 8) >> 4;
    return {build({out}), {{{"H", 5}, {"W", 7}}, {{"H", 1}, {"W", 2}}}};
}

Program histogram() {
    Param N("N");
    Var i("i"), b("b");
    Input in("in", UInt(8), {N});
    RDom r(0, N, "r");
    Func h("h", Int(16), {8}), total("total", Int(32), {8});
    h(b) = 0;
    h(in(r) & 7) += 1;
    total(b) = h(b) * 3;
    return {build({total}), {{{"N", 13}}, {{"N", 0}}}};
}

Program jacobi() {
    Param H("H"), W("W");
    Var y("y"), x("x");
    Input in("in", Int(16), {H, W});
    const auto step = [&](const char* name, const Source& from) {
        const Bounded s = repeat_edge(from);
        Func f(name, Int(16), {H, W});
        f(y, x) = (s(y - 1, x) + s(y + 1, x) + s(y, x - 1) + s(y, x + 1)) >> 2;
        return f;
    };
    const Func one = step("one", in), two = step("two", one);
    return {build({two}), {{{"H", 4}, {"W", 6}}, {{"H", 1}, {"W", 1}}}};
}

Program smith_waterman() {
    Param M("M"), N("N");
    Input s("s", UInt(2), {M}), t("t", UInt(2), {N});
    Output score("score", Int(16), {M + 1, N + 1});
    Var zi("zi"), zj("zj"), i("i"), j("j");
    const Kernel k("smith_waterman", {s, t, score}, [&](KernelBody& b) {
        b.for_(zi, 0, M + 1, [&] { b.for_(zj, 0, N + 1, [&] { score(zi, zj) = 0; }); });
        b.for_(i, 1, M + 1, [&] {
            b.for_(j, 1, N + 1, [&] {
                const Expr match = score(i - 1, j - 1) + select(s(i - 1) == t(j - 1), 2, -1);
                score(i, j) = max(max(match, 0), max(score(i - 1, j), score(i, j - 1)) - 1);
            });
        });
    });
    return {build(k), {{{"M", 4}, {"N", 5}}, {{"M", 0}, {"N", 2}}}};
}

Program scan() {
    Param N("N"), M("M");
    Var i("i"), j("j");
    Input in("in", Int(12), {N, M});
    RDom r(1, max(M, 1) - 1, "r");
    Func sums("sums", Int(20), {N, M}), out("out", Int(24), {N, M});
    sums(i, j) = in(i, j);
    sums(i, r) += sums(i, r - 1);
    out(i, j) = sums(i, j) + 1;
    return {build({out}), {{{"N", 3}, {"M", 6}}, {{"N", 2}, {"M", 0}}}};
}

Program transpose_in_place() {
    Param N("N");
    InOut a("a", Int(16), {N, N});
    Var i("i"), j("j");
    const Kernel k("transpose", {a}, [&](KernelBody& b) {
        b.for_(i, 0, N, [&] {
            b.for_(j, 0, i, [&] {
                const Expr old = b.let(a(i, j));
                a(i, j) = a(j, i);
                a(j, i) = old;
            });
        });
    });
    return {build(k), {{{"N", 5}}, {{"N", 1}}}};
}

Program strided_convolution() {
    Param N("N");
    Var o("o"), y("y"), x("x");
    Input in("in", Int(8), {2, 2 * N + 1, 2 * N + 1}), weights("weights", Int(8), {3, 2, 3, 3});
    RDom r({{0, 2}, {0, 3}, {0, 3}}, "r");
    Func conv("conv", Int(24), {3, N, N}), out("out", UInt(8), {3, N, N});
    conv(o, y, x) = 0;
    conv(o, y, x) += in(r.x, 2 * y + r.y, 2 * x + r.z) * weights(o, r.x, r.y, r.z);
    out(o, y, x) = clamp(conv(o, y, x) >> 4, 0, 255);
    return {build({out}), {{{"N", 3}}, {{"N", 0}}}};
}

/// A kernel of PolyBench in Float(64), of symbolic sizes.
Program of_polybench(const std::string& name) {
    for (const polybench::Benchmark& b : polybench::benchmarks())
        if (b.name == name) return {b.make(polybench::Extents({})), b.sizes};
    throw InternalError("PolyBench has no kernel " + name);
}

} // namespace

std::vector<NamedAlgorithm> named_algorithms() {
    const auto polybench = [](const char* name) { return [name] { return of_polybench(name); }; };
    return {{"gemm",
             [] { return Program{build({Gemm(Int(8), Int(32)).C}), {Gemm::sizes()[0], Gemm::sizes()[5]}}; }},
            {"gaussian", gaussian},
            {"histogram", histogram},
            {"jacobi", jacobi},
            {"seidel", polybench("seidel-2d")},
            {"lu", polybench("lu")},
            {"cholesky", polybench("cholesky")},
            {"floyd-warshall", polybench("floyd-warshall")},
            {"nussinov", polybench("nussinov")},
            {"smith-waterman", smith_waterman},
            {"scan", scan},
            {"transpose in place", transpose_in_place},
            {"strided convolution", strided_convolution}};
}
