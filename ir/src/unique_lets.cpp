#include "lathe/ir/unique_lets.h"

#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe::ir {
namespace {

/// Lets in different places may share what is inside of them, and mean different values by one symbol there.
/// A node is copied once for every such meaning of the variables that are free in it, and a let gets a new
/// symbol in every copy but the first.
class LetRenamer : public Mutator {
    using Mutator::mutate;
    Expr mutate(const Expr& e) override { return renamed(e); }

    Expr renamed(const Expr& e) {
        std::vector<Symbol> meanings;
        for (const Symbol& s : free_of(e)) {
            const auto now = symbols.find(s);
            meanings.push_back(now == symbols.end() ? s : now->second);
        }
        const auto [at, is_new] = copies.try_emplace({e.get(), std::move(meanings)});
        if (is_new) at->second = copy(e); // references into a map stay valid
        return at->second;
    }

    Expr copy(const Expr& e) {
        if (auto* v = e.as<Variable>()) {
            const auto now = symbols.find(v->symbol);
            return now == symbols.end() || now->second == v->symbol ? e
                                                                    : Variable::make(now->second, e.type());
        }
        if (auto* l = e.as<Let>()) return copy_let(*l, e);
        std::vector<Expr> parts = operands(e);
        bool changed = false;
        for (Expr& part : parts) {
            Expr r = renamed(part);
            changed |= !r.same_as(part);
            part = std::move(r);
        }
        return changed ? with_operands(e, parts) : e;
    }

    Expr copy_let(const Let& l, const Expr& e) {
        Expr value = renamed(l.value);
        const Symbol symbol = seen.insert(l.symbol).second ? l.symbol : Symbol(l.symbol.name());
        const auto outer = symbols.find(l.symbol);
        const Symbol before = outer == symbols.end() ? l.symbol : outer->second;
        symbols.insert_or_assign(l.symbol, symbol);
        Expr body = renamed(l.body);
        symbols.insert_or_assign(l.symbol, before);
        if (symbol == l.symbol && value.same_as(l.value) && body.same_as(l.body)) return e;
        return Let::make(symbol, std::move(value), std::move(body), l.loc);
    }

    /// The variables that are free in `e`, in order.
    const std::vector<Symbol>& free_of(const Expr& e) {
        if (const auto known = free.find(e.get()); known != free.end()) return known->second;
        std::set<Symbol> all;
        if (auto* v = e.as<Variable>()) all.insert(v->symbol);
        const auto add = [&](const Expr& x) {
            const std::vector<Symbol>& part = free_of(x);
            all.insert(part.begin(), part.end());
        };
        if (auto* l = e.as<Let>()) {
            add(l->body);
            all.erase(l->symbol);
            add(l->value);
        } else {
            std::ranges::for_each(operands(e), add);
        }
        return free[e.get()] = {all.begin(), all.end()};
    }

    std::set<Symbol> seen;
    std::map<Symbol, Symbol> symbols; ///< those of the lets around, where they are not the original's
    std::map<std::pair<const ExprNode*, std::vector<Symbol>>, Expr> copies;
    std::unordered_map<const ExprNode*, std::vector<Symbol>> free;
};

bool has_equal_lets(const Stmt& s) {
    std::set<Symbol> seen;
    bool any = false;
    for_each(s, nullptr, [&](const Expr& e) {
        if (auto* l = e.as<Let>()) any |= !seen.insert(l->symbol).second;
    });
    return any;
}

} // namespace

Module unique_lets(Module module) {
    LetRenamer renamer;
    for (Function& f : module.functions)
        if (has_equal_lets(f.body)) f.body = renamer(f.body);
    return module;
}

} // namespace lathe::ir
