#include "HalideBuffer.h"
#include "halide_blur.h"
#include "lathe_blurred_edges.h"
#include "lathe_edges.h"

#include <cstdio>
#include <cstdlib>
#include <vector>

using Halide::Runtime::Buffer;

namespace {

int tasks = 0, errors = 0;

/// One thread pool and one error handler for both.
int counted_par_for(void* context, halide_task_t task, int min, int size, uint8_t* closure) {
    tasks += size;
    return halide_default_do_par_for(context, task, min, size, closure);
}

void counted_error(void*, const char*) {
    ++errors;
}

void expect(bool ok, const char* what) {
    if (ok) return;
    std::fprintf(stderr, "interop: %s\n", what);
    std::exit(1);
}

} // namespace

int main() {
    halide_set_custom_do_par_for(counted_par_for);
    halide_set_error_handler(counted_error);
    const int width = 70, height = 9;
    Buffer<uint8_t> image(width + 2, height + 1), blurred(width, height + 1), edges(width, height);
    image.for_each_element([&](int x, int y) { image(x, y) = static_cast<uint8_t>(x * 37 + y * 101); });

    // What Halide writes, Lathe reads, in the same buffer.
    expect(halide_blur(image, blurred) == 0, "Halide's function failed");
    expect(lathe_edges(blurred, edges) == 0, "Lathe's function failed");
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            const auto mean = [&](int row) {
                return (image(x, row) + image(x + 1, row) + image(x + 2, row)) / 3;
            };
            expect(edges(x, y) == std::abs(mean(y) - mean(y + 1)), "a wrong pixel");
        }
    expect(tasks == height + 1 + height, "not both ran on the thread pool");

    // Lathe calls Halide.
    Buffer<uint8_t> both(width, height);
    expect(lathe_blurred_edges(image, both) == 0, "Lathe's call of Halide failed");
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            expect(both(x, y) == edges(x, y), "a wrong pixel after Lathe's call of Halide");
    tasks = 2 * height + 1;

    // A crop, whose rows are not dense.
    Buffer<uint8_t> left = edges.cropped(0, 0, 7);
    left.fill(0);
    expect(lathe_edges(blurred.cropped(0, 0, 7), left) == 0, "a crop was refused");
    expect(left(6, 3) == std::abs(blurred(6, 3) - blurred(6, 4)), "a wrong pixel in a crop");

    // Both answer bounds queries, and report errors to the same handler.
    Buffer<uint8_t> asked(nullptr, 0, 0);
    expect(lathe_edges(asked, edges) == 0, "Lathe answered no bounds query");
    expect(asked.width() == width && asked.height() == height + 1, "Lathe's bounds are wrong");
    Buffer<uint8_t> asked_of_halide(nullptr, 0, 0);
    expect(halide_blur(asked_of_halide, blurred) == 0, "Halide answered no bounds query");
    expect(asked_of_halide.width() == width + 2, "Halide's bounds are wrong");
    Buffer<uint8_t> flat(width);
    expect(lathe_edges(flat, edges) != 0 && errors == 1, "Lathe's error did not arrive");
    expect(halide_blur(flat, blurred) != 0 && errors == 2, "Halide's error did not arrive");
}
