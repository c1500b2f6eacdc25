#pragma once
/// \file The same two algorithms with like schedules, from nothing to callable code; each keeps its own
/// headers apart.

namespace compile_time {

/// The schedule's calls alone.
void schedule_gemm();
void schedule_gaussian();
/// A chain of stages, each a vector loop: its schedule's calls, and its way from there to code. Seconds.
struct ChainTime {
    double schedule, compile;
};
ChainTime lathe_chain(int stages);
/// A function with so many buffers, half of them outputs, from nothing to code.
void lathe_buffers(int buffers);

void lathe_gemm();
void lathe_gaussian();
void halide_gemm();
void halide_gaussian();

} // namespace compile_time
