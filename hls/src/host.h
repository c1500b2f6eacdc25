#pragma once
/// \file The program that runs on the host, and starts kernels.

#include "kernel.h"

namespace lathe::hls {

/// The kernels of a program, each as the top Function of a Module.
std::vector<Module> kernels_of(const Module& m);
/// \throws Error for what runs on the host and belongs into a kernel, or is defined in several files.
void check_host(const Module& m);
/// The host's tensors that are copied lie in memory as they do on the device.
Module copied_plainly(const Module& m);
/// host.cpp, and the header with its declaration.
std::string host_source(const Program& p);
std::string host_header(const Program& p);
/// The kernels' names with their functions, for the simulation.
std::string kernel_table(const Program& p);

} // namespace lathe::hls
