#include "edit.h"

#include "storage.h"

#include "lathe/ir/any_body.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

/// The stage that a loop belongs to: the innermost one around it.
const Stage* owner(const Path& path) {
    for (size_t n = path.size(); n-- > 0;)
        if (const Stage* s = path[n].as<Stage>()) return s;
    return nullptr;
}

bool has_stage(const Stmt& s, const Symbol& func) {
    return !path_to_stage(s, func).empty();
}

std::string stage_name(const State& s, const Symbol& func, int definition) {
    if (definition == 0) return func.name();
    if (definition == s.definition_count(func)) return func.name() + "'s write-back";
    return fmt::format("update {} of {}", definition - 1, func.name());
}

} // namespace

Edit::Edit(State& s, Step& t) : work(s), call(t) {
    previous.swap(call.copies);
    if (const auto step = work.gone.find(call.func); step != work.gone.end())
        refuse("nobody calls {} since {}", call.func.name(), cause(Fate{{}, {}, step->second}));
    if (const auto fate = work.fates.find(call.func);
        fate != work.fates.end() && fate->second->images.empty())
        refuse("{} is gone: {} consumed it", call.func.name(), cause(*fate->second));
    if (work.module.functions.size() == 1) return;
    const bool of_tensor = call.primitive && call.primitive->acts_on == ActsOn::tensor;
    std::vector<size_t> all; // the processes that dataflow made of a kernel's parts go by its name, too
    for (size_t n = of_tensor ? 1 : 0; n < work.module.functions.size(); ++n) {
        const Function& f = work.module.functions[n];
        if (of_tensor ? declares(f, call.func) : has_stage(f.body, call.func)) all.push_back(n);
    }
    if (all.empty()) return;
    where = all[0];
    const Definition* d = work.definition(call.func, call.definition);
    if (of_tensor || all.size() == 1 || call.loops.empty() || call.target || !d) return;
    for (const size_t n : all) {
        where = n;
        if (loop_here(*d)) return;
    }
    where = all[0];
}

/// Whether the step's first loop stands in its Function.
bool Edit::loop_here(const Definition& d) const {
    const std::vector<Symbol> now = images(original(call.loops[0], d));
    return std::ranges::any_of(now, [&](const Symbol& s) { return !path(s).empty(); });
}

std::string Edit::fresh_name(const std::string& wish) const {
    const auto taken = [&](const std::string& name) {
        return std::ranges::find(work.module.functions, name, &Function::name) != work.module.functions.end();
    };
    std::string name;
    for (int n = 1; name.empty() || taken(name); ++n)
        name = fmt::format("{}_{}", wish, n);
    return name;
}

void Edit::add_function(Function f) {
    insert_function(where + 1, std::move(f));
}

void Edit::insert_function(size_t at, Function f) {
    std::vector<Function>& all = work.module.functions;
    all.insert(all.begin() + static_cast<long>(at), std::move(f));
    where += at <= where;
}

void Edit::call_too(const std::string& function) {
    std::vector<Function>& all = work.module.functions;
    const auto from = all.begin(), own = from + static_cast<long>(where);
    const auto found = std::ranges::find(from, own, function, &Function::name);
    if (found == own) return; // it stands behind, or is new
    std::rotate(found, found + 1, own + 1);
    --where;
}

void Edit::trust(const Function& f) {
    work.legal_tags[f.name].root = seen(f.body);
}

void Edit::gone(const Function& f) {
    if (const auto stage = State::stage_of(f)) work.gone[*stage] = work.steps.size();
    work.legal_tags.erase(f.name);
}

void Edit::define(Definition d) {
    std::vector<Definition> all = *work.definitions;
    all.push_back(std::move(d));
    work.definitions = std::make_shared<const std::vector<Definition>>(std::move(all));
}

void Edit::add_loops(const std::vector<std::pair<Symbol, Symbol>>& loops) {
    std::vector<Definition> all = *work.definitions;
    for (Definition& d : all)
        if (d.func == call.func && d.index == call.definition)
            for (const auto& l : loops)
                if (std::ranges::find(d.loops, l) == d.loops.end()) d.loops.push_back(l);
    work.definitions = std::make_shared<const std::vector<Definition>>(std::move(all));
}

void Edit::refuse_text(const std::string& reason) const {
    std::string at = call.loc.known() ? " at " + call.loc.str() : "";
    throw Error(call.loc, fmt::format("{}{} is illegal: {}", call.str(), at, reason));
}

std::vector<Symbol> Edit::images(const Symbol& symbol) const {
    auto fate = work.fates.find(symbol);
    if (fate == work.fates.end()) return {symbol};
    std::vector<Symbol> all;
    for (const Symbol& s : fate->second->images) {
        auto more = images(s);
        all.insert(all.end(), more.begin(), more.end());
    }
    return all;
}

