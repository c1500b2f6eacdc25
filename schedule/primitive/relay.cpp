#include "relay.h"

#include "../src/processes.h"
#include "../src/tokens.h"

#include "lathe/ir/analysis.h"
#include "lathe/ir/planted.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

/// The loops and conditions around a process's tokens, and the tokens alone.
class Tokens : public Mutator {
  public:
    Tokens(const Edit& edit, const Symbol& t) : e(edit), tensor(t) {}

  protected:
    using Mutator::visit;
    Stmt visit(const Store&, const Stmt&) override { return {}; }
    Stmt visit(const Reduce&, const Stmt&) override { return {}; }
    Stmt visit(const Assert&, const Stmt&) override { return {}; }
    Stmt visit(const Print&, const Stmt&) override { return {}; }
    Stmt visit(const ExternCall&, const Stmt&) override { return {}; }
    Stmt visit(const CallStmt&, const Stmt&) override { return {}; }
    Stmt visit(const Push&, const Stmt&) override { return {}; }
    Stmt visit(const Allocate& a, const Stmt&) override { return (*this)(a.body); }
    Stmt visit(const Stage& g, const Stmt&) override { return (*this)(g.body); }
    Stmt visit(const Fill& f, const Stmt&) override { return (*this)(f.body); }
    Stmt visit(const Drain& d, const Stmt&) override { return (*this)(d.body); }
    Stmt visit(const LetStmt& l, const Stmt&) override {
        if (l.value.type().is_index() && tensors_read(l.value).empty()) {
            const Stmt body = (*this)(l.body);
            return body.defined() ? LetStmt::make(l.symbol, l.value, body, l.loc) : body;
        }
        data.insert(l.symbol);
        return (*this)(l.body);
    }
    Stmt visit(const For& f, const Stmt& s) override { return around(Mutator::visit(f, s)); }
    Stmt visit(const If& i, const Stmt& s) override { return around(Mutator::visit(i, s)); }
    Stmt visit(const While& w, const Stmt& s) override {
        const Stmt all = Mutator::visit(w, s);
        if (!bodies(all).empty())
            e.refuse("how often {} is read depends on data, at {}", tensor.name(), w.loc.str());
        return {};
    }

    /// Nothing, where no token passes in it.
    Stmt around(const Stmt& s) const {
        if (bodies(s).empty()) return {};
        for (const Expr& x : expressions(s))
            check(x, s.loc());
        return s;
    }
    void check(const Expr& x, Loc loc) const {
        const std::set<Symbol> used = free_variables(x);
        const bool known = tensors_read(x).empty() &&
                           std::ranges::none_of(used, [&](const Symbol& v) { return data.contains(v); });
        if (!known)
            e.refuse("when {} is read depends on {}, at {}: processes hand on what all of them read alike",
                     tensor.name(), print(x), loc.str());
    }

    const Edit& e;
    const Symbol& tensor;
    std::set<Symbol> data; ///< what differs between processes, or is known to one of them only
};

/// The first process: pushes what all of them read, in their order.
class Loading : public Tokens {
  public:
    Loading(const Edit& e, const Symbol& t, const Places& p, const Symbol& to, std::set<Symbol> own)
        : Tokens(e, t), places(p), source(t), stream(to) {
        data = std::move(own);
    }

  protected:
    using Tokens::visit;
    Stmt visit(const Pop& p, const Stmt& s) override {
        data.insert(p.symbol);
        const Stmt body = (*this)(p.body);
        const auto at = places.find(p.symbol);
        if (at == places.end()) return body; // another stream's
        for (const Expr& x : at->second)
            check(x, s.loc());
        const Stmt push =
            Push::make({stream, {}}, p.type, Load::make(source, p.type, at->second, p.loc), p.loc);
        return body.defined() ? Block::make({push, body}) : push;
    }

  private:
    const Places& places;
    const Symbol &source, &stream;
};

/// The last process: takes what the one before it hands on.
class Ending : public Tokens {
  public:
    Ending(const Edit& e, const Symbol& t, const Places& p, const Symbol& from)
        : Tokens(e, t), places(p), stream(from) {}

