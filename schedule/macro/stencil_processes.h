#pragma once
/// \file The kinds of processes in a stencil's network. None grows with the number of lanes, the width of a
/// row or the number of processes of its kind.

#include "stencil_expand.h"

#include <functional>
#include <map>

namespace lathe::schedule::stencil {

/// A process that computes, and what it is given beside its streams.
struct Compute {
    std::string name;
    std::vector<Expr> values;
};

/// A stream whose tokens are words of so many lanes; of one lane: elements.
StreamDeclaration stream_of_words(const std::string& name, Type type, int64_t lanes, Loc loc);

/// A stream of words as a process is given it.
struct WordStream {
    Symbol symbol;
    Type type;
    int64_t lanes = 1; ///< of a word
};

/// What a process does that computes of its own results.
struct Recurrence {
    Stmt body;                 ///< of one point
    std::vector<Tensor> rings; ///< results that wait for it, around all points
};

/// Functions of the network: those that are equal become one.
class Kinds {
  public:
    Kinds(Edit& e, const Design& d) : edit(e), made_for(d), k(d.k), inputs(fed(d.nodes, d.plan)) {}

    /// Reads the input in the grid's order, a word of k elements at a time.
    std::string loader(size_t flow);
    /// Takes the words of a tensor and hands them on: to the next one of the chain, and to its readers. Its
    /// numbers: how many words, and for each of these the first word that it gets and the one behind its
    /// last.
    std::string forwarder(size_t flow, size_t place);
    /// Computes the points of a word. Its streams: one for each distance at which it reads, then the result.
    Compute compute(size_t flow);
    /// What its streams bring.
    const std::vector<Fed>& reads(size_t flow) const { return inputs[flow]; }
    /// Writes what a stream of words brings to where it belongs.
    std::string storer(size_t flow);
    /// Brings elements that come without a gap, k at a time, into the grid's order, and those of the grid
    /// into theirs.
    std::string into_rows(size_t flow);
    std::string out_of_rows(size_t flow);

    /// Puts them into the Module.
    void add_all();

  private:
    Edit& edit;
    const Design& made_for;
    int64_t k;
    std::vector<std::vector<Fed>> inputs; ///< of each node
    std::vector<Function> all;
    /// By what a token is, and by the lanes that each one gets.
    std::map<std::pair<std::string, std::vector<int64_t>>, std::string> forwarders;
    size_t results = 0;

    std::string add(Function f, const std::string& wish, const std::vector<Symbol>& loops);
    /// Under the name that it has now: with other types other processes may come in its place.
    Symbol loop(const std::string& name) { return edit.result(results++, name).renamed(name); }
    Loc loc() const { return edit.step().loc; }
    /// A new parameter.
    Expr number(Function& f, const std::string& name, Type type = IndexType()) const;
    WordStream stream(Function& f, const std::string& name, Type type, int64_t lanes,
                      Direction direction) const;
    /// An element of a word.
    using Element = std::function<Expr(const Expr& lane)>;
    /// What makes a statement of the elements of a word that has come.
    using WithWord = std::function<Stmt(const Element&)>;
    Stmt take(const WordStream& from, const std::string& name, const WithWord& body) const;
    /// The same for all of them, side by side.
    using WithWords = std::function<Stmt(const std::vector<Element>&)>;
    Stmt take_all(const std::vector<WordStream>& in, std::vector<Symbol>& loops, const WithWords& body);
    Element in_registers(const Tensor& word) const;
    /// The same for some iterations of a loop; in the others the elements are 0.
    Stmt take_some(const WordStream& from, const Symbol& loop, const Expr& first, const Expr& end,
                   const std::pair<Symbol, Symbol>& lanes, const WithWord& body) const;
    /// The same for each lane, which it is told.
    Stmt take_lanes(const WordStream& from, const Symbol& lane,
                    const std::function<Stmt(const Expr& element)>& body) const;
    /// What states the lane's element by `put`.
    using Put = std::function<Stmt(const Expr& value)>;
    using PutLane = std::function<Stmt(const Put& put)>;
    Stmt give(const WordStream& to, const Symbol& lane, const PutLane& value) const;
    Stmt give(const WordStream& to, const Symbol& lane, const Expr& value) const;
    Stmt for_lanes(const Symbol& lane, int64_t lanes, Stmt body) const;
    Stmt pipelined(const Symbol& loop, const Expr& first, const Expr& extent, Stmt body,
                   int64_t ii = 1) const;
    Expr tap(size_t flow, const Tap& t, const std::vector<Element>& words, const Symbol& lane) const;
    Recurrence recurrence(const Flow& f, const Expr& value, const Put& put, const Symbol& point) const;
    Expr at_positions(size_t flow, const Expr& first, const Symbol& point, const Symbol& lane) const;
    Expr add_scalars(Function& made, const Flow& f, const Expr& value, std::vector<Expr>& given) const;
    /// Registers, one for each lane, or for each element of a word.
    Tensor registers(const std::string& name, Type type, int64_t count) const;
    /// The loops over strips and places of the grid, and where they are; the innermost one has this name.
    std::pair<std::vector<Symbol>, std::vector<Expr>> grid_loops(const std::string& innermost);
    std::vector<Symbol> beat_loops();
    /// What passes a word: its lanes, the number of its first element in memory's order, and how many there
    /// are from that on (undefined: all).
    using PassWord = std::function<Stmt(const Symbol& lane, const Expr& first, const Expr& left)>;
    Stmt in_beats(size_t flow, const std::vector<Symbol>& loops, const PassWord& pass) const;
    std::string word_loader(size_t flow);
    std::string word_storer(size_t flow);
    std::string strip_loader(size_t flow);
    std::string strip_storer(size_t flow);
    /// The statement where the tensor has that word of the row: not in all of the first and the last one.
    Stmt there(const Node& n, const Expr& row, const Expr& word, Stmt body) const;
    std::map<Symbol, Symbol> add_tables(Function& made, const Expr& value) const;
};

} // namespace lathe::schedule::stencil
