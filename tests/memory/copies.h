#pragma once
/// \file The copies between host and device that a program makes.

#include "programs.h"

inline std::vector<lathe::ir::CopyUse> copies_of(const lathe::Module& m) {
    using namespace lathe;
    using namespace lathe::ir;
    std::vector<lathe::ir::CopyUse> used;
    std::vector<AnyBuffer> buffers = make_arguments(m, {}, 1);
    std::vector<AnyBuffer*> arguments;
    for (AnyBuffer& b : buffers)
        arguments.push_back(&b);
    InterpretOptions options;
    options.copies = &used;
    interpret(m, arguments, {}, options);
    return used;
}
