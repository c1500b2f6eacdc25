#include "stencil_kernel.h"

#include "../src/calls.h"
#include "kernel_accesses.h"
#include "kernel_lines.h"
#include "kernel_survey.h"
#include "stencil_read.h"

#include "lathe/ir/rename.h"

#include <algorithm>
#include <utility>

namespace lathe::schedule::stencil {

namespace {

/// A loop around nests is run so often: more would be no network.
constexpr int64_t most_rounds = 1024;

class Nests {
  public:
    Nests(const Edit& e, const Stmt& whole)
        : edit(e), lines(with_whole_lines(e.function(), without_plain_lets(whole))), body(lines.body),
          survey(e.function(), body), accesses(e) {}

    KernelStages read() {
        statement(body);
        std::ranges::stable_sort(made, {}, &Made::order);
        KernelStages result;
        for (Made& m : made)
            result.versions.push_back(std::move(m.version));
        result.arrays = survey.arrays();
        result.arrays.insert(result.arrays.end(), lines.lines.begin(), lines.lines.end());
        result.checks = std::move(checks);
        return result;
    }

  private:
    /// What is done at each point before something is stored in a tensor that flows: a statement, or a let.
    struct Before {
        Stmt does;
        Symbol let;
        Expr value;
        std::set<Symbol> writes, uses; ///< uses: scratch tensors and lets
    };
    struct Made {
        Version version;
        size_t order = 0; ///< when it was stored to last
        bool read = false;
    };

    const Edit& edit;
    KernelLines lines;
    Stmt body;
    KernelSurvey survey;
    NestAccesses accesses;
    std::vector<Made> made;
    std::map<Symbol, size_t> current; ///< what a tensor holds now: into `made`
    std::vector<Stmt> checks, grid;   ///< grid: the loops around what is looked at
    std::vector<Expr> guards;
    std::vector<Before> before;
    size_t events = 0;

    bool flows(const Symbol& t) const { return survey.flows(t); }
    const std::string& name() const { return edit.step().func.name(); }

    void statement(const Stmt& s) {
        if (!s.defined()) return;
        if (at_one_point(s)) {
            leaf(s);
        } else if (const auto* b = s.as<Block>()) {
            for (const Stmt& each : b->stmts)
                statement(each);
        } else if (const auto* a = s.as<Allocate>()) {
            std::set<Symbol> fresh;
            for (const Tensor& t : a->tensors) {
                fresh.insert(t.symbol);
                if (grid.empty()) current.erase(t.symbol);
            }
            forget(fresh);
            statement(a->body);
        } else if (const auto* l = s.as<LetStmt>()) {
            let(*l, s);
        } else if (const auto* f = s.as<For>()) {
            loop(*f, s);
        } else if (const auto* i = s.as<If>()) {
            branch(*i, s);
        } else if (s.as<Store>() || s.as<Reduce>()) {
            leaf(s);
        } else if (const auto* c = s.as<Assert>()) {
            check(*c, s);
        } else {
            refuse_kind(s);
        }
    }

    /// All that it stores for good is one element of one tensor.
    bool at_one_point(const Stmt& s) const {
        if (grid.empty() || !(s.as<Block>() || s.as<LetStmt>() || s.as<Allocate>())) return false;
        const std::vector<KernelStore> stores = survey.flow_stores(s);
        return !stores.empty() && !survey.has_grid(s) &&
               std::ranges::all_of(stores, [&](const KernelStore& k) {
                   return k.target->tensor == stores[0].target->tensor &&
                          std::ranges::equal(k.target->indices, stores[0].target->indices,
                                             [](const Expr& a, const Expr& b) { return equal(a, b); });
               });
    }

    [[noreturn]] void refuse_kind(const Stmt& s) const {
        const std::string where = s.loc().str();
        if (s.as<While>())
            edit.refuse(
                "{} has a while_ at {}: how often it runs, data tell, and a network counts its points. "
                "Write a for_ of constant bounds, with a select for what ends earlier",
                name(), where);
        if (s.as<Assert>())
            edit.refuse("{} checks something at {}, among what it computes, and a network does not stop "
                        "half-way: check it first, of parameters alone",
                        name(), where);
        if (s.as<Print>())
            edit.refuse("{} prints at {}, and a network prints nothing: leave it out", name(), where);
        if (s.as<ExternCall>())
            edit.refuse(
                "{} calls an extern function at {}, whose code nobody sees. Call it in a kernel of its "
                "own",
                name(), where);
        if (s.as<Dataflow>() || s.as<DeclareStream>() || !streams_in(s).empty())
            edit.refuse("{} has processes or streams already, at {}: a network is made of loops over tensors",
                        name(), where);
        // Calls were opened, and what runs on a device is no kernel's own any more.
        throw InternalError(fmt::format("a statement of {} at {} that no kernel has", name(), where));
    }

