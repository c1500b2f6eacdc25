/// Types, forms and identities of what a user writes.

#include "dsl_support.h"

#include <algorithm>
#include <cmath>

using namespace lathe;
using namespace lathe::ir;

TEST_CASE("operators make values of the table's types, at the user's line") {
    Var i("i");
    Input a("a", Int(8), {4}), b("b", UInt(8), {4}), f("f", Float(32), {4}), q("q", Fixed(16, 12), {4});
    CHECK(Expr(i).type() == Int(32));
    CHECK((i + 1).type() == Int(33));
    CHECK((a(i) * b(i)).type() == Int(16));
    CHECK((a(i) + b(i)).type() == Int(10));
    CHECK((b(i) - b(i)).type() == Int(9));
    CHECK((f(i) * 2).type() == Float(32));
    CHECK((f(i) + 0.1).type() == Float(32));
    CHECK((q(i) * 0.5).type().frac() == 24);
    CHECK((a(i) < b(i)).type() == Bool());
    CHECK(select(a(i) == b(i), a(i), b(i)).type() == Int(9));
    CHECK(min(a(i), 0).type() == Int(8));
    CHECK(cast<uint8_t>(a(i)).type() == UInt(8));
    CHECK(a(i)[3].type() == UInt(1));
    CHECK(a(i)(6, 2).type() == UInt(5));
    CHECK(concat(a(i), b(i)).type() == UInt(16));
    CHECK(Expr(true).type() == Bool());
    CHECK(Expr(255).type() == UInt(8));
    CHECK(Expr(-128).type() == Int(8));
    CHECK(Expr(0u).type() == UInt(1));
    CHECK(Expr(uint64_t{1} << 63).type() == UInt(64));
    CHECK(Expr(INT64_MIN).type() == Int(64));
    CHECK(Expr(0.1).type() == RealType());
    CHECK(Expr(HUGE_VALF).type() == Float(32));
    const unsigned line = __LINE__ + 1;
    const Expr e = a(i) * b(i);
    CHECK(e.loc().line == line);
    CHECK(e.as<Binary>()->a.loc().line == line);
    CHECK(std::string(e.loc().file).ends_with("language.cpp"));
}

TEST_CASE("the types of sums") {
    RDom k(0, 9, "k"), big({{0, 1000}, {0, 1000}}, "big");
    Input a("a", Int(8), {9}), f("f", Float(16), {9}), b("b", Bool(), {9});
    CHECK(sum(k, a(k)).type() == Int(12));
    CHECK(sum(big, a(0)).type() == Int(28));
    CHECK(sum(k, f(k)).type() == Float(16));
    CHECK(sum(k, b(k)).type() == UInt(5));
    CHECK(sum(k, a(k), Int(32)).type() == Int(32));
    CHECK(maximum(k, a(k)).type() == Int(8));
    CHECK(product(k, f(k)).type() == Float(16));
}

namespace elsewhere {

using namespace std;

Expr clamped(const Expr& e, const Var& v, const Param& p) {
    const Expr low = min(e, e), high = max(e, 3);
    return clamp(e, low, high) + min(v, v) + max(p, p) + min(2, e) + max(v, p) + pow(cast(Float(32), e), 2) +
           abs(low) + sqrt(cast(Float(32), v));
}

} // namespace elsewhere

TEST_CASE("using namespace std does no harm") {
    CHECK(elsewhere::clamped(Expr(1), Var("v"), Param("p")).type() == Float(32));
}

TEST_CASE("references") {
    Var i("i");
    Input a("a", Int(8), {4});
    const auto next = [&](const Expr& e) { return a(e + 1); };
    auto kept = let(a(i));
    Expr e = a(i);
    CHECK(equal(kept + 1, e + 1));
    CHECK(equal(next(i) * 2, a(i + 1) * 2));
    CHECK(equal(a({Expr(i)}) * 2, a(i) * 2));
}

