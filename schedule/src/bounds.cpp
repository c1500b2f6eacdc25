#include "lathe/schedule/bounds.h"

#include "../primitive/stencil.h"
#include "lathe/ir/interpret.h"
#include "lathe/ir/simplify.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <fmt/ranges.h>

namespace lathe {

using namespace ir;

namespace {

/// What the analysis is given.
struct Given {
    std::map<Symbol, ValueRange> ranges;
    std::map<Symbol, AnyBuffer> values;
};

void check_values(const Argument& a, const AnyBuffer& values) {
    const std::string& name = a.tensor.symbol.name();
    if (a.direction != Direction::in)
        fail({}, "{} is written, too: give it a range, since it does not keep the numbers of a buffer", name);
    std::vector<int64_t> shape;
    for (const Dim& d : a.tensor.dims) {
        const auto extent = as_int(simplify(d.extent));
        if (!extent || !as_int(simplify(d.min)))
            fail({}, "{} has no constant shape: bind its sizes, or give it a range in the place of a buffer",
                 name);
        shape.push_back(*extent);
    }
    if (shape != values.shape())
        fail({}, "{} is {{{}}}, and the buffer of its numbers is {{{}}}", name, fmt::join(shape, ", "),
             fmt::join(values.shape(), ", "));
}

Given by_symbol(const Module& m, const std::vector<InputRange>& inputs) {
    Given all;
    for (const InputRange& i : inputs) {
        const auto& arguments = m.top().arguments;
        const auto a = std::ranges::find_if(
            arguments, [&](const Argument& x) { return x.tensor.symbol == i.tensor.symbol; });
        if (a == arguments.end() || a->direction == Direction::out)
            fail({}, "{} is no input of this schedule's algorithm: it has no range of its own",
                 i.tensor.symbol.name());
        if (all.ranges.contains(i.tensor.symbol) || all.values.contains(i.tensor.symbol))
            fail({}, "{} is given two ranges: give it one", i.tensor.symbol.name());
        if (i.values) {
            check_values(*a, *i.values);
            all.values[i.tensor.symbol] = *i.values;
            continue;
        }
        if (!(i.low <= i.high)) fail({}, "the range of {} ends before it begins", i.tensor.symbol.name());
        all.ranges[i.tensor.symbol] = {i.low, i.high};
    }
    return all;
}

ValueBounds bounds_of(const Module& m, const std::vector<InputRange>& inputs) {
    const Given given = by_symbol(m, inputs);
    return value_bounds(m, given.ranges, given.values);
}

/// Operations whose meaning goes by the bits of their operands, as << does, each with the operands' types.
class BitOperations {
  public:
    explicit BitOperations(const Module& m) {
        for (const Function& f : m.functions)
            for_each(f.body, [&](const Stmt& s) { statement(s); }, [&](const Expr& e) { expression(e); });
    }
    /// In the order in which they are met.
    std::map<std::pair<std::string, std::string>, std::vector<std::string>> types;
    std::map<std::string, Loc> places;

  private:
    void statement(const Stmt& s) {
        const auto* r = s.as<Reduce>();
        if (r && (by_bits(r->op) || (r->op == BinaryOp::mul && r->target.type.is_exact())))
            add(s.loc(), std::string(symbol(r->op)) + "=",
                r->target.type.str() + " and " + r->target.value.type().str());
    }

    void expression(const Expr& e) {
        if (e.type().is_index()) return;
        std::string operation;
        if (const auto* b = e.as<Binary>(); b && by_bits(b->op)) operation = symbol(b->op);
        if (const auto* u = e.as<Unary>(); u && u->op == UnaryOp::bit_not) operation = "~";
        if (e.kind() == ExprKind::slice) operation = "taking bits";
        if (e.kind() == ExprKind::bitcast) operation = "bitcast";
        if (const auto* c = e.as<Call>(); c && !e.type().is_float()) operation = c->function;
        if (operation.empty()) return;
        std::string of;
        for (const Expr& o : operands(e))
            if (!o.as<Constant>()) of += (of.empty() ? "" : " and ") + o.type().str();
        add(e.loc(), operation, of);
    }

    static bool by_bits(BinaryOp op) {
        return op == BinaryOp::shl || op == BinaryOp::shr || op == BinaryOp::bit_and ||
               op == BinaryOp::bit_or || op == BinaryOp::bit_xor;
    }

