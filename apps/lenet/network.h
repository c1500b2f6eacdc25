#pragma once
/// \file LeNet's trained weights, the digits, and how many of them a schedule reads right.

#include "lenet/algorithm.h"

class LeNetData {
  public:
    /// The weights and the digits PREFIX-images.idx3.gz of `folder`. \throws Error naming the file.
    LeNetData(Activation activation, const std::string& folder, const std::string& prefix = "digits-test");
    /// Digits of another set, and weights from another file.
    LeNetData(const std::string& weights, const std::string& digits);

    /// The files that the first of these reads.
    static std::vector<std::string> files(Activation activation, const std::string& folder,
                                          const std::string& prefix);

    int64_t count() const { return static_cast<int64_t>(labels.size()); }
    int label(int64_t image) const { return labels[static_cast<size_t>(image)]; }
    uint8_t pixel(int64_t image, int y, int x) const;
    /// The inputs of a schedule's module for images first … first + count − 1, in its types and order.
    std::vector<lathe::AnyBuffer> inputs(const lathe::Module& m, int64_t first, int64_t count) const;
    /// The digit that each image is taken for.
    std::vector<int> digits(const lathe::Schedule& s, int64_t count) const;
    /// In percent, of the first `count` images.
    double accuracy(const lathe::Schedule& s, int64_t count) const;

  private:
    lathe::AnyBuffer image_buffer(lathe::Type type, int64_t first, int64_t count) const;
    std::map<std::string, lathe::AnyBuffer> weights; ///< in float32
    std::vector<uint8_t> pixels, labels;
    /// Weights in other types, as they were needed.
    mutable std::map<std::pair<std::string, std::string>, lathe::AnyBuffer> cache;
};

/// The place of the greatest of each row; the first of equals.
std::vector<int> greatest(const lathe::AnyBuffer& logits);
