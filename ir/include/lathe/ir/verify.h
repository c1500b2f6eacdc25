#pragma once
#include "lathe/ir/stmt.h"

namespace lathe {

/// Checks a Module's form: every symbol is defined once and used in scope, operand types are legal, subscripts are Index and of
/// the tensor's rank, tensors' element types agree with loads and stores, constant subscripts lie in bounds.
/// \throws InternalError naming the first fault, with the statement printed.
void verify(const Module& m);

} // namespace lathe