    /// Nothing stands in front of it, and nothing that the kernel computes decides it.
    void check(const Assert& a, const Stmt& s) {
        if (!made.empty() || !grid.empty() || !guards.empty() || !tensors_read(a.condition).empty())
            refuse_kind(s);
        checks.push_back(s);
    }

    // ---- Loops and branches around what is stored.

    void loop(const For& f, const Stmt& s) {
        const std::vector<KernelStore> stores = survey.flow_stores(f.body);
        if (stores.empty()) return leaf(s);
        const auto uses = [&](const KernelStore& k) { return k.uses(f.var); };
        if (std::ranges::none_of(stores, uses)) return survey.has_grid(f.body) ? repeat(f) : leaf(s);
        if (const auto without = std::ranges::find_if_not(stores, uses); without != stores.end())
            edit.refuse(
                "{} is stored at {} in the loop {} without a subscript {}, so each of its elements is "
                "stored once for each of {}: an array that holds one part of what flows after the "
                "other has that dimension, too",
                without->target->tensor.name(), without->loc.str(), f.var.name(), f.var.name(), f.var.name());
        if (!f.loop.properties().plain())
            edit.refuse("loop {} of {} is {}: call stencil first, it makes loops of its own", f.var.name(),
                        name(), f.loop.name());
        std::set<Symbol> written;
        for (const KernelStore& k : stores_in(f.body))
            written.insert(k.target->tensor);
        forget(written);
        const size_t known = before.size();
        if (grid.empty()) accesses.clear();
        grid.push_back(s);
        statement(f.body);
        grid.pop_back();
        before.resize(known);
        if (grid.empty()) accesses.check();
    }

    /// What an iteration leaves in them is nothing that another one could be told.
    void forget(const std::set<Symbol>& scratch) {
        // A statement is forgotten whole. What else it wrote has no older value, either.
        std::set<Symbol> gone = scratch;
        const auto writes_gone = [&](const Before& b) {
            return std::ranges::any_of(b.writes, [&](const Symbol& t) { return gone.contains(t); });
        };
        for (size_t known = 0; known != gone.size();) {
            known = gone.size();
            for (const Before& b : before)
                if (writes_gone(b)) gone.insert(b.writes.begin(), b.writes.end());
        }
        std::erase_if(before, writes_gone);
    }

    /// A loop around nests: one after the other.
    void repeat(const For& f) {
        if (!grid.empty())
            edit.refuse(
                "loop {} at {} repeats loops over elements, and stands in the loop {}: bring it outside",
                f.var.name(), f.loc.str(), grid.back().as<For>()->var.name());
        const auto first = as_int(simplify(f.min)), count = as_int(simplify(f.extent));
        if (!first || !count)
            edit.refuse(
                "loop {} of {} has the extent {}, which is not constant: a network has so many stages. {}",
                f.var.name(), name(), print(f.extent), constant_sizes(edit));
        if (*count > most_rounds)
            edit.refuse(
                "loop {} of {} repeats its nests {} times, and a network has at most {} steps: run it "
                "several times",
                f.var.name(), name(), *count, most_rounds);
        for (int64_t n = 0; n < *count; ++n)
            statement(substitute(f.body, {{f.var, index(*first + n)}}));
    }

    void branch(const If& i, const Stmt& s) {
        const Expr condition = simplify(i.condition);
        if (const auto* c = condition.as<Constant>())
            return statement(c->value.is_true() ? i.then_body : i.else_body);
        if (!survey.has_grid(s)) return leaf(s);
        if (!tensors_read(condition).empty())
            edit.refuse(
                "{} decides by data at {} whether loops run at all: decide for each element, with if_ or "
                "select inside of the loops",
                name(), s.loc().str());
        guards.push_back(condition);
        statement(i.then_body);
        guards.back() = Unary::make(UnaryOp::bit_not, condition);
        statement(i.else_body);
        guards.pop_back();
    }

    Stmt guarded(Stmt s) const {
        for (size_t n = guards.size(); n-- > 0;)
            s = If::make(guards[n], s, {}, s.loc());
        return s;
    }

