// What the simplifier must be able to do: the expressions that splits, fusions, tails and halos give rise to.

#include "simplify_support.h"

#include <doctest/doctest.h>

using namespace simplify_test;

TEST_CASE("simplify: linear terms are collected") {
    Name M("M"), x("x"), y("y");
    CHECK(simple(x + y - x + n(3) - n(1)) == "y + 2");
    CHECK(simple(n(2) * (x + n(3)) - x * n(2)) == "6");
    CHECK(simple((x + y) * (x - y) + y * y) == "x * x");
    CHECK(simple(n(64) * x + y) == "64 * x + y");
    CHECK(simple(M - n(64) * x) == "M - 64 * x");
    CHECK(simple(n(0) - x) == "-1 * x");
    CHECK(simple(y + x) == simple(x + y));
}

TEST_CASE("simplify: a split by 64 with a guarded tail") {
    Name M("M"), io("io"), ii("ii");
    Facts f;
    f.bound(M.symbol, {n(0), {}});
    loop(f, io, n(0), ceil_div(M, 64));
    loop(f, ii, n(0), n(64));
    Expr i = n(64) * io + ii;
    CHECK(simple(i / n(64), f) == "io");
    CHECK(simple(i % n(64), f) == "ii");
    CHECK(simple(i >= n(0), f) == "True");
    CHECK(simple(n(64) * io < M, f) == "True");
    CHECK(simple(i < M, f) == "64 * io + ii < M");
    CHECK(simple(ii < min_(n(64), M - n(64) * io), f) == "64 * io + ii < M");
    CHECK(simple(min_(n(64), M - n(64) * io), f) == "min(64, M - 64 * io)");
    CHECK(simple(max_(min_(n(64), M - n(64) * io), n(1)), f) == "min(64, M - 64 * io)");
    CHECK(simple(min_(n(64) * io + n(63), M - n(1)) - n(64) * io + n(1), f) == "min(64, M - 64 * io)");
    CHECK(const_upper_bound(min_(n(64), M - n(64) * io), f) == 64);
    CHECK(const_lower_bound(min_(n(64), M - n(64) * io), f) == 1);
    f.assume(M % n(64) == n(0));
    CHECK(simple(i < M, f) == "True");
    CHECK(simple(min_(n(64), M - n(64) * io), f) == "64");
    CHECK(simple(ceil_div(M, 64), f) == "M // 64");
    CHECK(simple(M / n(64) * n(64), f) == "M");
    CHECK(simple(M % n(64), f) == "0");
    CHECK(simple(M % n(8), f) == "0");
    CHECK(simple((M + n(5)) % n(64), f) == "5");
    CHECK(simple(M / n(128), f) == "M // 64 // 2");
    CHECK(simple(M % n(128) / n(64), f) == "M // 64 % 2");
}

TEST_CASE("simplify: two splits, one inside the other") {
    Name M("M"), io("io"), im("im"), ii("ii");
    Facts f;
    f.bound(M.symbol, {n(0), {}});
    loop(f, io, n(0), ceil_div(M, 64));
    loop(f, im, n(0), n(8));
    loop(f, ii, n(0), n(8));
    Expr inner = n(8) * im + ii, i = n(64) * io + inner;
    CHECK(simple(i, f) == "64 * io + 8 * im + ii");
    CHECK(simple(i / n(64), f) == "io");
    CHECK(simple(i / n(8), f) == "8 * io + im");
    CHECK(simple(i % n(64), f) == "8 * im + ii");
    CHECK(simple((i % n(64)) / n(8), f) == "im");
    CHECK(simple((i / n(8)) % n(8), f) == "im");
    CHECK(simple(inner < n(64), f) == "True");
    CHECK(simple(n(64) * io + n(8) * im < M && i < M, f) == "64 * io + 8 * im + ii < M");
}

