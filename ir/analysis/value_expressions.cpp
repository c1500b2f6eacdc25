#include "value_expressions.h"

#include "lathe/ir/comparison.h"
#include "lathe/ir/print.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe::ir {

ValueRange around_of(const Value& v) {
    if (v.is_nan()) fail({}, "there is no bound of values: a constant is no number");
    const double x = v.as_double();
    if (std::isinf(x) && v.type().is_float()) return {x, x};
    if (std::isfinite(x) && mpq_class(x) == v.as_rational()) return {x, x};
    return {down(x), up(x)};
}

namespace {

Form alone(const ValueBound& b) {
    return {{}, b.range, b.error, b.held, b.nan};
}

} // namespace

void Expressions::overflow(const std::optional<double>& value, Type to, const Symbol& tensor, Loc loc,
                           bool attained) {
    if (!value) return;
    const auto [at, fresh] = overflows.try_emplace({loc.str(), tensor, to.str()},
                                                   PossibleOverflow{tensor, to, *value, attained, loc});
    if (fresh || std::abs(*value) < std::abs(at->second.value)) return;
    at->second.attained = attained || (at->second.attained && at->second.value == *value);
    at->second.value = *value;
}

ValueBound Expressions::without_bound(ValueBound b, Loc loc, std::string why) {
    if (blamed.insert({loc.str(), why}).second) unknown.push_back({loc, std::move(why)});
    b.error = no_end;
    return settled(b);
}

std::vector<Span> Expressions::places(const Cells& cells, const std::vector<Expr>& subscripts) {
    std::vector<Span> all;
    for (const KeptDimension& k : cells.kept())
        all.push_back(place.of(subscripts[k.dimension]));
    return all;
}

bool Expressions::uncertain(const Expr& e) {
    if (!e.type().is_index()) return total(form(e)).error > 0;
    if (const auto* v = e.as<Variable>()) return uncertain_places.contains(v->symbol);
    return std::ranges::any_of(operands(e), [&](const Expr& x) { return uncertain(x); });
}
bool Expressions::uncertain(const std::vector<Expr>& all) {
    return std::ranges::any_of(all, [&](const Expr& e) { return uncertain(e); });
}

uint64_t Expressions::version_of(const Expr& load) {
    auto found = reads.find(load.get());
    if (found == reads.end()) {
        const std::set<Symbol> all = tensors_read(load);
        found = reads.emplace(load.get(), std::vector<Symbol>(all.begin(), all.end())).first;
    }
    uint64_t sum = 0;
    for (const Symbol& t : found->second)
        sum += versions[t];
    return sum;
}

Form Expressions::load(const Expr& e) {
    const uint64_t version = version_of(e);
    const auto number = load_numbers.find(e.get());
    if (number != load_numbers.end() && number->second < loads.size()) {
        const Known& k = loads[number->second];
        if (k.load.same_as(e) && k.version == version) return known(number->second);
    }
    size_t n = 0;
    while (n < loads.size() && !(loads[n].version == version && equal(loads[n].load, e)))
        ++n;
    if (n == loads.size()) {
        const ValueBound of = element(*e.as<Load>(), e.loc());
        n = loads.size(); // subscripts may have loads of their own
        loads.push_back({e, version, of});
    }
    load_numbers[e.get()] = n;
    return known(n);
}

Form Expressions::known(size_t n) const {
    return {{{n, 1.0}}, {}, 0, loads[n].bound.held, loads[n].bound.nan};
}

ValueBound Expressions::element(const Load& l, Loc loc) {
    for (auto* all : {&tensors, &elements})
        if (const auto found = all->find(l.tensor); found != all->end()) {
            ValueBound b = found->second.over(places(found->second, l.indices));
            if (!uncertain(l.indices)) return b;
            // Rounding may read any other element.
            const ValueBound whole = found->second.all();
            b.range = whole.range;
            b.error = add_up(whole.error, add_up(whole.range.high, -whole.range.low));
            if (b.error == no_end)
                return without_bound(b, loc,
                                     "there is no error bound: a subscript of " + l.tensor.name() +
                                         " depends on rounding");
            return settled(b);
        }
    return {};
}

