/// \file Streams, calls of Functions and dataflow to code.

#include "interpret_functions.h"
#include "interpret_machine.h"
#include "interpret_record.h"

#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe::ir::interpreter {

namespace {

using ActionPtr = std::unique_ptr<const Action>;

// ---- Streams.

/// Which channel of an array: the numbers are checked against its extents.
struct ChannelCode {
    StreamInfo info;
    std::vector<Ptr<int64_t>> at;
    Loc loc;
    size_t slot(Frame& f) const {
        size_t n = 0;
        for (size_t d = 0; d < at.size(); ++d) {
            const int64_t i = at[d]->eval(f, 0), extent = info.extents[d];
            if (i < 0 || i >= extent)
                fail(loc, "subscript {} of the streams {} is {}, and there are {}", d,
                     info.stream.symbol.name(), i, extent);
            n = n * static_cast<size_t>(extent) + static_cast<size_t>(i);
        }
        return info.slot + n * count();
    }
    /// Streams in the dimensions that it leaves out: an argument.
    size_t count() const {
        size_t n = 1;
        for (size_t d = at.size(); d < info.extents.size(); ++d)
            n *= static_cast<size_t>(info.extents[d]);
        return n;
    }
    Channel& operator()(Frame& f) const { return *f.streams[slot(f)]; }
};

ChannelCode channel_code(Scope& scope, ExprCompiler& expr, const StreamElement& e, Loc loc) {
    ChannelCode c{scope.streams.at(e.stream), {}, loc};
    for (const Expr& i : e.at)
        c.at.push_back(in_rep<int64_t>(expr(i)));
    return c;
}

/// Room in the streams of a run that is recorded; they get more where all wait.
constexpr int64_t recorded_tokens = 64, recorded_blocks = 2;

struct DeclareStreamAction final : Action {
    StreamInfo info;
    bool grows = false;
    ActionPtr body;
    void run(Frame& f) const override {
        size_t count = 1;
        for (const int64_t e : info.extents)
            count *= static_cast<size_t>(e);
        for (size_t n = 0; n < count; ++n) {
            auto c = std::make_shared<Channel>();
            c->name = info.stream.symbol.name();
            size_t rest = n, size = count;
            for (const int64_t e : info.extents) {
                size /= static_cast<size_t>(e);
                c->name += fmt::format("[{}]", rest / size);
                rest %= size;
            }
            c->stream = info.stream.symbol;
            c->grows = grows && info.stream.depth == 0;
            c->depth = c->grows ? 1 : info.stream.depth;
            if (f.trace) {
                // Who waits for room is asked when the steps are played.
                c->recorded = f.trace->add_fifo(c->name, c->depth);
                c->depth = std::max(c->depth, info.stream.block.empty() ? recorded_tokens : recorded_blocks);
                c->grows = true;
            }
            f.launch->own(c);
            f.streams[info.slot + n] = std::move(c);
        }
        body->run(f);
    }
};

struct PushAction final : Action {
    ChannelCode to;
    Ptr<Value> value;
    Loc loc;
    void run(Frame& f) const override {
        ++f.epoch;
        Channel& c = to(f);
        Value v = value->eval(f, 0);
        if (f.trace) f.trace->token(c.recorded, TokenOp::push);
        f.network->wait_for_room(c, loc);
        c.tokens.push_back(std::move(v));
        ++c.passed;
        f.network->changed(c);
    }
};

template <class R> struct PopAction final : Action {
    ChannelCode from;
    size_t cell = 0;
    ActionPtr body;
    Loc loc;
    void run(Frame& f) const override {
        ++f.epoch;
        Channel& c = from(f);
        if (f.trace) f.trace->token(c.recorded, TokenOp::pop);
        f.network->wait_for_token(c, loc);
        f.cell<R>(cell).value = from_value<R>(c.tokens.front());
        c.tokens.pop_front();
        f.network->changed(c);
        body->run(f);
    }
};

/// A block that is being written is in the channel's room already: it waits before.
struct FillAction final : Action {
    ChannelCode to;
    Tensor tensor;
    std::vector<int64_t> extents;
    size_t index = 0;
    ActionPtr body;
    Loc loc;
    void run(Frame& f) const override {
        ++f.epoch;
        Channel& c = to(f);
        if (f.trace) f.trace->token(c.recorded, TokenOp::reserve);
        f.network->wait_for_room(c, loc);
        f.tensors[index] = make_state(tensor, std::vector<int64_t>(extents.size()), extents);
        body->run(f);
        c.blocks.push_back(std::move(f.tensors[index]));
        ++c.passed;
        if (f.trace) f.trace->token(c.recorded, TokenOp::publish);
        f.network->changed(c);
    }
};

struct DrainAction final : Action {
    ChannelCode from;
    size_t index = 0;
    ActionPtr body;
    Loc loc;
    void run(Frame& f) const override {
        ++f.epoch;
        Channel& c = from(f);
        if (f.trace) f.trace->token(c.recorded, TokenOp::acquire);
        f.network->wait_for_token(c, loc);
        f.tensors[index] = c.blocks.front();
        body->run(f);
        c.blocks.pop_front();
        if (f.trace) f.trace->token(c.recorded, TokenOp::release);
        f.network->changed(c);
    }
};

// ---- Calls.

/// Of one dimension of the tensor that is passed.
struct ViewDimCode {
    Ptr<int64_t> begin, extent;
    int64_t stride;
    bool kept;
};

struct ViewCode {
    size_t tensor; ///< into the caller's Frame::tensors
    std::vector<ViewDimCode> dims;
    bool whole;
};

struct CallAction final : Action {
    const CompiledFunction* callee;
    std::vector<ViewCode> tensors;
    std::vector<Operand> values;
    std::vector<ChannelCode> streams;
    std::vector<Ptr<int64_t>> ids; ///< of the spawn around it
    Loc loc;

