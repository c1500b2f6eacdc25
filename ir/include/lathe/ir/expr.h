#pragma once
/// \file Expressions of the loop IR: immutable nodes behind small handles. Graphs, not trees: a node may have
/// several parents, and every traversal visits it once.
///
/// Each node struct has one checked `make`. An expression's type is computed when its node is made.
/// In the algorithm operand types may differ (Int(8) + Int(16)); the meaning is that of `apply` in value.h.

#include "lathe/ir/type_rules.h"
#include "lathe/ir/value.h"

#include <algorithm>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lathe::ir {

/// A unique identity with a display name: a variable (loop, let, parameter) or a tensor. Names may repeat,
/// ids never.
class Symbol {
  public:
    Symbol() = default;                ///< no symbol: id 0
    explicit Symbol(std::string name); ///< a fresh identity (thread-safe)
    uint64_t id() const { return number; }
    const std::string& name() const;
    Symbol renamed(std::string name) const; ///< same identity, other display name
    explicit operator bool() const { return number != 0; }
    friend bool operator==(const Symbol& a, const Symbol& b) { return a.number == b.number; }
    friend auto operator<=>(const Symbol& a, const Symbol& b) { return a.number <=> b.number; }

  private:
    uint64_t number = 0;
    std::shared_ptr<const std::string> display;
};

enum class ExprKind : uint8_t {
    constant,
    variable,
    load,
    unary,
    binary,
    select,
    cast,
    bitcast,
    slice,
    fma,
    call,
    let,
    ramp,
    broadcast,
    vector_reduce, ///< only after vectorization
};

struct ExprNode {
    /// Deepest nesting of operands in operands: more would overflow the stack of code that recurses over
    /// them.
    static constexpr unsigned max_depth = 2000;

    const ExprKind kind;
    const Type type;
    const Loc loc;        ///< the user's line; not part of equality
    const unsigned depth; ///< nesting below this node; 0 for a leaf
    virtual ~ExprNode() = default;

  protected:
    /// \throws Error if `depth` exceeds max_depth.
    ExprNode(ExprKind kind, Type type, Loc loc, unsigned depth = 0);
};

template <class T, class... U>
concept OneOf = (std::same_as<T, U> || ...);

/// A C++ number that may stand for a literal: any integer or floating-point type and bool, but no character
/// type.
template <class T>
concept Number =
    std::is_arithmetic_v<T> && !OneOf<std::remove_cv_t<T>, char, wchar_t, char8_t, char16_t, char32_t>;

} // namespace lathe::ir

namespace lathe {

/// A bit's position in `x[i]`.
struct BitPosition {
    int position;
    Loc loc;
    BitPosition(int p, Loc l = Loc::current()) : position(p), loc(l) {}
};

/// Handle to an immutable expression; a default-made handle is empty.
class Expr {
  public:
    Expr() = default;
    explicit Expr(std::shared_ptr<const ir::ExprNode> n) : node(std::move(n)) {}
    /// A literal: an integer has the smallest type that holds it, a real is untyped and exact, a bool is a
    /// Bool.
    template <ir::Number T> Expr(T value, Loc loc = Loc::current()) : Expr(literal(widest(value), loc)) {}
    /// Bit i as UInt(1); bits hi..lo inclusive as UInt(hi − lo + 1). Const: a slice of a value cannot be
    /// assigned.
    const Expr operator[](BitPosition bit) const;
    /// The bit at a position that is computed: 0 beyond the type's bits.
    template <class T>
        requires(!ir::Number<std::remove_cvref_t<T>> && std::convertible_to<T, Expr>)
    const Expr operator[](T&& position) const {
        return bit_at(std::forward<T>(position));
    }
    const Expr operator()(int hi, int lo, Loc loc = Loc::current()) const;
    bool defined() const { return node != nullptr; }
    Type type() const { return node->type; }
    ir::ExprKind kind() const { return node->kind; }
    Loc loc() const { return node->loc; }
    const ir::ExprNode* get() const { return node.get(); }
    const ir::ExprNode* operator->() const { return node.get(); }
    /// The node as a T, or nullptr if it is of another kind (or the handle is empty).
    template <class T> const T* as() const {
        return node && node->kind == T::node_kind ? static_cast<const T*>(node.get()) : nullptr;
    }
    bool same_as(const Expr& o) const { return node == o.node; }

