// compute_root: a Func outside of all loops.

#include "drawn.h"
#include "refused.h"

using namespace lathe;

TEST_CASE("compute_root undoes compute_at") {
    Blur b;
    Schedule s(b.out);
    std::string before = print(s);
    s.compute_at(b.rows, b.out, b.y).compute_root(b.rows);
    CHECK(print(s) == before);
}

TEST_CASE("compute_root of what both an accumulator's update and a later Func read") {
    Param N("N");
    Var i("i");
    Input a("a", Int(8), {Operand(N + 2)});
    RDom r(0, 3, "r");
    Func p("p", Int(9)), q("q", Int(16), {N}), out("out", Int(32), {N});
    p(i) = a(i) + 1;
    q(i) = 1;
    q(i) += p(i + r);
    out(i) = q(i) - p(i);
    Schedule s(out);
    s.compute_root(p).quantize(q, Int(16), {.accumulate = Int(33)});
    expect_right(s, {{{"N", 6}}, {{"N", 0}}});
}

TEST_CASE("refused: compute_root of what needs what is elsewhere") {
    Param N("N");
    Var i("i"), j("j");
    Input a("a", Int(8), {N, N});
    Func p("p"), q("q"), out("out", Int(32), {N, N});
    p(i, j) = a(i, j) + 1;
    q(i, j) = p(i, j) * 2;
    out(i, j) = q(i, j);
    Schedule s(out);
    s.compute_at(q, out, j).compute_at(p, out, j);
    REFUSED(s, "q reads p, which is computed elsewhere", s.compute_root(q));
    Schedule t(out);
    auto [jo, ji] = t[out].split(j, 4);
    t.compute_at(q, out, jo);
    t[out].separate(jo);
    REFUSED(t, "q has copies since separate(jo) at compute_root.cpp:", t.compute_root(q));
    REFUSED(t, ": call compute_root before that", t.compute_root(q));
}

TEST_CASE("refused: what nobody reads any more moves nowhere") {
    // Only the first value is used: once it is inlined, nobody reads what the second was made of.
    Var i("i");
    Func unused("unused", Int(8), {16}), pair("pair", Types{Int(8), Int(8)}, {16}), one("one", Int(8), {16});
    unused(i) = 3 * i;
    pair(i) = Tuple(i, unused(i));
    one(i) = pair(i)[0];
    Schedule left(one);
    left.inline_(pair);
    REFUSED(left, "nothing reads unused any more", left[unused].compute_at(one, i));
    REFUSED(left, "nothing reads unused any more", left.compute_root(unused));
}

TEST_CASE("compute_root is drawn") {
    drawn("compute_root");
}