void Expressions::let(const Symbol& name, const Expr& value) {
    if (value.type().is_index()) {
        place.lets.insert_or_assign(name, place.of(value));
        if (uncertain(value)) uncertain_places.insert(name);
    }
    scalars[name] = form(value);
}

ValueBound Expressions::stored(const ValueBound& v, Type from, Type to, const Symbol& tensor, Loc loc) {
    const Conversion c = convert(to, from, v);
    overflow(c.overflow, to, tensor, loc, is_point(v.held) && conditions == 0);
    return c.bound;
}

ValueBound Expressions::total(const Form& f) const {
    ValueBound b{f.rest, f.error, f.held, f.nan};
    for (const auto& [load, c] : f.loads) {
        if (c == 0) continue;
        b.range = sum_of(b.range, scaled(loads[load].bound.range, c));
        b.error = add_up(b.error, mul_up(std::abs(c), loads[load].bound.error));
    }
    return settled(b);
}

Form Expressions::finished(Form f) const {
    const ValueBound b = total(f);
    f.held = b.held;
    if (b.nan) f.error = no_end;
    return f;
}

void Expressions::coefficient(Form& f, size_t load, double c, double lost) const {
    f.loads[load] = c;
    if (lost == 0) return;
    const double most = mul_up(std::abs(lost), loads[load].bound.range.most());
    f.rest = sum_of(f.rest, {-most, most});
}

Form Expressions::times(const Form& a, double factor) const {
    Form r{{},
           scaled(a.rest, factor),
           mul_up(a.error, std::abs(factor)),
           scaled(a.held, factor),
           a.nan || (factor == 0 && !has_end(a.held))};
    for (const auto& [load, c] : a.loads)
        coefficient(r, load, c * factor,
                    c * factor * std::ldexp(std::fma(c, factor, -(c * factor)) != 0, -52));
    return finished(r);
}

Form Expressions::added(const Form& a, const Form& b) const {
    Form r = a;
    r.rest = sum_of(a.rest, b.rest);
    for (const auto& [load, c] : b.loads) {
        const double old = r.loads[load], sum = old + c, part = sum - old;
        const bool exact = (old - (sum - part)) + (c - part) == 0;
        coefficient(r, load, sum, exact ? 0 : sum * 0x1p-52);
    }
    r.error = add_up(a.error, b.error);
    r.held = sum_of(a.held, b.held);
    r.nan = a.nan || b.nan || (a.held.high == no_end && b.held.low == -no_end) ||
            (a.held.low == -no_end && b.held.high == no_end);
    return finished(r);
}

