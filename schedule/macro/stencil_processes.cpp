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

StreamDeclaration stream_of_words(const std::string& name, Type type, int64_t lanes, Loc loc) {
    StreamDeclaration s{Symbol(name), type, {}, {}, 0, loc};
    if (lanes > 1) {
        s.block.push_back(lanes);
        s.vector = true;
    }
    return s;
}

WordStream Kinds::stream(Function& f, const std::string& name, Type type, int64_t lanes,
                         Direction direction) const {
    f.streams.push_back({stream_of_words(name, type, lanes, loc()), direction});
    return {f.streams.back().stream.symbol, type, lanes};
}

Stmt Kinds::for_lanes(const Symbol& lane, int64_t lanes, Stmt body) const {
    if (lanes == 1) return simplify(substitute(body, {{lane, index(0)}}));
    return For::make(lane, index(0), index(lanes), LoopKind::unrolled(), std::move(body), loc());
}

/// A token's elements, as a process sees them.
static Tensor word_tensor(const std::string& name, const WordStream& s, Loc loc) {
    Tensor t;
    t.symbol = Symbol(name);
    t.type = s.type;
    t.dims = {{index(0), index(s.lanes)}};
    t.loc = loc;
    return t;
}

Stmt Kinds::take(const WordStream& from, const std::string& name, const WithWord& body) const {
    if (from.lanes == 1) {
        const Symbol token(name);
        const Expr element = Variable::make(token, from.type, loc());
        return Pop::make(token, {from.symbol, {}}, from.type, body([&](const Expr&) { return element; }),
                         loc());
    }
    const Tensor word = word_tensor(name, from, loc());
    return Drain::make(
        {from.symbol, {}}, word,
        body([&](const Expr& lane) { return Load::make(word.symbol, from.type, {lane}, loc()); }), loc());
}

Kinds::Element Kinds::in_registers(const Tensor& word) const {
    const bool one = as_int(word.dims[0].extent) == 1;
    return [=, this](const Expr& lane) {
        return Load::make(word.symbol, word.type, {one ? index(0) : lane}, loc());
    };
}

Stmt Kinds::take_some(const WordStream& from, const Symbol& loop, const Expr& first, const Expr& end,
                      const std::pair<Symbol, Symbol>& lanes, const WithWord& body) const {
    const Tensor word = registers(from.symbol.name() + "_word", from.type, from.lanes);
    const auto set = [&](const Symbol& lane, const Expr& value) {
        return Store::make(word.symbol, from.type, {var(lane)}, value, loc());
    };
    Stmt come =
        take_lanes(from, lanes.second, [&](const Expr& element) { return set(lanes.second, element); });
    come = If::make(less(var(loop), end), come, {}, loc());
    come = If::make(at_most(first, var(loop)), come, {}, loc());
    const Stmt none = for_lanes(lanes.first, from.lanes, set(lanes.first, zero(from.type)));
    return Allocate::make(word, Block::make({none, come, body(in_registers(word))}));
}

Stmt Kinds::take_all(const std::vector<WordStream>& in, std::vector<Symbol>& loops, const WithWords& body) {
    constexpr size_t most_nested = 64; // the others wait in registers: statements nest no deeper than 1000
    std::vector<Element> words;
    const std::function<Stmt()> nested = [&] {
        if (words.size() == in.size()) return body(words);
        const WordStream& from = in[words.size()];
        return take(from, fmt::format("{}_{}", from.symbol.name(), from.lanes == 1 ? "token" : "word"),
                    [&](const Element& element) {
                        words.push_back(element);
                        return nested();
                    });
    };
    if (in.size() <= most_nested) return nested();
    std::vector<Tensor> kept;
    std::vector<Stmt> all;
    for (const WordStream& from : in) {
        const Symbol lane = loop(from.symbol.name() + "_lane");
        loops.push_back(lane);
        kept.push_back(registers(from.symbol.name() + "_word", from.type, from.lanes));
        all.push_back(take_lanes(from, lane, [&](const Expr& element) {
            return Store::make(kept.back().symbol, from.type, {var(lane)}, element, loc());
        }));
        words.push_back(in_registers(kept.back()));
    }
    all.push_back(body(words));
    return Allocate::make(std::move(kept), Block::make(std::move(all)));
}

Stmt Kinds::take_lanes(const WordStream& from, const Symbol& lane,
                       const std::function<Stmt(const Expr& element)>& body) const {
    return take(from, from.lanes == 1 ? "token" : "word", [&](const Element& element) {
        return for_lanes(lane, from.lanes, body(element(var(lane))));
    });
}

