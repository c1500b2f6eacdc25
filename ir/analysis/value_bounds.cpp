#include "lathe/ir/value_bounds.h"

#include "lathe/ir/copies.h"
#include "lathe/ir/inline_calls.h"
#include "lathe/ir/visit.h"
#include "value_cells.h"
#include "value_expressions.h"

#include <algorithm>

namespace lathe::ir {

namespace {

/// Statements that are followed, and how often loops that are followed one by one repeat a statement.
constexpr int64_t most_steps = 1 << 21, most_copies = 1 << 20;

class Bounds : Expressions {
  public:
    Bounds(const Function& f, const std::map<Symbol, ValueRange>& given,
           const std::map<Symbol, AnyBuffer>& values)
        : Expressions(f.body) {
        find_kept(f, values);
        for (const Argument& a : f.arguments)
            shapes[a.tensor.symbol] = a.tensor.dims;
        for (const Argument& a : f.arguments)
            if (a.direction != Direction::out) argument(a.tensor, given, values);
        for (const Tensor& t : f.constants)
            constant(t);
        for (const Param& p : f.params)
            if (const auto known = given.find(p.symbol); known != given.end())
                scalars[p.symbol] = {{}, known->second, 0, known->second, false};
        run(f.body);
    }

    ValueBounds result() && {
        ValueBounds all;
        for (const auto* cells : {&elements, &tensors})
            for (const auto& [tensor, c] : *cells)
                all.tensors[tensor] = c.all();
        for (const auto& [tensor, held] : passed)
            if (const auto t = all.tensors.find(tensor); t != all.tensors.end())
                t->second.held = hull_of(t->second.held, held);
        for (const auto& [at, overflow] : overflows)
            all.overflows.push_back(overflow);
        all.unknown = std::move(unknown);
        return all;
    }

  private:
    struct LoopFacts {
        std::set<Symbol> written;
        bool carries;
        Stmt keep;
    };

    void find_kept(const Function& f, const std::map<Symbol, AnyBuffer>& values) {
        std::set<Symbol> known;
        for (const auto& [tensor, unused] : values)
            known.insert(tensor);
        for (const Tensor& t : f.constants)
            known.insert(t.symbol);
        for_each(
            f.body,
            [&](const Stmt& s) {
                if (const auto* a = s.as<Allocate>())
                    for (const Tensor& t : a->tensors)
                        if (t.data) known.insert(t.symbol);
            },
            nullptr);
        kept = kept_dimensions(f, known);
        apart = kept_variables(f, kept);
    }

    Cells cells_of(const Symbol& tensor) const {
        const auto found = kept.find(tensor);
        return found == kept.end() ? Cells() : Cells(found->second);
    }

    void argument(const Tensor& t, const std::map<Symbol, ValueRange>& given,
                  const std::map<Symbol, AnyBuffer>& values) {
        if (const auto found = values.find(t.symbol); found != values.end()) return numbers(t, found->second);
        const auto known = given.find(t.symbol);
        const ValueBound b = known == given.end()
                                 ? exact_bound(range_of(t.type))
                                 : stored(exact_bound(known->second), RealType(), t.type, t.symbol, t.loc);
        Cells cells = cells_of(t.symbol);
        for (size_t n = 0; n < cells.size(); ++n)
            cells[n] = b;
        tensors.insert_or_assign(t.symbol, std::move(cells));
    }

    /// An argument's own elements, which it holds as its type does.
    void numbers(const Tensor& t, const AnyBuffer& given) {
        Cells cells = cells_of(t.symbol);
        const AnyBuffer dense = given.copy();
        invariant(static_cast<int64_t>(cells.size()) == dense.size(), "numbers of another shape");
        const size_t bytes = element_bytes(dense.type());
        for (size_t n = 0; n < cells.size(); ++n) {
            const Value number = load_element(dense.type(), dense.data() + n * bytes);
            if (!std::isfinite(number.as_double()))
                fail({}, "there is no bound of values: the numbers of {} hold {}", t.symbol.name(),
                     number.str());
            const Value held = cast(t.type, number);
            // Says where it does not fit.
            ValueBound b = stored(exact_bound(around_of(number)), dense.type(), t.type, t.symbol, t.loc);
            if (std::isfinite(held.as_double())) {
                const mpq_class lost = abs(held.as_rational() - number.as_rational());
                b.held = around_of(held);
                if (b.error < no_end) b.error = lost == 0 ? 0 : up(lost.get_d());
            }
            cells[n] = b;
        }
        elements.insert_or_assign(t.symbol, std::move(cells));
    }

