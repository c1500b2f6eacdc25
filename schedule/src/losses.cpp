#include "losses.h"

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
        overflow(loc, what, t.tensor, t.type);
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
    constexpr int most_wider = 200;
    for (int more = 1; more <= most_wider; ++more) {
        const Type wider = t.is_fixed()                 ? (t.is_signed() || value < 0
                                                               ? Fixed(t.width() + more, t.frac(), t.round(), t.overflow())
                                                               : UFixed(t.width() + more, t.frac(), t.round(), t.overflow()))
                           : t.is_signed() || value < 0 ? Int(t.width() + more)
                                                        : UInt(t.width() + more);
        if (value <= max_value(wider).as_double() && value >= min_value(wider).as_double()) return wider;
    }
    return std::nullopt;
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
        if (step == strict.end()) continue;
        const auto wider = wide_enough(o.type, o.value);
        fail(loc,
             "{}: tensor {}: value {}, which {} may give it, does not fit {}, which holds {}, and quantize "
             "at {} is strict.{}",
             cause, o.tensor.name(), shown(o.value), o.loc.str(), o.type.str(), shown_limits(o.type),
             step->second->loc.str(), wider ? " " + wider->str() + " holds it" : "");
    }
}

} // namespace lathe::schedule
