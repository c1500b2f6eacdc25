#pragma once
/// \file What the comparing operators mean, and how they relate.

#include "lathe/ir/error.h"
#include "lathe/ir/type_rules.h"

namespace lathe::ir {

/// "a op b" of two things that C++ orders; false for NaN but for ne. \pre is_compare(op)
template <class T> bool compare(BinaryOp op, const T& a, const T& b) {
    switch (op) {
    case BinaryOp::eq:
        return a == b;
    case BinaryOp::ne:
        return a != b;
    case BinaryOp::lt:
        return a < b;
    case BinaryOp::le:
        return a <= b;
    case BinaryOp::gt:
        return a > b;
    case BinaryOp::ge:
        return a >= b;
    default:
        throw InternalError("not a comparison");
    }
}

/// The comparison that holds where `op` does not, of things that are all ordered.
BinaryOp opposite(BinaryOp op);
/// "a op b" as "b op a".
BinaryOp swapped(BinaryOp op);

} // namespace lathe::ir
