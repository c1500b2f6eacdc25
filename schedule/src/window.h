#pragma once
/// \file What one iteration of a loop reads of a tensor, and how that moves from iteration to iteration.

#include "edit.h"

#include "lathe/ir/analysis.h"

namespace lathe::schedule {

using namespace ir;

/// The loop's iteration l reads positions low(l) … low(l) + size − 1 of one dimension, and low(l + 1) =
/// low(l) + step; in the other dimensions it reads the same box in all iterations.
struct Window {
    Tensor source;        ///< as it is declared
    size_t dimension = 0; ///< that moves
    int64_t step = 1;     ///< ≥ 1
    int64_t size = 0;     ///< > step: neighbouring iterations share elements
    Expr newest;          ///< low + size − 1, in terms of the loop and of what is around it
    std::vector<Dim> box; ///< of the other dimensions; empty where the window moves
    Loc read;             ///< of one of the reads
};

/// The tensor's declaration, around the loop at the end of the path or among the Function's. \throws Error
/// (by e.refuse) when there is none.
Tensor declaration(const Edit& e, const Path& path, const Symbol& tensor);

/// That the subscripts lie inside of the tensor, as far as it is not proved; undefined: they do.
Expr inside_tensor(const Tensor& t, const std::vector<Expr>& at, const Facts& facts);

/// Every element of the tensor certainly holds something where the path's loop stands.
bool filled_everywhere(const Edit& e, const Path& path, const Tensor& of);

/// The access touches all of its bounding box: without conditions, and each subscript is steady or runs over
/// a loop of its own.
bool covers_its_box(const Access& a, const Facts& facts);

/// The variables that a statement inside of the loop's body gives a value.
std::set<Symbol> bound_inside(const Stmt& body);

/// \throws Error (by e.refuse) when the body of the loop, at the end of the path, reads the tensor in another
/// way, or something in it writes the tensor.
Window window_of(const Edit& e, const Path& path, const Symbol& tensor);

} // namespace lathe::schedule
