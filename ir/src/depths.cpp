#include "lathe/ir/depths.h"

#include "lathe/ir/interpret.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe::ir {

namespace {

/// Room that makes streams work in every cycle.
constexpr int64_t least_depth = 2;

bool declares_open_depth(const Module& m) {
    bool open = false;
    for (const Function& f : m.functions)
        for_each(
            f.body,
            [&](const Stmt& s) {
                const auto* d = s.as<DeclareStream>();
                open = open || (d && d->stream.depth == 0);
            },
            nullptr);
    return open;
}

/// A Function that passes the same tokens and computes nothing.
class Skeleton : public Mutator {
  public:
    static Function of(const Function& f) {
        Function bare = f;
        bare.arguments.clear();
        bare.constants.clear();
        Skeleton s;
        bare.body = s(f.body);
        return bare;
    }

  protected:
    using Mutator::mutate;
    Stmt mutate(const Stmt& s) override {
        if (s.as<Store>() || s.as<Reduce>() || s.as<Assert>() || s.as<Print>() || s.as<ExternCall>())
            return {};
        if (const auto* a = s.as<Allocate>()) return (*this)(a->body);
        if (const auto* g = s.as<Stage>()) return (*this)(g->body);
        if (const auto* p = s.as<Push>()) {
            check(p->to.at, s.loc());
            return Push::make(p->to, p->type, Cast::make(p->type, Expr(0)), p->loc);
        }
        if (const auto* l = s.as<LetStmt>()) {
            const bool counts = l->value.type().is_index() && known(l->value);
            if (!counts) data.insert(l->symbol);
            const Stmt body = (*this)(l->body);
            return counts && body.defined() ? LetStmt::make(l->symbol, l->value, body, l->loc) : body;
        }
        if (const auto* p = s.as<Pop>()) data.insert(p->symbol);
        if (const auto* c = s.as<CallStmt>()) return call(*c);
        const Stmt r = Mutator::mutate(s);
        if (!r.defined()) return r;
        const bool empty = (r.as<For>() || r.as<While>() || r.as<If>()) && bodies(r).empty();
        if (empty) return {};
        check(expressions(r), s.loc());
        if (r.as<While>()) refuse(s.loc());
        return r;
    }

  private:
    std::set<Symbol> data; ///< variables that hold data

    [[noreturn]] static void refuse(Loc loc) {
        fail(loc,
             "no depth of the streams can be computed, since data decide what passes here: give each stream "
             "its depth");
    }
    bool known(const Expr& e) const {
        const std::set<Symbol> used = free_variables(e);
        return tensors_read(e).empty() &&
               std::ranges::none_of(used, [&](const Symbol& s) { return data.contains(s); });
    }
    void check(const std::vector<Expr>& all, Loc loc) const {
        for (const Expr& e : all)
            if (!known(e)) refuse(loc);
    }

    /// Numbers that are no sizes are data: where they decide something, that is refused in the callee.
    Stmt call(const CallStmt& c) const {
        std::vector<Expr> values;
        for (const Expr& e : c.values) {
            const bool size = e.type().is_index();
            if (size && !known(e)) refuse(c.loc);
            values.push_back(size ? e : Constant::make(Value::from_bits(e.type(), 0)));
        }
        return CallStmt::make(c.callee, {}, std::move(values), c.streams, c.loc);
    }
};

/// Sets the depths of the streams that have none.
class SetDepths : public Mutator {
  public:
    explicit SetDepths(const std::map<Symbol, int64_t>& d) : depths(d) {}

  protected:
    using Mutator::mutate;
    Stmt mutate(const Stmt& s) override {
        const Stmt r = Mutator::mutate(s);
        const auto* d = r.as<DeclareStream>();
        if (!d || d->stream.depth != 0) return r;
        StreamDeclaration stream = d->stream;
        const auto found = depths.find(stream.symbol);
        stream.depth = std::max(least_depth, found == depths.end() ? 0 : found->second);
        return DeclareStream::make(std::move(stream), d->body);
    }

  private:
    const std::map<Symbol, int64_t>& depths;
};

} // namespace

Module with_safe_depths(const Module& m) {
    if (!declares_open_depth(m)) return m;
    for (const Param& p : m.top().params)
        fail(p.loc,
             "no depth of the streams can be computed while {} has no value: give it one by bind, or give "
             "each stream its depth",
             p.symbol.name());
    Module bare = m;
    for (Function& f : bare.functions)
        f = Skeleton::of(f);
    std::map<Symbol, int64_t> depths;
    InterpretOptions options;
    options.grow = &depths;
    interpret(bare, {}, {}, options);
    Module result = m;
    SetDepths set(depths);
    for (Function& f : result.functions)
        f.body = set(f.body);
    return result;
}

} // namespace lathe::ir
