#include "stencil_expand.h"

#include "stencil_processes.h"

#include <algorithm>

namespace lathe::schedule::stencil {

namespace {

/// Streams and calls, as they come.
class Network {
  public:
    Network(Edit& e, const Design& d)
        : edit(e), stencil(d.stencil), k(d.k), nodes(d.nodes), chains(d.plan), ports(d.ports), kinds(e, d) {
        for (const Streams& s : d.streams)
            declare(s);
    }

    Stmt make() {
        for (size_t u = 0; u < nodes.size(); ++u) {
            if (stencil.flows[u].is_stage())
                compute(u);
            else
                load(u);
            forward(u);
        }
        for (size_t u = 0; u < nodes.size(); ++u)
            if (nodes[u].stored) store(u);
        kinds.add_all();
        Stmt body = Block::make(std::move(calls));
        for (size_t n = streams.size(); n-- > 0;)
            body = DeclareStream::make(streams[n], body);
        return body;
    }

  private:
    /// Streams that one tensor's forwarders feed, for one stage.
    struct Taps {
        Symbol streams;
        std::map<size_t, int64_t> place; ///< of the stage's windows
    };

    Edit& edit;
    const Stencil& stencil;
    int64_t k;
    const std::vector<Node>& nodes;
    const Plan& chains;
    const std::vector<Port>& ports;
    Kinds kinds;
    std::vector<StreamDeclaration> streams;
    std::vector<Stmt> calls;
    std::map<size_t, Symbol> lanes, stores, dense;             ///< of a tensor
    std::map<std::pair<size_t, size_t>, Taps> taps;            ///< of a tensor and a stage that reads it
    std::map<std::pair<size_t, int64_t>, StreamElement> holds; ///< of a tensor; `at`: the first that is free

    Loc loc() const { return edit.step().loc; }
    const std::string& name(size_t u) const { return stencil.flows[u].tensor.symbol.name(); }
    Type type(size_t u) const { return stencil.flows[u].tensor.type; }
    bool read_by_none(size_t u) const { return chains.chains[u].lanes.empty(); }

    /// Extents of 1 are no dimensions.
    Symbol array(const std::string& wish, Type t, const std::vector<int64_t>& extents, int64_t depth) {
        StreamDeclaration s{Symbol(wish), t, {}, {}, depth, loc()};
        for (const int64_t e : extents)
            if (e > 1) s.dims.push_back(index(e));
        streams.push_back(s);
        return s.symbol;
    }
    StreamElement lane_of(const Symbol& array, const Expr& lane) const {
        return {array, k > 1 ? std::vector{lane} : std::vector<Expr>{}};
    }
    StreamElement tap_of(const Taps& t, size_t window, const Expr& lane) const {
        StreamElement e = lane_of(t.streams, lane);
        if (t.place.size() > 1) e.at.insert(e.at.begin(), index(t.place.at(window)));
        return e;
    }

    static TensorView whole(const Tensor& t, Direction direction) {
        TensorView v{t.symbol, {}, direction, true};
        for (const Dim& d : t.dims)
            v.dims.push_back({d.min, d.extent, 1, true});
        return v;
    }

    void declare(const Streams& s) {
        const std::string& of = name(s.of);
        const auto made = [&](const std::string& wish, const std::vector<int64_t>& extents) {
            return array(wish, type(s.of), extents, s.depth);
        };
        switch (s.use) {
        case Streams::Use::lanes:
            lanes[s.of] = made(of + "_lanes", {k});
            return;
        case Streams::Use::taps:
            taps[{s.of, s.reader}] = {made(fmt::format("{}_to_{}", of, name(s.reader)), {s.taps, k}),
                                      places(s.of, s.reader)};
            return;
        case Streams::Use::memory:
            stores[s.of] = made(of + "_to_memory", {k});
            return;
        case Streams::Use::dense:
            dense[s.of] = made(of + "_dense", {k});
            return;
        case Streams::Use::hold:
            StreamElement& first = holds[{s.of, s.hold}];
            first.stream = made(fmt::format("{}_hold{}", of, s.hold), {s.count});
            if (s.count > 1) first.at.push_back(index(0));
            return;
        }
    }

    std::map<size_t, int64_t> places(size_t u, size_t v) const {
        std::map<size_t, int64_t> place;
        const std::vector<Window>& windows = stencil.flows[v].windows;
        for (size_t n = 0; n < windows.size(); ++n)
            if (windows[n].of == u) place.emplace(n, static_cast<int64_t>(place.size()));
        return place;
    }

