/// \file Sharpening, corners, edges and the removal of noise on a photograph: as machine code beside plain
/// C++, and as networks of processes.

#include "denoise/montage.h"
#include "denoise/plain.h"
#include "support/arguments.h"
#include "support/measure.h"
#include "support/network_check.h"
#include "support/threads.h"

#include <lathe/driver/outputs.h>

namespace {

using namespace lathe;
using support::Image;

constexpr double noise = 20;
constexpr int64_t denoise_steps = 8;

struct Options {
    std::string input = DENOISE_PHOTOGRAPH, output = "denoise.png", border = "clamp", target = "cpu",
                folder = "denoise_vitis", json;
    int64_t unroll = 8;
};

std::string title_of(const FilterType& f) {
    return f.filter + " " + f.pixel.str();
}

/// Denoise takes the noisy image twice.
std::vector<AnyBuffer> inputs_of(const FilterType& f, const Image& image) {
    if (f.filter != "denoise") return {pixels_of(image, f.pixel)};
    const AnyBuffer noisy = pixels_of(with_noise(image, noise), f.pixel);
    return {noisy, noisy};
}

AnyBuffer run_on(const JitFunction& code, const std::vector<AnyBuffer>& inputs, const AnyBuffer& out) {
    std::vector<AnyBuffer> all = inputs;
    std::vector<AnyBuffer*> pointers;
    for (AnyBuffer& b : all)
        pointers.push_back(&b);
    AnyBuffer result = out;
    pointers.push_back(&result);
    code.call(pointers);
    return result;
}

/// The whole image, beside plain C++. \return the result.
AnyBuffer run_on_cpu(const FilterType& f, Borders borders, const Image& image, support::Report& report) {
    const Target target = Target::host();
    const Filter filter = filter_named(f.filter, f.pixel, borders, image.height, image.width);
    const JitFunction code = jit(cpu_schedule(filter, target), target);
    const std::vector<AnyBuffer> inputs = inputs_of(f, image);
    const AnyBuffer expected = plain_filter(f.filter, f.pixel, borders, inputs);
    const AnyBuffer out(expected.type(), expected.shape());
    run_on(code, inputs, out);
    if (!bit_equal(out, expected)) ir::fail({}, "{} differs from plain C++", title_of(f));
    report.text(title_of(f), fmt::format("{} pixels, all equal to plain C++'s", out.size()));
    support::use_threads(1);
    const double seconds = support::best_seconds([&] { run_on(code, inputs, out); }, 5, 0.1);
    report.figure(title_of(f) + ", 1 thread", static_cast<double>(out.size()) / seconds * 1e-9, "Gpixel/s");
    return out;
}

/// A small part of the image in all backends, then the whole one as machine code of the network.
void run_network(const FilterType& f, const Options& o, const Image& image, support::Report& report) {
    constexpr int small_height = 18, small_width = 26;
    const auto network = [&](int64_t height, int64_t width) {
        return network_schedule(filter_named(f.filter, f.pixel, borders_of(o.border), height, width),
                                o.unroll);
    };
    const Image part = part_of(image, small_height, small_width);
    const std::string folder =
        o.target == "vitis" ? o.folder + "/" + f.filter + (f.pixel.is_float() ? "_f32" : "") : "";
    report.text(title_of(f) + ", network", support::check_everywhere(network(small_height, small_width),
                                                                     inputs_of(f, part), folder, f.filter));
    const Schedule whole = network(image.height, image.width);
    support::check_on_cpu(whole, inputs_of(f, image));
    report.text("", support::network_size(whole.module()).str());
}

/// Several steps from the noisy image on, with the edge repeated.
Image denoised(const Image& noisy) {
    const Target target = Target::host();
    const Filter filter = denoise(Float(32), Borders::clamp, noisy.height, noisy.width, denoise_steps);
    const AnyBuffer in = pixels_of(noisy, Float(32));
    return image_of(run_on(jit(cpu_schedule(filter, target), target), {in, in},
                           AnyBuffer(Float(32), {noisy.height, noisy.width})));
}

/// The image, sharpened, its corners; noisy, without noise, its edges.
Image pictures(const Image& image, support::Report& report) {
    const auto with = [&](const char* name, Type pixel) {
        return realize(Schedule(filter_named(name, pixel, Borders::clamp, image.height, image.width).out()),
                       {pixels_of(image, pixel)})
            .front();
    };
    const Image noisy = with_noise(image, noise), clean = denoised(noisy);
    report.figure("signal to noise, noisy", signal_to_noise(image, noisy), "dB");
    report.figure(fmt::format("signal to noise, denoised in {} steps", denoise_steps),
                  signal_to_noise(image, clean), "dB");
    return montage({image, image_of(with("unsharp", UInt(8))), corners_on(image, with("harris", UInt(8))),
                    noisy, clean, image_of(with("canny", UInt(8)), 127.5)});
}

void run(const Options& o) {
    lathe::check_outputs({{"--json", o.json}, {"output", o.output}});
    support::Report report(o.json);
    const Image image = support::read_png(o.input, 1);
    report.text("image", fmt::format("{} × {}", image.width, image.height));
    support::pin_to_cores(2);
    for (const FilterType& f : filter_types()) {
        run_on_cpu(f, borders_of(o.border), image, report);
        run_network(f, o, image, report);
    }
    support::write_png(o.output, pictures(image, report));
    report.text("written", o.output);
    report.write_json();
}

} // namespace

int main(int argc, char** argv) try {
    Options o;
    support::Arguments arguments(
        "Filters of several stages on a photograph: unsharp mask, Harris, total variation, Canny");
    arguments.text("input", o.input, "PNG to filter, as gray");
    arguments.text("output", o.output,
                   "PNG to write: the image, sharpened, its corners; with noise, without, its edges");
    arguments.choice("--border", o.border, border_names(), "what windows read beyond the edges");
    arguments.number("--unroll", o.unroll, 1, 64, "points that a network computes in a cycle");
    arguments.choice("--target", o.target, {"cpu", "vitis"}, "vitis: run the networks' Vitis C++, too");
    arguments.text("--folder", o.folder, "for the Vitis projects");
    arguments.json(o.json);
    if (const auto status = arguments.read(argc, argv)) return *status;
    run(o);
    return 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "denoise: %s\n", e.what());
    return 1;
}
