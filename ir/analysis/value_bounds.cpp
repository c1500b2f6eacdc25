#include "lathe/ir/value_bounds.h"

#include "lathe/ir/index_ranges.h"
#include "lathe/ir/node.h"
#include "lathe/ir/print.h"
#include "lathe/ir/visit.h"
#include "value_forms.h"

#include <algorithm>

namespace lathe::ir {

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

class Bounds {
  public:
    Bounds(const Function& f, const std::map<Symbol, ValueRange>& given) : indices(f.body) {
        for (const Argument& a : f.arguments) {
            types[a.tensor.symbol] = a.tensor.type;
            if (a.direction == Direction::out) continue;
            const auto known = given.find(a.tensor.symbol);
            result.tensors[a.tensor.symbol] =
                known == given.end()
                    ? ValueBound{range_of(a.tensor.type), 0}
                    : stored({known->second, 0}, RealType(), a.tensor.type, a.tensor.symbol, a.tensor.loc);
        }
        for (const Tensor& t : f.constants)
            constant(t);
        for (const Param& p : f.params)
            if (const auto known = given.find(p.symbol); known != given.end())
                scalars[p.symbol] = {{}, known->second, 0};
        run(f.body);
    }

    ValueBounds result;

  private:
    void constant(const Tensor& t) {
        types[t.symbol] = t.type;
        std::optional<ValueRange> range;
        for (const Value& v : *t.data) {
            const double x = v.as_double();
            const ValueRange one = {down(x), up(x)};
            range = range ? hull_of(*range, one) : one;
        }
        result.tensors[t.symbol] = {range.value_or(ValueRange{}), 0};
    }

    // --- statements

    void run(const Stmt& s) {
        if (s.defined()) with_node(s, [&](const auto& n) { visit(n); });
    }

    void visit(const Block& b) {
        for (const Stmt& c : b.stmts)
            run(c);
    }
    void visit(const Stage& g) { run(g.body); }
    void visit(const OneOf<Assert, Print> auto&) {}

    void visit(const Allocate& a) {
        for (const Tensor& t : a.tensors) {
            types[t.symbol] = t.type;
            result.tensors.erase(t.symbol);
            if (t.data) constant(t);
            born[t.symbol] = around.size();
        }
        run(a.body);
    }

    void visit(const LetStmt& l) {
        scalars[l.symbol] = form(l.value);
        run(l.body);
    }

    void visit(const If& i) {
        if (total(form(i.condition)).error > 0)
            fail(i.loc,
                 "there is no error bound: what runs at {} (as which value wins in argmin or argmax) "
                 "depends on "
                 "rounding",
                 i.loc.str());
        run(i.then_body);
        run(i.else_body);
    }

    void visit(const While& w) { unknown(w.loc, "how often a while loop runs"); }
    void visit(const ExternCall& c) { unknown(c.loc, "an extern function"); }
    [[noreturn]] static void unknown(Loc loc, const char* what) {
        fail(loc, "there is no bound of values: nothing is known of {}", what);
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

    void visit(const For& f) {
        if (!carries(f.body)) {
            around.push_back(&f);
            run(f.body);
            around.pop_back();
            return;
        }
        constexpr int64_t most = 4096;
        const IntegerRange extent = indices.of(f.extent);
        const int64_t count = extent.high.fits_slong_p() ? extent.high.get_si() : most + 1;
        for (int64_t n = 0; n < count; ++n) {
            if (n == most)
                fail(f.loc,
                     "there is no bound of values: what the loop {} keeps from iteration to iteration grows "
                     "for more than {} of them",
                     f.var.name(), most);
            const auto before = result.tensors;
            run(f.body);
            if (result.tensors == before) return;
        }
    }

    void visit(const Store& s) {
        std::vector<ValueBound> values;
        several = s.targets.size() > 1;
        for (const StoreTarget& t : s.targets)
            values.push_back(stored(total(form(t.value)), t.value.type(), t.type, t.tensor, s.loc));
        several = false;
        for (size_t n = 0; n < values.size(); ++n)
            join(s.targets[n].tensor, values[n]);
    }

    void join(const Symbol& tensor, const ValueBound& b) {
        const auto [at, fresh] = result.tensors.emplace(tensor, b);
        if (fresh) return;
        at->second = {hull_of(at->second.range, b.range), std::max(at->second.error, b.error)};
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

    void visit(const Reduce& r) {
        const ValueBound value = total(form(r.target.value));
        ValueBound& old = result.tensors[r.target.tensor];
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
            const ValueBound added = fitted({range, error}, type, r.target.tensor, r.loc);
            old = {range, added.error};
            return;
        }
        case BinaryOp::min:
        case BinaryOp::max: {
            const ValueBound v = stored(value, r.target.value.type(), type, r.target.tensor, r.loc);
            // What it starts with is the operator's identity, or an element like the others.
            const bool identity_only = old.error == 0 && old.range.most() >= range_of(type).most() / 2;
            old = identity_only ? v : ValueBound{hull_of(old.range, v.range), std::max(old.error, v.error)};
            return;
        }
        default:
            if (value.error > 0 || old.error > 0)
                fail(r.loc, "there is no error bound: {}= works on rounded numbers", symbol(r.op));
            old = {range_of(type), 0};
        }
    }

