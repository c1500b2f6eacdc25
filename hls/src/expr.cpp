/// \file Sharing, laziness and memory: what becomes a line of its own.

#include "expr.h"

#include "lathe/ir/layout.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <iterator>

namespace lathe::hls {

namespace {

/// Text up to here is repeated rather than named, and text beyond the second is named in any case.
constexpr size_t short_text = 20, long_text = 100;

} // namespace

std::string in(const Code& x, Level most) {
    return x.level > most ? "(" + x.text + ")" : x.text;
}

ExprEmitter::ExprEmitter(Scope& s, Writer& out, const std::vector<Expr>& roots) : scope(s) {
    lines.push_back({&out, {}});
    for (const Expr& e : roots)
        if (e.defined()) {
            count(e);
            whole.insert(resolved(e).get());
        }
}

/// A let's variable stands for its value, which is shared.
Expr ExprEmitter::resolved(const Expr& e) const {
    Expr r = e;
    while (true) {
        if (const auto* l = r.as<Let>()) {
            r = l->body;
            continue;
        }
        const auto* v = r.as<Variable>();
        const auto found = v ? lets.find(v->symbol) : lets.end();
        if (found == lets.end()) return r;
        r = found->second;
    }
}

void ExprEmitter::count(const Expr& e) {
    if (const auto* l = e.as<Let>()) {
        lets.insert_or_assign(l->symbol, l->value);
        wishes.emplace(resolved(l->value).get(), l->symbol.name());
        return count(l->body);
    }
    const Expr r = resolved(e);
    if (++uses[r.get()] > 1) return;
    for (const Expr& x : operands(r))
        count(x);
}

bool ExprEmitter::has_load(const Expr& e) {
    const Expr r = resolved(e);
    const auto found = loads.find(r.get());
    if (found != loads.end()) return found->second;
    bool any = r.kind() == ExprKind::load;
    for (const Expr& x : operands(r))
        any |= has_load(x);
    return loads[r.get()] = any;
}

/// Nodes with loads and several uses that are evaluated whenever `e` is.
const std::set<const ExprNode*>& ExprEmitter::sure(const Expr& e) {
    const Expr r = resolved(e);
    const auto found = surely.find(r.get());
    if (found != surely.end()) return found->second;
    std::set<const ExprNode*> nodes;
    if (has_load(r)) {
        if (uses[r.get()] > 1) nodes.insert(r.get());
        const auto* s = r.as<Select>();
        for (const Expr& x : s ? std::vector{s->condition} : operands(r))
            nodes.insert(sure(x).begin(), sure(x).end());
        if (s) {
            const auto &a = sure(s->then_value), &b = sure(s->else_value);
            std::ranges::set_intersection(a, b, std::inserter(nodes, nodes.end()));
        }
    }
    return surely[r.get()] = std::move(nodes);
}

std::string ExprEmitter::named(const std::string& wish, Type t, const std::string& text) {
    const std::string name = scope.names.take(wish);
    lines.back().out->line(fmt::format("const {} {} = {};", type_name(t), name, text));
    return name;
}

Code ExprEmitter::emit(const Expr& e) {
    const Expr r = resolved(e);
    alive.push_back(r);
    for (const Lines& l : lines)
        if (const auto found = l.known.find(r.get()); found != l.known.end()) return found->second;
    if (lines.size() == 1 || uses[r.get()] <= 1 || has_load(r)) return emit_new(r);
    // Without loads it does no harm to evaluate it in front of all.
    std::vector<Lines> inner(std::make_move_iterator(lines.begin() + 1),
                             std::make_move_iterator(lines.end()));
    lines.resize(1);
    const Code x = emit_new(r);
    std::ranges::move(inner, std::back_inserter(lines));
    return x;
}

Code ExprEmitter::emit_new(const Expr& e) {
    Code x = node(e);
    const bool shared = uses[e.get()] > 1;
    const bool plain = e.kind() == ExprKind::constant || e.kind() == ExprKind::variable ||
                       (e.kind() == ExprKind::load && x.text.size() <= long_text);
    const bool named_anyway = x.text.size() > long_text && !whole.contains(e.get());
    if (!plain && (named_anyway || (shared && x.text.size() > short_text))) {
        const auto wish = wishes.find(e.get());
        x = {named(wish == wishes.end() ? "t" : wish->second, e.type(), x.text), primary, true};
    }
    lines.back().known.emplace(e.get(), x);
    return x;
}

std::string ExprEmitter::element(const Symbol& tensor, const std::vector<Expr>& indices) {
    const Array& array = scope.array(tensor);
    Tensor declared;
    declared.dims = array.dims;
    const Storage stored = layout(declared);
    if (array.in_words()) {
        const Expr offset = stored.offset(indices);
        const auto open = scope.words.find(tensor);
        if (open != scope.words.end()) return in_word(open->second, array, offset) + ")";
        return fmt::format("lathe::element<{}>({}, {})", array.ports.size(), index(offset), array.argument());
    }
    if (array.flat) return array.name + "[" + index(stored.offset(indices)) + "]";
    std::string text = array.name;
    for (const StoredDim& d : stored.dims) {
        const Expr at = d.position(indices[d.of]);
        text += "[" + index(as_int(d.min) == 0 ? at : simplify(at, scope.facts)) + "]";
    }
    return text;
}

std::string ExprEmitter::in_word(const OpenWords& w, const Array& a, const Expr& offset) {
    const Expr place = simplify(isub(offset, w.base), scope.facts);
    const char* does = w.written ? "set" : "get";
    if (a.ports.size() == 1) return fmt::format("{}.{}({}", w.variable, does, index(place));
    return fmt::format("{}[{}].{}({}", w.variable,
                       index(simplify(ifloordiv(place, ir::index(a.pack)), scope.facts)), does,
                       index(simplify(ifloormod(place, ir::index(a.pack)), scope.facts)));
}

std::string ExprEmitter::stored(const Symbol& tensor, const std::vector<Expr>& indices,
                                const std::string& value) {
    const Array& array = scope.array(tensor);
    if (!array.in_words()) return fmt::format("{} = {};", element(tensor, indices), value);
    Tensor declared;
    declared.dims = array.dims;
    const Expr offset = layout(declared).offset(indices);
    const auto open = scope.words.find(tensor);
    if (open != scope.words.end())
        return fmt::format("{}, {});", in_word(open->second, array, offset), value);
    return fmt::format("lathe::set_element<{}>({}, {}({}), {});", array.ports.size(), index(offset),
                       cpp_type(array.type), value, array.argument());
}

/// Operators of AMD's types give objects of an unnamed base class, which do not stand beside constant
/// variables in `? :`.
static void match_classes(Type t, Code& a, Code& b) {
    if (!t.is_exact() || t.is_bool()) return;
    const auto is_variable = [](const Code& x) { return x.level == primary && !x.text.ends_with(")"); };
    const bool beside_variable = is_variable(a) || is_variable(b);
    for (Code* x : {&a, &b})
        if (beside_variable && x->level != primary) *x = {fmt::format("{}({})", cpp_type(t), x->text)};
}

Code ExprEmitter::select(const Select& n) {
    const Type t = n.type;
    const std::string condition = in(converted(n.condition, Bool(), false), logical_or);
    // What both arms evaluate comes first, so that it is emitted once.
    const auto &a = sure(n.then_value), &b = sure(n.else_value);
    if (!a.empty() && !b.empty())
        for_each_expr(n.then_value, [&](const Expr& x) {
            const Expr r = resolved(x);
            if (a.contains(r.get()) && b.contains(r.get())) emit(r);
        });
    Writer arms[2];
    Code values[2];
    for (int k = 0; k < 2; ++k) {
        arms[k].indent = lines.back().out->indent + 1;
        lines.push_back({&arms[k], {}});
        const Expr& arm = k == 0 ? n.then_value : n.else_value;
        const Expr& other = k == 0 ? n.else_value : n.then_value;
        const Expr r = resolved(arm);
        const bool untyped = r.type().is_real() && !other.type().is_real();
        values[k] = untyped
                        ? Code{typed_literal(cast(t, type_literal(r.as<Constant>()->value, other.type())))}
                        : converted(r, t, false);
        lines.pop_back();
    }
    if (arms[0].text.empty() && arms[1].text.empty()) {
        match_classes(t, values[0], values[1]);
        return {fmt::format("{} ? {} : {}", condition, in(values[0], logical_or), in(values[1], logical_or)),
                conditional};
    }
    Writer& out = *lines.back().out;
    const std::string name = scope.names.take("t");
    out.line(fmt::format("{} {};", type_name(t), name));
    out.line(fmt::format("if ({}) {{", condition));
    arms[0].line(fmt::format("{} = {};", name, in(values[0], logical_or)));
    arms[1].line(fmt::format("{} = {};", name, in(values[1], logical_or)));
    out.text += arms[0].text;
    out.line("} else {");
    out.text += arms[1].text;
    out.line("}");
    return {name};
}

Code ExprEmitter::node(const Expr& e) {
    switch (e.kind()) {
    case ExprKind::constant:
        return constant(e.as<Constant>()->value);
    case ExprKind::variable:
        return variable(*e.as<Variable>());
    case ExprKind::load: {
        const auto* n = e.as<Load>();
        return {element(n->tensor, n->indices)};
    }
    case ExprKind::unary:
        return unary_op(*e.as<Unary>());
    case ExprKind::binary:
        return binary_op(*e.as<Binary>());
    case ExprKind::select:
        return select(*e.as<Select>());
    case ExprKind::cast: {
        const auto* n = e.as<ir::Cast>();
        return converted(n->a, n->type, false);
    }
    case ExprKind::bitcast: {
        const auto* n = e.as<Bitcast>();
        const Expr a = resolved(n->a);
        const std::string x = a.type().is_exact() ? value(a, a.type()) : emit(a).text;
        return {fmt::format("lathe::bit_cast<{}>({})", cpp_type(n->type), x)};
    }
    case ExprKind::slice:
        return slice(*e.as<Slice>());
    case ExprKind::fma: {
        const auto* n = e.as<Fma>();
        return fused(n->type, value(n->a, n->type), value(n->b, n->type), value(n->c, n->type));
    }
    case ExprKind::call:
        return call(*e.as<Call>());
    case ExprKind::let:
    case ExprKind::ramp:
    case ExprKind::broadcast:
    case ExprKind::vector_reduce:
        break;
    }
    throw InternalError("an expression that HLS code does not know");
}

Code ExprEmitter::constant(const Value& v) const {
    const Type t = v.type();
    invariant(!t.is_real(), "an untyped real is typed beside its operand");
    if (t.is_index()) {
        const mpz_class& i = v.raw();
        invariant(i.fits_slong_p(), "a subscript that does not fit in 64 bits is no Index");
        return {v.str() + (i.fits_sint_p() ? "" : "ll"), sgn(i) < 0 ? unary : primary};
    }
    if (is_plain(v)) return {v.str(), sgn(v.raw()) < 0 ? unary : primary, false};
    const std::string text = typed_literal(v);
    return {text, text[0] == '-' ? unary : primary};
}

Code ExprEmitter::variable(const Variable& v) const {
    const auto found = scope.variables.find(v.symbol);
    invariant(found != scope.variables.end(), "a variable is used where it has no value");
    return {found->second};
}

std::string ExprEmitter::reduced(const Reduce& r, const std::string& old) {
    const Type t = r.target.type;
    const Symbol symbol(old);
    scope.variables[symbol] = old;
    const Expr before = Variable::make(symbol, t);
    Expr step;
    if (r.contract) {
        const auto* product = resolved(r.target.value).as<Binary>();
        invariant(product && product->op == BinaryOp::mul, "a contracted reduction adds a product");
        const Type wide = aligned_type(t, product->type, r.loc);
        const auto widened = [&](const Expr& e, const Expr& beside) {
            const auto* c = resolved(e).as<Constant>();
            const bool untyped = c && c->type.is_real() && !beside.type().is_real();
            const Expr typed = untyped ? Constant::make(type_literal(c->value, beside.type())) : e;
            return ir::Cast::make(wide, ir::Cast::make(product->type, typed));
        };
        step = Fma::make(widened(product->a, product->b), widened(product->b, product->a),
                         ir::Cast::make(wide, before));
    } else {
        step = Binary::make(r.op, before, r.target.value, r.loc);
    }
    const std::string text = assigned(step, t);
    scope.variables.erase(symbol);
    return text;
}

} // namespace lathe::hls
