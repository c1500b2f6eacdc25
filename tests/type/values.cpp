#include "lathe/ir/value.h"
#include "thrown.h"
#include "typed_op.h"

#include <cmath>
#include <limits>

using namespace lathe;
using namespace lathe::ir;

namespace {

Value raw(Type t, long m) {
    return Value::from_raw(t, m);
}
Value real(long numerator, long denominator) {
    return Value::real(mpq_class(numerator, denominator));
}
Value f32(double x) {
    return Value::from_double(Float(32), x);
}
Value f64(double x) {
    return Value::from_double(Float(64), x);
}

constexpr double infinity = std::numeric_limits<double>::infinity();

} // namespace

TEST_CASE("an integer literal has the smallest type that holds it") {
    CHECK(Value::literal(0).type() == UInt(1));
    CHECK(Value::literal(1).type() == UInt(1));
    CHECK(Value::literal(2).type() == UInt(2));
    CHECK(Value::literal(255).type() == UInt(8));
    CHECK(Value::literal(256).type() == UInt(9));
    CHECK(Value::literal(-1).type() == Int(1));
    CHECK(Value::literal(-2).type() == Int(2));
    CHECK(Value::literal(-128).type() == Int(8));
    CHECK(Value::literal(-129).type() == Int(9));
    CHECK(Value::literal((mpz_class(1) << 4096) - 1).type() == UInt(4096));
    CHECK(thrown([] { Value::literal(mpz_class(1) << 4096); }).message() ==
          "an integer literal of 4097 bits: 4096 is the most");
}

TEST_CASE("values print in full") {
    CHECK(raw(Int(8), -42).str() == "-42");
    CHECK(raw(Fixed(8, 4), -6).str() == "-0.375");
    CHECK(raw(Fixed(8, 0), 6).str() == "6");
    CHECK(raw(Fixed(8, -3), 6).str() == "48");
    CHECK(raw(UFixed(8, 10), 1).str() == "0.0009765625");
    CHECK(raw(Fixed(8, 4), 16).str() == "1");
    CHECK(Value::boolean(true).str() == "true");
    CHECK(Value::index(-7).str() == "-7");
    CHECK(f32(0.1).str() == "0.1");
    CHECK(f64(0.1).str() == "0.1");
    CHECK(f64(1.5e30).str() == "1.5e+30");
    CHECK(Value::from_double(Float(16), 0.1).str() == "0.1");
    CHECK(Value::from_double(Float(16), 65504).str() == "65504");
    CHECK(Value::from_double(BFloat(16), 1e-40).str() == "9e-41"); // subnormal: nothing nearer has one digit
    CHECK(f32(NAN).str() == "nan");
    CHECK(f32(-infinity).str() == "-inf");
    CHECK(f32(-0.0).str() == "-0");
    CHECK(real(1, 3).str() == "1/3");
    CHECK(real(1, 8).str() == "0.125");
    CHECK(Value::real(mpq_class(0.1)).str() == "0.1");
    CHECK(Value().str() == "false");
}

TEST_CASE("every 16-bit float prints so that it reads back") {
    for (const Type t : {Float(16), BFloat(16)})
        for (long bits = 0; bits < 1 << 16; ++bits) {
            const Value v = Value::from_bits(t, bits);
            if (v.is_nan()) continue;
            if (Value::from_double(t, std::strtod(v.str().c_str(), nullptr)) != v) FAIL_CHECK(v.str());
            if (v.bit_pattern() != bits) FAIL_CHECK(bits);
        }
}

TEST_CASE("raw values wrap into their type") {
    CHECK(raw(Int(8), 128).raw() == -128);
    CHECK(raw(UInt(8), -1).raw() == 255);
    CHECK(raw(Int(1), 1).raw() == -1);
    CHECK(raw(Fixed(4, 2), 9).raw() == -7);
    CHECK(Value::index(mpz_class(1) << 70).raw() == mpz_class(1) << 70); // a mathematical integer
    CHECK_THROWS_AS(Value::from_raw(Float(32), 1), InternalError);
    CHECK_THROWS_AS(Value::from_raw(Int(8).with_lanes(2), 1), InternalError);
    CHECK_THROWS_AS(Value::from_double(Int(8), 1), InternalError);
}

