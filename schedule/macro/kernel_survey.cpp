#include "kernel_survey.h"

#include <algorithm>

namespace lathe::schedule::stencil {

namespace {

void collect(const Stmt& s, std::vector<Symbol>& loops, std::vector<KernelStore>& all) {
    if (!s.defined()) return;
    for (const Write& w : writes_of(s))
        if (w.target) all.push_back({w.target, loops, s.loc()});
    const auto* f = s.as<For>();
    if (f) loops.push_back(f->var);
    for (const Stmt& b : bodies(s))
        collect(b, loops, all);
    if (f) loops.pop_back();
}

/// The loops around all of a tensor's stores begin with one over its subscripts; loops that no array's
/// subscripts use repeat what is in them.
bool by_element(const Tensor& t, const std::vector<KernelStore>& all) {
    bool looped = false, stored = false;
    for (const KernelStore& s : all) {
        if (s.target->tensor != t.symbol) continue;
        stored = true;
        const auto first = std::ranges::find_if(s.loops, [&](const Symbol& l) {
            return std::ranges::any_of(all, [&](const KernelStore& o) { return o.uses(l); });
        });
        if (first == s.loops.end()) continue;
        if (!s.uses(*first)) return false;
        looped = true;
    }
    return looped || !stored;
}

} // namespace

bool KernelStore::uses(const Symbol& loop) const {
    return std::ranges::any_of(target->indices, [&](const Expr& e) { return ir::uses(e, loop); });
}

std::vector<KernelStore> stores_in(const Stmt& s) {
    std::vector<KernelStore> all;
    std::vector<Symbol> loops;
    collect(s, loops, all);
    return all;
}

Stmt without_plain_lets(const Stmt& s) {
    return transform(s, [](const Stmt& x) {
        const auto* l = x.as<LetStmt>();
        return l && tensors_read(l->value).empty() ? substitute(l->body, {{l->symbol, l->value}}) : x;
    });
}

KernelSurvey::KernelSurvey(const Function& f, const Stmt& body) {
    std::set<size_t> ranks;
    for (const Argument& a : f.arguments) {
        if (a.direction == Direction::in) continue;
        flowing.insert(a.tensor.symbol);
        ranks.insert(a.tensor.dims.size());
    }
    for_each_stmt(body, [&](const Stmt& s) {
        if (const auto* a = s.as<Allocate>()) local.insert(local.end(), a->tensors.begin(), a->tensors.end());
    });
    const std::vector<KernelStore> all = stores_in(body);
    for (const Tensor& t : local)
        if (!t.data && ranks.contains(t.dims.size()) && by_element(t, all)) flowing.insert(t.symbol);
}

bool KernelSurvey::scratch(const Symbol& tensor) const {
    return !flows(tensor) && std::ranges::find(local, tensor, &Tensor::symbol) != local.end();
}

std::vector<KernelStore> KernelSurvey::flow_stores(const Stmt& s) const {
    std::vector<KernelStore> all = stores_in(s);
    std::erase_if(all, [&](const KernelStore& k) { return !flows(k.target->tensor); });
    return all;
}

bool KernelSurvey::has_grid(const Stmt& s) const {
    return std::ranges::any_of(loops_in(s), [&](const For* f) {
        return std::ranges::any_of(flow_stores(f->body),
                                   [&](const KernelStore& k) { return k.uses(f->var); });
    });
}

} // namespace lathe::schedule::stencil