  private:
    template <class T> static auto widest(T value) {
        if constexpr (ir::OneOf<T, bool, float>)
            return value;
        else if constexpr (std::floating_point<T>)
            return static_cast<double>(value);
        else if constexpr (std::signed_integral<T>)
            return static_cast<int64_t>(value);
        else
            return static_cast<uint64_t>(value);
    }
    Expr bit_at(const Expr& position) const;
    static Expr literal(bool value, Loc loc);
    static Expr literal(int64_t value, Loc loc);
    static Expr literal(uint64_t value, Loc loc);
    /// Infinities and NaN are typed: Float(32), from doubles Float(64).
    static Expr literal(float value, Loc loc);
    static Expr literal(double value, Loc loc);
    std::shared_ptr<const ir::ExprNode> node;
};

} // namespace lathe

namespace lathe::ir {

/// The depth of a node with these operands.
template <class... E> unsigned depth_above(const E&... operands) {
    return std::max({(operands.defined() ? operands->depth + 1 : 0u)...});
}
unsigned depth_above(const std::vector<Expr>& operands);

struct Constant : ExprNode {
    static constexpr ExprKind node_kind = ExprKind::constant;
    Value value;
    static Expr make(Value v, Loc loc = {});
    Constant(Value v, Loc l) : ExprNode(node_kind, v.type(), l), value(std::move(v)) {}
};

/// A loop variable or Index parameter (type Index), a scalar parameter, or a let-bound value.
struct Variable : ExprNode {
    static constexpr ExprKind node_kind = ExprKind::variable;
    Symbol symbol;
    static Expr make(Symbol s, Type t, Loc loc = {});
    Variable(Symbol s, Type t, Loc l) : ExprNode(node_kind, t, l), symbol(std::move(s)) {}
};

/// tensor[indices]: one Index expression per dimension, outermost first, in the tensor's own coordinates (its
/// dims may start at a non-zero min). `predicate`, when defined, is a Bool (vector): lanes where it is false
/// give 0 and touch nothing. With vectors, a scalar subscript beside vector ones holds for every lane; the
/// predicate has the node's lanes.
struct Load : ExprNode {
    static constexpr ExprKind node_kind = ExprKind::load;
    Symbol tensor;
    std::vector<Expr> indices;
    Expr predicate;
    static Expr make(Symbol tensor, Type element, std::vector<Expr> indices, Loc loc = {},
                     Expr predicate = {});
    Load(Symbol s, Type t, std::vector<Expr> i, Expr p, Loc l)
        : ExprNode(node_kind, t, l, std::max(depth_above(i), depth_above(p))), tensor(std::move(s)),
          indices(std::move(i)), predicate(std::move(p)) {}
};

struct Unary : ExprNode {
    static constexpr ExprKind node_kind = ExprKind::unary;
    UnaryOp op;
    Expr a;
    static Expr make(UnaryOp op, Expr a, Loc loc = {});
    Unary(UnaryOp o, Expr x, Type t, Loc l)
        : ExprNode(node_kind, t, l, depth_above(x)), op(o), a(std::move(x)) {}
};

/// a op b. The value is the exact result (value.h) wrapped into the node's type: in the algorithm the type is
/// result_type(op, a, b), which holds every result; passes after narrowing may use a smaller one (make_as).
struct Binary : ExprNode {
    static constexpr ExprKind node_kind = ExprKind::binary;
    BinaryOp op;
    Expr a, b;
    /// Typed by result_type. Two untyped real constants fold into one; a single one is kept as it stands and
    /// typed beside the other operand (see type_literal).
    static Expr make(BinaryOp op, Expr a, Expr b, Loc loc = {});
    /// A result of type `t` (exact types only): the exact result modulo 2^width.
    static Expr make_as(Type t, BinaryOp op, Expr a, Expr b, Loc loc = {});
    Binary(BinaryOp o, Expr x, Expr y, Type t, Loc l)
        : ExprNode(node_kind, t, l, depth_above(x, y)), op(o), a(std::move(x)), b(std::move(y)) {}
};

/// Lazy: only the chosen arm's loads happen. Type: aligned_type of the arms. A single untyped real arm is
/// kept as it stands and typed beside the other arm (see type_literal); two become Float(32).
struct Select : ExprNode {
    static constexpr ExprKind node_kind = ExprKind::select;
    Expr condition, then_value, else_value;
    static Expr make(Expr condition, Expr then_value, Expr else_value, Loc loc = {});
    Select(Expr c, Expr a, Expr b, Type t, Loc l)
        : ExprNode(node_kind, t, l, depth_above(c, a, b)), condition(std::move(c)), then_value(std::move(a)),
          else_value(std::move(b)) {}
};

/// Conversion by the target's rounding and overflow. Also between Index and integers: Index → Int(w) asserts
/// nothing and wraps.
struct Cast : ExprNode {
    static constexpr ExprKind node_kind = ExprKind::cast;
    Expr a;
    static Expr make(Type to, Expr a, Loc loc = {}); ///< `to`'s lanes are taken from `a`
    Cast(Type t, Expr x, Loc l) : ExprNode(node_kind, t, l, depth_above(x)), a(std::move(x)) {}
};

struct Bitcast : ExprNode {
    static constexpr ExprKind node_kind = ExprKind::bitcast;
    Expr a;
    static Expr make(Type to, Expr a, Loc loc = {});
    Bitcast(Type t, Expr x, Loc l) : ExprNode(node_kind, t, l, depth_above(x)), a(std::move(x)) {}
};

/// Bits hi..lo inclusive, as UInt(hi − lo + 1).
struct Slice : ExprNode {
    static constexpr ExprKind node_kind = ExprKind::slice;
    Expr a;
    int hi, lo;
    static Expr make(Expr a, int hi, int lo, Loc loc = {});
    Slice(Expr x, int h, int w, Type t, Loc l)
        : ExprNode(node_kind, t, l, depth_above(x)), a(std::move(x)), hi(h), lo(w) {}
};

/// a·b + c, rounded once. All three of one float type.
struct Fma : ExprNode {
    static constexpr ExprKind node_kind = ExprKind::fma;
    Expr a, b, c;
    static Expr make(Expr a, Expr b, Expr c, Loc loc = {});
    Fma(Expr x, Expr y, Expr z, Loc l)
        : ExprNode(node_kind, x.type(), l, depth_above(x, y, z)), a(std::move(x)), b(std::move(y)),
          c(std::move(z)) {}
};

/// A pure function known to Lathe: "exp", "log", "tanh", "sin", "cos", "pow" on floats (expanded into IR by
/// the lower_math pass), "popcount", "reverse", "concat", "with_slice" (x, bits; constants hi, lo as
/// arguments 2 and 3) on exact types.
struct Call : ExprNode {
    static constexpr ExprKind node_kind = ExprKind::call;
    std::string function;
    std::vector<Expr> arguments;
    static Expr make(std::string function, std::vector<Expr> arguments,
                     Loc loc = {}); ///< \throws Error on unknown name or types
    Call(std::string f, std::vector<Expr> a, Type t, Loc l)
        : ExprNode(node_kind, t, l, depth_above(a)), function(std::move(f)), arguments(std::move(a)) {}
};

struct Let : ExprNode {
    static constexpr ExprKind node_kind = ExprKind::let;
    Symbol symbol;
    Expr value, body;
    static Expr make(Symbol s, Expr value, Expr body, Loc loc = {});
    Let(Symbol s, Expr v, Expr b, Loc l)
        : ExprNode(node_kind, b.type(), l, depth_above(v, b)), symbol(std::move(s)), value(std::move(v)),
          body(std::move(b)) {}
};

/// base, base + stride, …, base + (lanes − 1)·stride: scalar Index operands.
struct Ramp : ExprNode {
    static constexpr ExprKind node_kind = ExprKind::ramp;
    Expr base, stride;
    static Expr make(Expr base, Expr stride, int lanes, Loc loc = {});
    Ramp(Expr b, Expr s, Type t, Loc l)
        : ExprNode(node_kind, t, l, depth_above(b, s)), base(std::move(b)), stride(std::move(s)) {}
};

struct Broadcast : ExprNode {
    static constexpr ExprKind node_kind = ExprKind::broadcast;
    Expr a; ///< scalar
    static Expr make(Expr a, int lanes, Loc loc = {});
    Broadcast(Expr x, Type t, Loc l) : ExprNode(node_kind, t, l, depth_above(x)), a(std::move(x)) {}
};

/// All lanes of `a` combined by a commuting operator, result wrapped into a's element type.
struct VectorReduce : ExprNode {
    static constexpr ExprKind node_kind = ExprKind::vector_reduce;
    BinaryOp op;
    Expr a;
    static Expr make(BinaryOp op, Expr a, Loc loc = {});
    VectorReduce(BinaryOp o, Expr x, Type t, Loc l)
        : ExprNode(node_kind, t, l, depth_above(x)), op(o), a(std::move(x)) {}
};

// Short forms for compiler code. Index helpers fold constants and neutral elements so that printed IR stays
// readable.
Expr index(int64_t i);
Expr index(const mpz_class& i);
Expr iadd(Expr a, Expr b);
Expr isub(Expr a, Expr b);
Expr imul(Expr a, Expr b);
Expr ifloordiv(Expr a, Expr b);
Expr ifloormod(Expr a, Expr b);
Expr imin(Expr a, Expr b);
Expr imax(Expr a, Expr b);
Expr both(Expr a, Expr b); ///< a && b for Bools; an empty or constant-true operand disappears
/// The integer of an Index or integer constant, if it is one.
std::optional<int64_t> as_int(const Expr& e);
bool is_const_true(const Expr& e);
bool is_const_false(const Expr& e);

} // namespace lathe::ir
