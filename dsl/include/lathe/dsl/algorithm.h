#pragma once
/// \file What the DSL hands to the rest of Lathe: a Module, and where each definition's loops are.

#include "lathe/dsl/func.h"

namespace lathe {

/// A handle whose loops a schedule can name: Var, RVar, a one-dimensional RDom, a schedule's loop.
template <class T>
concept NamesLoop = requires(const T& x) {
    typename T::loop_handle;
    { x.symbol() } -> std::convertible_to<ir::Symbol>;
    { x.name() } -> std::convertible_to<std::string>;
};

class Kernel;

/// One definition of one Func in an Algorithm's Module: its Stage node carries (func, index).
struct Definition {
    ir::Symbol func;  ///< the symbol of the Func's (first) tensor
    std::string name; ///< the Func's name
    int index = 0;    ///< 0: pure definition or initialisation; n: update n − 1
    Loc loc;
    /// The user's variable (Var::symbol(), or an RDom dimension's symbol) → the loop (For::var) it became,
    /// outermost first. Loops of a Func's different definitions are different loops, also for one Var.
    std::vector<std::pair<ir::Symbol, ir::Symbol>> loops;
    std::vector<ir::Symbol> tensors = {}; ///< the Func's, one for each value that it holds; none for a Kernel
    /// Of a Kernel that is called: its arguments and arrays as the user names them → as its Function does.
    std::vector<std::pair<ir::Symbol, ir::Symbol>> arrays = {};
};

/// An algorithm without any schedule: every Func is a stage computed at root, in the order of definition.
struct Algorithm {
    Module module;
    std::vector<Definition> definitions; ///< in program order
};

/// Builds the Module of `outputs` and everything that they use; arguments are `inputs` in this order
/// (default: all used, in order of creation), then the outputs. Infers the regions of shapeless Funcs, checks
/// those of shaped ones. The captured Funcs can take no further definitions afterwards.
/// \throws Error naming both regions when a required region leaves a declared one.
Algorithm build(const std::vector<Func>& outputs, const std::vector<Input>& inputs = {},
                const std::string& name = "");

/// A definition as a schedule names it: `s[C]` is the last one. Implicit from Func, at the user's line.
struct StageRef {
    ir::Symbol func;
    Loc loc;
    StageRef(const Func& f, Loc l = Loc::current());
    StageRef(const Kernel& k, Loc l = Loc::current()); ///< a kernel is one definition
    StageRef(ir::Symbol f, Loc l) : func(std::move(f)), loc(l) {}
};

/// A loop as a schedule names it: the user's Var or RDom dimension, or a loop handle that a primitive
/// returned (its loop symbol). Implicit from Var, RVar, a one-dimensional RDom, and every class with `using
/// loop_handle = void;`, symbol() and name().
struct LoopRef {
    ir::Symbol symbol;
    std::string name;
    Loc loc;
    template <NamesLoop T>
    LoopRef(const T& loop, Loc l = Loc::current()) : symbol(loop.symbol()), name(loop.name()), loc(l) {}
    LoopRef(ir::Symbol s, std::string n, Loc l) : symbol(std::move(s)), name(std::move(n)), loc(l) {}
};

} // namespace lathe
