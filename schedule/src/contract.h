#pragma once
/// \file Contraction: where a float product is added, both happen with one rounding.

#include "lathe/ir/stmt.h"

namespace lathe {

/// a·b + c, a·b − c and c − a·b on floats of one type become fma; `+=` of such a product accumulates by fma.
Module contract(const Module& m);

} // namespace lathe
