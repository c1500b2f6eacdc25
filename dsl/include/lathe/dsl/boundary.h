#pragma once
/// \file A tensor with values beyond its edges: `auto in_ = repeat_edge(in); … in_(y - 1, x) …`.
///
/// Not a stage: a reference is an expression on the tensor itself. The tensor must not be empty.

#include "lathe/dsl/func.h"

namespace lathe {

enum class Edge : uint8_t { constant, repeat, mirror, mirror_interior, wrap };

/// A shaped tensor that may be read at any position.
class Bounded {
  public:
    Bounded(std::shared_ptr<TensorData> tensor, Edge edge, Expr value = {});

    template <class... I>
        requires(Operable<I> && ...)
    [[nodiscard]] Expr operator()(const Operand& first, I&&... rest) const {
        return at(subscript_list(first, std::forward<I>(rest)...), first.loc());
    }
    [[nodiscard]] Expr operator()(const std::vector<Expr>& subscripts, Loc loc = Loc::current()) const {
        return at(subscripts, loc);
    }

  private:
    Expr at(const std::vector<Expr>& subscripts, Loc loc) const;
    std::shared_ptr<TensorData> tensor;
    Edge edge;
    Expr outside;
};

/// Inputs, constants, and Funcs with a declared shape.
struct Source {
    std::shared_ptr<TensorData> tensor;
    Loc loc;
    Source(const ReadTensor& t, Loc l = Loc::current()) : tensor(t.data()), loc(l) {}
    Source(const Func& f, Loc l = Loc::current());
};

/// A Func with the same elements: a stage of its own, so that a schedule can place the copy.
[[nodiscard]] Func copy(Name name, const Source& source);

/// `value` outside: … v v | a b c | v v …
[[nodiscard]] Bounded constant_edge(const Source& source, const Operand& value);
/// … a a | a b c | c c …
[[nodiscard]] Bounded repeat_edge(const Source& source);
/// The edge is repeated: … b a | a b c | c b …
[[nodiscard]] Bounded mirror(const Source& source);
/// The edge is not repeated: … c b | a b c | b a …
[[nodiscard]] Bounded mirror_interior(const Source& source);
/// … b c | a b c | a b …
[[nodiscard]] Bounded wrap(const Source& source);

} // namespace lathe
