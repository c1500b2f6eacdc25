#include "stencil_places.h"

namespace lathe::schedule::stencil {

namespace {

/// Adds first ≤ e < end, as far as min ≤ e < limit does not say so.
void within(Expr& all, const Expr& e, Columns want, Columns is) {
    if (is.first < want.first) all = and_also(all, at_most(index(want.first), e));
    if (want.end < is.end) all = and_also(all, less(e, index(want.end)));
}

} // namespace

Expr zero(Type t) {
    return Constant::make(t.is_float() ? Value::from_double(t, 0) : Value::from_raw(t, 0));
}

Argument argument(const Tensor& t, Direction direction) {
    Argument a{t, direction};
    a.tensor.symbol = Symbol(t.symbol.name());
    a.tensor.data = nullptr;
    a.tensor.space = MemorySpace::heap();
    a.tensor.layout = {};
    a.tensor.origin = TypeOrigin::declared;
    return a;
}

Expr and_also(const Expr& a, const Expr& b) {
    return a.defined() ? Binary::make(BinaryOp::logical_and, a, b) : b;
}

Place place(const Design& d, size_t flow, const std::vector<Expr>& on_grid, Wanted wanted) {
    const Grid& g = d.grid;
    const Box &box = d.stencil.flows[flow].box, &grid = g.first_strip();
    Place p;
    for (size_t n = 0; n < box.rank(); ++n) {
        const Expr& at = on_grid[g.place(n)];
        const Strips* cut = g.cut(n);
        const int64_t shift = box.first[n] - grid.first[n];
        if (!cut) {
            p.at.push_back(simplify(iadd(index(grid.first[n]), at)));
            within(p.inside, at, {shift, shift + box.extent[n]}, {0, grid.extent[n]});
            continue;
        }
        const Columns width{0, grid.extent[n]};
        Columns there = wanted == Wanted::own      ? Columns{shift, shift + cut->step}
                        : wanted == Wanted::needed ? g.needed(flow, n)
                                                   : width;
        within(p.inside, at, there, width);
        const Expr e = iadd(at, imul(index(cut->step), on_grid[g.cut_place(n)]));
        there.end += (cut->count - 1) * cut->step;
        within(p.inside, e, {shift, shift + box.extent[n]}, there);
        p.at.push_back(simplify(iadd(index(grid.first[n]), e)));
    }
    return p;
}

std::vector<Expr> of_row(const Grid& g, const Expr& row) {
    std::vector<Expr> all;
    for (size_t d = 0; d + 1 < g.rank(); ++d) {
        const int64_t rows = g.stride(d) / g.row();
        Expr at = rows == 1 ? row : ifloordiv(row, index(rows));
        if (d > 0) at = ifloormod(at, index(g.extent(d)));
        all.push_back(at);
    }
    return all;
}

} // namespace lathe::schedule::stencil
