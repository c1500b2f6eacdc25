#pragma once
/// \file Steps on how tensors are stored.

#include "edit.h"

namespace lathe::schedule {

using namespace ir;

/// The tensor is declared in the Function: as an argument, a constant, an array, or a block of a stream.
bool declares(const Function& f, const Symbol& tensor);

bool is_argument(const Function& f, const Symbol& tensor);

/// Changes the declarations of the tensor that the step names, of the accumulator that quantize gave it and
/// of their copies. \throws Error (by e.refuse) where it is an argument, a block of a stream, what an extern
/// function takes, or was inlined.
void restore_tensors(Edit& e, const std::function<void(Tensor&)>& change);

/// The same for their layouts, which are checked. One list of dimensions is there for all calls of `change`.
void change_layout(Edit& e, const std::function<void(const Tensor&, Layout&)>& change);

/// The dimensions, stored ones, that the step's first number means. \throws Error (by e.refuse) if there is
/// no such dimension.
std::vector<size_t> step_dimensions(const Edit& e, const Tensor& t);

/// The extents of a tensor as its layout's dimensions count them: those of its shape, if it has one.
std::vector<Expr> counted_extents(const Tensor& t);

/// The dimension whose neighbours are neighbours in memory. \pre the tensor has one
size_t innermost_dimension(const Tensor& t);

/// What pack and unpack count, by number or by the type of a word: so many elements of the tensor.
/// \throws Error (by e.refuse) unless they fill it.
int64_t words_of(const Edit& e, const Tensor& t);

/// The dimension that has words: where the step names one, it must be that one.
size_t word_dimension(const Edit& e, const Tensor& t);

} // namespace lathe::schedule
