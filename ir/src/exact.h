#pragma once
/// \file Fitting integers into exact types: the raw numbers m of m·2^−frac.

#include "lathe/ir/type.h"

#include <gmpxx.h>

namespace lathe::ir {

/// Is m a value of the exact type `t`?
bool fits(const mpz_class& m, Type t);
/// m modulo 2^width, in the range of the exact type `t`.
void wrap(mpz_class& m, Type t);
/// The raw number of type `to` (exact, not Bool) for the number m·2^−frac, by the type's rounding and
/// overflow. An integer type truncates toward zero.
mpz_class convert(mpz_class m, int frac, Type to);
mpz_class smallest(Type exact);
mpz_class largest(Type exact);

} // namespace lathe::ir
