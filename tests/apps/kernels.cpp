// Imperative kernels: loops, conditions, while, break, return, scalars, local arrays, calls.

#include "kernel_program.h"

using namespace lathe;

TEST_CASE("kernel: a loop, a condition, stores") {
    Param N("N");
    Input a("a", Int(32), {N});
    Output b("b", Int(32), {N});
    Var i("i");
    const Kernel clip("clip", {a, b}, [&](KernelBody& k) {
        k.for_(i, 0, N, [&] {
            k.if_(a(i) < 0, [&] { b(i) = 0; }).elif_(a(i) > 9, [&] { b(i) = 9; }).else_([&] { b(i) = a(i); });
        });
    });
    const Case c = {{ints({-3, 0, 5, 9, 12, 7, 100, -1, 4, 5, 6})},
                    {ints({0, 0, 5, 9, 9, 7, 9, 0, 4, 5, 6})}};
    expect(clip, {c, {{ints({})}, {ints({})}}});
    Schedule s(clip);
    auto [io, ii] = s[clip].split(i, 4);
    s[clip].parallel(io).vectorize(ii);
    expect(s, {c});
}

TEST_CASE("kernel: a sieve of primes breaks out of its loop") {
    Param N("N");
    Output prime("prime", Bool(), {N});
    Var i("i"), j("j"), p("p");
    const Kernel sieve("sieve", {prime}, [&](KernelBody& k) {
        k.for_(i, 0, N, [&] { prime(i) = i >= 2; });
        k.for_(p, 2, N, [&] {
            k.if_(p * p >= N, [&] { k.break_(); });
            k.if_(prime(p), [&] { k.for_(j, p, (N + p - 1) / p, [&] { prime(j * p) = false; }); });
        });
    });
    for (const int64_t n : {0, 1, 2, 3, 4, 30, 101}) {
        Buffer<bool> want({n});
        for (int64_t x = 0; x < n; ++x) {
            bool is = x >= 2;
            for (int64_t d = 2; d * d <= x; ++d)
                is = is && x % d != 0;
            want(x) = is;
        }
        expect_change(sieve, {}, {Buffer<bool>({n})}, {want}, {{"N", Value::index(n)}});
    }
    // Later rounds read what the break of an earlier one wrote.
    Schedule s(sieve);
    s[sieve].vectorize(i, 8);
    CHECK_THROWS_WITH_AS(s[sieve].parallel(p), doctest::Contains("carried by p"), Error);
}

TEST_CASE("kernel: Collatz counts by while, each element on its own") {
    Param N("N");
    Input start("start", UInt(16), {N});
    Output steps("steps", Int(32), {N});
    Var i("i");
    const Kernel collatz("collatz", {start, steps}, [&](KernelBody& k) {
        k.for_(i, 0, N, [&] {
            Scalar x = k.scalar("x", UInt(48), start(i));
            Scalar n = k.scalar("n", Int(32), 0);
            k.while_([&] { return x > 1; },
                     [&] {
                         k.if_(x[0] == 0, [&] { x >>= 1; }).else_([&] { x = 3 * x + 1; });
                         n += 1;
                     });
            steps(i) = n;
        });
    });
    Buffer<uint16_t> in = random_buffer<uint16_t>({50}, 0, 60000);
    Buffer<int32_t> want({50});
    for (int64_t e = 0; e < 50; ++e) {
        want(e) = 0;
        for (uint64_t x = in(e); x > 1; ++want(e))
            x = x % 2 ? 3 * x + 1 : x / 2;
    }
    expect(collatz, {{{in}, {want}}});
    Schedule s(collatz);
    s[collatz].parallel(i);
    expect(s, {{{in}, {want}}});
    Schedule v(collatz);
    CHECK_THROWS_WITH_AS(v[collatz].vectorize(i, 8), doctest::Contains("while"), Error);
}

