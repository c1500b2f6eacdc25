#pragma once
/// \file What the macro `stencil` would make on a board: how fast, and of what. See docs/macros.md.

#include "lathe/ir/arch.h"
#include "lathe/schedule/schedule.h"

namespace lathe {

/// How arrays lie in the memory beside the FPGA. Each has banks of its own as far as there are banks.
struct StencilMemory {
    int64_t banks_per_input = 1;
    int64_t banks_per_output = 1;
    int64_t word_bits = 512; ///< of what is read or written in a cycle, in one bank
};

/// How one array passes between the network and memory.
struct StencilPort {
    std::string array;
    bool written = false;
    int64_t ports = 1;           ///< with a bank for each
    int64_t word_bits = 0;       ///< of a word at one of them
    int64_t elements = 1;        ///< in such a word
    int64_t words = 0;           ///< of one run, at all of them
    double wanted = 0, roof = 0; ///< bytes per second at one port: what the lanes want, what its bank gives
};

/// What a network would cost, and how fast it would be. *Estimated*: nothing was synthesised.
struct StencilEstimate {
    double clock_mhz = 0;
    int64_t points = 0; ///< outputs of one run
    int64_t cycles = 0; ///< of one run, with the operators' latencies and the memory's limits
    double seconds = 0;
    int64_t network_cycles = 0; ///< with processes of one cycle, and memory that never waits
    double gpoints = 0, gops = 0, gops_taps_as_adds = 0; ///< per second
    /// Per point, all stages together. Taps as adds: in each stage that adds, each element that it adds up
    /// counts as an addition, the first one, too.
    double operations = 0, operations_taps_as_adds = 0;
    int64_t bytes_read = 0, bytes_written = 0;
    double bandwidth = 0, bandwidth_roof = 0; ///< bytes per second: what the lanes want, what the banks give
    int64_t payload_words = 0, payload_bits = 0; ///< that wait by law
    int64_t fifo_bits = 0;                       ///< the room that all FIFOs have
    double dsp = 0;
    int64_t bram18 = 0, uram = 0, lut = 0, ff = 0;
    int64_t processes = 0;
    std::string
        binding;       ///< what limits: "lanes", "bandwidth", or what there is too little of, "DSP", "BRAM" …
    bool fits = false; ///< within what a design may use of the board

    int64_t lanes = 0;                 ///< points that are computed in a cycle
    int64_t pipeline_cycles = 0;       ///< beyond network_cycles, because operators take longer than a cycle
    int64_t bram18_fifos = 0;          ///< of bram18: FIFOs deeper than 32 words
    double bytes_per_point = 0;        ///< read and written
    double dividers = 0;               ///< in all lanes
    int64_t banks = 0;                 ///< in use
    std::vector<StencilPort> ports;    ///< of inputs, then of outputs
    std::map<std::string, double> use; ///< of each limit, the part that is used: above 1 it does not fit
    std::string size;                  ///< "in 480 × 640 Float(32), out 478 × 638 Float(32)"
    std::string board;

    std::string text() const;
    std::string json() const;
};

/// Estimates of one Func: its stages are read once, and each estimate plans a network for other options. For
/// searches; it may be asked by several threads.
class StencilModel {
  public:
    StencilModel(const Schedule& s, const StageRef& out);
    /// As if s.stencil(out, options) were called. Throws what that call would throw, and an Error for banks
    /// that are none.
    StencilEstimate operator()(const StencilOptions& options, const Arch& arch,
                               const StencilMemory& memory = {}) const;

  private:
    struct Reads;
    Schedule schedule;
    StageRef func;
    std::shared_ptr<Reads> reads;
};

/// One estimate: StencilModel(s, out)(options, arch, memory).
StencilEstimate estimate_stencil(const Schedule& s, const StageRef& out, const StencilOptions& options,
                                 const Arch& arch, const StencilMemory& memory = {});

} // namespace lathe
