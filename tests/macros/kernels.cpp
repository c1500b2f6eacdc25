// Kernels as stages of networks: nests of loops as they are written.

#include "deep.h"
#include "stencils.h"

#include "lathe/hls/emit.h"
#include "refusal.h"
#include "vitis_compiled.h"

using namespace lathe;

namespace {

Schedule network(const Kernel& k, const StencilOptions& options = {}) {
    Schedule s(k);
    s.stencil(k, options);
    return s;
}

std::string message(const Kernel& k, const StencilOptions& options = {}) {
    return refusal([&] { network(k, options); });
}

struct Picture {
    Var y{"y"}, x{"x"}, r{"r"}, c{"c"}, t{"t"};
    Input in{"in", Int(8), {9, 12}};
    Output out{"out", Int(16), {9, 12}};
    Array array(KernelBody& k, const std::string& name) const { return k.array(name, Int(16), {9, 12}); }
    /// for y, x in the picture's inner part, so many positions away from the edges
    void inside(KernelBody& k, int64_t from, const std::function<void()>& body) const {
        k.for_(y, from, 9 - from, [&] { k.for_(x, from, 12 - from, body); });
    }
    Kernel kernel(const std::function<void(KernelBody&)>& body) const { return {"k", {in, out}, body}; }
};

/// A window of 3 × 3 with weights, its sum in a scalar.
Kernel gaussian(Type t) {
    Var y("y"), x("x"), r("r"), c("c");
    Input in("in", t, {10, 13});
    Output out("out", t, {8, 11});
    const Const weights("weights", t, {3}, std::vector<double>{0.25, 0.5, 0.25});
    return {"gaussian", {in, out}, [&](KernelBody& k) {
                k.for_(y, 0, 8, [&] {
                    k.for_(x, 0, 11, [&] {
                        Scalar sum = k.scalar("sum", t, 0);
                        k.for_(r, 0, 3, [&] {
                            k.for_(c, 0, 3, [&] { sum += in(y + r, x + c) * weights(r) * weights(c); });
                        });
                        out(y, x) = sum;
                    });
                });
            }};
}

/// Steps in time between two tensors, edges kept.
Kernel jacobi(Type t, int64_t steps) {
    Var n("n"), y("y"), x("x");
    Input in("in", t, {8, 10});
    Output out("out", t, {8, 10});
    return {"jacobi", {in, out}, [&](KernelBody& k) {
                Array old = k.array("old", t, {8, 10});
                k.for_(y, 0, 8, [&] { k.for_(x, 0, 10, [&] { old(y, x) = in(y, x); }); });
                k.for_(y, 0, 8, [&] { k.for_(x, 0, 10, [&] { out(y, x) = in(y, x); }); });
                k.for_(n, 0, steps, [&] {
                    k.for_(y, 1, 7, [&] {
                        k.for_(x, 1, 9, [&] {
                            const Expr sum =
                                old(y, x) + old(y, x - 1) + old(y, x + 1) + old(y - 1, x) + old(y + 1, x);
                            out(y, x) = t.is_float() ? sum / 5.0f : sum / 5;
                        });
                    });
                    k.for_(y, 1, 7, [&] { k.for_(x, 1, 9, [&] { old(y, x) = out(y, x); }); });
                });
            }};
}

Kernel seidel(Type t, int64_t sweeps) {
    Var n("n"), y("y"), x("x");
    Input in("in", t, {7, 9});
    Output out("out", t, {7, 9});
    return {"seidel", {in, out}, [&](KernelBody& k) {
                k.for_(y, 0, 7, [&] { k.for_(x, 0, 9, [&] { out(y, x) = in(y, x); }); });
                k.for_(n, 0, sweeps, [&] {
                    k.for_(y, 1, 6, [&] {
                        k.for_(x, 1, 8, [&] {
                            const Expr left = k.let(out(y, x - 1) + out(y - 1, x));
                            const Expr sum = left + out(y, x) + out(y, x + 1) + out(y + 1, x);
                            out(y, x) = t.is_float() ? sum / 5.0f : sum / 5;
                        });
                    });
                });
            }};
}

} // namespace

