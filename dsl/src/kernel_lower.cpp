#include "kernel_lower.h"

#include "accumulation.h"
#include "inline_reduction.h"
#include "shape.h"

#include "lathe/ir/loop_facts.h"
#include "lathe/ir/planted.h"
#include "lathe/ir/print.h"

#include <algorithm>

namespace lathe {

using namespace ir;

namespace {

/// What control may leave: bodies of loops; null is the kernel.
using Leaves = std::set<const KernelBlock*>;

Leaves may_leave(const KernelBlock& block);

Leaves may_leave(const KernelItem& item) {
    Leaves result;
    if (const auto* l = std::get_if<KernelLeave>(&item.what)) result.insert(l->loop);
    if (const auto* i = std::get_if<KernelIf>(&item.what)) {
        result = may_leave(*i->then_body);
        if (i->else_body) result.merge(may_leave(*i->else_body));
    }
    const auto loop = [&](const KernelBlock& body) {
        result = may_leave(body);
        result.erase(&body);
    };
    if (const auto* f = std::get_if<KernelFor>(&item.what)) loop(*f->body);
    if (const auto* w = std::get_if<KernelWhile>(&item.what)) loop(*w->body);
    if (const auto* b = std::get_if<KernelBlockUse>(&item.what)) result = may_leave(*b->body);
    return result;
}

Leaves may_leave(const KernelBlock& block) {
    Leaves result;
    for (const auto& item : block.items)
        result.merge(may_leave(*item));
    return result;
}

/// Lowers one kernel, or one call of it.
class KernelLowering {
  public:
    KernelLowering(const KernelData& k, Resolver s, KernelCode& c, KernelFunctions& f)
        : kernel(k), scope(std::move(s)), code(c), functions(f) {
        for (const auto& t : k.constants)
            if (std::find(code.constants.begin(), code.constants.end(), t) == code.constants.end())
                code.constants.push_back(t);
    }

    /// `loc` is where it is called.
    Stmt run(Loc loc) {
        if (kernel.external) return extern_call(loc);
        if (!may_leave(kernel.body).count(nullptr)) return sequence(kernel.body, 0);
        return with_flag(nullptr, "return", kernel.loc, [&] { return sequence(kernel.body, 0); });
    }

  private:
    Stmt extern_call(Loc loc) {
        std::vector<ExternArgument> arguments;
        for (const KernelArgument& a : kernel.arguments) {
            if (a.param) {
                const Expr value = Variable::make(a.param->symbol, a.param->type, loc);
                arguments.push_back({{}, a.param->type, Direction::in, {}, scope(value)});
                continue;
            }
            const auto* own = dynamic_cast<const KernelTensor*>(a.tensor.get());
            ExternArgument passed = {scope.tensor(a.tensor->symbol),
                                     *a.tensor->type,
                                     own ? own->direction : Direction::in,
                                     {},
                                     {}};
            for (const Dim& d : declared_dims(*a.tensor))
                passed.dims.push_back({scope(d.min), scope(d.extent)});
            arguments.push_back(std::move(passed));
        }
        return ExternCall::make(kernel.external, std::move(arguments), loc);
    }

    const KernelData& kernel;
    Resolver scope;
    KernelCode& code;
    KernelFunctions& functions;
    std::map<const KernelBlock*, Symbol> flags;
    std::map<const StreamData*, Symbol> streams; ///< of its dataflows
    bool network = false;                        ///< directly in one
    std::vector<Stmt> network_checks;            ///< of what its processes are given

    // ---- break_ and return_.

    Stmt with_flag(const KernelBlock* of, const std::string& name, Loc loc,
                   const std::function<Stmt()>& body) {
        const Symbol flag(name);
        flags[of] = flag;
        const Tensor tensor = {flag,    Bool(), {}, MemorySpace::registers(), TypeOrigin::declared,
                               nullptr, loc};
        return Allocate::make(tensor, Block::make({Store::make(flag, Bool(), {}, Expr(false), loc), body()}));
    }

