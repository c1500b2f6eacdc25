#include "stencil_point.h"

#include "../src/roots.h"

#include "lathe/ir/type_rules.h"
#include "stencil_places.h"
#include "stencil_shared.h"
#include "stencil_windows.h"

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

/// An element of the tensor at the point, or one of a local array; a scalar has no subscripts.
using Element = std::pair<Symbol, std::vector<int64_t>>;

/// Runs statements for one point, where its elements are expressions.
class PointRun {
  public:
    PointRun(const Edit& e, const Tensor& t, bool meant, const Given* g)
        : edit(e), tensor(t), in_place(meant), given(g) {
        result.tensor = Symbol(name());
    }

    std::vector<PointValue> run(const std::vector<Stmt>& definitions) {
        for (const Stmt& d : definitions)
            own.merge(stored_outside(d));
        std::vector<Nest> nests;
        for (const Stmt& d : definitions)
            nests.push_back(nest_of(*d.as<Stage>()));
        whole = given ? given->box : nests.front().box;
        for (const Nest& n : nests)
            whole = whole.hull(n.box);
        if (given) begin(given->tensor, given->box);
        for (const Nest& n : nests)
            definition(n);
        end_value();
        return std::move(all);
    }

  private:
    /// A definition's loops over the point.
    struct Nest {
        const Stage* stage;
        Symbol target;
        std::vector<Expr> at;      ///< where it stores
        std::vector<size_t> order; ///< of the loops: the dimensions over which they run
        std::set<size_t> fixed;    ///< dimensions without a loop
        Box box;
        Substitution known; ///< of the loops' variables
        Stmt body;          ///< inside of them
    };

    const Edit& edit;
    const Tensor& tensor;
    bool in_place;
    const Given* given;
    std::set<Symbol> own; ///< the tensor, and one in which it adds up
    std::vector<PointValue> all;
    PointValue result;
    Box whole;                       ///< of all definitions
    bool recurrent = false;          ///< it is computed of elements of its own
    const Nest* nest = nullptr;      ///< the definition under way
    std::map<Element, Expr> values;  ///< of the point, of local scalars and arrays
    std::map<Symbol, Tensor> locals; ///< by their symbols
    Substitution known;              ///< of variables
    int64_t terms = 0;
    const Symbol nothing{"nothing"}; ///< stands for a value that was never stored
    /// What stands for a value that another point left in a scalar or a local array, and where a condition
    /// decides that it is asked for.
    struct Left {
        Symbol stands, of;
        Type type;
        Loc loc;
    };
    std::vector<Left> left;

    const std::string& name() const { return tensor.symbol.name(); }
    /// A kernel's statements are no definitions that somebody could name.
    bool of_kernel(const Stage& s) const { return !edit.state().definition(s.func, s.definition); }

    Nest nest_of(const Stage& stage) {
        const StoreTarget& target = stored(stage);
        if (!of_kernel(stage)) check_loops(stage);
        Nest n{&stage, target.tensor, target.indices, {}, {}, {}, {}, stage.body};
        std::map<Symbol, const For*> loops;
        std::vector<Symbol> vars;
        while (const auto* f = n.body.as<For>()) {
            if (!uses_any(target.indices, f->var)) break;
            loops.emplace(f->var, f);
            vars.push_back(f->var);
            n.body = f->body;
        }
        n.order.assign(vars.size(), 0);
        for (size_t d = 0; d < target.indices.size(); ++d) {
            const Symbol loop = dimension(stage, target, d, loops, n);
            if (loop)
                n.order[static_cast<size_t>(std::ranges::find(vars, loop) - vars.begin())] = d;
            else
                n.fixed.insert(d);
        }
        if (!loops.empty())
            edit.refuse("{} at {} stores at {}, and each point must be stored once, at one place",
                        definition_name(stage), stage.loc.str(), described(tensor, target.indices));
        return n;
    }