TEST_CASE("kernels: Gaussian, Jacobi between two tensors, Seidel in place") {
    VitisKernels kernels;
    std::vector<Module> references;
    for (const Type t : {Float(32), Fixed(16, 8)})
        for (const Schedule& s : {network(gaussian(t), {.unroll = 4}), network(gaussian(t), {.tile = {6}}),
                                  network(jacobi(t, 1), {.unroll = 2}), network(jacobi(t, 3), {.unroll = 3}),
                                  network(seidel(t, 2), {.in_place = true})}) {
            check_network(s, false);
            check_machine_code(s, {s.module(), without_origins(s.module())});
            kernels.add(s);
            references.push_back(s.reference());
        }
    kernels.compile();
    kernels.expect_right_stalled(references, 10);
}

TEST_CASE("kernels: stages in one kernel, local arrays, a loop outside of the nest, outputs on the way") {
    const Picture p;
    Output sharp("sharp", Int(16), {9, 12});
    const Kernel two("two", {p.in, p.out, sharp}, [&](KernelBody& k) {
        Array rows = p.array(k, "rows");
        p.inside(k, 0, [&] { rows(p.y, p.x) = p.in(p.y, p.x) * 2; });
        p.inside(k, 0, [&] { p.out(p.y, p.x) = 0; });
        k.for_(p.r, -1, 2, [&] { p.inside(k, 1, [&] { p.out(p.y, p.x) += rows(p.y + p.r, p.x - p.r); }); });
        p.inside(k, 2,
                 [&] { sharp(p.y, p.x) = rows(p.y, p.x) * 5 - p.out(p.y, p.x + 1) - p.out(p.y + 1, p.x); });
    });
    for (const int64_t n : {1, 2, 4})
        check_network(network(two, {.unroll = n}), false);
    // One nest that computes several tensors, of each other.
    const Kernel fused("fused", {p.in, p.out, sharp}, [&](KernelBody& k) {
        Array rows = p.array(k, "rows");
        k.for_(p.y, 0, 9, [&] {
            k.for_(p.x, 0, 12, [&] { rows(p.y, p.x) = p.in(p.y, p.x) + p.y; });
            k.for_(p.c, 1, 12, [&] {
                Scalar a = k.scalar("a", Int(16), rows(p.y, p.c - 1));
                p.out(p.y, p.c) = a + rows(p.y, p.c);
                a *= 3;
                sharp(p.y, p.c) = a + p.out(p.y, p.c) - k.let(rows(p.y, p.c) * 2);
            });
        });
    });
    check_network(network(fused, {.unroll = 2}), false);
}

TEST_CASE("kernels: edges by if_ and else_, by loops of their own, and by clamping") {
    const Picture p;
    const auto mean = [&](const Expr& y, const Expr& x) {
        return p.in(y - 1, x) + p.in(y + 1, x) + p.in(y, x - 1) + p.in(y, x + 1);
    };
    const auto inside = [&] { return p.y > 0 && p.y < 8 && p.x > 0 && p.x < 11; };
    const Kernel chosen = p.kernel([&](KernelBody& k) {
        p.inside(k, 0, [&] {
            k.if_(inside(), [&] { p.out(p.y, p.x) = mean(p.y, p.x); }).else_([&] {
                p.out(p.y, p.x) = p.in(p.y, p.x);
            });
        });
    });
    const Kernel twice = p.kernel([&](KernelBody& k) { // each place by one of two conditions
        k.for_(p.y, 0, 9, [&] {
            k.if_(p.y > 2, [&] {
                 k.for_(p.x, 0, 12, [&] { p.out(p.y, p.x) = p.in(p.y - 3, p.x); });
             }).else_([&] { k.for_(p.x, 0, 12, [&] { p.out(p.y, p.x) = p.in(p.y, p.x) - 1; }); });
        });
    });
    const Kernel apart = p.kernel([&](KernelBody& k) {
        p.inside(k, 1, [&] { p.out(p.y, p.x) = mean(p.y, p.x); });
        k.for_(p.x, 0, 12, [&] {
            p.out(0, p.x) = p.in(1, p.x) + 1;
            p.out(8, p.x) = p.in(7, p.x) - 1;
        });
        k.for_(p.y, 1, 8, [&] {
            p.out(p.y, 0) = p.in(p.y, 1) * 2;
            p.out(p.y, 11) = p.in(p.y, 11);
        });
    });
    const Kernel clamped = p.kernel([&](KernelBody& k) {
        p.inside(k, 0, [&] {
            Scalar sum = k.scalar("sum", Int(16), 0);
            k.for_(p.r, -1, 2, [&] { sum += p.in(clamp(p.y + p.r, 0, 8), clamp(p.x + p.r * 2, 0, 11)); });
            p.out(p.y, p.x) = sum;
        });
    });
    for (const Kernel& k : {chosen, twice, apart, clamped})
        for (const int64_t n : {1, 3}) {
            CAPTURE(n);
            check_network(network(k, {.unroll = n}), false);
        }
}