  protected:
    using Tokens::visit;
    Stmt visit(const Pop& p, const Stmt&) override {
        const Stmt body = (*this)(p.body);
        if (!places.contains(p.symbol)) return body;
        const Stmt pop = Pop::make(p.symbol, {stream, {}}, p.type, {}, p.loc);
        return body.defined() ? Block::make({pop, body}) : pop;
    }

  private:
    const Places& places;
    const Symbol& stream;
};

struct Unfolded {
    size_t function = 0;
    Path path; ///< to the Dataflow
    const Spawn* spawn = nullptr;
};

Unfolded unfolded(const Edit& e) {
    const Symbol loop = e.first_name(0);
    const Module& m = e.state().module;
    for (size_t n = 0; n < m.functions.size(); ++n) {
        Path p = find_path(m.functions[n].body, [&](const Stmt& s) {
            const auto* w = s.as<Spawn>();
            return w && std::ranges::find(w->ids, loop) != w->ids.end();
        });
        if (p.empty()) continue;
        Unfolded u{n, p, p.back().as<Spawn>()};
        while (!u.path.back().as<Dataflow>())
            u.path.pop_back();
        return u;
    }
    e.refuse("{0} is no array of processes: call unfold({0}) first", loop.name());
}

class Relaying {
  public:
    explicit Relaying(Edit& edit) : e(edit), at(unfolded(edit)), call(*at.spawn->call.as<CallStmt>()) {}

    void run() {
        find_argument();
        std::vector<Function>& all = e.module().functions;
        const auto f = std::ranges::find(all, call.callee, &Function::name);
        const Symbol own = f->arguments[place].tensor.symbol;
        const Tensor source = f->arguments[place].tensor;
        if (passes_on(f->body, own))
            e.refuse("{} is given to a Function that {} calls: inline_call that first", own.name(), f->name);
        hand_on(*f, own);
        const Function whole = *f;
        const Function loader = end_of(whole, source, Direction::out),
                       last = end_of(whole, source, Direction::in);
        rewire(loader.name, last.name);
        e.insert_function(at.function + 1, loader);
        e.insert_function(at.function + 2, last);
        e.trust(loader);
        e.trust(last);
        check_dataflow(e, loader.name);
    }

  private:
    Edit& e;
    const Unfolded at;
    const CallStmt call;
    size_t place = 0; ///< of the tensor among the arguments
    Symbol stream;    ///< the row of streams
    Stmt taking;      ///< a process's program, with a pop for each element that it reads
    Places places;
    std::vector<size_t> common; ///< the numbers that all processes are given alike

    void find_argument() {
        const Symbol& t = e.step().tensor;
        const auto given = std::ranges::find(call.tensors, t, &TensorView::tensor);
        if (given == call.tensors.end())
            e.refuse("the processes of {} are not given {}", e.first_name(0).name(), t.name());
        place = static_cast<size_t>(given - call.tensors.begin());
        if (given->direction != Direction::in)
            e.refuse("the processes of {} write {}: they hand on what they read alone",
                     e.first_name(0).name(), t.name());
        invariant(at.spawn->ids.size() == 1, "unfold makes rows of processes");
        for (const ViewDim& d : given->dims)
            for (const Expr& x : {d.begin, d.extent})
                invariant(!uses(x, at.spawn->ids[0]), "unfold gives parts only of what processes write");
    }

    /// The process pops what it read, and pushes it on.
    void hand_on(Function& f, const Symbol& own) {
        const Symbol from(own.name() + "_in"), to(own.name() + "_out");
        taking = with_pops(e, f.body, own, from, &places);
        check_in_turn(own);
        const Type type = f.arguments[place].tensor.type;
        f.body = transform(taking, [&](const Stmt& s) -> Stmt {
            const auto* p = s.as<Pop>();
            if (!p || !places.contains(p->symbol)) return s;
            const Stmt push = Push::make({to, {}}, type, Variable::make(p->symbol, type, p->loc), p->loc);
            return Pop::make(p->symbol, p->from, p->type, Block::make({push, p->body}), p->loc);
        });
        f.arguments.erase(f.arguments.begin() + static_cast<std::ptrdiff_t>(place));
        f.streams.push_back({{from, type, {}, {}, 0, e.step().loc}, Direction::in});
        f.streams.push_back({{to, type, {}, {}, 0, e.step().loc}, Direction::out});
    }

