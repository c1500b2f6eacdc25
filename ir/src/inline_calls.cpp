#include "lathe/ir/inline_calls.h"

#include "lathe/ir/moved_accesses.h"
#include "lathe/ir/network.h"
#include "lathe/ir/network_threads.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace lathe::ir {

namespace {

Expr load_counter(const Symbol& counter, const std::vector<Expr>& at, Loc loc) {
    return Cast::make(IndexType(), Load::make(counter, UInt(32), at, loc), loc);
}

/// The body of a Function with the arguments of one call in their places.
class CalledBody : public MovedAccesses {
  public:
    CalledBody(const Function& f, const CallStmt& c) : function(f), call(c) {
        for (size_t n = 0; n < f.params.size(); ++n)
            values.emplace(f.params[n].symbol, c.values[n]);
        for (size_t n = 0; n < f.arguments.size(); ++n)
            tensors.emplace(f.arguments[n].tensor.symbol, n);
        for (size_t n = 0; n < f.streams.size(); ++n)
            streams.emplace(f.streams[n].stream.symbol, c.streams[n]);
    }

  protected:
    using MovedAccesses::visit;
    bool moves(const Symbol& tensor) const override { return tensors.contains(tensor); }
    Expr visit(const Variable& v, const Expr& e) override {
        const auto found = values.find(v.symbol);
        return found == values.end() ? e : found->second;
    }

    /// Schedules find the Function's own.
    Stmt visit(const Stage& st, const Stmt&) override { return (*this)(st.body); }
    Stmt visit(const ExternCall& c, const Stmt& s) override {
        return external(*Mutator::visit(c, s).as<ExternCall>());
    }
    Stmt visit(const CallStmt& c, const Stmt& s) override {
        return inner_call(*Mutator::visit(c, s).as<CallStmt>());
    }
    Stmt visit(const Push& p, const Stmt&) override {
        const StreamElement to = channel(p.to);
        return Push::make(to, p.type, (*this)(p.value), p.loc);
    }
    Stmt visit(const Pop& p, const Stmt&) override {
        const StreamElement from = channel(p.from);
        return Pop::make(p.symbol, from, p.type, (*this)(p.body), p.loc);
    }
    Stmt visit(const Fill& b, const Stmt&) override {
        const StreamElement to = channel(b.to);
        return Fill::make(to, b.tensor, (*this)(b.body), b.loc);
    }
    Stmt visit(const Drain& b, const Stmt&) override {
        const StreamElement from = channel(b.from);
        return Drain::make(from, b.tensor, (*this)(b.body), b.loc);
    }

  private:
    const Function& function;
    const CallStmt& call;
    Substitution values;
    std::map<Symbol, size_t> tensors; ///< which argument
    std::map<Symbol, StreamElement> streams;

    std::pair<Symbol, std::vector<Expr>> place(const Symbol& formal, const std::vector<Expr>& at) override {
        const size_t n = tensors.at(formal);
        const TensorView& view = call.tensors[n];
        if (view.whole) return {view.tensor, at};
        std::vector<Expr> all;
        size_t k = 0;
        for (const ViewDim& d : view.dims) {
            if (!d.kept) {
                all.push_back(d.begin);
                continue;
            }
            const Expr first = (*this)(function.arguments[n].tensor.dims[k].min);
            all.push_back(simplify(iadd(d.begin, imul(index(d.stride), isub(at[k], first)))));
            ++k;
        }
        return {view.tensor, all};
    }

    Stmt external(const ExternCall& c) {
        std::vector<ExternArgument> arguments = c.arguments;
        for (ExternArgument& a : arguments) {
            if (!a.tensor || !tensors.contains(a.tensor)) continue;
            const TensorView& view = call.tensors[tensors.at(a.tensor)];
            if (!view.whole)
                fail(c.loc,
                     "the extern function {} is given {}, which is a view of {}: copy it to an array first",
                     c.callee->name, a.tensor.name(), view.tensor.name());
            a.tensor = view.tensor;
        }
        return ExternCall::make(c.callee, std::move(arguments), c.loc);
    }

