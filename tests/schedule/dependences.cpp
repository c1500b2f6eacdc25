// Schedules that only exact dependences prove legal: accepted, and right.

#include "refusal.h"

#include "lathe/lathe.h"

#include "lathe/ir/interpret.h"

#include <doctest/doctest.h>

using namespace lathe;

namespace {

/// Small numbers without a pattern, none of them 0.
template <class T> Buffer<T> numbers(std::vector<int64_t> shape) {
    Buffer<T> b(shape);
    int64_t size = 1;
    for (const int64_t n : shape)
        size *= n;
    for (int64_t n = 0; n < size; ++n)
        b.begin()[n] = static_cast<T>(1 + n * n * 7 % 23);
    return b;
}

/// Runs the kernel as it is written, scheduled in the interpreter, and scheduled by the JIT.
template <class T>
void check_same(const Schedule& s, const std::vector<std::vector<int64_t>>& shapes,
                const std::map<std::string, int64_t>& scalars = {}) {
    std::vector<std::vector<Buffer<T>>> runs(3);
    for (auto& run : runs)
        for (const auto& shape : shapes)
            run.push_back(numbers<T>(shape));
    const auto pointers = [](std::vector<Buffer<T>>& run) {
        std::vector<AnyBuffer*> all;
        for (Buffer<T>& b : run)
            all.push_back(&b);
        return all;
    };
    std::map<std::string, Value> values;
    for (const auto& [name, value] : scalars)
        values[name] = Value::literal(value);
    auto plain = pointers(runs[0]), scheduled = pointers(runs[1]), compiled = pointers(runs[2]);
    interpret(s.reference(), plain, values);
    interpret(s.module(), scheduled, values);
    jit(s).call(compiled, values);
    for (size_t n = 0; n < shapes.size(); ++n) {
        CHECK(bit_equal(runs[0][n], runs[1][n]));
        CHECK(bit_equal(runs[0][n], runs[2][n]));
    }
}

} // namespace

TEST_CASE("a tail's guard is known: blocks of 20 in vectors of 8") {
    Param N("N");
    InOut a("a", Int(32), {N});
    Var i("i");
    const Kernel k("k", {a}, [&](KernelBody& k) { k.for_(i, 0, N, [&] { a(i) = a(i) * 3 + 1; }); });
    Schedule s(k);
    const auto [io, ii] = s[k].split(i, 20);
    s[k].vectorize(ii, 8).parallel(io);
    for (const int64_t n : {0, 1, 19, 20, 21, 63})
        check_same<int32_t>(s, {{n}});
}

TEST_CASE("gemm in tiles of 6 by 20") {
    Param M("M"), N("N"), K("K");
    Input a("a", Int(32), {M, K}), b("b", Int(32), {K, N});
    InOut c("c", Int(32), {M, N});
    Var i("i"), j("j"), r("r");
    const Kernel gemm("gemm", {a, b, c}, [&](KernelBody& k) {
        k.for_(i, 0, M,
               [&] { k.for_(j, 0, N, [&] { k.for_(r, 0, K, [&] { c(i, j) += a(i, r) * b(r, j); }); }); });
    });
    Schedule s(gemm);
    const auto [io, jo, ii, ji] = s[gemm].tile({i, j}, {6, 20});
    s[gemm].reorder(io, jo, r, ii, ji).vectorize(ji, 8).parallel(io);
    check_same<int32_t>(s, {{13, 5}, {5, 45}, {13, 45}});
    Schedule t(gemm); // both loops of tiles
    const auto [ko, lo, ki, li] = t[gemm].tile({i, j}, {6, 20});
    t[gemm].vectorize(li, 8).parallel(t[gemm].fuse(ko, lo));
    check_same<int32_t>(t, {{13, 5}, {5, 45}, {13, 45}});
}

