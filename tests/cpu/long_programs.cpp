// Programs of many stages, whose code is made in parts, and wide integers in many lanes.

#include "compiled.h"
#include "deep.h"

#include <lathe/lathe.h>

using namespace lathe;

namespace {

struct Chain {
    Var i{"i"};
    Param N{"N"};
    Input a{"a", Int(32), {N}}, at{"at", Int(32), {N}};
    std::vector<Func> stages;

    /// In the middle a gather, which `at` may send out of bounds unless it is clamped.
    Chain(int count, bool clamped) {
        for (int n = 0; n < count; ++n) {
            stages.emplace_back("f" + std::to_string(n), Int(32), Shape{N});
            Func& f = stages.back();
            if (n == 0)
                f(i) = a(i) + 1;
            else if (n == count / 2)
                f(i) = stages[static_cast<size_t>(n) - 1](clamped ? clamp(at(i), 0, N - 1) : at(i)) + i;
            else
                f(i) = stages[static_cast<size_t>(n) - 1](i) * 3 - i;
        }
    }
    /// With a small table on the stack, which stages far apart read.
    Schedule schedule() {
        Func table("table", Int(32), {16}), out("out", Int(32), {N});
        table(i) = i * i;
        Func& last = stages.back();
        out(i) = last(i) + table(floor_mod(last(i), 16));
        stages.push_back(out);
        Schedule s(out);
        s.store_in(table, MemorySpace::stack());
        return s;
    }
};

} // namespace

TEST_CASE("a hundred stages, one after the other") {
    Chain chain(100, true);
    const Schedule s = chain.schedule();
    expect_compiled(s, {{{"N", 5}}, {{"N", 0}}, {{"N", 1}}});
}

TEST_CASE("an error in the middle of a hundred stages") {
    Chain chain(100, false);
    const JitFunction f = jit(chain.schedule());
    Buffer<int32_t> a({4}), at({4}), out({4});
    at(2) = 4;
    for (int32_t& x : a)
        x = 7;
    CHECK_THROWS_WITH_AS(f(a, at, out), doctest::Contains("subscript 0 of f49 is out of bounds"), Error);
    at(2) = 3;
    f(a, at, out);
}

TEST_CASE("wide integers, 256 lanes at a time") {
    Var i("i");
    Input a("a", UInt(100), {260}), b("b", UInt(100), {260});
    Func out("out", UInt(100), {260});
    out(i) = select(a(i) > b(i), a(i) / max(b(i), 1), a(i) - b(i) / 3);
    Schedule s(out);
    s[out].vectorize(i, 256);
    expect_compiled(s, {{}});
}

TEST_CASE("a thousand stages and more, one after the other") {
    const int stages = count(1000, 5000);
    Param N("N");
    Var i("i");
    Input a("a", Int(32), {N});
    std::vector<Func> f;
    for (int n = 0; n < stages; ++n) {
        f.emplace_back("f" + std::to_string(n), Int(32), Shape{N});
        f.back()(i) = (n == 0 ? Expr(a(i)) : Expr(f[f.size() - 2](i))) + n % 7;
    }
    Schedule s(f.back());
    s[f.front()].vectorize(i, 8);
    s[f.back()].vectorize(i, 8);
    const JitFunction compiled = jit(s);
    Buffer<int32_t> in({5}), out({5});
    int32_t x = 0;
    for (int32_t& e : in)
        e = x++;
    compiled(in, out);
    int32_t sum = 0;
    for (int n = 0; n < stages; ++n)
        sum += n % 7;
    for (int e = 0; e < 5; ++e)
        CHECK(out(e) == e + sum);
}
