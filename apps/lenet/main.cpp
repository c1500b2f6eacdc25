/// \file Reads the 1,000 test digits by LeNet in any types: accuracy, confusion table, wrong digits as a
/// picture, speed beside plain C++; or its Vitis kernel on a few of them.

#include "lenet/network.h"
#include "plain.h"
#include "support/measure.h"
#include "support/png_image.h"
#include "support/report.h"
#include "support/threads.h"
#include "support/vitis.h"

#include <CLI/CLI.hpp>
#include <lathe/driver/plot.h>
#include <lathe/ir/files.h>
#include <lathe/ir/parse.h>

namespace {

using namespace lathe;

struct Options {
    std::string activation = "relu", weights, inputs, target = "cpu", folder = "lenet_vitis",
                digits = SUPPORT_DATA "/digits-test", file, wrong, curve, json;
    int images = 1000;
    bool relu() const { return activation == "relu"; }
    Activation kind() const { return relu() ? Activation::relu : Activation::tanh; }
};

void print_confusion(const LeNetData& data, const std::vector<int>& found) {
    int table[10][10] = {};
    for (size_t n = 0; n < found.size(); ++n)
        ++table[data.label(static_cast<int64_t>(n))][found[n]];
    std::printf("\ndigit \\ read as%6d", 0);
    for (int d = 1; d < 10; ++d)
        std::printf("%6d", d);
    for (int row = 0; row < 10; ++row) {
        std::printf("\n%14d ", row);
        for (const int count : table[row])
            count ? std::printf("%6d", count) : std::printf("%6s", ".");
    }
    std::printf("\n\n");
}

/// The digits that were taken for others, twelve in a row.
void write_wrong(const LeNetData& data, const std::vector<int>& found, const std::string& path) {
    constexpr int side = 28, gap = 4, columns = 12;
    std::vector<int64_t> wrong;
    for (size_t n = 0; n < found.size(); ++n)
        if (found[n] != data.label(static_cast<int64_t>(n))) wrong.push_back(static_cast<int64_t>(n));
    const int rows = std::max(1, static_cast<int>((wrong.size() + columns - 1) / columns));
    support::Image picture = {columns * (side + gap), rows * (side + gap), 1, {}};
    picture.pixels.assign(static_cast<size_t>(picture.width) * picture.height, 255);
    for (size_t k = 0; k < wrong.size(); ++k)
        for (int y = 0; y < side; ++y)
            for (int x = 0; x < side; ++x)
                picture.at(static_cast<int>(k) / columns * (side + gap) + y,
                           static_cast<int>(k) % columns * (side + gap) + x) =
                    static_cast<uint8_t>(255 - data.pixel(wrong[k], y, x));
    support::write_png(path, picture);
}

void measure(const LeNetData& data, const Schedule& s, const Options& o, support::Report& report) {
    const JitFunction lenet = jit(s);
    for (const int batch : {1, 64, 1000}) {
        const int64_t count = std::min<int64_t>(batch, data.count());
        std::vector<AnyBuffer> inputs = data.inputs(s, 0, count);
        AnyBuffer logits(s.module().top().arguments.back().tensor.type, {count, 10});
        std::vector<AnyBuffer*> arguments;
        for (AnyBuffer& b : inputs)
            arguments.push_back(&b);
        arguments.push_back(&logits);
        const auto ours = [&] { lenet.call(arguments); };
        const std::string name = fmt::format("batch {}, 1 thread", batch);
        support::use_threads(1);
        if (inputs.front().type() != Float(32)) {
            report.figure(name, static_cast<double>(count) / support::best_seconds(ours, 3, 0.5), "images/s");
            continue;
        }
        std::vector<const float*> weights;
        for (size_t w = 1; w < inputs.size(); ++w)
            weights.push_back(reinterpret_cast<const float*>(inputs[w].data()));
        std::vector<float> plain(static_cast<size_t>(count) * 10);
        const auto [mine, theirs] = support::best_in_turns(
            ours,
            [&] {
                plain_lenet(weights, reinterpret_cast<const float*>(inputs[0].data()),
                            static_cast<int>(count), o.relu(), plain.data());
            },
            3, 1.0);
        report.figure(name, static_cast<double>(count) / mine, "images/s");
        report.figure(name + ", beside plain C++ -O3", theirs / mine, "x");
    }
}

/// Accuracy with Fixed(i, i − 2) and Fixed(16, f), rounded and saturated, and as AMD's default truncates.
void write_curve(const LeNetData& data, const LeNet& net, const Options& o, support::Report& report) {
    const Schedule base = cpu_schedule(net);
    const double reference = data.accuracy(base, o.images);
    Plot plot{"LeNet (" + o.activation + ") on " + std::to_string(o.images) + " test digits",
              "bits of a weight and of an activation",
              "accuracy in %",
              {}};
    plot.series.push_back({"float32", {{2, reference}, {8, reference}}, true});
    for (const bool rounded : {true, false}) {
        PlotSeries series{rounded ? "Fixed(i, i - 2, rnd, sat)" : "Fixed(i, i - 2)", {}, true};
        for (int i = 2; i <= 8; ++i) {
            const Type t = rounded ? Fixed(i, i - 2, Round::rnd, Overflow::sat) : Fixed(i, i - 2);
            Schedule s = base;
            quantize(s, net, t, t);
            series.points.emplace_back(i, data.accuracy(s, o.images));
            report.figure(t.str(), series.points.back().second, "%");
        }
        plot.series.push_back(series);
    }
    for (int f = 8; f <= 14; f += 2) {
        const Type t = Fixed(16, f);
        Schedule s = base;
        quantize(s, net, t, t);
        report.figure(t.str(), data.accuracy(s, o.images), "%");
    }
    ir::write_file(o.curve, svg(plot));
    report.text("written", o.curve);
}

void run(const Options& o, support::Report& report) {
    const LeNetData data(
        o.file.empty() ? fmt::format("{}/lenet-{}.tensors", SUPPORT_DATA, o.activation) : o.file, o.digits);
    const LeNet net = lenet(o.kind());
    const int64_t count = std::min<int64_t>(o.images, data.count());
    const auto typed = [&](Schedule s) {
        if (o.weights.empty() && o.inputs.empty()) return s;
        const std::string both = o.weights.empty() ? o.inputs : o.weights;
        quantize(s, net, ir::parse_type(both, {}), ir::parse_type(o.inputs.empty() ? both : o.inputs, {}));
        return s;
    };
    if (o.target == "vitis") {
        const int64_t images = std::min<int64_t>(count, 2);
        const Schedule s = typed(vitis_schedule(net, images));
        VitisOptions options{.top = "lenet"};
        options.inputs = data.inputs(s, 0, images);
        report.text("lenet", support::run_vitis(s, o.folder, options));
        report.text("project", o.folder);
        return;
    }
    if (!o.curve.empty()) return write_curve(data, net, o, report);
    support::pin_to_cores(2);
    const Schedule s = typed(cpu_schedule(net));
    const std::vector<int> found = data.digits(s, count);
    int64_t right = 0;
    for (int64_t n = 0; n < count; ++n)
        right += found[static_cast<size_t>(n)] == data.label(n);
    report.figure("accuracy",
                  100.0 * static_cast<double>(right) / static_cast<double>(std::max<int64_t>(count, 1)), "%");
    print_confusion(data, found);
    if (!o.wrong.empty()) write_wrong(data, found, o.wrong);
    measure(data, s, o, report);
}

} // namespace

