#include "kernel_lower.h"

#include "accumulation.h"
#include "inline_reduction.h"
#include "shape.h"

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
    KernelLowering(const KernelData& k, Resolver s, KernelCode& c) : kernel(k), scope(std::move(s)), code(c) {
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
    std::map<const KernelBlock*, Symbol> flags;

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

    Stmt block(const KernelBlock& b) { return sequence(b, 0); }

    /// The statements of a block from number `n` on.
    Stmt sequence(const KernelBlock& b, size_t n) {
        std::vector<Stmt> done;
        for (; n < b.items.size(); ++n) {
            const KernelItem& item = *b.items[n];
            const auto rest = [&] { return sequence(b, n + 1); };
            if (const auto* let = std::get_if<KernelLet>(&item.what)) {
                done.push_back(bind_let(*let, item.loc, rest));
                break;
            }
            if (const auto* local = std::get_if<KernelLocal>(&item.what)) {
                done.push_back(allocate(*local->tensor, rest));
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

    Stmt allocate(const KernelTensor& t, const std::function<Stmt()>& rest) {
        Tensor tensor = {Symbol(t.name()), *t.type, {}, t.space, TypeOrigin::declared, nullptr, t.loc};
        for (const Dim& d : declared_dims(t))
            tensor.dims.push_back({scope(d.min), scope(d.extent)});
        scope.rename(t.symbol, tensor.symbol);
        const Stmt body = rest();
        return body.defined() ? Allocate::make(std::move(tensor), body) : body;
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
        if (tensors_read(first).empty() && tensors_read(count).empty())
            scope.known().bound(loop, {first, isub(iadd(first, count), index(1))});
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

    Stmt make(const KernelCall& c, Loc loc);
};

/// A call is the callee's program with its arguments in their places.
Stmt KernelLowering::make(const KernelCall& c, Loc loc) {
    std::vector<Expr> values;
    for (const CallArgument& a : c.arguments)
        if (a.value.defined()) values.push_back(a.value);
    const Accumulators accumulators(values, scope);
    Resolver inner(scope.known());
    Kept kept;
    std::vector<Stmt> checks;
    std::set<Symbol> bound;
    const auto bind = [&](const Symbol& param, const Expr& value) {
        inner.bind(param, value);
        bound.insert(param);
    };
    for (size_t n = 0; n < c.arguments.size(); ++n) {
        const KernelArgument& formal = c.callee->arguments[n];
        const CallArgument& actual = c.arguments[n];
        if (formal.param) {
            const bool size = formal.param->type.is_index();
            const Expr value =
                size ? scope.index(actual.value) : Cast::make(formal.param->type, scope(actual.value), loc);
            const Symbol symbol(formal.param->symbol.name());
            kept.emplace_back(symbol, value);
            bind(formal.param->symbol, Variable::make(symbol, value.type(), loc));
        } else {
            inner.rename(formal.tensor->symbol, scope.tensor(actual.tensor->symbol));
        }
    }
    const auto sizes = [&](size_t n) {
        std::vector<std::pair<Expr, Expr>> all;
        const KernelArgument& formal = c.callee->arguments[n];
        const CallArgument& actual = c.arguments[n];
        if (formal.tensor)
            for (size_t d = 0; d < formal.tensor->extents->size(); ++d) {
                all.emplace_back((*formal.tensor->extents)[d], scope((*actual.tensor->extents)[d]));
                all.emplace_back(formal.tensor->mins[d], scope(actual.tensor->mins[d]));
            }
        return all;
    };
    for (size_t n = 0; n < c.arguments.size(); ++n)
        for (const auto& [formal, actual] : sizes(n))
            if (const auto* v = formal.as<Variable>(); v && !bound.count(v->symbol)) bind(v->symbol, actual);
    Resolver in_callee = inner.inner();
    for (size_t n = 0; n < c.arguments.size(); ++n)
        for (const auto& [formal, actual] : sizes(n)) {
            const Expr equal = Binary::make(BinaryOp::eq, in_callee(formal), actual, loc);
            const Expr known = simplify(equal, scope.known());
            const std::string& name = c.callee->arguments[n].tensor->name();
            if (is_const_false(known))
                fail(loc, "the call of {} passes {} with another shape than {} has", c.callee->symbol.name(),
                     c.arguments[n].tensor->name(), name);
            if (!is_const_true(known))
                checks.push_back(Assert::make(known,
                                              fmt::format("a call of {} passes another shape than {} has",
                                                          c.callee->symbol.name(), name),
                                              loc));
        }
    checks.push_back(KernelLowering(*c.callee, in_callee, code).run(loc));
    Stmt all = Block::make(std::move(checks));
    for (size_t n = kept.size(); n-- > 0 && all.defined();)
        all = LetStmt::make(kept[n].first, kept[n].second, all, loc);
    return all.defined() ? accumulators.around(all) : all;
}

} // namespace

KernelCode lower_kernel(const KernelData& kernel, const Facts& facts) {
    KernelCode code;
    code.body = KernelLowering(kernel, Resolver(facts), code).run(kernel.loc);
    return code;
}

} // namespace lathe
