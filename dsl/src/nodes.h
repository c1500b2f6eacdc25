#pragma once
/// \file What the handles of the DSL point to, and the expression nodes that only the DSL knows: `build`
/// turns them into IR.

#include "lathe/dsl/func.h"

#include <atomic>
#include <map>
#include <set>

namespace lathe {

using namespace ir;

struct RDomData {
    struct Dimension {
        Symbol symbol;
        Expr min, extent; ///< values, not subscripts
    };
    std::string name;
    Loc loc;
    std::vector<Dimension> dims;
    std::vector<Expr> conditions;
    bool used = false;
};

enum class TensorRole : uint8_t { input, constant, func, kernel };

struct TensorData {
    TensorRole role;
    Symbol symbol;
    Loc loc;
    std::optional<Type> type;
    TypeOrigin origin = TypeOrigin::declared;
    std::optional<std::vector<Expr>> extents;           ///< Index
    std::vector<Expr> mins;                             ///< of the same dimensions
    std::shared_ptr<const std::vector<Value>> elements; ///< of a constant
    virtual ~TensorData() = default;
    TensorData(TensorRole r, const Name& name) : role(r), symbol(name.text), loc(name.loc) {}
    const std::string& name() const { return symbol.name(); }
    /// What a read made now means: a Func's elements after so many definitions, a kernel's tensor at a moment
    /// of its program. \throws Error when it cannot be read here.
    virtual size_t version(Loc) const { return 0; }
    /// A Func may hold several values: a tensor for each.
    virtual size_t values() const { return 1; }
    virtual const TensorData& value(size_t) const { return *this; }
};

struct DefinitionData {
    std::vector<Expr> subscripts;
    std::optional<BinaryOp> op; ///< of `+=` and the like
    std::vector<Expr> values;   ///< one for each tensor of the Func; without op and the old element
    Loc loc;
    uint64_t sequence = 0; ///< later definitions, of any Func, have larger ones
    std::vector<std::shared_ptr<RDomData>> domains;
    bool identity = false; ///< the implied initialisation: `values` are not set
};

struct FuncData : TensorData {
    std::vector<TensorData> more; ///< the tensors of the values after the first
    std::vector<DefinitionData> definitions;
    struct Requirement {
        Expr condition;
        std::string message;
        Loc loc;
    };
    std::vector<Requirement> requirements;
    std::string reader; ///< the first other definition that read this Func
    Loc read_at;
    std::atomic<bool> built = false;
    explicit FuncData(const Name& name) : TensorData(TensorRole::func, name) {}
    size_t version(Loc loc) const override;
    size_t values() const override { return 1 + more.size(); }
    const TensorData& value(size_t n) const override { return n == 0 ? *this : more[n - 1]; }
    TensorData& value(size_t n) { return n == 0 ? *this : more[n - 1]; }
    void add_value(); ///< one more tensor, of the same shape
    bool owns(const Symbol& tensor) const;
};

/// A Var or an RDom's dimension, as an Index. `domain` is empty for a Var, and inside the domain's own
/// conditions.
struct FreeVariable : Variable {
    std::shared_ptr<RDomData> domain;
    FreeVariable(Symbol s, std::shared_ptr<RDomData> d, Loc l)
        : Variable(std::move(s), IndexType(), l), domain(std::move(d)) {}
};

/// A read whose subscripts are still values: what they are as Index is decided when the loops' ranges are
/// known. `source` is empty in the tensor's own definitions, which must not keep their Func alive.
struct TensorLoad : Load {
    std::shared_ptr<TensorData> source;
    std::vector<Expr> subscripts;
    size_t version; ///< the tensor's, when the read was written
    TensorLoad(std::shared_ptr<TensorData> t, Type type, std::vector<Expr> at, size_t version, Symbol s,
               Loc l);
};

/// A value that a kernel's `let` keeps.
struct LetVariable : Variable {
    LetVariable(Symbol s, Type t, Loc l) : Variable(std::move(s), t, l) {}
};

/// `sum` and the like. The value is the argument of the call.
struct InlineReduction : Call {
    BinaryOp op;
    std::shared_ptr<RDomData> domain;
    TypeOrigin origin; ///< declared if the user gave the accumulator's type
    InlineReduction(std::string name, BinaryOp o, std::shared_ptr<RDomData> d, Expr value, Type t,
                    TypeOrigin w, Loc l)
        : Call(std::move(name), {std::move(value)}, t, l), op(o), domain(std::move(d)), origin(w) {}
    const Expr& value() const { return arguments[0]; }
};

/// Several values that one loop reduces together. At each point where `condition` (if any) holds, `results`
/// replace the old values, all at once.
struct ReductionGroup {
    std::string name;
    std::shared_ptr<RDomData> domain;
    std::vector<Symbol> old; ///< variables of the results that stand for the old values
    std::vector<Type> types;
    std::vector<TypeOrigin> origins;
    std::vector<Expr> starts; ///< an empty one: no value before the first point
    Expr condition;
    std::vector<Expr> results;
};

/// One value of a group, after all points.
struct GroupPart : Call {
    std::shared_ptr<const ReductionGroup> group;
    size_t part;
    GroupPart(std::shared_ptr<const ReductionGroup> g, size_t n, Loc l);
};

template <class T> const T* dsl_node(const Expr& e) {
    return dynamic_cast<const T*>(e.get());
}

/// The variable if `e` is a bare Var or RDom dimension used as a value.
const FreeVariable* bare_variable(const Expr& e);

/// Whether an inline reduction stands in it.
bool holds_reduction(const Expr& e);

/// What an expression mentions; variables bound by its inline reductions left out.
struct Mentions {
    std::vector<const TensorLoad*> loads;
    std::map<Symbol, const FreeVariable*> variables;
    std::map<Symbol, std::shared_ptr<RDomData>> domains; ///< of the variables, by their first symbol
    std::map<Symbol, Param> params;
    std::map<Symbol, Loc> lets; ///< of kernels
    void add(const Expr& e);
    void add(const RDomData& domain); ///< its bounds and conditions

  private:
    void add_reduction(const RDomData& domain, const std::vector<Expr>& values,
                       const std::vector<Symbol>& bound);
    std::set<const ExprNode*> seen;
};

/// `e` with reads of `self` and variables of `domain` (either may be null) no longer owning them.
Expr disown(const Expr& e, const TensorData* self, const RDomData* domain);
/// The same for what a domain's bounds and conditions read of `self`.
void disown(RDomData& domain, const TensorData& self);

} // namespace lathe
