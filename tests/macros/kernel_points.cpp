// What a kernel works with at one point: networks of compares and swaps, scalars under conditions, and calls.

#include "deep.h"
#include "stencils.h"

#include "lathe/hls/emit.h"
#include "lathe/schedule/stencil_model.h"
#include "refusal.h"

#include <chrono>

using namespace lathe;

namespace {

enum class Swap : uint8_t { by_if, by_select, by_minimum };

/// The median of n × n elements: they are sorted in an array of the point's own.
Kernel median(int64_t n, Swap swap, Type t = Int(16)) {
    const Var y("y"), x("x"), r("r"), c("c"), i("i"), j("j");
    const Input in("in", t, {n + 5, n + 8});
    const Output out("out", t, {6, 9});
    return {"median", {in, out}, [&](KernelBody& k) {
                k.for_(y, 0, 6, [&] {
                    k.for_(x, 0, 9, [&] {
                        Array w = k.array("w", t, {n * n});
                        k.for_(r, 0, n, [&] { k.for_(c, 0, n, [&] { w(r * n + c) = in(y + r, x + c); }); });
                        k.for_(i, 0, n * n - 1, [&] {
                            k.for_(j, 0, n * n - 1 - i, [&] {
                                if (swap == Swap::by_if) {
                                    k.if_(w(j) > w(j + 1), [&] {
                                        Scalar old = k.scalar("old", t, w(j));
                                        w(j) = w(j + 1);
                                        w(j + 1) = old;
                                    });
                                } else {
                                    const Expr a = k.let(w(j)), b = k.let(w(j + 1));
                                    const bool least = swap == Swap::by_minimum;
                                    w(j) = least ? min(a, b) : select(b < a, b, a);
                                    w(j + 1) = least ? max(a, b) : select(b < a, a, b);
                                }
                            });
                        });
                        out(y, x) = w(n * n / 2);
                    });
                });
            }};
}

/// Expressions of the processing elements; shared ones count once.
size_t size_of(const Module& m) {
    size_t all = 0;
    for (const Function& f : m.functions)
        if (f.name.starts_with("pe_")) for_each(f.body, nullptr, [&](const Expr&) { ++all; });
    return all;
}

double seconds_of(const std::function<void()>& run) {
    const auto before = std::chrono::steady_clock::now();
    run();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
}

} // namespace

TEST_CASE("a sort at each point: what is made of it grows with the compares and swaps, not with their ways") {
    for (const int64_t n : {3, 5})
        for (const Swap swap : {Swap::by_if, Swap::by_select, Swap::by_minimum}) {
            CAPTURE(n);
            CAPTURE(static_cast<int>(swap));
            const Kernel k = median(n, swap);
            Schedule s(k);
            const double seconds = seconds_of([&] { s.stencil(k, {.unroll = 3}); });
            const size_t swaps = static_cast<size_t>(n * n * (n * n - 1) / 2);
            const std::string text = vitis_source(s.module());
            MESSAGE(n << " x " << n << ": " << swaps << " swaps, " << size_of(s.module()) << " expressions, "
                      << text.size() << " bytes of C++, " << seconds << " s");
            CHECK(size_of(s.module()) < 6 * swaps + 12 * static_cast<size_t>(n * n) + 60);
            CHECK(text.size() < 400 * swaps + 12000);
            CHECK(seconds < 5);
            if (n == 3 || swap == Swap::by_if) check_network(s, false);
        }
}

TEST_CASE("a sort in place, of elements that were just stored") {
    const Var y("y"), x("x"), i("i"), j("j");
    for (const Type t : {Int(10), Float(32)}) {
        const Input in("in", t, {6, 8});
        const Output out("out", t, {6, 8});
        const Kernel k("calm", {in, out}, [&](KernelBody& b) {
            b.for_(y, 0, 6, [&] { b.for_(x, 0, 8, [&] { out(y, x) = in(y, x); }); });
            b.for_(y, 1, 5, [&] {
                b.for_(x, 1, 7, [&] {
                    Array w = b.array("w", t, {5});
                    w(0) = out(y, x);
                    w(1) = out(y, x - 1);
                    w(2) = out(y - 1, x);
                    w(3) = out(y, x + 1);
                    w(4) = out(y + 1, x);
                    b.for_(i, 0, 4, [&] {
                        b.for_(j, 0, 4 - i, [&] {
                            b.if_(w(j) > w(j + 1), [&] {
                                Scalar old = b.scalar("old", t, w(j));
                                w(j) = w(j + 1);
                                w(j + 1) = old;
                            });
                        });
                    });
                    out(y, x) = w(2);
                });
            });
        });
        Schedule s(k);
        s.stencil(k, {.in_place = true});
        check_network(s, false);
        // From the left element to the result: through compares and choices of all rounds.
        const StencilEstimate e = estimate_stencil(Schedule(k), k, {.in_place = true}, Arch("vu9p"));
        CHECK(e.cycles > 48 * (t.is_float() ? 10 : 2));
    }
}

