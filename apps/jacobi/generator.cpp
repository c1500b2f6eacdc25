#include "jacobi/generator.h"

#include "jacobi/algorithm.h"

using namespace lathe;

Generator jacobi_generator() {
    return {
        "jacobi",
        "sweeps of five-point means",
        {{"element", Float(32), "the type of an element"}, {"height", 256}, {"width", 256}, {"sweeps", 8}},
        [](const GeneratorArguments& a) {
            const auto count = [&](const char* name, int64_t least) {
                const int64_t n = a.integer(name);
                if (n < least || n > 1 << 15)
                    ir::fail({}, "{} is between {} and {}, not {}", name, least, 1 << 15, n);
                return n;
            };
            return cpu_schedule(
                jacobi(a.type("element"), count("height", 3), count("width", 3), count("sweeps", 1)),
                a.target());
        }};
}

namespace {

Generator valid_generator(const std::string& name, const std::string& help,
                          JacobiValid (*algorithm)(int64_t, int64_t)) {
    return {name, help, support::stencil_parameters(), [algorithm](const GeneratorArguments& a) {
                const JacobiValid j =
                    algorithm(support::pixel_count(a, "height", 3), support::pixel_count(a, "width", 3));
                const support::StencilChoice choice = support::stencil_choice(a);
                if (choice.unroll > 0) return network_schedule(j, choice);
                Schedule s = cpu_schedule(j, a.target());
                if (choice.element != Float(32)) s.quantize(element_types(j, choice.element));
                return s;
            }};
}

} // namespace

Generator jacobi_valid_generator() {
    return valid_generator("jacobi_valid", "HeteroCL's: means of five elements, not in place", jacobi_valid);
}

Generator jacobi_recip_generator() {
    return valid_generator("jacobi_recip", "the same with a product with a fifth", jacobi_recip);
}