    /// A call that the body makes, with views of what its own tensors are views of.
    Stmt inner_call(const CallStmt& c) {
        std::vector<TensorView> passed = c.tensors;
        for (TensorView& v : passed) {
            const auto found = tensors.find(v.tensor);
            if (found == tensors.end()) continue;
            const TensorView& outer = call.tensors[found->second];
            const std::vector<Dim>& own = function.arguments[found->second].tensor.dims;
            v.tensor = outer.tensor;
            if (outer.whole) continue;
            std::vector<ViewDim> dims;
            for (size_t d = 0, k = 0; d < outer.dims.size(); ++d) {
                dims.push_back(outer.dims[d]);
                if (!outer.dims[d].kept) continue;
                const ViewDim& inner = v.dims[k];
                dims.back().begin =
                    simplify(iadd(outer.dims[d].begin,
                                  imul(index(outer.dims[d].stride), isub(inner.begin, (*this)(own[k].min)))));
                dims.back().extent = inner.extent;
                dims.back().stride *= inner.stride;
                dims.back().kept = inner.kept;
                ++k;
            }
            v.dims = std::move(dims);
            v.whole = false;
        }
        std::vector<StreamElement> elements;
        for (const StreamElement& e : c.streams)
            elements.push_back(channel(e));
        return CallStmt::make(c.callee, std::move(passed), c.values, std::move(elements), c.loc);
    }

    StreamElement channel(const StreamElement& e) {
        const auto found = streams.find(e.stream);
        StreamElement passed = found == streams.end() ? StreamElement{e.stream, {}} : found->second;
        for (const Expr& i : e.at)
            passed.at.push_back((*this)(i));
        return passed;
    }
};

/// The call with what it reads from memory in lets: its callee may change that.
CallStmt evaluated_once(const CallStmt& c, std::vector<std::pair<Symbol, Expr>>& kept) {
    CallStmt once = c;
    const auto keep = [&](Expr& e) {
        if (tensors_read(e).empty()) return;
        kept.emplace_back(Symbol("given"), e);
        e = Variable::make(kept.back().first, e.type(), e.loc());
    };
    for (Expr& e : once.values)
        keep(e);
    for (TensorView& v : once.tensors)
        for (ViewDim& d : v.dims)
            keep(d.begin);
    return once;
}

/// The arrays that stand for an array of streams: tokens, and how many were written and read.
struct StreamArrays {
    StreamDeclaration stream;
    Symbol tokens, written, read;
    Expr capacity;
};

/// What is done with streams, on those arrays.
class StreamsAsArrays : public MovedAccesses {
  public:
    explicit StreamsAsArrays(const std::map<Symbol, StreamArrays>& a) : arrays(a) {}

  protected:
    using MovedAccesses::visit;
    bool moves(const Symbol& tensor) const override { return blocks.contains(tensor); }
    Stmt visit(const Fill& b, const Stmt& s) override {
        return arrays.contains(b.to.stream) ? block(b.to, b.tensor, b.body, true, b.loc)
                                            : Mutator::visit(b, s);
    }
    Stmt visit(const Drain& b, const Stmt& s) override {
        return arrays.contains(b.from.stream) ? block(b.from, b.tensor, b.body, false, b.loc)
                                              : Mutator::visit(b, s);
    }
    Stmt visit(const Push& p, const Stmt& s) override {
        const Stmt now = Mutator::visit(p, s);
        return arrays.contains(p.to.stream) ? push(*now.as<Push>()) : now;
    }
    Stmt visit(const Pop& p, const Stmt& s) override {
        const Stmt now = Mutator::visit(p, s);
        return arrays.contains(p.from.stream) ? pop(*now.as<Pop>()) : now;
    }

  private:
    struct Block {
        Symbol tokens;
        std::vector<Expr> before; ///< which stream, and which of its blocks
    };
    const std::map<Symbol, StreamArrays>& arrays;
    std::map<Symbol, Block> blocks; ///< that are filled or drained around

    static Stmt count(const Symbol& counter, const std::vector<Expr>& at, Loc loc) {
        return Reduce::make(BinaryOp::add, {counter, UInt(32), at, Expr(1)}, loc);
    }

    std::pair<Symbol, std::vector<Expr>> place(const Symbol& block, const std::vector<Expr>& at) override {
        const Block& b = blocks.at(block);
        std::vector<Expr> all = b.before;
        all.insert(all.end(), at.begin(), at.end());
        return {b.tokens, all};
    }