TEST_CASE("simplify: fused loops take their quotient and remainder apart again") {
    Name M("M"), N("N"), K("K"), f("f"), i("i"), j("j"), k("k");
    Facts facts;
    for (auto* p : {&M, &N, &K})
        facts.bound(p->symbol, {n(0), {}});
    loop(facts, f, n(0), M * N);
    CHECK(simple((f / N) * N + f % N, facts) == "f");
    CHECK(simple((f / N) * N + f % N) == "f");
    CHECK(simple(f / n(8) * n(8) + f % n(8)) == "f");
    CHECK(simple(f % N, facts) == "f % N");
    CHECK(simple((f % N) * K + j) == "K * (f % N) + j");
    CHECK(prove(f / N < M, facts));
    CHECK(prove(f / N >= n(0), facts));
    CHECK(prove(f % N < N, facts));
    CHECK(prove(f % N >= n(0), facts));
    CHECK_FALSE(prove(f / N < M - n(1), facts));

    loop(facts, i, n(0), M);
    loop(facts, j, n(0), N);
    loop(facts, k, n(0), K);
    CHECK(simple((i * N + j) / N, facts) == "i");
    CHECK(simple((i * N + j) % N, facts) == "j");
    CHECK(prove(i * N + j < M * N, facts));
    CHECK(prove((i * N + j) * K + k < M * N * K, facts));
    CHECK_FALSE(prove((i * N + j) * K + k < M * N * K - n(1), facts));
    CHECK(simple(((i * N + j) * K + k) / K, facts) == "N * i + j");
}

TEST_CASE("simplify: coefficients at the ends of 64 bits") {
    Name x("x"), y("y");
    Facts f;
    loop(f, x, n(-3), n(3)); // −3 to −1
    loop(f, y, n(0), n(5));
    CHECK_FALSE(prove(n(INT64_MIN) * x + y < n(1), f));
    CHECK_FALSE(prove(n(INT64_MIN) * x + n(2) * y < n(INT64_MAX), f));
    CHECK(prove(n(INT64_MIN + 1) * x + y > n(0), f));
    CHECK(prove(n(INT64_MAX) * x + y < n(0), f));
}

TEST_CASE("simplify: halos and strides") {
    Name yo("yo"), x("x"), N("N");
    CHECK(simple((n(2) * x + n(1)) / n(2)) == "x");
    CHECK(simple((n(2) * x + n(1)) % n(2)) == "1");
    CHECK(simple((n(2) * yo + n(2)) - (n(2) * yo - n(1)) + n(1)) == "4");
    CHECK(simple(x / n(4) / n(2)) == "x // 8");
    CHECK(simple((x + n(8)) / n(4)) == "x // 4 + 2");
    CHECK(simple(x % n(6) % n(3)) == "x % 3");
    CHECK(simple((x + n(12)) % n(4)) == "x % 4");
    Expr low = max_(n(2) * yo - n(1), n(0)), high = min_(n(2) * yo + n(2), N - n(1));
    Facts f;
    f.bound(N.symbol, {n(1), {}});
    f.bound(yo.symbol, {n(0), (N - n(1)) / n(2)});
    CHECK(const_upper_bound(high - low + n(1), f) == 4);
    CHECK(prove(high - low >= n(0), f));
}

TEST_CASE("simplify: min and max") {
    Name a("a"), b("b"), c("c");
    CHECK(simple(min_(a, b) + max_(a, b)) == "a + b");
    CHECK(simple(min_(min_(a, b), c)) == simple(min_(a, min_(c, b))));
    CHECK(simple(min_(a, a + n(1))) == "a");
    CHECK(simple(max_(a, a + n(1))) == "a + 1");
    CHECK(simple(min_(a + n(2), b + n(2)) - n(2)) == "min(a, b)");
    CHECK(simple(n(0) - min_(a, b)) == simple(max_(n(0) - a, n(0) - b)));
    CHECK(simple(max_(min_(a, b), a)) == "a");
    CHECK(simple(min_(n(2) * a, n(2) * b)) == "min(2 * a, 2 * b)");
    CHECK(simple(Select::make(a < b, a, b)) == "min(a, b)");
    CHECK(simple(Select::make(a <= b, b, a)) == "max(a, b)");
    CHECK(simple(Select::make(a < b, a + c, b + c) - c) == "min(a, b)");
    Facts f;
    loop(f, a, n(0), n(10));
    CHECK(simple(clamp(a, n(0), n(9)), f) == "a");
    CHECK(simple(clamp(a - n(1), n(0), n(9)), f) == simple(max_(n(0), a - n(1))));
    CHECK(simple(Select::make(a >= n(0), b, c), f) == "b");
    CHECK(const_upper_bound(clamp(b, n(0), n(9)), f) == 9);
    CHECK(const_lower_bound(clamp(b, n(0), n(9)), f) == 0);
}