    /// A value as it is after its conversion to the type of where it goes.
    ValueBound stored(ValueBound v, Type from, Type to, const Symbol& tensor, Loc loc) {
        const double most = up(v.range.most() + v.error);
        const double lost = from.is_real() && to.is_exact() ? rounding_error(to, Float(64), most)
                                                            : rounding_error(to, from, most);
        if (lost > 0) v.error = up(v.error + lost);
        return fitted(v, to, tensor, loc);
    }

    ValueBound fitted(ValueBound v, Type to, const Symbol& tensor, Loc loc) {
        if (!to.is_exact() || to.is_bool()) return v;
        const ValueRange all = range_of(to);
        const double high = v.range.high + v.error, low = v.range.low - v.error;
        // The least step beyond the ends may be rounding of the bounds themselves.
        const double step = std::ldexp(1, -to.frac());
        const double over = std::max(high - all.high, all.low - low);
        if (over < step * 0.999) return v;
        // Rather a number that is meant than one that rounding may make of it.
        const bool above = high - all.high >= all.low - low;
        const double value = above ? (v.range.high > all.high ? v.range.high : high)
                                   : (v.range.low < all.low ? v.range.low : low);
        result.overflows.push_back({tensor, to, value, loc});
        v.error = to.overflow() == Overflow::sat || to.overflow() == Overflow::sat_sym ? up(v.error + over)
                                                                                       : infinite;
        return v;
    }

    // --- expressions

    ValueBound total(const Form& f) const {
        ValueBound b{f.rest, f.error};
        for (const auto& [load, c] : f.loads) {
            if (c == 0) continue;
            const auto found = result.tensors.find(loads[load].as<Load>()->tensor);
            const ValueBound element = found == result.tensors.end() ? ValueBound{} : found->second;
            b.range = sum_of(b.range, scaled(element.range, c));
            if (element.error > 0) b.error = up(b.error + std::abs(c) * element.error);
        }
        return b;
    }

    static Form alone(const ValueBound& b) { return {{}, b.range, b.error}; }

    Form form(const Expr& e) {
        if (e.type().is_index()) {
            const IntegerRange r = indices.of(e);
            return {{}, {down(r.low.get_d()), up(r.high.get_d())}, 0};
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
            scalars[l->symbol] = form(l->value);
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
        default:
            return bits({form(operands(e).front())}, e);
        }
    }

    static Form number(const Value& v) {
        if (v.is_nan()) fail({}, "there is no bound of values: a constant is no number");
        const double x = v.as_double();
        if (std::isinf(x)) return {{}, {x, x}, 0};
        if (mpq_class(x) == v.as_rational()) return {{}, {x, x}, 0};
        return {{}, {down(x), up(x)}, 0};
    }

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
        for (size_t n = 0; n < loads.size(); ++n)
            if (equal(loads[n], e)) return {{{n, 1.0}}, {}, 0};
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
            error = up(up(a.range.most() * b.error) + up(b.range.most() * a.error) + a.error * b.error);
        return {{}, product_of(a.range, b.range), error};
    }

    Form quotient(const Form& x, const Form& y, const Binary& e) {
        const ValueBound a = total(x), b = total(y);
        const double least = b.range.low > 0 ? b.range.low - b.error : -b.range.high - b.error;
        if (!(least > 0)) fail(e.loc, "there is no bound of values: the divisor {} may be 0", print(e.b));
        const ValueRange inverse = {down(1 / b.range.high), up(1 / b.range.low)};
        const ValueRange range = product_of(a.range, inverse);
        double error = a.error > 0 || b.error > 0 ? up(up(a.error + range.most() * b.error) / least) : 0;
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
    std::map<Symbol, Type> types;
    std::map<Symbol, Form> scalars;
    std::map<Symbol, size_t> born; ///< how many loops stand around a tensor's allocation
    std::vector<Expr> loads;
    std::vector<const For*> around;
    bool several = false; ///< values of one store of several
};

} // namespace

ValueBounds value_bounds(const Module& m, const std::map<Symbol, ValueRange>& inputs) {
    return std::move(Bounds(m.top(), inputs).result);
}

} // namespace lathe::ir
