// Known programs as Vitis C++, compiled by g++ and clang, against the interpreter.

#include "programs.h"
#include "deep.h"
#include "vitis_compiled.h"

using namespace lathe;

namespace {

/// The schedule with every size bound, as arrays inside a kernel need it.
Schedule bound(const Schedule& s, const Sizes& sizes) {
    Schedule b = s;
    for (const Param& p : s.module().top().params)
        if (p.type.is_index()) b.bind(p, sizes.at(p.symbol.name()));
    return b;
}

/// Kernels, and what each must compute.
class Suite {
  public:
    /// With sizes as parameters.
    void add(const Schedule& s, const std::vector<Sizes>& sizes) {
        kernels.add(s);
        expected.push_back({s.reference(), sizes});
    }
    /// Once for each of the sizes.
    void add_bound(const Schedule& s, const std::vector<Sizes>& sizes) {
        for (const Sizes& one : sizes) {
            kernels.add(bound(s, one));
            expected.push_back({s.reference(), {one}});
        }
    }
    void check() {
        for (const std::string& compiler : vitis_compilers()) {
            CAPTURE(compiler);
            kernels.compile(compiler);
            for (size_t k = 0; k < expected.size(); ++k)
                kernels.expect_right(k, expected[k].first, expected[k].second);
        }
    }

  private:
    VitisKernels kernels;
    std::vector<std::pair<Module, std::vector<Sizes>>> expected;
};

} // namespace

TEST_CASE("hls: known programs") {
    Suite suite;
    {
        Gemm g;
        Schedule s(g.C);
        suite.add(s, Gemm::sizes());
        s[g.C].pipeline(g.k);
        suite.add_bound(s, {Gemm::sizes()[0]});
    }
    {
        Gemm g(Fixed(14, 9), Fixed(32, 18));
        Schedule s(g.C);
        s[g.C].split(g.j, 4);
        suite.add(s, Gemm::sizes());
    }
    {
        PackedGemm g;
        suite.add_bound(Schedule(g.C), {Gemm::sizes()[0], Gemm::sizes()[3]});
    }
    {
        Blur b;
        Schedule s(b.out);
        suite.add_bound(s, {Blur::sizes()[0], Blur::sizes()[4]});
        auto [yo, yi] = s[b.out].split(b.y, 4);
        s.compute_at(b.rows, b.out, yo);
        s[b.out].vectorize(b.x, 8);
        suite.add_bound(s, Blur::sizes());
    }
    suite.check();
}