TEST_CASE("simplify: conditions in canonical form") {
    Name i("i"), M("M"), N("N");
    Symbol flag("p");
    Expr p = Variable::make(flag, Bool());
    CHECK(simple(i + n(1) <= M) == simple(i < M));
    CHECK(simple(!(i < M)) == simple(i >= M));
    CHECK(simple(n(64) * i < n(100)) == "i < 2");
    CHECK(simple(n(2) * i == n(5)) == "False");
    CHECK(simple(n(2) * i != n(6)) == simple(i != n(3)));
    CHECK(simple(i < M && i < M + n(1)) == simple(i < M));
    CHECK(simple(i < M + n(1) && i < M) == simple(i < M));
    CHECK(simple(i < M || i < M + n(1)) == simple(i <= M));
    CHECK(simple(i < M && i >= M) == "False");
    CHECK(simple(i < M || i >= M) == "True");
    CHECK(simple(i < M && p && i < M) == simple(i < M && p));
    CHECK(simple(p && !p) == "False");
    CHECK(simple(p || !p) == "True");
    CHECK(simple(!(p && i < M)) == simple(!p || i >= M));
    CHECK(simple(i < min_(M, N)) == simple(i < M && i < N));
    CHECK(simple(i < max_(M, N)) == simple(i < M || i < N));
    Facts f;
    f.assume(p);
    f.assume(i != n(3));
    CHECK(simple(p && i < M, f) == simple(i < M));
    CHECK(simple(i == n(3), f) == "False");
    CHECK(simple(i != n(3), f) == "True");
}

TEST_CASE("simplify: what is assumed proves what follows") {
    Name M("M"), N("N"), io("io"), x("x"), y("y");
    Facts f;
    f.assume(n(6) * io + n(6) <= M);
    CHECK(prove(n(6) * io + n(6) <= M, f));
    CHECK(prove(n(6) * io + n(5) < M, f));
    CHECK_FALSE(prove(n(6) * io + n(7) <= M, f));
    CHECK(simple(min_(n(6), M - n(6) * io), f) == "6");
    CHECK(const_upper_bound(min_(n(6), M - n(6) * io), {}) == 6);

    Facts g;
    g.assume(x < y || y < x);
    CHECK(prove(x != y, g));
    g = {};
    g.assume(x >= n(3));
    g.assume(x != n(3));
    CHECK(prove(x >= n(4), g));
    CHECK_FALSE(prove(x >= n(5), g));
    g = {};
    g.assume(n(2) * x >= n(3)); // integers: x ≥ 2
    CHECK(prove(x >= n(2), g));
    g = {};
    g.assume(x <= max_(M, N));
    g.assume(M <= n(5));
    g.assume(N <= n(7));
    CHECK(prove(x <= n(7), g));
    CHECK_FALSE(prove(x <= n(6), g));
}

TEST_CASE("simplify: division by zero and by negative numbers keeps its meaning") {
    Name x("x"), N("N");
    CHECK(simple(x / n(0)) == "0");
    CHECK(simple(x % n(0)) == "x");
    CHECK(simple(n(7) / n(-2)) == "-4");
    CHECK(simple(n(7) % n(-2)) == "-1");
    CHECK(simple((x * N) / N) != "x"); // N may be 0
    Facts f;
    f.bound(N.symbol, {n(1), {}});
    CHECK(simple((x * N) / N, f) == "x");
    CHECK(simple((x * N + N - n(1)) / N, f) == "x");
    CHECK(simple((x * N - n(1)) / N, f) == "x - 1");
}

