#pragma once
/// \file Type steps: which tensors get which types.

#include "lathe/dsl/algorithm.h"

namespace lathe {

/// The type in which a Func's updates accumulate.
class Accumulate {
  public:
    enum class Kind : uint8_t { tensor, exact, type };
    explicit Accumulate(Kind k) : what(k) {}
    Accumulate(Type t) : what(Kind::type), chosen(t) {}
    /// As wide as the sum needs: ceil(log2 n) more bits than the value added n times. The tensor is written
    /// once, at the end.
    static const Accumulate exact;
    /// The tensor's type, rounded at every step, as in C (the default).
    static const Accumulate tensor;
    Kind kind() const { return what; }
    Type type() const { return chosen; } ///< of Kind::type

  private:
    Kind what;
    Type chosen;
};
inline const Accumulate Accumulate::exact{Accumulate::Kind::exact};
inline const Accumulate Accumulate::tensor{Accumulate::Kind::tensor};

struct QuantizeOptions {
    Accumulate accumulate = Accumulate::tensor;
    std::optional<Type> literals = std::nullopt; ///< type of the real literals in the Func's definitions
    /// What the Func is given must fit its type (and its accumulator's), by the static ranges: where it may
    /// wrap or saturate the call is refused (with a value where some input gives one for certain), and so is
    /// every later call that makes it possible. Inputs hold what their types hold: the caller gives them.
    bool strict = false;
};

class KernelArray;

/// A tensor as calls name it: a Func, an Input, a kernel's Output, InOut or array, a constant, or one value
/// of a Func of several.
struct TensorRef {
    ir::Symbol symbol;
    bool is_value = false;
    TensorRef(const Func& f) : symbol(f.symbol()) {}
    TensorRef(const Func& f, size_t value) : symbol(f.symbol(value)), is_value(true) {}
    TensorRef(const ReadTensor& t) : symbol(t.symbol()) {}
    TensorRef(const KernelArray& t);
    explicit TensorRef(ir::Symbol s) : symbol(std::move(s)), is_value(true) {}
};

/// A type for a set of tensors, where one call of quantize gives several.
struct TypeChoice {
    std::vector<TensorRef> tensors;
    Type type;
    QuantizeOptions options = {};
};

} // namespace lathe

namespace lathe::schedule {

/// One tensor of one call of quantize.
struct TypeStep {
    ir::Symbol tensor;
    Type type;
    QuantizeOptions options;
    Loc loc;
    ir::Symbol accumulator;             ///< the tensor that accumulates, when there is one
    std::vector<ir::Symbol> copy_loops; ///< the loops that write it back
};

} // namespace lathe::schedule
