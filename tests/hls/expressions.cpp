// Every kind of expression as Vitis C++, on random values of many types, against the interpreter.

#include "deep.h"
#include "lathe/dsl/algorithm.h"
#include "lathe/dsl/math.h"
#include "lathe/dsl/operators.h"
#include "lathe/ir/interpret.h"
#include "typed_op.h"
#include "vitis_compiled.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

using Make = std::function<Expr(const Expr&, const Expr&)>;

/// One kernel: each of the expressions of a(i) and b(i), into an output of its own.
Module module_of(Type a_type, Type b_type, const std::vector<Make>& expressions) {
    Param N("N");
    Var i("i");
    Input a("a", a_type, {N}), b("b", b_type, {N});
    std::vector<Func> results;
    for (const Make& make : expressions) {
        const Expr e = make(a(i), b(i));
        results.emplace_back("r" + std::to_string(results.size()), e.type(), Shape{N});
        results.back()(i) = e;
    }
    return build(results, {a, b}).module;
}

constexpr int64_t rows = 300;

std::vector<AnyBuffer> arguments_of(const Module& m) {
    Random random(1);
    std::vector<AnyBuffer> buffers;
    for (const Argument& a : m.top().arguments) {
        buffers.emplace_back(a.tensor.type, std::vector{rows});
        if (a.direction == Direction::in)
            for (int64_t i = 0; i < rows; ++i)
                buffers.back().set({i}, ::random_value(a.tensor.type, random));
    }
    return buffers;
}

std::vector<AnyBuffer*> pointers(std::vector<AnyBuffer>& buffers) {
    std::vector<AnyBuffer*> p;
    for (AnyBuffer& b : buffers)
        p.push_back(&b);
    return p;
}

void check(const std::vector<Module>& modules) {
    VitisKernels kernels;
    for (const Module& m : modules)
        kernels.add(m);
    kernels.compile();
    for (size_t k = 0; k < modules.size(); ++k) {
        std::vector<AnyBuffer> expected = arguments_of(modules[k]), got = arguments_of(modules[k]);
        lathe::ir::interpret(modules[k], pointers(expected), {});
        INFO(kernels.source(k));
        CHECK(kernels.run(k, pointers(got), {}) == "");
        for (size_t n = 0; n < expected.size(); ++n)
            for (int64_t i = 0; i < rows; ++i) {
                const Value x = expected[n].get({i}), y = got[n].get({i});
                if (x == y) continue;
                FAIL_CHECK("argument " << n << ": " << y.str() << " instead of " << x.str() << " for "
                                       << expected[0].get({i}).str() << ", " << expected[1].get({i}).str());
                break;
            }
    }
}

const std::vector<Make> of_floats{
    [](const Expr& a, const Expr& b) { return a + b; },
    [](const Expr& a, const Expr& b) { return a - b * b; },
    [](const Expr& a, const Expr& b) { return a / b; },
    [](const Expr& a, const Expr& b) { return min(a, b) + max(b, a); },
    [](const Expr& a, const Expr& b) { return select(a < b && b != 1, a, b); },
    [](const Expr& a, const Expr& b) { return (a <= b) ^ (a >= b) ^ (a == b) ^ (a > b); },
    [](const Expr& a, const Expr&) { return -a; },
    [](const Expr& a, const Expr&) { return abs(a); },
    [](const Expr& a, const Expr&) { return sqrt(a); },
    [](const Expr& a, const Expr&) { return floor(a) + ceil(a); },
    [](const Expr& a, const Expr&) { return round(a) + trunc(a); },
    [](const Expr& a, const Expr&) { return a * 0.1 + 2; },
    [](const Expr& a, const Expr& b) {
        return cast(Int(12), a) + cast(Fixed(20, 7, Round::rnd_conv, Overflow::sat), b);
    },
    [](const Expr& a, const Expr& b) { return cast(BFloat(16), a) * cast(Float(16), b); },
    [](const Expr& a, const Expr& b) { return cast(Float(64), a) - cast(Float(32), b); },
    [](const Expr& a, const Expr&) { return cast(Bool(), a); },
    [](const Expr& a, const Expr&) { return bitcast(UInt(a.type().width()), a); },
    [](const Expr& a, const Expr&) { return bitcast(a.type(), bitcast(Fixed(a.type().width(), 3), a)); },
};

