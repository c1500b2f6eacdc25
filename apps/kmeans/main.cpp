/// \file Groups the 1,000 test digits by their pixels into ten means, beside plain C++; or runs the Vitis
/// kernel on some of them.

#include "kmeans/algorithm.h"
#include "support/idx.h"
#include "support/measure.h"
#include "support/report.h"
#include "support/threads.h"
#include "support/vitis.h"

#include <CLI/CLI.hpp>
#include <array>
#include <random>

namespace {

using namespace lathe;

constexpr int64_t pixels = 28 * 28, groups = 10, rounds = 10;

/// The first digits' pixels, and ten of them as the first means.
struct Digits {
    Buffer<uint8_t> points, means;
    Digits(const support::LabelledImages& from, int64_t count)
        : points({count, pixels}), means({groups, pixels}) {
        std::copy_n(from.images.bytes.begin(), count * pixels, points.begin());
        std::mt19937 random(7);
        for (int64_t k = 0; k < groups; ++k)
            std::copy_n(points.begin() +
                            static_cast<int64_t>(random() % static_cast<unsigned>(count)) * pixels,
                        pixels, means.begin() + k * pixels);
    }
};

void plain_kmeans(const uint8_t* points, uint8_t* means, int16_t* joined, int64_t count) {
    for (int64_t round = 0; round < rounds; ++round) {
        std::vector<int64_t> sums(groups * pixels), counts(groups);
        for (int64_t n = 0; n < count; ++n) {
            int64_t least = 0;
            for (int16_t k = 0; k < groups; ++k) {
                int64_t far = 0;
                for (int64_t d = 0; d < pixels; ++d) {
                    const int apart = points[n * pixels + d] - means[k * pixels + d];
                    far += apart * apart;
                }
                if (k == 0 || far < least) least = far, joined[n] = k;
            }
            ++counts[static_cast<size_t>(joined[n])];
            for (int64_t d = 0; d < pixels; ++d)
                sums[static_cast<size_t>(joined[n] * pixels + d)] += points[n * pixels + d];
        }
        for (int64_t k = 0; k < groups; ++k)
            for (int64_t d = 0; d < pixels && counts[static_cast<size_t>(k)] > 0; ++d)
                means[k * pixels + d] = static_cast<uint8_t>(sums[static_cast<size_t>(k * pixels + d)] /
                                                             counts[static_cast<size_t>(k)]);
    }
}

/// The share of digits that are what most of their group are.
double purity(const Buffer<int16_t>& joined, const std::vector<uint8_t>& labels) {
    std::array<std::array<int, 10>, groups> seen{};
    for (int64_t n = 0; n < joined.size(); ++n)
        ++seen[static_cast<size_t>(joined(n))][labels[static_cast<size_t>(n)]];
    int right = 0;
    for (const auto& group : seen)
        right += *std::max_element(group.begin(), group.end());
    return 100.0 * right / static_cast<double>(joined.size());
}

void run_on_cpu(const support::LabelledImages& digits, support::Report& report) {
    const int64_t count = digits.count();
    const JitFunction run = jit(cpu_schedule(kmeans(UInt(8), count, pixels, groups, rounds)));
    const Digits start(digits, count);
    Buffer<int16_t> joined({count}), plain({count});
    AnyBuffer means = start.means.copy(), expected = start.means.copy();
    const auto own = [&] {
        means = start.means.copy();
        AnyBuffer points = start.points;
        run.call({&points, &means, &joined});
    };
    support::use_threads(1);
    const auto [ours, theirs] = support::best_in_turns(
        own,
        [&] {
            expected = start.means.copy();
            plain_kmeans(start.points.begin(), reinterpret_cast<uint8_t*>(expected.data()), plain.begin(),
                         count);
        },
        3, 1.0);
    if (!bit_equal(joined, plain) || !bit_equal(means, expected))
        ir::fail({}, "kmeans differs from plain C++");
    report.figure("digits in the group of their kind", purity(joined, digits.labels), "%");
    report.figure("k-means, 10 rounds, 1 thread", static_cast<double>(count * rounds) / ours, "digits/s");
    report.figure("beside plain C++ (-O3)", theirs / ours, "x");
    support::use_threads(2);
    report.figure("2 threads beside 1", ours / support::best_seconds(own, 3, 1.0), "x");
}

std::string run_on_vitis(const support::LabelledImages& digits, const std::string& folder) {
    const int64_t count = std::min<int64_t>(30, digits.count());
    const Digits start(digits, count);
    VitisOptions options{.top = "kmeans"};
    options.inputs = {start.points, start.means};
    return support::run_vitis(vitis_schedule(kmeans(UInt(8), count, pixels, groups, 2)), folder, options);
}

} // namespace

int main(int argc, char** argv) try {
    std::string target = "cpu", folder = "kmeans_vitis", digits = SUPPORT_DATA "/digits-test", json;
    CLI::App app("K-means of handwritten digits");
    app.add_option("--target", target)->check(CLI::IsMember({"cpu", "vitis"}))->capture_default_str();
    app.add_option("--folder", folder, "for the Vitis project")->capture_default_str();
    app.add_option("--digits", digits, "PREFIX of PREFIX-images.idx3.gz and PREFIX-labels.idx1.gz");
    app.add_option("--json", json, "write every figure to this file");
    CLI11_PARSE(app, argc, argv);
    support::Report report(json);
    const support::LabelledImages images = support::read_digit_files(digits);
    if (target == "vitis")
        report.text("kmeans", run_on_vitis(images, folder));
    else
        run_on_cpu(images, report);
    report.write_json();
    return 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "kmeans: %s\n", e.what());
    return 1;
}
