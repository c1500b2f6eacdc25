#include "lower_types.h"

#include "lathe/ir/visit.h"
#include "requantize.h"

#include <algorithm>

namespace lathe::codegen {
namespace {

Expr integer(Type t, const mpz_class& i) {
    return Constant::make(Value::from_raw(t, i));
}

/// Rewrites expressions into machine form. The algorithm's type of a node is the node's own; the machine form
/// has machine_type of it.
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
            for (const Value& v : *tensor.data)
                raw.push_back(Value::from_raw(result.type, v.raw()));
            result.data = std::make_shared<const std::vector<Value>>(std::move(raw));
        }
        for (Dim& d : result.dims)
            d = {(*this)(d.min), (*this)(d.extent)};
        return result;
    }

  protected:
    using Mutator::visit;
    Expr visit(const Constant& c, const Expr& e) override { return machine_constant(c.value, e.loc()); }
    Expr visit(const Variable& v, const Expr& e) override {
        return Variable::make(v.symbol, machine_type(e.type()), e.loc());
    }
    Expr visit(const Load& l, const Expr&) override { return load(l); }
    Expr visit(const Unary& u, const Expr&) override { return unary(u); }
    Expr visit(const Binary& b, const Expr&) override { return binary(b); }
    Expr visit(const Select& s, const Expr& e) override {
        return Select::make((*this)(s.condition), operand(e.type(), s.then_value, s.else_value),
                            operand(e.type(), s.else_value, s.then_value), e.loc());
    }
    Expr visit(const Cast& c, const Expr& e) override { return converted(e.type(), c.a); }
    Expr visit(const Bitcast& c, const Expr& e) override { return bits(machine_type(e.type()), c.a); }
    Expr visit(const Slice& s, const Expr& e) override {
        const Expr x = raw(s.a);
        const Expr low = s.lo == 0 ? x : Binary::make_as(x.type(), BinaryOp::shr, x, integer(x.type(), s.lo));
        return to_type(e.type(), low);
    }
    Expr visit(const Call& c, const Expr&) override { return call(c); }

    Stmt visit(const Store& store, const Stmt& s) override {
        std::vector<StoreTarget> targets;
        for (const StoreTarget& t : store.targets)
            targets.push_back(
                {t.tensor, machine_type(t.type), (*this)(t.indices), converted(t.type, t.value)});
        return Store::make(std::move(targets), s.loc(), (*this)(store.predicate));
    }
    Stmt visit(const Reduce& r, const Stmt&) override { return lower_reduce(r); }
    Stmt visit(const ExternCall& c, const Stmt&) override { return lower_call(c); }
    Stmt visit(const Allocate& a, const Stmt&) override {
        std::vector<Tensor> tensors;
        for (const Tensor& t : a.tensors)
            tensors.push_back(lowered(t));
        return Allocate::make(std::move(tensors), (*this)(a.body));
    }

  private:
    static const Value& literal(const Expr& e) {
        auto* constant = e.as<Constant>();
        invariant(constant != nullptr, "an untyped real that is not a constant");
        return constant->value;
    }

    static Expr machine_constant(const Value& v, Loc loc) {
        return Constant::make(v.type().is_fixed() ? Value::from_raw(machine_type(v.type()), v.raw()) : v,
                              loc);
    }

    /// The machine form's bits, for operators that look at bits: a Bool is a UInt(1).
    Expr raw(const Expr& e) {
        const Expr x = (*this)(e);
        return x.type().is_bool() ? to_type(UInt(1), x) : x;
    }

    Expr bits(Type to, const Expr& from) {
        const Expr x = raw(from);
        if (to.is_float() || x.type().is_float()) return Bitcast::make(to, x);
        return to_type(to, x);
    }

    Expr load(const Load& l) {
        return Load::make(l.tensor, machine_type(l.type.element()), (*this)(l.indices), l.loc,
                          (*this)(l.predicate));
    }

    Expr unary(const Unary& u) {
        const Type t = machine_type(u.type);
        if (!t.is_exact() || (t.is_bool() && u.op == UnaryOp::bit_not))
            return Unary::make(u.op, (*this)(u.a), u.loc);
        if (t.is_bool()) return (*this)(u.a); // abs
        const Expr x = to_type(t, raw(u.a));
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
        if (is_compare(b.op)) return compare(b, ta, tb);
        const Type t = machine_type(b.type);
        if (!t.is_exact())
            return Binary::make(b.op, operand(b.type, b.a, b.b), operand(b.type, b.b, b.a), b.loc);
        if (t.is_bool()) return Binary::make(bool_op(b.op), (*this)(b.a), (*this)(b.b), b.loc);
        switch (b.op) {
        case BinaryOp::mul:
            return Binary::make_as(t, b.op, widened(t, b.a, b.b), widened(t, b.b, b.a), b.loc);
        case BinaryOp::div:
        case BinaryOp::mod:
        case BinaryOp::floordiv:
        case BinaryOp::floormod:
            return divide(b, t, ta, tb);
        default:
            return Binary::make_as(t, b.op, operand(modeless(b.type), b.a, b.b),
                                   operand(modeless(b.type), b.b, b.a), b.loc);
        }
    }

    /// min, max and arithmetic that gives Bools, as logic.
    static BinaryOp bool_op(BinaryOp op) {
        if (op == BinaryOp::min || op == BinaryOp::mul) return BinaryOp::bit_and;
        return op == BinaryOp::max || op == BinaryOp::add ? BinaryOp::bit_or : op;
    }

    Expr compare(const Binary& b, Type ta, Type tb) {
        if (ta == tb) {
            const Expr x = operand(ta, b.a, b.b), y = operand(ta, b.b, b.a);
            if (!ta.is_bool() || b.op == BinaryOp::eq || b.op == BinaryOp::ne)
                return Binary::make(b.op, x, y, b.loc);
            return Binary::make(b.op, to_type(UInt(1), x), to_type(UInt(1), y), b.loc);
        }
        const Type common = modeless(aligned_type(ta, tb, b.loc));
        return Binary::make(b.op, operand(common, b.a, b.b), operand(common, b.b, b.a), b.loc);
    }

    static Type modeless(Type t) { return t.with_modes(Round::trn, Overflow::wrap); }

    /// The operand's integer in the wider type `t`.
    Expr widened(Type t, const Expr& e, const Expr& other) {
        const Type own = typed(e, other);
        const Expr x = operand(own, e, other);
        return to_type(t, x);
    }

    Expr divide(const Binary& b, Type t, Type ta, Type tb) {
        // The quotient of the integers, after the numerator is shifted to the quotient's fraction bits.
        const int up = b.op == BinaryOp::div ? std::max(tb.frac(), 0) : 0;
        const bool sign = ta.is_signed() || tb.is_signed();
        const auto bits = [&](Type x) { return x.width() + (sign && !x.is_signed() ? 1 : 0); };
        const int width = std::min(std::max({bits(ta) + up, bits(tb), bits(t)}), Type::max_width);
        const Type wide = sign ? Int(width) : UInt(width);
        Expr n = widened(wide, b.a, b.b);
        if (up > 0) n = Binary::make_as(wide, BinaryOp::shl, n, integer(wide, up));
        return to_type(t, Binary::make_as(wide, b.op, n, widened(wide, b.b, b.a), b.loc));
    }

    /// A shift in one direction by a non-negative amount; too far gives 0 or the sign.
    Expr shift_by(BinaryOp op, const Expr& x, const Expr& amount, Loc loc) {
        const Type t = x.type();
        Expr nothing = integer(t, 0);
        if (op == BinaryOp::shr && t.is_signed())
            nothing = Select::make(Binary::make(BinaryOp::lt, x, nothing), integer(t, -1), nothing);
        if (auto* c = amount.as<Constant>()) {
            if (c->value.raw() >= t.width()) return nothing;
            return c->value.is_zero() ? x : Binary::make_as(t, op, x, integer(t, c->value.raw()), loc);
        }
        const Expr shifted = Binary::make_as(t, op, x, to_type(t, amount), loc);
        if (max_value(amount.type()).raw() < t.width()) return shifted;
        const Expr far = Binary::make(BinaryOp::ge, amount, integer(amount.type(), t.width()));
        return Select::make(far, nothing, shifted);
    }

    Expr shift(const Binary& b) {
        const Expr x = raw(b.a), amount = raw(b.b);
        const BinaryOp reverse = b.op == BinaryOp::shl ? BinaryOp::shr : BinaryOp::shl;
        if (auto* c = amount.as<Constant>()) {
            const mpz_class n = c->value.raw();
            return shift_by(n < 0 ? reverse : b.op, x, Constant::make(Value::literal(abs(n))), b.loc);
        }
        if (!amount.type().is_signed()) return shift_by(b.op, x, amount, b.loc);
        const Type size = UInt(amount.type().width());
        const Expr forth = to_type(size, amount);
        const Expr back = Binary::make_as(size, BinaryOp::sub, integer(size, 0), forth);
        return Select::make(Binary::make(BinaryOp::lt, amount, integer(amount.type(), 0)),
                            shift_by(reverse, x, back, b.loc), shift_by(b.op, x, forth, b.loc), b.loc);
    }

    Expr call(const Call& c) {
        std::vector<Expr> x;
        for (const Expr& a : c.arguments)
            x.push_back(raw(a));
        const auto unsigned_bits = [](const Expr& e) { return to_type(UInt(e.type().width()), e); };
        if (c.function == "concat") {
            const Expr high = to_type(c.type, unsigned_bits(x[0])),
                       low = to_type(c.type, unsigned_bits(x[1]));
            const Expr up = Constant::make(Value::literal(x[1].type().width()));
            return Binary::make_as(c.type, BinaryOp::bit_or, shift_by(BinaryOp::shl, high, up, c.loc), low);
        }
        if (c.function == "with_slice") return with_slice(c, x);
        invariant(c.function == "popcount" || c.function == "reverse", "a math function after lower_math");
        return Call::make(c.function, {unsigned_bits(x[0])}, c.loc);
    }

    static mpz_class bit_mask(int hi, int lo) {
        return ((mpz_class(1) << static_cast<unsigned>(hi - lo + 1)) - 1) << static_cast<unsigned>(lo);
    }

    Expr with_slice(const Call& c, const std::vector<Expr>& x) {
        const int hi = static_cast<int>(*as_int(c.arguments[2])),
                  lo = static_cast<int>(*as_int(c.arguments[3]));
        const Type t = x[0].type();
        const Expr mask = integer(t, bit_mask(hi, lo)), rest = integer(t, ~bit_mask(hi, lo));
        const Expr at = shift_by(BinaryOp::shl, to_type(t, x[1]), Constant::make(Value::literal(lo)), c.loc);
        const Expr kept = Binary::make_as(t, BinaryOp::bit_and, x[0], rest);
        const Expr all =
            Binary::make_as(t, BinaryOp::bit_or, kept, Binary::make_as(t, BinaryOp::bit_and, at, mask));
        return c.type.is_bool() ? requantize(Bool(), UInt(1), all) : all;
    }

    Stmt lower_call(const ExternCall& c) {
        std::vector<ExternArgument> arguments = c.arguments;
        for (ExternArgument& a : arguments) {
            for (Dim& d : a.dims)
                d = {(*this)(d.min), (*this)(d.extent)};
            if (a.value.defined()) a.value = (*this)(a.value);
            a.type = machine_type(a.type);
        }
        return ExternCall::make(c.callee, std::move(arguments), c.loc);
    }

    Stmt lower_reduce(const Reduce& r) {
        const StoreTarget& t = r.target;
        const Type machine = machine_type(t.type);
        const std::vector<Expr> at = (*this)(t.indices);
        const Expr old = Load::make(t.tensor, t.type, t.indices, r.loc, r.predicate);
        // What rounding does to x does not depend on t where the operation commutes, so x is rounded first.
        // AP_SAT_SYM also turns away a most negative element that the caller's buffer held.
        const bool keeps_old = t.type.overflow() != Overflow::sat_sym || !t.type.is_signed();
        if (r.commutes && machine.is_exact() && keeps_old) {
            const BinaryOp op = machine.is_bool() ? bool_op(r.op) : r.op;
            // A factor is a whole number; every other operand is brought to t's point.
            const Type type = r.op != BinaryOp::mul || machine.is_bool() ? t.type : machine;
            return Reduce::make(op, {t.tensor, machine, at, operand(type, t.value, old)}, r.loc,
                                (*this)(r.predicate));
        }
        const Expr value = r.contract ? contracted(*t.value.as<Binary>(), old, t.type, r.loc)
                                      : converted(t.type, Binary::make(r.op, old, t.value, r.loc));
        return Store::make(t.tensor, machine, at, value, r.loc, (*this)(r.predicate));
    }

    /// old + a·b rounded once, in the type that the sum would have.
    Expr contracted(const Binary& product, const Expr& old, Type t, Loc loc) {
        const Type wide = aligned_type(t, product.type, loc);
        const auto factor = [&](const Expr& e, const Expr& other) {
            return requantize(wide, product.type, operand(product.type, e, other));
        };
        const Expr sum = Fma::make(factor(product.a, product.b), factor(product.b, product.a),
                                   requantize(wide, t, (*this)(old)), loc);
        return requantize(t, wide, sum);
    }
};

} // namespace

Module lower_types(const Module& module) {
    Module result = module;
    for (Function& f : result.functions) {
        TypeLowering lowering;
        for (Param& p : f.params)
            p.type = machine_type(p.type);
        for (Argument& a : f.arguments)
            a.tensor = lowering.lowered(a.tensor);
        for (Tensor& t : f.constants)
            t = lowering.lowered(t);
        f.body = lowering(f.body);
    }
    return result;
}

} // namespace lathe::codegen
