#include "lathe/ir/network_threads.h"

#include "lathe/ir/moved_accesses.h"
#include "lathe/ir/simplify.h"
#include "lathe/ir/text.h"

#include <algorithm>
#include <functional>

namespace lathe::ir {

LoopKind thread_loop() {
    return {"threads",
            {.ordered = false,
             .concurrent = true,
             .lockstep = false,
             .replicated = false,
             .overlapped = false,
             .sync = SyncScope::grid}};
}

bool is_thread_loop(const For& f) {
    return f.loop == thread_loop();
}

namespace {

/// Names of functions in C have no points.
constexpr const char* reserved = "network.";

/// As many as a process may have threads without asking.
constexpr int64_t most_threads = 1024;

Expr number(int64_t n) {
    return index(n);
}

} // namespace

const NetworkFunction* network_function(const ExternCall& c) {
    return c.callee->name.starts_with(reserved) ? static_cast<const NetworkFunction*>(c.callee.get())
                                                : nullptr;
}

bool uses_own_streams(const Stmt& body) {
    std::set<Symbol> declared;
    bool all = true;
    for_each(
        body,
        [&](const Stmt& s) {
            if (const auto* x = s.as<DeclareStream>()) declared.insert(x->stream.symbol);
            for (const StreamElement& e : streams_in(s))
                all = all && declared.contains(e.stream);
        },
        nullptr);
    return all;
}

namespace {

using Kind = NetworkFunction::Kind;

ExternArgument passed(const Tensor& t) {
    return {t.symbol, t.type, Direction::inout, t.dims, {}};
}

ExternArgument passed(const Expr& e) {
    return {{}, e.type(), Direction::in, {}, e};
}

Stmt call(Kind kind, const std::vector<Tensor>& tensors, const std::vector<Expr>& numbers, Loc loc,
          size_t subscripts = 0, std::string text = {}) {
    static constexpr const char* names[] = {"begin", "process", "wait", "passed", "end"};
    NetworkFunction f;
    f.name = reserved + std::string(names[static_cast<size_t>(kind)]);
    f.kind = kind;
    f.subscripts = subscripts;
    f.text = std::move(text);
    std::vector<ExternArgument> arguments;
    for (const Tensor& t : tensors)
        arguments.push_back(passed(t));
    for (const Expr& e : numbers)
        arguments.push_back(passed(e));
    return ExternCall::make(std::make_shared<const NetworkFunction>(std::move(f)), std::move(arguments), loc);
}

/// A stream and its arrays.
struct Ring {
    StreamDeclaration stream;
    Tensor tokens, control, written, read;
};

/// Loops for the ids of one call or spawn, what they run, and how many threads that are.
struct ProcessLoop {
    std::vector<const For*> loops;
    std::string callee;
    Stmt body;
    int64_t instances = 1; ///< of itself
    int64_t each = 1;      ///< numbers that an instance needs: its own, and those of networks within
};

int64_t count_threads(const Stmt& s);

/// The network's parts; what it declares goes to `outer` in the order of the declarations.
std::vector<ProcessLoop> parts_of(const Dataflow& d, std::vector<Stmt>& outer) {
    Stmt body = d.body;
    for (; body.as<DeclareStream>() || body.as<Allocate>(); body = bodies(body)[0])
        outer.push_back(body);
    std::vector<Stmt> statements;
    if (const auto* all = body.as<Block>())
        statements = all->stmts;
    else if (body.defined())
        statements = {body};
    std::vector<ProcessLoop> parts;
    for (const Stmt& s : statements) {
        ProcessLoop p;
        const For* f = s.as<For>();
        for (; f && !is_thread_loop(*f); f = f->body.as<For>()) {
            p.loops.push_back(f);
            const auto extent = as_int(simplify(f->extent));
            invariant(extent.has_value(), "a network without a constant number of processes");
            p.instances *= std::max<int64_t>(*extent, 0);
        }
        invariant(f != nullptr, "a process without a name");
        p.callee = f->var.name();
        p.body = f->body;
        p.each = 1 + count_threads(p.body);
        parts.push_back(std::move(p));
    }
    return parts;
}

/// Numbers of the processes of networks within `s` that use streams from outside.
int64_t count_threads(const Stmt& s) {
    if (!s.defined()) return 0;
    if (const auto* d = s.as<Dataflow>()) {
        if (uses_own_streams(d->body)) return 0;
        std::vector<Stmt> declared;
        int64_t all = 0;
        for (const ProcessLoop& p : parts_of(*d, declared))
            all += p.instances * p.each;
        return all;
    }
    int64_t all = 0;
    for (const Stmt& body : bodies(s))
        all += count_threads(body);
    return all;
}

/// Replaces networks, and in their processes what passes through streams.
class Starter : public MovedAccesses {
  protected:
    using MovedAccesses::visit;
    bool moves(const Symbol& tensor) const override { return blocks.contains(tensor); }
    std::pair<Symbol, std::vector<Expr>> place(const Symbol& block, const std::vector<Expr>& at) override {
        const auto& [tokens, before] = blocks.at(block);
        std::vector<Expr> all = before;
        all.insert(all.end(), at.begin(), at.end());
        return {tokens, all};
    }
    Stmt visit(const Dataflow& d, const Stmt&) override { return network(d); }
    Stmt visit(const For& f, const Stmt& s) override {
        if (f.loop.known() && f.loop.properties().concurrent && !is_thread_loop(f))
            invariant(uses_own_streams(f.body), "a token passes in a parallel loop");
        return Mutator::visit(f, s);
    }
    Stmt visit(const Push& p, const Stmt&) override { return push(p); }
    Stmt visit(const Pop& p, const Stmt&) override { return pop(p); }
    Stmt visit(const Fill& b, const Stmt&) override { return block(b.to, b.tensor, b.body, true, b.loc); }
    Stmt visit(const Drain& b, const Stmt&) override { return block(b.from, b.tensor, b.body, false, b.loc); }

