#include "reuse_at.h"

#include "../src/reuse_fill.h"
#include "../src/window.h"

#include "lathe/ir/layout.h"
#include "lathe/ir/loop_facts.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

/// Loads of one tensor as loads of another one, at the same subscripts; a loop that counts positions stands
/// for `step` times the variable that it had.
class FromBuffer : public Mutator {
  public:
    FromBuffer(const Window& w, Symbol b, Symbol l) : window(w), buffer(std::move(b)), loop(std::move(l)) {}

  protected:
    using Mutator::visit;
    Expr visit(const Load& l, const Expr& e) override {
        const bool moved = l.tensor == window.source.symbol;
        if (!moved) return rebuilt(e);
        std::vector<Expr> at = l.indices;
        for (size_t d = 0; d < at.size(); ++d)
            at[d] = d == window.dimension ? position(at[d]) : (*this)(at[d]);
        return Load::make(buffer, l.type, std::move(at), l.loc, (*this)(l.predicate));
    }
    Expr visit(const Variable& v, const Expr& e) override {
        return v.symbol == loop && window.step > 1 ? ifloordiv(var(loop), index(window.step)) : e;
    }

  private:
    const Window& window;
    Symbol buffer, loop;

    /// step · l + rest is l' + rest, where l' counts positions.
    Expr position(const Expr& at) {
        if (window.step == 1) return (*this)(at);
        const Expr rest = simplify(isub(at, imul(index(window.step), var(loop))));
        return uses(rest, loop) ? (*this)(at) : iadd(var(loop), rest);
    }
};

/// The loop over the source's positions, and how it fills the buffer.
class Reuse {
  public:
    Reuse(Edit& edit, const Path& p, const Window& w)
        : e(edit), path(p), window(w), loop(*p.back().as<For>()), facts(e.facts(p)) {
        count_positions();
    }

    void apply() {
        store = buffer();
        const Stmt filled = filled_in_step(For::make(loop.var, first, count, loop.loop, body(), loop.loc));
        size_t depth = 0;
        const Stmt placed = with_fills(path, {{store}, filled, newest(), {}}, depth, facts);
        const Path to(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(depth) + 1);
        e.set_body(rebuild(to, placed));
    }

  private:
    Edit& e;
    const Path& path;
    const Window& window;
    const For& loop;
    const Facts facts;
    Expr first, count;
    Tensor store;

    /// One more iteration for each position that is filled before the first iteration runs.
    void count_positions() {
        const int64_t s = window.step, k = window.size;
        const Expr last = imul(index(s), isub(loop.extent, index(1)));
        first = simplify(isub(imul(index(s), loop.min), index(k - 1)), facts);
        count = simplify(iadd(last, index(k)), facts);
        if (!prove(at_most(index(1), loop.extent), facts)) // nothing is read where nothing runs
            count = imin(count, imul(loop.extent, index(s + k)));
    }

    /// The position that an iteration fills.
    Expr newest() const {
        if (window.step == 1) return window.newest;
        return iadd(var(loop.var), simplify(substitute(window.newest, {{loop.var, index(0)}}), facts));
    }

    Tensor buffer() const {
        const Tensor& of = window.source;
        Tensor b = of;
        b.symbol = e.result(0, fmt::format("{}_{}", of.symbol.name(), loop.var.name()));
        b.space = MemorySpace::heap();
        b.origin = TypeOrigin::declared;
        b.data = nullptr;
        b.loc = e.step().loc;
        b.layout = {};
        b.layout.dims.resize(of.dims.size());
        for (size_t d = 0; d < of.dims.size(); ++d) {
            const bool moves = d == window.dimension;
            b.dims[d] = moves ? Dim{simplify(substitute(newest(), {{loop.var, first}}), facts), count}
                              : window.box[d];
            DimLayout& l = b.layout.dims[d];
            if (moves) l.fold = window.size;
            const bool slides = fold_of(of, d) > 0;
            if (moves || slides) l.partition = Partition::complete;
        }
        return b;
    }

    Stmt body() {
        Expr ready = at_most(imul(index(window.step), loop.min), var(loop.var));
        if (window.step > 1)
            ready = both(ready, equals(ifloormod(var(loop.var), index(window.step)), index(0)));
        Stmt rest = FromBuffer(window, store.symbol, loop.var)(loop.body);
        return Block::make({fill(), If::make(ready, std::move(rest), {}, loop.loc)});
    }

