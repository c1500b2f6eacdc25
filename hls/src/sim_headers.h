#pragma once
/// \file The text of the headers in hls/sim.

#include <vector>

namespace lathe::hls {

struct Header {
    const char* path; ///< in a project's folder
    const char* text;
};

/// What every project has.
const std::vector<Header>& project_headers();

/// What a project with streams has, too. Vitis finds none of them but lathe_marks.h; the test bench is
/// compiled with the folders "." and "sim" among those of headers.
const std::vector<Header>& simulation_headers();

/// What stands in for XRT's headers, where a program runs on host and device.
const std::vector<Header>& device_headers();

} // namespace lathe::hls
