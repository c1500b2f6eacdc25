#include "lathe/ir/type.h"
#include "thrown.h"

#include <string>

using namespace lathe;
using namespace lathe::ir;

TEST_CASE("types print as they are written") {
    CHECK(Bool().str() == "Bool");
    CHECK(Int(15).str() == "Int(15)");
    CHECK(UInt(4096).str() == "UInt(4096)");
    CHECK(Fixed(16, 12).str() == "Fixed(16, 12)");
    CHECK(UFixed(8, -3).str() == "UFixed(8, -3)");
    CHECK(Fixed(16, 12, Round::rnd).str() == "Fixed(16, 12, rnd)");
    CHECK(Fixed(16, 12, Round::rnd, Overflow::sat).str() == "Fixed(16, 12, rnd, sat)");
    CHECK(Fixed(16, 12, Round::trn, Overflow::sat).str() == "Fixed(16, 12, trn, sat)");
    CHECK(Fixed(8, 4, Round::trn_zero, Overflow::sat_zero).str() == "Fixed(8, 4, trn_zero, sat_zero)");
    CHECK(Fixed(8, 4, Round::rnd_zero, Overflow::sat_sym).str() == "Fixed(8, 4, rnd_zero, sat_sym)");
    CHECK(Fixed(8, 4, Round::rnd_inf, Overflow::wrap_sm).str() == "Fixed(8, 4, rnd_inf, wrap_sm)");
    CHECK(Fixed(8, 4, Round::rnd_min_inf).str() == "Fixed(8, 4, rnd_min_inf)");
    CHECK(Fixed(8, 4, Round::rnd_conv).str() == "Fixed(8, 4, rnd_conv)");
    CHECK(Float(16).str() == "Float(16)");
    CHECK(BFloat(16).str() == "BFloat(16)");
    CHECK(IndexType().str() == "Index");
    CHECK(RealType().str() == "Real");
    CHECK(Int(8).with_lanes(16).str() == "Int(8)x16");
}

TEST_CASE("what a type says of itself") {
    const Type t = Fixed(16, 12, Round::rnd, Overflow::sat);
    CHECK(t.width() == 16);
    CHECK(t.frac() == 12);
    CHECK(t.int_bits() == 4);
    CHECK(t.is_signed());
    CHECK(t.is_exact());
    CHECK_FALSE(t.is_integral());
    CHECK(t.with_modes(Round::trn, Overflow::wrap) == Fixed(16, 12));
    CHECK(Int(8).with_modes(Round::rnd, Overflow::sat) == Int(8));
    CHECK(Fixed(8, 10).int_bits() == -2);
    CHECK(Bool().width() == 1);
    CHECK_FALSE(Bool().is_signed());
    CHECK(Bool() != UInt(1));
    CHECK(Float(16) != BFloat(16));
    CHECK(Type() == Bool());
    CHECK(Int(8).with_lanes(4).element() == Int(8));
    CHECK_FALSE(Int(8).with_lanes(4).is_scalar());
    CHECK_THROWS_AS(Int(8).with_lanes(0), InternalError);
}

TEST_CASE("impossible types are refused at the user's line") {
    const auto at = [](unsigned line, const Error& e, const std::string& message) {
        CHECK(e.loc().line == line);
        CHECK(e.message() == message);
        CHECK(e.what() == "types.cpp:" + std::to_string(line) + ": " + message);
    };
    at(__LINE__, thrown([] { Int(0); }), "Int: the width 0 is not between 1 and 4096");
    at(__LINE__, thrown([] { Int(4097); }), "Int: the width 4097 is not between 1 and 4096");
    at(__LINE__, thrown([] { UInt(-1); }), "UInt: the width -1 is not between 1 and 4096");
    at(__LINE__, thrown([] { Fixed(0, 0); }), "Fixed: the width 0 is not between 1 and 4096");
    at(__LINE__, thrown([] { UFixed(8, 8193); }),
       "UFixed: 8193 fraction bits are not between -8192 and 8192");
    at(__LINE__, thrown([] { Fixed(8, -9000); }),
       "Fixed: -9000 fraction bits are not between -8192 and 8192");
    at(__LINE__, thrown([] { Float(80); }), "Float(80) does not exist: the widths are 16, 32 and 64");
    at(__LINE__, thrown([] { BFloat(32); }), "BFloat(32) does not exist: the only width is 16");
    const std::string no_sm =
        "UFixed has no wrap_sm: Vitis has sign-magnitude wrap (AP_WRAP_SM) for signed types "
        "only; use Overflow::wrap";
    at(__LINE__, thrown([] { UFixed(8, 4, Round::trn, Overflow::wrap_sm); }), no_sm);
    CHECK(thrown([] { UFixed(8, 4).with_modes(Round::trn, Overflow::wrap_sm); }).message() == no_sm);
}

TEST_CASE("locations") {
    CHECK(Loc{"/a/b/blur.cpp", 41}.str() == "blur.cpp:41");
    CHECK(Loc{}.str() == "generated code");
    CHECK_FALSE(Loc{}.known());
    CHECK(std::string(Error({}, "no place").what()) == "no place");
    CHECK(InternalError("broken").message() == "internal error: broken");
    CHECK_NOTHROW(invariant(true, "holds"));
    CHECK_THROWS_AS(invariant(false, "does not hold"), InternalError);
}
