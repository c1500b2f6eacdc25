#include "lathe/schedule/bounds.h"

#include "lathe/ir/interpret.h"
#include "lathe/ir/visit.h"
#include "state.h"

#include <algorithm>
#include <set>

namespace lathe {

using namespace ir;

namespace {

std::map<Symbol, ValueRange> by_symbol(const Module& m, const std::vector<InputRange>& inputs, Loc loc = {}) {
    std::map<Symbol, ValueRange> all;
    for (const InputRange& i : inputs) {
        const auto& arguments = m.top().arguments;
        if (std::ranges::none_of(arguments, [&](const Argument& a) {
                return a.tensor.symbol == i.tensor.symbol && a.direction != Direction::out;
            }))
            fail(loc, "{} is no input of this schedule's algorithm: it has no range of its own",
                 i.tensor.symbol.name());
        if (!(i.low <= i.high)) fail(loc, "the range of {} ends before it begins", i.tensor.symbol.name());
        all[i.tensor.symbol] = {i.low, i.high};
    }
    return all;
}

/// The tensors that live as long as the program, in order.
std::vector<Tensor> whole_tensors(const Function& f) {
    std::vector<Tensor> all;
    for (const Argument& a : f.arguments)
        all.push_back(a.tensor);
    Stmt at = f.body;
    while (const auto* a = at.as<Allocate>()) {
        all.insert(all.end(), a->tensors.begin(), a->tensors.end());
        at = a->body;
    }
    return all;
}

/// The Module with those of its tensors as outputs.
Module shown(const Module& m) {
    Module all = m;
    Function& f = all.top();
    while (const auto* a = f.body.as<Allocate>()) {
        for (const Tensor& t : a->tensors) {
            f.arguments.push_back({t, Direction::out});
            f.arguments.back().tensor.origin = TypeOrigin::declared;
        }
        f.body = a->body;
    }
    return all;
}

TensorRange measured(const Tensor& t, const AnyBuffer& b) {
    constexpr size_t parts = 16;
    TensorRange r{t.symbol, t.type, {}, "", std::vector<int64_t>(parts, 0)};
    const AnyBuffer dense = b.copy();
    std::vector<double> values;
    for (int64_t n = 0; n < dense.size(); ++n)
        values.push_back(
            load_element(t.type, dense.data() + static_cast<size_t>(n) * element_bytes(t.type)).as_double());
    if (values.empty()) return r;
    const auto [low, high] = std::ranges::minmax(values);
    r.range = {low, high};
    for (const double v : values) {
        const double place = high > low ? (v - low) / (high - low) * parts : 0;
        ++r.histogram[std::min(parts - 1, static_cast<size_t>(place))];
    }
    return r;
}

/// The numbers other than integers that stand in the Module.
std::multiset<mpq_class> literals(const Module& m) {
    std::multiset<mpq_class> all;
    for_each(m.top().body, nullptr, [&](const Expr& e) {
        const auto* c = e.as<Constant>();
        if (!c || !e.type().is_scalar() || (e.type().is_float() && !std::isfinite(c->value.as_double())))
            return;
        const mpq_class number = c->value.as_rational();
        if (number.get_den() != 1) all.insert(number);
    });
    return all;
}

/// The two Modules must mean the same numbers: nothing counts what a literal loses when it gets a type.
void check_literals(const Module& own, const Module& typed) {
    const std::multiset<mpq_class> before = literals(own), after = literals(typed);
    if (!std::ranges::includes(before, after))
        fail({}, "quantize rounds literals of the algorithm, and no bound counts that: cast them in the "
                 "algorithm, or leave out QuantizeOptions::literals");
}

} // namespace

std::vector<TensorRange> ranges(const Schedule& s, const std::vector<InputRange>& inputs) {
    const Module& m = s.reference();
    const ValueBounds bounds = value_bounds(m, by_symbol(m, inputs));
    std::vector<TensorRange> all;
    for (const Tensor& t : whole_tensors(m.top())) {
        const auto found = bounds.tensors.find(t.symbol);
        TensorRange r{t.symbol, t.type, found == bounds.tensors.end() ? ValueRange{} : found->second.range};
        for (const PossibleOverflow& o : bounds.overflows)
            if (o.tensor == t.symbol && r.warning.empty())
                r.warning = fmt::format("{}: {} is {}, and may be given {}", o.loc.str(), t.symbol.name(),
                                        o.type.str(), o.value);
        all.push_back(std::move(r));
    }
    return all;
}

std::vector<TensorRange> measure_ranges(const Schedule& s, const std::vector<AnyBuffer>& data,
                                        const std::map<std::string, Value>& scalars) {
    const Module m = shown(s.reference());
    const Function& f = m.top();
    std::map<Symbol, Value> sizes;
    for (const Param& p : f.params)
        if (const auto given = scalars.find(p.symbol.name()); given != scalars.end())
            sizes[p.symbol] = given->second;
    std::vector<AnyBuffer> buffers;
    size_t next = 0;
    for (const Argument& a : f.arguments) {
        if (a.direction == Direction::out) continue;
        if (next == data.size())
            fail({}, "{} has no data: {} buffers are given", a.tensor.symbol.name(), data.size());
        const AnyBuffer& b = data[next++];
        for (size_t d = 0; d < a.tensor.dims.size() && static_cast<int>(d) < b.rank(); ++d)
            if (const auto* v = a.tensor.dims[d].extent.as<Variable>())
                sizes[v->symbol] = Value::index(b.extent(static_cast<int>(d)));
    }
    next = 0;
    for (const Argument& a : f.arguments)
        buffers.push_back(a.direction == Direction::out ? buffer_for(a.tensor, sizes) : data[next++].copy());
    std::vector<AnyBuffer*> pointers;
    for (AnyBuffer& b : buffers)
        pointers.push_back(&b);
    interpret(m, pointers, scalars);
    std::vector<TensorRange> all;
    for (size_t n = 0; n < buffers.size(); ++n)
        all.push_back(measured(f.arguments[n].tensor, buffers[n]));
    return all;
}

std::vector<TypeChoice> propose_types(const std::vector<TensorRange>& all, int width) {
    std::vector<TypeChoice> choices;
    for (const TensorRange& r : all) {
        const double most = r.range.most();
        if (!std::isfinite(most))
            fail({}, "the range of {} is not finite: no type holds it", r.tensor.name());
        int bits = 1; // the sign
        while (std::ldexp(1, bits - 1) <= most)
            ++bits;
        while (most > 0 && bits > 1 - width && std::ldexp(1, bits - 2) > most)
            --bits;
        choices.push_back({{TensorRef(r.tensor)}, Fixed(width, width - bits, Round::rnd, Overflow::sat)});
    }
    return choices;
}

std::vector<double> error_bound(const Schedule& s, const std::vector<InputRange>& inputs) {
    const Module &own = s.algorithm(), &typed = s.reference();
    const ValueBounds exact = value_bounds(own, by_symbol(own, inputs)),
                      rounded = value_bounds(typed, by_symbol(typed, inputs));
    check_literals(own, typed);
    std::vector<double> all;
    for (const Argument& a : own.top().arguments) {
        if (a.direction == Direction::in) continue;
        all.push_back(exact.tensors.at(a.tensor.symbol).error + rounded.tensors.at(a.tensor.symbol).error);
    }
    return all;
}

} // namespace lathe