const std::vector<Make> of_exact{
    [](const Expr& a, const Expr& b) { return a + b - 3; },
    [](const Expr& a, const Expr& b) { return a * b + a * 5; },
    [](const Expr& a, const Expr& b) { return min(a, b) - max(a, 2); },
    [](const Expr& a, const Expr& b) { return abs(a) + abs(-b); },
    [](const Expr& a, const Expr& b) { return (a < b) ^ (a >= 3) ^ (-2 > b) ^ (a != b); },
    [](const Expr& a, const Expr& b) { return select(a == b, a + 1, b); },
    [](const Expr& a, const Expr& b) { // a variable beside a temporary
        const Expr x = cast((-a).type(), a + b), y = cast((-a).type(), b);
        return select(x > y, x, -a) + select(x == 1, select(a > b, -a, x), x) + select(a > b, -a, -a);
    },
    [](const Expr& a, const Expr&) { return (a + 1) >> 2; },
    [](const Expr& a, const Expr& b) { return (a << cast(Int(5), b)) + (a >> cast(UInt(40), b)); },
    [](const Expr& a, const Expr& b) { return cast(Int(9), a) / cast(UInt(20), b); },
    [](const Expr& a, const Expr&) { return cast(Float(32), a) + cast(Float(16), a); },
    [](const Expr& a, const Expr&) { return cast(Float(64), a) + cast(BFloat(16), a); },
    [](const Expr& a, const Expr&) { return a * 0.375; },
    [](const Expr& a, const Expr& b) { return concat(a, b); },
    [](const Expr& a, const Expr&) { return popcount(a) + reverse(a); },
    [](const Expr& a, const Expr&) { return a[0] + a(a.type().width() - 1, a.type().width() / 2); },
    [](const Expr& a, const Expr&) { return cast(UFixed(13, 5, Round::rnd_inf, Overflow::sat_sym), a); },
    [](const Expr& a, const Expr&) { return cast(Int(3), a) + cast(Bool(), a); },
    [](const Expr& a, const Expr&) { return ~a; },
};

const std::vector<Make> of_integers{
    [](const Expr& a, const Expr& b) { return a / b; },
    [](const Expr& a, const Expr& b) { return a % b; },
    [](const Expr& a, const Expr& b) { return floor_div(a, b); },
    [](const Expr& a, const Expr& b) { return floor_mod(a, b); },
    [](const Expr& a, const Expr& b) { return a / 7 + b % 3 + a / -2; },
    [](const Expr& a, const Expr& b) { return (a & b) | (a ^ 12); },
};

std::vector<Make> joined(const std::vector<Make>& a, const std::vector<Make>& b) {
    std::vector<Make> all = a;
    all.insert(all.end(), b.begin(), b.end());
    return all;
}

} // namespace

TEST_CASE("hls: expressions on floats") {
    std::vector<Module> modules;
    for (const Type t : {Float(32), Float(16), Float(64), BFloat(16)})
        if (deep() || t == Float(32) || t == Float(16)) modules.push_back(module_of(t, t, of_floats));
    check(modules);
}

TEST_CASE("hls: fused operations and functions") {
    std::vector<Module> modules;
    for (const Type t : {Float(32), Float(64), Float(16), BFloat(16)})
        modules.push_back(module_of(t, t, {[](const Expr& a, const Expr& b) { return fma(a, b, a); }}));
    const std::vector<Make> functions{[](const Expr& a, const Expr&) { return exp(a); },
                                      [](const Expr& a, const Expr&) { return log(a); },
                                      [](const Expr& a, const Expr&) { return tanh(a); },
                                      [](const Expr& a, const Expr&) { return sin(a); },
                                      [](const Expr& a, const Expr&) { return cos(a); },
                                      [](const Expr& a, const Expr& b) { return pow(a, b); }};
    modules.push_back(module_of(Float(32), Float(32), functions));
    modules.push_back(module_of(Float(16), Float(16), {functions[0], functions[2]}));
    check(modules);
}

TEST_CASE("hls: expressions on integers and fixed point") {
    std::vector<std::pair<Type, Type>> integers{{Int(8), UInt(8)}};
    std::vector<std::pair<Type, Type>> fixed{{Fixed(16, 12), UFixed(9, 11)}};
    if (deep()) {
        integers.insert(integers.end(), {{UInt(70), Int(33)},
                                         {Int(64), Int(64)},
                                         {UInt(64), UInt(3)},
                                         {UInt(1), Int(1)},
                                         {Int(300), UInt(200)}});
        fixed.insert(fixed.end(), {{Fixed(5, -2), Int(7)},
                                   {UFixed(80, 40), Fixed(3, 9)},
                                   {Int(16), Fixed(16, 15, Round::rnd, Overflow::sat)}});
    }
    std::vector<Module> modules;
    for (const auto& [a, b] : integers)
        modules.push_back(module_of(a, b, joined(of_exact, of_integers)));
    for (const auto& [a, b] : fixed)
        modules.push_back(module_of(a, b, of_exact));
    check(modules);
}
