#pragma once
/// \file Where a tensor lives, and how its elements lie there.

#include <cstdint>
#include <string>
#include <vector>

namespace lathe {

/// Where a piece of a program runs: the processor that is called, or a Vitis kernel on an FPGA.
enum class Side : uint8_t { host, device };

/// Where a tensor lives: an open registry. heap, stack, register (scalars and vectors that lowering keeps in
/// SSA form: every access must have constant subscripts after unrolling and vectorization); on an FPGA also
/// block RAM, UltraRAM, RAM of look-up tables, and the banks of memory beside it. A machine that has no such
/// memory takes the one that it would take by itself.
class MemorySpace {
  public:
    MemorySpace() = default; ///< heap
    explicit MemorySpace(std::string name) : space(std::move(name)) {}
    static MemorySpace heap() { return MemorySpace("heap"); }
    static MemorySpace stack() { return MemorySpace("stack"); }
    static MemorySpace registers() { return MemorySpace("register"); }
    static MemorySpace bram() { return MemorySpace("bram"); }
    static MemorySpace uram() { return MemorySpace("uram"); }
    static MemorySpace lutram() { return MemorySpace("lutram"); }
    /// An argument's bank of memory beside the FPGA. \throws Error unless 0 ≤ bank < 256.
    static MemorySpace hbm(int bank);
    static MemorySpace ddr(int bank);
    /// Memory beside the FPGA, in whatever bank.
    static MemorySpace device() { return MemorySpace("device"); }
    const std::string& name() const { return space; }
    /// One of an FPGA's own memories: bram, uram, lutram.
    bool on_chip() const { return space == "bram" || space == "uram" || space == "lutram"; }
    /// A bank beside the FPGA: hbm0, ddr1.
    bool beside() const { return space.starts_with("hbm") || space.starts_with("ddr"); }
    /// Memory of the device: the host reaches it by Copy statements only.
    bool on_device() const { return space == "device" || beside(); }
    friend bool operator==(const MemorySpace&, const MemorySpace&) = default;

  private:
    std::string space = "heap";
};

/// How the positions of a dimension are dealt out to banks, which are accessed at the same time (UG1399,
/// pragma HLS array_partition): each its own bank; position i in bank i mod factor; or in bank
/// i div ⌈extent / factor⌉.
enum class Partition : uint8_t { none, complete, cyclic, block };
/// In place of one dimension.
inline constexpr int all_dimensions = -1;
/// Its name as Vitis spells it.
const char* partition_name(Partition p);

} // namespace lathe

namespace lathe::ir {

/// One dimension of a layout.
struct DimLayout {
    int64_t pad = 0;   ///< room for so many elements more, behind the last one
    int64_t align = 1; ///< the room is a multiple of it
    int64_t fold = 0;  ///< room for so many elements: i and i + fold share their place. 0: for all of them
    Partition partition = Partition::none;
    int64_t factor = 0; ///< banks, of cyclic and block
    friend bool operator==(const DimLayout&, const DimLayout&) = default;
};

/// How a tensor's elements lie in memory: see `layout` in lathe/ir/layout.h. Empty lists: row-major and
/// dense.
struct Layout {
    std::vector<int64_t> shape;  ///< the same elements in the same row-major order, in an array of that shape
    std::vector<int> order;      ///< the tensor's dimensions as they are stored, outermost first
    std::vector<DimLayout> dims; ///< one for each of the tensor's, or of the shape's
    int64_t pack = 1;            ///< so many neighbours in the innermost stored dimension make a word
    bool plain() const { return *this == Layout(); }
    friend bool operator==(const Layout&, const Layout&) = default;
};

} // namespace lathe::ir
