/// What ranges, strict types and error bounds must not miss, and what they must not need.

#include "program.h"

#include <cmath>

using namespace lathe;
using namespace lathe::ir;

namespace {

const Var i("i");

std::string why(const std::function<void()>& f) {
    try {
        f();
    } catch (const InternalError&) {
        throw;
    } catch (const Error& e) {
        return e.what();
    }
    return "nothing is refused";
}

ValueRange range_of_tensor(const Schedule& s, const TensorRef& t, const std::vector<InputRange>& given = {}) {
    for (const TensorRange& r : ranges(s, given))
        if (r.tensor == t.symbol) return r.range;
    return {1, -1};
}

std::string strict(const Schedule& s, const TensorRef& t, Type type) {
    return why([&] { Schedule(s).quantize(t, type, {.strict = true}); });
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("a let keeps what an element held before it was stored again") {
    const InOut a("a", Int(8), {1});
    const Output b("b", Int(32), {4});
    const Kernel once("once", {a, b}, [&](KernelBody& k) {
        const Expr t = k.let(a(0));
        a(0) = a(0) + 10;
        k.for_(i, 0, 4, [&] { b(i) = t - a(0); });
    });
    CHECK(range_of_tensor(Schedule(once), b, {{a, 0, 20}}).low <= -10);
    CHECK(has(strict(Schedule(once), b, Int(3)), "does not fit Int(3)"));
    const Kernel looped("looped", {a, b}, [&](KernelBody& k) {
        const Expr t = k.let(a(0));
        k.for_(i, 0, 4, [&] {
            a(0) = a(0) + 1;
            b(i) = a(0) - t;
        });
    });
    CHECK(range_of_tensor(Schedule(looped), b, {{a, 1, 4}}).high >= 4);
    CHECK(has(strict(Schedule(looped), b, UInt(1)), "does not fit UInt(1)"));
    // What nothing stores to in between is one value.
    const Kernel same("same", {a, b}, [&](KernelBody& k) {
        const Expr t = k.let(a(0));
        k.for_(i, 0, 4, [&] { b(i) = t - a(0); });
    });
    CHECK(range_of_tensor(Schedule(same), b) == ValueRange{0, 0});
}

TEST_CASE("a cast to Bool is no number of its operand") {
    const Input a("a", UInt(2), {4});
    Func f("f", Int(8), {4}), g("g", Bool(), {4});
    f(i) = 10 - cast(Int(8), cast(Bool(), a(i) + 5));
    g(i) = a(i);
    CHECK(range_of_tensor(Schedule(f), f) == ValueRange{9, 9});
    CHECK(range_of_tensor(Schedule(g), g) == ValueRange{0, 1});
    CHECK(has(strict(Schedule(f), f, UInt(3)), "value 9, which "));
}

TEST_CASE("literals at the end of a type") {
    Func f("f", Int(64), {1});
    f(i) = int64_t{1} << 59;
    CHECK(has(strict(Schedule(f), f, Int(60)), "does not fit Int(60)"));
    CHECK(strict(Schedule(f), f, Int(61)) == "nothing is refused");
    CHECK(strict(Schedule(f), f, UInt(60)) == "nothing is refused");
    Func g("g", Int(64), {1});
    g(i) = (int64_t{1} << 59) - 1;
    CHECK(strict(Schedule(g), g, Int(64)) == "nothing is refused");
}

TEST_CASE("what rounding decides has no error bound") {
    const Input x("x", Float(32), {8}), t("t", Float(32), {8});
    const std::vector<InputRange> given = {{x, 0, 3.5}, {t, 0, 70}};
    Func f("f", Float(32), {8}), id("id", Int(32), {8}), g("g", Float(32), {8});
    f(i) = t(clamp(cast(Int(32), x(i) * 2.0f), 0, 7));
    id(i) = cast(Int(32), x(i) * 2.0f);
    g(i) = t(clamp(id(i) + 0, 0, 7));
    for (const Func& of : {f, g}) {
        Schedule s({x, t}, {of});
        s.quantize(x, Fixed(8, 0));
        CHECK(error_bound(s, given).front() >= 70); // any other element of the table
        CHECK(range_of_tensor(s, of, given).high <= 70.001);
    }
    const Output o("o", Float(32), {8});
    const Kernel extent("extent", {x, t, o}, [&](KernelBody& k) {
        const Scalar n = k.scalar("n", Int(32), cast(Int(32), x(0) * 2.0f));
        o(0) = 0.0f;
        const Expr m = k.let(n + 0);
        k.for_(i, 0, clamp(m, 0, 8), [&] { o(0) += t(i); });
    });
    CHECK(has(why([&] { error_bound(Schedule(extent), given); }),
              "how often the loop i runs depends on rounding"));
    CHECK(range_of_tensor(Schedule(extent), o, given).high >= 490);
    const Kernel scatter("scatter", {x, t, o}, [&](KernelBody& k) {
        k.for_(i, 0, 8, [&] { o(i) = 0.0f; });
        k.for_(i, 0, 8, [&] { o(clamp(cast(Int(32), x(i)), 0, 7)) = t(i); });
    });
    CHECK(has(why([&] { error_bound(Schedule(scatter), given); }),
              "which element of o is written depends on rounding"));
}

TEST_CASE("floats overflow, too") {
    const Input x("x", Float(64), {4}), n("n", Int(10), {4});
    Func f("f", Float(64), {4}), g("g", Float(64), {4});
    f(i) = x(i) * x(i);
    g(i) = n(i) * n(i);
    Schedule s(f);
    s.quantize(f, Float(16));
    CHECK(std::isinf(error_bound(s, {{x, 0, 300}}).front()));
    CHECK(std::isfinite(error_bound(s, {{x, 0, 200}}).front()));
    const TensorRange r = ranges(s, {{x, 0, 300}}).back();
    CHECK(std::isinf(r.range.high));
    CHECK(has(r.warning, "f is Float(16), and may be given 90000"));
    s.quantize(f, Float(32));
    CHECK(std::isinf(error_bound(s, {{x, 0, 1e20}}).front()));
    Schedule in(f);
    in.quantize(x, Float(16));
    CHECK(std::isinf(error_bound(in, {{x, 0, 1e5}}).front()));
    CHECK(has(strict(Schedule(g), g, Float(16)), "value 262144, which "));
    CHECK(has(strict(Schedule(g), g, Float(16)), "does not fit Float(16), which holds -65504 to 65504"));
    CHECK(has(strict(Schedule(g), g, Float(16)), "is strict. Float(32) holds it"));
    CHECK(strict(Schedule(g), g, Float(32)) == "nothing is refused");
    const InOut h("h", Float(16), {1});
    const Kernel adds("adds", {h}, [&](KernelBody&) { h(0) += int64_t{1} << 58; });
    CHECK(std::isinf(range_of_tensor(Schedule(adds), h, {{h, 0, 1}}).high));
    CHECK(std::isinf(error_bound(Schedule(adds), {{h, 0, 1}}).front()));
}

TEST_CASE("operations on bits mean other numbers in other types") {
    const Input x("x", Int(8), {2}), u("u", UInt(8), {2});
    const auto refused = [&](const Expr& e, const TensorRef& of, Type to, const char* what) {
        Func f("f", Int(40), {2});
        f(i) = e;
        Schedule s({x, u}, {f});
        CHECK(error_bound(s, {}).front() == 0);
        CHECK(range_of_tensor(s, f).high < 100000);
        s.quantize(of, to);
        const std::string text = why([&] { error_bound(s, {}); });
        CHECK(has(text, what));
        CHECK(has(text, "hard_bounds.cpp:"));
    };
    refused(x(i) << 2, x, Int(16), "<< works on Int(16) in the place of Int(8)");
    refused(x(i) >> 1, x, Fixed(16, 4), ">> works on Fixed(16, 4) in the place of Int(8)");
    refused(~u(i), u, UInt(16), "~ works on UInt(16) in the place of UInt(8)");
    refused(x(i)[3], x, Fixed(16, 4), "taking bits works on Fixed(16, 4) in the place of Int(8)");
    refused(u(i) | 3, u, Int(9), "| works on Int(9) in the place of UInt(8)");
}

TEST_CASE("functions at the edge of their domain") {
    const Input x("x", Float(32), {2}), z("z", Float(32), {2});
    Func p("p", Float(32), {2}), r("r", Float(32), {2}), l("l", Float(32), {2});
    p(i) = pow(x(i), x(i));
    Schedule s(p);
    s.quantize(x, Float(16));
    const double bound = error_bound(s, {{x, 0.25, 0.75}}).front();
    CHECK(bound > 1e-4);
    CHECK(bound < 0.1);
    CHECK(has(why([&] { error_bound(s, {{x, -1, 1}}); }), "pow may meet a number"));
    r(i) = sqrt(cast(Float(32), x(i) - z(i)));
    Schedule t({x, z}, {r});
    CHECK(error_bound(t, {{x, 1.9, 2}, {z, 0, 1.6}}).front() < 1e-4);
    t.quantize({x, z}, Fixed(8, 0));
    CHECK(has(why([&] { error_bound(t, {{x, 1.9, 2}, {z, 0, 1.95}}); }), "sqrt may meet a negative number"));
    l(i) = log(x(i));
    CHECK(has(why([&] { error_bound(Schedule(l), {{x, 0, 1}}); }), "log may meet a number"));
    CHECK(has(ranges(Schedule(l), {{x, 0, 1}}).back().warning, "may hold NaN"));
}

TEST_CASE("exact integers keep strict and ranges whatever follows") {
    const Input a("a", Int(8), {8, 12}), x("x", Float(32), {8, 12});
    const RDom k(0, 12, "k"), r(0, 8, "r");
    Func c("c", Int(32), {8}), shifted("shifted", Int(32), {8}), best("best", Int(32), {1}),
        some("some", Int(32), {1});
    c(i) = 0;
    c(i) += a(i, k);
    shifted(i) = c(i) >> 2;
    best(i) = argmax(r, c(r)).at[0];
    RDom positive(0, 8, "positive");
    positive.where(c(positive) > 0);
    some(i) = 0;
    some(i) += c(positive);
    for (const Func& last : {shifted, best, some}) {
        CHECK(strict(Schedule(last), c, Int(12)) == "nothing is refused");
        CHECK(has(strict(Schedule(last), c, Int(11)), "value -1536, which "));
        CHECK(range_of_tensor(Schedule(last), c) == ValueRange{-1536, 1524});
        CHECK(range_of_tensor(Schedule(last), c, {{a, 0, 10}}) == ValueRange{0, 120});
    }
    CHECK(range_of_tensor(Schedule(shifted), shifted) == ValueRange{-384, 381});
    CHECK_FALSE(has(Schedule(shifted).explain_types(), "overflow is not known"));
    Func of_floats("of_floats", Int(32), {8});
    of_floats(i) = argmax(k, x(i, k)).at[0];
    CHECK_NOTHROW(ranges(Schedule(of_floats), {{x, 0, 10}}));
    const InOut data("data", Int(16), {4});
    const Kernel returns("returns", {data}, [&](KernelBody& b) {
        b.if_(data(0) > 3, [&] { b.return_(); });
        data(1) = data(0) * 2;
    });
    const ValueRange doubled = range_of_tensor(Schedule(returns), data, {{data, 0, 10}});
    CHECK(doubled.high >= 10);
    CHECK(doubled.high <= 20);
}

TEST_CASE("only a value that some input gives is called one") {
    const Input x("x", Int(4), {8}), y("y", Int(4), {8});
    const RDom k(0, 8, "k");
    const auto text = [&](const Expr& e, Type type) {
        Func f("f", Int(16), {8});
        f(i) = e;
        return strict(Schedule(f), f, type);
    };
    CHECK(text(x(i) * x(i), UInt(7)) == "nothing is refused");
    CHECK(has(text(x(i) * x(i), UInt(6)), "value 64, which "));
    CHECK(text(select(x(i) > 0, x(i), 0), UInt(4)) == "nothing is refused");
    CHECK(has(text(select(x(i) > 0, x(i), 0), UInt(2)), "value 7, which "));
    CHECK(has(text(max(x(i), y(i)) - x(i), UInt(5)), "gives it may be down to -15, as far as ranges tell"));
    Func squares("squares", Int(16), {1}), wrapped("wrapped", Int(4), {8}), more("more", Int(16), {8});
    squares(i) = 0;
    squares(i) += x(k) * x(k);
    CHECK(strict(Schedule(squares), squares, UInt(10)) == "nothing is refused");
    CHECK(has(strict(Schedule(squares), squares, UInt(9)), "value 512, which "));
    wrapped(i) = x(i) * 4;
    more(i) = wrapped(i) + 1;
    CHECK(has(strict(Schedule(more), more, Int(3)), " 8, "));
    CHECK(strict(Schedule(more), more, Int(5)) == "nothing is refused");
    // Each element takes part of the loop's sums.
    Func part("part", Int(16), {8});
    const RDom many(0, 80, "many");
    part(i) = 0;
    part(many % 8) += x(many % 8);
    CHECK(has(strict(Schedule(part), part, Int(9)), "as far as ranges tell"));
}

TEST_CASE("ranges hold what is truncated, wrapped and saturated") {
    const Input a("a", Int(8), {4}), b("b", Int(8), {4}), x("x", Float(32), {4});
    const auto range = [&](const Expr& e, const std::vector<InputRange>& given) {
        Func f("f", Fixed(30, 8), {4});
        f(i) = e;
        return range_of_tensor(Schedule({a, b, x}, {f}), f, given);
    };
    CHECK(range(a(i) / b(i), {{a, 1, 1}, {b, 2, 2}}) == ValueRange{0, 0});
    CHECK(range(5 - a(i) / b(i), {{a, 1, 1}, {b, 2, 2}}) == ValueRange{5, 5});
    CHECK(range(a(i) / b(i), {{a, -7, 7}, {b, 2, 3}}) == ValueRange{-3, 3});
    CHECK(range(cast(Int(4), a(i)), {{a, 0, 9}}) == ValueRange{-8, 7});
    CHECK(range(cast(Fixed(4, 0, Round::trn, Overflow::sat), a(i)), {{a, 0, 9}}) == ValueRange{0, 7});
    CHECK(range(cast(Fixed(4, 0, Round::trn, Overflow::sat_sym), a(i)), {{a, -8, 7}}) == ValueRange{-7, 7});
    CHECK(range(cast(Fixed(4, -1, Round::rnd), a(i)), {{a, 1, 1}}) == ValueRange{2, 2});
    CHECK(range(~a(i), {{a, 0, 9}}) == ValueRange{-10, -1});
    CHECK(range(a(i)(3, 0), {}) == ValueRange{0, 15});
    CHECK(range(a(i) % 5, {{a, 0, 100}}).high <= 5);
}

TEST_CASE("outputs that nothing is stored to, and calls with the wrong numbers") {
    const Input x("x", Float(32), {4});
    const Output o("o", Float(32), {4});
    const Kernel none("none", {x, o}, [&](KernelBody& k) { k.for_(i, 0, 0, [&] { o(i) = x(i); }); });
    CHECK(error_bound(Schedule(none), {{x, 0, 1}}).front() == 0);
    Func f("f", Float(32), {4});
    f(i) = x(i);
    Buffer<float> numbers({4});
    CHECK(has(why([&] { measure_ranges(Schedule(f), {numbers, numbers}); }),
              "measure_ranges is given 2 buffers, and there are 1 inputs"));
    numbers(2) = std::nanf("");
    CHECK(has(why([&] { measure_ranges(Schedule(f), {numbers}); }), "x holds NaN on these data"));
    for (const int width : {0, -1, 5000})
        CHECK(has(why([&] { propose_types(ranges(Schedule(f), {{x, 0, 1}}), width); }),
                  "propose_types is asked for " + std::to_string(width) + " bits: a type has 1 to 4096"));
    CHECK(propose_types(ranges(Schedule(f), {{x, 0, 1}}), 1).size() == 2);
}

TEST_CASE(
    "histograms of numbers that are far apart, types at the end of a range, and two ranges of one input") {
    const Input x("x", Float(64), {4});
    Func f("f", Float(64), {4});
    f(i) = x(i);
    const auto histogram = [&](std::array<double, 4> numbers) {
        Buffer<double> data({4});
        std::ranges::copy(numbers, data.begin());
        return measure_ranges(Schedule(f), {data}).front().histogram;
    };
    const double most = std::numeric_limits<double>::max(), inf = std::numeric_limits<double>::infinity();
    const std::vector<int64_t> ends = {1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1};
    CHECK(histogram({-most, 0, 1, most}) == ends); // whose difference is no double
    CHECK(histogram({-inf, 0, 1, inf}) == ends);
    CHECK(histogram({inf, inf, inf, inf}).front() == 4);
    CHECK(histogram({0, 1, 1, 16}) == std::vector<int64_t>{1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    const auto proposed = [&](double low, double high) {
        return propose_types({{x.symbol(), Float(64), {low, high}}}, 8).front().type;
    };
    const auto fixed = [](int frac) { return Fixed(8, frac, Round::rnd, Overflow::sat); };
    CHECK(proposed(-1, 0.99) == fixed(7)); // which holds -1, and not 1
    CHECK(proposed(-1, 1) == fixed(6));
    CHECK(proposed(-1.01, 0) == fixed(6));
    CHECK(proposed(-128, 127) == fixed(0));
    CHECK(proposed(-0.25, 0) == fixed(9));
    CHECK(proposed(0, 0) == fixed(7));
    Func positive("positive", Bool(), {4}), chosen("chosen", Float(64), {4});
    positive(i) = x(i) > 0;
    chosen(i) = select(positive(i), x(i), 0);
    Schedule s(chosen);
    const std::vector<TypeChoice> types = propose_types(ranges(s, {{x, -1, 1}}), 8);
    CHECK(types.size() == 2); // of numbers
    s.quantize(types);
    CHECK(s.reference().top().arguments.back().tensor.type == fixed(6));
    CHECK(has(why([&] { proposed(0, inf); }), "the range of x is not finite: no type holds it"));
    CHECK(
        has(why([&] { ranges(Schedule(f), {{x, 0, 1}, {x, 0, 2}}); }), "x is given two ranges: give it one"));
    CHECK(has(why([&] { error_bound(Schedule(f), {{x, Buffer<double>({4})}, {x, 0, 2}}); }),
              "x is given two ranges"));
}

TEST_CASE("steps in time are no part of the algorithm that is compared with") {
    const Input x("x", Float(32), {8});
    Func f("f", Float(32), {8});
    f(i) = select(i > 0, x(i), 0) / 2;
    Schedule s(f);
    s.stencil(f, {.iterate = 2});
    CHECK(has(why([&] { error_bound(s, {{x, 0, 1}}); }), "iterate computes it 2 times"));
}

TEST_CASE("a sum of positive numbers is a divisor") {
    const Input x("x", Float(32), {4, 10});
    const Var c("c");
    const RDom k(0, 10, "k"), odd(0, 10, "odd");
    Func e("e", Float(32), {4, 10}), total("total", Float(32), {4}), share("share", Float(32), {4, 10});
    e(i, c) = exp(x(i, c));
    total(i) = 0.0f;
    total(i) += e(i, k);
    share(i, c) = e(i, c) / total(i);
    Schedule s(share);
    CHECK(range_of_tensor(s, total, {{x, -3, 3}}).low == 0); // which it is at first
    CHECK(range_of_tensor(s, share, {{x, -3, 3}}).high < 41);
    CHECK(error_bound(s, {{x, -3, 3}}).front() < 1);
    CHECK_NOTHROW(ranges(s, {{x, -8, 8}}));
    // Not where some of them may be left out, or some elements.
    RDom some(0, 10, "some");
    some.where(x(0, some) > 0);
    Func part("part", Float(32), {4}), first("first", Float(32), {4});
    part(i) = 0.0f;
    part(i) += e(i, some);
    first(i) = 0.0f;
    const RDom two(0, 2, "two");
    first(two) += e(two, 0);
    for (const Func& of : {part, first}) {
        Func inverse("inverse", Float(32), {4});
        inverse(i) = 1.0f / of(i);
        CHECK(has(why([&] { ranges(Schedule(inverse), {{x, -3, 3}}); }), "may be 0"));
    }
}

TEST_CASE("explain_types says what literals lose") {
    const Input q("q", Fixed(8, 2), {8});
    Func f("f", Fixed(20, 8), {8});
    f(i) = q(i) * 0.1f;
    const std::string text = Schedule(f).explain_types();
    CHECK(has(text, "the literal 0.1"));
    CHECK(has(text, "is taken as 0 beside Fixed(8, 2)"));
    CHECK_FALSE(has(text, "nothing is lost"));
}
