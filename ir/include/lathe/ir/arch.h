#pragma once
/// \file Boards: what an FPGA has, the memory beside it, and what operators cost there. Each board is a JSON
/// file; see docs/arch.md.

#include "lathe/ir/expr.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace lathe::ir {

/// What one circuit takes, and its latency. DSPs come in halves where two operators share one.
struct CircuitCost {
    double dsp = 0, bram18 = 0, lut = 0, ff = 0;
    double cycles = 0;  ///< a part of one: several follow each other in a cycle
    std::string source; ///< of the figures; empty: it costs nothing
};

/// Parts of a network of processes that are no operators.
enum class NetworkPart : uint8_t {
    forwarder, ///< a process that hands words on
    element,   ///< what a process that computes has beside its operators
    port,      ///< to a bank of memory
    fifo_srl,  ///< a FIFO in shift registers
    fifo_bram  ///< the logic of one in BRAM or URAM; not its memory
};

/// Costs of operators by their types: ir/arch/operators.json, with what a board changes.
class OperatorTable {
  public:
    OperatorTable(); ///< as it is for UltraScale+
    /// \param changes JSON of the same form, with the entries that are others; \param where for messages
    /// \throws Error naming the entry that the table does not have, or that is no cost.
    OperatorTable(const std::string& changes, const std::string& where, Loc loc);
    /// Of the node alone, without its operands. A product with a constant is shifts and adders where few
    /// suffice; a division is a divider, unless it shifts.
    CircuitCost cost(const Expr& node) const;
    /// \param bits of its words
    CircuitCost cost(NetworkPart part, int64_t bits = 0) const;

  private:
    struct Rows;
    std::shared_ptr<const Rows> rows;
};

/// Blocks of 18 Kbit (RAMB18) for words of so many bits: the fewest, of all ways to put blocks side by side
/// and one behind the other, each 512 × 36, 1K × 18, 2K × 9, 4K × 4, 8K × 2 or 16K × 1.
int64_t bram18_blocks(int64_t bits, int64_t words);
/// Blocks of UltraRAM, 4K × 72.
int64_t uram_blocks(int64_t bits, int64_t words);

} // namespace lathe::ir

namespace lathe {

/// So much of each kind. BRAM in blocks of 18 Kbit.
struct ArchResources {
    int64_t dsp = 0, bram18 = 0, uram = 0, lut = 0, ff = 0;
    bool operator==(const ArchResources&) const = default;
};

/// The part of each that a design may use.
struct ArchShares {
    double dsp = 1, bram18 = 1, uram = 1, lut = 1, ff = 1;
};

/// Equal banks of memory beside the FPGA.
struct ArchMemory {
    std::string kind; ///< "DDR4", "HBM2", …
    int64_t banks = 0;
    int64_t port_bits = 0;       ///< of one bank, in a cycle
    double bytes_per_second = 0; ///< of one bank
    int64_t bytes = 0;           ///< of one bank
    /// What one bank brings at this clock: the memory's, or the port's if that is less.
    double rate(double clock_mhz) const;
};

struct ArchBurst {
    int64_t most_beats = 0;  ///< in one burst
    int64_t boundary = 0;    ///< in bytes: no burst crosses a multiple of it
    int64_t least_beats = 0; ///< shorter ones show their start
    int64_t gap_cycles = 0;  ///< lost between two bursts
};

/// A board with an FPGA.
///
///     export_vitis(schedule, "gemm_project", Arch("u280"));
///     Arch mine("boards/mine.json");
struct Arch {
    /// A board that Lathe knows, or the path of a board's file, which ends in .json. \throws Error naming
    /// the boards that there are, or the file and what is wrong in it.
    explicit Arch(const std::string& name, Loc loc = Loc::current());
    /// From JSON. \param where the file's name, for messages
    static Arch parse(const std::string& json, const std::string& where, Loc loc = Loc::current());
    /// The names of those that Lathe knows.
    static std::vector<std::string> boards();

    std::string name;
    std::string title; ///< in words
    std::string part;  ///< as Vitis names it
    double clock_mhz = 0;
    ArchResources resources;
    ArchShares shares;
    std::vector<ArchMemory> memories; ///< those that a design uses first come first
    ArchBurst burst;
    ir::OperatorTable operators;
    std::map<std::string, std::string> sources; ///< where each of the figures is from

    /// What a design may use.
    ArchResources limits() const;
    /// The figures and their sources, to be read.
    std::string text() const;

  private:
    struct Blank {};
    explicit Arch(Blank) {}
};

} // namespace lathe
