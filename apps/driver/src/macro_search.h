#pragma once
/// \file The search over the designs of a macro: which designs to look at, and what a model says of each.

#include "engine.h"
#include "macro.h"

#include <functional>
#include <set>

namespace lathe {

/// What is estimated of a design, by the names of macro_schema. \throws Error when there is no such design.
using Estimates = std::map<std::string, exploring::Cell>;
using EstimateDesign = std::function<Estimates(const StencilOptions& options)>;
/// For the designs of one schedule.
using EstimateDesigns = std::function<EstimateDesign(const Schedule&, const StageRef& out)>;

/// What a search asks about designs on a board.
struct MacroModel {
    EstimateDesigns estimate;
    int64_t port_bits = 512; ///< of a memory port's word
    std::string setup;       ///< the board with its limits: equal ones give equal estimates
    std::vector<std::string> make_options = {}; ///< for the program that makes a design for this board
    double dsp = 0;                             ///< that a design may use
};
/// For a board by its name or file, limits such as "dsp=0.7", and the banks of memory that each array lies
/// in.
using MakeMacroModel =
    std::function<MacroModel(const std::string& arch, const std::vector<std::string>& limits, int64_t banks)>;
/// Estimates of the library's own. \throws Error naming the boards, or saying what a limit is.
MacroModel board_model(const std::string& name, const std::vector<std::string>& limits, int64_t banks);

/// How much passes in a cycle: points, and bits at a port (0: element by element).
struct Width {
    int64_t unroll, word;
};

/// The designs of one choice of types.
struct TypedDesigns {
    std::vector<Type> types; ///< one for each Variation; none: the algorithm's own
    Schedule schedule;
    std::vector<Width> widths;
    std::string refused = ""; ///< why there is no algorithm of these types, if so
};

struct MacroSpace {
    ir::Symbol out;
    std::vector<Variation> vary;
    std::vector<TypedDesigns> typed;
    std::vector<std::vector<int64_t>> tiles;
    std::vector<int64_t> iterate; ///< ascending: what does not fit with few steps does not with more
    bool in_place = false;

    size_t size() const;
};

/// Choices and measures of a design: so many options of the macro, then types. The last measure says why
/// there is none, if so.
constexpr size_t macro_options = 4;
exploring::Schema macro_schema(const std::vector<Variation>& vary);

/// Which numbers of points in a cycle fit to words of memory: those that divide a word's elements, and
/// multiples of a word, up to `most`. In ascending order.
std::vector<int64_t> fitting_unrolls(const std::set<int>& element_bits, int64_t port_bits, int64_t most);
/// Whether lanes share out words of all of these elements: the lanes divide a word's elements, or these them.
bool shares_words(int64_t unroll, int64_t word, const std::set<int>& element_bits);

struct MacroResults {
    /// Seconds of rows that are stored together: the disk would take longer than the estimates.
    static constexpr double store_interval = 0.25;
    std::vector<exploring::Row> rows;  ///< each design that was looked at
    std::vector<exploring::Row> front; ///< of those that fit, the fastest last
    size_t left_out = 0;               ///< designs of more steps than one that does not fit or is refused
    /// Why designs are refused: an example, and of how many.
    std::vector<std::pair<std::string, size_t>> refused;
    size_t too_large = 0; ///< do not fit
};

/// The same space and estimates give the same results, so that a search that was stopped goes the same way
/// again, past what `store` knows.
MacroResults search_macro(const MacroSpace& space, const EstimateDesigns& estimates, exploring::Store& store,
                          bool quiet);

/// `PROGRAM explore … --macro …`. \return the exit status.
int explore_macro_main(int argc, const char* const* argv, const std::vector<Generator>& generators,
                       const MakeMacroModel& make_model);

} // namespace lathe
