#include "processes.h"

#include "calls.h"
#include "outlined.h"
#include "parts.h"
#include "tokens.h"

#include "lathe/ir/inline_calls.h"
#include "lathe/ir/network.h"
#include "lathe/ir/planted.h"
#include "lathe/ir/text.h"

#include <algorithm>
#include <functional>

namespace lathe::schedule {

namespace {

/// Nothing happens in it outside of that stage.
bool is_only(const Stmt& s, const Symbol& stage) {
    if (const Stage* g = s.as<Stage>()) return g->func == stage;
    const std::vector<Stmt> all = bodies(s);
    return !all.empty() && std::ranges::all_of(all, [&](const Stmt& x) { return is_only(x, stage); });
}

bool has_item(const Standing& s, const Stmt& x) {
    return std::ranges::any_of(s.items, [&](const Stmt& i) { return i.same_as(x); });
}

/// The statement number `n` of the path as the one that stands for the stage.
Standing at_place(const Symbol& stage, size_t function, const Path& path, size_t n) {
    Standing s{stage, function, {path.begin(), path.begin() + static_cast<std::ptrdiff_t>(n)}, {path[n]}};
    return s;
}

Standing standing_call(const Edit& e, const Symbol& stage, const std::string& callee) {
    const auto& functions = e.state().module.functions;
    const auto calls = [&](const Stmt& s) {
        const auto* c = s.as<CallStmt>();
        return c && c->callee == callee;
    };
    const size_t count = calls_of(e.state().module, callee);
    if (count != 1)
        e.refuse(
            "{0} is called {1} times: make it a Function of one call by s[caller].call({0}, n), and name "
            "that",
            stage.name(), count);
    size_t function = 0;
    Path path = find_path(functions[0].body, calls);
    while (path.empty())
        path = find_path(functions[++function].body, calls);
    size_t item = path.size() - 1;
    bool process = false;
    for (size_t n = 0; n < path.size(); ++n) {
        if (path[n].as<Spawn>())
            e.refuse("{} is spawned: which of its processes is meant is not said", stage.name());
        if (!path[n].as<Dataflow>()) continue;
        item = n;
        process = true;
    }
    Standing s = at_place(stage, function, path, item);
    s.call = path.back().as<CallStmt>();
    s.process = process;
    return s;
}

} // namespace

Standing standing(const Edit& e, const Symbol& stage) {
    const Module& m = e.state().module;
    if (const Function* own = e.state().function_of(stage); own && own != &m.top())
        return standing_call(e, stage, own->name);
    size_t function = 0;
    Path path;
    for (; function < m.functions.size() && path.empty(); ++function)
        path = path_to_stage(m.functions[function].body, stage);
    if (path.empty()) e.refuse("{} was inlined: there is no stage any more", stage.name());
    for (const Stmt& s : path)
        if (const Stage* g = s.as<Stage>(); g && !(g->func == stage))
            e.refuse("{0} is computed inside {1}: call compute_root({0}), or do this before", stage.name(),
                     g->func.name());
    size_t item = path.size() - 1;
    while (item > 0 && is_only(path[item - 1], stage))
        --item;
    Standing s = at_place(stage, function - 1, path, item);
    if (s.block.empty()) return s;
    if (const auto* b = s.block.back().as<Block>()) {
        s.items.clear();
        std::ranges::copy_if(b->stmts, std::back_inserter(s.items),
                             [&](const Stmt& x) { return is_only(x, stage); });
    }
    return s;
}

std::vector<Standing> processes_in(const Standing& one, const Dataflow& d) {
    std::vector<Standing> all;
    const std::function<void(const Stmt&)> collect = [&](const Stmt& s) {
        if (s.as<Spawn>()) return;
        if (const auto* c = s.as<CallStmt>()) {
            const bool same = one.call && one.call == c;
            all.push_back(
                {same ? one.stage : Symbol(c->callee), one.function, one.block, one.items, c, true});
        }
        for (const Stmt& body : bodies(s))
            collect(body);
    };
    collect(d.body);
    return all;
}

void check_called_once(const Edit& e, const Standing& s) {
    if (s.call && calls_of(e.state().module, s.call->callee) > 1)
        e.refuse("{0} is called several times: make it a Function of one call by s[caller].call({0}, n)",
                 s.call->callee);
}

namespace {

std::set<Symbol> given(const CallStmt& c, Direction other) {
    std::set<Symbol> all;
    for (const TensorView& v : c.tensors)
        if (v.direction != other) all.insert(v.tensor);
    return all;
}

} // namespace

std::set<Symbol> read_as_numbers(const CallStmt& c) {
    std::set<Symbol> all;
    for (const Expr& x : expressions(Stmt(CallStmt::make(c.callee, c.tensors, c.values, c.streams, c.loc))))
        all.merge(tensors_read(x));
    return all;
}

std::set<Symbol> written_by(const Standing& s) {
    return s.call ? given(*s.call, Direction::in) : tensors_written(Block::make(s.items));
}
std::set<Symbol> read_by(const Standing& s) {
    if (!s.call) return tensors_read(Block::make(s.items));
    std::set<Symbol> all = given(*s.call, Direction::out);
    all.merge(read_as_numbers(*s.call));
    return all;
}

Stmt without(const Edit& e, const std::vector<const Standing*>& all) {
    const auto is = [](const Standing& s, const Stmt& x) {
        return s.call ? x.get() == s.call : has_item(s, x);
    };
    const std::function<Stmt(const Stmt&)> keep = [&](const Stmt& x) {
        if (std::ranges::any_of(all, [&](const Standing* s) { return is(*s, x); })) return Stmt();
        return with_bodies(x, keep);
    };
    return keep(e.state().module.functions[all[0]->function].body);
}

bool passes_on(const Stmt& s, const Symbol& tensor) {
    return !find_path(s, [&](const Stmt& x) {
                const auto* c = x.as<CallStmt>();
                return c && std::ranges::find(c->tensors, tensor, &TensorView::tensor) != c->tensors.end();
            }).empty();
}

Stmt opened(const Edit& e, const Standing& s) {
    if (!s.call) return Stage::make(s.stage, 0, e.seen(Block::make(s.items)));
    const Function& f = e.state().module.function(s.call->callee);
    return Stage::make(s.stage, 0, body_of_call(f, *s.call, fresh_copy(e.seen(f.body))));
}

namespace {

/// Whether it does what is seen outside, or a Function that it calls does: prints, calls functions of others,
/// may end the program.
bool seen_outside(const Module& m, const Stmt& s) {
    return !find_path(s, [&](const Stmt& x) {
                const auto* c = x.as<CallStmt>();
                return x.kind() == StmtKind::print || x.kind() == StmtKind::extern_call ||
                       x.kind() == StmtKind::assert_ || (c && seen_outside(m, m.function(c->callee).body));
            }).empty();
}

std::optional<std::string> meets(const Module& m, const std::vector<Stmt>& a, const std::vector<Stmt>& b) {
    if (planted.has(Fault::stage_between_unseen)) return std::nullopt;
    const Stmt x = Block::make(a), y = Block::make(b);
    if (!x.defined() || !y.defined()) return std::nullopt;
    if (seen_outside(m, x) && seen_outside(m, y)) return "what is printed, asserted or called";
    for (const auto& [one, other] : {std::pair(x, y), std::pair(y, x)}) {
        const std::set<Symbol> read = tensors_read(other), written = tensors_written(other);
        for (const Symbol& t : tensors_written(one))
            if (written.contains(t) || read.contains(t)) return t.name();
    }
    return std::nullopt;
}

struct Around {
    std::vector<Stmt> before, between, after;
};

/// The statements of the block that belong to neither.
Around around(const Edit& e, const Standing& a, const Standing& b) {
    Around all;
    size_t of_a = 0, of_b = 0;
    for (const Stmt& s : a.block.back().as<Block>()->stmts) {
        if (has_item(a, s)) {
            ++of_a;
            if (!all.between.empty())
                e.refuse("the definitions of {} do not stand side by side", a.stage.name());
        } else if (has_item(b, s)) {
            ++of_b;
            if (!all.after.empty())
                e.refuse("the definitions of {} do not stand side by side", b.stage.name());
        } else {
            (of_a == 0 ? all.before : of_b == 0 ? all.between : all.after).push_back(s);
        }
    }
    return all;
}

} // namespace

void Shells::add(Stmt body) {
    for (; body.as<DeclareStream>() || body.as<Allocate>(); body = bodies(body)[0])
        around.push_back(body);
    core = core.defined() ? Block::make({core, body}) : body;
}

Stmt Shells::whole() const {
    Stmt s = core;
    for (size_t n = around.size(); n-- > 0;)
        s = with_body(around[n], s);
    return s;
}

void check_piece(const Edit& e, const Stmt& piece, const std::string& name) {
    std::set<Symbol> declared;
    for_each_stmt(piece, [&](const Stmt& s) {
        if (const auto* d = s.as<DeclareStream>()) declared.insert(d->stream.symbol);
        for (const StreamElement& t : streams_in(s))
            if (!declared.contains(t.stream))
                e.refuse("{} passes tokens by {}, at {}: a stream stays with the process that has it", name,
                         t.stream.name(), s.loc().str());
    });
}

std::string function_name(const Edit& e, const Symbol& stage) {
    const auto& all = e.state().module.functions;
    const std::string wish = is_c_identifier(stage.name()) ? stage.name() : "process";
    return std::ranges::find(all, wish, &Function::name) == all.end() ? wish : e.fresh_name(wish);
}

std::pair<Stmt, std::string> as_process(Edit& e, const Standing& s, size_t place) {
    if (s.process) return {s.items[0].as<Dataflow>()->body, s.call->callee};
    if (s.call) return {s.items[0], s.call->callee};
    const Stmt piece = Block::make(s.items);
    check_piece(e, piece, s.stage.name());
    Path path = s.block;
    path.push_back(piece);
    const Function& from = e.state().module.functions[s.function];
    check_outlined_tensors(e, from, path);
    const Outlined made(tensors_in_scope(from, path), piece, function_name(e, s.stage));
    const Function f = made.with_body(s.part_of ? Stage::make(s.part_of, 0, piece, piece.loc()) : piece);
    e.insert_function(place, f);
    e.trust(f);
    return {made.call(piece.loc()), f.name};
}

bool in_one_dataflow(const Standing& a, const Standing& b) {
    return a.process && b.process && a.items[0].same_as(b.items[0]);
}

void check_same_block(const Edit& e, const Standing& a, const Standing& b) {
    const bool beside = a.function == b.function && !a.block.empty() && !b.block.empty() &&
                        a.block.back().same_as(b.block.back()) && a.block.back().as<Block>();
    const bool together = in_one_dataflow(a, b);
    if (!beside && !together)
        e.refuse("{} and {} do not stand side by side, in one loop or outside of all: they cannot run at the "
                 "same time",
                 a.stage.name(), b.stage.name());
    if (together) return;
    for (const Stmt& s : a.block.back().as<Block>()->stmts) {
        if (s.same_as(a.items[0])) return;
        if (s.same_as(b.items[0]))
            e.refuse("{0} comes before {1}: what {1} computes is not what {0} reads", b.stage.name(),
                     a.stage.name());
    }
}

std::pair<std::string, std::string> run_together(Edit& e, const Standing& first, const Standing& second) {
    if (in_one_dataflow(first, second)) return {first.call->callee, second.call->callee};
    const Module& m = e.state().module;
    const Around others = around(e, first, second);
    const bool down = !meets(m, first.items, others.between), up = !meets(m, second.items, others.between);
    if (!down && !up)
        e.refuse("between {0} and {1} stands what needs {0} and what {1} needs: {2}. Stream that first",
                 first.stage.name(), second.stage.name(), *meets(m, first.items, others.between));
    const size_t place = first.function + 1, functions = e.state().module.functions.size();
    const auto [a, writer] = as_process(e, first, place);
    const bool made = e.state().module.functions.size() > functions;
    const auto [b, reader] = as_process(e, second, place + made);
    Shells all;
    all.add(a);
    all.add(b);
    std::vector<Stmt> stmts = others.before;
    const auto append = [&](const std::vector<Stmt>& more) {
        stmts.insert(stmts.end(), more.begin(), more.end());
    };
    if (down) append(others.between);
    stmts.push_back(Dataflow::make(all.whole(), e.step().loc));
    if (!down) append(others.between);
    append(others.after);
    e.module().functions[first.function].body = rebuild(first.block, Block::make(std::move(stmts)));
    return {writer, reader};
}

namespace {

/// The dataflow that has a process of that Function: its Function, and the path to it; none: an empty path.
std::pair<size_t, Path> find_dataflow(const Module& m, const std::string& process) {
    for (size_t g = 0; g < m.functions.size(); ++g) {
        Path p = find_path(m.functions[g].body, [&](const Stmt& s) {
            const auto* c = s.as<CallStmt>();
            return c && c->callee == process;
        });
        while (!p.empty() && !p.back().as<Dataflow>())
            p.pop_back();
        if (!p.empty()) return {g, p};
    }
    return {};
}

std::pair<size_t, Path> dataflow_of(const Module& m, const std::string& process) {
    auto found = find_dataflow(m, process);
    invariant(!found.second.empty(), "a process of no dataflow");
    return found;
}

/// One end of a new stream.
class End {
  public:
    End(Edit& edit, const std::string& callee, const NewStream& s, Direction d)
        : e(edit), stream(s), direction(d),
          f(*std::ranges::find(edit.module().functions, callee, &Function::name)) {}

