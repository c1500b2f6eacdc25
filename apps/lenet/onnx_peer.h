#pragma once
/// \file LeNet's ONNX file by onnxruntime in a Python of the user's, to be compared with.

#include <lathe/ir/buffer.h>

/// That Python has no onnxruntime.
struct NoOnnxRuntime : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class OnnxPeer {
  public:
    /// Images {N, 1, 28, 28} in float32. \throws NoOnnxRuntime.
    OnnxPeer(std::string python, const lathe::AnyBuffer& images);
    ~OnnxPeer();
    OnnxPeer(const OnnxPeer&) = delete;
    OnnxPeer& operator=(const OnnxPeer&) = delete;

    const std::string& version() const { return runtime; }
    const std::vector<float>& logits() const { return results; } ///< of all images, ten each
    /// The shortest call on the first `count` images, on one thread.
    double seconds(int64_t count, double budget) const;

  private:
    std::string call(int64_t count, const std::string& last) const;

    std::string python, folder, runtime;
    lathe::AnyBuffer pixels;
    std::vector<float> results;
};