    /// Tokens come one after the other.
    void check_in_turn(const Symbol& own) const {
        for_each_stmt(taking, [&](const Stmt& s) {
            const auto* f = s.as<For>();
            if (!f || !(f->runs().concurrent || f->runs().lockstep)) return;
            const bool takes = !find_path(s, [&](const Stmt& x) {
                                    const auto* p = x.as<Pop>();
                                    return p && places.contains(p->symbol);
                                }).empty();
            if (takes && !planted.has(Fault::relay_lanes_free))
                e.refuse("loop {} is {}, and {} is read in it: elements come one after the other, so make it "
                         "serial",
                         f->var.name(), f->loop.name(), own.name());
        });
    }

    /// The process before the first one, which reads the tensor, or the one behind the last.
    Function end_of(const Function& f, const Tensor& source, Direction direction) {
        const bool loads = direction == Direction::out;
        const Symbol channel(source.symbol.name() + (loads ? "_out" : "_in"));
        Function g;
        g.name = function_name(e, Symbol(source.symbol.name() + (loads ? "_load" : "_end")));
        std::set<Symbol> own;
        common.clear();
        for (size_t n = 0; n < f.params.size(); ++n)
            if (uses(call.values[n], at.spawn->ids[0]) && !planted.has(Fault::relay_number_unseen)) {
                own.insert(f.params[n].symbol);
            } else {
                g.params.push_back(f.params[n]);
                common.push_back(n);
            }
        if (loads) g.arguments.push_back({source, Direction::in});
        g.streams.push_back({{channel, source.type, {}, {}, 0, e.step().loc}, direction});
        g.body = loads ? Loading(e, source.symbol, places, channel, own)(taking)
                       : Ending(e, source.symbol, places, channel)(taking);
        return fresh_copy(g);
    }

    void rewire(const std::string& loader, const std::string& last) {
        const Spawn& w = *at.spawn;
        const Expr id = isub(var(w.ids[0]), w.box[0].min);
        const auto element = [&](const Expr& n) { return StreamElement{stream, {simplify(n)}}; };
        stream = e.result(0, fmt::format("{}_relay", e.step().tensor.name()));
        std::vector<TensorView> tensors = call.tensors;
        tensors.erase(tensors.begin() + static_cast<std::ptrdiff_t>(place));
        std::vector<StreamElement> streams = call.streams;
        streams.push_back(element(id));
        streams.push_back(element(iadd(id, index(1))));
        std::vector<Expr> values;
        for (const size_t n : common)
            values.push_back(call.values[n]);
        const Loc loc = e.step().loc;
        const Stmt row = Spawn::make(
            w.ids, w.box, CallStmt::make(call.callee, tensors, call.values, streams, call.loc), w.loc);
        const Stmt all =
            Block::make({CallStmt::make(loader, {call.tensors[place]}, values, {element(index(0))}, loc), row,
                         CallStmt::make(last, {}, values, {element(w.box[0].extent)}, loc)});
        const Dataflow& d = *at.path.back().as<Dataflow>();
        const Stmt body = transform(d.body, [&](const Stmt& s) { return s.get() == &w ? all : s; });
        const Type type = e.state().module.function(call.callee).streams.back().stream.type;
        const StreamDeclaration declared{stream, type, {simplify(iadd(w.box[0].extent, index(1)))},
                                         {},     0,    loc};
        e.module().functions[at.function].body =
            rebuild(at.path, Dataflow::make(DeclareStream::make(declared, body), d.loc));
    }
};

void run(Edit& e) {
    Relaying(e).run();
}

} // namespace

constinit const Primitive primitives::relay{
    .name = "relay",
    .text = "the processes of a row hand on what each of them reads: one reads the tensor",
    .run = run,
    .acts_on = ActsOn::loops,
    .named = Named::kept,
    .of_place = true,
    .loops = {1, 1},
    .tensor = true,
    .makes_functions = true,
};

} // namespace lathe::schedule
