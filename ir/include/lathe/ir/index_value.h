#pragma once
/// \file Numbers of index expressions, where all variables have one.

#include "lathe/ir/expr.h"

#include <functional>

namespace lathe::ir {

/// The value of an Index or a Bool (1, 0) of subscripts, where `of` gives that of each variable. None: it
/// holds something else, or leaves 64 bits.
std::optional<int64_t> index_value(const Expr& e,
                                   const std::function<std::optional<int64_t>(const Symbol&)>& of);

} // namespace lathe::ir
