#pragma once
/// \file The same two algorithms with like schedules, from nothing to callable code; each keeps its own
/// headers apart.

namespace compile_time {

void lathe_gemm();
void lathe_gaussian();
void halide_gemm();
void halide_gaussian();

} // namespace compile_time