TEST_CASE("kernels: local arrays of a point, scalars of the whole kernel, a store in several steps") {
    const Picture p;
    const Kernel window = p.kernel([&](KernelBody& k) {
        Scalar scale = k.scalar("scale", Int(16), 3), total = k.scalar("total", Int(16), 0);
        Array table = k.array("table", Int(16), {3});
        k.for_(p.r, 0, 3, [&] { table(p.r) = scale + p.r; });
        p.inside(k, 1, [&] {
            Array cells = k.array("cells", Int(16), {3, 3});
            k.for_(p.r, 0, 3,
                   [&] { k.for_(p.c, 0, 3, [&] { cells(p.r, p.c) = p.in(p.y + p.r - 1, p.x + p.c - 1); }); });
            total = cells(1, 1) * scale;
            k.for_(p.r, 0, 3, [&] { total += cells(p.r, 2 - p.r) * table(p.r); });
            p.out(p.y, p.x) = total;
            k.if_(total > 20, [&] { p.out(p.y, p.x) = 20; });
            p.out(p.y, p.x) += 1;
        });
    });
    check_network(network(window, {.unroll = 2}), false);
    const Kernel last = p.kernel([&](KernelBody& k) { // the last element of each row, and the first
        k.for_(p.y, 0, 9, [&] {
            k.for_(p.x, 0, 12, [&] { p.out(p.y, 0) = p.in(p.y, p.x); });
            p.out(p.y, 1) = p.in(p.y, 0);
        });
    });
    check_network(network(last, {.unroll = 2}), false);
    // What a tensor held before others were computed of it, and after.
    Output more("more", Int(16), {9, 12});
    const Kernel versions("versions", {p.in, p.out, more}, [&](KernelBody& k) {
        p.inside(k, 0, [&] { more(p.y, p.x) = p.in(p.y, p.x) * 2; });
        p.inside(k, 1, [&] { p.out(p.y, p.x) = more(p.y - 1, p.x) + more(p.y, p.x + 1); });
        p.inside(k, 2, [&] { more(p.y, p.x) = p.out(p.y, p.x) - more(p.y, p.x); });
        p.inside(k, 3, [&] { p.out(p.y, p.x) -= more(p.y + 1, p.x); });
    });
    check_network(network(versions, {.unroll = 2}), false);
}

TEST_CASE("kernels: what calls others, and what is called") {
    const Picture p;
    Input a("a", Int(16), {9, 12});
    Output b("b", Int(16), {9, 12});
    const Kernel blur("blur", {a, b}, [&](KernelBody& k) {
        p.inside(k, 0, [&] { b(p.y, p.x) = a(p.y, p.x) * 2; });
        p.inside(k, 1, [&] { b(p.y, p.x) = a(p.y, p.x - 1) + a(p.y - 1, p.x); });
    });
    const Kernel top = p.kernel([&](KernelBody& k) {
        Array wide = p.array(k, "wide"), soft = p.array(k, "soft");
        p.inside(k, 0, [&] { wide(p.y, p.x) = p.in(p.y, p.x); });
        k.call(blur, {wide, soft});
        k.call(blur, {soft, p.out});
    });
    Schedule all(top), inner(top);
    all.stencil(top, {.unroll = 2});
    inner.stencil(blur, {.unroll = 2});
    check_network(all, false);
    check_network(inner, false);
    const Param N("N");
    const Input c("c", Int(16), {N, 12});
    const Output d("d", Int(16), {N, 12});
    const Kernel sized("sized", {c, d}, [&](KernelBody& k) {
        k.for_(p.y, 0, N, [&] { k.for_(p.x, 0, 12, [&] { d(p.y, p.x) = c(p.y, p.x) + 1; }); });
    });
    const Kernel calls = p.kernel([&](KernelBody& k) {
        Array wide = p.array(k, "wide");
        p.inside(k, 0, [&] { wide(p.y, p.x) = p.in(p.y, p.x); });
        k.call(sized, {wide, p.out});
    });
    expect(refusal([&] { Schedule(calls).stencil(sized); }),
           "sized is called, and has the sizes of its arguments: give it constant ones, or call stencil for "
           "what calls it, after bind");
    check_network(Schedule(calls).stencil(calls, {.unroll = 2}), false);
    VitisKernels kernels;
    kernels.add(all);
    kernels.add(inner);
    kernels.compile();
    kernels.expect_right_stalled({all.reference(), inner.reference()}, 3);
}

