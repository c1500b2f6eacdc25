#include "outlined.h"

#include "lathe/ir/layout.h"
#include "lathe/ir/rename.h"

#include <algorithm>

namespace lathe::schedule {

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

void check_outlined_tensors(const Edit& e, const Function& from, const Path& path) {
    const std::map<Symbol, const Tensor*> around = tensors_in_scope(from, path);
    std::set<Symbol> used = tensors_read(path.back());
    used.merge(tensors_written(path.back()));
    for (const Symbol& t : used)
        if (const auto found = around.find(t); found != around.end() && folded(*found->second))
            e.refuse(
                "{} holds a part of its elements at a time, as reuse_at made it: what happens to them in a "
                "Function is not known outside. Call {} before that",
                t.name(), e.step().primitive->name);
}

Outlined::Outlined(const std::map<Symbol, const Tensor*>& in_scope, const Stmt& piece,
                   const std::string& name) {
    function.name = name;
    const std::set<Symbol> read = tensors_read(piece), written = tensors_written(piece);
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
    numbers(piece);
    for (const Expr& v : values)
        name_value(v);
    for (Argument& a : function.arguments)
        for (Dim& d : a.tensor.dims)
            d = {substitute(d.min, params), substitute(d.extent, params)};
}

Function Outlined::with_body(const Stmt& body) const {
    Function f = function;
    f.body = transform(rename(substitute(body, params), names), [&](const Stmt& s) {
        const Stage* g = s.as<Stage>(); // a stage goes by its Func, whatever its tensor is called here
        const auto old =
            g ? std::ranges::find(names, g->func, &std::pair<const Symbol, Symbol>::second) : names.end();
        return old == names.end() ? s : Stage::make(old->first, g->definition, g->body, g->loc);
    });
    return f;
}

Stmt Outlined::call(Loc loc) const {
    return CallStmt::make(function.name, tensors, values, {}, loc);
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
