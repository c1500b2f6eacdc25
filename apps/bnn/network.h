#pragma once
/// \file The binary network's bits and thresholds, and the digits as it sees them.

#include "bnn/algorithm.h"

class BnnData {
  public:
    /// \throws Error naming the file that is not as it should be.
    BnnData(const std::string& weights, const std::string& digits);
    int64_t count() const { return static_cast<int64_t>(labels.size()); }
    int label(int64_t image) const { return labels[static_cast<size_t>(image)]; }
    /// The network's inputs for the first `count` digits.
    std::vector<lathe::AnyBuffer> inputs(int64_t count) const;
    double accuracy(const lathe::AnyBuffer& digits) const; ///< in percent

  private:
    std::vector<lathe::AnyBuffer> weights;
    std::vector<uint8_t> pixels, labels;
};
