#pragma once
/// \file Kernel: an algorithm as a program of loops, conditions, scalars and arrays.
///
///     Input a("a", Int(32), {N});
///     InOut b("b", Int(32), {N});
///     Var i("i");
///     Kernel prefix("prefix", {a, b}, [&](KernelBody& k) {
///         Scalar total = k.scalar("total", Int(32), 0);
///         k.for_(i, 0, N, [&] {
///             total += a(i);
///             b(i) = total;
///         });
///     });
///     Schedule s(prefix);
///     s[prefix].split(i, 8);
///
/// The body runs once, when the Kernel is made: it records the program. Expressions are evaluated where they
/// are used. An Expr that is used after something that it reads was stored to is an error: `let` keeps the
/// value.

#include "lathe/dsl/algorithm.h"
#include "lathe/dsl/stream.h"

#include <functional>

namespace lathe {

struct KernelTensor;
struct KernelData;
class Recorder;

/// Bits hi..lo of an element, to be read or assigned.
class SliceRef {
  public:
    SliceRef(std::shared_ptr<KernelTensor> tensor, std::vector<Expr> subscripts, int hi, int lo, Loc loc);
    SliceRef(const SliceRef&) = delete;
    void operator=(const Operand& bits) &&;
    void operator=(SliceRef&& bits) &&;
    Expr value(Loc) &&;
    operator Expr() &&;

  private:
    std::shared_ptr<KernelTensor> tensor;
    std::vector<Expr> subscripts;
    int hi, lo;
    Loc location;
};

/// The bit of an element at a position that is computed, to be read or assigned. Beyond the type's bits it is
/// 0, and stays so.
class BitRef {
  public:
    BitRef(std::shared_ptr<KernelTensor> tensor, std::vector<Expr> subscripts, const Operand& position);
    BitRef(const BitRef&) = delete;
    void operator=(const Operand& bit) &&;
    void operator=(BitRef&& bit) &&;
    Expr value(Loc) &&;
    operator Expr() &&;

  private:
    std::shared_ptr<KernelTensor> tensor;
    std::vector<Expr> subscripts;
    Operand position;
};

/// `b(i)`: an element that is read, or stored to where the kernel's body stands.
class StoreRef : public ElementRef {
  public:
    StoreRef(const std::shared_ptr<KernelTensor>& tensor, std::vector<Expr> subscripts, Loc loc);
    void operator=(const Operand& value) &&;
    void operator=(StoreRef&& value) &&;
    void operator+=(const Operand& value) &&;
    void operator-=(const Operand& value) &&;
    void operator*=(const Operand& value) &&;
    void operator/=(const Operand& value) &&;
    void operator%=(const Operand& value) &&;
    void operator&=(const Operand& value) &&;
    void operator|=(const Operand& value) &&;
    void operator^=(const Operand& value) &&;
    void operator<<=(const Operand& value) &&;
    void operator>>=(const Operand& value) &&;
    SliceRef operator[](BitPosition bit) &&;
    template <Operable T>
        requires(!ir::Number<std::remove_cvref_t<T>>)
    BitRef operator[](T&& position) && {
        return {target(), subscripts, Operand(std::forward<T>(position), location)};
    }
    SliceRef operator()(int hi, int lo, Loc loc = Loc::current()) &&;

  private:
    friend class KernelBody;
    std::shared_ptr<KernelTensor> target() const;
};

/// A tensor that kernels read and write.
class KernelArray {
  public:
    const std::string& name() const;
    const ir::Symbol& symbol() const;
    Type type() const;
    size_t rank() const;
    Loc loc() const;
    Expr extent(size_t dimension) const; ///< as a value
    Expr min(size_t dimension) const;    ///< the first coordinate, as a value

    template <class... I>
        requires(Operable<I> && ...)
    StoreRef operator()(const Operand& first, I&&... rest) const {
        return {tensor, subscript_list(first, std::forward<I>(rest)...), first.loc()};
    }
    StoreRef operator()(const std::vector<Expr>& subscripts, Loc loc = Loc::current()) const {
        return {tensor, subscripts, loc};
    }
    StoreRef operator()(Loc loc = Loc::current()) const { return {tensor, {}, loc}; } ///< of a scalar
    const std::shared_ptr<KernelTensor>& data() const { return tensor; }

