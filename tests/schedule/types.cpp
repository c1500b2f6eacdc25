#include "programs.h"

#include "lathe/dsl/boundary.h"

using namespace lathe;

namespace {

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

void quantize_gemm(Schedule& s, const Gemm& g) {
    s.quantize({g.A, g.B}, Fixed(16, 12)).quantize(g.C, Fixed(32, 16));
}

} // namespace

TEST_CASE("it does not matter where quantize stands") {
    std::vector<std::string> prints, traces;
    std::vector<Module> modules;
    for (int at = 0; at <= 10; ++at) {
        Gemm g;
        Schedule s(g.C);
        int call = 0;
        auto here = [&] {
            if (call++ == at) quantize_gemm(s, g);
        };
        here();
        auto [io, ii] = s[g.C].split(g.i, 6);
        here();
        auto [jo, ji] = s[g.C].split(g.j, 16, Tail::guard, {"jj", "jv"});
        here();
        s[g.C].reorder(io, jo, g.k, ii, ji);
        here();
        s[g.C].vectorize(ji);
        here();
        s[g.C].unroll(ii);
        here();
        s[g.C].fuse_init(jo);
        here();
        Loop tile = s[g.C].fuse(io, jo);
        here();
        s[g.C].parallel(tile);
        here();
        s[g.C].split(g.k, 4);
        here();
        s[g.C].rename(tile, "tile");
        here();
        prints.push_back(print(s));
        traces.push_back(s.trace());
        modules.push_back(s.module());
        expect_right(s, {{{"M", 7}, {"N", 19}, {"K", 5}}});
    }
    for (size_t n = 1; n < prints.size(); ++n) {
        CHECK(prints[n] == prints[0]);
        CHECK(traces[n] == traces[0]);
        CHECK(equal(modules[n], modules[0]));
    }
    CHECK(has(traces[0], "quantize A Fixed(16, 12)\nquantize B Fixed(16, 12)\nquantize C Fixed(32, 16)\n"));
}

TEST_CASE("a quantize that makes an earlier step illegal is refused, and names it") {
    Gemm g(Int(8), Int(32));
    Schedule s(g.C);
    s[g.C].vectorize(g.k, 8); // int += commutes
    std::string before = print(s), trace = s.trace();
    CHECK_THROWS_WITH_AS(s.quantize(g.C, Fixed(32, 4, Round::trn, Overflow::sat)),
                         doctest::Contains("makes an earlier step fail: vectorize(k, 8) at types.cpp:"),
                         Error);
    CHECK(print(s) == before);
    CHECK(s.trace() == trace);
    s.quantize(g.C, Int(40));
    expect_right(s, Gemm::sizes());
}

TEST_CASE("undeclared tensors and inline sums follow") {
    Param N("N");
    Var i("i");
    Input a("a", Int(8), {N, 6});
    RDom k(0, 6, "k");
    Func f("f"), out("out", Int(40), {N});
    f(i) = sum(k, a(i, k) * a(i, k));
    out(i) = f(i) + 1;
    Schedule s(out);
    CHECK(has(s.explain_types(), "f: Int(19)"));
    s.quantize(a, Int(4));
    CHECK(has(s.explain_types(), "f: Int(11)"));
    CHECK(has(s.explain_types(), "a: Int(4) quantized"));
    expect_right(s, {{{"N", 5}}, {{"N", 0}}});
    s.compute_at(f, out, i);
    s[f].unroll(k, 2);
    s.quantize(out, Int(32));
    expect_right(s, {{{"N", 5}}, {{"N", 0}}});
}

TEST_CASE("an exact accumulator keeps every bit, and is written back at the end") {
    Var i("i"), j("j");
    Param M("M"), N("N");
    Input A("A", Float(32), {M, 10}), B("B", Float(32), {10, N});
    RDom k(0, 10, "k");
    Func C("C", Float(32), {M, N});
    C(i, j) = 0;
    C(i, j) += A(i, k) * B(k, j);
    Schedule s(C);
    s.quantize({A, B}, Fixed(16, 12));
    s.quantize(C, Fixed(32, 16), {.accumulate = Accumulate::exact});
    CHECK(has(s.explain_types(), "C.acc: Fixed(36, 24)"));
    CHECK(has(print(s), "C.acc"));
    std::vector<Sizes> sizes{{{"M", 3}, {"N", 5}}, {{"M", 0}, {"N", 2}}, {{"M", 1}, {"N", 1}}};
    s[C].reorder(k, i, j).vectorize(j, 4);
    s[C].write_back().vectorize(j, 8);
    expect_right(s, sizes);

    Schedule t(C);
    t.quantize({A, B}, Fixed(16, 12));
    t.quantize(C, Fixed(32, 16), {.accumulate = Fixed(40, 20)});
    CHECK(has(t.explain_types(), "C.acc: Fixed(40, 20)"));
    expect_right(t, sizes);
    CHECK_FALSE(same_result(s.reference(), Schedule(t).quantize(C, Fixed(32, 16)).reference(), sizes[0]));
    t.quantize(C, Fixed(32, 16));
    CHECK_FALSE(has(print(t), "C.acc"));
    CHECK(t.warnings().size() == 1);
    CHECK(has(t.warnings()[0], "drops 8 fraction bits"));
}

