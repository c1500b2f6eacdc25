#include <lathe/driver/generator.h>

using namespace lathe;

/// edges(y, x) = |in(y, x) - in(y + 1, x)|, in parallel over rows.
int main(int argc, char** argv) {
    const Generator edges{"lathe_edges", "differences of rows", {}, [](const GeneratorArguments& a) {
                              Param H("H"), W("W");
                              Var y("y"), x("x");
                              Input in("in", UInt(8), {H + 1, W});
                              Func out("out", UInt(8), {H, W});
                              out(y, x) = abs(in(y, x) - in(y + 1, x));
                              Schedule s(out);
                              s[out].parallel(y).vectorize(x, a.target().natural_lanes(UInt(8)));
                              return s;
                          }};
    return generator_main(argc, argv, {edges});
}
