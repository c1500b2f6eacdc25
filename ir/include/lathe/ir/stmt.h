#pragma once
/// \file Statements, tensors, functions and modules of the loop IR.

#include "lathe/ir/expr.h"
#include "lathe/ir/loop_kind.h"
#include "lathe/ir/memory.h"

#include <map>
#include <variant>

namespace lathe {

/// A scalar that the caller passes, or that is bound from a buffer: a parameter that is the bare extent of an
/// argument's dimension. `Param M("M")` is a size, `Param alpha("alpha", Float(32))` a scalar.
struct Param {
    ir::Symbol symbol;
    Type type; ///< Index for sizes, else any scalar type
    Loc loc;
    Param() = default;
    Param(ir::Symbol s, Type t, Loc l) : symbol(std::move(s)), type(t), loc(l) {}
    /// \throws Error unless the name is UTF-8 without control characters, of at most 200 bytes.
    explicit Param(std::string name, Type t = ir::IndexType(), Loc l = Loc::current());
    operator Expr() const; ///< its value: that of a size is an Int(32)
};

} // namespace lathe

namespace lathe::ir {

enum class StmtKind : uint8_t {
    block,
    for_,
    while_,
    if_,
    let,
    store,
    reduce,
    allocate,
    assert_,
    print,
    extern_call,
    stage,
    stream,
    push,
    pop,
    fill,
    drain,
    call,
    dataflow,
    spawn,
    copy
};

struct StmtNode {
    /// Deepest nesting of statements, for the reason of ExprNode::max_depth.
    static constexpr unsigned max_depth = 1000;

    const StmtKind kind;
    const Loc loc;
    const unsigned depth; ///< nesting below this node; 0 for a leaf
    virtual ~StmtNode() = default;

  protected:
    /// \throws Error if `depth` exceeds max_depth.
    StmtNode(StmtKind kind, Loc loc, unsigned depth = 0);
};

/// Handle to an immutable statement; an empty handle does nothing.
class Stmt {
  public:
    Stmt() = default;
    explicit Stmt(std::shared_ptr<const StmtNode> n) : node(std::move(n)) {}
    bool defined() const { return node != nullptr; }
    StmtKind kind() const { return node->kind; }
    Loc loc() const { return node->loc; }
    const StmtNode* get() const { return node.get(); }
    const StmtNode* operator->() const { return node.get(); }
    template <class T> const T* as() const {
        return node && node->kind == T::node_kind ? static_cast<const T*>(node.get()) : nullptr;
    }
    bool same_as(const Stmt& o) const { return node == o.node; }