  protected:
    explicit KernelArray(std::shared_ptr<KernelTensor> t) : tensor(std::move(t)) {}
    std::shared_ptr<KernelTensor> tensor;
};

/// An argument that a kernel writes. Its elements have no value before.
class Output : public KernelArray {
  public:
    Output(Name name, Type type, const Shape& shape);
};

/// An argument that a kernel reads and writes.
class InOut : public KernelArray {
  public:
    InOut(Name name, Type type, const Shape& shape);
};

/// A local array: lives from where it is made to the end of the block, once for each time that the block
/// runs. Its elements have no value before they are stored to.
class Array : public KernelArray {
  private:
    friend class KernelBody;
    using KernelArray::KernelArray;
};

/// A local variable: assignment is a store, use as a value is a load. Copies would be two names for one
/// variable: `Expr old = k.let(x)` keeps the value.
class Scalar {
  public:
    Scalar(const Scalar&) = delete; // write `Expr old = k.let(s)`, which keeps the value
    const std::string& name() const;
    Type type() const;
    void operator=(const Operand& value);
    void operator=(const Scalar& value);
    void operator+=(const Operand& value);
    void operator-=(const Operand& value);
    void operator*=(const Operand& value);
    void operator/=(const Operand& value);
    void operator%=(const Operand& value);
    void operator&=(const Operand& value);
    void operator|=(const Operand& value);
    void operator^=(const Operand& value);
    void operator<<=(const Operand& value);
    void operator>>=(const Operand& value);
    template <class T = void> void operator++() { no_step<T>(); }
    template <class T = void> void operator++(int) { no_step<T>(); }
    template <class T = void> void operator--() { no_step<T>(); }
    template <class T = void> void operator--(int) { no_step<T>(); }
    SliceRef operator[](BitPosition bit);
    template <Operable T>
        requires(!ir::Number<std::remove_cvref_t<T>>)
    BitRef operator[](T&& position) {
        return {tensor, {}, Operand(std::forward<T>(position), tensor_loc())};
    }
    SliceRef operator()(int hi, int lo, Loc loc = Loc::current());
    Expr value(Loc loc) const;
    operator Expr() const;
    const std::shared_ptr<KernelTensor>& data() const { return tensor; }

  private:
    friend class KernelBody;
    explicit Scalar(std::shared_ptr<KernelTensor> t) : tensor(std::move(t)) {}
    Loc tensor_loc() const;
    template <class T> static void no_step() {
        static_assert(dependent_false<T>, "write `s += 1` or `s -= 1`: they know their line");
    }
    std::shared_ptr<KernelTensor> tensor;
};

/// What a kernel takes, in the order of a call: tensors, streams and parameters. Parameters that nobody lists
/// are taken too: sizes from the tensors' extents, others by name.
struct KernelArgument {
    std::shared_ptr<TensorData> tensor; ///< null: a stream or a parameter
    std::shared_ptr<StreamData> stream;
    std::optional<Param> param;
    Loc loc;
    KernelArgument(const Input& t, Loc l = Loc::current());
    KernelArgument(const Output& t, Loc l = Loc::current());
    KernelArgument(const InOut& t, Loc l = Loc::current());
    KernelArgument(const Param& p, Loc l = Loc::current());
    KernelArgument(const InStream& s, Loc l = Loc::current()) : KernelArgument(s.data(), l) {}
    KernelArgument(const OutStream& s, Loc l = Loc::current()) : KernelArgument(s.data(), l) {}
    KernelArgument(const InBlockStream& s, Loc l = Loc::current()) : KernelArgument(s.data(), l) {}
    KernelArgument(const OutBlockStream& s, Loc l = Loc::current()) : KernelArgument(s.data(), l) {}
    const std::string& name() const;

  private:
    KernelArgument(std::shared_ptr<StreamData> s, Loc l) : stream(std::move(s)), loc(l) {}
};

[[nodiscard]] View view(const ReadTensor& t, const std::vector<ViewPart>& parts, Loc loc = Loc::current());
[[nodiscard]] View view(const KernelArray& t, const std::vector<ViewPart>& parts, Loc loc = Loc::current());

/// What a call passes: tensors (inputs, outputs, local arrays) and views of them, streams, and values for
/// parameters.
struct CallArgument {
    std::shared_ptr<TensorData> tensor; ///< null: a stream or a value
    std::vector<ViewPart> parts;        ///< of a view
    bool whole = true;
    std::optional<StreamRef> stream;
    Expr value;
    Loc loc;
    CallArgument(const ReadTensor& t, Loc l = Loc::current());
    CallArgument(const KernelArray& t, Loc l = Loc::current());
    CallArgument(const View& v) : tensor(v.tensor), parts(v.parts), whole(false), loc(v.loc) {}
    CallArgument(const StreamRef& s) : stream(s), loc(s.loc()) {}
    CallArgument(const StreamHandle& s, Loc l = Loc::current()) : stream(StreamRef(s, l)), loc(l) {}
    template <class T>
        requires Operable<T>
    CallArgument(T&& x, Loc l = Loc::current()) : value(Operand(std::forward<T>(x), l).expr()), loc(l) {}
};

struct KernelBlock;
struct KernelIf;

/// What `if_` returns: `.elif_(c, …)` and `.else_(…)` go on directly behind it.
class IfChain {
  public:
    using Body = std::function<void()>;
    IfChain elif_(const Operand& condition, const Body& body);
    void else_(const Body& body, Loc loc = Loc::current());

