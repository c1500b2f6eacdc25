#include "lathe/ir/type.h"

#include <cstdlib>

namespace lathe {

using namespace ir;

namespace {

const char* name(Round r) {
    switch (r) {
    case Round::trn:
        return "trn";
    case Round::trn_zero:
        return "trn_zero";
    case Round::rnd:
        return "rnd";
    case Round::rnd_zero:
        return "rnd_zero";
    case Round::rnd_inf:
        return "rnd_inf";
    case Round::rnd_min_inf:
        return "rnd_min_inf";
    case Round::rnd_conv:
        return "rnd_conv";
    }
    throw InternalError("unknown rounding mode");
}

const char* name(Overflow o) {
    switch (o) {
    case Overflow::wrap:
        return "wrap";
    case Overflow::sat:
        return "sat";
    case Overflow::sat_zero:
        return "sat_zero";
    case Overflow::sat_sym:
        return "sat_sym";
    case Overflow::wrap_sm:
        return "wrap_sm";
    }
    throw InternalError("unknown overflow mode");
}

void check_width(const char* type, int width, Loc loc) {
    if (width < 1 || width > Type::max_width)
        fail(loc, "{}: the width {} is not between 1 and {}", type, width, Type::max_width);
}

void check_fixed(const char* type, int width, int frac, Loc loc) {
    check_width(type, width, loc);
    if (std::abs(frac) > Type::max_frac)
        fail(loc, "{}: {} fraction bits are not between -{} and {}", type, frac, Type::max_frac,
             Type::max_frac);
}

void refuse_unsigned_sm(bool sign, Overflow o, Loc loc) {
    if (!sign && o == Overflow::wrap_sm)
        fail(loc, "UFixed has no wrap_sm: Vitis has sign-magnitude wrap (AP_WRAP_SM) for signed types only; "
                  "use Overflow::wrap");
}

} // namespace

Type Bool() {
    return Type(TypeCode::boolean, 1, 0, false);
}

Type Int(int width, Loc loc) {
    check_width("Int", width, loc);
    return Type(TypeCode::integer, width, 0, true);
}

Type UInt(int width, Loc loc) {
    check_width("UInt", width, loc);
    return Type(TypeCode::integer, width, 0, false);
}

Type Fixed(int width, int frac, Round r, Overflow o, Loc loc) {
    check_fixed("Fixed", width, frac, loc);
    return Type(TypeCode::fixed, width, frac, true, r, o);
}

Type UFixed(int width, int frac, Round r, Overflow o, Loc loc) {
    check_fixed("UFixed", width, frac, loc);
    refuse_unsigned_sm(false, o, loc);
    return Type(TypeCode::fixed, width, frac, false, r, o);
}

Type Float(int width, Loc loc) {
    if (width != 16 && width != 32 && width != 64)
        fail(loc, "Float({}) does not exist: the widths are 16, 32 and 64", width);
    return Type(TypeCode::ieee, width, 0, true);
}

Type BFloat(int width, Loc loc) {
    if (width != 16) fail(loc, "BFloat({}) does not exist: the only width is 16", width);
    return Type(TypeCode::bfloat, width, 0, true);
}

Type ir::IndexType() {
    return Type(TypeCode::index, 64, 0, true);
}

Type ir::RealType() {
    return Type(TypeCode::real, 0, 0, true);
}

Type Type::with_lanes(int lanes) const {
    invariant(lanes >= 1, "a vector has at least one lane");
    Type t = *this;
    t.vector_lanes = lanes;
    return t;
}

Type Type::with_modes(Round r, Overflow o) const {
    Type t = *this;
    if (!is_fixed()) return t;
    refuse_unsigned_sm(sign, o, {});
    t.rounding = r;
    t.overflowing = o;
    return t;
}

std::string Type::str() const {
    std::string s;
    switch (kind) {
    case TypeCode::boolean:
        s = "Bool";
        break;
    case TypeCode::integer:
        s = fmt::format("{}({})", sign ? "Int" : "UInt", bits);
        break;
    case TypeCode::fixed:
        s = fmt::format("{}({}, {}", sign ? "Fixed" : "UFixed", bits, fraction);
        if (rounding != Round::trn || overflowing != Overflow::wrap) s += fmt::format(", {}", name(rounding));
        if (overflowing != Overflow::wrap) s += fmt::format(", {}", name(overflowing));
        s += ")";
        break;
    case TypeCode::ieee:
        s = fmt::format("Float({})", bits);
        break;
    case TypeCode::bfloat:
        s = fmt::format("BFloat({})", bits);
        break;
    case TypeCode::index:
        s = "Index";
        break;
    case TypeCode::real:
        s = "Real";
        break;
    }
    if (vector_lanes != 1) s += fmt::format("x{}", vector_lanes);
    return s;
}

} // namespace lathe