namespace {

/// A picture of one row or several, and what a kernel makes of it.
struct Line {
    Var y{"y"}, x{"x"};
    Input in{"in", Int(8), {5, 12}};
    Output out{"out", Int(16), {5, 12}}, more{"more", Int(16), {5, 12}};
    Param p{"p", Int(8)};

    void each(KernelBody& k, const std::function<void()>& body) const {
        k.for_(y, 0, 5, [&] { k.for_(x, 0, 12, body); });
    }
    Kernel kernel(const std::function<void(KernelBody&)>& body) const {
        return {"k", {in, out, more, p}, [&](KernelBody& k) { body(k); }};
    }
    Schedule network(const std::function<void(KernelBody&)>& body) const {
        const Kernel k = kernel(body);
        Schedule s(k);
        s.stencil(k, {.unroll = 2});
        return s;
    }
    std::string message(const std::function<void(KernelBody&)>& body) const {
        return refusal([&] { network(body); });
    }
};

} // namespace

TEST_CASE("arms of one condition, in nests and statements of their own, are all elements together") {
    const Line l;
    const auto rest = [&](KernelBody& k) { l.each(k, [&] { l.more(l.y, l.x) = l.out(l.y, l.x) + 1; }); };
    const auto check = [&](const std::function<void(KernelBody&)>& body) {
        const Schedule s = l.network([&](KernelBody& k) {
            body(k);
            rest(k);
        });
        for (const int64_t p : {0, 1, 3, 4})
            check_network(s, false, {{"p", p}});
    };
    check([&](KernelBody& k) { // loops under a parameter's condition
        k.if_(l.p > 3, [&] { l.each(k, [&] { l.out(l.y, l.x) = l.in(l.y, l.x) * 2; }); }).else_([&] {
            l.each(k, [&] { l.out(l.y, l.x) = l.in(l.y, l.x) - 1; });
        });
    });
    check([&](KernelBody& k) { // two conditions that are one
        l.each(k, [&] { k.if_(l.p <= 3, [&] { l.out(l.y, l.x) = l.in(l.y, l.x) * 2; }); });
        l.each(k, [&] { k.if_(l.p > 3, [&] { l.out(l.y, l.x) = 7; }); });
    });
    check([&](KernelBody& k) { // of data
        l.each(k, [&] {
            k.if_(l.in(l.y, l.x) > 0 && l.p == 1, [&] { l.out(l.y, l.x) = l.in(l.y, l.x) * 2; });
            k.if_(l.in(l.y, l.x) <= 0 || l.p != 1, [&] { l.out(l.y, l.x) = 5; });
        });
    });
    check([&](KernelBody& k) { // one in the other
        k.if_(l.p > 3, [&] {
             l.each(k, [&] {
                 k.if_(l.in(l.y, l.x) < l.p, [&] { l.out(l.y, l.x) = 1; }).else_([&] {
                     l.out(l.y, l.x) = l.x;
                 });
             });
         }).else_([&] {
            k.if_(l.p == 0, [&] { l.each(k, [&] { l.out(l.y, l.x) = 9; }); }).else_([&] {
                l.each(k, [&] { l.out(l.y, l.x) = l.y; });
            });
        });
    });
    check([&](KernelBody& k) { // a scalar, and an element of a local array
        Array w = k.array("w", Int(16), {2});
        l.each(k, [&] {
            Scalar s = k.scalar("s", Int(16), 0);
            k.if_(l.p > 3, [&] { w(0) = l.in(l.y, l.x); });
            k.if_(l.p > 3, [&] { s = w(0) + 1; });
            k.if_(!(l.p > 3), [&] { w(0) = 4; });
            l.out(l.y, l.x) = w(0) + s;
        });
    });
    for (const auto& other : {Expr(l.p < 3), Expr(l.p > 4), Expr(l.in(0, 0) > 3)})
        expect(l.message([&](KernelBody& k) {
            l.each(k, [&] { k.if_(l.p > 3, [&] { l.out(l.y, l.x) = l.in(l.y, l.x) * 2; }); });
            l.each(k, [&] { k.if_(other, [&] { l.out(l.y, l.x) = 7; }); });
            rest(k);
        }),
               "not all elements of out in [0, 5) × [0, 12) are proved to be stored");
    // With a NaN neither of the two holds.
    const Param f("f", Float(32));
    const Kernel k("k", {l.in, l.out, f}, [&](KernelBody& b) {
        l.each(b, [&] {
            b.if_(f > 3, [&] { l.out(l.y, l.x) = l.in(l.y, l.x) * 2; });
            b.if_(f <= 3, [&] { l.out(l.y, l.x) = 5; });
        });
    });
    expect(refusal([&] { Schedule(k).stencil(k); }), "are proved to be stored");
}

