/// \file Blurs a photograph with each generated variant, compares every pixel with the interpreter, measures,
/// and writes the picture: the original, the 3×3 and the 5×5 blur of a detail side by side.

#include "algorithm.h"
#include "gaussian3_fixed16.h"
#include "gaussian3_u8.h"
#include "gaussian5_fixed16.h"
#include "gaussian5_u8.h"
#include "support/arguments.h"
#include "support/descriptor.h"
#include "support/macro_run.h"
#include "support/measure.h"
#include "support/png_image.h"
#include "support/report.h"
#include "support/threads.h"

#include <cstdio>
#include <lathe/driver/outputs.h>

namespace {

using namespace lathe;
using Generated = int (*)(halide_buffer_t*, halide_buffer_t*);

Generated generated(const std::string& name) {
    if (name == "gaussian3_u8") return gaussian3_u8;
    if (name == "gaussian5_u8") return gaussian5_u8;
    if (name == "gaussian3_fixed16") return gaussian3_fixed16;
    return gaussian5_fixed16;
}

AnyBuffer pixels_of(const support::Image& image, Type pixel) {
    AnyBuffer result(pixel, {image.height, image.width});
    const int shift = pixel.frac();
    for (int y = 0; y < image.height; ++y)
        for (int x = 0; x < image.width; ++x)
            result.set({y, x}, Value::from_raw(pixel, mpz_class(image.at(y, x)) << shift));
    return result;
}

/// The buffer as 8-bit gray, rounded.
support::Image image_of(const AnyBuffer& b) {
    support::Image image = {static_cast<int>(b.extent(1)), static_cast<int>(b.extent(0)), 1, {}};
    image.pixels.resize(static_cast<size_t>(b.size()));
    for (int y = 0; y < image.height; ++y)
        for (int x = 0; x < image.width; ++x)
            image.at(y, x) =
                static_cast<uint8_t>(std::min(255.0, std::floor(b.get({y, x}).as_double() + 0.5)));
    return image;
}

/// Blurs the image with one variant. \return the blurred image. \throws Error if a pixel differs from the
/// interpreter's.
support::Image run(const Variant& v, const support::Image& image, support::Report& report) {
    const AnyBuffer in = pixels_of(image, v.pixel);
    AnyBuffer out(v.pixel, in.shape()), expected(v.pixel, in.shape());
    support::Descriptor in_buffer(in), out_buffer(out);
    const Generated f = generated(v.name);
    if (const int error = f(in_buffer, out_buffer)) ir::fail({}, "{} returned error {}", v.name, error);

    const Gaussian g = gaussian(v.taps, v.pixel);
    AnyBuffer source = in;
    interpret(Schedule(g.out).reference(), {&source, &expected});
    if (!bit_equal(out, expected)) ir::fail({}, "{} differs from the interpreter", v.name);

    const std::string name = fmt::format("{}×{} {}", v.taps, v.taps, v.pixel.str());
    report.text(name, fmt::format("{} pixels, all equal to the interpreter's", out.size()));
    for (int threads : {1, 2}) {
        support::use_threads(threads);
        const double seconds = support::best_seconds([&] { f(in_buffer, out_buffer); }, 50, 0.2);
        report.figure(fmt::format("{}, {} thread{}", name, threads, threads == 1 ? "" : "s"),
                      static_cast<double>(out.size()) / seconds * 1e-9, "Gpixel/s");
    }
    return image_of(out);
}

/// A detail of each image, enlarged, side by side.
support::Image side_by_side(const std::vector<support::Image>& images, int top, int left, int size,
                            int scale) {
    const int gap = 6, side = size * scale, count = static_cast<int>(images.size());
    support::Image picture = {count * side + (count - 1) * gap, side, 1, {}};
    picture.pixels.assign(static_cast<size_t>(picture.width) * picture.height, 255);
    for (int n = 0; n < count; ++n)
        for (int y = 0; y < side; ++y)
            for (int x = 0; x < side; ++x)
                picture.at(y, n * (side + gap) + x) =
                    images[static_cast<size_t>(n)].at(top + y / scale, left + x / scale);
    return picture;
}

/// HeteroCL's blur without borders, of an input of height × width.
void run_as_macro(const support::MacroRun& run, int64_t height, int64_t width, const std::string& folder,
                  support::Report& report) {
    const auto program = [](const char* name, GaussianValid (*algorithm)(Type, int64_t, int64_t)) {
        return support::MacroProgram{name, [algorithm](int64_t h, int64_t w, const auto& choice) {
                                         return network_schedule(algorithm(choice.element, h, w), choice);
                                     }};
    };
    support::run_macro(
        {program("gaussian3_valid", gaussian3_valid), program("gaussian3_recip", gaussian3_recip)}, run,
        height, width, folder, report);
}

void blur(const std::string& input, const std::string& output, bool detail, support::Report& report) {
    lathe::check_outputs({{"output", output}});
    const support::Image image = support::read_png(input, 1);
    report.text("image", fmt::format("{} × {}", image.width, image.height));
    support::pin_to_cores(2);
    std::vector<support::Image> shown = {image};
    for (const Variant& v : variants()) {
        support::Image blurred = run(v, image, report);
        if (!v.pixel.is_fixed()) shown.push_back(std::move(blurred));
    }
    const int size = std::min({96, image.width, image.height});
    const int top = (image.height - size) / 2, left = (image.width - size) / 2;
    support::write_png(output, detail ? side_by_side(shown, top, left, size, 3) : shown.back());
    report.text("written", output);
}

} // namespace

int main(int argc, char** argv) try {
    std::string input = GAUSSIAN_PHOTOGRAPH, output = "gaussian.png", json, target = "cpu",
                folder = "gaussian_vitis";
    int64_t height = 480, width = 640;
    bool detail = false;
    support::Arguments arguments("Gaussian blur of a photograph by static libraries that Lathe generated");
    arguments.text("input", input, "PNG to blur, as gray");
    arguments.text("output", output, "PNG to write: the 5×5 blur");
    arguments.flag("--detail", detail,
                   "write a detail of the original, the 3×3 and the 5×5 blur side by side instead");
    support::MacroRun macro;
    macro.add_options(arguments);
    arguments.number("--height", height, 3, 10000, "of the macro's input");
    arguments.number("--width", width, 3, 10000, "of the macro's input");
    arguments.choice("--target", target, {"cpu", "vitis"}, "vitis: run the macro's Vitis C++, too");
    arguments.text("--folder", folder, "for its Vitis projects");
    arguments.json(json);
    if (const auto status = arguments.read(argc, argv)) return *status;

    support::Report report(json);
    if (macro.macro)
        run_as_macro(macro, height, width, target == "vitis" ? folder : "", report);
    else
        blur(input, output, detail, report);
    report.write_json();
    return 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "gaussian: %s\n", e.what());
    return 1;
}
