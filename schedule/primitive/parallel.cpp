#include "parallel.h"

#include "../src/tag.h"

namespace lathe::schedule {

namespace {

void run(Edit& e) {
    for (const Symbol& loop : e.loops(0)) {
        Path path = serial_loop(e, loop);
        for (const Stmt& s : path)
            if (const For* f = s.as<For>(); f && f->runs().lockstep)
                e.refuse("loop {} around it is vectorized", f->var.name());
        prove_kind(e, loop, LoopKind::parallel());
        set_kind(e, loop, LoopKind::parallel());
    }
}

} // namespace

constinit const Primitive primitives::parallel{
    .name = "parallel",
    .text = "the iterations run on threads",
    .run = run,
    .acts_on = ActsOn::loops,
    .named = Named::kept,
    .of_place = false,
    .loops = {1, 1},
    .every = true,
};

} // namespace lathe::schedule
