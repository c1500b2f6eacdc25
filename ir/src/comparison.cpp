#include "lathe/ir/comparison.h"

namespace lathe::ir {

BinaryOp opposite(BinaryOp op) {
    switch (op) {
    case BinaryOp::lt:
        return BinaryOp::ge;
    case BinaryOp::le:
        return BinaryOp::gt;
    case BinaryOp::gt:
        return BinaryOp::le;
    case BinaryOp::ge:
        return BinaryOp::lt;
    case BinaryOp::eq:
        return BinaryOp::ne;
    case BinaryOp::ne:
        return BinaryOp::eq;
    default:
        return op;
    }
}

BinaryOp swapped(BinaryOp op) {
    switch (op) {
    case BinaryOp::lt:
        return BinaryOp::gt;
    case BinaryOp::le:
        return BinaryOp::ge;
    case BinaryOp::gt:
        return BinaryOp::lt;
    case BinaryOp::ge:
        return BinaryOp::le;
    default:
        return op;
    }
}

} // namespace lathe::ir
