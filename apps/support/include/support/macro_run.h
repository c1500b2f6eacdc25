#pragma once
/// \file `--macro`: an application's algorithm without and with the macro `stencil`, checked and counted.

#include "support/arguments.h"
#include "support/network_check.h"
#include "support/stencil_choice.h"

#include <functional>

namespace support {

/// An algorithm whose schedule may be a network, for an input of height × width.
struct MacroProgram {
    std::string name;
    std::function<lathe::Schedule(int64_t height, int64_t width, const StencilChoice& choice)> make;
};

struct MacroRun {
    bool macro = false; ///< --macro was given
    int64_t unroll = 8;
    std::string type = "all"; ///< f32, fixed16, or all
    double most = 255;        ///< inputs are random numbers below it
    lathe::Type fixed16 = lathe::UFixed(16, 8);

    /// --macro, --unroll and --type.
    void add_options(Arguments& arguments);
};

/// For each program: loops, the macro, `unroll` points in a cycle, and these in fixed16. Each one of a small
/// input is compared in the interpreter and as machine code (where a folder is given also as Vitis C++
/// there); of height × width as machine code; and what it is made of is printed.
/// \throws lathe::Error for the first difference.
void run_macro(const std::vector<MacroProgram>& programs, const MacroRun& run, int64_t height, int64_t width,
               const std::string& folder, Report& report);

} // namespace support
