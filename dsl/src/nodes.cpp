#include "nodes.h"

#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe {

using namespace ir;

namespace {

/// Operands by which traversals find what stands in the subscripts.
std::vector<Expr> pending(const std::vector<Expr>& subscripts) {
    std::vector<Expr> indices;
    for (const Expr& e : subscripts)
        indices.push_back(Cast::make(IndexType(), e.type().is_bool() ? Cast::make(UInt(1), e) : e));
    return indices;
}

} // namespace

TensorLoad::TensorLoad(std::shared_ptr<TensorData> t, Type type, std::vector<Expr> at, size_t v, Symbol s,
                       Loc l)
    : Load(std::move(s), type, pending(at), {}, l), source(std::move(t)), subscripts(std::move(at)),
      version(v) {}

namespace {

std::vector<Expr> evaluated(const ReductionGroup& g) {
    std::vector<Expr> all = g.results;
    if (g.condition.defined()) all.push_back(g.condition);
    return all;
}

} // namespace

GroupPart::GroupPart(std::shared_ptr<const ReductionGroup> g, size_t n, Loc l)
    : Call(g->name, evaluated(*g), g->types[n], l), group(std::move(g)), part(n) {}

const FreeVariable* bare_variable(const Expr& e) {
    const auto* cast = e.as<Cast>();
    return cast && cast->type == Int(32) ? dsl_node<FreeVariable>(cast->a) : nullptr;
}

bool holds_reduction(const Expr& e) {
    bool found = false;
    for_each_expr(e, [&](const Expr& x) { found |= dsl_node<InlineReduction>(x) || dsl_node<GroupPart>(x); });
    return found;
}

void Mentions::add(const Expr& e) {
    if (!e.defined() || !seen.insert(e.get()).second) return;
    if (const auto* r = dsl_node<InlineReduction>(e)) return add_reduction(*r->domain, {r->value()}, {});
    if (const auto* p = dsl_node<GroupPart>(e)) {
        std::vector<Expr> values = p->arguments;
        values.insert(values.end(), p->group->starts.begin(), p->group->starts.end());
        return add_reduction(*p->group->domain, values, p->group->old);
    }
    for (const Expr& operand : operands(e))
        add(operand);
    if (const auto* load = dsl_node<TensorLoad>(e)) loads.push_back(load);
    if (const auto* free = dsl_node<FreeVariable>(e)) {
        variables.emplace(free->symbol, free);
        if (free->domain) domains.emplace(free->domain->dims.front().symbol, free->domain);
    } else if (dsl_node<LetVariable>(e)) {
        lets.emplace(e.as<Variable>()->symbol, e.loc());
    } else if (const auto* v = e.as<Variable>()) {
        params.emplace(v->symbol, Param(v->symbol, v->type, v->loc));
    }
}

void Mentions::add(const RDomData& domain) {
    for (const RDomData::Dimension& d : domain.dims) {
        add(d.min);
        add(d.extent);
    }
    for (const Expr& e : domain.conditions)
        add(e);
}

void Mentions::add_reduction(const RDomData& domain, const std::vector<Expr>& values,
                             const std::vector<Symbol>& bound) {
    Mentions inside;
    for (const Expr& e : values)
        inside.add(e);
    inside.add(domain);
    for (const RDomData::Dimension& d : domain.dims)
        inside.variables.erase(d.symbol);
    inside.domains.erase(domain.dims.front().symbol);
    for (const Symbol& s : bound)
        inside.lets.erase(s);
    loads.insert(loads.end(), inside.loads.begin(), inside.loads.end());
    variables.merge(inside.variables);
    domains.merge(inside.domains);
    params.merge(inside.params);
    lets.merge(inside.lets);
}

namespace {

class Disown : public Mutator {
  public:
    Disown(const TensorData* s, const RDomData* d) : self(s), domain(d) {}

    void own_domain(RDomData& d) {
        if (!self) return;
        for (RDomData::Dimension& dim : d.dims) {
            dim.min = (*this)(dim.min);
            dim.extent = (*this)(dim.extent);
        }
        for (Expr& c : d.conditions)
            c = (*this)(c);
    }

  protected:
    using Mutator::mutate;
    Expr mutate(const Expr& e) override {
        if (const auto* load = dsl_node<TensorLoad>(e)) {
            std::vector<Expr> at;
            bool changed = self && load->source.get() == self;
            for (const Expr& s : load->subscripts) {
                at.push_back((*this)(s));
                changed |= !at.back().same_as(s);
            }
            if (!changed) return e;
            return Expr(std::make_shared<const TensorLoad>(
                load->source.get() == self ? nullptr : load->source, load->type, std::move(at), load->version,
                load->tensor, load->loc));
        }
        if (const auto* r = dsl_node<InlineReduction>(e)) {
            own_domain(*r->domain);
            const Expr value = (*this)(r->value());
            if (value.same_as(r->value())) return e;
            return Expr(std::make_shared<const InlineReduction>(r->function, r->op, r->domain, value, r->type,
                                                                r->origin, r->loc));
        }
        if (const auto* p = dsl_node<GroupPart>(e)) return disown_part(e, *p);
        if (const auto* v = dsl_node<FreeVariable>(e); v && domain && v->domain.get() == domain)
            return Expr(std::make_shared<const FreeVariable>(v->symbol, nullptr, v->loc));
        return Mutator::mutate(e);
    }

  private:
    /// The parts of one group stay parts of one group.
    Expr disown_part(const Expr& e, const GroupPart& p) {
        const auto [found, first] = groups.try_emplace(p.group.get(), p.group);
        if (first) {
            own_domain(*p.group->domain);
            ReductionGroup g = *p.group;
            bool changed = false;
            const auto own = [&](Expr& x) {
                if (!x.defined()) return;
                const Expr fresh = (*this)(x);
                changed |= !fresh.same_as(x);
                x = fresh;
            };
            std::for_each(g.starts.begin(), g.starts.end(), own);
            std::for_each(g.results.begin(), g.results.end(), own);
            own(g.condition);
            if (changed) groups[p.group.get()] = std::make_shared<const ReductionGroup>(std::move(g));
        }
        const auto& group = groups.at(p.group.get());
        return group == p.group ? e : Expr(std::make_shared<const GroupPart>(group, p.part, p.loc));
    }

    const TensorData* self;
    const RDomData* domain;
    std::map<const ReductionGroup*, std::shared_ptr<const ReductionGroup>> groups;
};

} // namespace

Expr disown(const Expr& e, const TensorData* self, const RDomData* domain) {
    return e.defined() ? Disown(self, domain)(e) : e;
}

void disown(RDomData& domain, const TensorData& self) {
    Disown(&self, nullptr).own_domain(domain);
}

} // namespace lathe
