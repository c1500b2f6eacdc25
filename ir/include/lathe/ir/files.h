#pragma once
/// \file Output files.

#include <string>
#include <string_view>

namespace lathe::ir {

/// Writes the file whole or not at all: into another file beside it, which then takes its name.
/// \throws Error naming the path.
void write_file(const std::string& path, std::string_view content);

} // namespace lathe::ir
