#include <lathe/driver/generator.h>

using namespace lathe;

int main(int argc, char** argv) {
    const Generator scale{"scale",
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
                              if (!a.boolean("slow")) s[out].vectorize(i, a.target().natural_lanes(Int(32)));
                              return s;
                          }};
    return generator_main(argc, argv, {scale});
}
