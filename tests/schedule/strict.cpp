/// QuantizeOptions::strict, and what explain_types says is lost.

#include "programs.h"

using namespace lathe;

namespace {

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// Sums of three pixels of four bits: 0 … 45.
struct Sums {
    Var i{"i"};
    Input a{"a", UInt(4), {10}};
    Func f{"f", UInt(8), {8}}, g{"g", UInt(16), {8}};
    Sums() {
        f(i) = a(i) + a(i + 1) + a(i + 2);
        g(i) = f(i) * 2;
    }
};

} // namespace

TEST_CASE("strict refuses a type that a value may not fit, with the value") {
    const Sums p;
    Schedule s(p.g);
    const std::string before = print(s);
    CHECK_THROWS_WITH_AS(s.quantize(p.f, UInt(5), {.strict = true}),
                         doctest::Contains("tensor f: value 45, which "), Error);
    CHECK_THROWS_WITH_AS(
        s.quantize(p.f, UInt(5), {.strict = true}),
        doctest::Contains(" may give it, does not fit UInt(5), which holds 0 to 31, and quantize at "),
        Error);
    CHECK_THROWS_WITH_AS(s.quantize(p.f, UInt(5), {.strict = true}),
                         doctest::Contains("is strict. UInt(6) holds it"), Error);
    // A value that is turned away is lost, too.
    CHECK_THROWS_WITH_AS(s.quantize(p.f, UFixed(6, 1, Round::rnd, Overflow::sat), {.strict = true}),
                         doctest::Contains("value 45, which "), Error);
    CHECK(print(s) == before);
    s.quantize(p.f, UInt(5)); // without strict it wraps
    s.quantize(p.f, UInt(6), {.strict = true});
    expect_right(s, {{}});
    CHECK_NOTHROW(s.quantize(p.f, Fixed(8, 1), {.strict = true}));
}

TEST_CASE("strict holds for the calls that come after it") {
    const Sums p;
    Schedule s(p.g);
    s.quantize(p.f, UInt(6), {.strict = true});
    CHECK_THROWS_WITH_AS(s.quantize(p.a, UInt(5)),
                         doctest::Contains("quantize(a, UInt(5)): tensor f: value 93, which "), Error);
    CHECK(has(s.explain_types(), "a: UInt(4)"));
    s.quantize(p.a, UInt(3));
    s.quantize(p.f, UInt(6)); // the last step of a tensor counts
    CHECK_NOTHROW(s.quantize(p.a, UInt(5)));

    const Param K("K");
    const RDom k(0, K, "k");
    const Input b("b", Int(8), {K});
    Func c("c", Int(32), {1});
    Var i("i");
    c(i) = 0;
    c(i) += b(k);
    Schedule t(c);
    CHECK_THROWS_WITH_AS(t.quantize(c, Int(16), {.strict = true}),
                         doctest::Contains("value -274877906816, which "), Error);
    t.bind(K, 250);
    CHECK_NOTHROW(t.quantize(c, Int(16), {.strict = true}));
    CHECK_THROWS_WITH_AS(t.quantize(b, Int(9)), doctest::Contains("tensor c: value -64000, which "), Error);
    CHECK_THROWS_WITH_AS(
        Schedule(c).bind(K, 250).quantize(c, Int(20), {.accumulate = Int(12), .strict = true}),
        doctest::Contains("tensor c.acc: value -32000, which "), Error);
    CHECK_NOTHROW(
        Schedule(c).bind(K, 250).quantize(c, Int(20), {.accumulate = Accumulate::exact, .strict = true}));
}

TEST_CASE("strict refuses what nothing is known of") {
    const Input a("a", Fixed(8, 4), {8}), d("d", Int(8), {8});
    Func f("f", Int(8), {8});
    Var i("i");
    f(i) = a(i) / d(i);
    Schedule s(f);
    CHECK_THROWS_WITH_AS(
        s.quantize(f, Int(16), {.strict = true}),
        doctest::Contains("cannot be strict, as what f is given is not known: there is no bound of "
                          "values: the divisor d[i] may be 0"),
        Error);
}

TEST_CASE("traces carry strict, and check it again") {
    const Sums p;
    Schedule s(p.g);
    s.quantize(p.f, UInt(6), {.strict = true});
    CHECK(has(s.trace(), "quantize f UInt(6) strict\n"));
    const std::string json = s.trace_json();
    CHECK(has(json, R"("strict": true)"));
    Schedule again(p.g);
    again.apply_trace(json);
    CHECK(again.trace() == s.trace());
    CHECK_THROWS_AS(again.quantize(p.a, UInt(5)), Error);
    std::string narrow = json;
    narrow.replace(narrow.find("UInt(6)"), 7, "UInt(5)");
    CHECK_THROWS_WITH_AS(Schedule(p.g).apply_trace(narrow),
                         doctest::Contains("the trace's types and sizes: tensor f: value 45, which "), Error);
    std::string wrong = json;
    wrong.replace(wrong.find("true", wrong.find("strict")), 4, "1");
    CHECK_THROWS_WITH_AS(Schedule(p.g).apply_trace(wrong),
                         doctest::Contains("the trace has 1 in the place of true or false"), Error);
}

TEST_CASE("explain_types says where precision is lost, and how much") {
    const Var i("i");
    const Input a("a", Fixed(16, 8), {8}), x("x", Float(32), {8});
    const RDom k(0, 4, "k");
    Func f("f", Fixed(12, 4), {8}), g("g", Fixed(8, 6, Round::rnd, Overflow::sat), {8}),
        h("h", Float(16), {8}), n("n", Int(8), {8}), sums("sums", Fixed(30, 6), {8}),
        wide("wide", Fixed(20, 8), {8});
    f(i) = a(i);
    g(i) = cast(Fixed(8, 6, Round::rnd, Overflow::sat), x(i));
    h(i) = x(i);
    n(i) = cast(Int(4), a(i)) + 1;
    sums(i) = 0;
    sums(i) += a(k) * a(i);
    wide(i) = a(i);
    const std::string text = Schedule({f, g, h, n, sums, wide}).explain_types();
    INFO(text);
    const std::string lost = text.substr(text.find("lost by casts and stores:\n"));
    CHECK(has(lost, ": f = Fixed(16, 8) to Fixed(12, 4) drops 4 fraction bits, at most 0.9375 ulp\n"));
    CHECK(has(lost,
              "a cast of Float(32) to Fixed(8, 6, rnd, sat) drops all bits below 2^-6, at most 0.5 ulp\n"));
    CHECK(has(lost, "a cast of Float(32) to Fixed(8, 6, rnd, sat) may overflow: it may be given 3.40282e+38, "
                    "and holds -2 to 1.984375\n"));
    CHECK(has(lost, ": h = Float(32) to Float(16) rounds to Float(16), at most 0.5 ulp\n"));
    CHECK(has(lost, "a cast of Fixed(16, 8) to Int(4) drops 8 fraction bits, at most 0.9961 ulp\n"));
    CHECK(has(lost,
              "a cast of Fixed(16, 8) to Int(4) may overflow: it may be given 127.996, and holds -8 to 7\n"));
    CHECK(has(
        lost,
        ": sums += Fixed(32, 16) to Fixed(30, 6) drops 10 fraction bits, at most 0.999 ulp at every step\n"));
    CHECK(has(lost, "strict.cpp:"));
    CHECK_FALSE(has(lost, "wide ="));
    CHECK_FALSE(has(lost, "sums += Fixed(32, 16) to Fixed(30, 6) may overflow"));
    CHECK(has(Schedule(wide).explain_types(), "nothing is lost by casts and stores\n"));
}
