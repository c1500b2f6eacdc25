/// \file Statements to code.

#include "interpret_compile.h"
#include "interpret_functions.h"
#include "interpret_machine.h"
#include "interpret_record.h"

#include "lathe/ir/analysis.h"
#include "lathe/ir/layout.h"
#include "lathe/ir/simplify.h"

#include <algorithm>
#include <cstdio>
#include <functional>

namespace lathe::ir::interpreter {

namespace {

using ActionPtr = std::unique_ptr<const Action>;

struct BlockAction final : Action {
    std::vector<ActionPtr> actions;
    void run(Frame& f) const override {
        for (const ActionPtr& a : actions)
            a->run(f);
    }
};

struct ForAction final : Action {
    Ptr<int64_t> min, extent, runs_while; ///< the last one may be null
    size_t cell;
    ActionPtr body;
    Loc loc;
    bool together = false;   ///< all iterations belong to one step
    int64_t interval = 0;    ///< cycles from one to the next, if they overlap
    int64_t* left = nullptr; ///< iterations of all loops; null: without a limit
    void run(Frame& f) const override {
        ++f.epoch;
        const int64_t first = min->eval(f, 0), count = extent->eval(f, 0);
        int64_t end;
        if (count <= 0) return;
        invariant(!__builtin_add_overflow(first, count, &end), "a loop ends beyond 64 bits");
        for (int64_t i = first; i < end; ++i) {
            ++f.epoch;
            if (runs_while && runs_while->eval(f, 0) == 0) return;
            if (left && --*left < 0) fail(loc, "there are too many iterations to run them all");
            f.cell<int64_t>(cell).value = i;
            if (f.trace && !together)
                f.trace->iteration(interval, [&] { body->run(f); });
            else
                body->run(f);
        }
    }
};

struct WhileAction final : Action {
    Ptr<int64_t> condition;
    ActionPtr body;
    bool holds(Frame& f) const {
        ++f.epoch;
        return condition->eval(f, 0) != 0;
    }
    void run(Frame& f) const override {
        while (holds(f)) {
            if (f.trace)
                f.trace->iteration(0, [&] { body->run(f); });
            else
                body->run(f);
        }
    }
};

struct IfAction final : Action {
    Ptr<int64_t> condition;
    ActionPtr then_body, else_body;
    void run(Frame& f) const override {
        ++f.epoch;
        (condition->eval(f, 0) != 0 ? then_body : else_body)->run(f);
    }
};

struct AssertAction final : Action {
    Ptr<int64_t> condition;
    std::string message;
    Loc loc;
    void run(Frame& f) const override {
        ++f.epoch;
        if (condition->eval(f, 0) == 0) throw Error(loc, message);
    }
};

struct PrintAction final : Action {
    std::vector<std::string> texts;
    std::vector<Ptr<Value>> values;
    void run(Frame& f) const override {
        ++f.epoch;
        std::string line = texts[0];
        for (size_t i = 0; i < values.size(); ++i)
            line += printed(values[i]->eval(f, 0)) + texts[i + 1];
        std::puts(line.c_str());
    }
};

template <class R> struct LetAction final : Action {
    Ptr<R> value;
    size_t first;
    int lanes;
    ActionPtr body;
    void run(Frame& f) const override {
        ++f.epoch;
        for (int l = 0; l < lanes; ++l)
            f.cell<R>(first + static_cast<size_t>(l)).value = value->eval(f, l);
        body->run(f);
    }
};

struct AllocateAction final : Action {
    struct Allocated {
        Tensor tensor;
        std::vector<Ptr<int64_t>> mins, extents;
        size_t index;
        void begin(Frame& f) const {
            std::vector<int64_t> m, e;
            for (size_t d = 0; d < mins.size(); ++d) {
                m.push_back(mins[d]->eval(f, 0));
                e.push_back(std::max<int64_t>(extents[d]->eval(f, 0), 0)); // as of a loop: nothing
            }
            TensorState& state = f.tensors[index];
            if (state.buffer.data() == nullptr || state.buffer.shape() != e) state = make_state(tensor, m, e);
            state.buffer.set_min(m);
            if (!state.known) std::ranges::fill(*state.marks, uint8_t{0});
        }
    };
    std::vector<Allocated> tensors;
    ActionPtr body;
    void run(Frame& f) const override {
        ++f.epoch;
        for (const Allocated& t : tensors)
            t.begin(f);
        body->run(f);
    }
};

template <class R> struct StoreAction final : Action {
    Access access;
    ElementIo<R> io;
    Ptr<R> value;
    StoreAction(Access a, Type t, Ptr<R> v) : access(std::move(a)), io(t), value(std::move(v)) {}
    void run(Frame& f) const override {
        ++f.epoch;
        const R x = value->eval(f, 0);
        io.write(f, access, access.locate(f, 0), x);
    }
};

/// One target of a store of several lanes or elements: all are prepared before one is written.
struct PreparedTarget {
    virtual ~PreparedTarget() = default;
    virtual void prepare(Frame& f, int lane) const = 0;
    virtual void commit(Frame& f, int lane) const = 0;
};

template <class R> struct TargetCode final : PreparedTarget {
    Access access;
    ElementIo<R> io;
    Ptr<R> value;
    size_t place, cell;
    TargetCode(Access a, Type t, Ptr<R> v, size_t p, size_t c)
        : access(std::move(a)), io(t), value(std::move(v)), place(p), cell(c) {}
    void prepare(Frame& f, int lane) const override {
        const auto l = static_cast<size_t>(lane);
        f.cell<R>(cell + l).value = value->eval(f, lane);
        f.places[place + l] = access.locate(f, lane);
    }
    void commit(Frame& f, int lane) const override {
        const auto l = static_cast<size_t>(lane);
        io.write(f, access, f.places[place + l], f.cell<R>(cell + l).value);
    }
};

/// t = cast(T, t op x). `step` gives the new element from the cells `old`; with several lanes the operands of
/// the step have cells too, and `prepare` fills them.
template <class R> struct ReduceTarget final : PreparedTarget {
    Access access;
    ElementIo<R> io;
    Ptr<R> step;
    size_t place, old;
    std::vector<std::function<void(Frame&, int)>> operands;
    ReduceTarget(Access a, Type t) : access(std::move(a)), io(t) {}
    void prepare(Frame& f, int lane) const override {
        for (const auto& evaluate : operands)
            evaluate(f, lane);
        f.places[place + static_cast<size_t>(lane)] = access.locate(f, lane);
    }
    void commit(Frame& f, int lane) const override {
        const Place p = f.places[place + static_cast<size_t>(lane)];
        f.cell<R>(old + static_cast<size_t>(lane)).value = io.read(f, access, p, lane);
        io.write(f, access, p, step->eval(f, lane));
    }
};

struct PreparedAction final : Action {
    std::vector<std::unique_ptr<const PreparedTarget>> targets;
    Ptr<int64_t> predicate;
    size_t active; ///< a cell a lane: the predicate
    int lanes;
    void run(Frame& f) const override {
        ++f.epoch;
        for (int l = 0; l < lanes; ++l) {
            const bool on = !predicate || predicate->eval(f, l) != 0;
            f.cell<int64_t>(active + static_cast<size_t>(l)).value = on;
            if (!on) continue;
            for (const auto& t : targets)
                t->prepare(f, l);
        }
        for (int l = 0; l < lanes; ++l) {
            if (f.cell<int64_t>(active + static_cast<size_t>(l)).value == 0) continue;
            for (const auto& t : targets)
                t->commit(f, l);
        }
    }
};

ActionPtr compile_for(Scope& scope, const For& s) {
    ExprCompiler expr(scope, {s.min, s.extent});
    auto a = std::make_unique<ForAction>();
    a->min = in_rep<int64_t>(expr(s.min));
    a->extent = in_rep<int64_t>(expr(s.extent));
    a->cell = scope.take(IndexType(), 1);
    a->loc = s.loc;
    a->together = s.loop.known() && s.loop.properties().by_extent();
    a->interval = s.loop.interval();
    a->left = scope.functions->asked().iterations_left;
    if (const Expr guard = runs_while(s); guard.defined())
        a->runs_while = in_rep<int64_t>(ExprCompiler(scope, {guard})(guard));
    const Binding bound(scope, s.var, variable_code(IndexType(), a->cell));
    a->body = compile(scope, s.body);
    return a;
}

ActionPtr compile_while(Scope& scope, const While& s) {
    auto a = std::make_unique<WhileAction>();
    a->condition = in_rep<int64_t>(ExprCompiler(scope, {s.condition})(s.condition));
    a->body = compile(scope, s.body);
    return a;
}

ActionPtr compile_if(Scope& scope, const If& s) {
    auto a = std::make_unique<IfAction>();
    a->condition = in_rep<int64_t>(ExprCompiler(scope, {s.condition})(s.condition));
    a->then_body = compile(scope, s.then_body);
    a->else_body = compile(scope, s.else_body);
    return a;
}

ActionPtr compile_let(Scope& scope, const LetStmt& s) {
    const Operand value = ExprCompiler(scope, {s.value})(s.value);
    const int lanes = s.value.type().lanes();
    const size_t first = scope.take(value.type, lanes);
    const Binding bound(scope, s.symbol, variable_code(value.type, first));
    return with_rep(rep_of(value.type), [&]<class R>(Ptr<R>) -> ActionPtr {
        auto a = std::make_unique<LetAction<R>>();
        a->value = in_rep<R>(value);
        a->first = first;
        a->lanes = lanes;
        a->body = compile(scope, s.body);
        return a;
    });
}

ActionPtr compile_allocate(Scope& scope, const Allocate& s) {
    auto a = std::make_unique<AllocateAction>();
    std::vector<Expr> roots;
    for (const Tensor& t : s.tensors)
        for (const Dim& d : t.dims)
            roots.insert(roots.end(), {d.min, d.extent});
    ExprCompiler expr(scope, roots);
    for (const Tensor& t : s.tensors) {
        AllocateAction::Allocated& allocated = a->tensors.emplace_back();
        for (const Dim& d : t.dims) {
            allocated.mins.push_back(in_rep<int64_t>(expr(d.min)));
            allocated.extents.push_back(in_rep<int64_t>(expr(d.extent)));
        }
        allocated.tensor = t;
        allocated.index = scope.add_tensor(t).index;
    }
    a->body = compile(scope, s.body);
    return a;
}

ActionPtr compile_assert(Scope& scope, const Assert& s) {
    auto a = std::make_unique<AssertAction>();
    a->condition = in_rep<int64_t>(ExprCompiler(scope, {s.condition})(s.condition));
    a->message = s.message;
    a->loc = s.loc;
    return a;
}

ActionPtr compile_print(Scope& scope, const Print& s) {
    auto a = std::make_unique<PrintAction>();
    a->texts = s.texts;
    ExprCompiler expr(scope, s.values);
    for (const Expr& e : s.values)
        a->values.push_back(in_rep<Value>(expr(e)));
    return a;
}

int lanes_of(const std::vector<Expr>& indices, const Expr& predicate) {
    int lanes = predicate.defined() ? predicate.type().lanes() : 1;
    for (const Expr& i : indices)
        lanes = std::max(lanes, i.type().lanes());
    return lanes;
}

Operand stored_value(ExprCompiler& expr, const StoreTarget& t, Loc loc) {
    return compile_cast(t.type, expr(t.value), loc);
}

std::unique_ptr<PreparedAction> prepared(Scope& scope, Ptr<int64_t> predicate, int lanes) {
    auto a = std::make_unique<PreparedAction>();
    a->predicate = std::move(predicate);
    a->active = scope.take(Bool(), lanes);
    a->lanes = lanes;
    return a;
}

ActionPtr compile_store(Scope& scope, const Store& s) {
    const int lanes = lanes_of(s.targets[0].indices, s.predicate);
    std::vector<Expr> roots{s.predicate};
    for (const StoreTarget& t : s.targets) {
        roots.insert(roots.end(), t.indices.begin(), t.indices.end());
        roots.push_back(t.value);
        invariant(scope.tensor(t.tensor, s.loc).type == t.type, "a store has its tensor's element type");
        invariant(lanes_of(t.indices, s.predicate) == lanes, "the targets of a store have equal lanes");
    }
    ExprCompiler expr(scope, roots);
    if (lanes == 1 && s.targets.size() == 1 && !s.predicate.defined()) {
        const StoreTarget& t = s.targets[0];
        return with_rep(rep_of(t.type), [&]<class R>(Ptr<R>) -> ActionPtr {
            return std::make_unique<StoreAction<R>>(expr.access(t.tensor, t.indices, 1, s.loc), t.type,
                                                    in_rep<R>(stored_value(expr, t, s.loc)));
        });
    }
    auto a = prepared(scope, expr.predicate(s.predicate), lanes);
    for (const StoreTarget& t : s.targets)
        with_rep(rep_of(t.type), [&]<class R>(Ptr<R>) {
            a->targets.push_back(
                std::make_unique<TargetCode<R>>(expr.access(t.tensor, t.indices, lanes, s.loc), t.type,
                                                in_rep<R>(stored_value(expr, t, s.loc)),
                                                scope.take_places(lanes), scope.take(t.type, lanes)));
        });
    return a;
}

/// The code to write the lanes of `x` to cells, added to `evaluate`; and what reads them.
Operand kept_in_cells(Scope& scope, const Operand& x, int lanes,
                      std::vector<std::function<void(Frame&, int)>>& evaluate) {
    if (x.type.is_real()) return x;
    const size_t first = scope.take(x.type, lanes);
    std::visit(
        [&]<class P>(const P& code) {
            evaluate.push_back([code, first](Frame& f, int lane) {
                f.cell<RepOf<P>>(first + static_cast<size_t>(lane)).value = code->eval(f, lane);
            });
        },
        x.code);
    return variable_code(x.type, first);
}

/// cast(T, old op value); a contracted one is an fma in the type that old + product would have.
Operand reduce_step(const Reduce& s, const Operand& old, const std::function<Operand(const Expr&)>& operand) {
    const Type t = s.target.type;
    if (s.contract) {
        const auto* product = s.target.value.as<Binary>();
        invariant(product && product->op == BinaryOp::mul, "a contracted reduction adds a product");
        const Type wide = aligned_type(t, product->type.element(), s.loc);
        const auto widened = [&](const Expr& e, const Expr& beside) {
            const Operand x = typed_beside(operand(e), beside.type().element());
            return compile_cast(wide, compile_cast(product->type.element(), x, s.loc), s.loc);
        };
        return compile_cast(t,
                            compile_fma(widened(product->a, product->b), widened(product->b, product->a),
                                        compile_cast(wide, old, s.loc)),
                            s.loc);
    }
    const Operand x = typed_beside(operand(s.target.value), t);
    return compile_cast(t, compile_binary(s.op, result_type(s.op, t, x.type, s.loc), old, x, s.loc), s.loc);
}

ActionPtr compile_reduce(Scope& scope, const Reduce& s) {
    const StoreTarget& t = s.target;
    invariant(scope.tensor(t.tensor, s.loc).type == t.type, "a reduction has its tensor's element type");
    std::vector<Expr> roots = t.indices;
    roots.insert(roots.end(), {t.value, s.predicate});
    ExprCompiler expr(scope, roots);
    const int lanes = lanes_of(t.indices, s.predicate);
    return with_rep(rep_of(t.type), [&]<class R>(Ptr<R>) -> ActionPtr {
        auto target =
            std::make_unique<ReduceTarget<R>>(expr.access(t.tensor, t.indices, lanes, s.loc), t.type);
        target->place = scope.take_places(lanes);
        target->old = scope.take(t.type, lanes);
        const auto operand = [&](const Expr& e) {
            return lanes == 1 ? expr(e) : kept_in_cells(scope, expr(e), lanes, target->operands);
        };
        target->step = in_rep<R>(reduce_step(s, variable_code(t.type, target->old), operand));
        auto a = prepared(scope, expr.predicate(s.predicate), lanes);
        a->targets.push_back(std::move(target));
        return a;
    });
}

} // namespace

std::string printed(const Value& v) {
    if (!v.type().is_float()) return v.raw().get_str();
    char text[40];
    std::snprintf(text, sizeof text, v.type().width() == 64 ? "%.17g" : "%.9g", v.as_double());
    return text;
}

namespace {

/// Memory for a tensor of those extents, as its layout says.
TensorState laid_out(const Tensor& t, const std::vector<int64_t>& extents) {
    Tensor sized = t;
    for (size_t d = 0; d < extents.size(); ++d)
        sized.dims[d] = {index(0), index(extents[d])};
    const Storage stored = layout(sized);
    std::vector<int64_t> steps, folds(extents.size());
    for (const Expr& e : stored.strides())
        steps.push_back(*as_int(simplify(e)));
    for (const StoredDim& d : stored.dims)
        folds[d.of] = d.fold;
    auto memory = std::make_shared<AnyBuffer>(t.type, std::vector{*as_int(simplify(stored.size))}, t.loc);
    TensorState s(t.symbol.name(), AnyBuffer::view(t.type, memory->data(), extents, steps),
                  t.data != nullptr);
    s.folds = std::move(folds);
    s.memory = std::move(memory);
    return s;
}

} // namespace

TensorState make_state(const Tensor& t, const std::vector<int64_t>& mins,
                       const std::vector<int64_t>& extents) {
    TensorState s = stored_plainly(t.layout)
                        ? TensorState(t.symbol.name(), AnyBuffer(t.type, extents, t.loc), t.data != nullptr)
                        : laid_out(t, extents);
    if (t.data) {
        const auto size = static_cast<size_t>(s.buffer.size());
        if (t.data->size() != size)
            fail(t.loc, "the constant {} has {} elements, and its shape holds {}", s.name, t.data->size(),
                 size);
        std::vector<int64_t> at(extents.size());
        for (const Value& v : *t.data) {
            s.buffer.set(at, v);
            for (size_t d = at.size(); d-- > 0;) {
                if (++at[d] < extents[d]) break;
                at[d] = 0;
            }
        }
    }
    s.buffer.set_min(mins);
    return s;
}

std::unique_ptr<const Action> compile(Scope& scope, const Stmt& s) {
    if (!s.defined()) return std::make_unique<BlockAction>();
    switch (s.kind()) {
    case StmtKind::block: {
        auto a = std::make_unique<BlockAction>();
        for (const Stmt& inner : s.as<Block>()->stmts)
            a->actions.push_back(compile(scope, inner));
        return a;
    }
    case StmtKind::for_:
        return compile_for(scope, *s.as<For>());
    case StmtKind::while_:
        return compile_while(scope, *s.as<While>());
    case StmtKind::if_:
        return compile_if(scope, *s.as<If>());
    case StmtKind::let:
        return compile_let(scope, *s.as<LetStmt>());
    case StmtKind::store:
        return compile_store(scope, *s.as<Store>());
    case StmtKind::reduce:
        return compile_reduce(scope, *s.as<Reduce>());
    case StmtKind::allocate:
        return compile_allocate(scope, *s.as<Allocate>());
    case StmtKind::assert_:
        return compile_assert(scope, *s.as<Assert>());
    case StmtKind::print:
        return compile_print(scope, *s.as<Print>());
    case StmtKind::extern_call:
        return compile_extern(scope, *s.as<ExternCall>());
    case StmtKind::copy:
        return compile_copy(scope, *s.as<Copy>());
    case StmtKind::stage:
        return compile(scope, s.as<Stage>()->body);
    case StmtKind::stream:
    case StmtKind::push:
    case StmtKind::pop:
    case StmtKind::fill:
    case StmtKind::drain:
    case StmtKind::call:
    case StmtKind::dataflow:
    case StmtKind::spawn:
        return compile_network(scope, s);
    }
    throw InternalError("a statement of unknown kind");
}

} // namespace lathe::ir::interpreter
