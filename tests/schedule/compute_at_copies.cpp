// compute_at with all(loop): a Func is computed in each copy of a loop, and for the rest that a peeled split
// left.

#include "deep.h"
#include "everywhere.h"
#include "refusal.h"

#include <random>

using namespace lathe;
using namespace lathe::ir;

namespace {

/// How many allocations have that name.
int memories(const Schedule& s, const std::string& name) {
    int found = 0;
    for_each(
        s.module().top().body,
        [&](const Stmt& t) {
            if (const Allocate* a = t.as<Allocate>())
                for (const Tensor& tensor : a->tensors)
                    found += tensor.symbol.name() == name;
        },
        nullptr);
    return found;
}

std::vector<Sizes> heights() {
    std::vector<Sizes> all;
    for (const int64_t h : {0, 1, 3, 4, 5, 8, 11})
        all.push_back({{"H", h}, {"W", 6}});
    return all;
}

} // namespace

TEST_CASE("compute_at for the blocks of a peeled loop, and once for the rest") {
    Blur b;
    Schedule s(b.out);
    auto [yo, yi] = s[b.out].split(b.y, 4, Tail::peel);
    s.compute_at(b.rows, b.out, yo.all());
    INFO(print(s));
    CHECK(memories(s, "rows") == 2);
    expect_same_as_code(s, heights());
    s[b.rows].vectorize(all(b.x), 4);
    s[b.out].parallel(yo);
    expect_same_as_code(s, heights());
    Schedule again(b.out);
    again.apply_trace(s.trace_json());
    CHECK(print(again) == print(s));
}

TEST_CASE("compute_at in the inner loop of a peeled one, and in its rest") {
    Blur b;
    Schedule s(b.out);
    auto [yo, yi] = s[b.out].split(b.y, 4, Tail::peel);
    s[b.rows].compute_at(b.out, all(yi));
    INFO(print(s));
    CHECK(memories(s, "rows") == 2);
    expect_same_as_code(s, heights());
    s[b.out].unroll(yi);
    s[b.rows].unroll(all(b.x), 2);
    expect_same_as_code(s, heights());
}

TEST_CASE("compute_at in the copies of a loop inside a peeled one") {
    Blur b;
    Schedule s(b.out);
    s[b.out].split(b.y, 4, Tail::peel);
    s.compute_at(b.rows, b.out, all(b.x));
    INFO(print(s));
    CHECK(memories(s, "rows") == 2);
    expect_same_as_code(s, heights());
    Schedule twice(b.out);
    auto [yo, yi] = twice[b.out].split(b.y, 3, Tail::peel);
    twice[b.out].split(yi, 2, Tail::peel);
    twice.compute_at(b.rows, b.out, all(b.x));
    CHECK(memories(twice, "rows") == 3);
    expect_same_as_code(twice, heights());
}

TEST_CASE("compute_at in the full and in the edge tiles of separate") {
    Blur b;
    Schedule s(b.out);
    auto [yo, xo, yi, xi] = s[b.out].tile({b.y, b.x}, {4, 8});
    s[b.out].separate(yo, xo);
    s.compute_at(b.rows, b.out, all(yi));
    INFO(print(s));
    CHECK(memories(s, "rows") == 2);
    expect_same_as_code(s, Blur::sizes());
    s[b.out].vectorize(all(xi));
    s[b.rows].vectorize(all(b.x), 4);
    s.store_in(b.rows, MemorySpace::stack());
    expect_same_as_code(s, Blur::sizes());
}

