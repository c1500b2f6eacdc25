// reuse_at: what it makes, what it refuses, and random stencils in all backends.

#include "checking.h"
#include "deep.h"
#include "lathe/codegen/jit.h"
#include "programs.h"
#include "random_stencil.h"
#include "refusal.h"
#include "vitis_compiled.h"

#include "lathe/hls/emit.h"
#include "lathe/ir/layout.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

std::optional<Tensor> find_tensor(const Module& m, const Symbol& name) {
    std::optional<Tensor> found;
    for_each(
        m.top().body,
        [&](const Stmt& s) {
            if (const auto* a = s.as<Allocate>())
                if (const Tensor* t = a->find(name)) found = *t;
        },
        nullptr);
    return found;
}

/// Counts how often each element of a tensor is read, in an output of its own.
class CountReads : public Mutator {
  public:
    CountReads(const Tensor& of) : source(of), counts(of) {
        counts.symbol = Symbol("reads");
        counts.type = Int(16);
        counts.space = MemorySpace::heap();
        counts.layout = {};
    }
    Module operator()(const Module& m) {
        Module r = m;
        r.top().body = Mutator::operator()(m.top().body);
        r.top().arguments.push_back({counts, Direction::inout});
        return r;
    }

  protected:
    using Mutator::visit;
    /// Only a store reads it: an element, or one of a select's arms.
    Stmt visit(const Store& s, const Stmt& self) override {
        std::vector<Stmt> all;
        const Expr& value = s.targets[0].value;
        const auto* choice = value.as<Select>();
        if (const auto* l = (choice ? choice->then_value : value).as<Load>();
            l && l->tensor == source.symbol) {
            Stmt add = Reduce::make(BinaryOp::add, {counts.symbol, counts.type, l->indices,
                                                    Constant::make(Value::from_raw(Int(16), 1))});
            all.push_back(choice ? If::make(choice->condition, add) : add);
        }
        all.push_back(self);
        return Block::make(all);
    }

  private:
    const Tensor source;
    Tensor counts;
};

Tensor declaration(const Module& m, const Symbol& t) {
    for (const Argument& a : m.top().arguments)
        if (a.tensor.symbol == t) return a.tensor;
    return *find_tensor(m, t);
}

/// Reuse along some of the loops, outermost first; the buffers.
struct Reused {
    std::vector<Symbol> buffers;
    std::vector<size_t> dimensions; ///< of the stencil
};

Reused reuse(Schedule& s, const RandomStencil& stencil, std::mt19937& random) {
    StageHandle out = s.stage(stencil.consumer);
    if (stencil.definition == 1) out = out.update(0);
    Reused r;
    Symbol from = stencil.source;
    for (size_t d = 0; d < stencil.loops.size(); ++d) {
        if (stencil.windows[d] <= stencil.steps[d] || random() % 4 == 0) continue;
        from = out.reuse_at(TensorRef(from), stencil.loops[d]).symbol;
        r.buffers.push_back(from);
        r.dimensions.push_back(d);
    }
    return r;
}

} // namespace

TEST_CASE("reuse_at: random stencils read each element once, in buffers as small as can be") {
    int reused = 0, whole = 0;
    for (int seed = 0; seed < count(120, 2000); ++seed) {
        CAPTURE(seed);
        std::mt19937 random(static_cast<unsigned>(seed));
        const RandomStencil stencil = random_stencil(random);
        Schedule s(stencil.algorithm);
        const Reused r = reuse(s, stencil, random);
        if (r.buffers.empty()) continue;
        ++reused;
        const std::string text = print(s);
        CAPTURE(text);
        verify(s.module());
        const std::vector<AnyBuffer> arguments = make_arguments(s.module(), stencil.sizes, 7);
        const std::string wrong =
            check_schedule(s.reference(), s.module(), arguments, make_scalars(s.module(), stencil.sizes));
        REQUIRE(wrong == "");
        for (size_t n = 0; n < r.buffers.size(); ++n) {
            const Tensor buffer = *find_tensor(s.module(), r.buffers[n]);
            int64_t folds = 0;
            for (const DimLayout& d : buffer.layout.dims)
                folds += d.fold;
            CHECK(folds <= stencil.windows[r.dimensions[n]]);
            if (!stencil.borders) CHECK(folds == stencil.windows[r.dimensions[n]]);
        }
        // With a buffer along every loop that has something to reuse, each element is read at most once.
        if (r.dimensions[0] != 0) continue;
        ++whole;
        const Module counting = CountReads(declaration(s.module(), stencil.source))(s.module());
        std::vector<AnyBuffer> buffers = make_arguments(counting, stencil.sizes, 7);
        buffers.back().fill(Value::from_raw(Int(16), 0));
        std::vector<AnyBuffer*> pointers;
        for (AnyBuffer& b : buffers)
            pointers.push_back(&b);
        interpret(counting, pointers, make_scalars(counting, stencil.sizes));
        const auto* reads = reinterpret_cast<const int16_t*>(buffers.back().data());
        for (int64_t n = 0; n < buffers.back().size(); ++n)
            REQUIRE(reads[n] <= 1);
    }
    CHECK(reused > count(60, 1000));
    CHECK(whole > count(20, 300));
}

TEST_CASE("reuse_at: random stencils as machine code and as Vitis C++") {
    VitisKernels kernels;
    std::vector<std::pair<Module, std::map<std::string, int64_t>>> emitted;
    for (int seed = 5000; emitted.size() < 40; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(static_cast<unsigned>(seed));
        const RandomStencil stencil = random_stencil(random);
        Schedule s(stencil.algorithm);
        if (reuse(s, stencil, random).buffers.empty()) continue;
        for (const auto& [name, value] : stencil.sizes)
            for (const Param& p : s.module().top().params)
                if (p.symbol.name() == name) {
                    s.bind(p, value);
                    break;
                }
        const std::string text = print(s);
        CAPTURE(text);
        std::vector<AnyBuffer> expected = run(s.reference(), {}, 3), got = make_arguments(s.module(), {}, 3);
        std::vector<AnyBuffer*> pointers;
        for (AnyBuffer& b : got)
            pointers.push_back(&b);
        jit(s.module()).call(pointers);
        for (size_t n = 0; n < got.size(); ++n)
            CHECK(bit_equal(got[n], expected[n]));
        kernels.add(s.module());
        emitted.emplace_back(s.reference(), std::map<std::string, int64_t>{});
    }
    kernels.compile();
    for (size_t k = 0; k < emitted.size(); ++k) {
        CAPTURE(k);
        kernels.expect_right(k, emitted[k].first, {emitted[k].second});
    }
}
