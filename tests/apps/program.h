#pragma once
/// \file Whole programs: a schedule's results in the interpreter and as machine code, against plain C++.

#include "deep.h"
#include "lathe/ir/verify.h"
#include "lathe/lathe.h"
#include "vitis_compiled.h"

#include <doctest/doctest.h>
#include <functional>
#include <random>

namespace lathe {

using namespace ir;

using Scalars = std::map<std::string, Value>;

/// Whole numbers of a range, or multiples of `step`.
template <class T>
Buffer<T> random_buffer(Type type, std::vector<int64_t> shape, double low, double high, unsigned seed = 1,
                        double step = 1) {
    Buffer<T> buffer(type, std::move(shape));
    std::mt19937 random(seed);
    const auto count = static_cast<unsigned>((high - low) / step) + 1;
    for (T& x : buffer)
        x = static_cast<T>(low + step * (random() % count));
    return buffer;
}
template <class T>
Buffer<T> random_buffer(std::vector<int64_t> shape, double low, double high, unsigned seed = 1,
                        double step = 1) {
    return random_buffer<T>(type_of<T>(), std::move(shape), low, high, seed, step);
}

inline std::vector<int64_t> mins_of(const AnyBuffer& b) {
    std::vector<int64_t> mins;
    for (int d = 0; d < b.rank(); ++d)
        mins.push_back(b.min(d));
    return mins;
}

inline void expect_equal(const AnyBuffer& got, const AnyBuffer& want, const std::string& what) {
    if (bit_equal(got, want)) return;
    const std::vector<int64_t> mins = mins_of(want);
    std::vector<int64_t> at = mins;
    for (int64_t n = 0; n < want.size(); ++n) {
        const Value g = got.get(at), w = want.get(at);
        if (!(g == w)) {
            FAIL_CHECK(what, " at element ", n, " of ", want.size(), ": ", g.str(), " instead of ", w.str());
            return;
        }
        for (size_t d = at.size(); d-- > 0 && ++at[d] == mins[d] + want.shape()[d];)
            at[d] = mins[d];
    }
}

using Runner = std::function<void(const std::vector<AnyBuffer*>&, const Scalars&)>;

/// Fresh outputs of `run`, against `expected`.
inline void expect_run(const char* what, const Runner& run, const std::vector<AnyBuffer>& inputs,
                       const std::vector<AnyBuffer>& expected, const Scalars& scalars) {
    std::vector<AnyBuffer> copies = inputs, outputs;
    std::vector<AnyBuffer*> arguments;
    for (AnyBuffer& b : copies)
        arguments.push_back(&b);
    for (const AnyBuffer& b : expected) {
        outputs.emplace_back(b.type(), b.shape());
        outputs.back().set_min(mins_of(b));
    }
    for (AnyBuffer& b : outputs)
        arguments.push_back(&b);
    run(arguments, scalars);
    for (size_t n = 0; n < outputs.size(); ++n)
        expect_equal(outputs[n], expected[n], what + std::string(" output ") + std::to_string(n));
}

/// Interprets a lowered Module, whose arguments have machine types.
inline void run_lowered(const Module& low, const std::vector<AnyBuffer*>& arguments, const Scalars& scalars) {
    std::vector<AnyBuffer> views;
    std::vector<AnyBuffer*> pointers;
    for (size_t n = 0; n < arguments.size(); ++n) {
        const AnyBuffer& b = *arguments[n];
        std::vector<int64_t> strides;
        for (int d = 0; d < b.rank(); ++d)
            strides.push_back(b.stride(d));
        views.push_back(AnyBuffer::view(low.top().arguments[n].tensor.type, b.data(), b.shape(), strides));
        views.back().set_min(mins_of(b));
    }
    for (AnyBuffer& v : views)
        pointers.push_back(&v);
    interpret(low, pointers, scalars,
              {.check_types = false}); // lanes that do not live may read what nothing wrote
}

/// One set of arguments: inputs and expected outputs, in the Module's order.
struct Case {
    std::vector<AnyBuffer> inputs, expected;
    Scalars scalars = {};
};

/// As Vitis C++ with the sizes of the case: an array inside a kernel has a constant size.
inline void expect_vitis(const Schedule& s, const Case& c) {
    std::map<std::string, int64_t> sizes;
    for (const auto& [name, value] : c.scalars)
        if (value.type().is_integral()) sizes[name] = value.as_int64();
    const Function& f = s.module().top();
    for (size_t n = 0; n < f.arguments.size(); ++n) {
        const AnyBuffer& b = n < c.inputs.size() ? c.inputs[n] : c.expected[n - c.inputs.size()];
        for (int d = 0; d < b.rank(); ++d) {
            const Dim& dim = f.arguments[n].tensor.dims[static_cast<size_t>(d)];
            if (const auto* v = dim.extent.as<Variable>()) sizes[v->symbol.name()] = b.extent(d);
            if (const auto* v = dim.min.as<Variable>()) sizes[v->symbol.name()] = b.min(d);
        }
    }
    VitisKernels kernels;
    Scalars scalars = c.scalars;
    try {
        Schedule bound = s;
        for (const Param& p : f.params)
            if (p.type.is_index()) {
                bound.bind(p, sizes.at(p.symbol.name()));
                scalars.erase(p.symbol.name());
            }
        kernels.add(bound);
    } catch (const InternalError&) {
        throw;
    } catch (const Error& e) {
        // A size may leave nothing for a step to do, and so refuse it.
        CHECK_MESSAGE(e.message().find("makes an earlier step fail") != std::string::npos, e.message());
        return;
    }
    kernels.compile();
    INFO(kernels.source(0));
    const auto run = [&](auto& a, auto& p) { CHECK(kernels.run(0, a, p) == ""); };
    expect_run("Vitis C++", run, c.inputs, c.expected, scalars);
}

/// Compiling takes a second, so the quick tier does it for an eighth of the schedules.
inline bool is_compiled_for_vitis(const Schedule& s) {
    return deep() || std::hash<std::string>()(s.trace() + print(s)) % 8 == 0;
}

/// The schedule computes what C++ expects: as the algorithm it schedules, as it stands, lowered (which checks
/// that no lane reads beyond a tensor), as machine code and as Vitis C++.
inline void expect(const Schedule& s, const std::vector<Case>& cases) {
    INFO(print(s));
    verify(s.module());
    const JitFunction compiled = jit(s);
    const Module low = codegen::lower(s, Target::host());
    for (const Case& c : cases) {
        expect_run(
            "reference", [&](auto& a, auto& p) { interpret(s.reference(), a, p); }, c.inputs, c.expected,
            c.scalars);
        expect_run(
            "interpreter", [&](auto& a, auto& p) { interpret(s, a, p); }, c.inputs, c.expected, c.scalars);
        expect_run(
            "lowered", [&](auto& a, auto& p) { run_lowered(low, a, p); }, c.inputs, c.expected, c.scalars);
        expect_run(
            "machine code", [&](auto& a, auto& p) { compiled.call(a, p); }, c.inputs, c.expected, c.scalars);
    }
    if (!cases.empty() && is_compiled_for_vitis(s)) expect_vitis(s, cases.front());
}

} // namespace lathe