Symbol Edit::first_name(size_t n) const {
    const Definition* d = work.definition(call.func, call.definition);
    return d ? original(call.loops[n], *d) : call.loops[n];
}

std::vector<Symbol> Edit::loops(size_t n) const {
    if (!call.every) return {loop(n)};
    return copies(call.loops[n], call.func, call.definition);
}

std::vector<Symbol> Edit::copies(const Symbol& named, const Symbol& func, int definition) const {
    const Definition* d = work.definition(func, definition);
    std::vector<Symbol> all;
    if (d) all = images(original(named, *d));
    const std::vector<Symbol> funcs = images(func);
    std::erase_if(all, [&](const Symbol& s) {
        const Stage* of = owner(path(s));
        return !of || std::ranges::find(funcs, of->func) == funcs.end() || of->definition != definition;
    });
    if (all.empty()) all = {resolve(named, func, definition)}; // says why
    return all;
}

/// The loop of the algorithm that `named` stands for in the definition. The loops of inline reductions go by
/// their name.
Symbol Edit::original(const Symbol& named, const Definition& d) const {
    std::vector<Symbol> of_variable;
    for (const auto& [variable, loop] : d.loops)
        if (variable == named) of_variable.push_back(loop);
    if (of_variable.size() > 1)
        refuse("{} loops of {} have the variable {}: give each a Var of its own. For a kernel that is called "
               "several "
               "times, make one Kernel for each call, in a function that takes the Var",
               of_variable.size(), d.name, named.name());
    if (!of_variable.empty()) return of_variable[0];
    if (work.fates.contains(named) || !path(named).empty()) return named;
    const auto is_stage = [&](const Stmt& s) {
        const Stage* g = s.as<Stage>();
        return g && g->func == d.func && g->definition == d.index;
    };
    Path stage;
    for (const Function& f : work.base.functions)
        if (stage.empty()) stage = find_path(f.body, is_stage);
    if (stage.empty()) stage = find_path(body(), is_stage); // a step made it
    if (stage.empty()) return named;
    std::vector<Symbol> found;
    for (const For* f : loops_in(stage.back()))
        if (f->var.name() == named.name() &&
            std::none_of(d.loops.begin(), d.loops.end(), [&](const auto& l) { return l.second == f->var; }))
            found.push_back(f->var);
    if (found.size() > 1)
        refuse("{} loops of {} are called {}: give their RDoms different names", found.size(), d.name,
               named.name());
    return found.empty() ? named : found[0];
}

Symbol Edit::resolve(const Symbol& named, const Symbol& func, int definition) const {
    const Definition* d = work.definition(func, definition);
    if (!d) refuse("{} is no Func of this schedule", func.name());
    Symbol at = original(named, *d);
    while (true) {
        auto fate = work.fates.find(at);
        if (fate == work.fates.end()) break;
        const auto& to = fate->second->images;
        if (to.size() == 1) {
            at = to[0];
            continue;
        }
        if (to.empty()) refuse("loop {} is gone: {} consumed it", named.name(), cause(*fate->second));
        refuse("loop {} has {} copies since {}. Name one of them, or take all with all({})", named.name(),
               to.size(), cause(*fate->second), named.name());
    }
    Path p = path(at);
    const Stage* of = p.empty() ? nullptr : owner(p);
    auto funcs = images(func);
    if (of && std::find(funcs.begin(), funcs.end(), of->func) != funcs.end() && of->definition == definition)
        return at;
    for (const Function& f : work.module.functions)
        if (f.name != function().name && !path_to_loop(f.body, at).empty())
            refuse("{} is a loop of {}, which is a Function of its own", named.name(), f.name);
    std::string known;
    for_each_stmt(body(), [&](const Stmt& s) {
        const For* f = s.as<For>();
        if (!f) return;
        const Stage* o = owner(path(f->var));
        if (o && o->func == func && o->definition == definition)
            known += (known.empty() ? "" : ", ") + f->var.name();
    });
    refuse("{} is no loop of {}, which has {}", named.name(), stage_name(work, func, definition),
           known.empty() ? "none" : known);
}

std::optional<Symbol> Edit::unsafe_load(const Expr& e, const Path& p, const Facts& known) const {
    std::map<Symbol, const Tensor*> visible;
    for (const Argument& a : function().arguments)
        visible[a.tensor.symbol] = &a.tensor;
    for (const Tensor& t : function().constants)
        visible[t.symbol] = &t;
    for (const Stmt& s : p)
        if (const Allocate* a = s.as<Allocate>())
            for (const Tensor& t : a->tensors)
                visible[t.symbol] = &t;
    std::optional<Symbol> unsafe;
    for_each_expr(e, [&](const Expr& x) {
        const Load* l = x.as<Load>();
        if (!l || unsafe) return;
        const auto tensor = visible.find(l->tensor);
        bool safe = tensor != visible.end();
        for (size_t d = 0; safe && d < l->indices.size(); ++d) {
            const Dim& dim = tensor->second->dims[d];
            safe = prove(at_most(dim.min, l->indices[d]), known) &&
                   prove(less(l->indices[d], iadd(dim.min, dim.extent)), known);
        }
        if (!safe) unsafe = l->tensor;
    });
    return unsafe;
}

