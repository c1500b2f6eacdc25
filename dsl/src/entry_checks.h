#pragma once
/// \file What a function checks when it is called: that sizes make sense, and that what its stages touch lies
/// within the tensors.

#include "nodes.h"
#include "touched.h"

namespace lathe {

using namespace ir;

/// The parameter is a bare extent of the tensor.
bool has_extent(const TensorData& tensor, const Param& param);
/// It is a bare extent or a bare min.
bool has_size(const TensorData& tensor, const Param& param);

class EntryChecks {
  public:
    /// What is asked of one tensor.
    struct Requirement {
        std::vector<Touch> touches;
        Region region; ///< of all touches together
    };

    /// A size is not negative. `bound`: a buffer gives it, so that nothing needs a check.
    void size(const Param& param, bool bound);
    void add(const Expr& condition, const std::string& message, Loc loc);
    /// Notes what the stage touches, and checks that its loop variables fit where they are values.
    void stage(const Stmt& s);
    /// \throws Error when a touch certainly leaves the tensor.
    void check_region(const TensorData& tensor, const std::vector<Dim>& declared);

    const Facts& facts() const { return known; }
    Requirement& required(const Symbol& tensor) { return requirements[tensor]; }
    Region unite(const Region& region, const Region& more) const;
    /// The checks, then `body`.
    Stmt before(const Stmt& body) const;

  private:
    void check_value(const IndexValue& v);
    void check_touch(const TensorData& tensor, const Touch& touch, const Region& outer, const Region& whole);

    Facts known;
    std::vector<Stmt> asserts;
    std::map<Symbol, Requirement> requirements;
};

} // namespace lathe
