#include "entry_checks.h"

#include "lathe/ir/loop_facts.h"
#include "lathe/ir/print.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe {

using namespace ir;

namespace {

Expr at_least(const Expr& a, const Expr& b) {
    return Binary::make(BinaryOp::ge, a, b);
}

/// `condition` wherever `runs` holds.
Expr whenever(const Expr& runs, const Expr& condition) {
    if (!runs.defined()) return condition;
    return Binary::make(BinaryOp::logical_or, Unary::make(UnaryOp::bit_not, runs), condition);
}

/// The parts of "required lies within declared" that are not proved.
Expr unproved(const Region& inner, const Region& outer, const Facts& here) {
    Expr result;
    for (size_t d = 0; d < outer.size(); ++d) {
        const Expr low = inner[d].min.defined() ? at_least(inner[d].min, outer[d].min) : Expr(false);
        const Expr high =
            inner[d].max.defined() ? Binary::make(BinaryOp::le, inner[d].max, outer[d].max) : Expr(false);
        for (const Expr& e : {low, high})
            if (!prove(e, here)) result = both(result, e);
    }
    return result;
}

std::string advice(const TensorData& tensor, const Touch& touch) {
    if (touch.write) return fmt::format("give {} a larger shape, or visit fewer positions", tensor.name());
    return fmt::format(
        "use a boundary helper, as in repeat_edge({}), give {} a larger shape, or compute less",
        tensor.name(), tensor.name());
}

bool certainly_outside(const Region& inner, const Region& outer, const Facts& here) {
    for (size_t d = 0; d < outer.size(); ++d)
        if (prove(Binary::make(BinaryOp::lt, inner[d].min, outer[d].min), here) ||
            prove(Binary::make(BinaryOp::gt, inner[d].max, outer[d].max), here))
            return true;
    return false;
}

bool has_alone(const std::vector<Expr>& all, const Param& param) {
    return std::any_of(all.begin(), all.end(), [&](const Expr& e) {
        const auto* v = e.as<Variable>();
        return v && v->symbol == param.symbol;
    });
}

} // namespace

bool has_extent(const TensorData& tensor, const Param& param) {
    return has_alone(*tensor.extents, param);
}

bool has_size(const TensorData& tensor, const Param& param) {
    return has_extent(tensor, param) || has_alone(tensor.mins, param);
}

void EntryChecks::size(const Param& param, bool bound) {
    known.bound(param.symbol, {index(0), {}});
    const Expr size = Variable::make(param.symbol, param.type, param.loc);
    if (bound) return; // a buffer's extents are of 31 bits
    asserts.push_back(Assert::make(at_least(size, index(0)),
                                   fmt::format("the size {} is negative", param.symbol.name()), param.loc));
    asserts.push_back(
        Assert::make(Binary::make(BinaryOp::le, size, index(std::numeric_limits<int32_t>::max())),
                     fmt::format("the size {} exceeds 2147483647", param.symbol.name()), param.loc));
}

void EntryChecks::stage(const Stmt& s) {
    for (const Touch& t : touched(s, known)) {
        Requirement& r = requirements[t.tensor];
        r.touches.push_back(t);
        r.region = unite(r.region, t.region);
    }
    for (const IndexValue& v : index_values(s, known))
        check_value(v);
}

Region EntryChecks::unite(const Region& region, const Region& more) const {
    return region.empty() ? more : box_union(region, more, known);
}

Stmt EntryChecks::before(const Stmt& body) const {
    std::vector<Stmt> all = asserts;
    all.push_back(body);
    return Block::make(std::move(all));
}

void EntryChecks::add(const Expr& condition, const std::string& message, Loc loc) {
    const Expr simple = simplify(condition, known);
    for (const Stmt& s : asserts)
        if (equal(s.as<Assert>()->condition, simple)) return;
    asserts.push_back(Assert::make(simple, message, loc));
    known.assume(simple);
}

/// A loop or size used as a value must fit Int(32).
void EntryChecks::check_value(const IndexValue& v) {
    Facts here = known;
    if (v.runs.defined()) here.assume(v.runs);
    const Expr low = index(-(int64_t{1} << 31)), high = index((int64_t{1} << 31) - 1);
    Expr fits;
    if (v.range.min.defined() && !prove(at_least(v.range.min, low), here)) fits = at_least(v.range.min, low);
    if (v.range.max.defined() && !prove(at_least(high, v.range.max), here))
        fits = both(fits, Binary::make(BinaryOp::le, v.range.max, high));
    if (!fits.defined()) return;
    if (!v.known_at_entry)
        fail(
            v.loc,
            "a loop variable is used as a value, which is an Int(32), and what bounds its loop is known only "
            "as the program runs: give the bound a type of at most 32 bits");
    const std::string range = region_text({v.range}, known);
    if (is_const_false(simplify(fits, here)))
        fail(v.loc, "a loop variable or size in {} is used as a value, which is an Int(32): split the domain",
             range);
    add(whenever(v.runs, fits),
        fmt::format("a loop variable or size used as a value exceeds Int(32): {}", range), v.loc);
}

void EntryChecks::check_region(const TensorData& tensor, const std::vector<Dim>& declared) {
    const auto found = requirements.find(tensor.symbol);
    if (found == requirements.end()) return;
    Region outer;
    for (const Dim& d : declared)
        outer.push_back({d.min, simplify(interval_of(d).max, known)});
    Region whole[2]; // of reads, of writes
    for (const Touch& t : found->second.touches)
        if (t.tight) whole[t.write] = unite(whole[t.write], t.region);
    for (const Touch& t : found->second.touches)
        check_touch(tensor, t, outer, t.tight ? whole[t.write] : t.region);
}

/// An access that happens whenever its loops run needs its tensor to have elements. If that is enough, or
/// if its bounds are reached, then a check at entry decides; other touches are checked where they happen.
void EntryChecks::check_touch(const TensorData& tensor, const Touch& touch, const Region& outer,
                              const Region& whole) {
    Facts here = known;
    if (touch.runs.defined()) here.assume(touch.runs);
    if (!unproved(touch.region, outer, here).defined() || !touch.unconditional) return;
    Expr some;
    for (const Interval& i : outer) {
        const Expr exists = at_least(i.max, i.min);
        if (prove(exists, here)) continue;
        some = both(some, exists);
        here.assume(exists);
    }
    const Expr open = unproved(touch.region, outer, here);
    const std::string regions =
        fmt::format("required {}, declared {}", region_text(whole, known), region_text(outer, known));
    const char* const verb = touch.write ? "written" : "read";
    if (!open.defined()) {
        add(whenever(touch.runs, some),
            fmt::format("{} is {}, so it must not be empty: {}", tensor.name(), verb, regions), touch.loc);
    } else if (touch.tight) {
        if (certainly_outside(touch.region, outer, here))
            fail(touch.loc, "{} is {} outside its shape: {}: {}", tensor.name(), verb, regions,
                 advice(tensor, touch));
        add(whenever(touch.runs, both(some, open)),
            fmt::format("{} is {} outside its shape: {}", tensor.name(), verb, regions), touch.loc);
    }
}

} // namespace lathe