TEST_CASE("kernel: triangular loops, and steps down") {
    Param N("N");
    InOut a("a", Int(32), {N, N});
    Var i("i"), j("j"), n("n");
    const Kernel k("triangle", {a}, [&](KernelBody& k) {
        k.for_(i, 0, N, [&] { k.for_(j, i, N, [&] { a(i, j) += i * 100 + j; }); });
        k.for_(i, N - 1, -1, -1, [&] { k.for_(j, i - 1, -1, -2, [&] { a(i, j) = a(i, j + 1) + 1; }); });
        k.for_(n, 1, N, 3, [&] { a(n, 0) = n; });
    });
    for (const int64_t size : {0, 1, 2, 7, 10}) {
        const auto before = random_buffer<int32_t>({size, size}, -50, 50);
        Buffer<int32_t> after = clone(before);
        for (int64_t p = 0; p < size; ++p)
            for (int64_t q = p; q < size; ++q)
                after(p, q) += static_cast<int32_t>(p * 100 + q);
        for (int64_t p = size - 1; p > -1; --p)
            for (int64_t q = p - 1; q > -1; q -= 2)
                after(p, q) = after(p, q + 1) + 1;
        for (int64_t p = 1; p < size; p += 3)
            after(p, 0) = static_cast<int32_t>(p);
        expect_change(k, {}, {before}, {after});
    }
}

TEST_CASE("kernel: a guard protects a load, and return ends early") {
    Param N("N"), at("at", Int(32));
    Input a("a", Int(32), {N});
    Output found("found", Int(32), {});
    const Kernel k("peek", {a, at, found}, [&](KernelBody& k) {
        found() = -1;
        k.if_(at < 0, [&] { k.return_(); });
        k.if_(at >= N, [&] {
            found() = -2;
            k.return_();
        });
        found() = a(at);
    });
    for (const auto& [p, want] : {std::pair{-5, -1}, std::pair{3, -2}, std::pair{99, -2}, std::pair{2, 30}}) {
        Buffer<int32_t> out((std::vector<int64_t>()));
        *out.begin() = want;
        expect(k, {{{ints({10, 20, 30})}, {out}, {{"at", Value::from_raw(Int(32), p)}}}});
    }
}

TEST_CASE("kernel: break leaves two loops") {
    Param M("M"), N("N");
    Input a("a", Int(32), {M, N}), wanted("wanted", Int(32), {});
    Output where("where", Int(32), {2});
    Var i("i"), j("j"), d("d");
    const Kernel k("find", {a, wanted, where}, [&](KernelBody& k) {
        k.for_(d, 0, 2, [&] { where(d) = -1; });
        Scalar seen = k.scalar("seen", Int(32), 0);
        k.for_(i, 0, M, [&] {
            k.for_(j, 0, N, [&] {
                seen += 1;
                k.if_(a(i, j) < 0, [&] { k.break_(); }); // the rest of the row does not count
                k.if_(a(i, j) == wanted(), [&] {
                    where(0) = i;
                    where(1) = j;
                    k.break_(i);
                });
            });
            k.require(seen <= M * N, "every element is seen once");
        });
    });
    Buffer<int32_t> in({3, 4});
    const int32_t values[] = {5, -1, 7, 7, 6, 5, 7, 8, 7, 7, 7, 7};
    std::copy(std::begin(values), std::end(values), in.begin());
    const auto scalar = [](int32_t x) {
        Buffer<int32_t> b((std::vector<int64_t>()));
        *b.begin() = x;
        return b;
    };
    const std::vector<Case> cases = {{{in, scalar(7)}, {ints({1, 2})}},
                                     {{in, scalar(5)}, {ints({0, 0})}},
                                     {{in, scalar(42)}, {ints({-1, -1})}}};
    expect(k, cases);
    Schedule s(k);
    s[k].split(j, 3);
    s[k].split(i, 2);
    expect(s, cases);
}

TEST_CASE("kernel: bubble sort stops when nothing moves") {
    Param N("N");
    InOut a("a", Int(32), {N});
    Var i("i"), j("j");
    const Kernel sort("sort", {a}, [&](KernelBody& k) {
        k.for_(i, N - 1, 0, -1, [&] {
            Scalar moved = k.scalar("moved", Bool(), false);
            k.for_(j, 0, i, [&] {
                k.if_(a(j) > a(j + 1), [&] {
                    k.store({a(j + 1), a(j)}, a(j), a(j + 1));
                    moved = true;
                });
            });
            k.if_(!moved, [&] { k.break_(); });
        });
    });
    for (const int64_t n : {0, 1, 2, 17}) {
        const auto before = random_buffer<int32_t>({n}, -20, 20);
        Buffer<int32_t> after = clone(before);
        std::sort(after.begin(), after.end());
        expect_change(sort, {}, {before}, {after});
        expect_change(sort, {}, {after}, {after});
    }
}

