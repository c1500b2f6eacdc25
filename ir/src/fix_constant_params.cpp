#include "lathe/ir/inline_calls.h"
#include "lathe/ir/simplify.h"
#include "lathe/ir/visit.h"

#include <algorithm>

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

/// By Function: its parameters that decide how large an array is, in it or in what it calls.
using Sizes = std::map<std::string, std::set<size_t>>;

Sizes sizes_of_arrays(const Module& m) {
    Sizes all;
    for (size_t f = m.functions.size(); f-- > 0;) { // callers come before those whom they call
        std::set<Symbol> used;
        for_each(
            m.functions[f].body,
            [&](const Stmt& s) {
                if (const auto* a = s.as<Allocate>())
                    for (const Tensor& t : a->tensors)
                        for (const Dim& d : t.dims)
                            used.merge(free_variables(d.extent));
                if (const auto* c = s.as<CallStmt>())
                    for (const size_t n : all[c->callee])
                        used.merge(free_variables(c->values[n]));
            },
            nullptr);
        const std::vector<Param>& params = m.functions[f].params;
        for (size_t n = 0; n < params.size(); ++n)
            if (used.contains(params[n].symbol)) all[m.functions[f].name].insert(n);
    }
    return all;
}

/// Lets calls that give constants of their own for sizes of arrays call copies of the Function: an array of
/// hardware has one size.
class CopiesBySize : public Mutator {
  public:
    explicit CopiesBySize(const Module& m) : sizes(sizes_of_arrays(m)) {
        for (const Function& f : m.functions)
            names.insert(f.name);
    }
    /// Those whose copies are wanted, with their names.
    std::vector<std::pair<std::string, std::string>> wanted;

  protected:
    using Mutator::visit;
    Stmt visit(const CallStmt& c, const Stmt& s) override {
        std::string given;
        for (const size_t n : sizes[c.callee]) {
            const auto size = as_int(simplify(c.values[n]));
            if (!size) return s;
            given += fmt::format(",{}", *size);
        }
        if (given.empty()) return s;
        auto& known = made[c.callee];
        const auto [name, fresh] = known.try_emplace(given, c.callee);
        if (fresh && known.size() > 1) {
            for (int n = 1; !names.insert(name->second).second; ++n)
                name->second = fmt::format("{}_{}", c.callee, n);
            wanted.emplace_back(c.callee, name->second);
        }
        return CallStmt::make(name->second, c.tensors, c.values, c.streams, c.loc);
    }

  private:
    Sizes sizes;
    std::set<std::string> names;
    std::map<std::string, std::map<std::string, std::string>> made; ///< by Function and sizes
};

void add_copies(Module& m, CopiesBySize& copies) {
    for (const auto& [of, name] : copies.wanted) {
        const auto at = std::ranges::find(m.functions, of, &Function::name);
        Function copy = fresh_copy(*at);
        copy.name = name;
        m.functions.insert(at + 1, std::move(copy));
    }
    copies.wanted.clear();
}

} // namespace

Module fix_constant_params(const Module& m) {
    Module result = m;
    Given given;
    CopiesBySize copies(m);
    for (size_t n = 0; n < result.functions.size(); ++n) { // callers come before those whom they call
        Function f = result.functions[n];
        Substitution known;
        std::vector<Param> left;
        for (size_t p = 0; p < f.params.size(); ++p) {
            const auto found = given.find({f.name, p});
            if (found != given.end() && found->second.defined())
                known.emplace(f.params[p].symbol, found->second);
            else
                left.push_back(f.params[p]);
        }
        f.params = std::move(left);
        for (Argument& a : f.arguments)
            for (Dim& d : a.tensor.dims)
                d = {substitute(d.min, known), substitute(d.extent, known)};
        f.body = copies(substitute(f.body, known));
        note_calls(f.body, given);
        result.functions[n] = std::move(f);
        add_copies(result, copies);
    }
    FewerValues fewer(given);
    for (Function& f : result.functions)
        f.body = fewer(f.body);
    return result;
}

} // namespace lathe::ir
