#pragma once
/// \file Whether a nest of a kernel's loops may be taken apart: each of its statements in loops of its own,
/// one behind the other.

#include "../src/edit.h"

namespace lathe::schedule::stencil {

class NestAccesses {
  public:
    explicit NestAccesses(const Edit& e) : edit(e) {}

    /// Another nest begins.
    void clear();
    /// What the next statement of the nest does, with the loops around it, outermost first. Only tensors that
    /// are asked about count.
    void add(const Stmt& s, const std::vector<Stmt>& loops, const std::function<bool(const Symbol&)>& counts);
    /// \throws Error when an element would be read, or stored, in another order
    void check() const;

  private:
    struct Access {
        Symbol tensor;
        std::vector<Expr> at;
        std::vector<Stmt> loops;
        size_t statement;
        bool write;
        Loc loc;
    };
    const Edit& edit;
    std::vector<Access> all;
    Facts ranges; ///< of all loops
    size_t statements = 0;

    void bound(const For& f);
    std::vector<Expr> distance(const Access& a, const Access& w) const;
    bool not_behind(const std::vector<Expr>& distance) const;
    bool not_before(const std::vector<Expr>& distance) const;
    void check_read(const Access& read, const Access& write) const;
    void check_writes(const Access& a, const Access& b) const;
};

} // namespace lathe::schedule::stencil
