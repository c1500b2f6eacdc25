/// Contraction to fma.

#include "dsl_support.h"

#include "lathe/ir/contract.h"

#include <cmath>

using namespace lathe;
using namespace lathe::ir;

namespace {

std::string contracted(const Expr& e, Type t = Float(32)) {
    Param N("N");
    Var i("i");
    Func f("f", t, {1});
    f(i) = e;
    std::string text = print(contract(build({f}).module));
    const size_t at = text.find("f[i] = ");
    text = text.substr(at + 7);
    return text.substr(0, text.find('\n'));
}

} // namespace

TEST_CASE("sums of products round once") {
    Input x("x", Float(32), {1}), h("h", Float(16), {1}), n("n", Int(8), {1});
    const Expr a = x(0), b = let(x(0)), c = h(0), k = n(0);
    CHECK(contracted(a * b + a) == "fma(x[0], x[0], x[0])");
    CHECK(contracted(a + a * b) == "fma(x[0], x[0], x[0])");
    CHECK(contracted(a * b - a) == "fma(x[0], x[0], -x[0])");
    CHECK(contracted(a - a * b) == "fma(-x[0], x[0], x[0])");
    CHECK(contracted(-(a * b) + a) == "fma(-x[0], x[0], x[0])");
    CHECK(contracted(a * b + b * a) == "fma(x[0], x[0], x[0] * x[0])");
    CHECK(contracted(a * 0.5 + 1.5) == "fma(x[0], Float(32)(0.5), Float(32)(1.5))");
    CHECK(contracted(c * c + a).find("fma") == std::string::npos); // the product rounds to Float(16)
    CHECK(contracted(a * c + a).find("fma(x[0], ") == 0);
    CHECK(contracted(k * k + k, Int(32)).find("fma") == std::string::npos);
}

TEST_CASE("an accumulation of products is marked, and rounds once") {
    Input x("x", Float(32), {3}), y("y", Float(32), {3});
    RDom k(0, 3, "k");
    Func dot("dot", Float(32), {}), less("less", Float(32), {}), wide("wide", Float(64), {});
    dot() += x(k) * y(k);
    less() -= x(k) * y(k);
    wide() += x(k) * y(k);
    const Module plain = build({dot, less, wide}).module, fused = contract(plain);
    std::string marks;
    for_each(
        fused.top().body,
        [&](const Stmt& s) {
            if (const auto* r = s.as<Reduce>()) marks += r->contract ? "1" : "0";
        },
        nullptr);
    CHECK(marks == "110");
    Buffer<float> a({3}), b({3}), d(std::vector<int64_t>{}), l(std::vector<int64_t>{});
    Buffer<double> w(std::vector<int64_t>{});
    const float xs[] = {1.1f, -2.3f, 1e-3f}, ys[] = {3.3f, 1.7f, 5e4f};
    float expected = 0, negative = 0;
    for (int64_t i = 0; i < 3; ++i) {
        a(i) = xs[i];
        b(i) = ys[i];
        expected = std::fma(xs[i], ys[i], expected);
        negative = std::fma(-xs[i], ys[i], negative);
    }
    interpret(fused, {&a, &b, &d, &l, &w});
    CHECK(d() == expected);
    CHECK(l() == negative);
}
