#include "serial.h"

#include "../src/tag.h"

namespace lathe::schedule {

namespace {

void run(Edit& e) {
    for (const Symbol& loop : e.loops(0))
        set_kind(e, loop, LoopKind::serial());
}

} // namespace

constinit const Primitive primitives::serial{
    .name = "serial",
    .text = "the iterations run one after the other",
    .run = run,
    .acts_on = ActsOn::loops,
    .named = Named::kept,
    .of_place = false,
    .loops = {1, 1},
    .every = true,
};

} // namespace lathe::schedule
