#include "rewrite.h"

#include "lathe/ir/analysis.h"
#include "lathe/ir/any_body.h"
#include "lathe/ir/bound_symbols.h"
#include "lathe/ir/loop_facts.h"
#include "lathe/ir/rename.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

template <class Wanted, class Enter>
bool find(const Stmt& s, const Wanted& wanted, const Enter& enter, Path& path) {
    if (!s.defined() || !enter(s)) return false;
    if (wanted(s)) {
        path.push_back(s);
        return true;
    }
    const size_t outside = path.size();
    path.push_back(s);
    if (any_body(s, [&](const Stmt& c) { return find(c, wanted, enter, path); })) return true;
    path.resize(outside);
    return false;
}

} // namespace

Path find_path(const Stmt& root, const std::function<bool(const Stmt&)>& wanted) {
    Path path;
    find(root, wanted, [](const Stmt&) { return true; }, path);
    return path;
}

Path path_to_loop(const Stmt& root, const Symbol& loop, const Symbol& func) {
    Path path;
    const auto wanted = [&](const Stmt& s) {
        const For* f = s.as<For>();
        return f && f->var == loop;
    };
    const auto enter = [&](const Stmt& s) {
        const Stage* g = s.as<Stage>();
        return !g || g->func == func;
    };
    return find(root, wanted, enter, path) ? path : path_to_loop(root, loop);
}

Path path_to_stage(const Stmt& root, const Symbol& func) {
    return find_path(root, [&](const Stmt& s) {
        const Stage* g = s.as<Stage>();
        return g && g->func == func;
    });
}

namespace {

Stmt same(const Stmt& s, const std::function<Stmt(const Stmt&)>& body) {
    // Hundreds of stages have as many tensors, which a call about one of them does not look at.
    if (const auto* a = s.as<Allocate>()) {
        const Stmt now = a->body.defined() ? body(a->body) : a->body;
        return now.same_as(a->body) ? s : a->around(now);
    }
    return with_parts(s, [](const Expr& e) { return e; }, body);
}

} // namespace

Stmt with_body(const Stmt& s, Stmt body) {
    invariant(bodies(s).size() == 1, "with_body of a statement that has none, or two");
    return same(s, [&](const Stmt&) { return body; });
}

Stmt with_tensors(const Stmt& s, const std::function<bool(Tensor&)>& change) {
    const Allocate& a = *s.as<Allocate>();
    std::vector<Tensor> tensors = a.tensors;
    bool changed = false;
    for (Tensor& t : tensors)
        changed |= change(t);
    return changed ? Allocate::make(std::move(tensors), a.body) : s;
}

Stmt with_bodies(const Stmt& s, const std::function<Stmt(const Stmt&)>& f) {
    const Stmt now = same(s, f);
    if (now.same_as(s) || s.as<Block>() || !bodies(now).empty()) return now;
    // A while that never ends is none that may disappear, and a token is taken even if nobody looks at it.
    return now.as<While>() || !streams_in(now).empty() ? now : Stmt();
}

Stmt with_child(const Stmt& parent, const Stmt& old, const Stmt& fresh) {
    return with_bodies(parent, [&](const Stmt& s) { return s.same_as(old) ? fresh : s; });
}

Stmt rebuild(const Path& path, Stmt leaf) {
    for (size_t n = path.size() - 1; n-- > 0;)
        leaf = with_child(path[n], path[n + 1], leaf);
    return leaf;
}

Stmt transform(const Stmt& s, const std::function<Stmt(const Stmt&)>& f) {
    if (!s.defined()) return s;
    const Stmt now = with_bodies(s, [&](const Stmt& body) { return transform(body, f); });
    return now.defined() ? f(now) : now;
}

void for_each_stmt(const Stmt& s, const std::function<void(const Stmt&)>& f) {
    if (!s.defined()) return;
    f(s);
    any_body(s, [&](const Stmt& c) {
        for_each_stmt(c, f);
        return false;
    });
}

Facts facts_at(const Path& path, const Function& function) {
    Facts facts;
    for (const Argument& a : function.arguments)
        for (const Dim& d : a.tensor.dims)
            if (const Variable* v = d.extent.as<Variable>()) facts.bound(v->symbol, {index(0), {}});
    for (size_t n = 0; n + 1 < path.size(); ++n) {
        const Stmt* next = &path[n + 1];
        if (const For* f = path[n].as<For>()) enter_loop(facts, *f);
        if (const If* i = path[n].as<If>(); i && next->same_as(i->then_body)) facts.assume(i->condition);
        if (const Block* b = path[n].as<Block>())
            for (const Stmt& s : b->stmts) {
                if (s.same_as(*next)) break;
                if (const Assert* a = s.as<Assert>()) facts.assume(a->condition);
            }
    }
    return facts;
}

Facts facts_inside(const Path& path, const Function& f) {
    Facts facts = facts_at(path, f);
    enter_loop(facts, *path.back().as<For>());
    return facts;
}

void outermost_stages(const Stmt& s, std::set<Symbol>& all) {
    if (!s.defined()) return;
    if (const Stage* g = s.as<Stage>()) {
        all.insert(g->func);
        return;
    }
    any_body(s, [&](const Stmt& body) {
        outermost_stages(body, all);
        return false;
    });
}

std::string free_function_name(const std::string& wish, const std::vector<Function>& a,
                               const std::vector<Function>& b) {
    std::string name = wish;
    const auto taken = [&](const std::vector<Function>& all) {
        return std::ranges::find(all, name, &Function::name) != all.end();
    };
    for (int n = 2; taken(a) || taken(b); ++n)
        name = fmt::format("{}_{}", wish, n);
    return name;
}

std::vector<const For*> loops_in(const Stmt& s) {
    std::vector<const For*> all;
    for_each_stmt(s, [&](const Stmt& t) {
        if (const For* f = t.as<For>()) all.push_back(f);
    });
    return all;
}

Stmt duplicate(const Stmt& s, const std::function<Symbol(const Symbol&)>& fresh,
               std::vector<std::pair<Symbol, Symbol>>* renamed) {
    std::map<Symbol, Symbol> names;
    auto rename = [&](const Symbol& old) {
        names[old] = fresh(old);
        if (renamed) renamed->emplace_back(old, names[old]);
    };
    const auto inner = [&](const Symbol& old) { names[old] = Symbol(old.name()); };
    for_each_stmt(s, [&](const Stmt& t) {
        const BoundSymbols bound = bound_symbols(t);
        std::ranges::for_each(bound.loops, rename);
        std::ranges::for_each(bound.tensors, rename);
        std::ranges::for_each(bound.values, inner);
        std::ranges::for_each(bound.streams, inner);
    });
    for_each(s, nullptr, [&](const Expr& e) {
        if (const Let* l = e.as<Let>()) inner(l->symbol);
    });
    return ir::rename(s, names);
}

Expr var(const Symbol& s) {
    return Variable::make(s, IndexType());
}
Expr less(const Expr& a, const Expr& b) {
    return Binary::make(BinaryOp::lt, a, b);
}
Expr at_most(const Expr& a, const Expr& b) {
    return Binary::make(BinaryOp::le, a, b);
}
Expr equals(const Expr& a, const Expr& b) {
    return Binary::make(BinaryOp::eq, a, b);
}
Expr ceil_div(const Expr& a, int64_t b) {
    return ifloordiv(iadd(a, index(b - 1)), index(b));
}

Expr non_negative(const Expr& extent, const Facts& facts) {
    return prove(at_most(index(0), extent), facts) ? extent : imax(extent, index(0));
}

} // namespace lathe::schedule
