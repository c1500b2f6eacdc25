#include "loop_accesses.h"

#include "lathe/ir/analysis.h"
#include "lathe/ir/any_body.h"
#include "lathe/ir/layout.h"
#include "lathe/ir/loop_facts.h"
#include "lathe/ir/visit.h"

namespace lathe::ir {

namespace {

class Collector {
  public:
    Collector(const Stmt& root, const Symbol& l) : wanted(l) {
        for (const Stmt& s : path_to_loop(root, l))
            way.insert(s.get());
    }
    LoopAccesses result;
    bool found = false;

    void visit(const Stmt& s) {
        if (!s.defined() || done || (!found && !way.contains(s.get()))) return;
        switch (s.kind()) {
        case StmtKind::block:
            for (const Stmt& t : s.as<Block>()->stmts)
                visit(t);
            return;
        case StmtKind::for_:
            return visit_loop(*s.as<For>());
        case StmtKind::while_:
            reads(s.as<While>()->condition);
            return visit(s.as<While>()->body);
        case StmtKind::if_: {
            const If& i = *s.as<If>();
            reads(i.condition);
            visit(i.then_body);
            return visit(i.else_body);
        }
        case StmtKind::let: {
            const LetStmt& l = *s.as<LetStmt>();
            reads(l.value);
            // What memory held outside of the loop is one value for all iterations. What it held inside of
            // it, before a store, is another value than what it holds later.
            if (found && !lasts(l.value, loop_body))
                counters[l.symbol] = unknown(l.symbol, l.value.type(), s.loc());
            else if (found || tensors_read(l.value).empty())
                counters[l.symbol] = substitute(l.value, counters);
            return visit(l.body);
        }
        case StmtKind::store:
            return visit_store(*s.as<Store>());
        case StmtKind::reduce:
            return visit_reduce(*s.as<Reduce>());
        case StmtKind::allocate: {
            const Allocate& a = *s.as<Allocate>();
            for (const Tensor& t : a.tensors) {
                if (found) own.insert(t.symbol);
                if (folded(t)) folds[t.symbol] = t;
            }
            return visit(a.body);
        }
        case StmtKind::assert_:
            return reads(s.as<Assert>()->condition);
        case StmtKind::print:
            for (const Expr& e : s.as<Print>()->values)
                reads(e);
            if (found) add(output, {}, true, nullptr, s.loc());
            return;
        case StmtKind::extern_call:
            return visit_call(*s.as<ExternCall>());
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
            return visit_network(s);
        }
    }

  private:
    /// A value that every iteration reads anew.
    static Expr unknown(const Symbol& name, Type t, Loc loc) {
        const Type memory = t.is_index() ? Int(64) : t;
        return Cast::make(t, Load::make(Symbol(name.name()), memory, {}, loc), loc);
    }

    void visit_loop(const For& f) {
        bool here = f.var == wanted;
        if (found) {
            reads(f.min);
            reads(f.extent);
        }
        CountedLoop counted{f.var, const_upper_bound(f.extent, facts)};
        if (counted.count && *counted.count < 0) counted.count = 0;
        enter_loop(facts, f);
        Expr min = substitute(f.min, counters);
        if (as_int(min) != 0) counters[f.var] = iadd(min, Variable::make(f.var, IndexType()));
        bool outside = !found;
        if (outside)
            result.around.push_back(counted);
        else
            inside.push_back(counted);
        if (here) {
            found = true;
            loop_body = f.body;
        }
        visit(f.body);
        if (here) done = true;
        if (done) return;
        if (outside)
            result.around.pop_back();
        else
            inside.pop_back();
    }

    void visit_store(const Store& s) {
        if (!found) return;
        for (const StoreTarget& t : s.targets) {
            for (const Expr& i : t.indices)
                reads(i);
            reads(t.value);
        }
        reads(s.predicate);
        for (const StoreTarget& t : s.targets)
            add(t.tensor, t.indices, true, nullptr, s.loc);
    }

