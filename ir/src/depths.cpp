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
    using Unknown = std::set<std::pair<std::string, size_t>>;
    /// \param unknown parameters that some call gives data: of a Function, by number.
    static Function of(const Function& f, Unknown& unknown) {
        Function bare = f;
        bare.arguments.clear();
        bare.constants.clear();
        Skeleton s(unknown);
        for (size_t n = 0; n < f.params.size(); ++n)
            if (unknown.contains({f.name, n})) s.data.insert(f.params[n].symbol);
        bare.body = s(f.body);
        return bare;
    }

  protected:
    using Mutator::visit;
    Stmt visit(const Store&, const Stmt&) override { return {}; }
    Stmt visit(const Reduce&, const Stmt&) override { return {}; }
    Stmt visit(const Assert&, const Stmt&) override { return {}; }
    Stmt visit(const Print&, const Stmt&) override { return {}; }
    Stmt visit(const ExternCall&, const Stmt&) override { return {}; }
    Stmt visit(const Copy&, const Stmt&) override { return {}; }
    Stmt visit(const Allocate& a, const Stmt&) override { return (*this)(a.body); }
    Stmt visit(const Stage& g, const Stmt&) override { return (*this)(g.body); }
    Stmt visit(const Push& p, const Stmt&) override {
        check(p.to.at, p.loc);
        return Push::make(p.to, p.type, Cast::make(p.type, Expr(0)), p.loc);
    }
    Stmt visit(const Pop& p, const Stmt& s) override {
        data.insert(p.symbol);
        check(p.from.at, p.loc);
        return Mutator::visit(p, s);
    }
    Stmt visit(const LetStmt& l, const Stmt&) override {
        const bool counts = l.value.type().is_index() && known(l.value);
        if (!counts) data.insert(l.symbol);
        const Stmt body = (*this)(l.body);
        return counts && body.defined() ? LetStmt::make(l.symbol, l.value, body, l.loc) : body;
    }
    Stmt visit(const For& f, const Stmt& s) override { return repeated(Mutator::visit(f, s)); }
    Stmt visit(const If& i, const Stmt& s) override {
        const Stmt r = Mutator::visit(i, s);
        if (r.defined() && !known(i.condition) && closed(r)) return Block::make(bodies(r));
        return repeated(r);
    }
    Stmt visit(const While& w, const Stmt& s) override {
        const Stmt r = repeated(Mutator::visit(w, s));
        if (r.defined()) refuse(w.loc);
        return r;
    }
    Stmt visit(const CallStmt& c, const Stmt&) override { return call(c); }

  private:
    explicit Skeleton(Unknown& u) : unknown(u) {}

    Unknown& unknown;
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

    /// Whole networks: each time that they run the same happens.
    static bool closed(const Stmt& s) {
        std::set<Symbol> declared;
        bool all = true;
        for_each(
            s,
            [&](const Stmt& x) {
                if (const auto* d = x.as<DeclareStream>()) declared.insert(d->stream.symbol);
                for (const StreamElement& e : streams_in(x))
                    all = all && declared.contains(e.stream);
            },
            nullptr);
        return all;
    }

    /// A loop or condition: nothing, where no token passes in it.
    Stmt repeated(const Stmt& s) const {
        if (bodies(s).empty()) return {};
        check(expressions(s), s.loc());
        return s;
    }

    /// A number that is data is any number: where it decides something, that is refused in the callee.
    Stmt call(const CallStmt& c) const {
        std::vector<Expr> values;
        for (size_t n = 0; n < c.values.size(); ++n) {
            const Type type = c.values[n].type();
            values.push_back(c.values[n]);
            if (known(values.back())) continue;
            unknown.insert({c.callee, n});
            values.back() = Constant::make(type.is_index() ? Value::index(0) : Value::from_bits(type, 0));
        }
        return CallStmt::make(c.callee, {}, std::move(values), c.streams, c.loc);
    }
};

/// Sets the depths of the streams that have none.
class SetDepths : public Mutator {
  public:
    explicit SetDepths(const std::map<Symbol, int64_t>& d) : depths(d) {}

  protected:
    using Mutator::visit;
    Stmt visit(const DeclareStream& d, const Stmt& s) override {
        if (d.stream.depth != 0) return Mutator::visit(d, s);
        StreamDeclaration stream = d.stream;
        const auto found = depths.find(stream.symbol);
        stream.depth = std::max(least_depth, found == depths.end() ? 0 : found->second);
        return DeclareStream::make(std::move(stream), (*this)(d.body));
    }

  private:
    const std::map<Symbol, int64_t>& depths;
};

} // namespace

namespace {

/// Parameters of the top Function that decide who passes what, there or in what it calls.
std::set<Symbol> deciding(const Module& bare) {
    std::map<std::string, std::set<Symbol>> all;
    for (size_t n = bare.functions.size(); n-- > 0;) { // callers come before those whom they call
        const Function& f = bare.functions[n];
        std::set<Symbol>& used = all[f.name];
        const auto add = [&](const Expr& e) { used.merge(free_variables(e)); };
        for_each(
            f.body,
            [&](const Stmt& s) {
                const auto* c = s.as<CallStmt>();
                if (!c) {
                    for (const Expr& e : expressions(s))
                        add(e);
                    return;
                }
                for (const StreamElement& e : c->streams)
                    for (const Expr& x : e.at)
                        add(x);
                const Function& callee = bare.function(c->callee);
                for (size_t p = 0; p < c->values.size(); ++p)
                    if (all[callee.name].contains(callee.params[p].symbol)) add(c->values[p]);
            },
            nullptr);
    }
    return all[bare.top().name];
}

/// Lets tokens pass without their data. The depths that streams of depth 0 need.
std::map<Symbol, int64_t> depths_needed(const Module& m, int64_t most_iterations, const char* instead) {
    Module bare = m;
    Skeleton::Unknown unknown;
    for (Function& f : bare.functions) // callers come before those whom they call
        f = Skeleton::of(f, unknown);
    const std::set<Symbol> sizes = deciding(bare);
    std::map<std::string, Value> scalars;
    for (const Param& p : m.top().params) {
        if (sizes.contains(p.symbol))
            fail(
                p.loc,
                "no depth of the streams can be computed while {} has no value: give it one by bind, or give "
                "each stream its depth",
                p.symbol.name());
        scalars.emplace(p.symbol.name(), p.type.is_index() ? Value::index(0) : Value::from_bits(p.type, 0));
    }
    std::map<Symbol, int64_t> depths;
    int64_t left = most_iterations;
    InterpretOptions options;
    options.grow = &depths;
    options.iterations_left = &left;
    try {
        interpret(bare, {}, scalars, options);
    } catch (const InternalError&) {
        throw;
    } catch (const Error& e) {
        if (left >= 0) throw;
        fail(e.loc(),
             "whether the streams' depths suffice is found by passing all tokens, without their data, and "
             "that "
             "takes more than {} iterations of loops: {}",
             most_iterations, instead);
    }
    return depths;
}

} // namespace

Module with_safe_depths(const Module& m, int64_t most_iterations) {
    if (!declares_open_depth(m)) return m;
    const std::map<Symbol, int64_t> depths = depths_needed(m, most_iterations, "give each stream its depth");
    Module result = m;
    SetDepths set(depths);
    for (Function& f : result.functions)
        f.body = set(f.body);
    return result;
}

void check_depths(const Module& m) {
    depths_needed(m, depth_iterations, "give none");
}

} // namespace lathe::ir