    // ---- What is done at a point.

    void let(const LetStmt& l, const Stmt& s) {
        const std::map<Symbol, Symbol> now = names(tensors_read(l.value), s.loc());
        Before b;
        b.let = l.symbol;
        b.value =
            rename(LetStmt::make(l.symbol, l.value, Assert::make(Expr(true), "")), now).as<LetStmt>()->value;
        add_uses(b.uses, tensors_read(l.value), free_variables(l.value));
        accesses.add(Assert::make(Binary::make(BinaryOp::eq, l.value, l.value), "", l.loc), grid,
                     [&](const Symbol& t) { return flows(t); });
        before.push_back(std::move(b));
        statement(l.body);
    }

    /// Nothing in it is a loop over the elements of what flows.
    void leaf(const Stmt& s) {
        refuse_inside(s);
        std::set<Symbol> stored;
        std::vector<Symbol> order;
        for (const KernelStore& k : survey.flow_stores(s))
            if (stored.insert(k.target->tensor).second) order.push_back(k.target->tensor);
        if (order.empty()) return remember(s);
        for (const Symbol& t : order) {
            const Stmt own = order.size() == 1 ? s : part(s, t);
            for (const Symbol& read : tensors_read(own))
                if (read != t && stored.contains(read))
                    edit.refuse(
                        "{} and {} are stored at {} in one statement, and one is computed of the other: "
                        "make a statement of each",
                        t.name(), read.name(), s.loc().str());
            store(t, own);
        }
        keep_scratch(s, stored);
    }

    /// What it leaves in the point's own arrays is there for what comes behind it at the point: computed once
    /// more, without what it stores for good. What it has read of that is gone.
    void keep_scratch(const Stmt& s, const std::set<Symbol>& stored) {
        std::set<Symbol> written;
        for (const KernelStore& k : stores_in(s))
            if (!flows(k.target->tensor)) written.insert(k.target->tensor);
        if (written.empty()) return;
        const Stmt rest = part(s, {});
        const std::set<Symbol> read = tensors_read(rest);
        if (std::ranges::any_of(stored, [&](const Symbol& t) { return read.contains(t); }))
            return forget(written);
        remember(rest);
    }

    void refuse_inside(const Stmt& s) const {
        for_each_stmt(s, [&](const Stmt& x) {
            const bool known = x.as<Block>() || x.as<For>() || x.as<If>() || x.as<LetStmt>() ||
                               x.as<Allocate>() || x.as<Store>() || x.as<Reduce>();
            if (!known) refuse_kind(x);
        });
    }

    /// The statement without what it stores in other tensors that flow; in all of them, for none.
    Stmt part(const Stmt& s, const Symbol& tensor) const {
        const auto other = [&](const StoreTarget& t) { return t.tensor != tensor && flows(t.tensor); };
        return transform(s, [&](const Stmt& x) {
            if (const auto* r = x.as<Reduce>()) return other(r->target) ? Block::make({}) : x;
            const auto* w = x.as<Store>();
            if (!w) return x;
            std::vector<StoreTarget> targets = w->targets;
            std::erase_if(targets, other);
            if (targets.size() == w->targets.size()) return x;
            return targets.empty() ? Block::make({}) : Store::make(std::move(targets), w->loc, w->predicate);
        });
    }

    void add_uses(std::set<Symbol>& uses, const std::set<Symbol>& tensors,
                  const std::set<Symbol>& variables) {
        for (const Symbol& t : tensors)
            if (survey.scratch(t)) uses.insert(t);
        uses.insert(variables.begin(), variables.end());
    }

    void remember(const Stmt& s) {
        accesses.add(s, grid, [&](const Symbol& t) { return flows(t); });
        Before b;
        b.does = guarded(rename(s, names(tensors_read(s), s.loc())));
        for (const KernelStore& k : stores_in(s))
            b.writes.insert(k.target->tensor);
        add_uses(b.uses, tensors_read(b.does), free_variables(b.does));
        before.push_back(std::move(b));
    }

    /// Of tensors that flow, what they hold now: from here on that does not change.
    std::map<Symbol, Symbol> names(const std::set<Symbol>& read, Loc loc) {
        std::map<Symbol, Symbol> now;
        for (const Symbol& t : read) {
            if (!flows(t)) continue;
            const auto found = current.find(t);
            if (found == current.end()) unwritten(t, loc);
            made[found->second].read = true;
            now.emplace(t, made[found->second].version.symbol);
        }
        return now;
    }

