#include "stencil.h"

#include "../macro/stencil_expand.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

/// Points at a time: more would be no hardware.
constexpr int64_t most_lanes = 1024;

/// Loops and arrays that there are no more.
void consume(Edit& e, const stencil::Stencil& s) {
    for (const stencil::Flow& f : s.flows)
        for (const Stmt& d : f.definitions)
            for (const For* l : loops_in(d))
                e.forward(l->var, {});
    for (const Tensor& t : s.consumed)
        e.forward(t.symbol, {});
}

void run(Edit& e) {
    const int64_t k = e.step().numbers[0];
    if (k < 1 || k > most_lanes)
        e.refuse("{} points at a time: there are at least 1 and at most {}", k, most_lanes);
    const stencil::Stencil s = stencil::read_stencil(e);
    std::vector<Stmt> stages;
    for (const stencil::Flow& f : s.flows)
        if (f.box.rank() == 0 || std::ranges::any_of(f.box.extent, [](int64_t n) { return n <= 0; }))
            e.refuse("{} has no points: nothing flows", f.tensor.symbol.name());
        else
            stages.insert(stages.end(), f.definitions.begin(), f.definitions.end());
    Stmt origin = Block::make(stages);
    if (!s.consumed.empty()) origin = Allocate::make(s.consumed, origin);
    const Stmt network = stencil::expand(e, s, k);
    std::vector<Stmt> all = s.before;
    const Loc loc = e.step().loc;
    all.push_back(Stage::make(e.step().func, 0, Dataflow::make(network, loc, origin), loc));
    all.insert(all.end(), s.behind.begin(), s.behind.end());
    Stmt body = Block::make(std::move(all));
    if (!s.kept.empty()) body = Allocate::make(s.kept, body);
    consume(e, s);
    e.set_body(body);
}

} // namespace

constinit const Primitive primitives::stencil{
    .name = "stencil",
    .text = "a Func and all that it is computed of become a network of processes, joined by streams",
    .run = run,
    .acts_on = ActsOn::func,
    .named = Named::kept,
    .of_place = false,
    .numbers = {1, 1},
};

} // namespace lathe::schedule
