#include "lathe/ir/expr.h"

#include "expr_types.h"

#include <atomic>
#include <bit>

namespace lathe::ir {

Symbol::Symbol(std::string name) : display(std::make_shared<const std::string>(std::move(name))) {
    static std::atomic<uint64_t> next{1};
    number = next.fetch_add(1, std::memory_order_relaxed);
}

const std::string& Symbol::name() const {
    static const std::string none;
    return display ? *display : none;
}

Symbol Symbol::renamed(std::string name) const {
    Symbol s = *this;
    s.display = std::make_shared<const std::string>(std::move(name));
    return s;
}

ExprNode::ExprNode(ExprKind k, Type t, Loc l, unsigned d) : kind(k), type(t), loc(l), depth(d) {
    if (depth > max_depth)
        fail(loc,
             "the expression is nested more than {} levels deep: name a part of it (a Func or a let), or "
             "combine "
             "its terms in pairs",
             max_depth);
}

unsigned depth_above(const std::vector<Expr>& operands) {
    unsigned depth = 0;
    for (const Expr& e : operands)
        depth = std::max(depth, depth_above(e));
    return depth;
}

namespace {

void check_defined(const Expr& e) {
    invariant(e.defined(), "an operand is undefined");
}

void check_defined(const std::vector<Expr>& list) {
    for (const Expr& e : list)
        check_defined(e);
}

/// Where an untyped literal may stand beside a typed operand; elsewhere result_type refuses it.
bool takes_literal(BinaryOp op) {
    switch (op) {
    case BinaryOp::add:
    case BinaryOp::sub:
    case BinaryOp::mul:
    case BinaryOp::div:
    case BinaryOp::min:
    case BinaryOp::max:
        return true;
    default:
        return is_compare(op);
    }
}

Type typed_beside(const Expr& e, Type other) {
    const Constant* literal = real_literal(e);
    if (!literal || other.is_real() || other.is_index()) return e.type();
    return type_literal(literal->value, other.element()).type().with_lanes(e.type().lanes());
}

/// Beside a vector a literal is typed at once: types are derived again only before vectorization.
Expr spread_literal(Expr e, Type other) {
    const Constant* literal = real_literal(e);
    if (!literal || other.is_scalar() || other.is_real() || other.is_index()) return e;
    return Broadcast::make(Constant::make(type_literal(literal->value, other.element()), e.loc()),
                           other.lanes(), e.loc());
}

/// A literal that nothing else types is a Float(32).
Expr default_literal(Expr e) {
    const Constant* literal = real_literal(e);
    if (!literal) return e;
    const Expr typed = Constant::make(type_literal(literal->value, RealType()), e.loc());
    return Broadcast::make(typed, e.type().lanes(), e.loc());
}

bool is_reducing(BinaryOp op) {
    switch (op) {
    case BinaryOp::add:
    case BinaryOp::mul:
    case BinaryOp::min:
    case BinaryOp::max:
    case BinaryOp::bit_and:
    case BinaryOp::bit_or:
    case BinaryOp::bit_xor:
    case BinaryOp::logical_and:
    case BinaryOp::logical_or:
        return true;
    default:
        return false;
    }
}

} // namespace

const Constant* real_literal(const Expr& e) {
    if (!e.defined() || !e.type().is_real()) return nullptr;
    if (const auto* b = e.as<Broadcast>()) return b->a.as<Constant>();
    return e.as<Constant>();
}

Type binary_type(BinaryOp op, const Expr& a, const Expr& b, Loc loc) {
    if (!takes_literal(op)) return result_type(op, a.type(), b.type(), loc);
    return result_type(op, typed_beside(a, b.type()), typed_beside(b, a.type()), loc);
}

bool has_own_type(const Binary& n) {
    try {
        return binary_type(n.op, n.a, n.b, n.loc) != n.type;
    } catch (const Error&) {
        return true; // no type fits, as after narrowing of operands
    }
}

Type select_type(const Expr& a, const Expr& b, Loc loc) {
    return aligned_type(typed_beside(a, b.type()), typed_beside(b, a.type()), loc);
}

int access_lanes(const Symbol& tensor, const std::vector<Expr>& indices, const Expr& predicate, Loc loc) {
    int lanes = predicate.defined() ? predicate.type().lanes() : 1;
    for (size_t d = 0; d < indices.size(); ++d) {
        check_defined(indices[d]);
        const Type t = indices[d].type();
        if (!t.is_index())
            fail(loc, "subscript {} of {} is {}: a subscript is an integer; cast it to Index", d + 1,
                 tensor.name(), t.str());
        lanes = std::max(lanes, t.lanes());
    }
    for (const Expr& i : indices)
        invariant(i.type().is_scalar() || i.type().lanes() == lanes, "the lanes of subscripts differ");
    if (!predicate.defined()) return lanes;
    if (!predicate.type().is_bool())
        fail(loc, "the predicate of an access to {} is {}: it must be a Bool; compare with 0", tensor.name(),
             predicate.type().str());
    invariant(predicate.type().lanes() == lanes, "a predicate's lanes differ from its subscripts'");
    return lanes;
}

void check_condition(const char* what, const Expr& condition, Loc loc) {
    check_defined(condition);
    const Type t = condition.type();
    if (!t.is_bool())
        fail(loc, "the condition of {} is {}: it must be a Bool; compare with 0", what, t.str());
    invariant(t.is_scalar(), "a condition is a vector");
}

void check_element_type(Type t) {
    invariant(t.is_element(), "memory holds scalars of sized types only");
}

Expr Constant::make(Value v, Loc loc) {
    return Expr(std::make_shared<const Constant>(std::move(v), loc));
}

Expr Variable::make(Symbol s, Type t, Loc loc) {
    invariant(bool(s), "a variable has no symbol");
    invariant(!t.is_real(), "a variable has an untyped value");
    return Expr(std::make_shared<const Variable>(std::move(s), t, loc));
}

Expr Load::make(Symbol tensor, Type element, std::vector<Expr> indices, Loc loc, Expr predicate) {
    invariant(bool(tensor), "a load has no tensor");
    check_element_type(element);
    const Type t = element.with_lanes(access_lanes(tensor, indices, predicate, loc));
    return Expr(
        std::make_shared<const Load>(std::move(tensor), t, std::move(indices), std::move(predicate), loc));
}

Expr Unary::make(UnaryOp op, Expr a, Loc loc) {
    check_defined(a);
    if (const Constant* literal = real_literal(a)) {
        if (op == UnaryOp::neg || op == UnaryOp::abs)
            return Broadcast::make(Constant::make(apply(op, literal->value), loc), a.type().lanes(), loc);
        if (op != UnaryOp::bit_not) a = default_literal(std::move(a));
    }
    const Type t = result_type(op, a.type(), loc);
    return Expr(std::make_shared<const Unary>(op, std::move(a), t, loc));
}

Expr Binary::make(BinaryOp op, Expr a, Expr b, Loc loc) {
    check_defined(a);
    check_defined(b);
    if (takes_literal(op)) {
        const Type ta = a.type(), tb = b.type();
        a = spread_literal(std::move(a), tb);
        b = spread_literal(std::move(b), ta);
    }
    const Type t = binary_type(op, a, b, loc);
    const Constant *x = real_literal(a), *y = real_literal(b);
    if (x && y) return Broadcast::make(Constant::make(apply(op, x->value, y->value), loc), t.lanes(), loc);
    return Expr(std::make_shared<const Binary>(op, std::move(a), std::move(b), t, loc));
}

Expr Binary::make_as(Type t, BinaryOp op, Expr a, Expr b, Loc loc) {
    check_defined(a);
    check_defined(b);
    invariant(t.is_exact() && a.type().is_exact() && b.type().is_exact(), "make_as is for exact types only");
    invariant(!is_compare(op) || t.is_bool(), "a comparison gives a Bool");
    invariant(t.lanes() == a.type().lanes() && t.lanes() == b.type().lanes(), "make_as: lanes differ");
    return Expr(std::make_shared<const Binary>(op, std::move(a), std::move(b), t, loc));
}

Expr Select::make(Expr condition, Expr then_value, Expr else_value, Loc loc) {
    check_defined(condition);
    check_defined(then_value);
    check_defined(else_value);
    if (!condition.type().is_bool())
        fail(loc, "the condition of a select is {}: it must be a Bool; compare with 0",
             condition.type().str());
    if (then_value.type().is_real() && else_value.type().is_real()) {
        then_value = default_literal(std::move(then_value));
        else_value = default_literal(std::move(else_value));
    }
    const Type ta = then_value.type(), tb = else_value.type();
    then_value = spread_literal(std::move(then_value), tb);
    else_value = spread_literal(std::move(else_value), ta);
    const Type t = select_type(then_value, else_value, loc);
    const int lanes = condition.type().lanes();
    invariant(lanes == 1 || lanes == t.lanes(), "a select's condition has other lanes than its arms");
    return Expr(std::make_shared<const Select>(std::move(condition), std::move(then_value),
                                               std::move(else_value), t, loc));
}

Expr Cast::make(Type to, Expr a, Loc loc) {
    check_defined(a);
    const Type from = a.type();
    invariant(!to.is_real(), "a cast to an untyped real");
    if (to.is_index() && !from.is_index() && !from.is_int())
        fail(loc, "{} cannot become a subscript: cast it to Int(32) first", from.str());
    if (from.is_index() && !to.is_index() && !to.is_int())
        fail(loc, "a subscript cannot become {}: cast it to Int(32) first", to.str());
    return Expr(std::make_shared<const Cast>(to.with_lanes(from.lanes()), std::move(a), loc));
}

Expr Bitcast::make(Type to, Expr a, Loc loc) {
    check_defined(a);
    const Type from = a.type();
    for (const Type& t : {to, from})
        if (!t.is_exact() && !t.is_float())
            fail(loc, "bitcast: {} has no bits; cast it to a sized type first", t.str());
    if (to.width() != from.width())
        fail(loc, "bitcast from {} to {}: the widths {} and {} differ; cast to a type of {} bits first",
             from.str(), to.str(), from.width(), to.width(), to.width());
    return Expr(std::make_shared<const Bitcast>(to.with_lanes(from.lanes()), std::move(a), loc));
}

Expr Slice::make(Expr a, int hi, int lo, Loc loc) {
    check_defined(a);
    const Type t = slice_type(a.type(), hi, lo, loc);
    return Expr(std::make_shared<const Slice>(std::move(a), hi, lo, t, loc));
}

Expr Fma::make(Expr a, Expr b, Expr c, Loc loc) {
    check_defined(a);
    check_defined(b);
    check_defined(c);
    const Type t = a.type();
    if (!t.is_float() || b.type() != t || c.type() != t)
        fail(loc, "fma of {}, {} and {}: all three must be of one float type; cast them to it", t.str(),
             b.type().str(), c.type().str());
    return Expr(std::make_shared<const Fma>(std::move(a), std::move(b), std::move(c), loc));
}

Expr Let::make(Symbol s, Expr value, Expr body, Loc loc) {
    invariant(bool(s), "a let has no symbol");
    check_defined(value);
    check_defined(body);
    invariant(!value.type().is_real() && !body.type().is_real(),
              "a let of an untyped real: substitute the literal instead");
    return Expr(std::make_shared<const Let>(std::move(s), std::move(value), std::move(body), loc));
}

Expr Ramp::make(Expr base, Expr stride, int lanes, Loc loc) {
    check_defined(base);
    check_defined(stride);
    invariant(base.type() == IndexType() && stride.type() == IndexType(),
              "a ramp's operands are scalar Indexes");
    invariant(lanes >= 1, "a ramp has at least one lane");
    if (lanes == 1) return base;
    return Expr(
        std::make_shared<const Ramp>(std::move(base), std::move(stride), IndexType().with_lanes(lanes), loc));
}

Expr Broadcast::make(Expr a, int lanes, Loc loc) {
    check_defined(a);
    invariant(a.type().is_scalar(), "a broadcast's operand is a scalar");
    invariant(lanes >= 1, "a broadcast has at least one lane");
    if (lanes == 1) return a;
    const Type t = a.type().with_lanes(lanes);
    return Expr(std::make_shared<const Broadcast>(std::move(a), t, loc));
}

Expr VectorReduce::make(BinaryOp op, Expr a, Loc loc) {
    check_defined(a);
    const Type t = a.type().element();
    invariant(is_reducing(op), "a vector reduction's operator does not commute");
    invariant(!t.is_real(), "a vector reduction of an untyped real");
    result_type(op, t, t, loc);
    return Expr(std::make_shared<const VectorReduce>(op, std::move(a), t, loc));
}

namespace {

void check_count(const std::string& function, const std::vector<Expr>& arguments, size_t count, Loc loc) {
    if (arguments.size() != count)
        fail(loc, "{} takes {} argument{}, not {}", function, count, count == 1 ? "" : "s", arguments.size());
}

/// exp, log, tanh, sin, cos, pow: arguments of one float type, which becomes the result's.
Type float_call_type(const std::string& function, std::vector<Expr>& arguments, Loc loc) {
    check_count(function, arguments, function == "pow" ? 2 : 1, loc);
    Type t = RealType();
    for (const Expr& a : arguments)
        if (!a.type().is_real()) t = a.type();
    if (t.is_real()) t = Float(32);
    for (Expr& a : arguments) {
        if (const Constant* literal = real_literal(a))
            a = Broadcast::make(Constant::make(type_literal(literal->value, t.element()), a.loc()), t.lanes(),
                                a.loc());
        if (!a.type().is_float() || a.type() != t)
            fail(loc, "{} of {}{}: it is defined on floats{}; cast to Float(32)", function,
                 arguments.front().type().str(),
                 arguments.size() == 2 ? " and " + arguments[1].type().str() : "",
                 arguments.size() == 2 ? " of one type" : "");
    }
    return t;
}

int bit_position(const Expr& e, Loc loc) {
    const std::optional<int64_t> i = as_int(e);
    if (!i || *i < 0 || *i >= Type::max_width)
        fail(loc, "with_slice: bit positions must be constants in range");
    return static_cast<int>(*i);
}

Type bits_call_type(const std::string& function, const std::vector<Expr>& arguments, Loc loc) {
    const bool slice = function == "with_slice", pair = function == "concat";
    check_count(function, arguments, slice ? 4 : pair ? 2 : 1, loc);
    for (size_t i = 0; i < std::min<size_t>(arguments.size(), 2); ++i)
        if (!arguments[i].type().is_exact())
            fail(loc, "{} of {}: it is defined on Bool, integers and fixed point; bitcast to UInt first",
                 function, arguments[i].type().str());
    const Type t = arguments[0].type();
    if (slice) {
        slice_type(t, bit_position(arguments[2], loc), bit_position(arguments[3], loc), loc);
        invariant(arguments[1].type().lanes() == t.lanes(), "with_slice: lanes differ");
        return t;
    }
    if (pair) {
        const int width = t.width() + arguments[1].type().width();
        if (width > Type::max_width)
            fail(loc, "concat of {} and {} would have {} bits, and {} is the most: slice an operand first",
                 t.str(), arguments[1].type().str(), width, Type::max_width);
        invariant(arguments[1].type().lanes() == t.lanes(), "concat: lanes differ");
        return UInt(width).with_lanes(t.lanes());
    }
    if (function == "reverse") return UInt(t.width()).with_lanes(t.lanes());
    return UInt(std::bit_width(static_cast<unsigned>(t.width()))).with_lanes(t.lanes());
}

} // namespace

Expr Call::make(std::string function, std::vector<Expr> arguments, Loc loc) {
    check_defined(arguments);
    const auto is = [&](std::initializer_list<const char*> names) {
        return std::any_of(names.begin(), names.end(), [&](const char* n) { return function == n; });
    };
    Type t;
    if (is({"exp", "log", "tanh", "sin", "cos", "pow"})) {
        t = float_call_type(function, arguments, loc);
    } else if (is({"popcount", "reverse", "concat", "with_slice"})) {
        t = bits_call_type(function, arguments, loc);
    } else {
        fail(loc,
             "there is no function {}: the functions are exp, log, tanh, sin, cos, pow, popcount, reverse, "
             "concat and "
             "with_slice",
             function);
    }
    return Expr(std::make_shared<const Call>(std::move(function), std::move(arguments), t, loc));
}

} // namespace lathe::ir