Stmt Kinds::give(const WordStream& to, const Symbol& lane, const PutLane& value) const {
    if (to.lanes == 1) {
        const Stmt one = value([&](const Expr& v) { return Push::make({to.symbol, {}}, to.type, v, loc()); });
        return for_lanes(lane, 1, one);
    }
    const Tensor word = word_tensor(to.symbol.name() + "_word", to, loc());
    const Stmt all =
        value([&](const Expr& v) { return Store::make(word.symbol, to.type, {var(lane)}, v, loc()); });
    return Fill::make({to.symbol, {}}, word, for_lanes(lane, to.lanes, all), loc());
}

Stmt Kinds::give(const WordStream& to, const Symbol& lane, const Expr& value) const {
    return give(to, lane, [&](const Put& put) { return put(value); });
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
    const WordStream to = stream(made, "out", f.tensor.type, k, Direction::out);
    const Place p = place(made_for, flow, on_grid, Wanted::needed);
    Expr value = Load::make(made.arguments[0].tensor.symbol, f.tensor.type, p.at, loc());
    if (p.inside.defined()) value = Select::make(p.inside, value, zero(f.tensor.type), loc());
    Stmt body = pipelined(loops.back(), index(0), index(g.row() / k), give(to, lane, value));
    const int64_t outermost = (made_for.nodes[flow].last + 1) / g.stride(0);
    for (size_t d = rank - 1; d-- > 0;)
        body = For::make(loops[d], index(0), index(d == 0 ? outermost : g.extent(d)), {}, body, loc());
    made.body = body;
    loops.push_back(lane);
    return add(std::move(made), "load_" + f.tensor.symbol.name(), loops);
}

std::string Kinds::forwarder(size_t flow, size_t place) {
    const Chain& chain = made_for.plan.chains[flow];
    const Forwarder& f = chain[place];
    const Type type = made_for.stencil.flows[flow].tensor.type;
    std::vector<Lanes> out;
    const bool on = place + 1 < chain.size(), gaps = f.read != f.words;
    if (on) out.push_back(chain[place + 1].lanes);
    for (const Feed& to : f.feeds)
        out.push_back(to.lanes);
    std::vector<int64_t> shape{f.lanes.count(), on ? 1 : 0, gaps ? 1 : 0};
    for (const Lanes& l : out)
        shape.insert(shape.end(), {l.first - f.lanes.first, l.count()});
    std::string& known = forwarders[{type.str(), shape}];
    if (!known.empty()) return known;
    Function made;
    const WordStream from = stream(made, "in", type, f.lanes.count(), Direction::in);
    const Symbol word = loop("word");
    std::vector<Symbol> loops{word};
    const Expr words = number(made, "words");
    Expr first, end;
    if (gaps) first = number(made, "in_first"), end = number(made, "in_end");
    const auto pass = [&](const Element& element) {
        std::vector<Stmt> gives;
        for (size_t n = 0; n < out.size(); ++n) {
            const std::string to = on && n == 0 ? "next" : fmt::format("to{}", on ? n : n + 1);
            const Expr begin = number(made, to + "_first"), behind = number(made, to + "_end");
            const WordStream stream_to = stream(made, to, type, out[n].count(), Direction::out);
            const Symbol lane = loop(to + "_lane");
            loops.push_back(lane);
            const Stmt one =
                give(stream_to, lane, element(iadd(index(out[n].first - f.lanes.first), var(lane))));
            gives.push_back(If::make(at_most(begin, var(word)),
                                     If::make(less(var(word), behind), one, {}, loc()), {}, loc()));
        }
        return Stmt(Block::make(std::move(gives)));
    };
    Stmt body;
    if (gaps) {
        const std::pair lanes{loop("none_lane"), loop("in_lane")};
        loops.insert(loops.end(), {lanes.first, lanes.second});
        body = take_some(from, word, first, end, lanes, pass);
    } else {
        body = take(from, from.lanes == 1 ? "token" : "in_word", pass);
    }
    made.body = pipelined(word, index(0), words, body);
    known = add(std::move(made), fmt::format("forward{}{}", f.feeds.size(), on ? "_on" : ""), loops);
    return known;
}