    Stmt push(const Push& p) const {
        const StreamArrays& a = arrays.at(p.to.stream);
        std::vector<Expr> at = p.to.at;
        at.push_back(load_counter(a.written, p.to.at, p.loc));
        return ir::Block::make(
            {Store::make(a.tokens, p.type, at, p.value, p.loc), count(a.written, p.to.at, p.loc)});
    }

    Stmt pop(const Pop& p) const {
        const StreamArrays& a = arrays.at(p.from.stream);
        std::vector<Expr> at = p.from.at;
        at.push_back(load_counter(a.read, p.from.at, p.loc));
        return LetStmt::make(p.symbol, Load::make(a.tokens, p.type, at, p.loc),
                             ir::Block::make({count(a.read, p.from.at, p.loc), p.body}), p.loc);
    }

    Stmt block(const StreamElement& e, const Tensor& tensor, const Stmt& body, bool writes, Loc loc) {
        const StreamArrays& a = arrays.at(e.stream);
        const Symbol& counter = writes ? a.written : a.read;
        const Symbol which("block");
        std::vector<Expr> at;
        for (const Expr& i : e.at)
            at.push_back((*this)(i));
        std::vector<Expr> before = at;
        before.push_back(Variable::make(which, IndexType(), loc));
        blocks[tensor.symbol] = {a.tokens, before};
        forget();
        const Stmt inside = (*this)(body);
        blocks.erase(tensor.symbol);
        forget();
        return LetStmt::make(which, load_counter(counter, at, loc),
                             ir::Block::make({inside, count(counter, at, loc)}), loc);
    }
};

class Inliner : public Mutator {
  public:
    Inliner(const Module& m, Threads t) : module(m), threads(t) {}

    Module run() {
        Module result = module;
        result.functions.resize(1);
        Function& top = result.top();
        for (const Param& p : top.params)
            if (p.type.is_index()) facts.bound(p.symbol, {index(0), {}});
        top.body = (*this)(module.top().body);
        top.constants.insert(top.constants.end(), constants.begin(), constants.end());
        return result;
    }

  protected:
    using Mutator::visit;
    Stmt visit(const CallStmt& c, const Stmt&) override { return called(c); }
    Stmt visit(const Dataflow& d, const Stmt&) override {
        const ProcessNetwork net = network_of(module, d, facts);
        std::vector<Stmt> statements;
        collect(d.body, statements);
        const bool waits = within && !uses_own_streams(d.body);
        if (threads == Threads::all || waits) return beside_each_other(d, net, statements);
        const std::vector<Stmt> all = in_order(d, net, statements);
        return all.empty() && !statements.empty() ? beside_each_other(d, net, statements)
                                                  : sequence(net, all);
    }

  private:
    const Module& module;
    const Threads threads;
    bool within = false; ///< a network that is threads
    Facts facts;
    std::map<std::pair<std::string, bool>, Stmt>
        bodies_without_calls; ///< by name, and whether within threads
    std::vector<Tensor> constants;

    Stmt called(const CallStmt& c) {
        const Function& f = module.function(c.callee);
        const auto [found, fresh] = bodies_without_calls.try_emplace({c.callee, within});
        if (fresh) {
            const Stmt body = (*this)(f.body);
            found->second = body;
            if (std::ranges::none_of(constants, [&](const Tensor& t) { return is_constant_of(f, t); }))
                constants.insert(constants.end(), f.constants.begin(), f.constants.end());
        }
        return body_of_call(f, c, fresh_copy(found->second));
    }

    static bool is_constant_of(const Function& f, const Tensor& t) {
        return std::ranges::find(f.constants, t.symbol, &Tensor::symbol) != f.constants.end();
    }

    /// How many tokens each stream of an array has room for, by number of the array.
    std::vector<Expr> all_tokens(const ProcessNetwork& net) const {
        std::vector<Expr> most(net.streams.size(), index(0));
        for (const NetworkChannel& c : net.channels)
            most[c.stream] = simplify(imax(most[c.stream], c.tokens), facts);
        return most;
    }