TEST_CASE("bit patterns") {
    CHECK(raw(Int(8), -1).bit_pattern() == 255);
    CHECK(Value::from_bits(Int(8), 255) == raw(Int(8), -1));
    CHECK(f32(1.0).bit_pattern() == 0x3f800000);
    CHECK(f64(-2.0).bit_pattern() == mpz_class("0xc000000000000000"));
    CHECK(Value::from_double(Float(16), -infinity).bit_pattern() == 0xfc00);
    CHECK(Value::from_double(Float(16), std::ldexp(1, -24)).bit_pattern() == 1);
    CHECK(Value::from_double(BFloat(16), 1.0).bit_pattern() == 0x3f80);
    CHECK(Value::from_double(BFloat(16), NAN).bit_pattern() == 0x7fc0);
    CHECK(f32(-NAN).bit_pattern() == 0x7fc00000); // one NaN for all
    CHECK(f64(NAN).bit_pattern() == mpz_class("0x7ff8000000000000"));
    CHECK_THROWS_AS(real(1, 2).bit_pattern(), InternalError);
}

TEST_CASE("equality is of type and bits; hashes agree") {
    CHECK(raw(Int(8), 1) != raw(UInt(8), 1));
    CHECK(f32(0.0) != f32(-0.0));
    CHECK(f32(NAN) == f32(-NAN));
    CHECK(f32(NAN) != f32(1));
    CHECK(real(2, 4) == real(1, 2));
    CHECK(real(1, 2) != real(1, 3));
    CHECK(hash_value(real(2, 4)) == hash_value(real(1, 2)));
    CHECK(hash_value(raw(Int(8), 1)) == hash_value(raw(Int(8), 257)));
    CHECK(hash_value(raw(Int(8), 1)) != hash_value(raw(Int(8), -1)));
    CHECK(hash_value(f32(0.0)) != hash_value(f32(-0.0)));
    CHECK(hash_value(raw(Int(8), 1)) != hash_value(raw(Int(9), 1)));
}

TEST_CASE("questions") {
    CHECK(raw(Fixed(8, 4), 16).is_one());
    CHECK_FALSE(raw(Fixed(8, 4), 1).is_one());
    CHECK(raw(Int(8), 1).is_one());
    CHECK(f32(1).is_one());
    CHECK(real(3, 3).is_one());
    CHECK(f32(-0.0).is_zero());
    CHECK(real(0, 3).is_zero());
    CHECK_FALSE(f32(NAN).is_zero());
    CHECK(f32(NAN).is_nan());
    CHECK_FALSE(raw(Int(8), 1).is_nan());
    CHECK(raw(Int(64), -5).as_int64() == -5);
    CHECK(thrown([] { Value::index(mpz_class(1) << 63).as_int64(); }).message() ==
          "9223372036854775808 does not fit in 64 bits");
    CHECK_THROWS_AS(f32(1).as_int64(), InternalError);
    CHECK_THROWS_AS(raw(Int(8), 1).is_true(), InternalError);
    CHECK_THROWS_AS(f32(NAN).as_rational(), InternalError);
    CHECK(f32(0.1).as_rational() == mpq_class(0.1f));
    CHECK(raw(Fixed(8, -3), -1).as_rational() == -8);
    CHECK(real(1, 3).as_double() == 1.0 / 3);
}

TEST_CASE("casts between numbers of different kinds") {
    CHECK(cast(Bool(), raw(Fixed(8, 8), 1)).is_true());
    CHECK(cast(Bool(), f32(NAN)).is_true());
    CHECK_FALSE(cast(Bool(), f32(-0.0)).is_true());
    CHECK(cast(UInt(4), Value::boolean(true)).raw() == 1);
    CHECK(cast(Fixed(8, 4), Value::boolean(true)).raw() == 16);
    CHECK(cast(Float(16), Value::boolean(true)).as_double() == 1);
    CHECK(cast(Int(8), Value::index(300)).raw() == 44);
    CHECK(cast(IndexType(), raw(Int(8), -3)) == Value::index(-3));
    CHECK(cast(IndexType(), raw(Fixed(8, 4), -40)) == Value::index(-2));
    CHECK(cast(IndexType(), f64(-2.9)) == Value::index(-2));
    CHECK(cast(IndexType(), f64(infinity)) == Value::index(0));
    CHECK(cast(IndexType(), real(7, 2)) == Value::index(3));
    CHECK(cast(RealType(), f32(0.5)) == real(1, 2));
    CHECK(cast(RealType(), raw(Fixed(8, 4), 1)) == real(1, 16));
    CHECK(cast(Float(32), real(1, 3)).as_double() == static_cast<double>(1.0f / 3.0f));
    CHECK(cast(Int(8), real(-5, 2)).raw() == -2);
    CHECK(cast(Fixed(8, 4, Round::rnd), real(1, 3)).raw() == 5);
    CHECK(cast(Fixed(8, 4, Round::trn), real(-1, 3)).raw() == -6);
    CHECK(cast(Int(8), raw(Fixed(8, 8), -1)).raw() == 0); // no integer bits at all
    CHECK(cast(Int(8), f64(-0.25)).raw() == 0);
    CHECK_THROWS_AS(cast(RealType(), f32(NAN)), InternalError);
    CHECK_THROWS_AS(cast(Int(8).with_lanes(2), raw(Int(8), 1)), InternalError);
}