  private:
    std::shared_ptr<const StmtNode> node;
};

/// The depth of a statement with these bodies.
unsigned depth_above(const std::vector<Stmt>& bodies);
inline unsigned depth_above(const Stmt& body) {
    return body.defined() ? body->depth + 1 : 0;
}

/// One dimension of a tensor: subscripts min ≤ i < min + extent (Index expressions).
struct Dim {
    Expr min, extent;
};

/// Where a tensor's element type comes from when the algorithm's types are derived again.
enum class TypeOrigin : uint8_t {
    declared,   ///< the user wrote it
    definition, ///< the value type of its first definition
    sum, ///< accumulator of an inline reduction: by its Reduce's operator; add: sum_type of the value and the
         ///< trip count; min, max, a float's mul: the value's type. argmin and argmax, which store: the
         ///< value's type. The store before it is the operator's identity in that type
};

/// A tensor's declaration. Loads and stores name it by symbol, so that a change of space is local to the
/// declaration.
struct Tensor {
    Symbol symbol;
    Type type;
    std::vector<Dim> dims; ///< outermost first; row-major: the last is innermost. Empty: a scalar
    MemorySpace space;
    TypeOrigin origin = TypeOrigin::declared;
    std::shared_ptr<const std::vector<Value>> data; ///< a constant tensor's elements, row-major
    Loc loc;
    Layout layout = {};
};

struct Block : StmtNode {
    static constexpr StmtKind node_kind = StmtKind::block;
    std::vector<Stmt> stmts;
    static Stmt
    make(std::vector<Stmt> stmts); ///< flattens nested blocks, drops empties; a single statement stays itself
    explicit Block(std::vector<Stmt> s) : StmtNode(node_kind, {}, depth_above(s)), stmts(std::move(s)) {}
};

/// for var in [min, min + extent): step 1; an extent ≤ 0 runs nothing. The variable's id is the loop's id.
struct For : StmtNode {
    static constexpr StmtKind node_kind = StmtKind::for_;
    Symbol var;
    Expr min, extent; ///< Index
    LoopKind loop;
    Stmt body;
    static Stmt make(Symbol var, Expr min, Expr extent, LoopKind loop, Stmt body, Loc loc = {});
    /// What its kind says. \throws Error when nobody knows.
    const LoopProperties& runs() const;
    For(Symbol v, Expr m, Expr e, LoopKind k, Stmt b, Loc l)
        : StmtNode(node_kind, l, depth_above(b)), var(std::move(v)), min(std::move(m)), extent(std::move(e)),
          loop(std::move(k)), body(std::move(b)) {}
};

/// Runs `body` again and again as long as `condition`, evaluated before each time, holds.
struct While : StmtNode {
    static constexpr StmtKind node_kind = StmtKind::while_;
    Expr condition;
    Stmt body;
    static Stmt make(Expr condition, Stmt body, Loc loc = {});
    While(Expr c, Stmt b, Loc l)
        : StmtNode(node_kind, l, depth_above(b)), condition(std::move(c)), body(std::move(b)) {}
};

struct If : StmtNode {
    static constexpr StmtKind node_kind = StmtKind::if_;
    Expr condition;
    Stmt then_body, else_body;
    static Stmt make(Expr condition, Stmt then_body, Stmt else_body = {}, Loc loc = {});
    If(Expr c, Stmt t, Stmt e, Loc l)
        : StmtNode(node_kind, l, std::max(depth_above(t), depth_above(e))), condition(std::move(c)),
          then_body(std::move(t)), else_body(std::move(e)) {}
};

struct LetStmt : StmtNode {
    static constexpr StmtKind node_kind = StmtKind::let;
    Symbol symbol;
    Expr value;
    Stmt body;
    static Stmt make(Symbol s, Expr value, Stmt body, Loc loc = {});
    LetStmt(Symbol s, Expr v, Stmt b, Loc l)
        : StmtNode(node_kind, l, depth_above(b)), symbol(std::move(s)), value(std::move(v)),
          body(std::move(b)) {}
};

/// One element written: tensor[indices] = cast(type, value). `type` is the tensor's element type.
struct StoreTarget {
    Symbol tensor;
    Type type;
    std::vector<Expr> indices;
    Expr value;
};

/// Simultaneous stores (a tuple is several targets): all values are read before any is written.
struct Store : StmtNode {
    static constexpr StmtKind node_kind = StmtKind::store;
    std::vector<StoreTarget> targets;
    Expr predicate; ///< as in Load
    static Stmt make(std::vector<StoreTarget> targets, Loc loc = {}, Expr predicate = {});
    static Stmt make(Symbol tensor, Type type, std::vector<Expr> indices, Expr value, Loc loc = {},
                     Expr predicate = {});
    Store(std::vector<StoreTarget> t, Expr p, Loc l)
        : StmtNode(node_kind, l), targets(std::move(t)), predicate(std::move(p)) {}
};

/// tensor[indices] = cast(type, tensor[indices] op value): a read-modify-write whose repetitions may be
/// reordered exactly when `commutes` (computed from operator and types).
struct Reduce : StmtNode {
    static constexpr StmtKind node_kind = StmtKind::reduce;
    BinaryOp op;
    StoreTarget target;
    Expr predicate;
    bool commutes;
    bool contract; ///< float add of a product: one fma (decided when the algorithm's Module is made)
    static Stmt make(BinaryOp op, StoreTarget target, Loc loc = {}, Expr predicate = {},
                     bool contract = false);
    Reduce(BinaryOp o, StoreTarget t, Expr p, bool c, bool f, Loc l)
        : StmtNode(node_kind, l), op(o), target(std::move(t)), predicate(std::move(p)), commutes(c),
          contract(f) {}
};

/// Tensors that live while `body` runs. Their elements start uninitialised each time (constant tensors: their
/// data). No dimension reads one of them.
struct Allocate : StmtNode {
    static constexpr StmtKind node_kind = StmtKind::allocate;
    const std::shared_ptr<const std::vector<Tensor>> list; ///< at least one; shared with other bodies
    const std::vector<Tensor>& tensors;                    ///< the same
    Stmt body;
    /// Tensors that are allocated directly inside, and whose dimensions read none of these, join them: they
    /// stand last.
    static Stmt make(std::vector<Tensor> tensors, Stmt body);
    static Stmt make(Tensor tensor, Stmt body);
    /// The same tensors around another body.
    Stmt around(Stmt other) const;
    /// The one of that name; null if there is none.
    const Tensor* find(const Symbol& tensor) const;
    Allocate(std::shared_ptr<const std::vector<Tensor>> t, Stmt b)
        : StmtNode(node_kind, t->front().loc, depth_above(b)), list(std::move(t)), tensors(*list),
          body(std::move(b)) {}
};

/// Ends the function with an error unless the condition holds.
struct Assert : StmtNode {
    static constexpr StmtKind node_kind = StmtKind::assert_;
    Expr condition;
    std::string message;
    static Stmt make(Expr condition, std::string message, Loc loc = {});
    Assert(Expr c, std::string m, Loc l)
        : StmtNode(node_kind, l), condition(std::move(c)), message(std::move(m)) {}
};

/// Writes a line of text to the program's output: texts[0] values[0] texts[1] … There is one text more than
/// values. Prints keep their order.
struct Print : StmtNode {
    static constexpr StmtKind node_kind = StmtKind::print;
    std::vector<std::string> texts;
    std::vector<Expr> values; ///< integers of up to 64 bits, Bools and floats
    static Stmt make(std::vector<std::string> texts, std::vector<Expr> values, Loc loc = {});
    Print(std::vector<std::string> t, std::vector<Expr> v, Loc l)
        : StmtNode(node_kind, l), texts(std::move(t)), values(std::move(v)) {}
};

enum class Direction : uint8_t { in, out, inout };

/// A function that others wrote, in C. It takes its arguments in order, a halide_buffer_t* for a tensor and a
/// number for a scalar (types and elements as in codegen/compile.h), and returns 0 or an error code.
struct ExternFunction {
    std::string name; ///< its C symbol
    /// Calls it in this process with pointers to the halide_buffer_ts and to the scalars. Null: it is known
    /// by its name only.
    int (*invoke)(void (*function)(), void* const* arguments) = nullptr;
    void (*address)() = nullptr; ///< in this process, or null
    std::string vitis;           ///< C++ that defines it for Vitis; empty: it has none
};

/// What an extern function takes: a whole tensor, or a number.
struct ExternArgument {
    Symbol tensor; ///< none: a scalar
    Type type;     ///< of the tensor's elements, or of the scalar
    Direction direction = Direction::in;
    std::vector<Dim> dims; ///< the tensor's
    Expr value;            ///< the scalar's, of `type`
};

/// Calls a function that reads the tensors given as in and inout, and may write all elements of those given
/// as out and inout; those given as out have a value afterwards. Calls keep their order. An error code other
/// than 0 ends the program.
struct ExternCall : StmtNode {
    static constexpr StmtKind node_kind = StmtKind::extern_call;
    std::shared_ptr<const ExternFunction> callee;
    std::vector<ExternArgument> arguments;
    static Stmt make(std::shared_ptr<const ExternFunction> callee, std::vector<ExternArgument> arguments,
                     Loc loc = {});
    ExternCall(std::shared_ptr<const ExternFunction> f, std::vector<ExternArgument> a, Loc l)
        : StmtNode(node_kind, l), callee(std::move(f)), arguments(std::move(a)) {}
};

/// A labelled piece of the algorithm: definition `definition` (0: the pure one or initialisation, n: update n
/// − 1) of the Func whose (first) tensor is `func`. Schedules find definitions by it; it has no meaning of
/// its own.
struct Stage : StmtNode {
    static constexpr StmtKind node_kind = StmtKind::stage;
    Symbol func;
    int definition;
    Stmt body;
    static Stmt make(Symbol func, int definition, Stmt body, Loc loc = {});
    Stage(Symbol f, int d, Stmt b, Loc l)
        : StmtNode(node_kind, l, depth_above(b)), func(std::move(f)), definition(d), body(std::move(b)) {}
};

/// A channel, first in first out, or an array of channels. Each has one writer and one reader, which wait
/// while it is full or empty: what they compute does not depend on its depth, nor on who runs when.
struct StreamDeclaration {
    Symbol symbol;
    Type type;                  ///< of a token; of an element of a block
    std::vector<Expr> dims;     ///< of an array of streams, from 0: Index; empty: one stream
    std::vector<int64_t> block; ///< a block's extents; empty: a token is one value
    int64_t depth = 0;          ///< how many tokens or blocks it holds; 0: as many as it needs
    Loc loc;
    bool vector = false; ///< a block, of one dimension, is a word that passes in one cycle
};

/// One stream of an array. As an argument it may leave the last dimensions out: the callee has those.
struct StreamElement {
    Symbol stream;
    std::vector<Expr> at; ///< Index
};

/// Streams that live while `body` runs, empty at first; they must be empty again at its end.
struct DeclareStream : StmtNode {
    static constexpr StmtKind node_kind = StmtKind::stream;
    StreamDeclaration stream;
    Stmt body;
    static Stmt make(StreamDeclaration stream, Stmt body);
    DeclareStream(StreamDeclaration s, Stmt b)
        : StmtNode(node_kind, s.loc, depth_above(b)), stream(std::move(s)), body(std::move(b)) {}
};

/// Writes cast(type, value) into a stream of `type`.
struct Push : StmtNode {
    static constexpr StmtKind node_kind = StmtKind::push;
    StreamElement to;
    Type type;
    Expr value;
    static Stmt make(StreamElement to, Type type, Expr value, Loc loc = {});
    Push(StreamElement t, Type e, Expr v, Loc l)
        : StmtNode(node_kind, l), to(std::move(t)), type(e), value(std::move(v)) {}
};

/// Takes the next token out of a stream; `symbol` is its value in `body`.
struct Pop : StmtNode {
    static constexpr StmtKind node_kind = StmtKind::pop;
    Symbol symbol;
    StreamElement from;
    Type type;
    Stmt body;
    static Stmt make(Symbol symbol, StreamElement from, Type type, Stmt body, Loc loc = {});
    Pop(Symbol s, StreamElement f, Type t, Stmt b, Loc l)
        : StmtNode(node_kind, l, depth_above(b)), symbol(std::move(s)), from(std::move(f)), type(t),
          body(std::move(b)) {}
};

/// Waits for room for a block, lets `body` write it as `tensor`, and passes it on.
struct Fill : StmtNode {
    static constexpr StmtKind node_kind = StmtKind::fill;
    StreamElement to;
    Tensor tensor; ///< the stream's block; uninitialised at first
    Stmt body;
    static Stmt make(StreamElement to, Tensor tensor, Stmt body, Loc loc = {});
    Fill(StreamElement t, Tensor b, Stmt s, Loc l)
        : StmtNode(node_kind, l, depth_above(s)), to(std::move(t)), tensor(std::move(b)), body(std::move(s)) {
    }
};

/// Waits for a block, lets `body` read it as `tensor`, and gives its room back.
struct Drain : StmtNode {
    static constexpr StmtKind node_kind = StmtKind::drain;
    StreamElement from;
    Tensor tensor;
    Stmt body;
    static Stmt make(StreamElement from, Tensor tensor, Stmt body, Loc loc = {});
    Drain(StreamElement f, Tensor b, Stmt s, Loc l)
        : StmtNode(node_kind, l, depth_above(s)), from(std::move(f)), tensor(std::move(b)),
          body(std::move(s)) {}
};

/// How one dimension of a tensor is seen: the callee's n-th position is begin + stride · n, for n < extent;
/// or it is always `begin`, and the callee has no such dimension.
struct ViewDim {
    Expr begin, extent; ///< Index
    int64_t stride = 1; ///< more than 0
    bool kept = true;
};

/// A tensor, or a part of it, as an argument.
struct TensorView {
    Symbol tensor;
    std::vector<ViewDim> dims;           ///< one for each of the tensor's
    Direction direction = Direction::in; ///< as the callee's argument
    bool whole = false;                  ///< all of it: the callee's subscripts are the tensor's
};

/// Calls a Function of the Module: what it is given in the order of its arguments, params and streams.
struct CallStmt : StmtNode {
    static constexpr StmtKind node_kind = StmtKind::call;
    std::string callee;
    std::vector<TensorView> tensors;
    std::vector<Expr> values;
    std::vector<StreamElement> streams;
    static Stmt make(std::string callee, std::vector<TensorView> tensors, std::vector<Expr> values,
                     std::vector<StreamElement> streams, Loc loc = {});
    CallStmt(std::string c, std::vector<TensorView> t, std::vector<Expr> v, std::vector<StreamElement> s,
             Loc l)
        : StmtNode(node_kind, l), callee(std::move(c)), tensors(std::move(t)), values(std::move(v)),
          streams(std::move(s)) {}
};

/// A network of processes: the calls in `body`, which holds nothing else but streams, tensors and Spawns. All
/// of them run at the same time, joined by streams; it ends when all have ended. One that a schedule made of
/// other statements keeps these: they compute the same, and a CPU runs them.
struct Dataflow : StmtNode {
    static constexpr StmtKind node_kind = StmtKind::dataflow;
    Stmt body;
    Stmt origin; ///< or empty; not one of the bodies that traversals visit
    static Stmt make(Stmt body, Loc loc = {}, Stmt origin = {});
    Dataflow(Stmt b, Stmt o, Loc l)
        : StmtNode(node_kind, l, std::max(depth_above(b), depth_above(o))), body(std::move(b)),
          origin(std::move(o)) {}
};

/// A process for each position of a box, in which the call's arguments are constants.
struct Spawn : StmtNode {
    static constexpr StmtKind node_kind = StmtKind::spawn;
    std::vector<Symbol> ids;
    std::vector<Dim> box; ///< one for each id
    Stmt call;
    static Stmt make(std::vector<Symbol> ids, std::vector<Dim> box, Stmt call, Loc loc = {});
    Spawn(std::vector<Symbol> i, std::vector<Dim> b, Stmt c, Loc l)
        : StmtNode(node_kind, l, depth_above(c)), ids(std::move(i)), box(std::move(b)), call(std::move(c)) {}
};

/// Copies a tensor to another one of the same type and shape, between the memories of host and device. It is
/// exact: an element of `from` that holds nothing leaves an element of `to` that holds nothing.
struct Copy : StmtNode {
    static constexpr StmtKind node_kind = StmtKind::copy;
    Symbol from, to;
    Side side; ///< where `to` is
    Type type;
    std::vector<Dim> dims; ///< of both
    static Stmt make(Symbol from, Symbol to, Side side, Type type, std::vector<Dim> dims, Loc loc = {});
    Copy(Symbol f, Symbol t, Side s, Type e, std::vector<Dim> d, Loc l)
        : StmtNode(node_kind, l), from(std::move(f)), to(std::move(t)), side(s), type(e), dims(std::move(d)) {
    }
};

struct Argument {
    Tensor tensor;
    Direction direction = Direction::in;
};

/// A stream that a Function is given, or an array of constant extents: `in` is read, `out` is written.
struct StreamArgument {
    StreamDeclaration stream;
    Direction direction = Direction::in;
};

/// A function with tensor arguments, first the inputs then the outputs. Distinct arguments never overlap when
/// one is written.
struct Function {
    std::string name;
    std::vector<Param> params;
    std::vector<Argument> arguments;
    std::vector<Tensor> constants;
    Stmt body;
    std::vector<StreamArgument> streams = {};
    Side side = Side::host; ///< device: a Vitis kernel, which is given tensors of the device
};

/// The first Function is the one that users call; the others are called by Functions before them.
struct Module {
    std::vector<Function> functions;
    const Function& top() const { return functions.front(); }
    Function& top() { return functions.front(); }
    /// \throws Error when there is none of that name.
    const Function& function(const std::string& name) const;
};

} // namespace lathe::ir

namespace lathe {

using Module = ir::Module;

} // namespace lathe