TEST_CASE("kernels: called ones become networks in any order, and share processes") {
    const Picture p;
    const auto shift = [&](const std::string& name, int64_t by) {
        Input a("a", Int(16), {9, 12});
        Output b("b", Int(16), {9, 12});
        return Kernel(name, {a, b}, [&](KernelBody& k) {
            p.inside(k, 0, [&] { b(p.y, p.x) = a(p.y, p.x) * 2 + 1; });
            p.inside(k, 1, [&] { b(p.y, p.x) = a(p.y, p.x - 1) + a(p.y - by, p.x); });
        });
    };
    std::vector<Kernel> parts{shift("one", 0), shift("two", 1), shift("three", 1)};
    const Kernel top = p.kernel([&](KernelBody& k) {
        Array wide = p.array(k, "wide"), soft = p.array(k, "soft"), last = p.array(k, "last");
        p.inside(k, 0, [&] { wide(p.y, p.x) = p.in(p.y, p.x); });
        k.call(parts[0], {wide, soft});
        k.call(parts[1], {soft, last});
        k.call(parts[2], {last, p.out});
    });
    std::vector<size_t> order{0, 1, 2};
    VitisKernels kernels;
    std::vector<Module> references;
    do {
        CAPTURE(order);
        Schedule s(top);
        std::vector<size_t> functions;
        for (const size_t n : order) {
            s.stencil(parts[n], {.unroll = 2});
            functions.push_back(s.module().functions.size());
        }
        check_network(s, false);
        CHECK(functions[2] - functions[1] < functions[0] - 4); // most are there already
        kernels.add(s);
        references.push_back(s.reference());
    } while (std::ranges::next_permutation(order).found);
    kernels.compile();
    kernels.expect_right_stalled(references, 3);
}

