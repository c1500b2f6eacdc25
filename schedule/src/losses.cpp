#include "losses.h"

#include "literals.h"

#include "lathe/ir/inline_calls.h"
#include "lathe/ir/value_bounds.h"
#include "lathe/ir/visit.h"

#include <cmath>

namespace lathe::schedule {

namespace {

/// A value of a range as a user would write it: what outward rounding of the bounds adds is left out.
std::string shown(double x) {
    const double whole = std::round(x);
    if (std::abs(x - whole) <= 1e-12 * std::abs(x) && std::abs(x) < 1e15) return fmt::format("{:.0f}", whole);
    return fmt::format("{:.6g}", x);
}

std::string shown_limits(Type t) {
    if (t.is_float()) return fmt::format("-{0} to {0}", shown(range_of(t).high));
    return fmt::format("{} to {}", min_value(t).str(), max_value(t).str());
}

/// What converting one type to the other drops below its last bit, and how far that takes a number; empty:
/// nothing.
std::string dropped(Type to, Type from) {
    to = to.element();
    from = from.element();
    if (from.is_real() || from.is_index() || to.is_bool() || holds(to, from)) return "";
    if (to.is_float()) return fmt::format("rounds to {}, at most 0.5 ulp", to.str());
    const bool nearest = to.is_fixed() && to.round() != Round::trn && to.round() != Round::trn_zero;
    if (from.is_float())
        return fmt::format("drops all bits below 2^{}, {} ulp", -to.frac(),
                           nearest ? "at most 0.5" : "less than 1");
    const int bits = from.frac() - to.frac();
    if (bits <= 0) return "";
    return fmt::format("drops {} fraction bit{}, at most {:.4g} ulp", bits, bits == 1 ? "" : "s",
                       nearest ? 0.5 : 1 - std::ldexp(1, -bits));
}

class Losses {
  public:
    explicit Losses(const Module& m) {
        Module followed = m;
        try {
            followed = inline_calls(m); // what a Function is given is named by its caller
            overflows = value_bounds(followed, {}).overflows;
        } catch (const InternalError&) {
            throw;
        } catch (const Error& e) {
            unknown = e.message();
        }
        for (const Function& f : followed.functions)
            for_each(f.body, [&](const Stmt& s) { statement(s); }, [&](const Expr& e) { expression(e); });
        std::vector<std::string> literals;
        for (const Function& f : followed.functions)
            warn_literals(f.body, literals);
        for (const std::string& l : literals)
            add(l + "\n");
        if (!unknown.empty()) text += fmt::format("overflow is not known: {}\n", unknown);
    }

    std::string text;

  private:
    void statement(const Stmt& s) {
        if (const auto* st = s.as<Store>())
            for (const StoreTarget& t : st->targets)
                stored(t, "=", "", s.loc());
        if (const auto* r = s.as<Reduce>())
            stored(r->target, std::string(symbol(r->op)) + "=", " at every step", s.loc());
    }

    void stored(const StoreTarget& t, const std::string& how, const char* often, Loc loc) {
        const std::string what = fmt::format("{} {} {}", t.tensor.name(), how, t.value.type().str());
        line(loc, what, t.type, dropped(t.type, t.value.type()), often);
        if (t.type != t.value.type()) overflow(loc, what, t.tensor, t.type);
    }

    void expression(const Expr& e) {
        const auto* c = e.as<Cast>();
        if (!c) return;
        const std::string what = "a cast of " + c->a.type().str();
        line(e.loc(), what, e.type(), dropped(e.type(), c->a.type()), "");
        overflow(e.loc(), what, {}, e.type());
    }

    void line(Loc loc, const std::string& what, Type to, const std::string& loss, const char* often) {
        if (!loss.empty()) add(fmt::format("{}: {} to {} {}{}\n", loc.str(), what, to.str(), loss, often));
    }

    void overflow(Loc loc, const std::string& what, const Symbol& tensor, Type to) {
        for (const PossibleOverflow& o : overflows)
            if (o.tensor == tensor && o.type == to && o.loc.str() == loc.str())
                add(fmt::format("{}: {} to {} may overflow: it may be given {}, and holds {}\n", loc.str(),
                                what, to.str(), shown(o.value), shown_limits(to)));
    }

    /// A line that makes several equal statements says so once.
    void add(const std::string& entry) {
        if (said.insert(entry).second) text += entry;
    }

