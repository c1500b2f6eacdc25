#include "stencil_point.h"

#include "../src/roots.h"

#include "lathe/ir/type_rules.h"

#include <algorithm>
#include <utility>

namespace lathe::schedule::stencil {

namespace {

/// Terms that one point may have.
constexpr int64_t most_terms = 512;

std::string described(const Tensor& t, const std::vector<Expr>& at) {
    std::string text = t.symbol.name();
    for (const Expr& e : at)
        text += fmt::format("[{}]", print(e));
    return text;
}

/// Runs statements for one point, where its elements are expressions.
class PointRun {
  public:
    PointRun(const Edit& e, const Tensor& t, bool meant) : edit(e), tensor(t), in_place(meant) {
        result.tensor = Symbol(name());
    }

    std::vector<PointValue> run(const std::vector<Stmt>& definitions) {
        for (const Stmt& d : definitions)
            own.merge(stored_outside(d));
        for (const Stmt& d : definitions)
            definition(*d.as<Stage>());
        result.value = values.at(tensor.symbol);
        all.push_back(result);
        return std::move(all);
    }

  private:
    const Edit& edit;
    const Tensor& tensor;
    bool in_place;
    std::set<Symbol> own; ///< the tensor, and one in which it adds up
    std::vector<PointValue> all;
    PointValue result;
    bool recurrent = false;          ///< it is computed of elements of its own
    std::vector<size_t> order;       ///< of the definition's loops: the dimensions over which they run
    std::map<Symbol, Expr> values;   ///< of the point and of local scalars
    std::map<Symbol, Tensor> locals; ///< by their symbols
    Substitution known;              ///< of variables
    int64_t terms = 0;

    const std::string& name() const { return tensor.symbol.name(); }

    void definition(const Stage& stage) {
        const StoreTarget& target = stored(stage);
        check_loops(stage);
        const bool moves = reads_elsewhere(stage, target);
        std::map<Symbol, const For*> loops;
        std::vector<Symbol> nest;
        Stmt body = stage.body;
        while (const auto* f = body.as<For>()) {
            if (!uses_any(target.indices, f->var)) break;
            loops.emplace(f->var, f);
            nest.push_back(f->var);
            body = f->body;
        }
        known.clear();
        Box box;
        order.assign(std::max(nest.size(), target.indices.size()), 0);
        for (size_t d = 0; d < target.indices.size(); ++d)
            order[static_cast<size_t>(std::ranges::find(nest, dimension(stage, target, d, loops, box)) -
                                      nest.begin())] = d;
        if (!loops.empty())
            edit.refuse("{} at {} stores at {}, and each point must be stored once, at one place",
                        definition_name(stage), stage.loc.str(), described(tensor, target.indices));
        if (stage.definition == 0) result.box = box;
        if (moves || recurrent) begin_update(stage);
        recurrent = moves;
        const Symbol target_tensor = target.tensor;
        const auto before = values.find(target_tensor);
        const Expr old = before == values.end() ? Expr() : before->second;
        statement(body);
        keep_outside(box, target_tensor, old);
    }

    /// From now on the tensor's elements are those of a value before, and those that were just stored.
    void begin_update(const Stage& stage) {
        if (own.size() > 1)
            edit.refuse("{} at {} is in place, and adds up in a type of its own: give it one type",
                        definition_name(stage), stage.loc.str());
        result.value = values.at(tensor.symbol);
        all.push_back(result);
        result.tensor = Symbol(name());
        std::vector<Expr> at;
        for (const Symbol& p : result.point)
            at.push_back(var(p));
        values[tensor.symbol] = Load::make(all.back().tensor, tensor.type, at);
    }

