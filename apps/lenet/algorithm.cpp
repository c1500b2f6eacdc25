#include "lenet/algorithm.h"

using namespace lathe;

LeNet lenet(Activation activation) {
    const Param N("N");
    const Input image("image", Float(32), {N, 1, 28, 28});
    const auto input = [](Name name, const Shape& shape) { return Input(name, Float(32), shape); };
    const std::vector<Input> w = {
        input("w1", {20, 1, 5, 5}),  input("b1", {20}),  input("w2", {50, 20, 5, 5}), input("b2", {50}),
        input("w3", {50 * 16, 500}), input("b3", {500}), input("w4", {500, 10}),      input("b4", {10})};
    const auto act = [&](Name name, const nn::Layer& l) {
        return activation == Activation::relu ? nn::relu(name, l) : nn::tanh(name, l);
    };
    const nn::Layer sum1 = nn::conv2d("sum1", image, w[0], w[1]);
    const Func rows1 = copy("rows1", sum1.out);
    const nn::Layer pool1 = nn::max_pool("pool1", rows1), act1 = act("act1", pool1);
    const nn::Layer sum2 = nn::conv2d("sum2", act1, w[2], w[3]);
    const Func rows2 = copy("rows2", sum2.out);
    const nn::Layer pool2 = nn::max_pool("pool2", rows2), act2 = act("act2", pool2);
    const nn::Layer flat = nn::flatten("flat", act2);
    const nn::Layer sum3 = nn::dense("sum3", flat, w[4], w[5]), act3 = act("act3", sum3);
    const nn::Layer logits = nn::dense("logits", act3, w[6], w[7]);
    return {image, w, sum1, rows1, pool1, act1, sum2, rows2, pool2, act2, flat, sum3, act3, logits, N};
}

std::vector<TensorRef> LeNet::weight_tensors() const {
    return {weights.begin(), weights.end()};
}

std::vector<TensorRef> LeNet::activation_tensors() const {
    return {image, act1, act2, act3};
}

void quantize(Schedule& s, const LeNet& net, Type weights, Type activations) {
    quantize(s, net, {weights, weights, weights, weights},
             {activations, activations, activations, activations});
}

void quantize(Schedule& s, const LeNet& net, const std::array<Type, 4>& weights,
              const std::array<Type, 4>& activations) {
    const std::array<TensorRef, 4> read = {net.image, net.act1, net.act2, net.act3};
    const std::array<TensorRef, 4> sums = {net.sum1, net.sum2, net.sum3, net.logits};
    constexpr std::array<int64_t, 4> products = {25, 500, 800, 500};
    std::vector<TypeChoice> choices;
    for (size_t l = 0; l < 4; ++l) {
        choices.push_back({{net.weights[2 * l], net.weights[2 * l + 1]}, weights[l]});
        choices.push_back({{read[l]}, activations[l]});
        // One more for the bias, which is aligned with the products.
        const Type products_of = nn::product_sum_type(weights[l], activations[l], products[l]);
        choices.push_back({{sums[l]}, ir::sum_type(ir::aligned_type(products_of, weights[l], {}), 2, {})});
    }
    s.quantize(choices);
}