    void run(Frame& f) const override {
        ++f.epoch;
        auto inner = std::make_shared<Frame>(callee->scope.frame());
        inner->network = f.network;
        set_params(f, *inner);
        for (size_t n = 0; n < tensors.size(); ++n)
            inner->tensors[n] = passed(f, *inner, n);
        std::ranges::copy(callee->constants,
                          inner->tensors.begin() + static_cast<std::ptrdiff_t>(tensors.size()));
        std::vector<std::pair<Channel*, Direction>> channels;
        for (size_t n = 0, to = 0; n < streams.size(); ++n) {
            const size_t from = streams[n].slot(f);
            for (size_t i = 0; i < streams[n].count(); ++i, ++to) {
                inner->streams[to] = f.streams[from + i];
                channels.emplace_back(inner->streams[to].get(), callee->function->streams[n].direction);
            }
        }
        const Action& body = *callee->body;
        inner->trace = f.trace;
        if (!f.launch) return body.run(*inner);
        std::vector<int64_t> at;
        for (const Ptr<int64_t>& id : ids)
            at.push_back(id->eval(f, 0));
        const std::string& function = callee->function->name;
        const std::string name = at.empty() ? function : fmt::format("{}({})", function, fmt::join(at, ", "));
        if (!f.trace) return f.launch->add(name, loc, channels, [inner, &body] { body.run(*inner); });
        for (const ViewCode& v : tensors)
            f.trace->add_tensor(f.tensors[v.tensor]);
        const std::shared_ptr<ProcessTrace> trace = f.trace->add_process(name, function);
        inner->trace = trace.get();
        f.launch->add(name, loc, channels, [inner, &body, trace] {
            body.run(*inner);
            trace->finish();
        });
    }

  private:
    void set_params(Frame& f, Frame& inner) const {
        for (size_t n = 0; n < values.size(); ++n)
            std::visit(
                [&]<class P>(const P& code) {
                    inner.cell<RepOf<P>>(callee->params[n]).value = code->eval(f, 0);
                },
                values[n].code);
    }

