#include "retype.h"

#include "accumulate.h"
#include "rewrite.h"

#include "lathe/ir/buffer.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

/// Expressions with the types that follow from the tensors'.
class Retyper : public Mutator {
  public:
    std::map<Symbol, Type> tensors; ///< known so far
    std::map<Symbol, Type> lets;
    std::map<Symbol, BinaryOp> sums; ///< accumulators of inline reductions, and their operator

  protected:
    Expr mutate(const Expr& e) override {
        if (const Variable* v = e.as<Variable>()) {
            auto let = lets.find(v->symbol);
            return let == lets.end() || let->second == e.type()
                       ? e
                       : Variable::make(v->symbol, let->second, e.loc());
        }
        if (const Load* l = e.as<Load>()) {
            auto type = tensors.find(l->tensor);
            invariant(type != tensors.end(), "a tensor is read before its type is known");
            std::vector<Expr> indices;
            for (const Expr& i : l->indices)
                indices.push_back((*this)(i));
            return Load::make(l->tensor, type->second, std::move(indices), e.loc());
        }
        if (const Let* l = e.as<Let>()) {
            Expr value = (*this)(l->value);
            lets[l->symbol] = value.type();
            return Let::make(l->symbol, std::move(value), (*this)(l->body), e.loc());
        }
        return Mutator::mutate(e);
    }

    Stmt mutate(const Stmt& s) override {
        if (const LetStmt* l = s.as<LetStmt>()) {
            Expr value = (*this)(l->value);
            lets[l->symbol] = value.type();
            return LetStmt::make(l->symbol, std::move(value), (*this)(l->body), s.loc());
        }
        if (const Allocate* a = s.as<Allocate>()) {
            Tensor t = (*this)(a->tensor);
            t.type = tensors.at(t.symbol);
            return Allocate::make(std::move(t), (*this)(a->body));
        }
        if (const Store* st = s.as<Store>()) {
            std::vector<StoreTarget> targets;
            for (const StoreTarget& t : st->targets)
                targets.push_back(target(t));
            if (auto sum = sums.find(targets[0].tensor); sum != sums.end() && targets[0].value.as<Constant>())
                targets[0].value = Constant::make(identity(sum->second, targets[0].type), s.loc());
            return Store::make(std::move(targets), s.loc());
        }
        if (const Reduce* r = s.as<Reduce>()) return Reduce::make(r->op, target(r->target), s.loc());
        if (const ExternCall* c = s.as<ExternCall>()) check_passed(*c);
        return Mutator::mutate(s);
    }

  private:
    void check_passed(const ExternCall& c) const {
        for (const ExternArgument& a : c.arguments)
            if (a.tensor && tensors.at(a.tensor) != a.type)
                fail(c.loc, "{} becomes {}, and the extern function {} takes {}: quantize cannot change that",
                     a.tensor.name(), tensors.at(a.tensor).str(), c.callee->name, a.type.str());
    }

    StoreTarget target(const StoreTarget& t) {
        StoreTarget result{t.tensor, tensors.at(t.tensor), {}, (*this)(t.value)};
        for (const Expr& i : t.indices)
            result.indices.push_back((*this)(i));
        return result;
    }
};

Type stored(const Expr& value) {
    return value.type().is_real() ? Float(32) : value.type();
}

/// What is learned about an accumulator of exact type while its updates are met.
struct ExactSum {
    TypeStep step;
    std::optional<Type> value; ///< holds every value added
    int64_t count = 0;
};

/// Finds the type of every tensor, in program order.
class Inference {
  public:
    Inference(Retyper& t, const std::map<Symbol, TypeStep>& s) : types(t), chosen(s) {}

    void tensor(const Tensor& t) {
        origin[t.symbol] = t.origin;
        declared_at[t.symbol] = t.loc;
        if (auto step = chosen.find(t.symbol); step != chosen.end()) {
            types.tensors[t.symbol] = step->second.type;
            origin[t.symbol] = TypeOrigin::declared;
        } else if (t.origin == TypeOrigin::declared) {
            types.tensors[t.symbol] = t.type;
        }
    }

    void exact_sum(const TypeStep& step) { exact[step.accumulator] = {step, {}, 0}; }

