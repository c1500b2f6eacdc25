#include "share.h"

#include <algorithm>

namespace lathe::schedule {

using namespace ir;

namespace {

void mix(size_t& h, size_t with) {
    h ^= with + 0x9e3779b97f4a7c15ULL + (h << 6) + (h >> 2);
}

size_t hash_attributes(const Expr& e) {
    if (const auto* c = e.as<Constant>()) return hash_value(c->value);
    if (const auto* v = e.as<Variable>()) return v->symbol.id();
    if (const auto* l = e.as<Load>()) return l->tensor.id();
    if (const auto* u = e.as<Unary>()) return static_cast<size_t>(u->op);
    if (const auto* b = e.as<Binary>()) return static_cast<size_t>(b->op);
    if (const auto* c = e.as<Call>()) return std::hash<std::string>()(c->function);
    return 0;
}

} // namespace

Expr SharedExprs::operator()(const Expr& e) {
    if (e.kind() == ExprKind::let) return e;
    const std::vector<Expr> parts = operands(e);
    const auto same_parts = [&](const Expr& other) {
        return std::ranges::equal(operands(other), parts,
                                  [](const Expr& a, const Expr& b) { return a.same_as(b); });
    };
    auto hash = static_cast<size_t>(e.kind());
    mix(hash, static_cast<size_t>(e.type().width()));
    mix(hash, hash_attributes(e));
    for (const Expr& p : parts)
        mix(hash, std::hash<const void*>()(p.get()));
    const auto [first, last] = nodes.equal_range(hash);
    for (auto n = first; n != last; ++n)
        if (n->second.same_as(e) || (same_parts(n->second) && equal(n->second, e))) return n->second;
    nodes.emplace(hash, e);
    return e;
}

} // namespace lathe::schedule
