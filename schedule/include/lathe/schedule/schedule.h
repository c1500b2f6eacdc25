#pragma once
/// \file Schedule: how an algorithm runs. Each call checks that it keeps the algorithm's meaning, rewrites
/// the Module and is recorded in a trace. After a refused call the Schedule is as before.

#include "lathe/schedule/loop.h"
#include "lathe/schedule/quantize.h"
#include "lathe/schedule/stencil.h"
#include "lathe/schedule/step.h"

#include <array>

namespace lathe::schedule {
struct State;
} // namespace lathe::schedule

namespace lathe {

class Schedule;
class Blocks;
class StencilModel;

/// Names of the two loops that split makes; empty: the loop's name with "o" and "i" appended.
struct SplitNames {
    std::string outer = "", inner = "";
};

/// One of the copies that `separate` made: finds the copy's loop for a loop of the original.
class LoopCopy {
  public:
    LoopCopy(std::vector<std::pair<ir::Symbol, ir::Symbol>> l) : loops(std::move(l)) {}
    /// \throws Error when `loop` was not inside the loops that were separated.
    Loop operator()(const LoopRef& loop) const;

  private:
    std::vector<std::pair<ir::Symbol, ir::Symbol>> loops;
};

/// One definition of a Func in a Schedule, or several (`all()`). Loops are listed outermost first.
class StageHandle {
  public:
    StageHandle(Schedule& s, ir::Symbol f, std::vector<int> d, Loc l);

    StageHandle init() const;                                  ///< the first definition
    StageHandle update(int n, Loc loc = Loc::current()) const; ///< update n, from 0
    StageHandle all() const;                                   ///< every definition
    /// The definition that `quantize(…, {.accumulate = …})` added: it copies the accumulator into the tensor.
    StageHandle write_back(Loc loc = Loc::current()) const;

