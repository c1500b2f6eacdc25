#include "gaussian/generator.h"

#include "algorithm.h"

using namespace lathe;
using namespace lathe::ir;

Generator gaussian_generator() {
    return {"gaussian",
            "a Gaussian blur of taps × taps pixels",
            {{"taps", 3, "3 or 5"}, {"pixel", UInt(8), "UInt(8), or fixed point"}},
            [](const GeneratorArguments& a) {
                const int64_t taps = a.integer("taps");
                if (taps != 3 && taps != 5) ir::fail({}, "taps is 3 or 5, not {}", taps);
                const Type pixel = a.type("pixel");
                if (!pixel.is_fixed() && !(pixel == UInt(8)))
                    ir::fail({}, "pixel is UInt(8) or fixed point, not {}", pixel.str());
                return cpu_schedule(gaussian(static_cast<int>(taps), pixel), a.target());
            }};
}

namespace {

Generator valid_generator(const std::string& name, const std::string& help,
                          GaussianValid (*algorithm)(Type, int64_t, int64_t)) {
    return {name, help, support::stencil_parameters(), [algorithm](const GeneratorArguments& a) {
                const support::StencilChoice choice = support::stencil_choice(a);
                const GaussianValid g = algorithm(choice.element, support::pixel_count(a, "height", 3),
                                                  support::pixel_count(a, "width", 3));
                if (choice.unroll > 0) return network_schedule(g, choice);
                Schedule s = cpu_schedule(g, a.target());
                if (choice.element != Float(32)) s.quantize(element_types(g, choice.element));
                return s;
            }};
}

} // namespace

Generator gaussian3_valid_generator() {
    return valid_generator("gaussian3_valid", "HeteroCL's: 3 × 3 elements, each with two coefficients",
                           gaussian3_valid);
}

Generator gaussian3_recip_generator() {
    return valid_generator("gaussian3_recip", "the same with one coefficient for each element",
                           gaussian3_recip);
}
