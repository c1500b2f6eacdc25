#include "lathe/ir/network.h"

#include "lathe/ir/index_value.h"
#include "lathe/ir/print.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <functional>

namespace lathe::ir {

namespace {

/// Loops that are counted iteration by iteration, and processes and streams of a dataflow.
constexpr int64_t most_counted = 1 << 16;

std::vector<int64_t> constants(const std::vector<Expr>& list, const char* what, const std::string& name,
                               Loc loc) {
    std::vector<int64_t> all;
    for (const Expr& e : list) {
        const auto n = as_int(simplify(e));
        if (!n)
            fail(loc, "{} of {} is {}: it must be a number. Make the kernel in a function that takes it",
                 what, name, print(e));
        all.push_back(*n);
    }
    return all;
}

/// Counts what a statement does with one stream.
class TokenCounter {
  public:
    TokenCounter(const Module& m, const Function& f, const Symbol& s, const std::vector<int64_t>& a)
        : module(m), function(f), stream(s), at(a) {}

    Expr count() { return simplify(of(function.body)); }

    /// What has subscripts that no stream of an array of these extents has: how often. `data`: parameters
    /// that are given data.
    static Expr outside(const Module& m, const Function& f, const Symbol& s,
                        const std::vector<int64_t>& extents, const std::set<Symbol>& data) {
        TokenCounter all(m, f, s, extents);
        all.beyond = true;
        all.unknown = data;
        return all.count();
    }

  private:
    const Module& module;
    const Function& function;
    const Symbol& stream;
    const std::vector<int64_t>& at; ///< which one of an array
    bool beyond = false;            ///< `at` are extents: what lies beyond them is counted
    std::set<Symbol> unknown;       ///< variables whose values nobody knows before a run

    [[noreturn]] void refuse(Loc loc, const std::string& why) const {
        fail(loc, "how many tokens {} passes through {} cannot be counted: {}", function.name, stream.name(),
             why);
    }

    bool known(const Expr& e) const {
        if (!tensors_read(e).empty()) return false;
        const std::set<Symbol> used = free_variables(e);
        return std::ranges::none_of(used, [&](const Symbol& s) { return unknown.contains(s); });
    }

    Expr of(const Stmt& s) {
        if (!s.defined()) return index(0);
        Expr sum = index(0);
        for (const StreamElement& e : streams_in(s))
            if (e.stream == stream && !s.as<CallStmt>()) sum = if_here(e, index(1), s.loc());
        if (const auto* c = s.as<CallStmt>()) return call(*c);
        if (const auto* f = s.as<For>()) return loop(*f);
        if (const auto* i = s.as<If>()) return branch(*i);
        if (const auto* l = s.as<LetStmt>()) return let(*l);
        if (const auto* p = s.as<Spawn>()) return spawn(*p);
        if (const auto* p = s.as<Pop>()) unknown.insert(p->symbol);
        for (const Stmt& body : bodies(s))
            sum = iadd(sum, of(body));
        if (s.as<While>() && as_int(simplify(sum)) != 0)
            refuse(s.loc(), "a while runs as often as its data say");
        return simplify(sum);
    }

    /// `count` where the subscripts are those of the stream that is counted; else nothing.
    Expr if_here(const StreamElement& e, const Expr& count, Loc loc) const {
        Expr all = beyond && !e.at.empty() ? index(0) : count;
        for (size_t d = e.at.size(); d-- > 0;) {
            if (!known(e.at[d])) refuse(loc, "which one of an array of streams it is, data say");
            const auto select = [&](BinaryOp op, int64_t n, const Expr& yes, const Expr& no) {
                all = Select::make(Binary::make(op, e.at[d], index(n)), yes, no);
            };
            if (!beyond) {
                select(BinaryOp::eq, at[d], all, index(0));
                continue;
            }
            select(BinaryOp::ge, at[d], count, all);
            select(BinaryOp::lt, 0, count, all);
        }
        return simplify(all);
    }

    Expr loop(const For& f) {
        const Expr each = of(f.body);
        if (as_int(each) == 0) return each;
        if (!known(f.extent) || !known(f.min))
            refuse(f.loc, fmt::format("the bounds of {} read data", f.var.name()));
        return sum(f, each);
    }

