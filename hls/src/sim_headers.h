#pragma once
/// \file The text of the headers in hls/sim.

namespace lathe::hls {

extern const char* const lathe_hls_header;
extern const char* const lathe_testbench_header;

} // namespace lathe::hls
