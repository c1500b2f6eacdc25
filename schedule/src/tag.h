#pragma once
/// \file How loops run: what the primitives that set a loop's kind share.

#include "edit.h"

namespace lathe::schedule {

using namespace ir;

/// The loop's statement; refuses loops that already run in another way than serially.
Path serial_loop(const Edit& e, const Symbol& loop);

/// \pre what the kind allows was asked for, by prove_kind.
void set_kind(Edit& e, const Symbol& loop, const LoopKind& kind);

/// Asks whether `lanes` iterations of the loop at a time (0: all of them) may run as the kind says, and
/// refuses otherwise, naming the loops of the same definition that could.
void prove_kind(Edit& e, const Symbol& loop, const LoopKind& kind, int64_t lanes = 0);

/// Gives the loop a constant extent: iterations beyond its own are skipped by a condition.
void make_constant(Edit& e, const Symbol& loop);

/// With a factor: splits the step's loop number `copy` first, and returns the inner one.
Symbol blocks_of(Edit& e, const Symbol& loop, size_t copy);

} // namespace lathe::schedule