TEST_CASE("kernel: binary search by while") {
    Param N("N"), Q("Q");
    Input a("a", Int(32), {N}), queries("queries", Int(32), {Q});
    Output at("at", Int(32), {Q});
    Var q("q");
    const Kernel search("search", {a, queries, at}, [&](KernelBody& k) {
        k.for_(q, 0, Q, [&] {
            Scalar low = k.scalar("low", Int(32), 0);
            Scalar high = k.scalar("high", Int(32), N);
            k.while_(
                [&] { return low < high; },
                [&] {
                    const Expr middle = k.let((low + high) >> 1);
                    k.if_(a(middle) < queries(q), [&] { low = middle + 1; }).else_([&] { high = middle; });
                });
            at(q) = low;
        });
    });
    Buffer<int32_t> sorted = random_buffer<int32_t>({33}, 0, 60);
    std::sort(sorted.begin(), sorted.end());
    const auto asked = random_buffer<int32_t>({20}, -5, 70, 2);
    Buffer<int32_t> want({20});
    for (int64_t e = 0; e < 20; ++e)
        want(e) =
            static_cast<int32_t>(std::lower_bound(sorted.begin(), sorted.end(), asked(e)) - sorted.begin());
    expect(search, {{{sorted, asked}, {want}}, {{ints({}), ints({3})}, {ints({0})}}});
    Schedule s(search);
    s[search].parallel(q);
    expect(s, {{{sorted, asked}, {want}}});
}

TEST_CASE("kernel: a histogram scatters, and prefix sums keep a scalar") {
    Param N("N");
    Input data("data", UInt(8), {N});
    Output count("count", Int(32), {256}), sums("sums", Int(32), {256});
    Var b("b"), i("i"), p("p");
    const Kernel k("histogram", {data, count, sums}, [&](KernelBody& k) {
        k.for_(b, 0, 256, [&] { count(b) = 0; });
        k.for_(i, 0, N, [&] { count(data(i)) += 1; });
        Scalar total = k.scalar("total", Int(32), 0);
        k.for_(p, 0, 256, [&] {
            total += count(p);
            sums(p) = total;
        });
    });
    const auto in = random_buffer<uint8_t>({500}, 0, 255);
    Buffer<int32_t> counts({256}), prefix({256});
    std::fill(counts.begin(), counts.end(), 0);
    for (const uint8_t x : in)
        ++counts(x);
    std::partial_sum(counts.begin(), counts.end(), prefix.begin());
    expect(k, {{{in}, {counts, prefix}}});
    Schedule s(k);
    s[k].vectorize(b, 16);
    CHECK_THROWS_WITH_AS(s[k].parallel(p), doctest::Contains("total"), Error);
    expect(s, {{{in}, {counts, prefix}}});
}

TEST_CASE("kernel: calls of kernels bind sizes, values and local arrays") {
    Param N("N"), M("M"), scale("scale", Int(32));
    Input from("from", Int(32), {N});
    Output to("to", Int(32), {N});
    Var i("i"), r("r"), c("c");
    const Kernel scaled("scaled", {from, scale, to}, [&](KernelBody& k) {
        k.if_(scale == 0, [&] {
            k.for_(i, 0, N, [&] { to(i) = 0; });
            k.return_();
        });
        k.for_(i, 0, N, [&] { to(i) = from(i) * scale; });
    });
    Input a("a", Int(32), {M});
    Output b("b", Int(32), {M});
    const Kernel outer("outer", {a, b}, [&](KernelBody& k) {
        Array local = k.array("local", Int(32), {M});
        k.call(scaled, {a, 3, local});
        k.call(scaled, {local, a(0), b});
        k.for_(c, 0, M, [&] { b(c) += local(c); });
    });
    expect(outer, {{{ints({2, 5, -7})}, {ints({12 + 6, 30 + 15, -42 - 21})}},
                   {{ints({0, 5, -7})}, {ints({0, 15, -21})}}});
}

TEST_CASE("kernel: bits of elements and scalars are assigned") {
    Input a("a", UInt(8), {16});
    Output b("b", UInt(8), {16});
    Var i("i");
    const Kernel k("swap", {a, b}, [&](KernelBody& k) {
        k.for_(i, 0, 16, [&] {
            Scalar x = k.scalar("x", UInt(8), a(i));
            b(i) = 0;
            b(i)(7, 4) = x(3, 0);
            b(i)(3, 0) = x(7, 4);
            x[0] = 1;
            b(i)[0] = x[0];
        });
    });
    const auto in = random_buffer<uint8_t>({16}, 0, 255);
    Buffer<uint8_t> want({16});
    for (int64_t e = 0; e < 16; ++e)
        want(e) = static_cast<uint8_t>(in(e) << 4 | in(e) >> 4 | 1);
    expect(k, {{{in}, {want}}});
    Schedule s(k);
    s[k].vectorize(i, 8);
    expect(s, {{{in}, {want}}});
}

