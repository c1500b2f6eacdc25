#include "users.h"

#include "lathe/ir/simplify.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe::hls {

namespace {

/// A number of processes that is not known counts as one: who prints them refuses it.
int64_t count_of(const Spawn& p) {
    int64_t all = 1;
    for (const Dim& d : p.box)
        all *= std::max<int64_t>(as_int(simplify(d.extent)).value_or(1), 0);
    return all;
}

std::string name_of(const CallStmt& c, const Spawn* row, bool last) {
    if (!row) return c.callee;
    std::vector<std::string> at;
    for (const Dim& d : row->box) {
        const int64_t first = as_int(simplify(d.min)).value_or(0);
        const int64_t behind = last ? as_int(simplify(d.extent)).value_or(1) - 1 : 0;
        at.push_back(std::to_string(first + behind));
    }
    return fmt::format("{}({})", c.callee, fmt::join(at, ", "));
}

} // namespace

const std::vector<int64_t>& Pointers::of(const std::string& function) {
    const auto [found, fresh] = known.try_emplace(function);
    if (!fresh) return found->second;
    const Function& f = module.function(function);
    std::map<Symbol, int64_t> most;
    const auto walk = [&](const auto& self, const Stmt& s) -> void {
        if (!s.defined()) return;
        std::map<Symbol, int64_t> here;
        const auto* d = s.as<Dataflow>();
        if (d)
            here = in(*d);
        else
            add(s, 1, here);
        for (const auto& [tensor, n] : here)
            most[tensor] = std::max(most[tensor], n);
        if (d) return;
        for (const Stmt& body : bodies(s))
            self(self, body);
    };
    walk(walk, f.body);
    std::vector<int64_t> all;
    for (const Argument& a : f.arguments)
        all.push_back(std::max<int64_t>(most[a.tensor.symbol], 1));
    return known[function] = std::move(all);
}

void Pointers::add(const Stmt& s, int64_t times, std::map<Symbol, int64_t>& all) {
    const auto* c = s.as<CallStmt>();
    for (size_t n = 0; c && n < c->tensors.size(); ++n)
        all[c->tensors[n].tensor] += times * of(c->callee)[n];
}

std::map<Symbol, int64_t> Pointers::in(const Dataflow& d) {
    std::map<Symbol, int64_t> all;
    for_each(
        d.body,
        [&](const Stmt& s) {
            const auto* row = s.as<Spawn>();
            // The walk goes on to a row's call: that is one of them.
            add(row ? row->call : s, row ? count_of(*row) - 1 : 1, all);
        },
        nullptr);
    return all;
}

std::vector<std::string> two_users(const Dataflow& d, const Symbol& tensor) {
    std::vector<std::string> found;
    const Spawn* row = nullptr;
    for_each(
        d.body,
        [&](const Stmt& s) {
            if (s.as<Spawn>()) row = s.as<Spawn>();
            const auto* c = s.as<CallStmt>();
            if (!c || std::ranges::find(c->tensors, tensor, &TensorView::tensor) == c->tensors.end()) return;
            const Spawn* const own = row && row->call.same_as(s) ? row : nullptr;
            found.push_back(name_of(*c, own, false));
            if (own && count_of(*own) > 1) found.push_back(name_of(*c, own, true));
        },
        nullptr);
    if (found.size() < 2) return {};
    found.resize(2);
    return found;
}

} // namespace lathe::hls
