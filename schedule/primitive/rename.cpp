#include "rename.h"

namespace lathe::schedule {

void rename(Edit& e) {
    Symbol loop = e.loop(0), named = loop.renamed(e.step().words[0]);
    if (named.name().empty()) e.refuse("the name is empty");
    Path path = e.path(loop);
    const For& f = *path.back().as<For>();
    Stmt body = substitute(f.body, {{loop, var(named)}});
    e.set_body(rebuild(path, For::make(named, f.min, f.extent, f.loop, std::move(body), f.loc)));
}

} // namespace lathe::schedule