    void add(Loc loc, const std::string& operation, const std::string& of) {
        types[{loc.str(), operation}].push_back(of);
        places.emplace(loc.str(), loc);
    }
};

/// Where the two Modules' operations on bits mean different numbers.
void check_bits(const Module& own, const Module& typed) {
    const BitOperations a(own), b(typed);
    for (const auto& [at, types] : a.types) {
        const auto other = b.types.find(at);
        if (other == b.types.end() || other->second == types) continue;
        size_t n = 0;
        while (n < types.size() && n < other->second.size() && types[n] == other->second[n])
            ++n;
        const bool both = n < types.size() && n < other->second.size();
        fail(a.places.at(at.first),
             "there is no error bound: {} works on {} in the place of {}, and its bits mean other numbers",
             at.second, both ? other->second[n] : "other types", both ? types[n] : "the algorithm's");
    }
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
    if (std::ranges::any_of(values, [](double v) { return std::isnan(v); }))
        fail({}, "{} holds NaN on these data: it has no range", t.symbol.name());
    const auto [low, high] = std::ranges::minmax(values);
    r.range = {low, high};
    const double width = high / 2 - low / 2; // their difference may be no double
    const auto place = [&](double v) -> double {
        if (std::isfinite(width)) return width > 0 ? (v / 2 - low / 2) / width * parts : 0;
        return v == low ? 0 : v == high ? parts : parts / 2;
    };
    for (const double v : values)
        ++r.histogram[std::min(parts - 1, static_cast<size_t>(place(v)))];
    return r;
}

/// The two Modules must mean the same numbers: nothing counts what a literal loses when it gets a type.
void check_literals(const Schedule& s) {
    std::map<Symbol, Type> types;
    for (const schedule::TypeStep& t : s.types()) {
        types.erase(t.tensor);
        if (t.options.literals) types.emplace(t.tensor, *t.options.literals);
    }
    const auto check = [](Type type, const Expr& e) {
        const auto* c = e.as<Constant>();
        if (!c || !e.type().is_real()) return;
        const Value typed = cast(type, c->value);
        if (typed.as_rational() != c->value.as_rational())
            fail({},
                 "quantize rounds literals of the algorithm, and no bound counts that: {} at {} becomes {} "
                 "in {}. "
                 "Cast it in the algorithm, or leave out QuantizeOptions::literals",
                 c->value.str(), e.loc().str(), typed.str(), type.str());
    };
    for_each(
        s.algorithm().top().body,
        [&](const Stmt& stage) {
            const auto* g = stage.as<Stage>();
            const auto type = g ? types.find(g->func) : types.end();
            if (type == types.end()) return;
            for_each(g->body, nullptr, [&](const Expr& e) { check(type->second, e); });
        },
        nullptr);
}

} // namespace

std::vector<TensorRange> ranges(const Schedule& s, const std::vector<InputRange>& inputs) {
    const Module& m = s.reference();
    const ValueBounds bounds = bounds_of(m, inputs);
    std::vector<TensorRange> all;
    for (const Tensor& t : whole_tensors(m.top())) {
        const auto found = bounds.tensors.find(t.symbol);
        TensorRange r{t.symbol, t.type, found == bounds.tensors.end() ? ValueRange{} : found->second.held};
        for (const PossibleOverflow& o : bounds.overflows)
            if (o.tensor == t.symbol && r.warning.empty())
                r.warning = fmt::format("{}: {} is {}, and may be given {}", o.loc.str(), t.symbol.name(),
                                        o.type.str(), o.value);
        if (found != bounds.tensors.end() && found->second.nan && r.warning.empty())
            r.warning = fmt::format("{} may hold NaN", t.symbol.name());
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
    if (next < data.size())
        fail({}, "measure_ranges is given {} buffers, and there are {} inputs", data.size(), next);
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
    if (width < 1 || width > Type::max_width)
        fail({}, "propose_types is asked for {} bits: a type has 1 to {}", width, Type::max_width);
    std::vector<TypeChoice> choices;
    for (const TensorRange& r : all) {
        if (r.type.is_bool()) continue; // truths, which may steer the program
        const double most = r.range.most();
        if (!std::isfinite(most))
            fail({}, "the range of {} is not finite: no type holds it", r.tensor.name());
        const auto fits = [&](int bits) {
            return r.range.low >= -std::ldexp(1, bits - 1) && r.range.high < std::ldexp(1, bits - 1);
        };
        int bits = 1; // the sign
        while (!fits(bits))
            ++bits;
        while (most > 0 && bits > 1 - width && fits(bits - 1))
            --bits;
        choices.push_back({{TensorRef(r.tensor)}, Fixed(width, width - bits, Round::rnd, Overflow::sat)});
    }
    return choices;
}

std::vector<double> error_bound(const Schedule& s, const std::vector<InputRange>& inputs) {
    const Module &own = s.algorithm(), &typed = s.reference();
    for (const schedule::Step& step : s.steps())
        if (schedule::steps_in_time(step) > 1)
            fail(step.loc,
                 "error_bound compares with the algorithm as it is written, and iterate computes it {} "
                 "times: ask "
                 "before iterate, or write the steps as Funcs",
                 schedule::steps_in_time(step));
    check_literals(s);
    check_bits(own, typed);
    const ValueBounds exact = bounds_of(own, inputs), rounded = bounds_of(typed, inputs);
    std::vector<double> all;
    for (const Argument& a : own.top().arguments) {
        if (a.direction == Direction::in) continue;
        double error = 0; // of an output that nothing is stored to
        for (const ValueBounds* b : {&exact, &rounded}) {
            const auto found = b->tensors.find(a.tensor.symbol);
            if (found == b->tensors.end()) continue;
            if (found->second.error > 0)
                error = std::nextafter(error + found->second.error, std::numeric_limits<double>::infinity());
            if (std::isinf(found->second.error) && !b->unknown.empty())
                fail(b->unknown.front().loc, "{}", b->unknown.front().why);
        }
        all.push_back(error);
    }
    return all;
}

} // namespace lathe
