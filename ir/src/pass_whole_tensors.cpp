#include "lathe/ir/inline_calls.h"
#include "lathe/ir/layout.h"
#include "lathe/ir/moved_accesses.h"
#include "lathe/ir/planted.h"
#include "lathe/ir/simplify.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe::ir {

namespace {

/// What a Function that takes a view knows of the tensor: parameters.
struct WholeTensor {
    std::vector<Param> begins; ///< counted from the tensor's own first positions: sizes, not negative
    std::vector<Param> extents;
    std::vector<int64_t> mins;
    std::vector<ViewDim> dims; ///< stride and kept
    Expr begin(size_t d) const {
        return iadd(Variable::make(begins[d].symbol, IndexType(), begins[d].loc), index(mins[d]));
    }
};

/// Accesses of the tensors that were views.
class Accesses : public MovedAccesses {
  public:
    Accesses(const Function& f, const std::map<Symbol, WholeTensor>& w) : wholes(w) {
        for (const Argument& a : f.arguments)
            formals[a.tensor.symbol] = a.tensor.dims;
    }

  protected:
    using MovedAccesses::visit;
    bool moves(const Symbol& tensor) const override { return wholes.contains(tensor); }
    Stmt visit(const ExternCall& c, const Stmt& s) override {
        for (const ExternArgument& a : c.arguments)
            if (a.tensor && wholes.contains(a.tensor))
                fail(c.loc, "the extern function {} is given {}, which is a view: copy it to an array first",
                     c.callee->name, a.tensor.name());
        return Mutator::visit(c, s);
    }
    Stmt visit(const CallStmt& c, const Stmt& s) override {
        return call(*Mutator::visit(c, s).as<CallStmt>());
    }

  private:
    const std::map<Symbol, WholeTensor>& wholes;
    std::map<Symbol, std::vector<Dim>> formals;

    std::pair<Symbol, std::vector<Expr>> place(const Symbol& tensor, const std::vector<Expr>& at) override {
        const WholeTensor& w = wholes.at(tensor);
        std::vector<Expr> all;
        for (size_t d = 0, k = 0; d < w.dims.size(); ++d) {
            const Expr begin = w.begin(d);
            if (!w.dims[d].kept) {
                all.push_back(begin);
                continue;
            }
            const Expr steps = isub(at[k], formals.at(tensor)[k].min);
            all.push_back(iadd(begin, imul(index(w.dims[d].stride), simplify(steps))));
            ++k;
        }
        return {tensor, all};
    }

    /// A view of a view, or of all of it, is one of the whole tensor.
    Stmt call(const CallStmt& c) {
        std::vector<TensorView> tensors = c.tensors;
        for (TensorView& v : tensors) {
            if (!wholes.contains(v.tensor)) continue;
            const WholeTensor& w = wholes.at(v.tensor);
            std::vector<ViewDim> dims;
            for (size_t d = 0, k = 0; d < w.dims.size(); ++d) {
                if (!w.dims[d].kept) {
                    dims.push_back({w.begin(d), index(1), 1, false});
                    continue;
                }
                ViewDim inner = v.dims[k];
                inner.begin = iadd(w.begin(d), imul(index(w.dims[d].stride),
                                                    isub(inner.begin, formals.at(v.tensor)[k].min)));
                inner.stride *= w.dims[d].stride;
                dims.push_back(inner);
                ++k;
            }
            v.dims = std::move(dims);
            v.whole = false;
        }
        return CallStmt::make(c.callee, std::move(tensors), c.values, c.streams, c.loc);
    }
};

class WholeCalls : public Mutator {
  public:
    explicit WholeCalls(const Module& m) : module(m) {}

    Module run() {
        Module result = module;
        result.functions = {rewritten(module.top())};
        // Those that are called come after their callers: a caller asks for them.
        while (!wanted.empty()) {
            Function f = std::move(wanted.front());
            wanted.erase(wanted.begin());
            result.functions.push_back(rewritten(f));
        }
        // A Function stands behind all that call it.
        std::map<std::string, size_t> depth;
        for (bool changed = true; changed;) {
            changed = false;
            for (const Function& f : result.functions)
                for_each(
                    f.body,
                    [&](const Stmt& s) {
                        const auto* c = s.as<CallStmt>();
                        if (!c || depth[c->callee] > depth[f.name]) return;
                        depth[c->callee] = depth[f.name] + 1;
                        changed = true;
                    },
                    nullptr);
        }
        std::stable_sort(result.functions.begin() + 1, result.functions.end(),
                         [&](const Function& a, const Function& b) { return depth[a.name] < depth[b.name]; });
        return result;
    }

