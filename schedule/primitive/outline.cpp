#include "outline.h"

#include "../src/outlined.h"
#include "../src/processes.h"

#include "lathe/ir/text.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

void check_name_is_free(const Edit& e, const std::string& name) {
    if (!is_c_identifier(name))
        e.refuse("{} is no identifier: a Function is called by letters, digits and _",
                 quoted_text(name.empty() ? "an empty name" : name));
    const auto taken = [&](const Symbol& s) { return s.name() == name; };
    const State& s = e.state();
    bool found = std::ranges::any_of(*s.definitions, [&](const Definition& d) { return taken(d.func); });
    for (const Function& f : s.module.functions) {
        found = found || f.name == name;
        for (const Argument& a : f.arguments)
            found = found || taken(a.tensor.symbol);
    }
    if (found) e.refuse("{} is the name of something else here: give the Function another one", name);
}

/// What a Function cannot hold, or cannot be given.
void check_body(const Edit& e, const Stmt& nest) {
    for_each_stmt(nest, [&](const Stmt& s) {
        if (const Stage* g = s.as<Stage>())
            e.refuse("{} is computed inside it: call outline before that", g->func.name());
    });
    check_piece(e, nest, "it");
}

void run(Edit& e) {
    const Symbol loop = e.loop(0);
    const std::string& name = e.step().words[0];
    check_name_is_free(e, name);
    const Path path = e.path(loop);
    const Stmt nest = path.back();
    check_body(e, nest);
    check_outlined_tensors(e, e.function(), path);
    const Outlined made(tensors_in_scope(e.function(), path), nest, name);
    const Symbol stage = e.result(0, name);
    Definition d{stage, name, 0, e.step().loc, {}};
    std::set<Symbol> inside;
    for (const For* f : loops_in(nest))
        inside.insert(f->var);
    for (const auto& [variable, own] : e.state().definition(e.step().func, e.step().definition)->loops) {
        const std::vector<Symbol> now = e.images(own);
        if (std::ranges::any_of(now, [&](const Symbol& s) { return inside.contains(s); }))
            d.loops.emplace_back(variable, own);
    }
    const Function f = made.with_body(Stage::make(stage, 0, nest, nest.loc()));
    e.set_body(rebuild(path, made.call(nest.loc())));
    e.add_function(f);
    e.define(std::move(d));
    e.trust(f);
}

constexpr WordOperand words[] = {{"name of the Function"}};

} // namespace

constinit const Primitive primitives::outline{
    .name = "outline",
    .text = "a loop and all in it become a Function that is called in its place",
    .run = run,
    .acts_on = ActsOn::loops,
    .named = Named::kept,
    .of_place = true,
    .loops = {1, 1},
    .words = words,
    .makes_functions = true,
};

} // namespace lathe::schedule
