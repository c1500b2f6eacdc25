#include "lathe/ir/any_body.h"
#include "lathe/ir/dependence.h"
#include "lathe/ir/loop_facts.h"
#include "lathe/ir/node.h"
#include "lathe/ir/visit.h"

#include "loop_accesses.h"

#include <algorithm>

namespace lathe::ir {

namespace {

std::string at(Loc loc) {
    return loc.known() ? " at " + loc.str() : "";
}

/// What differs between the iterations of a loop, and what that keeps from having a vector form.
class Lanes {
  public:
    Lanes(const For& f, Facts known)
        : loop(f), facts(std::move(known)), varying{f.var}, written(tensors_written(f.body)) {
        enter_loop(facts, f);
    }

    /// Empty: nothing.
    std::string obstacle(const Stmt& s) {
        if (!s.defined()) return {};
        if (std::string reason = of_statement(s); !reason.empty()) return reason;
        const size_t outside = context.size();
        const FactsScope scope(facts);
        std::string reason;
        if (const If* i = s.as<If>()) {
            if (varies(i->condition)) context.push_back({{}, i->condition, i->loc});
            reason = obstacle(i->then_body);
            if (reason.empty()) reason = obstacle(i->else_body);
        } else {
            if (const LetStmt* l = s.as<LetStmt>(); l && varies(l->value)) {
                varying.insert(l->symbol);
                context.push_back({l->symbol, l->value, l->loc});
            }
            if (const For* f = s.as<For>()) {
                enter_loop(facts, *f);
                if (varies(f->min)) varying.insert(f->var);
            }
            if (const Allocate* a = s.as<Allocate>())
                for (const Tensor& tensor : a->tensors)
                    own.insert(tensor.symbol);
            for (const Stmt& t : bodies(s))
                if (reason.empty()) reason = obstacle(t);
        }
        context.resize(outside);
        return reason;
    }

  private:
    bool varies(const Expr& e) const {
        return std::ranges::any_of(varying, [&](const Symbol& v) { return uses(e, v); }) || reads_written(e);
    }
    bool reads_written(const Expr& e) const {
        return std::ranges::any_of(tensors_read(e), [&](const Symbol& t) { return written.contains(t); });
    }

    /// Lanes run as often as the one that runs longest, switched off when they are done.
    bool has_longest(const Expr& extent) const {
        const bool by_loop_only =
            tensors_read(extent).empty() && std::ranges::none_of(varying, [&](const Symbol& v) {
                return !(v == loop.var) && uses(extent, v);
            });
        return by_loop_only && bounds_of(extent, {{loop.var, interval_of(loop)}}).max.defined();
    }

    std::string of_statement(const Stmt& s) const {
        return with_node(s, [&](const auto& n) { return of(n, s); });
    }
    std::string of(const For& f, const Stmt&) const {
        if (!f.runs().ordered) return fmt::format("loop {} inside it is {}", f.var.name(), f.loop.name());
        // Lanes may start apart: all count from there.
        if (reads_written(f.min) || (varies(f.extent) && !has_longest(f.extent)))
            return fmt::format("the bounds of loop {} inside it depend on {}", f.var.name(), loop.var.name());
        return {};
    }
    std::string of(const While&, const Stmt& s) const {
        return fmt::format("a while loop inside it{} ends at another time in each lane", at(s.loc()));
    }
    std::string of(const Print&, const Stmt& s) const {
        return fmt::format("it prints{}, and prints keep their order", at(s.loc()));
    }
    std::string of(const ExternCall& c, const Stmt& s) const {
        return fmt::format("it calls the extern function {}{}, and such calls keep their order",
                           c.callee->name, at(s.loc()));
    }
    std::string of(const OneOf<Push, Pop, Fill, Drain, CallStmt, Dataflow, Copy> auto&, const Stmt& s) const {
        return fmt::format("{} stands inside it{}, and such keep their order", ordered_name(s), at(s.loc()));
    }
    std::string of(const Allocate& a, const Stmt&) const {
        for (const Tensor& t : a.tensors)
            for (const Dim& d : t.dims)
                if (reads_written(d.min) || varies(d.extent))
                    return fmt::format("the size of {}, which is computed inside it, depends on {}",
                                       t.symbol.name(), loop.var.name());
        return {};
    }
    std::string of(const Reduce& r, const Stmt&) const { return of_scatter(r); }
    /// Streams are declared, and processes spawned, by a dataflow.
    std::string of(const OneOf<Block, If, LetStmt, Store, Assert, Stage, DeclareStream, Spawn> auto&,
                   const Stmt&) const {
        return {};
    }

    /// Where two lanes may update one element, the update runs lane after lane: what it depends on is
    /// computed once more then, and must be the same.
    std::string of_scatter(const Reduce& r) const {
        if (own.contains(r.target.tensor)) return {}; // each lane has its own elements
        if (std::ranges::none_of(r.target.indices, [&](const Expr& i) { return varies(i); })) return {};
        if (std::ranges::any_of(r.target.indices, [&](const Expr& i) { return differs(i); })) return {};
        const auto because = [&](const Part& p) {
            return fmt::format("two iterations may update the same element of {}{}, one after the other, and "
                               "the {}{} reads what the loop writes",
                               r.target.tensor.name(), at(r.loc),
                               p.let ? "value of " + p.let.name() : "condition", at(p.loc));
        };
        std::set<Symbol> used = free_variables(Stmt(Reduce::make(r.op, r.target, r.loc, r.predicate)));
        for (size_t n = context.size(); n-- > 0;) {
            const Part& p = context[n];
            if (p.let && !used.contains(p.let)) continue;
            if (reads_written(p.value)) return because(p);
            used.merge(free_variables(p.value));
        }
        return {};
    }

    /// Each lane has another value.
    bool differs(const Expr& e) const {
        if (!e.type().is_index() || !tensors_read(e).empty()) return false;
        for (const Symbol& v : varying)
            if (!(v == loop.var) && uses(e, v)) return false;
        const Expr next = substitute(e, {{loop.var, iadd(Variable::make(loop.var, IndexType()), index(1))}});
        const Expr step = simplify(isub(next, e), facts);
        return !uses(step, loop.var) && (prove(Binary::make(BinaryOp::gt, step, index(0)), facts) ||
                                         prove(Binary::make(BinaryOp::lt, step, index(0)), facts));
    }

    /// A condition, or a let's value, that differs between lanes.
    struct Part {
        Symbol let;
        Expr value;
        Loc loc;
    };

    const For& loop;
    Facts facts;
    std::set<Symbol> varying, written, own; ///< own: allocated inside
    std::vector<Part> context;              ///< around the statement, outermost first
};

} // namespace

std::string no_vector_form(const Stmt& root, const Symbol& loop) {
    Facts facts;
    const std::vector<Stmt> way = path_to_loop(root, loop);
    invariant(!way.empty(), "a question about a loop that is not in the module");
    for (size_t n = way.size() - 1; n-- > 0;)
        if (const For* f = way[n].as<For>()) enter_loop(facts, *f);
    const For* f = way.back().as<For>();
    return Lanes(*f, std::move(facts)).obstacle(f->body);
}

} // namespace lathe::ir
