// Exact accumulators hold what is added to any one element.

#include "deep.h"
#include "programs.h"
#include "random_sums.h"

using namespace lathe;

namespace {

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

using Subscript = std::function<Expr(const RDom&, const Input&)>;

/// The type of the exact accumulator of h(at) += 1 over the ranges; the result is the same as with a wide
/// one.
std::string exact_type(const std::vector<RRange>& ranges, const Subscript& at) {
    Var i("i");
    Input a("a", UInt(6), {40});
    RDom r(ranges, "r");
    Func h("h", Int(32), {512});
    h(i) = 0;
    h(at(r, a)) += 1;
    Schedule s(h), wide(h);
    s.quantize(h, Int(32), {.accumulate = Accumulate::exact});
    wide.quantize(h, Int(32), {.accumulate = Int(40)});
    CHECK(same_result(s.reference(), wide.reference(), {}));
    const std::string text = s.explain_types();
    const size_t from = text.find("h.acc: ") + 7;
    return text.substr(from, text.find(')', from) + 1 - from);
}

} // namespace

TEST_CASE("an exact accumulator is the same as a wide one") {
    int narrow = 0;
    const int all = count(150, 5000);
    for (int seed = 0; seed < all; ++seed) {
        CAPTURE(seed);
        const Func sums = random_sums(static_cast<unsigned>(seed));
        Schedule exactly(sums), wide(sums);
        exactly.quantize(sums, Int(40), {.accumulate = Accumulate::exact});
        wide.quantize(sums, Int(40), {.accumulate = Int(40)});
        INFO(print(exactly));
        CHECK(same_result(exactly.reference(), wide.reference(), {}, static_cast<unsigned>(seed)));
        narrow += has(exactly.explain_types(), "h.acc: UInt(3)");
    }
    MESSAGE(narrow << " of " << all << " where the subscripts tell every loop apart");
}

TEST_CASE("a loop that the subscripts do not tell apart is counted") {
    CHECK(exact_type({{0, 16}}, [](const RDom& r, auto&) { return r.x; }) == "UInt(1)");
    CHECK(exact_type({{0, 16}}, [](const RDom& r, const Input& a) { return clamp(a(r.x), 0, 3); }) ==
          "UInt(5)");
    CHECK(exact_type({{0, 16}}, [](const RDom& r, auto&) { return floor_div(r.x, 4); }) == "UInt(5)");
    CHECK(exact_type({{0, 16}}, [](const RDom& r, auto&) { return floor_mod(r.x, 4); }) == "UInt(5)");
    CHECK(exact_type({{0, 4}, {0, 16}}, [](const RDom& r, auto&) { return r.x + r.y; }) == "UInt(3)");
    CHECK(exact_type({{0, 16}, {0, 4}}, [](const RDom& r, auto&) { return 40 + r.x - 2 * r.y; }) ==
          "UInt(3)");
    CHECK(exact_type({{0, 4}, {0, 4}}, [](const RDom& r, auto&) { return r.x; }) == "UInt(3)");
    CHECK(exact_type({{0, 4}, {0, 4}}, [](const RDom& r, auto&) { return r.x - r.x + r.y - r.y + 3; }) ==
          "UInt(5)");
}

TEST_CASE("digits of a number are told apart") {
    CHECK(exact_type({{0, 4}, {0, 8}}, [](const RDom& r, auto&) { return r.x * 8 + r.y; }) == "UInt(1)");
    CHECK(exact_type({{0, 4}, {0, 8}}, [](const RDom& r, auto&) { return r.x * 7 + r.y; }) != "UInt(1)");
    CHECK(exact_type({{0, 4}, {0, 8}, {0, 2}},
                     [](const RDom& r, auto&) { return r.x * 16 + r.y * 2 + r.z; }) == "UInt(1)");
    CHECK(exact_type({{0, 4}, {3, 8}}, [](const RDom& r, auto&) { return 50 - r.x * 8 + r.y; }) == "UInt(1)");
}

TEST_CASE("ranges that move with other loops") {
    // x + y < 4 in every iteration: each element is met 16 times.
    Var i("i");
    RDom x(0, 16, "x"), y(-x, 4, "y");
    Func h("h", Int(32), {64});
    h(i) = 0;
    h(x + y) += 1;
    Schedule s(h), wide(h);
    wide.quantize(h, Int(32), {.accumulate = Int(40)});
    s.quantize(h, Int(32), {.accumulate = Accumulate::exact});
    CHECK(has(s.explain_types(), "h.acc: UInt(5)"));
    CHECK(same_result(s.reference(), wide.reference(), {}));
}

TEST_CASE("a bound size bounds an exact accumulator, before and after") {
    Param N("N");
    Var i("i");
    Input a("a", Int(8), {N});
    RDom r(0, N, "r");
    Func f("f", Int(8), {4});
    f(i) = 0;
    f(i) += a(r);
    Schedule s(f);
    CHECK_THROWS_WITH_AS(s.quantize(f, Int(16), {.accumulate = Accumulate::exact}),
                         doctest::Contains("needs a constant bound on its N iterations"), Error);
    s.bind(N, 8).quantize(f, Int(16), {.accumulate = Accumulate::exact});
    CHECK(has(s.explain_types(), "f.acc: Int(11)"));
    Schedule again(f);
    again.apply_trace(s.trace_json());
    CHECK(equal(again.module(), s.module()));
}

TEST_CASE("an exact accumulator whose loop's bound reads it") {
    Var i("i");
    Func h("h", UInt(4), {16}), g("g", UInt(4), {16});
    h(i) = 2;
    RDom r(h(3), 3, "r");
    h(r) += 1;
    Schedule s(h);
    s.quantize(h, UInt(8), {.accumulate = Accumulate::exact});
    CHECK(has(s.explain_types(), "h.acc: UInt(3)"));
    expect_right(s, {{}});
    g(i) = 2;
    RDom q(0, g(3), "q");
    g(0) += q;
    CHECK_THROWS_WITH_AS(Schedule(g).quantize(g, UInt(8), {.accumulate = Accumulate::exact}),
                         doctest::Contains("needs a constant bound on its"), Error);
}
