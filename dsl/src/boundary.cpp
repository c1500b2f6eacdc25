#include "lathe/dsl/boundary.h"

#include "lathe/dsl/math.h"
#include "nodes.h"
#include "shape.h"

namespace lathe {

using namespace ir;

Source::Source(const Func& f, Loc l) : tensor(f.data()), loc(l) {
    if (!tensor->extents)
        fail(l, "{} has no edges, because no shape was declared: write it where {} is made", f.name(),
             f.name());
}

Bounded::Bounded(std::shared_ptr<TensorData> t, Edge e, Expr value)
    : tensor(std::move(t)), edge(e), outside(std::move(value)) {}

namespace {

/// The position inside 0 … n − 1 that stands for position i. The outer clamps of the mirrors change nothing:
/// they show the bounds to interval analysis.
Expr inside(Edge edge, const Operand& i, const Operand& n) {
    const Expr last = n - 1;
    switch (edge) {
    case Edge::repeat:
        return clamp_of(i, 0, last);
    case Edge::wrap:
        return floor_mod(i, n);
    case Edge::mirror: {
        const Expr t = floor_mod(i, 2 * n);
        return clamp(min(t, 2 * n - 1 - t), 0, last);
    }
    case Edge::mirror_interior: {
        const Expr t = floor_mod(i, max(2 * last, 1));
        return clamp(min(t, 2 * last - t), 0, last);
    }
    case Edge::constant:
        break;
    }
    throw InternalError("a constant edge moves no subscript");
}

/// The same within the tensor's coordinates.
Expr inside(Edge edge, const Expr& i, const TensorData& tensor, size_t d, Loc loc) {
    const Operand extent(extent_value(tensor, d), loc);
    if (as_int(tensor.mins[d]) == 0) return inside(edge, Operand(i, loc), extent);
    const Operand first(min_value(tensor, d), loc);
    return first + inside(edge, Operand(Operand(i, loc) - first, loc), extent);
}

} // namespace

Expr Bounded::at(const std::vector<Expr>& subscripts, Loc loc) const {
    if (edge == Edge::constant) {
        Expr load = ElementRef(tensor, subscripts, loc);
        Expr condition;
        for (size_t d = 0; d < subscripts.size(); ++d) {
            const Operand i(subscripts[d], loc);
            const Expr first = min_value(*tensor, d);
            condition = both(both(condition, i >= first), i < first + extent_value(*tensor, d));
        }
        return condition.defined() ? Select::make(condition, load, outside, loc) : load;
    }
    if (subscripts.size() != tensor->extents->size()) return ElementRef(tensor, subscripts, loc);
    std::vector<Expr> moved;
    for (size_t d = 0; d < subscripts.size(); ++d)
        moved.push_back(inside(edge, subscripts[d], *tensor, d, loc));
    return ElementRef(tensor, moved, loc);
}

Bounded constant_edge(const Source& source, const Operand& value) {
    return Bounded(source.tensor, Edge::constant, value.expr());
}
Bounded repeat_edge(const Source& source) {
    return Bounded(source.tensor, Edge::repeat);
}
Bounded mirror(const Source& source) {
    return Bounded(source.tensor, Edge::mirror);
}
Bounded mirror_interior(const Source& source) {
    return Bounded(source.tensor, Edge::mirror_interior);
}
Bounded wrap(const Source& source) {
    return Bounded(source.tensor, Edge::wrap);
}

Func copy(Name name, const Source& source) {
    std::vector<Expr> at;
    for (size_t d = 0; d < source.tensor->extents->size(); ++d)
        at.push_back(Var(Name(fmt::format("{}_{}", name.text, d), name.loc)));
    Func result(name, shape_of(*source.tensor, name.loc)); // its type follows the source's
    result(at, name.loc) = ElementRef(source.tensor, at, name.loc);
    return result;
}

} // namespace lathe
