/// \file Reads the 1,000 test digits by LeNet in any types: accuracy, confusion table, wrong digits as a
/// picture, speed beside plain C++; or its Vitis kernel on a few of them.

#include "lenet/network.h"
#include "onnx_peer.h"
#include "plain.h"
#include "support/measure.h"
#include "support/png_image.h"
#include "support/report.h"
#include "support/threads.h"
#include "support/vitis.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <lathe/driver/outputs.h>
#include <lathe/driver/plot.h>
#include <lathe/ir/files.h>
#include <lathe/ir/parse.h>

namespace {

using namespace lathe;

struct Options {
    std::string activation = "relu", weights, inputs, target = "cpu", folder = "lenet_vitis",
                digits = SUPPORT_DATA "/digits-test", file, wrong = "lenet_wrong.png", curve, onnxruntime,
                json;
    int images = 1000;
    bool agreement = false;
    bool reads() const { return target == "cpu" && curve.empty() && !agreement; } ///< digits, and shows them
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
void write_wrong(const LeNetData& data, const std::vector<int>& found, const std::string& path,
                 support::Report& report) {
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
    const bool replaced = std::filesystem::exists(path);
    support::write_png(path, picture);
    report.text("wrong digits", fmt::format("{}, shown in {}{}", wrong.size(), path,
                                            replaced ? ", which was there and is replaced" : ""));
}

/// How far float32 logits are from onnxruntime's, as a part of the image's largest |logit|. \throws where
/// that is more than other orders of summation explain.
void check_agreement(const OnnxPeer& peer, const LeNetData& data, const Schedule& s, int64_t count,
                     support::Report& report) {
    constexpr double allowed = 1e-5;
    const AnyBuffer logits = realize(s, data.inputs(s, 0, count)).front();
    if (logits.type() != Float(32))
        ir::fail({}, "onnxruntime computes in float32, and LeNet has other types here");
    double farthest = 0;
    for (int64_t n = 0; n < count; ++n) {
        double most = 0, apart = 0;
        for (int64_t digit = 0; digit < 10; ++digit) {
            const double theirs = peer.logits()[static_cast<size_t>(n * 10 + digit)];
            most = std::max(most, std::abs(theirs));
            apart = std::max(apart, std::abs(theirs - logits.get({n, digit}).as_double()));
        }
        farthest = std::max(farthest, apart / most);
    }
    report.text("onnxruntime", peer.version());
    report.figure("farthest from onnxruntime, of an image's largest |logit|", farthest, "");
    if (!(farthest <= allowed))
        ir::fail({}, "LeNet in float32 differs from onnxruntime by more than {}", allowed);
}

void measure(const LeNetData& data, const Schedule& s, const Options& o, const OnnxPeer* peer,
             support::Report& report) {
    const JitFunction lenet = jit(s);
    for (const int64_t count : {1, 64, 1000}) {
        if (count > data.count()) break;
        std::vector<AnyBuffer> inputs = data.inputs(s, 0, count);
        AnyBuffer logits(s.module().top().arguments.back().tensor.type, {count, 10});
        std::vector<AnyBuffer*> arguments;
        for (AnyBuffer& b : inputs)
            arguments.push_back(&b);
        arguments.push_back(&logits);
        const auto ours = [&] { lenet.call(arguments); };
        const std::string name = fmt::format("batch {}, 1 thread", count);
        support::use_threads(1);
        if (inputs.front().type() != Float(32)) {
            report.figure(name, static_cast<double>(count) / support::best_seconds(ours, 3, 0.5), "images/s");
            continue;
        }
        std::vector<const float*> weights;
        for (size_t w = 1; w < inputs.size(); ++w)
            weights.push_back(reinterpret_cast<const float*>(inputs[w].data()));
        std::vector<float> plain(static_cast<size_t>(count) * 10);
        const auto plainly = [&] {
            plain_lenet(weights, reinterpret_cast<const float*>(inputs[0].data()), static_cast<int>(count),
                        o.relu(), plain.data());
        };
        auto [mine, theirs] = support::best_in_turns(ours, plainly, 3, 1.0);
        constexpr int turns = 3;
        double by_onnx = std::numeric_limits<double>::infinity();
        for (int turn = 0; peer && turn < turns; ++turn) {
            by_onnx = std::min(by_onnx, peer->seconds(count, 1.0));
            const auto [again, plain_again] = support::best_in_turns(ours, plainly, 3, 1.0);
            mine = std::min(mine, again);
            theirs = std::min(theirs, plain_again);
        }
        report.figure(name, static_cast<double>(count) / mine, "images/s");
        report.figure(name + ", beside plain C++ -O3", theirs / mine, "x");
        if (peer) report.figure(name + ", beside onnxruntime", by_onnx / mine, "x");
    }
}

/// Accuracy with Fixed(i, i − 2) and Fixed(16, f), rounded and saturated, and as AMD's default truncates.
void write_curve(const LeNetData& data, const LeNet& net, const Options& o, int64_t images,
                 support::Report& report) {
    const Schedule base = cpu_schedule(net);
    const double reference = data.accuracy(base, images);
    report.figure("float32", reference, "%");
    Plot plot{fmt::format("LeNet ({}) on {} test digits", o.activation, images),
              "bits of a weight and of an activation",
              "accuracy in %",
              {}};
    constexpr int wide = 16;
    plot.series.push_back({"float32", {{2, reference}, {wide, reference}}, true});
    for (const bool rounded : {true, false}) {
        PlotSeries series{rounded ? "Fixed(i, i - 2, rnd, sat)" : "Fixed(i, i - 2)", {}, true};
        for (int i = 2; i <= 8; ++i) {
            const Type t = rounded ? Fixed(i, i - 2, Round::rnd, Overflow::sat) : Fixed(i, i - 2);
            Schedule s = base;
            quantize(s, net, t, t);
            series.points.emplace_back(i, data.accuracy(s, images));
            report.figure(t.str(), series.points.back().second, "%");
        }
        plot.series.push_back(series);
    }
    PlotSeries column{"Fixed(16, f), f = 2, 4 … 14", {}, false};
    for (int f = 2; f <= 14; f += 2) {
        const Type t = Fixed(wide, f);
        Schedule s = base;
        quantize(s, net, t, t);
        column.points.emplace_back(wide, data.accuracy(s, images));
        report.figure(t.str(), column.points.back().second, "%");
    }
    plot.series.push_back(column);
    ir::write_file(o.curve, svg(plot));
    report.text("written", o.curve);
}

void run(const Options& o, support::Report& report) {
    check_outputs({{"--json", o.json}, {"--wrong", o.reads() ? o.wrong : ""}, {"--curve", o.curve}});
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
    if (!o.curve.empty()) return write_curve(data, net, o, count, report);
    support::pin_to_cores(2);
    const Schedule s = typed(cpu_schedule(net));
    std::optional<OnnxPeer> peer;
    if (!o.onnxruntime.empty()) {
        if (!o.relu()) ir::fail({}, "the ONNX file is of --activation relu");
        const Schedule own = cpu_schedule(net);
        peer.emplace(o.onnxruntime, data.inputs(own, 0, count).front());
        check_agreement(*peer, data, s, count, report);
        if (o.agreement) return;
    }
    const std::vector<int> found = data.digits(s, count);
    int64_t right = 0;
    for (int64_t n = 0; n < count; ++n)
        right += found[static_cast<size_t>(n)] == data.label(n);
    report.figure("accuracy",
                  100.0 * static_cast<double>(right) / static_cast<double>(std::max<int64_t>(count, 1)), "%");
    print_confusion(data, found);
    if (!o.wrong.empty()) write_wrong(data, found, o.wrong, report);
    measure(data, s, o, peer ? &*peer : nullptr, report);
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
    app.add_option("--wrong", o.wrong, "the PNG to write with the digits that are read wrong; '': none")
        ->capture_default_str();
    app.add_option("--curve", o.curve,
                   "measure the accuracy with 2 to 8 bits and with 16, and write it to this SVG");
    auto* onnxruntime =
        app.add_option("--onnxruntime", o.onnxruntime,
                       "compare with onnxruntime by this Python, such as python3 (`./x peers` "
                       "installs the wheel into .deps/peers, for PYTHONPATH)");
    app.add_flag("--agreement", o.agreement, "compare the logits alone; ends with 77 without that wheel")
        ->needs(onnxruntime);
    app.add_option("--target", o.target)->check(CLI::IsMember({"cpu", "vitis"}))->capture_default_str();
    app.add_option("--folder", o.folder, "for the Vitis project")->capture_default_str();
    app.add_option("--json", o.json, "write every figure to this file");
    CLI11_PARSE(app, argc, argv);
    support::Report report(o.json);
    run(o, report);
    report.write_json();
    return 0;
} catch (const NoOnnxRuntime& e) {
    std::fprintf(stderr, "lenet: %s\n", e.what());
    constexpr int skipped = 77; // as ctest reads it
    return skipped;
} catch (const std::exception& e) {
    std::fprintf(stderr, "lenet: %s\n", e.what());
    return 1;
}
