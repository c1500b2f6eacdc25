#pragma once
/// \file Calls of Functions, as primitives name and replace them.

#include "edit.h"

namespace lathe::schedule {

using namespace ir;

/// The call itself, and whether it is a process of a dataflow.
using ReplaceCall = std::function<Stmt(const CallStmt&, const Stmt& self, bool process)>;

/// `body` with what `replace` makes of each call that stands in the stage and calls one of `callees`, in
/// program order.
Stmt replace_calls(const Stmt& body, const Symbol& func, int definition, const std::set<std::string>& callees,
                   const ReplaceCall& replace);

/// The Functions that calls of `callee` call: its own, and the copies that some of them have for themselves.
std::set<std::string> called_as(const State& s, const Symbol& callee);

/// How many calls of it the Module has.
size_t calls_of(const Module& m, const std::string& function);

/// Refuses unless the step's stage has calls of its target, and one of the step's number.
void check_calls(const Edit& e);

/// Takes out Functions that nobody calls any more.
void drop_uncalled(Edit& e);

/// What the call `c` of `f` does, as it stands in the step's Function. `copy`: of f's body
Stmt body_at_call(Edit& e, const Function& f, const CallStmt& c, const Stmt& copy);

/// What the loops of a Function's program are called where a copy of it stands. `copied`: its loops and
/// tensors, and those of the copy.
std::vector<std::pair<Symbol, Symbol>> loops_of_copy(const Edit& e, const Definition& d, const Stmt& body,
                                                     const std::map<Symbol, Symbol>& copied);

} // namespace lathe::schedule