    void constant(const Tensor& t) {
        Cells cells = cells_of(t.symbol);
        for (size_t n = 0; n < cells.size(); ++n)
            cells[n] = exact_bound(around_of((*t.data)[n]));
        elements.insert_or_assign(t.symbol, std::move(cells));
    }

    /// What the statement writes is the work of rounding: it may have run otherwise.
    void poison(const std::set<Symbol>& written, Loc loc, const std::string& why) {
        without_bound({}, loc, why);
        lose(written);
    }

    /// From here on these tensors may differ from what they would be, without a bound.
    void lose(const std::set<Symbol>& all) {
        for (const Symbol& t : all)
            if (const auto cells = tensors.find(t); cells != tensors.end())
                for (size_t n = 0; n < cells->second.size(); ++n)
                    if (Cells::Cell& c = cells->second[n]) {
                        c->error = no_end;
                        c = settled(*c);
                    }
    }

    // --- statements

    void run(const Stmt& s) {
        if (!s.defined()) return;
        if (const auto* b = s.as<Block>()) {
            for (const Stmt& c : b->stmts)
                run(c);
        } else if (const auto* st = s.as<Stage>()) {
            run(st->body);
        } else if (const auto* a = s.as<Allocate>()) {
            for (const Tensor& t : a->tensors) {
                tensors.erase(t.symbol);
                ++versions[t.symbol];
                if (t.data) constant(t);
                born[t.symbol] = around.size();
                shapes[t.symbol] = t.dims;
            }
            run(a->body);
        } else if (const auto* l = s.as<LetStmt>()) {
            const Scope scope(loads);
            let(l->symbol, l->value);
            run(l->body);
        } else if (const auto* f = s.as<For>()) {
            loop(*f, s);
        } else if (const auto* i = s.as<If>()) {
            branch(*i, s);
        } else if (const auto* t = s.as<Store>()) {
            store(*t);
        } else if (const auto* r = s.as<Reduce>()) {
            reduce(*r);
        } else if (s.as<While>() || s.as<ExternCall>()) {
            fail(s.loc(), "there is no bound of values: nothing is known of {}",
                 s.as<While>() ? "how often a while loop runs" : "an extern function");
        }
    }

    /// What never runs. A reduction that it would have updated keeps what it starts with, which differs from
    /// type to type.
    void left_out(const Stmt& s) {
        if (!s.defined()) return;
        for_each(
            s,
            [&](const Stmt& inner) {
                const auto* r = inner.as<Reduce>();
                if (r && (r->op == BinaryOp::min || r->op == BinaryOp::max)) lose({r->target.tensor});
            },
            nullptr);
    }

    void branch(const If& i, const Stmt& s) {
        ValueBound condition;
        {
            const Scope scope(loads);
            condition = total(form(i.condition));
        }
        if (condition.error == 0 && is_point(condition.held)) {
            const bool holds = condition.held.low != 0;
            left_out(holds ? i.else_body : i.then_body);
            return run(holds ? i.then_body : i.else_body);
        }
        ++conditions;
        run(i.then_body);
        run(i.else_body);
        --conditions;
        if (condition.error > 0)
            poison(tensors_written(s), i.loc,
                   fmt::format("there is no error bound: what runs at {} (as which value wins in argmin or "
                               "argmax) depends on rounding",
                               i.loc.str()));
    }

    /// Tensors from outside of the loop that its body loads and writes: an iteration may see another's.
    bool carries(const Stmt& body) const {
        const std::set<Symbol> written = tensors_written(body);
        bool found = false;
        std::set<Symbol> inside;
        for_each(
            body,
            [&](const Stmt& s) {
                if (const auto* a = s.as<Allocate>())
                    for (const Tensor& t : a->tensors)
                        inside.insert(t.symbol);
            },
            [&](const Expr& e) {
                const auto* l = e.as<Load>();
                found = found || (l && written.contains(l->tensor) && !inside.contains(l->tensor));
            });
        return found;
    }

    /// Iterations that name elements with bounds of their own, one after the other; others all at once.
    void independent(const For& f) {
        if (apart.contains(f.var)) {
            const Span first = place.of(f.min), count = place.of(f.extent);
            if (first.is_point() && count.is_point() && count.low <= most_copies / copies) {
                copies *= std::max(count.low, int64_t{1});
                place.chosen.emplace_back(f.var, 0);
                for (int64_t n = 0; n < count.low; ++n) {
                    place.chosen.back().second = first.low + n;
                    run(f.body);
                }
                place.chosen.pop_back();
                copies /= std::max(count.low, int64_t{1});
                return;
            }
        }
        around.push_back(&f);
        run(f.body);
        around.pop_back();
    }

