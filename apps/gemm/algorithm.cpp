#include "algorithm.h"

using namespace lathe;

Gemm gemm_algorithm() {
    Param M("M"), N("N"), K("K");
    Gemm g = {Input("A", Float(32), {M, K}),
              Input("B", Float(32), {K, N}),
              Func("panel"),
              Func("tile", Float(32)),
              Func("C", Float(32), {M, N}),
              Var("i"),
              Var("j"),
              RDom(0, K, "k")};
    const Var &i = g.i, &j = g.j, p("p");
    g.panel(p, j) = g.B(p, j);
    g.tile(i, j) = 0.0f;
    g.tile(i, j) += g.A(i, g.k) * g.panel(g.k, j);
    g.C(i, j) = g.tile(i, j);
    return g;
}