    /// Calls keep their order among each other and with prints, and each touches whole tensors.
    void visit_call(const ExternCall& c) {
        if (!found) return;
        for (const ExternArgument& a : c.arguments) {
            for (const Dim& d : a.dims) {
                reads(d.min);
                reads(d.extent);
            }
            reads(a.value);
            if (a.tensor && a.direction != Direction::out) add(a.tensor, {}, false, nullptr, c.loc);
            if (a.tensor && a.direction != Direction::in) add(a.tensor, {}, true, nullptr, c.loc);
        }
        add(output, {}, true, nullptr, c.loc);
        result.accesses.back().shown = "extern " + c.callee->name;
    }

    /// Streams keep their order, and so do calls; a Function may touch all of what it is given.
    void visit_network(const Stmt& s) {
        for (const Expr& e : expressions(s))
            reads(e);
        if (const auto* p = s.as<Pop>(); p && found)
            counters[p->symbol] = unknown(p->symbol, p->type, p->loc);
        if (const auto* b = s.as<Fill>(); b && found) own.insert(b->tensor.symbol);
        if (const auto* b = s.as<Drain>(); b && found) own.insert(b->tensor.symbol);
        if (const auto* c = s.as<CallStmt>(); c && found)
            for (const TensorView& v : c->tensors) {
                if (v.direction != Direction::out) add(v.tensor, {}, false, nullptr, c->loc);
                if (v.direction != Direction::in) add(v.tensor, {}, true, nullptr, c->loc);
            }
        if (const auto* c = s.as<Copy>(); c && found) {
            add(c->from, {}, false, nullptr, c->loc);
            add(c->to, {}, true, nullptr, c->loc);
        }
        if (found) {
            add(output, {}, true, nullptr, s.loc());
            result.accesses.back().shown = ordered_name(s);
        }
        for (const Stmt& body : bodies(s))
            visit(body);
    }

    void visit_reduce(const Reduce& r) {
        if (!found) return;
        for (const Expr& i : r.target.indices)
            reads(i);
        reads(r.target.value);
        reads(r.predicate);
        add(r.target.tensor, r.target.indices, true, &r, r.loc);
    }

    void reads(const Expr& e) {
        if (!found || !e.defined()) return;
        bind_lets(e);
        for_each_expr(e, [&](const Expr& x) {
            if (const Load* l = x.as<Load>()) add(l->tensor, l->indices, false, nullptr, l->loc);
        });
    }

    /// Lets inside an expression: outer ones first, since inner ones may use them.
    void bind_lets(const Expr& e) {
        std::vector<const Let*> lets;
        for_each_expr(e, [&](const Expr& x) {
            if (const Let* l = x.as<Let>()) lets.push_back(l);
        });
        for (size_t n = lets.size(); n-- > 0;)
            counters[lets[n]->symbol] = substitute(lets[n]->value, counters);
    }

    void add(const Symbol& tensor, const std::vector<Expr>& indices, bool write, const Reduce* reduce,
             Loc loc) {
        if (own.contains(tensor)) return;
        LoopAccess a{tensor, {}, indices, inside, write, reduce, loc};
        const auto fold = folds.find(tensor);
        for (const Expr& i : fold == folds.end() ? indices : cells(fold->second, indices))
            a.indices.push_back(substitute(i, counters));
        result.accesses.push_back(std::move(a));
    }

    Symbol wanted;
    const Symbol output{"print"}; ///< what prints and extern calls write, in their order
    Substitution counters;
    Facts facts;
    std::vector<CountedLoop> inside;
    std::set<Symbol> own;
    std::map<Symbol, Tensor> folds; ///< folded tensors
    /// From the root to the wanted loop. Before that is found, only what stands around it matters.
    std::unordered_set<const StmtNode*> way;
    Stmt loop_body; ///< of that loop
    bool done = false;
};

} // namespace

LoopAccesses accesses_inside(const Stmt& root, const Symbol& loop) {
    Collector c(root, loop);
    c.visit(root);
    invariant(c.found, "dependence query about a loop that is not in the module");
    return std::move(c.result);
}

} // namespace lathe::ir
