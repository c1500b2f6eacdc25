// Funcs of several values, which one loop nest computes together.

#include "program.h"

using namespace lathe;

namespace {

/// The greatest element of each row and its place, by updates that change both together.
struct Greatest {
    Param M{"M"}, N{"N"};
    Input A{"A", Int(16), {M, N}};
    Var i{"i"};
    RDom k{1, N - 1, "k"};
    Func best{"best", {Int(16), Int(32)}, {M}};
    Greatest() {
        best(i) = Tuple(A(i, 0), 0);
        best(i) = select(A(i, k) > best(i)[0], Tuple(A(i, k), k), Tuple(best(i)));
    }
    static Case example(int64_t rows, int64_t columns) {
        const auto in = random_buffer<int16_t>({rows, columns}, -99, 99);
        Buffer<int16_t> value({rows});
        Buffer<int32_t> place({rows});
        for (int64_t r = 0; r < rows; ++r) {
            int64_t at = 0;
            for (int64_t c = 1; c < columns; ++c)
                if (in(r, c) > in(r, at)) at = c;
            value(r) = in(r, at);
            place(r) = static_cast<int32_t>(at);
        }
        return {{in}, {value, place}};
    }
};

/// A complex product of three factors: the middle Func has two values and no shape.
struct Complex {
    Param N{"N"};
    Input re{"re", Int(8), {N}}, im{"im", Int(8), {N}};
    Var i{"i"};
    Func square{"square"}, out{"out", Types{Int(30), Int(30)}, {N - 2}};
    Complex() {
        square(i) = Tuple(re(i) * re(i) - im(i) * im(i), 2 * re(i) * im(i));
        const Tuple z(square(i + 2));
        out(i) = Tuple(z[0] * re(i) - z[1] * im(i), z[0] * im(i) + z[1] * re(i));
    }
    static Case example(int64_t n) {
        const auto re = random_buffer<int8_t>({n}, -128, 127), im = random_buffer<int8_t>({n}, -128, 127, 2);
        AnyBuffer a(Int(30), {n - 2}), b(Int(30), {n - 2});
        for (int64_t i = 0; i + 2 < n; ++i) {
            const int x = re(i + 2) * re(i + 2) - im(i + 2) * im(i + 2), y = 2 * re(i + 2) * im(i + 2);
            a.set({i}, Value::from_raw(Int(30), x * re(i) - y * im(i)));
            b.set({i}, Value::from_raw(Int(30), x * im(i) + y * re(i)));
        }
        return {{re, im}, {a, b}};
    }
};

} // namespace

TEST_CASE("the greatest element and its place, updated together") {
    const Greatest g;
    const std::vector<Case> cases = {Greatest::example(7, 20), Greatest::example(1, 1),
                                     Greatest::example(9, 2)};
    expect(Schedule(g.best), cases);
    Schedule s(g.best);
    s[g.best].parallel(g.i);
    s[g.best].init().vectorize(g.i, 4);
    expect(s, cases);
    Schedule v(g.best);
    v[g.best].reorder(g.k, g.i).vectorize(g.i, 8);
    expect(v, cases);
    CHECK_THROWS_WITH_AS(s[g.best].parallel(g.k), doctest::Contains("carried by k"), Error);
    CHECK_THROWS_WITH_AS(s[g.best].vectorize(g.k, 4), doctest::Contains("carried by k"), Error);
}

TEST_CASE("a producer of two values at every place that a schedule can give it") {
    const Complex c;
    const std::vector<Case> cases = {Complex::example(40), Complex::example(3), Complex::example(2)};
    expect(Schedule(c.out), cases);
    Schedule inlined(c.out), tiled(c.out), kept(c.out);
    inlined.inline_(c.square);
    CHECK(print(inlined).find("square") == std::string::npos);
    inlined[c.out].vectorize(c.i, 8);
    expect(inlined, cases);
    auto [io, ii] = tiled[c.out].split(c.i, 16);
    tiled.compute_at(c.square, c.out, io).store_in(c.square, MemorySpace::stack());
    tiled[c.square].vectorize(c.i, 8);
    tiled[c.out].vectorize(ii, 8).parallel(io);
    expect(tiled, cases);
    kept.inline_all_pure();
    CHECK(print(kept) == print(Schedule(c.out).inline_all_pure()));
}