TEST_CASE("compute_at in copies: chains, consumers first") {
    Param H("H"), W("W");
    Input in("in", Int(8), {Operand(H + 4), Operand(W)});
    Var y("y"), x("x");
    Func p("p"), q("q"), out("out", Int(32), {H, W});
    p(y, x) = in(y, x) * 3;
    q(y, x) = p(y, x) - p(y + 2, x);
    out(y, x) = q(y, x) + q(y + 2, x);
    for (const bool inner : {false, true}) {
        Schedule s(out);
        auto [yo, yi] = s[out].split(y, 3, Tail::peel);
        const Loop at = inner ? yi : yo;
        s.compute_at(q, out, at.all()).compute_at(p, out, at.all());
        INFO(print(s));
        CHECK(memories(s, "p") == 2);
        expect_same_as_code(s, heights());
        Schedule deep(out);
        auto [zo, zi] = deep[out].split(y, 3, Tail::peel);
        deep.compute_at(q, out, all(inner ? zi : zo)).compute_at(p, q, all(y));
        INFO(print(deep));
        CHECK(memories(deep, "p") == 2);
        expect_same_as_code(deep, heights());
    }
}

TEST_CASE("compute_at in copies: two values with an update, and exact accumulators") {
    Param N("N");
    Input a("a", Int(8), {Operand(N + 4)});
    Var i("i");
    RDom r(0, 3, "r");
    Func best("best"), sum("sum", Int(9)), out("out", Int(32), {N});
    best(i) = Tuple(a(i), a(i) * 2);
    best(i) = select(a(i + r) > best(i)[0], Tuple(a(i + r), a(i + r) * 2), Tuple(best(i)));
    sum(i) = 0;
    sum(i) += a(i + r);
    out(i) = best(i + 1)[1] - best(i)[0] * 3 + sum(i) + sum(i + 1);
    const std::vector<Sizes> sizes{{{"N", 0}}, {{"N", 1}}, {{"N", 4}}, {{"N", 9}}};
    Schedule s(out);
    auto [io, ii] = s[out].split(i, 4, Tail::peel);
    s.compute_at(best, out, all(io)).compute_at(sum, out, all(ii));
    INFO(print(s));
    CHECK(memories(s, "best") == 2);
    expect_same_as_code(s, sizes);
    s.quantize(sum, Int(9), {.accumulate = Accumulate::exact});
    CHECK(memories(s, "sum") == 2);
    expect_same_as_code(s, sizes);
}

TEST_CASE("handles of copies mean the same loops when types add tensors and loops") {
    Param M("M"), N("N");
    Input a("a", Int(8), {M, N});
    Var i("i"), j("j");
    Func sum("sum", Int(9)), out("out", Int(32), {M, N});
    sum(i, j) = 0;
    sum(i, j) += a(i, j);
    out(i, j) = sum(i, j) * 2;
    Schedule s(out);
    auto [io, ii] = s[out].split(i, 4);
    s.compute_at(sum, out, io);
    auto [full, edge] = s[out].separate(io);
    const Loop before = full(ii);
    s.quantize(sum, Int(9), {.accumulate = Accumulate::exact});
    s[out].parallel(before).serial(edge(ii));
    INFO(print(s));
    CHECK(before.name() == "ii");
    has(print(s), "for ii in parallel(4)");
    expect_same_as_code(s, {{{"M", 9}, {"N", 3}}, {{"M", 8}, {"N", 1}}, {{"M", 0}, {"N", 2}}});
    Schedule again(out);
    again.apply_trace(s.trace_json());
    CHECK(print(again) == print(s));
}

TEST_CASE("refused: copies of a Func stay where they are") {
    Param H("H"), W("W");
    Input in("in", Int(8), {Operand(H + 4), Operand(W)});
    Var y("y"), x("x");
    Func p("p"), q("q"), out("out", Int(32), {H, W});
    p(y, x) = in(y, x) * 3;
    q(y, x) = p(y, x) - p(y + 2, x);
    out(y, x) = q(y, x) + q(y + 2, x);
    Schedule s(out);
    auto [yo, yi] = s[out].split(y, 3, Tail::peel);
    s.compute_at(q, out, all(yo));
    CHECK_THROWS_WITH_AS(s.compute_root(q),
                         doctest::Contains("q has copies since compute_at(q, out, all(yo)) at "), Error);
    // p would be needed over another range by the copies of q.
    has(refusal([&] { s.inline_(q); }), "q has copies");
    Schedule inside(out);
    inside[out].split(y, 3, Tail::peel);
    inside.compute_at(p, q, x);
    has(refusal([&] { inside.compute_at(q, out, all(x)); }),
        "p is computed inside q, which gets copies. Call compute_at for p after that");
    inside.compute_root(p).compute_at(q, out, all(x)).compute_at(p, q, all(x));
    expect_same_as_code(inside, heights());
}

