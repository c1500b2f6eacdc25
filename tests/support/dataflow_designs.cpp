#include "dataflow_programs.h"

#include <cmath>

using namespace lathe;

namespace {

/// Valid 3x3 windows; each stage makes the picture two rows and columns smaller.
DataflowProgram gaussian_chain() {
    Param H("H"), W("W");
    Var y("y"), x("x"), p("p");
    const Type pixel = UInt(8);
    InStream in("in", pixel);
    OutStream out("out", pixel);
    Kernel gaussian("gaussian", {in, out, H, W}, [&](KernelBody& b) {
        Array line = b.array("line", pixel, {2, 20}), window = b.array("window", pixel, {3, 3});
        b.mutate({2, 20}, [&](Var r, Var c) { line(r, c) = 0; });
        b.mutate({3, 3}, [&](Var r, Var c) { window(r, c) = 0; });
        b.for_(y, 0, H, [&] {
            b.for_(x, 0, W, [&] {
                Expr v = b.pop(in), at = clamp(x, 0, 19);
                b.mutate({3}, [&](Var r) {
                    window(r, 0) = window(r, 1);
                    window(r, 1) = window(r, 2);
                });
                window(0, 2) = line(0, at);
                window(1, 2) = line(1, at);
                window(2, 2) = v;
                line(0, at) = line(1, at);
                line(1, at) = v;
                b.if_(y >= 2, [&] {
                    b.if_(x >= 2, [&] {
                        Expr sum = window(0, 0) + 2 * window(0, 1) + window(0, 2) + 2 * window(1, 0) +
                                   4 * window(1, 1) + 2 * window(1, 2) + window(2, 0) + 2 * window(2, 1) +
                                   window(2, 2);
                        b.push(out, sum >> 4);
                    });
                });
            });
        });
    });
    Input from("from", pixel, {H, W});
    Output to("to", pixel, {H, W});
    Kernel load("load", {from, out}, [&](KernelBody& b) {
        b.for_(y, 0, H, [&] { b.for_(x, 0, W, [&] { b.push(out, from(y, x)); }); });
    });
    Kernel store("store", {in, to}, [&](KernelBody& b) {
        b.for_(y, 0, H, [&] { b.for_(x, 0, W, [&] { to(y, x) = b.pop(in); }); });
    });
    Input picture("picture", pixel, {14, 18});
    Output smooth("smooth", pixel, {6, 10});
    Kernel top("gaussian_chain", {picture, smooth}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream s = b.stream("s", pixel, {5});
            b.call(load, {picture, s(0)});
            b.spawn({{p, 4}}, gaussian, {s(p), s(p + 1), 14 - 2 * p, 18 - 2 * p});
            b.call(store, {s(4), smooth});
        });
    });
    return {"gaussian chain", top};
}

/// Tiles of 4x4; while one is multiplied, the next is loaded.
DataflowProgram gemm_tiles() {
    Var i("i"), j("j"), k("k"), bi("bi"), bj("bj"), bk("bk");
    OutBlockStream a_out("a_out", Int(8), {4, 4}), b_out("b_out", Int(8), {4, 4}),
        c_out("c_out", Int(24), {4, 4});
    InBlockStream a_in("a_in", Int(8), {4, 4}), b_in("b_in", Int(8), {4, 4}), c_in("c_in", Int(24), {4, 4});
    Input A("A", Int(8), {8, 12}), B("B", Int(8), {12, 8});
    Output C("C", Int(24), {8, 8});
    const auto tiles = [&](KernelBody& b, const std::function<void()>& body) {
        b.for_(bi, 0, 2, [&] { b.for_(bj, 0, 2, [&] { b.for_(bk, 0, 3, body); }); });
    };
    const auto elements = [&](KernelBody& b, const std::function<void()>& body) {
        b.for_(i, 0, 4, [&] { b.for_(j, 0, 4, body); });
    };
    Kernel load("load", {A, B, a_out, b_out}, [&](KernelBody& b) {
        tiles(b, [&] {
            b.fill(a_out, [&](Array t) { elements(b, [&] { t(i, j) = A(4 * bi + i, 4 * bk + j); }); });
            b.fill(b_out, [&](Array t) { elements(b, [&] { t(i, j) = B(4 * bk + i, 4 * bj + j); }); });
        });
    });
    Kernel multiply("multiply", {a_in, b_in, c_out}, [&](KernelBody& b) {
        b.for_(bi, 0, 4, [&] {
            b.fill(c_out, [&](Array c) {
                elements(b, [&] { c(i, j) = 0; });
                b.for_(bk, 0, 3, [&] {
                    b.drain(a_in, [&](Array s) {
                        b.drain(b_in, [&](Array t) {
                            elements(b, [&] { b.for_(k, 0, 4, [&] { c(i, j) += s(i, k) * t(k, j); }); });
                        });
                    });
                });
            });
        });
    });
    Kernel store("store", {c_in, C}, [&](KernelBody& b) {
        b.for_(bi, 0, 2, [&] {
            b.for_(bj, 0, 2, [&] {
                b.drain(c_in, [&](Array t) { elements(b, [&] { C(4 * bi + i, 4 * bj + j) = t(i, j); }); });
            });
        });
    });
    Input x("x", Int(8), {8, 12}), y("y", Int(8), {12, 8});
    Output z("z", Int(24), {8, 8});
    Kernel top("gemm_tiles", {x, y, z}, [&](KernelBody& b) {
        b.dataflow([&] {
            BlockStream s = b.blocks("s", Int(8), {4, 4}, 2), t = b.blocks("t", Int(8), {4, 4}, 2),
                        u = b.blocks("u", Int(24), {4, 4}, 2);
            b.call(load, {x, y, s, t});
            b.call(multiply, {s, t, u});
            b.call(store, {u, z});
        });
    });
    return {"gemm with ping-pong tiles", top};
}

