#pragma once
/// \file LeNet in plain C++, to be measured beside.

#include <vector>

/// Weights w1, b1, … w4, b4 and images as the generated function takes them; logits {count, 10}.
void plain_lenet(const std::vector<const float*>& weights, const float* images, int count, bool relu,
                 float* logits);
