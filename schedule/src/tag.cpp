#include "tag.h"

#include "lathe/ir/planted.h"

#include "../primitive/split.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

constexpr int64_t max_copies = 1024;

/// The condition "variable within the loop", for an extent that may be min(constant, rest).
Expr inside(const For& f) {
    Expr extent = f.extent;
    if (const Binary* b = extent.as<Binary>(); b && b->op == BinaryOp::min) {
        if (as_int(b->a))
            extent = b->b;
        else if (as_int(b->b))
            extent = b->a;
    }
    if (planted.has(Fault::unroll_guard_off)) extent = isub(extent, index(1));
    return less(var(f.var), simplify(iadd(f.min, extent)));
}

/// Loops around it or inside it, of the same definition, that could run so instead. `path` leads to the loop.
std::string alternatives(Edit& e, const Path& path, const LoopKind& kind, int64_t lanes) {
    std::vector<const For*> near;
    for (const Stmt& s : path) {
        if (s.as<Stage>()) near.clear();
        if (const For* f = s.as<For>()) near.push_back(f);
    }
    const For* loop = near.back();
    near.pop_back();
    std::function<void(const Stmt&)> look = [&](const Stmt& s) {
        if (s.as<Stage>()) return; // another Func, which is scheduled for itself
        if (const For* f = s.as<For>()) near.push_back(f);
        for (const Stmt& c : bodies(s))
            look(c);
    };
    for (const Stmt& c : bodies(path.back()))
        look(c);
    std::string found;
    for (const For* f : near)
        if (!(f->var == loop->var) && f->runs().plain() && !e.conflict(f->var, kind, lanes))
            found +=
                fmt::format("{}{}({})", found.empty() ? "" : " or ", e.step().primitive->name, f->var.name());
    return found.empty() ? "" : ". Try " + found;
}

} // namespace

Path serial_loop(const Edit& e, const Symbol& loop) {
    Path path = e.path(loop);
    const For& f = *path.back().as<For>();
    if (!f.runs().plain() && e.step().primitive->named == Named::outer && !e.step().numbers.empty())
        e.refuse("loop {0} is {1}. Call {2} before that: {0} then means the outer loop, which can be {1}",
                 loop.name(), f.loop.name(), e.step().str());
    if (!f.runs().plain())
        e.refuse("loop {} is {}; split, fuse and tag loops before that, or call serial({}) first",
                 loop.name(), f.loop.name(), loop.name());
    return path;
}

void set_kind(Edit& e, const Symbol& loop, const LoopKind& kind) {
    Path path = e.path(loop);
    const For& f = *path.back().as<For>();
    e.set_body(rebuild(path, For::make(f.var, f.min, f.extent, kind, f.body, f.loc)));
    e.proved(loop);
}

void prove_kind(Edit& e, const Symbol& loop, const LoopKind& kind, int64_t lanes) {
    if (auto c = e.conflict(loop, kind, lanes))
        e.refuse("{}{}{}{}", c->describe(), alternatives(e, e.path(loop), kind, lanes),
                 overlap_of_blocks(e, loop), c->example.empty() ? "" : ". They meet at " + c->example);
}

void make_constant(Edit& e, const Symbol& loop) {
    Path path = serial_loop(e, loop);
    const For& f = *path.back().as<For>();
    const std::string_view what = e.step().primitive->name;
    if (!as_int(f.extent)) {
        auto count = const_upper_bound(f.extent, e.facts(path));
        if (!count)
            e.refuse("the extent {} of {} has no constant bound. Try {}({}, n), which takes n iterations at "
                     "a time",
                     print(f.extent), loop.name(), what, loop.name());
        Stmt body = If::make(inside(f), f.body, {}, f.loc);
        e.set_body(rebuild(path, For::make(f.var, f.min, index(std::max<int64_t>(*count, 0)), f.loop,
                                           std::move(body), f.loc)));
    }
    int64_t copies = *as_int(e.path(loop).back().as<For>()->extent);
    if (copies > max_copies)
        e.refuse("{} has {} iterations, more than {}. Try {}({}, n), which takes n iterations at a time",
                 loop.name(), copies, max_copies, what, loop.name());
}

Symbol blocks_of(Edit& e, const Symbol& loop, size_t copy) {
    if (e.step().numbers.empty()) return loop;
    Symbol outer = e.result(2 * copy, loop.name() + "o"), inner = e.result(2 * copy + 1, loop.name() + "i");
    split_loop(e, loop, e.step().numbers[0], Tail::guard, outer, inner);
    return inner;
}

} // namespace lathe::schedule
