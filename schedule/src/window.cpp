#include "window.h"

#include "outlined.h"

#include "rewrite.h"

#include "lathe/ir/layout.h"
#include "lathe/ir/loop_facts.h"
#include "lathe/ir/print.h"
#include "lathe/ir/stored_before.h"

#include <algorithm>

namespace lathe::schedule {

Tensor declaration(const Edit& e, const Path& path, const Symbol& tensor) {
    for (const Argument& a : e.function().arguments)
        if (a.tensor.symbol == tensor) return a.tensor;
    for (const Tensor& t : e.function().constants)
        if (t.symbol == tensor) return t;
    for (const Stmt& s : path)
        if (const auto* a = s.as<Allocate>())
            if (const Tensor* t = a->find(tensor)) return *t;
    const std::string& loop = path.back().as<For>()->var.name();
    for_each_stmt(path.back(), [&](const Stmt& s) {
        const auto* a = s.as<Allocate>();
        if (a && a->find(tensor))
            e.refuse("{} lives inside of {}: an iteration has nothing of the one before it", tensor.name(),
                     loop);
    });
    e.refuse("there is no tensor {} around loop {}", tensor.name(), loop);
}

Expr inside_tensor(const Tensor& t, const std::vector<Expr>& at, const Facts& facts) {
    Expr inside;
    for (size_t d = 0; d < at.size(); ++d) {
        const Dim& dim = t.dims[d];
        for (const Expr& c : {at_most(dim.min, at[d]), less(at[d], iadd(dim.min, dim.extent))})
            if (!prove(c, facts)) inside = both(inside, c);
    }
    return inside;
}

bool covers_its_box(const Access& a, const Facts& facts) {
    if (a.condition.defined() && !is_const_true(a.condition)) return false;
    std::set<Symbol> loops;
    for (const For* f : a.loops)
        loops.insert(f->var);
    std::set<Symbol> used;
    for (const Expr& i : a.indices) {
        const auto linear = as_linear(i);
        if (!linear) return false;
        size_t own = 0;
        for (const auto& [v, coefficient] : linear->coefficients)
            if (loops.contains(v)) {
                if ((coefficient != 1 && coefficient != -1) || !used.insert(v).second) return false;
                ++own;
            }
        if (own > 1) return false;
    }
    return std::ranges::all_of(a.loops,
                               [&](const For* f) { // none runs nothing, or a part of the box only
                                   if (!used.contains(f->var))
                                       return prove(at_most(index(1), f->extent), facts);
                                   return std::ranges::none_of(loops, [&](const Symbol& v) {
                                       return uses(f->min, v) || uses(f->extent, v);
                                   });
                               });
}

std::set<Symbol> bound_inside(const Stmt& body) {
    std::set<Symbol> inner;
    for_each(
        body,
        [&](const Stmt& s) {
            if (const auto* f = s.as<For>()) inner.insert(f->var);
            if (const auto* l = s.as<LetStmt>()) inner.insert(l->symbol);
            if (const auto* p = s.as<Pop>()) inner.insert(p->symbol);
        },
        [&](const Expr& x) {
            if (const auto* l = x.as<Let>()) inner.insert(l->symbol);
        });
    return inner;
}

/// A Func's first definition gives every element a value.
static bool owned_by_func(const Edit& e, const Symbol& tensor) {
    const Definition* d = e.state().owner(tensor);
    return d && !e.state().is_kernel(d->func);
}

/// Whether each element of the tensor holds something at the end of the path; of an argument: whether what
/// every call passes does.
static bool filled_in(const Edit& e, const Function& f, const Path& path, const Tensor& of) {
    if (of.data || folded(of)) return true; // a reuse buffer's window is filled whole
    const Module& m = e.state().module;
    for (size_t n = 0; n < f.arguments.size(); ++n) {
        const Argument& a = f.arguments[n];
        if (!(a.tensor.symbol == of.symbol)) continue;
        if (f.name == m.top().name) return a.direction != Direction::out || owned_by_func(e, of.symbol);
        bool called = false, all = a.direction != Direction::out;
        for (const Function& g : m.functions) {
            for_each_stmt(g.body, [&](const Stmt& s) {
                const auto* c = s.as<CallStmt>();
                if (!all || !c || c->callee != f.name) return;
                const Path to = find_path(g.body, [&](const Stmt& x) { return x.same_as(s); });
                all = filled_in(e, g, to, *tensors_in_scope(g, to).at(c->tensors[n].tensor));
                called = true;
            });
        }
        return called && all;
    }
    if (!owned_by_func(e, of.symbol)) return false;
    bool loop = false;
    for (const Stmt& s : path) {
        const auto* a = s.as<Allocate>();
        if (a && a->find(of.symbol)) return !loop;
        loop = loop || s.as<For>() || s.as<While>();
    }
    return false;
}

bool filled_everywhere(const Edit& e, const Path& path, const Tensor& of) {
    return filled_in(e, e.function(), path, of);
}

namespace {

/// The reads of the tensor by the loop's body; the first write is refused.
std::vector<Access> reads_of(const Edit& e, const For& loop, const Symbol& tensor) {
    std::vector<Access> reads;
    const Access* write = nullptr;
    const std::vector<Access> all = accesses(loop.body);
    for (const Access& a : all) {
        if (!(a.tensor == tensor)) continue;
        if (a.write && !write) write = &a;
        if (!a.write) reads.push_back(a);
    }
    if (reads.empty()) e.refuse("the body of loop {} does not read {}", loop.var.name(), tensor.name());
    if (write)
        e.refuse(
            "{} is read at {} and written at {}, in the same loop {}: a buffer would hold what was there "
            "before",
            tensor.name(), reads[0].loc.str(), write->loc.str(), loop.var.name());
    for_each_stmt(loop.body, [&](const Stmt& s) {
        const auto* c = s.as<CallStmt>();
        const auto* x = s.as<ExternCall>();
        const bool takes =
            (c && std::ranges::any_of(c->tensors, [&](const TensorView& v) { return v.tensor == tensor; })) ||
            (x &&
             std::ranges::any_of(x->arguments, [&](const ExternArgument& a) { return a.tensor == tensor; }));
        if (takes)
            e.refuse("{} is called at {} and given {}: what it reads there is not known here{}",
                     c ? c->callee : x->callee->name, s.loc().str(), tensor.name(),
                     c ? ". inline_call it first" : "");
    });
    return reads;
}

/// A window is one for the whole loop: it depends on nothing that has its value inside. Bounds have no loads.
void refuse_inner(const Edit& e, const For& loop, const Region& region, const Symbol& tensor) {
    const std::set<Symbol> inner = bound_inside(loop.body);
    for (const Interval& r : region)
        for (const Expr& x : {r.min, r.max}) {
            if (!x.defined()) continue;
            for (const Symbol& v : free_variables(x))
                if (inner.contains(v))
                    e.refuse("which elements of {} an iteration of {} reads depends on {}, which has its "
                             "value inside "
                             "of it",
                             tensor.name(), loop.var.name(), v.name());
        }
}

bool is_edge(BinaryOp op) {
    return op == BinaryOp::min || op == BinaryOp::max || op == BinaryOp::floormod;
}

/// Subscripts without what keeps them in the tensor: clamp and mirror give another position at borders only.
class WithoutEdges {
  public:
    WithoutEdges(const For& l, const Facts& f) : loop(l), facts(f) {}