  private:
    /// The process that is being made.
    struct Current {
        Tensor state;
        Expr number;
        int64_t next = 1;    ///< number, counted from its own, that a network within may use
        std::string process; ///< printf's format
        std::vector<Expr> ids;
    };
    std::map<Symbol, Ring> rings;
    std::map<Symbol, std::pair<Symbol, std::vector<Expr>>> blocks; ///< which one of which tokens
    std::optional<Current> current;

    Stmt network(const Dataflow& d) {
        std::vector<Stmt> declared;
        const std::vector<ProcessLoop> parts = parts_of(d, declared);
        for (size_t n = 0; n < declared.size(); ++n)
            if (const auto* s = declared[n].as<DeclareStream>()) {
                const auto& t = declared[n + 1].as<Allocate>()->tensors;
                rings[s->stream.symbol] = {s->stream, t[0], t[1], t[2], t[3]};
            }
        const bool within = current && !uses_own_streams(d.body);
        int64_t all = 0;
        for (const ProcessLoop& p : parts)
            all += p.instances * p.each;
        if (!within && all > most_threads)
            fail(d.loc,
                 "{} processes are too many threads, the most are {}: let those that wait for each other in "
                 "no "
                 "cycle run one after the other, in a target without -threads",
                 all, most_threads);
        const Tensor state = within ? current->state : new_state(all, d.loc);
        const Expr parent = within ? current->number : number(-1);
        Expr first = within ? iadd(current->number, number(current->next)) : number(0);
        if (within) current->next += all;
        // One statement, whose tensors live until it ends.
        const Stmt body =
            Stage::make(Symbol("network"), 0, started(parts, state, parent, first, all, d.loc), d.loc);
        Stmt whole = within ? body : Allocate::make(state, body);
        for (size_t n = declared.size(); n-- > 0;)
            if (const auto* a = declared[n].as<Allocate>()) {
                const bool ring = n > 0 && declared[n - 1].as<DeclareStream>();
                if (ring)
                    whole = Block::make(
                        {zeros(a->tensors[1]), zeros(a->tensors[2]), zeros(a->tensors[3]), whole});
                whole = Allocate::make(a->tensors, whole);
            }
        return whole;
    }

