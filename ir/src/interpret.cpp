/// \file The interpreter's entry: arguments against the function's declaration.

#include "lathe/ir/interpret.h"

#include "interpret_checking.h"
#include "interpret_functions.h"
#include "interpret_machine.h"
#include "interpret_record.h"
#include "lathe/ir/check_bounds.h"
#include "lathe/ir/index_ranges.h"
#include "lathe/ir/inline_calls.h"
#include "lathe/ir/math.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace lathe::ir {

namespace interpreter {
namespace {

bool same_number(const Value& a, const Value& b) {
    const auto finite = [](const Value& v) { return !v.type().is_float() || std::isfinite(v.as_double()); };
    if (finite(a) && finite(b)) return a.as_rational() == b.as_rational();
    return a.is_nan() ? b.is_nan() : a.as_double() == b.as_double();
}

/// The scalar argument as a number of the parameter's type.
Value parameter_value(const Param& p, const Value& v) {
    const bool literal = v.type().is_real() && p.type.is_float();
    const bool fits_kind = !p.type.is_index() || (v.type().is_integral() && v.raw().fits_slong_p());
    if (fits_kind) {
        const Value x = cast(p.type, v);
        if (literal || same_number(x, v)) return x;
    }
    fail(p.loc, "the parameter {} is of {}, and its value {} is not", p.symbol.name(), p.type.str(), v.str());
}

/// One call of a function: its arguments are checked as they bind its parameters.
class Invocation {
  public:
    Invocation(const Module& m, const std::vector<AnyBuffer*>& b, const std::map<std::string, Value>& s,
               const InterpretOptions& o, Recording* r = nullptr)
        : function(m.top()), buffers(b), scalars(s), options(o), functions(m, o), recording(r) {
        scope.check = options.check_types;
        scope.functions = &functions;
    }
    void run() {
        check_buffers();
        check_overlap();
        bind_from_buffers();
        bind_scalars();
        for (const Param& p : function.params)
            scope.variables.insert_or_assign(p.symbol, constant(values.at(p.symbol)));
        check_dims();
        if (options.terms)
            *options.terms = Checker(function, buffers, values, options.lanes_apart, options.copies).run();
        else
            execute();
    }

  private:
    void check_buffers() const;
    void check_overlap() const;
    void bind_from_buffers();
    void bind_scalars();
    void bind(const Expr& e, int64_t number);
    int64_t number(const Expr& e);
    void check_dims();
    void execute();