    Stmt apply(const CallStmt& c) {
        const auto at = static_cast<size_t>(std::ranges::find(c.tensors, stream.tensor, &TensorView::tensor) -
                                            c.tensors.begin());
        invariant(at < c.tensors.size(), "a process that is not given what it streams");
        if (!c.tensors[at].whole)
            e.refuse("{} is given a part of {}, at {}: a stream passes all that is written", f.name,
                     stream.tensor.name(), c.loc.str());
        const Symbol own = f.arguments[at].tensor.symbol;
        if (passes_on(f.body, own))
            e.refuse("{0} is given to a Function that {1} calls: inline_call that first", own.name(), f.name);
        const Symbol channel(stream.stream.name());
        f.streams.push_back({{channel, stream.type, {}, {}, 0, e.step().loc}, direction});
        f.body = direction == Direction::out ? with_pushes(f.body, own, channel, stream.keep)
                                             : with_pops(e, f.body, own, channel);
        std::vector<TensorView> tensors = c.tensors;
        if (!tensors_read(f.body).contains(own) && !tensors_written(f.body).contains(own)) {
            f.arguments.erase(f.arguments.begin() + static_cast<std::ptrdiff_t>(at));
            tensors.erase(tensors.begin() + static_cast<std::ptrdiff_t>(at));
        } else { // no shape depends on what a tensor holds
            invariant(direction == Direction::out, "a process reads what a stream passes, beside it");
        }
        std::vector<StreamElement> streams = c.streams;
        streams.push_back({stream.stream, {}});
        return CallStmt::make(c.callee, std::move(tensors), c.values, std::move(streams), c.loc);
    }