TEST_CASE("kernels: rows and columns in arrays of their own, which each round of a loop has anew") {
    const Picture p;
    const auto row = [&](const std::function<void(KernelBody&, const Array&)>& body) {
        return p.kernel([&](KernelBody& k) {
            Array line = k.array("line", Int(16), {12});
            k.for_(p.y, 0, 9, [&] { body(k, line); });
        });
    };
    const Kernel sums = row([&](KernelBody& k, const Array& line) {
        k.for_(p.r, 0, 12, [&] { line(p.r) = p.in(p.y, p.r) * 2; });
        k.for_(p.x, 1, 11, [&] { p.out(p.y, p.x) = line(p.x - 1) + line(p.x + 1); });
    });
    const Kernel kept =
        p.kernel([&](KernelBody& k) { // the array inside of the loop, columns, a second one of the first
            k.for_(p.x, 1, 12, [&] {
                Array column = k.array("column", Int(16), {9}), soft = k.array("soft", Int(16), {9});
                k.for_(p.r, 0, 9, [&] { column(p.r) = p.in(p.r, p.x - 1); });
                k.for_(p.r, 1, 8, [&] { soft(p.r) = column(p.r - 1) + column(p.r + 1); });
                k.for_(p.y, 1, 8, [&] { p.out(p.y, p.x) = soft(p.y) - column(p.y); });
            });
        });
    const Kernel behind = row([&](KernelBody& k, const Array& line) { // rows that other rows alone read
        Array soft = k.array("soft", Int(16), {12}), twice = k.array("twice", Int(16), {12});
        k.for_(p.r, 0, 12, [&] { line(p.r) = p.in(p.y, p.r) * 2; });
        k.for_(p.r, 1, 11, [&] { soft(p.r) = line(p.r - 1) + line(p.r + 1); });
        k.for_(p.r, 2, 10, [&] { twice(p.r) = soft(p.r + 1) - soft(p.r - 1); });
        k.for_(p.x, 2, 10, [&] { p.out(p.y, p.x) = twice(p.x) + 1; });
    });
    for (const int64_t n : {1, 3})
        for (const Kernel* k : {&sums, &kept, &behind})
            check_network(network(*k, {.unroll = n}), false);
    // What the row before has left of a row that another row alone reads.
    expect(message(row([&](KernelBody& k, const Array& line) {
               Array soft = k.array("soft", Int(16), {12});
               k.for_(p.r, 0, 12, [&] { soft(p.r) = line(p.r); });
               k.for_(p.x, 1, 11, [&] { p.out(p.y, p.x) = soft(p.x); });
               k.for_(p.r, 0, 12, [&] { line(p.r) = p.in(p.y, p.r); });
           })),
           "line is read at kernels.cpp");
    // What another round has left: the last row, wherever this one is.
    expect(message(p.kernel([&](KernelBody& k) {
               Array line = k.array("line", Int(16), {12});
               k.for_(p.t, 0, 2, [&] {
                   k.for_(p.y, 0, 9, [&] {
                       k.for_(p.x, 0, 12, [&] {
                           k.if_(p.t > 0, [&] { p.out(p.y, p.x) = line(p.x); }).else_([&] {
                               p.out(p.y, p.x) = 0;
                           });
                       });
                       k.for_(p.x, 0, 12, [&] { line(p.x) = p.in(p.y, p.x); });
                   });
               });
           })),
           "line");
    // What the row before has left.
    expect(message(row([&](KernelBody& k, const Array& line) {
               k.for_(p.x, 1, 11, [&] { p.out(p.y, p.x) = line(p.x); });
               k.for_(p.r, 0, 12, [&] { line(p.r) = p.in(p.y, p.r); });
           })),
           "line is read at kernels.cpp");
    expect(message(row([&](KernelBody& k, const Array& line) {
               k.for_(p.r, 2, 12, [&] { line(p.r) = p.in(p.y, p.r); });
               k.for_(p.x, 0, 11, [&] { p.out(p.y, p.x) = line(p.x + 1); });
           })),
           "and not all of that was stored before");
}

TEST_CASE("kernels: statements and reads that are refused") {
    const Picture p;
    const auto point = [&](const std::function<void(KernelBody&)>& body) {
        return message(p.kernel([&](KernelBody& k) { p.inside(k, 1, [&] { body(k); }); }));
    };
    const auto one = [&](const std::function<void(KernelBody&)>& body) { return message(p.kernel(body)); };
    Input at("at", UInt(2), {9, 12}), wide("wide", Int(8), {18, 24});
    expect(message(Kernel(
               "k", {p.in, at, p.out},
               [&](KernelBody& k) { p.inside(k, 1, [&] { p.out(p.y, p.x) = p.in(p.y, at(p.y, p.x)); }); })),
           "a gather. A stage reads elements at constant distances from x");
    expect(message(Kernel(
               "k", {wide, p.out},
               [&](KernelBody& k) { p.inside(k, 1, [&] { p.out(p.y, p.x) = wide(p.y * 2, p.x * 2); }); })),
           "stride 2 in subscript 0");
    expect(
        one([&](KernelBody& k) {
            k.for_(p.y, 0, 4, [&] { k.for_(p.x, 0, 12, [&] { p.out(p.y * 2, p.x) = p.in(p.y, p.x); }); });
        }),
        "subscript 0 is 2 times the loop's round, so elements between are left out. Store each element, in "
        "loops with step 1");
    expect(
        one([&](KernelBody& k) {
            k.for_(p.y, 8, -1, -1, [&] { k.for_(p.x, 0, 12, [&] { p.out(p.y, p.x) = p.in(p.y, p.x); }); });
        }),
        "loop y goes backwards, and a network goes forwards. Let it run from the first element to the last");
    expect(point([&](KernelBody& k) {
               Scalar s = k.scalar("s", Int(16), 0);
               k.while_([&] { return s < 4; }, [&] { s += p.in(p.y, p.x); });
               p.out(p.y, p.x) = s;
           }),
           "k has a while_ at kernels.cpp");
    expect(point([&](KernelBody& k) {
               k.print("{}", {p.in(p.y, p.x)});
               p.out(p.y, p.x) = 1;
           }),
           "k prints at kernels.cpp");
    expect(point([&](KernelBody& k) {
               k.require(p.in(p.y, p.x) > 0);
               p.out(p.y, p.x) = 1;
           }),
           "k checks something at kernels.cpp");
    expect(one([&](KernelBody& k) {
               k.for_(p.y, 0, 9, [&] {
                   k.for_(p.x, 0, 12, [&] {
                       k.if_(p.in(p.y, p.x) > 3, [&] { k.break_(); });
                       p.out(p.y, p.x) = p.in(p.y, p.x);
                   });
               });
           }),
           "break_x is read at kernels.cpp");
}