    /// None of what may be left was left.
    Expr none_left(const Leaves& leaves, Loc loc) const {
        Expr all;
        for (const KernelBlock* l : leaves)
            all = both(all, Unary::make(UnaryOp::bit_not, Load::make(flags.at(l), Bool(), {}, loc), loc));
        return all;
    }

    Stmt unless_left(const Leaves& leaves, const Stmt& s, Loc loc) const {
        if (leaves.empty() || !s.defined()) return s;
        return If::make(none_left(leaves, loc), s, {}, loc);
    }

    // ---- Blocks.

    /// Levels of the statement that is made, counted on the way in: it is refused before the stack ends.
    class Level {
      public:
        Level(unsigned& d, unsigned levels, Loc loc) : depth(d), own(levels) {
            depth += own;
            if (depth > StmtNode::max_depth)
                fail(
                    loc,
                    "the kernel's statements are nested more than {} levels deep here, where each let, local "
                    "and pop holds what follows it: use fewer, or put some into blocks or kernels of their "
                    "own",
                    StmtNode::max_depth);
        }
        ~Level() { depth -= own; }
        Level(const Level&) = delete;
        Level& operator=(const Level&) = delete;

      private:
        unsigned& depth;
        unsigned own;
    };
    unsigned depth = 0;

    Stmt block(const KernelBlock& b) {
        const Level level(depth, 1, b.items.empty() ? kernel.loc : b.items.front()->loc);
        return sequence(b, 0);
    }

    /// The statements of a block from number `n` on.
    Stmt sequence(const KernelBlock& b, size_t first) {
        std::vector<Stmt> done;
        for (size_t n = first; n < b.items.size(); ++n) {
            const KernelItem& item = *b.items[n];
            const auto rest = [&] {
                const Level level(depth, n > first ? 2 : 1, item.loc); // a Block, where something is before
                return sequence(b, n + 1);
            };
            if (const auto* let = std::get_if<KernelLet>(&item.what)) {
                done.push_back(bind_let(*let, item.loc, rest));
                break;
            }
            if (const auto* local = std::get_if<KernelLocal>(&item.what)) {
                done.push_back(allocate(*local->tensor, rest));
                break;
            }
            if (const auto* stream = std::get_if<KernelStream>(&item.what)) {
                done.push_back(declare(*stream->stream, rest));
                break;
            }
            if (const auto* pop = std::get_if<KernelPop>(&item.what)) {
                done.push_back(take(*pop, item.loc, rest));
                break;
            }
            const Leaves left = may_leave(item);
            if (left.empty()) {
                done.push_back(statement(item));
            } else if (const auto* i = std::get_if<KernelIf>(&item.what)) {
                done.push_back(leaving_if(*i, item.loc, rest));
                break;
            } else {
                done.push_back(statement(item));
                done.push_back(unless_left(left, rest(), item.loc));
                break;
            }
        }
        return Block::make(std::move(done));
    }

    /// An if with a break_ or return_ in it, and what follows: where one arm always leaves, that belongs to
    /// the other arm, whose condition holds there.
    Stmt leaving_if(const KernelIf& i, Loc loc, const std::function<Stmt()>& rest) {
        const Accumulators accumulators({i.condition}, scope);
        const Expr condition = scope(i.condition);
        std::vector<Stmt> arms[2];
        bool always[2];
        Leaves left[2];
        for (const int arm : {0, 1}) {
            const KernelBlock* body = arm == 0 ? i.then_body.get() : i.else_body.get();
            if (body) arms[arm].push_back(block(*body));
            always[arm] = body && body->leaves();
            if (body) left[arm] = may_leave(*body);
        }
        std::vector<Stmt> all(1);
        if (always[0] != always[1]) {
            const int other = always[0] ? 1 : 0;
            arms[other].push_back(unless_left(left[other], rest(), loc));
        } else if (!always[0]) {
            left[0].merge(left[1]);
            all.push_back(unless_left(left[0], rest(), loc));
        }
        all[0] = accumulators.around(
            If::make(condition, Block::make(std::move(arms[0])), Block::make(std::move(arms[1])), loc));
        return Block::make(std::move(all));
    }

