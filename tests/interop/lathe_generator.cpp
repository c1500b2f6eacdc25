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
    // The same of what Halide's function makes of a wider image.
    const Generator blurred{
        "lathe_blurred_edges", "differences of blurred rows", {}, [](const GeneratorArguments&) {
            Param H("H"), W("W"), M("M"), N("N");
            Input in("in", UInt(8), {M, N + 2}), image("image", UInt(8), {H + 1, W + 2});
            Output out("out", UInt(8), {M, N}), edges("edges", UInt(8), {H, W});
            const Extern blur("halide_blur", {in, out});
            Var y("y"), x("x");
            return Schedule(Kernel("lathe_blurred_edges", {image, edges}, [&](KernelBody& k) {
                Array rows = k.array("rows", UInt(8), {H + 1, W});
                k.call(blur, {image, rows});
                k.for_(y, 0, H,
                       [&] { k.for_(x, 0, W, [&] { edges(y, x) = abs(rows(y, x) - rows(y + 1, x)); }); });
            }));
        }};
    return generator_main(argc, argv, {edges, blurred});
}
