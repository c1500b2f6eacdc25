#include "lathe/ir/loop_facts.h"

namespace lathe::ir {

Interval interval_of(const Expr& first, const Expr& extent) {
    return {first, isub(iadd(first, extent), index(1))};
}
Interval interval_of(const Dim& d) {
    return interval_of(d.min, d.extent);
}
Interval interval_of(const For& loop) {
    return interval_of(loop.min, loop.extent);
}

void enter_loop(Facts& facts, const For& loop) {
    facts.bound(loop.var, interval_of(loop));
}

} // namespace lathe::ir
