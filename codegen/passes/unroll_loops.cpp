#include "unroll_loops.h"

#include "lathe/ir/print.h"
#include "scoped_pass.h"

namespace lathe::codegen {
namespace {

constexpr int64_t most_copies = 1024;

class Unroller : public ScopedMutator {
    Stmt mutate(const Stmt& s) override {
        auto* loop = s.as<For>();
        if (!loop || !loop->runs().replicated) return ScopedMutator::mutate(s);
        const std::optional<int64_t> copies = most_iterations(*loop);
        if (!copies)
            fail(loop->loc,
                 "unroll({}): the loop's extent {} has no constant bound; split the loop by a constant first",
                 loop->var.name(), print(loop->extent));
        if (*copies > most_copies)
            fail(loop->loc,
                 "unroll({}) would make {} copies of its body; split the loop and unroll the inner part (at "
                 "most {})",
                 loop->var.name(), *copies, most_copies);
        const Stmt body = inside(loop->var, loop->min, loop->extent, loop->body);
        std::vector<Stmt> result;
        for (int64_t i = 0; i < *copies; ++i)
            result.push_back(copy(*loop, body, i));
        return Block::make(std::move(result));
    }

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
