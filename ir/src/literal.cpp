#include "lathe/ir/expr.h"
#include "lathe/ir/stmt.h"
#include "lathe/ir/text.h"

#include <cmath>

namespace lathe {

using namespace ir;

Expr Expr::literal(bool value, Loc loc) {
    return Constant::make(Value::boolean(value), loc);
}

Expr Expr::literal(int64_t value, Loc loc) {
    return Constant::make(Value::literal(mpz_class(static_cast<long>(value))), loc);
}

Expr Expr::literal(uint64_t value, Loc loc) {
    return Constant::make(Value::literal(mpz_class(static_cast<unsigned long>(value))), loc);
}

Expr Expr::literal(float value, Loc loc) {
    if (!std::isfinite(value)) return Constant::make(Value::from_double(Float(32), value), loc);
    return literal(static_cast<double>(value), loc);
}

Expr Expr::literal(double value, Loc loc) {
    if (!std::isfinite(value)) return Constant::make(Value::from_double(Float(64), value), loc);
    return Constant::make(Value::real(mpq_class(value)), loc);
}

const Expr Expr::operator[](BitPosition bit) const {
    return Slice::make(*this, bit.position, bit.position, bit.loc);
}

Expr Expr::bit_at(const Expr& position) const {
    const Loc at = position.loc();
    const Type t = type();
    const Expr lowest = Slice::make(*this, 0, 0, at); // refuses what has no bits
    const Expr bits = Bitcast::make(UInt(t.width()), *this, at);
    return Cast::make(lowest.type(), Binary::make(BinaryOp::shr, bits, position, at), at);
}

const Expr Expr::operator()(int hi, int lo, Loc loc) const {
    return Slice::make(*this, hi, lo, loc);
}

Param::Param(std::string name, Type t, Loc l) : symbol(std::move(name)), type(t), loc(l) {
    check_name(symbol.name(), loc);
}

Param::operator Expr() const {
    if (type != IndexType() && !type.is_element())
        fail(loc, "the parameter {} cannot be of {}: use a sized type", symbol.name(), type.str());
    const Expr value = Variable::make(symbol, type, loc);
    return type.is_index() ? Cast::make(Int(32), value, loc) : value;
}

} // namespace lathe
