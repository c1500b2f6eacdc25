#pragma once
/// \file Kernels emitted for Vitis, compiled with AMD's types, in this process.

#include "lathe/ir/buffer.h"
#include "lathe/ir/stmt.h"

#include <array>
#include <string>
#include <vector>

class VitisKernels {
  public:
    /// Emits the module's kernel, or its program of host and device; returns its number. \throws lathe::Error
    /// as vitis_source does.
    size_t add(const lathe::Module& m);
    /// All kernels as one shared object. \throws std::runtime_error with the compiler's output.
    void compile(const std::string& compiler);
    void compile();
    const std::string& source(size_t kernel) const { return sources[kernel]; }
    /// Runs a kernel in place. Returns what it threw.
    std::string run(size_t kernel, const std::vector<lathe::AnyBuffer*>& arguments,
                    const std::map<std::string, lathe::Value>& scalars) const;
    /// Processes of a dataflow take turns at random from now on, in the order of this seed; 0: in a fixed
    /// one.
    void stall(uint64_t seed) const;
    /// What the program that ran last copied: copies and bytes to the device, then to the host.
    std::array<uint64_t, 4> device_use() const;
    /// The kernel computes what the interpreter computes on `reference`, for each of the sizes.
    void expect_right(size_t kernel, const lathe::Module& reference,
                      const std::vector<std::map<std::string, int64_t>>& all) const;
    /// The same for all kernels, in the order in which they were added, whose sizes are bound: in a fixed
    /// order of processes, and under so many seeds more.
    void expect_right_stalled(const std::vector<lathe::Module>& references, uint64_t seeds) const;

  private:
    using Run = void (*)(int kernel, uint64_t* const* limbs, const int64_t* sizes, std::string* error);
    std::vector<lathe::Module> modules;
    std::vector<std::string> sources, entries; ///< what is called of each
    std::string on_devices;                    ///< kernels of programs of host and device, by name
    Run entry = nullptr;
    void (*last_use)(uint64_t*) = nullptr; ///< where one has a device
    void (*set_seed)(uint64_t) = nullptr;  ///< where a kernel has streams
};

/// An array that several processes of a dataflow are given, with them: Vitis takes it in one that reads and
/// one that writes. Empty: there is none.
std::string shared_array(const std::string& source);

/// The folder with AMD's headers.
std::string vitis_headers();

/// The compilers that kernels are tried with: the build's own, and clang++-19 where there is one.
std::vector<std::string> vitis_compilers();
