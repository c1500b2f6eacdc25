// What kinds of loops say of themselves, and what follows from that: also for kinds that Lathe does not have
// yet.

#include "ir_build.h"

#include "lathe/ir/dependence.h"
#include "lathe/ir/print.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace build;

namespace {

/// A[i] = A[i − 1] for eight i, and the loop's kind.
Stmt scan(const LoopKind& kind) {
    const Symbol i("i"), A("A");
    const Expr at = var(i);
    return For::make(i, index(1), index(8), kind,
                     Store::make(A, Int(8), {at}, Load::make(A, Int(8), {isub(at, index(1))})),
                     {"user.cpp", 7});
}

std::string verdict(const LoopKind& kind) {
    LegalTags legal;
    try {
        const auto c = tag_conflict(scan(kind), legal);
        return c ? c->reason : "legal, asked " + std::to_string(legal.asked);
    } catch (const InternalError& e) {
        return "internal: " + e.message();
    } catch (const Error& e) {
        return e.message();
    }
}

} // namespace

TEST_CASE("kinds of loops: what is legal follows from their properties") {
    const std::string carried = "A[i] written is read as A[i - 1] (carried by i, distance 1)";
    CHECK(verdict(LoopKind::serial()) == "legal, asked 0");
    CHECK(verdict(LoopKind::unrolled()) == "legal, asked 0");
    CHECK(verdict(LoopKind::pipeline(1)) == "legal, asked 0");
    CHECK(verdict(LoopKind::parallel()) == carried);
    CHECK(verdict(LoopKind::vectorized()) == carried);
    CHECK(verdict(LoopKind("gpu_block", {.ordered = false,
                                         .concurrent = true,
                                         .lockstep = false,
                                         .replicated = false,
                                         .overlapped = false,
                                         .sync = SyncScope::grid})) == carried);
    CHECK(verdict(LoopKind("systolic")) ==
          "loop i is of the kind systolic, and how its iterations run is unknown");
}

TEST_CASE("kinds of loops: which are plain, and which need a constant extent") {
    CHECK(LoopKind::serial().properties().plain());
    for (const LoopKind& k :
         {LoopKind::parallel(), LoopKind::vectorized(), LoopKind::unrolled(), LoopKind::pipeline(2)})
        CHECK_FALSE(k.properties().plain());
    CHECK(LoopKind::vectorized().properties().by_extent());
    CHECK(LoopKind::unrolled().properties().by_extent());
    CHECK_FALSE(LoopKind::parallel().properties().by_extent());
    CHECK_FALSE(LoopKind("systolic").known());
    CHECK(LoopKind() == LoopKind::serial());
}