    void definition(const Nest& n) {
        const Stage& stage = *n.stage;
        nest = &n;
        known = n.known;
        const bool moves = reads_elsewhere(stage, n.at);
        if (moves || recurrent) begin_update(stage);
        recurrent = moves;
        result.box = result.box.rank() == 0 ? n.box : result.box.hull(n.box);
        const Element target{n.target, {}};
        const auto before = values.find(target);
        const Expr old = before == values.end() ? Expr() : before->second;
        statement(n.body);
        const auto now = values.find(target);
        if (now == values.end())
            edit.refuse("{} stores nothing at {}: its loops have no round", name(), n.body.loc().str());
        now->second = inside_of(n.box, now->second, old);
    }

    /// From now on the tensor's elements are those of a value before, and those that were just stored.
    void begin_update(const Stage& stage) {
        if (own.size() > 1)
            edit.refuse("{} at {} is in place, and adds up in a type of its own: give it one type",
                        definition_name(stage), stage.loc.str());
        if (stage.definition == 0) return; // nothing was stored before
        end_value();
        result.tensor = Symbol(name());
        begin(all.back().tensor, all.back().box);
    }

    /// The elements that another tensor holds there.
    void begin(const Symbol& before, const Box& box) {
        std::vector<Expr> at;
        for (const Symbol& p : result.point)
            at.push_back(var(p));
        values[{tensor.symbol, {}}] = inside_of(box, Load::make(before, tensor.type, at), {});
        result.box = box;
    }

    /// What the tensor holds now is one of its values.
    void end_value() {
        result.value = values.at({tensor.symbol, {}});
        Substitution never{{nothing, zero(tensor.type)}};
        for (const Left& l : left) {
            if (reached(result.value, l.stands, result.point, result.box))
                edit.refuse("{} is stored under a condition at {}, and where that does not hold it is read "
                            "before it has a value at this point: what was left in it at another point does "
                            "not come along",
                            l.of.name(), l.loc.str());
            never.emplace(l.stands, zero(l.type));
        }
        if (!reached(result.value, nothing, result.point, result.box)) {
            result.value = substitute(result.value, never);
            return all.push_back(result);
        }
        std::vector<std::string> box;
        for (size_t d = 0; d < result.box.rank(); ++d)
            box.push_back(fmt::format("[{}, {})", result.box.first[d], result.box.end(d)));
        edit.refuse("not all elements of {} in {} are proved to be stored, and a network has a box of them: "
                    "store the others, too, or the inner ones alone",
                    name(), fmt::join(box, " × "));
    }

    /// The new value in the box; elsewhere what was there before: of all those that are stored ever.
    Expr inside_of(const Box& box, const Expr& value, const Expr& old) const {
        Expr inside;
        const auto also = [&](const Expr& c) {
            inside = inside.defined() ? Binary::make(BinaryOp::logical_and, inside, c) : c;
        };
        for (size_t d = 0; d < box.rank(); ++d) {
            const Expr p = var(result.point[d]);
            if (box.first[d] > whole.first[d]) also(at_most(index(box.first[d]), p));
            if (box.end(d) < whole.end(d)) also(less(p, index(box.end(d))));
        }
        if (!inside.defined()) return value;
        return Select::make(inside, value, old.defined() ? old : Variable::make(nothing, value.type()));
    }

