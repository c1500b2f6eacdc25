#include "lathe/ir/scoped_pass.h"
#include "lathe/ir/loop_facts.h"

#include "lathe/ir/analysis.h"
#include "lathe/ir/unique_lets.h"

namespace lathe::ir {

Module ScopedMutator::run(const Module& module) {
    Module result = module;
    for (Function& function : result.functions) {
        known = {};
        tensors.clear();
        const bool top = &function == &result.functions.front();
        for (const Param& p : function.params)
            if (top && p.type.is_index()) known.bound(p.symbol, {index(0), {}});
        for (const Argument& a : function.arguments)
            tensors[a.tensor.symbol] = a.tensor;
        for (const Tensor& t : function.constants)
            tensors[t.symbol] = t;
        forget();
        function.body = (*this)(function.body);
    }
    return unique_lets(std::move(result));
}

std::optional<int64_t> ScopedMutator::most_iterations(const For& loop) const {
    // In code that never runs the facts contradict each other and may bound nothing.
    const auto bound = const_upper_bound(loop.extent, known);
    return bound ? bound : const_upper_bound(loop.extent, {});
}

const Tensor& ScopedMutator::declaration(const Symbol& tensor) const {
    auto found = tensors.find(tensor);
    invariant(found != tensors.end(), "a tensor is used outside its scope");
    return found->second;
}

Stmt ScopedMutator::under(const Expr& condition, const Stmt& s) {
    return learning([&] { known.assume(condition); }, s);
}

Stmt ScopedMutator::inside(const Symbol& var, const Expr& min, const Expr& extent, const Stmt& s) {
    return learning([&] { known.bound(var, interval_of(min, extent)); }, s);
}

Stmt ScopedMutator::learning(const std::function<void()>& learn, const Stmt& s) {
    Stmt result;
    {
        const FactsScope scope(known);
        learn();
        forget();
        result = (*this)(s);
    }
    forget();
    return result;
}

Stmt ScopedMutator::allocated(std::vector<Tensor> declared, const Stmt& body) {
    for (const Tensor& t : declared)
        tensors[t.symbol] = t;
    Stmt result = (*this)(body);
    for (const Tensor& t : declared)
        tensors.erase(t.symbol);
    return Allocate::make(std::move(declared), std::move(result));
}

Stmt ScopedMutator::visit(const For& loop, const Stmt&) {
    if (prove(Binary::make(BinaryOp::le, loop.extent, index(0)), known)) return {};
    const Expr min = (*this)(loop.min), extent = (*this)(loop.extent);
    return For::make(loop.var, min, extent, loop.loop, inside(loop.var, loop.min, loop.extent, loop.body),
                     loop.loc);
}

Stmt ScopedMutator::visit(const If& branch, const Stmt&) {
    Expr condition = (*this)(branch.condition);
    Stmt then_body = under(branch.condition, branch.then_body);
    Stmt else_body = branch.else_body.defined()
                         ? under(Unary::make(UnaryOp::bit_not, branch.condition), branch.else_body)
                         : Stmt();
    return If::make(std::move(condition), std::move(then_body), std::move(else_body), branch.loc);
}

Stmt ScopedMutator::visit(const Allocate& a, const Stmt&) {
    std::vector<Tensor> declared;
    for (const Tensor& t : a.tensors)
        declared.push_back((*this)(t));
    return allocated(std::move(declared), a.body);
}

Stmt ScopedMutator::visit(const Fill& f, const Stmt& s) {
    tensors[f.tensor.symbol] = f.tensor;
    Stmt result = Mutator::visit(f, s);
    tensors.erase(f.tensor.symbol);
    return result;
}

Stmt ScopedMutator::visit(const Drain& d, const Stmt& s) {
    tensors[d.tensor.symbol] = d.tensor;
    Stmt result = Mutator::visit(d, s);
    tensors.erase(d.tensor.symbol);
    return result;
}

} // namespace lathe::ir
