#pragma once
/// \file The accesses of a program as sets of points: one variable for each loop and for each unknown value.
/// A dependence is between two instances, so every access can be translated for side 0 and for side 1; what
/// is the same for both (the loops around the region, parameters) has one variable.
///
/// What isl cannot say becomes a variable that may be anything: a product of two variables, what memory
/// holds, a division by a variable. So a set may be too large, never too small.

#include "../isl/isl_set.h"
#include "program.h"

#include <array>
#include <memory>

namespace lathe::ir {

/// A quotient and a remainder by something that is no constant.
struct Division {
    isl::Affine dividend, divisor, quotient, remainder;
};

/// One access on one side.
struct Instance {
    isl::Set domain;
    std::vector<isl::Affine> cell; ///< the subscripts
    std::set<size_t> terms;        ///< the unknowns that occur
};

class Instances {
  public:
    static constexpr int shared = 2; ///< the side of what both have

    Instances(const isl::Context& context, const Program& program);
    const Instance& instance(size_t access, int side);
    /// A loop's variable (index in Program::loops), or that of both sides.
    isl::Affine loop(size_t loop, int side) const;
    /// Where the loop starts. \pre the same for both sides
    isl::Affine start(size_t loop);
    /// An Index expression of loops; `terms` receives its unknowns.
    isl::Affine expression(const Expr& e, int side, std::set<size_t>& terms);
    /// What parameters and the loops around the region fulfil.
    const isl::Set& around() const { return shared_domain; }
    /// How the unknowns of both sides hang together; each set holds for itself.
    std::vector<isl::Set> couplings(const std::set<size_t>& first, const std::set<size_t>& second) const;
    /// What a variable's name in a sample stands for: a loop of a side (`shared`: of both), or a parameter.
    struct Meaning {
        Symbol symbol;
        int side;
        size_t loop; ///< SIZE_MAX: a parameter
    };
    std::optional<Meaning> meaning(const std::string& variable) const;

  private:
    friend class Translation;
    struct Term {
        Expr expr;
        size_t moment;
        int side;
        isl::Affine value; ///< the unknown; of a division the quotient
        std::optional<Division> division;
        isl::Set constraint;
        std::set<size_t> uses; ///< other unknowns in the constraint
    };
    struct Domain {
        std::shared_ptr<const std::vector<Guard>> guards; ///< keeps the key alive
        isl::Set set;
        std::set<size_t> terms;
    };

    const Domain& domain_of(const ProgramAccess& a, int side);
    isl::Affine variable(const std::string& name, const Meaning& meaning);

    const isl::Context& context;
    const Program& program;
    std::map<Symbol, size_t> loop_of;
    std::set<size_t> around_loops;
    std::map<Symbol, bool> varying_lets;
    std::vector<Term> terms;
    std::map<std::string, Meaning> meanings;
    std::map<std::tuple<const void*, size_t, int>, Domain> domains;
    std::map<std::pair<size_t, int>, Instance> instances;
    isl::Set shared_domain;
};

/// "[2, 5]": an element of a set whose variables c0, c1 … are its subscripts.
std::string element_in(const isl::Set& s);

} // namespace lathe::ir
