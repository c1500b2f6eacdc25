#include "lower_types.h"

#include "lathe/ir/visit.h"
#include "requantize.h"

namespace lathe {
namespace {

Expr integer(Type t, const mpz_class& i) { return Constant::make(Value::from_raw(t, i)); }

/// Rewrites expressions into machine form. The algorithm's type of a node is the node's own; the machine form has machine_type of it.
class TypeLowering : public Mutator {
  public:
    /// cast(to, e) in machine form.
    Expr converted(Type to, const Expr& e) {
        if (e.type().is_real()) return requantize(to, to, machine_constant(cast(to, literal(e)), e.loc()));
        return requantize(to, e.type(), (*this)(e));
    }

    Tensor lowered(const Tensor& tensor) {
        Tensor result = tensor;
        result.type = machine_type(tensor.type);
        if (tensor.data && tensor.type.is_fixed()) {
            std::vector<Value> raw;
            for (const Value& v : *tensor.data) raw.push_back(Value::from_raw(result.type, v.raw()));
            result.data = std::make_shared<const std::vector<Value>>(std::move(raw));
        }
        for (Dim& d : result.dims) d = {(*this)(d.min), (*this)(d.extent)};
        return result;
    }

  protected:
    Expr mutate(const Expr& e) override {
        switch (e.kind()) {
        case ExprKind::constant: return machine_constant(e.as<Constant>()->value, e.loc());
        case ExprKind::variable: return Variable::make(e.as<Variable>()->symbol, machine_type(e.type()), e.loc());
        case ExprKind::load: return load(*e.as<Load>());
        case ExprKind::unary: return unary(*e.as<Unary>());
        case ExprKind::binary: return binary(*e.as<Binary>());
        case ExprKind::select: {
            auto* s = e.as<Select>();
            return Select::make((*this)(s->condition), converted(e.type(), s->then_value), converted(e.type(), s->else_value), e.loc());
        }
        case ExprKind::cast: return converted(e.type(), e.as<Cast>()->a);
        case ExprKind::bitcast: return bits(machine_type(e.type()), e.as<Bitcast>()->a);
        case ExprKind::slice: {
            auto* s = e.as<Slice>();
            const Expr x = raw(s->a);
            const Expr low = s->lo == 0 ? x : Binary::make_as(x.type(), BinaryOp::shr, x, integer(x.type(), s->lo));
            return Cast::make(e.type(), low);
        }
        case ExprKind::call: return call(*e.as<Call>());
        default: return Mutator::mutate(e);
        }
    }

    Stmt mutate(const Stmt& s) override {
        if (auto* store = s.as<Store>()) {
            std::vector<StoreTarget> targets;
            for (const StoreTarget& t : store->targets)
                targets.push_back({t.tensor, machine_type(t.type), subscripts(t.indices), converted(t.type, t.value)});
            return Store::make(std::move(targets), s.loc(), predicate(store->predicate));
        }
        if (auto* reduce = s.as<Reduce>()) return lower_reduce(*reduce);
        if (auto* allocation = s.as<Allocate>()) return Allocate::make(lowered(allocation->tensor), (*this)(allocation->body));
        return Mutator::mutate(s);
    }

  private:
    static const Value& literal(const Expr& e) {
        auto* constant = e.as<Constant>();
        invariant(constant != nullptr, "an untyped real that is not a constant");
        return constant->value;
    }

    static Expr machine_constant(const Value& v, Loc loc) {
        return Constant::make(v.type().is_fixed() ? Value::from_raw(machine_type(v.type()), v.raw()) : v, loc);
    }

    std::vector<Expr> subscripts(const std::vector<Expr>& indices) {
        std::vector<Expr> result;
        for (const Expr& i : indices) result.push_back((*this)(i));
        return result;
    }

    Expr predicate(const Expr& p) { return p.defined() ? (*this)(p) : p; }

    /// The machine form's bits, for operators that look at bits: a Bool is a UInt(1).
    Expr raw(const Expr& e) {
        const Expr x = (*this)(e);
        return x.type().is_bool() ? Cast::make(UInt(1), x) : x;
    }

    Expr bits(Type to, const Expr& from) {
        const Expr x = raw(from);
        if (to.is_float() || x.type().is_float()) return Bitcast::make(to, x);
        return Cast::make(to, x);
    }

    Expr load(const Load& l) {
        return Load::make(l.tensor, machine_type(l.type), subscripts(l.indices), l.loc, predicate(l.predicate));
    }

