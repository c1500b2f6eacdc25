#pragma once
/// \file The tensors of a call.

#include "lathe/ir/buffer.h"
#include "lathe/ir/stmt.h"

namespace lathe::ir {

/// The inputs given, and new buffers for what the Function only writes, in the order of its arguments. Their
/// sizes come from the inputs' and from scalars. \throws Error when there are too few or too many inputs, or
/// when a parameter has no value.
std::vector<AnyBuffer> call_buffers(const Function& f, const std::vector<AnyBuffer>& inputs,
                                    const std::map<std::string, Value>& scalars);

} // namespace lathe::ir