Form Expressions::form(const Expr& e) {
    if (e.type().is_index()) {
        const ValueRange range = place.range(e);
        const double apart = uncertain(e) ? add_up(range.high, -range.low) : 0;
        return {{}, range, apart, range, false};
    }
    switch (e.kind()) {
    case ExprKind::constant:
        return alone(exact_bound(around_of(e.as<Constant>()->value)));
    case ExprKind::variable: {
        const auto known = scalars.find(e.as<Variable>()->symbol);
        return known == scalars.end() ? alone(exact_bound(range_of(e.type()))) : known->second;
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
    case ExprKind::cast:
        return converted(form(e.as<Cast>()->a), e.type(), e.as<Cast>()->a.type(), {}, e.loc());
    case ExprKind::fma: {
        const auto* f = e.as<Fma>();
        const bool same = equal(f->a, f->b);
        return rounded(added(product(form(f->a), form(f->b), same), form(f->c)), e.type(), e.loc());
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
    std::vector<Form> all;
    for (const Expr& o : operands(e))
        all.push_back(form(o));
    if (!e.type().is_float()) return bits(all, range_of(e.type()), "taking bits", e.loc());
    return alone(without_bound({all_numbers, no_end, all_numbers, true}, e.loc(),
                               "there is no error bound: taking bits works on rounded numbers"));
}

Form Expressions::converted(Form f, Type to, Type from, const Symbol& tensor, Loc loc) {
    const ValueBound before = total(f);
    const Conversion c = convert(to, from, before);
    overflow(c.overflow, to, tensor, loc, is_point(before.held) && conditions == 0);
    if (to.is_bool()) return alone(c.bound);
    f.held = c.bound.held;
    f.nan = c.bound.nan;
    f.error = c.bound.error == no_end ? no_end : add_up(f.error, c.lost);
    return f;
}

Form Expressions::operand(const Expr& e, Type result, Type other) {
    const auto* c = e.as<Constant>();
    if (c && e.type().is_real() && !other.is_real() && !other.is_index()) {
        const Value typed = type_literal(c->value, other);
        Form f = alone(exact_bound(around_of(c->value)));
        f.held = around_of(typed);
        f.error = std::isfinite(typed.as_double())
                      ? std::max(std::abs(f.held.high - f.rest.low), std::abs(f.rest.high - f.held.low))
                      : no_end;
        if (f.error > 0) f.error = up(f.error);
        return f;
    }
    Form f = form(e);
    return result.is_float() && !e.type().is_real()
               ? converted(std::move(f), result, e.type(), writing, e.loc())
               : f;
}

Form Expressions::rounded(Form f, Type t, Loc loc) {
    if (!t.is_float()) {
        if (t.is_exact() && !t.is_bool()) f.held = held_by(t, f.held);
        return f;
    }
    return converted(std::move(f), t, RealType(), writing, loc);
}

Form Expressions::product(const Form& x, const Form& y, bool same) const {
    if (x.is_number()) return times(y, x.rest.low);
    if (y.is_number()) return times(x, y.rest.low);
    return alone(multiplied(total(x), total(y), same));
}

Form Expressions::binary(const Binary& e) {
    const Type a = e.a.type(), b = e.b.type();
    if (is_compare(e.op) || e.op == BinaryOp::logical_and || e.op == BinaryOp::logical_or) {
        const bool floats = a.is_float() || b.is_float();
        const Type common =
            floats && !a.is_index() && !b.is_index() ? result_type(BinaryOp::add, a, b, e.loc) : Type();
        return alone(compared(e.op, total(operand(e.a, common, b)), total(operand(e.b, common, a))));
    }
    const Form x = operand(e.a, e.type, b), y = operand(e.b, e.type, a);
    switch (e.op) {
    case BinaryOp::add:
        return rounded(added(x, y), e.type, e.loc);
    case BinaryOp::sub:
        return rounded(added(x, times(y, -1)), e.type, e.loc);
    case BinaryOp::mul:
        return rounded(product(x, y, equal(e.a, e.b)), e.type, e.loc);
    case BinaryOp::div: {
        const ValueBound d = total(y);
        if (has_point(d.held, 0) || (d.error < no_end && has_point(d.range, 0)))
            fail(e.loc, "there is no bound of values: the divisor {} may be 0", print(e.b));
        return rounded(alone(divided(total(x), d, e.type)), e.type, e.loc);
    }
    case BinaryOp::min:
    case BinaryOp::max:
        return alone(least_or_greatest(e.op, total(x), total(y)));
    default:
        return bits({x, y}, bits_held(e.op, e.type, total(x).held, total(y).held), symbol(e.op), e.loc);
    }
}

Form Expressions::unary(const Unary& e) {
    const Form x = form(e.a);
    const ValueBound b = total(x);
    switch (e.op) {
    case UnaryOp::neg:
        return times(x, -1);
    case UnaryOp::abs:
        return alone(absolute(b));
    case UnaryOp::sqrt:
        if (b.held.low < 0 || (b.error < no_end && b.range.low < 0))
            fail(e.loc, "there is no bound of values: sqrt may meet a negative number");
        return rounded(alone(root(b)), e.type, e.loc);
    case UnaryOp::floor:
    case UnaryOp::ceil:
    case UnaryOp::round_even:
    case UnaryOp::trunc:
        return alone(whole(e.op, b));
    default:
        return bits({x}, inverted_bits(e.type, b.held), name(e.op), e.loc);
    }
}

ValueBound Expressions::arm(const Expr& e, ValueBound b, const Select& of, bool chosen, bool certain) {
    const auto* c = of.condition.as<Binary>();
    if (!of.type.is_exact() && e.type() != of.type) return b; // rounded after it is compared
    if (!c || !is_compare(c->op)) return b;
    const Type s = c->a.type(), t = c->b.type();
    if (!(s == t ? s.is_exact() || s.is_float() : s.is_exact() && t.is_exact()) || b.nan) return b;
    const bool left = equal(e, c->a);
    if (!left && !equal(e, c->b)) return b;
    const ValueBound other = total(form(left ? c->b : c->a));
    if (other.nan) return b;
    const BinaryOp op = chosen ? c->op : opposite(c->op);
    b.held = where_holds(left ? op : swapped(op), b.held, other.held);
    if (certain) b.range = where_holds(left ? op : swapped(op), b.range, other.range);
    return b;
}

Form Expressions::select(const Select& e) {
    const ValueBound c = total(form(e.condition));
    const Form x = operand(e.then_value, e.type, e.else_value.type()),
               y = operand(e.else_value, e.type, e.then_value.type());
    const bool certain = c.error == 0;
    if (certain && is_point(c.held)) return c.held.low == 0 ? y : x;
    const ValueBound a = arm(e.then_value, total(x), e, true, certain),
                     b = arm(e.else_value, total(y), e, false, certain);
    ValueBound hull = hull_of(a, b);
    if (certain) return alone(hull);
    if (several)
        return alone(without_bound(
            hull, e.loc,
            fmt::format("there is no error bound: which value wins (as in argmin or argmax) at {} depends "
                        "on rounding",
                        e.loc.str())));
    hull.error = add_up(add_up(hull.range.high, -hull.range.low), hull.error);
    return alone(settled(hull));
}

Form Expressions::call(const Call& e) {
    std::vector<Form> forms;
    std::vector<ValueBound> all;
    for (const Expr& a : e.arguments) {
        forms.push_back(operand(a, e.type, e.type));
        all.push_back(total(forms.back()));
    }
    if (!e.type.is_float()) {
        ValueRange held = range_of(e.type);
        if (e.function == "popcount") held.high = std::min(held.high, double(e.arguments[0].type().width()));
        return bits(forms, held, e.function.c_str(), e.loc);
    }
    if (const auto known = function(e.function, e.type, all)) {
        ValueBound b = *known;
        const Conversion c = convert(e.type, Float(64), b); // its rounding is counted
        overflow(c.overflow, e.type, writing, e.loc, false);
        b.held = c.bound.held;
        if (c.overflow) b.error = no_end;
        return alone(settled(b));
    }
    ValueBound any{all_numbers, no_end, all_numbers, true};
    return alone(without_bound(any, e.loc,
                               fmt::format("there is no error bound: {} may meet a number that it has "
                                           "no bound for, as one that is not positive",
                                           e.function)));
}

Form Expressions::bits(const std::vector<Form>& from, const ValueRange& held, const char* what, Loc loc) {
    const ValueBound b = exact_bound(held);
    for (const Form& f : from)
        if (const ValueBound of = total(f); of.error > 0 || of.nan)
            return alone(without_bound(
                b, loc, fmt::format("there is no error bound: {} works on rounded numbers", what)));
    return alone(b);
}

} // namespace lathe::ir
