// Vector loops in which tensors are computed: each lane has its own, wherever it begins.

#include "compiled.h"

#include <lathe/lathe.h>

using namespace lathe;

namespace {

void expect_same(const Schedule& s, const std::vector<Sizes>& all) {
    INFO(print(s));
    expect_right(s, all);
    expect_compiled(s, all);
}

} // namespace

TEST_CASE("a Func computed in a vector loop") {
    Param N("N"), M("M");
    Var x("x"), y("y");
    Input a("a", Int(16), {N + 2, M + 3});
    Func f("f", Int(32)), g("g", Int(32), {N, M});
    f(y, x) = a(y, x) * 3;
    g(y, x) = f(y, x) + f(y + 2, x + 1) - f(y, x + 3);
    const std::vector<Sizes> sizes{{{"N", 5}, {"M", 19}}, {{"N", 1}, {"M", 3}}, {{"N", 0}, {"M", 8}}};
    Schedule s(g);
    s[f].compute_at(g, x);
    s[g].vectorize(x, 8);
    expect_same(s, sizes);
    Schedule t(g); // asked in the other order
    auto [xo, xi] = t[g].split(x, 4);
    t[g].vectorize(xi);
    t[f].compute_at(g, xi).store_in(MemorySpace::stack());
    expect_same(t, sizes);
    Schedule u(g); // along rows: each lane has its own row
    u[f].compute_at(g, y);
    u[g].vectorize(y, 4);
    expect_same(u, sizes);
}

TEST_CASE("a Func that accumulates, computed in a vector loop") {
    Param N("N");
    Var x("x"), y("y");
    RDom r(0, 3, "r");
    Input a("a", UInt(8), {N + 8});
    Func h("h", Int(32)), g("g", Int(32), {N});
    h(y, x) = y;
    h(y, x) += a(x + r) * (y + r);
    g(x) = h(0, x) + h(2, x + 5);
    Schedule s(g);
    s[h].compute_at(g, x);
    s[g].vectorize(x, 8);
    expect_same(s, {{{"N", 21}}, {{"N", 2}}, {{"N", 0}}});
}

TEST_CASE("arrays of a kernel in a vector loop") {
    Param N("N");
    Input a("a", UInt(8), {N});
    InOut out("out", Int(32), {N});
    Var i("i"), j("j"), k("k");
    const Kernel counts("counts", {a, out}, [&](KernelBody& b) {
        b.for_(i, 0, N, [&] {
            Array table = b.array("table", Int(32), {8});
            b.for_(j, 0, 8, [&] { table(j) = j; });
            b.for_(k, 0, i + 1, [&] { table(a(k) % 8) += k; }); // a place of its own in each lane
            out(i) = out(i) + table(i % 8) * 3 + table(a(i) % 8);
        });
    });
    Schedule s(counts);
    s[counts].vectorize(i, 8);
    expect_same(s, {{{"N", 21}}, {{"N", 8}}, {{"N", 1}}, {{"N", 0}}});
    Schedule t(counts);
    auto [io, ii] = t[counts].split(i, 4);
    t[counts].vectorize(ii).parallel(io);
    expect_same(t, {{{"N", 21}}, {{"N", 3}}});
}

TEST_CASE("inner loops that start apart") {
    Param N("N");
    InOut a("a", Int(32), {N + 4}), b("b", Int(32), {N, N + 4});
    Var i("i"), j("j");
    const Kernel band("band", {a, b}, [&](KernelBody& k) {
        k.for_(i, 0, N, [&] {
            k.for_(j, i, i + 3, [&] { b(i, j) = b(i, j) * 2 + i - j; });
            k.for_(j, i, N, [&] { b(i, j) += j; });
        });
    });
    Schedule s(band);
    s[band].vectorize(i, 4);
    expect_same(s, {{{"N", 9}}, {{"N", 4}}, {{"N", 1}}, {{"N", 0}}});
    const Kernel meet("meet", {a, b}, [&](KernelBody& k) { // two lanes update one element
        k.for_(i, 0, N, [&] { k.for_(j, i, i + 3, [&] { a(j) += i * j; }); });
    });
    Schedule t(meet);
    t[meet].vectorize(i, 4);
    expect_same(t, {{{"N", 9}}, {{"N", 1}}});
}

TEST_CASE("lanes that start apart meet at other times than their loops' variables say") {
    Param N("N");
    InOut b("b", Int(8), {26, 26});
    Var i("i"), j("j");
    const auto kernel = [&](int by) {
        return Kernel("nest", {b}, [&](KernelBody& k) {
            k.for_(i, 0, N,
                   [&] { k.for_(j, i, 6, [&] { b(i + 3, j + 3) = b(i + 2, j + by) + i + 2 * j; }); });
        });
    };
    const Kernel before = kernel(2), after = kernel(4);
    Schedule s(before);
    CHECK_THROWS_WITH_AS(s[before].vectorize(i, 4), doctest::Contains("is read as b["), Error);
    CHECK_THROWS_WITH_AS(Schedule(after)[after].vectorize(i, 4), doctest::Contains("is read as b["), Error);
}
