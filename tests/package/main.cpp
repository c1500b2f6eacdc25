#include <HalideBuffer.h>
#include <cstdio>

#include "scale.h"
#include "scale_anywhere.h"

extern "C" int plain_c(halide_buffer_t* in, halide_buffer_t* out);

int main() {
    Halide::Runtime::Buffer<int16_t> in(5);
    Halide::Runtime::Buffer<int32_t> out(5);
    in.for_each_element([&](int i) { in(i) = static_cast<int16_t>(16 * i); });
    if (scale(in, out) || out(4) != 12) return 1; // 64 is 4.0
    if (plain_c(in, out) || out(4) != 320) return 2;
    std::printf("%d arguments\n", scale_metadata()->num_arguments);
}
