#include "outlined.h"

#include "lathe/ir/rename.h"

namespace lathe::schedule {

/// The tensors in scope at the end of the path.
std::map<Symbol, const Tensor*> tensors_in_scope(const Function& f, const Path& path) {
    std::map<Symbol, const Tensor*> all;
    for (const Argument& a : f.arguments)
        all[a.tensor.symbol] = &a.tensor;
    for (const Tensor& t : f.constants)
        all[t.symbol] = &t;
    for (size_t n = 0; n + 1 < path.size(); ++n) {
        if (const Allocate* a = path[n].as<Allocate>())
            for (const Tensor& t : a->tensors)
                all[t.symbol] = &t;
        if (const auto* b = path[n].as<Fill>()) all[b->tensor.symbol] = &b->tensor;
        if (const auto* b = path[n].as<Drain>()) all[b->tensor.symbol] = &b->tensor;
    }
    return all;
}

Outlined::Outlined(const std::map<Symbol, const Tensor*>& in_scope, const Stmt& nest,
                   const std::string& name) {
    function.name = name;
    const std::set<Symbol> read = tensors_read(nest), written = tensors_written(nest);
    std::vector<const Tensor*> in, out;
    for (const auto& [symbol, tensor] : in_scope)
        if (written.contains(symbol))
            out.push_back(tensor);
        else if (read.contains(symbol))
            in.push_back(tensor);
    // In the order of their declarations, so that equal schedules make equal Functions.
    for (const Tensor* t : in)
        pass(*t, Direction::in);
    for (const Tensor* t : out)
        pass(*t, Direction::inout);
    numbers(nest);
    for (const Expr& v : values)
        name_value(v);
    for (Argument& a : function.arguments)
        for (Dim& d : a.tensor.dims)
            d = {substitute(d.min, params), substitute(d.extent, params)};
}

Function Outlined::with_body(const Stmt& nest) const {
    Function f = function;
    f.body = rename(substitute(nest, params), names);
    return f;
}

void Outlined::pass(const Tensor& t, Direction direction) {
    TensorView v{t.symbol, {}, direction, true};
    for (const Dim& d : t.dims) {
        v.dims.push_back({d.min, d.extent, 1, true});
        for (const Expr& e : {d.min, d.extent}) {
            invariant(tensors_read(e).empty(), "a shape that is read from memory");
            numbers(e);
        }
    }
    tensors.push_back(std::move(v));
    Argument a{t, direction};
    a.tensor.symbol = names[t.symbol] = Symbol(t.symbol.name());
    a.tensor.data = nullptr;
    a.tensor.space = MemorySpace::heap();
    a.tensor.layout = {}; // its caller's, whatever becomes of it
    a.tensor.origin = TypeOrigin::declared;
    function.arguments.push_back(std::move(a));
}

/// Loop variables, parameters and lets that it uses.
void Outlined::numbers(const Stmt& s) {
    const std::set<Symbol> free = free_variables(s);
    for_each(s, nullptr, [&](const Expr& e) { number(e, free); });
}

void Outlined::numbers(const Expr& e) {
    const std::set<Symbol> free = free_variables(e);
    for_each_expr(e, [&](const Expr& x) { number(x, free); });
}

void Outlined::number(const Expr& e, const std::set<Symbol>& free) {
    const auto* v = e.as<Variable>();
    if (!v || !free.contains(v->symbol) || !known.insert(v->symbol).second) return;
    invariant(!e.type().is_real(), "a number without a type");
    values.push_back(e);
}

void Outlined::name_value(const Expr& e) {
    const auto& v = *e.as<Variable>();
    function.params.emplace_back(Symbol(v.symbol.name()), e.type(), e.loc());
    params.emplace(v.symbol, Variable::make(function.params.back().symbol, e.type(), e.loc()));
}

} // namespace lathe::schedule