    Expr unary(const Unary& u) {
        const Type t = machine_type(u.type);
        if (!t.is_exact() || u.a.type().is_bool()) return Unary::make(u.op, (*this)(u.a), u.loc);
        const Expr x = Cast::make(t, raw(u.a));
        if (u.op == UnaryOp::bit_not) return Unary::make(u.op, x, u.loc);
        const Expr negated = Binary::make_as(t, BinaryOp::sub, integer(t, 0), x, u.loc);
        if (u.op == UnaryOp::neg) return negated;
        invariant(u.op == UnaryOp::abs, "a float operator on an exact type");
        if (!u.a.type().is_signed()) return x;
        const Expr a = (*this)(u.a);
        return Select::make(Binary::make(BinaryOp::lt, a, integer(a.type(), 0)), negated, x, u.loc);
    }

    /// The algorithm's type of an operand beside `other`: an untyped literal takes its type from it.
    static Type typed(const Expr& e, const Expr& other) {
        return e.type().is_real() ? type_literal(literal(e), other.type()).type() : e.type();
    }
    Expr operand(Type as, const Expr& e, const Expr& other) {
        if (!e.type().is_real()) return requantize(as, e.type(), (*this)(e));
        const Value v = type_literal(literal(e), other.type());
        return requantize(as, v.type(), machine_constant(v, e.loc()));
    }

    Expr binary(const Binary& b) {
        if (b.type.is_index() || b.op == BinaryOp::logical_and || b.op == BinaryOp::logical_or)
            return Binary::make(b.op, (*this)(b.a), (*this)(b.b), b.loc);
        if (b.op == BinaryOp::shl || b.op == BinaryOp::shr) return shift(b);
        const Type ta = typed(b.a, b.b), tb = typed(b.b, b.a);
        if (is_compare(b.op)) {
            const Type common = aligned_type(ta, tb, b.loc);
            return Binary::make(b.op, operand(common, b.a, b.b), operand(common, b.b, b.a), b.loc);
        }
        const Type t = machine_type(b.type);
        if (!t.is_exact() || t.is_bool()) return Binary::make(b.op, operand(b.type, b.a, b.b), operand(b.type, b.b, b.a), b.loc);
        switch (b.op) {
        case BinaryOp::mul:
            return Binary::make_as(t, b.op, widened(t, b.a, b.b), widened(t, b.b, b.a), b.loc);
        case BinaryOp::div:
        case BinaryOp::mod:
        case BinaryOp::floordiv:
        case BinaryOp::floormod: return divide(b, t, ta, tb);
        default:
            return Binary::make_as(t, b.op, operand(modeless(b.type), b.a, b.b), operand(modeless(b.type), b.b, b.a), b.loc);
        }
    }

    static Type modeless(Type t) { return t.with_modes(Round::trn, Overflow::wrap); }

    /// The operand's integer in the wider type `t`.
    Expr widened(Type t, const Expr& e, const Expr& other) {
        const Type own = typed(e, other);
        const Expr x = operand(own, e, other);
        return Cast::make(t, own.is_bool() ? Cast::make(UInt(1), x) : x);
    }

    Expr divide(const Binary& b, Type t, Type ta, Type tb) {
        // The quotient of the integers, after the numerator is shifted to the quotient's fraction bits.
        const int up = b.op == BinaryOp::div ? b.type.frac() - ta.frac() + tb.frac() : 0;
        invariant(up >= 0, "a quotient loses fraction bits");
        const bool sign = ta.is_signed() || tb.is_signed();
        const int width = std::max({ta.width() + up, tb.width(), t.width()}) + (sign ? 1 : 0);
        const Type wide = sign ? Int(std::min(width, Type::max_width)) : UInt(std::min(width, Type::max_width));
        Expr n = widened(wide, b.a, b.b);
        if (up > 0) n = Binary::make_as(wide, BinaryOp::shl, n, integer(wide, up));
        return Cast::make(t, Binary::make_as(wide, b.op, n, widened(wide, b.b, b.a), b.loc));
    }

    /// A shift in one direction by a non-negative amount of the unsigned type `amount.type()`; too far gives 0 or the sign.
    Expr shift_by(BinaryOp op, const Expr& x, const Expr& amount, Loc loc) {
        const Type t = x.type();
        const Expr limit = integer(t.is_signed() && op == BinaryOp::shr ? t : UInt(t.width()), 0);
        const Expr nothing = op == BinaryOp::shr && t.is_signed()
                                 ? Select::make(Binary::make(BinaryOp::lt, x, integer(t, 0)), integer(t, -1), limit)
                                 : integer(t, 0);
        if (auto* c = amount.as<Constant>()) {
            if (c->value.raw() >= t.width()) return nothing;
            return c->value.is_zero() ? x : Binary::make_as(t, op, x, integer(t, c->value.raw()), loc);
        }
        const Expr shifted = Binary::make_as(t, op, x, Cast::make(t, amount), loc);
        const Value width = Value::literal(t.width());
        if (holds(width.type(), amount.type()) && max_value(amount.type()).raw() < width.raw()) return shifted;
        const Type common = aligned_type(amount.type(), width.type(), loc);
        const Expr far = Binary::make(BinaryOp::ge, Cast::make(common, amount), Constant::make(cast(common, width)));
        return Select::make(far, nothing, shifted);
    }

