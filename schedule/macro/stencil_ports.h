#pragma once
/// \file How arguments of the program pass between the network and memory: element by element, or in words at
/// ports of their own.

#include "stencil_read.h"

#include "lathe/schedule/stencil.h"

namespace lathe::schedule::stencil {

class Grid;

/// Of a tensor that memory holds.
struct Port {
    int64_t pack = 0;  ///< elements of a word; 0: it passes element by element
    int64_t ports = 1; ///< words are dealt out to them in turn
    /// Words hold its elements without a gap, and its rows in the grid are filled up: a process brings the
    /// one into the order of the other.
    bool rows = false;
    bool in_words() const { return pack > 0; }
    int64_t beat() const { return pack * ports; } ///< elements that all ports pass in a cycle
};

/// Of each flow: arguments alone have words. \throws Error for words that lanes cannot share out, that hold
/// no element, or that the argument has not.
std::vector<Port> ports_of(const Edit& e, const Stencil& s, const StencilOptions& options);
/// Inputs in words flow whole rows at a time, from the begin of a word on.
void read_whole_words(Stencil& s, const std::vector<Port>& ports);
/// Or, in strips, whole words, where these are counted from the begin of a row.
void read_whole_beats(Stencil& s, const std::vector<Port>& ports);
/// Strips begin and end with whole words of all of them: the positions that these have in common; 1: none.
int64_t common_beat(const std::vector<Port>& ports);
/// Which of them have rows that are not those of the grid. \throws Error when strips would share words
void find_rows(const Edit& e, const Stencil& s, const Grid& grid, int64_t k, std::vector<Port>& ports);
/// The arguments' layouts.
void lay_out(Edit& e, const Stencil& s, const std::vector<Port>& ports);

/// Elements of a flow that lie in memory behind each other and are read or written in order: where they
/// begin, and how many there are. \pre it is in words, and there are no strips
struct DenseRun {
    int64_t first, count;
};
DenseRun dense_run(const Flow& f);

} // namespace lathe::schedule::stencil
