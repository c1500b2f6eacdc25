#include "lathe/ir/copies.h"

#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe::ir {

Stmt copy_loops(const Copy& c) {
    std::vector<Symbol> at;
    std::vector<Expr> indices;
    for (size_t d = 0; d < c.dims.size(); ++d) {
        at.emplace_back(fmt::format("i{}", d));
        indices.push_back(Variable::make(at.back(), IndexType()));
    }
    Stmt s = Store::make(c.to, c.type, indices, Load::make(c.from, c.type, indices, c.loc), c.loc);
    for (size_t d = at.size(); d-- > 0;)
        s = For::make(at[d], c.dims[d].min, c.dims[d].extent, {}, s, c.loc);
    return s;
}

Module copies_as_loops(const Module& m) {
    class Loops : public Mutator {
        using Mutator::visit;
        Stmt visit(const Copy& c, const Stmt&) override { return copy_loops(c); }
        Stmt visit(const Allocate& a, const Stmt& s) override {
            const auto elsewhere = [](const Tensor& t) { return t.space.on_device(); };
            if (std::ranges::none_of(a.tensors, elsewhere)) return Mutator::visit(a, s);
            std::vector<Tensor> tensors = a.tensors;
            for (Tensor& t : tensors)
                if (elsewhere(t)) t.space = MemorySpace::heap();
            return Allocate::make(std::move(tensors), (*this)(a.body));
        }
    };
    Module r = m;
    for (Function& f : r.functions)
        f.body = Loops()(f.body);
    return r;
}

} // namespace lathe::ir