TEST_CASE("three loops of unknown length fused") {
    Param L("L"), M("M"), N("N");
    InOut a("a", Int(32), {L, M, N});
    Var i("i"), j("j"), r("r");
    const Kernel k("k", {a}, [&](KernelBody& k) {
        k.for_(i, 0, L, [&] {
            k.for_(j, 0, M, [&] { k.for_(r, 0, N, [&] { a(i, j, r) = a(i, j, r) * 2 + i + j + r; }); });
        });
    });
    Schedule s(k), t(k), u(k);
    s[k].parallel(s[k].fuse(s[k].fuse(i, j), r));
    t[k].vectorize(t[k].fuse(t[k].fuse(i, j), r), 8);
    const auto [o, in] = u[k].split(u[k].fuse(u[k].fuse(i, j), r), 20);
    u[k].vectorize(in, 8).parallel(o);
    for (const Schedule& x : {s, t, u})
        check_same<int32_t>(x, {{3, 4, 5}});
    const Kernel low("low", {a}, [&](KernelBody& k) { // not all subscripts
        k.for_(i, 0, L,
               [&] { k.for_(j, 0, M, [&] { k.for_(r, 0, N, [&] { a(i, j, 0) = a(i, j, 0) * 2 + r; }); }); });
    });
    Schedule v(low);
    const Loop f = v[low].fuse(v[low].fuse(i, j), r);
    CHECK(refusal([&] { v[low].parallel(f); }).find("is illegal: a[") != std::string::npos);
}

TEST_CASE("lu and ludcmp: the inner update stays above or left of the diagonal") {
    Param N("N");
    InOut a("a", Float(64), {N, N});
    Var i("i"), j("j"), k("k"), l("l"), m("m");
    const Kernel lu("lu", {a}, [&](KernelBody& b) {
        b.for_(i, 0, N, [&] {
            b.for_(l, 0, i, [&] {
                b.for_(m, 0, l, [&] { a(i, l) -= a(i, m) * a(m, l); });
                a(i, l) = a(i, l) / a(l, l);
            });
            b.for_(j, i, N, [&] { b.for_(k, 0, i, [&] { a(i, j) -= a(i, k) * a(k, j); }); });
        });
    });
    Schedule parallel(lu), vectors(lu), moved(lu);
    parallel[lu].parallel(j);
    vectors[lu].vectorize(j, 4);
    moved[lu].reorder(k, j).vectorize(j, 4);
    for (const Schedule& s : {parallel, vectors, moved})
        check_same<double>(s, {{11, 11}});
    CHECK(refusal([&] { Schedule(lu)[lu].parallel(k); }).find("carried by k") != std::string::npos);
    CHECK(refusal([&] { Schedule(lu)[lu].parallel(l); }).find("carried by l") != std::string::npos);
    CHECK(refusal([&] { Schedule(lu)[lu].parallel(i); }).find("carried by i") != std::string::npos);

    const Kernel ludcmp("ludcmp", {a}, [&](KernelBody& b) { // sums kept in a scalar
        b.for_(i, 0, N, [&] {
            b.for_(l, 0, i, [&] {
                Scalar w = b.scalar("w", Float(64), a(i, l));
                b.for_(m, 0, l, [&] { w -= a(i, m) * a(m, l); });
                a(i, l) = w / a(l, l);
            });
            b.for_(j, i, N, [&] {
                Scalar w = b.scalar("w", Float(64), a(i, j));
                b.for_(k, 0, i, [&] { w -= a(i, k) * a(k, j); });
                a(i, j) = w;
            });
        });
    });
    Schedule scalar(ludcmp), lanes(ludcmp);
    scalar[ludcmp].parallel(j);
    lanes[ludcmp].vectorize(j, 4);
    for (const Schedule& s : {scalar, lanes})
        check_same<double>(s, {{11, 11}});
}

TEST_CASE("triangles by bounds: the outer loop in vectors, loops that do not bound each other in any order") {
    Param N("N");
    InOut a("a", Int(32), {N, N}), b("b", Int(32), {N});
    Var i("i"), j("j"), p("p"), q("q");
    const Kernel k("k", {a, b}, [&](KernelBody& k) {
        k.for_(i, 0, N, [&] { k.for_(j, 0, i + 1, [&] { a(i, j) = a(i, j) + a(j, i) * b(i); }); });
        k.for_(p, 0, N, [&] { k.for_(q, 0, p + 1, [&] { b(p) += a(p, q); }); });
    });
    Schedule s(k);
    s[k].vectorize(p, 4);
    s[k].vectorize(j, 4);
    check_same<int32_t>(s, {{11, 11}, {11}});
    // a[j, i] above the diagonal is never written, apart from the diagonal's own iteration.
    Schedule t(k);
    t[k].parallel(i);
    t[k].parallel(p);
    check_same<int32_t>(t, {{11, 11}, {11}});
    Schedule u(k);
    u[k].vectorize(i, 4);
    check_same<int32_t>(u, {{11, 11}, {11}});
}

