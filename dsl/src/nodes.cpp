#include "nodes.h"

#include "lathe/ir/visit.h"

namespace lathe {

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

const FreeVariable* bare_variable(const Expr& e) {
    const auto* cast = e.as<Cast>();
    return cast && cast->type == Int(32) ? dsl_node<FreeVariable>(cast->a) : nullptr;
}

void Mentions::add(const Expr& e) {
    if (!e.defined() || !seen.insert(e.get()).second) return;
    if (const auto* r = dsl_node<InlineReduction>(e)) return add_reduction(*r);
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

void Mentions::add_reduction(const InlineReduction& r) {
    Mentions inside;
    inside.add(r.value());
    inside.add(*r.domain);
    for (const RDomData::Dimension& d : r.domain->dims)
        inside.variables.erase(d.symbol);
    inside.domains.erase(r.domain->dims.front().symbol);
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
            const Expr value = (*this)(r->value());
            if (value.same_as(r->value())) return e;
            return Expr(std::make_shared<const InlineReduction>(r->function, r->op, r->domain, value, r->type,
                                                                r->origin, r->loc));
        }
        if (const auto* v = dsl_node<FreeVariable>(e); v && domain && v->domain.get() == domain)
            return Expr(std::make_shared<const FreeVariable>(v->symbol, nullptr, v->loc));
        return Mutator::mutate(e);
    }

  private:
    const TensorData* self;
    const RDomData* domain;
};

} // namespace

Expr disown(const Expr& e, const TensorData* self, const RDomData* domain) {
    return e.defined() ? Disown(self, domain)(e) : e;
}

} // namespace lathe
