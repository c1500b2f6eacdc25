#include "lathe/dsl/reduction.h"

#include "nodes.h"
#include "shape.h"

namespace lathe {

namespace {

/// The number of points of the domain, conditions ignored; nothing if it is not constant.
std::optional<int64_t> points(const RDomData& domain) {
    mpz_class count = 1;
    for (const RDomData::Dimension& d : domain.dims) {
        Mentions mentions;
        mentions.add(d.extent);
        if (!mentions.variables.empty() || !mentions.loads.empty() || !mentions.params.empty()) return {};
        const std::optional<int64_t> n = as_int(size_index(d.extent));
        if (!n) return {};
        count *= static_cast<long>(std::max<int64_t>(*n, 0));
    }
    if (!count.fits_slong_p()) return {};
    return count.get_si();
}

Type exact_sum_type(Type value, const RDomData& domain, Loc loc) {
    if (value.is_float()) return value;
    const std::optional<int64_t> n = points(domain);
    if (!n)
        fail(loc,
             "the sum over {} of {} is exact, and the number of points is not a constant: give the "
             "accumulator's "
             "type, as in sum({}, x, Int(32))",
             domain.name, value.str(), domain.name);
    return sum_type(value, *n, loc);
}

Expr reduce(const char* name, BinaryOp op, const RDom& over, const Operand& operand,
            std::optional<Type> declared) {
    const Loc loc = operand.loc();
    Expr value = operand.expr();
    if (value.type().is_real()) value = Cast::make(Float(32), value, loc);
    const Type t = value.type();
    Type result = t.is_bool() && op != BinaryOp::min && op != BinaryOp::max ? UInt(1) : t;
    if (declared)
        result = *declared;
    else if (op == BinaryOp::add)
        result = exact_sum_type(result, *over.data(), loc);
    else if (op == BinaryOp::mul && !t.is_float())
        fail(loc, "the product of {} needs a type for its accumulator, as in product({}, x, Int(64))",
             t.str(), over.name());
    if (result.is_index() || result.is_real() || !has_identity(op, result))
        fail(loc, "{} has no start value in {}: give another type", name, result.str());
    over.data()->used = true;
    const TypeOrigin origin = declared ? TypeOrigin::declared : TypeOrigin::sum;
    return Expr(std::make_shared<const InlineReduction>(name, op, over.data(), value, result, origin, loc));
}

} // namespace

Expr sum(const RDom& over, const Operand& value, std::optional<Type> accumulator) {
    return reduce("sum", BinaryOp::add, over, value, accumulator);
}
Expr product(const RDom& over, const Operand& value, std::optional<Type> accumulator) {
    return reduce("product", BinaryOp::mul, over, value, accumulator);
}
Expr minimum(const RDom& over, const Operand& value) {
    return reduce("minimum", BinaryOp::min, over, value, {});
}
Expr maximum(const RDom& over, const Operand& value) {
    return reduce("maximum", BinaryOp::max, over, value, {});
}

} // namespace lathe
