/// \file Reads 1,000 digits by the generated library (or its Vitis kernel), and measures beside plain C++.

#include "digits.h"
#include "knn.h"
#include "knn/algorithm.h"
#include "support/arguments.h"
#include "support/descriptor.h"
#include "support/measure.h"
#include "support/report.h"
#include "support/threads.h"
#include "support/vitis.h"

#include <bit>

namespace {

using namespace lathe;

/// The four limbs of each digit, as they lie in memory.
std::vector<uint64_t> limbs_of(const AnyBuffer& b) {
    const auto* p = reinterpret_cast<const uint64_t*>(b.data());
    return {p, p + 4 * b.size()};
}

class PlainKnn {
  public:
    explicit PlainKnn(const Digits& known) : train(limbs_of(known.pixels)) {
        for (int64_t n = 0; n < known.labels.size(); ++n)
            labels.push_back(static_cast<int>(known.labels.get({n}).as_int64()));
    }
    int digit(const uint64_t* image) const {
        int distance[3] = {255, 255, 255}, label[3] = {};
        for (size_t m = 0; m < labels.size(); ++m) {
            int d = 0;
            for (size_t part = 0; part < 4; ++part)
                d += std::popcount(train[4 * m + part] ^ image[part]);
            if (d >= distance[2]) continue;
            int place = 2;
            for (; place > 0 && d < distance[place - 1]; --place) {
                distance[place] = distance[place - 1];
                label[place] = label[place - 1];
            }
            distance[place] = d;
            label[place] = labels[m];
        }
        return label[1] == label[2] ? label[1] : label[0];
    }

  private:
    std::vector<uint64_t> train;
    std::vector<int> labels;
};

void run_on_cpu(const Digits& known, const Digits& asked, support::Report& report) {
    const int64_t count = asked.labels.size();
    AnyBuffer found(UInt(4), {count});
    support::Descriptor train(known.pixels), labels(known.labels), test(asked.pixels), digit(found);
    if (const int error = knn(train, labels, test, digit)) ir::fail({}, "knn returned error {}", error);
    const PlainKnn plain(known);
    const std::vector<uint64_t> images = limbs_of(asked.pixels);
    int64_t right = 0;
    for (int64_t n = 0; n < count; ++n) {
        const int64_t d = found.get({n}).as_int64();
        if (d != plain.digit(&images[static_cast<size_t>(4 * n)]))
            ir::fail({}, "image {} differs from plain C++", n);
        right += d == asked.labels.get({n}).as_int64();
    }
    report.text("digits", fmt::format("{}, all equal to plain C++'s", count));
    report.figure("accuracy", 100.0 * static_cast<double>(right) / static_cast<double>(count), "%");
    int sum = 0;
    const auto plain_run = [&] {
        for (int64_t n = 0; n < count; ++n)
            sum += plain.digit(&images[static_cast<size_t>(4 * n)]);
    };
    for (int threads : {1, 2}) {
        support::use_threads(threads);
        const auto [ours, theirs] =
            support::best_in_turns([&] { knn(train, labels, test, digit); }, plain_run, 5, 2.0);
        const auto name = fmt::format("{} thread{}", threads, threads == 1 ? "" : "s");
        report.figure(name, static_cast<double>(count) / ours, "images/s");
        report.figure(name + ", beside plain C++ with popcount on one", theirs / ours, "x");
    }
    if (sum < 0) report.text("sum", "negative"); // keeps the plain loop's work
}

/// The first `n` of them.
AnyBuffer first(const AnyBuffer& b, int64_t n) {
    AnyBuffer part(b.type(), {n});
    for (int64_t i = 0; i < n; ++i)
        part.set({i}, b.get({i}));
    return part;
}

void run_on_vitis(const Digits& known, const Digits& asked, const std::string& folder,
                  support::Report& report) {
    const int64_t images = std::min<int64_t>(20, asked.labels.size()),
                  among = std::min<int64_t>(500, known.labels.size());
    VitisOptions options{.top = "knn"};
    options.inputs = {first(known.pixels, among), first(known.labels, among), first(asked.pixels, images)};
    report.text("knn", support::run_vitis(vitis_schedule(knn(), images, among), folder, options));
    report.text("project", folder);
}

} // namespace

int main(int argc, char** argv) try {
    std::string target = "cpu", folder = "knn_vitis", json;
    support::Arguments arguments("Handwritten digits by their three nearest neighbours among 3,000");
    arguments.targets(target, folder);
    arguments.json(json);
    if (const auto status = arguments.read(argc, argv)) return *status;
    support::Report report(json);
    const Digits known = read_digits(KNN_DATA "/digits-train"), asked = read_digits(KNN_DATA "/digits-test");
    if (target == "vitis") {
        run_on_vitis(known, asked, folder, report);
    } else {
        support::pin_to_cores(2);
        run_on_cpu(known, asked, report);
    }
    report.write_json();
    return 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "knn: %s\n", e.what());
    return 1;
}