    std::vector<PossibleOverflow> overflows;
    std::string unknown;
    std::set<std::string> said;
};

/// The narrowest type of the same kind that holds the value.
std::optional<Type> wide_enough(Type t, double value) {
    if (!std::isfinite(value)) return std::nullopt;
    const auto holds_it = [&](Type wider) {
        return wider.is_float()
                   ? std::abs(value) <= range_of(wider).high
                   : value <= max_value(wider).as_double() && value >= min_value(wider).as_double();
    };
    if (t.is_float())
        for (const Type wider : {Float(32), Float(64)})
            if (holds_it(wider)) return wider;
    if (t.is_float()) return std::nullopt;
    constexpr int most_wider = 200;
    for (int more = 1; more <= most_wider; ++more) {
        const Type wider = t.is_fixed()                 ? (t.is_signed() || value < 0
                                                               ? Fixed(t.width() + more, t.frac(), t.round(), t.overflow())
                                                               : UFixed(t.width() + more, t.frac(), t.round(), t.overflow()))
                           : t.is_signed() || value < 0 ? Int(t.width() + more)
                                                        : UInt(t.width() + more);
        if (holds_it(wider)) return wider;
    }
    return std::nullopt;
}

/// Inputs that each hold one number everywhere, the least or the greatest of their types: what they give at
/// that place without doubt and does not fit there.
std::optional<double> witness(const Module& m, const PossibleOverflow& o) {
    if (o.attained) return o.value;
    std::vector<Tensor> inputs;
    for (const Argument& a : m.top().arguments)
        if (a.direction != Direction::out) inputs.push_back(a.tensor);
    constexpr size_t few = 3;
    const unsigned all = inputs.size() <= few ? 1U << inputs.size() : 2;
    std::optional<double> found;
    for (unsigned choice = 0; choice < all; ++choice) {
        std::map<Symbol, ValueRange> given;
        for (size_t n = 0; n < inputs.size(); ++n) {
            const ValueRange r = range_of(inputs[n].type);
            const bool high = inputs.size() <= few ? (choice >> n) & 1U : choice == 1;
            given[inputs[n].symbol] = high ? ValueRange{r.high, r.high} : ValueRange{r.low, r.low};
        }
        try {
            for (const PossibleOverflow& p : value_bounds(m, given).overflows)
                if (p.attained && p.tensor == o.tensor && p.type == o.type && p.loc.str() == o.loc.str())
                    if (!found || std::abs(p.value) > std::abs(*found)) found = p.value;
        } catch (const InternalError&) {
            throw;
        } catch (const Error&) {
            continue; // of these inputs nothing is known
        }
    }
    return found;
}

/// Which of a strict tensor's types it is that does not hold the value: not that of an intermediate result.
bool own_type(const TypeStep& step, const PossibleOverflow& o) {
    return !o.type.is_float() || step.type.is_float() ||
           (o.tensor == step.accumulator && step.options.accumulate.kind() == Accumulate::Kind::type);
}

} // namespace

std::string losses(const Module& m) {
    return Losses(m).text;
}

void check_strict(const Module& m, const std::vector<TypeStep>& steps, const std::string& cause, Loc loc) {
    std::map<Symbol, const TypeStep*> strict; // tensors, and their accumulators
    for (const TypeStep& s : steps) {
        std::erase_if(strict, [&](const auto& entry) { return entry.second->tensor == s.tensor; });
        if (!s.options.strict) continue;
        strict[s.tensor] = &s;
        if (s.accumulator) strict[s.accumulator] = &s;
    }
    if (strict.empty()) return;
    ValueBounds bounds;
    try {
        bounds = value_bounds(m, {});
    } catch (const InternalError&) {
        throw;
    } catch (const Error& e) {
        fail(loc, "{} cannot be strict, as what {} is given is not known: {}", cause,
             strict.begin()->second->tensor.name(), e.message());
    }
    for (const PossibleOverflow& o : bounds.overflows) {
        const auto step = strict.find(o.tensor);
        if (step == strict.end() || !own_type(*step->second, o)) continue;
        const auto value = witness(m, o);
        const std::string what =
            value ? fmt::format("value {}, which {} may give it,", shown(*value), o.loc.str())
                  : fmt::format("what {} gives it may be {} {}, as far as ranges tell, and", o.loc.str(),
                                o.value < 0 ? "down to" : "up to", shown(o.value));
        const auto wider = wide_enough(o.type, o.value);
        fail(loc, "{}: tensor {}: {} does not fit {}, which holds {}, and quantize at {} is strict.{}", cause,
             o.tensor.name(), what, o.type.str(), shown_limits(o.type), step->second->loc.str(),
             wider ? " " + wider->str() + " holds it" : "");
    }
}

} // namespace lathe::schedule