    void iterations(const For& f, const LoopFacts& facts) {
        if (!facts.carries) return independent(f);
        constexpr int64_t most = 4096;
        const IntegerRange extent = place.bounds(f.extent);
        const int64_t count = extent.high.fits_slong_p() ? extent.high.get_si() : most + 1;
        for (int64_t n = 0; n < count; ++n) {
            if (n == most)
                fail(f.loc,
                     "there is no bound of values: what the loop {} keeps from iteration to iteration grows "
                     "for more than {} of them",
                     f.var.name(), most);
            const auto before = tensors;
            ++repeating;
            run(f.body);
            --repeating;
            if (tensors == before) return;
        }
    }

    void loop(const For& f, const Stmt& s) {
        auto found = loops.find(&f);
        if (found == loops.end())
            found = loops.emplace(&f, LoopFacts{tensors_written(f.body), carries(f.body), s}).first;
        const LoopFacts& facts = found->second;
        bool first = false, count = false;
        {
            const Scope scope(loads);
            first = uncertain(f.min);
            count = uncertain(f.extent);
        }
        if (first) uncertain_places.insert(f.var);
        if (place.bounds(f.extent).high <= 0) return left_out(f.body);
        for (const Symbol& t : facts.written) // another iteration may have written before
            ++versions[t];
        iterations(f, facts);
        if (first || count)
            poison(facts.written, f.loc,
                   fmt::format("there is no error bound: how often the loop {} runs depends on rounding",
                               f.var.name()));
    }

    void count_step(Loc loc) {
        if (++steps > most_steps)
            fail(loc, "there is no bound of values: the program takes more than {} steps to follow",
                 most_steps);
    }

    void store(const Store& s) {
        count_step(s.loc);
        const Scope scope(loads);
        std::vector<ValueBound> values;
        several = s.targets.size() > 1;
        for (const StoreTarget& t : s.targets) {
            writing = t.tensor;
            values.push_back(stored(total(form(t.value)), t.value.type(), t.type, t.tensor, s.loc));
        }
        several = false;
        for (size_t n = 0; n < values.size(); ++n)
            join(s.targets[n], values[n], s.loc);
    }

    Cells& written(const Symbol& tensor) {
        ++versions[tensor];
        const auto found = tensors.find(tensor);
        return found != tensors.end() ? found->second
                                      : tensors.emplace(tensor, cells_of(tensor)).first->second;
    }

    void join(const StoreTarget& t, const ValueBound& b, Loc loc) {
        Cells& cells = written(t.tensor);
        cells.each(places(cells, t.indices), [&](Cells::Cell& c) { c = c ? hull_of(*c, b) : b; });
        check_place(t, loc);
    }

    /// Which element is written may be the work of rounding.
    void check_place(const StoreTarget& t, Loc loc) {
        if (uncertain(t.indices))
            poison({t.tensor}, loc,
                   "there is no error bound: which element of " + t.tensor.name() +
                       " is written depends on rounding");
    }

    /// How often one element is updated: by all loops around that are not its subscripts.
    double updates(const Reduce& r) {
        double n = 1;
        const auto inside = born.find(r.target.tensor);
        for (size_t l = inside == born.end() ? 0 : inside->second; l < around.size(); ++l) {
            const bool own = std::ranges::any_of(r.target.indices, [&](const Expr& e) {
                const auto* v = e.as<Variable>();
                return v && v->symbol == around[l]->var;
            });
            if (!own) n *= std::max(place.bounds(around[l]->extent).high.get_d(), 0.0);
        }
        return n;
    }

    void reduce(const Reduce& r) {
        count_step(r.loc);
        const Scope scope(loads);
        writing = r.target.tensor;
        const ValueBound value = total(form(r.target.value));
        Cells& cells = written(r.target.tensor);
        cells.each(places(cells, r.target.indices), [&](Cells::Cell& c) {
            if (!c) c = ValueBound{};
            reduce(r, value, *c);
        });
        check_place(r.target, r.loc);
    }

