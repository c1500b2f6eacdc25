#include "smith_waterman/algorithm.h"

using namespace lathe;

SmithWaterman smith_waterman(const Scores& scores) {
    Param L("L"), P("P");
    SmithWaterman s = {Input("a", UInt(2), {L, P}),
                       Input("b", UInt(2), {L, P}),
                       Func("H", Int(16), {L + 1, L + 1, P}),
                       Func("score", Int(16), {P}),
                       Var("p"),
                       RDom({{1, L}, {1, L}}, "cell"),
                       RDom({{0, L + 1}, {0, L + 1}}, "all")};
    const Var i("i"), j("j"), &p = s.p;
    const auto &r = s.cell.x, &c = s.cell.y;
    s.H(i, j, p) = 0;
    const Expr pair = select(s.a(r - 1, p) == s.b(c - 1, p), scores.match, scores.mismatch);
    const Expr diagonal = s.H(r - 1, c - 1, p) + pair;
    const Expr beside = max(s.H(r - 1, c, p), s.H(r, c - 1, p)) + scores.gap;
    s.H(r, c, p) = max(max(diagonal, beside), 0);
    s.score(p) = 0;
    s.score(p) = max(s.score(p), s.H(s.all.x, s.all.y, p));
    return s;
}