    Stmt bind_let(const KernelLet& let, Loc loc, const std::function<Stmt()>& rest) {
        const Accumulators accumulators({let.value}, scope);
        const Expr value = scope(let.value);
        const Symbol symbol(let.symbol.name());
        scope.bind(let.symbol, Variable::make(symbol, value.type(), loc));
        const Stmt body = rest();
        return body.defined() ? accumulators.around(LetStmt::make(symbol, value, body, loc)) : body;
    }

    /// Of several copies the first one is what the user can name.
    Symbol own_symbol(const KernelTensor& t) {
        return functions.locals.insert(t.symbol).second ? t.symbol : Symbol(t.name());
    }

    Stmt allocate(const KernelTensor& t, const std::function<Stmt()>& rest) {
        Tensor tensor = {own_symbol(t), *t.type, {}, t.space, TypeOrigin::declared, nullptr, t.loc};
        for (const Dim& d : declared_dims(t))
            tensor.dims.push_back({scope(d.min), scope(d.extent)});
        scope.rename(t.symbol, tensor.symbol);
        const Stmt body = rest();
        return body.defined() ? Allocate::make(std::move(tensor), body) : body;
    }

    // ---- Streams.

    Stmt declare(const StreamData& s, const std::function<Stmt()>& rest) {
        StreamDeclaration stream = stream_declaration(s);
        stream.symbol = streams[&s] = Symbol(s.symbol.name());
        for (Expr& e : stream.dims)
            e = simplify(scope(e));
        return DeclareStream::make(std::move(stream), rest());
    }

    StreamElement element(const StreamRef& s) {
        const auto own = streams.find(s.data().get());
        StreamElement e{own == streams.end() ? s.data()->symbol : own->second, {}};
        for (const Expr& i : s.subscripts())
            e.at.push_back(scope.index(i));
        return e;
    }

    Stmt take(const KernelPop& p, Loc loc, const std::function<Stmt()>& rest) {
        const StreamElement from = element(p.from);
        const Symbol symbol(p.from.data()->symbol.name() + "_token");
        const Type type = p.from.data()->type;
        scope.bind(p.symbol, Variable::make(symbol, type, loc));
        return Pop::make(symbol, from, type, rest(), loc);
    }

    Stmt make(const KernelStream&, Loc) { throw InternalError("a stream without what follows"); }
    Stmt make(const KernelPop&, Loc) { throw InternalError("a pop without what follows"); }

    Stmt make(const KernelPush& p, Loc loc) {
        const Accumulators accumulators({p.value}, scope);
        const StreamElement to = element(p.to);
        return accumulators.around(Push::make(to, p.to.data()->type, scope(p.value), loc));
    }

    Stmt make(const KernelBlockUse& b, Loc loc) {
        const StreamElement stream = element(b.stream);
        const KernelTensor& t = *b.tensor;
        Tensor tensor = {own_symbol(t), *t.type, {}, MemorySpace::heap(), TypeOrigin::declared, nullptr, loc};
        for (const Dim& d : declared_dims(t))
            tensor.dims.push_back({scope(d.min), scope(d.extent)});
        scope.rename(t.symbol, tensor.symbol);
        const Stmt body = block(*b.body);
        return b.writes ? Fill::make(stream, std::move(tensor), body, loc)
                        : Drain::make(stream, std::move(tensor), body, loc);
    }

    Stmt make(const KernelDataflow& d, Loc loc) {
        const bool outer = std::exchange(network, true);
        const Stmt body = block(*d.body);
        network = outer;
        std::vector<Stmt> all = std::exchange(network_checks, {});
        all.push_back(Dataflow::make(body, loc));
        return Block::make(std::move(all));
    }

    // ---- Statements.

    Stmt statement(const KernelItem& item) {
        return std::visit([&](const auto& what) { return make(what, item.loc); }, item.what);
    }

    Stmt make(const KernelLet&, Loc) { throw InternalError("a let without what follows"); }
    Stmt make(const KernelLocal&, Loc) { throw InternalError("a local without what follows"); }

