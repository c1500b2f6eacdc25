#pragma once
/// \file Time on a shared, noisy machine: pinned, best of many.

#include <functional>

namespace support {

/// Pins the calling thread (and those it starts) to the first `count` processors that it may use. \return how
/// many it got.
int pin_to_cores(int count);

/// The shortest run of `f`, in seconds: at least `runs` runs, and until `budget_s` seconds have gone.
double best_seconds(const std::function<void()>& f, int runs = 5, double budget_s = 0.5);

/// Runs `a` and `b` in turns, so that both see the same machine. \return the shortest run of each, in
/// seconds.
std::pair<double, double> best_in_turns(const std::function<void()>& a, const std::function<void()>& b,
                                        int runs = 5, double budget_s = 1.0);

} // namespace support
