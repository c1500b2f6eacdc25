#include "deep.h"
#include "lathe/ir/value.h"
#include "thrown.h"
#include "typed_op.h"

#include <string>
#include <vector>

using namespace lathe;
using namespace lathe::ir;
using B = BinaryOp;
using U = UnaryOp;

namespace {

Type type_of(BinaryOp op, Type a, Type b) {
    return result_type(op, a, b, {});
}

constexpr std::array all_binary_ops = {
    B::add, B::sub,     B::mul,    B::div,     B::mod,         B::floordiv,  B::floormod, B::min,
    B::max, B::bit_and, B::bit_or, B::bit_xor, B::shl,         B::shr,       B::eq,       B::ne,
    B::lt,  B::le,      B::gt,     B::ge,      B::logical_and, B::logical_or};

} // namespace

TEST_CASE("result types on integers") {
    CHECK(type_of(B::add, UInt(8), UInt(8)) == UInt(9));
    CHECK(type_of(B::add, UInt(8), Int(8)) == Int(10));
    CHECK(type_of(B::sub, UInt(8), UInt(8)) == Int(9));
    CHECK(type_of(B::mul, Int(8), UInt(4)) == Int(12));
    CHECK(type_of(B::div, UInt(8), Int(4)) == Int(9));
    CHECK(type_of(B::div, Int(8), UInt(4)) == Int(8));
    CHECK(type_of(B::mod, UInt(8), Int(4)) == UInt(4));
    CHECK(type_of(B::mod, Int(8), UInt(4)) == Int(5));
    CHECK(type_of(B::floordiv, UInt(8), Int(4)) == Int(9));
    CHECK(type_of(B::floormod, UInt(8), Int(4)) == Int(4));
    CHECK(type_of(B::bit_and, UInt(8), Int(4)) == Int(9));
    CHECK(type_of(B::shl, Int(8), UInt(3)) == Int(8));
    CHECK(type_of(B::shr, Int(8), Int(3)) == Int(8));
    CHECK(type_of(B::lt, Int(8), UInt(3)) == Bool());
    CHECK(type_of(B::min, Int(8), UInt(8)) == Int(9));
    CHECK(result_type(U::neg, UInt(8), {}) == Int(9));
    CHECK(result_type(U::neg, Int(1), {}) == Int(3)); // as ap_int
    CHECK(result_type(U::abs, Int(8), {}) == UInt(8));
    CHECK(result_type(U::bit_not, Int(8), {}) == Int(8));
}

TEST_CASE("result types on Bool") {
    CHECK(type_of(B::add, Bool(), Bool()) == UInt(2));
    CHECK(type_of(B::bit_or, Bool(), Bool()) == Bool());
    CHECK(type_of(B::bit_or, Bool(), UInt(4)) == UInt(4));
    CHECK(type_of(B::max, Bool(), Bool()) == Bool());
    CHECK(type_of(B::shl, Bool(), UInt(3)) == UInt(1));
    CHECK(type_of(B::logical_and, Bool(), Bool()) == Bool());
    CHECK(result_type(U::bit_not, Bool(), {}) == Bool());
    CHECK(result_type(U::neg, Bool(), {}) == Int(2));
    CHECK(result_type(U::abs, Bool(), {}) == Bool());
}

TEST_CASE("result types on fixed point, and their modes") {
    const Type a = Fixed(16, 12, Round::rnd, Overflow::sat), b = UFixed(10, 2);
    CHECK(type_of(B::add, a, b) == Fixed(22, 12)); // 9 integer bits, one more for the carry
    CHECK(type_of(B::sub, b, b) == Fixed(11, 2));
    CHECK(type_of(B::mul, a, b) == Fixed(26, 14));
    CHECK(type_of(B::div, b, a) == Fixed(23, 2));
    CHECK(type_of(B::div, a, UFixed(8, -3)) == Fixed(16, 15));
    CHECK(type_of(B::bit_xor, a, a) == Fixed(16, 12)); // the modes are gone, as in AMD's types
    CHECK(type_of(B::shl, a, UInt(3)) == a);           // here they stay
    CHECK(type_of(B::min, a, a) == a);
    CHECK(type_of(B::min, a, a.with_modes(Round::trn, Overflow::wrap)) == Fixed(16, 12));
    CHECK(type_of(B::add, a, Int(4)) == Fixed(17, 12));
    CHECK(result_type(U::neg, Fixed(1, 0), {}) == Fixed(2, 0));
    CHECK(result_type(U::bit_not, a, {}) == Fixed(16, 12));
    CHECK(result_type(U::abs, a, {}) == UFixed(16, 12));
    CHECK(aligned_type(a, b, {}) == Fixed(21, 12));
    CHECK(aligned_type(a, a, {}) == a);
}

