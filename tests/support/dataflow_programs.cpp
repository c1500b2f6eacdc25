#include "dataflow_programs.h"

using namespace lathe;

namespace {

DataflowProgram daisy_chain() {
    Param N("N"), amount("amount", Int(32));
    Var i("i"), p("p");
    InStream in("in", Int(32));
    OutStream out("out", Int(32));
    Input from("from", Int(32), {N});
    Output to("to", Int(32), {N});
    Kernel load("load", {from, out}, [&](KernelBody& b) { b.for_(i, 0, N, [&] { b.push(out, from(i)); }); });
    Kernel add("add", {in, out, amount, N},
               [&](KernelBody& b) { b.for_(i, 0, N, [&] { b.push(out, b.pop(in) * 2 + amount); }); });
    Kernel store("store", {in, to}, [&](KernelBody& b) { b.for_(i, 0, N, [&] { to(i) = b.pop(in); }); });
    Input x("x", Int(32), {16});
    Output y("y", Int(32), {16});
    Kernel chain("chain", {x, y}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream s = b.stream("s", Int(32), {9}, 2);
            b.call(load, {x, s(0)});
            b.spawn({{p, 8}}, add, {s(p), s(p + 1), p, 16});
            b.call(store, {s(8), y});
        });
    });
    return {"daisy chain", chain};
}

DataflowProgram ping_pong() {
    Var i("i"), j("j"), n("n");
    OutBlockStream out("out", Int(16), {8});
    InBlockStream in("in", Int(16), {8});
    Input x("x", Int(16), {4, 8});
    Output y("y", Int(16), {4, 8});
    Input from("from", Int(16), {4, 8});
    Output to("to", Int(16), {4, 8});
    Kernel produce("produce", {from, out}, [&](KernelBody& b) {
        b.for_(n, 0, 4,
               [&] { b.fill(out, [&](Array t) { b.for_(i, 0, 8, [&] { t(i) = from(n, i) + n; }); }); });
    });
    Kernel consume("consume", {in, to}, [&](KernelBody& b) {
        b.for_(n, 0, 4,
               [&] { b.drain(in, [&](Array t) { b.for_(j, 0, 8, [&] { to(n, j) = t(7 - j); }); }); });
    });
    Kernel top("ping_pong", {x, y}, [&](KernelBody& b) {
        b.dataflow([&] {
            BlockStream blocks = b.blocks("blocks", Int(16), {8}, 2);
            b.call(produce, {x, blocks});
            b.call(consume, {blocks, y});
        });
    });
    return {"ping-pong", top};
}

DataflowProgram split_join() {
    Var i("i");
    const Type pixel = UInt(8);
    InStream a("a", pixel), c("c", pixel);
    OutStream d("d", pixel), e("e", pixel);
    Param add("add", pixel);
    Input from("from", pixel, {24});
    Output to("to", pixel, {24});
    Kernel split("split", {from, d, e}, [&](KernelBody& b) {
        b.for_(i, 0, 12, [&] {
            b.push(d, from(2 * i));
            b.push(e, from(2 * i + 1));
        });
    });
    Kernel work("work", {a, d, add},
                [&](KernelBody& b) { b.for_(i, 0, 12, [&] { b.push(d, b.pop(a) + add); }); });
    Kernel join("join", {a, c, to}, [&](KernelBody& b) {
        b.for_(i, 0, 24,
               [&] { b.if_(i % 2 == 0, [&] { to(i) = b.pop(a); }).else_([&] { to(i) = b.pop(c); }); });
    });
    Input x("x", pixel, {24});
    Output y("y", pixel, {24});
    Kernel top("split_join", {x, y}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream left = b.stream("left", pixel, {2}, 3), right = b.stream("right", pixel, {2}, 3);
            b.call(join, {left(1), right(1), y}); // the order of calls says nothing
            b.call(work, {left(0), left(1), 3});
            b.call(work, {right(0), right(1), 100});
            b.call(split, {x, left(0), right(0)});
        });
    });
    return {"split and join", top};
}

DataflowProgram feedback() {
    Var i("i");
    InStream in("in", Int(24)), back("back", Int(24));
    OutStream out("out", Int(24)), forth("forth", Int(24));
    Input from("from", Int(16), {20});
    Output to("to", Int(24), {20});
    Kernel filter("filter", {from, back, forth, to}, [&](KernelBody& b) {
        b.push(forth, 0);
        b.for_(i, 0, 20, [&] {
            Expr y = b.let(b.pop(back) + from(i));
            to(i) = y;
            b.if_(i < 19, [&] { b.push(forth, y); });
        });
    });
    Kernel halve("halve", {in, out},
                 [&](KernelBody& b) { b.for_(i, 0, 20, [&] { b.push(out, b.pop(in) >> 1); }); });
    Input x("x", Int(16), {20});
    Output y("y", Int(24), {20});
    Kernel top("feedback", {x, y}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream there = b.stream("there", Int(24), {}, 1), here = b.stream("here", Int(24), {}, 1);
            b.call(filter, {x, here, there, y});
            b.call(halve, {there, here});
        });
    });
    return {"feedback", top, true};
}