TEST_CASE("NaN and infinities in exact types") {
    const auto bits = [](Round r, Overflow o, double x) {
        return cast(Fixed(8, 4, r, o), f64(x)).raw().get_si();
    };
    for (const Round r : all_roundings) {
        CHECK(bits(r, Overflow::wrap, infinity) == 0);
        CHECK(bits(r, Overflow::wrap_sm, infinity) == 0);
        CHECK(bits(r, Overflow::sat_zero, -infinity) == 0);
        CHECK(bits(r, Overflow::sat, infinity) == 127);
        CHECK(bits(r, Overflow::sat, -infinity) == -128);
        CHECK(bits(r, Overflow::sat_sym, -infinity) == -127);
        for (const Overflow o : all_overflows)
            CHECK(bits(r, o, NAN) == 0);
    }
    CHECK(cast(UFixed(8, 4, Round::trn, Overflow::sat), f64(-infinity)).raw() == 0);
    CHECK(cast(Int(8), f64(infinity)).raw() == 0);
    CHECK(cast(Int(8), f64(NAN)).raw() == 0);
}

TEST_CASE("bitcast") {
    CHECK(bitcast(UInt(32), f32(1.0)).raw() == 0x3f800000);
    CHECK(bitcast(Float(32), raw(UInt(32), 0x40000000)) == f32(2.0));
    CHECK(bitcast(Fixed(8, 4), raw(UInt(8), 255)).raw() == -1);
    CHECK(bitcast(Bool(), raw(Int(1), -1)).is_true());
    CHECK(bitcast(BFloat(16), Value::from_double(Float(16), 1.0)).bit_pattern() == 0x3c00);
    const Loc loc{"user.cpp", 3};
    CHECK(std::string(thrown([&] { bitcast(Float(32), raw(Int(16), 1), loc); }).what()) ==
          "user.cpp:3: bitcast from Int(16) to Float(32): the widths 16 and 32 must be equal; cast to "
          "UInt(32) first");
    CHECK(thrown([&] { bitcast(UInt(64), Value::index(1), loc); }).message() ==
          "bitcast from Index to UInt(64): a subscript and an untyped real have no bits; cast to Int(64) or "
          "a float first");
}

TEST_CASE("slices, concatenation, counting") {
    const Value x = raw(UInt(8), 0b10110010);
    CHECK(slice(x, 5, 2) == raw(UInt(4), 0b1100));
    CHECK(slice(raw(Fixed(8, 4), -1), 7, 7) == raw(UInt(1), 1));
    CHECK(with_slice(x, 5, 2, raw(Int(8), -1)) == raw(UInt(8), 0b10111110));
    CHECK(with_slice(raw(Int(8), 0), 7, 7, raw(UInt(1), 1)) == raw(Int(8), -128));
    CHECK(with_slice(raw(Int(8), -1), 7, 7, raw(UInt(1), 0)) == raw(Int(8), 127));
    CHECK(concat(raw(Int(4), -1), raw(UInt(3), 2)) == raw(UInt(7), 0b1111010));
    CHECK(popcount(raw(Int(8), -1)) == raw(UInt(4), 8));
    CHECK(popcount(x) == raw(UInt(4), 4));
    CHECK(popcount(raw(UInt(7), 127)).type() == UInt(3));
    CHECK(reverse_bits(x) == raw(UInt(8), 0b01001101));
    CHECK(reverse_bits(raw(Int(4), -8)) == raw(UInt(4), 1));
    CHECK(thrown([&] { slice(x, 8, 0); }).message() ==
          "bits (8, 0) of UInt(8): write (hi, lo) with 0 <= lo <= hi <= 7");
    CHECK(thrown([] { concat(raw(UInt(4096), 1), raw(UInt(1), 1)); }).message() ==
          "UInt: the width 4097 is not between 1 and 4096");
}

