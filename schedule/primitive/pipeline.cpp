#include "pipeline.h"

#include "../src/tag.h"

namespace lathe::schedule {

namespace {

void run(Edit& e) {
    const int64_t interval = e.step().numbers[0];
    if (interval < 1)
        e.refuse("an iteration can start every cycle at best: the interval {} is below 1", interval);
    for (const Symbol& loop : e.loops(0)) {
        serial_loop(e, loop);
        set_kind(e, loop, LoopKind::pipeline(interval));
    }
}

} // namespace

constinit const Primitive primitives::pipeline{
    .name = "pipeline",
    .text = "in hardware an iteration starts every so many cycles",
    .run = run,
    .acts_on = ActsOn::loops,
    .named = Named::kept,
    .of_place = false,
    .loops = {1, 1},
    .numbers = {1, 1},
    .every = true,
};

} // namespace lathe::schedule