    const Function& function;
    const std::vector<AnyBuffer*>& buffers;
    const std::map<std::string, Value>& scalars;
    const InterpretOptions& options;
    Functions functions;
    Recording* recording;           ///< or null
    std::map<Symbol, Value> values; ///< of the parameters
    Scope scope;
};

void Invocation::check_buffers() const {
    if (buffers.size() != function.arguments.size())
        fail({}, "{} takes {} tensors and is called with {}", function.name, function.arguments.size(),
             buffers.size());
    for (size_t i = 0; i < buffers.size(); ++i) {
        const Tensor& t = function.arguments[i].tensor;
        const std::string& name = t.symbol.name();
        if (!buffers[i]) fail(t.loc, "the argument {} has no buffer", name);
        const auto numbers = [](Type type) { return type.with_modes(Round::trn, Overflow::wrap); };
        if (numbers(buffers[i]->type()) != numbers(t.type))
            fail(t.loc, "the argument {} is of {}, and its buffer is of {}", name, t.type.str(),
                 buffers[i]->type().str());
        if (buffers[i]->rank() != static_cast<int>(t.dims.size()))
            fail(t.loc, "the argument {} has {} dimensions, and its buffer has {}", name, t.dims.size(),
                 buffers[i]->rank());
    }
}

/// The bytes that a buffer spans: [first, second).
std::pair<uintptr_t, uintptr_t> span_of(const AnyBuffer& b) {
    int64_t low = 0, high = 0;
    for (int d = 0; d < b.rank(); ++d) {
        const int64_t last = (b.extent(d) - 1) * b.stride(d);
        (last < 0 ? low : high) += last;
    }
    const auto size = static_cast<int64_t>(element_bytes(b.type()));
    const auto at = [&](int64_t offset) {
        return reinterpret_cast<uintptr_t>(b.data()) + static_cast<uintptr_t>(offset * size);
    };
    return {at(low), at(high + 1)};
}

/// Whether each dimension's steps lead over all that the dimensions with smaller steps reach.
bool elements_apart(const AnyBuffer& b) {
    for (int i = 0; i < b.rank(); ++i) {
        int64_t reach = 0;
        for (int j = 0; j < b.rank(); ++j)
            if (j != i && std::abs(b.stride(j)) <= std::abs(b.stride(i)))
                reach += (b.extent(j) - 1) * std::abs(b.stride(j));
        if (b.extent(i) > 1 && std::abs(b.stride(i)) <= reach) return false;
    }
    return true;
}

void Invocation::check_overlap() const {
    for (size_t i = 0; i < buffers.size(); ++i) {
        const Argument& a = function.arguments[i];
        if (a.direction != Direction::in && buffers[i]->size() > 0 && !elements_apart(*buffers[i]))
            fail(a.tensor.loc,
                 "the buffer of the argument {} is written, and its strides let its elements overlap each "
                 "other",
                 a.tensor.symbol.name());
    }
    for (size_t i = 0; i < buffers.size(); ++i)
        for (size_t j = 0; j < i; ++j) {
            const Argument &a = function.arguments[j], &b = function.arguments[i];
            if (a.direction == Direction::in && b.direction == Direction::in) continue;
            if (buffers[i]->size() == 0 || buffers[j]->size() == 0) continue;
            const auto x = span_of(*buffers[j]), y = span_of(*buffers[i]);
            if (x.first < y.second && y.first < x.second)
                fail(b.tensor.loc,
                     "the buffers of the arguments {} and {} overlap, and one of them is written",
                     a.tensor.symbol.name(), b.tensor.symbol.name());
        }
}

/// A parameter that stands alone as an extent or min takes its value from the buffer.
void Invocation::bind(const Expr& e, int64_t number) {
    const auto* v = e.as<Variable>();
    const bool is_param = v && std::any_of(function.params.begin(), function.params.end(),
                                           [&](const Param& p) { return p.symbol == v->symbol; });
    if (is_param) values.try_emplace(v->symbol, Value::index(number));
}

void Invocation::bind_from_buffers() {
    for (size_t i = 0; i < buffers.size(); ++i)
        for (int d = 0; d < buffers[i]->rank(); ++d) {
            const Dim& dim = function.arguments[i].tensor.dims[static_cast<size_t>(d)];
            bind(dim.extent, buffers[i]->extent(d));
            bind(dim.min, buffers[i]->min(d));
        }
}

void Invocation::bind_scalars() {
    for (const Param& p : function.params) {
        const auto given = scalars.find(p.symbol.name());
        const auto bound = values.find(p.symbol);
        if (given == scalars.end()) {
            if (bound == values.end())
                fail(p.loc, "the parameter {} of {} has no value, and no buffer's extent gives one",
                     p.symbol.name(), function.name);
            continue;
        }
        const Value v = parameter_value(p, given->second);
        if (bound != values.end() && !(bound->second == v))
            fail(p.loc, "the parameter {} is given as {}, and a buffer's extent makes it {}", p.symbol.name(),
                 v.str(), bound->second.str());
        values.insert_or_assign(p.symbol, v);
    }
    for (const auto& [name, value] : scalars)
        if (std::none_of(function.params.begin(), function.params.end(),
                         [&](const Param& p) { return p.symbol.name() == name; }))
            fail({}, "{} has no parameter {}", function.name, name);
}

int64_t Invocation::number(const Expr& e) {
    const Ptr<int64_t> code = in_rep<int64_t>(ExprCompiler(scope, {e})(e));
    Frame f = scope.frame();
    return code->eval(f, 0);
}

void Invocation::check_dims() {
    for (size_t i = 0; i < buffers.size(); ++i) {
        const Tensor& t = function.arguments[i].tensor;
        for (int d = 0; d < buffers[i]->rank(); ++d) {
            const Dim& dim = t.dims[static_cast<size_t>(d)];
            const int64_t min = number(dim.min), extent = number(dim.extent);
            if (buffers[i]->extent(d) != extent)
                fail(t.loc, "dimension {} of the argument {} has extent {}, and its buffer's extent is {}", d,
                     t.symbol.name(), extent, buffers[i]->extent(d));
            if (buffers[i]->min(d) != min)
                fail(t.loc, "dimension {} of the argument {} begins at {}, and its buffer's begins at {}", d,
                     t.symbol.name(), min, buffers[i]->min(d));
        }
    }
}

void Invocation::execute() {
    std::vector<TensorState> states;
    for (size_t i = 0; i < buffers.size(); ++i) {
        const Argument& a = function.arguments[i];
        scope.add_tensor(a.tensor);
        const bool known = a.direction != Direction::out;
        states.emplace_back(a.tensor.symbol.name(), *buffers[i], known);
    }
    for (const Tensor& t : function.constants) {
        scope.add_tensor(t);
        std::vector<int64_t> mins, extents;
        for (const Dim& d : t.dims) {
            mins.push_back(number(d.min));
            extents.push_back(number(d.extent));
        }
        states.push_back(make_state(t, mins, extents));
    }
    const std::unique_ptr<const Action> body = compile(scope, function.body);
    Frame frame = scope.frame();
    std::move(states.begin(), states.end(), frame.tensors.begin());
    Network network(options.stall_seed);
    frame.network = &network;
    frame.copies = options.copies;
    if (recording) {
        for (size_t i = 0; i < buffers.size(); ++i)
            recording->add_tensor(frame.tensors[i]);
        recording->top = std::make_shared<ProcessTrace>(*recording, function.name, function.name);
        frame.trace = recording->top.get();
    }
    body->run(frame);
    if (recording) recording->top->finish();
}

} // namespace

void interpret_recorded(const Module& m, const std::vector<AnyBuffer*>& arguments,
                        const std::map<std::string, Value>& scalars, Recording& recording) {
    const Module exact = widen_index(lower_math(m));
    const InterpretOptions options;
    Invocation(exact, arguments, scalars, options, &recording).run();
}

} // namespace interpreter