    /// An update of a part leaves the rest as it was.
    void keep_outside(const Box& box, const Symbol& stored_in, const Expr& old) {
        Expr inside;
        const auto also = [&](const Expr& c) {
            inside = inside.defined() ? Binary::make(BinaryOp::logical_and, inside, c) : c;
        };
        for (size_t d = 0; d < box.rank(); ++d) {
            const Expr p = var(result.point[d]);
            if (box.first[d] > result.box.first[d]) also(at_most(index(box.first[d]), p));
            if (box.end(d) < result.box.end(d)) also(less(p, index(box.end(d))));
        }
        Expr& value = values[stored_in];
        if (inside.defined()) value = Select::make(inside, value, old);
    }

    std::string definition_name(const Stage& s) const {
        return s.definition == 0 ? name() : fmt::format("update {} of {}", s.definition - 1, name());
    }

    /// Its loops are those of the algorithm.
    void check_loops(const Stage& stage) const {
        for_each_stmt(stage.body, [&](const Stmt& s) {
            if (const auto* g = s.as<Stage>())
                edit.refuse("{0} is computed inside of another stage: call compute_root({0}) before that",
                            g->func.name());
        });
        std::set<Symbol> there;
        for (const For* f : loops_in(stage.body))
            there.insert(f->var);
        for (const auto& [variable, loop] : edit.state().definition(stage.func, stage.definition)->loops)
            if (!there.contains(loop))
                edit.refuse("loop {} of {} is not what it was: call stencil first, it makes loops of its own",
                            variable.name(), name());
    }

    /// It reads itself, and not at the point alone.
    bool reads_elsewhere(const Stage& stage, const StoreTarget& target) const {
        bool elsewhere = false;
        for_each(stage.body, nullptr, [&](const Expr& e) {
            const auto* l = e.as<Load>();
            if (!l || !own.contains(l->tensor)) return;
            std::vector<std::string> distance;
            bool here = true;
            for (size_t d = 0; d < l->indices.size(); ++d) {
                const auto by = as_int(simplify(isub(target.indices[d], l->indices[d])));
                here = here && by == 0;
                distance.push_back(by ? std::to_string(*by) : "?");
            }
            elsewhere = elsewhere || !here;
            if (here || in_place) return;
            edit.refuse(
                "{} written at {} is read at {} as {} (distance ({})): in place. Use two Funcs, one for "
                "the old values and one for the new, or say .in_place = true if new values are meant",
                described(tensor, target.indices), stage.loc.str(), l->loc.str(),
                described(tensor, l->indices), fmt::join(distance, ", "));
        });
        return elsewhere;
    }

    static bool uses_any(const std::vector<Expr>& all, const Symbol& variable) {
        return std::ranges::any_of(all, [&](const Expr& e) { return uses(e, variable); });
    }

    /// What the definition stores in its tensor.
    const StoreTarget& stored(const Stage& stage) const {
        const StoreTarget* found = nullptr;
        for_each(
            stage.body,
            [&](const Stmt& s) {
                for (const Write& w : writes_of(s)) {
                    if (!own.contains(w.tensor)) continue;
                    if (!w.target)
                        edit.refuse("{} is written by an extern call at {}, whose code nobody sees", name(),
                                    s.loc().str());
                    found = w.target;
                }
            },
            nullptr);
        invariant(found != nullptr, "a definition stores nothing");
        return *found;
    }

    /// The loop of one dimension of the point.
    Symbol dimension(const Stage& stage, const StoreTarget& target, size_t d,
                     std::map<Symbol, const For*>& loops, Box& box) {
        const auto linear = as_linear(simplify(target.indices[d]));
        const bool one = linear && linear->coefficients.size() == 1 &&
                         linear->coefficients.begin()->second == 1 && linear->constant.fits_slong_p();
        const auto loop = one ? loops.find(linear->coefficients.begin()->first) : loops.end();
        if (loop == loops.end())
            edit.refuse(
                "{} at {} stores at {}: subscript {} is no loop variable of its own, so each point is "
                "not stored once. State it as {}(…) = … of Vars",
                definition_name(stage), stage.loc.str(), described(tensor, target.indices), d, name());
        const For& f = *loop->second;
        const auto first = as_int(simplify(f.min)), extent = as_int(simplify(f.extent));
        if (!first || !extent)
            edit.refuse(
                "loop {} of {} has the extent {}, which is not constant: a network counts its tokens. "
                "Give the sizes their values by bind",
                f.var.name(), name(), print(f.extent));
        if (!f.loop.properties().plain())
            edit.refuse("loop {} of {} is {}: call stencil first, it makes loops of its own", f.var.name(),
                        name(), f.loop.name());
        if (result.point.size() <= d) result.point.emplace_back(f.var.name());
        const int64_t shift = linear->constant.get_si();
        known[f.var] = isub(var(result.point[d]), index(shift));
        box.first.push_back(*first + shift);
        box.extent.push_back(*extent);
        loops.erase(loop);
        return f.var;
    }

