#pragma once
/// \file Random layouts of a Module's own tensors, and programs that read what they stored a while ago.

#include "lathe/dsl/kernel.h"
#include "lathe/ir/layout.h"

#include <random>

struct LaidOut {
    lathe::ir::Module module;
    int tensors = 0; ///< with a layout that is not plain
    int folded = 0;  ///< of those, with a fold
    int refused = 0; ///< that extern functions are given, or of which calls are given a part
};

/// A layout for a tensor of that rank: order, pad, align, pack, banks; of constants and where `folds` is
/// false, without a fold.
lathe::ir::Layout random_layout(size_t rank, bool folds, std::mt19937& random);

/// The tensor, which some Function allocates or has as a constant, is stored so. Whether a folded one keeps
/// what is read later is not asked here. \throws Error for one that an extern function is given, and for a
/// folded one of which a call is given a part, or that the kind of a loop forbids.
lathe::ir::Module with_layout(const lathe::ir::Module& m, const lathe::ir::Symbol& tensor,
                              const lathe::ir::Layout& layout);

/// Gives most of the tensors that the Module's Functions allocate, and its constants, a layout.
LaidOut with_random_layouts(const lathe::ir::Module& m, bool folds, std::mt19937& random);

constexpr int window_columns = 3;

/// A loop that stores a row of `window` and reads what it stored up to `reach` iterations ago: a fold of the
/// first dimension is right exactly if it is more than that.
struct Window {
    lathe::Kernel kernel;
    int reach;
    int rank;
};
Window random_window(std::mt19937& random);
