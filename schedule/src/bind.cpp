#include "bind.h"

#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe::schedule {

Module bind(const Module& module, const Symbol& parameter, int64_t value) {
    const Substitution constant{{parameter, index(value)}};
    const auto dims = [&](Tensor& t) {
        for (Dim& d : t.dims)
            d = {substitute(d.min, constant), substitute(d.extent, constant)};
    };
    Module bound = module;
    Function& f = bound.top();
    std::erase_if(f.params, [&](const Param& p) { return p.symbol == parameter; });
    for (Argument& a : f.arguments)
        dims(a.tensor);
    for (Tensor& t : f.constants)
        dims(t);
    f.body = substitute(f.body, constant);
    return bound;
}

} // namespace lathe::schedule