    Expr shift(const Binary& b) {
        const Expr x = raw(b.a), amount = raw(b.b);
        const BinaryOp reverse = b.op == BinaryOp::shl ? BinaryOp::shr : BinaryOp::shl;
        if (auto* c = amount.as<Constant>()) {
            const mpz_class n = c->value.raw();
            const Expr size = Constant::make(Value::literal(abs(n)));
            return Cast::make(machine_type(b.type), shift_by(n < 0 ? reverse : b.op, x, size, b.loc));
        }
        if (!amount.type().is_signed()) return Cast::make(machine_type(b.type), shift_by(b.op, x, amount, b.loc));
        const Type size = UInt(amount.type().width());
        const Expr negated = Binary::make_as(size, BinaryOp::sub, integer(size, 0), Cast::make(size, amount));
        return Select::make(Binary::make(BinaryOp::lt, amount, integer(amount.type(), 0)), shift_by(reverse, x, negated, b.loc),
                            shift_by(b.op, x, Cast::make(size, amount), b.loc), b.loc);
    }

    Expr call(const Call& c) {
        std::vector<Expr> x;
        for (const Expr& a : c.arguments) x.push_back(raw(a));
        const auto unsigned_bits = [](const Expr& e) { return Cast::make(UInt(e.type().width()), e); };
        if (c.function == "concat") {
            const Expr high = Cast::make(c.type, unsigned_bits(x[0])), low = Cast::make(c.type, unsigned_bits(x[1]));
            return Binary::make_as(c.type, BinaryOp::bit_or, shift_by(BinaryOp::shl, high, Constant::make(Value::literal(x[1].type().width())), c.loc), low);
        }
        if (c.function == "with_slice") {
            const int hi = static_cast<int>(*as_int(c.arguments[2])), lo = static_cast<int>(*as_int(c.arguments[3]));
            const Type t = x[0].type();
            const mpz_class ones = ((mpz_class(1) << static_cast<unsigned>(hi - lo + 1)) - 1) << static_cast<unsigned>(lo);
            const Expr at = shift_by(BinaryOp::shl, Cast::make(t, x[1]), Constant::make(Value::literal(lo)), c.loc);
            const Expr kept = Binary::make_as(t, BinaryOp::bit_and, x[0], integer(t, -1 - ones));
            return Binary::make_as(t, BinaryOp::bit_or, kept, Binary::make_as(t, BinaryOp::bit_and, at, integer(t, ones)));
        }
        invariant(c.function == "popcount" || c.function == "reverse", "a math function after lower_math");
        return Call::make(c.function, {unsigned_bits(x[0])}, c.loc);
    }

    Stmt lower_reduce(const Reduce& r) {
        const StoreTarget& t = r.target;
        const Type machine = machine_type(t.type);
        const std::vector<Expr> at = subscripts(t.indices);
        // x's own rounding does not depend on t where the operation commutes, so x is brought to t's type first.
        if (r.commutes && machine.is_exact())
            return Reduce::make(r.op, {t.tensor, machine, at, converted(t.type, t.value)}, r.loc, predicate(r.predicate));
        const Expr old = Load::make(t.tensor, t.type, t.indices, r.loc, r.predicate);
        auto* product = t.value.as<Binary>();
        Expr value;
        if (r.contract && product && product->op == BinaryOp::mul && t.value.type() == t.type) {
            const Expr a = operand(t.type, product->a, product->b), b = operand(t.type, product->b, product->a);
            value = Fma::make(a, b, (*this)(old), r.loc);
        } else {
            value = converted(t.type, Binary::make(r.op, old, t.value, r.loc));
        }
        return Store::make(t.tensor, machine, at, value, r.loc, predicate(r.predicate));
    }
};

} // namespace

Module lower_types(const Module& module) {
    Module result = module;
    for (Function& f : result.functions) {
        TypeLowering lowering;
        for (Param& p : f.params) p.type = machine_type(p.type);
        for (Argument& a : f.arguments) a.tensor = lowering.lowered(a.tensor);
        for (Tensor& t : f.constants) t = lowering.lowered(t);
        f.body = lowering(f.body);
    }
    return result;
}

} // namespace lathe
