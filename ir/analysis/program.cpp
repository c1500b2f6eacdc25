#include "program.h"

#include "loop_accesses.h"

#include "lathe/ir/analysis.h"
#include "lathe/ir/any_body.h"
#include "lathe/ir/layout.h"
#include "lathe/ir/loop_facts.h"
#include "lathe/ir/planted.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe::ir {

namespace {

/// An integer of fixed width takes part, which the simplifier may turn into a mathematical one.
bool has_values(const Expr& e) {
    bool found = false;
    for_each_expr(e, [&](const Expr& x) {
        if (const Cast* c = x.as<Cast>()) found |= c->type.is_index() && !c->a.as<Load>();
        if (const Binary* b = x.as<Binary>()) found |= is_compare(b->op) && b->a.type().is_int();
    });
    return found;
}

class Collector {
  public:
    Collector(const Stmt& root, const Symbol& loop, const Facts& known) : wanted(loop) {
        if (wanted)
            for (const Stmt& s : path_to_loop(root, loop)) {
                way.insert(s.get());
                asked = s;
            }
        result.known = known;
        result.depth = {0};
        inside = !wanted;
        guards = std::make_shared<std::vector<Guard>>();
    }
    Program result;
    bool inside; ///< the region was entered

    void visit(const Stmt& s) {
        if (!s.defined() || done) return;
        const bool passed = s.kind() == StmtKind::assert_;
        if (!inside && !passed && !way.contains(s.get())) return;
        path.push_back(s.get());
        visit_one(s);
        path.pop_back();
    }

  private:
    static bool acts(StmtKind k) {
        return k == StmtKind::store || k == StmtKind::reduce || k == StmtKind::print ||
               k == StmtKind::extern_call;
    }

    void visit_one(const Stmt& s) {
        effect = nullptr;
        if (inside && acts(s.kind())) effect = std::make_shared<const std::vector<Expr>>(expressions(s));
        switch (s.kind()) {
        case StmtKind::block:
            return block(*s.as<Block>());
        case StmtKind::for_:
            return loop(*s.as<For>());
        case StmtKind::while_:
            return repeat(*s.as<While>());
        case StmtKind::if_:
            return branch(*s.as<If>());
        case StmtKind::let:
            return let(*s.as<LetStmt>());
        case StmtKind::store:
            return store(*s.as<Store>());
        case StmtKind::reduce:
            return reduce(*s.as<Reduce>());
        case StmtKind::allocate: {
            const Allocate& a = *s.as<Allocate>();
            const auto outside = homes;
            for (const Tensor& t : a.tensors) {
                homes[t.symbol] = loops.size();
                if (folded(t)) folds[t.symbol] = t;
            }
            visit(a.body);
            homes = outside;
            return;
        }
        case StmtKind::assert_:
            return check(*s.as<Assert>());
        case StmtKind::print:
            begin();
            for (const Expr& e : s.as<Print>()->values)
                reads(e, s.loc());
            return add_output("print", s.loc());
        case StmtKind::extern_call:
            return call(*s.as<ExternCall>());
        case StmtKind::stage:
            return visit(s.as<Stage>()->body);
        case StmtKind::copy:
        case StmtKind::stream:
        case StmtKind::push:
        case StmtKind::pop:
        case StmtKind::fill:
        case StmtKind::drain:
        case StmtKind::call:
        case StmtKind::dataflow:
        case StmtKind::spawn:
            return network(s);
        }
    }

    // ---- scopes

    using Guards = std::shared_ptr<std::vector<Guard>>;

    void begin() { ++statement; }

    /// The moment of an evaluation here of what `body` may change; 0 if it does not.
    size_t moment_of(const Expr& e, const Stmt& body) {
        const Stmt& runs = !inside && planted.has(Fault::siblings_unread) ? asked : body;
        if (lasts(e, runs) || planted.has(Fault::moment_ignored)) return 0;
        result.depth.push_back(loops.size());
        return result.depth.size() - 1;
    }

    void assume(const Expr& condition, bool holds, size_t moment) {
        guards = std::make_shared<std::vector<Guard>>(*guards);
        guards->push_back({{condition, moment}, holds});
    }

    /// What asserts say at the start of a block holds to its end.
    void block(const Block& b) {
        const Guards before = guards;
        for (const Stmt& s : b.stmts)
            visit(s);
        guards = before;
    }

    void check(const Assert& a) {
        begin();
        const Expr condition = plain(a.condition);
        reads(a.condition, a.loc);
        if (tensors_read(condition).empty()) assume(condition, true, 0);
    }

