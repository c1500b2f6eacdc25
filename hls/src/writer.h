#pragma once
/// \file Lines of C++ with indentation.

#include "lathe/ir/error.h"

#include <algorithm>

namespace lathe::hls {

using namespace ir;

struct Writer {
    std::string text;
    int indent = 0;
    bool hls = true; ///< else pragmas of HLS are left out

    /// Hundreds of levels would make a text of spaces, whose length is the square of the program's.
    void line(const std::string& s) {
        constexpr int deepest = 32;
        text.append(static_cast<size_t>(std::min(indent, deepest)) * 4, ' ').append(s) += '\n';
    }
    /// At the left edge, as pragmas and preprocessor lines stand.
    void edge(const std::string& s) {
        if (hls || !s.starts_with("#pragma HLS")) text += s + "\n";
    }
};

} // namespace lathe::hls
