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
    Kind kind() const { return what; }
    Type type() const { return chosen; } ///< of Kind::type

  private:
    Kind what;
    Type chosen;
};
/// As wide as the sum needs: ceil(log2 n) more bits than the value added n times. The tensor is written once,
/// at the end.
inline const Accumulate exact{Accumulate::Kind::exact};
/// The tensor's type, rounded at every step, as in C (the default).
inline const Accumulate tensor{Accumulate::Kind::tensor};

struct QuantizeOptions {
    Accumulate accumulate = tensor;
    std::optional<Type> literals = std::nullopt; ///< type of the real literals in the Func's definitions
};

class KernelArray;

/// A tensor as quantize names it: a Func, an Input, a kernel's Output or InOut, or one value of a Func of
/// several.
struct TensorRef {
    Symbol symbol;
    bool is_value = false;
    TensorRef(const Func& f) : symbol(f.symbol()) {}
    TensorRef(const Func& f, size_t value) : symbol(f.symbol(value)), is_value(true) {}
    TensorRef(const ReadTensor& t) : symbol(t.symbol()) {}
    TensorRef(const KernelArray& t);
    explicit TensorRef(Symbol s) : symbol(std::move(s)), is_value(true) {}
};

/// One tensor of one call of quantize.
struct TypeStep {
    Symbol tensor;
    Type type;
    QuantizeOptions options;
    Loc loc;
    Symbol accumulator;             ///< the tensor that accumulates, when there is one
    std::vector<Symbol> copy_loops; ///< the loops that write it back
};

} // namespace lathe
