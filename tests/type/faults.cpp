// What the peers get wrong (HeteroCL, Allo): each of their faults is a test of ours.

#include "lathe/ir/value.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

Value raw(Type t, long m) {
    return Value::from_raw(t, m);
}

} // namespace

TEST_CASE("fault: UInt - UInt stays unsigned") {
    const Value d = apply(BinaryOp::sub, raw(UInt(8), 3), raw(UInt(8), 200));
    CHECK(d.type() == Int(9));
    CHECK(d.raw() == -197);
    CHECK(apply(BinaryOp::sub, raw(UInt(8), 0), raw(UInt(8), 255)).raw() == -255);
    CHECK(apply(BinaryOp::sub, raw(UFixed(8, 4), 1), raw(UFixed(8, 4), 2)).as_double() == -0.0625);
}

TEST_CASE("fault: UInt / Int overflows") {
    const Value q = apply(BinaryOp::div, raw(UInt(8), 255), raw(Int(8), -1));
    CHECK(q.type() == Int(9));
    CHECK(q.raw() == -255);
    CHECK(apply(BinaryOp::div, raw(Int(8), -128), raw(Int(8), -1)).raw() == 128);
    CHECK(apply(BinaryOp::div, raw(Int(8), -7), raw(UInt(8), 200)).raw() == 0);
    CHECK(apply(BinaryOp::mod, raw(UInt(8), 255), raw(Int(8), -2)).raw() == 1);
}

TEST_CASE("fault: mixed-sign logic loses a bit") {
    const Value a = raw(UInt(8), 200), b = raw(Int(8), -1);
    CHECK(apply(BinaryOp::bit_and, a, b).type() == Int(9));
    CHECK(apply(BinaryOp::bit_and, a, b).raw() == 200);
    CHECK(apply(BinaryOp::bit_or, a, b).raw() == -1);
    CHECK(apply(BinaryOp::bit_xor, a, b).raw() == -201);
}

TEST_CASE("fault: comparison wraps") {
    CHECK(apply(BinaryOp::lt, raw(Int(8), -1), raw(UInt(8), 255)).is_true());
    CHECK(apply(BinaryOp::lt, raw(Int(32), -1), raw(UInt(32), 5)).is_true());
    CHECK_FALSE(
        apply(BinaryOp::eq, raw(Int(64), -1), Value::from_raw(UInt(64), (mpz_class(1) << 64) - 1)).is_true());
    CHECK(apply(BinaryOp::gt, raw(UInt(8), 128), raw(Int(8), -128)).is_true());
    // Points far apart: nothing is dropped to compare.
    CHECK(apply(BinaryOp::lt, raw(UFixed(8, 8), 255), raw(Int(8), 1)).is_true());
    CHECK(apply(BinaryOp::gt, raw(Fixed(8, -4), 127), raw(UFixed(8, 0), 255)).is_true());
}

TEST_CASE("fault: float to fixed truncates in another direction than the hardware") {
    const auto to = [](double x) { return cast(Fixed(8, 4), Value::from_double(Float(64), x)).as_double(); };
    CHECK(to(-0.01) == -0.0625); // AP_TRN: toward minus infinity
    CHECK(to(0.99 / 16) == 0);
    CHECK(to(-1.0) == -1.0);
    CHECK(cast(Int(8), Value::from_double(Float(64), -2.7)).raw() ==
          -2);                                              // to an integer: toward zero, as in C
    CHECK(cast(Int(8), raw(Fixed(8, 4), -40)).raw() == -2); // -2.5, likewise
}

TEST_CASE("fault: a slice with its top bit set becomes negative when widened") {
    const Value s = slice(raw(Int(8), -1), 7, 4);
    CHECK(s.type() == UInt(4));
    CHECK(cast(Int(16), s).raw() == 15);
    CHECK(apply(BinaryOp::add, s, raw(Int(8), 0)).raw() == 15);
    CHECK(cast(Int(8), slice(raw(UInt(8), 128), 7, 7)).raw() == 1);
}