/// Output-stationary: rows of a flow to the right, columns of b down.
DataflowProgram array() {
    Param K("K");
    Var i("i"), j("j"), k("k");
    InStream west("west", Int(8)), north("north", Int(8)), sum("sum", Int(32));
    OutStream east("east", Int(8)), south("south", Int(8)), done("done", Int(32));
    Kernel pe("pe", {west, north, east, south, done, K}, [&](KernelBody& b) {
        Scalar acc = b.scalar("acc", Int(32), 0);
        b.for_(k, 0, K, [&] {
            Expr l = b.pop(west), u = b.pop(north);
            acc += l * u;
            b.push(east, l);
            b.push(south, u);
        });
        b.push(done, acc);
    });
    Input row("row", Int(8), {K});
    Kernel feed("feed", {row, east}, [&](KernelBody& b) { b.for_(k, 0, K, [&] { b.push(east, row(k)); }); });
    Kernel drop("drop", {west, K}, [&](KernelBody& b) { b.for_(k, 0, K, [&] { b.pop(west); }); });
    InStream c00("c00", Int(32)), c01("c01", Int(32)), c10("c10", Int(32)), c11("c11", Int(32));
    Output to("to", Int(32), {2, 2});
    Kernel collect("collect", {c00, c01, c10, c11, to}, [&](KernelBody& b) {
        to(0, 0) = b.pop(c00);
        to(0, 1) = b.pop(c01);
        to(1, 0) = b.pop(c10);
        to(1, 1) = b.pop(c11);
    });
    Input a("a", Int(8), {2, 6}), x("x", Int(8), {6, 2});
    Output c("c", Int(32), {2, 2});
    Kernel top("array", {a, x, c}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream h = b.stream("h", Int(8), {2, 3}, 2), v = b.stream("v", Int(8), {3, 2}, 2);
            Stream out = b.stream("out", Int(32), {2, 2}, 1);
            b.spawn({{i, 2}}, feed, {view(a, {i, Range(0, 6)}), h(i, 0)});
            b.spawn({{j, 2}}, feed, {view(x, {Range(0, 6), j}), v(0, j)});
            b.spawn({{i, 2}, {j, 2}}, pe, {h(i, j), v(i, j), h(i, j + 1), v(i + 1, j), out(i, j), 6});
            b.spawn({{i, 2}}, drop, {h(i, 2), 6});
            b.spawn({{j, 2}}, drop, {v(2, j), 6});
            b.call(collect, {out(0, 0), out(0, 1), out(1, 0), out(1, 1), c});
        });
    });
    return {"array", top};
}

DataflowProgram calls_twice() {
    Param N("N"), by("by", Int(8));
    Var i("i");
    Input from("from", Int(8), {N});
    Output to("to", Int(16), {N});
    Kernel scale("scale", {from, to, by},
                 [&](KernelBody& b) { b.for_(i, 0, N, [&] { to(i) = from(i) * by; }); });
    Input x("x", Int(8), {4, 10});
    Output y("y", Int(16), {40});
    Kernel top("calls_twice", {x, y}, [&](KernelBody& b) {
        Var r("r");
        b.for_(r, 0, 4, [&] {
            b.call(scale, {view(x, {r, Range(0, 7)}), view(y, {Range(10 * r, 7)}), 3});
            b.call(scale, {view(x, {r, Range(7, 3)}), view(y, {Range(10 * r + 7, 3)}), -5});
        });
    });
    return {"calls twice", top};
}

