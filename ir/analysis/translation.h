#pragma once
/// \file Index expressions and conditions as sets, for one access on one side.

#include "instances.h"

#include <unordered_map>

namespace lathe::ir {

class Translation {
  public:
    Translation(Instances& all, int side) : in(all), side(side) {}
    isl::Affine index(const Expr& e, size_t moment);
    isl::Set condition(const Expr& e, size_t moment);
    const std::set<size_t>& terms() const { return used; }

  private:
    static constexpr size_t most_pieces = 24; ///< of an expression; a condition may have twice as many
    static constexpr int most_nodes = 3000;

    isl::Affine make_index(const Expr& e, size_t moment);
    isl::Set make_condition(const Expr& e, size_t moment);
    isl::Set compare(BinaryOp op, const isl::Affine& a, const isl::Affine& b) const;
    std::optional<isl::Set> combine(const Binary& b, size_t moment);
    isl::Affine variable(const Variable& v);
    isl::Affine binary(const Binary& b, const Expr& e, size_t moment);
    isl::Affine divide(const Binary& b, const Expr& e, size_t moment);
    isl::Set division_constraint(const Division& d) const;
    /// Whether its value may differ between two instances.
    bool varies(const Expr& e, size_t moment);
    bool let_varies(const Symbol& symbol, const Timed& value);
    isl::Affine opaque(const Expr& e, size_t moment);
    isl::Set opaque_condition(const Expr& e, size_t moment);
    size_t find(const Expr& e, size_t moment, int side) const;
    isl::Affine use(size_t term);

    Instances& in;
    int side;
    int nodes = 0;
    std::set<size_t> used;
    std::map<std::pair<const ExprNode*, size_t>, isl::Affine> affines;
    std::map<std::pair<const ExprNode*, size_t>, isl::Set> sets;
};

} // namespace lathe::ir
