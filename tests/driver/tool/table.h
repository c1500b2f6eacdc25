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

/// Throws what a generator should not, or nothing.
inline lathe::Generator throwing_generator() {
    return {"throws", "", {{"what", 0}}, [](const lathe::GeneratorArguments& a) -> lathe::Schedule {
                if (a.integer("what") == 0) throw std::out_of_range("no such thing");
                if (a.integer("what") == 1) throw std::bad_alloc();
                lathe::ir::fail({}, "an error of the generator's own");
            }};
}