    /// for i: → for io: for ii: with `factor` iterations of ii.
    std::array<Loop, 2> split(const LoopRef& loop, int64_t factor, Tail tail = Tail::guard,
                              const SplitNames& names = {}, Loc loc = Loc::current());
    /// Two nested loops split and reordered: io, jo, ii, ji.
    std::array<Loop, 4> tile(const std::array<LoopRef, 2>& loops, const std::array<int64_t, 2>& factors,
                             Tail tail = Tail::guard, Loc loc = Loc::current());
    /// The loops named, in this order, in the places that they hold together. They must be perfectly nested.
    StageHandle& reorder(const std::vector<LoopRef>& loops, Loc loc = Loc::current());
    StageHandle& reorder(const LoopRef& a, const LoopRef& b) { return reorder({a, b}, a.loc); }
    StageHandle& reorder(const LoopRef& a, const LoopRef& b, const LoopRef& c) {
        return reorder({a, b, c}, a.loc);
    }
    StageHandle& reorder(const LoopRef& a, const LoopRef& b, const LoopRef& c, const LoopRef& d) {
        return reorder({a, b, c, d}, a.loc);
    }
    StageHandle& reorder(const LoopRef& a, const LoopRef& b, const LoopRef& c, const LoopRef& d,
                         const LoopRef& e) {
        return reorder({a, b, c, d, e}, a.loc);
    }
    StageHandle& reorder(const LoopRef& a, const LoopRef& b, const LoopRef& c, const LoopRef& d,
                         const LoopRef& e, const LoopRef& f) {
        return reorder({a, b, c, d, e, f}, a.loc);
    }
    template <NamesLoop... More>
        requires(sizeof...(More) > 0)
    StageHandle& reorder(const LoopRef& a, const LoopRef& b, const LoopRef& c, const LoopRef& d,
                         const LoopRef& e, const LoopRef& f, const More&... more) {
        return reorder(std::vector<LoopRef>{a, b, c, d, e, f, LoopRef(more, a.loc)...}, a.loc);
    }
    /// Two directly nested loops as one.
    Loop fuse(const LoopRef& outer, const LoopRef& inner, const std::string& name = "",
              Loc loc = Loc::current());
    StageHandle& serial(const LoopArg& loop, Loc loc = Loc::current());
    StageHandle& parallel(const LoopArg& loop, Loc loc = Loc::current());
    /// All iterations as copies; the extent must have a constant bound.
    StageHandle& unroll(const LoopArg& loop, Loc loc = Loc::current());
    /// Blocks of `factor` iterations as copies: split, then unroll the inner loop. The loop's name then means
    /// the outer one.
    Blocks unroll(const LoopArg& loop, int64_t factor, Loc loc = Loc::current());
    /// All iterations as one vector; the extent must have a constant bound.
    StageHandle& vectorize(const LoopArg& loop, Loc loc = Loc::current());
    /// Blocks of `lanes` iterations as vectors: split, then vectorize the inner loop. The loop's name then
    /// means the outer one.
    Blocks vectorize(const LoopArg& loop, int64_t lanes, Loc loc = Loc::current());
    /// In hardware an iteration starts every `interval` cycles, before the one in front of it has ended. What
    /// is computed stays the same; on a CPU the loop is serial.
    StageHandle& pipeline(const LoopArg& loop, int64_t interval = 1, Loc loc = Loc::current());
    StageHandle& rename(const LoopRef& loop, const std::string& name, Loc loc = Loc::current());
    /// Moves the initialisation to the beginning of `loop`'s body in this update, for the elements that the
    /// body updates. Without a loop: the innermost one that stands outside of every reduction loop.
    StageHandle& fuse_init(const LoopRef& loop, Loc loc = Loc::current());
    StageHandle& fuse_init(Loc loc = Loc::current());
    /// Call number `n` of the Function here, from 0 in program order: it gets a copy of the Function of its
    /// own, which what is given back schedules alone.
    StageHandle call(const StageRef& callee, int64_t n, Loc loc = Loc::current());
    StageHandle call(const StageHandle& callee, int64_t n, Loc loc = Loc::current());
    /// What the Function does stands where it is called: at all calls here, or at call number `n` alone. Its
    /// loops are this definition's then.
    StageHandle& inline_call(const StageRef& callee, Loc loc = Loc::current());
    StageHandle& inline_call(const StageHandle& callee, Loc loc = Loc::current());
    StageHandle& inline_call(const StageRef& callee, int64_t n, Loc loc = Loc::current());
    /// The loop and all in it become a Function, which is called in their place, and which what is given back
    /// schedules. The tensors that it uses are its arguments; other numbers its parameters.
    StageHandle outline(const LoopRef& loop, const std::string& name, Loc loc = Loc::current());
    /// Two copies of the innermost loop's body: one for full tiles, without guards and with constant extents,
    /// and one for the edges. Returns them in this order.
    std::array<LoopCopy, 2> separate(const std::vector<LoopRef>& loops, Loc loc = Loc::current());
    std::array<LoopCopy, 2> separate(const LoopRef& a) { return separate(std::vector{a}, a.loc); }
    std::array<LoopCopy, 2> separate(const LoopRef& a, const LoopRef& b) {
        return separate(std::vector{a, b}, a.loc);
    }
    std::array<LoopCopy, 2> separate(const LoopRef& a, const LoopRef& b, const LoopRef& c) {
        return separate(std::vector{a, b, c}, a.loc);
    }

    /// See Schedule::stream.
    StageHandle& stream(const StageRef& consumer, int64_t depth = 0, Loc loc = Loc::current());
    StageHandle& stream(const StageHandle& consumer, int64_t depth = 0, Loc loc = Loc::current());
    /// See Schedule::dataflow.
    StageHandle& dataflow(Loc loc = Loc::current());
    /// See Schedule::unfold and Schedule::relay: `loop` is this definition's.
    StageHandle& unfold(const LoopRef& loop, Loc loc = Loc::current());
    StageHandle& relay(const TensorRef& tensor, const LoopRef& loop, Loc loc = Loc::current());

    // On the whole Func:
    /// Computes the Func inside `loop` of `consumer`: the part that one iteration needs. With all(loop) it is
    /// computed in every copy of the loop, and where a split left a rest behind the loop, for that, too.
    StageHandle& compute_at(const StageRef& consumer, const LoopArg& loop, Loc loc = Loc::current());
    StageHandle& compute_at(const StageHandle& consumer, const LoopArg& loop, Loc loc = Loc::current());
    StageHandle& compute_root(Loc loc = Loc::current());
    StageHandle& store_in(const MemorySpace& space, Loc loc = Loc::current());
    void inline_(Loc loc = Loc::current());
    /// See Schedule::to.
    StageHandle& to(Side side, Loc loc = Loc::current());