TEST_CASE("what was left in a scalar: by another point, by a statement, by a kernel that was called") {
    const Line l;
    const auto carried = [&](const std::function<void(KernelBody&, Scalar&)>& point) {
        return l.message([&](KernelBody& k) {
            Scalar s = k.scalar("last", Int(16), 0);
            l.each(k, [&] { point(k, s); });
            l.each(k, [&] { l.more(l.y, l.x) = 1; });
        });
    };
    expect(carried([&](KernelBody&, Scalar& s) {
               l.out(l.y, l.x) = l.in(l.y, l.x) - s;
               s = l.in(l.y, l.x);
           }),
           "last is read at kernel_points.cpp");
    expect(carried([&](KernelBody& k, Scalar& s) {
               k.if_(l.in(l.y, l.x) > 3, [&] { s = l.in(l.y, l.x); });
               l.out(l.y, l.x) = s;
           }),
           "last is stored under a condition at kernel_points.cpp");
    expect(carried([&](KernelBody& k, Scalar& s) {
               k.if_(l.in(l.y, l.x) > 3, [&] { s += l.in(l.y, l.x); });
               l.out(l.y, l.x) = s;
           }),
           "last is updated at kernel_points.cpp");
    // What a statement leaves in two scalars: one is stored again at each point, the other not.
    const auto two = [&](const std::function<void(KernelBody&, Scalar&, Scalar&)>& first) {
        const Kernel k("two", {l.in, l.out}, [&](KernelBody& b) {
            Scalar s = b.scalar("s", Int(16), 0), t = b.scalar("t", Int(16), 1);
            first(b, s, t);
            l.each(b, [&] {
                s = l.in(l.y, l.x);
                l.out(l.y, l.x) = s + t;
            });
        });
        Schedule s(k);
        try {
            s.stencil(k);
        } catch (const InternalError&) {
            throw;
        } catch (const Error& e) { // it is no older value that is taken
            expect(std::string(e.what()), "t is read at kernel_points.cpp");
            return;
        }
        check_network(s, false);
    };
    two([&](KernelBody& b, Scalar& s, Scalar& t) {
        b.if_(s < 1, [&] {
            s = 4;
            t = 2;
        });
    });
    two([&](KernelBody&, Scalar& s, Scalar& t) {
        s = 4;
        t = 2;
    });
    // A statement that stores for good, and leaves something for the next one.
    const Input row("row", Int(8), {3});
    const Output doubled("doubled", Int(16), {3}), one("one", Int(16), {1});
    const Var i("i");
    const Kernel both("both", {row, doubled, one}, [&](KernelBody& k) {
        k.for_(i, 0, 3, [&] { doubled(i) = row(i) * 2; });
        one(0) = row(0) + row(2);
    });
    check_network(l.network([&](KernelBody& k) {
        Array w = k.array("w", Int(16), {3});
        k.for_(l.y, 0, 5, [&] {
            k.for_(l.x, 0, 10, [&] {
                k.call(both, {view(l.in, {l.y, Range(l.x, 3)}), w, view(l.out, {l.y, Range(l.x, 1)})});
                l.more(l.y, l.x) = w(0) + w(2) * 3;
            });
        });
    }),
                  false, {{"p", 2}});
    check_network(l.network([&](KernelBody& k) {
        Array table = k.array("table", Int(16), {2});
        l.each(k, [&] {
            Scalar s = k.scalar("s", Int(16), 0);
            k.if_(l.in(l.y, l.x) > 3, [&] {
                 l.out(l.y, l.x) = 1;
                 s = 4;
                 table(0) = s + l.p;
             }).else_([&] {
                l.out(l.y, l.x) = l.in(l.y, l.x);
                table(0) = 8;
            });
            l.more(l.y, l.x) = s + table(0);
        });
    }),
                  false, {{"p", 2}});
    expect(l.message([&](KernelBody& k) {
        l.each(k, [&] {
            Scalar s = k.scalar("s", Int(16));
            k.if_(l.in(l.y, l.x) > 3, [&] {
                 l.out(l.y, l.x) = 1;
                 s = l.out(l.y, l.x);
             }).else_([&] {
                l.out(l.y, l.x) = l.in(l.y, l.x);
                s = 2;
            });
            l.more(l.y, l.x) = s;
        });
    }),
           "or by a statement that reads what it has just stored, does not come along");
}