    /// Σ `each` over the loop's iterations.
    Expr sum(const For& f, const Expr& each) {
        const Expr extent = simplify(f.extent);
        if (!uses(each, f.var)) return imul(imax(extent, index(0)), each);
        if (const auto* s = each.as<Select>()) {
            if (!uses(s->condition, f.var))
                return simplify(Select::make(s->condition, sum(f, s->then_value), sum(f, s->else_value)));
            if (const auto from = first_that_holds(f, s->condition)) {
                const auto part = [&](const Expr& min, const Expr& max, const Expr& value) {
                    return sum(*For::make(f.var, min, isub(max, min), {}, {}, f.loc).as<For>(), value);
                };
                const Expr end = iadd(f.min, imax(extent, index(0)));
                const Expr at = imax(f.min, imin(end, from->first));
                const Expr before = from->second ? s->else_value : s->then_value;
                const Expr behind = from->second ? s->then_value : s->else_value;
                return simplify(iadd(part(f.min, at, before), part(at, end, behind)));
            }
        }
        const auto first = as_int(simplify(f.min)), count = as_int(extent);
        if (!first || !count || *count > most_counted)
            refuse(f.loc, fmt::format("it is {} in each iteration of {}, whose bounds are not constant: give "
                                      "the sizes their values",
                                      print(each), f.var.name()));
        if (const auto all = sum_of_numbers(f.var, *first, *count, each)) return index(*all);
        Expr all = index(0);
        for (int64_t i = 0; i < *count; ++i)
            all = simplify(iadd(all, substitute(each, {{f.var, index(*first + i)}})));
        return all;
    }

    /// The same where `each` depends on nothing else.
    static std::optional<int64_t> sum_of_numbers(const Symbol& var, int64_t first, int64_t count,
                                                 const Expr& each) {
        int64_t all = 0;
        for (int64_t i = first; i < first + count; ++i) {
            const auto one = index_value(
                each, [&](const Symbol& s) { return s == var ? std::optional<int64_t>(i) : std::nullopt; });
            if (!one || __builtin_add_overflow(all, *one, &all)) return {};
        }
        return all;
    }

    /// From which value of the loop's variable on the condition holds (true), or holds no more (false).
    static std::optional<std::pair<Expr, bool>> first_that_holds(const For& f, const Expr& condition) {
        const auto* b = condition.as<Binary>();
        if (!b || !b->a.type().is_index()) return {};
        const auto is_var = [&](const Expr& e) {
            const auto* v = e.as<Variable>();
            return v && v->symbol == f.var;
        };
        const bool left = is_var(b->a) && !uses(b->b, f.var), right = is_var(b->b) && !uses(b->a, f.var);
        if (!left && !right) return {};
        const Expr& than = left ? b->b : b->a;
        switch (b->op) {
        case BinaryOp::ge:
            return left ? std::pair(than, true) : std::pair(iadd(than, index(1)), false);
        case BinaryOp::gt:
            return left ? std::pair(iadd(than, index(1)), true) : std::pair(than, false);
        case BinaryOp::le:
            return left ? std::pair(iadd(than, index(1)), false) : std::pair(than, true);
        case BinaryOp::lt:
            return left ? std::pair(than, false) : std::pair(iadd(than, index(1)), true);
        default:
            return {};
        }
    }

    Expr branch(const If& i) {
        const Expr yes = of(i.then_body), no = of(i.else_body);
        if (as_int(simplify(isub(yes, no))) == 0) return yes;
        if (!known(i.condition)) refuse(i.loc, "it happens under a condition that reads data");
        return simplify(Select::make(i.condition, yes, no));
    }

    Expr let(const LetStmt& l) {
        const bool constant = l.value.type().is_index() && known(l.value);
        if (!constant) unknown.insert(l.symbol);
        const Expr inside = of(l.body);
        return constant ? simplify(substitute(inside, {{l.symbol, l.value}})) : inside;
    }

    Expr spawn(const Spawn& p) {
        Expr each = of(p.call);
        for (size_t d = p.ids.size(); d-- > 0;)
            each = loop(*For::make(p.ids[d], p.box[d].min, p.box[d].extent, {}, repeat(each, p.loc), p.loc)
                             .as<For>());
        return each;
    }

    /// A statement that passes so many tokens.
    Stmt repeat(const Expr& count, Loc loc) const {
        const Symbol n("n");
        return For::make(n, index(0), count, {}, Push::make({stream, {}}, Bool(), Expr(false), loc), loc);
    }