    /// See Schedule::reuse_at: `loop` is this definition's.
    TensorRef reuse_at(const TensorRef& tensor, const LoopRef& loop, Loc loc = Loc::current());
    /// See Schedule::buffer_at.
    TensorRef buffer_at(const LoopRef& loop, Loc loc = Loc::current());
    TensorRef buffer_at(const TensorRef& tensor, const LoopRef& loop, Loc loc = Loc::current());

  private:
    schedule::Step step(const schedule::Primitive& primitive, std::vector<LoopRef> loops, Loc loc) const;
    StageHandle& apply(schedule::Step s);
    std::vector<ir::Symbol> apply_one(schedule::Step s);
    TensorRef on_tensor(const schedule::Primitive& primitive, const ir::Symbol& tensor, const LoopRef& loop,
                        Loc loc);
    StageHandle& tag(const schedule::Primitive& primitive, const LoopArg& loop, std::vector<int64_t> numbers,
                     Loc loc);
    Blocks blocks(const schedule::Primitive& primitive, const LoopArg& loop, int64_t n, Loc loc);

    friend class Schedule;
    Schedule* owner;
    ir::Symbol func;
    std::vector<int> definitions;
    Loc location;
    std::string part_of; ///< the call that the next ones belong to
};

/// What vectorize(i, n) and unroll(i, n) give back: the handle, to go on, and the two loops that i became.
class Blocks : public StageHandle {
  public:
    Blocks(const StageHandle& of, std::vector<ir::Symbol> loops) : StageHandle(of), made(std::move(loops)) {}
    Loop outer(Loc loc = Loc::current()) const { return one(0, loc); }
    Loop inner(Loc loc = Loc::current()) const { return one(1, loc); }

  private:
    /// \throws Error when the loop had copies, or was one of several definitions.
    Loop one(size_t n, Loc loc) const;
    std::vector<ir::Symbol> made;
};

/// A schedule of an algorithm: a value; copies go their own ways, and handles work in all of them.
/// Type steps (quantize) are kept apart from the structure: it does not matter where among the other calls
/// they stand.
class Schedule {
  public:
    Schedule(const Func& output);
    Schedule(const Kernel& kernel);
    Schedule(const std::vector<Func>& outputs);
    /// The arguments in this order.
    Schedule(const std::vector<Input>& inputs, const std::vector<Func>& outputs);
    explicit Schedule(Algorithm algorithm);

    /// The Func's last definition. \throws Error when it is no stage of this algorithm.
    StageHandle operator[](const StageRef& stage);
    StageHandle stage(const ir::Symbol& func, Loc loc = Loc::current());

