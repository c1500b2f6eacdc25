#include "vectorize.h"

#include "../src/tag.h"

#include "lathe/ir/dependence.h"

namespace lathe::schedule {

namespace {

void run(Edit& e) {
    size_t copy = 0;
    for (const Symbol& loop : e.loops(0)) {
        serial_loop(e, loop);
        const int64_t lanes = e.step().numbers.empty() ? 0 : e.step().numbers[0];
        prove_kind(e, loop, LoopKind::vectorized(), lanes);
        Symbol inner = blocks_of(e, loop, copy++);
        make_constant(e, inner);
        if (std::string reason = no_vector_form(e.seen(e.body()), inner); !reason.empty())
            e.refuse_text(reason);
        for (const Stmt& s : e.path(inner))
            if (const For* f = s.as<For>(); f && f->runs().lockstep)
                e.refuse("loop {} around it is vectorized already", f->var.name());
        set_kind(e, inner, LoopKind::vectorized());
    }
}

} // namespace

constinit const Primitive primitives::vectorize{
    .name = "vectorize",
    .text = "the iterations become lanes of vectors; with a number, so many at a time",
    .run = run,
    .acts_on = ActsOn::loops,
    .named = Named::outer,
    .of_place = true,
    .loops = {1, 1},
    .numbers = {0, 1},
    .every = true,
};

} // namespace lathe::schedule
