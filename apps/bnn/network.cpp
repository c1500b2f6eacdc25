#include "bnn/network.h"

#include "support/idx.h"
#include "support/tensor_file.h"

using namespace lathe;

namespace {

constexpr int side = 28;

AnyBuffer reshaped(const AnyBuffer& b, std::vector<int64_t> shape) {
    AnyBuffer r(b.type(), std::move(shape));
    std::copy_n(b.data(), static_cast<size_t>(b.size()) * ir::element_bytes(b.type()), r.data());
    return r;
}

} // namespace

BnnData::BnnData(const std::string& file, const std::string& digits) {
    const auto all = support::read_tensor_file(file);
    const auto bits = [&](const char* name, const std::vector<int64_t>& shape) {
        return support::packed(support::tensor_of(all, name, shape, file));
    };
    const auto threshold = [&](const char* name, int64_t channels) {
        return support::converted(support::tensor_of(all, name, {channels}, file), Int(16));
    };
    weights = {reshaped(bits("w1", {64, 25}), {64, 1, 1}),
               threshold("t1", 64),
               bits("w2", {64, 3, 3, 64}),
               threshold("t2", 64),
               bits("w3", {256, 5, 5, 64}),
               threshold("t3", 256),
               reshaped(bits("w4", {10, 256}), {10, 1, 1})};
    support::LabelledImages images = support::read_digit_files(digits);
    pixels = std::move(images.images.bytes);
    labels = std::move(images.labels);
}

std::vector<AnyBuffer> BnnData::inputs(int64_t n) const {
    if (n < 0 || n > count()) ir::fail({}, "there are {} digits", count());
    Buffer<uint32_t> image(UInt(28), {n, side});
    for (int64_t row = 0; row < n * side; ++row) {
        uint32_t word = 0;
        for (int x = 0; x < side; ++x) {
            constexpr int dark = 96;
            word |= static_cast<uint32_t>(pixels[static_cast<size_t>(row * side + x)] >= dark) << x;
        }
        image.begin()[row] = word;
    }
    std::vector<AnyBuffer> all = {image};
    all.insert(all.end(), weights.begin(), weights.end());
    return all;
}

double BnnData::accuracy(const AnyBuffer& digits) const {
    int64_t right = 0;
    for (int64_t n = 0; n < digits.extent(0); ++n)
        right += digits.get({n}).as_int64() == label(n);
    return 100.0 * static_cast<double>(right) / static_cast<double>(digits.extent(0));
}