TEST_CASE("kernels: loops, stores and scalars that are refused") {
    const Picture p;
    const auto point = [&](const std::function<void(KernelBody&)>& body) {
        return message(p.kernel([&](KernelBody& k) { p.inside(k, 1, [&] { body(k); }); }));
    };
    const auto one = [&](const std::function<void(KernelBody&)>& body) { return message(p.kernel(body)); };
    Param n("n", Int(32));
    expect(message(Kernel("k", {p.in, p.out, n},
                          [&](KernelBody& k) {
                              k.for_(p.y, 0, 9,
                                     [&] { k.for_(p.x, 0, n, [&] { p.out(p.y, p.x) = p.in(p.y, p.x); }); });
                          })),
           "which is not constant: a network counts its tokens");
    expect(one([&](KernelBody& k) {
               k.for_(p.y, 0, 9,
                      [&] { k.for_(p.x, 0, p.in(p.y, 0), [&] { p.out(p.y, p.x) = p.in(p.y, p.x); }); });
           }),
           "which is not constant: a network counts its tokens");
    expect(one([&](KernelBody& k) {
               k.for_(p.y, 0, 9, [&] { k.for_(p.x, p.y, 12, [&] { p.out(p.y, p.x) = p.in(p.y, p.x); }); });
           }),
           "which is not constant: a network counts its tokens");
    expect(point([&](KernelBody&) {
               p.out(p.y, p.x) = p.in(p.y, p.x);
               p.out(p.y, p.x + 1) = p.in(p.y, p.x) + 1;
           }),
           "store in the same loops: an element is written twice, and the second time by the statement that "
           "comes first");
    expect(
        point([&](KernelBody& k) {
            k.if_(p.in(p.y, p.x) > 0, [&] { p.out(p.y, p.x) = 1; }).else_([&] { p.out(p.y, p.x - 1) = 2; });
        }),
        "are stored in one statement, at kernels.cpp");
    expect(one([&](KernelBody& k) {
               Scalar sum = k.scalar("sum", Int(16), 0);
               p.inside(k, 0, [&] {
                   sum += p.in(p.y, p.x);
                   p.out(p.y, p.x) = sum;
               });
           }),
           "sum is updated at kernels.cpp");
    expect(point([&](KernelBody&) { p.out(p.y, p.x) = p.out(p.y, p.x - 1) + 1; }),
           "in place. Use two tensors, one for the old values and one for the new, or say .in_place = true");
    expect(point([&](KernelBody& k) { k.if_(p.in(p.y, p.x) > 0, [&] { p.out(p.y, p.x) = 1; }); }),
           "not all elements of out in [1, 8) × [1, 11) are proved to be stored");
    expect(one([&](KernelBody& k) {
               k.for_(p.x, 0, 12, [&] { p.out(0, p.x) = 1; });
               k.for_(p.x, 0, 12, [&] { p.out(2, p.x) = 1; });
           }),
           "not all elements of out in [0, 3) × [0, 12) are proved to be stored");
}