/// A cell for each letter of the query: letters of the reference, scores and the best go from cell to cell.
DataflowProgram smith_waterman_array() {
    Param M("M"), letter("letter", UInt(2));
    Var j("j"), p("p");
    const Type score = Int(12);
    InStream letters("letters", UInt(2)), above("above", score), best("best", score);
    OutStream letters_out("letters_out", UInt(2)), below("below", score), best_out("best_out", score);
    Kernel cell("cell", {letters, above, best, letters_out, below, best_out, letter, M}, [&](KernelBody& b) {
        Scalar left = b.scalar("left", score, 0), diagonal = b.scalar("diagonal", score, 0),
               most = b.scalar("most", score, 0);
        b.for_(j, 0, M, [&] {
            Expr r = b.pop(letters), up = b.pop(above);
            Expr match = b.let(diagonal + select(r == letter, 2, -1));
            Expr h = b.let(cast(score, max(max(0, match), max(up - 1, left - 1))));
            diagonal = up;
            left = h;
            most = max(most, h);
            b.push(letters_out, r);
            b.push(below, h);
        });
        b.push(best_out, max(most, b.pop(best)));
    });
    Input reference("reference", UInt(2), {M});
    Kernel feed("feed", {reference, letters_out, below, best_out}, [&](KernelBody& b) {
        b.for_(j, 0, M, [&] {
            b.push(letters_out, reference(j));
            b.push(below, 0);
        });
        b.push(best_out, 0);
    });
    Output result("result", score, {1});
    Kernel end("end", {letters, above, best, result, M}, [&](KernelBody& b) {
        b.for_(j, 0, M, [&] {
            b.pop(letters);
            b.pop(above);
        });
        result(0) = b.pop(best);
    });
    Input query("query", UInt(2), {6}), ref("ref", UInt(2), {15});
    Output top_score("top_score", score, {1});
    Kernel top("smith_waterman_array", {query, ref, top_score}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream l = b.stream("l", UInt(2), {7}), h = b.stream("h", score, {7}),
                   m = b.stream("m", score, {7});
            b.call(feed, {ref, l(0), h(0), m(0)});
            b.spawn({{p, 6}}, cell, {l(p), h(p), m(p), l(p + 1), h(p + 1), m(p + 1), query(p), 15});
            b.call(end, {l(6), h(6), m(6), top_score, 15});
        });
    });
    return {"smith-waterman array", top};
}

DataflowProgram interleave() {
    Var i("i");
    const Type t = Fixed(12, 4);
    InStream a("a", t), c("c", t);
    OutStream out("out", t);
    Input from("from", t, {9});
    Output to("to", t, {18});
    Kernel load("load", {from, out},
                [&](KernelBody& b) { b.for_(i, 0, 9, [&] { b.push(out, from(i) / 2); }); });
    Kernel merge("merge", {a, c, to}, [&](KernelBody& b) {
        b.for_(i, 0, 9, [&] {
            to(2 * i) = b.pop(a);
            to(2 * i + 1) = b.pop(c);
        });
    });
    Input x("x", t, {9}), y("y", t, {9});
    Output z("z", t, {18});
    Kernel top("interleave", {x, y, z}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream s = b.stream("s", t, {}, 1), u = b.stream("u", t, {}, 4);
            b.call(load, {x, s});
            b.call(load, {y, u});
            b.call(merge, {s, u, z});
        });
    });
    return {"interleave", top};
}