TEST_CASE("kernel: wide integers") {
    Output digits("digits", UInt(8), {40});
    Var i("i"), d("d");
    const Kernel k("factorial", {digits}, [&](KernelBody& k) {
        Scalar x = k.scalar("x", UInt(128), 1);
        k.for_(i, 1, 31, [&] { x *= i; });
        k.for_(d, 0, 40, [&] {
            digits(d) = x % 10;
            x /= 10;
        });
    });
    Buffer<uint8_t> want({40});
    mpz_class f;
    mpz_fac_ui(f.get_mpz_t(), 30);
    for (int64_t e = 0; e < 40; ++e) {
        want(e) = static_cast<uint8_t>(mpz_class(f % 10).get_ui());
        f /= 10;
    }
    expect(k, {{{}, {want}}});
}

TEST_CASE("kernel: update, mutate and copy") {
    Param M("M"), N("N");
    Input a("a", Int(32), {M, N});
    InOut b("b", Int(32), {M, N});
    const Const weights("weights", Int(32), {3}, {2, 3, 5});
    std::vector<Var> loops;
    const Kernel k("names", {a, b}, [&](KernelBody& k) {
        const Array before = k.copy("before", b);
        const Array plain = k.copy("plain", a);
        loops = k.update(b, [&](Var i, Var j) { return b(i, j) + plain(i, j); });
        k.mutate({M, N}, [&](Var i, Var j) { k.if_(before(i, j) < 0, [&] { b(i, j) *= weights(j % 3); }); });
    });
    const auto in = random_buffer<int32_t>({5, 7}, -9, 9, 1),
               before = random_buffer<int32_t>({5, 7}, -9, 9, 2);
    Buffer<int32_t> after = clone(before);
    const int32_t w[] = {2, 3, 5};
    for (int64_t p = 0; p < 5; ++p)
        for (int64_t q = 0; q < 7; ++q)
            after(p, q) = (before(p, q) + in(p, q)) * (before(p, q) < 0 ? w[q % 3] : 1);
    expect_change(k, {in}, {before}, {after});
    Schedule s(k);
    s[k].parallel(loops[0]).vectorize(loops[1], 4);
    expect_change(s, {in}, {before}, {after});
}

TEST_CASE("a copy is a stage") {
    Param N("N");
    Input a("a", Int(32), {N});
    Var i("i");
    Func c = copy("c", a), out("out", Int(32), {N});
    out(i) = c(N - 1 - i) * 2;
    expect(out, {{{ints({1, 2, 3})}, {ints({6, 4, 2})}}});
}

TEST_CASE("kernel: while rounds of data") {
    Output b("b", Int(32), {8});
    Var i("i");
    const Kernel k("nested", {b}, [&](KernelBody& k) {
        Scalar n = k.scalar("n", Int(32), 0), m = k.scalar("m", Int(32));
        k.for_(i, 0, 8, [&] { b(i) = 0; });
        k.while_([&] { return n < 8; },
                 [&] {
                     m = 0;
                     k.while_([&] { return m < 100; },
                              [&] {
                                  k.if_(m * m > n, [&] { k.break_(); });
                                  m += 1;
                                  k.if_(n == 6, [&] { k.return_(); });
                              });
                     b(n) = m;
                     n += 1;
                 });
    });
    expect(k, {{{}, {ints({1, 2, 2, 2, 3, 3, 0, 0})}}});
}

TEST_CASE("kernel: what a loop's bounds read may change inside of it") {
    Param N("N", Int(32));
    Output b("b", Int(32), {4});
    Var i("i"), j("j"), l("l"), m("m");
    const Kernel k("moving", {N, b}, [&](KernelBody& k) {
        Scalar x = k.scalar("x", Int(32), N), count = k.scalar("count", Int(32), 0);
        k.for_(i, x, 3, [&] {
            x = 10;
            k.for_(j, i, x, [&] { count += 1; }); // not empty, though i began at x
        });
        b(0) = count;
        x = N + 4;
        k.for_(l, 0, x, [&] {
            x = 2;
            k.if_(l < x, [&] { count += 100; });
        });
        b(1) = count;
        k.for_(m, x, -x, -1, [&] { x += 1; });
        b(2) = x;
        k.if_(x < 7, [&] {
            x = 7;
            k.if_(x < 7, [&] { x = -1; });
        });
        b(3) = x;
    });
    expect(k, {{{}, {ints({27, 227, 6, 7})}, {{"N", Value::from_raw(Int(32), 0)}}},
               {{}, {ints({0, 227 - 27, 6, 7})}, {{"N", Value::from_raw(Int(32), 3)}}}});
    Schedule s(k);
    s[k].split(i, 2);
    s[k].split(j, 4);
    s[k].unroll(l, 2);
    expect(s, {{{}, {ints({27, 227, 6, 7})}, {{"N", Value::from_raw(Int(32), 0)}}}});
}