    /// Whether nothing but the values remains of the identity that a reduction starts with. Where there may
    /// be no value the identity stays, which differs from type to type.
    bool starts_anew(const Reduce& r, ValueBound& old) {
        if (!r.target.indices.empty() || old != exact_bound(around_of(identity(r.op, r.target.type))))
            return false;
        bool certain = conditions == 0;
        const auto inside = born.find(r.target.tensor);
        for (size_t l = inside == born.end() ? 0 : inside->second; l < around.size(); ++l)
            certain = certain && place.bounds(around[l]->extent).low >= 1;
        if (!certain) {
            old.error = no_end;
            old = settled(old);
        }
        return certain;
    }

    /// Whether some element is updated exactly so often as updates() says.
    bool counted(const Reduce& r) const {
        std::set<Symbol> computed; // beyond subscripts that are a loop's variable alone
        for (const Expr& e : r.target.indices)
            if (!e.as<Variable>()) computed.merge(free_variables(e));
        for (const Expr& e : r.target.indices)
            if (!tensors_read(e).empty()) return false;
        return conditions == 0 && std::ranges::none_of(around, [&](const For* f) {
                   const auto* size = f->extent.as<Variable>();
                   const bool plain = as_int(f->extent) || (size && !place.lets.contains(size->symbol));
                   return computed.contains(f->var) || !plain ||
                          std::ranges::any_of(around,
                                              [&](const For* o) { return size && o->var == size->symbol; });
               });
    }

    void reduce(const Reduce& r, const ValueBound& value, ValueBound& old) {
        const Type type = r.target.type, from = r.target.value.type();
        switch (r.op) {
        case BinaryOp::add:
        case BinaryOp::sub:
            return add(r, value, old);
        case BinaryOp::min:
        case BinaryOp::max: {
            const ValueBound v = stored(value, from, type, r.target.tensor, r.loc);
            old = starts_anew(r, old) ? v : hull_of(old, v);
            return;
        }
        default: {
            const bool rounded = value.error > 0 || old.error > 0 || type.is_float();
            old = type.is_float() ? ValueBound{all_numbers, no_end, all_numbers, true}
                                  : exact_bound(range_of(type));
            if (rounded)
                old = without_bound(
                    old, r.loc,
                    fmt::format("there is no error bound: {}= works on rounded numbers", symbol(r.op)));
        }
        }
    }

    /// Whether every element of the tensor is updated exactly so often as updates() says once the loops end,
    /// before anything reads it: what it was does not remain.
    bool updates_all(const Reduce& r) const {
        const auto shape = shapes.find(r.target.tensor);
        if (conditions > 0 || repeating > 0 || shape == shapes.end()) return false;
        std::set<Symbol> used;
        const auto inside = born.find(r.target.tensor);
        const size_t first = inside == born.end() ? 0 : inside->second;
        for (size_t d = 0; d < r.target.indices.size(); ++d) {
            const auto* v = r.target.indices[d].as<Variable>();
            const auto own = [&](const For* f) {
                return v && f->var == v->symbol && equal(f->min, shape->second[d].min) &&
                       equal(f->extent, shape->second[d].extent);
            };
            if (std::none_of(around.begin() + static_cast<std::ptrdiff_t>(first), around.end(), own))
                return false;
            if (!used.insert(v->symbol).second) return false;
        }
        return std::all_of(around.begin() + static_cast<std::ptrdiff_t>(first), around.end(),
                           [&](const For* f) { return used.contains(f->var) || as_int(f->extent); });
    }