    Expr operator()(const Expr& at) const {
        const auto* b = at.as<Binary>();
        if (!b || !uses(at, loop.var)) return at;
        const bool first = goes_on(b->a), second = goes_on(b->b);
        if (first == second) return at;
        const Expr moving = (*this)(first ? b->a : b->b);
        if (b->op == BinaryOp::floormod) return first ? in_last_period(moving, b->b, at) : at;
        if (is_edge(b->op)) return moving;
        if (b->op == BinaryOp::add) return iadd(moving, first ? b->b : b->a);
        return b->op == BinaryOp::sub && first ? isub(moving, b->b) : at;
    }

  private:
    const For& loop;
    const Facts& facts;

    bool goes_on(const Expr& x) const {
        const auto linear = as_linear((*this)(x));
        if (!linear) return false;
        const auto found = linear->coefficients.find(loop.var);
        return found != linear->coefficients.end() && found->second > 0;
    }

    /// x mod n is x less so many periods as it has at the end of the loop.
    Expr in_last_period(const Expr& x, const Expr& n, const Expr& at) const {
        const Expr end = substitute(x, {{loop.var, interval_of(loop).max}});
        for (const int64_t periods : {0, 1, -1}) {
            const Expr moved = imul(index(periods), n), rest = isub(end, moved);
            if (prove(at_most(index(0), rest), facts) && prove(less(rest, n), facts)) return isub(x, moved);
        }
        return at;
    }
};

/// An expression with a value in place of a part.
class InPlaceOf : public Mutator {
  public:
    InPlaceOf(const Binary& p, Expr v) : part(p), value(std::move(v)) {}

