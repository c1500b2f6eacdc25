#include "unroll_loops.h"

#include "lathe/ir/print.h"
#include "lathe/ir/scoped_pass.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <utility>

namespace lathe::codegen {
namespace {

constexpr int64_t most_copies = 1024;
/// Of the copies together: each vector of many lanes becomes many instructions.
constexpr int64_t most_lanes = 1 << 16;

int64_t widest_vector(const Stmt& body) {
    int64_t lanes = 1;
    for_each(body, nullptr, [&](const Expr& e) { lanes = std::max<int64_t>(lanes, e.type().lanes()); });
    return lanes;
}

class Unroller : public ScopedMutator {
    using ScopedMutator::visit;
    Stmt visit(const For& loop, const Stmt& s) override {
        if (!loop.runs().replicated) return ScopedMutator::visit(loop, s);
        const std::optional<int64_t> copies = most_iterations(loop);
        if (!copies)
            fail(loop.loc,
                 "unroll({}): the loop's extent {} has no constant bound; split the loop by a constant first",
                 loop.var.name(), print(loop.extent));
        const int64_t all = *copies > most_copies ? *copies : *copies * copies_around;
        if (all > most_copies)
            fail(
                loop.loc,
                "unroll({}) would make {} copies of its body{}; split the loop and unroll the inner part (at "
                "most {})",
                loop.var.name(), all, copies_around > 1 ? ", with the unrolled loops around it" : "",
                most_copies);
        if (const int64_t lanes = widest_vector(loop.body); lanes > 1 && all > most_lanes / lanes)
            fail(
                loop.loc,
                "unroll({}) would make {} copies of vectors of {} lanes; split the loop and unroll the inner "
                "part, or take fewer lanes (at most {} together)",
                loop.var.name(), all, lanes, most_lanes);
        const int64_t around = std::exchange(copies_around, std::max<int64_t>(all, 1));
        const Stmt body = inside(loop.var, loop.min, loop.extent, loop.body);
        copies_around = around;
        std::vector<Stmt> result;
        for (int64_t i = 0; i < *copies; ++i)
            result.push_back(copy(loop, body, i));
        return Block::make(std::move(result));
    }

    int64_t copies_around = 1; ///< of what is mutated now, by the unrolled loops around it

    Stmt copy(const For& loop, const Stmt& body, int64_t i) const {
        Stmt one = substitute(body, {{loop.var, iadd(loop.min, index(i))}});
        if (i > 0) one = fresh_copy(one);
        const Expr runs = Binary::make(BinaryOp::lt, index(i), loop.extent);
        return prove(runs, facts()) ? one : If::make(runs, one, {}, loop.loc);
    }
};

} // namespace

Module unroll_loops(const Module& module) {
    return Unroller().run(module);
}

} // namespace lathe::codegen