    void add(const Reduce& r, const ValueBound& added, ValueBound& old) {
        const Type type = r.target.type, from = r.target.value.type();
        // Beside a float a number is converted first.
        const bool first = type.is_float() && !from.is_float();
        const ValueBound value = first ? stored(added, from, type, r.target.tensor, r.loc) : added;
        const double n = updates(r), sign = r.op == BinaryOp::add ? 1 : -1;
        // Of all sums on the way.
        const auto sums = [&](const ValueRange& begin, const ValueRange& each) {
            const ValueRange step = scaled(each, sign);
            return ValueRange{add_down(begin.low, mul_down(n, std::min(step.low, 0.0))),
                              add_up(begin.high, mul_up(n, std::max(step.high, 0.0)))};
        };
        const bool point = is_point(old.held) && is_point(value.held) && counted(r);
        ValueBound b{sums(old.range, value.range), add_up(old.error, mul_up(n, value.error)),
                     sums(old.held, value.held), old.nan || value.nan};
        // One rounding a step: a product is contracted, or has been rounded as a value.
        const double lost = lost_by_step(type, from, n, b.held.most());
        if (lost > 0) {
            b.error = add_up(b.error, mul_up(n, lost));
            b.held = {add_down(b.held.low, -mul_up(n, lost)), add_up(b.held.high, mul_up(n, lost))};
        }
        if (b.held.low == -no_end && b.held.high == no_end) b.nan = true;
        if (b.error == no_end) b.range = all_numbers;
        b = settled(b);
        const auto exact_frac = [](Type t) { return t.is_fixed() ? t.frac() : 0; };
        if (type.is_exact() && from.is_exact())
            b.held = on_grid(b.held, std::max(exact_frac(type), exact_frac(from)));
        else if (type.is_float())
            b.held = nearest(type, b.held);
        // Whatever is rounded, adding nothing below 0 leads nowhere below.
        const ValueRange each = scaled(value.held, sign);
        if (each.low >= 0) b.held.low = std::max(b.held.low, old.held.low);
        if (each.high <= 0) b.held.high = std::min(b.held.high, old.held.high);
        fit(b, r, point && lost == 0, has_end(old.held) && has_end(value.held));
        if (updates_all(r) && b.error < no_end) {
            const auto [at, fresh] = passed.try_emplace(r.target.tensor, b.held);
            if (!fresh) at->second = hull_of(at->second, b.held);
            const auto end = [&](const ValueRange& begin, const ValueRange& each) {
                const ValueRange step = scaled(each, sign);
                return ValueRange{add_down(begin.low, mul_down(n, step.low)),
                                  add_up(begin.high, mul_up(n, step.high))};
            };
            // Rounding keeps order: the least sum is that of the least values, and rounded as that is.
            const auto wrong = [&](double begin, double last) {
                return mul_up(n, lost_by_step(type, from, n, std::max(std::abs(begin), std::abs(last))));
            };
            const ValueRange held = end(old.held, value.held);
            b.range = common_of(b.range, end(old.range, value.range));
            b.held = common_of(b.held, {add_down(held.low, -wrong(old.held.low, held.low)),
                                        add_up(held.high, wrong(old.held.high, held.high))});
        }
        old = b;
    }

    static double lost_by_step(Type type, Type from, double n, double most) {
        if (!type.is_float()) return rounding_error(type, from.is_float() ? RealType() : from, most);
        const double digits = rounding_error(type, RealType(), 1), growth = std::exp(n * digits) * 1.005;
        const double sum = mul_up(most, growth);
        // A wider float is added in its own type first.
        const double before =
            from.is_float() && !holds(type, from) ? rounding_error(from, RealType(), sum) : 0;
        return add_up(before, rounding_error(type, RealType(), sum));
    }

    /// A sum, in which rounding is counted, in its type.
    void fit(ValueBound& b, const Reduce& r, bool point, bool of_numbers) {
        const Type type = r.target.type;
        if (type.is_float()) {
            if (has_end(b.held)) return;
            if (of_numbers)
                overflow(b.held.high == no_end ? b.held.high : b.held.low, type, r.target.tensor, r.loc,
                         false);
            b.error = no_end;
        } else {
            const Type wide = Float(64);
            const Conversion c = convert(type, wide, {b.range, b.error, b.held, b.nan});
            overflow(c.overflow, type, r.target.tensor, r.loc, point);
            b.held = c.bound.held;
            b.nan = false;
            if (c.overflow) b.error = c.bound.error;
        }
        b = settled(b);
    }

    std::map<Symbol, std::vector<KeptDimension>> kept;
    std::set<Symbol> apart; ///< variables of subscripts in dimensions that are kept
    int64_t copies = 1;     ///< how many iterations the loops have together that run one after the other
    int64_t steps = 0;
    std::map<Symbol, size_t> born; ///< how many loops stand around a tensor's allocation
    std::unordered_map<const For*, LoopFacts> loops;
    std::vector<const For*> around;
    int repeating = 0; ///< loops around whose iterations see each other's values
    std::map<Symbol, std::vector<Dim>> shapes;
    std::map<Symbol, ValueRange> passed; ///< what sums are on the way
};

} // namespace

ValueBounds value_bounds(const Module& m, const std::map<Symbol, ValueRange>& inputs,
                         const std::map<Symbol, AnyBuffer>& values) {
    if (m.functions.size() == 1) return Bounds(m.top(), inputs, values).result();
    const Module whole = inline_calls(copies_as_loops(m));
    return Bounds(whole.top(), inputs, values).result();
}

} // namespace lathe::ir