    [[noreturn]] void unwritten(const Symbol& t, Loc loc) const {
        for (const Argument& a : edit.function().arguments)
            if (a.tensor.symbol == t && a.direction == Direction::inout)
                edit.refuse(
                    "{} is read at {}, and it is written, too: a network cannot tell old elements from "
                    "new ones. Use two tensors, an Input and an Output",
                    t.name(), loc.str());
        edit.refuse("{} is read at {} before it is written", t.name(), loc.str());
    }

    // ---- What is stored in a tensor that flows.

    void store(const Symbol& tensor, const Stmt& s) {
        accesses.add(s, grid, [&](const Symbol& t) { return flows(t); });
        std::set<Symbol> read = tensors_read(s);
        read.erase(tensor);
        std::map<Symbol, Symbol> now = names(read, s.loc());
        Made& m = version_of(tensor);
        now.emplace(tensor, m.version.symbol);
        Stmt all = around(guarded(rename(s, now)));
        for (size_t n = grid.size(); n-- > 0;) {
            const For& f = *grid[n].as<For>();
            all = For::make(f.var, simplify(f.min), simplify(f.extent), {}, all, f.loc);
        }
        m.version.definitions.push_back(
            Stage::make(m.version.symbol, static_cast<int>(m.version.definitions.size()), all, s.loc()));
        m.order = ++events;
    }

    /// That which the tensor holds, or a new one.
    Made& version_of(const Symbol& tensor) {
        const auto found = current.find(tensor);
        if (found != current.end() && !made[found->second].read) return made[found->second];
        Made m;
        m.version.symbol = Symbol(tensor.name());
        m.version.of = tensor;
        if (found != current.end()) {
            m.version.before = made[found->second].version.symbol;
            made[found->second].version.last = false;
        }
        current[tensor] = made.size();
        made.push_back(std::move(m));
        return made.back();
    }

    /// With what is done before it, as far as it is computed of that.
    Stmt around(Stmt s) {
        std::set<Symbol> wanted;
        add_uses(wanted, tensors_read(s), free_variables(s));
        std::vector<bool> needed(before.size());
        for (size_t n = before.size(); n-- > 0;) {
            const Before& b = before[n];
            needed[n] =
                b.let ? wanted.contains(b.let)
                      : std::ranges::any_of(b.writes, [&](const Symbol& t) { return wanted.contains(t); });
            if (needed[n]) wanted.insert(b.uses.begin(), b.uses.end());
        }
        for (size_t n = before.size(); n-- > 0;) {
            if (!needed[n]) continue;
            const Before& b = before[n];
            s = b.let ? LetStmt::make(b.let, b.value, s) : Block::make({b.does, s});
        }
        std::vector<Tensor> own;
        for (const Tensor& t : survey.arrays())
            if (survey.scratch(t.symbol) && !t.data) own.push_back(t);
        return own.empty() ? s : Allocate::make(std::move(own), s);
    }
};

} // namespace

void open_calls(Edit& e) {
    for_each_stmt(e.body(), [&](const Stmt& s) {
        if (const auto* d = s.as<Dataflow>())
            e.refuse("{} is a network already{}", e.step().func.name(),
                     d->origin.defined() ? "" : ", of other processes: one is made of loops over tensors");
    });
    const auto callees = [&] {
        std::set<std::string> all;
        for_each_stmt(e.body(), [&](const Stmt& s) {
            if (const auto* c = s.as<CallStmt>()) all.insert(c->callee);
        });
        return all;
    };
    bool opened = false;
    for (std::set<std::string> all = callees(); !all.empty(); all = callees()) {
        const auto open = [&](const CallStmt& c, const Stmt&, bool) {
            const Function f = e.module().function(c.callee);
            return body_at_call(e, f, c, fresh_copy(f.body));
        };
        e.set_body(replace_calls(e.body(), e.step().func, 0, all, open));
        opened = true;
    }
    if (opened) drop_uncalled(e);
}

KernelStages kernel_stages(const Edit& e) {
    const Path path = path_to_stage(e.body(), e.step().func);
    invariant(!path.empty(), "a kernel has no stage");
    const Stmt body = path.back().as<Stage>()->body;
    KernelStages all = Nests(e, body).read();
    all.body = transform(body, [](const Stmt& s) { return s.as<Assert>() ? Block::make({}) : s; });
    return all;
}

} // namespace lathe::schedule::stencil