TEST_CASE("kernels: rounds of nests, and what is never stored, that are refused") {
    const Picture p;
    const auto one = [&](const std::function<void(KernelBody&)>& body) { return message(p.kernel(body)); };
    const auto copy = [&] { p.out(p.y, p.x) = p.in(p.y, p.x); };
    expect(one([&](KernelBody& k) {
               k.for_(p.y, 0, 9, [&] { k.for_(p.t, 0, 2, [&] { k.for_(p.x, 0, 12, copy); }); });
           }),
           "repeats loops over elements, and stands in the loop y: bring it outside");
    expect(one([&](KernelBody& k) {
               p.inside(k, 0, copy);
               k.for_(p.t, 0, 1025, [&] { p.inside(k, 0, [&] { p.out(p.y, p.x) += 1; }); });
           }),
           "loop t of k repeats its nests 1025 times, and a network has at most 1024 steps: run it several "
           "times");
    expect(one([&](KernelBody& k) {
               p.inside(k, 0, copy);
               k.if_(p.in(0, 0) > 0, [&] { p.inside(k, 0, [&] { p.out(p.y, p.x) = 1; }); });
           }),
           "whether loops run at all: decide for each element, with if_ or select inside of the loops");
    expect(one([&](KernelBody& k) { k.for_(p.y, 0, 0, [&] { k.for_(p.x, 0, 12, copy); }); }),
           "out has no points: nothing flows");
    expect(one([&](KernelBody& k) { k.scalar("s", Int(16), 0) += 1; }), "k stores nothing");
    expect(one([&](KernelBody& k) { p.inside(k, 0, [&] { k.for_(p.r, 0, 0, copy); }); }),
           "out stores nothing at kernels.cpp");
}

TEST_CASE("kernels: elements of each other, in one nest and in several, that are not there") {
    const Picture p;
    const auto with_rows = [&](const std::function<void(KernelBody&, const Array&)>& body) {
        return message(p.kernel([&](KernelBody& k) { body(k, p.array(k, "rows")); }));
    };
    expect(
        with_rows([&](KernelBody& k, const Array& rows) {
            p.inside(k, 1, [&] { rows(p.y, p.x) = p.in(p.y, p.x); });
            p.inside(k, 1, [&] { p.out(p.y, p.x) = rows(p.y - 1, p.x); });
        }),
        "and not all of that was stored before: a network has what was stored in a box of elements, [1, 8) × "
        "[1, 11)");
    expect(with_rows([&](KernelBody& k, const Array& rows) {
               p.inside(k, 0, [&] { rows(p.y, p.x) = 3; });
               p.inside(k, 1, [&] {
                   rows(p.y, p.x) = p.in(p.y, p.x);
                   p.out(p.y, p.x) = rows(p.y + 1, p.x);
               });
           }),
           "in the same loops: there the read comes before the element is stored");
    expect(with_rows([&](KernelBody& k, const Array& rows) {
               p.inside(k, 0, [&] { rows(p.y, p.x) = 3; });
               p.inside(k, 1, [&] {
                   p.out(p.y, p.x) = rows(p.y, p.x - 1);
                   rows(p.y, p.x) = p.in(p.y, p.x);
               });
           }),
           "in the same loops: there the read comes behind where the element is stored");
    expect(with_rows([&](KernelBody& k, const Array& rows) {
               p.inside(k, 1, [&] { p.out(p.y, p.x) = rows(p.y, p.x); });
           }),
           "rows is read at kernels.cpp");
    expect(with_rows([&](KernelBody& k, const Array& rows) {
               p.inside(k, 1, [&] {
                   k.if_(p.in(p.y, p.x) > 0, [&] {
                        rows(p.y, p.x) = 1;
                        p.out(p.y, p.x) = rows(p.y, p.x);
                    }).else_([&] { p.out(p.y, p.x) = 1; });
               });
           }),
           "in one statement, and one is computed of the other: make a statement of each");
    expect(message(p.kernel([&](KernelBody& k) {
               Array line = k.array("line", Int(16), {12});
               k.for_(p.r, 0, 12, [&] { line(p.r) = p.in(4, p.r); });
               p.inside(k, 1, [&] { p.out(p.y, p.x) = line(p.x - 1); });
           })),
           "is an element of a local array, at no constant place");
    InOut grid("grid", Int(16), {9, 12});
    expect(message(Kernel("k", {grid, p.out},
                          [&](KernelBody& k) {
                              p.inside(k, 1, [&] { p.out(p.y, p.x) = grid(p.y, p.x); });
                              p.inside(k, 1, [&] { grid(p.y, p.x) = p.out(p.y, p.x); });
                          })),
           "grid is read at kernels.cpp");
    expect(
        message(gaussian(Float(32)), {.iterate = 2}),
        "iterate: gaussian is a kernel, which says itself how often its loops run: write a for_ around them");
    expect(refusal([&] {
               const Kernel k = gaussian(Float(32));
               Schedule once(k);
               once.stencil(k).stencil(k);
           }),
           "gaussian is a network already");
}
