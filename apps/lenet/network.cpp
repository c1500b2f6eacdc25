#include "lenet/network.h"

#include "support/idx.h"
#include "support/tensor_file.h"

using namespace lathe;

namespace {

constexpr int side = 28;

std::string weights_file(Activation a, const std::string& folder) {
    return folder + (a == Activation::relu ? "/lenet-relu.tensors" : "/lenet-tanh.tensors");
}

} // namespace

LeNetData::LeNetData(Activation activation, const std::string& folder, const std::string& prefix)
    : LeNetData(weights_file(activation, folder), folder + "/" + prefix) {}

std::vector<std::string> LeNetData::files(Activation activation, const std::string& folder,
                                          const std::string& prefix) {
    return {weights_file(activation, folder), folder + "/" + prefix + "-images.idx3.gz",
            folder + "/" + prefix + "-labels.idx1.gz"};
}

LeNetData::LeNetData(const std::string& file, const std::string& digits) {
    weights = support::read_tensor_file(file);
    const std::map<std::string, std::vector<int64_t>> shapes = {
        {"w1", {20, 1, 5, 5}}, {"b1", {20}},  {"w2", {50, 20, 5, 5}}, {"b2", {50}},
        {"w3", {800, 500}},    {"b3", {500}}, {"w4", {500, 10}},      {"b4", {10}}};
    for (const auto& [name, shape] : shapes)
        support::tensor_of(weights, name, shape, file);
    support::LabelledImages all = support::read_digit_files(digits);
    pixels = std::move(all.images.bytes);
    labels = std::move(all.labels);
}

uint8_t LeNetData::pixel(int64_t image, int y, int x) const {
    return pixels[static_cast<size_t>((image * side + y) * side + x)];
}

AnyBuffer LeNetData::image_buffer(Type type, int64_t first, int64_t n) const {
    AnyBuffer b(type, {n, 1, side, side});
    std::vector<Value> shades;
    for (int shade = 0; shade < 256; ++shade)
        shades.push_back(ir::cast(type, Value::from_double(Float(32), shade / 256.0)));
    const size_t width = ir::element_bytes(type);
    const size_t begin = static_cast<size_t>(first) * side * side;
    for (size_t i = 0; i < static_cast<size_t>(b.size()); ++i)
        ir::store_element(type, b.data() + i * width, shades[pixels[begin + i]]);
    return b;
}

std::vector<AnyBuffer> LeNetData::inputs(const Module& m, int64_t first, int64_t n) const {
    if (first < 0 || n < 0 || first + n > count()) ir::fail({}, "there are {} digits", count());
    std::vector<AnyBuffer> all;
    for (const ir::Argument& a : m.top().arguments) {
        if (a.direction != ir::Direction::in) continue;
        const std::string& name = a.tensor.symbol.name();
        const Type type = a.tensor.type;
        if (name == "image") {
            all.push_back(image_buffer(type, first, n));
            continue;
        }
        AnyBuffer& kept = cache[{name, type.str()}];
        if (kept.rank() == 0) kept = support::converted(weights.at(name), type);
        all.push_back(kept);
    }
    return all;
}

std::vector<int> greatest(const AnyBuffer& logits) {
    std::vector<int> all;
    for (int64_t n = 0; n < logits.extent(0); ++n) {
        int best = 0;
        double most = 0;
        for (int o = 0; o < static_cast<int>(logits.extent(1)); ++o) {
            const double x = logits.get({n, o}).as_double();
            if (o == 0 || x > most) best = o, most = x;
        }
        all.push_back(best);
    }
    return all;
}

std::vector<int> LeNetData::digits(const Schedule& s, int64_t n) const {
    return greatest(realize(s, inputs(s, 0, n)).front());
}

double LeNetData::accuracy(const Schedule& s, int64_t n) const {
    const std::vector<int> found = digits(s, n);
    int64_t right = 0;
    for (int64_t i = 0; i < n; ++i)
        right += found[static_cast<size_t>(i)] == label(i);
    return n == 0 ? 0 : 100.0 * static_cast<double>(right) / static_cast<double>(n);
}