    /// Argument `n` as the callee sees it.
    TensorState passed(Frame& f, Frame& inner, size_t n) const {
        const ViewCode& view = tensors[n];
        const TensorState& given = f.tensors[view.tensor];
        const CompiledFunction::Dims& formal = callee->arguments[n];
        TensorState seen = given;
        seen.name = callee->function->arguments[n].tensor.symbol.name();
        seen.mark_steps.clear();
        std::vector<int64_t> extents, mins, steps;
        int64_t offset = 0;
        for (size_t d = 0, k = 0; d < view.dims.size(); ++d) {
            const ViewDimCode& dim = view.dims[d];
            const int at = static_cast<int>(d);
            const int64_t begin = dim.begin->eval(f, 0), count = std::max<int64_t>(dim.extent->eval(f, 0), 0);
            check_reach(given, d, begin, begin + dim.stride * (count - 1), count);
            if (count > 0) {
                offset += (begin - given.buffer.min(at)) * given.buffer.stride(at);
                seen.first_mark += (begin - given.buffer.min(at)) * given.mark_steps[d];
            }
            if (!dim.kept) continue;
            extents.push_back(count);
            mins.push_back(formal.mins[k]->eval(inner, 0));
            steps.push_back(dim.stride * given.buffer.stride(at));
            seen.mark_steps.push_back(dim.stride * given.mark_steps[d]);
            const int64_t wanted = std::max<int64_t>(formal.extents[k]->eval(inner, 0), 0);
            if (wanted != count || (view.whole && begin != mins.back()))
                fail(loc,
                     "a call of {} passes {} positions from {} of {} for dimension {} of {}, which has {} "
                     "from {}",
                     callee->function->name, count, begin, given.name, k, seen.name, wanted, mins.back());
            ++k;
        }
        seen.buffer = AnyBuffer::view(given.buffer.type(), given.buffer.data() + offset * given.element_size,
                                      extents, steps);
        seen.buffer.set_min(mins);
        return seen;
    }

    void check_reach(const TensorState& t, size_t d, int64_t first, int64_t last, int64_t count) const {
        const int64_t min = t.buffer.min(static_cast<int>(d)), extent = t.buffer.extent(static_cast<int>(d));
        if (count > 0 && (first < min || last >= min + extent))
            fail(loc, "a call of {} passes positions {} to {} of dimension {} of {}, which has {} from {}",
                 callee->function->name, first, last, d, t.name, extent, min);
    }
};

struct DataflowAction final : Action {
    ActionPtr body;
    const InterpretOptions* options;
    Loc loc;
    void run(Frame& f) const override {
        Launch launch;
        Launch* const outer = std::exchange(f.launch, &launch);
        if (f.trace) f.trace->begin_region(this);
        body->run(f);
        f.launch = outer;
        launch.run(f, loc, *options);
    }
};

struct SpawnAction final : Action {
    std::vector<std::pair<Ptr<int64_t>, Ptr<int64_t>>> box; ///< min, extent
    std::vector<size_t> cells;
    ActionPtr call;
    void run(Frame& f) const override { level(f, 0); }

