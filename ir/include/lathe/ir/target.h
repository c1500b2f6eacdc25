#pragma once
/// \file The machine that code is generated for.

#include "lathe/ir/type.h"

namespace lathe {

/// A CPU, an operating system and the CPU's extensions. Its name lists them: "x86-64-linux" (SSE2),
/// "x86-64-linux-avx2" (with FMA and F16C), "x86-64-linux-avx512" (F, BW, CD, DQ, VL), after the level any of
/// "-vnni" and "-bf16" (AVX-512's), and "-threads": networks of processes run at the same time, each process
/// a thread, and not one process after the other. A small value.
class Target {
  public:
    /// \throws Error at `loc` naming the part that is not known, and those that are.
    explicit Target(const std::string& name, Loc loc = Loc::current());
    /// This machine: everything that both the CPU and the operating system support.
    static Target host();

    /// The same machine, where networks of processes are threads.
    Target with_threads() const;

    /// The name in its one canonical spelling; `Target(t.name()) == t`.
    std::string name() const;
    /// Bits of the widest vector register.
    int vector_bits() const;
    /// Number of vector registers.
    int vector_registers() const;
    /// How many elements of `element`'s container fill a vector register; 1 for types wider than 64 bits.
    int natural_lanes(Type element) const;
    bool has_fma() const { return level >= Level::avx2; }
    bool has_half_conversion() const { return level >= Level::avx2; } ///< Float(16) ↔ Float(32) in hardware
    bool has_vnni() const { return vnni; }
    bool has_bf16() const { return bf16; }
    bool has_threads() const { return threads; }
    /// Can code for `other` run on this machine?
    bool runs(const Target& other) const;
    /// \throws Error unless it can.
    void must_run(const Target& other) const;

    // For LLVM.
    std::string triple() const;
    std::string cpu() const;
    std::string features() const;

    friend bool operator==(const Target&, const Target&) = default;

  private:
    enum class Level : uint8_t { baseline, avx2, avx512 };
    Target() = default;
    Level level = Level::baseline;
    bool vnni = false;
    bool bf16 = false;
    bool threads = false;
};

} // namespace lathe