TEST_CASE("updates that are reductions, however they are written") {
    Input A("A", Int(8), {4});
    Var i("i");
    RDom k(0, 4, "k");
    Func f("f", Int(16), {4});
    f(i) = A(i);
    f(i) += A(k);
    f(i) = f(i) + A(k);
    f(i) = A(k) + f(i);
    f(i) = min(f(i), A(k));
    f(i) = max(A(k), f(i));
    f(i) -= A(k);
    f(i) = f(i) - A(k);
    f(k) += f(3 - k);
    f(i) <<= 1;
    const Algorithm algorithm = build({f});
    std::string kinds;
    for_each(
        algorithm.module.top().body,
        [&](const Stmt& s) {
            if (const auto* r = s.as<Reduce>()) kinds += symbol(r->op) + std::string(" ");
            if (s.as<Store>()) kinds += "= ";
        },
        nullptr);
    CHECK(kinds == "= + + + min max + + = = ");
}

TEST_CASE("loops: left side first, then domains by creation; definitions say which") {
    Input A("A", Float(32), {4, 5, 6});
    Var i("i"), j("j");
    RDom k(0, 5, "k"), l(0, 6, "l");
    Func f("f", Float(32), {3, 4});
    f(j, i) = 0.0;
    f(j, i) += A(i, k, l);
    const Algorithm a = build({f});
    REQUIRE(a.definitions.size() == 2);
    CHECK(a.definitions[0].index == 0);
    CHECK(a.definitions[1].index == 1);
    CHECK(a.definitions[1].func == f.symbol());
    const auto& loops = a.definitions[1].loops;
    REQUIRE(loops.size() == 4);
    CHECK(loops[0].first == j.symbol());
    CHECK(loops[1].first == i.symbol());
    CHECK(loops[2].first == k.symbol());
    CHECK(loops[3].first == l.symbol());
    CHECK(loops[0].second != a.definitions[0].loops[0].second);
    const LoopRef outer = k;
    const StageRef stage = f;
    CHECK(outer.symbol == k.symbol());
    CHECK(outer.loc.line == __LINE__ - 3);
    CHECK(stage.func == f.symbol());
}

TEST_CASE("the same algorithm gives the same module") {
    Param N("N");
    Input A("A", Int(8), {N});
    Var i("i");
    RDom k(-1, 3, "k");
    Func g("g"), f("f", Int(32), {N});
    g(i) = constant_edge(A, 0)(i) * 3;
    f(i) = select(i > 0, sum(k, g(i + k)), g(i));
    const Algorithm one = build({f}), two = build({f});
    CHECK(equal(one.module, two.module));
    CHECK(print(one.module) == print(two.module));
}

TEST_CASE("subscripts become Index arithmetic") {
    Param N("N");
    Input A("A", Int(8), {N}), at("at", UInt(4), {N});
    Var i("i");
    Func f("f", {N});
    const auto subscript = [&](const Expr& e) {
        Func g("g", Int(8), {N});
        g(i) = A(e);
        std::string text;
        for_each(build({g}).module.top().body, nullptr, [&](const Expr& x) {
            if (const auto* load = x.as<Load>(); load && load->tensor == A.symbol())
                text = print(load->indices[0]);
        });
        return text;
    };
    CHECK(subscript(min(i, N - 1)) == "min(i, N - 1)");
    CHECK(subscript(i / 2) == "i // 2");
    CHECK(subscript(i % 2) == "i % 2");
    CHECK(subscript(i >> 1) == "i // 2");
    CHECK(subscript(floor_div(i - 1, 2) + 1) == "(i - 1) // 2 + 1");
    CHECK(subscript(cast(Int(64), i)) == "i");
    CHECK(subscript(select(i > 3, i - 3, 0)) == "select(i > 3, i - 3, 0)");
    CHECK(subscript(at(i)).find("at[i]") != std::string::npos);
    CHECK(subscript(min(N - 1 - i, -(-i))) == "min(N - 1 - i, 0 - (0 - i))");
}

TEST_CASE("loops and sizes used as values must fit Int(32)") {
    Param N("N");
    Var i("i");
    Func f("f", Int(64), {N}), g("g", Int(64), {10});
    f(i) = i * 2;
    g(i) = i + 1;
    CHECK(printed({f}).find("assert") != std::string::npos);
    CHECK(printed({g}).find("assert") == std::string::npos);
}
