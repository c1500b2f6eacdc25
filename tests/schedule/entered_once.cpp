// A loop's bounds are evaluated once, when it is entered, whatever its body writes and however it is
// scheduled.

#include "programs.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

/// h(i) = 2, then h(r) += 1 for r in [h(3), 5): the loop's own writes reach what its bound was read from.
struct Grown {
    Var i{"i"};
    Func h{"h", Int(8), {8}};
    RDom r;
    Grown() : r((h(i) = 2, h(3)), 3, "r") { h(r) += 1; }
};

std::vector<int64_t> values(const Module& m) {
    std::vector<int64_t> all;
    for (const AnyBuffer& b : run(m, {}, 1))
        for (int64_t n = 0; n < b.size(); ++n)
            all.push_back(b.get({n}).as_int64());
    return all;
}

const std::vector<int64_t> grown{2, 2, 3, 3, 3, 2, 2, 2};

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// Calls what is accepted or refused; an InternalError fails.
template <class Call> bool tried(Schedule& s, Call call) {
    try {
        call();
        verify(s.module());
        return true;
    } catch (const InternalError& e) {
        FAIL(e.message() << "\n" << print(s));
    } catch (const Error&) {
    }
    return false;
}

} // namespace

TEST_CASE("a bound that the loop's body changes is kept where the loop is entered") {
    Grown g;
    Schedule s(g.h);
    CHECK(has(print(s), "let begin = h[3]"));
    CHECK(values(s.reference()) == grown);
    s[g.h].unroll(g.r);
    CHECK(values(s.module()) == grown);
}

TEST_CASE("a bound that nothing in the loop changes stays in the loop") {
    Param N("N");
    Var i("i");
    Input rows("rows", UInt(4), {Operand(N + 1)}), x("x", Int(8), {64});
    RDom r(rows(i), rows(i + 1) - rows(i), "r");
    Func y("y", Int(32), {N});
    y(i) = 0;
    y(i) += x(r);
    CHECK_FALSE(has(print(Schedule(y)), "let"));
}

TEST_CASE("every schedule of a loop with a kept bound is right or refused") {
    for (int call = 0; call < 12; ++call) {
        CAPTURE(call);
        Grown g;
        Schedule s(g.h);
        const bool done = tried(s, [&] {
            StageHandle h = s[g.h];
            switch (call) {
            case 0:
                return void(h.split(g.r, 2));
            case 1:
                return void(h.split(g.r, 2, Tail::peel));
            case 2:
                return void(h.split(g.r, 2, Tail::shift_inwards));
            case 3:
                return void(h.vectorize(g.r, 2));
            case 4:
                return void(h.vectorize(g.r));
            case 5:
                return void(h.parallel(g.r));
            case 6:
                return void(h.unroll(g.r, 2));
            case 7:
                return void(h.fuse_init(g.r));
            case 8:
                return void(h.separate(h.split(g.r, 2)[0]));
            case 9:
                return void(h.pipeline(g.r, 1));
            case 10:
                return void(h.rename(g.r, "q"));
            default:
                return void(h.init().vectorize(g.i, 4));
            }
        });
        MESSAGE(call << std::string(done ? " accepted" : " refused"));
        CHECK(values(s.module()) == grown);
    }
}

TEST_CASE("loops around one with a kept bound: right or refused") {
    const std::vector<Sizes> sizes{{{"N", 7}}, {{"N", 1}}, {{"N", 0}}};
    for (int call = 0; call < 8; ++call) {
        CAPTURE(call);
        Param N("N");
        Var i("i"), j("j");
        Input a("a", UInt(2), {N, 6});
        Func h("h", UInt(8), {N, 6}), out("out", Int(16), {N, 6});
        h(i, j) = a(i, j) + 1;
        RDom r({{0, h(i, 2)}, {0, h(i, 1) - 1}}, "r");
        h(i, min(r.x + r.y, 5)) += r.y + 1;
        out(i, j) = h(i, j) - 1;
        Schedule s(out);
        const bool done = tried(s, [&] {
            StageHandle u = s[h];
            switch (call) {
            case 0:
                return void(u.reorder(r.x, i));
            case 1:
                return void(u.reorder(i, r.y, r.x));
            case 2:
                return void(u.fuse(i, r.x));
            case 3:
                return void(u.fuse(r.x, r.y));
            case 4:
                return void(u.vectorize(i, 4));
            case 5:
                return void(u.parallel(i));
            case 6:
                return void(s.compute_at(h, out, i));
            default:
                return void(u.split(i, 4, Tail::peel));
            }
        });
        MESSAGE(call << std::string(done ? " accepted" : " refused"));
        expect_right(s, sizes);
    }
}

TEST_CASE("a Func of two values, and a Func without a shape, as a bound of their own updates") {
    Var i("i");
    Func p("p", {Int(8), UInt(4)}, {8});
    p(i) = Tuple(Expr(1), Expr(3));
    RDom r(0, p(2)[1], "r");
    p(r) = Tuple(p(r)[0] + 1, p(r)[1] - 1);
    Schedule s(p);
    s[p].unroll(r);
    CHECK(values(s.module()) == std::vector<int64_t>{2, 2, 2, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3});

    Func h("h", UInt(3)), out("out", UInt(3), {4});
    h(i) = 2;
    RDom q(0, h(0), "q");
    h(0) = h(0) + q + 1;
    out(i) = h(i);
    Schedule t(out);
    t[h].unroll(q);
    CHECK(values(t.module()) == std::vector<int64_t>{5, 2, 2, 2});
}

TEST_CASE("an RDom whose bound reads the Func that it updates belongs to that Func") {
    Var i("i");
    Func h("h", Int(8), {8}), g("g", Int(8), {8});
    h(i) = 2;
    RDom r(h(3), 3, "r");
    h(r) += 1;
    g(i) = 0;
    CHECK_THROWS_WITH_AS(
        g(r) += 1,
        doctest::Contains("h is read by a bound of an RDom that an update of h goes over: make "
                          "another RDom for g"),
        Error);
}