Compute Kinds::compute(size_t n) {
    const Stencil& s = made_for.stencil;
    const Node& node = made_for.nodes[n];
    const Flow& f = s.flows[n];
    Function made;
    Compute c;
    const Symbol point = loop("point"), lane = loop("lane");
    std::vector<Symbol> loops{point, lane};
    const Words own = words_of(node, k);
    const Expr points = number(made, "points");
    c.values.push_back(index(own.count()));
    std::vector<WordStream> in;
    for (const Fed& from : inputs[n])
        in.push_back(stream(made, fmt::format("in{}", in.size()), s.flows[from.of].tensor.type,
                            from.feed->lanes.count(), Direction::in));
    const std::set<Symbol> used = free_variables(f.value);
    // A table that data choose from is asked inside of the box alone.
    const bool counts = std::ranges::any_of(f.point, [&](const Symbol& v) { return used.contains(v); }) ||
                        !tensors_read(f.value).empty();
    Expr value = fresh_copy(f.value);
    if (counts) {
        value = at_positions(n, number(made, "first"), point, lane);
        c.values.push_back(index(k * own.first));
    }
    value = add_scalars(made, f, value, c.values);
    const std::map<Symbol, Symbol> tables = add_tables(made, value);
    const WordStream out = stream(made, "out", f.tensor.type, k, Direction::out);
    std::vector<Tensor> rings;
    made.body = take_all(in, loops, [&](const std::vector<Element>& words) {
        return give(out, lane, [&](const Put& put) {
            Recurrence r = recurrence(f, value, put, point);
            rings = std::move(r.rings);
            Stmt body = rename(r.body, tables);
            for (size_t w = f.windows.size(); w-- > 0;)
                body = LetStmt::make(f.windows[w].token, tap(n, node.taps[w], words, lane), body, loc());
            return body;
        });
    });
    made.body = pipelined(point, index(0), points, made.body, node.ii);
    if (!rings.empty()) made.body = Allocate::make(std::move(rings), made.body);
    c.name = add(std::move(made), "pe_" + f.tensor.symbol.name(), loops);
    return c;
}

/// Results wait in rings, one behind the other: each holds those between two distances at which they are
/// read, and is read once and written once for a point.
Recurrence Kinds::recurrence(const Flow& f, const Expr& value, const Put& put, const Symbol& point) const {
    const Type type = f.tensor.type;
    if (f.own.empty()) return {put(value), {}};
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
    std::vector<Stmt> stores{put(coming)};
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

/// The element of a window that the lane's point reads.
Expr Kinds::tap(size_t flow, const Tap& t, const std::vector<Element>& words, const Symbol& lane) const {
    const auto [ahead, turn] = distant(t.offset, k);
    const auto element = [&](int64_t word, int64_t further) {
        const std::vector<Fed>& all = inputs[flow];
        for (size_t n = 0; n < all.size(); ++n)
            if (all[n].of == t.of && all[n].feed->ahead == word)
                return words[n](iadd(var(lane), index(further - all[n].feed->lanes.first)));
        return zero(made_for.stencil.flows[t.of].tensor.type); // it is never there
    };
    if (turn == 0) return element(ahead, 0);
    return Select::make(less(var(lane), index(k - turn)), element(ahead, turn), element(ahead + 1, turn - k),
                        loc());
}

/// The value where the lane's word number `point` lies.
Expr Kinds::at_positions(size_t flow, const Expr& first, const Symbol& point, const Symbol& lane) const {
    const Flow& f = made_for.stencil.flows[flow];
    const Grid& g = made_for.grid;
    const Expr at = iadd(iadd(first, imul(index(k), var(point))), k > 1 ? var(lane) : index(0));
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

Stmt Kinds::there(const Node& n, const Expr& row, const Expr& word, Stmt body) const {
    const int64_t in_row = made_for.grid.row() / k;
    const Words all = words_of(n, k);
    const Expr before = imul(index(in_row), row); // words in the rows above
    if (all.last % in_row < in_row - 1)
        body = If::make(at_most(word, isub(index(all.last), before)), body, {}, loc());
    if (all.first % in_row > 0)
        body = If::make(at_most(isub(index(all.first), before), word), body, {}, loc());
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
    const Symbol row = loop("row"), word = loop("word"), lane = loop("lane");
    const int64_t first_row = n.first / g.row(), rows = n.last / g.row() - first_row + 1, words = g.row() / k;
    const WordStream from = stream(made, "in", type, k, Direction::in);
    std::vector<Expr> on_grid = of_row(g, var(row));
    on_grid.push_back(iadd(imul(index(k), var(word)), var(lane)));
    const Place p = place(made_for, flow, on_grid, Wanted::own);
    Stmt body = take_lanes(from, lane, [&](const Expr& element) {
        const Stmt store = Store::make(made.arguments[0].tensor.symbol, type, p.at, element, loc());
        return p.inside.defined() ? If::make(p.inside, store, {}, loc()) : store;
    });
    body = pipelined(word, index(0), index(words), there(n, var(row), var(word), body));
    made.body = For::make(row, index(first_row), index(rows), {}, body, loc());
    return add(std::move(made), "store_" + f.tensor.symbol.name(), {row, word, lane});
}

} // namespace lathe::schedule::stencil
