// Statements: every expression is simplified with what the loops, branches and assertions around it say.

#include "simplify_algebra.h"

#include "lathe/ir/analysis.h"
#include "lathe/ir/loop_facts.h"

namespace lathe::ir {
namespace algebra {
namespace {

class StmtSimplifier {
  public:
    explicit StmtSimplifier(const Facts& facts) : algebra(facts) {}

    Stmt run(const Stmt& s) {
        if (!s.defined() || ++visited > limits::statements) return s;
        algebra.machine.enter(s);
        switch (s.kind()) {
        case StmtKind::block:
            return block(s);
        case StmtKind::for_:
            return loop(s);
        case StmtKind::while_:
            return repeat(s);
        case StmtKind::if_:
            return branch(s);
        case StmtKind::let:
            return let(s);
        case StmtKind::store:
            return store(s);
        case StmtKind::reduce:
            return reduce(s);
        case StmtKind::allocate:
            return allocate(s);
        case StmtKind::assert_:
            return assertion(s);
        case StmtKind::print:
            return print(s);
        case StmtKind::extern_call:
            return call(s);
        case StmtKind::stage: {
            auto& st = *s.as<Stage>();
            Stmt body = run(st.body);
            return body.same_as(st.body) ? s : Stage::make(st.func, st.definition, body, s.loc());
        }
        case StmtKind::copy:
        case StmtKind::stream:
        case StmtKind::push:
        case StmtKind::pop:
        case StmtKind::fill:
        case StmtKind::drain:
        case StmtKind::call:
        case StmtKind::dataflow:
        case StmtKind::spawn:
            return with_parts(
                s, [&](const Expr& e) { return expr(e); }, [&](const Stmt& body) { return run(body); });
        }
        throw InternalError("simplify: unknown statement");
    }

  private:
    Expr expr(const Expr& e) {
        algebra.reset_budget();
        return algebra.simplify(e);
    }
    std::vector<Expr> exprs(const std::vector<Expr>& given, bool& changed) {
        std::vector<Expr> out;
        for (auto& e : given) {
            out.push_back(expr(e));
            changed |= !out.back().same_as(e);
        }
        return out;
    }

    /// Statements after an assertion know that it held, and never run if it never does.
    Stmt block(const Stmt& s) {
        std::vector<Stmt> out;
        bool changed = false;
        std::deque<Algebra::Scope> scopes;
        for (auto& part : s.as<Block>()->stmts) {
            Stmt now = run(part);
            changed |= !now.same_as(part);
            if (!now.defined()) continue;
            out.push_back(now);
            if (auto* a = now.as<Assert>(); a && is_const_false(a->condition))
                return Block::make(std::move(out));
            if (auto* a = now.as<Assert>(); a && tensors_read(a->condition).empty()) {
                CondRef c = algebra.cond(a->condition);
                scopes.emplace_back(algebra);
                algebra.assume(c);
            }
        }
        return changed ? Block::make(std::move(out)) : s;
    }

    Stmt loop(const Stmt& s) {
        auto& f = *s.as<For>();
        Expr min = expr(f.min), extent = expr(f.extent);
        if (algebra.nonnegative(-algebra.poly(extent))) return {};
        Algebra::Scope scope(algebra);
        algebra.learn(f.var, interval_of(min, extent), [&](const Expr& e) { return lasts(e, f.body); });
        Stmt body = run(f.body);
        if (!body.defined()) return {};
        if (min.same_as(f.min) && extent.same_as(f.extent) && body.same_as(f.body)) return s;
        return For::make(f.var, min, extent, f.loop, body, s.loc());
    }

    /// A loop that never ends is none that may be dropped: an empty body stays.
    Stmt repeat(const Stmt& s) {
        auto& w = *s.as<While>();
        Expr condition = expr(w.condition);
        if (is_const_false(condition)) return {};
        CondRef c = tensors_read(condition).empty() ? algebra.cond(condition) : nullptr;
        Algebra::Scope scope(algebra);
        if (c) algebra.assume(c);
        Stmt body = run(w.body);
        return condition.same_as(w.condition) && body.same_as(w.body) ? s
                                                                      : While::make(condition, body, s.loc());
    }

    Stmt print(const Stmt& s) {
        auto& p = *s.as<Print>();
        bool changed = false;
        std::vector<Expr> values = exprs(p.values, changed);
        return changed ? Print::make(p.texts, std::move(values), s.loc()) : s;
    }

    Stmt call(const Stmt& s) {
        auto& c = *s.as<ExternCall>();
        bool changed = false;
        std::vector<ExternArgument> arguments = c.arguments;
        for (ExternArgument& a : arguments)
            if (a.value.defined()) a.value = exprs({a.value}, changed)[0];
        return changed ? ExternCall::make(c.callee, std::move(arguments), s.loc()) : s;
    }

