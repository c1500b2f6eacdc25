#pragma once
/// \file What the interpreter compiles expressions into: small trees of virtual calls that give one lane of a
/// value in a machine representation. Values that no machine representation holds are lathe::Value, and go
/// through apply and cast.

#include "lathe/ir/buffer.h"
#include "lathe/ir/expr.h"
#include "lathe/ir/interpret.h"

#include <functional>
#include <tuple>
#include <variant>

namespace lathe::ir::interpreter {

using Wide = __int128;

/// A tensor, or a view of one, while the program runs.
struct TensorState {
    std::string name;
    AnyBuffer buffer;
    int64_t element_size = 0;
    bool known = false; ///< every element is initialised
    /// Unless known: which elements are. An element's mark is at first_mark + Σ mark_steps · (i − min); views
    /// share the marks of what they see.
    std::shared_ptr<std::vector<uint8_t>> marks;
    int64_t first_mark = 0;
    std::vector<int64_t> mark_steps;
    std::vector<int64_t> folds;   ///< of each dimension, 0 for none; empty: none at all
    std::shared_ptr<void> memory; ///< where the buffer is a view of it

    TensorState() = default;
    TensorState(std::string n, AnyBuffer b, bool all_known);
    /// Calls `f` with the mark of each element.
    void for_each_mark(const std::function<void(uint8_t&)>& f) const;
};

class Network;
class Channel;
class Launch;
class ProcessTrace;

/// A variable's or shared expression's lane. `stamp` is the epoch in which a shared expression was evaluated.
template <class R> struct Cell {
    R value{};
    uint64_t stamp = 0;
};
template <class R> using Cells = std::vector<Cell<R>>;

/// Where an element lies.
struct Place {
    std::byte* address; ///< null in a lane that a predicate masks
    size_t dense;       ///< index into TensorState::marks
};

/// All state of a run. An epoch is the evaluation of one statement's expressions, in which no variable
/// changes.
struct Frame {
    std::tuple<Cells<int64_t>, Cells<Wide>, Cells<double>, Cells<Value>> cells;
    std::vector<TensorState> tensors;
    std::vector<Place> places; ///< of a store's lanes
    uint64_t epoch = 1;
    std::vector<std::shared_ptr<Channel>> streams;
    Network* network = nullptr; ///< of all processes that run
    std::vector<CopyUse>* copies = nullptr;
    Launch* launch = nullptr;      ///< of the dataflow whose processes are being collected
    ProcessTrace* trace = nullptr; ///< where a run that is recorded notes what the process does

    template <class R> Cell<R>& cell(size_t i) { return std::get<Cells<R>>(cells)[i]; }
};

/// An expression of any type in representation R: int64_t and Wide hold the integer m of exact types, double
/// the floats.
template <class R> struct Code {
    virtual ~Code() = default;
    virtual R eval(Frame& f, int lane) const = 0;
};
template <class R> using Ptr = std::shared_ptr<const Code<R>>;
/// The alternatives stand in order of generality.
using AnyCode = std::variant<Ptr<int64_t>, Ptr<Wide>, Ptr<double>, Ptr<Value>>;

enum class Rep : uint8_t { small, wide, floating, any };
/// The representation of a scalar type; Wide and int64_t hold every value of the types they stand for.
Rep rep_of(Type t);
/// Calls f with a null Ptr<R> of the representation.
template <class F> auto with_rep(Rep rep, F f) {
    switch (rep) {
    case Rep::small:
        return f(Ptr<int64_t>());
    case Rep::wide:
        return f(Ptr<Wide>());
    case Rep::floating:
        return f(Ptr<double>());
    default:
        return f(Ptr<Value>());
    }
}
template <class P>
using RepOf = std::remove_cvref_t<decltype(std::declval<P>()->eval(std::declval<Frame&>(), 0))>;

// Between representations. Each result is the same number; a Value takes the type given.
template <class R> Value to_value(Type t, const R& x);
template <class R> R from_value(const Value& v);

/// Code with the scalar type of each of its lanes.
struct Operand {
    AnyCode code;
    Type type;
};

template <class R> struct ConstantCode final : Code<R> {
    R value;
    explicit ConstantCode(R v) : value(std::move(v)) {}
    R eval(Frame&, int) const override { return value; }
};

/// A variable in cells [first, first + lanes).
template <class R> struct CellCode final : Code<R> {
    size_t first;
    explicit CellCode(size_t i) : first(i) {}
    R eval(Frame& f, int lane) const override { return f.cell<R>(first + static_cast<size_t>(lane)).value; }
};

Operand constant(const Value& v);
/// The code in representation R. \throws InternalError if it is of a more general one.
template <class R> Ptr<R> in_rep(const Operand& x);

/// An untyped literal beside an operand of type `other` takes its type from it; anything else stays.
Operand typed_beside(const Operand& x, Type other);

// The meaning of operations, lane by lane: always equal to value.h's. Types are scalar.
Operand compile_unary(UnaryOp op, const Operand& a);
/// The exact result wrapped into `type`; `loc` is named when a subscript leaves 64 bits.
Operand compile_binary(BinaryOp op, Type type, const Operand& a, const Operand& b, Loc loc);
Operand compile_cast(Type to, const Operand& a, Loc loc);
Operand compile_bitcast(Type to, const Operand& a);
Operand compile_slice(const Operand& a, int hi, int lo);
Operand compile_fma(const Operand& a, const Operand& b, const Operand& c);
/// Functions of exact types: popcount, reverse, concat, with_slice.
Operand compile_bit_function(const std::string& function, Type type, const std::vector<Operand>& arguments);

/// Where and how an element is accessed: one subscript code per dimension.
struct Access {
    size_t tensor = 0;
    std::vector<Ptr<int64_t>> indices;
    Loc loc;
    bool check = true; ///< that elements are initialised and in their type's range

    /// \throws Error when a subscript is out of bounds.
    Place locate(Frame& f, int lane) const;
    std::string element(Frame& f, int lane) const; ///< "A[3, 4]"
};

/// How elements lie in memory.
enum class Container : uint8_t { u8, u16, u32, u64, s8, s16, s32, s64, f32, f64, value };

/// Reads and writes elements of one scalar type in its representation R.
template <class R> class ElementIo {
  public:
    explicit ElementIo(Type t);
    /// \throws Error if the element is uninitialised or holds a number outside its type.
    R read(Frame& f, const Access& access, Place place, int lane) const;
    void write(Frame& f, const Access& access, Place place, const R& x) const;

  private:
    Type type;
    Container container;
    bool partial; ///< the container holds numbers that are none of the type's
};

} // namespace lathe::ir::interpreter