TEST_CASE("result types with floats, Index, literals and lanes") {
    CHECK(type_of(B::add, Float(32), Float(64)) == Float(64));
    CHECK(type_of(B::mul, Float(16), BFloat(16)) == Float(32));
    CHECK(type_of(B::mul, BFloat(16), BFloat(16)) == BFloat(16));
    CHECK(type_of(B::div, Fixed(40, 20), Float(16)) == Float(16));
    CHECK(type_of(B::lt, Int(64), Float(32)) == Bool());
    CHECK(aligned_type(Float(16), Int(8), {}) == Float(16));
    for (const BinaryOp op : {B::add, B::sub, B::mul, B::floordiv, B::floormod, B::min, B::max})
        CHECK(type_of(op, IndexType(), IndexType()) == IndexType());
    CHECK(type_of(B::le, IndexType(), IndexType()) == Bool());
    CHECK(aligned_type(IndexType(), IndexType(), {}) == IndexType());
    CHECK(result_type(U::neg, IndexType(), {}) == IndexType());
    CHECK(type_of(B::div, RealType(), RealType()) == RealType());
    CHECK(type_of(B::add, RealType(), Float(64)) == Float(64));
    CHECK(type_of(B::lt, RealType(), RealType()) == Bool());
    CHECK(result_type(U::sqrt, RealType(), {}) == Float(32));
    CHECK(result_type(U::neg, RealType(), {}) == RealType());
    CHECK(result_type(U::floor, Float(16), {}) == Float(16));
    CHECK(type_of(B::add, Int(8).with_lanes(4), UInt(8).with_lanes(4)) == Int(10).with_lanes(4));
    CHECK(result_type(U::abs, Int(8).with_lanes(4), {}) == UInt(8).with_lanes(4));
    CHECK_THROWS_AS(type_of(B::add, RealType(), Int(8)), InternalError); // was to be typed first
}

TEST_CASE("slices and sums") {
    CHECK(slice_type(Int(8), 7, 4, {}) == UInt(4));
    CHECK(slice_type(Fixed(8, 4), 0, 0, {}) == UInt(1));
    CHECK(sum_type(Int(8), 1, {}) == Int(8));
    CHECK(sum_type(Int(8), 2, {}) == Int(9));
    CHECK(sum_type(UFixed(8, 3), 1000, {}) == UFixed(18, 3));
    CHECK(sum_type(UInt(8), 1024, {}) == UInt(18));
    CHECK(sum_type(UInt(8), 1025, {}) == UInt(19));
    CHECK(sum_type(Bool(), 5, {}) == UInt(4));
    CHECK(sum_type(Float(32), 1000, {}) == Float(32));
    CHECK(sum_type(Int(8), 0, {}) == Int(8));
}

