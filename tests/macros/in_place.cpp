// Updates in place: an element is computed of others that were stored just before.

#include "deep.h"
#include "stencils.h"

#include "lathe/codegen/jit.h"
#include "lathe/hls/emit.h"
#include "refusal.h"
#include "vitis_compiled.h"

using namespace lathe;

namespace {

/// Gauss and Seidel's sweep: the mean of the element and its eight neighbours, old ones and new ones.
Expr mean9(const Func& f, const Expr& y, const Expr& x) {
    Expr all = cast(f.type(), 0);
    for (int dy = -1; dy <= 1; ++dy)
        for (int dx = -1; dx <= 1; ++dx)
            all = all + f(y + dy, x + dx);
    return all;
}

Func seidel_2d(Type t, int64_t H, int64_t W, int sweeps) {
    Var y("y"), x("x");
    Input in("in", t, {H, W});
    Func out("out", t, {H, W});
    out(y, x) = in(y, x);
    for (int n = 0; n < sweeps; ++n) {
        RDom r(1, H - 2, 1, W - 2, "r");
        const Expr sum = mean9(out, r.x, r.y);
        out(r.x, r.y) = t.is_float() ? sum / 9.0f : sum / 9;
    }
    return out;
}

Schedule in_place(const Func& out, int64_t steps = 1) {
    Schedule s(out);
    s.stencil(out, {.iterate = steps, .in_place = true});
    return s;
}

} // namespace

TEST_CASE("in place: sweeps of Gauss and Seidel, one behind the other") {
    for (const Type t : {Float(32), Fixed(16, 8), Int(12)})
        for (const int sweeps : {1, 2, 3}) {
            CAPTURE(t.str());
            CAPTURE(sweeps);
            const Schedule s = in_place(seidel_2d(t, 7, 9, sweeps));
            check_network(s);
        }
    check_network(in_place(seidel_2d(Int(12), 6, 8, 2), 3));
}

TEST_CASE("in place: as machine code and as Vitis C++") {
    VitisKernels kernels;
    std::vector<Schedule> all;
    std::vector<Module> references;
    for (const Type t : {Float(32), Fixed(16, 8)}) {
        all.push_back(in_place(seidel_2d(t, 8, 11, 2)));
        references.push_back(all.back().reference());
        kernels.add(all.back());
        check_machine_code(all.back(), {all.back().module(), inline_calls(all.back().module())});
    }
    kernels.compile();
    kernels.expect_right_stalled(references, 10);
}

TEST_CASE("in place: results wait in rings, and a point begins when the one before it is there") {
    const std::string text = print(in_place(seidel_2d(Float(32), 8, 20, 1)));
    INFO(text);
    // Distances 1, 19, 20, 21: a register, 18 elements, and two registers more.
    CHECK(text.find("ring1: Tensor[Float(32), (18)]") != std::string::npos);
    CHECK(text.find("ring0: Tensor[Float(32), ()]") != std::string::npos);
    CHECK(text.find("ring4") == std::string::npos);
    // Of the nine terms that are added in order, the new one to the left is the fourth: with itself six
    // additions of 7 cycles each, a division of 16 and a selection.
    CHECK(text.find("in pipeline(points, II=59)") != std::string::npos);
}

TEST_CASE("in place: one and three dimensions, parts, edges by select, sums, a stage before and behind") {
    Var z("z"), y("y"), x("x");
    Input line("line", Int(10), {17}), cube("cube", Int(10), {4, 5, 6}), in("in", Int(10), {6, 9});
    Func filter("filter", Int(14), {17}), heat("heat", Int(12), {4, 5, 6}), rows("rows", Int(12), {6, 9}),
        blur("blur", Int(12), {6, 7}), swept("swept", Int(12), {6, 7}), out("out", Int(14), {4, 7});
    RDom a(2, 15, "a"), b(1, 2, 0, 5, 1, 4, "b"), c(1, 8, "c"), d(0, 5, 1, 5, "d");
    filter(x) = line(x);
    filter(a) = (filter(a) * 2 + filter(a - 1) - filter(a - 2)) / 2;
    heat(z, y, x) = cube(z, y, x) + 1;
    heat(b.x, b.y, b.z) = (heat(b.x - 1, b.y, b.z) + heat(b.x + 1, b.y, b.z) + heat(b.x, b.y, b.z - 1) +
                           select(b.y > 0, heat(b.x, b.y - 1, b.z), 3)) /
                          3;
    rows(y, x) = in(y, x);
    rows(y, c) = (rows(y, c - 1) + rows(y, c)) / 2; // each row by itself
    blur(y, x) = in(y, x) + in(y, x + 2);
    swept(y, x) = blur(y, x) * 2;
    swept(d.x, d.y) = (swept(d.x, d.y - 1) + swept(d.x + 1, d.y + 1) + blur(d.x, d.y)) / 2;
    out(y, x) = swept(y, x) - swept(y + 2, x);
    // What comes behind such an update is no part of what it reads.
    Func doubled("doubled", Int(12), {6, 9}), part("part", Int(12), {6, 9});
    for (const Func& f : {doubled, part}) {
        f(y, x) = in(y, x);
        f(d.x, d.y) = f(d.x, d.y - 1) + f(d.x, d.y);
    }
    doubled(y, x) = doubled(y, x) * 2;
    part(d.x, c) = part(d.x, c) / 2 + 1;
    for (const Func& f : {filter, heat, rows, swept, out})
        check_network(in_place(f));
    for (const Func& f : {doubled, part})
        check_network(in_place(f), false);
}