    /// An expression of this point, with lets of its own.
    Expr now(const Expr& e) { return fresh_copy(Elements(*this)(substitute(e, known))); }

    /// Loads of local scalars and of the point itself, as what they hold now.
    class Elements : public Mutator {
      public:
        explicit Elements(PointRun& r) : run(r) {}

      protected:
        using Mutator::visit;
        Expr visit(const Load&, const Expr& e) override {
            const Expr at = rebuilt(e);
            return run.element(*at.as<Load>(), at);
        }

      private:
        PointRun& run;
    };

    Expr element(const Load& l, const Expr& self) {
        if (locals.contains(l.tensor)) {
            const auto found = values.find(l.tensor);
            if (found == values.end())
                edit.refuse("{} is read at {} before it has a value", l.tensor.name(), l.loc.str());
            return found->second;
        }
        return own.contains(l.tensor) ? own_element(l) : self;
    }

    /// Of the tensor itself: what the point holds now, what another point held before the update, or what it
    /// holds since.
    Expr own_element(const Load& l) {
        std::vector<int64_t> at;
        for (size_t d = 0; d < l.indices.size(); ++d) {
            const auto by = as_int(simplify(isub(l.indices[d], var(result.point[d]))));
            if (!by)
                edit.refuse("{} is read at {} as {}: in place, and at no constant distance", name(),
                            l.loc.str(), described(tensor, l.indices));
            at.push_back(*by);
        }
        const auto sign = [&](size_t n) { return at[n] < 0 ? -1 : at[n] > 0 ? 1 : 0; };
        int by_loops = 0, by_rows = 0;
        for (size_t n = 0; n < at.size(); ++n) {
            if (by_loops == 0) by_loops = sign(order[n]);
            if (by_rows == 0) by_rows = sign(n);
        }
        if (by_loops == 0) return values.at(l.tensor);
        if (by_loops != by_rows)
            edit.refuse(
                "{} is read at {} as {}, where the algorithm's loops have {} been, and a network, which "
                "goes row by row, has {}: bring its loops into the order of the subscripts",
                name(), l.loc.str(), described(tensor, l.indices), by_loops < 0 ? "already" : "not yet",
                by_rows < 0 ? "already" : "not");
        return Load::make(by_loops < 0 ? result.tensor : all.back().tensor, l.type, l.indices, l.loc);
    }

    void statement(const Stmt& s) {
        if (!s.defined()) return;
        if (const auto* b = s.as<Block>()) {
            for (const Stmt& each : b->stmts)
                statement(each);
        } else if (const auto* f = s.as<For>()) {
            loop(*f);
        } else if (const auto* w = s.as<Store>()) {
            store(*w);
        } else if (const auto* r = s.as<Reduce>()) {
            reduce(*r);
        } else if (const auto* a = s.as<Allocate>()) {
            allocate(*a);
        } else if (const auto* l = s.as<LetStmt>()) {
            known[l->symbol] = now(l->value);
            statement(l->body);
        } else if (const auto* i = s.as<If>()) {
            branch(*i, s);
        } else {
            no_value(s);
        }
    }