TEST_CASE("a step on a write-back cannot outlive it") {
    Gemm g(Int(8), Int(32));
    Schedule s(g.C);
    s.quantize(g.C, Int(32), {.accumulate = Int(24)});
    s[g.C].write_back().parallel(g.i);
    expect_right(s, Gemm::sizes());
    std::string before = print(s);
    CHECK_THROWS_WITH_AS(s.quantize(g.C, Int(32)),
                         doctest::Contains("makes an earlier step fail: parallel(i)"), Error);
    CHECK(print(s) == before);
}

TEST_CASE("an accumulated Func inside a tile") {
    PackedGemm g;
    Schedule s(g.C);
    s.quantize({g.A, g.B, g.panel}, Int(8))
        .quantize(g.P, Int(20), {.accumulate = Int(32)})
        .quantize(g.C, Int(32));
    auto [io, jo, ii, ji] = s[g.C].tile({g.i, g.j}, {4, 8});
    s.compute_at(g.P, g.C, jo).store_in(g.P, MemorySpace::stack());
    s[g.P].reorder(g.k, g.i, g.j).vectorize(g.j);
    expect_right(s, Gemm::sizes());
}

TEST_CASE("real literals take the type that quantize names") {
    Var i("i");
    Param N("N");
    Input a("a", Float(32), {N});
    Func f("f", Float(32), {N});
    f(i) = a(i) * 0.3;
    Schedule s(f);
    s.quantize({a, f}, Fixed(16, 8));
    CHECK(s.warnings().size() == 1);
    CHECK(has(s.warnings()[0], "the literal 0.3 is taken as"));
    CHECK(has(s.explain_types(), "a[i] * 0.3"));
    s.quantize(f, Fixed(16, 8), {.literals = Fixed(20, 19)});
    CHECK(s.warnings().empty());
    CHECK(has(s.explain_types(), "Fixed(36, 27)"));
    expect_right(s, {{{"N", 20}}});
}

TEST_CASE("an undeclared tensor that outgrows its operands' container is reported") {
    Var i("i");
    Param N("N");
    Input a("a", UInt(8), {Operand(N + 1)});
    Func f("f"), out("out", UInt(16), {N});
    f(i) = a(i) + a(i + 1);
    out(i) = f(i);
    Schedule s(out);
    REQUIRE(s.warnings().size() == 1);
    CHECK(has(s.warnings()[0], "f, declared at types.cpp:"));
    CHECK(
        has(s.warnings()[0], "becomes UInt(9): its elements take 16 bits, those that it is computed from 8"));
    CHECK(Schedule(s).quantize(a, UInt(7)).warnings().empty());
}

TEST_CASE("contraction is part of the reference, and can be disabled") {
    Gemm g;
    Schedule s(g.C);
    CHECK(has(print(s.reference()), "fma"));
    s[g.C].vectorize(g.j, 4);
    s.disable_contraction();
    CHECK_FALSE(has(print(s.reference()), "fma"));
    CHECK_FALSE(has(print(s), "fma"));
    expect_right(s, Gemm::sizes());
    CHECK(has(s.trace(), "disable_contraction\n"));
}

