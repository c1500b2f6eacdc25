#include "lathe/ir/index_ranges.h"

#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe {

namespace {

mpz_class power(unsigned bits) {
    return mpz_class(1) << bits;
}

IntegerRange type_range(Type t) {
    t = t.element();
    if (t.is_bool()) return {0, 1};
    if (t.is_int()) return {min_value(t).raw(), max_value(t).raw()};
    return {-power(63), power(63) - 1};
}

IntegerRange hull(const IntegerRange& a, const IntegerRange& b) {
    return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

/// The part of `a` in `b`; `a` if there is none, as in code that never runs.
IntegerRange part(const IntegerRange& a, const IntegerRange& b) {
    IntegerRange r{std::max(a.low, b.low), std::min(a.high, b.high)};
    return r.low <= r.high ? r : a;
}

mpz_class magnitude(const IntegerRange& r) {
    return std::max(mpz_class(abs(r.low)), mpz_class(abs(r.high)));
}

mpz_class floor_quotient(const mpz_class& a, const mpz_class& b) {
    mpz_class q;
    mpz_fdiv_q(q.get_mpz_t(), a.get_mpz_t(), b.get_mpz_t());
    return q;
}

IntegerRange floor_quotients(const IntegerRange& a, const IntegerRange& b) {
    if (b.low < 0) { // as far from 0 as the dividend, or one further down
        const mpz_class most = magnitude(a);
        return {-most, most};
    }
    const mpz_class least = std::max(mpz_class(1), b.low), most = std::max(least, b.high);
    IntegerRange r = hull({std::min(floor_quotient(a.low, least), floor_quotient(a.low, most)),
                           std::min(floor_quotient(a.low, least), floor_quotient(a.low, most))},
                          {std::max(floor_quotient(a.high, least), floor_quotient(a.high, most)),
                           std::max(floor_quotient(a.high, least), floor_quotient(a.high, most))});
    return b.low == 0 ? hull(r, {0, 0}) : r; // x / 0 = 0
}

IntegerRange floor_remainders(const IntegerRange& a, const IntegerRange& b) {
    if (b.low > 0) {
        if (a.low >= 0) return {0, std::min(a.high, mpz_class(b.high - 1))};
        return {0, b.high - 1};
    }
    const mpz_class down = b.low + 1, up = b.high - 1; // x % 0 = x
    return hull(hull(a, {0, 0}), {std::min(down, mpz_class(0)), std::max(up, mpz_class(0))});
}

/// Whether `e` is x floordiv `y`.
const Binary* quotient_by(const Expr& e, const Expr& y) {
    const auto* b = e.as<Binary>();
    return b && b->op == BinaryOp::floordiv && (b->b.same_as(y) || equal(b->b, y)) ? b : nullptr;
}

} // namespace

size_t IntegerRange::bits() const {
    const auto of = [](const mpz_class& x) {
        const mpz_class m = x < 0 ? mpz_class(-x - 1) : x;
        return m == 0 ? size_t{1} : mpz_sizeinbase(m.get_mpz_t(), 2) + 1;
    };
    return std::max(of(low), of(high));
}

IndexRanges::IndexRanges(const Facts& facts) : known(facts) {}

IndexRanges::IndexRanges(const Stmt& s) {
    for_each(s, [&](const Stmt& x) { enter(x); }, [&](const Expr& x) { enter(x); });
}

void IndexRanges::enter(const Stmt& s) {
    if (const auto* l = s.as<LetStmt>())
        definitions.insert_or_assign(l->symbol, Definition{{}, {}, l->value, true});
    if (const auto* f = s.as<For>())
        definitions.insert_or_assign(f->var, Definition{f->min, f->extent, {}, true});
}

void IndexRanges::enter(const Expr& e) {
    if (const auto* l = e.as<Let>())
        definitions.insert_or_assign(l->symbol, Definition{{}, {}, l->value, false});
}

IntegerRange IndexRanges::of_loop(const Definition& d) {
    const IntegerRange first = of(d.min), count = of(d.extent);
    mpz_class last = first.high + count.high - 1;
    // From x to y − 1 are y − x iterations.
    if (const auto* rest = d.extent.as<Binary>(); rest && rest->op == BinaryOp::sub && equal(rest->b, d.min))
        last = std::min(last, mpz_class(of(rest->a).high - 1));
    return part({first.low, std::max(first.low, last)}, {-power(62), power(63) - 1});
}

IntegerRange IndexRanges::of_variable(const Variable& v) {
    const auto defined = definitions.find(v.symbol);
    if (!v.type.element().is_index() && defined == definitions.end()) return type_range(v.type);
    const Interval* given = known.range(v.symbol);
    const IntegerRange like_sizes = {given ? mpz_class(-power(31)) : mpz_class(0), power(31) - 1};
    const auto [found, first] = variables.try_emplace(v.symbol);
    if (!first) return found->second.value_or(like_sizes); // what bounds it mentions it
    IntegerRange r = like_sizes;
    if (defined != definitions.end()) {
        const Definition d = defined->second;
        r = d.value.defined() ? of(d.value) : of_loop(d);
        if (d.value.defined() && d.statement && v.type.is_index()) r = part(r, {-power(62), power(62)});
    } else {
        if (given && given->min.defined()) r.low = of(given->min).low;
        if (given && given->max.defined()) r.high = of(given->max).high;
        r.high = std::max(r.low, r.high);
    }
    variables[v.symbol] = r;
    return r;
}

IntegerRange IndexRanges::of(const Expr& e) {
    if (const auto found = ranges.find(e.get()); found != ranges.end()) return found->second.second;
    enter(e);
    IntegerRange r = compute(e);
    ranges.insert_or_assign(e.get(), std::pair(e, r));
    return r;
}

IntegerRange IndexRanges::compute(const Expr& e) {
    const IntegerRange all = type_range(e.type());
    const bool index = e.type().element().is_index();
    if (!index && !e.type().element().is_int()) return all;
    if (const auto* c = e.as<Constant>()) return {c->value.raw(), c->value.raw()};
    if (const auto* v = e.as<Variable>()) return of_variable(*v);
    if (const auto* c = e.as<Cast>()) return of_cast(*c);
    if (const auto* s = e.as<Select>()) {
        const IntegerRange r = hull(of(s->then_value), of(s->else_value));
        return index || r.inside(all) ? r : all;
    }
    if (const auto* l = e.as<Let>()) return of(l->body);
    if (const auto* b = e.as<Broadcast>()) return of(b->a);
    if (const auto* r = e.as<Ramp>()) {
        const IntegerRange first = of(r->base), step = of(r->stride);
        const int last = e.type().lanes() - 1;
        return hull(first, {first.low + last * step.low, first.high + last * step.high});
    }
    std::optional<IntegerRange> r;
    if (const auto* b = e.as<Binary>(); b && (index || b->a.type().element().is_int())) r = of_binary(*b);
    if (const auto* u = e.as<Unary>(); u && (index || u->a.type().element().is_int())) {
        const IntegerRange a = of(u->a);
        if (u->op == UnaryOp::neg) r = {-a.high, -a.low};
        if (u->op == UnaryOp::abs) r = {0, magnitude(a)};
    }
    return r && (index || r->inside(all)) ? *r : all;
}

IntegerRange IndexRanges::of_cast(const Cast& c) {
    const Type from = c.a.type().element(), to = c.type.element();
    if (from.is_fixed()) {
        if (!to.is_index()) return type_range(to);
        const mpz_class most = power(static_cast<unsigned>(std::max(from.int_bits(), 1)));
        return {-most, most};
    }
    const IntegerRange r = of(c.a), all = type_range(to);
    return to.is_index() || r.inside(all) ? r : all;
}

IntegerRange IndexRanges::of_product(const Binary& b) {
    const IntegerRange x = of(b.a), y = of(b.b);
    const mpz_class c[] = {x.low * y.low, x.low * y.high, x.high * y.low, x.high * y.high};
    const IntegerRange r = {*std::min_element(c, c + 4), *std::max_element(c, c + 4)};
    // z floordiv y · y is at most |y| − 1 from z.
    const Binary* q = quotient_by(b.a, b.b);
    const mpz_class near = magnitude(q ? y : x);
    if (!q) q = quotient_by(b.b, b.a);
    if (!q) return r;
    const IntegerRange z = of(q->a);
    return part(r, hull({0, 0}, {z.low - near, z.high + near}));
}

std::optional<IntegerRange> IndexRanges::of_binary(const Binary& b) {
    const IntegerRange x = of(b.a), y = of(b.b);
    switch (b.op) {
    case BinaryOp::add:
        return IntegerRange{x.low + y.low, x.high + y.high};
    case BinaryOp::sub:
        return IntegerRange{x.low - y.high, x.high - y.low};
    case BinaryOp::mul:
        return of_product(b);
    case BinaryOp::min:
        return IntegerRange{std::min(x.low, y.low), std::min(x.high, y.high)};
    case BinaryOp::max:
        return IntegerRange{std::max(x.low, y.low), std::max(x.high, y.high)};
    case BinaryOp::floordiv:
        return floor_quotients(x, y);
    case BinaryOp::floormod:
        return floor_remainders(x, y);
    default:
        return std::nullopt;
    }
}

bool IndexRanges::fits(const Expr& e) {
    if (!e.type().element().is_index()) return true;
    if (const auto found = fit.find(e.get()); found != fit.end()) return found->second.second;
    enter(e);
    bool all = of(e).bits() <= machine_bits;
    for (const Expr& o : operands(e))
        all = all && (!o.defined() || fits(o));
    fit.insert_or_assign(e.get(), std::pair(e, all));
    return all;
}

size_t IndexRanges::widest(const Expr& e) {
    if (const auto found = widths.find(e.get()); found != widths.end()) return found->second.second;
    enter(e);
    size_t most = e.type().element().is_index() ? of(e).bits() : 0;
    for (const Expr& o : operands(e))
        if (o.defined()) most = std::max(most, widest(o));
    widths.insert_or_assign(e.get(), std::pair(e, most));
    return most;
}

} // namespace lathe