    [[noreturn]] void no_value(const Stmt& s) const {
        edit.refuse(
            "{} does something at {} that is no value of a point: a stage stores one value, and nothing else",
            name(), s.loc().str());
    }

    void loop(const For& f) {
        const auto first = as_int(simplify(substitute(f.min, known))),
                   count = as_int(simplify(substitute(f.extent, known)));
        if (!first || !count)
            edit.refuse("the reduction over {} in {} has the extent {}, which is not constant, so it is no "
                        "window. Give the sizes their values by bind",
                        f.var.name(), name(), print(f.extent));
        for (int64_t i = 0; i < *count; ++i) {
            if (++terms > most_terms)
                edit.refuse("the window of {} has more than {} terms: a stage computes a point at once",
                            name(), most_terms);
            known[f.var] = index(*first + i);
            statement(f.body);
        }
    }

    void allocate(const Allocate& a) {
        for (const Tensor& t : a.tensors) {
            if (!t.dims.empty())
                edit.refuse("{} has an array of its own, {}: a stage's point is one expression", name(),
                            t.symbol.name());
            locals[t.symbol] = t;
        }
        statement(a.body);
    }

    /// What differs behind the two branches is chosen by the condition.
    void branch(const If& i, const Stmt& s) {
        const Expr condition = simplify(now(i.condition));
        if (const auto* c = condition.as<Constant>())
            return statement(c->value.is_true() ? i.then_body : i.else_body);
        const std::map<Symbol, Expr> before = values;
        const Substitution outside = known;
        statement(i.then_body);
        const std::map<Symbol, Expr> taken = std::exchange(values, before);
        known = outside;
        statement(i.else_body);
        known = outside;
        for (const auto& [t, value] : taken) {
            const auto other = values.find(t);
            if (other == values.end()) no_value(s);
            if (!other->second.same_as(value))
                other->second = Select::make(condition, value, other->second, i.loc);
        }
        for (const auto& [t, value] : values)
            if (!taken.contains(t)) no_value(s);
    }

    void set(const StoreTarget& t, const Expr& value, Loc loc) {
        if (!locals.contains(t.tensor) && !own.contains(t.tensor))
            edit.refuse("{} stores in {}, too, at {}: a stage has one value", name(), t.tensor.name(),
                        loc.str());
        values[t.tensor] = value.type() == t.type ? value : Cast::make(t.type, value, loc);
    }

    void store(const Store& s) {
        std::vector<Expr> values_now; // all of them before one is stored
        for (const StoreTarget& t : s.targets) {
            if (s.targets.size() > 1 && !locals.contains(t.tensor))
                edit.refuse("{} holds {} values: a stream passes one. Make a Func of each", name(),
                            s.targets.size());
            values_now.push_back(now(t.value));
        }
        for (size_t n = 0; n < s.targets.size(); ++n)
            set(s.targets[n], values_now[n], s.loc);
    }

    /// cast(T, old op value); a contracted one is an fma in the type that the sum would have.
    void reduce(const Reduce& r) {
        const StoreTarget& t = r.target;
        const auto found = values.find(t.tensor);
        if (found == values.end())
            edit.refuse("{} is updated at {} before it has a value", t.tensor.name(), r.loc.str());
        const Expr old = found->second, value = now(t.value);
        if (!r.contract) return set(t, Binary::make(r.op, old, value, r.loc), r.loc);
        const auto& product = *value.as<Binary>();
        const Type wide = aligned_type(t.type, product.type, r.loc);
        const auto factor = [&](const Expr& e) {
            return Cast::make(wide, Cast::make(product.type, e, r.loc), r.loc);
        };
        set(t, Fma::make(factor(product.a), factor(product.b), Cast::make(wide, old, r.loc), r.loc), r.loc);
    }
};

} // namespace

std::vector<PointValue> point_values(const Edit& e, const Tensor& tensor,
                                     const std::vector<Stmt>& definitions, bool in_place) {
    return PointRun(e, tensor, in_place).run(definitions);
}

} // namespace lathe::schedule::stencil