void interpret(const Module& m, const std::vector<AnyBuffer*>& arguments,
               const std::map<std::string, Value>& scalars, const InterpretOptions& options) {
    if (m.functions.empty()) fail({}, "the module has no function to interpret");
    const Module exact = widen_index(lower_math(options.terms ? inline_calls(check_views(m)) : m));
    interpreter::Invocation(exact, arguments, scalars, options).run();
}

Value evaluate(const Expr& e, const std::map<Symbol, Value>& values) {
    invariant(e.defined() && e.type().is_scalar(), "a scalar expression is evaluated");
    if (e.type().is_real()) return e.as<Constant>()->value;
    interpreter::Scope scope;
    for (const auto& [symbol, value] : values)
        scope.variables.insert_or_assign(symbol, interpreter::constant(value));
    const Expr lowered = lower_math(e);
    const interpreter::Operand x = interpreter::ExprCompiler(scope, {lowered})(lowered);
    interpreter::Frame f = scope.frame();
    return interpreter::in_rep<Value>(x)->eval(f, 0);
}

AnyBuffer buffer_for(const Tensor& t, const std::map<Symbol, Value>& values) {
    std::vector<int64_t> extents, mins;
    for (const Dim& d : t.dims) {
        extents.push_back(evaluate(d.extent, values).as_int64());
        mins.push_back(evaluate(d.min, values).as_int64());
    }
    AnyBuffer b(t.type, extents, t.loc);
    b.set_min(mins);
    return b;
}

} // namespace lathe::ir