TEST_CASE("triangles by bounds: loops that bound each other in any order, in tiles, fused") {
    Param N("N");
    InOut a("a", Int(32), {N, N}), b("b", Int(32), {N});
    Var i("i"), j("j"), p("p"), q("q"), r("r");
    const Kernel k("k", {a, b}, [&](KernelBody& k) {
        k.for_(i, 0, N, [&] { k.for_(j, 0, i + 1, [&] { a(i, j) = a(i, j) * 3 + b(i); }); });
        k.for_(p, 0, N, [&] { k.for_(q, p, N, [&] { k.for_(r, p, q + 1, [&] { b(p) += a(q, r); }); }); });
    });
    const std::vector<std::function<void(StageHandle)>> calls{
        [&](StageHandle s) { s.reorder(j, i); },
        [&](StageHandle s) { s.reorder(j, i).parallel(j).vectorize(i, 4); },
        [&](StageHandle s) { s.tile({i, j}, {3, 4}); },
        [&](StageHandle s) { s.parallel(s.fuse(i, j)); },
        [&](StageHandle s) { s.reorder(r, q, p); },
        [&](StageHandle s) { s.reorder(q, r, p); },
        [&](StageHandle s) { s.reorder(r, p, q); },
        [&](StageHandle s) { s.tile({q, r}, {4, 3}); },
        [&](StageHandle s) { s.fuse(q, r); },
        [&](StageHandle s) { s.fuse(p, q); },
        [&](StageHandle s) {
            s.reorder(q, p, r);
            s.reorder(p, q, r);
        },
    };
    for (const auto& call : calls) {
        Schedule s(k);
        call(s[k]);
        INFO(print(s));
        for (const int64_t n : {0, 1, 2, 11})
            check_same<int32_t>(s, {{n, n}, {n}});
    }
    Func f("f", Int(32), {N}), g("g", Int(32), {N});
    RDom u(0, i + 1, "u");
    f(i) = 0;
    f(i) += u * i;
    g(i) = f(i);
    Schedule s(g);
    s[f].update(0).reorder(u, i).vectorize(i, 4);
    Buffer<int32_t> expected({13}), out({13});
    jit(Schedule(g))(expected);
    jit(s)(out);
    CHECK(bit_equal(out, expected));
}

TEST_CASE("what bounds each other stays in order where a dependence needs it") {
    Param N("N");
    InOut a("a", Int(32), {N, N});
    Var i("i"), j("j");
    const Kernel k("k", {a}, [&](KernelBody& k) {
        k.for_(i, 1, N - 1, [&] { k.for_(j, 0, i, [&] { a(i, j) = a(i - 1, j + 1) + 1; }); });
    });
    Schedule s(k);
    CHECK(refusal([&] { s[k].reorder(j, i); }).find("a[i - 1, j + 1]") != std::string::npos);
    CHECK(refusal([&] { s[k].tile({i, j}, {2, 2}); }).find("another order") != std::string::npos);
}

TEST_CASE("elements below the diagonal from above it") {
    Param N("N");
    InOut a("a", Int(32), {N, N});
    Var i("i"), j("j");
    const auto mirror = [&](bool strictly) {
        return Kernel("mirror", {a}, [&](KernelBody& k) {
            k.for_(i, 0, N, [&] {
                k.for_(j, 0, N, [&] {
                    k.if_(strictly ? Expr(j < i) : Expr(j < i + 2), [&] { a(i, j) = a(j, i) + 1; });
                });
            });
        });
    };
    const Kernel below = mirror(true), beyond = mirror(false);
    Schedule s(below), t(below), u(below);
    s[below].parallel(i).vectorize(j, 4);
    t[below].reorder(j, i).vectorize(i, 4);
    u[below].tile({i, j}, {3, 5});
    for (const Schedule& x : {s, t, u})
        check_same<int32_t>(x, {{13, 13}});
    CHECK(refusal([&] { Schedule(beyond)[beyond].parallel(i); }).find("carried by i") != std::string::npos);
    CHECK(refusal([&] { Schedule(beyond)[beyond].reorder(j, i); }).find("another order") !=
          std::string::npos);
}