    void loop(const For& f) {
        begin();
        const bool here = f.var == wanted;
        if (inside) {
            reads(f.min, f.loc);
            reads(f.extent, f.loc);
        }
        const Timed min{plain(f.min), moment_of(f.min, f.body)};
        const Timed extent{plain(f.extent), moment_of(f.extent, f.body)};
        if (here) result.around = loops.size();
        enter({f.var, min, extent, f.loc});
        if (here) {
            inside = true;
            result.written = tensors_written(f.body);
        }
        const Guards before = guards; // what asserts in it say holds while it runs
        visit(f.body);
        if (!planted.has(Fault::asserts_outlive)) guards = before;
        loops.pop_back();
        if (here) done = true;
    }

    void repeat(const While& w) {
        begin();
        enter({Symbol("while"), {}, {}, w.loc});
        reads(w.condition, w.loc);
        under(w.condition, true, w.body);
        loops.pop_back();
    }

    void enter(const Repetition& r) {
        result.loops.push_back(r);
        loops.push_back(result.loops.size() - 1);
    }

    void branch(const If& i) {
        begin();
        if (!planted.has(Fault::condition_unread)) reads(i.condition, i.loc);
        under(i.condition, true, i.then_body);
        under(i.condition, false, i.else_body);
    }

    void under(const Expr& condition, bool holds, const Stmt& body) {
        if (!body.defined()) return;
        const Guards before = guards;
        assume(plain(condition), holds || planted.has(Fault::else_as_then), moment_of(condition, body));
        visit(body);
        guards = before;
    }

    void let(const LetStmt& l) {
        begin();
        reads(l.value, l.loc);
        const size_t moment = moment_of(l.value, l.body);
        bind(l.symbol, plain(l.value), moment);
        visit(l.body);
    }

    void bind(const Symbol& symbol, const Expr& value, size_t moment) {
        result.lets[symbol] = {value, moment};
        const bool index = value.type().is_index();
        if (!index && moment == 0 && value.type().is_scalar()) values[symbol] = value;
        if (index && tensors_read(value).empty()) index_lets.emplace_back(symbol, value);
    }

    // ---- statements

    void store(const Store& s) {
        begin();
        if (!inside) return;
        const Stmt whole = alone(s);
        for (const Expr& e : expressions(whole))
            bind_lets(e);
        for (const Access& a : accesses(whole))
            if (!a.write) add_read(a);
        for (size_t t = 0; t < s.targets.size(); ++t)
            add_write(s.targets[t], s.predicate, s.loc).target = t;
    }

    void reduce(const Reduce& r) {
        begin();
        if (!inside) return;
        const Stmt whole = alone(r);
        for (const Expr& e : expressions(whole))
            bind_lets(e);
        for (const Access& a : accesses(whole))
            if (!a.write && !a.reduce) add_read(a);
        add_write(r.target, r.predicate, r.loc).reduce = &r;
    }

    /// The statement as a root of its own, to be asked for its accesses.
    static Stmt alone(const Store& s) { return Store::make(s.targets, s.loc, s.predicate); }
    static Stmt alone(const Reduce& r) {
        return Reduce::make(r.op, r.target, r.loc, r.predicate, r.contract);
    }

    ProgramAccess& add_write(const StoreTarget& t, const Expr& predicate, Loc loc) {
        ProgramAccess& a = add(t.tensor, t.indices, true, loc);
        if (predicate.defined() && predicate.type().is_scalar())
            a.own_guards.push_back({{plain(predicate), 0}, true});
        return a;
    }

    void add_read(const Access& from) {
        for (const auto& [symbol, value] : from.definitions)
            bind(symbol, plain(value), 0);
        ProgramAccess& a = add(from.tensor, from.indices, false, from.loc);
        if (from.condition.defined()) a.own_guards.push_back({{plain(from.condition), 0}, true});
    }

    /// Loads of an expression that stands for itself.
    void reads(const Expr& e, Loc loc) {
        if (!inside || !e.defined()) return;
        bind_lets(e);
        for (const Access& a : accesses(LetStmt::make(Symbol("value"), e, {}, loc)))
            add_read(a);
    }

    /// Calls keep their order among each other and with prints, and each touches whole tensors.
    void call(const ExternCall& c) {
        begin();
        if (!inside || planted.has(Fault::extern_forgotten)) return;
        for (const ExternArgument& a : c.arguments) {
            for (const Dim& d : a.dims) {
                reads(d.min, c.loc);
                reads(d.extent, c.loc);
            }
            reads(a.value, c.loc);
            if (a.tensor && a.direction != Direction::out) add(a.tensor, {}, false, c.loc).whole = true;
            if (a.tensor && a.direction != Direction::in) add(a.tensor, {}, true, c.loc).whole = true;
        }
        add_output("extern " + c.callee->name, c.loc);
    }