    Expr call(const CallStmt& c) {
        const Function& callee = module.function(c.callee);
        Expr sum = index(0);
        for (size_t n = 0; n < c.streams.size(); ++n) {
            if (c.streams[n].stream != stream) continue;
            if (beyond) {
                if (!c.streams[n].at.empty()) sum = iadd(sum, if_here(c.streams[n], index(1), c.loc));
                continue;
            }
            Substitution values;
            for (size_t p = 0; p < c.values.size(); ++p) {
                if (callee.params[p].type != c.values[p].type()) continue;
                values.emplace(callee.params[p].symbol, c.values[p]);
            }
            const auto inner = static_cast<std::ptrdiff_t>(c.streams[n].at.size());
            const Expr inside = substitute(
                tokens_of(module, callee, callee.streams[n].stream.symbol, {at.begin() + inner, at.end()}),
                values);
            if (!known(inside))
                refuse(c.loc, fmt::format("{} is given a size that is read from data", callee.name));
            sum = simplify(iadd(sum, if_here(c.streams[n], inside, c.loc)));
        }
        return sum;
    }
};

class NetworkMaker {
  public:
    NetworkMaker(const Module& m, const Facts& f) : module(m), facts(f) {}

    ProcessNetwork make(const Dataflow& d) {
        collect(d.body);
        join();
        check_tensors();
        return std::move(net);
    }

  private:
    struct End {
        size_t process;
        Expr tokens;
        Loc loc;
    };
    struct Ends {
        std::optional<End> writer, reader;
    };
    const Module& module;
    const Facts& facts;
    ProcessNetwork net;
    size_t statements = 0;
    std::map<std::pair<size_t, std::vector<int64_t>>, Ends> ends;
    /// Who is given a stream of a dataflow around this one.
    std::map<std::pair<Symbol, std::vector<int64_t>>, std::string> around;

    void collect(const Stmt& s) {
        if (!s.defined()) return;
        if (const auto* d = s.as<DeclareStream>()) net.streams.push_back(d->stream);
        if (const auto* a = s.as<Allocate>())
            net.tensors.insert(net.tensors.end(), a->tensors.begin(), a->tensors.end());
        if (s.as<CallStmt>()) {
            process(simplify(s, facts), statements++, {});
            return;
        }
        if (const auto* p = s.as<Spawn>()) {
            spawn(*p);
            return;
        }
        for (const Stmt& body : bodies(s))
            collect(body);
    }

    void spawn(const Spawn& p) {
        std::vector<Expr> firsts, counts;
        for (const Dim& d : p.box) {
            firsts.push_back(d.min);
            counts.push_back(d.extent);
        }
        const std::string& name = p.call.as<CallStmt>()->callee;
        const auto first = constants(firsts, "the first id", name, p.loc),
                   count = constants(counts, "the number of processes", name, p.loc);
        mpz_class all = 1;
        for (const int64_t n : count)
            all *= static_cast<long>(std::max<int64_t>(n, 0));
        if (all > most_counted)
            fail(p.loc, "{} processes {} are too many: at most {}", all.get_str(), name, most_counted);
        const size_t statement = statements++;
        std::vector<int64_t> at(count.size());
        const std::function<void(size_t)> level = [&](size_t d) {
            if (d == at.size()) {
                Substitution ids;
                for (size_t n = 0; n < at.size(); ++n)
                    ids.emplace(p.ids[n], index(at[n]));
                process(simplify(substitute(p.call, ids), facts), statement, at);
                return;
            }
            for (int64_t i = 0; i < count[d]; ++i) {
                at[d] = first[d] + i;
                level(d + 1);
            }
        };
        level(0);
    }

    void process(const Stmt& call, size_t statement, const std::vector<int64_t>& at) {
        const auto& c = *call.as<CallStmt>();
        const std::string name = at.empty() ? c.callee : fmt::format("{}({})", c.callee, fmt::join(at, ", "));
        net.processes.push_back({name, call, statement, at});
        Function f = module.function(c.callee);
        Substitution values, constants;
        std::set<Symbol> data;
        for (size_t p = 0; p < c.values.size(); ++p) {
            values.emplace(f.params[p].symbol, c.values[p]);
            if (c.values[p].as<Constant>()) constants.emplace(f.params[p].symbol, c.values[p]);
            if (!tensors_read(c.values[p]).empty()) data.insert(f.params[p].symbol);
        }
        if (!c.streams.empty() && !constants.empty()) f.body = substitute(f.body, constants);
        for (size_t n = 0; n < c.streams.size(); ++n) {
            const StreamElement& e = c.streams[n];
            const auto stream =
                std::ranges::find(net.streams, e.stream, [](const StreamDeclaration& s) { return s.symbol; });
            const bool own = stream != net.streams.end(); // and not of a dataflow around this one
            const auto place = lathe::ir::constants(e.at, "a subscript", e.stream.name(), c.loc);
            if (own) check_place(*stream, place, c.loc);
            const StreamDeclaration& formal = f.streams[n].stream;
            check_subscripts(f, formal, data, c.loc);
            for (const std::vector<int64_t>& inner : places(formal)) {
                std::vector<int64_t> whole = place;
                whole.insert(whole.end(), inner.begin(), inner.end());
                if (!own) {
                    const auto [end, first] = around.try_emplace({e.stream, whole}, name);
                    if (!first)
                        fail(c.loc,
                             "two processes are given {}: {} and {}. A stream has one writer and one reader",
                             element_name(e.stream, whole), end->second, name);
                    continue;
                }
                const Expr tokens = tokens_of(module, f, f.streams[n].stream.symbol, inner);
                add_end(static_cast<size_t>(stream - net.streams.begin()), whole, f.streams[n].direction,
                        {net.processes.size() - 1, simplify(substitute(tokens, values), facts), c.loc});
            }
        }
    }

