#pragma once
/// \file Tensors whose elements steer the program: another type for them is another program.

#include "lathe/ir/stmt.h"

namespace lathe::schedule {

using namespace ir;

/// Where an element of a tensor is, by itself, a subscript, a loop's bound or a condition.
struct Steering {
    const char* as; ///< "a subscript"
    Loc loc;
};

/// The first such use, if there is one.
std::optional<Steering> steering(const Stmt& body, const Symbol& tensor);

} // namespace lathe::schedule
