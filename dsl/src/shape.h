#pragma once
/// \file Extents of declared tensors.

#include "nodes.h"

namespace lathe {

/// The Index expressions of a declared shape. \throws Error unless each is made of integers and sizes.
std::vector<Expr> shape_extents(const Shape& shape, const std::string& tensor);

/// \throws Error unless tensors can have such elements.
void check_element_type(Type t, const Name& name);

/// A declared extent as a value.
Expr extent_value(const TensorData& tensor, size_t dimension);

/// An integer expression of literals and sizes as an Index. `/` and `%` are those of non-negative numbers:
/// \throws Error unless they are.
Expr size_index(const Expr& e);

} // namespace lathe