/// What the Function calls a tensor of those that call it.
std::set<Symbol> Edit::passed_as(const Symbol& tensor, const Function& f) const {
    if (declares(f, tensor)) return {tensor};
    std::set<Symbol> all;
    for (const Function& g : work.module.functions) {
        std::vector<const CallStmt*> calls;
        for_each_stmt(g.body, [&](const Stmt& s) {
            if (const auto* c = s.as<CallStmt>(); c && c->callee == f.name) calls.push_back(c);
        });
        if (calls.empty()) continue;
        for (const Symbol& here : passed_as(tensor, g))
            for (const CallStmt* c : calls)
                for (size_t n = 0; n < c->tensors.size(); ++n)
                    if (c->tensors[n].tensor == here) all.insert(f.arguments[n].tensor.symbol);
    }
    return all;
}

Symbol Edit::tensor() const {
    const std::set<Symbol> all = passed_as(call.tensor, function());
    if (all.size() > 1)
        refuse("{} is {} arguments of {}: make it a Function of one call by s[caller].call({}, n)",
               call.tensor.name(), all.size(), function().name, call.func.name());
    if (!all.empty()) return *all.begin();
    refuse_streamed(call.tensor);
    return call.tensor;
}

void Edit::refuse_streamed(const Symbol& tensor) const {
    const auto at = work.streamed.find(tensor);
    if (at != work.streamed.end())
        refuse("{} has no memory any more: {} made it a stream", tensor.name(),
               cause(Fate{{}, {}, at->second}));
}

Symbol Edit::result(size_t n, const std::string& name) {
    while (call.results.size() <= n)
        call.results.emplace_back(name);
    used = std::max(used, n + 1);
    return call.results[n];
}

Stmt Edit::copy(const Stmt& s) {
    const size_t number = call.copies.size();
    auto& pairs = call.copies.emplace_back();
    return duplicate(s, [&](const Symbol& original) {
        Symbol image(original.name());
        if (number < previous.size())
            for (const auto& [from, to] : previous[number])
                if (from == original) image = to;
        used < call.results.size() ? void(call.results[used] = image) : call.results.push_back(image);
        ++used;
        pairs.emplace_back(original, image);
        return image;
    });
}

void Edit::own_copy(const Symbol& stage, OwnCopy copy) {
    if (const auto side = work.on_device.find(copy.callee); side != work.on_device.end())
        work.on_device[stage] = side->second;
    work.own_copies[stage] = std::move(copy);
}

void Edit::runs_on(const Symbol& stage, Side side) {
    if (side == Side::device)
        work.on_device.insert_or_assign(stage, work.steps.size());
    else
        work.on_device.erase(stage);
}

void Edit::forward_to_copies() {
    call.results.erase(call.results.begin() + static_cast<long>(used), call.results.end());
    std::map<Symbol, std::vector<Symbol>> images;
    for (const auto& copy : call.copies)
        for (const auto& [original, image] : copy)
            images[original].push_back(image);
    for (const auto& [original, all] : images)
        forward(original, all);
}

void Edit::forward(const Symbol& from, std::vector<Symbol> to, std::vector<Symbol> parts) {
    if (parts.empty()) parts = to;
    work.fates[from] = std::make_shared<const Fate>(Fate{std::move(to), std::move(parts), work.steps.size()});
}

void Edit::forward_named(const std::vector<std::vector<Symbol>>& named) {
    std::vector<Symbol> made = call.results;
    for (const auto& copy : call.copies)
        for (const auto& [original, image] : copy)
            std::erase(made, image);
    switch (call.primitive->named) {
    case Named::kept:
        return;
    case Named::consumed:
        for (const auto& copies : named)
            for (const Symbol& loop : copies)
                forward(loop, {}, made);
        return;
    case Named::outer:
        if (call.numbers.empty()) return;
        for (size_t n = 0; n < named[0].size(); ++n)
            forward(named[0][n], {made[2 * n]}, {made[2 * n], made[2 * n + 1]});
        return;
    }
}

std::optional<Conflict> Edit::conflict(const Symbol& loop, const LoopKind& kind, int64_t lanes) {
    asks();
    return kind_conflict(seen(body()), loop, kind, lanes, facts({}));
}

std::string Edit::cause(const Fate& fate) const {
    const Step& by = fate.step < work.steps.size() ? work.steps[fate.step] : call;
    return by.loc.known() ? by.str() + " at " + by.loc.str() : by.str();
}

} // namespace lathe::schedule