TEST_CASE("refused operations name both types, the line, and what would work") {
    const Loc loc{"dir/user.cpp", 7};
    const auto says = [&](BinaryOp op, Type a, Type b, const char* message) {
        CHECK(thrown([&] { result_type(op, a, b, loc); }).what() == "user.cpp:7: " + std::string(message));
    };
    says(B::add, UInt(4096), UInt(4096),
         "UInt(4096) + UInt(4096) would have 4097 bits, and 4096 is the most: cast an operand to a narrower "
         "type");
    says(B::mul, Fixed(100, 8000), Fixed(100, 8000),
         "Fixed(100, 8000) * Fixed(100, 8000) would have 16000 fraction bits, and 8192 is the most: cast an "
         "operand "
         "to fewer");
    says(B::mod, Fixed(8, 4), Int(4),
         "Fixed(8, 4) % Int(4) is defined on integers only: cast the operands, or use / and subtract");
    says(B::mod, Float(32), Float(32), "Float(32) % Float(32) is defined on integers only");
    says(B::floordiv, Fixed(8, 4), Int(4),
         "Fixed(8, 4) // Int(4) is defined on integers only: cast the operands, or use / and subtract");
    says(B::add, IndexType(), Int(4),
         "Index + Int(4): a subscript mixes with no other type: cast the other operand to a subscript, or "
         "use the "
         "subscript as a value of Int(32)");
    says(B::div, IndexType(), IndexType(),
         "Index / Index in a subscript: / and % round toward zero; use floor_div or floor_mod");
    says(B::shl, IndexType(), IndexType(), "Index << Index is not defined on subscripts");
    says(B::shl, Float(32), UInt(3),
         "Float(32) << UInt(3): only integers and fixed point can be shifted; multiply by a power of two "
         "instead");
    says(B::shr, Int(8), Fixed(4, 2),
         "Int(8) >> Fixed(4, 2): the shift amount must be an integer: cast it to Int or UInt");
    says(B::bit_and, Float(32), UInt(32),
         "Float(32) & UInt(32): & is defined on Bool, integers and fixed point; bitcast a float to UInt "
         "first");
    says(B::logical_or, Bool(), Int(4), "Bool || Int(4) needs Bool operands: compare with 0 first");
    says(B::add, Int(4).with_lanes(2), Int(4), "Int(4)x2 + Int(4): the operands have 2 and 1 lanes");
    const auto refused = [&](auto call) { return thrown(call).message(); };
    CHECK(refused([&] { result_type(U::sqrt, Int(8), loc); }) ==
          "sqrt(Int(8)) is defined on floats only: cast to Float(32) or Float(64) first");
    CHECK(refused([&] { result_type(U::bit_not, Float(32), loc); }) ==
          "bit_not(Float(32)) is defined on Bool, integers and fixed point only");
    CHECK(refused([&] { result_type(U::neg, UInt(4096), loc); }) ==
          "neg(UInt(4096)) would have 4097 bits, and 4096 is the most: cast an operand to a narrower type");
    CHECK(refused([&] { aligned_type(IndexType(), Int(8), loc); }) ==
          "Index and Int(8) have no common type: a subscript mixes with no other type; cast one of them");
    CHECK(refused([&] { aligned_type(Int(8), Int(8).with_lanes(2), loc); }) ==
          "Int(8) and Int(8)x2 have no common type: they have 1 and 2 lanes");
    CHECK(refused([&] { aligned_type(UInt(4096), Int(1), loc); }) ==
          "the common type of UInt(4096) and Int(1) would have 4097 bits, and 4096 is the most: cast an "
          "operand to a "
          "narrower type");
    CHECK(refused([&] { slice_type(Int(8), 8, 4, loc); }) ==
          "bits (8, 4) of Int(8): write (hi, lo) with 0 <= lo <= hi <= 7");
    CHECK(refused([&] { slice_type(Float(32), 8, 4, loc); }) ==
          "Float(32) has no bits to slice: bitcast or cast it to UInt first");
    CHECK(refused([&] { sum_type(UInt(4096), 2, loc); }) ==
          "the sum of 2 values of UInt(4096) would have 4097 bits, and 4096 is the most: cast an operand to "
          "a narrower "
          "type");
}

