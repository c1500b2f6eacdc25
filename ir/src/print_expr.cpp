#include "print_expr.h"

#include "expr_types.h"

namespace lathe::ir {

namespace {

/// An expression group that prints as more nodes than this names what it shares.
constexpr size_t long_text = 120;
/// A node that prints as fewer nodes than this is repeated rather than named.
constexpr size_t short_text = 5;
/// A node that is nested deeper gets a name, which keeps the printer's own recursion shallow.
constexpr size_t deep_text = 100;
constexpr size_t huge_text = size_t(1) << 40;

/// How tightly an operator binds, as in Python.
enum Precedence : int {
    p_let,
    p_or,
    p_and,
    p_not,
    p_compare,
    p_bit_or,
    p_bit_xor,
    p_bit_and,
    p_shift,
    p_sum,
    p_product,
    p_unary,
    p_atom,
};

struct Infix {
    const char* text;
    Precedence precedence;
};

/// The operators that are written between their operands; the others are written as calls.
std::optional<Infix> infix(BinaryOp op) {
    switch (op) {
    case BinaryOp::add:
        return Infix{"+", p_sum};
    case BinaryOp::sub:
        return Infix{"-", p_sum};
    case BinaryOp::mul:
        return Infix{"*", p_product};
    case BinaryOp::div:
        return Infix{"/", p_product};
    case BinaryOp::floordiv:
        return Infix{"//", p_product};
    case BinaryOp::floormod:
        return Infix{"%", p_product};
    case BinaryOp::bit_and:
        return Infix{"&", p_bit_and};
    case BinaryOp::bit_or:
        return Infix{"|", p_bit_or};
    case BinaryOp::bit_xor:
        return Infix{"^", p_bit_xor};
    case BinaryOp::shl:
        return Infix{"<<", p_shift};
    case BinaryOp::shr:
        return Infix{">>", p_shift};
    case BinaryOp::eq:
        return Infix{"==", p_compare};
    case BinaryOp::ne:
        return Infix{"!=", p_compare};
    case BinaryOp::lt:
        return Infix{"<", p_compare};
    case BinaryOp::le:
        return Infix{"<=", p_compare};
    case BinaryOp::gt:
        return Infix{">", p_compare};
    case BinaryOp::ge:
        return Infix{">=", p_compare};
    case BinaryOp::logical_and:
        return Infix{"and", p_and};
    case BinaryOp::logical_or:
        return Infix{"or", p_or};
    case BinaryOp::mod:
    case BinaryOp::min:
    case BinaryOp::max:
        return {};
    }
    throw InternalError("unknown binary operation");
}

/// a op (b op c) means the same as (a op b) op c: no parentheses.
bool associates(const Binary& n) {
    if (n.op == BinaryOp::logical_and || n.op == BinaryOp::logical_or) return true;
    return n.type.is_index() && (n.op == BinaryOp::add || n.op == BinaryOp::mul);
}

/// The type that makes the type of a constant operand beside `other` plain.
std::optional<Type> plain_beside(BinaryOp op, const Expr& other) {
    if (!other.defined() || other.kind() == ExprKind::constant) return {};
    if (is_compare(op) || other.type().is_float()) return other.type();
    return {};
}

std::string constant(const Constant& c, std::optional<Type> beside) {
    const Type t = c.type;
    if (t.is_bool()) return c.value.is_true() ? "True" : "False";
    std::string number = c.value.str();
    if ((t.is_float() || t.is_real()) && number.find_first_not_of("-0123456789") == std::string::npos)
        number += ".0";
    const bool smallest = t.is_int() && t == Value::literal(c.value.raw()).type();
    if (t.is_index() || t.is_real() || smallest || beside == t) return number;
    return fmt::format("{}({})", t.str(), number);
}

std::string undefined() {
    return "<undefined>";
}

} // namespace

std::string update_symbol(BinaryOp op) {
    if (const auto i = infix(op)) return i->text;
    return op == BinaryOp::mod ? "rem" : symbol(op);
}

Sharing::Sharing(const std::vector<Expr>& roots) {
    std::unordered_map<const ExprNode*, size_t> uses;
    size_t total = 0;
    for (const Expr& root : roots) {
        for_each_expr(root, [&](const Expr& e) {
            if (!size.count(e.get())) measure(e, uses);
        });
        if (!root.defined()) continue;
        ++uses[root.get()];
        total = std::min(total + size[root.get()], huge_text);
    }
    if (total <= long_text) return;
    for (const Expr& e : order)
        if (const auto* l = e.as<Let>()) lets.emplace(l->symbol, l);
    if (!lets.empty())
        for (const Expr& e : order)
            note_lets(e);
    for (const Expr& e : order) {
        const bool shared = uses[e.get()] > 1 && size[e.get()] >= short_text;
        if (shared || nesting(e) > deep_text) {
            scopes[scope_of(e)].push_back(e);
            depth[e.get()] = 0;
        }
    }
}

/// The node's printed size, with everything that it shares repeated.
void Sharing::measure(const Expr& e, std::unordered_map<const ExprNode*, size_t>& uses) {
    order.push_back(e);
    size_t n = 1;
    for (const Expr& operand : operands(e)) {
        if (!operand.defined()) continue;
        ++uses[operand.get()];
        n = std::min(n + size[operand.get()], huge_text);
    }
    size[e.get()] = n;
}

/// How deep the node's text is nested. A let costs nothing: a chain of lets prints flat.
size_t Sharing::nesting(const Expr& e) {
    size_t below = 0;
    for (const Expr& operand : operands(e))
        if (operand.defined()) below = std::max(below, depth[operand.get()]);
    return depth[e.get()] = e.kind() == ExprKind::let ? below : below + 1;
}

void Sharing::note_lets(const Expr& e) {
    std::set<Symbol> free;
    if (const auto* v = e.as<Variable>(); v && lets.count(v->symbol)) free.insert(v->symbol);
    for (const Expr& operand : operands(e))
        if (operand.defined()) free.insert(free_lets[operand.get()].begin(), free_lets[operand.get()].end());
    if (const auto* l = e.as<Let>()) free.erase(l->symbol);
    free_lets[e.get()] = std::move(free);
}

/// How many lets enclose the let of `s`, counting only those on which it depends.
size_t Sharing::level(const Symbol& s) {
    if (const auto found = levels.find(s); found != levels.end()) return found->second;
    levels[s] = 0;
    size_t result = 0;
    for (const Symbol& outer : free_lets[lets.at(s)])
        result = std::max(result, level(outer) + 1);
    return levels[s] = result;
}

/// The innermost let on which `e` depends.
const Let* Sharing::scope_of(const Expr& e) {
    const Let* innermost = nullptr;
    size_t deepest = 0;
    for (const Symbol& s : free_lets[e.get()]) {
        if (innermost && level(s) < deepest) continue;
        innermost = lets.at(s);
        deepest = level(s);
    }
    return innermost;
}

const std::vector<Expr>& Sharing::at(const Let* scope) const {
    static const std::vector<Expr> none;
    const auto found = scopes.find(scope);
    return found == scopes.end() ? none : found->second;
}

ExprPrinter::ExprPrinter(PrintedNames& n, const std::vector<Expr>& roots) : names(n), sharing(roots) {
    lines = name_shared(nullptr);
}

ExprPrinter::~ExprPrinter() {
    for (const std::string& t : temporaries)
        names.release(t);
}

std::vector<std::string> ExprPrinter::name_shared(const Let* scope) {
    std::vector<std::string> result;
    for (const Expr& e : sharing.at(scope)) {
        const std::string value = text(e, p_let);
        const std::string name = names.temporary();
        temporaries.push_back(name);
        named[e.get()] = name;
        result.push_back(fmt::format("let {} = {}", name, value));
    }
    return result;
}

std::string ExprPrinter::list(const std::vector<Expr>& expressions) {
    std::string s;
    for (const Expr& e : expressions)
        s += (s.empty() ? "" : ", ") + text(e, p_let);
    return s;
}

std::string ExprPrinter::access(const Symbol& tensor, const std::vector<Expr>& indices,
                                const Expr& predicate) {
    const std::string where = predicate.defined() ? " where " + text(predicate, p_let) : "";
    return fmt::format("{}[{}{}]", names[tensor], list(indices), where);
}

std::string ExprPrinter::text(const Expr& e, int outer, std::optional<Type> beside) {
    if (!e.defined()) return undefined();
    if (const auto found = named.find(e.get()); found != named.end()) return found->second;
    auto [s, precedence] = node(e, beside);
    return precedence < outer ? "(" + s + ")" : s;
}

std::pair<std::string, int> ExprPrinter::binary(const Binary& n) {
    const auto op = infix(n.op);
    const auto beside_a = plain_beside(n.op, n.b), beside_b = plain_beside(n.op, n.a);
    if (!op)
        return {fmt::format("{}({}, {})", update_symbol(n.op), text(n.a, p_let, beside_a),
                            text(n.b, p_let, beside_b)),
                p_atom};
    // Comparisons do not chain: both sides must bind tighter.
    const int left = op->precedence + (is_compare(n.op) ? 1 : 0);
    const auto* right_child = n.b.as<Binary>();
    const bool flat = right_child && right_child->op == n.op && associates(n) && associates(*right_child);
    const std::string a = text(n.a, left, beside_a);
    const auto* c = n.b.as<Constant>();
    if (n.op == BinaryOp::add && c && c->type.is_index() && sgn(c->value.raw()) < 0)
        return {fmt::format("{} - {}", a, mpz_class(-c->value.raw()).get_str()), p_sum};
    const std::string b = text(n.b, op->precedence + (flat ? 0 : 1), beside_b);
    return {fmt::format("{} {} {}", a, op->text, b), op->precedence};
}

std::pair<std::string, int> ExprPrinter::unary(const Unary& n) {
    const bool number = n.a.kind() == ExprKind::constant;
    const auto prefix = [&](const char* op, int precedence) {
        // −(3) is not the constant −3.
        return std::pair(op + text(n.a, number ? p_atom + 1 : precedence), precedence);
    };
    if (n.op == UnaryOp::neg) return prefix("-", p_unary);
    if (n.op == UnaryOp::bit_not) return n.type.is_bool() ? prefix("not ", p_not) : prefix("~", p_unary);
    return {fmt::format("{}({})", name(n.op), text(n.a, p_let)), p_atom};
}

/// A chain of lets, in one go.
std::string ExprPrinter::let(const Let& first) {
    std::string s;
    std::vector<Symbol> bound;
    const Let* n = &first;
    for (;;) {
        const std::string value = text(n->value, p_or);
        s += fmt::format("let {} = {} in ", names.bind(n->symbol), value);
        bound.push_back(n->symbol);
        for (const std::string& shared : name_shared(n))
            s += shared + " in ";
        const auto* inner = n->body.as<Let>();
        if (!inner || named.count(inner)) break;
        n = inner;
    }
    s += text(n->body, p_let);
    for (const Symbol& symbol : bound)
        names.release(symbol);
    return s;
}

std::pair<std::string, int> ExprPrinter::node(const Expr& e, std::optional<Type> beside) {
    const auto atom = [](std::string s) { return std::pair(std::move(s), int(p_atom)); };
    const int lanes = e.type().lanes();
    switch (e.kind()) {
    case ExprKind::constant: {
        std::string s = constant(*e.as<Constant>(), beside);
        const bool fraction = s.find('/') != std::string::npos;
        const int precedence = fraction ? p_product : s[0] == '-' ? p_unary : p_atom;
        return {std::move(s), precedence};
    }
    case ExprKind::variable:
        return atom(names[e.as<Variable>()->symbol]);
    case ExprKind::load:
        return atom(access(e.as<Load>()->tensor, e.as<Load>()->indices, e.as<Load>()->predicate));
    case ExprKind::unary:
        return unary(*e.as<Unary>());
    case ExprKind::binary: {
        const auto* n = e.as<Binary>();
        auto result = binary(*n);
        if (!n->a.defined() || !n->b.defined()) return result;
        const bool own_type = !n->type.is_index() && !n->type.is_bool() && has_own_type(*n);
        return own_type ? atom(fmt::format("({} as {})", result.first, n->type.str())) : result;
    }
    case ExprKind::select: {
        const auto* n = e.as<Select>();
        const auto a = plain_beside(BinaryOp::min, n->else_value),
                   b = plain_beside(BinaryOp::min, n->then_value);
        return atom(fmt::format("select({}, {}, {})", text(n->condition, p_let),
                                text(n->then_value, p_let, a), text(n->else_value, p_let, b)));
    }
    case ExprKind::cast:
        return atom(fmt::format("{}({})", e.type().str(), text(e.as<Cast>()->a, p_let)));
    case ExprKind::bitcast:
        return atom(fmt::format("bitcast({}, {})", e.type().str(), text(e.as<Bitcast>()->a, p_let)));
    case ExprKind::slice:
        return atom(
            fmt::format("{}[{}:{}]", text(e.as<Slice>()->a, p_atom), e.as<Slice>()->hi, e.as<Slice>()->lo));
    case ExprKind::fma:
        return atom(fmt::format("fma({})", list(operands(e))));
    case ExprKind::call:
        return atom(fmt::format("{}({})", e.as<Call>()->function, list(operands(e))));
    case ExprKind::let:
        return {let(*e.as<Let>()), p_let};
    case ExprKind::ramp:
        return atom(fmt::format("ramp({}, {})", list(operands(e)), lanes));
    case ExprKind::broadcast:
        return atom(fmt::format("broadcast({}, {})", list(operands(e)), lanes));
    case ExprKind::vector_reduce:
        return atom(
            fmt::format("reduce({}, {})", update_symbol(e.as<VectorReduce>()->op), list(operands(e))));
    }
    throw InternalError("unknown kind of expression");
}

} // namespace lathe::ir