  protected:
    using Mutator::visit;
    Expr visit(const Binary& b, const Expr& e) override { return &b == &part ? value : rebuilt(e); }

  private:
    const Binary& part;
    Expr value;
};

bool has_edge(const Expr& e) {
    bool found = false;
    for_each_expr(e, [&](const Expr& x) {
        const auto* b = x.as<Binary>();
        found = found || (b && is_edge(b->op));
    });
    return found;
}

/// Whether a position is of the window [low, high], however what is in it of min, max and floor_mod decides.
class InWindow {
  public:
    InWindow(Expr l, Expr h) : low(std::move(l)), high(std::move(h)) {}

    bool operator()(const Expr& at, const Facts& facts, int deep = 0) const {
        const Binary* edge = nullptr;
        for_each_expr(at, [&](const Expr& x) {
            const auto* b = x.as<Binary>();
            if (b && is_edge(b->op) && !has_edge(b->a) && !has_edge(b->b)) edge = b;
        });
        if (!edge) return prove(at_most(low, at), facts) && prove(at_most(at, high), facts);
        if (deep > 8) return false;
        const auto one = [&](const Expr& value, const std::vector<Expr>& when) {
            Facts known = facts;
            for (const Expr& c : when)
                known.assume(c);
            return (*this)(InPlaceOf(*edge, value)(at), known, deep + 1);
        };
        const Expr &a = edge->a, &b = edge->b;
        if (edge->op == BinaryOp::floormod) { // one period before, none, or one behind
            const Expr twice = iadd(b, b);
            if (!prove(at_most(isub(index(0), b), a), facts) || !prove(less(a, twice), facts)) return false;
            const Expr negative = less(a, index(0)), behind = at_most(b, a);
            const bool no_negative = prove(at_most(index(0), a), facts),
                       none_behind = prove(less(a, b), facts);
            return (no_negative || one(iadd(a, b), {negative})) &&
                   one(a, {at_most(index(0), a), less(a, b)}) && (none_behind || one(isub(a, b), {behind}));
        }
        const bool least = edge->op == BinaryOp::min;
        const auto never = [&](const Expr& x, const Expr& y) { return prove(less(x, y), facts); };
        const bool not_a = least ? never(b, a) : never(a, b), not_b = least ? never(a, b) : never(b, a);
        return (not_a || one(a, {least ? at_most(a, b) : at_most(b, a)})) &&
               (not_b || one(b, {least ? at_most(b, a) : at_most(a, b)}));
    }