    void visit(const Stmt& s) {
        if (!s.defined()) return;
        if (const Allocate* a = s.as<Allocate>()) {
            if (!exact.contains(a->tensor.symbol)) tensor(a->tensor);
        } else if (const LetStmt* l = s.as<LetStmt>()) {
            types.lets[l->symbol] = types(l->value).type();
        } else if (const Store* st = s.as<Store>()) {
            for (const StoreTarget& t : st->targets)
                store(t, s.loc());
        } else if (const Reduce* r = s.as<Reduce>()) {
            reduce(*r);
        }
        if (const For* f = s.as<For>()) around.push_back(f);
        for (const Stmt& c : children(s))
            visit(c);
        if (s.as<For>()) around.pop_back();
    }

    /// The types of exact accumulators.
    void finish() {
        for (auto& [symbol, sum] : exact) {
            invariant(sum.value.has_value(), "an accumulator that nothing is added to");
            types.tensors[symbol] = sum_type(*sum.value, std::max<int64_t>(sum.count, 1), sum.step.loc);
        }
    }

    std::vector<std::string> warnings;

  private:
    void store(const StoreTarget& t, Loc loc) {
        if (auto e = exact.find(t.tensor); e != exact.end()) {
            const Constant* zero = t.value.as<Constant>();
            if (zero && zero->value.is_zero()) return;
            return widen(e->second, t.value, 1, loc);
        }
        if (types.tensors.contains(t.tensor)) return;
        if (origin[t.tensor] == TypeOrigin::sum) return; // the identity: typed by the reduction
        Expr value = types(t.value);
        types.tensors[t.tensor] = stored(value);
        warn_crossing(t.tensor, value, loc);
    }

    void reduce(const Reduce& r) {
        if (auto e = exact.find(r.target.tensor); e != exact.end()) {
            if (r.op != BinaryOp::add)
                fail(e->second.step.loc,
                     "an exact accumulator is for sums, and {} at {} is not one: give a type", symbol(r.op),
                     r.loc.str());
            return widen(e->second, r.target.value, trips(r), r.loc);
        }
        if (origin[r.target.tensor] == TypeOrigin::sum && !types.tensors.contains(r.target.tensor)) {
            types.sums[r.target.tensor] = r.op;
            Type value = stored(types(r.target.value));
            bool sum = r.op == BinaryOp::add && !value.is_float();
            types.tensors[r.target.tensor] = sum ? sum_type(value, trips(r), r.loc) : value;
        }
        Type target = types.tensors.at(r.target.tensor);
        Expr value = types(r.target.value);
        if (r.op == BinaryOp::add && target.is_exact() && value.type().is_exact() &&
            value.type().frac() > target.frac())
            warnings.push_back(fmt::format("{}: {} += drops {} fraction bits at every step: {} into {}. "
                                           "quantize({}, …, {{.accumulate = exact}}) keeps them",
                                           r.loc.str(), r.target.tensor.name(),
                                           value.type().frac() - target.frac(), value.type().str(),
                                           target.str(), r.target.tensor.name()));
    }

    void widen(ExactSum& sum, const Expr& added, int64_t count, Loc loc) {
        for (const Symbol& t : tensors_read(added))
            if (exact.contains(t))
                fail(sum.step.loc,
                     "{} is read by what is added to it at {}, so that its exact type has no end: give it "
                     "one, as in {{.accumulate = Int(32)}}",
                     t.name(), loc.str());
        const Type value = types(added).type();
        sum.value = sum.value ? aligned_type(*sum.value, value, loc) : value;
        sum.count += count;
    }

    /// How often the reduction updates one element at most.
    int64_t trips(const Reduce& r) {
        int64_t count = 1;
        Facts facts;
        for (const For* f : around) {
            bool in_subscript = std::any_of(r.target.indices.begin(), r.target.indices.end(),
                                            [&](const Expr& i) { return uses(i, f->var); });
            bool outside = origin[r.target.tensor] == TypeOrigin::sum && !f_inside(r.target.tensor, f);
            auto most = const_upper_bound(f->extent, facts);
            facts.bound(f->var, {f->min, isub(iadd(f->min, f->extent), index(1))});
            if (in_subscript || outside) continue;
            if (!most)
                fail(r.loc,
                     "an exact sum over {} needs a constant bound on its {} iterations: give an accumulator "
                     "type",
                     f->var.name(), print(f->extent));
            if (__builtin_mul_overflow(count, std::max<int64_t>(*most, 1), &count))
                fail(r.loc, "an exact sum over {} has too many iterations: give an accumulator type",
                     f->var.name());
        }
        return count;
    }

    /// The loop is inside the allocation of the inline reduction's accumulator.
    bool f_inside(const Symbol& tensor, const For* f) const {
        return !find_path(f->body, [&](const Stmt& s) {
                    const Allocate* a = s.as<Allocate>();
                    return a && a->tensor.symbol == tensor;
                }).size();
    }

