#include "inline_call.h"

#include "../src/calls.h"

#include "lathe/ir/check_bounds.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

/// What a call became: the Function's stage, and its loops with their copies.
struct Opened {
    Symbol stage;
    std::map<Symbol, Symbol> loops;
    Stmt body; ///< the Function's
};

/// The loops of the bodies, by the names that they had in their Functions. Where a Function is gone, all that
/// its loops' handles mean is their copies; else those go on to mean its own.
void name_loops(Edit& e, const std::vector<Opened>& all) {
    std::map<Symbol, std::vector<Symbol>> images;
    std::vector<std::pair<Symbol, Symbol>> named;
    std::set<Symbol> done;
    for (const Opened& o : all) {
        const Definition& d = *e.state().definition(o.stage, 0);
        if (e.state().function_of(o.stage)) {
            const auto own = loops_of_copy(e, d, o.body, o.loops);
            named.insert(named.end(), own.begin(), own.end());
            continue;
        }
        for (const auto& [from, to] : o.loops)
            images[from].push_back(to);
        if (done.insert(o.stage).second) named.insert(named.end(), d.loops.begin(), d.loops.end());
    }
    for (const auto& [from, to] : images)
        e.forward(from, to);
    e.add_loops(named);
}

void run(Edit& e) {
    check_calls(e);
    const Step& s = e.step();
    std::vector<Opened> all;
    int64_t count = 0;
    const Module checked =
        check_views(e.module()); // of the part that a call is given nothing knows afterwards
    const auto open = [&](const CallStmt& c, const Stmt& self, bool process) {
        if (const int64_t n = count++; !s.numbers.empty() && s.numbers[0] != n) return self;
        if (process)
            e.refuse("{} is a process of a dataflow: what it does cannot stand in its place", c.callee);
        const Function& f = checked.function(c.callee);
        const Stmt copy = e.copy(f.body);
        std::map<Symbol, Symbol> loops;
        for (const auto& [from, to] : s.copies.back())
            loops.emplace(from, to);
        all.push_back({*e.state().stage_of(f), std::move(loops), f.body});
        return body_at_call(e, f, c, copy);
    };
    e.set_body(replace_calls(e.body(), s.func, s.definition, called_as(e.state(), s.target), open));
    drop_uncalled(e);
    name_loops(e, all);
}

} // namespace

constinit const Primitive primitives::inline_call{
    .name = "inline_call",
    .text = "the body of a Function stands where it is called; with a number, at this call alone",
    .run = run,
    .acts_on = ActsOn::calls,
    .named = Named::kept,
    .of_place = true,
    .numbers = {0, 1},
    .callee = true,
};

} // namespace lathe::schedule