    /// What a process passes through an array of streams, it passes through one of them.
    void check_subscripts(const Function& f, const StreamDeclaration& formal, const std::set<Symbol>& data,
                          Loc loc) const {
        if (formal.dims.empty()) return;
        const auto extents = lathe::ir::constants(formal.dims, "an extent", formal.symbol.name(), formal.loc);
        if (as_int(TokenCounter::outside(module, f, formal.symbol, extents, data)) != 0)
            fail(loc, "{} may name a stream of {} that there is not: it has {} of them", f.name,
                 formal.symbol.name(), fmt::join(extents, "x"));
    }

    /// The subscripts of each stream of an array; of one stream: none.
    static std::vector<std::vector<int64_t>> places(const StreamDeclaration& s) {
        std::vector<std::vector<int64_t>> all{{}};
        for (const int64_t extent : lathe::ir::constants(s.dims, "an extent", s.symbol.name(), s.loc)) {
            std::vector<std::vector<int64_t>> more;
            for (const std::vector<int64_t>& outer : all)
                for (int64_t i = 0; i < extent; ++i) {
                    more.push_back(outer);
                    more.back().push_back(i);
                }
            all = std::move(more);
        }
        return all;
    }

    void add_end(size_t stream, const std::vector<int64_t>& place, Direction direction, End fresh) {
        Ends& both = ends[{stream, place}];
        const bool reads = direction == Direction::in;
        std::optional<End>& end = reads ? both.reader : both.writer;
        if (end)
            fail(fresh.loc, "two processes {} {}: {} and {}. A stream has one writer and one reader",
                 reads ? "read" : "write", element_name(net.streams[stream].symbol, place),
                 net.processes[end->process].name, net.processes[fresh.process].name);
        end = std::move(fresh);
    }

    static std::string element_name(const Symbol& stream, const std::vector<int64_t>& at) {
        std::string name = stream.name();
        for (const int64_t i : at)
            name += fmt::format("[{}]", i);
        return name;
    }

    void check_place(const StreamDeclaration& s, const std::vector<int64_t>& at, Loc loc) const {
        const auto extents = constants(s.dims, "an extent", s.symbol.name(), s.loc);
        for (size_t d = 0; d < at.size(); ++d)
            if (at[d] < 0 || at[d] >= extents[d])
                fail(loc, "{} is passed, and dimension {} of the streams {} has {} of them",
                     element_name(s.symbol, at), d, s.symbol.name(), extents[d]);
    }

    void join() {
        for (const auto& [key, both] : ends) {
            const StreamDeclaration& s = net.streams[key.first];
            const std::string name = element_name(s.symbol, key.second);
            if (!both.reader || !both.writer) {
                const End& only = both.reader ? *both.reader : *both.writer;
                fail(only.loc, "{} {} {}, and no process {} it", net.processes[only.process].name,
                     both.reader ? "reads" : "writes", name, both.reader ? "writes" : "reads");
            }
            const End &w = *both.writer, &r = *both.reader;
            if (as_int(simplify(isub(w.tokens, r.tokens), facts)) != 0)
                fail(r.loc, "{} writes {} tokens into {}, and {} reads {}: they must be equal",
                     net.processes[w.process].name, print(w.tokens), name, net.processes[r.process].name,
                     print(r.tokens));
            net.channels.push_back({name, key.first, key.second, w.process, r.process, w.tokens});
        }
    }

    /// In some dimension the one view ends before the other begins.
    bool apart(const TensorView& a, const TensorView& b) const {
        const auto before = [&](const ViewDim& x, const ViewDim& y) {
            const Expr last = iadd(x.begin, imul(index(x.stride), isub(x.extent, index(1))));
            return prove(Binary::make(BinaryOp::lt, last, y.begin), facts);
        };
        for (size_t d = 0; d < a.dims.size(); ++d)
            if (before(a.dims[d], b.dims[d]) || before(b.dims[d], a.dims[d])) return true;
        return false;
    }

