#pragma once
/// \file What the tests of the DSL share.

#include "refusal.h"

#include "lathe/dsl/algorithm.h"
#include "lathe/dsl/boundary.h"
#include "lathe/dsl/math.h"
#include "lathe/dsl/reduction.h"
#include "lathe/ir/interpret.h"
#include "lathe/ir/print.h"
#include "lathe/ir/visit.h"

#include <doctest/doctest.h>
#include <random>

inline std::string printed(const std::vector<lathe::Func>& outputs) {
    return lathe::print(lathe::build(outputs).module);
}

template <class T>
lathe::Buffer<T> random_buffer(std::vector<int64_t> shape, int low, int high, unsigned seed = 1) {
    lathe::Buffer<T> buffer(std::move(shape));
    std::mt19937 random(seed);
    for (T& x : buffer)
        x = static_cast<T>(low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1)));
    return buffer;
}

/// Runs the algorithm of one output.
inline void run(const lathe::Func& f, const std::vector<lathe::AnyBuffer*>& arguments,
                const std::map<std::string, lathe::Value>& scalars = {}) {
    interpret(lathe::build({f}).module, arguments, scalars);
}
