#pragma once
/// \file What the machine can do at best.

namespace support {

/// Measured float32 multiply-add peak of one thread in GFLOP/s (two operations each): independent chains of
/// the widest FMA that this CPU has, nothing else. 0 where the CPU has no FMA instruction that we know.
double fma_peak_gflops();

} // namespace support
