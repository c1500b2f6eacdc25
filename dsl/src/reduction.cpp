#include "lathe/dsl/reduction.h"

#include "nodes.h"
#include "shape.h"

namespace lathe {

using namespace ir;

namespace {

/// The number of points of the domain, conditions ignored; nothing if it is not constant.
std::optional<int64_t> points(const RDomData& domain) {
    mpz_class count = 1;
    for (const RDomData::Dimension& d : domain.dims) {
        Mentions mentions;
        mentions.add(d.extent);
        if (holds_reduction(d.extent)) return {};
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

namespace {

/// The parts of a group, once its results are known.
std::vector<Expr> parts_of(ReductionGroup group, Loc loc) {
    group.domain->used = true;
    const auto shared = std::make_shared<const ReductionGroup>(std::move(group));
    std::vector<Expr> parts;
    for (size_t n = 0; n < shared->types.size(); ++n)
        parts.emplace_back(std::make_shared<const GroupPart>(shared, n, loc));
    return parts;
}

ReductionGroup group_over(const RDom& over, std::string name) {
    ReductionGroup group;
    group.name = std::move(name);
    group.domain = over.data();
    return group;
}

/// The variable that stands for the old value of the group's next target.
Expr add_target(ReductionGroup& group, Type type, Expr start, Loc loc,
                TypeOrigin origin = TypeOrigin::declared) {
    group.types.push_back(type);
    group.origins.push_back(origin);
    group.starts.push_back(std::move(start));
    group.old.emplace_back(group.name);
    return Expr(std::make_shared<const LetVariable>(group.old.back(), type, loc));
}

Best best(const char* name, BinaryOp better, BinaryOp start, const RDom& over, const Operand& operand) {
    const Loc loc = operand.loc();
    const Expr value =
        operand.expr().type().is_real() ? Cast::make(Float(32), operand.expr(), loc) : operand.expr();
    ReductionGroup group = group_over(over, name);
    const Expr none = Constant::make(identity(start, value.type()), loc);
    const Expr old = add_target(group, value.type(), none, loc, TypeOrigin::sum);
    const Expr found = add_target(group, Bool(), Expr(false), loc);
    group.condition = Select::make(found, Binary::make(better, value, old, loc), Expr(true), loc);
    group.results = {value, Expr(true)};
    for (size_t d = 0; d < over.rank(); ++d) {
        add_target(group, Int(32), Expr(-1), loc);
        group.results.push_back(over[d].value(loc));
    }
    const std::vector<Expr> parts = parts_of(std::move(group), loc);
    return {parts[0], {parts.begin() + 2, parts.end()}};
}

} // namespace

Best argmin(const RDom& over, const Operand& value) {
    return best("argmin", BinaryOp::lt, BinaryOp::min, over, value);
}
Best argmax(const RDom& over, const Operand& value) {
    return best("argmax", BinaryOp::gt, BinaryOp::max, over, value);
}

Reducer::Reducer(Name n, std::vector<Target> t, Combine c)
    : name(std::move(n)), targets(std::move(t)), combine(std::move(c)) {
    if (targets.empty())
        fail(name.loc, "the reducer {} has no targets: give {{type, start}} for each", name.text);
    for (const Target& t : targets)
        if (!t.start.expr().as<Constant>())
            fail(t.start.loc(), "a start value of the reducer {} is not a literal", name.text);
}

std::vector<Expr> Reducer::operator()(const RDom& over, const std::vector<Operand>& point, Loc loc) const {
    ReductionGroup group = group_over(over, name.text);
    std::vector<Expr> old, values;
    for (const Target& t : targets)
        old.push_back(add_target(group, t.type, t.start.expr(), loc));
    for (const Operand& p : point)
        values.push_back(p.expr());
    group.results = combine(old, values);
    if (group.results.size() != targets.size())
        fail(loc, "the reducer {} has {} targets, and its combiner gives {} values", name.text,
             targets.size(), group.results.size());
    for (const Expr& e : group.results)
        if (!e.defined()) fail(loc, "the combiner of the reducer {} gives an empty Expr", name.text);
    return parts_of(std::move(group), loc);
}

} // namespace lathe