/// Each tap adds its product to the sum that passes, and hands the sample on one step later.
DataflowProgram fir() {
    Param N("N"), c("c", Int(8));
    Var i("i"), p("p");
    InStream sample("sample", Int(12)), sum("sum", Int(24));
    OutStream sample_out("sample_out", Int(12)), sum_out("sum_out", Int(24));
    Kernel tap("tap", {sample, sum, sample_out, sum_out, c, N}, [&](KernelBody& b) {
        Scalar kept = b.scalar("kept", Int(12), 0);
        b.for_(i, 0, N, [&] {
            Expr v = b.pop(sample);
            b.push(sum_out, b.pop(sum) + c * v);
            b.push(sample_out, kept);
            kept = v;
        });
    });
    Input from("from", Int(12), {N});
    Kernel load("load", {from, sample_out, sum_out}, [&](KernelBody& b) {
        b.for_(i, 0, N, [&] {
            b.push(sample_out, from(i));
            b.push(sum_out, 0);
        });
    });
    Output to("to", Int(24), {N});
    Kernel store("store", {sample, sum, to}, [&](KernelBody& b) {
        b.for_(i, 0, N, [&] {
            b.pop(sample);
            to(i) = b.pop(sum);
        });
    });
    Const taps("taps", Int(8), {5}, std::vector<int>{1, -3, 7, -3, 1});
    Input x("x", Int(12), {25});
    Output y("y", Int(24), {25});
    Kernel top("fir", {x, y}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream s = b.stream("s", Int(12), {6}), u = b.stream("u", Int(24), {6});
            b.call(load, {x, s(0), u(0)});
            b.spawn({{p, 5}}, tap, {s(p), u(p), s(p + 1), u(p + 1), taps(p), 25});
            b.call(store, {s(5), u(5), y});
        });
    });
    return {"fir", top};
}

/// Four tables, each of every fourth pixel, are added in the end.
DataflowProgram histogram() {
    Var i("i"), n("n"), p("p");
    InStream pixels("pixels", UInt(4)), counts("counts", UInt(16));
    OutStream counts_out("counts_out", UInt(16));
    OutStream p0("p0", UInt(4)), p1("p1", UInt(4)), p2("p2", UInt(4)), p3("p3", UInt(4));
    Input from("from", UInt(4), {40});
    Kernel deal("deal", {from, p0, p1, p2, p3}, [&](KernelBody& b) {
        b.for_(i, 0, 10, [&] {
            b.push(p0, from(4 * i));
            b.push(p1, from(4 * i + 1));
            b.push(p2, from(4 * i + 2));
            b.push(p3, from(4 * i + 3));
        });
    });
    Kernel count("count", {pixels, counts_out}, [&](KernelBody& b) {
        Array table = b.array("table", UInt(16), {16});
        b.for_(n, 0, 16, [&] { table(n) = 0; });
        b.for_(i, 0, 10, [&] { table(b.pop(pixels)) += 1; });
        b.for_(n, 0, 16, [&] { b.push(counts_out, table(n)); });
    });
    InStream c0("c0", UInt(16)), c1("c1", UInt(16)), c2("c2", UInt(16)), c3("c3", UInt(16));
    Output to("to", UInt(16), {16});
    Kernel add("add", {c0, c1, c2, c3, to}, [&](KernelBody& b) {
        b.for_(n, 0, 16, [&] { to(n) = b.pop(c0) + b.pop(c1) + b.pop(c2) + b.pop(c3); });
    });
    Input x("x", UInt(4), {40});
    Output y("y", UInt(16), {16});
    Kernel top("histogram", {x, y}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream s = b.stream("s", UInt(4), {4}), t = b.stream("t", UInt(16), {4});
            b.call(deal, {x, s(0), s(1), s(2), s(3)});
            b.spawn({{p, 4}}, count, {s(p), t(p)});
            b.call(add, {t(0), t(1), t(2), t(3), y});
        });
    });
    return {"histogram", top};
}

