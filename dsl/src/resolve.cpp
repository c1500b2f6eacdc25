#include "resolve.h"

#include "shape.h"

#include "lathe/ir/print.h"

namespace lathe {

using namespace ir;

namespace {

bool is_size_value(const Cast& c) {
    return c.type == Int(32) && c.a.type().is_index();
}

bool never_negative(const Expr& e, const Facts& facts) {
    return prove(Binary::make(BinaryOp::ge, e, index(0)), facts);
}

} // namespace

void Resolver::bind(const Symbol& variable, Expr value) {
    variables.insert_or_assign(variable, std::move(value));
}

void Resolver::rename(const Symbol& tensor, const Symbol& to) {
    tensors.insert_or_assign(tensor, to);
}

const Symbol& Resolver::tensor(const Symbol& named) const {
    const auto found = tensors.find(named);
    return found == tensors.end() ? named : found->second;
}

void Resolver::bind(const InlineReduction& reduction, Expr accumulator) {
    accumulators.insert_or_assign(&reduction, std::move(accumulator));
    forget_all();
}

void Resolver::bind(const ReductionGroup& group, std::vector<Expr> accumulators) {
    groups.insert_or_assign(&group, std::move(accumulators));
    forget_all();
}

void Resolver::forget_all() {
    forget();
    for (auto& memo : converted)
        memo.clear();
}

Resolver Resolver::inner() const {
    Resolver scope(facts);
    scope.variables = variables;
    scope.tensors = tensors;
    scope.accumulators = accumulators;
    scope.groups = groups;
    return scope;
}

Expr Resolver::index(const Expr& e) {
    return convert(e, Purpose::subscript);
}

Expr Resolver::mutate(const Expr& e) {
    if (const auto* load = dsl_node<TensorLoad>(e)) {
        std::vector<Expr> indices;
        for (const Expr& s : load->subscripts)
            indices.push_back(index(s));
        return Load::make(tensor(load->tensor), load->type, std::move(indices), load->loc);
    }
    if (const auto* v = e.as<Variable>()) {
        const auto found = variables.find(v->symbol);
        if (found != variables.end()) return found->second;
        invariant(!dsl_node<FreeVariable>(e), "a variable of a definition has no loop");
        return e;
    }
    if (const auto* r = dsl_node<InlineReduction>(e)) {
        const auto found = accumulators.find(r);
        invariant(found != accumulators.end(), "an inline reduction has no accumulator");
        return found->second;
    }
    if (const auto* p = dsl_node<GroupPart>(e)) {
        const auto found = groups.find(p->group.get());
        invariant(found != groups.end(), "a reduction of several values has no accumulators");
        return found->second[p->part];
    }
    if (const auto* b = e.as<Binary>(); b && is_compare(b->op)) {
        const Expr x = convert(b->a, Purpose::comparison);
        const Expr y = x.defined() ? convert(b->b, Purpose::comparison) : Expr();
        if (y.defined()) return Binary::make(b->op, x, y, b->loc);
    }
    return Mutator::mutate(e);
}

Expr Resolver::convert(const Expr& e, Purpose purpose) {
    auto& memo = converted[static_cast<size_t>(purpose)];
    if (const auto found = memo.find(e.get()); found != memo.end()) return found->second;
    Expr result = convert_node(e, purpose);
    memo.emplace(e.get(), result);
    return result;
}

Expr Resolver::convert_node(const Expr& e, Purpose purpose) {
    if (const auto* c = e.as<Constant>(); c && c->type.is_int()) return lathe::index(c->value.raw());
    if (const auto* c = e.as<Cast>()) {
        if (is_size_value(*c)) return (*this)(c->a);
        // Not of what memory holds, whose type may change.
        if (c->type.is_int() && c->a.type().is_int() && holds(c->type, c->a.type()) &&
            tensors_read(c->a).empty())
            return convert(c->a, purpose);
    }
    if (const auto* u = e.as<Unary>(); u && u->op == UnaryOp::neg && u->a.type().is_int()) {
        const Expr x = convert(u->a, purpose);
        return x.defined() ? isub(lathe::index(0), x) : x;
    }
    if (const auto* s = e.as<Select>(); s && s->type.is_int()) {
        const Expr a = convert(s->then_value, purpose), b = convert(s->else_value, purpose);
        return a.defined() && b.defined() ? Select::make((*this)(s->condition), a, b, s->loc) : Expr();
    }
    if (const auto* b = e.as<Binary>(); b && b->type.is_int()) return convert_binary(e, *b, purpose);
    return leaf(e, purpose);
}

Expr Resolver::leaf(const Expr& e, Purpose purpose) {
    if (purpose == Purpose::comparison) return {};
    const Expr value = (*this)(e);
    const Type t = value.type();
    return Cast::make(IndexType(), t.is_bool() ? Cast::make(UInt(1), value, e.loc()) : value, e.loc());
}

Expr Resolver::convert_binary(const Expr& e, const Binary& b, Purpose purpose) {
    const auto both_operands = [&](Expr (*make)(Expr, Expr)) {
        const Expr x = convert(b.a, purpose), y = convert(b.b, purpose);
        return x.defined() && y.defined() ? make(x, y) : Expr();
    };
    switch (b.op) {
    case BinaryOp::add:
        return both_operands(iadd);
    case BinaryOp::sub:
        return both_operands(isub);
    case BinaryOp::mul:
        return both_operands(imul);
    case BinaryOp::min:
        return both_operands(imin);
    case BinaryOp::max:
        return both_operands(imax);
    case BinaryOp::floordiv:
        return both_operands(ifloordiv);
    case BinaryOp::floormod:
        return both_operands(ifloormod);
    case BinaryOp::div:
    case BinaryOp::mod: {
        // What is left of a hash, say.
        if (!b.a.type().is_signed() && !holds(IndexType(), b.a.type()) && holds(IndexType(), b.type)) break;
        const Expr x = convert(b.a, purpose), y = convert(b.b, purpose);
        return x.defined() && y.defined() ? rounded(b, x, y, purpose) : Expr();
    }
    case BinaryOp::shr: {
        const std::optional<int64_t> shift = as_int(b.b);
        const Expr x = shift && *shift >= 0 && *shift < 62 ? convert(b.a, purpose) : Expr();
        if (x.defined()) return ifloordiv(x, lathe::index(int64_t{1} << *shift));
        break;
    }
    default:
        break;
    }
    return leaf(e, purpose);
}

/// `/` and `%` round toward zero; on non-negative numbers that is floordiv and floormod.
Expr Resolver::rounded(const Binary& b, Expr x, Expr y, Purpose purpose) {
    const bool divides = b.op == BinaryOp::div;
    for (const Expr& e : {x, y}) {
        if (never_negative(e, facts)) continue;
        if (purpose == Purpose::comparison) return {};
        fail(b.loc, "{} in a subscript, where {} may be negative, rounds toward zero: use {}", symbol(b.op),
             print(e), divides ? "floor_div" : "floor_mod");
    }
    return divides ? ifloordiv(x, y) : ifloormod(x, y);
}

Expr size_index(const Expr& e) {
    Facts facts;
    Mentions mentions;
    mentions.add(e);
    for (const auto& [symbol, param] : mentions.params)
        facts.bound(symbol, {index(0), {}});
    return simplify(Resolver(facts).index(e), facts);
}

} // namespace lathe