    Stmt branch(const Stmt& s) {
        auto& i = *s.as<If>();
        Expr condition = expr(i.condition);
        if (is_const_true(condition)) return run(i.then_body);
        if (is_const_false(condition)) return run(i.else_body);
        // What memory held need not hold any more further down.
        CondRef c = tensors_read(condition).empty() ? algebra.cond(condition) : nullptr;
        Stmt bodies[2];
        for (int arm = 0; arm < 2; ++arm) {
            Algebra::Scope scope(algebra);
            if (c) algebra.assume(arm == 0 ? c : negate(c));
            bodies[arm] = run(arm == 0 ? i.then_body : i.else_body);
        }
        if (!bodies[0].defined() && !bodies[1].defined()) return {};
        if (!bodies[0].defined()) {
            std::swap(bodies[0], bodies[1]);
            condition = expr(Unary::make(UnaryOp::bit_not, condition, condition.loc()));
        }
        if (condition.same_as(i.condition) && bodies[0].same_as(i.then_body) &&
            bodies[1].same_as(i.else_body))
            return s;
        return If::make(condition, bodies[0], bodies[1], s.loc());
    }

    Stmt let(const Stmt& s) {
        auto& l = *s.as<LetStmt>();
        Expr value = expr(l.value);
        bool plain = value.as<Constant>() || value.as<Variable>();
        if (plain && value.type() != IndexType()) return run(substitute(l.body, {{l.symbol, value}}));
        Algebra::Scope scope(algebra);
        if (plain) {
            algebra.bind(l.symbol, algebra.poly(value));
            return run(l.body);
        }
        if (value.type() == IndexType()) // of memory a snapshot
            algebra.learn(l.symbol, {value, value}, [](const Expr& e) { return tensors_read(e).empty(); });
        Stmt body = run(l.body);
        if (!body.defined()) return {};
        if (value.same_as(l.value) && body.same_as(l.body)) return s;
        return LetStmt::make(l.symbol, value, body, s.loc());
    }

    /// Simplifies a predicate and assumes it; false if nothing is ever stored. A predicate that always holds
    /// becomes empty.
    bool predicate(Expr& p) {
        if (!p.defined()) return true;
        p = expr(p);
        if (is_const_false(p)) return false;
        if (is_const_true(p))
            p = Expr();
        else if (p.type() == Bool())
            algebra.assume(algebra.cond(p));
        return true;
    }

    StoreTarget target(const StoreTarget& t, bool& changed) {
        StoreTarget out = t;
        out.indices = exprs(t.indices, changed);
        out.value = expr(t.value);
        changed |= !out.value.same_as(t.value);
        return out;
    }

    Stmt store(const Stmt& s) {
        auto& st = *s.as<Store>();
        Algebra::Scope scope(algebra);
        Expr p = st.predicate;
        if (!predicate(p)) return {};
        bool changed = !p.same_as(st.predicate);
        std::vector<StoreTarget> targets;
        for (auto& t : st.targets)
            targets.push_back(target(t, changed));
        return changed ? Store::make(std::move(targets), s.loc(), p) : s;
    }

    Stmt reduce(const Stmt& s) {
        auto& r = *s.as<Reduce>();
        Algebra::Scope scope(algebra);
        Expr p = r.predicate;
        if (!predicate(p)) return {};
        bool changed = !p.same_as(r.predicate);
        StoreTarget t = target(r.target, changed);
        return changed ? Reduce::make(r.op, std::move(t), s.loc(), p, r.contract) : s;
    }

    Stmt allocate(const Stmt& s) {
        auto& a = *s.as<Allocate>();
        std::vector<Tensor> tensors = a.tensors;
        bool changed = false;
        for (Tensor& tensor : tensors)
            for (auto& d : tensor.dims) {
                Dim now{expr(d.min), expr(d.extent)};
                changed |= !now.min.same_as(d.min) || !now.extent.same_as(d.extent);
                d = now;
            }
        Stmt body = run(a.body);
        if (!body.defined()) return {};
        if (changed) return Allocate::make(std::move(tensors), body);
        return body.same_as(a.body) ? s : a.around(body);
    }

    Stmt assertion(const Stmt& s) {
        auto& a = *s.as<Assert>();
        Expr condition = expr(a.condition);
        if (is_const_true(condition)) return {};
        return condition.same_as(a.condition) ? s : Assert::make(condition, a.message, s.loc());
    }

    Algebra algebra;
    int visited = 0;
};

} // namespace
} // namespace algebra

Stmt simplify(const Stmt& s, const Facts& facts) {
    return algebra::StmtSimplifier(facts).run(s);
}

} // namespace lathe::ir
