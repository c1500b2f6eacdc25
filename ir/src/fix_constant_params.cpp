#include "lathe/ir/inline_calls.h"
#include "lathe/ir/simplify.h"
#include "lathe/ir/visit.h"

namespace lathe::ir {

namespace {

/// By Function and number of the parameter: what all calls give it; empty: not one constant.
using Given = std::map<std::pair<std::string, size_t>, Expr>;

void note_calls(const Stmt& body, Given& given) {
    for_each(
        body,
        [&](const Stmt& s) {
            const auto* c = s.as<CallStmt>();
            for (size_t n = 0; c && n < c->values.size(); ++n) {
                const Expr value = simplify(c->values[n]);
                const auto [known, fresh] = given.try_emplace({c->callee, n}, value);
                if (!value.as<Constant>() ||
                    (!fresh && !(known->second.defined() && equal(known->second, value))))
                    known->second = {};
            }
        },
        nullptr);
}

/// The calls without what their callees know.
class FewerValues : public Mutator {
  public:
    explicit FewerValues(const Given& g) : given(g) {}

  protected:
    using Mutator::visit;
    Stmt visit(const CallStmt& c, const Stmt&) override {
        std::vector<Expr> values;
        for (size_t n = 0; n < c.values.size(); ++n)
            if (!given.at({c.callee, n}).defined()) values.push_back(c.values[n]);
        return CallStmt::make(c.callee, c.tensors, std::move(values), c.streams, c.loc);
    }

  private:
    const Given& given;
};

} // namespace

Module fix_constant_params(const Module& m) {
    Module result = m;
    Given given;
    for (Function& f : result.functions) { // callers come before those whom they call
        Substitution known;
        std::vector<Param> left;
        for (size_t n = 0; n < f.params.size(); ++n) {
            const auto found = given.find({f.name, n});
            if (found != given.end() && found->second.defined())
                known.emplace(f.params[n].symbol, found->second);
            else
                left.push_back(f.params[n]);
        }
        f.params = std::move(left);
        for (Argument& a : f.arguments)
            for (Dim& d : a.tensor.dims)
                d = {substitute(d.min, known), substitute(d.extent, known)};
        f.body = substitute(f.body, known);
        note_calls(f.body, given);
    }
    FewerValues fewer(given);
    for (Function& f : result.functions)
        f.body = fewer(f.body);
    return result;
}

} // namespace lathe::ir