    /// Nothing says who of two processes comes first at a tensor.
    void check_tensors() const {
        for (size_t q = 0; q < net.processes.size(); ++q)
            for (size_t p = 0; p < q; ++p)
                check_pair(net.processes[p], net.processes[q]);
    }

    /// A process is given numbers when it starts: others must not change what they are read from.
    void check_values(const NetworkProcess& p, const NetworkProcess& q) const {
        for (const Expr& e : expressions(p.call))
            for (const Symbol& t : tensors_read(e))
                for (const TensorView& v : q.call.as<CallStmt>()->tensors)
                    if (v.tensor == t && v.direction != Direction::in)
                        fail(p.call.loc(),
                             "{} is given a number that it reads from {}, which {} writes: read it before "
                             "the dataflow",
                             p.name, t.name(), q.name);
    }

    void check_pair(const NetworkProcess& p, const NetworkProcess& q) const {
        const auto &a = p.call.as<CallStmt>()->tensors, &b = q.call.as<CallStmt>()->tensors;
        if (a.empty() && b.empty()) return;
        check_values(p, q);
        check_values(q, p);
        for (size_t n = 0; n < a.size(); ++n)
            for (size_t m = 0; m < b.size(); ++m) {
                if (a[n].tensor != b[m].tensor) continue;
                if (a[n].direction == Direction::in && b[m].direction == Direction::in) continue;
                if (apart(a[n], b[m])) continue;
                fail(q.call.loc(),
                     "{} and {} run at the same time, and both are given {}, which one of them writes: pass "
                     "it from one to the other through a stream, or give each a view of its own part",
                     p.name, q.name, a[n].tensor.name());
            }
    }
};

/// Behind whom each process stands.
std::vector<std::set<size_t>> writers_of(const ProcessNetwork& net) {
    std::vector<std::set<size_t>> before(net.processes.size());
    for (const NetworkChannel& c : net.channels)
        before[c.reader].insert(c.writer);
    return before;
}

} // namespace

std::optional<std::vector<size_t>> ProcessNetwork::order() const {
    std::vector<std::set<size_t>> before = writers_of(*this), behind(processes.size());
    std::set<size_t> next;
    for (size_t p = 0; p < processes.size(); ++p) {
        for (const size_t w : before[p])
            behind[w].insert(p);
        if (before[p].empty()) next.insert(p);
    }
    std::vector<size_t> all;
    while (!next.empty()) {
        const size_t p = *next.begin();
        next.erase(next.begin());
        all.push_back(p);
        for (const size_t q : behind[p]) {
            before[q].erase(p);
            if (before[q].empty()) next.insert(q);
        }
    }
    if (all.size() != processes.size()) return {};
    return all;
}

std::string ProcessNetwork::cycle() const {
    // Backwards along writers from a process that never becomes ready, until one comes again.
    const std::vector<std::set<size_t>> before = writers_of(*this);
    std::vector<std::set<size_t>> left = before;
    std::set<size_t> done;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t p = 0; p < left.size(); ++p) {
            std::erase_if(left[p], [&](size_t w) { return done.contains(w); });
            if (left[p].empty()) changed |= done.insert(p).second;
        }
    }
    size_t at = 0;
    while (at < left.size() && done.contains(at))
        ++at;
    invariant(at < left.size(), "a network without a cycle");
    std::vector<size_t> path;
    while (std::ranges::find(path, at) == path.end()) {
        path.push_back(at);
        at = *left[at].begin();
    }
    std::string text = processes[at].name;
    for (size_t n = path.size(); n-- > 0;) {
        text += " → " + processes[path[n]].name;
        if (path[n] == at) break;
    }
    return text;
}

ProcessNetwork network_of(const Module& m, const Dataflow& d, const Facts& facts) {
    return NetworkMaker(m, facts).make(d);
}

Expr tokens_of(const Module& m, const Function& f, const Symbol& stream, const std::vector<int64_t>& at) {
    return TokenCounter(m, f, stream, at).count();
}

void check_networks(const Module& m) {
    for (const Function& f : m.functions) {
        Facts facts;
        for (const Param& p : f.params)
            if (p.type.is_index()) facts.bound(p.symbol, {index(0), {}});
        for_each(
            f.body,
            [&](const Stmt& s) {
                if (const auto* d = s.as<Dataflow>()) network_of(m, *d, facts);
            },
            nullptr);
    }
}

} // namespace lathe::ir