  private:
    Expr low, high;
};

/// What holds where the access, in the loop's body, happens.
Facts facts_of(const Access& a, const Facts& facts) {
    Facts inside = facts;
    for (const For* f : a.loops)
        enter_loop(inside, *f);
    if (a.stable.defined()) inside.assume(a.stable);
    return inside;
}

Expr with_definitions(const Access& a, Expr at) {
    for (size_t n = a.definitions.size(); n-- > 0;)
        at = substitute(at, {a.definitions[n]});
    return at;
}

/// The accesses as if the tensor went on beyond its borders, where clamped ones stay in the tensor.
std::vector<Access> without_edges(const std::vector<Access>& reads, const Path& path, const Facts& facts) {
    std::vector<Access> all = reads;
    for (Access& a : all)
        for (Expr& at : a.indices) {
            if (!tensors_read(at).empty()) continue;
            at = with_definitions(a, at);
            for (const Stmt& s : path)
                if (const auto* f = s.as<For>()) at = WithoutEdges(*f, facts_of(a, facts))(at);
        }
    return all;
}

/// Each position that is read is one that the buffer holds.
bool holds_all(const Window& w, const std::vector<Access>& reads, const Facts& facts) {
    const auto held = [&](size_t d, const Access& a) {
        const Dim dim = d == w.dimension ? Dim{isub(w.newest, index(w.size - 1)), index(w.size)} : w.box[d];
        if (!a.indices[d].defined() || !tensors_read(a.indices[d]).empty()) return true;
        const InWindow held(simplify(dim.min, facts), simplify(interval_of(dim).max, facts));
        return held(with_definitions(a, a.indices[d]), facts_of(a, facts));
    };
    return std::ranges::all_of(reads, [&](const Access& a) {
        for (size_t d = 0; d < a.indices.size(); ++d)
            if (!held(d, a)) return false;
        return true;
    });
}

/// The loop at the end of the path, in which nothing happens but that each element of the window is read.
Stmt reading_all(const For& loop, const Window& w) {
    const Tensor& of = w.source;
    std::vector<Expr> at;
    std::vector<std::pair<Symbol, Expr>> counted;
    Expr inside;
    for (size_t d = 0; d < of.dims.size(); ++d) {
        const bool moves = d == w.dimension;
        const Symbol c(fmt::format("c{}", d));
        counted.emplace_back(c, moves ? index(w.size) : w.box[d].extent);
        at.push_back(moves ? isub(w.newest, var(c)) : iadd(w.box[d].min, var(c)));
        const Dim& all = of.dims[d];
        inside = both(inside, both(at_most(all.min, at[d]), less(at[d], iadd(all.min, all.extent))));
    }
    const Stmt read = Store::make(Symbol("copy"), of.type, {}, Load::make(of.symbol, of.type, at, w.read));
    Stmt all = inside.defined() ? If::make(inside, read) : read;
    for (size_t d = counted.size(); d-- > 0;)
        all = For::make(counted[d].first, index(0), counted[d].second, {}, all, loop.loc);
    return For::make(loop.var, loop.min, loop.extent, {}, all, loop.loc);
}

/// An element that the window copies and that is not proved to be stored before the path's loop; none: all
/// are.
std::optional<std::string> not_stored(const Edit& e, const Path& path, const Window& w) {
    const For& loop = *path.back().as<For>();
    Symbol around;
    for (const Stmt& s : path) {
        if (s.as<While>()) return w.source.symbol.name();
        if (const auto* f = s.as<For>(); f && f != &loop) around = f->var;
    }
    const Stmt root = e.seen(rebuild(path, reading_all(loop, w)));
    const Path reader = find_path(root, [&](const Stmt& s) {
        const auto* f = s.as<For>();
        return f && f->var == loop.var;
    });
    return not_stored_before(root, around, w.source.symbol, reader.back(), facts_at({root}, e.function()));
}

/// Every element that is copied holds something.
void check_filled(const Edit& e, const Path& path, const Window& w, bool exact) {
    if (filled_everywhere(e, path, w.source) || (exact && e.state().owner(w.source.symbol))) return;
    const auto empty = not_stored(e, path, w);
    if (!empty) return;
    e.refuse("an element of {} that is copied may hold nothing: {} is copied, and not proved to be stored "
             "before. What holds something everywhere is an argument that is read, a constant, a Func that "
             "is computed outside of all loops, or what loops before this one store",
             w.source.symbol.name(), *empty);
}

std::optional<int64_t> constant(const Expr& e, const Facts& facts) {
    return as_int(simplify(e, facts));
}

/// The window of a box of one iteration, or why it is none.
struct Finder {
    const For& loop;
    const Tensor& source;
    const Facts& facts;
    std::string why;

    Expr in_next(const Expr& x) const { return substitute(x, {{loop.var, iadd(var(loop.var), index(1))}}); }

    /// A buffer along an outer loop holds no more than that loop's window.
    bool held(size_t d, const Expr& extent) {
        const int64_t fold = fold_of(source, d);
        if (fold == 0 || prove(at_most(extent, index(fold)), facts)) return true;
        why =
            fmt::format("an iteration of {} reads {} positions of dimension {} of {}, which holds {} of them",
                        loop.var.name(), print(extent), d, source.symbol.name(), fold);
        return false;
    }

