#include "stencil_expand.h"

#include "stencil_processes.h"

#include <tuple>

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
    /// An array of streams, and how many of them have a writer.
    struct Array {
        Symbol streams;
        int64_t count = 0, taken = 0;
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
    std::map<std::tuple<size_t, size_t, int64_t>, Array> taps; ///< of a tensor, its reader, and lanes
    std::map<std::tuple<size_t, int64_t, int64_t>, Array>
        holds; ///< of a tensor, by words that wait and lanes
    std::map<const Feed*, StreamElement> given;

    Loc loc() const { return edit.step().loc; }
    const std::string& name(size_t u) const { return stencil.flows[u].tensor.symbol.name(); }

    Array array(const std::string& wish, const Streams& s) {
        StreamDeclaration d = stream_of_words(wish, stencil.flows[s.of].tensor.type, s.lanes, loc());
        if (s.count > 1) d.dims.push_back(index(s.count));
        d.depth = s.depth;
        streams.push_back(d);
        return {d.symbol, s.count};
    }
    static StreamElement next(Array& a) {
        return {a.streams, a.count > 1 ? std::vector{index(a.taken++)} : std::vector<Expr>{}};
    }

    static TensorView whole(const Tensor& t, Direction direction) {
        TensorView v{t.symbol, {}, direction, true};
        for (const Dim& d : t.dims)
            v.dims.push_back({d.min, d.extent, 1, true});
        return v;
    }

    void declare(const Streams& s) {
        // Those of some lanes stand beside those of all.
        const std::string of = s.lanes == k ? name(s.of) : fmt::format("{}_part{}", name(s.of), s.lanes);
        switch (s.use) {
        case Streams::Use::lanes:
            lanes[s.of] = array(of + "_lanes", s).streams;
            return;
        case Streams::Use::taps:
            taps[{s.of, s.reader, s.lanes}] = array(fmt::format("{}_to_{}", of, name(s.reader)), s);
            return;
        case Streams::Use::memory:
            stores[s.of] = array(of + "_to_memory", s).streams;
            return;
        case Streams::Use::dense:
            dense[s.of] = array(of + "_dense", s).streams;
            return;
        case Streams::Use::hold:
            holds[{s.of, s.hold, s.lanes}] = array(fmt::format("{}_hold{}", of, s.hold), s);
            return;
        }
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
        const Symbol& from = chains.chains[u].empty() ? lanes.at(u) : stores.at(u);
        if (!ports[u].rows) return call(kinds.storer(u), {out}, from, {});
        call(kinds.out_of_rows(u), {}, from, dense.at(u));
        call(kinds.storer(u), {out}, dense.at(u), {});
    }

    void compute(size_t v) {
        const Compute kind = kinds.compute(v);
        std::vector<StreamElement> to;
        for (const Fed& in : kinds.reads(v))
            to.push_back(given.at(in.feed));
        to.push_back({lanes.at(v), {}});
        calls.push_back(CallStmt::make(kind.name, {}, kind.values, std::move(to), loc()));
    }

    void forward(size_t u) {
        StreamElement from{lanes.at(u), {}};
        const Chain& chain = chains.chains[u];
        for (size_t n = 0; n < chain.size(); ++n) {
            StreamElement on;
            if (n + 1 < chain.size()) on = next(holds.at({u, chain[n].hold, chain[n + 1].lanes.count()}));
            forward_one(u, n, from, on);
            from = on;
        }
    }

    void forward_one(size_t u, size_t n, const StreamElement& from, const StreamElement& on) {
        const Forwarder& f = chains.chains[u][n];
        std::vector<Expr> values{index(f.words.count())};
        std::vector<StreamElement> to{from};
        const auto pass = [&](const Words& w, const StreamElement& stream) {
            values.push_back(index(w.first - f.words.first));
            values.push_back(index(w.last + 1 - f.words.first));
            to.push_back(stream);
        };
        if (f.read != f.words) {
            values.push_back(index(f.read.first - f.words.first));
            values.push_back(index(f.read.last + 1 - f.words.first));
        }
        if (on.stream) pass(f.next, on);
        for (const Feed& feed : f.feeds) {
            if (feed.consumer == Feed::store) {
                pass(feed.words, {stores.at(u), {}});
                continue;
            }
            const StreamElement stream = next(taps.at({u, feed.consumer, feed.lanes.count()}));
            pass(feed.words, stream);
            given[&feed] = stream;
        }
        calls.push_back(CallStmt::make(kinds.forwarder(u, n), {}, values, to, loc()));
    }
};

} // namespace

Stmt expand(Edit& e, const Design& d) {
    return Network(e, d).make();
}

} // namespace lathe::schedule::stencil
