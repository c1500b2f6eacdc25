// Primitives on the loops of kernels.

#include "lathe/lathe.h"

#include <doctest/doctest.h>

using namespace lathe;

namespace {

/// The message of the Error that `f` throws.
template <class F> std::string refusal(F f) {
    try {
        f();
    } catch (const Error& e) {
        return e.message();
    }
    return "not refused";
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("a kernel's loops are split, reordered and tagged as a Func's") {
    Param M("M"), N("N"), K("K");
    Input a("a", Int(8), {M, K}), b("b", Int(8), {K, N});
    Output c("c", Int(32), {M, N});
    Var i("i"), j("j"), x("x"), y("y"), r("r");
    const Kernel gemm("gemm", {a, b, c}, [&](KernelBody& k) {
        k.for_(x, 0, M, [&] { k.for_(y, 0, N, [&] { c(x, y) = 0; }); });
        k.for_(i, 0, M,
               [&] { k.for_(j, 0, N, [&] { k.for_(r, 0, K, [&] { c(i, j) += a(i, r) * b(r, j); }); }); });
    });
    Schedule s(gemm);
    const auto [io, jo, ii, ji] = s[gemm].tile({i, j}, {4, 8});
    s[gemm].reorder(io, jo, r, ii, ji).parallel(io).unroll(ii).vectorize(ji);
    CHECK(loop_tree(s) == R"(gemm
    gemm.init
        for x in range(M)
            for y in range(N)
        for io in parallel((M + 3) // 4)
            for jo in range((N + 7) // 8)
                for r in range(K)
                    for ii in unrolled(4)
                        for ji in vectorized(8)
)");
    Buffer<int8_t> p({5, 7}), q({7, 11});
    for (int64_t n = 0; n < 35; ++n)
        p.begin()[n] = static_cast<int8_t>(n * 7 % 19 - 9);
    for (int64_t n = 0; n < 77; ++n)
        q.begin()[n] = static_cast<int8_t>(n * 5 % 23 - 11);
    Buffer<int32_t> plain({5, 11}), fast({5, 11});
    interpret(build(gemm).module, {&p, &q, &plain});
    jit(s).call({&p, &q, &fast});
    CHECK(bit_equal(plain, fast));
}

TEST_CASE("what a kernel's loops refuse") {
    Param N("N");
    Input a("a", Int(32), {N});
    Output b("b", Int(32), {N});
    Var i("i"), j("j"), l("l");
    const Kernel k("k", {a, b}, [&](KernelBody& k) {
        Scalar last = k.scalar("last", Int(32), 0);
        k.for_(i, 0, N, [&] {
            b(i) = last;
            last = a(i);
        });
        k.for_(j, 0, N, [&] { k.if_(b(j) == 7, [&] { k.break_(); }); });
        k.for_(l, 0, N, [&] { k.if_(b(l) == 8, [&] { k.return_(); }); });
    });
    Schedule s(k);
    CHECK(contains(refusal([&] { s[k].parallel(i); }), "(carried by i)"));
    CHECK(contains(refusal([&] { s[k].parallel(j); }), "break_j"));
    CHECK(contains(refusal([&] { s[k].vectorize(l, 4); }), "return"));
    CHECK(contains(refusal([&] { s[k].inline_(); }),
                   "k is a kernel, which runs as it is written: only its loops can be scheduled"));
    CHECK(contains(refusal([&] { s[k].compute_root(); }), "k is a kernel"));
    CHECK(contains(refusal([&] { s[k].compute_at(s[k], i); }), "k is a kernel"));
    CHECK(contains(refusal([&] { s[k].store_in(MemorySpace::stack()); }), "k is a kernel"));
    CHECK(contains(refusal([&] { s[k].fuse_init(i); }), "k is a kernel"));
    CHECK(contains(refusal([&] { s[k].fuse(i, j); }), "j is not directly inside i"));
    s.inline_all_pure();
    CHECK(s.steps().empty());

    const Kernel twice("twice", {b}, [&](KernelBody& k) {
        k.for_(i, 0, N, [&] { b(i) = 0; });
        k.for_(i, 0, N, [&] { b(i) = 1; });
    });
    Schedule t(twice);
    CHECK(contains(refusal([&] { t[twice].split(i, 4); }),
                   "2 loops of twice have the variable i: give each a Var of its own"));
    CHECK(contains(refusal([&] { t[k].split(i, 4); }), "k is no Func of this schedule's algorithm"));
}

TEST_CASE("loops inside a while, and a while inside loops") {
    Param N("N");
    InOut b("b", Int(32), {N});
    Var i("i"), j("j");
    const Kernel k("k", {b}, [&](KernelBody& k) {
        Scalar round = k.scalar("round", Int(32), 0);
        k.while_([&] { return round < 3; },
                 [&] {
                     k.for_(i, 0, N, [&] { b(i) += round; });
                     round += 1;
                 });
        k.for_(j, 0, N, [&] { k.while_([&] { return b(j) % 7 != 0; }, [&] { b(j) += 1; }); });
    });
    Schedule s(k);
    s[k].vectorize(i, 4);
    s[k].split(j, 8);
    Schedule v(k);
    CHECK(contains(refusal([&] { v[k].vectorize(j, 8); }), "ends at another time in each lane"));
    v[k].parallel(j);
    Buffer<int32_t> plain({13}), fast({13}), more({13});
    for (int64_t n = 0; n < 13; ++n)
        plain(n) = fast(n) = more(n) = static_cast<int32_t>(n * n);
    interpret(build(k).module, {&plain});
    jit(s).call({&fast});
    jit(v).call({&more});
    CHECK(bit_equal(plain, fast));
    CHECK(bit_equal(plain, more));
}
