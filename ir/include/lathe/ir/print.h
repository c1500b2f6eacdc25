#pragma once
/// \file Text for people and golden tests. Deterministic; never prints ids or source lines: names that repeat
/// in a scope get a suffix _1, _2 ...
///
/// Python's notation and precedence, with these differences: `a / b` rounds toward zero on integers and `rem`
/// is its remainder; `//` and `%` are floordiv and floormod; `and`, `or` are eager and `select(c, a, b)` is
/// lazy; `Int(8)(x)` is a cast, `(a + b as Int(8))` an operation whose type is not the one that its operands
/// give; `x[hi:lo]` are bits; `A[i where p]` is an access under a predicate; `x min= y` is an update. A
/// constant shows its type where its place does not make it plain. `let t0 = ...` lines in front of a
/// statement name what a long expression uses several times or nests deeply.

#include "lathe/ir/stmt.h"

namespace lathe {

std::string print(const Expr& e);
std::string print(const ir::Stmt& s);
/// The whole program in the style of TVM Script:
/// \code
///     def scale(A: Tensor[Float(32), (M)], B: out Tensor[Float(32), (M)]), params M, factor: Float(32):
///         # B.init
///         for i in parallel(M):
///             B[i] = factor * A[i]
///         # B.update(0)
///         for i in range(1, M):
///             B[i] += 0.5
/// \endcode
/// A stage's comment stands above its loops; `# fma` after an update says that its product is contracted.
/// `with alloc(S: Tensor[Float(32), (6, 16)] at (6 * io, 0), register):` holds a tensor's life; `at` gives
/// the first subscripts where they are not 0.
std::string print(const Module& m);
/// Loops, stages and allocations only, one line each.
std::string loop_tree(const Module& m);

} // namespace lathe