    Stmt make(const KernelLeave& l, Loc loc) {
        return Store::make(flags.at(l.loop), Bool(), {}, Expr(true), loc);
    }

    Stmt make(const KernelStore& s, Loc loc) {
        std::vector<Expr> roots, values;
        std::optional<BinaryOp> op;
        for (const KernelTarget& t : s.targets) {
            Expr value = t.value;
            if (s.targets.size() == 1) {
                const Accumulation sum = accumulation(*t.tensor, t.subscripts, s.op, t.value, loc);
                op = sum.op;
                value = sum.value;
            }
            values.push_back(value);
            roots.push_back(value);
            roots.insert(roots.end(), t.subscripts.begin(), t.subscripts.end());
        }
        const Accumulators accumulators(roots, scope);
        std::vector<StoreTarget> targets;
        for (size_t n = 0; n < s.targets.size(); ++n) {
            const KernelTarget& t = s.targets[n];
            StoreTarget target = {scope.tensor(t.tensor->symbol), *t.tensor->type, {}, scope(values[n])};
            for (const Expr& e : t.subscripts)
                target.indices.push_back(scope.index(e));
            targets.push_back(std::move(target));
        }
        return accumulators.around(op ? Reduce::make(*op, std::move(targets.front()), loc)
                                      : Store::make(std::move(targets), loc));
    }

    /// A loop's bound. What it reads may change inside of the loop, where schedules evaluate it again: then
    /// it is kept in a let.
    Expr bound(const Expr& e, const char* name, Kept& kept) {
        Mentions mentions;
        mentions.add(e);
        const bool fixed =
            std::none_of(mentions.loads.begin(), mentions.loads.end(),
                         [](const TensorLoad* l) { return l->source->role == TensorRole::kernel; });
        return fixed || planted.has(Fault::bounds_again) ? scope.index(e) : kept_bound(e, name, scope, kept);
    }

    Stmt make(const KernelFor& f, Loc loc) {
        const Accumulators accumulators({f.begin, f.end}, scope);
        Kept kept;
        const Expr begin = bound(f.begin, "begin", kept), end = bound(f.end, "end", kept);
        const int64_t stride = f.step < 0 ? -f.step : f.step;
        const Expr span = f.step < 0 ? isub(begin, end) : isub(end, begin);
        const Expr count = stride == 1 ? span : ifloordiv(iadd(span, index(stride - 1)), index(stride));
        const Symbol loop(f.variable.name());
        const Expr variable = Variable::make(loop, IndexType(), loc);
        const Expr first = f.step == 1 ? begin : index(0);
        code.loops.emplace_back(f.variable, loop);

        const Resolver outer = scope.inner();
        scope = outer.inner();
        scope.bind(f.variable, f.step == 1 ? variable : iadd(begin, imul(index(f.step), variable)));
        scope.known().bound(loop, interval_of(first, count));
        Stmt all = loop_body(*f.body, f.variable.name(), loc, [&](const Stmt& body) {
            return For::make(loop, first, count, LoopKind::serial(), body, loc);
        });
        scope = outer.inner();
        return accumulators.around(around_kept(kept, all, loc));
    }

    Stmt make(const KernelWhile& w, Loc loc) {
        if (!Accumulators({w.condition}, scope).empty())
            fail(loc, "the condition of a while_ holds a sum or the like: keep it in a scalar");
        const Resolver outer = scope.inner();
        scope = outer.inner();
        const Expr condition = scope(w.condition);
        const Stmt all = loop_body(*w.body, "while", loc, [&](const Stmt& body) {
            const Leaves left = may_leave(*w.body);
            return While::make(left.empty() ? condition
                                            : Select::make(none_left(left, loc), condition, Expr(false), loc),
                               body, loc);
        });
        scope = outer.inner();
        return all;
    }

    /// A loop around a block, with the flag that its break_ sets. Once something was left, the body of a For
    /// does nothing.
    Stmt loop_body(const KernelBlock& body, const std::string& name, Loc loc,
                   const std::function<Stmt(const Stmt&)>& around) {
        const Leaves left = may_leave(body);
        const auto whole = [&] { return around(unless_left(left, block(body), loc)); };
        return left.count(&body) ? with_flag(&body, "break_" + name, loc, whole) : whole();
    }

