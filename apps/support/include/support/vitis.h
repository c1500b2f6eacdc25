#pragma once
/// \file `--target vitis`: an application's kernel as a Vitis project, compiled and run on this machine.

#include <lathe/lathe.h>

namespace support {

/// Writes the project into `folder`, compiles it with g++ and AMD's types, and runs its test bench, which
/// compares every output with the interpreter's. \return what the test bench printed. \throws lathe::Error
/// when it fails, or cannot be compiled.
std::string run_vitis(const lathe::Module& kernel, const std::string& folder,
                      const lathe::VitisOptions& options);

} // namespace support
