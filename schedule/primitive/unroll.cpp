#include "unroll.h"

#include "../src/tag.h"

namespace lathe::schedule {

namespace {

void run(Edit& e) {
    size_t copy = 0;
    for (const Symbol& loop : e.loops(0)) {
        Symbol inner = blocks_of(e, loop, copy++);
        make_constant(e, inner);
        set_kind(e, inner, LoopKind::unrolled());
    }
}

} // namespace

constinit const Primitive primitives::unroll{
    .name = "unroll",
    .text = "the iterations become copies; with a number, so many at a time",
    .run = run,
    .acts_on = ActsOn::loops,
    .named = Named::outer,
    .of_place = true,
    .loops = {1, 1},
    .numbers = {0, 1},
    .every = true,
};

} // namespace lathe::schedule
