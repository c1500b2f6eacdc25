#pragma once

#include <vector>

namespace lathe::ir {

struct Board {
    const char* name;
    const char* text;
};

/// The texts of ir/arch/boards/NAME.json, by name.
const std::vector<Board>& boards();

} // namespace lathe::ir
