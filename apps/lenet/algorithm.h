#pragma once
/// \file LeNet: conv 20@5×5, pool, conv 50@5×5, pool, 500, 10, with relu or tanh.

#include <lathe/nn/layers.h>

enum class Activation : uint8_t { relu, tanh };

struct LeNet {
    lathe::Input image; ///< {N, 1, 28, 28}, from 0 to 1
    /// w1, b1, … w4, b4: of the two convolutions and the two dense layers.
    std::vector<lathe::Input> weights;
    lathe::nn::Layer sum1;  ///< the first convolution …
    lathe::Func rows1;      ///< … a copy, for the schedule …
    lathe::nn::Layer pool1; ///< … and pool and activation (a pool first is the same, and less work)
    lathe::nn::Layer act1;
    lathe::nn::Layer sum2;
    lathe::Func rows2;
    lathe::nn::Layer pool2, act2;
    lathe::nn::Layer flat; ///< {N, 800}
    lathe::nn::Layer sum3; ///< the dense layer of 500
    lathe::nn::Layer act3;
    lathe::nn::Layer logits; ///< {N, 10}
    lathe::Param N;          ///< images

    std::vector<lathe::TensorRef> weight_tensors() const;
    /// What is kept between layers: the image and the activations.
    std::vector<lathe::TensorRef> activation_tensors() const;
};

/// In float32; other types by quantize.
LeNet lenet(Activation activation);

/// Weights and activations in the given types, sums in the exact type that this makes.
void quantize(lathe::Schedule& s, const LeNet& net, lathe::Type weights, lathe::Type activations);
/// A type for each of the four layers' weights, and for what each layer reads.
void quantize(lathe::Schedule& s, const LeNet& net, const std::array<lathe::Type, 4>& weights,
              const std::array<lathe::Type, 4>& activations);

/// Tiles of sums in registers; images in parallel.
lathe::Schedule cpu_schedule(const LeNet& net, const lathe::Target& target = lathe::Target::host());
lathe::Schedule vitis_schedule(const LeNet& net, int64_t images);
