#pragma once
/// \file Lines of C++ with indentation.

#include "lathe/ir/error.h"

namespace lathe::hls {

using namespace ir;

struct Writer {
    std::string text;
    int indent = 0;
    bool hls = true; ///< else pragmas of HLS are left out

    void line(const std::string& s) { text += std::string(static_cast<size_t>(indent) * 4, ' ') + s + "\n"; }
    /// At the left edge, as pragmas and preprocessor lines stand.
    void edge(const std::string& s) {
        if (hls || !s.starts_with("#pragma HLS")) text += s + "\n";
    }
};

} // namespace lathe::hls
