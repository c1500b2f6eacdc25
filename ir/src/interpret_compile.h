#pragma once
/// \file Expressions and statements to code.

#include "interpret_code.h"
#include "lathe/ir/interpret.h"
#include "lathe/ir/stmt.h"

#include <map>
#include <set>
#include <unordered_map>

namespace lathe::ir::interpreter {

/// What a tensor's name stands for.
struct TensorInfo {
    size_t index; ///< into Frame::tensors
    Type type;
    int rank;
};

/// An array of streams: its channels stand in Frame::streams from `first` on.
struct StreamInfo {
    size_t slot; ///< into Frame::streams: of a single one, or of an array's first
    StreamDeclaration stream;
    std::vector<int64_t> extents;
};

class Functions;

/// Names in scope, and the cells given out so far.
struct Scope {
    std::map<Symbol, Operand> variables;
    std::map<Symbol, TensorInfo> tensors;
    std::map<Symbol, StreamInfo> streams;
    bool check = true;
    Functions* functions = nullptr; ///< of the module

    /// Cells for `lanes` values of type `t`: the first one.
    size_t take(Type t, int lanes);
    size_t take_places(int lanes);
    TensorInfo add_tensor(const Tensor& t);
    const TensorInfo& tensor(const Symbol& s, Loc loc) const;
    size_t take_streams(size_t count); ///< the first one's place
    Frame frame() const;               ///< with room for every cell and tensor

  private:
    size_t cells[4] = {};
    size_t tensor_count = 0;
    size_t places = 0;
    size_t stream_count = 0;
};

/// A variable's code while the object lives.
class Binding {
  public:
    Binding(Scope& s, const Symbol& name, const Operand& x);
    ~Binding();
    Binding(const Binding&) = delete;
    Binding& operator=(const Binding&) = delete;

  private:
    Scope& scope;
    Symbol symbol;
    std::optional<Operand> outer;
};

/// A variable's code: reads the cells from `first` on.
Operand variable_code(Type t, size_t first);

/// Code of the expressions of one statement, which are evaluated in one epoch: a node with several parents is
/// evaluated once.
class ExprCompiler {
  public:
    ExprCompiler(Scope& s, const std::vector<Expr>& roots);
    /// Code of a root or of an expression below one.
    Operand operator()(const Expr& e);
    Access access(const Symbol& tensor, const std::vector<Expr>& indices, int lanes, Loc loc);
    Ptr<int64_t> predicate(const Expr& e); ///< null if undefined

  private:
    void count(const Expr& e);
    Operand node(const Expr& e);
    Operand variable(const Variable& v);
    Operand load(const Load& n);
    Operand select(const Select& n);
    Operand let(const Let& n);
    Operand call(const Call& n);
    Operand vector_node(const Expr& e);
    Operand shared(const Operand& x, int lanes);

    Scope& scope;
    std::unordered_map<const ExprNode*, int> parents;
    std::unordered_map<const ExprNode*, Operand> memo;
    std::set<Symbol> let_bound;
};

/// A statement's code.
struct Action {
    virtual ~Action() = default;
    virtual void run(Frame& f) const = 0;
};
std::unique_ptr<const Action> compile(Scope& scope, const Stmt& s);
/// Streams, calls of Functions, and dataflow.
std::unique_ptr<const Action> compile_network(Scope& scope, const Stmt& s);
std::unique_ptr<const Action> compile_extern(Scope& scope, const ExternCall& s);
std::unique_ptr<const Action> compile_copy(Scope& scope, const Copy& s);

/// The elements of one buffer into another of the same type and shape.
void copy_elements(const AnyBuffer& from, const AnyBuffer& to);
/// That `from` was copied.
CopyUse copy_use(const Copy& s, const AnyBuffer& from);

/// What an extern function is given: a tensor, or a number.
struct ExternOperand {
    const AnyBuffer* buffer; ///< null: a number
    std::string name;        ///< the tensor's
    Type type;               ///< the number's
    Value value;
};
/// \throws Error if the function returns an error code.
void call_extern(const ExternFunction& callee, const std::vector<ExternOperand>& arguments, Loc loc);
/// \throws Error if it has no address in this process.
void require_address(const ExternCall& s);

/// The text of a number, as C's printf writes it.
std::string printed(const Value& v);

/// The tensor as a buffer of the given mins and extents, filled with its data if it is a constant.
TensorState make_state(const Tensor& t, const std::vector<int64_t>& mins,
                       const std::vector<int64_t>& extents);

} // namespace lathe::ir::interpreter
