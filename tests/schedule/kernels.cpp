// Primitives on the loops of kernels.

#include "checking.h"
#include "contains.h"
#include "lathe/lathe.h"
#include "refusal.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;

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
    CHECK(check_schedule(build(gemm).module, s.module(), {p, q, plain}) == "");
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
    CHECK(check_schedule(build(k).module, s.module(), {plain}) == "");
    CHECK(check_schedule(build(k).module, v.module(), {plain}) == "");
    interpret(build(k).module, {&plain});
    jit(s).call({&fast});
    jit(v).call({&more});
    CHECK(bit_equal(plain, fast));
    CHECK(bit_equal(plain, more));
}

namespace {

/// A kernel with two loops around one store, whose places data decides. \pre the store may hit one element
/// twice. The last iterations may run once more, in their order: what they store they store again.
template <class Body> void no_order_but_its_own(const Body& store) {
    Param N("N");
    Input e("e", Int(16), {N, 5});
    InOut A("A", Int(32), {40, 40});
    Var i("i"), j("j");
    const Kernel k("k", {e, A}, [&](KernelBody& k) {
        k.for_(i, 0, N, [&] { k.for_(j, 0, 5, [&] { store(k, Expr(e(i, j)), A, i, j); }); });
    });
    Schedule s(k);
    for (const auto& call : std::vector<std::function<void()>>{
             [&] { s[k].reorder(j, i); }, [&] { s[k].parallel(i); }, [&] { s[k].parallel(j); },
             [&] { s[k].vectorize(j, 4); }, [&] { s[k].tile({i, j}, {2, 2}); }})
        CHECK(contains(refusal(call), "A["));
    CHECK(s.steps().empty());
    s[k].split(j, 2, Tail::shift_inwards);
    Buffer<int16_t> data({3, 5});
    for (int n = 0; n < 15; ++n)
        data.begin()[n] = static_cast<int16_t>(1 + n * n % 5);
    CHECK(check_schedule(s.reference(), s.module(), {data, Buffer<int32_t>({40, 40})}) == "");
}

} // namespace

TEST_CASE("a private scalar as divisor differs between iterations") {
    no_order_but_its_own([](KernelBody& k, const Expr& e, const InOut& A, const Var& i, const Var& j) {
        const Scalar s = k.scalar("s", Int(16), e);
        A(floor_div(i * 5 + j, s), floor_mod(i * 5 + j, s)) = 10 * i + j;
    });
}

TEST_CASE("a let of what is stored to afterwards is another value than what is read then") {
    no_order_but_its_own([](KernelBody& k, const Expr& e, const InOut& A, const Var& i, const Var& j) {
        Scalar s = k.scalar("s", Int(16), 0);
        const Expr before = k.let(s);
        s = e;
        A(i + floor_div(s - before, 2), j + 5 - (s - before)) = 10 * i + j;
    });
    Param N("N");
    Input d("d", Int(16), {N});
    InOut p("p", Int(16), {N});
    Output c("c", Int(32), {3 * N});
    Var i("i");
    const Kernel k("k", {d, p, c}, [&](KernelBody& k) {
        k.for_(i, 0, N, [&] {
            const Expr x = k.let(p(i));
            p(i) += d(i);
            c(i + p(i) - x) = i;
        });
    });
    Schedule s(k);
    CHECK(contains(refusal([&] { s[k].parallel(i); }), "c[i + Index(p[i]) - Index(kept)]"));
}

TEST_CASE("buffers that take turns are different ones") {
    Param N("N"), T("T");
    InOut th("th", Int(32), {2, N});
    Var t("t"), i("i");
    const auto sweep = [&](const Expr& from) {
        return Kernel("k", {th, T}, [&](KernelBody& k) {
            k.for_(t, 0, T, [&] {
                k.for_(i, 1, N - 1, [&] { th((t + 1) % 2, i) = th(from % 2, i - 1) + th(from % 2, i + 1); });
            });
        });
    };
    const Kernel turns = sweep(t), same = sweep(t + 3);
    Schedule s(turns), u(same);
    s[turns].parallel(i);
    CHECK(contains(refusal([&] { s[turns].parallel(t); }), "carried by t"));
    CHECK(contains(refusal([&] { u[same].parallel(i); }), "carried by i, distance 1"));
    Buffer<int32_t> a({2, 9}), b({2, 9});
    for (int n = 0; n < 18; ++n)
        a.begin()[n] = b.begin()[n] = n * n;
    CHECK(check_schedule(s.reference(), s.module(), {a}, {{"T", Value::literal(5)}}) == "");
    interpret(s.reference(), {&a}, {{"T", Value::literal(5)}});
    jit(s).call({&b}, {{"T", Value::literal(5)}});
    CHECK(bit_equal(a, b));
}