TEST_CASE("real literals take their type from the other operand") {
    CHECK(type_literal(real(1, 2), Float(16)) == Value::from_double(Float(16), 0.5));
    CHECK(type_literal(real(1, 3), RealType()) == f32(1.0f / 3.0f));
    CHECK(type_literal(real(1, 2), Fixed(16, 12)) == raw(UFixed(12, 12), 2048));
    CHECK(type_literal(real(-1, 2), Fixed(16, 12)) == raw(Fixed(12, 12), -2048));
    CHECK(type_literal(real(1, 10), Fixed(16, 12)) == raw(UFixed(9, 12), 410)); // 409.6
    CHECK(type_literal(real(3, 2), Int(8)) == raw(UInt(2), 2));                 // halves to even
    CHECK(type_literal(real(5, 2), Int(8)) == raw(UInt(2), 2));
    CHECK(type_literal(real(-5, 2), Bool()) == raw(Int(2), -2));
    CHECK(type_literal(real(100, 1), Fixed(8, -4)) == raw(UFixed(3, -4), 6)); // 96
    CHECK(type_literal(real(1, 1000), Fixed(8, 4)) == raw(UFixed(1, 4), 0));
    CHECK(type_literal(real(3, 1), Fixed(8, -3)) == raw(UFixed(1, -3), 0));
    CHECK(thrown([] { type_literal(real(1, 2), IndexType()); }).message() ==
          "the real literal 0.5 beside a subscript: subscripts are integers");
    CHECK(thrown([] { type_literal(Value::real(mpq_class(mpz_class(1) << 5000)), Int(8)); })
              .message()
              .ends_with(" does not fit in 4096 bits beside Int(8)"));
    CHECK_THROWS_AS(type_literal(raw(Int(8), 1), Int(8)), InternalError);
    // In operations.
    CHECK(apply(BinaryOp::mul, raw(Fixed(8, 4), 16), real(1, 2)) == raw(Fixed(12, 8), 128));
    CHECK(apply(BinaryOp::add, real(1, 2), f32(1)) == f32(1.5));
    CHECK(apply(BinaryOp::lt, real(1, 2), raw(Int(8), 1)).is_true());
    CHECK(apply(BinaryOp::div, real(1, 2), real(3, 1)) == real(1, 6));
    CHECK(apply(BinaryOp::add, real(1, 2), real(1, 3)) == real(5, 6));
    CHECK(apply(BinaryOp::sub, real(1, 2), real(1, 3)) == real(1, 6));
    CHECK(apply(BinaryOp::mul, real(1, 2), real(1, 3)) == real(1, 6));
    CHECK(apply(BinaryOp::min, real(1, 2), real(1, 3)) == real(1, 3));
    CHECK(apply(BinaryOp::max, real(1, 2), real(1, 3)) == real(1, 2));
    CHECK(apply(BinaryOp::ge, real(1, 2), real(1, 3)).is_true());
    CHECK(apply(UnaryOp::neg, real(1, 2)) == real(-1, 2));
    CHECK(apply(UnaryOp::abs, real(-1, 2)) == real(1, 2));
    CHECK(apply(UnaryOp::sqrt, real(4, 1)) == f32(2));
    CHECK(thrown([] { apply(BinaryOp::div, real(1, 2), real(0, 1)); }).message() ==
          "0.5 / 0: an untyped real has no infinity; cast an operand to a float first");
    CHECK_THROWS_AS(apply(BinaryOp::shl, raw(Int(8), 1), real(3, 2)), Error);
    CHECK_THROWS_AS(apply(BinaryOp::mod, raw(Int(8), 1), real(3, 2)), Error);
}

