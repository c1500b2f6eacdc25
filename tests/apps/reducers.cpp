// argmin, argmax and reducers of the user's own: values that one loop reduces together.

#include "kernel_program.h"

using namespace lathe;

TEST_CASE("the place and the value of the least element of each row") {
    Param M("M"), N("N");
    Input A("A", Int(16), {M, N});
    Var i("i");
    RDom k(0, N, "k");
    Func at("at", Int(32), {M}), least("least", Int(16), {M}), last("last", Int(32), {M});
    const Best b = argmin(k, A(i, k));
    at(i) = b.at[0];
    least(i) = b.value;
    last(i) = argmax(k, -A(i, k) + k).at[0] * 2 + 1;
    const auto in = random_buffer<int16_t>({6, 9}, -9, 9);
    Buffer<int32_t> places({6}), greatest({6});
    Buffer<int16_t> values({6});
    for (int64_t r = 0; r < 6; ++r) {
        int64_t x = 0, y = 0;
        for (int64_t c = 1; c < 9; ++c) {
            if (in(r, c) < in(r, x)) x = c;
            if (-in(r, c) + c > -in(r, y) + y) y = c;
        }
        places(r) = static_cast<int32_t>(x);
        values(r) = in(r, x);
        greatest(r) = static_cast<int32_t>(2 * y + 1);
    }
    const Case full = {{in}, {places, values, greatest}};
    Buffer<int32_t> none({2}), odd({2});
    Buffer<int16_t> top({2});
    std::fill(none.begin(), none.end(), -1);
    std::fill(odd.begin(), odd.end(), -1);
    std::fill(top.begin(), top.end(), int16_t{32767});
    const Case empty = {{Buffer<int16_t>({2, 0})}, {none, top, odd}};
    expect(Schedule({at, least, last}), {full, empty});
    Schedule s({at, least, last});
    s[at].parallel(i);
    s[least].vectorize(i, 4);
    s[last].split(i, 4);
    expect(s, {full, empty});
    CHECK_THROWS_WITH_AS(s[last].parallel(k), doctest::Contains("carried by k"), Error);
    // The value's type follows the input's.
    Schedule wide({at, least, last});
    wide.quantize(A, Int(20));
    CHECK(wide.explain_types().find("argmin: Int(20)") != std::string::npos);
}

TEST_CASE("argmin over two dimensions, under a condition, inside a select") {
    Param N("N");
    Input A("A", Float(32), {N, N}), use("use", Bool(), {2});
    Var c("c");
    RDom r({{0, N}, {0, N}}, "r");
    r.where(r.x != r.y);
    Func out("out", Int(32), {2});
    const Best b = argmin(r, A(r.x, r.y));
    out(c) = select(use(c), b.at[0] * 100 + b.at[1], -7);
    const auto in = random_buffer<float>({5, 5}, -3, 3, 9, 0.125);
    Buffer<bool> on({2});
    on(0) = true;
    on(1) = false;
    int64_t x = 0, y = 1;
    for (int64_t p = 0; p < 5; ++p)
        for (int64_t q = 0; q < 5; ++q)
            if (p != q && in(p, q) < in(x, y)) x = p, y = q;
    expect(out, {{{in, on}, {ints({static_cast<int32_t>(x * 100 + y), -7})}}});
}

TEST_CASE("a reducer keeps the three nearest neighbours") {
    Param N("N"), Q("Q");
    Input train("train", UInt(64), {N}), query("query", UInt(64), {Q});
    const Reducer top3(
        "top3", {{UInt(8), 255}, {Int(32), -1}, {UInt(8), 255}, {Int(32), -1}, {UInt(8), 255}, {Int(32), -1}},
        [](const std::vector<Expr>& old, const std::vector<Expr>& x) {
            std::vector<Expr> best;
            for (size_t n = 0; n < 6; n += 2) {
                const Expr before = n ? x[0] < old[n - 2] : Expr(false); // shifted down
                const Expr here = x[0] < old[n];
                for (const size_t part : {0, 1})
                    best.push_back(n ? select(before, old[n - 2 + part], here, x[part], old[n + part])
                                     : select(here, x[part], old[n + part]));
            }
            return best;
        });
    Var q("q"), c("c");
    RDom n(0, N, "n");
    Func nearest("nearest", Int(32), {Q, 3});
    const auto found = top3(n, {popcount(train(n) ^ query(q)), n});
    nearest(q, c) = select(c == 0, found[1], c == 1, found[3], found[5]);
    const auto in = random_buffer<uint64_t>({30}, 0, 4e9, 5), ask = random_buffer<uint64_t>({4}, 0, 4e9, 6);
    Buffer<int32_t> want({4, 3});
    for (int64_t x = 0; x < 4; ++x) {
        std::vector<int32_t> order(30);
        std::iota(order.begin(), order.end(), 0);
        const auto distance = [&](int32_t y) { return std::pair(__builtin_popcountll(in(y) ^ ask(x)), y); };
        std::sort(order.begin(), order.end(),
                  [&](int32_t y, int32_t z) { return distance(y) < distance(z); });
        for (int64_t y = 0; y < 3; ++y)
            want(x, y) = order[static_cast<size_t>(y)];
    }
    expect(nearest, {{{in, ask}, {want}}});
    Schedule s(nearest);
    s[nearest].parallel(q);
    expect(s, {{{in, ask}, {want}}});
}

TEST_CASE("argmin and sums inside a kernel") {
    Param N("N");
    InOut a("a", Int(32), {N});
    Var i("i");
    const Kernel k("selection_sort", {a}, [&](KernelBody& k) {
        k.for_(i, 0, N, [&] {
            RDom r(i, N - i, "r");
            const Expr at = k.let(argmin(r, a(r)).at[0]);
            k.store({a(at), a(i)}, a(i), a(at));
        });
    });
    const auto before = random_buffer<int32_t>({13}, -50, 50);
    Buffer<int32_t> after = clone(before);
    std::sort(after.begin(), after.end());
    expect_change(k, {}, {before}, {after});
}

TEST_CASE("refusals of reducers") {
    Input A("A", Int(16), {8});
    RDom k(0, 8, "k");
    const auto two = [](const std::vector<Expr>& old, const std::vector<Expr>&) {
        return std::vector<Expr>{old[0], old[0]};
    };
    CHECK_THROWS_WITH_AS(Reducer("none", {}, two), doctest::Contains("has no targets"), Error);
    CHECK_THROWS_WITH_AS(Reducer("open", {{Int(32), A(0)}}, two), doctest::Contains("is not a literal"),
                         Error);
    const Reducer r("one", {{Int(32), 0}}, two);
    CHECK_THROWS_WITH_AS((void)r(k, {A(k)}),
                         doctest::Contains("has 1 targets, and its combiner gives 2 values"), Error);
    const Reducer e("empty", {{Int(32), 0}},
                    [](const std::vector<Expr>&, const std::vector<Expr>&) { return std::vector<Expr>(1); });
    CHECK_THROWS_WITH_AS((void)e(k, {A(k)}), doctest::Contains("gives an empty Expr"), Error);
}
