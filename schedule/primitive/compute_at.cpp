#include "compute_at.h"

#include "../src/placement.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

/// Whether a definition of `reader` reads the values of `func`.
bool reads(const Edit& e, const Symbol& reader, const Symbol& func) {
    bool found = false;
    for_each_stmt(e.state().base.top().body, [&](const Stmt& s) {
        const Stage* g = s.as<Stage>();
        found |= g && g->func == reader && reads_any(s, value_tensors(e.state(), func));
    });
    return found;
}

void check_roles(const Edit& e) {
    const Symbol &func = e.step().func, &consumer = e.step().target;
    if (!reads(e, func, consumer) || reads(e, consumer, func)) return;
    const auto& arguments = e.state().module.top().arguments;
    const bool argument =
        std::ranges::any_of(arguments, [&](const Argument& a) { return a.tensor.symbol == func; });
    e.refuse("{0} {2}reads {1}: the Func that is computed comes first, then its consumer. Try "
             "compute_at({1}, {0}, …)",
             func.name(), consumer.name(), argument ? "is an argument of the function, and " : "");
}

void run(Edit& e) {
    check_roles(e);
    const Step& s = e.step();
    const bool every = s.every;
    std::vector<Symbol> loops;
    if (every)
        loops = e.copies(s.loops[0], s.target, s.target_definition);
    else
        loops = {e.resolve(s.loops[0], s.target, s.target_definition)};
    const Taken taken = take(e);
    if (every)
        place_in_copies(e, loops, taken.stages, taken.pure);
    else
        place(e, s.func, loops[0], taken.stages, taken.pure);
    follow(e, taken.stages, taken.before);
}

} // namespace

constinit const Primitive primitives::compute_at{
    .name = "compute_at",
    .text =
        "a Func is computed inside a consumer's loop, or each copy of it: the part that one iteration reads",
    .run = run,
    .acts_on = ActsOn::func,
    .named = Named::kept,
    .of_place = false,
    .loops = {1, 1},
    .every = true,
    .consumer = true,
    .moves = true,
};

} // namespace lathe::schedule
