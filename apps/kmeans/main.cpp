/// \file Groups the test digits by their pixels, and random points, in integers and in fixed point, beside
/// plain C++; or runs the Vitis kernel on some of them.

#include "kmeans/algorithm.h"
#include "kmeans/points.h"
#include "plain.h"
#include "support/measure.h"
#include "support/report.h"
#include "support/threads.h"
#include "support/vitis.h"

#include <CLI/CLI.hpp>
#include <array>
#include <lathe/ir/parse.h>
#include <limits>

namespace {

using namespace lathe;

struct Options {
    std::string target = "cpu", folder = "kmeans_vitis", digits = SUPPORT_DATA "/digits-test",
                points = "both", json;
    std::vector<std::string> types = {"UInt(8)", "Fixed(16, 8)"};
    int64_t count = 0, dimensions = 32, means = 10, rounds = 10;
    unsigned seed = 7;
};

/// The share of digits that are what most of their group are.
double purity(const Buffer<int16_t>& joined, const std::vector<uint8_t>& labels, int64_t means) {
    std::vector<std::array<int, 10>> seen(static_cast<size_t>(means));
    for (int64_t n = 0; n < joined.size(); ++n)
        ++seen[static_cast<size_t>(joined(n))][labels[static_cast<size_t>(n)]];
    int right = 0;
    for (const auto& group : seen)
        right += *std::max_element(group.begin(), group.end());
    return 100.0 * right / static_cast<double>(joined.size());
}

Schedule scheduled(Schedule (*schedule)(const KMeans&), const Points& p, int64_t rounds) {
    return schedule(
        kmeans(p.points.type(), p.points.extent(0), p.points.extent(1), p.means.extent(0), rounds));
}

/// \return which mean each point has joined
Buffer<int16_t> run_on_cpu(const Points& start, const std::string& name, const Options& o,
                           support::Report& report) {
    const int64_t count = start.points.extent(0);
    const JitFunction run = jit(scheduled(cpu_schedule, start, o.rounds));
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
            plain_kmeans(start.points, expected, plain, o.rounds);
        },
        3, 1.0);
    if (!bit_equal(joined, plain) || !bit_equal(means, expected))
        ir::fail({}, "kmeans of {} differs from plain C++", name);
    report.figure(fmt::format("{}, {} rounds, 1 thread", name, o.rounds),
                  static_cast<double>(count * o.rounds) / ours, "points/s");
    report.figure("beside plain C++ (-O3)", theirs / ours, "x");
    support::use_threads(2);
    report.figure("2 threads beside 1", ours / support::best_seconds(own, 3, 0.5), "x");
    return joined;
}

/// Machine code, the interpreter and Vitis C++ agree.
void run_on_vitis(const Points& start, const std::string& name, const std::string& folder,
                  support::Report& report) {
    constexpr int64_t rounds = 2;
    AnyBuffer points = start.points, means = start.means.copy(), meaning = start.means.copy();
    Buffer<int16_t> joined({points.extent(0)}), meant({points.extent(0)});
    const Schedule cpu = scheduled(cpu_schedule, start, rounds);
    jit(cpu).call({&points, &means, &joined});
    interpret(cpu.reference(), {&points, &meaning, &meant});
    if (!bit_equal(joined, meant) || !bit_equal(means, meaning))
        ir::fail({}, "kmeans of {} differs from the interpreter", name);
    VitisOptions options{.top = "kmeans"};
    options.inputs = {start.points, start.means};
    report.text(name, support::run_vitis(scheduled(vitis_schedule, start, rounds), folder, options));
}

struct Task {
    std::string kind; ///< of points: digits or random
    Points points;
    std::vector<uint8_t> labels = {};
};

void run(const Task& t, const std::string& folder, const Options& o, support::Report& report) {
    const std::string name = fmt::format("{} in {}", t.kind == "digits" ? "digits" : "random points",
                                         t.points.points.type().str());
    if (o.target == "vitis") {
        run_on_vitis(t.points, name, folder, report);
        report.text("project", folder);
        return;
    }
    const Buffer<int16_t> joined = run_on_cpu(t.points, name, o, report);
    if (!t.labels.empty())
        report.figure("digits in the group of their kind", purity(joined, t.labels, o.means), "%");
}

void run(const Options& o, support::Report& report) {
    constexpr int64_t few = 30, many = 10000; // points
    const int64_t most = o.target == "vitis" ? few : std::numeric_limits<int64_t>::max();
    std::optional<support::LabelledImages> images;
    if (o.points != "random") images = support::read_digit_files(o.digits);
    const int64_t digits = images ? images->count() : 0;
    std::vector<Type> types;
    for (const std::string& t : o.types)
        types.push_back(ir::parse_type(t, {}));
    for (size_t n = 0; n < types.size(); ++n) {
        std::vector<Task> tasks;
        if (images)
            tasks.push_back(
                {"digits",
                 pixel_points(*images, types[n], std::min({digits, most, o.count > 0 ? o.count : digits}),
                              o.means, o.seed),
                 images->labels});
        if (o.points != "digits")
            tasks.push_back({"random", random_points(types[n], std::min(most, o.count > 0 ? o.count : many),
                                                     o.dimensions, o.means, o.seed)});
        for (const Task& t : tasks)
            // One project has the folder itself.
            run(t,
                types.size() == 1 && o.points != "both" ? o.folder
                                                        : fmt::format("{}/{}_{}", o.folder, t.kind, n + 1),
                o, report);
    }
}

void describe(CLI::App& app, Options& o) {
    constexpr int64_t most = 1 << 20;
    app.add_option("--points", o.points, "what is grouped")
        ->check(CLI::IsMember({"digits", "random", "both"}))
        ->capture_default_str();
    app.add_option("--type", o.types, "of a coordinate, such as 'UInt(8)' or 'Fixed(16, 8)'; again for more")
        ->allow_extra_args(false)
        ->capture_default_str();
    app.add_option("--count", o.count, "how many points (default: all digits, 10,000 random ones)")
        ->check(CLI::Range(int64_t{1}, most));
    app.add_option("--dimensions", o.dimensions, "of random points")
        ->check(CLI::Range(1, 4096))
        ->capture_default_str();
    app.add_option("--means", o.means)->check(CLI::Range(1, 1000))->capture_default_str();
    app.add_option("--rounds", o.rounds)->check(CLI::Range(1, 1000))->capture_default_str();
    app.add_option("--seed", o.seed, "of random points, and of which points are the first means")
        ->capture_default_str();
    app.add_option("--target", o.target, "vitis: a project of at most 30 points, compiled and run")
        ->check(CLI::IsMember({"cpu", "vitis"}))
        ->capture_default_str();
    app.add_option("--folder", o.folder, "for the Vitis project")->capture_default_str();
    app.add_option("--digits", o.digits, "PREFIX of PREFIX-images.idx3.gz and PREFIX-labels.idx1.gz");
    app.add_option("--json", o.json, "write every figure to this file");
}

} // namespace

int main(int argc, char** argv) try {
    Options o;
    CLI::App app("K-means of handwritten digits and of random points, in integers and fixed point");
    describe(app, o);
    CLI11_PARSE(app, argc, argv);
    support::Report report(o.json);
    run(o, report);
    report.write_json();
    return 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "kmeans: %s\n", e.what());
    return 1;
}
