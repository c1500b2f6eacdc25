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

TEST_CASE("hundreds of conditions, inside each other and in one expression") {
    // Each of them holds where what is below it is read: the time must not grow with a high power of them.
    const int levels = count(300, 900);
    Input a("a", Int(32), {4});
    Output o("o", Int(32), {1});
    const Kernel nested("nested", {a, o}, [&](KernelBody& b) {
        const std::function<void(int)> inside = [&](int n) {
            if (n == 0)
                o(0) = 1;
            else
                b.if_(a(0) > n, [&] { inside(n - 1); });
        };
        o(0) = 0;
        inside(levels);
    });
    Var i("i");
    Expr all = a(i) > 0;
    for (int n = 1; n <= levels; ++n)
        all = all && a(i) != n;
    Func joined("joined", Int(32), {4});
    joined(i) = select(all, a(i), -1);
    const JitFunction f = jit(Schedule(nested)), g = jit(Schedule(joined));
    Buffer<int32_t> in({4}), out({1}), each({4});
    const int32_t numbers[] = {levels + 1, 0, levels, 7};
    std::copy_n(numbers, 4, in.begin());
    f(in, out);
    g(in, each);
    CHECK(out(0) == 1);
    CHECK(each(0) == levels + 1);
    for (const int n : {1, 2, 3})
        CHECK(each(n) == -1);
    in(0) = levels;
    f(in, out);
    CHECK(out(0) == 0);
}

TEST_CASE("a chain of hundreds of selects: what is made of it grows with its length") {
    Var i("i");
    Input a("a", Int(32), {4});
    const auto chain = [&](int length) {
        Expr all = a(i);
        for (int n = 0; n < length; ++n)
            all = select(a(i) == n, n * 3, all);
        Func out("out", Int(32), {4});
        out(i) = all;
        return Schedule(out);
    };
    const int length = count(400, 900);
    const Schedule s = chain(length);
    Buffer<int32_t> in({4}), out({4});
    const int32_t numbers[] = {0, length - 1, length, -5}, right[] = {0, length * 3 - 3, length, -5};
    std::copy_n(numbers, 4, in.begin());
    jit(s)(in, out);
    for (int n = 0; n < 4; ++n)
        CHECK(out(n) == right[n]);
    CHECK(vitis_source(s).size() < 3 * vitis_source(chain(length / 2)).size());
}

TEST_CASE("too many lets, locals and conditions are refused, however many") {
    const Output o("o", Int(32), {4});
    const auto refused = [&](const std::function<void(KernelBody&, int)>& item) {
        try {
            const Kernel k("k", {o}, [&](KernelBody& b) {
                for (int n = 0; n < 20000; ++n)
                    item(b, n);
            });
            const Schedule s(k);
        } catch (const Error& e) {
            return e.message();
        }
        return std::string("nothing");
    };
    const std::string text =
        "the kernel's statements are nested more than 1000 levels deep here, where each let, local and pop "
        "holds what follows it: use fewer, or put some into blocks or kernels of their own";
    CHECK(refused([&](KernelBody& b, int) { (void)b.let(o(0)); }) == text);
    CHECK(refused([&](KernelBody& b, int n) { o(n % 4) = b.let(o(0)); }) == text);
    CHECK(refused([](KernelBody& b, int) { (void)b.scalar("s", Int(8), 0); }) == text);
    CHECK(refused([](KernelBody& b, int) { (void)b.array("t", Int(8), {2}); }) == text);
    CHECK(refused([](KernelBody& b, int n) {
              if (n > 0) return;
              const std::function<void(int)> inside = [&](int depth) {
                  b.if_(true, [&] {
                      if (depth > 0) inside(depth - 1);
                  });
              };
              inside(5000);
          }) == text);
}