TEST_CASE("a recurrence on two values along one dimension") {
    // Fibonacci's pairs; and which of them are odd.
    Var n("n");
    RDom k(1, 39, "k");
    Func pair("pair", Types{UInt(32), UInt(32)}, {40}), odd("odd", Types{Bool(), UInt(32)}, {40});
    pair(n) = Tuple(0, 1);
    pair(k) = Tuple(pair(k - 1)[1], pair(k - 1)[0] + pair(k - 1)[1]);
    odd(n) = Tuple(pair(n)[0] % 2 == 1, pair(n)[0]);
    AnyBuffer is_odd(Bool(), {40});
    Buffer<uint32_t> fibonacci({40});
    uint32_t a = 0, b = 1;
    for (int64_t i = 0; i < 40; ++i) {
        fibonacci(i) = a;
        is_odd.set({i}, Value::boolean(a % 2 == 1));
        b = std::exchange(a, b) + b;
    }
    expect(Schedule(odd), {{{}, {is_odd, fibonacci}}});
    Schedule at(odd);
    CHECK_THROWS_WITH_AS(at[pair].parallel(k), doctest::Contains("carried by k"), Error);
    CHECK_THROWS_WITH_AS(at[pair].inline_(), doctest::Contains("pair has updates"), Error);
    CHECK_THROWS_WITH_AS(at[pair].fuse_init(), doctest::Contains("fuse_init"), Error);
}

TEST_CASE("tuples of values copied, chosen, and reduced inside") {
    Input A("A", Int(8), {6, 4});
    Var i("i");
    RDom k(0, 4, "k");
    Func first("first"), copy("copy"), out("out", Types{Int(32), Int(16), Int(16)}, {6});
    first(i) = Tuple(sum(k, A(i, k)), minimum(k, A(i, k)), maximum(k, A(i, k)));
    copy(i) = first(i);
    out(i) = select(copy(i)[0] < 0, Tuple(copy(i)), Tuple(copy(i)[0], copy(i)[2], copy(i)[1]));
    const auto in = random_buffer<int8_t>({6, 4}, -50, 50);
    Buffer<int32_t> sums({6});
    Buffer<int16_t> one({6}), two({6});
    for (int64_t r = 0; r < 6; ++r) {
        int s = 0, low = 127, high = -128;
        for (int64_t c = 0; c < 4; ++c)
            s += in(r, c), low = std::min<int>(low, in(r, c)), high = std::max<int>(high, in(r, c));
        sums(r) = s;
        one(r) = static_cast<int16_t>(s < 0 ? low : high);
        two(r) = static_cast<int16_t>(s < 0 ? high : low);
    }
    expect(Schedule(out), {{{in}, {sums, one, two}}});
    Schedule s(out);
    s.inline_(copy).compute_at(first, out, i).store_in(first, MemorySpace::registers());
    expect(s, {{{in}, {sums, one, two}}});
    CHECK(first.values() == 3);
    CHECK(first.type(1) == Int(8));
    CHECK(copy.type(0) == Int(10));
}

TEST_CASE("types of a tuple's values") {
    const Complex c;
    Schedule s(c.out);
    s.quantize(TensorRef(c.square, 1), Int(8));
    CHECK(s.explain_types().find("square_1: Int(8) quantized") != std::string::npos);
    const Schedule again = Schedule(c.out).apply_trace(s.trace_json());
    CHECK(print(again) == print(s));
    const unsigned line = __LINE__ + 2;
    try {
        s.quantize(c.square, Int(8));
        FAIL("not refused");
    } catch (const Error& e) {
        CHECK(e.message() == "square holds 2 values: name one, as in TensorRef(square, 0)");
        CHECK(e.loc().line == line);
    }
    CHECK_THROWS_WITH_AS(
        s.quantize(TensorRef(c.square, 0), Int(8), {.accumulate = Accumulate::exact}),
        doctest::Contains("square holds 2 values, which change together: it has no accumulator"), Error);
    CHECK_THROWS_WITH_AS(s.quantize(TensorRef(c.square, 0), Fixed(8, 4), {.literals = Fixed(8, 4)}),
                         doctest::Contains("square holds 2 values, which share its literals"), Error);
    CHECK_THROWS_WITH_AS(TensorRef(c.square, 2),
                         doctest::Contains("square holds 2 values, and has no value 2"), Error);
}