TEST_CASE("every operation has a symbol") {
    std::string all;
    for (const BinaryOp op : all_binary_ops)
        all += std::string(symbol(op)) + " ";
    CHECK(all == "+ - * / % // mod min max & | ^ << >> == != < <= > >= && || ");
    all.clear();
    for (const UnaryOp op : {U::neg, U::bit_not, U::abs, U::sqrt, U::floor, U::ceil, U::round_even, U::trunc})
        all += std::string(name(op)) + " ";
    CHECK(all == "neg bit_not abs sqrt floor ceil round_even trunc ");
    CHECK(is_compare(B::eq));
    CHECK(is_compare(B::ge));
    CHECK_FALSE(is_compare(B::shr));
    CHECK_FALSE(is_compare(B::logical_and));
}

namespace {

std::vector<Value> all_values(Type t) {
    std::vector<Value> values;
    for (long bits = 0; bits < 1L << t.width(); ++bits)
        values.push_back(Value::from_bits(t, bits));
    return values;
}

/// Exact types of up to `width` bits; `modes`: with every rounding and overflow.
std::vector<Type> small_types(int width, bool modes) {
    std::vector<Type> types = {Bool()};
    for (int w = 1; w <= width; ++w) {
        types.push_back(Int(w));
        types.push_back(UInt(w));
        for (int f = -1; f <= w + 1; ++f)
            for (const Type t : {Fixed(w, f), UFixed(w, f)})
                for (const Round r : all_roundings)
                    for (const Overflow o : all_overflows) {
                        if (!modes && (r != Round::trn || o != Overflow::wrap)) continue;
                        if (o != Overflow::wrap_sm || t.is_signed()) types.push_back(t.with_modes(r, o));
                    }
    }
    return types;
}

/// Does `t = cast(t, t op x)` give the same for every start and every two x, in both orders?
bool commutes_by_trial(BinaryOp op, Type t, Type value) {
    const std::vector<Value> starts = all_values(t), operands = all_values(value);
    std::vector<std::vector<size_t>> step(starts.size()); // the bits after a step from each start
    for (size_t i = 0; i < starts.size(); ++i)
        for (const Value& x : operands)
            step[i].push_back(cast(t, apply(op, starts[i], x)).bit_pattern().get_ui());
    for (const auto& from : step)
        for (size_t x = 0; x < operands.size(); ++x)
            for (size_t y = 0; y < x; ++y)
                if (step[from[x]][y] != step[from[y]][x]) return false;
    return true;
}

} // namespace

TEST_CASE("commutes: both orders, every mode, by brute force") {
    const int width = count(3, 4);
    const std::vector<Type> targets = small_types(width, true), values = small_types(width, false);
    size_t cases = 0, claimed = 0, cautious = 0;
    // For each pair of modes: has an addition been found whose order matters?
    bool order_matters[7][5] = {};
    for (const BinaryOp op : {B::add, B::mul, B::min, B::max, B::bit_and, B::bit_or, B::bit_xor})
        for (const Type& t : targets)
            for (const Type& value : values) {
                const bool claim = commutes(op, t, value), truth = commutes_by_trial(op, t, value);
                ++cases;
                claimed += claim;
                cautious += truth && !claim;
                if (claim && !truth) FAIL_CHECK(t.str() << " " << symbol(op) << "= " << value.str());
                if (op == B::add && t.is_fixed() && !truth)
                    order_matters[static_cast<int>(t.round())][static_cast<int>(t.overflow())] = true;
            }
    MESSAGE(cases << " cases, " << claimed << " commute by the rule, " << cautious
                  << " more commute in fact");
    for (const Round r : all_roundings)
        for (const Overflow o : all_overflows) {
            const bool free =
                o == Overflow::wrap && (r == Round::trn || r == Round::rnd || r == Round::rnd_min_inf);
            CAPTURE(Fixed(8, 4, r, o).str());
            CHECK(order_matters[static_cast<int>(r)][static_cast<int>(o)] == !free);
            CHECK(commutes(B::add, Fixed(8, 4, r, o), Fixed(8, 6)) == free);
            // Without dropped bits the rounding does not matter.
            CHECK(commutes(B::add, Fixed(8, 4, r, o), Fixed(8, 4)) == (o == Overflow::wrap));
        }
}

