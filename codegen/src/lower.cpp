#include "lathe/codegen/lower.h"

#include "../passes/check_bounds.h"
#include "../passes/lower_types.h"
#include "../passes/narrow.h"
#include "../passes/partition_loops.h"
#include "../passes/scoped_pass.h"
#include "../passes/unique_lets.h"
#include "../passes/unroll_loops.h"
#include "../passes/vectorize_loops.h"
#include "lathe/ir/math.h"
#include "lathe/ir/simplify.h"
#include "lathe/ir/verify.h"

namespace lathe {
namespace {

Module simplified(Module m) {
    for (Function& f : m.functions) {
        Facts facts;
        for (const Param& p : f.params)
            if (p.type.is_index()) facts.bound(p.symbol, {index(0), {}});
        f.body = simplify(f.body, facts);
    }
    return unique_lets(std::move(m));
}

} // namespace

Module lower(const Module& module, const Target&) {
    Module m = lower_math(module);
    m = simplified(check_bounds(simplified(lower_types(m))));
    m = narrow(simplified(partition_loops(m)));
    m = vectorize_loops(m);
    m = simplified(unroll_loops(m));
    verify(m);
    return m;
}

} // namespace lathe
