#include "literals.h"

#include "rewrite.h"

namespace lathe::schedule {

namespace {

/// Real literals of one Func's definitions, as values of the type that quantize gave.
class TypeLiterals : public Mutator {
  public:
    explicit TypeLiterals(Type t) : type(t) {}

  protected:
    using Mutator::visit;
    Expr visit(const Constant& c, const Expr& e) override {
        return e.type().is_real() ? Constant::make(cast(type, c.value), e.loc()) : e;
    }

  private:
    Type type;
};

class Rounded {
  public:
    explicit Rounded(std::vector<std::string>& w) : warnings(w) {}

    void operator()(const Expr& e) {
        if (const Binary* b = e.as<Binary>()) return either(b->a, b->b, e.loc());
        if (const Select* s = e.as<Select>()) return either(s->then_value, s->else_value, e.loc());
        if (const Cast* c = e.as<Cast>()) converted(c->a, c->type, "cast to", e.loc());
    }

    void operator()(const Stmt& s) {
        if (const Store* st = s.as<Store>())
            for (const StoreTarget& t : st->targets)
                converted(t.value, t.type, "stored as", s.loc());
        if (const Reduce* r = s.as<Reduce>()) beside(r->target.value, r->target.type, s.loc());
    }

  private:
    void either(const Expr& a, const Expr& b, Loc loc) {
        beside(a, b.type(), loc);
        beside(b, a.type(), loc);
    }

    void beside(const Expr& e, Type other, Loc loc) {
        const Constant* c = literal(e);
        if (c && other.is_exact())
            report(*c, type_literal(c->value, other), "taken as", "beside", other, loc);
    }

    void converted(const Expr& e, Type to, const char* how, Loc loc) {
        const Constant* c = literal(e);
        if (c && to.is_exact()) report(*c, cast(to, c->value), how, "in", to, loc);
    }

    static const Constant* literal(const Expr& e) {
        const Constant* c = e.as<Constant>();
        return c && e.type().is_real() ? c : nullptr;
    }

    void report(const Constant& c, const Value& typed, const char* how, const char* where, Type t, Loc loc) {
        if (typed.as_rational() != c.value.as_rational())
            warnings.push_back(fmt::format("{}: the literal {} is {} {} {} {}", loc.str(), c.value.str(), how,
                                           typed.str(), where, t.str()));
    }

    std::vector<std::string>& warnings;
};

} // namespace

Stmt type_literals(const Stmt& body, const std::map<Symbol, TypeStep>& chosen) {
    return transform(body, [&](const Stmt& s) {
        const Stage* g = s.as<Stage>();
        auto step = g ? chosen.find(g->func) : chosen.end();
        return step == chosen.end() || !step->second.options.literals
                   ? s
                   : TypeLiterals(*step->second.options.literals)(s);
    });
}

void warn_literals(const Stmt& body, std::vector<std::string>& warnings) {
    Rounded rounded(warnings);
    for_each(body, [&](const Stmt& s) { rounded(s); }, [&](const Expr& e) { rounded(e); });
}

} // namespace lathe::schedule
