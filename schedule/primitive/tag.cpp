#include "tag.h"

#include "split.h"

#include "lathe/ir/dependence.h"
#include "lathe/ir/planted.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

constexpr int64_t max_copies = 1024;

void set_kind(Edit& e, const Symbol& loop, const LoopKind& kind) {
    Path path = e.path(loop);
    const For& f = *path.back().as<For>();
    e.set_body(rebuild(path, For::make(f.var, f.min, f.extent, kind, f.body, f.loc)));
}

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

/// Gives the loop a constant extent: iterations beyond its own are skipped by a condition.
void make_constant(Edit& e, const Symbol& loop, const char* what) {
    Path path = serial_loop(e, loop);
    const For& f = *path.back().as<For>();
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

/// With a factor: splits first, and returns the inner loop.
Symbol blocks_of(Edit& e, const Symbol& loop, size_t copy) {
    if (e.step().numbers.empty()) return loop;
    Symbol outer = e.result(2 * copy, loop.name() + "o"), inner = e.result(2 * copy + 1, loop.name() + "i");
    split_loop(e, loop, e.step().numbers[0], Tail::guard, outer, inner);
    e.forward(loop, {});
    return inner;
}

/// The dependence that keeps the loop from getting the tag that the step is about.
using Question = std::function<std::optional<Conflict>(const Symbol&)>;

/// Loops of the same stage that could be parallel or vectorized instead.
std::string alternatives(const Edit& e, const Symbol& loop, const Question& ask) {
    Path path = e.path(loop);
    size_t stage = path.size();
    while (stage > 0 && path[stage - 1].kind() != StmtKind::stage)
        --stage;
    std::string found;
    for (const For* f : loops_in(path[stage ? stage - 1 : 0]))
        if (!(f->var == loop) && f->loop == LoopKind::serial() && !ask(f->var))
            found += fmt::format("{}{}({})", found.empty() ? "" : " or ", e.step().primitive, f->var.name());
    return found.empty() ? "" : ". Try " + found;
}

void check(const Edit& e, const Symbol& loop, const Question& ask) {
    if (auto c = ask(loop))
        e.refuse("{}{}{}", c->describe(), alternatives(e, loop, ask),
                 c->example.empty() ? "" : ". They meet at " + c->example);
}

} // namespace

void serial(Edit& e) {
    for (const Symbol& loop : e.loops(0))
        set_kind(e, loop, LoopKind::serial());
}

void parallel(Edit& e) {
    for (const Symbol& loop : e.loops(0)) {
        Path path = serial_loop(e, loop);
        for (const Stmt& s : path)
            if (const For* f = s.as<For>(); f && f->loop == LoopKind::vectorized())
                e.refuse("loop {} around it is vectorized", f->var.name());
        check(e, loop,
              [&](const Symbol& l) { return loop_carried(e.body(), l, Commuting::ordered, e.facts({})); });
        set_kind(e, loop, LoopKind::parallel());
    }
}

void unroll(Edit& e) {
    size_t copy = 0;
    for (const Symbol& loop : e.loops(0)) {
        Symbol inner = blocks_of(e, loop, copy++);
        make_constant(e, inner, "unroll");
        set_kind(e, inner, LoopKind::unrolled());
    }
}

void vectorize(Edit& e) {
    size_t copy = 0;
    for (const Symbol& loop : e.loops(0)) {
        serial_loop(e, loop);
        const int64_t lanes = e.step().numbers.empty() ? 0 : e.step().numbers[0];
        check(e, loop, [&](const Symbol& l) { return lockstep_conflict(e.body(), l, lanes, e.facts({})); });
        Symbol inner = blocks_of(e, loop, copy++);
        make_constant(e, inner, "vectorize");
        if (std::string reason = no_vector_form(e.body(), inner); !reason.empty()) e.refuse_text(reason);
        for (const Stmt& s : e.path(inner))
            if (const For* f = s.as<For>(); f && f->loop == LoopKind::vectorized())
                e.refuse("loop {} around it is vectorized already", f->var.name());
        set_kind(e, inner, LoopKind::vectorized());
    }
}

} // namespace lathe::schedule
