#include "print_expr.h"

#include "lathe/ir/bound_symbols.h"

namespace lathe::ir {

std::string PrintedNames::unused(const std::string& wish) {
    const std::string base = wish.empty() ? "_" : wish;
    std::string name = base;
    for (int i = 1; !taken.insert(name).second; ++i)
        name = fmt::format("{}_{}", base, i);
    return name;
}

std::string PrintedNames::bind(const Symbol& s) {
    release(s);
    return names[s] = unused(s.name());
}

void PrintedNames::release(const Symbol& s) {
    const auto found = names.find(s);
    if (found == names.end()) return;
    taken.erase(found->second);
    names.erase(found);
}

const std::string& PrintedNames::operator[](const Symbol& s) const {
    const auto found = names.find(s);
    return found == names.end() ? s.name() : found->second;
}

std::string PrintedNames::temporary() {
    for (int i = 0;; ++i)
        if (std::string name = fmt::format("t{}", i); taken.insert(name).second) return name;
}

void PrintedNames::release(const std::string& temporary) {
    taken.erase(temporary);
}

void PrintedNames::bind_unknown(const std::vector<Symbol>& used, const std::set<Symbol>& defined) {
    for (const Symbol& s : used)
        if (!names.count(s) && !defined.count(s)) bind(s);
}

namespace {

void note(const Expr& e, std::vector<Symbol>& used, std::set<Symbol>& defined) {
    if (const auto* v = e.as<Variable>()) used.push_back(v->symbol);
    if (const auto* l = e.as<Load>()) used.push_back(l->tensor);
    if (const auto* l = e.as<Let>()) defined.insert(l->symbol);
}

void note(const Stmt& s, std::vector<Symbol>& used, std::set<Symbol>& defined) {
    bound_symbols(s).for_each([&](const Symbol& b) { defined.insert(b); });
    if (const auto* c = s.as<CallStmt>())
        for (const TensorView& v : c->tensors)
            used.push_back(v.tensor);
    for (const StreamElement& e : streams_in(s))
        used.push_back(e.stream);
    for (const Write& w : writes_of(s))
        if (w.target) used.push_back(w.tensor);
}

} // namespace

void PrintedNames::bind_free(const Expr& e) {
    std::vector<Symbol> used;
    std::set<Symbol> defined;
    for_each_expr(e, [&](const Expr& x) { note(x, used, defined); });
    bind_unknown(used, defined);
}

void PrintedNames::bind_free(const Stmt& s) {
    std::vector<Symbol> used;
    std::set<Symbol> defined;
    for_each(
        s, [&](const Stmt& x) { note(x, used, defined); }, [&](const Expr& x) { note(x, used, defined); });
    bind_unknown(used, defined);
}

} // namespace lathe::ir