TEST_CASE("lanes run statement by statement: what a vector may depend on") {
    Param N("N");
    InOut v("v", Int(32), {N});
    InOut w("w", Int(32), {N});
    Var i("i");
    const auto accepted = [&](const char* name, const std::function<void()>& body, int64_t lanes) {
        INFO(name);
        const Kernel k(name, {v, w}, [&](KernelBody& b) { b.for_(i, 4, N - 4, body); });
        Schedule s(k);
        const std::string message = refusal([&] { s[k].vectorize(i, lanes); });
        if (message != "not refused") {
            CHECK(message.find("carried by i") != std::string::npos);
            return false;
        }
        for (const int64_t n : {8, 9, 11, 12, 33})
            check_same<int32_t>(s, {{n}, {n}});
        return true;
    };
    const auto far = [&] { v(i + 4) = v(i) + 1; };
    CHECK(accepted("far", far, 4));
    CHECK_FALSE(accepted("far", far, 8));
    CHECK(accepted("later", [&] { v(i) = v(i + 1) + 1; }, 8));
    CHECK_FALSE(accepted("earlier", [&] { v(i) = v(i - 1) + 1; }, 4));
    const auto two = [&](int by) {
        return [&, by] {
            v(i) = i * 3;
            w(i) = v(i + by) + 1;
        };
    };
    CHECK(accepted("written_before", two(-1), 4));
    CHECK_FALSE(accepted("written_after", two(1), 4));
    const auto turned = [&](int by) {
        return [&, by] {
            w(i) = v(i + by) + 1;
            v(i) = i * 3;
        };
    };
    CHECK(accepted("read_first", turned(1), 8));
    CHECK_FALSE(accepted("read_too_early", turned(-1), 8));
    CHECK_FALSE(accepted("one_element", [&] { v(4) = v(i); }, 4));
}

TEST_CASE("order of rows and columns that data shifts alike") {
    Param N("N");
    Input e("e", Int(16), {N, 5});
    InOut A("A", Int(32), {40, 40});
    Var i("i"), j("j");
    const Kernel k("k", {e, A}, [&](KernelBody& k) {
        k.for_(i, 0, N, [&] {
            k.for_(j, 0, 5, [&] {
                const Expr x = k.let(Expr(e(i, j)));
                A(i + x, j + 5 - x) = 10 * i + j;
            });
        });
    });
    Schedule s(k), t(k);
    s[k].parallel(j); // in one row, equal shifts mean equal columns
    CHECK(refusal([&] { t[k].parallel(i); }).find("A[") != std::string::npos);
}

TEST_CASE("a condition on parameters parts what is read from what is written") {
    Param N("N"), D("D");
    InOut a("a", Int(32), {2 * N}), b("b", Int(32), {N});
    Var i("i");
    const auto shifted = [&](bool required) {
        return Kernel("k", {a, b, D}, [&](KernelBody& k) {
            if (required) k.require(D >= N && D <= N);
            k.for_(i, 0, N, [&] { a(i) = a(i + D) + b(i); });
        });
    };
    const Kernel apart = shifted(true), open = shifted(false);
    Schedule s(apart), t(open);
    s[apart].parallel(i);
    check_same<int32_t>(s, {{26}, {13}}, {{"D", 13}});
    CHECK(refusal([&] { t[open].parallel(i); }).find("carried by i") != std::string::npos);
}

TEST_CASE("a refusal names two iterations that meet where their distance differs") {
    Param N("N");
    InOut a("a", Int(32), {N});
    Var i("i");
    const Kernel k("k", {a}, [&](KernelBody& k) { k.for_(i, 0, N, [&] { a(i % 8) = i; }); });
    Schedule s(k);
    const std::string message = refusal([&] { s[k].parallel(i); });
    CHECK(message.find("(carried by i). They meet at i = 0 and i = 8") != std::string::npos);
}
