#pragma once
/// \file The kinds of processes in a stencil's network. None grows with the number of lanes, the width of a
/// row or the number of processes of its kind.

#include "stencil_expand.h"

#include <functional>
#include <tuple>

namespace lathe::schedule::stencil {

/// What a call of a kind gives it beside its streams.
struct Compute {
    std::string name;
    bool at_point = false;     ///< behind the number of points, the position of the first one
    std::vector<Expr> scalars; ///< then these
};

/// What a process does that computes of its own results.
struct Recurrence {
    Stmt body;                 ///< of one point
    std::vector<Tensor> rings; ///< results that wait for it, around all points
};

/// Functions of the network: those that are equal become one.
class Kinds {
  public:
    Kinds(Edit& e, const Design& d) : edit(e), made_for(d), k(d.k) {}

    /// Reads the input in the grid's order, k elements at a time, one into each stream of an array.
    std::string loader(size_t flow);
    /// Takes words and hands them on: to the next one of the chain, and to so many readers. Its numbers: how
    /// many words, and for each of these the first word that it gets and the one behind its last.
    std::string forwarder(Type type, bool next, size_t readers);
    /// Computes the points of one lane. Its streams: one for each window, then the result.
    Compute compute(size_t flow);
    /// Writes what an array of k streams brings to where it belongs.
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
    std::vector<Function> all;
    std::map<std::tuple<std::string, bool, size_t>, std::string> forwarders;
    size_t results = 0;

    std::string add(Function f, const std::string& wish, const std::vector<Symbol>& loops);
    /// Under the name that it has now: with other types other processes may come in its place.
    Symbol loop(const std::string& name) { return edit.result(results++, name).renamed(name); }
    Loc loc() const { return edit.step().loc; }
    /// A new parameter.
    Expr number(Function& f, const std::string& name, Type type = IndexType()) const;
    StreamElement stream(Function& f, const std::string& name, Type type, Direction direction) const;
    StreamElement lanes(Function& f, const std::string& name, Type type, Direction direction,
                        const Symbol& lane) const;
    Stmt for_lanes(const Symbol& lane, Stmt body) const;
    Stmt pipelined(const Symbol& loop, const Expr& first, const Expr& extent, Stmt body,
                   int64_t ii = 1) const;
    Stmt with_elements(size_t flow, const std::vector<StreamElement>& taps, const Expr& first,
                       const Symbol& point, Stmt body) const;
    bool leaves(size_t flow, const Tap& t) const;
    Recurrence recurrence(const Flow& f, const Expr& value, const StreamElement& out,
                          const Symbol& point) const;
    std::vector<Expr> exists(const Node& of, int64_t offset, const Expr& first, const Symbol& point) const;
    Expr at_positions(size_t flow, const Expr& first, const Symbol& point) const;
    Expr add_scalars(Function& made, const Flow& f, const Expr& value, std::vector<Expr>& given) const;
    /// Registers, one for each lane, or for each element of a word.
    Tensor registers(const std::string& name, Type type, int64_t count) const;
    /// The loops over strips and places of the grid, and where they are; the innermost one has this name.
    std::pair<std::vector<Symbol>, std::vector<Expr>> grid_loops(const std::string& innermost);
    std::vector<Symbol> beat_loops();
    /// What passes an element: its lane, its place in the run, and whether it is there (undefined: it is).
    using PassElement = std::function<Stmt(const Symbol& lane, const Expr& at, const Expr& there)>;
    Stmt in_beats(size_t flow, const std::vector<Symbol>& loops, const PassElement& pass) const;
    std::string word_loader(size_t flow);
    std::string word_storer(size_t flow);
    std::string strip_loader(size_t flow);
    std::string strip_storer(size_t flow);
    /// What `make` makes where the lane has a token: not in all of the first and the last row.
    Stmt there(const Node& n, const Expr& row, const Expr& word, const Expr& lane,
               const std::function<Stmt()>& make) const;
    std::map<Symbol, Symbol> add_tables(Function& made, const Expr& value) const;
};

} // namespace lathe::schedule::stencil
