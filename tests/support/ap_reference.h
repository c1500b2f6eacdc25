#pragma once
/// \file AMD's ap_int and ap_fixed as a reference: a list of typed operations becomes C++ programs, which g++
/// compiles once (the build tree keeps them, keyed by their text) and which this process then loads.

#include "ap_abi.h"
#include "typed_op.h"

class ApReference {
  public:
    /// Compiles what is not in the cache yet; operations may come in any order and more than once.
    /// \throws std::runtime_error with the compiler's output.
    explicit ApReference(const std::vector<TypedOp>& ops);

    /// AMD's results, each with the type that AMD's operator returns. Division by zero gives 0, x % 0 gives
    /// x.
    std::vector<lathe::Value> evaluate(const TypedOp& op, const Rows& rows) const;

  private:
    std::vector<std::pair<std::string, ap_abi::Evaluate>> functions; ///< sorted by their C++ spelling
};
