#pragma once
/// \file Contraction: a product and a sum become one operation that rounds once.

#include "lathe/ir/stmt.h"

namespace lathe::ir {

/// Float `a·b + c`, `a·b − c`, `c − a·b` and `−(a·b) + c` become Fma nodes; where both operands are products,
/// the left one does. A Reduce that adds a product is marked `contract`. Only where product and sum have one
/// type: a product that is rounded to a narrower type first stays. Done once per algorithm, before any
/// primitive.
Module contract(const Module& m);
Stmt contract(const Stmt& s);

} // namespace lathe::ir
