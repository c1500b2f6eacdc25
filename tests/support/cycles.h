#pragma once
/// \file Runs of the cycle simulator, compared with the interpreter.

#include "programs.h"

#include "lathe/ir/cycles.h"

/// The arguments that are read, with random values.
inline std::vector<lathe::AnyBuffer> inputs_of(const lathe::Module& m) {
    const std::vector<lathe::AnyBuffer> all = lathe::make_arguments(m, {}, 3);
    std::vector<lathe::AnyBuffer> read;
    for (size_t n = 0; n < all.size(); ++n)
        if (m.top().arguments[n].direction != lathe::ir::Direction::out) read.push_back(all[n]);
    return read;
}

/// It has ended, with the values of the interpreter for those inputs.
inline void check_values(const lathe::Module& m, const lathe::CycleReport& r) {
    REQUIRE_MESSAGE(!r.deadlock, r.deadlock->str());
    const std::vector<lathe::AnyBuffer> right = lathe::run(m, {}, 3);
    size_t next = 0;
    for (size_t n = 0; n < right.size(); ++n)
        if (m.top().arguments[n].direction != lathe::ir::Direction::in)
            CHECK(bit_equal(right[n], r.results.at(next++)));
}
