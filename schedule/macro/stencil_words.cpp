/// \file Processes between memory that hands over words and the lanes of a network.

#include "stencil_places.h"
#include "stencil_processes.h"

namespace lathe::schedule::stencil {

namespace {

/// Subscripts of the element that has that number in row-major order.
std::vector<Expr> subscripts(const Tensor& t, const Expr& number) {
    std::vector<Expr> at;
    int64_t stride = 1;
    for (size_t d = t.dims.size(); d-- > 0;) {
        const Expr extent = simplify(t.dims[d].extent);
        invariant(as_int(extent).has_value(), "a network has sizes that are not constant");
        Expr n = ifloordiv(number, index(stride));
        if (d > 0) n = ifloormod(n, extent);
        at.insert(at.begin(), simplify(iadd(t.dims[d].min, n)));
        stride *= *as_int(extent);
    }
    return at;
}

Expr not_below(const Expr& e, int64_t least) {
    return at_most(index(least), e);
}

/// first ≤ e < end
Expr between(const Expr& e, const Expr& first, const Expr& end) {
    return Binary::make(BinaryOp::logical_and, at_most(first, e), less(e, end));
}

/// ⌈a / b⌉
Expr up(const Expr& a, int64_t b) {
    return ifloordiv(iadd(a, index(b - 1)), index(b));
}

/// Rows of a tensor that lie in memory without a gap, beside those of the grid.
struct Rows {
    Expr inside; ///< the grid's row is one of the tensor's; none: always
    Expr begin;  ///< number of its first element
    int64_t width;
    int64_t shift; ///< the column of the grid in which it begins
};

Rows rows_of(const Design& d, size_t flow, const Expr& row) {
    const Grid& g = d.grid;
    const Box &box = d.stencil.flows[flow].box, &all = g.first_strip();
    const std::vector<Expr> at = of_row(g, row);
    Rows r{{}, index(0), box.extent.back(), box.first.back() - all.first.back()};
    for (size_t n = 0; n + 1 < box.rank(); ++n) {
        const int64_t first = box.first[n] - all.first[n], end = first + box.extent[n];
        if (first > 0) r.inside = and_also(r.inside, not_below(at[n], first));
        if (end < all.extent[n]) r.inside = and_also(r.inside, less(at[n], index(end)));
        r.begin = iadd(imul(r.begin, index(box.extent[n])), isub(at[n], index(first)));
    }
    r.begin = simplify(imul(r.begin, index(r.width)));
    return r;
}

Stmt when(const Expr& condition, Stmt s) {
    return condition.defined() ? If::make(condition, std::move(s), {}) : s;
}

} // namespace

Tensor Kinds::registers(const std::string& name, Type type, int64_t count) const {
    Tensor t;
    t.symbol = Symbol(name);
    t.type = type;
    t.dims = {{index(0), index(count)}};
    t.loc = loc();
    t.layout.dims.emplace_back().partition = Partition::complete;
    return t;
}

std::vector<Symbol> Kinds::beat_loops() {
    return {loop("beat"), loop("part"), loop("lane"), loop("last_part"), loop("last_lane")};
}

/// Beats that are whole, then what is left.
Stmt Kinds::in_beats(size_t flow, const std::vector<Symbol>& loops, const PassWord& pass) const {
    const int64_t beat = made_for.ports[flow].beat();
    const DenseRun run = dense_run(made_for.stencil.flows[flow]);
    const auto passed = [&](const Symbol& part, const Symbol& lane, const Expr& first, int64_t count) {
        const Expr at = imul(index(k), var(part));
        const Stmt word = pass(lane, iadd(first, at), count % k != 0 ? isub(index(count), at) : Expr());
        const int64_t words = stencil::ceil_div(count, k);
        if (words == 1) return simplify(substitute(word, {{part, index(0)}}));
        return Stmt(For::make(part, index(0), index(words), LoopKind::unrolled(), word, loc()));
    };
    std::vector<Stmt> all;
    const Expr first = iadd(index(run.first), imul(index(beat), var(loops[0])));
    if (run.count >= beat)
        all.push_back(pipelined(loops[0], index(0), index(run.count / beat),
                                passed(loops[1], loops[2], first, beat), beat / k));
    if (const int64_t rest = run.count % beat; rest > 0)
        all.push_back(passed(loops[3], loops[4], index(run.first + run.count - rest), rest));
    return Block::make(std::move(all));
}

std::string Kinds::word_loader(size_t flow) {
    const Flow& f = made_for.stencil.flows[flow];
    const Type type = f.tensor.type;
    Function made;
    made.arguments.push_back(argument(f.tensor, Direction::in));
    const Tensor& in = made.arguments[0].tensor;
    const std::vector<Symbol> loops = beat_loops();
    const WordStream to = stream(made, "out", type, k, Direction::out);
    made.body = in_beats(flow, loops, [&](const Symbol& lane, const Expr& first, const Expr& left) {
        Expr value = Load::make(in.symbol, type, subscripts(in, iadd(first, var(lane))), loc());
        if (left.defined()) value = Select::make(less(var(lane), left), value, zero(type), loc());
        return give(to, lane, value);
    });
    return add(std::move(made), "load_" + f.tensor.symbol.name(), loops);
}

std::string Kinds::word_storer(size_t flow) {
    const Flow& f = made_for.stencil.flows[flow];
    const Type type = f.tensor.type;
    Function made;
    made.arguments.push_back(argument(f.tensor, Direction::out));
    const Tensor& out = made.arguments[0].tensor;
    const std::vector<Symbol> loops = beat_loops();
    const WordStream from = stream(made, "in", type, k, Direction::in);
    made.body = in_beats(flow, loops, [&](const Symbol& lane, const Expr& first, const Expr& left) {
        return take_lanes(from, lane, [&](const Expr& element) {
            const Stmt store =
                Store::make(out.symbol, type, subscripts(out, iadd(first, var(lane))), element, loc());
            return left.defined() ? If::make(less(var(lane), left), store, {}, loc()) : store;
        });
    });
    return add(std::move(made), "store_" + f.tensor.symbol.name(), loops);
}

/// In iteration w of a row that begins in column `shift` with element `begin`, lane q has element begin −
/// shift + k·w + q: of the dense words number w − c and the one before it, turned by ρ, where shift − begin =
/// c·k + ρ. The words that the row needs first come one in each iteration.
std::string Kinds::into_rows(size_t flow) {
    const Flow& f = made_for.stencil.flows[flow];
    const Grid& g = made_for.grid;
    const Type type = f.tensor.type;
    Function made;
    const std::vector<Symbol> loops{loop("row"), loop("word"), loop("lane"), loop("next_lane"),
                                    loop("first_lane")};
    const WordStream from = stream(made, "in", type, k, Direction::in),
                     to = stream(made, "out", type, k, Direction::out);
    const Rows r = rows_of(made_for, flow, var(loops[0]));
    const Expr word = var(loops[1]), lane = var(loops[2]), next = var(loops[3]);
    const Tensor now = registers("now", type, k), old = registers("old", type, k);
    const Expr apart = isub(index(r.shift), r.begin), c = ifloordiv(apart, index(k));
    const Symbol turn("turn"), first("first"), end("end");
    const Expr turned = Variable::make(turn, IndexType()), ends = Variable::make(end, IndexType()),
               begins = Variable::make(first, IndexType());
    Stmt come = take_lanes(from, loops[3], [&](const Expr& element) {
        const Stmt store = Store::make(now.symbol, type, {next}, element, loc());
        if (k == 1) return store;
        return Stmt(Block::make(
            {Store::make(old.symbol, type, {next}, Load::make(now.symbol, type, {next}, loc()), loc()),
             store}));
    });
    come = when(r.inside, If::make(at_most(begins, word), If::make(less(word, ends), come), {}, loc()));
    const Expr at = ifloormod(isub(lane, turned), index(k));
    Expr value = Load::make(now.symbol, type, {at}, loc());
    if (k > 1)
        value = Select::make(Binary::make(BinaryOp::logical_or, at_most(turned, lane), at_most(ends, word)),
                             value, Load::make(old.symbol, type, {at}, loc()), loc());
    const Expr column = iadd(imul(index(k), word), lane);
    const Expr inside = and_also(r.inside, between(column, index(r.shift), index(r.shift + r.width)));
    Stmt body = Block::make({come, give(to, loops[2], Select::make(inside, value, zero(type), loc()))});
    body = LetStmt::make(end, iadd(up(iadd(r.begin, index(r.width)), k), c), body, loc());
    body = LetStmt::make(first, iadd(up(r.begin, k), c), body, loc());
    body = LetStmt::make(turn, ifloormod(apart, index(k)), body, loc());
    body = pipelined(loops[1], index(0), index(g.row() / k), body);
    body = For::make(loops[0], index(0), index((made_for.nodes[flow].last + 1) / g.row()), {}, body, loc());
    if (k > 1)
        body = Block::make(
            {for_lanes(loops[4], k, Store::make(now.symbol, type, {var(loops[4])}, zero(type), loc())),
             body});
    made.body = Allocate::make(k > 1 ? std::vector{now, old} : std::vector{now}, body);
    return add(std::move(made), f.tensor.symbol.name() + "_into_rows", loops);
}

/// Lane q of iteration w brings an element of dense word w − c, or of the one before it where q < ρ. A word
/// is complete when its last element has come; elements of words that are not wait.
std::string Kinds::out_of_rows(size_t flow) {
    const Flow& f = made_for.stencil.flows[flow];
    const Grid& g = made_for.grid;
    const Node& n = made_for.nodes[flow];
    const Type type = f.tensor.type;
    Function made;
    const std::vector<Symbol> loops{loop("row"),       loop("word"),      loop("lane"),
                                    loop("sent_lane"), loop("kept_lane"), loop("last_lane")};
    const WordStream from = stream(made, "in", type, k, Direction::in),
                     to = stream(made, "out", type, k, Direction::out);
    const Rows r = rows_of(made_for, flow, var(loops[0]));
    const Expr word = var(loops[1]), lane = var(loops[2]);
    const Tensor wait = registers("wait", type, k), come = registers("come", type, k);
    const Expr apart = isub(index(r.shift), r.begin), turned_up = up(apart, k);
    const Symbol turn("turn"), first("first"), end("end");
    const Expr turned = Variable::make(turn, IndexType());
    const Stmt come_in = there(n, var(loops[0]), word, take_lanes(from, loops[2], [&](const Expr& element) {
                                   return Store::make(come.symbol, type, {lane}, element, loc());
                               }));
    /// For the place in a word: from which lane its element comes, and whether it does.
    const auto from_lane = [&](const Symbol& l, const auto& make) {
        const Symbol source("source");
        const Expr q = Variable::make(source, IndexType());
        const Expr column = iadd(imul(index(k), word), q);
        const Expr fresh = and_also(r.inside, between(column, index(r.shift), index(r.shift + r.width)));
        return LetStmt::make(source, ifloormod(iadd(var(l), turned), index(k)), make(q, fresh), loc());
    };
    Stmt send = give(to, loops[3], [&](const Put& put) {
        return from_lane(loops[3], [&](const Expr& q, const Expr& fresh) {
            const Expr now = Binary::make(BinaryOp::logical_or, less(q, turned),
                                          Binary::make(BinaryOp::eq, turned, index(0)));
            return put(Select::make(and_also(fresh, now), Load::make(come.symbol, type, {q}, loc()),
                                    Load::make(wait.symbol, type, {var(loops[3])}, loc()), loc()));
        });
    });
    send = If::make(at_most(Variable::make(first, IndexType()), word),
                    If::make(less(word, Variable::make(end, IndexType())), send, {}, loc()), {}, loc());
    const Stmt keep =
        for_lanes(loops[4], k, from_lane(loops[4], [&](const Expr& q, const Expr& fresh) {
                      return If::make(fresh,
                                      Store::make(wait.symbol, type, {var(loops[4])},
                                                  Load::make(come.symbol, type, {q}, loc()), loc()),
                                      {}, loc());
                  }));
    Stmt body = Block::make({come_in, when(r.inside, send), keep});
    body =
        LetStmt::make(end, iadd(ifloordiv(iadd(r.begin, index(r.width)), index(k)), turned_up), body, loc());
    body = LetStmt::make(first, iadd(ifloordiv(r.begin, index(k)), turned_up), body, loc());
    body = LetStmt::make(turn, ifloormod(apart, index(k)), body, loc());
    body = pipelined(loops[1], index(0), index(g.row() / k), body);
    const int64_t first_row = n.first / g.row(), rows = n.last / g.row() - first_row + 1;
    body = For::make(loops[0], index(first_row), index(rows), {}, body, loc());
    if (const int64_t rest = dense_run(f).count % k; rest > 0) {
        const Expr l = var(loops[5]);
        const Expr value =
            Select::make(less(l, index(rest)), Load::make(wait.symbol, type, {l}, loc()), zero(type), loc());
        body = Block::make({body, give(to, loops[5], value)});
    }
    made.body = Allocate::make({wait, come}, body);
    return add(std::move(made), f.tensor.symbol.name() + "_out_of_rows", loops);
}

/// Rows of strips begin and end with whole beats, each of which is in the tensor, or is not.
std::string Kinds::strip_loader(size_t flow) {
    const Flow& f = made_for.stencil.flows[flow];
    const Grid& g = made_for.grid;
    const int64_t beat = made_for.ports[flow].beat(), parts = beat / k;
    const Type type = f.tensor.type;
    Function made;
    made.arguments.push_back(argument(f.tensor, Direction::in));
    const size_t rank = g.rank();
    auto [loops, on_grid] = grid_loops("beat");
    on_grid.back() = imul(index(beat), on_grid.back());
    const Symbol element = loop("element"), part = loop("part"), lane = loop("lane");
    const WordStream to = stream(made, "out", type, k, Direction::out);
    const Tensor word = registers("word", type, beat);
    Place p = place(made_for, flow, on_grid, Wanted::all);
    p.at.back() = iadd(p.at.back(), var(element));
    const Stmt read =
        For::make(element, index(0), index(beat), LoopKind::unrolled(),
                  Store::make(word.symbol, type, {var(element)},
                              Load::make(made.arguments[0].tensor.symbol, type, p.at, loc()), loc()),
                  loc());
    Expr value = Load::make(word.symbol, type, {iadd(imul(index(k), var(part)), var(lane))}, loc());
    if (p.inside.defined()) value = Select::make(p.inside, value, zero(type), loc());
    const Stmt send =
        For::make(part, index(0), index(parts), LoopKind::unrolled(), give(to, lane, value), loc());
    Stmt body = pipelined(loops.back(), index(0), index(g.row() / beat),
                          Block::make({when(p.inside, read), send}), parts);
    for (size_t d = rank - 1; d-- > 0;)
        body = For::make(loops[d], index(0), index(g.extent(d)), {}, body, loc());
    made.body = Allocate::make(word, body);
    loops.insert(loops.end(), {element, part, lane});
    return add(std::move(made), "load_" + f.tensor.symbol.name(), loops);
}

std::string Kinds::strip_storer(size_t flow) {
    const Flow& f = made_for.stencil.flows[flow];
    const Grid& g = made_for.grid;
    const Node& n = made_for.nodes[flow];
    const int64_t beat = made_for.ports[flow].beat(), parts = beat / k;
    const Type type = f.tensor.type;
    Function made;
    made.arguments.push_back(argument(f.tensor, Direction::out));
    const std::vector<Symbol> loops{loop("row"), loop("beat"), loop("part"), loop("lane"), loop("element")};
    const WordStream from = stream(made, "in", type, k, Direction::in);
    const Expr row = var(loops[0]), part = var(loops[2]), lane = var(loops[3]);
    const Tensor word = registers("word", type, beat);
    const int64_t first_row = n.first / g.row(), last_row = n.last / g.row();
    const Stmt come = take_lanes(from, loops[3], [&](const Expr& element) {
        return Store::make(word.symbol, type, {iadd(imul(index(k), part), lane)}, element, loc());
    });
    const Stmt all = For::make(loops[2], index(0), index(parts), LoopKind::unrolled(),
                               there(n, row, iadd(imul(index(parts), var(loops[1])), part), come), loc());
    std::vector<Expr> on_grid = of_row(g, row);
    on_grid.push_back(imul(index(beat), var(loops[1])));
    Place p = place(made_for, flow, on_grid, Wanted::own);
    p.at.back() = iadd(p.at.back(), var(loops[4]));
    const Stmt write = For::make(loops[4], index(0), index(beat), LoopKind::unrolled(),
                                 Store::make(made.arguments[0].tensor.symbol, type, p.at,
                                             Load::make(word.symbol, type, {var(loops[4])}, loc()), loc()),
                                 loc());
    Stmt body = pipelined(loops[1], index(0), index(g.row() / beat),
                          Block::make({all, when(p.inside, write)}), parts);
    body = For::make(loops[0], index(first_row), index(last_row - first_row + 1), {}, body, loc());
    made.body = Allocate::make(word, body);
    return add(std::move(made), "store_" + f.tensor.symbol.name(), loops);
}

} // namespace lathe::schedule::stencil
