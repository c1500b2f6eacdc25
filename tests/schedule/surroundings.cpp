// What stands around and beside a loop decides whether its iterations may run together.

#include "refusal.h"

#include "programs.h"

#include "lathe/dsl/kernel.h"

using namespace lathe;

namespace {

struct Beside {
    Var i{"i"}, j{"j"}, t{"t"};
    Param N{"N"}, M{"M"};
    InOut a{"a", Int(32), {1}}, x{"x", Int(32), {64}};

    void refused(const Kernel& k, const Var& loop) {
        Schedule s(k);
        CHECK(refusal([&] { s[k].vectorize(loop, 8); }).find("is illegal") != std::string::npos);
        CHECK(refusal([&] { s[k].parallel(loop); }).find("is illegal") != std::string::npos);
    }
};

} // namespace

TEST_CASE_FIXTURE(Beside, "what is stored beside a loop changes what lets, conditions and bounds kept") {
    refused(Kernel("let", {a, x},
                   [&](KernelBody& b) {
                       Expr v = b.let(a(0));
                       a(0) = 1;
                       b.for_(i, 0, 8, [&] { x(i + v) = x(i + a(0)) + 1; });
                   }),
            i);
    refused(Kernel("condition", {a, x},
                   [&](KernelBody& b) {
                       b.if_(a(0) > 5, [&] {
                           a(0) = 0;
                           b.for_(i, 0, 8, [&] {
                               b.if_(a(0) > 5, [&] { x(i) = 1; }).else_([&] { x(i + 1) = x(i) + 1; });
                           });
                       });
                   }),
            i);
    refused(Kernel("bound", {a, x},
                   [&](KernelBody& b) {
                       b.for_(j, 0, a(0) - 7, [&] {
                           b.for_(i, 0, 8, [&] { x(i + 16) = x(i + 16 - a(0)) + 1; });
                           a(0) = 1;
                       });
                   }),
            i);
}

TEST_CASE_FIXTURE(Beside, "what is required in a loop that may run nothing is known inside of it only") {
    refused(Kernel("require", {x, N, M},
                   [&](KernelBody& b) {
                       b.for_(t, 0, 8, [&] {
                           b.for_(j, 0, N, [&] { b.require(M >= 8, "M"); });
                           x(t + 16) = x(t + 16 - M) + 1;
                       });
                   }),
            t);
}