  private:
    Edit& e;
    const NewStream& stream;
    Direction direction;
    Function& f;
};

/// Without the storage of a tensor.
Stmt without_tensor(const Stmt& body, const Symbol& tensor) {
    return transform(body, [&](const Stmt& s) -> Stmt {
        const auto* a = s.as<Allocate>();
        if (!a || !a->find(tensor)) return s;
        std::vector<Tensor> left = a->tensors;
        std::erase_if(left, [&](const Tensor& t) { return t.symbol == tensor; });
        return left.empty() ? a->body : Allocate::make(std::move(left), a->body);
    });
}

} // namespace

namespace {

/// A call with its end of a new channel.
using WithEnd = std::function<Stmt(const CallStmt&, Direction)>;

/// The dataflow of the two with a channel between them.
void join(Edit& e, const std::string& writer, const std::string& reader, const StreamDeclaration& channel,
          const WithEnd& end, const std::optional<Symbol>& gone) {
    const auto [function, path] = dataflow_of(e.state().module, writer);
    const Dataflow& d = *path.back().as<Dataflow>();
    Stmt body = transform(d.body, [&](const Stmt& x) -> Stmt {
        const auto* c = x.as<CallStmt>();
        if (c && c->callee == writer) return end(*c, Direction::out);
        if (c && c->callee == reader) return end(*c, Direction::in);
        return x;
    });
    body = rebuild(path, Dataflow::make(DeclareStream::make(channel, body), d.loc));
    e.module().functions[function].body = gone ? without_tensor(body, *gone) : body;
}

} // namespace

void pass_by_stream(Edit& e, const std::string& writer, const std::string& reader, const NewStream& s) {
    const auto end = [&](const CallStmt& c, Direction d) { return End(e, c.callee, s, d).apply(c); };
    join(e, writer, reader, {s.stream, s.type, {}, {}, s.depth, e.step().loc}, end,
         s.keep ? std::nullopt : std::optional(s.tensor));
}

void pass_by_block(Edit& e, const std::string& writer, const std::string& reader, const NewStream& s) {
    StreamDeclaration declared{s.stream, s.type, {}, {}, s.depth, e.step().loc};
    TensorView from_zero{s.tensor, {}, Direction::inout, true};
    std::vector<Dim> dims;
    for (const Dim& d : s.dims) {
        declared.block.push_back(as_int(d.extent).value());
        from_zero.dims.push_back({d.min, d.extent, 1, true});
        dims.push_back({index(0), d.extent});
    }
    const auto end = [&](const CallStmt& c, Direction direction) {
        Function& f = *std::ranges::find(e.module().functions, c.callee, &Function::name);
        const auto at = std::ranges::find(c.tensors, s.tensor, &TensorView::tensor) - c.tensors.begin();
        Tensor own = f.arguments[static_cast<size_t>(at)].tensor;
        own.dims = dims;
        const Stmt body = in_part(f.body, {{own.symbol, from_zero}});
        StreamDeclaration formal = declared;
        formal.symbol = Symbol(s.stream.name());
        f.streams.push_back({formal, direction});
        f.body = direction == Direction::out ? Fill::make({formal.symbol, {}}, own, body, e.step().loc)
                                             : Drain::make({formal.symbol, {}}, own, body, e.step().loc);
        f.arguments.erase(f.arguments.begin() + at);
        std::vector<TensorView> tensors = c.tensors;
        tensors.erase(tensors.begin() + at);
        std::vector<StreamElement> streams = c.streams;
        streams.push_back({s.stream, {}});
        return CallStmt::make(c.callee, std::move(tensors), c.values, std::move(streams), c.loc);
    };
    join(e, writer, reader, declared, end, s.tensor);
}

namespace {

ProcessNetwork network(const Edit& e, const std::string& process) {
    const std::pair<size_t, Path> found = dataflow_of(e.state().module, process);
    const auto& [function, path] = found;
    return e.or_refuse([&] {
        return network_of(e.state().module, *path.back().as<Dataflow>(),
                          facts_at(path, e.state().module.functions[function]));
    });
}

} // namespace

bool joined_otherwise(const Edit& e, const std::string& a, const std::string& b) {
    const ProcessNetwork net = network(e, a);
    const auto named = [&](const std::string& name) {
        return static_cast<size_t>(std::ranges::find(net.processes, name, &NetworkProcess::name) -
                                   net.processes.begin());
    };
    const size_t from = named(a), to = named(b);
    bool direct = false; // one stream between the two is left out
    std::vector<std::pair<size_t, size_t>> others;
    for (const NetworkChannel& c : net.channels)
        if (!direct && c.writer == from && c.reader == to)
            direct = true;
        else
            others.emplace_back(c.writer, c.reader);
    std::set<size_t> reached{from};
    for (bool more = true; more;) {
        more = false;
        for (const auto& [x, y] : others) {
            if (reached.contains(x)) more |= reached.insert(y).second;
            if (reached.contains(y)) more |= reached.insert(x).second;
        }
    }
    return reached.contains(to);
}

std::set<Symbol> channels_between(const Edit& e, const CallStmt& writer, const CallStmt& reader) {
    const auto passed = [&](const CallStmt& c, Direction direction) {
        const Function& f = e.state().module.function(c.callee);
        std::set<Symbol> all;
        for (size_t n = 0; n < c.streams.size(); ++n)
            if (f.streams[n].direction == direction) all.insert(c.streams[n].stream);
        return all;
    };
    std::set<Symbol> all = passed(writer, Direction::out);
    const std::set<Symbol> read = passed(reader, Direction::in);
    std::erase_if(all, [&](const Symbol& s) { return !read.contains(s); });
    return all;
}

void check_tokens(const Edit& e) {
    const Function& f = e.function();
    if (!f.streams.empty() && !find_dataflow(e.state().module, f.name).second.empty()) network(e, f.name);
}

void check_dataflow(const Edit& e, const std::string& process) {
    const Module& m = e.state().module;
    const ProcessNetwork net = network(e, process);
    const NetworkProcess* first = nullptr;
    for (const NetworkProcess& p : net.processes) {
        if (!seen_outside(m, p.call)) continue;
        if (first)
            e.refuse(
                "{} and {} would run at the same time, and both print, require something, or call functions "
                "of others: nothing says in which order",
                first->name, p.name);
        first = &p;
    }
    if (!net.order()) e.refuse("its processes would wait for each other: {}", net.cycle());
}

} // namespace lathe::schedule