TEST_CASE("refused: what would move copies along") {
    Param N("N");
    Input in("in", Int(8), {N, N});
    Var i("i"), j("j");
    RDom r(0, N, "r");
    Func q("q"), f("f", Int(32)), out("out", Int(32), {N});
    q(i, j) = in(i, j) * 3;
    f(i) = 0;
    f(i) += q(i, r);
    out(i) = f(i) + 1;
    Schedule s(out);
    auto [ro, ri] = s[f].update(0).split(r, 3, Tail::peel);
    s[q].compute_at(s[f].update(0), all(ro));
    INFO(print(s));
    CHECK(memories(s, "q") == 2);
    has(refusal([&] { s.compute_at(f, out, i); }),
        "q is computed in copies of a loop: call compute_at before that");
    Schedule first(out);
    first.compute_at(f, out, i);
    const auto blocks = first[f].update(0).split(r, 3, Tail::peel);
    first[q].compute_at(first[f].update(0), all(blocks[0]));
    expect_same_as_code(first, {{{"N", 0}}, {{"N", 2}}, {{"N", 3}}, {{"N", 7}}});
}

TEST_CASE("compute_at in copies: random chains, splits and separations") {
    int placed = 0, programs = count(80, 2000);
    for (int seed = 0; seed < programs; ++seed) {
        std::mt19937 random(static_cast<unsigned>(seed));
        const auto pick = [&](int64_t n) { return static_cast<int64_t>(random() % static_cast<size_t>(n)); };
        Param H("H"), W("W");
        Input in("in", Int(8), {Operand(H + 6), Operand(W + 6)});
        Var y("y"), x("x");
        Func p("p"), q("q"), out("out", Int(32), {H, W});
        p(y, x) = in(y, x) * 3 - in(y + pick(2), x + pick(2));
        q(y, x) = p(y + pick(3), x) - p(y, x + pick(2));
        out(y, x) = q(y, x) + q(y + pick(3), x + pick(3)) + (pick(2) ? Expr(p(y, x)) : Expr(q(y, x)));
        Schedule s(out);
        std::vector<LoopRef> loops{y, x};
        std::string text;
        const auto attempt = [&](const auto& call) {
            try {
                call();
                return true;
            } catch (const InternalError& e) {
                FAIL_CHECK("seed " << seed << ": " << e.what() << "\n" << print(s));
            } catch (const Error& e) {
                text += e.message() + "\n";
            }
            return false;
        };
        for (int n = 0; n < 3; ++n)
            attempt([&] {
                const LoopRef loop = loops[static_cast<size_t>(pick(static_cast<int64_t>(loops.size())))];
                if (n == 2 && pick(2)) {
                    s[out].separate(loop);
                    return;
                }
                const auto made = s[out].split(loop, 1 + pick(4), pick(3) ? Tail::peel : Tail::guard);
                loops.insert(loops.end(), {LoopRef(made[0]), LoopRef(made[1])});
            });
        for (const Func& f : {q, p}) {
            const LoopRef loop = loops[static_cast<size_t>(pick(static_cast<int64_t>(loops.size())))];
            placed += attempt([&] { s.compute_at(f, out, all(loop)); });
        }
        if (pick(2)) attempt([&] { s[q].vectorize(all(x), 2 + pick(3)); });
        if (pick(2)) attempt([&] { s[out].parallel(all(loops[static_cast<size_t>(pick(2))])); });
        INFO("seed " << seed << "\n" << text << s.trace() << print(s));
        expect_right(
            s, {{{"H", 0}, {"W", 3}}, {{"H", 5}, {"W", 4}}, {{"H", 1}, {"W", 1}}, {{"H", 8}, {"W", 7}}});
    }
    CHECK(placed > programs / 2);
}
