/// What users of other languages write wrongly, or what Lathe does not take: an Error at their line, never a
/// crash or a wrong result.

#include "program.h"
#include "refusal.h"

using namespace lathe;

namespace {

#define REFUSED(text, call)                                                                                  \
    CHECK_MESSAGE(refusal(__LINE__, [&] { call; }).find(text) != std::string::npos,                          \
                  refusal(__LINE__, [&] { call; }))

/// Ways to run one loop.
const std::vector<std::function<void(StageHandle, const LoopRef&)>> ways = {
    [](StageHandle, const LoopRef&) {}, [](StageHandle s, const LoopRef& i) { s.vectorize(i, 4); },
    [](StageHandle s, const LoopRef& i) { s.parallel(i); }};

} // namespace

TEST_CASE("subscripts that are data are checked where they are used") {
    Param N("N");
    Input A("A", Int(8), {N}), B("B", Int(8), {N});
    Var i("i");
    RDom k(0, N, "k");
    Func gather("gather", Int(8), {N}), twice("twice", Int(8), {N}), scatter("scatter", Int(8), {16}),
        guarded("guarded", Int(8), {N}), clamped("clamped", Int(8), {N});
    gather(i) = A(B(i));
    twice(i) = A(B(B(i)));
    scatter(i) = 0;
    scatter(B(k)) += 1;
    guarded(i) = select(B(i) >= 0 && B(i) < N, A(B(i)), 7);
    clamped(i) = A(clamp(B(i), 0, N - 1));
    Buffer<int8_t> a = random_buffer<int8_t>({9}, -9, 9), b = random_buffer<int8_t>({9}, 0, 8, 2), o({9}),
                   h({16});
    for (const auto& way : ways)
        for (int outside : {4, 99, -1}) {
            b(5) = static_cast<int8_t>(outside);
            const auto throws = [&](const Func& f, std::vector<AnyBuffer*> arguments, const LoopRef& loop) {
                Schedule s(f);
                if (!(f.symbol() == scatter.symbol()) || &way != &ways[2]) way(s[f], loop);
                std::string message = "none";
                try {
                    jit(s).call(arguments);
                } catch (const Error& e) {
                    message = e.message();
                }
                return message;
            };
            CHECK(throws(gather, {&a, &b, &o}, i) ==
                  (outside == 4 ? "none" : "subscript 0 of A is out of bounds"));
            CHECK(throws(twice, {&a, &b, &o}, i) ==
                  (outside == 4 ? "none" : "subscript 0 of B is out of bounds"));
            CHECK(throws(scatter, {&b, &h}, k) ==
                  (outside == 4 ? "none" : "subscript 0 of scatter is out of bounds"));
            CHECK(throws(guarded, {&a, &b, &o}, i) == "none");
            CHECK(o(5) == (outside == 4 ? a(4) : 7));
            CHECK(throws(clamped, {&a, &b, &o}, i) == "none");
            CHECK(o(5) == a(std::clamp(outside, 0, 8)));
        }
}

TEST_CASE("an arm that is never chosen may not be in bounds, one that is must be") {
    Param N("N"), first("first", Int(16));
    Input A("A", Int(8), {N});
    Var i("i");
    Func f("f", Int(8), {N});
    f(i) = select(i >= first, A(i - 2), 7);
    Buffer<int8_t> a = random_buffer<int8_t>({11}, -9, 9), o({11});
    for (const auto& way : ways) {
        Schedule s(f);
        way(s[f], i);
        const JitFunction run = jit(s);
        run.call({&a, &o}, {{"first", Value::from_raw(Int(16), 2)}});
        for (int64_t p = 0; p < 11; ++p)
            CHECK(o(p) == (p < 2 ? 7 : a(p - 2)));
        CHECK_THROWS_WITH_AS(run.call({&a, &o}, {{"first", Value::from_raw(Int(16), 1)}}),
                             doctest::Contains("subscript 0 of A is out of bounds"), Error);
    }
}

TEST_CASE("schedules of other languages") {
    Param N("N"), M("M");
    Input A("A", Int(8), {N, M}), F("F", Float(32), {N});
    Var y("y"), x("x"), i("i");
    RDom k(0, N, "k");
    Func p("p"), q("q"), out("out", Int(8), {N, M}), total("total", Float(32), {});
    p(y, x) = A(y, x) + 1;
    q(y, x) = p(y, x) * 2;
    out(y, x) = q(y, x) + p(y, x);
    total() += F(k);
    Schedule s(out), t(total);
    REFUSED("p is also read outside of loop y, at misuse.cpp", s.compute_at(p, out, y));
    REFUSED("by q. Compute q there first, or inline it", s.compute_at(p, out, y));
    REFUSED("x is not directly inside y", Schedule(out)[out].reorder(x, y).fuse(y, x)); // outermost first
    REFUSED("(carried by k)", t[total].parallel(k));
    REFUSED("(carried by k)", t[total].vectorize(k, 8)); // the order of float sums matters
    REFUSED("has no constant bound. Try vectorize(y, n)", s[out].vectorize(y));
    REFUSED("has no constant bound. Try unroll(y, n)", s[out].unroll(y));
    REFUSED("more than 1024", s[out].vectorize(y, 1 << 30));
    REFUSED("i is no loop of out", s[out].split(i, 4));
    REFUSED("is not constant. Compute it inside a tile", s.store_in(p, MemorySpace::registers()));
    REFUSED("is an argument of the function", s.inline_(out));
    REFUSED("has no update 0", s[out].update(0));
    auto [yo, yi] = s[p].split(y, 4);
    REFUSED("loop y of p is gone: split(y, 4) at misuse.cpp", s.compute_at(q, out, y).compute_at(p, out, y));
    s[p].vectorize(x, 8);
    Schedule u(out);
    u[out].split(x, 8);
    REFUSED("loop x is gone: split(x, 8) at misuse.cpp", u.compute_at(q, out, x));
    Schedule v(out);
    v[out].vectorize(x, 8); // x means the outer loop now
    REFUSED("p is also read outside of loop xo", v.compute_at(p, out, x));
}

TEST_CASE("no parallel loop comes inside a vectorized one") {
    Param N("N"), M("M");
    Input A("A", Int(8), {N, M});
    Var y("y"), x("x");
    Func f("f", Int(8), {N, M});
    f(y, x) = A(y, x);
    Schedule s(f);
    auto [xo, xi] = s[f].split(x, 8);
    s[f].vectorize(xi).parallel(y);
    REFUSED("loop y, which is parallel, would be inside xi, which is vectorized", s[f].reorder(xi, y));
    s[f].reorder(xo, y);
}
