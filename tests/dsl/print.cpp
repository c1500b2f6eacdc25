/// What programs print, and how kernels print.

#include "lathe/lathe.h"

#include <cstdio>
#include <doctest/doctest.h>
#include <unistd.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

/// What `f` writes to the standard output.
template <class F> std::string output_of(F f) {
    std::fflush(stdout);
    const int saved = dup(STDOUT_FILENO);
    std::FILE* file = std::tmpfile();
    dup2(fileno(file), STDOUT_FILENO);
    f();
    std::fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    std::rewind(file);
    std::string text;
    for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file))
        text += static_cast<char>(c);
    std::fclose(file);
    return text;
}

} // namespace

TEST_CASE("print writes lines in order, in the interpreter and in machine code") {
    Input a("a", Int(13), {3});
    Output b("b", Int(8), {3});
    Var i("i");
    const Kernel k("talk", {a, b}, [&](KernelBody& k) {
        k.print("100% of {{}}");
        k.for_(i, 0, 3, [&] {
            b(i) = a(i);
            k.print("a({}) = {}, half {}, fixed {}, even {}",
                    {i, a(i), cast(Float(32), a(i)) / 2, cast(Fixed(20, 4), a(i)) / 3, a(i)[0] == 0});
        });
    });
    Buffer<int16_t> in(Int(13), {3});
    in(0) = 7, in(1) = -4, in(2) = 0;
    Buffer<int8_t> out({3});
    const std::string want = "100% of {}\n"
                             "a(0) = 7, half 3.5, fixed 2.3125, even 0\n"
                             "a(1) = -4, half -2, fixed -1.3125, even 1\n"
                             "a(2) = 0, half 0, fixed 0, even 1\n";
    const Schedule s(k);
    CHECK(output_of([&] { interpret(s, {&in, &out}); }) == want);
    CHECK(output_of([&] { jit(s).call({&in, &out}); }) == want);
    Schedule parallel(k);
    CHECK_THROWS_WITH_AS(parallel[k].parallel(i),
                         doctest::Contains("print written at print.cpp:42 is written as print"), Error);
    CHECK_THROWS_WITH_AS(parallel[k].vectorize(i), doctest::Contains("print"), Error);
}

TEST_CASE("a kernel prints as it runs") {
    Param N("N");
    Output b("b", Int(32), {N});
    Var i("i");
    const Kernel k("count", {b}, [&](KernelBody& k) {
        Scalar n = k.scalar("n", Int(32), 0);
        k.while_([&] { return n < N; }, [&] { n += 1; });
        k.for_(i, 0, N, [&] {
            k.if_(n == 5, [&] { k.break_(); });
            b(i) = n;
        });
    });
    CHECK(print(build(k).module) == R"(def count(b: out Tensor[Int(32), (N)]), params N:
    assert N < 2147483648, "a loop variable or size used as a value exceeds Int(32): [N, N]"
    # count.init
    with alloc(n: Tensor[Int(32), ()], register):
        n[] = 0
        while n[] < Int(32)(N):
            n[] += 1
        with alloc(break_i: Tensor[Bool, ()], register):
            break_i[] = False
            for i in range(N):
                if not break_i[]:
                    if n[] == 5:
                        break_i[] = True
                    else:
                        b[i] = n[]
)");
}