  private:
    void level(Frame& f, size_t d) const {
        if (d == box.size()) return call->run(f);
        ++f.epoch;
        const int64_t first = box[d].first->eval(f, 0), count = box[d].second->eval(f, 0);
        for (int64_t i = first; i < first + count; ++i) {
            ++f.epoch;
            f.cell<int64_t>(cells[d]).value = i;
            level(f, d + 1);
        }
    }
};

std::vector<int64_t> constant_extents(const StreamDeclaration& s) {
    std::vector<int64_t> extents;
    for (const Expr& e : s.dims) {
        const auto n = as_int(e);
        if (!n || *n < 0)
            fail(s.loc, "the number of streams {} is not constant: give the sizes their values",
                 s.symbol.name());
        extents.push_back(*n);
    }
    return extents;
}

size_t count_of(const std::vector<int64_t>& extents) {
    size_t count = 1;
    for (const int64_t e : extents)
        count *= static_cast<size_t>(e);
    return count;
}

ActionPtr compile_declaration(Scope& scope, const DeclareStream& s) {
    auto a = std::make_unique<DeclareStreamAction>();
    a->info = {0, s.stream, constant_extents(s.stream)};
    a->info.slot = scope.take_streams(count_of(a->info.extents));
    a->grows = scope.functions->asked().grow != nullptr;
    scope.streams[s.stream.symbol] = a->info;
    a->body = compile(scope, s.body);
    return a;
}

ActionPtr compile_push(Scope& scope, const Stmt& s) {
    const auto& n = *s.as<Push>();
    ExprCompiler expr(scope, expressions(s));
    auto a = std::make_unique<PushAction>();
    a->to = channel_code(scope, expr, n.to, n.loc);
    a->value = in_rep<Value>(compile_cast(n.type, typed_beside(expr(n.value), n.type), n.loc));
    a->loc = n.loc;
    return a;
}

ActionPtr compile_pop(Scope& scope, const Stmt& s) {
    const auto& n = *s.as<Pop>();
    return with_rep(rep_of(n.type), [&]<class R>(Ptr<R>) -> ActionPtr {
        ExprCompiler expr(scope, n.from.at);
        auto a = std::make_unique<PopAction<R>>();
        a->from = channel_code(scope, expr, n.from, n.loc);
        a->loc = n.loc;
        a->cell = scope.take(n.type, 1);
        const Binding bound(scope, n.symbol, variable_code(n.type, a->cell));
        a->body = compile(scope, n.body);
        return a;
    });
}

ActionPtr compile_fill(Scope& scope, const Fill& n) {
    ExprCompiler expr(scope, n.to.at);
    auto a = std::make_unique<FillAction>();
    a->to = channel_code(scope, expr, n.to, n.loc);
    a->tensor = n.tensor;
    for (const Dim& d : n.tensor.dims)
        a->extents.push_back(*as_int(d.extent));
    a->index = scope.add_tensor(n.tensor).index;
    a->body = compile(scope, n.body);
    a->loc = n.loc;
    return a;
}

ActionPtr compile_drain(Scope& scope, const Drain& n) {
    ExprCompiler expr(scope, n.from.at);
    auto a = std::make_unique<DrainAction>();
    a->from = channel_code(scope, expr, n.from, n.loc);
    a->index = scope.add_tensor(n.tensor).index;
    a->body = compile(scope, n.body);
    a->loc = n.loc;
    return a;
}

std::unique_ptr<CallAction> compile_call(Scope& scope, const Stmt& s) {
    const auto& n = *s.as<CallStmt>();
    invariant(scope.functions != nullptr, "a call outside of a Module");
    auto a = std::make_unique<CallAction>();
    a->callee = &(*scope.functions)[n.callee];
    a->loc = n.loc;
    ExprCompiler expr(scope, expressions(s));
    for (const TensorView& v : n.tensors) {
        ViewCode& view = a->tensors.emplace_back();
        view.tensor = scope.tensor(v.tensor, n.loc).index;
        view.whole = v.whole;
        for (const ViewDim& d : v.dims)
            view.dims.push_back(
                {in_rep<int64_t>(expr(d.begin)), in_rep<int64_t>(expr(d.extent)), d.stride, d.kept});
    }
    for (const Expr& e : n.values)
        a->values.push_back(expr(e));
    for (const StreamElement& e : n.streams)
        a->streams.push_back(channel_code(scope, expr, e, n.loc));
    return a;
}

ActionPtr compile_spawn(Scope& scope, const Stmt& s) {
    const auto& n = *s.as<Spawn>();
    ExprCompiler expr(scope, expressions(s));
    auto a = std::make_unique<SpawnAction>();
    std::vector<std::unique_ptr<Binding>> bound;
    std::vector<Ptr<int64_t>> ids;
    for (size_t d = 0; d < n.ids.size(); ++d) {
        a->box.emplace_back(in_rep<int64_t>(expr(n.box[d].min)), in_rep<int64_t>(expr(n.box[d].extent)));
        a->cells.push_back(scope.take(IndexType(), 1));
        const Operand id = variable_code(IndexType(), a->cells.back());
        ids.push_back(in_rep<int64_t>(id));
        bound.push_back(std::make_unique<Binding>(scope, n.ids[d], id));
    }
    auto call = compile_call(scope, n.call);
    call->ids = std::move(ids);
    a->call = std::move(call);
    return a;
}

} // namespace

