#include "lathe/codegen/lower.h"

#include "../passes/lower_types.h"
#include "../passes/narrow.h"
#include "../passes/partition_loops.h"
#include "../passes/read_through.h"
#include "../passes/unroll_loops.h"
#include "../passes/vectorize_loops.h"
#include "lathe/ir/check_bounds.h"
#include "lathe/ir/copies.h"
#include "lathe/ir/index_ranges.h"
#include "lathe/ir/inline_calls.h"
#include "lathe/ir/layout.h"
#include "lathe/ir/math.h"
#include "lathe/ir/scoped_pass.h"
#include "lathe/ir/shift_windows.h"
#include "lathe/ir/simplify.h"
#include "lathe/ir/unique_lets.h"
#include "lathe/ir/verify.h"
#include "lathe/ir/visit.h"

namespace lathe::codegen {
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

/// A CPU has no pipelines of its own.
Module without_pipelines(Module m) {
    class Serial : public Mutator {
        using Mutator::visit;
        Stmt visit(const For& f, const Stmt& s) override {
            if (!f.runs().overlapped) return Mutator::visit(f, s);
            return For::make(f.var, f.min, f.extent, {}, (*this)(f.body), f.loc);
        }
    };
    for (Function& f : m.functions)
        f.body = Serial()(f.body);
    return m;
}

/// Networks that a schedule made are run as what they were made of, unless all networks are threads.
Module in_one_function(const Module& m, const Target& target) {
    const bool threads = target.has_threads();
    const Module whole = check_views(copies_as_loops(threads ? without_origins(m) : as_origins(m)));
    return inline_calls(whole, threads ? Threads::all : Threads::for_cycles);
}

} // namespace

Module lower(const Module& module, const Target& target) {
    Module m = shift_windows(read_through(without_pipelines(in_one_function(module, target))));
    m = widen_index(lower_math(store_by_layout(check_bounds(m), false)));
    m = simplified(lower_types(m));
    m = narrow(simplified(partition_loops(m)));
    m = vectorize_loops(m);
    m = simplified(unroll_loops(m));
    verify(m);
    return m;
}

} // namespace lathe::codegen