  protected:
    using Mutator::visit;
    Stmt visit(const Allocate& a, const Stmt& s) override {
        for (const Tensor& t : a.tensors)
            declare(t);
        return Mutator::visit(a, s);
    }
    Stmt visit(const Fill& b, const Stmt& s) override {
        declare(b.tensor);
        return Mutator::visit(b, s);
    }
    Stmt visit(const Drain& b, const Stmt& s) override {
        declare(b.tensor);
        return Mutator::visit(b, s);
    }
    Stmt visit(const CallStmt& c, const Stmt&) override { return call(c); }

  private:
    const Module& module;
    std::vector<Function> wanted;
    std::map<std::pair<std::string, std::string>, std::string> made; ///< by Function and kinds of views
    std::map<Symbol, std::vector<Dim>> dims;                         ///< of the tensors in scope
    std::map<Symbol, Layout> layouts;                                ///< likewise
    std::set<std::string> taken;

    void declare(const Tensor& t) {
        dims[t.symbol] = t.dims;
        layouts[t.symbol] = t.layout;
    }

    Function rewritten(const Function& f) {
        for (const Argument& a : f.arguments)
            declare(a.tensor);
        for (const Tensor& t : f.constants)
            declare(t);
        Function result = f;
        forget();
        result.body = (*this)(f.body);
        return result;
    }

    Stmt call(const CallStmt& c) {
        std::string kind;
        for (const TensorView& v : c.tensors) {
            kind += (v.whole ? ";" : ";view") + layout_text(layouts.at(v.tensor));
            for (const ViewDim& d : v.dims)
                if (!v.whole) kind += d.kept ? fmt::format(":{}", d.stride) : ":-";
            if (!v.whole)
                for (const int64_t min : mins_of(v.tensor, c.loc))
                    kind += fmt::format("@{}", min);
        }
        const Function& f = module.function(c.callee);
        std::vector<Expr> values = c.values;
        std::vector<TensorView> tensors = c.tensors;
        for (TensorView& v : tensors) {
            if (v.whole) continue;
            const std::vector<Dim>& whole = dims.at(v.tensor);
            for (size_t d = 0; d < whole.size(); ++d)
                values.push_back(isub(v.dims[d].begin, whole[d].min));
            for (const Dim& d : whole)
                values.push_back(d.extent);
            for (size_t d = 0; d < whole.size(); ++d)
                v.dims[d] = {whole[d].min, whole[d].extent, 1, true};
            v.whole = true;
        }
        const auto [found, fresh] = made.try_emplace({c.callee, kind});
        if (fresh) found->second = want(f, c);
        return CallStmt::make(found->second, std::move(tensors), std::move(values), c.streams, c.loc);
    }

    std::vector<int64_t> mins_of(const Symbol& tensor, Loc loc) const {
        std::vector<int64_t> mins;
        for (const Dim& d : dims.at(tensor)) {
            const auto min = as_int(simplify(d.min));
            if (!min)
                fail(loc,
                     "a view of {}, whose first position is not constant, has no HLS code: give it its value",
                     tensor.name());
            mins.push_back(*min);
        }
        return mins;
    }

    /// A copy of the Function for views like those of `c`; its name.
    std::string want(const Function& f, const CallStmt& c) {
        Function copy = fresh_copy(f);
        for (int n = 1; !taken.insert(copy.name).second || copy.name == module.top().name; ++n)
            copy.name = fmt::format("{}_{}", f.name, n);
        std::map<Symbol, WholeTensor> wholes;
        std::vector<std::vector<Dim>> shapes;
        for (size_t n = 0; n < c.tensors.size(); ++n) {
            if (c.tensors[n].whole) continue;
            const Tensor& t = copy.arguments[n].tensor;
            WholeTensor& w = wholes[t.symbol];
            w.dims = c.tensors[n].dims;
            const auto params = [&](const char* what) {
                std::vector<Param> all;
                for (size_t d = 0; d < w.dims.size(); ++d)
                    all.emplace_back(Symbol(fmt::format("{}_{}{}", t.symbol.name(), what, d)), IndexType(),
                                     t.loc);
                copy.params.insert(copy.params.end(), all.begin(), all.end());
                return all;
            };
            w.begins = params("begin");
            w.mins = mins_of(c.tensors[n].tensor, c.loc);
            w.extents = params("extent");
        }
        copy.body = Accesses(copy, wholes)(copy.body);
        for (size_t n = 0; n < copy.arguments.size() && !planted.has(Fault::layout_lost); ++n)
            copy.arguments[n].tensor.layout = layouts.at(c.tensors[n].tensor);
        for (Argument& a : copy.arguments) {
            const auto w = wholes.find(a.tensor.symbol);
            if (w == wholes.end()) continue;
            a.tensor.dims.clear();
            for (size_t d = 0; d < w->second.dims.size(); ++d)
                a.tensor.dims.push_back(
                    {index(w->second.mins[d]), Variable::make(w->second.extents[d].symbol, IndexType())});
        }
        wanted.push_back(copy);
        return copy.name;
    }
};

} // namespace

Module pass_whole_tensors(const Module& m) {
    return WholeCalls(m).run();
}

} // namespace lathe::ir
