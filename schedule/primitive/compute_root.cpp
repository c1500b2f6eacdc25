#include "compute_root.h"

#include "../src/placement.h"

namespace lathe::schedule {

namespace {

void run(Edit& e) {
    const Symbol& func = e.step().func;
    const Taken taken = take(e);
    Extracted x = taken.stages;
    check_scope(e, x, func, {x.rest});
    const std::vector<Dim>& whole = declared_tensor(e, func).dims;
    restrict_to(x, taken.pure, whole, whole);
    e.set_body(insert_before_use(x.rest, x));
    follow(e, taken.stages, taken.before);
}

} // namespace

constinit const Primitive primitives::compute_root{
    .name = "compute_root",
    .text = "a Func is computed once, outside of all loops",
    .run = run,
    .acts_on = ActsOn::func,
    .named = Named::kept,
    .of_place = false,
    .moves = true,
};

} // namespace lathe::schedule
