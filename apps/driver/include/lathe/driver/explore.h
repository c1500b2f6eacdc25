#pragma once
/// \file Search over number types: `PROGRAM explore GENERATOR --vary …`. Search over a macro's designs needs
/// nothing of a generator: `PROGRAM explore GENERATOR --macro stencil --arch …`.

#include <lathe/lathe.h>

#include <functional>

namespace lathe {

/// What a generator offers for a search.
struct Exploration {
    /// Tensors that change their type together.
    struct Group {
        std::string name;
        std::vector<TensorRef> tensors;
    };
    Schedule schedule; ///< with the algorithm's own types
    std::vector<Group> groups;
    /// How right the schedule's results are on data, in percent. Without it only costs are compared, and a
    /// search by accuracy is refused.
    std::function<double(const Schedule&)> score = {};
    /// Gives groups their types; those that are not in the map keep theirs. By default quantize, all at once.
    std::function<void(Schedule&, const std::map<std::string, Type>&)> apply = {};
    /// What `score` and `apply` read, besides the generator's parameters: a store of results that were found
    /// with other contents, or with another algorithm or other constants, is refused.
    std::vector<std::string> files = {};
};

/// One point of a search.
struct Candidate {
    std::vector<Type> types; ///< one for each group that varies
    double accuracy = 0;     ///< in percent; 0 without a score
    int64_t bits = 0; ///< of the tensors of the groups that vary; a size that is no constant counts as 1
    double multipliers = 0; ///< estimated DSP blocks, one multiplier for each product in the program's text
    int64_t memory = 0;     ///< estimated: bits of all tensors
    double seconds = 0;     ///< what the score took on this CPU; no objective
};

/// Those that no other beats: at least as good in accuracy, bits, multipliers and memory, and better in one.
/// In order of bits, then accuracy.
std::vector<Candidate> pareto_front(const std::vector<Candidate>& all);

struct Generator;

/// `PROGRAM explore …`, after generator_main has seen the word. \return the exit status.
int explore_main(int argc, const char* const* argv, const std::vector<Generator>& generators);

} // namespace lathe
