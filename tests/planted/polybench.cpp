// Every primitive on every loop of PolyBench: what a dependence query refuses is forced and runs.

#include "polybench.h"

#include "deep.h"
#include "judge.h"

#include <set>
#include <sstream>

using namespace lathe;
using namespace lathe::ir;

namespace {

/// The benchmark's runs for all of its sizes.
class Reference {
  public:
    Reference(const polybench::Benchmark& b, const Module& m) {
        for (const polybench::Sizes& sizes : b.sizes)
            for (unsigned seed = 1; seed <= 2; ++seed)
                runs.emplace_back(m, polybench::arguments(b, m, sizes, seed), make_scalars(m, sizes));
    }
    std::string difference(const Module& scheduled) const {
        for (const CheckedRun& run : runs)
            if (std::string d = run.difference(scheduled, true); !d.empty()) return d;
        return {};
    }

  private:
    std::vector<CheckedRun> runs;
};

} // namespace

TEST_CASE("PolyBench: calls on every loop are decided rightly") {
    int accepted = 0, illegal = 0, needless = 0;
    std::ostringstream reasons;
    for (const polybench::Benchmark& b : polybench::benchmarks()) {
        const Algorithm a = b.make(polybench::Extents({}));
        const Schedule before(a);
        const Reference reference(b, before.reference());
        std::set<std::string> told;
        for (const polybench::LoopCall& call : polybench::loop_calls(a)) {
            const Decision d =
                decide(before, call.make, [&](const Module& m, bool) { return reference.difference(m); });
            INFO(b.name << ", " << call.name << ": " << d.text);
            CHECK(d.verdict != Verdict::wrong);
            accepted += d.verdict == Verdict::right;
            illegal += d.verdict == Verdict::illegal;
            needless += d.verdict == Verdict::needless;
            if (d.verdict == Verdict::needless && told.insert(d.text).second)
                reasons << "\n" << b.name << ": " << d.text;
        }
    }
    MESSAGE("accepted " << accepted << ", refused and illegal " << illegal << ", refused needlessly "
                        << needless << reasons.str());
    CHECK(needless * 20 < accepted + needless);
}