/// Arrays of streams as arguments: all of one, and its rows.
DataflowProgram rows_of_streams() {
    Var n("n"), r("r"), l("l");
    const Type sample = Int(12);
    InStream rows("rows", sample, {2, 3}), row("row", sample, {3});
    OutStream to_rows("to_rows", sample, {2, 3}), to_row("to_row", sample, {3});
    Param by("by", Int(8));
    Input from("from", sample, {5, 2, 3});
    Output to("to", sample, {5, 2, 3});
    const auto each = [&](KernelBody& b, const std::function<void()>& body) {
        b.for_(n, 0, 5, [&] { b.for_(r, 0, 2, [&] { b.for_(l, 0, 3, body); }); });
    };
    Kernel deal("deal", {from, to_rows},
                [&](KernelBody& b) { each(b, [&] { b.push(to_rows(r, l), from(n, r, l)); }); });
    // What it reads first it writes last.
    Kernel turn("turn", {row, to_row, by}, [&](KernelBody& b) {
        b.for_(n, 0, 5, [&] {
            Expr first = b.pop(row(2));
            b.for_(l, 0, 2, [&] { b.push(to_row(2 - l), b.pop(row(l)) - by); });
            b.push(to_row(0), first * by);
        });
    });
    Kernel gather("gather", {rows, to},
                  [&](KernelBody& b) { each(b, [&] { to(n, r, l) = b.pop(rows(r, l)); }); });
    Input x("x", sample, {5, 2, 3});
    Output y("y", sample, {5, 2, 3}), z("z", sample, {5, 2, 3});
    Kernel top("rows_of_streams", {x, y, z}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream s = b.stream("s", sample, {2, 3}), t = b.stream("t", sample, {3, 2, 3});
            b.call(deal, {x, s});
            b.spawn({{r, 2}}, turn, {s(r), t(0, 1 - r), r + 2});
            b.call(turn, {t(0, 1), t(1, 1), -7});
            b.call(turn, {t(0, 0), t(1, 0), 5});
            b.call(gather, {t(1), y});
            b.call(deal, {x, t(2)});
            b.call(gather, {t(2), z});
        });
    });
    return {"rows of streams", top};
}

/// A dataflow that is given arrays of streams, and arrays of streams of blocks.
DataflowProgram lanes_within() {
    Var n("n"), p("p"), i("i");
    InStream in("in", Int(16)), ins("ins", Int(16), {2, 2}), pair("pair", Int(16), {2});
    OutStream out("out", Int(16)), outs("outs", Int(16), {2, 2}), to_pair("to_pair", Int(16), {2});
    InBlockStream blocks("blocks", Int(16), {4}, {2});
    OutBlockStream to_blocks("to_blocks", Int(16), {4}, {2});
    Input from("from", Int(16), {6, 2, 4});
    Output to("to", Int(32), {6, 2, 4});
    Kernel fill("fill", {from, to_blocks}, [&](KernelBody& b) {
        b.for_(n, 0, 6, [&] {
            b.for_(p, 0, 2, [&] {
                b.fill(to_blocks(p), [&](Array t) { b.for_(i, 0, 4, [&] { t(i) = from(n, p, i); }); });
            });
        });
    });
    Kernel spread("spread", {blocks, outs}, [&](KernelBody& b) {
        b.for_(n, 0, 6, [&] {
            b.for_(p, 0, 2, [&] {
                b.drain(blocks(p),
                        [&](Array t) { b.for_(i, 0, 4, [&] { b.push(outs(p, i % 2), t(3 - i)); }); });
            });
        });
    });
    Kernel twice("twice", {in, out},
                 [&](KernelBody& b) { b.for_(n, 0, 12, [&] { b.push(out, b.pop(in) * 2); }); });
    Kernel mix("mix", {pair, to_pair}, [&](KernelBody& b) {
        b.for_(n, 0, 12, [&] {
            Expr v = b.pop(pair(0)), w = b.pop(pair(1));
            b.push(to_pair(0), v + w);
            b.push(to_pair(1), v - w);
        });
    });
    Kernel work("work", {ins, outs}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream own = b.stream("own", Int(16), {2, 2});
            b.spawn({{p, 2}}, twice, {ins(0, p), own(1, 1 - p)});
            b.call(mix, {own(1), outs(0)});
            b.call(mix, {ins(1), own(0)});
            b.spawn({{p, 2}}, twice, {own(0, p), outs(1, p)});
        });
    });
    Kernel store("store", {ins, to}, [&](KernelBody& b) {
        b.for_(n, 0, 6, [&] {
            b.for_(p, 0, 2, [&] { b.for_(i, 0, 4, [&] { to(n, p, i) = b.pop(ins(p, i % 2)); }); });
        });
    });
    Input x("x", Int(16), {6, 2, 4});
    Output y("y", Int(32), {6, 2, 4});
    Kernel top("lanes_within", {x, y}, [&](KernelBody& b) {
        b.dataflow([&] {
            BlockStream whole = b.blocks("whole", Int(16), {4}, 2, {2});
            Stream s = b.stream("s", Int(16), {2, 2, 2});
            b.call(fill, {x, whole});
            b.call(spread, {whole, s(0)});
            b.call(work, {s(0), s(1)});
            b.call(store, {s(1), y});
        });
    });
    return {"lanes within", top};
}

} // namespace

std::vector<DataflowProgram> golden_dataflow_programs() {
    return {daisy_chain(), ping_pong(),   split_join(),      feedback(),
            array(),       calls_twice(), rows_of_streams(), lanes_within()};
}
