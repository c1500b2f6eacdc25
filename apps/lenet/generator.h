#pragma once
#include <lathe/driver/generator.h>

/// lenet(image, w1, b1, …, w4, b4, logits); explore varies the types of each layer's weights and of what it
/// reads.
lathe::Generator lenet_generator();
