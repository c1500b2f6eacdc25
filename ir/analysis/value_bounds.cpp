#include "lathe/ir/value_bounds.h"

#include "lathe/ir/copies.h"
#include "lathe/ir/index_ranges.h"
#include "lathe/ir/inline_calls.h"
#include "lathe/ir/print.h"
#include "lathe/ir/visit.h"
#include "value_cells.h"
#include "value_forms.h"

#include <algorithm>

namespace lathe::ir {

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();
/// Statements that are followed, and how often loops that are followed one by one repeat a statement.
constexpr int64_t most_steps = 1 << 21, most_copies = 1 << 20;

class Bounds {
  public:
    Bounds(const Function& f, const std::map<Symbol, ValueRange>& given,
           const std::map<Symbol, AnyBuffer>& values)
        : indices(f.body) {
        find_kept(f, values);
        for (const Argument& a : f.arguments)
            if (a.direction != Direction::out) argument(a.tensor, given, values);
        for (const Tensor& t : f.constants)
            constant(t);
        for (const Param& p : f.params)
            if (const auto known = given.find(p.symbol); known != given.end())
                scalars[p.symbol] = {{}, known->second, 0};
        run(f.body);
    }

    ValueBounds result() const {
        ValueBounds all;
        for (const auto* cells : {&elements, &tensors})
            for (const auto& [tensor, c] : *cells)
                all.tensors[tensor] = c.all();
        for (const auto& [place, overflow] : overflows)
            all.overflows.push_back(overflow);
        return all;
    }

