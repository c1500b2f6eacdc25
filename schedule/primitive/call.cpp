#include "call.h"

#include "../src/calls.h"

#include "lathe/ir/rename.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

/// The Function that a call of that number calls. \pre there is one
std::string callee_of(const State& s, const Stmt& body, const Symbol& caller, int definition,
                      const Symbol& callee, int64_t number) {
    std::string found;
    int64_t count = 0;
    replace_calls(body, caller, definition, called_as(s, callee),
                  [&](const CallStmt& c, const Stmt& self, bool) {
                      if (count++ == number) found = c.callee;
                      return self;
                  });
    return found;
}

/// A copy whose symbols are all its own; the program's stage is `stage`.
Function copied(Edit& e, const Function& f, const Symbol& of, const Symbol& stage,
                std::map<Symbol, Symbol>& names) {
    Function own = f;
    own.name = stage.name();
    size_t tensors = 0; // results of the step, so that later ones can name them
    const auto fresh = [&](Symbol& s) { s = names[s] = Symbol(s.name()); };
    const auto result = [&](Symbol& s) { s = names[s] = e.result(1 + tensors++, s.name()); };
    for (Param& p : own.params)
        fresh(p.symbol);
    for (Argument& a : own.arguments)
        result(a.tensor.symbol);
    for (Tensor& t : own.constants)
        result(t.symbol);
    for (StreamArgument& a : own.streams)
        fresh(a.stream.symbol);
    Substitution params;
    for (size_t n = 0; n < f.params.size(); ++n)
        params.emplace(f.params[n].symbol,
                       Variable::make(own.params[n].symbol, f.params[n].type, f.params[n].loc));
    const auto dims = [&](Tensor& t) {
        for (Dim& d : t.dims)
            d = {substitute(d.min, params), substitute(d.extent, params)};
    };
    for (Argument& a : own.arguments)
        dims(a.tensor);
    own.body = transform(rename(e.copy(f.body), names), [&](const Stmt& s) {
        const Stage* g = s.as<Stage>();
        return g && g->func == of ? Stage::make(stage, g->definition, g->body, g->loc) : s;
    });
    return own;
}

void run(Edit& e) {
    check_calls(e);
    const Step& s = e.step();
    const std::string callee = callee_of(e.state(), e.body(), s.func, s.definition, s.target, s.numbers[0]);
    std::vector<Function>& all = e.module().functions;
    const auto at = std::ranges::find(all, callee, &Function::name);
    const Symbol of = *e.state().stage_of(*at);
    const Symbol stage = e.result(0, e.fresh_name(callee));
    std::map<Symbol, Symbol> names;
    Function own = copied(e, *at, of, stage, names);
    for (const auto& [from, to] : s.copies[0])
        names.emplace(from, to);
    const Definition& d = *e.state().definition(of, 0);
    std::vector<std::pair<Symbol, Symbol>> arrays;
    for (const auto& [user, tensor] : d.arrays)
        if (const auto copy = names.find(tensor); copy != names.end())
            arrays.emplace_back(user, copy->second);
    e.define({stage, own.name, 0, s.loc, loops_of_copy(e, d, at->body, names), {}, std::move(arrays)});
    e.own_copy(stage, {s.func, s.numbers[0], s.target});
    all.insert(at + 1, own);
    int64_t count = 0;
    e.set_body(replace_calls(e.body(), s.func, s.definition, called_as(e.state(), s.target),
                             [&](const CallStmt& c, const Stmt& self, bool) {
                                 if (count++ != s.numbers[0]) return self;
                                 return CallStmt::make(own.name, c.tensors, c.values, c.streams, c.loc);
                             }));
    e.trust(own);
    drop_uncalled(e);
}

} // namespace

constinit const Primitive primitives::call{
    .name = "call",
    .text = "one call gets a copy of the Function that it calls, which is then scheduled alone",
    .run = run,
    .acts_on = ActsOn::calls,
    .named = Named::kept,
    .of_place = true,
    .numbers = {1, 1},
    .callee = true,
};

std::optional<Symbol> own_copy(const State& s, const Symbol& caller, int definition, const Symbol& callee,
                               int64_t number) {
    const Function* f = s.function_of(caller);
    const Stmt& body = f ? f->body : s.module.top().body;
    const std::string name = callee_of(s, body, caller, definition, callee, number);
    for (const auto& [stage, own] : s.own_copies)
        if (const Function* g = s.function_of(stage); g && g->name == name)
            return calls_of(s.module, name) == 1 ? std::optional(stage) : std::nullopt;
    return {};
}

} // namespace lathe::schedule
