#include "lathe/ir/math.h"

namespace lathe {

Expr expand_math(const std::string& function, const std::vector<Expr>&, Loc loc) {
    fail(loc, "{} cannot be expanded", function);
}

} // namespace lathe