int main(int argc, char** argv) try {
    Options o;
    CLI::App app("LeNet on handwritten digits, in float32 or any other types");
    app.add_option("--activation", o.activation)
        ->check(CLI::IsMember({"relu", "tanh"}))
        ->capture_default_str();
    app.add_option("--weights", o.weights, "their type, such as 'Fixed(8, 6, rnd, sat)' (default: float32)");
    app.add_option("--inputs", o.inputs, "the type of what layers read (default: that of the weights)");
    app.add_option("--images", o.images, "how many digits")
        ->check(CLI::Range(1, 1 << 20))
        ->capture_default_str();
    app.add_option("--digits", o.digits, "PREFIX of PREFIX-images.idx3.gz and PREFIX-labels.idx1.gz");
    app.add_option("--file", o.file, "weights (default: those in apps/data)");
    app.add_option("--wrong", o.wrong, "write the digits that are read wrong to this PNG");
    app.add_option("--curve", o.curve, "measure the accuracy with 2 to 8 bits, and write it to this SVG");
    app.add_option("--target", o.target)->check(CLI::IsMember({"cpu", "vitis"}))->capture_default_str();
    app.add_option("--folder", o.folder, "for the Vitis project")->capture_default_str();
    app.add_option("--json", o.json, "write every figure to this file");
    CLI11_PARSE(app, argc, argv);
    support::Report report(o.json);
    run(o, report);
    report.write_json();
    return 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "lenet: %s\n", e.what());
    return 1;
}