TEST_CASE("in place: scans, which read no old element") {
    Var y("y"), x("x");
    RDom r(0, 20, "r"), q(0, 5, 0, 9, "q");
    Input line("line", Int(8), {20}), in("in", Int(8), {5, 9});
    Func prefix("prefix", Int(16), {20}), integral("integral", Int(16), {5, 9}),
        unused("unused", Int(16), {5, 9});
    prefix(x) = 0;
    prefix(r) = line(r) + select(r > 0, prefix(r - 1), 0);
    unused(y, x) = in(y, x) * 2;
    integral(y, x) = unused(y, x);
    integral(q.x, q.y) = in(q.x, q.y) + select(q.x > 0, integral(q.x - 1, q.y), 0) +
                         select(q.y > 0, integral(q.x, q.y - 1), 0) -
                         select(q.x > 0 && q.y > 0, integral(q.x - 1, q.y - 1), 0);
    check_network(in_place(prefix));
    check_network(in_place(integral));
}

TEST_CASE("what a later definition makes new, and what is computed of that") {
    Var y("y"), x("x");
    Input in("in", Int(8), {6, 9}), aux("aux", Int(8), {2, 2});
    Func a("a", Int(12), {6, 9}), g("g", Int(12), {6, 9}), f("f", Int(12), {6, 9});
    a(y, x) = in(y, x) + 1;
    g(y, x) = a(y, x) * 2;
    f(y, x) = g(y, x) + select(x > 20, aux(0, 0), 1);
    f(y, x) = a(y, x) + 1;
    Schedule s(f);
    s.stencil(f, {.unroll = 2});
    check_network(s, false);
}

TEST_CASE("an update of a part, of elements alone, leaves the rest: any number of lanes") {
    Var y("y"), x("x");
    Input in("in", Int(10), {6, 9});
    Func out("out", Int(14), {6, 9});
    RDom r(1, 4, 2, 5, "r");
    out(y, x) = 7;
    out(r.x, r.y) = in(r.x - 1, r.y) + in(r.x + 1, r.y) + in(r.x, r.y - 2) + in(r.x, r.y + 2);
    out(r.x, r.y) += in(r.x, r.y);
    for (const int64_t k : {1, 2, 4}) {
        Schedule s(out);
        s.stencil(out, {.unroll = k});
        check_network(s, false);
    }
}

TEST_CASE("in place: what is refused") {
    Var y("y"), x("x");
    Input in("in", Int(8), {8, 9});
    Func plain = seidel_2d(Int(8), 8, 9, 1), turned("turned", Int(8), {8, 9}),
         gather("gather", Int(8), {8, 9});
    RDom r(1, 7, 1, 6, "r"), q(1, 6, 1, 7, "q");
    turned(y, x) = in(y, x);
    turned(r.y, r.x) = turned(r.y + 1, r.x - 1) + turned(r.y, r.x);
    gather(y, x) = in(y, x);
    gather(q.x, q.y) = gather(q.x / 2, q.y);
    expect(message(plain), "in place. Use two Funcs, one for the old values and one for the new, or say "
                           ".in_place = true if new values are meant");
    const std::string one = "out is updated in place: an element is there when the one before it has been "
                            "computed, so one is computed at a time (unroll 1), over whole rows (no tile)";
    expect(message(plain, {.unroll = 2, .in_place = true}), one);
    expect(message(plain, {.tile = {5}, .in_place = true}), one);
    expect(message(turned, {.in_place = true}),
           "where the algorithm's loops have already been, and a network, which goes row by row, "
           "has not: bring its loops into the order of the subscripts");
    Func wide = seidel_2d(Int(8), 8, 9, 1);
    expect(refusal([&] {
               Schedule s(wide);
               s.quantize(wide, Int(8), {.accumulate = Int(32)});
               s.stencil(wide, {.in_place = true});
           }),
           "is in place, and adds up in a type of its own: give it one type");
    expect(message(gather, {.in_place = true}), "in place, and at no constant distance");
}

TEST_CASE("random programs with updates of parts and in place") {
    std::mt19937 random(21);
    for (int n = 0; n < count(40, 1500); ++n) {
        CAPTURE(n);
        check_network(random_stencil_network(random, true), false);
    }
}

TEST_CASE("random programs with sums, scans, arms that no point takes, and stages beside") {
    std::mt19937 random(22);
    for (int n = 0; n < count(40, 1500); ++n) {
        CAPTURE(n);
        check_network(random_stencil_network(random, n % 2 == 0, true), false);
    }
}
