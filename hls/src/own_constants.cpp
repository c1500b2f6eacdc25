#include "own_arrays.h"

#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe::hls {

namespace {

/// By Function and number of the argument.
using Arguments = std::set<std::pair<std::string, size_t>>;

/// Those that the Function gives to processes, or to a Function that does.
Arguments given_to_processes(const Module& m) {
    Arguments all;
    for (size_t n = m.functions.size(); n-- > 0;) { // callers come before those whom they call
        const Function& f = m.functions[n];
        const auto walk = [&](const auto& self, const Stmt& s, bool network) -> void {
            if (!s.defined()) return;
            const auto* c = s.as<CallStmt>();
            for (size_t k = 0; c && k < c->tensors.size(); ++k)
                for (size_t a = 0; a < f.arguments.size(); ++a)
                    if (f.arguments[a].tensor.symbol == c->tensors[k].tensor &&
                        (network || all.contains({c->callee, k})))
                        all.insert({f.name, a});
            for (const Stmt& body : bodies(s))
                self(self, body, network || s.as<Dataflow>());
        };
        walk(walk, f.body, false);
    }
    return all;
}

class OwnConstants : public Mutator {
  public:
    explicit OwnConstants(const Module& m) : module(m), sinks(given_to_processes(m)) {
        for (const Function& f : m.functions)
            names.insert(f.name);
        variants[m.top().name].push_back({{}, m.top().name});
    }

    Module run() {
        Module result = module;
        result.functions.clear();
        for (const Function& f : module.functions) // callers come before those whom they call
            for (const Variant& v : variants[f.name])
                result.functions.push_back(made(f, v));
        return result;
    }

  protected:
    using Mutator::visit;
    Stmt visit(const Allocate& a, const Stmt& s) override {
        for (const Tensor& t : a.tensors)
            if (t.data) constants[t.symbol] = t;
        return Mutator::visit(a, s);
    }
    Stmt visit(const Dataflow& d, const Stmt& s) override {
        network = true;
        Stmt result = Mutator::visit(d, s);
        network = false;
        return result;
    }
    Stmt visit(const CallStmt& c, const Stmt& s) override {
        std::map<size_t, Tensor> with;
        std::vector<TensorView> left;
        for (size_t n = 0; n < c.tensors.size(); ++n) {
            const auto found = constants.find(c.tensors[n].tensor);
            if (found != constants.end() && (network || sinks.contains({c.callee, n})))
                with.emplace(n, found->second);
            else
                left.push_back(c.tensors[n]);
        }
        const std::string name = name_with(c.callee, with);
        if (with.empty() && name == c.callee) return s;
        return CallStmt::make(name, std::move(left), c.values, c.streams, c.loc);
    }

  private:
    /// A Function some of whose arguments, by number, are constants of its own.
    struct Variant {
        std::map<size_t, Tensor> with;
        std::string name;
    };
    const Module& module;
    const Arguments sinks;
    std::set<std::string> names;
    std::map<std::string, std::vector<Variant>> variants; ///< that are called
    std::map<Symbol, Tensor> constants;                   ///< in scope
    bool network = false;

    std::string name_with(const std::string& callee, const std::map<size_t, Tensor>& with) {
        std::vector<Variant>& known = variants[callee];
        const auto same = [&](const Variant& v) {
            return std::ranges::equal(v.with, with, [](const auto& a, const auto& b) {
                return a.first == b.first && a.second.data == b.second.data &&
                       a.second.layout == b.second.layout;
            });
        };
        if (const auto found = std::ranges::find_if(known, same); found != known.end()) return found->name;
        std::string name = callee;
        for (int n = 1; !known.empty() && !names.insert(name).second; ++n)
            name = fmt::format("{}_{}", callee, n);
        known.push_back({with, name});
        return name;
    }

    Function made(const Function& of, const Variant& v) {
        Function f = v.name == of.name ? of : fresh_copy(of);
        f.name = v.name;
        for (const auto& [n, constant] : v.with) {
            f.constants.push_back(constant);
            f.constants.back().symbol = f.arguments[n].tensor.symbol;
        }
        std::vector<Argument> left;
        for (size_t n = 0; n < f.arguments.size(); ++n)
            if (!v.with.contains(n)) left.push_back(f.arguments[n]);
        f.arguments = std::move(left);
        constants.clear();
        for (const Tensor& t : f.constants)
            constants[t.symbol] = t;
        forget();
        f.body = (*this)(f.body);
        const std::set<Symbol> used = tensors_read(f.body);
        std::erase_if(f.constants, [&](const Tensor& t) { return !used.contains(t.symbol); });
        return f;
    }
};

} // namespace

Module with_own_constants(const Module& m) {
    return OwnConstants(m).run();
}

} // namespace lathe::hls
