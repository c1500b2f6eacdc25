/// \file Reads the 1,000 test digits by the binary network, and measures a binary convolution beside plain
/// C++ with popcount; or runs the Vitis kernel on two digits.

#include "bnn/network.h"
#include "support/arguments.h"
#include "support/measure.h"
#include "support/report.h"
#include "support/threads.h"
#include "support/vitis.h"

#include <bit>
#include <random>

namespace {

using namespace lathe;

constexpr int64_t channels = 128, side = 16, words = 2;

void plain_convolution(const uint64_t* in, const uint64_t* weights, uint16_t* out) {
    for (int64_t y = 0; y < side; ++y)
        for (int64_t x = 0; x < side; ++x)
            for (int64_t o = 0; o < channels; ++o) {
                int wrong = 0;
                for (int64_t i = 0; i < 3; ++i)
                    for (int64_t j = 0; j < 3 * words; ++j)
                        wrong += std::popcount(in[((y + i) * (side + 2) + x) * words + j] ^
                                               weights[(o * 3 + i) * 3 * words + j]);
                out[(y * side + x) * channels + o] = static_cast<uint16_t>(wrong);
            }
}

void measure_convolution(support::Report& report) {
    std::mt19937_64 random(1);
    Buffer<uint64_t> in({side + 2, side + 2, words}), weights({channels, 3, 3, words});
    for (Buffer<uint64_t>* b : {&in, &weights})
        for (uint64_t& w : *b)
            w = random();
    Buffer<uint16_t> out({side, side, channels}), plain({side, side, channels});
    const JitFunction convolution = jit(cpu_schedule(binary_layer(channels, side, side)));
    support::use_threads(1);
    const auto [ours, theirs] = support::best_in_turns(
        [&] { convolution(in, weights, out); },
        [&] { plain_convolution(in.begin(), weights.begin(), plain.begin()); }, 5, 1.0);
    if (!bit_equal(out, plain)) ir::fail({}, "the convolution differs from plain C++");
    const double work = 2.0 * side * side * channels * 9 * channels;
    report.figure("binary convolution 128 → 128, 1 thread", work / ours * 1e-9, "GOp/s");
    report.figure("beside plain C++ with popcount", theirs / ours, "x");
}

} // namespace

int main(int argc, char** argv) try {
    std::string target = "cpu", folder = "bnn_vitis", digits = SUPPORT_DATA "/digits-test", json;
    support::Arguments arguments("A binary network on handwritten digits");
    arguments.targets(target, folder);
    arguments.text("--digits", digits, "PREFIX of PREFIX-images.idx3.gz and PREFIX-labels.idx1.gz");
    arguments.json(json);
    if (const auto status = arguments.read(argc, argv)) return *status;
    const BnnData data(SUPPORT_DATA "/bnn.tensors", digits);
    const Bnn net = bnn();
    support::Report report(json);
    if (target == "vitis") {
        const int64_t images = std::min<int64_t>(2, data.count());
        VitisOptions options{.top = "bnn"};
        options.inputs = data.inputs(images);
        report.text("bnn", support::run_vitis(vitis_schedule(net, images), folder, options));
    } else {
        report.figure("accuracy",
                      data.accuracy(realize(cpu_schedule(net), data.inputs(data.count())).front()), "%");
        measure_convolution(report);
    }
    report.write_json();
    return 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "bnn: %s\n", e.what());
    return 1;
}
