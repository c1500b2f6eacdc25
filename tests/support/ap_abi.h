#pragma once
/// \file What the tests and the compiled AMD reference agree on. Plain C++, no header of Lathe or of AMD:
/// both sides include it.

#include <cstdint>

namespace ap_abi {

enum Operation {
    add,
    sub,
    mul,
    div,
    mod,
    bit_and,
    bit_or,
    bit_xor,
    shl,
    shr,
    eq,
    ne,
    lt,
    le,
    gt,
    ge,
    neg,
    bit_not,
    cast
};

enum Kind { kind_bool, kind_int, kind_fixed, kind_float };

/// The C++ type of an operation's result. Modes are numbered as Lathe's.
struct Result {
    int kind = kind_bool;
    int width = 1;
    int frac = 0;
    int is_signed = 0;
    int rounding = 0;
    int overflow = 0;
};

inline int limbs(int width) {
    return (width + 63) / 64;
}

/// Computes `rows` results. Values are little-endian 64-bit limbs; only the low `width` bits count.
using Evaluate = void (*)(int operation, int64_t rows, const uint64_t* a, const uint64_t* b,
                          uint64_t* results, Result* type);

} // namespace ap_abi