    /// The processes one after the other, in the tensors and arrays that they share.
    Stmt sequence(const ProcessNetwork& net, const std::vector<Stmt>& all) const {
        std::map<Symbol, StreamArrays> arrays;
        const std::vector<Expr> most = all_tokens(net);
        for (size_t n = 0; n < net.streams.size(); ++n) {
            const StreamDeclaration& s = net.streams[n];
            const std::string& name = s.symbol.name();
            arrays[s.symbol] = {s, Symbol(name + ".tokens"), Symbol(name + ".written"),
                                Symbol(name + ".read"), most[n]};
        }
        Stmt body = StreamsAsArrays(arrays)(Block::make(all));
        for (const auto& [symbol, a] : arrays)
            body = around(a, body);
        for (size_t n = net.tensors.size(); n-- > 0;)
            body = Allocate::make(net.tensors[n], body);
        return body;
    }

    /// The network for start_networks.
    Stmt beside_each_other(const Dataflow& d, const ProcessNetwork& net,
                           const std::vector<Stmt>& statements) {
        std::vector<Stmt> processes;
        const bool outer = std::exchange(within, true);
        for (const Stmt& s : statements) {
            const auto* p = s.as<Spawn>();
            const Stmt call = p ? p->call : s;
            const Symbol name(call.as<CallStmt>()->callee);
            Stmt all = For::make(name, index(0), index(1), thread_loop(), (*this)(call), s.loc());
            for (size_t n = p ? p->ids.size() : 0; n-- > 0;)
                all = For::make(p->ids[n], p->box[n].min, p->box[n].extent, {}, all, p->loc);
            processes.push_back(all);
        }
        within = outer;
        Stmt body = Block::make(std::move(processes));
        const std::vector<Expr> most = all_tokens(net);
        for (size_t n = net.streams.size(); n-- > 0;)
            body = DeclareStream::make(net.streams[n], Allocate::make(ring(net.streams[n], most[n]), body));
        for (size_t n = net.tensors.size(); n-- > 0;)
            body = Allocate::make(net.tensors[n], body);
        return Dataflow::make(body, d.loc);
    }

    static std::vector<Tensor> ring(const StreamDeclaration& s, const Expr& most) {
        std::vector<Dim> streams, tokens;
        for (const Expr& e : s.dims)
            streams.push_back({index(0), e});
        tokens = streams;
        tokens.push_back({index(0), s.depth > 0 ? index(s.depth) : simplify(imax(most, index(1)))});
        for (const int64_t extent : s.block)
            tokens.push_back({index(0), index(extent)});
        streams.push_back({index(0), index(network_padding)});
        const auto tensor = [&](const char* what, Type t, const std::vector<Dim>& dims) {
            return Tensor{Symbol(s.symbol.name() + what), t,       dims, MemorySpace::heap(),
                          TypeOrigin::declared,           nullptr, s.loc};
        };
        return {tensor(".tokens", s.type, tokens), tensor(".control", Int(64), streams),
                tensor(".written", UInt(32), streams), tensor(".read", UInt(32), streams)};
    }

    static Stmt around(const StreamArrays& a, const Stmt& body) {
        std::vector<Dim> streams;
        for (const Expr& e : a.stream.dims)
            streams.push_back({index(0), e});
        std::vector<Dim> tokens = streams;
        tokens.push_back({index(0), a.capacity});
        for (const int64_t extent : a.stream.block)
            tokens.push_back({index(0), index(extent)});
        const Loc loc = a.stream.loc;
        const auto tensor = [&](const Symbol& s, Type t, std::vector<Dim> dims) {
            return Tensor{s, t, std::move(dims), MemorySpace::heap(), TypeOrigin::declared, nullptr, loc};
        };
        Stmt all = Block::make({zeros(a.written, streams, loc), zeros(a.read, streams, loc), body});
        all = Allocate::make(tensor(a.read, UInt(32), streams), all);
        all = Allocate::make(tensor(a.written, UInt(32), streams), all);
        return Allocate::make(tensor(a.tokens, a.stream.type, std::move(tokens)), all);
    }

