/// What algorithms become: the printed Module.

#include "dsl_support.h"

using namespace lathe;

TEST_CASE("gemm") {
    Param M("M"), K("K"), N("N");
    Input A("A", Float(32), {M, K}), B("B", Float(32), {K, N});
    Var i("i"), j("j");
    RDom k(0, K, "k");
    Func C("C", Float(32), {M, N});
    C(i, j) = 0;
    C(i, j) += A(i, k) * B(k, j);
    CHECK(printed({C}) == R"(def C(A: Tensor[Float(32), (M, K)],
      B: Tensor[Float(32), (K, N)],
      C: out Tensor[Float(32), (M, N)]),
      params M, K, N:
    # C.init
    for i in range(M):
        for j in range(N):
            C[i, j] = 0
    # C.update(0)
    for i in range(M):
        for j in range(N):
            for k in range(K):
                C[i, j] += A[i, k] * B[k, j]
)");
}

TEST_CASE("an accumulation without a definition starts from the identity") {
    Input A("A", Int(8), {4, 5});
    Var i("i");
    RDom k(0, 5, "k");
    Func s("s", Int(16), {4}), p("p", Int(16), {4});
    s(i) += A(i, k);
    p(i) *= A(i, k);
    CHECK(printed({s, p}) ==
          R"(def s(A: Tensor[Int(8), (4, 5)], s: out Tensor[Int(16), (4)], p: out Tensor[Int(16), (4)]):
    # s.init
    for i in range(4):
        s[i] = 0
    # s.update(0)
    for i in range(4):
        for k in range(5):
            s[i] += A[i, k]
    # p.init
    for i in range(4):
        p[i] = 1
    # p.update(0)
    for i in range(4):
        for k in range(5):
            p[i] *= A[i, k]
)");
}

TEST_CASE("blur with a boundary: one intermediate, its region inferred") {
    Param H("H"), W("W");
    Input in("in", UInt(8), {H, W});
    Var y("y"), x("x");
    const auto edge = repeat_edge(in);
    Func rows("rows"), blur("blur", UInt(8), {H, W});
    rows(y, x) = edge(y - 1, x) + 2 * edge(y, x) + edge(y + 1, x);
    blur(y, x) = (rows(y, x - 1) + 2 * rows(y, x) + rows(y, x + 1)) / 16;
    const std::string text = printed({blur});
    CHECK(text.find("with alloc(rows: Tensor[UInt(12), (H, W + 2)] at (0, -1)):") != std::string::npos);
    CHECK(text.find("for x in range(-1, W + 1):") != std::string::npos);
    CHECK(text.find("blur[y, x] = (rows[y, x - 1] + 2 * rows[y, x] + rows[y, x + 1]) / 16") !=
          std::string::npos);
    CHECK(text.find("assert") != std::string::npos); // an empty image has no edge to repeat
}

TEST_CASE("a chain without shapes") {
    Input in("in", UInt(8), {24});
    Var x("x");
    Func a("a"), b("b"), c("c"), out("out", Int(32), {10});
    a(x) = in(x) + 1;
    b(x) = a(x) + a(x + 3);
    c(x) = select(x > 2, a(x), b(x + 1));
    out(x) = c(x + 2) - b(2 * x);
    CHECK(printed({out}) == R"(def out(in: Tensor[UInt(8), (24)], out: out Tensor[Int(32), (10)]):
    with alloc(a: Tensor[UInt(9), (22)]),
         alloc(b: Tensor[UInt(10), (19)]),
         alloc(c: Tensor[UInt(10), (10)] at (2)):
        # a.init
        for x in range(22):
            a[x] = in[x] + 1
        # b.init
        for x in range(19):
            b[x] = a[x] + a[x + 3]
        # c.init
        for x in range(2, 12):
            c[x] = select(x > 2, a[x], b[x + 1])
        # out.init
        for x in range(10):
            out[x] = c[x + 2] - b[2 * x]
)");
}

TEST_CASE("a fixed-point Gaussian by an inline sum") {
    Param H("H"), W("W");
    Input in("in", UFixed(8, 8), {H, W});
    Const weight("weight", UFixed(4, 4), {3}, {0.25, 0.5, 0.25});
    Var y("y"), x("x");
    RDom r({{-1, 3}, {-1, 3}}, "r");
    Func out("out", UFixed(8, 8, Round::rnd), {H, W});
    out(y, x) = sum(r, constant_edge(in, 0)(y + r.x, x + r.y) * weight(r.x + 1) * weight(r.y + 1));
    CHECK(
        printed({out}) ==
        R"(def out(in: Tensor[UFixed(8, 8), (H, W)], out: out Tensor[UFixed(8, 8, rnd), (H, W)]), params H, W:
    const weight: Tensor[UFixed(4, 4), (3)] = [0.25, 0.5, 0.25]
    # out.init
    for y in range(H):
        for x in range(W):
            with alloc(sum: Tensor[UFixed(21, 16), ()], register):
                sum[] = 0
                for r_x in range(-1, 2):
                    for r_y in range(-1, 2):
                        sum[] += select(y + r_x >= 0 and y + r_x < H and x + r_y >= 0 and x + r_y < W, in[y + r_x, x + r_y], 0) * weight[r_x + 1] * weight[r_y + 1]
                out[y, x] = sum[]
)");
}

TEST_CASE("what is not proved at compile time is checked at entry") {
    Param N("N"), M("M");
    Input in("in", UInt(8), {M});
    Var x("x");
    Func out("out", UInt(8), {N});
    out(x) = in(x + 2);
    CHECK(printed({out}) == R"(def out(in: Tensor[UInt(8), (M)], out: out Tensor[UInt(8), (N)]), params N, M:
    assert N < 1 or N + 2 <= M, "in is read outside its shape: required [2, N + 1], declared [0, M - 1]"
    # out.init
    for x in range(N):
        out[x] = in[x + 2]
)");
}
