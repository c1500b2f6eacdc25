#include "spelling.h"

#include "lathe/ir/text.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace lathe::hls {

namespace {

const char* amd_name(Round r) {
    constexpr std::array names = {"AP_TRN",     "AP_TRN_ZERO",    "AP_RND",     "AP_RND_ZERO",
                                  "AP_RND_INF", "AP_RND_MIN_INF", "AP_RND_CONV"};
    return names[static_cast<size_t>(r)];
}

const char* amd_name(Overflow o) {
    constexpr std::array names = {"AP_WRAP", "AP_SAT", "AP_SAT_ZERO", "AP_SAT_SYM", "AP_WRAP_SM"};
    return names[static_cast<size_t>(o)];
}

/// The number in limbs of 64 bits, the highest first: the arguments of lathe::wide.
std::string limbs(const Value& v) {
    const mpz_class bits = v.bit_pattern();
    std::string text;
    for (int i = (v.type().width() + 63) / 64; i-- > 0;)
        text += fmt::format("{}{:#x}ull", text.empty() ? "" : ", ",
                            mpz_getlimbn(bits.get_mpz_t(), static_cast<mp_size_t>(i)));
    return text;
}

std::string float_literal(const Value& v) {
    const Type t = v.type();
    const double x = v.as_double();
    const char* c_type = t == Float(32) ? "float" : "double";
    std::string text;
    if (std::isnan(x))
        text = fmt::format("std::numeric_limits<{}>::quiet_NaN()", c_type);
    else if (std::isinf(x))
        text = fmt::format("{}std::numeric_limits<{}>::infinity()", x < 0 ? "-" : "", c_type);
    else {
        text = t == Float(32) ? fmt::format("{}", static_cast<float>(x)) : fmt::format("{}", x);
        if (text.find_first_of(".e") == std::string::npos) text += ".0";
        if (t == Float(32)) text += "f";
    }
    return t.width() == 16 ? fmt::format("{}({})", cpp_type(t), text) : text;
}

std::string fixed_literal(const Value& v) {
    const Type t = v.type();
    const size_t bits = mpz_sizeinbase(v.raw().get_mpz_t(), 2);
    const double x = v.as_double();
    // A double is exact here, and the type's constructor loses nothing of it.
    if (bits <= 53 && std::abs(t.frac()) <= 60 && t.int_bits() <= 60 && t.width() <= 60)
        return fmt::format("{}({})", cpp_type(t), x);
    return fmt::format("lathe::wide<{}>({})", cpp_type(t), limbs(v));
}

} // namespace

std::string cpp_type(Type t) {
    if (t.is_bool()) return "bool";
    if (t.is_float()) {
        if (t.width() == 16) return t.code() == TypeCode::bfloat ? "lathe::bfloat16" : "lathe::half";
        return t.width() == 64 ? "double" : "float";
    }
    invariant(t.is_exact(), "a subscript's C++ type is chosen elsewhere");
    const char* sign = t.is_signed() ? "" : "u";
    if (t.is_int()) return fmt::format("ap_{}int<{}>", sign, t.width());
    const bool plain = t.round() == Round::trn && t.overflow() == Overflow::wrap;
    const std::string modes =
        plain ? "" : fmt::format(", {}, {}", amd_name(t.round()), amd_name(t.overflow()));
    return fmt::format("ap_{}fixed<{}, {}{}>", sign, t.width(), t.int_bits(), modes);
}

bool is_plain(const Value& v) {
    return v.type().is_int() && v.raw().fits_sint_p();
}

std::string typed_literal(const Value& v) {
    const Type t = v.type();
    if (t.is_bool()) return v.is_true() ? "true" : "false";
    if (t.is_float()) return float_literal(v);
    if (t.is_fixed()) return fixed_literal(v);
    invariant(t.is_int(), "a literal has a type");
    if (is_plain(v)) return fmt::format("{}({})", cpp_type(t), v.str());
    // The most negative number has no literal of its own in C++.
    if (v.raw().fits_slong_p() && v.raw() != mpz_class(std::numeric_limits<long>::min()))
        return fmt::format("{}({}ll)", cpp_type(t), v.str());
    return fmt::format("lathe::wide<{}>({})", cpp_type(t), limbs(v));
}

Names::Names() : scopes(1) {}

bool Names::taken(const std::string& name) const {
    return std::ranges::any_of(scopes, [&](const auto& scope) { return scope.contains(name); });
}

std::string Names::take(const std::string& wish) {
    const std::string base = identifier(wish);
    std::string name = base;
    for (int n = 1; taken(name); ++n)
        name = fmt::format("{}{}{}", base, base.back() == '_' ? "" : "_", n);
    scopes.back().insert(name);
    return name;
}

bool Names::take_exactly(const std::string& name) {
    return !taken(name) && scopes.back().insert(name).second;
}

} // namespace lathe::hls
