#pragma once
/// \file Vitis HLS C++ from a Module: to be read, compiled by g++ with AMD's ap_types, and synthesised.

#include "lathe/ir/arch.h"
#include "lathe/ir/buffer.h"
#include "lathe/ir/stmt.h"

#include <filesystem>

namespace lathe {

struct VitisOptions {
    /// The kernel's name; empty: the function's. An identifier that is no keyword, no name of the C library
    /// and none in capitals.
    std::string top = {};
    std::string part = "xcu280-fsvh2892-2L-e"; ///< what run_hls.tcl and hls_config.cfg synthesise for
    double clock_ns = 4;                       ///< the clock's period
    /// Values of parameters that no shape of `inputs` gives, by name. Sizes show in loop_tripcount.
    std::map<std::string, Value> scalars = {};
    /// What the test bench runs on: a buffer for each argument that is read, in order. Empty: random values.
    std::vector<AnyBuffer> inputs = {};
    /// Files to take its data from, by the tensors' names: as those in data/, the bits of an element in
    /// hexadecimal in each line.
    std::map<std::string, std::filesystem::path> data = {};
    unsigned seed = 1; ///< of random inputs
};

/// The kernel as one C++ file: `#include`s, then the top function.
///
/// Arguments are pointers to row-major arrays of their C++ type (ap_int, ap_fixed, float, …), each with an
/// m_axi bundle of its own; parameters are scalars on s_axilite. Loops keep their names as labels, and carry
/// `pipeline`, `unroll` (for unrolled and vectorized loops) and `loop_tripcount`. \throws Error, with the
/// user's line, for what has no HLS code: a tensor inside the kernel without a constant bound of its size,
/// vectors; and for a program some of whose stages run on the device (Schedule::to), which is several files.
std::string vitis_source(const Module& module, const VitisOptions& options = {});

/// The declaration of the top function, for the kernel's header file.
std::string vitis_header(const Module& module, const VitisOptions& options = {});

/// The names of the top function, its tensors and parameters that C++ has another use for, each with the
/// identifier that stands for it in the project. The header file says them, too.
std::vector<std::pair<std::string, std::string>> vitis_names(const Module& module,
                                                             const VitisOptions& options = {});

/// The kernels of a program of host and device, each as a Module of its own.
std::vector<Module> vitis_kernels(const Module& module);

/// The host's half of such a program, which starts the kernels by XRT's native C++ API: host.cpp of its
/// project.
std::string vitis_host(const Module& module, const VitisOptions& options = {});

/// Writes a project, all of it or nothing: TOP.h, TOP.cpp, testbench.cpp with its data in data/, Makefile,
/// run_hls.tcl, hls_config.cfg, and the headers that they include beside AMD's. The interpreter computes the
/// expected outputs, so all sizes must be known, from `inputs` or `scalars`. `make` in the folder compiles
/// and runs the test bench: it prints the first difference and fails, or says that there is none. Returns the
/// paths.
///
/// A program of host and device has KERNEL.h and KERNEL.cpp of each kernel, with a configuration for v++, and
/// host.h and host.cpp. Here its kernels run in the test bench's process, beside headers that stand in for
/// XRT's; it prints which copies ran. `make host` links it with XRT.
std::vector<std::filesystem::path> export_vitis(const Module& module, const std::filesystem::path& folder,
                                                const VitisOptions& options = {});

/// For a board: the options with its part, and its clock.
VitisOptions for_board(const Arch& board, VitisOptions options = {});
std::vector<std::filesystem::path> export_vitis(const Module& module, const std::filesystem::path& folder,
                                                const Arch& board, const VitisOptions& options = {});

} // namespace lathe