  private:
    friend class KernelBody;
    IfChain(Recorder& r, KernelBlock& b, size_t n, KernelBlock& in, KernelIf& i)
        : recorder(r), block(b), item(n), inner(in), last(i) {}
    Recorder& recorder;
    KernelBlock& block;
    size_t item;        ///< of the first `if_` in its block
    KernelBlock& inner; ///< where the last one of the chain stands
    KernelIf& last;
};

class Kernel;

/// The ids of one dimension of a spawn: 0 … extent − 1.
struct SpawnRange {
    Var id;
    Operand extent;
};

/// `f(i, j, …)` or `f({i, j, …})`, whichever `f` takes; up to four variables have places of their own.
template <class F> decltype(auto) call_with(F& f, const std::vector<Var>& v) {
    if constexpr (std::invocable<F&, const std::vector<Var>&>)
        return f(v);
    else if constexpr (std::invocable<F&, Var>)
        return f(v.at(0));
    else if constexpr (std::invocable<F&, Var, Var>)
        return f(v.at(0), v.at(1));
    else if constexpr (std::invocable<F&, Var, Var, Var>)
        return f(v.at(0), v.at(1), v.at(2));
    else
        return f(v.at(0), v.at(1), v.at(2), v.at(3));
}

/// How many variables `call_with` gives to an F; nothing if it takes a vector.
template <class F> constexpr std::optional<size_t> variables_of() {
    if constexpr (std::invocable<F&, const std::vector<Var>&>)
        return {};
    else if constexpr (std::invocable<F&, Var>)
        return 1;
    else if constexpr (std::invocable<F&, Var, Var>)
        return 2;
    else if constexpr (std::invocable<F&, Var, Var, Var>)
        return 3;
    else
        return 4;
}

/// The statements of a kernel, in the order in which its body calls them.
class KernelBody {
  public:
    using Body = std::function<void()>;
    using LoopBody = std::function<void(Var)>;

    explicit KernelBody(Recorder& r) : recorder(r) {}
    KernelBody(const KernelBody&) = delete;

    /// for i = begin, begin + step, … before `end` (above it, if the step is negative). The bounds are
    /// integers, evaluated once. Returns the variable: schedules name the loop by it. \throws Error for a
    /// step of 0, or a Var that is a loop's around this one.
    Var for_(const Var& i, const Operand& begin, const Operand& end, const Body& body);
    Var for_(const Var& i, const Operand& begin, const Operand& end, int64_t step, const Body& body);
    Var for_(const Operand& begin, const Operand& end, const LoopBody& body);
    Var for_(const Operand& begin, const Operand& end, int64_t step, const LoopBody& body);
    IfChain if_(const Operand& condition, const Body& body);
    /// The condition is made anew before each round.
    void while_(const std::function<Expr()>& condition, const Body& body, Loc loc = Loc::current());
    template <Operable T> void while_(T&&, const Body&, Loc = Loc::current()) {
        static_assert(
            dependent_false<T>,
            "the condition is made anew before each round: write k.while_([&] { return s < 4; }, …)");
    }
    /// Runs `body(i, j, …)` for every position of the domain, the last index innermost. Returns the loops'
    /// variables. \throws Error if the body takes another number of variables.
    template <class F> std::vector<Var> mutate(const Shape& domain, F body, Loc loc = Loc::current()) {
        return nest(domain, variables_of<F>(), [&](const std::vector<Var>& v) { call_with(body, v); }, loc);
    }
    /// `t(i, j, …) = value(i, j, …)` for every element, one after the other.
    template <class F> std::vector<Var> update(const KernelArray& t, F value, Loc loc = Loc::current()) {
        return nest(
            shape_of(t, loc), variables_of<F>(),
            [&](const std::vector<Var>& v) { t(subscripts(v), loc) = Operand(call_with(value, v), loc); },
            loc);
    }
    /// A local array with the elements that the tensor has now.
    [[nodiscard]] Array copy(Name name, const KernelArray& from);
    [[nodiscard]] Array copy(Name name, const ReadTensor& from);

