#pragma once
/// \file Where the elements of a tensor lie: the one place that turns subscripts into addresses.

#include "lathe/ir/stmt.h"

#include <algorithm>

namespace lathe::ir {

/// One dimension as it is stored: element i of the tensor's dimension `of` is at position
/// (i − min) mod fold, or i − min without folding, which is less than `room`.
struct StoredDim {
    size_t of;
    Expr min, room, stride; ///< Index; the stride in elements
    int64_t fold = 0;
    Partition partition = Partition::none;
    int64_t factor = 0;
    /// The position of element i.
    Expr position(const Expr& i) const;
};

/// A tensor in memory: its dimensions outermost first, dense from the first element on.
struct Storage {
    std::vector<StoredDim> dims;
    std::vector<Dim> reshaped; ///< the tensor's own dimensions, if those that are stored are others
    Expr size;                 ///< elements, with room that nobody uses
    std::vector<Expr> positions(const std::vector<Expr>& at) const;
    /// From the first element, in elements.
    Expr offset(const std::vector<Expr>& at) const;
    /// The stride of each of the tensor's own dimensions.
    std::vector<Expr> strides() const;
};

/// The room of a dimension is its extent (at most its fold) with the padding, rounded up to a multiple of the
/// alignment, and in the innermost stored dimension of the words of `pack` elements, too. A shape changes no
/// address: elements are found by their row-major number.
Storage layout(const Tensor& t);

/// Subscripts that are equal just where two elements share their place: what orders accesses.
std::vector<Expr> cells(const Tensor& t, const std::vector<Expr>& at);
/// How many positions of dimension `d` there is room for; 0: for all.
inline int64_t fold_of(const Tensor& t, size_t d) {
    return t.layout.dims.empty() || !t.layout.shape.empty() ? 0 : t.layout.dims[d].fold;
}
inline bool folded(const Tensor& t) {
    return std::ranges::any_of(t.layout.dims, [](const DimLayout& d) { return d.fold > 0; });
}

/// \throws Error, saying why, unless the layout is one of a tensor of that rank: an order is a permutation,
/// pad ≥ 0, align, pack ≥ 1, fold ≥ 0, factors ≥ 1. With a shape there are banks and words only, and words
/// that fill its last dimension.
void check_layout(const Layout& l, size_t rank, const std::string& name, Loc loc);
/// The same of a tensor's own layout. \throws Error when its shape has another number of elements, or that
/// number is not constant.
void check_layout(const Tensor& t);

/// \throws Error where the statements cannot use a tensor that is stored so: an extern function knows
/// row-major tensors only, and a part of a folded one is not seen by itself.
void check_layout_uses(const Stmt& body, const Symbol& tensor, const Layout& l);

/// What is not plain in it: ", shape (8, 4), order (1, 0), pad (0, 2), fold (3, 0), partition (complete,
/// cyclic 4), pack 8".
std::string layout_text(const Layout& l);

/// Is an element's place in memory the plain one? Banks and words do not count, as long as no room is added.
bool stored_plainly(const Layout& l);

/// A folded dimension that is completely partitioned becomes a shift register, where the tensor is filled
/// position after position by one store and read behind it: the newest position stands last, and storing one
/// moves the others down. Other ones stay as they are.
Module shift_folds(const Module& m);

/// Tensors become those that are stored: row-major, from position 0 on, with all their room, and accesses are
/// of those. Calls pass whole tensors.
/// \param shapes arrays are those of a C++ program: they have the shape that their layout gives them, and
/// banks and words stay as what their dimensions say. Else only places count, and no layout is left.
Module store_by_layout(const Module& m, bool shapes);

} // namespace lathe::ir
