/// \file Expressions of the checking interpreter.

#include "interpret_checking.h"

#include "lathe/ir/comparison.h"
#include "lathe/ir/visit.h"

#include <functional>

namespace lathe::ir::interpreter {

namespace {

[[noreturn]] void overflow(BinaryOp op, int64_t x, int64_t y, Loc loc) {
    fail(loc, "the subscript {} {} {} does not fit in 64 bits", x, symbol(op), y);
}

int64_t fitting(const mpz_class& m, Loc loc) {
    if (!m.fits_slong_p()) fail(loc, "the subscript {} does not fit in 64 bits", m.get_str());
    return m.get_si();
}

} // namespace

void Evaluator::learn(const Stmt& s) {
    for_each(s, [&](const Stmt& inner) { learn(expressions(inner)); }, nullptr);
}

void Evaluator::learn(const std::vector<Expr>& roots) {
    std::unordered_set<const ExprNode*> met;
    const std::function<void(const Expr&)> count = [&](const Expr& e) {
        if (!met.insert(e.get()).second) {
            if (e->depth > 0) shared.insert(e.get());
            return;
        }
        for (const Expr& x : operands(e))
            count(x);
    };
    for (const Expr& e : roots)
        count(e);
}

std::vector<int64_t> Evaluator::numbers(Lane& lane, const std::vector<Expr>& all) {
    std::vector<int64_t> r;
    r.reserve(all.size());
    for (const Expr& e : all)
        r.push_back(number(lane, e));
    return r;
}

int64_t Evaluator::number(Lane& lane, const Expr& e) {
    if (!shared.contains(e.get())) return number_of(lane, e);
    if (const auto known = lane.numbers.find(e.get()); known != lane.numbers.end()) return known->second;
    const int64_t n = number_of(lane, e);
    lane.numbers.emplace(e.get(), n);
    return n;
}

int64_t Evaluator::number_of(Lane& lane, const Expr& e) {
    switch (e.kind()) {
    case ExprKind::constant:
        return fitting(e.as<Constant>()->value.raw(), e.loc());
    case ExprKind::variable: {
        const auto found = lane.indices.find(e.as<Variable>()->symbol);
        if (found == lane.indices.end())
            fail(e.loc(), "the variable {} has no value here", e.as<Variable>()->symbol.name());
        return found->second;
    }
    case ExprKind::binary:
        return number_of(lane, *e.as<Binary>());
    case ExprKind::select: {
        const auto* n = e.as<Select>();
        return number(lane, truth(lane, n->condition) ? n->then_value : n->else_value);
    }
    case ExprKind::cast: {
        const Expr& a = e.as<Cast>()->a;
        if (a.type().is_index()) return number(lane, a);
        return fitting(cast(IndexType(), term(lane, a).value).raw(), e.loc());
    }
    case ExprKind::unary: {
        const auto* n = e.as<Unary>();
        return fitting(apply(n->op, Value::index(number(lane, n->a))).raw(), e.loc());
    }
    case ExprKind::let:
        bind(lane, *e.as<Let>());
        return number(lane, e.as<Let>()->body);
    case ExprKind::load: // through a cast
    case ExprKind::bitcast:
    case ExprKind::slice:
    case ExprKind::fma:
    case ExprKind::call:
    case ExprKind::ramp:
    case ExprKind::broadcast:
    case ExprKind::vector_reduce:
        break;
    }
    throw InternalError("a subscript is of a kind that the checking interpreter knows");
}

int64_t Evaluator::number_of(Lane& lane, const Binary& n) {
    const int64_t x = number(lane, n.a), y = number(lane, n.b);
    int64_t r = 0;
    switch (n.op) {
    case BinaryOp::add:
        if (__builtin_add_overflow(x, y, &r)) overflow(n.op, x, y, n.loc);
        return r;
    case BinaryOp::sub:
        if (__builtin_sub_overflow(x, y, &r)) overflow(n.op, x, y, n.loc);
        return r;
    case BinaryOp::mul:
        if (__builtin_mul_overflow(x, y, &r)) overflow(n.op, x, y, n.loc);
        return r;
    case BinaryOp::min:
        return std::min(x, y);
    case BinaryOp::max:
        return std::max(x, y);
    default:
        return fitting(apply(n.op, Value::index(x), Value::index(y)).raw(), n.loc);
    }
}

bool Evaluator::truth(Lane& lane, const Expr& e) {
    if (const auto* n = e.as<Binary>(); n && !shared.contains(e.get())) {
        if (is_compare(n->op) && n->a.type().is_index() && n->b.type().is_index()) {
            const int64_t x = number(lane, n->a), y = number(lane, n->b);
            return compare(n->op, x, y);
        }
        if (n->op == BinaryOp::logical_and || n->op == BinaryOp::logical_or) {
            const bool x = truth(lane, n->a), y = truth(lane, n->b);
            return n->op == BinaryOp::logical_and ? x && y : x || y;
        }
    }
    return term(lane, e).value.is_true();
}

Term Evaluator::term(Lane& lane, const Expr& e) {
    invariant(e.type().is_scalar(), "checking mode runs Modules without vectors");
    if (e.type().is_index()) return Term::of(Value::index(number(lane, e)));
    if (!shared.contains(e.get())) return term_of(lane, e);
    if (const auto known = lane.terms.find(e.get()); known != lane.terms.end()) return known->second;
    Term t = term_of(lane, e);
    lane.terms.emplace(e.get(), t);
    return t;
}

Term Evaluator::term_of(Lane& lane, const Expr& e) {
    switch (e.kind()) {
    case ExprKind::constant:
        return Term::of(e.as<Constant>()->value);
    case ExprKind::variable: {
        const auto found = lane.values.find(e.as<Variable>()->symbol);
        if (found == lane.values.end())
            fail(e.loc(), "the variable {} has no value here", e.as<Variable>()->symbol.name());
        return found->second;
    }
    case ExprKind::load:
        return load(lane, *e.as<Load>());
    case ExprKind::unary:
        return unary_term(e.as<Unary>()->op, term(lane, e.as<Unary>()->a));
    case ExprKind::binary:
        return binary(lane, *e.as<Binary>());
    case ExprKind::select:
        return select(lane, *e.as<Select>());
    case ExprKind::cast:
        return cast_term(e.type(), term(lane, e.as<Cast>()->a));
    case ExprKind::bitcast:
        return bitcast_term(e.type(), term(lane, e.as<Bitcast>()->a));
    case ExprKind::slice:
        return slice_term(term(lane, e.as<Slice>()->a), e.as<Slice>()->hi, e.as<Slice>()->lo);
    case ExprKind::fma: {
        const auto* n = e.as<Fma>();
        return fma_term(term(lane, n->a), term(lane, n->b), term(lane, n->c));
    }
    case ExprKind::call: {
        std::vector<Term> arguments;
        for (const Expr& a : e.as<Call>()->arguments)
            arguments.push_back(term(lane, a));
        return call_term(*e.as<Call>(), arguments);
    }
    case ExprKind::let:
        bind(lane, *e.as<Let>());
        return term(lane, e.as<Let>()->body);
    case ExprKind::ramp:
    case ExprKind::broadcast:
    case ExprKind::vector_reduce:
        break;
    }
    throw InternalError("checking mode runs Modules without vectors");
}

Term Evaluator::load(Lane& lane, const Load& n) {
    if (n.predicate.defined() && !truth(lane, n.predicate))
        return Term::of(cast(n.type, Value::boolean(false)));
    CheckedTensor& t = lane.tensor(n.tensor, n.loc);
    invariant(t.type == n.type, "a load has its tensor's element type");
    return t.read(t.locate(numbers(lane, n.indices), n.loc), lane.in, n.loc);
}

Term Evaluator::select(Lane& lane, const Select& n) {
    const bool first = truth(lane, n.condition);
    const Expr &arm = first ? n.then_value : n.else_value, &other = first ? n.else_value : n.then_value;
    return cast_term(n.type, term_beside(term(lane, arm), other.type()));
}

Term Evaluator::binary(Lane& lane, const Binary& n) {
    if (n.a.type().is_index() && n.b.type().is_index() && is_compare(n.op)) {
        const int64_t x = number(lane, n.a), y = number(lane, n.b);
        return Term::of(Value::boolean(compare(n.op, x, y)));
    }
    const Term a = term(lane, n.a);
    return binary_term(n.op, n.type, a, term(lane, n.b));
}

void Evaluator::bind(Lane& lane, const Let& n) {
    if (n.value.type().is_index())
        lane.indices[n.symbol] = number(lane, n.value);
    else
        lane.values[n.symbol] = term(lane, n.value);
    // Should one symbol be bound twice, what was evaluated under the first binding is not valid now.
    if (!lane.let_bound.insert(n.symbol).second) lane.forget();
}

} // namespace lathe::ir::interpreter
