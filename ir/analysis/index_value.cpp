#include "lathe/ir/index_value.h"

#include "lathe/ir/comparison.h"

namespace lathe::ir {

namespace {

using Of = std::function<std::optional<int64_t>(const Symbol&)>;
using Value64 = std::optional<int64_t>;

Value64 floor_div(int64_t a, int64_t b) {
    if (b == 0) return 0;
    if (b == -1) return a == INT64_MIN ? Value64() : Value64(-a);
    return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

Value64 floor_mod(int64_t a, int64_t b) {
    if (b == 0) return a;
    if (b == -1) return 0;
    const int64_t rest = a % b;
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

Value64 binary(BinaryOp op, int64_t a, int64_t b) {
    if (is_compare(op)) return compare(op, a, b);
    int64_t r = 0;
    switch (op) {
    case BinaryOp::add:
        return __builtin_add_overflow(a, b, &r) ? Value64() : Value64(r);
    case BinaryOp::sub:
        return __builtin_sub_overflow(a, b, &r) ? Value64() : Value64(r);
    case BinaryOp::mul:
        return __builtin_mul_overflow(a, b, &r) ? Value64() : Value64(r);
    case BinaryOp::floordiv:
        return floor_div(a, b);
    case BinaryOp::floormod:
        return floor_mod(a, b);
    case BinaryOp::min:
        return std::min(a, b);
    case BinaryOp::max:
        return std::max(a, b);
    case BinaryOp::logical_and:
        return a != 0 && b != 0;
    case BinaryOp::logical_or:
        return a != 0 || b != 0;
    default:
        return {};
    }
}

} // namespace

std::optional<int64_t> index_value(const Expr& e, const Of& of) {
    if (!e.type().is_index() && !e.type().is_bool()) return {};
    if (const auto* v = e.as<Variable>()) return of(v->symbol);
    if (const auto* c = e.as<Constant>()) {
        const mpz_class& raw = c->value.raw();
        return raw.fits_slong_p() ? Value64(raw.get_si()) : Value64();
    }
    if (const auto* s = e.as<Select>()) {
        const Value64 chosen = index_value(s->condition, of);
        return chosen ? index_value(*chosen ? s->then_value : s->else_value, of) : Value64();
    }
    const auto* b = e.as<Binary>();
    if (!b) return {};
    const Value64 x = index_value(b->a, of);
    const Value64 y = x ? index_value(b->b, of) : Value64();
    return y ? binary(b->op, *x, *y) : Value64();
}

} // namespace lathe::ir
