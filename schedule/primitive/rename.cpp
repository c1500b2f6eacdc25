#include "rename.h"

namespace lathe::schedule {

namespace {

void run(Edit& e) {
    Symbol loop = e.loop(0), named = loop.renamed(e.step().words[0]);
    if (named.name().empty()) e.refuse("the name is empty");
    Path path = e.path(loop);
    const For& f = *path.back().as<For>();
    Stmt body = substitute(f.body, {{loop, var(named)}});
    e.set_body(rebuild(path, For::make(named, f.min, f.extent, f.loop, std::move(body), f.loc)));
}

constexpr WordOperand words[] = {{"name"}};

} // namespace

constinit const Primitive primitives::rename{
    .name = "rename",
    .text = "another name for a loop in what is printed",
    .run = run,
    .acts_on = ActsOn::loops,
    .named = Named::kept,
    .of_place = false,
    .loops = {1, 1},
    .words = words,
};

} // namespace lathe::schedule