TEST_CASE("division by zero") {
    const Type f = Fixed(8, 4);
    CHECK(apply(BinaryOp::div, raw(Int(8), 5), raw(Int(8), 0)) == raw(Int(9), 0));
    CHECK(apply(BinaryOp::mod, raw(Int(8), 5), raw(Int(8), 0)) == raw(Int(8), 5));
    CHECK(apply(BinaryOp::mod, raw(Int(8), 100), raw(Int(4), 0)) ==
          raw(Int(4), 4)); // cast to the result's type
    CHECK(apply(BinaryOp::div, raw(f, 5), raw(f, 0)).raw() == 0);
    CHECK(apply(BinaryOp::floordiv, raw(Int(8), 5), raw(Int(8), 0)) == raw(Int(9), 0));
    CHECK(apply(BinaryOp::floormod, raw(UInt(8), 200), raw(Int(8), 0)) == raw(Int(8), -56));
    CHECK(apply(BinaryOp::floordiv, Value::index(5), Value::index(0)) == Value::index(0));
    CHECK(apply(BinaryOp::floormod, Value::index(5), Value::index(0)) == Value::index(5));
    CHECK(apply(BinaryOp::div, Value::from_raw(UInt(100), mpz_class(1) << 99), raw(UInt(1), 0)).is_zero());
    CHECK(apply(BinaryOp::div, f32(1), f32(0)) == f32(infinity));
    CHECK(apply(BinaryOp::div, f32(0), f32(0)).is_nan());
}

TEST_CASE("shifts") {
    const auto shl = [](Type t, long m, long by) {
        return apply(BinaryOp::shl, raw(t, m), raw(Int(64), by)).raw();
    };
    const auto shr = [](Type t, long m, long by) {
        return apply(BinaryOp::shr, raw(t, m), raw(Int(64), by)).raw();
    };
    CHECK(shl(Int(8), 3, 6) == -64);
    CHECK(shl(Int(8), -1, 8) == 0);
    CHECK(shl(Int(8), -3, -1) == -2); // the other way, toward minus infinity
    CHECK(shr(Int(8), -1, 100) == -1);
    CHECK(shr(UInt(8), 255, 8) == 0);
    CHECK(shr(UInt(8), 255, -4) == 240);
    CHECK(shr(Fixed(8, 4, Round::rnd, Overflow::sat), 3, 1) == 1);     // no rounding
    CHECK(shl(Fixed(8, 4, Round::rnd, Overflow::sat), 100, 1) == -56); // no saturation
    const Value huge = Value::from_raw(UInt(200), mpz_class(1) << 150);
    CHECK(apply(BinaryOp::shl, raw(Int(8), -1), huge).is_zero());
    CHECK(apply(BinaryOp::shr, raw(Int(8), -5), huge).raw() == -1);
    CHECK(apply(BinaryOp::shr, raw(Int(8), -5), Value::from_raw(Int(200), -(mpz_class(1) << 150))).is_zero());
    CHECK(apply(BinaryOp::shl, Value::boolean(true), raw(UInt(1), 0)) == raw(UInt(1), 1));
}

TEST_CASE("Bool") {
    const Value yes = Value::boolean(true), no = Value::boolean(false);
    CHECK(apply(BinaryOp::logical_and, yes, no) == no);
    CHECK(apply(BinaryOp::logical_or, yes, no) == yes);
    CHECK(apply(BinaryOp::bit_xor, yes, yes) == no);
    CHECK(apply(UnaryOp::bit_not, yes) == no);
    CHECK(apply(UnaryOp::bit_not, no) == yes);
    CHECK(apply(BinaryOp::add, yes, yes) == raw(UInt(2), 2));
    CHECK(apply(UnaryOp::neg, yes) == raw(Int(2), -1));
    CHECK(apply(UnaryOp::abs, yes) == yes);
    CHECK(min_value(Bool()) == no);
    CHECK(max_value(Bool()) == yes);
}

TEST_CASE("bounds") {
    CHECK(min_value(Int(8)).raw() == -128);
    CHECK(max_value(Int(8)).raw() == 127);
    CHECK(max_value(UFixed(8, 4)).raw() == 255);
    CHECK(min_value(UInt(8)).raw() == 0);
    CHECK(min_value(Float(16)).as_double() == -infinity);
    CHECK(max_value(BFloat(16)).as_double() == infinity);
    CHECK_THROWS_AS(max_value(IndexType()), InternalError);
    CHECK_THROWS_AS(min_value(RealType()), InternalError);
}
