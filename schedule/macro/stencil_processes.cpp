#include "stencil_processes.h"

#include "stencil_places.h"

#include "lathe/ir/rename.h"

#include <algorithm>

namespace lathe::schedule::stencil {

/// The name of one that is equal and there already, or of the new one.
std::string Kinds::add(Function f, const std::string& wish, const std::vector<Symbol>& loops) {
    f.name = wish;
    f.body = simplify(f.body);
    for (const auto* list : {&all, &edit.module().functions})
        for (const Function& other : *list) {
            const auto* stage = other.body.as<Stage>();
            if (!stage) continue;
            Function same = other;
            same.name = wish;
            same.body = stage->body;
            if (!equal(Module{{same}}, Module{{f}})) continue;
            const std::string name = other.name;
            edit.call_too(name);
            return name;
        }
    f.name = free_function_name(wish, all, edit.module().functions);
    Definition d{loop(f.name), f.name, 0, loc(), {}};
    for (const Symbol& l : loops)
        d.loops.emplace_back(l, l);
    f.body = Stage::make(d.func, 0, f.body, loc());
    edit.define(std::move(d));
    all.push_back(std::move(f));
    return all.back().name;
}

void Kinds::add_all() {
    for (size_t n = all.size(); n-- > 0;) {
        edit.add_function(all[n]);
        edit.trust(all[n]);
    }
}

Expr Kinds::number(Function& f, const std::string& name, Type type) const {
    f.params.emplace_back(Symbol(name), type, loc());
    return Variable::make(f.params.back().symbol, type, loc());
}

StreamElement Kinds::stream(Function& f, const std::string& name, Type type, Direction direction) const {
    f.streams.push_back({{Symbol(name), type, {}, {}, 0, loc()}, direction});
    return {f.streams.back().stream.symbol, {}};
}

StreamElement Kinds::lanes(Function& f, const std::string& name, Type type, Direction direction,
                           const Symbol& lane) const {
    StreamElement one = stream(f, name, type, direction);
    if (k == 1) return one;
    f.streams.back().stream.dims.push_back(index(k));
    one.at.push_back(var(lane));
    return one;
}

Stmt Kinds::for_lanes(const Symbol& lane, Stmt body) const {
    if (k == 1) return simplify(substitute(body, {{lane, index(0)}}));
    return For::make(lane, index(0), index(k), LoopKind::unrolled(), std::move(body), loc());
}

Stmt Kinds::pipelined(const Symbol& loop, const Expr& first, const Expr& extent, Stmt body,
                      int64_t ii) const {
    return For::make(loop, first, extent, LoopKind::pipeline(ii), std::move(body), loc());
}

std::pair<std::vector<Symbol>, std::vector<Expr>> Kinds::grid_loops(const std::string& innermost) {
    const Grid& g = made_for.grid;
    std::vector<Symbol> loops;
    std::vector<Expr> on_grid;
    for (size_t d = 0; d < g.rank(); ++d) {
        const std::string outer = d < g.cuts().size() ? fmt::format("strip{}", g.cuts()[d].dim)
                                                      : fmt::format("i{}", d - g.cuts().size());
        loops.push_back(loop(d + 1 == g.rank() ? innermost : outer));
        on_grid.push_back(var(loops[d]));
    }
    return {std::move(loops), std::move(on_grid)};
}

std::string Kinds::loader(size_t flow) {
    if (made_for.ports[flow].in_words())
        return made_for.grid.cuts().empty() ? word_loader(flow) : strip_loader(flow);
    const Flow& f = made_for.stencil.flows[flow];
    const Grid& g = made_for.grid;
    Function made;
    made.arguments.push_back(argument(f.tensor, Direction::in));
    const size_t rank = g.rank();
    auto [loops, on_grid] = grid_loops("word");
    const Symbol lane = loop("lane");
    on_grid.back() = iadd(imul(index(k), on_grid.back()), var(lane));
    const StreamElement to = lanes(made, "out", f.tensor.type, Direction::out, lane);
    const Place p = place(made_for, flow, on_grid, Wanted::needed);
    Expr value = Load::make(made.arguments[0].tensor.symbol, f.tensor.type, p.at, loc());
    if (p.inside.defined()) value = Select::make(p.inside, value, zero(f.tensor.type), loc());
    Stmt body = for_lanes(lane, Push::make(to, f.tensor.type, value, loc()));
    body = pipelined(loops.back(), index(0), index(g.row() / k), body);
    const int64_t outermost = (made_for.nodes[flow].last + 1) / g.stride(0);
    for (size_t d = rank - 1; d-- > 0;)
        body = For::make(loops[d], index(0), index(d == 0 ? outermost : g.extent(d)), {}, body, loc());
    made.body = body;
    loops.push_back(lane);
    return add(std::move(made), "load_" + f.tensor.symbol.name(), loops);
}

std::string Kinds::forwarder(Type type, bool next, size_t readers) {
    std::string& known = forwarders[{type.str(), next, readers}];
    if (!known.empty()) return known;
    Function made;
    const StreamElement from = stream(made, "in", type, Direction::in);
    const Symbol word = loop("word"), token("token");
    const Expr words = number(made, "words");
    std::vector<Stmt> pushes;
    for (size_t n = next ? 0 : 1; n <= readers; ++n) {
        const std::string to = n == 0 ? "next" : fmt::format("to{}", n);
        const Expr first = number(made, to + "_first"), end = number(made, to + "_end");
        const Stmt push = Push::make(stream(made, to, type, Direction::out), type,
                                     Variable::make(token, type, loc()), loc());
        pushes.push_back(
            If::make(at_most(first, var(word)), If::make(less(var(word), end), push, {}, loc()), {}, loc()));
    }
    made.body =
        pipelined(word, index(0), words, Pop::make(token, from, type, Block::make(std::move(pushes)), loc()));
    known = add(std::move(made), fmt::format("forward{}{}", readers, next ? "_on" : ""), {word});
    return known;
}

Compute Kinds::compute(size_t n) {
    const Stencil& s = made_for.stencil;
    const std::vector<Node>& nodes = made_for.nodes;
    const Flow& f = s.flows[n];
    Function made;
    Compute c;
    const Symbol point = loop("point");
    const Expr points = number(made, "points");
    const std::set<Symbol> used = free_variables(f.value);
    // A table that data choose from is asked inside of the box alone.
    const bool counts = std::ranges::any_of(f.point, [&](const Symbol& v) { return used.contains(v); }) ||
                        !tensors_read(f.value).empty();
    c.at_point = counts || std::ranges::any_of(nodes[n].taps, [&](const Tap& t) { return leaves(n, t); });
    Expr value = fresh_copy(f.value), first;
    if (c.at_point) first = number(made, "first");
    if (counts) value = at_positions(n, first, point);
    value = add_scalars(made, f, value, c.scalars);
    const Type type = f.tensor.type;
    std::vector<StreamElement> taps;
    for (const Window& w : f.windows)
        taps.push_back(
            stream(made, fmt::format("tap{}", taps.size()), s.flows[w.of].tensor.type, Direction::in));
    Recurrence r = recurrence(f, value, stream(made, "out", type, Direction::out), point);
    Stmt body = rename(r.body, add_tables(made, value));
    body = with_elements(n, taps, first, point, body);
    made.body = pipelined(point, index(0), points, body, nodes[n].ii);
    if (!r.rings.empty()) made.body = Allocate::make(std::move(r.rings), made.body);
    c.name = add(std::move(made), "pe_" + f.tensor.symbol.name(), {point});
    return c;
}

/// Results wait in rings, one behind the other: each holds those between two distances at which they are
/// read, and is read once and written once for a point.
Recurrence Kinds::recurrence(const Flow& f, const Expr& value, const StreamElement& out,
                             const Symbol& point) const {
    const Type type = f.tensor.type;
    if (f.own.empty()) return {Push::make(out, type, value, loc()), {}};
    std::map<int64_t, Symbol> old; ///< results, by how many points ago they were computed
    Substitution with;
    for (const Window& w : f.own) {
        const int64_t ago = -made_for.grid.distance(w.at);
        invariant(ago > 0, "a stage reads what it has not stored yet");
        const Symbol s = old.try_emplace(ago, fmt::format("ago{}", ago)).first->second;
        with.emplace(w.token, Variable::make(s, type, loc()));
    }
    Recurrence r;
    const Symbol result("result");
    Expr coming = Variable::make(result, type, loc());
    std::vector<Stmt> stores{Push::make(out, type, coming, loc())};
    int64_t before = 0;
    std::vector<std::pair<Symbol, Expr>> lets;
    for (const auto& [ago, symbol] : old) {
        Tensor ring;
        ring.symbol = Symbol(fmt::format("ring{}", r.rings.size()));
        ring.type = type;
        ring.space = MemorySpace::heap();
        ring.loc = loc();
        std::vector<Expr> at;
        if (const int64_t size = ago - before; size > 1) {
            ring.dims.push_back({index(0), index(size)});
            at.push_back(ifloormod(var(point), index(size)));
        }
        const Expr held = Load::make(ring.symbol, type, at, loc());
        lets.emplace_back(symbol, Select::make(at_most(index(ago), var(point)), held, zero(type), loc()));
        stores.push_back(Store::make(ring.symbol, type, at, coming, loc()));
        coming = Variable::make(symbol, type, loc());
        r.rings.push_back(std::move(ring));
        before = ago;
    }
    r.body = LetStmt::make(result, substitute(value, with), Block::make(std::move(stores)), loc());
    for (size_t n = lets.size(); n-- > 0;)
        r.body = LetStmt::make(lets[n].first, lets[n].second, r.body, loc());
    return r;
}

/// The point has an element at this offset, which may be missing in the first and the last points.
std::vector<Expr> Kinds::exists(const Node& of, int64_t offset, const Expr& first,
                                const Symbol& point) const {
    const Expr from = ifloordiv(isub(iadd(first, index(offset)), index(of.first)), index(k));
    const Expr to = ifloordiv(isub(index(of.last - offset), first), index(k));
    return {at_most(isub(index(0), from), var(point)), at_most(var(point), to)};
}

/// The body with an element of each window. One that is missing in the first or the last points, where nobody
/// asks for it, is 0 there.
Stmt Kinds::with_elements(size_t flow, const std::vector<StreamElement>& taps, const Expr& first,
                          const Symbol& point, Stmt body) const {
    const Node& n = made_for.nodes[flow];
    const std::vector<Window>& windows = made_for.stencil.flows[flow].windows;
    std::vector<Tensor> kept(windows.size());
    std::vector<Stmt> zeros;
    for (size_t w = windows.size(); w-- > 0;) {
        if (!leaves(flow, n.taps[w])) continue;
        Tensor& t = kept[w];
        t.symbol = Symbol(windows[w].token.name());
        t.type = made_for.stencil.flows[windows[w].of].tensor.type;
        t.space = MemorySpace::heap();
        t.loc = loc();
        body = LetStmt::make(windows[w].token, Load::make(t.symbol, t.type, {}, loc()), body, loc());
    }
    for (size_t w = windows.size(); w-- > 0;) {
        const Type type = made_for.stencil.flows[windows[w].of].tensor.type;
        if (!kept[w].symbol) {
            body = Pop::make(windows[w].token, taps[w], type, body, loc());
            continue;
        }
        const Symbol token("token");
        Stmt take =
            Pop::make(token, taps[w], type,
                      Store::make(kept[w].symbol, type, {}, Variable::make(token, type), loc()), loc());
        for (const Expr& c : exists(made_for.nodes[windows[w].of], n.taps[w].offset, first, point))
            take = If::make(c, take, {}, loc());
        body = Block::make({take, body});
        zeros.push_back(Store::make(kept[w].symbol, type, {}, zero(type), loc()));
    }
    std::erase_if(kept, [](const Tensor& t) { return !t.symbol; });
    if (kept.empty()) return body;
    zeros.push_back(body);
    return Allocate::make(std::move(kept), Block::make(std::move(zeros)));
}

bool Kinds::leaves(size_t flow, const Tap& t) const {
    const Node &n = made_for.nodes[flow], &of = made_for.nodes[t.of];
    return n.first + t.offset < of.first || n.last + t.offset > of.last;
}

/// The value where the lane's word number `point` lies. \param first the lane's first position
Expr Kinds::at_positions(size_t flow, const Expr& first, const Symbol& point) const {
    const Flow& f = made_for.stencil.flows[flow];
    const Grid& g = made_for.grid;
    const Expr at = iadd(first, imul(index(k), var(point)));
    std::vector<Expr> on_grid = of_row(g, ifloordiv(at, index(g.row())));
    on_grid.push_back(ifloormod(at, index(g.row())));
    const Place p = place(made_for, flow, on_grid, Wanted::all);
    Substitution with;
    for (size_t d = 0; d < f.point.size(); ++d)
        with.emplace(f.point[d], p.at[d]);
    const Expr value = substitute(fresh_copy(f.value), with);
    if (!p.inside.defined()) return value;
    // What lies between two rows has a value that nobody asks for.
    return Select::make(p.inside, Cast::make(f.tensor.type, value), zero(f.tensor.type));
}

/// Copies of the tables that the value reads, and their names.
std::map<Symbol, Symbol> Kinds::add_tables(Function& made, const Expr& value) const {
    std::map<Symbol, Symbol> names;
    for (const Symbol& t : tensors_read(value)) {
        const std::vector<Tensor>& known = edit.function().constants;
        const auto own = std::ranges::find(known, t, &Tensor::symbol);
        invariant(own != known.end(), "a table is no constant");
        made.constants.push_back(*own);
        names[t] = made.constants.back().symbol = Symbol(t.name());
    }
    return names;
}

/// Other numbers that the value uses become parameters.
Expr Kinds::add_scalars(Function& made, const Flow& f, const Expr& value, std::vector<Expr>& given) const {
    std::set<Symbol> other = free_variables(value);
    for (const Window& w : f.windows)
        other.erase(w.token);
    std::set<Symbol> own;
    for (const Param& p : edit.function().params)
        own.insert(p.symbol);
    Substitution with;
    for_each_expr(value, [&](const Expr& x) {
        const auto* v = x.as<Variable>();
        if (!v || !other.contains(v->symbol) || !own.contains(v->symbol) || with.contains(v->symbol)) return;
        with.emplace(v->symbol, number(made, v->symbol.name(), v->type));
        given.push_back(x);
    });
    return substitute(value, with);
}

Stmt Kinds::there(const Node& n, const Expr& row, const Expr& word, const Expr& lane,
                  const std::function<Stmt()>& make) const {
    const int64_t width = made_for.grid.row();
    const Expr before = imul(index(width / k), row); // words in the rows above
    Stmt body = make();
    if (n.last % width < width - 1) {
        const Expr last = ifloordiv(isub(index(n.last), lane), index(k));
        body = If::make(at_most(word, isub(last, before)), body, {}, loc());
    }
    if (n.first % width > 0) {
        const Expr behind = ifloordiv(isub(lane, index(n.first)), index(k));
        body = If::make(at_most(isub(index(0), iadd(behind, before)), word), body, {}, loc());
    }
    return body;
}

std::string Kinds::storer(size_t flow) {
    if (made_for.ports[flow].in_words())
        return made_for.grid.cuts().empty() ? word_storer(flow) : strip_storer(flow);
    const Flow& f = made_for.stencil.flows[flow];
    const Grid& g = made_for.grid;
    const Node& n = made_for.nodes[flow];
    Function made;
    made.arguments.push_back(argument(f.tensor, Direction::out));
    const Type type = f.tensor.type;
    const Symbol row = loop("row"), word = loop("word"), lane = loop("lane"), token("token");
    const int64_t first_row = n.first / g.row(), rows = n.last / g.row() - first_row + 1, words = g.row() / k;
    const StreamElement from = lanes(made, "in", type, Direction::in, lane);
    std::vector<Expr> on_grid = of_row(g, var(row));
    on_grid.push_back(iadd(imul(index(k), var(word)), var(lane)));
    const Place p = place(made_for, flow, on_grid, Wanted::own);
    Stmt body = Store::make(made.arguments[0].tensor.symbol, type, p.at, Variable::make(token, type), loc());
    if (p.inside.defined()) body = If::make(p.inside, body, {}, loc());
    body =
        there(n, var(row), var(word), var(lane), [&] { return Pop::make(token, from, type, body, loc()); });
    body = pipelined(word, index(0), index(words), for_lanes(lane, body));
    made.body = For::make(row, index(first_row), index(rows), {}, body, loc());
    return add(std::move(made), "store_" + f.tensor.symbol.name(), {row, word, lane});
}

} // namespace lathe::schedule::stencil
