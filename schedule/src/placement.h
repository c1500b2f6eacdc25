#pragma once
/// \file Where a Func is computed: all its definitions move; inside a loop they compute the box that one
/// iteration reads.

#include "relocate.h"

namespace lathe::schedule {

/// The step's Func, taken out of the Module.
struct Taken {
    Extracted stages;
    PureLoops pure; ///< whose ranges can be set
    Stmt before;    ///< the Module's body
};

/// \throws Error (by e.refuse) when the Func cannot go elsewhere now.
Taken take(const Edit& e);

/// Puts `func` into the body of `loop`, before what reads it.
void place(Edit& e, const Symbol& func, const Symbol& loop, Extracted x, const PureLoops& pure);

/// Puts the step's Func into the bodies of `loops`, which are copies of one loop, and in front of what the
/// step that made that loop left behind it: each part gets memory and stages of its own.
void place_in_copies(Edit& e, const std::vector<Symbol>& loops, const Extracted& x, const PureLoops& pure);

/// What the stages read must be in scope at the end of `path`.
void check_scope(const Edit& e, const Extracted& x, const Symbol& func, const Path& path);

/// Gives Funcs inside the one that moved, and those that it reads, the ranges that are needed now; and so on
/// for each that gets another one.
void follow(Edit& e, const Extracted& moved, const Stmt& before);

} // namespace lathe::schedule