TEST_CASE("simplify: integers of fixed width take part where they cannot wrap") {
    Name i("i");
    Expr small = Cast::make(Int(8), i) + Constant::make(Value::literal(1));
    Facts f;
    loop(f, i, n(0), n(100));
    CHECK(simple(Cast::make(IndexType(), small), f) == "i + 1");
    CHECK(simple(small > Constant::make(Value::literal(0)), f) == "True");
    loop(f, i, n(0), n(1000));
    CHECK(simple(Cast::make(IndexType(), small), f) != "i + 1");
    Symbol a("a");
    Expr load = Load::make(a, UInt(8), {i});
    CHECK(const_upper_bound(Cast::make(IndexType(), load), f) == 255);
    CHECK(prove(Cast::make(IndexType(), load) + n(1) <= n(256), f));
    CHECK(simple(load > Constant::make(Value::literal(3)), f) ==
          print(load > Constant::make(Value::literal(3))));
}

TEST_CASE("simplify: values are only folded") {
    Symbol s("s");
    Expr x = Variable::make(s, Float(32));
    Expr zero = Constant::make(Value::from_double(Float(32), 0)),
         two = Constant::make(Value::from_double(Float(32), 2));
    CHECK(simplify(x + zero).same_as(x + zero) == false);
    CHECK(equal(simplify(x + zero), x + zero)); // −0 + 0 is +0
    CHECK(equal(simplify(x * zero), x * zero)); // NaN
    CHECK(equal(simplify(x - x), x - x));
    CHECK(equal(simplify(two + two), Constant::make(Value::from_double(Float(32), 4))));
    CHECK(equal(simplify(Cast::make(Float(32), x)), x));
    CHECK(equal(simplify(Select::make(n(1) < n(2), x, zero)), x));
    Expr u = Variable::make(s, UInt(8));
    Expr wrapped = Binary::make_as(UInt(8), BinaryOp::add, Constant::make(Value::from_raw(UInt(8), 200)),
                                   Constant::make(Value::from_raw(UInt(8), 100)));
    CHECK(equal(simplify(wrapped), Constant::make(Value::from_raw(UInt(8), 44))));
    CHECK(equal(simplify(u + u), u + u));
}

TEST_CASE("simplify: lazy loads stay under their conditions") {
    Name i("i"), N("N");
    Symbol a("a");
    auto load = [&](Expr at) { return Cast::make(IndexType(), Load::make(a, UInt(8), {at})); };
    Expr e = Select::make(i < N, n(0), load(i)) - Select::make(i < n(5), n(0), load(i));
    CHECK(simple(e) == simple(simplify(e)));
    // Both loads remain inside the arms in which they stood.
    bool outside = false;
    Expr s = simplify(e);
    auto* sub = s.as<Binary>();
    REQUIRE(sub);
    for (const Expr& part : {sub->a, sub->b})
        outside |= part.kind() != ExprKind::select;
    CHECK_FALSE(outside);
}

TEST_CASE("as_linear and bounds_of") {
    Name M("M"), x("x"), y("y");
    auto l = as_linear(n(3) * (x + n(2)) - y);
    REQUIRE(l);
    CHECK(l->constant == 6);
    CHECK(l->coefficients.at(x.symbol) == 3);
    CHECK(l->coefficients.at(y.symbol) == -1);
    CHECK_FALSE(as_linear(x * y));
    CHECK_FALSE(as_linear(x / n(2)));

    std::map<Symbol, Interval> r{{x.symbol, {n(0), M - n(1)}}, {y.symbol, {n(-1), x + n(1)}}};
    Interval b = bounds_of(n(2) * x + y, r);
    CHECK(print(b.min) == "-1");
    CHECK(print(b.max) == "3 * M - 2");
    b = bounds_of(x / n(4), r);
    CHECK(print(b.max) == print(simplify((M - n(1)) / n(4))));
    b = bounds_of(clamp(y, n(0), M - n(1)), r);
    CHECK(print(b.min) == "0"); // there is an x, so M ≥ 1
    b = bounds_of(x % n(4), r);
    CHECK(print(b.min) == "0");
    Name free("free");
    b = bounds_of(x * free, r);
    CHECK_FALSE(b.min.defined()); // the sign of `free` is not known
}