    Stmt make(const KernelIf& i, Loc loc) {
        const Accumulators accumulators({i.condition}, scope);
        const Expr condition = scope(i.condition);
        const Stmt then_body = block(*i.then_body), else_body = i.else_body ? block(*i.else_body) : Stmt();
        return accumulators.around(If::make(condition, then_body, else_body, loc));
    }

    Stmt make(const KernelPrint& p, Loc loc) {
        const Accumulators accumulators(p.values, scope);
        std::vector<Expr> values;
        for (const Expr& e : p.values)
            values.push_back(scope(e));
        return accumulators.around(Print::make(p.texts, std::move(values), loc));
    }

    Stmt make(const KernelRequire& r, Loc loc) {
        const Accumulators accumulators({r.condition}, scope);
        return accumulators.around(Assert::make(scope(r.condition), r.message, loc));
    }

    Stmt make(const KernelCall& c, Loc loc) {
        if (network) return process(c, loc);
        return c.callee->external ? inlined(c, loc) : called(c, loc);
    }
    Stmt inlined(const KernelCall& c, Loc loc);
    Stmt process(const KernelCall& c, Loc loc);
    Stmt called(const KernelCall& c, Loc loc);
    Stmt call(const KernelCall& c, std::vector<Stmt>& checks, Loc loc);