const CompiledFunction& Functions::operator[](const std::string& name) {
    const auto [found, fresh] = compiled.try_emplace(name);
    if (!fresh) {
        invariant(found->second != nullptr, "a function calls itself");
        return *found->second;
    }
    auto c = std::make_unique<CompiledFunction>();
    const Function& f = module.function(name);
    c->function = &f;
    Scope& scope = c->scope;
    scope.check = options.check_types;
    scope.functions = this;
    for (const Param& p : f.params) {
        c->params.push_back(scope.take(p.type, 1));
        scope.variables.insert_or_assign(p.symbol, variable_code(p.type, c->params.back()));
    }
    for (const Argument& a : f.arguments) {
        scope.add_tensor(a.tensor);
        std::vector<Expr> roots;
        for (const Dim& d : a.tensor.dims)
            roots.insert(roots.end(), {d.min, d.extent});
        ExprCompiler expr(scope, roots);
        CompiledFunction::Dims& dims = c->arguments.emplace_back();
        for (const Dim& d : a.tensor.dims) {
            dims.mins.push_back(in_rep<int64_t>(expr(d.min)));
            dims.extents.push_back(in_rep<int64_t>(expr(d.extent)));
        }
    }
    for (const Tensor& t : f.constants) {
        scope.add_tensor(t);
        std::vector<int64_t> mins, extents;
        for (const Dim& d : t.dims) {
            mins.push_back(*as_int(d.min));
            extents.push_back(*as_int(d.extent));
        }
        c->constants.push_back(make_state(t, mins, extents));
    }
    for (const StreamArgument& a : f.streams) {
        const std::vector<int64_t> extents = constant_extents(a.stream);
        scope.streams[a.stream.symbol] = {scope.take_streams(count_of(extents)), a.stream, extents};
    }
    c->body = compile(scope, f.body);
    compiled[name] = std::move(c);
    return *compiled[name];
}

std::unique_ptr<const Action> compile_network(Scope& scope, const Stmt& s) {
    switch (s.kind()) {
    case StmtKind::stream:
        return compile_declaration(scope, *s.as<DeclareStream>());
    case StmtKind::push:
        return compile_push(scope, s);
    case StmtKind::pop:
        return compile_pop(scope, s);
    case StmtKind::fill:
        return compile_fill(scope, *s.as<Fill>());
    case StmtKind::drain:
        return compile_drain(scope, *s.as<Drain>());
    case StmtKind::call:
        return compile_call(scope, s);
    case StmtKind::spawn:
        return compile_spawn(scope, s);
    case StmtKind::block:
    case StmtKind::for_:
    case StmtKind::while_:
    case StmtKind::if_:
    case StmtKind::let:
    case StmtKind::store:
    case StmtKind::reduce:
    case StmtKind::allocate:
    case StmtKind::assert_:
    case StmtKind::print:
    case StmtKind::extern_call:
    case StmtKind::stage:
    case StmtKind::copy:
        throw InternalError("a statement of no network is run as one");
    case StmtKind::dataflow:
        break;
    }
    const auto& n = *s.as<Dataflow>();
    auto a = std::make_unique<DataflowAction>();
    a->body = compile(scope, n.body);
    a->options = &scope.functions->asked();
    a->loc = n.loc;
    return a;
}

} // namespace lathe::ir::interpreter