    Stmt started(const std::vector<ProcessLoop>& parts, const Tensor& state, const Expr& parent, Expr first,
                 int64_t all, Loc loc) {
        std::vector<Stmt> loops;
        const Expr begin = first;
        for (const ProcessLoop& p : parts) {
            loops.push_back(threads(p, state, parent, first, loc));
            first = iadd(first, number(p.instances * p.each));
        }
        std::vector<Stmt> stmts{call(Kind::begin, {state}, {parent}, loc)};
        stmts.insert(stmts.end(), loops.begin(), loops.end());
        stmts.push_back(call(Kind::end, {state}, {parent, begin, iadd(begin, number(all))}, loc));
        return Block::make(std::move(stmts));
    }

    /// One loop over all instances: a thread each.
    Stmt threads(const ProcessLoop& p, const Tensor& state, const Expr& parent, const Expr& first, Loc loc) {
        const Symbol which(p.callee);
        Expr rest = Variable::make(which, IndexType(), loc);
        const Expr own = iadd(first, imul(rest, number(p.each)));
        std::vector<Expr> ids(p.loops.size());
        for (size_t d = p.loops.size(); d-- > 0;) {
            const int64_t extent = *as_int(simplify(p.loops[d]->extent));
            ids[d] =
                iadd(p.loops[d]->min, d == 0 ? rest : ifloormod(rest, number(std::max<int64_t>(extent, 1))));
            rest = ifloordiv(rest, number(std::max<int64_t>(extent, 1)));
        }
        const Symbol own_number("number");
        std::optional<Current> outer = std::exchange(current, Current{});
        current->state = state;
        current->number = Variable::make(own_number, IndexType(), loc);
        current->process = printf_text(p.callee) + (ids.empty() ? "" : "(");
        for (size_t d = 0; d < ids.size(); ++d) {
            current->ids.push_back(Variable::make(p.loops[d]->var, IndexType(), loc));
            current->process += d + 1 == ids.size() ? "%lld)" : "%lld, ";
        }
        forget();
        Stmt body = (*this)(p.body);
        body = Block::make({call(Kind::process, {state}, {current->number, parent}, loc), body});
        current = std::move(outer);
        forget();
        for (size_t d = ids.size(); d-- > 0;)
            body = LetStmt::make(p.loops[d]->var, ids[d], body, loc);
        body = LetStmt::make(own_number, own, body, loc);
        return For::make(which, number(0), number(p.instances), thread_loop(), body, loc);
    }

    static Tensor new_state(int64_t processes, Loc loc) {
        return {Symbol("state"),
                Int(64),
                {{number(0), number(NetworkState::words(processes))}},
                MemorySpace::heap(),
                TypeOrigin::declared,
                nullptr,
                loc};
    }

    static Stmt zeros(const Tensor& t) {
        std::vector<Symbol> loops;
        std::vector<Expr> at;
        for (size_t d = 0; d < t.dims.size(); ++d) {
            loops.emplace_back("n");
            at.push_back(Variable::make(loops.back(), IndexType(), t.loc));
        }
        Stmt all = Store::make(t.symbol, t.type, at, Expr(0), t.loc);
        for (size_t d = t.dims.size(); d-- > 0;)
            all = For::make(loops[d], t.dims[d].min, t.dims[d].extent, {}, all, t.loc);
        return all;
    }

    const Ring& ring(const StreamElement& e) const {
        invariant(current.has_value(), "a token passes outside of a network");
        return rings.at(e.stream);
    }
    static Expr capacity(const Ring& r) { return r.tokens.dims[r.stream.dims.size()].extent; }