    Schedule& compute_at(const StageRef& producer, const StageRef& consumer, const LoopArg& loop,
                         Loc loc = Loc::current());
    Schedule& compute_root(const StageRef& func, Loc loc = Loc::current());
    Schedule& store_in(const StageRef& func, const MemorySpace& space, Loc loc = Loc::current());
    /// The memory of an array or a constant; of a kernel's argument the bank beside the FPGA.
    Schedule& store_in(const TensorRef& tensor, const MemorySpace& space, Loc loc = Loc::current());
    Schedule& store_in(const Func& func, const MemorySpace& space, Loc loc = Loc::current());
    Schedule& inline_(const StageRef& func, Loc loc = Loc::current());
    /// A buffer keeps what neighbouring iterations of the consumer's `loop` read of the tensor, so that each
    /// element is read once: the loop runs over the tensor's positions, fills one of them in each iteration,
    /// and does what it did as soon as all that it reads is there. The buffer holds as many positions as one
    /// iteration reads, and in the other dimensions all that the loop reads. Returns the buffer, which can be
    /// reused again in a loop inside: then that loop fills it, too. In hardware the positions of the moving
    /// dimension are banks of their own: a line buffer, then a window of registers.
    /// \throws Error when the loop's iterations read no moving window of the tensor, something in the loop
    /// writes it, or the iterations do not run in order.
    TensorRef reuse_at(const TensorRef& tensor, const StageRef& consumer, const LoopRef& loop,
                       Loc loc = Loc::current());
    /// An iteration of the stage's `loop` works on a copy of what it touches of the tensor (the stage's own,
    /// if none is named): the elements that it reads are copied before it, those that it writes after it,
    /// each once, and nothing else. Returns the copy.
    /// \throws Error when which elements are touched depends on what the loop's body writes, or when an
    /// element would be copied that may hold nothing yet.
    TensorRef buffer_at(const StageRef& stage, const LoopRef& loop, Loc loc = Loc::current());
    TensorRef buffer_at(const TensorRef& tensor, const StageRef& stage, const LoopRef& loop,
                        Loc loc = Loc::current());
    /// What the producer writes and the consumer reads goes through a channel, first in first out: both are
    /// processes of one dataflow from then on, which run at the same time. Each is a Func (all its
    /// definitions) or a kernel that is called once. The tensor has no memory any more, unless others read
    /// it.
    /// \param depth how many elements the channel holds; 0: as many as it needs, computed
    /// \throws Error unless each element is written once and read once, in one order, and nothing between
    /// the two touches what they touch.
    Schedule& stream(const StageRef& producer, const StageRef& consumer, int64_t depth = 0,
                     Loc loc = Loc::current());
    /// All that stands beside the stage runs at the same time: the stages around a Func, or a kernel's loops
    /// and calls, each as a process. What one of them writes and another reads is a stream where stream()
    /// would be legal, else a block that passes all of it at once.
    /// \throws Error where neither can be.
    Schedule& dataflow(const StageRef& stage, Loc loc = Loc::current());
    /// Each iteration of the stage's loop becomes a process of its own, and all run at the same time. A
    /// tensor that they write is dealt out to them; one that they only read is shared.
    /// \throws Error unless the iterations are independent and constant in number, and each has its own part.
    Schedule& unfold(const StageRef& stage, const LoopRef& loop, Loc loc = Loc::current());
    /// The processes that unfold made of the loop hand on what they read of the tensor, from neighbour to
    /// neighbour, in the order in which each of them reads it: one process reads the tensor, once.
    /// \throws Error unless all of them read the same elements in the same order.
    Schedule& relay(const TensorRef& tensor, const StageRef& stage, const LoopRef& loop,
                    Loc loc = Loc::current());
    /// The stage (a Func that is computed at root, or a kernel that is called) runs on the host, or on the
    /// device: in a Vitis kernel, together with the device's stages directly before and behind it. As soon as
    /// one stage is put on the device all others are the host's; without that the whole program is one
    /// kernel. Copies are planned: what nobody changed is where it was copied to, and what is written as a
    /// whole is not copied before. \throws Error when the stage has no place of its own, or a kernel cannot
    /// hold it.
    Schedule& to(const StageRef& stage, Side side, Loc loc = Loc::current());
    /// All calls of the Function, in all its callers, become what it does.
    Schedule& inline_call(const StageRef& callee, Loc loc = Loc::current());
    /// Inlines every Func that is one expression; others stay (outputs, those with updates or inline
    /// reductions, and those inlined before).
    Schedule& inline_all_pure(Loc loc = Loc::current());

    // How a tensor is stored: never what it holds. Its dimensions count from 0, outermost first. What a
    // called Function is given keeps its layout there; arguments keep their caller's.
    /// Splits a dimension into banks, which are accessed at the same time: each position in one of its own,
    /// or `factor` banks in turns (cyclic) or one after the other (block).
    Schedule& partition(const TensorRef& tensor, Partition kind = Partition::complete,
                        int dimension = all_dimensions, int64_t factor = 0, Loc loc = Loc::current());
    /// The same elements in the same row-major order, in an array of constant shape: the dimensions that
    /// later calls count.
    Schedule& reshape(const TensorRef& tensor, const Shape& shape, Loc loc = Loc::current());
    /// Words of `n` neighbours in the innermost stored dimension, which are accessed at once.
    Schedule& pack(const TensorRef& tensor, int dimension, int64_t n, Loc loc = Loc::current());
    /// Words as wide as the type.
    Schedule& pack(const TensorRef& tensor, Type word, Loc loc = Loc::current());
    /// Words of an n-th of the elements; of elements of that width, which may be those of the tensor.
    Schedule& unpack(const TensorRef& tensor, int dimension, int64_t n, Loc loc = Loc::current());
    Schedule& unpack(const TensorRef& tensor, Type word, Loc loc = Loc::current());
    /// The order in which dimensions are stored, outermost first.
    Schedule& reorder_storage(const TensorRef& tensor, const std::vector<int>& order,
                              Loc loc = Loc::current());
    /// Room for a multiple of so many positions in a dimension.
    Schedule& align_storage(const TensorRef& tensor, int dimension, int64_t multiple,
                            Loc loc = Loc::current());

