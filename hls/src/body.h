#pragma once
/// \file Statements in C++.

#include "lathe/ir/stmt.h"
#include "scope.h"

#include <optional>

namespace lathe::hls {

using namespace ir;

class BodyEmitter {
  public:
    /// `sizes`: facts of one run, which loop_tripcount shows.
    BodyEmitter(Scope& s, Writer& w, const std::map<Symbol, Expr>& sizes)
        : scope(s), out(w), run_sizes(sizes) {}

    void emit(const Stmt& s);
    /// A tensor with data, as a constant array.
    void constant(const Tensor& t);

  private:
    void block(const Stmt& body);
    void loop(const For& s);
    void leave_unless(const Expr& condition);
    void while_loop(const While& s);
    void print_line(const Print& s);
    void call(const ExternCall& s);
    void branch(const If& s);
    void let(const LetStmt& s);
    void store(const Store& s);
    void reduce(const Reduce& s);
    void allocate(const Allocate& s);
    void local(const Tensor& t);
    void check_bounds(const Stmt& s);
    void check(const Assert& s);
    void stage(const Stage& s);
    void pragmas(const For& s);
    void tripcount(const For& s);
    void declare(const Tensor& t, const std::vector<int64_t>& extents);

    Scope& scope;
    Writer& out;
    const std::map<Symbol, Expr>& run_sizes;
    std::string stage_name; ///< of the loops' labels
    Names labels;
};

} // namespace lathe::hls
