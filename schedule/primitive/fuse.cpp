#include "fuse.h"

#include "lathe/ir/planted.h"

#include "../src/hull.h"
#include "../src/tag.h"

namespace lathe::schedule {

namespace {

/// The inner loop and the conditions between the two.
struct Inside {
    std::vector<Stmt> guards;
    const For* loop = nullptr;
};

Inside directly_inside(const Edit& e, const For& outer, const Symbol& inner) {
    Inside in;
    Stmt s = outer.body;
    while (const If* i = s.as<If>()) {
        if (i->else_body.defined()) break;
        if (!tensors_read(i->condition).empty())
            e.refuse("the condition at {} between the loops reads a tensor", i->loc.str());
        in.guards.push_back(s);
        s = i->then_body;
    }
    in.loop = s.as<For>();
    if (!in.loop || !(in.loop->var == inner))
        e.refuse("{} is not directly inside {}", inner.name(), outer.var.name());
    return in;
}

/// The loops' bounds are evaluated before them, outside of what stands between them, and in the body again.
void check_bounds(const Edit& e, const Path& path, const For& o, const For& i) {
    const std::set<Symbol> written = tensors_written(o.body);
    for (const For* f : {&o, &i})
        for (const Expr& bound : {f->min, f->extent})
            for (const Symbol& t : tensors_read(bound))
                if (written.contains(t))
                    e.refuse("the bounds of {} read {}, which the loops write", f->var.name(), t.name());
    const Facts facts = e.facts(path);
    for (const Expr& bound : {i.min, i.extent})
        if (const auto t = e.unsafe_load(bound, path, facts))
            e.refuse(
                "the bounds of {0} read {1}, and would be evaluated outside of {2}, where {1} is not proved "
                "to be read in bounds. Clamp the subscript, or require it",
                i.var.name(), t->name(), o.var.name());
}

void run(Edit& e) {
    Symbol outer = e.loop(0), inner = e.loop(1);
    Path path = serial_loop(e, outer);
    serial_loop(e, inner);
    const For& o = *path.back().as<For>();
    Inside in = directly_inside(e, o, inner);
    const For& i = *in.loop;
    const bool triangle = uses(i.min, outer) || uses(i.extent, outer);
    const auto hull = triangle ? hull_of(i, {&o}, e.facts(path)) : Hull{i.min, i.extent, {}};
    if (!hull) e.refuse("the bounds of {} depend on {}", inner.name(), outer.name());

    check_bounds(e, path, o, i);
    const std::string& name = e.step().words[0];
    Symbol fused = e.result(0, name.empty() ? o.var.name() + i.var.name() : name);
    Facts facts = e.facts(path);
    Expr total = imul(non_negative(o.extent, facts), non_negative(hull->extent, facts));
    const Expr by = planted.has(Fault::fuse_wrong_extent) ? o.extent : hull->extent;
    Substitution with{{outer, iadd(o.min, ifloordiv(var(fused), by))},
                      {inner, iadd(hull->min, ifloormod(var(fused), by))}};
    Stmt body = i.body;
    for (size_t n = hull->inside.size(); n-- > 0;)
        body = If::make(hull->inside[n], body, {}, i.loc);
    for (size_t n = in.guards.size(); n-- > 0;)
        body = with_body(in.guards[n], body);
    e.set_body(rebuild(path, For::make(fused, index(0), total, {}, substitute(body, with), o.loc)));
}

constexpr WordOperand words[] = {{"name of the loop"}};

} // namespace

constinit const Primitive primitives::fuse{
    .name = "fuse",
    .text = "two directly nested loops become one",
    .run = run,
    .acts_on = ActsOn::loops,
    .named = Named::consumed,
    .of_place = true,
    .loops = {2, 2},
    .words = words,
};

} // namespace lathe::schedule
