#pragma once
/// \file What a program will write at its end, looked at before long work.

#include <string>
#include <vector>

namespace lathe {

struct OutputFile {
    std::string option; ///< that names it, for messages
    std::string path;   ///< empty: nothing is written
    bool whole = true;  ///< written whole at the end; else by another one, from the beginning on
};

/// What lies in the files stays. \throws Error naming the option where a file cannot be written, and both
/// where two of them are one file.
void check_outputs(const std::vector<OutputFile>& files);

} // namespace lathe