  private:
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
                                 ? ValueBound{range_of(t.type), 0}
                                 : stored({known->second, 0}, RealType(), t.type, t.symbol, t.loc);
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
            const ValueRange range = around_of(number);
            const Value held = cast(t.type, number);
            ValueBound b{range, 0};
            if (!std::isfinite(held.as_double()))
                b.error = infinite;
            else if (const mpq_class lost = abs(held.as_rational() - number.as_rational()); lost != 0)
                b.error = up(lost.get_d());
            // Says where it does not fit; the error is known already.
            fitted(b, before({range, 0}, dense.type()), t.type, t.symbol, t.loc);
            cells[n] = b;
        }
        elements.insert_or_assign(t.symbol, std::move(cells));
    }

    void constant(const Tensor& t) {
        Cells cells = cells_of(t.symbol);
        for (size_t n = 0; n < cells.size(); ++n)
            cells[n] = ValueBound{around_of((*t.data)[n]), 0};
        elements.insert_or_assign(t.symbol, std::move(cells));
    }

    static ValueRange around_of(const Value& v) {
        if (v.is_nan()) fail({}, "there is no bound of values: a constant is no number");
        const double x = v.as_double();
        if (std::isinf(x) || mpq_class(x) == v.as_rational()) return {x, x};
        return {down(x), up(x)};
    }

    // --- places

    Span span(const Expr& e) {
        if (const auto* v = e.as<Variable>()) {
            for (size_t n = chosen.size(); n-- > 0;)
                if (chosen[n].first == v->symbol) return {chosen[n].second, chosen[n].second};
            if (const auto let = places_of.find(v->symbol); let != places_of.end()) return let->second;
        }
        const auto* b = e.as<Binary>();
        if (b && e.type().is_index() && !chosen.empty())
            if (const auto s = span(*b)) return *s;
        const IntegerRange r = indices.of(e);
        const auto clamped = [](const mpz_class& n) {
            return n.fits_slong_p() ? int64_t{n.get_si()}
                   : n < 0          ? std::numeric_limits<int64_t>::min()
                                    : std::numeric_limits<int64_t>::max();
        };
        return {clamped(r.low), clamped(r.high)};
    }

    /// Where the operands are small; else none.
    std::optional<Span> span(const Binary& b) {
        constexpr int64_t small = int64_t{1} << 30;
        const Span x = span(b.a), y = span(b.b);
        if (std::min(x.low, y.low) < -small || std::max(x.high, y.high) > small) return std::nullopt;
        switch (b.op) {
        case BinaryOp::add:
            return Span{x.low + y.low, x.high + y.high};
        case BinaryOp::sub:
            return Span{x.low - y.high, x.high - y.low};
        case BinaryOp::mul: {
            const auto [low, high] =
                std::minmax({x.low * y.low, x.low * y.high, x.high * y.low, x.high * y.high});
            return Span{low, high};
        }
        case BinaryOp::min:
            return Span{std::min(x.low, y.low), std::min(x.high, y.high)};
        case BinaryOp::max:
            return Span{std::max(x.low, y.low), std::max(x.high, y.high)};
        case BinaryOp::floordiv:
        case BinaryOp::floormod: {
            if (!y.is_point() || y.low <= 0) return std::nullopt;
            const auto quotient = [&](int64_t n) { return (n >= 0 ? n : n - (y.low - 1)) / y.low; };
            const Span q = {quotient(x.low), quotient(x.high)};
            if (b.op == BinaryOp::floordiv) return q;
            if (!q.is_point()) return Span{0, y.low - 1};
            return Span{x.low - q.low * y.low, x.high - q.low * y.low};
        }
        default:
            return std::nullopt;
        }
    }

    std::vector<Span> places(const Cells& cells, const std::vector<Expr>& subscripts) {
        std::vector<Span> all;
        for (const KeptDimension& k : cells.kept())
            all.push_back(span(subscripts[k.dimension]));
        return all;
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
                if (t.data) constant(t);
                born[t.symbol] = around.size();
            }
            run(a->body);
        } else if (const auto* l = s.as<LetStmt>()) {
            let(l->symbol, l->value);
            run(l->body);
        } else if (const auto* f = s.as<For>()) {
            loop(*f);
        } else if (const auto* i = s.as<If>()) {
            if (total(form(i->condition)).error > 0)
                fail(s.loc(),
                     "there is no error bound: what runs at {} (as which value wins in argmin or argmax) "
                     "depends on "
                     "rounding",
                     s.loc().str());
            ++conditions;
            run(i->then_body);
            run(i->else_body);
            --conditions;
        } else if (const auto* t = s.as<Store>()) {
            store(*t);
        } else if (const auto* r = s.as<Reduce>()) {
            reduce(*r);
        } else if (s.as<While>() || s.as<ExternCall>()) {
            fail(s.loc(), "there is no bound of values: nothing is known of {}",
                 s.as<While>() ? "how often a while loop runs" : "an extern function");
        }
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

    void let(const Symbol& name, const Expr& value) {
        if (value.type().is_index()) places_of.insert_or_assign(name, span(value));
        scalars[name] = form(value);
    }

    /// Iterations that name elements with bounds of their own, one after the other; others all at once.
    void independent(const For& f) {
        if (apart.contains(f.var)) {
            const Span first = span(f.min), count = span(f.extent);
            if (first.is_point() && count.is_point() && count.low <= most_copies / copies) {
                copies *= std::max(count.low, int64_t{1});
                chosen.emplace_back(f.var, 0);
                for (int64_t n = 0; n < count.low; ++n) {
                    chosen.back().second = first.low + n;
                    run(f.body);
                }
                chosen.pop_back();
                copies /= std::max(count.low, int64_t{1});
                return;
            }
        }
        around.push_back(&f);
        run(f.body);
        around.pop_back();
    }

    void loop(const For& f) {
        if (!carries(f.body)) return independent(f);
        constexpr int64_t most = 4096;
        const IntegerRange extent = indices.of(f.extent);
        const int64_t count = extent.high.fits_slong_p() ? extent.high.get_si() : most + 1;
        for (int64_t n = 0; n < count; ++n) {
            if (n == most)
                fail(f.loc,
                     "there is no bound of values: what the loop {} keeps from iteration to iteration grows "
                     "for more than {} of them",
                     f.var.name(), most);
            const auto before = tensors;
            run(f.body);
            if (tensors == before) return;
        }
    }

    void count_step(Loc loc) {
        if (++steps > most_steps)
            fail(loc, "there is no bound of values: the program takes more than {} steps to follow",
                 most_steps);
    }

    void store(const Store& s) {
        count_step(s.loc);
        std::vector<ValueBound> values;
        several = s.targets.size() > 1;
        for (const StoreTarget& t : s.targets)
            values.push_back(stored(total(form(t.value)), t.value.type(), t.type, t.tensor, s.loc));
        several = false;
        for (size_t n = 0; n < values.size(); ++n)
            join(s.targets[n], values[n]);
    }

    Cells& written(const Symbol& tensor) {
        const auto found = tensors.find(tensor);
        return found != tensors.end() ? found->second
                                      : tensors.emplace(tensor, cells_of(tensor)).first->second;
    }

    void join(const StoreTarget& t, const ValueBound& b) {
        Cells& cells = written(t.tensor);
        cells.each(places(cells, t.indices), [&](Cells::Cell& c) {
            c = c ? ValueBound{hull_of(c->range, b.range), std::max(c->error, b.error)} : b;
        });
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
            if (!own) n *= std::max(indices.of(around[l]->extent).high.get_d(), 0.0);
        }
        return n;
    }

    void reduce(const Reduce& r) {
        count_step(r.loc);
        const ValueBound value = total(form(r.target.value));
        Cells& cells = written(r.target.tensor);
        cells.each(places(cells, r.target.indices), [&](Cells::Cell& c) {
            if (!c) c = ValueBound{};
            reduce(r, value, *c);
        });
    }

    /// Whether nothing but the values remains of the identity that a reduction starts with. Where there may
    /// be no value the identity stays, which differs from type to type.
    bool starts_anew(const Reduce& r, ValueBound& old) {
        if (!r.target.indices.empty() || old != ValueBound{around_of(identity(r.op, r.target.type)), 0})
            return false;
        bool certain = conditions == 0;
        const auto inside = born.find(r.target.tensor);
        for (size_t l = inside == born.end() ? 0 : inside->second; l < around.size(); ++l)
            certain = certain && indices.of(around[l]->extent).low >= 1;
        if (!certain) old.error = infinite;
        return certain;
    }

    void reduce(const Reduce& r, const ValueBound& value, ValueBound& old) {
        const Type type = r.target.type;
        switch (r.op) {
        case BinaryOp::add:
        case BinaryOp::sub: {
            const double n = updates(r), sign = r.op == BinaryOp::add ? 1 : -1;
            const ValueRange step = scaled(value.range, sign);
            const ValueRange range = {down(old.range.low + n * std::min(step.low, 0.0)),
                                      up(old.range.high + n * std::max(step.high, 0.0))};
            double error = up(old.error + n * value.error);
            const double most = range.most() + error;
            const Type sum =
                type.is_float() || r.target.value.type().is_float() ? RealType() : r.target.value.type();
            // One rounding a step: a product is contracted, or has been rounded as a value.
            const double lost = type.is_float() ? rounding_error(type, RealType(), up(most * 1.01))
                                                : rounding_error(type, sum, most);
            error = up(error + n * lost * 1.01);
            Before b{range, {range.low - error, range.high + error}};
            if (error == infinite) { // it has wrapped: the sum of any number of its type and what is added
                const ValueRange all = range_of(type), added = before(value, r.target.value.type()).held;
                const ValueRange one = scaled(added, sign);
                b.held = sum_of(all, {std::min(one.low, 0.0), std::max(one.high, 0.0)});
                b.meant = b.held;
            }
            if (type.is_exact() && r.target.value.type().is_exact()) {
                const int frac = std::max(type.frac(), r.target.value.type().frac());
                b = {on_grid(b.meant, frac), on_grid(b.held, frac)};
            }
            old = {range, fitted({range, error}, b, type, r.target.tensor, r.loc).error};
            return;
        }
        case BinaryOp::min:
        case BinaryOp::max: {
            const ValueBound v = stored(value, r.target.value.type(), type, r.target.tensor, r.loc);
            old = starts_anew(r, old) ? v
                                      : ValueBound{hull_of(old.range, v.range), std::max(old.error, v.error)};
            return;
        }
        default:
            if (value.error > 0 || old.error > 0)
                fail(r.loc, "there is no error bound: {}= works on rounded numbers", symbol(r.op));
            old = {range_of(type), 0};
        }
    }

    /// What the value is before its conversion: the range of what is meant, and with its error.
    struct Before {
        ValueRange meant, held;
    };
    static Before before(const ValueBound& v, Type from) {
        return {held_by(from, v.range), held_by(from, {v.range.low - v.error, v.range.high + v.error})};
    }

    /// A value as it is after its conversion to the type of where it goes.
    ValueBound stored(ValueBound v, Type from, Type to, const Symbol& tensor, Loc loc) {
        const Before b = before(v, from);
        const double most = up(v.range.most() + v.error);
        const double lost = from.is_real() && to.is_exact() ? rounding_error(to, Float(64), most)
                                                            : rounding_error(to, from, most);
        if (lost > 0) v.error = up(v.error + lost);
        return fitted(v, b, to, tensor, loc);
    }

    /// `v` counts what rounding loses, and `b` does not.
    ValueBound fitted(ValueBound v, const Before& b, Type to, const Symbol& tensor, Loc loc) {
        if (!to.is_exact() || to.is_bool()) return v;
        const double over = beyond(to, b.held);
        if (over <= 0) return v;
        // Rather a number that is meant than one that rounding may make of it.
        const ValueRange& range = beyond(to, b.meant) > 0 ? b.meant : b.held;
        const ValueRange all = range_of(to);
        const double value = range.high - all.high >= all.low - range.low ? range.high : range.low;
        const auto [at, fresh] =
            overflows.try_emplace({loc.str(), tensor, to.str()}, PossibleOverflow{tensor, to, value, loc});
        if (!fresh && std::abs(value) > std::abs(at->second.value)) at->second.value = value;
        v.error = to.overflow() == Overflow::sat || to.overflow() == Overflow::sat_sym ? up(v.error + over)
                                                                                       : infinite;
        return v;
    }

    // --- expressions

    ValueBound element(const Load& l) {
        for (auto* all : {&tensors, &elements})
            if (const auto found = all->find(l.tensor); found != all->end())
                return found->second.over(places(found->second, l.indices));
        return {};
    }

    ValueBound total(const Form& f) {
        ValueBound b{f.rest, f.error};
        for (const auto& [load, c] : f.loads) {
            if (c == 0) continue;
            const ValueBound of = element(*loads[load].as<Load>());
            b.range = sum_of(b.range, scaled(of.range, c));
            if (of.error > 0) b.error = up(b.error + std::abs(c) * of.error);
        }
        return b;
    }

    static Form alone(const ValueBound& b) { return {{}, b.range, b.error}; }

    Form form(const Expr& e) {
        if (e.type().is_index()) {
            const IntegerRange r = indices.of(e);
            ValueRange range = {down(r.low.get_d()), up(r.high.get_d())};
            using Limits = std::numeric_limits<int64_t>;
            if (!chosen.empty()) {
                const Span s = span(e); // which stops where 64 bits do
                if (s.low > Limits::min()) range.low = std::max(range.low, down(static_cast<double>(s.low)));
                if (s.high < Limits::max())
                    range.high = std::min(range.high, up(static_cast<double>(s.high)));
            }
            return {{}, range, 0};
        }
        switch (e.kind()) {
        case ExprKind::constant:
            return number(e.as<Constant>()->value);
        case ExprKind::variable: {
            const auto known = scalars.find(e.as<Variable>()->symbol);
            return known == scalars.end() ? Form{{}, range_of(e.type()), 0} : known->second;
        }
        case ExprKind::load:
            return load(e);
        case ExprKind::let: {
            const auto* l = e.as<Let>();
            let(l->symbol, l->value);
            return form(l->body);
        }
        case ExprKind::unary:
            return unary(*e.as<Unary>());
        case ExprKind::binary:
            return binary(*e.as<Binary>());
        case ExprKind::select:
            return select(*e.as<Select>());
        case ExprKind::cast: {
            const auto* c = e.as<Cast>();
            const Form inner = form(c->a);
            const ValueBound before = total(inner),
                             after = stored(before, c->a.type(), e.type(), {}, e.loc());
            if (after == before) return inner;
            Form r = inner;
            r.error = after.error == infinite ? infinite : up(r.error + (after.error - before.error));
            return r;
        }
        case ExprKind::fma: {
            const auto* f = e.as<Fma>();
            return rounded(added(product(form(f->a), form(f->b)), form(f->c), 1), e.type());
        }
        case ExprKind::call:
            return call(*e.as<Call>());
        case ExprKind::bitcast:
        case ExprKind::slice:
        case ExprKind::ramp:
        case ExprKind::broadcast:
        case ExprKind::vector_reduce:
            break;
        }
        return bits({form(operands(e).front())}, e);
    }

    static Form number(const Value& v) { return {{}, around_of(v), 0}; }

    /// An operand as it is converted beside the other: literals take its type, exact numbers a float's.
    Form operand(const Expr& e, Type result, Type other) {
        Form f = form(e);
        if (const auto* c = e.as<Constant>(); c && e.type().is_real() && !other.is_real()) {
            const double apart = std::abs(type_literal(c->value, other).as_double() - c->value.as_double());
            if (apart > 0) f.error = up(f.error + up(apart));
        } else if (result.is_float() && !e.type().is_real()) {
            const double lost = rounding_error(result, e.type(), total(f).range.most() + total(f).error);
            if (lost > 0) f.error = up(f.error + lost);
        }
        return f;
    }

    Form load(const Expr& e) {
        if (const auto known = load_numbers.find(e.get()); known != load_numbers.end())
            return {{{known->second, 1.0}}, {}, 0};
        for (size_t n = 0; n < loads.size(); ++n)
            if (equal(loads[n], e)) {
                load_numbers[e.get()] = n;
                return {{{n, 1.0}}, {}, 0};
            }
        load_numbers[e.get()] = loads.size();
        loads.push_back(e);
        return {{{loads.size() - 1, 1.0}}, {}, 0};
    }

    Form rounded(Form f, Type t) {
        if (!t.is_float()) return f;
        const ValueBound b = total(f);
        f.error = up(f.error + rounding_error(t, RealType(), b.range.most() + b.error));
        return f;
    }

    Form product(const Form& x, const Form& y) {
        if (x.is_number()) return times(y, x.rest.low);
        if (y.is_number()) return times(x, y.rest.low);
        const ValueBound a = total(x), b = total(y);
        double error = 0;
        if (a.error > 0 || b.error > 0)
            error = up(up(times_error(a.range.most(), b.error)) + up(times_error(b.range.most(), a.error)) +
                       times_error(a.error, b.error));
        return {{}, product_of(a.range, b.range), error};
    }

    Form quotient(const Form& x, const Form& y, const Binary& e) {
        const ValueBound a = total(x), b = total(y);
        const double least = b.range.low > 0 ? b.range.low - b.error : -b.range.high - b.error;
        if (!(least > 0)) fail(e.loc, "there is no bound of values: the divisor {} may be 0", print(e.b));
        const ValueRange inverse = {down(1 / b.range.high), up(1 / b.range.low)};
        const ValueRange range = product_of(a.range, inverse);
        double error =
            a.error > 0 || b.error > 0 ? up(up(a.error + times_error(range.most(), b.error)) / least) : 0;
        if (e.type.is_exact()) error = up(error + std::ldexp(1, -e.type.frac()));
        return {{}, range, error};
    }

    Form binary(const Binary& e) {
        if (is_compare(e.op) || e.op == BinaryOp::logical_and || e.op == BinaryOp::logical_or) {
            const bool certain = total(operand(e.a, {}, e.b.type())).error == 0 &&
                                 total(operand(e.b, {}, e.a.type())).error == 0;
            return {{}, {0, 1}, certain ? 0.0 : 1.0};
        }
        const Form x = operand(e.a, e.type, e.b.type()), y = operand(e.b, e.type, e.a.type());
        switch (e.op) {
        case BinaryOp::add:
            return rounded(added(x, y, 1), e.type);
        case BinaryOp::sub:
            return rounded(added(x, y, -1), e.type);
        case BinaryOp::mul:
            return rounded(product(x, y), e.type);
        case BinaryOp::div:
            return rounded(quotient(x, y, e), e.type);
        case BinaryOp::min:
        case BinaryOp::max: {
            const ValueBound a = total(x), b = total(y);
            const auto pick = [&](double p, double q) {
                return e.op == BinaryOp::min ? std::min(p, q) : std::max(p, q);
            };
            return {{},
                    {pick(a.range.low, b.range.low), pick(a.range.high, b.range.high)},
                    std::max(a.error, b.error)};
        }
        default:
            return bits({x, y}, e.type, symbol(e.op), e.loc);
        }
    }

    Form unary(const Unary& e) {
        const Form x = form(e.a);
        const ValueBound b = total(x);
        switch (e.op) {
        case UnaryOp::neg:
            return times(x, -1);
        case UnaryOp::abs:
            return {
                {}, {b.range.low > 0 ? b.range.low : std::max(0.0, -b.range.high), b.range.most()}, b.error};
        case UnaryOp::sqrt: {
            if (b.range.low < 0) fail(e.loc, "there is no bound of values: sqrt may meet a negative number");
            return rounded(
                {{}, {down(std::sqrt(b.range.low)), up(std::sqrt(b.range.high))}, up(std::sqrt(b.error))},
                e.type);
        }
        case UnaryOp::floor:
        case UnaryOp::ceil:
        case UnaryOp::round_even:
        case UnaryOp::trunc:
            return {{}, {std::floor(b.range.low), std::ceil(b.range.high)}, b.error > 0 ? b.error + 1 : 0};
        default:
            return bits({x}, e.type, name(e.op), e.loc);
        }
    }

    Form select(const Select& e) {
        const ValueBound c = total(form(e.condition));
        const ValueBound a = total(operand(e.then_value, e.type, e.else_value.type())),
                         b = total(operand(e.else_value, e.type, e.then_value.type()));
        const ValueRange hull = hull_of(a.range, b.range);
        if (c.error == 0) return alone({hull, std::max(a.error, b.error)});
        if (several)
            fail(e.loc,
                 "there is no error bound: which value wins (as in argmin or argmax) at {} depends on "
                 "rounding",
                 e.loc.str());
        return alone({hull, up(hull.high - hull.low + std::max(a.error, b.error))});
    }

    Form call(const Call& e) {
        const Form x = form(e.arguments.front());
        const ValueBound b = total(x);
        const auto monotone = [&](double (*f)(double), double slope, double most = infinite) {
            const double low = f(b.range.low), high = f(b.range.high);
            const ValueRange range = {down(low - std::abs(low) * 1e-15), up(high + std::abs(high) * 1e-15)};
            // Two units in the last place, which are four roundings.
            const double error = b.error > 0 ? std::min(up(slope * b.error), most) : 0;
            return Form{{}, range, up(error + 4 * rounding_error(e.type, RealType(), range.most() + error))};
        };
        if (e.function == "tanh") return monotone(std::tanh, 1, 2);
        if (e.function == "exp") return monotone(std::exp, std::exp(b.range.high + b.error));
        if (e.function == "log" && b.range.low - b.error > 0)
            return monotone(std::log, 1 / (b.range.low - b.error));
        if (e.function == "sin" || e.function == "cos")
            return {{}, {-1, 1}, up(std::min(b.error, 2.0) + 4 * rounding_error(e.type, RealType(), 1))};
        std::vector<Form> all;
        for (const Expr& a : e.arguments)
            all.push_back(form(a));
        return bits(all, e.type, e.function.c_str(), e.loc);
    }

    Form bits(const std::vector<Form>& from, const Expr& e) {
        return bits(from, e.type(), "taking bits", e.loc());
    }
    Form bits(const std::vector<Form>& from, Type t, const char* what, Loc loc) {
        for (const Form& f : from)
            if (total(f).error > 0) fail(loc, "there is no error bound: {} works on rounded numbers", what);
        return {{}, range_of(t), 0};
    }

    IndexRanges indices;
    std::map<Symbol, std::vector<KeptDimension>> kept;
    std::set<Symbol> apart;           ///< variables of subscripts in dimensions that are kept
    std::map<Symbol, Cells> elements; ///< of what is known one by one and never written
    std::map<Symbol, Cells> tensors;  ///< as far as the program has run
    std::map<std::tuple<std::string, Symbol, std::string>, PossibleOverflow> overflows;
    std::vector<std::pair<Symbol, int64_t>> chosen; ///< loops that run one iteration after the other
    int64_t copies = 1;                             ///< how many iterations they have together
    int64_t steps = 0;
    int conditions = 0;               ///< how many stand around
    std::map<Symbol, Span> places_of; ///< lets
    std::map<Symbol, Form> scalars;
    std::map<Symbol, size_t> born; ///< how many loops stand around a tensor's allocation
    std::vector<Expr> loads;
    std::unordered_map<const ExprNode*, size_t> load_numbers; ///< of nodes that the Module keeps
    std::vector<const For*> around;
    bool several = false; ///< values of one store of several
};

} // namespace

ValueBounds value_bounds(const Module& m, const std::map<Symbol, ValueRange>& inputs,
                         const std::map<Symbol, AnyBuffer>& values) {
    if (m.functions.size() == 1) return Bounds(m.top(), inputs, values).result();
    const Module whole = inline_calls(copies_as_loops(m));
    return Bounds(whole.top(), inputs, values).result();
}

} // namespace lathe::ir