TEST_CASE("kernel: loops, arms and lets without statements") {
    Input a("a", Int(32), {4});
    Output b("b", Int(32), {4});
    Var i("i"), j("j");
    const Kernel k("idle", {a, b}, [&](KernelBody& k) {
        k.for_(i, 0, 4, [&] {
            b(i) = a(i);
            k.if_(a(i) > 0, [] {}).else_([] {});
            const Expr unused = k.let(a(i));
        });
        k.for_(j, 0, 4, [] {});
        k.if_(a(0) > 0, [] {}).else_([&] { b(0) = 9; });
    });
    expect(k, {{{ints({-1, 2, 3, 4})}, {ints({9, 2, 3, 4})}}});
    Schedule s(k);
    s[k].split(j, 2);
    s[k].vectorize(i, 4);
    CHECK(loop_tree(s).find("jo") != std::string::npos);
}

TEST_CASE("kernel: other types for its arguments") {
    Param N("N");
    Input a("a", Float(32), {N});
    Output b("b", Float(32), {N});
    Var i("i");
    const Kernel k("halved", {a, b}, [&](KernelBody& k) {
        k.for_(i, 0, N, [&] {
            const Expr x = k.let(a(i));
            b(i) = x * x;
        });
    });
    Schedule s(k);
    s[k].vectorize(i, 4);
    s.quantize({a, b}, Fixed(16, 4));
    const auto in = random_buffer<int16_t>(Fixed(16, 4), {9}, -300, 300);
    Buffer<int16_t> want(Fixed(16, 4), {9});
    for (int64_t e = 0; e < 9; ++e)
        want(e) = static_cast<int16_t>(in(e)*in(e) >> 4);
    expect(s, {{{in}, {want}}});
}

TEST_CASE("kernel: a scatter beyond its tensor is found where it happens") {
    Param N("N");
    Input where("where", Int(32), {N});
    InOut b("b", Int(32), {4});
    Var i("i");
    const Kernel k("scatter", {where, b}, [&](KernelBody& k) {
        k.for_(i, 0, N, [&] {
            k.if_(where(i) == 9, [&] { k.return_(); });
            b(where(i)) += 1;
        });
    });
    expect_change(k, {ints({0, 3, 3, 9, -1})}, {ints({0, 0, 0, 0})}, {ints({1, 0, 0, 2})});
    for (const int32_t bad : {-1, 4, 1 << 30}) {
        Buffer<int32_t> in = ints({0, bad}), out = ints({0, 0, 0, 0});
        CHECK_THROWS_AS(interpret(build(k).module, {&in, &out}), Error);
        CHECK_THROWS_WITH_AS(jit(Schedule(k)).call({&in, &out}), doctest::Contains("out of bounds"), Error);
    }
}

TEST_CASE("kernel: loops of data end where their condition does, out of bounds or not") {
    Param N("N");
    Input next("next", Int(32), {N});
    Output length("length", Int(32), {});
    const Kernel k("chase", {next, length}, [&](KernelBody& k) {
        Scalar at = k.scalar("at", Int(32), 0);
        length() = 0;
        k.while_([&] { return next(at) != 0; },
                 [&] {
                     at = next(at);
                     length() += 1;
                 });
    });
    Buffer<int32_t> want((std::vector<int64_t>()));
    *want.begin() = 3;
    expect(k, {{{ints({2, 0, 3, 1})}, {want}}});
    Buffer<int32_t> in = ints({2, 0, 7, 1}), out((std::vector<int64_t>()));
    CHECK_THROWS_AS(interpret(build(k).module, {&in, &out}), Error);
    CHECK_THROWS_WITH_AS(jit(Schedule(k)).call({&in, &out}),
                         doctest::Contains("subscript 0 of next is out of bounds"), Error);
}