    std::optional<Window> operator()(const Region& region) {
        const std::vector<Dim>& whole = source.dims;
        std::optional<size_t> moving;
        Window w;
        for (size_t d = 0; d < region.size(); ++d) {
            const Interval& r = region[d];
            const bool bounded = r.min.defined() && r.max.defined();
            const bool moves = bounded && (uses(r.min, loop.var) || uses(r.max, loop.var));
            if (!bounded) {
                w.box.push_back(whole[d]);
            } else if (!moves) {
                w.box.push_back({r.min, simplify(isub(iadd(r.max, index(1)), r.min), facts)});
                if (!held(d, w.box.back().extent)) return std::nullopt;
            } else if (moving) {
                why = fmt::format("dimensions {} and {} of {} both move with loop {}", *moving, d,
                                  source.symbol.name(), loop.var.name());
                return std::nullopt;
            } else {
                moving = d;
                w.box.emplace_back();
            }
        }
        if (!moving) {
            why = fmt::format("no subscript of {} moves with loop {}", source.symbol.name(), loop.var.name());
            return std::nullopt;
        }
        w.dimension = *moving;
        if (!sized(w, region[*moving])) return std::nullopt;
        return w;
    }

  private:
    bool sized(Window& w, const Interval& r) {
        const auto low = constant(isub(in_next(r.min), r.min), facts),
                   high = constant(isub(in_next(r.max), r.max), facts),
                   size = constant(isub(iadd(r.max, index(1)), r.min), facts);
        const std::string& name = loop.var.name();
        if (!low || !high || *low != *high || !size) {
            why =
                fmt::format("an iteration of {} reads positions {} to {} of dimension {} of {}, which is not "
                            "always as many, or as far on",
                            name, print(r.min), print(r.max), w.dimension, source.symbol.name());
            return false;
        }
        if (*low < 0) {
            why = fmt::format("{} is read from its end to its beginning: loop {} goes {} positions back",
                              source.symbol.name(), name, -*low);
            return false;
        }
        if (*size <= *low) {
            why = fmt::format(
                "an iteration of {} reads {} positions of dimension {} of {}, {} further on than the "
                "one before it: there is nothing to reuse",
                name, *size, w.dimension, source.symbol.name(), *low);
            return false;
        }
        constexpr int64_t most = 1 << 20;
        if (*size > most) {
            why = fmt::format(
                "an iteration of {} reads {} positions of dimension {} of {}: a buffer keeps at most {}",
                name, *size, w.dimension, source.symbol.name(), most);
            return false;
        }
        w.step = *low;
        w.size = *size;
        w.newest = simplify(r.max, facts);
        return true;
    }
};

} // namespace

static bool has_constant_box(const Window& w) {
    return std::ranges::all_of(w.box, [](const Dim& d) { return !d.extent.defined() || as_int(d.extent); });
}

Window window_of(const Edit& e, const Path& path, const Symbol& tensor) {
    const For& loop = *path.back().as<For>();
    const Tensor source = declaration(e, path, tensor);
    const std::vector<Access> reads = reads_of(e, loop, tensor);
    const Facts facts = e.facts_in_loop(path);
    Finder find{loop, source, facts, {}};
    // Conditions cut a window short: at a border it would not be as large as elsewhere. So they count only
    // where the window is the same everywhere with them.
    const bool unconditional = std::ranges::none_of(
        reads, [](const Access& a) { return a.condition.defined() && !is_const_true(a.condition); });
    const auto window = [&](const std::vector<Access>& all, bool conditions) {
        std::optional<Region> region;
        for (Access a : all) {
            if (!conditions) a.condition = a.stable = {};
            const Region r = region_of(a, facts);
            region = region ? box_union(*region, r, facts) : r;
        }
        refuse_inner(e, loop, *region, tensor);
        return find(*region);
    };
    // At the borders clamped windows are smaller, and mirrored ones elsewhere, but never more than they are
    // in the middle.
    const std::vector<Access> endless = without_edges(reads, path, facts);
    std::string why;
    for (const bool conditions : {true, false}) {
        std::optional<Window> w = window(reads, conditions);
        why = find.why;
        bool exact = unconditional; // a Func is stored where it is read, and beyond its edges nobody reads
        if (!w || !has_constant_box(*w)) {
            std::optional<Window> other = window(endless, conditions);
            if (other && (!w || has_constant_box(*other)) && holds_all(*other, reads, facts)) {
                w = std::move(other);
                exact = false;
            }
        }
        if (!w) continue;
        w->source = source;
        w->read = reads[0].loc;
        check_filled(e, path, *w, exact);
        return *std::move(w);
    }
    e.refuse("{} ({} is read at {})", why, tensor.name(), reads[0].loc.str());
}

} // namespace lathe::schedule
