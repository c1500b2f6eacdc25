/// \file Runs both Seidels and compares every element with plain C++ loops: the generated libraries, or the
/// Vitis kernels on this machine.

#include "seidel.h"
#include "seidel/algorithm.h"
#include "seidel_2d.h"
#include "support/arguments.h"
#include "support/descriptor.h"
#include "support/macro_run.h"
#include "support/measure.h"
#include "support/report.h"
#include "support/threads.h"
#include "support/vitis.h"

#include <random>

namespace {

using namespace lathe;

template <class T> Buffer<T> random_image(std::vector<int64_t> shape) {
    Buffer<T> b(std::move(shape));
    std::minstd_rand random(1);
    std::uniform_real_distribution<T> uniform(0, 255);
    for (T& x : b)
        x = uniform(random);
    return b;
}

void plain_seidel(const Buffer<float>& in, Buffer<float>& out) {
    const int64_t height = out.extent(0), width = out.extent(1);
    const float* from = in.begin();
    for (int64_t y = 0; y < height; ++y)
        for (int64_t x = 0; x < width; ++x) {
            const auto row = [&](int64_t below) {
                const float* p = from + (y + below) * (width + 2) + x;
                return (p[0] + p[1] + p[2]) / 3.0f;
            };
            out.begin()[y * width + x] = (row(0) + row(1) + row(2)) / 3.0f;
        }
}

void plain_seidel_2d(Buffer<double>& a, int64_t sweeps) {
    const int64_t n = a.extent(0);
    double* p = a.begin();
    for (int64_t t = 0; t < sweeps; ++t)
        for (int64_t i = 1; i < n - 1; ++i)
            for (int64_t j = 1; j < n - 1; ++j) {
                const double *above = p + (i - 1) * n + j, *below = p + (i + 1) * n + j;
                double* here = p + i * n + j;
                *here = (above[-1] + above[0] + above[1] + here[-1] + here[0] + here[1] + below[-1] +
                         below[0] + below[1]) /
                        9.0;
            }
}

void expect_zero(int code, const char* function) {
    if (code) ir::fail({}, "{} returned error {}", function, code);
}

void run_seidel(int64_t height, int64_t width, support::Report& report) {
    const auto in = random_image<float>({height + 2, width + 2});
    Buffer<float> out({height, width}), expected({height, width});
    support::Descriptor from(in), to(out);
    expect_zero(seidel(from, to), "seidel");
    plain_seidel(in, expected);
    if (!bit_equal(out, expected)) ir::fail({}, "seidel differs from plain C++");
    report.text("seidel", fmt::format("{} elements, all equal to plain C++'s", out.size()));
    for (int threads : {1, 2}) {
        support::use_threads(threads);
        const auto [ours, plain] =
            support::best_in_turns([&] { seidel(from, to); }, [&] { plain_seidel(in, expected); });
        const auto name = fmt::format("seidel, {} thread{}", threads, threads == 1 ? "" : "s");
        report.figure(name, static_cast<double>(out.size()) / ours * 1e-9, "Gpixel/s");
        report.figure(name + ", beside plain C++ on one", plain / ours, "x");
    }
}

void run_seidel_2d(int64_t size, int64_t sweeps, support::Report& report) {
    auto a = random_image<double>({size, size}), expected = random_image<double>({size, size});
    support::Descriptor to(a);
    expect_zero(seidel_2d(to, sweeps), "seidel_2d");
    plain_seidel_2d(expected, sweeps);
    if (!bit_equal(a, expected)) ir::fail({}, "seidel_2d differs from plain C++");
    report.text("seidel_2d",
                fmt::format("{} elements, {} sweeps, all equal to plain C++'s", a.size(), sweeps));
    const auto [ours, plain] =
        support::best_in_turns([&] { seidel_2d(to, sweeps); }, [&] { plain_seidel_2d(expected, sweeps); });
    report.figure("seidel_2d", ours * 1e3, "ms");
    report.figure("seidel_2d, beside plain C++", plain / ours, "x");
}

void run_on_vitis(int64_t height, int64_t width, int64_t size, int64_t sweeps, const std::string& folder,
                  support::Report& report) {
    const Seidel s = seidel();
    report.text("seidel",
                support::run_vitis(vitis_schedule(s, height, width), folder + "/seidel", {.top = "seidel"}));
    const std::map<std::string, Value> sizes{{"N", Value::index(size)}, {"T", Value::index(sweeps)}};
    report.text("seidel_2d",
                support::run_vitis(Schedule(seidel_2d().kernel), folder + "/seidel_2d", {.scalars = sizes}));
    report.text("projects", folder);
}

/// An input of height × width.
void run_as_macro(const support::MacroRun& run, int64_t height, int64_t width, const std::string& folder,
                  support::Report& report) {
    const auto program = [](const char* name, Seidel (*algorithm)(int64_t, int64_t)) {
        return support::MacroProgram{name, [algorithm](int64_t h, int64_t w, const auto& choice) {
                                         return network_schedule(algorithm(h, w), choice);
                                     }};
    };
    support::run_macro({program("seidel", seidel), program("seidel_recip", seidel_recip)}, run, height, width,
                       folder, report);
}

} // namespace

int main(int argc, char** argv) try {
    int64_t height = 480, width = 640, size = 400, sweeps = 10;
    std::string target = "cpu", folder = "seidel_vitis", json;
    support::Arguments arguments("Two-stage means of an image, and PolyBench's seidel-2d in place");
    arguments.number("--height", height, 1, 10000);
    arguments.number("--width", width, 1, 10000);
    arguments.number("--size", size, 3, 10000, "seidel-2d's rows and columns");
    arguments.number("--sweeps", sweeps, 0, 1000);
    arguments.targets(target, folder);
    support::MacroRun macro;
    macro.add_options(arguments);
    arguments.json(json);
    if (const auto status = arguments.read(argc, argv)) return *status;
    support::Report report(json);
    if (macro.macro) {
        run_as_macro(macro, height, width, target == "vitis" ? folder : "", report);
    } else if (target == "vitis") {
        run_on_vitis(height, width, std::min<int64_t>(size, 60), std::min<int64_t>(sweeps, 3), folder,
                     report);
    } else {
        support::pin_to_cores(2);
        run_seidel(height, width, report);
        run_seidel_2d(size, sweeps, report);
    }
    report.write_json();
    return 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "seidel: %s\n", e.what());
    return 1;
}
