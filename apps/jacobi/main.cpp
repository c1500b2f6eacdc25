/// \file Ten sweeps of Jacobi-2D, in float32 and in fixed point, beside plain C++; or the Vitis kernel.

#include "jacobi/algorithm.h"
#include "support/arguments.h"
#include "support/macro_run.h"
#include "support/measure.h"
#include "support/report.h"
#include "support/threads.h"
#include "support/vitis.h"

#include <random>

namespace {

using namespace lathe;

constexpr int64_t sweeps = 10;

void plain_jacobi(float* a, float* b, int64_t height, int64_t width) {
    for (int64_t t = 0; t < sweeps; ++t) {
        for (int64_t i = 1; i < height - 1; ++i)
            for (int64_t j = 1; j < width - 1; ++j) {
                const float* at = a + i * width + j;
                b[i * width + j] = (at[0] + at[-1] + at[1] + at[-width] + at[width]) * 0.2f;
            }
        for (int64_t i = 1; i < height - 1; ++i)
            std::copy(b + i * width + 1, b + (i + 1) * width - 1, a + i * width + 1);
    }
}

AnyBuffer random_plate(Type type, int64_t height, int64_t width) {
    AnyBuffer plate(type, {height, width});
    std::mt19937 random(3);
    for (int64_t i = 0; i < height; ++i)
        for (int64_t j = 0; j < width; ++j)
            plate.set({i, j}, ir::cast(type, Value::from_double(Float(32),
                                                                static_cast<double>(random() % 256) / 256)));
    return plate;
}

double gigapoints_per_second(int64_t height, int64_t width, double seconds) {
    return static_cast<double>((height - 2) * (width - 2) * sweeps) / seconds * 1e-9;
}

void run_on_cpu(int64_t height, int64_t width, support::Report& report) {
    const Target target = Target::host();
    support::use_threads(1);
    for (const Type type : {Float(32), Fixed(18, 14)}) {
        const JitFunction run = jit(cpu_schedule(jacobi(type, height, width, sweeps), target), target);
        const AnyBuffer start = random_plate(type, height, width);
        AnyBuffer plate = start.copy(), expected = start.copy();
        std::vector<float> other(static_cast<size_t>(height * width));
        const auto ours = [&] {
            plate = start.copy();
            run.call({&plate});
        };
        const std::string name = "Jacobi-2D in " + type.str() + ", 1 thread";
        if (!type.is_float()) {
            report.figure(name, gigapoints_per_second(height, width, support::best_seconds(ours)),
                          "Gpoint/s");
            continue;
        }
        const auto [mine, theirs] = support::best_in_turns(ours, [&] {
            expected = start.copy();
            plain_jacobi(reinterpret_cast<float*>(expected.data()), other.data(), height, width);
        });
        if (!bit_equal(plate, expected)) ir::fail({}, "jacobi differs from plain C++");
        report.figure(name, gigapoints_per_second(height, width, mine), "Gpoint/s");
        report.figure("beside plain C++ (-O3)", theirs / mine, "x");
    }
}

/// An input of height × width.
void run_as_macro(const support::MacroRun& run, int64_t height, int64_t width, const std::string& folder,
                  support::Report& report) {
    const auto program = [](const char* name, JacobiValid (*algorithm)(int64_t, int64_t)) {
        return support::MacroProgram{name, [algorithm](int64_t h, int64_t w, const auto& choice) {
                                         return network_schedule(algorithm(h, w), choice);
                                     }};
    };
    support::run_macro({program("jacobi_valid", jacobi_valid), program("jacobi_recip", jacobi_recip)}, run,
                       height, width, folder, report);
}

} // namespace

int main(int argc, char** argv) try {
    std::string target = "cpu", folder = "jacobi_vitis", json;
    int64_t height = 480, width = 640;
    support::Arguments arguments("Jacobi-2D: repeated means of five neighbours");
    arguments.number("--height", height, 3, 8192);
    arguments.number("--width", width, 3, 8192);
    arguments.targets(target, folder);
    support::MacroRun macro;
    macro.add_options(arguments);
    arguments.json(json);
    if (const auto status = arguments.read(argc, argv)) return *status;
    support::Report report(json);
    if (macro.macro) {
        run_as_macro(macro, height, width, target == "vitis" ? folder : "", report);
    } else if (target == "vitis") {
        VitisOptions options{.top = "jacobi"};
        options.inputs = {random_plate(Fixed(18, 14), 24, 32)};
        report.text("jacobi",
                    support::run_vitis(vitis_schedule(jacobi(Fixed(18, 14), 24, 32, 3)), folder, options));
    } else {
        run_on_cpu(height, width, report);
    }
    report.write_json();
    return 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "jacobi: %s\n", e.what());
    return 1;
}
