#pragma once
/// \file Where the tokens of a stencil's network wait, and how long: arithmetic alone, no IR.
///
/// All tensors lie on one grid, whose points are counted in one row: a *linear* position. A stage reads, for
/// its point p, the points p + offset of what it reads. k points are computed in a cycle: word m of lane q is
/// point m·k + q, so an offset a is, seen from lane q, word m + ⌊(q + a) / k⌋ of lane (q + a) mod k.
///
/// Each tensor flows in words of all its lanes through a chain of forwarding processes: one for each distance
/// at which somebody reads, the newest first. The FIFO between two of them holds as many words as they are
/// apart, of those lanes that somebody reads later. Law: for one consumer the elements that it holds,
/// but for those that nobody has read yet, add up to the reach of its window, a_max − a_min, whatever k is;
/// fewer than k wait that nobody has read yet.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lathe::schedule::stencil {

constexpr int64_t ceil_div(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

/// One element that a stage reads for each of its points, as far as there is one.
struct Tap {
    size_t of;      ///< the node
    int64_t offset; ///< linear
};

/// A tensor that flows: an input, or what a stage computes.
struct Node {
    int64_t first = 0, last = 0; ///< its linear positions
    int64_t width = 32;          ///< bits of an element
    std::vector<Tap> taps = {};  ///< none: an input
    bool stored = false;         ///< it goes to memory, too
    int64_t ii = 1;              ///< cycles until its next point can begin
};

/// Words first … last, counted from the grid's first one.
struct Words {
    int64_t first = 0, last = -1;
    bool empty() const { return last < first; }
    int64_t count() const { return empty() ? 0 : last - first + 1; }
    Words hull(const Words& o) const;
    Words common(const Words& o) const;
    Words later(int64_t words) const { return {first + words, last + words}; }
    bool operator==(const Words&) const = default;
};

/// Lanes next to each other: first … end − 1.
struct Lanes {
    int64_t first = 0, end = 0;
    bool empty() const { return end <= first; }
    int64_t count() const { return empty() ? 0 : end - first; }
    Lanes hull(const Lanes& o) const;
    bool operator==(const Lanes&) const = default;
};

/// Who gets words of a forwarding process.
struct Feed {
    static constexpr size_t store = SIZE_MAX;
    size_t consumer; ///< a node, or `store`
    int64_t ahead;   ///< it reads word m + ahead for its word m
    Lanes lanes;     ///< that it reads of each
    Words words;     ///< that it gets, one for each of its own; the tensor may begin later, or end before
};

/// A process that reads words, in order, and hands each one to whoever needs it now. A reader whose window
/// leaves the tensor gets words of 0 for those that are missing, so that it reads one of each for a point.
struct Forwarder {
    int64_t delay = 0; ///< words that pass between a word's arrival and its use here
    Lanes lanes;       ///< that it reads
    Words words;       ///< that it hands out: what is missing of them is 0
    Words read;        ///< that it reads
    Words next;        ///< that it passes on; empty: it is the chain's last
    int64_t hold = 0;  ///< words that wait on the way to the next one
    std::vector<Feed> feeds;
};

/// The newest first; none: nobody reads but the storer.
using Chain = std::vector<Forwarder>;

/// Words that wait in front of a chain.
int64_t wait_before(const Chain& c);

struct Plan {
    int64_t k = 1;
    std::vector<int64_t> start; ///< of a node: in which cycle its word 0 would be there
    std::vector<Chain> chains;  ///< of a node
};

/// What a stage reads at one distance.
struct Fed {
    size_t of; ///< the node
    const Feed* feed;
};

/// All that each node reads, in the order of its taps' nodes and of their chains.
std::vector<std::vector<Fed>> fed(const std::vector<Node>& nodes, const Plan& p);

/// Word n holds positions n·k … n·k + k − 1; those that hold one of the node.
Words words_of(const Node& n, int64_t k);

/// The word that lane 0 reads for an offset, and how many lanes further its element is: where that is beyond
/// the last lane, it is in the word behind it.
struct Distant {
    int64_t ahead, turn;
};
Distant distant(int64_t offset, int64_t k);

/// The chains and their delays: each node starts as early as what it reads allows, and where several paths
/// join, inputs are delayed so that the bits that wait are least. Of a window that leaves what it reads, the
/// part that is there is fed. \pre a node reads nodes before it
Plan plan(const std::vector<Node>& nodes, int64_t k);

/// How many words of a FIFO must have room so that a writer and a reader that are `hold` words apart work in
/// every cycle: a write is seen in the next cycle, and a full FIFO takes none.
constexpr int64_t chain_depth(int64_t hold) {
    return hold + 1;
}
constexpr int64_t lane_depth(int64_t wait) {
    return wait + 2;
}

} // namespace lathe::schedule::stencil