TEST_CASE("every place where a literal is rounded is reported") {
    Var i("i");
    Param N("N");
    Input a("a", Int(8), {N});
    const auto warned = [&](const std::function<void(Func&)>& define, const char* text) {
        Func f("f", Int(8), {N});
        f(i) = a(i);
        define(f);
        const std::vector<std::string> warnings = Schedule(f).warnings();
        INFO(text);
        REQUIRE(warnings.size() == 1);
        CHECK(has(warnings[0], "types.cpp:"));
        CHECK(has(warnings[0], text));
    };
    warned([&](Func& f) { f(i) = a(i) + 1.5; }, "the literal 1.5 is taken as 2 beside Int(8)");
    warned([&](Func& f) { f(i) *= 1.5; }, "the literal 1.5 is taken as 2 beside Int(8)");
    warned([&](Func& f) { f(i) = 2.5; }, "the literal 2.5 is stored as 2 in Int(8)");
    warned([&](Func& f) { f(i) = select(a(i) > 0, a(i), -0.5); },
           "the literal -0.5 is taken as 0 beside Int(8)");
    warned([&](Func& f) { f(i) = select(a(i) < 0.5, a(i), 1); },
           "the literal 0.5 is taken as 0 beside Int(8)");
    warned([&](Func& f) { f(i) = cast(Int(4), 3.75) + a(i); }, "the literal 3.75 is cast to 3 in Int(4)");
    warned([&](Func& f) { f(i) = min(a(i), 0.25); }, "the literal 0.25 is taken as 0 beside Int(8)");
    Func exact("exact", Fixed(12, 4), {N});
    exact(i) = select(a(i) > 0.0, a(i) * cast(Fixed(8, 4), 0.5), 1.25);
    CHECK(Schedule(exact).warnings().empty());
    CHECK(Schedule(exact).quantize(a, Float(32)).warnings().empty());
}

TEST_CASE("argmin and argmax of no points follow the type") {
    Var i("i");
    Param N("N");
    Input a("a", Int(8), {4});
    RDom r(0, N, "r");
    Func least("least", Int(32), {1}), most("most", Int(32), {1}), place("place", Int(32), {1});
    least(i) = argmin(r, a(r)).value;
    most(i) = argmax(r, a(r) + 1).value;
    place(i) = argmax(r, a(r)).at[0];
    Schedule s({least, most, place});
    const auto value = [&](size_t n) { return run(s.module(), {{"N", 0}}, 1)[n + 1].get({0}).as_int64(); };
    CHECK(value(0) == 127);
    CHECK(value(1) == -256);
    CHECK(value(2) == -1);
    s.quantize(a, Int(16));
    CHECK(value(0) == 32767);
    CHECK(value(1) == -65536);
    CHECK(has(s.explain_types(), "argmin: Int(16)"));
    s.quantize(a, UInt(4));
    CHECK(value(0) == 15);
    CHECK(value(1) == 0);
    expect_right(s, {{{"N", 4}}, {{"N", 1}}, {{"N", 0}}});
}

TEST_CASE("a copy follows its source's type, and fma the widest of its operands") {
    Var i("i");
    Input a("a", Float(16), {4}), b("b", Float(32), {4});
    const Func c = copy("c", a);
    Func f("f", Float(64), {4});
    f(i) = fma(c(i), b(i), 1) + pow(a(i), 0.5);
    Schedule s(f);
    s.quantize({a, b}, BFloat(16));
    CHECK(has(s.explain_types(), "c: BFloat(16)"));
    CHECK(has(s.explain_types(), "fma(c[i], b[i], BFloat(16)(1)): BFloat(16)"));
    CHECK(has(s.explain_types(), "pow(a[i], BFloat(16)(0.5)): BFloat(16)"));
}

TEST_CASE("a product without a type cannot become one of integers") {
    Var i("i");
    Input a("a", Float(32), {4});
    RDom r(0, 4, "r");
    Func f("f", Float(32), {4});
    f(i) = product(r, a(r) + i);
    Schedule s(f);
    CHECK_THROWS_WITH_AS(s.quantize(a, Fixed(8, 4)),
                         doctest::Contains("the product of Fixed(37, 4) needs a type for its accumulator"),
                         Error);
}

TEST_CASE("one call of quantize gives several sets of tensors their types") {
    const Gemm g;
    Schedule one(g.C), each(g.C);
    one.quantize({{{g.A, g.B}, Fixed(16, 12)}, {{g.C}, Fixed(32, 16)}});
    each.downsize({g.A, g.B}, Fixed(16, 12)).downsize(g.C, Fixed(32, 16));
    CHECK(print(one) == print(each));
    CHECK(one.trace() == each.trace());
    const std::string before = print(one);
    CHECK_THROWS_WITH_AS(one.quantize({{{g.A}, Int(4000)}, {{g.B}, Int(4000)}}),
                         doctest::Contains("Int(4000) * Int(4000) would have 8000 bits"), Error);
    CHECK(print(one) == before);
}
