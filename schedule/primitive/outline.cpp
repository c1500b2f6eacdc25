#include "outline.h"

#include "lathe/ir/layout.h"
#include "lathe/ir/rename.h"
#include "lathe/ir/text.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

void check_name_is_free(const Edit& e, const std::string& name) {
    if (!is_c_identifier(name))
        e.refuse("{} is no identifier: a Function is called by letters, digits and _",
                 quoted_text(name.empty() ? "an empty name" : name));
    const auto taken = [&](const Symbol& s) { return s.name() == name; };
    const State& s = e.state();
    bool found = std::ranges::any_of(*s.definitions, [&](const Definition& d) { return taken(d.func); });
    for (const Function& f : s.module.functions) {
        found = found || f.name == name;
        for (const Argument& a : f.arguments)
            found = found || taken(a.tensor.symbol);
    }
    if (found) e.refuse("{} is the name of something else here: give the Function another one", name);
}

/// What a Function cannot hold, or cannot be given.
void check_body(const Edit& e, const Stmt& nest) {
    std::set<Symbol> declared;
    for_each_stmt(nest, [&](const Stmt& s) {
        if (const Stage* g = s.as<Stage>())
            e.refuse("{} is computed inside it: call outline before that", g->func.name());
        if (const auto* d = s.as<DeclareStream>()) declared.insert(d->stream.symbol);
        for (const StreamElement& t : streams_in(s))
            if (!declared.contains(t.stream))
                e.refuse("it passes tokens by {}, at {}: a stream stays with the process that has it",
                         t.stream.name(), s.loc().str());
    });
}

/// The tensors in scope at the end of the path.
std::map<Symbol, const Tensor*> visible(const Function& f, const Path& path) {
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

void check_tensors(const Edit& e, const Path& path) {
    const std::map<Symbol, const Tensor*> around = visible(e.function(), path);
    std::set<Symbol> used = tensors_read(path.back());
    used.merge(tensors_written(path.back()));
    for (const Symbol& t : used)
        if (const auto found = around.find(t); found != around.end() && folded(*found->second))
            e.refuse(
                "{} holds a part of its elements at a time, as reuse_at made it: what happens to them in a "
                "Function is not known outside. Call outline before that",
                t.name());
}

/// The Function, and what its call passes.
class Outlined {
  public:
    Outlined(const Edit& e, const Path& path, const std::string& name) : edit(e) {
        const Stmt& nest = path.back();
        function.name = name;
        const std::set<Symbol> read = tensors_read(nest), written = tensors_written(nest);
        const auto in_scope = visible(e.function(), path);
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

    /// With the nest as the program of `stage`.
    Function with_body(const Stmt& nest, const Symbol& stage, Loc loc) const {
        Function f = function;
        f.body = Stage::make(stage, 0, rename(substitute(nest, params), names), loc);
        return f;
    }
    Stmt call(Loc loc) const { return CallStmt::make(function.name, tensors, values, {}, loc); }

  private:
    void pass(const Tensor& t, Direction direction) {
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
    void numbers(const Stmt& s) {
        const std::set<Symbol> free = free_variables(s);
        for_each(s, nullptr, [&](const Expr& e) { number(e, free); });
    }
    void numbers(const Expr& e) {
        const std::set<Symbol> free = free_variables(e);
        for_each_expr(e, [&](const Expr& x) { number(x, free); });
    }
    void number(const Expr& e, const std::set<Symbol>& free) {
        const auto* v = e.as<Variable>();
        if (!v || !free.contains(v->symbol) || !known.insert(v->symbol).second) return;
        invariant(!e.type().is_real(), "a number without a type");
        values.push_back(e);
    }
    void name_value(const Expr& e) {
        const auto& v = *e.as<Variable>();
        function.params.emplace_back(Symbol(v.symbol.name()), e.type(), e.loc());
        params.emplace(v.symbol, Variable::make(function.params.back().symbol, e.type(), e.loc()));
    }

    const Edit& edit;
    Function function;
    std::vector<TensorView> tensors;
    std::vector<Expr> values;
    std::set<Symbol> known;
    std::map<Symbol, Symbol> names; ///< of tensors
    Substitution params;
};

void run(Edit& e) {
    const Symbol loop = e.loop(0);
    const std::string& name = e.step().words[0];
    check_name_is_free(e, name);
    const Path path = e.path(loop);
    const Stmt nest = path.back();
    check_body(e, nest);
    check_tensors(e, path);
    const Outlined made(e, path, name);
    const Symbol stage = e.result(0, name);
    Definition d{stage, name, 0, e.step().loc, {}};
    std::set<Symbol> inside;
    for (const For* f : loops_in(nest))
        inside.insert(f->var);
    for (const auto& [variable, own] : e.state().definition(e.step().func, e.step().definition)->loops) {
        const std::vector<Symbol> now = e.images(own);
        if (std::ranges::any_of(now, [&](const Symbol& s) { return inside.contains(s); }))
            d.loops.emplace_back(variable, own);
    }
    const Function f = made.with_body(nest, stage, nest.loc());
    e.set_body(rebuild(path, made.call(nest.loc())));
    e.add_function(f);
    e.define(std::move(d));
    e.trust(f);
}

constexpr WordOperand words[] = {{"name of the Function"}};

} // namespace

constinit const Primitive primitives::outline{
    .name = "outline",
    .text = "a loop and all in it become a Function that is called in its place",
    .run = run,
    .acts_on = ActsOn::loops,
    .named = Named::kept,
    .of_place = true,
    .loops = {1, 1},
    .words = words,
};

} // namespace lathe::schedule
