#pragma once
/// \file How traces name what a Schedule holds.

#include "rewrite.h"
#include "state.h"

#include <set>

namespace lathe::schedule {

using namespace ir;

/// TraceNames for Funcs and other tensors that stay apart when two have the same.
class TraceNames {
  public:
    explicit TraceNames(const State& state) {
        const Algorithm& a = *state.algorithm;
        std::set<std::string> used;
        auto add_as = [&](const Symbol& s, const std::string& wish) {
            if (names.contains(s)) return;
            std::string name = wish;
            for (int n = 1; !used.insert(name).second; ++n)
                name = fmt::format("{}_{}", wish, n);
            names[s] = name;
        };
        auto add = [&](const Symbol& s) { add_as(s, s.name()); };
        for (const Argument& g : a.module.top().arguments)
            add(g.tensor.symbol);
        for (const Definition& d : a.definitions) {
            add(d.func);
            for (const Symbol& t : d.tensors)
                add(t);
        }
        for (const Function& f : a.module.functions) {
            for (const Argument& g : f.arguments)
                add(g.tensor.symbol);
            for (const Tensor& t : f.constants)
                add(t.symbol);
            for_each_stmt(f.body, [&](const Stmt& s) {
                const Allocate* allocate = s.as<Allocate>();
                for (size_t n = 0; allocate && n < allocate->tensors.size(); ++n)
                    add(allocate->tensors[n].symbol);
            });
        }
        for (const TypeStep& t : state.types)
            if (t.accumulator) add(t.accumulator);
        for (const Definition& d : *state.definitions) {
            const auto own = state.own_copies.find(d.func);
            if (own == state.own_copies.end()) {
                add(d.func);
                continue;
            }
            const OwnCopy& c = own->second;
            add_as(d.func, fmt::format("{}, {}, {}", (*this)(c.caller), c.number, (*this)(c.callee)));
        }
    }
    std::string operator()(const Symbol& s) const {
        auto n = names.find(s);
        return n == names.end() ? s.name() : n->second;
    }

    /// The one that is called so; none: an empty Symbol.
    Symbol find(const std::string& name) const {
        for (const auto& [symbol, called] : names)
            if (called == name) return symbol;
        return {};
    }

  private:
    std::map<Symbol, std::string> names;
};

} // namespace lathe::schedule
