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