    Stmt wait(const Ring& r, const std::vector<Expr>& at, bool writes, Loc loc) const {
        std::string text = "\n  " + current->process + " waits to " + (writes ? "write " : "read ") +
                           printf_text(r.stream.symbol.name());
        std::vector<Expr> numbers{current->number, writes ? capacity(r) : number(0)};
        numbers.insert(numbers.end(), at.begin(), at.end());
        numbers.insert(numbers.end(), current->ids.begin(), current->ids.end());
        for (const Expr& e : at) {
            text += "[%lld]";
            numbers.push_back(e);
        }
        text += ", which holds %lld of %lld";
        if (loc.known()) text += " (" + printf_text(loc.str()) + ")";
        numbers.push_back(capacity(r));
        return call(Kind::wait, {current->state, r.control, r.tokens}, numbers, loc, at.size(),
                    std::move(text));
    }

    Stmt passed_on(const Ring& r, const std::vector<Expr>& at, bool writes, Loc loc) const {
        std::vector<Expr> numbers{current->number, number(writes ? 1 : -1)};
        numbers.insert(numbers.end(), at.begin(), at.end());
        return call(Kind::passed, {current->state, r.control, r.tokens}, numbers, loc, at.size());
    }

    /// Where in the ring it is, for the one who alone moves there.
    static Expr place_of(const Tensor& slots, std::vector<Expr> at, Loc loc) {
        at.push_back(number(0));
        return Cast::make(IndexType(), Load::make(slots.symbol, UInt(32), std::move(at), loc), loc);
    }

    static Stmt advance(const Tensor& slots, std::vector<Expr> at, const Expr& now, const Expr& size,
                        Loc loc) {
        at.push_back(number(0));
        const Expr next = iadd(now, number(1));
        const Expr wrapped = Select::make(Binary::make(BinaryOp::lt, next, size), next, number(0));
        return Store::make(slots.symbol, UInt(32), std::move(at), Cast::make(UInt(32), wrapped, loc), loc);
    }

    std::vector<Expr> subscripts(const StreamElement& e) {
        std::vector<Expr> at;
        for (const Expr& i : e.at)
            at.push_back((*this)(i));
        return at;
    }

    /// One token's place, which `body` is given with what must come behind its use.
    Stmt
    passage(const StreamElement& e, bool writes, const char* what, Loc loc,
            const std::function<Stmt(const Ring&, const std::vector<Expr>& place, const Stmt& done)>& body) {
        const Ring& r = ring(e);
        const Tensor& slots = writes ? r.written : r.read;
        const std::vector<Expr> at = subscripts(e);
        const Symbol which(what);
        const Expr now = Variable::make(which, IndexType(), loc);
        std::vector<Expr> place = at;
        place.push_back(now);
        const Stmt done =
            Block::make({advance(slots, at, now, capacity(r), loc), passed_on(r, at, writes, loc)});
        return Block::make({wait(r, at, writes, loc),
                            LetStmt::make(which, place_of(slots, at, loc), body(r, place, done), loc)});
    }

    Stmt push(const Push& p) {
        return passage(p.to, true, "token", p.loc, [&](const Ring& r, const auto& place, const Stmt& done) {
            return Block::make({Store::make(r.tokens.symbol, p.type, place, (*this)(p.value), p.loc), done});
        });
    }

    Stmt pop(const Pop& p) {
        return passage(p.from, false, "token", p.loc,
                       [&](const Ring& r, const auto& place, const Stmt& done) {
                           return LetStmt::make(p.symbol, Load::make(r.tokens.symbol, p.type, place, p.loc),
                                                Block::make({done, (*this)(p.body)}), p.loc);
                       });
    }

    Stmt block(const StreamElement& e, const Tensor& tensor, const Stmt& body, bool writes, Loc loc) {
        return passage(e, writes, "block", loc, [&](const Ring& r, const auto& place, const Stmt& done) {
            blocks[tensor.symbol] = {r.tokens.symbol, place};
            forget();
            const Stmt inside = (*this)(body);
            blocks.erase(tensor.symbol);
            forget();
            return Block::make({inside, done});
        });
    }
};

} // namespace

Module start_networks(const Module& m) {
    Module result = m;
    for (Function& f : result.functions)
        f.body = Starter()(f.body);
    return result;
}

} // namespace lathe::ir
