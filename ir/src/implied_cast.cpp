#include "lathe/ir/implied_cast.h"

namespace lathe::ir {

std::vector<Expr> common_float(std::vector<Expr> operands, Loc loc) {
    Type t = RealType();
    for (Expr& e : operands) {
        if (const auto* c = dynamic_cast<const ImpliedCast*>(e.get())) e = c->a;
        const Type other = e.type();
        if (other.is_float()) t = t.is_real() ? other : aligned_type(t, other, loc);
    }
    if (t.is_real()) t = Float(32);
    for (Expr& e : operands)
        if (e.type() != t) e = Expr(std::make_shared<const ImpliedCast>(t, e, e.loc()));
    return operands;
}

} // namespace lathe::ir
