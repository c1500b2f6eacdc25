#include "seidel/generator.h"

#include "seidel/algorithm.h"

using namespace lathe;

namespace {

/// Sizes are constants of the network only.
Schedule scheduled(Seidel (*algorithm)(), Seidel (*sized)(int64_t, int64_t), const GeneratorArguments& a) {
    const support::StencilChoice choice = support::stencil_choice(a);
    if (choice.unroll > 0)
        return network_schedule(
            sized(support::pixel_count(a, "height", 3), support::pixel_count(a, "width", 3)), choice);
    const Seidel s = algorithm();
    Schedule c = cpu_schedule(s, a.target());
    if (choice.element != Float(32)) c.quantize(element_types(s, choice.element));
    return c;
}

} // namespace

Generator seidel_generator() {
    return {"seidel", "HeteroCL's: means of three along x, then along y", support::stencil_parameters(),
            [](const GeneratorArguments& a) { return scheduled(seidel, seidel, a); }};
}

Generator seidel_recip_generator() {
    return {"seidel_recip", "the same with products with a third", support::stencil_parameters(),
            [](const GeneratorArguments& a) { return scheduled(seidel_recip, seidel_recip, a); }};
}

Generator seidel_2d_generator() {
    return {"seidel_2d",
            "PolyBench's: sweeps of nine-point means, in place",
            {},
            [](const GeneratorArguments&) { return Schedule(seidel_2d().kernel); }};
}