    void call(const std::string& kind, std::vector<TensorView> tensors, const Symbol& from,
              const Symbol& to) {
        std::vector<StreamElement> given;
        for (const Symbol& s : {from, to})
            if (s) given.push_back({s, {}});
        calls.push_back(CallStmt::make(kind, std::move(tensors), {}, std::move(given), loc()));
    }

    void load(size_t u) {
        const TensorView in = whole(stencil.flows[u].tensor, Direction::in);
        if (!ports[u].rows) return call(kinds.loader(u), {in}, {}, lanes.at(u));
        call(kinds.loader(u), {in}, {}, dense.at(u));
        call(kinds.into_rows(u), {}, dense.at(u), lanes.at(u));
    }

    void store(size_t u) {
        const TensorView out = whole(stencil.flows[u].tensor, Direction::out);
        const Symbol& from = read_by_none(u) ? lanes.at(u) : stores.at(u);
        if (!ports[u].rows) return call(kinds.storer(u), {out}, from, {});
        call(kinds.out_of_rows(u), {}, from, dense.at(u));
        call(kinds.storer(u), {out}, dense.at(u), {});
    }

    void compute(size_t v) {
        const Flow& f = stencil.flows[v];
        const Node& n = nodes[v];
        const Compute kind = kinds.compute(v);
        const Symbol id("lane");
        const Expr lane = k > 1 ? var(id) : index(0);
        const Expr behind = ifloordiv(isub(lane, index(n.first)), index(k)); // minus the first word
        const Expr last = ifloordiv(isub(index(n.last), lane), index(k));
        std::vector<Expr> values{simplify(iadd(iadd(last, behind), index(1)))};
        if (same_count(n)) values[0] = index(words_of(n, 0, k).count());
        if (kind.at_point) values.push_back(simplify(isub(lane, imul(index(k), behind))));
        values.insert(values.end(), kind.scalars.begin(), kind.scalars.end());
        std::vector<StreamElement> given;
        for (size_t w = 0; w < f.windows.size(); ++w)
            given.push_back(tap_of(taps.at({f.windows[w].of, v}), w, lane));
        given.push_back(lane_of(lanes.at(v), lane));
        const Stmt call = CallStmt::make(kind.name, {}, values, given, loc());
        calls.push_back(k == 1 ? call : Spawn::make({id}, {{index(0), index(k)}}, call, loc()));
    }

    bool same_count(const Node& n) const {
        for (int64_t q = 1; q < k; ++q)
            if (words_of(n, q, k).count() != words_of(n, 0, k).count()) return false;
        return true;
    }

    /// The chains of a tensor.
    void forward(size_t u) {
        const auto& all = chains.chains[u].lanes;
        for (size_t lane = 0; lane < all.size(); ++lane) {
            StreamElement from = lane_of(lanes.at(u), index(static_cast<int64_t>(lane)));
            for (const Forwarder& f : all[lane]) {
                StreamElement next;
                if (f.hold > 0) next = free_hold(u, f.hold);
                forward_one(u, f, from, next);
                from = next;
            }
        }
    }

    StreamElement free_hold(size_t u, int64_t hold) {
        StreamElement& free = holds.at({u, hold});
        const StreamElement taken = free;
        if (!free.at.empty()) free.at[0] = index(*as_int(free.at[0]) + 1);
        return taken;
    }

    void forward_one(size_t u, const Forwarder& f, const StreamElement& from, const StreamElement& next) {
        std::vector<Expr> values{index(f.words.count())};
        std::vector<StreamElement> given{from};
        const auto pass = [&](const Words& w, const StreamElement& to) {
            values.push_back(index(w.first - f.words.first));
            values.push_back(index(w.last + 1 - f.words.first));
            given.push_back(to);
        };
        if (next.stream) pass(f.next, next);
        for (const Feed& to : f.feeds)
            if (to.consumer == Feed::store)
                pass(to.words, lane_of(stores.at(u), index(to.lane)));
            else
                pass(to.words, tap_of(taps.at({u, to.consumer}), to.tap, index(to.lane)));
        calls.push_back(CallStmt::make(kinds.forwarder(type(u), bool(next.stream), f.feeds.size()), {},
                                       values, given, loc()));
    }
};

} // namespace

Stmt expand(Edit& e, const Design& d) {
    return Network(e, d).make();
}

} // namespace lathe::schedule::stencil
