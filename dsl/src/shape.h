#pragma once
/// \file Extents of declared tensors.

#include "nodes.h"

namespace lathe {

using namespace ir;

/// Declares a tensor's dimensions. \throws Error unless each is made of integers and sizes.
void set_shape(TensorData& tensor, const Shape& shape);

/// A tensor's dimensions as a shape of another.
Shape shape_of(const TensorData& tensor, Loc loc);
/// The same as the IR has them.
std::vector<Dim> declared_dims(const TensorData& tensor);

/// \throws Error if it is empty.
void check_name(const Name& name);

/// \throws Error unless tensors can have such elements, or if the name is empty.
void check_element_type(Type t, const Name& name);

/// A declared extent or min as a value.
Expr extent_value(const TensorData& tensor, size_t dimension);
Expr min_value(const TensorData& tensor, size_t dimension);

/// An integer expression of literals and sizes as an Index. `/` and `%` are those of non-negative numbers:
/// \throws Error unless they are.
Expr size_index(const Expr& e);

} // namespace lathe
