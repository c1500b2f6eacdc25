#include "denoise/generator.h"

#include "denoise/algorithm.h"

#include <algorithm>

using namespace lathe;

namespace {

constexpr int64_t least_size = 16;

Schedule scheduled(const Filter& f, const GeneratorArguments& a) {
    const int64_t unroll = support::stencil_choice(a).unroll;
    return unroll > 0 ? network_schedule(f, unroll) : cpu_schedule(f, a.target());
}

GeneratorParameter border() {
    return {"border", "valid", "what windows read beyond the edges", border_names()};
}

Generator filter_generator(const std::string& name, const std::string& help, Type pixel) {
    return {name, help, support::stencil_parameters({border()}, pixel), [name](const GeneratorArguments& a) {
                return scheduled(filter_named(name, a.type("element"), borders_of(a.text("border")),
                                              support::pixel_count(a, "height", least_size),
                                              support::pixel_count(a, "width", least_size)),
                                 a);
            }};
}

/// As often as "steps" says.
Generator denoise_generator() {
    return {"denoise", "a step, or more, of total variation",
            support::stencil_parameters({border(), {"steps", 1}}), [](const GeneratorArguments& a) {
                const int64_t steps = a.integer("steps");
                if (steps < 1 || steps > 32) ir::fail({}, "steps is between 1 and 32, not {}", steps);
                const Type pixel = a.type("element");
                const int64_t least = std::max(least_size, 4 * steps + 2);
                const int64_t height = support::pixel_count(a, "height", least),
                              width = support::pixel_count(a, "width", least);
                filter_named("denoise", pixel, Borders::clamp, height, width); // refuses other types
                return scheduled(denoise(pixel, borders_of(a.text("border")), height, width, steps), a);
            }};
}

} // namespace

std::vector<Generator> denoise_generators() {
    return {filter_generator("unsharp", "sharpens by what a blur takes away", Float(32)),
            filter_generator("harris", "how much of a corner each point is", UInt(8)), denoise_generator(),
            filter_generator("canny", "edges, up to the two thresholds", UInt(8))};
}