    /// An undeclared tensor whose elements need a larger container than those that it is computed from.
    void warn_crossing(const Symbol& tensor, const Expr& value, Loc loc) {
        if (origin[tensor] != TypeOrigin::definition || !stored(value).is_exact()) return;
        int widest = 0;
        for_each_expr(value, [&](const Expr& e) {
            if (e.as<Load>() && e.type().is_exact()) widest = std::max(widest, container_bits(e.type()));
        });
        int needed = container_bits(stored(value));
        bool limbs = stored(value).width() > 64;
        if (widest == 0 || (needed <= widest && !(limbs && widest < 64))) return;
        warnings.push_back(
            fmt::format("{}: {}, declared at {} without a type, becomes {}: its elements take {} bits, "
                        "those that it is computed from {}",
                        loc.str(), tensor.name(), declared_at[tensor].str(), stored(value).str(),
                        limbs ? (stored(value).width() + 63) / 64 * 64 : needed, widest));
    }

    Retyper& types;
    const std::map<Symbol, TypeStep>& chosen;
    std::map<Symbol, TypeOrigin> origin;
    std::map<Symbol, Loc> declared_at;
    std::map<Symbol, ExactSum> exact;
    std::vector<const For*> around;
};

/// Real literals of one Func's definitions, as values of the type that quantize gave.
class TypeLiterals : public Mutator {
  public:
    explicit TypeLiterals(Type t) : type(t) {}

  protected:
    using Mutator::mutate;
    Expr mutate(const Expr& e) override {
        const Constant* c = e.as<Constant>();
        return c && e.type().is_real() ? Constant::make(cast(type, c->value), e.loc()) : Mutator::mutate(e);
    }

  private:
    Type type;
};

/// Real literals that their type does not hold exactly.
void warn_literals(const Stmt& body, std::vector<std::string>& warnings) {
    for_each(body, nullptr, [&](const Expr& e) {
        const Binary* b = e.as<Binary>();
        if (!b) return;
        for (auto [literal, other] : {std::pair(b->a, b->b), std::pair(b->b, b->a)}) {
            const Constant* c = literal.as<Constant>();
            if (!c || !literal.type().is_real() || !other.type().is_exact()) continue;
            Value typed = type_literal(c->value, other.type());
            if (typed.as_rational() != c->value.as_rational())
                warnings.push_back(fmt::format("{}: the literal {} is taken as {} beside {}", e.loc().str(),
                                               c->value.str(), typed.str(), other.type().str()));
        }
    });
}

Stmt type_literals(const Stmt& body, const std::map<Symbol, TypeStep>& chosen) {
    return transform(body, [&](const Stmt& s) {
        const Stage* g = s.as<Stage>();
        auto step = g ? chosen.find(g->func) : chosen.end();
        return step == chosen.end() || !step->second.options.literals
                   ? s
                   : TypeLiterals(*step->second.options.literals)(s);
    });
}

} // namespace

Retyped retype(const Algorithm& a, const std::vector<TypeStep>& steps) {
    Algorithm work = a;
    std::map<Symbol, TypeStep> chosen; // the last step for a tensor counts
    for (const TypeStep& s : steps)
        chosen.insert_or_assign(s.tensor, s);
    Retyper types;
    Inference inference(types, chosen);
    std::map<Symbol, TypeStep> targets = chosen;
    for (const auto& [tensor, step] : chosen) {
        if (!step.accumulator) continue;
        add_accumulator(work, step);
        TypeStep own = step;
        own.type = step.options.accumulate.type();
        if (step.options.accumulate.kind() == Accumulate::Kind::exact)
            inference.exact_sum(step);
        else
            targets.insert_or_assign(step.accumulator, own);
    }
    for (const auto& [symbol, step] : targets)
        chosen.insert_or_assign(symbol, step);

    Function& f = work.module.top();
    f.body = type_literals(f.body, chosen);
    for (const Argument& g : f.arguments)
        inference.tensor(g.tensor);
    for (const Tensor& t : f.constants)
        inference.tensor(t);
    inference.visit(f.body);
    inference.finish();
    for (Argument& g : f.arguments)
        g.tensor.type = types.tensors.at(g.tensor.symbol);
    f.body = types(f.body);
    warn_literals(f.body, inference.warnings);
    return {std::move(work.module), std::move(work.definitions), std::move(inference.warnings)};
}

} // namespace lathe::schedule
