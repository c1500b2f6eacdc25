/// \file Math calls: which there are, and the pass that replaces them.

#include "lathe/ir/math.h"

#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe::ir {

namespace {

class MathLowering : public Mutator {
  protected:
    using Mutator::visit;
    Expr visit(const Call& c, const Expr& e) override {
        return is_math(c.function) ? expand_math(c.function, (*this)(c.arguments), c.loc) : rebuilt(e);
    }
};

} // namespace

bool is_math(const std::string& function) {
    const auto names = {"exp", "log", "tanh", "sin", "cos", "pow"};
    return std::find(names.begin(), names.end(), function) != names.end();
}

Expr lower_math(const Expr& e) {
    return MathLowering()(e);
}

Stmt lower_math(const Stmt& s) {
    return MathLowering()(s);
}

Module lower_math(const Module& m) {
    Module r = m;
    MathLowering lower;
    for (Function& f : r.functions)
        f.body = lower(f.body);
    return r;
}

} // namespace lathe::ir