    /// Where the loop inside reads just the position that it is at, in a dimension of the source, it fills
    /// that, too: there is no other window in its way.
    Stmt filled_in_step(const Stmt& whole) const {
        Path p{whole};
        while (!p.back().as<For>() || p.size() == 1) {
            Stmt next;
            if (p.size() == 1)
                next = whole.as<For>()->body;
            else if (const auto* b = p.back().as<Block>())
                next = b->stmts.back();
            else if (const auto* i = p.back().as<If>(); i && !i->else_body.defined())
                next = i->then_body;
            if (!next.defined()) return whole;
            p.push_back(next);
        }
        const For& inner = *p.back().as<For>();
        if (!inner.runs().ordered) return whole;
        Expr at;
        for (const Access& a : accesses(inner.body)) {
            if (!(a.tensor == store.symbol)) continue;
            for (size_t d = 0; d < a.indices.size() && !at.defined(); ++d)
                if (d != window.dimension && uses(a.indices[d], inner.var)) at = a.indices[d];
        }
        if (!at.defined()) return whole;
        size_t depth = 0;
        Facts inside = facts;
        inside.bound(loop.var, interval_of(first, count));
        const Stmt placed = with_fills(p, {{}, p.back(), at, store.symbol}, depth, inside);
        if (depth + 1 == p.size()) return whole;
        p.resize(depth + 1);
        return rebuild(p, placed);
    }

    /// What one iteration fills.
    Stmt fill() {
        const Tensor& of = window.source;
        Facts inside = facts;
        inside.bound(loop.var, interval_of(first, count));
        std::vector<Expr> at;
        std::vector<Symbol> loops;
        for (size_t d = 0; d < of.dims.size(); ++d) {
            if (d == window.dimension) {
                at.push_back(newest());
                continue;
            }
            const Dim& b = window.box[d];
            if (as_int(b.extent) == 1) {
                at.push_back(b.min);
                continue;
            }
            const Symbol c = e.result(1 + loops.size(), fmt::format("{}{}", store.symbol.name(), d));
            loops.push_back(c);
            inside.bound(c, interval_of(index(0), b.extent));
            at.push_back(iadd(b.min, var(c)));
        }
        Stmt s = Store::make(store.symbol, store.type, at, value(at, inside), loop.loc);
        for (size_t d = of.dims.size(), n = loops.size(); d-- > 0;) {
            if (d == window.dimension || as_int(window.box[d].extent) == 1) continue;
            const bool banks = store.layout.dims[d].partition == Partition::complete;
            s = For::make(loops[--n], index(0), window.box[d].extent,
                          banks ? LoopKind::unrolled() : LoopKind::serial(), std::move(s), loop.loc);
        }
        return s;
    }

    /// The source's element; beyond its ends nobody reads what is filled.
    Expr value(const std::vector<Expr>& at, const Facts& inside) const {
        const Tensor& of = window.source;
        const Expr element = Load::make(of.symbol, of.type, at, window.read);
        const Expr in = inside_tensor(of, at, inside);
        if (!in.defined()) return element;
        const Value none = of.type.is_float() ? Value::from_double(of.type, 0) : Value::from_raw(of.type, 0);
        return Select::make(in, element, Constant::make(none));
    }
};

void run(Edit& e) {
    const Path path = e.path(e.loop(0));
    const For& loop = *path.back().as<For>();
    if (!loop.runs().ordered)
        e.refuse("loop {} is {}: an iteration leaves to the next one what it has read, so they run in order",
                 loop.var.name(), loop.loop.name());
    const Window w = window_of(e, path, e.tensor());
    Reuse(e, path, w).apply();
}

} // namespace

constinit const Primitive primitives::reuse_at{
    .name = "reuse_at",
    .text = "a buffer keeps what the iterations of a loop read of a tensor: each element is read once",
    .run = run,
    .acts_on = ActsOn::loops,
    .named = Named::kept,
    .of_place = true,
    .loops = {1, 1},
    .tensor = true,
    .fixes_ranges = true,
};

} // namespace lathe::schedule