    std::string definition_name(const Stage& s) const {
        if (of_kernel(s)) return name();
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
    bool reads_elsewhere(const Stage& stage, const std::vector<Expr>& target) const {
        bool elsewhere = false;
        for_each(stage.body, nullptr, [&](const Expr& e) {
            const auto* l = e.as<Load>();
            if (!l || !own.contains(l->tensor)) return;
            std::vector<std::string> distance;
            bool here = true;
            for (size_t d = 0; d < l->indices.size(); ++d) {
                const auto by = as_int(simplify(isub(target[d], l->indices[d])));
                here = here && by == 0;
                distance.push_back(by ? std::to_string(*by) : "?");
            }
            elsewhere = elsewhere || !here;
            if (here || in_place || never_stored(stage, target, l->indices)) return;
            edit.refuse("{} written at {} is read at {} as {} (distance ({})): in place. Use two {}, one for "
                        "the old values and one for the new, or say .in_place = true if new values are meant",
                        described(tensor, target), stage.loc.str(), l->loc.str(),
                        described(tensor, l->indices), fmt::join(distance, ", "),
                        of_kernel(stage) ? "tensors" : "Funcs");
        });
        return elsewhere;
    }

    /// The definition stores at one place of some dimension, and that is another one.
    bool never_stored(const Stage& stage, const std::vector<Expr>& target,
                      const std::vector<Expr>& at) const {
        for (size_t d = 0; of_kernel(stage) && d < at.size(); ++d) {
            const auto there = as_int(simplify(target[d])), here = as_int(simplify(at[d]));
            if (there && here && *there != *here) return true;
        }
        return false;
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
                        edit.refuse("{} is computed by a Function of its own, which is called at {}: call "
                                    "stencil before that is made",
                                    name(), s.loc().str());
                    if (found && found->tensor == w.tensor) check_same(*found, *w.target, s.loc());
                    found = w.target;
                }
            },
            nullptr);
        invariant(found != nullptr, "a definition stores nothing");
        return *found;
    }

    void check_same(const StoreTarget& a, const StoreTarget& b, Loc loc) const {
        for (size_t d = 0; d < a.indices.size(); ++d)
            if (as_int(simplify(isub(a.indices[d], b.indices[d]))) != 0)
                edit.refuse(
                    "{} and {} are stored in one statement, at {}: make a statement of each, in loops "
                    "of its own",
                    described(tensor, a.indices), described(tensor, b.indices), loc.str());
    }

    /// The loop of one dimension of the point; none: it is stored at one place.
    Symbol dimension(const Stage& stage, const StoreTarget& target, size_t d,
                     std::map<Symbol, const For*>& loops, Nest& n) {
        const auto linear = as_linear(simplify(target.indices[d]));
        if (linear && linear->coefficients.empty() && linear->constant.fits_slong_p() && of_kernel(stage)) {
            if (result.point.size() <= d) result.point.emplace_back(fmt::format("i{}", d));
            n.box.first.push_back(linear->constant.get_si());
            n.box.extent.push_back(1);
            return {};
        }
        const bool one = linear && linear->coefficients.size() == 1 &&
                         linear->coefficients.begin()->second == 1 && linear->constant.fits_slong_p();
        const auto loop = one ? loops.find(linear->coefficients.begin()->first) : loops.end();
        if (loop == loops.end()) refuse_store(stage, target, d, linear);
        const For& f = *loop->second;
        const auto first = as_int(simplify(f.min)), extent = as_int(simplify(f.extent));
        if (!first || !extent)
            edit.refuse(
                "loop {} of {} has the extent {}, which is not constant: a network counts its tokens. {}",
                f.var.name(), name(), print(f.extent), constant_sizes(edit));
        if (!f.loop.properties().plain())
            edit.refuse("loop {} of {} is {}: call stencil first, it makes loops of its own", f.var.name(),
                        name(), f.loop.name());
        if (result.point.size() <= d) result.point.emplace_back(f.var.name());
        const int64_t shift = linear->constant.get_si();
        n.known[f.var] = isub(var(result.point[d]), index(shift));
        n.box.first.push_back(*first + shift);
        n.box.extent.push_back(*extent);
        loops.erase(loop);
        return f.var;
    }

    [[noreturn]] void refuse_store(const Stage& stage, const StoreTarget& target, size_t d,
                                   const std::optional<Linear>& linear) const {
        const std::string what = fmt::format("{} at {} stores at {}", definition_name(stage), stage.loc.str(),
                                             described(tensor, target.indices));
        if (linear && linear->coefficients.size() == 1) {
            const auto& [loop, by] = *linear->coefficients.begin();
            if (by < 0)
                edit.refuse(
                    "{}: loop {} goes backwards, and a network goes forwards. Let it run from the first "
                    "element to the last",
                    what, loop.name());
            if (by > 1)
                edit.refuse(
                    "{}: subscript {} is {} times the loop's round, so elements between are left out. "
                    "Store each element, in loops with step 1",
                    what, d, by.get_str());
        }
        edit.refuse("{}: subscript {} is no loop variable of its own, so each point is not stored once. {}",
                    what, d,
                    of_kernel(stage) ? "Store each element in loops over the subscripts; call stencil before "
                                       "they are split or fused"
                                     : fmt::format("State it as {}(…) = … of Vars", name()));
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
            const Expr at = run.relative(rebuilt(e));
            return run.element(*at.as<Load>(), at);
        }

      private:
        PointRun& run;
    };

    /// Where the point is at one place of a dimension, another place is at a distance from it.
    Expr relative(const Expr& e) const {
        const auto& l = *e.as<Load>();
        const bool flows = !locals.contains(l.tensor) && l.indices.size() == result.point.size() &&
                           std::ranges::find(edit.function().constants, l.tensor, &Tensor::symbol) ==
                               edit.function().constants.end();
        if (!flows || nest->fixed.empty()) return e;
        std::vector<Expr> at = l.indices;
        for (const size_t d : nest->fixed)
            if (const auto n = as_int(simplify(at[d])))
                at[d] = simplify(iadd(var(result.point[d]), index(*n - nest->box.first[d])));
        return with_operands(e, at);
    }

    /// A local array's element, or a scalar.
    Element local(const Symbol& t, const std::vector<Expr>& indices, Loc loc) const {
        Element e{t, {}};
        for (const Expr& i : indices) {
            const auto n = as_int(simplify(i));
            if (!n)
                edit.refuse(
                    "{} at {} is an element of a local array, at no constant place: a stage's point has "
                    "each of its values by itself. If the array holds one element for each point, "
                    "give it all dimensions of {}",
                    described_local(t, indices), loc.str(), name());
            e.second.push_back(*n);
        }
        return e;
    }
    static std::string described_local(const Symbol& t, const std::vector<Expr>& indices) {
        std::string text = t.name();
        for (const Expr& i : indices)
            text += fmt::format("[{}]", print(i));
        return text;
    }

    Expr element(const Load& l, const Expr& self) {
        if (locals.contains(l.tensor)) {
            const auto found = values.find(local(l.tensor, l.indices, l.loc));
            if (found == values.end())
                edit.refuse("{} is read at {} before it has a value at this point: what was left in it at "
                            "another point (a sum that goes on, a break_), or by a statement that reads what "
                            "it has just stored, does not come along",
                            l.tensor.name(), l.loc.str());
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
        for (const size_t d : nest->order)
            if (by_loops == 0) by_loops = sign(d);
        for (size_t n = 0; n < at.size(); ++n)
            if (by_rows == 0) by_rows = sign(n);
        const bool elsewhere = std::ranges::any_of(nest->fixed, [&](size_t d) { return at[d] != 0; });
        if (by_rows == 0) return own_now(l);
        if (elsewhere || by_loops > 0) { // this definition stores nothing there, or not yet
            if (!elsewhere && by_rows < 0) refuse_order(l, by_loops, by_rows);
            if (all.empty() && !given) refuse_unstored(l);
            return Load::make(all.empty() ? given->tensor : all.back().tensor, l.type, l.indices, l.loc);
        }
        if (by_rows > 0) refuse_order(l, by_loops, by_rows);
        return Load::make(result.tensor, l.type, l.indices, l.loc);
    }

    Expr own_now(const Load& l) const {
        const auto found = values.find({l.tensor, {}});
        if (found == values.end()) refuse_unstored(l);
        return found->second;
    }

    [[noreturn]] void refuse_unstored(const Load& l) const {
        edit.refuse("{} is read at {} as {} before that is stored", name(), l.loc.str(),
                    described(tensor, l.indices));
    }

    [[noreturn]] void refuse_order(const Load& l, int by_loops, int by_rows) const {
        edit.refuse("{} is read at {} as {}, where the algorithm's loops have {} been, and a network, which "
                    "goes row by row, has {}: bring its loops into the order of the subscripts",
                    name(), l.loc.str(), described(tensor, l.indices), by_loops < 0 ? "already" : "not yet",
                    by_rows < 0 ? "already" : "not");
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
            branch(*i);
        } else {
            // Of a kernel nothing else is left, and what else a Func's stage may hold is a stage inside of
            // it, or was a Function before.
            throw InternalError(fmt::format("a stage of {} has a statement that is no value", name()));
        }
    }

    void loop(const For& f) {
        const auto first = as_int(simplify(substitute(f.min, known))),
                   count = as_int(simplify(substitute(f.extent, known)));
        if (!first || !count)
            edit.refuse("the reduction over {} in {} has the extent {}, which is not constant, so it is no "
                        "window. {}",
                        f.var.name(), name(), print(f.extent), constant_sizes(edit));
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
            locals[t.symbol] = t;
            std::erase_if(values, [&](const auto& v) { return v.first.first == t.symbol; });
        }
        statement(a.body);
    }

    /// What differs behind the two branches is chosen by the condition.
    void branch(const If& i) {
        const Expr asked = now(i.condition);
        const Expr condition = chooses_by_data(asked) ? asked : simplify(asked);
        if (const auto* c = condition.as<Constant>())
            return statement(c->value.is_true() ? i.then_body : i.else_body);
        const std::map<Element, Expr> before = values;
        const Substitution outside = known;
        statement(i.then_body);
        std::map<Element, Expr> taken = std::exchange(values, before);
        known = outside;
        statement(i.else_body);
        known = outside;
        const auto missing = [&](std::map<Element, Expr>& in, const std::map<Element, Expr>& of) {
            for (const auto& [e, value] : of)
                if (!in.contains(e)) in.emplace(e, never_stored(e, value.type(), i.loc));
        };
        missing(values, taken);
        missing(taken, values);
        for (const auto& [e, value] : taken) {
            Expr& other = values.at(e);
            if (!other.same_as(value)) other = Select::make(condition, value, other, i.loc);
        }
    }

    Expr never_stored(const Element& e, Type type, Loc loc) {
        if (own.contains(e.first)) return Variable::make(nothing, type);
        const auto known = std::ranges::find(left, e.first, &Left::of);
        if (known != left.end()) return Variable::make(known->stands, type);
        left.push_back({Symbol(e.first.name()), e.first, type, loc});
        return Variable::make(left.back().stands, type);
    }

    void set(const StoreTarget& t, const Expr& value, Loc loc) {
        const bool of_point = own.contains(t.tensor);
        invariant(locals.contains(t.tensor) || of_point, "a stage stores in another's tensor");
        values[of_point ? Element{t.tensor, {}} : target_of(t, loc)] =
            value.type() == t.type ? value : Cast::make(t.type, value, loc);
    }

    Element target_of(const StoreTarget& t, Loc loc) {
        std::vector<Expr> at;
        for (const Expr& e : t.indices)
            at.push_back(now(e));
        return local(t.tensor, at, loc);
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
        const auto found = values.find(own.contains(t.tensor) ? Element{t.tensor, {}} : target_of(t, r.loc));
        if (found == values.end())
            edit.refuse("{} is updated at {} before it has a value at this point: what was left in it at "
                        "another point (a sum that goes on) does not come along",
                        t.tensor.name(), r.loc.str());
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
                                     const std::vector<Stmt>& definitions, bool in_place,
                                     const Given* given) {
    return PointRun(e, tensor, in_place, given).run(definitions);
}

} // namespace lathe::schedule::stencil