/// One stage of a transform of 8 points, decimated in time.
Kernel fft_stage(int half) {
    const Type t = Fixed(20, 10);
    Var i("i"), j("j");
    InBlockStream in("in", t, {2, 8});
    OutBlockStream out("out", t, {2, 8});
    std::vector<double> cosines, sines;
    for (int n = 0; n < half; ++n) {
        cosines.push_back(std::round(std::cos(M_PI * n / half) * 256) / 256);
        sines.push_back(std::round(-std::sin(M_PI * n / half) * 256) / 256);
    }
    Const re("re", Fixed(12, 8), {half}, cosines), im("im", Fixed(12, 8), {half}, sines);
    return Kernel("stage" + std::to_string(half), {in, out}, [&](KernelBody& b) {
        b.drain(in, [&](Array x) {
            b.fill(out, [&](Array y) {
                b.for_(i, 0, 4 / half, [&] {
                    b.for_(j, 0, half, [&] {
                        const Expr a = 2 * half * i + j, c = 2 * half * i + j + half;
                        Expr real = b.let(re(j) * x(0, c) - im(j) * x(1, c));
                        Expr imaginary = b.let(re(j) * x(1, c) + im(j) * x(0, c));
                        y(0, a) = x(0, a) + real;
                        y(1, a) = x(1, a) + imaginary;
                        y(0, c) = x(0, a) - real;
                        y(1, c) = x(1, a) - imaginary;
                    });
                });
            });
        });
    });
}

DataflowProgram fft() {
    const Type t = Fixed(20, 10);
    Var i("i");
    Input from("from", Int(6), {8});
    Output to("to", t, {2, 8});
    InBlockStream in("in", t, {2, 8});
    OutBlockStream out("out", t, {2, 8});
    Const reversed("reversed", UInt(3), {8}, std::vector<int>{0, 4, 2, 6, 1, 5, 3, 7});
    Kernel load("load", {from, out}, [&](KernelBody& b) {
        b.fill(out, [&](Array x) {
            b.for_(i, 0, 8, [&] {
                x(0, i) = from(reversed(i));
                x(1, i) = 0;
            });
        });
    });
    Kernel store("store", {in, to}, [&](KernelBody& b) {
        b.drain(in, [&](Array x) {
            b.for_(i, 0, 8, [&] {
                to(0, i) = x(0, i);
                to(1, i) = x(1, i);
            });
        });
    });
    const Kernel one = fft_stage(1), two = fft_stage(2), four = fft_stage(4);
    Input x("x", Int(6), {8});
    Output y("y", t, {2, 8});
    Kernel top("fft", {x, y}, [&](KernelBody& b) {
        b.dataflow([&] {
            BlockStream s = b.blocks("s", t, {2, 8}, 2, {4});
            b.call(load, {x, s(0)});
            b.call(one, {s(0), s(1)});
            b.call(two, {s(1), s(2)});
            b.call(four, {s(2), s(3)});
            b.call(store, {s(3), y});
        });
    });
    return {"fft", top};
}

DataflowProgram transpose() {
    Var i("i"), j("j"), bi("bi"), bj("bj");
    OutBlockStream out("out", Int(9), {4, 4});
    InBlockStream in("in", Int(9), {4, 4});
    Input from("from", Int(9), {8, 12});
    Output to("to", Int(9), {12, 8});
    Kernel load("load", {from, out}, [&](KernelBody& b) {
        b.for_(bi, 0, 2, [&] {
            b.for_(bj, 0, 3, [&] {
                b.fill(out, [&](Array t) {
                    b.for_(i, 0, 4,
                           [&] { b.for_(j, 0, 4, [&] { t(i, j) = from(4 * bi + i, 4 * bj + j); }); });
                });
            });
        });
    });
    Kernel store("store", {in, to}, [&](KernelBody& b) {
        b.for_(bi, 0, 2, [&] {
            b.for_(bj, 0, 3, [&] {
                b.drain(in, [&](Array t) {
                    b.for_(i, 0, 4, [&] { b.for_(j, 0, 4, [&] { to(4 * bj + i, 4 * bi + j) = t(j, i); }); });
                });
            });
        });
    });
    Input x("x", Int(9), {8, 12});
    Output y("y", Int(9), {12, 8});
    Kernel top("transpose", {x, y}, [&](KernelBody& b) {
        b.dataflow([&] {
            BlockStream s = b.blocks("s", Int(9), {4, 4});
            b.call(load, {x, s});
            b.call(store, {s, y});
        });
    });
    return {"transpose", top};
}

} // namespace

std::vector<DataflowProgram> dataflow_designs() {
    return {gaussian_chain(), gemm_tiles(), smith_waterman_array(), interleave(), fir(), histogram(), fft(),
            transpose()};
}
