#pragma once
/// \file Calls as those want them who know less: no calls and streams at all, or none of views.

#include "lathe/ir/stmt.h"

namespace lathe::ir {

/// Which networks run as threads (network_threads.h): none, those whose processes wait for each other in a
/// cycle, or all.
enum class Threads : uint8_t { none, for_cycles, all };

/// Every call becomes what it calls. The processes of a dataflow run one after the other, each behind those
/// that write what it reads, and a stream becomes an array of all its tokens: what they compute is the same.
/// Those that are threads have rings of the streams' depths; one without a depth has room for all its tokens.
/// \throws Error for a network that is wrong (network_of), or whose processes wait for each other in a cycle
/// and are no threads.
Module inline_calls(const Module& m, Threads threads = Threads::none);

/// Each dataflow that a schedule made of other statements becomes these again.
Module as_origins(const Module& m);
/// … or forgets them.
Module without_origins(const Module& m);

/// What the call `c` of `f` does: `body`, which is f's or a copy of it, on what is given. Its constants are
/// f's, and no stage of f is in it.
Stmt body_of_call(const Function& f, const CallStmt& c, const Stmt& body);

/// Every call passes whole tensors: a Function that is given a view takes the tensor, with its own
/// dimensions, and where the view begins. What a Function is given has the caller's layout there, too.
/// Functions that are given several kinds of views or layouts have a copy for each.
Module pass_whole_tensors(const Module& m);

/// The calls of extern functions in all Functions.
std::vector<const ExternCall*> extern_calls(const Module& m);

/// A parameter that all calls give the same constant is that constant. Calls that give different constants
/// for the size of an array have copies of the Function.
Module fix_constant_params(const Module& m);

} // namespace lathe::ir
