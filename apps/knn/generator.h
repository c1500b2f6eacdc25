#pragma once
#include <lathe/driver/generator.h>

/// knn(train, labels, test, digit).
lathe::Generator knn_generator();