TEST_CASE("commutes: other types and operations") {
    CHECK(commutes(B::add, IndexType(), IndexType()));
    CHECK(commutes(B::min, IndexType(), IndexType()));
    CHECK_FALSE(commutes(B::add, Float(32), Float(32)));
    CHECK_FALSE(commutes(B::max, Float(32), Float(32)));
    CHECK_FALSE(commutes(B::add, Int(8), Float(32)));
    CHECK(commutes(B::logical_or, Bool(), Bool()));
    CHECK_FALSE(commutes(B::sub, Int(8), Int(8)));
}

TEST_CASE("holds: by casting every value there and back") {
    const std::vector<Type> types = small_types(count(3, 4), true), values = small_types(3, false);
    size_t yes = 0;
    for (const Type& to : types)
        for (const Type& from : values) {
            bool exact = true;
            for (const Value& x : all_values(from))
                exact &= cast(to, x).as_rational() == x.as_rational();
            yes += exact;
            if (holds(to, from) != exact) FAIL_CHECK(to.str() << " holds " << from.str() << " is " << exact);
        }
    CHECK(yes > 500);
    for (const Type& t : types)
        CHECK(holds(t, t));
}

TEST_CASE("holds: floats, Index and literals") {
    CHECK(holds(Float(32), Int(25)));
    CHECK_FALSE(holds(Float(32), Int(26)));
    CHECK(holds(Float(32), UInt(24)));
    CHECK_FALSE(holds(Float(32), UInt(25)));
    CHECK(holds(Float(16), Fixed(12, 24)));
    CHECK_FALSE(holds(Float(16), Fixed(12, 25)));
    CHECK(holds(Float(16), UFixed(1, -15)));
    CHECK_FALSE(holds(Float(16), UFixed(1, -16)));
    CHECK_FALSE(holds(Float(16), Fixed(1, -16))); // −2^16
    CHECK(holds(Float(16), Fixed(1, -15)));
    CHECK(holds(Float(32), Float(16)));
    CHECK(holds(Float(32), BFloat(16)));
    CHECK_FALSE(holds(Float(16), BFloat(16)));
    CHECK_FALSE(holds(BFloat(16), Float(16)));
    CHECK_FALSE(holds(Int(64), Float(16))); // not a NaN
    CHECK(holds(IndexType(), Int(64)));
    CHECK_FALSE(holds(IndexType(), UInt(64)));
    CHECK_FALSE(holds(Int(64), IndexType()));
    CHECK(holds(RealType(), Fixed(8, 4)));
    CHECK_FALSE(holds(RealType(), Float(32)));
    CHECK_FALSE(holds(Int(8).with_lanes(2), Int(8)));
}

TEST_CASE("identity elements") {
    std::vector<Type> types = small_types(3, false);
    types.insert(types.end(), {Float(16), Float(32), BFloat(16)});
    Random random(1);
    size_t found = 0;
    for (const BinaryOp op : all_binary_ops)
        for (const Type& t : types) {
            if (!has_identity(op, t)) continue;
            const Value e = identity(op, t);
            CHECK(e.type() == t);
            ++found;
            for (int i = 0; i < 20; ++i) {
                const Value x = random_value(t, random);
                const Value r = cast(t, apply(op, x, e));
                CAPTURE(t.str() + " " + x.str() + " " + symbol(op) + " " + e.str());
                CHECK((r == x || (x.is_zero() && r.is_zero()))); // −0 + 0 = 0
            }
        }
    CHECK(found > 200);
    CHECK(identity(B::mul, Fixed(8, 4)).is_one());
    CHECK_FALSE(has_identity(B::mul, Int(1)));
    CHECK_FALSE(has_identity(B::mul, Fixed(8, 8)));
    CHECK_FALSE(has_identity(B::mul, UFixed(8, -1)));
    CHECK(has_identity(B::mul, UFixed(8, 7)));
    CHECK_FALSE(has_identity(B::min, IndexType()));
    CHECK_FALSE(has_identity(B::sub, Int(8)));
    CHECK(identity(B::add, IndexType()) == Value::index(0));
    CHECK_THROWS_AS(identity(B::mul, Int(1)), InternalError);
}