    static Stmt zeros(const Symbol& counter, const std::vector<Dim>& dims, Loc loc) {
        std::vector<Symbol> loops;
        std::vector<Expr> at;
        for (size_t d = 0; d < dims.size(); ++d) {
            loops.emplace_back("n");
            at.push_back(Variable::make(loops.back(), IndexType(), loc));
        }
        Stmt all = Store::make(counter, UInt(32), at, Expr(0), loc);
        for (size_t d = dims.size(); d-- > 0;)
            all = For::make(loops[d], dims[d].min, dims[d].extent, {}, all, loc);
        return all;
    }

    /// Calls and Spawns in an order in which every token is there before it is read: whole ones, as loops,
    /// where that is possible, else process by process. None, if they have to be threads.
    std::vector<Stmt> in_order(const Dataflow& d, const ProcessNetwork& net,
                               const std::vector<Stmt>& statements) {
        std::vector<Stmt> all;
        if (const auto order = statement_order(net, statements.size())) {
            for (const size_t n : *order)
                all.push_back(whole(statements[n]));
            return all;
        }
        const auto order = net.order();
        if (!order && threads != Threads::none) return {};
        if (!order)
            fail(d.loc,
                 "the processes of this dataflow wait for each other in a cycle ({}), and here they run one "
                 "after the other: interpret it, or emit it as Vitis C++",
                 net.cycle());
        for (const size_t p : *order)
            all.push_back((*this)(net.processes[p].call));
        return all;
    }

    static void collect(const Stmt& s, std::vector<Stmt>& statements) {
        if (!s.defined()) return;
        if (s.as<CallStmt>() || s.as<Spawn>()) {
            statements.push_back(s);
            return;
        }
        for (const Stmt& body : bodies(s))
            collect(body, statements);
    }

    Stmt whole(const Stmt& s) {
        const auto* p = s.as<Spawn>();
        if (!p) return (*this)(s);
        Stmt all = (*this)(p->call);
        for (size_t d = p->ids.size(); d-- > 0;)
            all = For::make(p->ids[d], p->box[d].min, p->box[d].extent, {}, all, p->loc);
        return all;
    }

    /// The statements, each behind those that write what it reads; within a Spawn processes with smaller ids
    /// write for those with larger ones.
    static std::optional<std::vector<size_t>> statement_order(const ProcessNetwork& net, size_t count) {
        ProcessNetwork coarse;
        coarse.processes.resize(count);
        for (const NetworkChannel& c : net.channels) {
            const NetworkProcess &w = net.processes[c.writer], &r = net.processes[c.reader];
            if (w.statement != r.statement)
                coarse.channels.push_back({{}, 0, {}, w.statement, r.statement, {}});
            else if (!(w.at < r.at))
                return {};
        }
        return coarse.order();
    }
};

} // namespace

Stmt body_of_call(const Function& f, const CallStmt& c, const Stmt& body) {
    std::vector<std::pair<Symbol, Expr>> kept;
    const CallStmt once = evaluated_once(c, kept);
    Stmt all = CalledBody(f, once)(body);
    for (size_t n = kept.size(); n-- > 0 && all.defined();)
        all = LetStmt::make(kept[n].first, kept[n].second, all, c.loc);
    return all;
}

std::vector<const ExternCall*> extern_calls(const Module& m) {
    std::vector<const ExternCall*> all;
    for (const Function& f : m.functions)
        for (const ExternCall* c : extern_calls(f.body))
            all.push_back(c);
    return all;
}

Module inline_calls(const Module& m, Threads threads) {
    const Module whole = Inliner(m, threads).run();
    return threads == Threads::none ? whole : start_networks(whole);
}

namespace {

class Origins : public Mutator {
  public:
    explicit Origins(bool k) : keep(k) {}

  protected:
    using Mutator::visit;
    Stmt visit(const Dataflow& d, const Stmt& s) override {
        if (!d.origin.defined()) return Mutator::visit(d, s);
        return keep ? (*this)(d.origin) : Dataflow::make((*this)(d.body), d.loc);
    }

  private:
    bool keep; ///< the origins, not the networks
};

Module origins(const Module& m, bool keep) {
    Module result = m;
    Origins change(keep);
    for (Function& f : result.functions)
        f.body = change(f.body);
    return result;
}

} // namespace

Module as_origins(const Module& m) {
    return origins(m, true);
}

Module without_origins(const Module& m) {
    return origins(m, false);
}

} // namespace lathe::ir
