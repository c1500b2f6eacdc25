#pragma once
/// \file Macros on the command line: what they are called for is derived from what a generator makes.

#include "search.h"

namespace lathe {

/// A generator's algorithm without the steps of its schedule, and the Func for which a macro is called.
struct Pipeline {
    Schedule schedule;
    ir::Symbol out; ///< the output that is computed last
    /// Each tensor by its name. Those of Bool, and sums inside of an expression, keep what they have.
    std::vector<Exploration::Group> groups = {};

    StageRef stage() const { return {out, {}}; }
    /// All groups as one.
    Exploration::Group every() const;
};

/// \throws Error when it computes nothing that a macro could be called for.
Pipeline pipeline_of(const Schedule& made);

/// A macro and its options, as the command line says them.
struct MacroCall {
    std::string macro = ""; ///< "stencil"; empty: none
    int64_t unroll = 1, iterate = 1;
    std::string tile = "whole";
    bool in_place = false;
    int64_t word = 0;
    std::string type = "";               ///< of every tensor; empty: the algorithm's own
    std::vector<std::string> types = {}; ///< GROUP=TYPE
};

/// "whole" or "64" or "64x128": of dimensions but the outermost. \throws Error saying what is wrong with it.
std::vector<int64_t> read_tile(const std::string& text);
std::string tile_text(const std::vector<int64_t>& tile);
/// \throws Error naming the macros that there are.
void check_macro(const std::string& macro);

/// The schedule of the algorithm that `made` has, with types, sizes and the macro of the command line.
Schedule macro_schedule(const Schedule& made, const MacroCall& call, const std::vector<std::string>& sizes);

} // namespace lathe