    struct PassedDim;
    std::vector<PassedDim> passed(const KernelArgument& formal, const CallArgument& actual);
    std::map<Symbol, Expr> parameters(const KernelCall& c, Loc loc);
    std::vector<Stmt> shape_checks(const KernelCall& c, Resolver& inside, Loc loc);
    TensorView view(const KernelArgument& formal, const CallArgument& actual);
};

/// One dimension of a tensor that is passed, as the callee declares it and as it is.
struct KernelLowering::PassedDim {
    Expr formal_min, formal_extent, min, extent;
};

std::vector<KernelLowering::PassedDim> KernelLowering::passed(const KernelArgument& formal,
                                                              const CallArgument& actual) {
    std::vector<PassedDim> all;
    const TensorData &f = *formal.tensor, &a = *actual.tensor;
    for (size_t d = 0, k = 0; d < a.extents->size(); ++d) {
        if (actual.whole) {
            all.push_back({f.mins[d], (*f.extents)[d], scope(a.mins[d]), scope((*a.extents)[d])});
        } else if (actual.parts[d].kept) {
            // The callee's positions begin where it says.
            all.push_back({f.mins[k], (*f.extents)[k], {}, scope.index(actual.parts[d].range.extent.expr())});
            ++k;
        }
    }
    return all;
}

/// The values of the callee's parameters: those given, and sizes of the tensors that are passed.
std::map<Symbol, Expr> KernelLowering::parameters(const KernelCall& c, Loc loc) {
    std::map<Symbol, Expr> values;
    for (size_t n = 0; n < c.arguments.size(); ++n) {
        const KernelArgument& formal = c.callee->arguments[n];
        if (!formal.param) continue;
        const Expr& value = c.arguments[n].value;
        const Type type = formal.param->type;
        const Expr plain = type.is_index() ? scope.index(value) : scope(value);
        values[formal.param->symbol] = plain.type() == type ? plain : Cast::make(type, plain, loc);
    }
    for (size_t n = 0; n < c.arguments.size(); ++n) {
        if (!c.callee->arguments[n].tensor) continue;
        for (const PassedDim& d : passed(c.callee->arguments[n], c.arguments[n]))
            for (const auto& [formal, actual] :
                 {std::pair(d.formal_extent, d.extent), std::pair(d.formal_min, d.min)})
                if (const auto* v = formal.as<Variable>(); v && actual.defined())
                    values.emplace(v->symbol, actual);
    }
    return values;
}

/// That the callee's tensors have the shapes that are passed. `inside`: what the callee's sizes are here.
std::vector<Stmt> KernelLowering::shape_checks(const KernelCall& c, Resolver& inside, Loc loc) {
    std::vector<Stmt> checks;
    const auto check = [&](const Expr& holds, const std::string& no, const std::string& text) {
        const Expr known = simplify(holds, scope.known());
        if (is_const_false(known)) fail(loc, "{}", no);
        if (!is_const_true(known)) checks.push_back(Assert::make(known, text, loc));
    };
    const std::string& callee = c.callee->symbol.name();
    for (size_t n = 0; n < c.arguments.size(); ++n) {
        if (!c.callee->arguments[n].tensor) continue;
        const std::string &formal = c.callee->arguments[n].name(), &given = c.arguments[n].tensor->name();
        for (const PassedDim& d : passed(c.callee->arguments[n], c.arguments[n]))
            for (const auto& [wanted, actual] :
                 {std::pair(d.formal_extent, d.extent), std::pair(d.formal_min, d.min)})
                if (actual.defined())
                    check(Binary::make(BinaryOp::eq, inside(wanted), actual, loc),
                          fmt::format("the call of {} passes {} with another shape than {} has", callee,
                                      given, formal),
                          fmt::format("a call of {} passes another shape than {} has", callee, formal));
        if (c.arguments[n].whole) continue;
        const TensorView v = view(c.callee->arguments[n], c.arguments[n]);
        const TensorData& t = *c.arguments[n].tensor;
        for (size_t d = 0; d < v.dims.size(); ++d) {
            const Expr first = scope(t.mins[d]), end = iadd(first, scope((*t.extents)[d]));
            const Expr last =
                iadd(v.dims[d].begin, imul(index(v.dims[d].stride), isub(v.dims[d].extent, index(1))));
            const Expr empty = Binary::make(BinaryOp::le, v.dims[d].extent, index(0), loc);
            const Expr in = both(Binary::make(BinaryOp::ge, v.dims[d].begin, first, loc),
                                 Binary::make(BinaryOp::lt, last, end, loc));
            check(Binary::make(BinaryOp::logical_or, empty, in, loc),
                  fmt::format("the view of {} that {} is given leaves dimension {} of it", given, callee, d),
                  fmt::format("the view of {} that {} is given leaves dimension {} of it", given, callee, d));
        }
    }
    return checks;
}

TensorView KernelLowering::view(const KernelArgument& formal, const CallArgument& actual) {
    const TensorData& t = *actual.tensor;
    TensorView v{scope.tensor(t.symbol), {}, Direction::in, actual.whole};
    if (const auto* own = dynamic_cast<const KernelTensor*>(formal.tensor.get()))
        v.direction = own->direction;
    for (size_t d = 0; d < t.extents->size(); ++d) {
        if (actual.whole) {
            v.dims.push_back({scope(t.mins[d]), scope((*t.extents)[d]), 1, true});
            continue;
        }
        const ViewPart& p = actual.parts[d];
        v.dims.push_back({scope.index(p.range.min.expr()),
                          p.kept ? scope.index(p.range.extent.expr()) : index(1), p.range.stride, p.kept});
    }
    return v;
}

/// The call, and what it checks before.
Stmt KernelLowering::call(const KernelCall& c, std::vector<Stmt>& checks, Loc loc) {
    const KernelData& callee = *c.callee;
    const std::map<Symbol, Expr> given = parameters(c, loc);
    Resolver inside(scope.known());
    std::vector<Expr> values;
    for (const auto& [symbol, param] : callee.params) {
        const auto found = given.find(symbol);
        const Expr value =
            found != given.end() ? found->second : scope(Variable::make(symbol, param.type, loc));
        inside.bind(symbol, value);
        values.push_back(value);
    }
    Resolver in_callee = inside.inner();
    for (Stmt& s : shape_checks(c, in_callee, loc))
        checks.push_back(std::move(s));
    std::vector<TensorView> read, written;
    std::vector<StreamElement> passed_streams;
    for (size_t n = 0; n < c.arguments.size(); ++n) {
        const KernelArgument& formal = callee.arguments[n];
        if (formal.stream) passed_streams.push_back(element(*c.arguments[n].stream));
        if (!formal.tensor) continue;
        TensorView v = view(formal, c.arguments[n]);
        (v.direction == Direction::in ? read : written).push_back(std::move(v));
    }
    read.insert(read.end(), written.begin(), written.end());
    return CallStmt::make(functions.of(c.callee).name, std::move(read), std::move(values),
                          std::move(passed_streams), loc);
}

Stmt KernelLowering::called(const KernelCall& c, Loc loc) {
    std::vector<Expr> given;
    for (const CallArgument& a : c.arguments)
        if (a.value.defined()) given.push_back(a.value);
    const Accumulators accumulators(given, scope);
    std::vector<Stmt> all;
    const Stmt itself = call(c, all, loc);
    all.push_back(itself);
    return accumulators.around(Block::make(std::move(all)));
}

/// A call, or a spawn, in a dataflow.
Stmt KernelLowering::process(const KernelCall& c, Loc loc) {
    for (const CallArgument& a : c.arguments)
        if (a.value.defined() && holds_reduction(a.value))
            fail(loc, "a process is given a sum or the like: compute it before the dataflow, in a scalar");
    const Resolver outer = scope.inner();
    scope = outer.inner();
    std::vector<Symbol> ids;
    std::vector<Dim> box;
    for (const auto& [id, extent] : c.ids) {
        ids.emplace_back(id.name());
        box.push_back({index(0), scope.index(extent)});
        scope.bind(id, Variable::make(ids.back(), IndexType(), loc));
        scope.known().bound(ids.back(), interval_of(box.back()));
    }
    std::vector<Stmt> checks;
    const Stmt itself = call(c, checks, loc);
    scope = outer.inner();
    for (Stmt s : checks) {
        Substitution fresh;
        std::vector<Symbol> loops;
        for (const Symbol& id : ids) {
            loops.emplace_back(id.name());
            fresh.emplace(id, Variable::make(loops.back(), IndexType(), loc));
        }
        s = substitute(s, fresh);
        for (size_t d = ids.size(); d-- > 0;)
            s = For::make(loops[d], box[d].min, box[d].extent, {}, s, loc);
        network_checks.push_back(std::move(s));
    }
    return ids.empty() ? itself : Spawn::make(std::move(ids), std::move(box), itself, loc);
}

/// A call of an extern function, with the arguments in their places.
Stmt KernelLowering::inlined(const KernelCall& c, Loc loc) {
    std::vector<Expr> given;
    for (const CallArgument& a : c.arguments)
        if (a.value.defined()) given.push_back(a.value);
    const Accumulators accumulators(given, scope);
    Resolver inner(scope.known());
    Kept kept;
    for (const auto& [param, value] : parameters(c, loc)) {
        const bool explicitly =
            std::ranges::any_of(c.callee->arguments, [&, &p = param](const KernelArgument& a) {
                return a.param && a.param->symbol == p;
            });
        if (!explicitly) {
            inner.bind(param, value);
            continue;
        }
        const Symbol symbol(param.name());
        kept.emplace_back(symbol, value);
        inner.bind(param, Variable::make(symbol, value.type(), loc));
    }
    for (size_t n = 0; n < c.arguments.size(); ++n)
        if (c.callee->arguments[n].tensor)
            inner.rename(c.callee->arguments[n].tensor->symbol, scope.tensor(c.arguments[n].tensor->symbol));
    Resolver in_callee = inner.inner();
    std::vector<Stmt> parts = shape_checks(c, in_callee, loc);
    parts.push_back(KernelLowering(*c.callee, in_callee, code, functions).run(loc));
    Stmt all = Block::make(std::move(parts));
    for (size_t n = kept.size(); n-- > 0 && all.defined();)
        all = LetStmt::make(kept[n].first, kept[n].second, all, loc);
    return all.defined() ? accumulators.around(all) : all;
}

} // namespace

KernelCode lower_kernel(const KernelData& kernel, const Facts& facts, KernelFunctions& functions) {
    KernelCode code;
    code.body = KernelLowering(kernel, Resolver(facts), code, functions).run(kernel.loc);
    return code;
}

} // namespace lathe
