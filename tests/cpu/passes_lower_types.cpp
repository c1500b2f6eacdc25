#include "../../codegen/passes/lower_types.h"
#include "../../codegen/passes/requantize.h"
#include "deep.h"
#include "passes_expressions.h"

using namespace lathe;
using namespace lathe::ir;
using namespace lathe::codegen;
using namespace lathe::testing;

namespace {

/// 1 if the case is one that the backend refuses.
int check(const Case& c) {
    Module lowered;
    try {
        lowered = lower_types(c.module);
    } catch (const InternalError& e) {
        FAIL(e.what() << "\n" << print(c.module));
    } catch (const Error& e) {
        INFO(e.what());
        INFO(print(c.module));
        REQUIRE(e.message().find("not supported on this backend") != std::string::npos);
        return 1;
    }
    INFO(print(c.module));
    REQUIRE(machine_form_breach(lowered) == "");
    check_equal_results(c.module, lowered, c.buffers);
    return 0;
}

std::string lowered_value(const Tensor& out, const Tensor& in, const std::function<Expr(Expr)>& value) {
    const Symbol i("i");
    const Module m =
        module_of({in}, {out}, loop(i, index(4), store(out, {var(i)}, value(load(in, {var(i)})))));
    std::string text = print(lower_types(m).top().body);
    return text.substr(text.find("out"));
}

} // namespace

TEST_CASE("lower_types keeps the value of random expressions") {
    const int n = count(1500, 60000);
    int refused = 0;
    for (int seed = 0; seed < n; ++seed) {
        CAPTURE(seed);
        refused += check(random_store(static_cast<uint64_t>(seed)));
    }
    CHECK(refused < n / 50);
}

TEST_CASE("lower_types keeps the value of random reductions") {
    const int n = count(800, 30000);
    for (int seed = 0; seed < n; ++seed) {
        CAPTURE(seed);
        check(random_reduce(static_cast<uint64_t>(seed)));
    }
}

/// Every pair of modes, on all numbers of a few small types.
TEST_CASE("conversions of small exact types by every mode") {
    Random random(1);
    for (int round = 0; round <= 6; ++round)
        for (int overflow = 0; overflow <= 4; ++overflow)
            for (int n = 0; n < count(8, 200); ++n) {
                const bool sign = overflow == 4 || random.chance(2);
                const int w = static_cast<int>(random.between(1, 9)),
                          f = static_cast<int>(random.between(-6, 14));
                const auto r = static_cast<Round>(round);
                const auto o = static_cast<Overflow>(overflow);
                const Type to = sign ? Fixed(w, f, r, o) : UFixed(w, f, r, o);
                const int from_w = static_cast<int>(random.between(1, 8)),
                          from_f = static_cast<int>(random.between(-6, 14));
                const Type from = random.chance(2) ? Fixed(from_w, from_f) : UFixed(from_w, from_f);
                const Symbol x("x");
                const Expr converted = requantize(to, from, Variable::make(x, machine_type(from)));
                CAPTURE(to.str());
                CAPTURE(from.str());
                CAPTURE(print(converted));
                for (int raw = 0; raw < 1 << from_w; ++raw) {
                    const Value v = Value::from_raw(from, raw);
                    const Value got = evaluate(converted, {{x, Value::from_raw(machine_type(from), raw)}});
                    REQUIRE(got == Value::from_raw(machine_type(to), cast(to, v).raw()));
                }
            }
}

TEST_CASE("conversions of floats next to halves and bounds, by every mode") {
    Random random(2);
    for (int n = 0; n < count(300, 10000); ++n) {
        Type to = random.fixed();
        if (to.width() > 40)
            to = Fixed(12, static_cast<int>(random.between(-3, 15)), to.round(), to.overflow());
        const Type from = random.floating();
        const Symbol x("x");
        const Expr converted = requantize(to, from, Variable::make(x, from));
        CAPTURE(to.str());
        CAPTURE(from.str());
        for (int k = 0; k < 20; ++k) {
            const int64_t limit = int64_t{1} << random.between(0, to.width());
            const double middle =
                std::ldexp(static_cast<double>(random.between(-limit, limit)) + 0.5, -to.frac());
            const Value near = Value::from_double(from, middle);
            const long nudge = random.between(-1, 1);
            const Value v =
                Value::from_bits(from, near.bit_pattern() + (near.is_zero() ? std::abs(nudge) : nudge));
            CAPTURE(v.str());
            REQUIRE(evaluate(converted, {{x, v}}) == Value::from_raw(machine_type(to), cast(to, v).raw()));
        }
    }
}

TEST_CASE("what lower_types makes of typical operations") {
    const auto same = [](Type to, Type from) {
        return lowered_value(tensor("out", to, {index(4)}), tensor("in", from, {index(4)}),
                             [](Expr x) { return x; });
    };
    CHECK(same(UFixed(16, 8, Round::rnd, Overflow::sat), UFixed(24, 16)) ==
          "out[i] = UInt(16)(min((UInt(25)(in[i]) + UInt(25)(128) as UInt(25)) >> UInt(25)(8), "
          "UInt(25)(65535)))\n");
    CHECK(same(Fixed(16, 12), Fixed(32, 24)) == "out[i] = Int(16)(in[i] >> Int(32)(12))\n");
    // No 33rd bit for the half.
    CHECK(same(Fixed(16, 12, Round::rnd, Overflow::sat), Fixed(32, 24)) ==
          "out[i] = Int(16)(min(max(((in[i] >> Int(32)(12)) + (in[i] >> Int(32)(11) & Int(32)(1)) as "
          "Int(32)), Int(32)(-32768)), Int(32)(32767)))\n");
    CHECK(same(Fixed(8, 0, Round::rnd_conv), Float(32)) == "out[i] = Int(8)(round_even(in[i]))\n");
    CHECK(same(Int(20), UInt(7)) == "out[i] = Int(20)(in[i])\n");
}
