#pragma once
/// \file Which of a kernel's tensors flow, and which hold what is worked with at one point.

#include "../src/edit.h"

namespace lathe::schedule::stencil {

/// One store, with the loops around it, outermost first.
struct KernelStore {
    const StoreTarget* target;
    std::vector<Symbol> loops;
    Loc loc;
    bool uses(const Symbol& loop) const;
};

/// All stores in the statement; nothing of extern calls.
std::vector<KernelStore> stores_in(const Stmt& s);

/// Lets that read no tensor, as their values.
Stmt without_plain_lets(const Stmt& s);

class KernelSurvey {
  public:
    KernelSurvey(const Function& f, const Stmt& body);

    const std::vector<Tensor>& arrays() const { return local; }
    /// It is written element by element, in loops over its subscripts.
    bool flows(const Symbol& tensor) const { return flowing.contains(tensor); }
    /// It is the kernel's own, and each point has its own values in it.
    bool scratch(const Symbol& tensor) const;
    /// The stores to tensors that flow.
    std::vector<KernelStore> flow_stores(const Stmt& s) const;
    /// A loop over the subscripts of what flows is in it.
    bool has_grid(const Stmt& s) const;

  private:
    std::vector<Tensor> local;
    std::set<Symbol> flowing;
};

} // namespace lathe::schedule::stencil