    /// Streams keep their order, and so do calls; a Function may touch all of what it is given.
    void network(const Stmt& s) {
        begin();
        for (const Expr& e : expressions(s))
            reads(e, s.loc());
        if (const auto* c = s.as<CallStmt>(); c && inside)
            for (const TensorView& v : c->tensors) {
                if (v.direction != Direction::out) add(v.tensor, {}, false, c->loc).whole = true;
                if (v.direction != Direction::in) add(v.tensor, {}, true, c->loc).whole = true;
            }
        if (const auto* c = s.as<Copy>(); c && inside) {
            add(c->from, {}, false, c->loc).whole = true;
            add(c->to, {}, true, c->loc).whole = true;
        }
        add_output(ordered_name(s), s.loc());
        const auto outside = homes;
        if (const auto* b = s.as<Fill>()) homes[b->tensor.symbol] = loops.size();
        if (const auto* b = s.as<Drain>()) homes[b->tensor.symbol] = loops.size();
        if (const auto* p = s.as<Pop>()) {
            result.depth.push_back(loops.size());
            bind(p->symbol, Load::make(Symbol(p->symbol.name()), p->type, {}, p->loc),
                 result.depth.size() - 1);
        }
        for (const Stmt& body : bodies(s))
            visit(body);
        homes = outside;
    }

    void add_output(const std::string& shown, Loc loc) {
        if (inside && !planted.has(Fault::output_forgotten)) add(output, {}, true, loc).shown = shown;
    }

    void bind_lets(const Expr& e) {
        for_each_expr(e, [&](const Expr& x) {
            if (const Let* l = x.as<Let>()) bind(l->symbol, plain(l->value), 0);
        });
    }

    ProgramAccess& add(const Symbol& tensor, const std::vector<Expr>& indices, bool write, Loc loc) {
        ProgramAccess a;
        a.tensor = tensor;
        a.written_as = indices;
        const auto fold = folds.find(tensor);
        for (const Expr& i : fold == folds.end() ? indices : cells(fold->second, indices))
            a.indices.push_back(plain(i));
        a.write = write;
        a.loc = loc;
        a.loops = loops;
        a.path = path;
        a.guards = guards;
        a.effect = effect;
        a.statement = statement;
        const auto home = homes.find(tensor);
        a.private_to = home == homes.end() ? 0 : home->second;
        result.accesses.push_back(std::move(a));
        return result.accesses.back();
    }

    // ---- integers of fixed width

    Expr plain(const Expr& e) const {
        if (!e.defined() || !has_values(e)) return e;
        return simplify(values.empty() ? e : substitute(e, values), facts());
    }

    Facts facts() const {
        Facts f = result.known;
        const auto steady = [](const Timed& t) { return t.moment == 0 && tensors_read(t.expr).empty(); };
        for (const size_t l : loops) {
            const Repetition& r = result.loops[l];
            if (r.min.expr.defined()) f.bound(r.var, interval_of(r.min.expr, r.extent.expr));
        }
        for (const auto& [symbol, value] : index_lets)
            f.bound(symbol, {value, value});
        for (const Guard& g : *guards)
            if (steady(g.condition))
                f.assume(g.holds ? g.condition.expr : Unary::make(UnaryOp::bit_not, g.condition.expr));
        return f;
    }

    Symbol wanted;
    const Symbol output{"print"}; ///< what prints and extern calls write, in their order
    std::vector<size_t> loops;
    std::vector<const StmtNode*> path;
    Guards guards;
    std::shared_ptr<const std::vector<Expr>> effect; ///< of the statement that is being visited
    std::map<Symbol, Tensor> folds;                  ///< folded tensors
    std::map<Symbol, size_t> homes;                  ///< of allocated tensors: the number of loops around
    Substitution values;                             ///< lets that are no Index
    std::vector<std::pair<Symbol, Expr>> index_lets;
    /// To the wanted loop. Only what stands around it, and the checks before it, matter until it is found.
    std::unordered_set<const StmtNode*> way;
    Stmt asked; ///< the wanted loop
    size_t statement = 0;
    bool done = false;
};

} // namespace

Program collect(const Stmt& root, const Symbol& loop, const Facts& known) {
    Collector c(root, loop, known);
    if (!loop && root.defined()) c.result.written = tensors_written(root);
    c.visit(root);
    invariant(c.inside, "dependence query about a loop that is not in the module");
    return std::move(c.result);
}

} // namespace lathe::ir