    /// Leaves the innermost loop around it, or the one of `loop`. Nothing may follow in its block.
    void break_(Loc loc = Loc::current());
    void break_(const Var& loop, Loc loc = Loc::current());
    /// Ends the kernel. Nothing may follow in its block.
    void return_(Loc loc = Loc::current());

    /// The value now: what happens later does not change it.
    [[nodiscard]] Expr let(const Operand& value);
    [[nodiscard]] Scalar scalar(Name name, Type type);
    [[nodiscard]] Scalar scalar(Name name, Type type, const Operand& initial);
    /// The extents are integers, sizes and expressions of them. On the stack if it is small, else on the
    /// heap.
    [[nodiscard]] Array array(Name name, Type type, const Shape& shape);

    /// Simultaneous stores: all values are read before any element is written.
    template <class... Ref>
        requires(sizeof...(Ref) > 0 && (std::same_as<Ref, StoreRef> && ...))
    void store(std::vector<Operand> values, Ref&&... targets) {
        store_all({&targets...}, values);
    }
    /// A line of text: a `{}` for each value, `{{` for a brace.
    void print(const std::string& format, const std::vector<Operand>& values = {}, Loc loc = Loc::current());
    /// Ends the program with an error unless the condition holds.
    void require(const Operand& condition, const std::string& message = "");
    /// Runs another kernel on these arguments.
    void call(const Kernel& callee, const std::vector<CallArgument>& arguments, Loc loc = Loc::current());

    /// Kernels that run at the same time: `body` declares streams and arrays, calls and spawns kernels, and
    /// nothing else. It ends when all have ended.
    void dataflow(const Body& body, Loc loc = Loc::current());
    /// A process for each position of the box, in which the ids are numbers; only in a dataflow.
    void spawn(const std::vector<SpawnRange>& box, const Kernel& callee,
               const std::vector<CallArgument>& arguments, Loc loc = Loc::current());
    /// A stream, or an array of them, of a dataflow. It holds `depth` tokens; 0: as many as it needs.
    [[nodiscard]] Stream stream(Name name, Type type, const std::vector<Operand>& extents = {},
                                int64_t depth = 0);
    /// The same for arrays of this shape as tokens.
    [[nodiscard]] BlockStream blocks(Name name, Type type, const std::vector<int64_t>& shape,
                                     int64_t depth = 0, const std::vector<Operand>& extents = {});
    /// Writes a token: the value, cast to the stream's type as by a store.
    void push(const StreamRef& to, const Operand& value);
    /// Takes the next token.
    Expr pop(const StreamRef& from, Loc loc = Loc::current());
    /// Writes a block: `body` stores to its elements, which have no value before.
    void fill(const StreamRef& to, const std::function<void(Array)>& body, Loc loc = Loc::current());
    /// Takes the next block: `body` reads its elements.
    void drain(const StreamRef& from, const std::function<void(Array)>& body, Loc loc = Loc::current());

  private:
    void block(const StreamRef& s, bool writes, const std::function<void(Array)>& body, Loc loc);
    void store_all(const std::vector<StoreRef*>& targets, const std::vector<Operand>& values);
    Var loop(const Var& i, const Operand& begin, const Operand& end, int64_t step, const LoopBody& body);
    std::vector<Var> nest(const Shape& domain, std::optional<size_t> variables,
                          const std::function<void(const std::vector<Var>&)>& body, Loc loc);
    static Shape shape_of(const KernelArray& t, Loc loc);
    static std::vector<Expr> subscripts(const std::vector<Var>& v) { return {v.begin(), v.end()}; }
    Recorder& recorder;
};

/// A named program over tensors and parameters. Handles share: a copy is the same Kernel.
class Kernel {
  public:
    /// \throws Error when the body breaks a rule of the language.
    Kernel(Name name, const std::vector<KernelArgument>& arguments,
           const std::function<void(KernelBody&)>& body);
    const std::string& name() const;
    const ir::Symbol& symbol() const;
    Loc loc() const;
    std::shared_ptr<const KernelData> data() const { return kernel; }

  protected:
    std::shared_ptr<KernelData> kernel;
};

/// The Module of a kernel: inputs in the order listed, then what it writes.
Algorithm build(const Kernel& kernel);

} // namespace lathe
