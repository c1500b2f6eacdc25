#include "print_expr.h"

namespace lathe::ir {

std::string Names::unused(const std::string& wish) {
    const std::string base = wish.empty() ? "_" : wish;
    std::string name = base;
    for (int i = 1; !taken.insert(name).second; ++i)
        name = fmt::format("{}_{}", base, i);
    return name;
}

std::string Names::bind(const Symbol& s) {
    release(s);
    return names[s] = unused(s.name());
}

void Names::release(const Symbol& s) {
    const auto found = names.find(s);
    if (found == names.end()) return;
    taken.erase(found->second);
    names.erase(found);
}

const std::string& Names::operator[](const Symbol& s) const {
    const auto found = names.find(s);
    return found == names.end() ? s.name() : found->second;
}

std::string Names::temporary() {
    for (int i = 0;; ++i)
        if (std::string name = fmt::format("t{}", i); taken.insert(name).second) return name;
}

void Names::release(const std::string& temporary) {
    taken.erase(temporary);
}

void Names::bind_unknown(const std::vector<Symbol>& used, const std::set<Symbol>& defined) {
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
    if (const auto* f = s.as<For>()) defined.insert(f->var);
    if (const auto* l = s.as<LetStmt>()) defined.insert(l->symbol);
    if (const auto* a = s.as<Allocate>())
        for (const Tensor& t : a->tensors)
            defined.insert(t.symbol);
    if (const auto* p = s.as<Pop>()) defined.insert(p->symbol);
    if (const auto* d = s.as<DeclareStream>()) defined.insert(d->stream.symbol);
    if (const auto* b = s.as<Fill>()) defined.insert(b->tensor.symbol);
    if (const auto* b = s.as<Drain>()) defined.insert(b->tensor.symbol);
    if (const auto* p = s.as<Spawn>()) defined.insert(p->ids.begin(), p->ids.end());
    if (const auto* c = s.as<CallStmt>())
        for (const TensorView& v : c->tensors)
            used.push_back(v.tensor);
    for (const StreamElement& e : streams_in(s))
        used.push_back(e.stream);
    if (const auto* r = s.as<Reduce>()) used.push_back(r->target.tensor);
    if (const auto* w = s.as<Store>())
        for (const StoreTarget& t : w->targets)
            used.push_back(t.tensor);
}

} // namespace

void Names::bind_free(const Expr& e) {
    std::vector<Symbol> used;
    std::set<Symbol> defined;
    for_each_expr(e, [&](const Expr& x) { note(x, used, defined); });
    bind_unknown(used, defined);
}

void Names::bind_free(const Stmt& s) {
    std::vector<Symbol> used;
    std::set<Symbol> defined;
    for_each(
        s, [&](const Stmt& x) { note(x, used, defined); }, [&](const Expr& x) { note(x, used, defined); });
    bind_unknown(used, defined);
}

} // namespace lathe::ir
