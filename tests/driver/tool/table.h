#pragma once
/// \file The generators of the tests: in this process and in a program.

#include <lathe/driver/generator.h>

/// out = factor · in, of N elements.
inline lathe::Generator scale_generator(const std::string& name = "scale") {
    using namespace lathe;
    return {name,
            "multiplies",
            {{"factor", 2, "what with"},
             {"type", Int(8)},
             {"edge", "zero", "unused", {"zero", "one"}},
             {"slow", false},
             {"gain", 1.5}},
            [](const GeneratorArguments& a) {
                Param N("N");
                Var i("i");
                Input in("in", a.type("type"), {N});
                Func out("out", Int(32), {N});
                out(i) = cast(Int(32), in(i) * static_cast<int>(a.integer("factor")));
                Schedule s(out);
                if (!a.boolean("slow")) s[out].split(i, 4);
                return s;
            }};
}

/// Means of three along x, then of three along y: a stencil, with a schedule for a CPU.
inline lathe::Generator means_generator() {
    using namespace lathe;
    return {"means", "means of 3 x 3", {}, [](const GeneratorArguments&) {
                const Param H("H"), W("W");
                const Var y("y"), x("x");
                const Input in("in", Float(32), {H, W});
                Func rows("rows"), out("out", Float(32), {H - 2, W - 2});
                rows(y, x) = (in(y, x) + in(y, x + 1) + in(y, x + 2)) / 3.0f;
                out(y, x) = (rows(y, x) + rows(y + 1, x) + rows(y + 2, x)) / 3.0f;
                Schedule s(out);
                const auto [yo, yi] = s[out].split(y, 4);
                s[rows].compute_at(out, yo);
                s[out].vectorize(x, 8);
                return s;
            }};
}

/// A step in time: as large as what it is computed of, beyond whose edges its edges repeat.
inline lathe::Generator plate_generator() {
    using namespace lathe;
    return {"plate", "means of five", {{"element", Float(32)}}, [](const GeneratorArguments& a) {
                const Param H("H"), W("W");
                const Var y("y"), x("x");
                const Input in("in", a.type("element"), {H, W});
                Func out("out", a.type("element"), {H, W});
                const auto at = [&](int dy, int dx) -> Expr { return repeat_edge(in)(y + dy, x + dx); };
                out(y, x) = (at(0, 0) + at(0, -1) + at(0, 1) + at(-1, 0) + at(1, 0)) * 0.2f;
                Schedule s(out);
                s[out].vectorize(x, 8);
                return s;
            }};
}

/// Something to explore: the more bits, the better.
inline lathe::Generator scored_generator() {
    using namespace lathe;
    const auto made = [](const Input& in) {
        const Var x("x");
        Func out("out", Float(32), {8});
        out(x) = in(x) * 0.5f;
        return Schedule(out);
    };
    Generator g{
        "scored", "", {}, [made](const GeneratorArguments&) { return made(Input("in", Float(32), {8})); }};
    g.explore = [made](const GeneratorArguments&) {
        const Input in("in", Float(32), {8});
        return Exploration{made(in), {{"in", {in}}}, [](const Schedule& s) {
                               return 60.0 + s.reference().top().arguments.front().tensor.type.width();
                           }};
    };
    return g;
}

/// Throws what a generator should not, or nothing.
inline lathe::Generator throwing_generator() {
    return {"throws", "", {{"what", 0}}, [](const lathe::GeneratorArguments& a) -> lathe::Schedule {
                if (a.integer("what") == 0) throw std::out_of_range("no such thing");
                if (a.integer("what") == 1) throw std::bad_alloc();
                lathe::ir::fail({}, "an error of the generator's own");
            }};
}
