#pragma once
/// \file Taking a Func's stages out of the Module, and putting them elsewhere.

#include "edit.h"

namespace lathe::schedule {

using namespace ir;

/// A Func's stages without the rest of the Module.
struct Extracted {
    Stmt rest;                   ///< the Module's body without them
    std::vector<Tensor> tensors; ///< the Func's tensor, and its accumulator
    std::vector<Stmt> stages;    ///< in program order
};

/// \throws Error (by e.refuse) when the Func is an argument, or other definitions write what it reads after
/// it.
Extracted extract(const Edit& e, const Symbol& func);

/// The tensors that the stages read, except for those that they make themselves.
std::set<Symbol> inputs_of(const Extracted& x);

/// `body` with the allocations and stages put before the first statement that reads the Func.
Stmt insert_before_use(const Stmt& body, const Extracted& x);

/// Per dimension of the Func, the loop of each definition that runs over it: where every definition works on
/// each position alone and runs over all of them, a part can be computed. Empty: it cannot.
using PureLoops = std::vector<std::map<int, Symbol>>;
PureLoops pure_loops(const Edit& e, const Symbol& func);

/// Sets the ranges of the pure loops, and the dims of the Func's tensors.
void restrict_to(Extracted& x, const PureLoops& pure, const std::vector<Dim>& loops,
                 const std::vector<Dim>& storage);

/// The tensors of the Func's values.
std::set<Symbol> value_tensors(const State& s, const Symbol& func);

/// The same and the accumulator that quantize gave it.
std::set<Symbol> own_tensors(const State& s, const Symbol& func);

/// Whether the statement reads one of the tensors.
bool reads_any(const Stmt& s, const std::set<Symbol>& tensors);

/// The Func's (first) tensor in the unscheduled Module.
const Tensor& declared_tensor(const Edit& e, const Symbol& func);

} // namespace lathe::schedule
