/// \file The math functions against C's libm: accuracy, special values, and one result in every evaluator.

#include "deep.h"
#include "interpret_build.h"
#include "lathe/ir/math.h"
#include "math_evaluator.h"

#include <doctest/doctest.h>
#include <limits>
#include <random>

using namespace lathe;
using namespace lathe::ir;
using namespace lathe::testing;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

struct Libm {
    const char* name;
    double (*reference)(double);
};

const std::vector<Libm> functions{
    {"exp", std::exp}, {"log", std::log}, {"tanh", std::tanh}, {"sin", std::sin}, {"cos", std::cos}};

const std::vector<float> special{
    0.0f,       -0.0f,          1.0f,           -1.0f,         0.5f,           -0.5f,       2.0f,
    -2.0f,      3.0f,           -3.0f,          infinity,      -infinity,      nan,         1e-45f,
    -1e-45f,    1.1754944e-38f, 1.1754942e-38f, 3.4028235e38f, -3.4028235e38f, 0.99999994f, 1.0000001f,
    88.72283f,  88.72284f,      88.8f,          -87.33655f,    -103.97208f,    -103.97209f, -104.1f,
    9.0f,       9.02f,          -10.0f,         0.75f,         0.7853981f,     0.7853982f,  1.5707963f,
    3.1415927f, 8388607.0f,     8388608.0f,     16777215.0f,   16777216.0f,    33554432.0f, 2.5f,
    -2.5f,      1e10f,          1e-10f,         8.5e37f,       0.33333334f,    0.6666667f,  1.3333334f,
    65536.0f};

/// Distance of `got` from the exact result in units of the last place of a Float(32) there; infinite on a
/// wrong NaN, infinity or sign of zero.
double ulps(float got, double exact) {
    if (std::isnan(exact) || std::isnan(got)) return std::isnan(exact) && std::isnan(got) ? 0 : infinity;
    if (static_cast<double>(got) == exact) return std::signbit(got) == std::signbit(exact) ? 0 : infinity;
    if (std::isinf(exact)) return infinity;
    const double bounded = std::isinf(got) ? std::copysign(0x1p128, got) : got;
    if (got == 0 && std::signbit(got) != std::signbit(exact)) return infinity;
    const int exponent = std::min(std::max(exact == 0 ? -126 : std::ilogb(exact), -126), 127);
    return std::fabs(bounded - std::clamp(exact, -0x1p128, 0x1p128)) / std::ldexp(1.0, exponent - 23);
}

MathEvaluator evaluator(const std::string& function) {
    const Symbol x("x"), y("y");
    std::vector<Expr> arguments{Variable::make(x, Float(32))};
    if (function == "pow") arguments.push_back(Variable::make(y, Float(32)));
    return MathEvaluator(expand_math(function, arguments), {x, y});
}

/// The worst error over a run of inputs, with where it is.
struct Worst {
    double error = 0;
    float x = 0, y = 0;
    void see(double e, float a, float b = 0) {
        if (e > error) *this = {e, a, b};
    }
};

Worst worst_of(const Libm& f, uint64_t step) {
    MathEvaluator evaluate = evaluator(f.name);
    Worst worst;
    for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += step * MathEvaluator::block) {
        for (size_t i = 0; i < MathEvaluator::block; ++i)
            evaluate.input(0)[i] = std::bit_cast<float>(static_cast<uint32_t>(bits + i * step));
        const float* got = evaluate.run();
        for (size_t i = 0; i < MathEvaluator::block; ++i) {
            const float x = evaluate.input(0)[i];
            worst.see(ulps(got[i], f.reference(x)), x);
        }
    }
    return worst;
}

Value single(float x) {
    return Value::from_double(Float(32), x);
}

Value interpreted(const std::string& function, const std::vector<Value>& arguments) {
    std::map<Symbol, Value> values;
    std::vector<Expr> x;
    for (const Value& v : arguments) {
        const Symbol s("x");
        values.emplace(s, v);
        x.push_back(Variable::make(s, v.type()));
    }
    return evaluate(Call::make(function, x), values);
}

} // namespace

TEST_CASE("functions of one argument are within 2 ulp") {
    for (const Libm& f : functions) {
        const Worst w = worst_of(f, static_cast<uint64_t>(count(20011, 17)));
        const std::string name = f.name;
        INFO(name, "(", w.x, ") is ", w.error, " ulp off");
        CHECK(w.error <= 2);
        MESSAGE(name, ": at most ", w.error, " ulp, at ", w.x);
    }
}

TEST_CASE("special values are those of libm") {
    for (const Libm& f : functions)
        for (const float s : special)
            for (const float x : {s, -s, std::nextafter(s, infinity), std::nextafter(s, -infinity)}) {
                const auto got = static_cast<float>(interpreted(f.name, {single(x)}).as_double());
                INFO(f.name, "(", x, ") = ", f.reference(x), ", not ", got);
                CHECK(ulps(got, f.reference(x)) <= 2);
            }
    // What rounds to a zero keeps its sign.
    CHECK(std::signbit(interpreted("sin", {single(-0.0f)}).as_double()));
    CHECK(std::signbit(interpreted("tanh", {single(-0.0f)}).as_double()));
    CHECK(interpreted("exp", {single(-104.1f)}) == single(0));
    CHECK(interpreted("exp", {single(88.8f)}) == single(infinity));
    CHECK(interpreted("log", {single(-0.0f)}) == single(-infinity));
}

