#include "steering.h"

#include "lathe/ir/visit.h"

namespace lathe::schedule {

namespace {

class Finder {
  public:
    explicit Finder(const Symbol& t) : tensor(t) {}

    void visit(const Stmt& s) {
        if (const auto* f = s.as<For>()) {
            check(f->min, "a loop's bound", s.loc());
            check(f->extent, "a loop's bound", s.loc());
        } else if (const auto* i = s.as<If>()) {
            check(i->condition, "a condition", s.loc());
        } else if (const auto* w = s.as<While>()) {
            check(w->condition, "a condition", s.loc());
        } else if (const auto* st = s.as<Store>()) {
            for (const StoreTarget& t : st->targets)
                subscripts(t.indices, s.loc());
        } else if (const auto* r = s.as<Reduce>()) {
            subscripts(r->target.indices, s.loc());
        }
    }

    void visit(const Expr& e) {
        if (const auto* l = e.as<Load>()) subscripts(l->indices, e.loc());
        if (const auto* s = e.as<Select>()) check(s->condition, "a condition", e.loc());
    }

    std::optional<Steering> found;

  private:
    void subscripts(const std::vector<Expr>& indices, Loc loc) {
        for (const Expr& i : indices)
            check(i, "a subscript", loc);
    }

    void check(const Expr& e, const char* as, Loc loc) {
        Expr inner = e;
        while (const auto* c = inner.as<Cast>())
            inner = c->a;
        const auto* l = inner.as<Load>();
        if (l && l->tensor == tensor && !found) found = {as, loc};
    }

    Symbol tensor;
};

} // namespace

std::optional<Steering> steering(const Stmt& body, const Symbol& tensor) {
    Finder finder(tensor);
    for_each(body, [&](const Stmt& s) { finder.visit(s); }, [&](const Expr& e) { finder.visit(e); });
    return finder.found;
}

} // namespace lathe::schedule
