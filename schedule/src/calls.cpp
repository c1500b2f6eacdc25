#include "calls.h"

#include "lathe/ir/inline_calls.h"
#include "lathe/ir/rename.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

class Replacing : public Mutator {
  public:
    Replacing(const Symbol& f, int d, const std::set<std::string>& c, const ReplaceCall& r)
        : func(f), definition(d), callees(c), replace(r) {}

  protected:
    using Mutator::visit;
    Stmt visit(const Stage& g, const Stmt& s) override {
        const bool outer = std::exchange(inside, g.func == func && g.definition == definition);
        const Stmt now = Mutator::visit(g, s);
        inside = outer;
        return now;
    }
    Stmt visit(const Dataflow& d, const Stmt& s) override {
        const bool outer = std::exchange(process, true);
        const Stmt now = Mutator::visit(d, s);
        process = outer;
        return now;
    }
    Stmt visit(const CallStmt& c, const Stmt& s) override {
        return inside && callees.contains(c.callee) ? replace(c, s, process) : s;
    }

  private:
    const Symbol& func;
    int definition;
    const std::set<std::string>& callees;
    const ReplaceCall& replace;
    bool inside = false, process = false;
};

/// Tables of the Function are tables of its caller, which holds each once.
Stmt with_tables(Edit& e, const Function& f, const Stmt& body) {
    std::map<Symbol, Symbol> names;
    for (const Tensor& t : f.constants) {
        std::vector<Tensor>& own = e.top().constants;
        auto same = std::ranges::find(own, t.data, &Tensor::data);
        if (same == own.end()) {
            same = own.insert(same, t);
            same->symbol = Symbol(t.symbol.name());
        }
        names[t.symbol] = same->symbol;
    }
    return names.empty() ? body : rename(body, names);
}

/// Bounds and assertions with what the call gives.
Stmt tidied(const Stmt& body) {
    return transform(body, [](const Stmt& s) {
        if (const For* f = s.as<For>())
            return For::make(f->var, simplify(f->min), simplify(f->extent), f->loop, f->body, f->loc);
        if (const Assert* a = s.as<Assert>(); a && is_const_true(simplify(a->condition)))
            return Block::make({});
        return s;
    });
}

} // namespace

Stmt replace_calls(const Stmt& body, const Symbol& func, int definition, const std::set<std::string>& callees,
                   const ReplaceCall& replace) {
    return Replacing(func, definition, callees, replace)(body);
}

std::set<std::string> called_as(const State& s, const Symbol& callee) {
    std::set<std::string> names;
    const auto add = [&](const Symbol& stage) {
        if (const Function* f = s.function_of(stage)) names.insert(f->name);
    };
    add(callee);
    for (const auto& [stage, own] : s.own_copies)
        if (own.callee == callee) add(stage);
    return names;
}

size_t calls_of(const Module& m, const std::string& function) {
    size_t count = 0;
    for (const Function& f : m.functions)
        for_each(
            f.body,
            [&](const Stmt& s) {
                const auto* c = s.as<CallStmt>();
                count += c && c->callee == function;
            },
            nullptr);
    return count;
}

void check_calls(const Edit& e) {
    const Step& s = e.step();
    int64_t count = 0;
    replace_calls(e.body(), s.func, s.definition, called_as(e.state(), s.target),
                  [&](const CallStmt&, const Stmt& self, bool) {
                      ++count;
                      return self;
                  });
    if (count == 0) e.refuse("{} does not call {}", s.func.name(), s.target.name());
    if (!s.numbers.empty() && (s.numbers[0] < 0 || s.numbers[0] >= count))
        e.refuse("there is no call {} of {} in {}: it has {}, from 0 on", s.numbers[0], s.target.name(),
                 s.func.name(), count);
}

void drop_uncalled(Edit& e) {
    std::set<std::string> called;
    for (const Function& f : e.module().functions)
        for_each(
            f.body,
            [&](const Stmt& s) {
                if (const auto* c = s.as<CallStmt>()) called.insert(c->callee);
            },
            nullptr);
    std::vector<Function>& all = e.module().functions;
    for (size_t n = all.size(); n-- > 1;) {
        if (called.contains(all[n].name)) continue;
        e.gone(all[n]);
        all.erase(all.begin() + static_cast<long>(n));
    }
}

std::vector<std::pair<Symbol, Symbol>> loops_of_copy(const Edit& e, const Definition& d, const Stmt& body,
                                                     const std::map<Symbol, Symbol>& copied) {
    std::vector<std::pair<Symbol, Symbol>> all;
    for (const auto& [variable, loop] : d.loops) {
        const std::vector<Symbol> now = e.images(loop);
        const auto copy = now.size() == 1 ? copied.find(now[0]) : copied.end();
        all.emplace_back(variable, copy == copied.end() ? loop : copy->second);
    }
    for (const For* f : loops_in(body))
        all.emplace_back(f->var, copied.at(f->var));
    return all;
}

Stmt body_at_call(Edit& e, const Function& f, const CallStmt& c, const Stmt& copy) {
    return tidied(with_tables(e, f, body_of_call(f, c, copy)));
}

} // namespace lathe::schedule
