#include "support/stencil_choice.h"

#include <cmath>

namespace support {

using namespace lathe;

std::vector<GeneratorParameter> stencil_parameters(const std::vector<GeneratorParameter>& more,
                                                   Type element) {
    std::vector<GeneratorParameter> all = more;
    all.insert(all.end(), {{"height", 480, "rows of the input"},
                           {"width", 640, "points of a row"},
                           {"element", element, "the type of a point"},
                           {"macro", "none", "stencil: a network of processes", {"none", "stencil"}},
                           {"unroll", 8, "points that the network computes in a cycle"}});
    return all;
}

StencilChoice stencil_choice(const GeneratorArguments& a) {
    return {.element = a.type("element"), .unroll = a.text("macro") == "stencil" ? a.integer("unroll") : 0};
}

int64_t pixel_count(const GeneratorArguments& a, const std::string& name, int64_t least) {
    constexpr int64_t most = 1 << 14;
    const int64_t n = a.integer(name);
    if (n < least || n > most) ir::fail({}, "{} is between {} and {}, not {}", name, least, most, n);
    return n;
}

Type constant_type(double value) {
    constexpr int most = 16;
    int exponent = 0;
    std::frexp(value, &exponent); // value < 2^exponent
    int bits = most;
    const auto is_whole = [&](int n) {
        const double scaled = std::ldexp(value, n - exponent);
        return scaled == std::floor(scaled);
    };
    while (bits > 1 && is_whole(bits - 1))
        --bits;
    return bits < most ? UFixed(bits, bits - exponent) : UFixed(bits, bits - exponent, Round::rnd);
}

Schedule stencil_schedule(const Func& out, const Var& x, const std::vector<TypeChoice>& types,
                          const StencilChoice& choice) {
    Schedule s(out);
    s.disable_contraction();
    if (choice.element != Float(32)) s.quantize(types);
    if (choice.unroll > 0)
        s.stencil(out, {.unroll = choice.unroll});
    else
        s[out].pipeline(x);
    return s;
}

} // namespace support