TEST_CASE("a loop whose bound differs between lanes by way of a let has no vector form") {
    Param N("N");
    Input d("d", Int(32), {N});
    InOut A("A", Int(32), {N}), e("e", Int(32), {N});
    Var i("i"), j("j");
    const auto refused = [&](const std::function<Expr(KernelBody&)>& bound) {
        const Kernel k("k", {d, e, A}, [&](KernelBody& k) {
            k.for_(i, 0, N, [&] { k.for_(j, 0, bound(k), [&] { A(i) += j; }); });
        });
        Schedule s(k);
        CHECK(contains(refusal([&] { s[k].vectorize(i, 4); }), "the bounds of loop j inside it depend on i"));
    };
    refused([&](KernelBody&) { return Expr(d(i)); });
    refused([&](KernelBody&) { return Expr(e(i)); });
    refused([&](KernelBody& k) { return Expr(k.scalar("s", Int(32), d(i))); });
    Param c("c"), place("place", Int(32));
    const Kernel add("add", {A, c, place}, [&](KernelBody& k) { k.for_(j, 0, c, [&] { A(place) += 1; }); });
    const Kernel caller("caller", {d, e},
                        [&](KernelBody& k) { k.for_(i, 0, N, [&] { k.call(add, {e, d(i), i}); }); });
    Schedule s(caller);
    CHECK(
        contains(refusal([&] { s[caller].vectorize(i, 4); }), "the bounds of loop j inside it depend on i"));
}

TEST_CASE("factors, tails and types that no schedule takes") {
    Param N("N"), M("M");
    InOut a("a", Int(32), {M, N});
    Var i("i"), j("j");
    const Kernel k("k", {a},
                   [&](KernelBody& k) { k.for_(i, 0, M, [&] { k.for_(j, 0, N, [&] { a(i, j) = 5; }); }); });
    Schedule s(k);
    CHECK(contains(refusal([&] { s[k].split(i, INT64_MAX); }),
                   "the factor 9223372036854775807 is more than 2147483648"));
    CHECK(contains(refusal([&] { s[k].tile({i, j}, {4, 4}, Tail::peel); }), "tile takes no Tail::peel"));
    for (const Type t : {IndexType(), RealType(), Int(8).with_lanes(4)})
        for (const QuantizeOptions& o : {QuantizeOptions{}, QuantizeOptions{.literals = t}})
            CHECK(contains(refusal([&] { s.quantize(a, o.literals ? Int(8) : t, o); }),
                           "quantize to " + t.str() + ": a tensor has elements of a sized type"));
    CHECK(s.steps().empty());
}

TEST_CASE("a called kernel's size is what memory held at the call") {
    Param N("N"), c("c");
    InOut own("own", Int(32), {4});
    Var i("i"), j("j");
    const Kernel count("count", {own, c}, [&](KernelBody& k) { k.for_(j, 0, c, [&] { own(0) += 1; }); });
    Input d("d", Int(8), {N});
    Output out("out", Int(32), {N});
    const Kernel k("k", {d, out}, [&](KernelBody& k) {
        k.for_(i, 0, N, [&] {
            Scalar s = k.scalar("s", Int(8), d(i));
            Array a = k.array("a", Int(32), {4});
            k.update(a, [&](Var) { return 0; });
            k.call(count, {a, s});
            s = 0;
            out(i) = a(0) + s;
        });
    });
    Schedule s(k);
    s[k].parallel(i);
    Buffer<int8_t> in({3});
    in(1) = 5;
    Buffer<int32_t> got({3});
    jit(s)(in, got);
    CHECK(got(0) == 0);
    CHECK(got(1) == 5);
}