    /// The stages that `out` is computed of, from the inputs on, become a network of processes that streams
    /// join: each input is read once, in order, and each stage computes options.unroll points in a cycle. On
    /// a CPU they stay as they are. \throws Error unless all of them are pure definitions of constant size
    /// that read windows at constant distances.
    Schedule& stencil(const StageRef& out, const StencilOptions& options = {}, Loc loc = Loc::current());

    /// Gives tensors a type. The algorithm's other types follow, and every step is checked again.
    Schedule& quantize(const TensorRef& tensor, Type type, const QuantizeOptions& options = {},
                       Loc loc = Loc::current());
    Schedule& quantize(const std::vector<TensorRef>& tensors, Type type, const QuantizeOptions& options = {},
                       Loc loc = Loc::current());
    /// Several sets at once, all or none: a layer, or a network. Where a tensor stands in two, the last
    /// counts.
    Schedule& quantize(const std::vector<TypeChoice>& choices, Loc loc = Loc::current());
    /// HeteroCL's name for quantize.
    Schedule& downsize(const TensorRef& tensor, Type type, const QuantizeOptions& options = {},
                       Loc loc = Loc::current()) {
        return quantize(tensor, type, options, loc);
    }
    Schedule& downsize(const std::vector<TensorRef>& tensors, Type type, const QuantizeOptions& options = {},
                       Loc loc = Loc::current()) {
        return quantize(tensors, type, options, loc);
    }
    /// Makes a size a constant: the parameter is an argument no more. Like a type step it holds for the whole
    /// schedule, wherever it stands among the calls.
    Schedule& bind(const Param& size, int64_t value, Loc loc = Loc::current());
    /// Products and sums of floats are rounded one by one, never together.
    Schedule& disable_contraction(Loc loc = Loc::current());

    /// The same algorithm with the same types and sizes, and no steps.
    Schedule without_steps() const;

    /// Runs a step that was put together from its primitive's descriptor, with every check.
    Schedule& call(schedule::Step step);

    /// What references into it refer to lasts until the next call that changes this Schedule.
    const Module& module() const;
    operator const Module&() const { return module(); }
    /// What the scheduled Module must compute: the algorithm with its types.
    const Module& reference() const;
    /// The algorithm with its own types, as it was before any quantize.
    const Module& algorithm() const;
    const std::vector<std::string>& warnings() const;
    /// Every tensor and every definition's expressions with their types; then each cast and store that drops
    /// fraction bits or may overflow, with its line, how many bits, the largest error and a value that does
    /// it.
    std::string explain_types() const;
    /// The type steps and structural steps as text, without identities or lines: equal schedules have equal
    /// traces.
    std::string trace() const;
    /// The same as JSON (schema version 1), for apply_trace.
    std::string trace_json() const;
    /// Repeats the steps of a trace on a Schedule that has none, with every check; all or none.
    /// \throws Error when the text is no trace of this schema, does not fit the algorithm, or a step is
    /// illegal.
    Schedule& apply_trace(const std::string& json, Loc loc = Loc::current());
    const schedule::Steps& steps() const;
    /// What quantize was asked for, in order; of several for one tensor the last counts.
    const std::vector<schedule::TypeStep>& types() const;
    /// How many questions about dependences the checks have asked so far.
    size_t queries() const;

  private:
    friend class StageHandle;
    friend class StencilModel;
    /// Runs the steps, all or none; returns the last one's results.
    std::vector<ir::Symbol> run(std::vector<schedule::Step> steps);
    std::shared_ptr<const schedule::State> state;
};

std::string print(const Schedule& s);
std::string loop_tree(const Schedule& s);

} // namespace lathe