TEST_CASE("pow is within 2 ulp, special values included") {
    MathEvaluator evaluate = evaluator("pow");
    Worst worst;
    const auto check_block = [&] {
        const float* got = evaluate.run();
        for (size_t i = 0; i < MathEvaluator::block; ++i) {
            const float x = evaluate.input(0)[i], y = evaluate.input(1)[i];
            worst.see(ulps(got[i], std::pow(static_cast<double>(x), static_cast<double>(y))), x, y);
        }
    };
    std::mt19937_64 random(1);
    const int rounds = count(500, 200000);
    for (int r = 0; r < rounds; ++r) {
        for (size_t i = 0; i < MathEvaluator::block; ++i) {
            float x = std::bit_cast<float>(static_cast<uint32_t>(random())),
                  y = std::bit_cast<float>(static_cast<uint32_t>(random()));
            const double spread = std::ldexp(static_cast<double>(random() % 2000000) / 1000000 - 1, 0);
            if (r % 4 == 1)
                x = static_cast<float>(1 + spread * std::ldexp(1.0, -static_cast<int>(random() % 24)));
            if (r % 4 == 2) y = static_cast<float>(static_cast<int>(random() % 41) - 20);
            // Results all over the range, its ends included.
            if (r % 4 != 2 && x > 0 && x != 1)
                y = static_cast<float>(spread * 155 / std::log2(static_cast<double>(x)));
            evaluate.input(0)[i] = x;
            evaluate.input(1)[i] = y;
        }
        check_block();
    }
    std::vector<float> all = special;
    for (const float s : special)
        all.push_back(-s);
    for (const float x : all)
        for (size_t from = 0; from < all.size(); from += MathEvaluator::block) {
            for (size_t i = 0; i < MathEvaluator::block; ++i) {
                evaluate.input(0)[i] = x;
                evaluate.input(1)[i] = all[(from + i) % all.size()];
            }
            check_block();
        }
    INFO("pow(", worst.x, ", ", worst.y, ") is ", worst.error, " ulp off");
    CHECK(worst.error <= 2);
    MESSAGE("pow: at most ", worst.error, " ulp, at ", worst.x, ", ", worst.y);
}

TEST_CASE("the interpreter gives the native bits") {
    std::mt19937 random(2);
    const int n = count(4, 400);
    for (const char* name : {"exp", "log", "tanh", "sin", "cos", "pow"}) {
        MathEvaluator native = evaluator(name);
        const Symbol i("i");
        const auto size = static_cast<int64_t>(MathEvaluator::block);
        const Tensor x = tensor("x", Float(32), {index(size)}), y = tensor("y", Float(32), {index(size)}),
                     out = tensor("out", Float(32), {index(size)});
        const bool two = std::string(name) == "pow";
        const auto at = [&](const Expr& e) {
            std::vector<Expr> arguments{load(x, {e})};
            if (two) arguments.push_back(load(y, {e}));
            return store(out, {e}, Call::make(name, arguments));
        };
        const Stmt scalar = loop(i, index(0), index(size), at(var(i)));
        const Stmt vector =
            loop(i, index(0), index(size / 8), at(Ramp::make(imul(var(i), index(8)), index(1), 8)));
        for (int r = 0; r < n; ++r) {
            Buffer<float> X({size}), Y({size}), O({size}), expected({size});
            for (int64_t k = 0; k < size; ++k) {
                X(k) = std::bit_cast<float>(static_cast<uint32_t>(random()));
                Y(k) = two && r % 2 == 0 ? static_cast<float>(random() % 1000) / 100 - 5
                                         : std::bit_cast<float>(static_cast<uint32_t>(random()));
            }
            std::copy(X.begin(), X.end(), native.input(0));
            std::copy(Y.begin(), Y.end(), native.input(1));
            std::copy_n(native.run(), size, expected.begin());
            for (const Stmt& body : {scalar, vector}) {
                interpret(module_of({{x}, {y}, {out, Direction::out}}, body), {&X, &Y, &O});
                INFO(name);
                CHECK(bit_equal(O, expected));
            }
        }
    }
}

TEST_CASE("16-bit floats go through Float(32)") {
    for (const Type& t : {Float(16), BFloat(16)})
        for (const char* name : {"exp", "log", "tanh", "sin", "cos", "pow"})
            for (unsigned long bits = 0; bits < 65536; bits += 997) {
                std::vector<Value> x{Value::from_bits(t, bits)};
                if (std::string(name) == "pow") x.push_back(Value::from_double(t, 1.5));
                std::vector<Value> wide;
                for (const Value& v : x)
                    wide.push_back(cast(Float(32), v));
                CHECK(interpreted(name, x) == cast(t, interpreted(name, wide)));
            }
}

TEST_CASE("lower_math leaves no math call, and double is refused") {
    const Tensor x = tensor("x", Float(32), {}), out = tensor("out", Float(32), {});
    const Expr twice = Call::make("exp", {Call::make("log", {load(x, {})})});
    const Expr kept = Call::make("popcount", {Bitcast::make(UInt(32), twice)});
    const Module m =
        lower_math(module_of({{x}, {out, Direction::out}}, store(out, {}, Cast::make(Float(32), kept))));
    int math = 0, bits = 0;
    for_each(m.top().body, nullptr, [&](const Expr& e) {
        const auto* call = e.as<Call>();
        if (call) ++(is_math(call->function) ? math : bits);
    });
    CHECK(math == 0);
    CHECK(bits == 1);
    CHECK_FALSE(is_math("popcount"));
    CHECK_FALSE(is_math("exp10"));

    const Expr wide = Variable::make(Symbol("d"), Float(64));
    try {
        expand_math("sin", {wide}, line);
        CHECK(false);
    } catch (const Error& e) {
        CHECK(std::string(e.what()) ==
              "user.cpp:42: sin of Float(64) does not exist yet: cast the argument to Float(32)");
    }
    CHECK_THROWS_AS(lower_math(Call::make("pow", {wide, wide})), Error);
}
