#include "compiled.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

/// What a run gave: the arguments' buffers afterwards, or why there is none.
struct Outcome {
    std::vector<AnyBuffer> buffers;
    std::string error;
};

template <class Run> Outcome outcome(const Module& m, const Sizes& sizes, Run run) {
    Outcome o{make_arguments(m, sizes, 1), ""};
    std::vector<AnyBuffer*> arguments;
    for (AnyBuffer& b : o.buffers)
        arguments.push_back(&b);
    try {
        run(arguments, make_scalars(m, sizes));
    } catch (const InternalError&) {
        throw;
    } catch (const Error& e) {
        o.error = e.message();
    }
    return o;
}

/// The message that compiled code has for an error of the interpreter. Of the element it names the dimension
/// only, and which access comes first may be another in another order.
std::string compiled_message(const std::string& error) {
    return error.find("is out of bounds") == std::string::npos ? error : "a subscript is out of bounds";
}

std::string text(const Sizes& sizes) {
    std::string s;
    for (const auto& [name, size] : sizes)
        s += name + "=" + std::to_string(size) + " ";
    return s;
}

/// The first element that differs.
std::string difference(const AnyBuffer& expected, const AnyBuffer& got) {
    std::vector<int64_t> at(expected.shape().size(), 0);
    for (int64_t n = 0; n < expected.size(); ++n) {
        const Value x = expected.get(at), y = got.get(at);
        if (!(x == y)) {
            std::string place;
            for (const int64_t i : at)
                place += " " + std::to_string(i);
            return fmt::format("{} at{}: {} instead of {}", x.type().str(), place, y.str(), x.str());
        }
        for (size_t d = at.size(); d-- > 0;) {
            if (++at[d] < expected.extent(static_cast<int>(d))) break;
            at[d] = 0;
        }
    }
    return "no element differs";
}

} // namespace

void expect_compiled(const Module& reference, const Module& compiled, const std::vector<Sizes>& all,
                     const Target& target) {
    INFO(print(compiled));
    const JitFunction function = jit(compiled, target);
    for (const Sizes& sizes : all) {
        INFO(text(sizes));
        const Outcome expected = outcome(
            reference, sizes, [&](auto& a, const auto& scalars) { interpret(reference, a, scalars); });
        const Outcome got =
            outcome(compiled, sizes, [&](auto& a, const auto& scalars) { function.call(a, scalars); });
        if (!expected.error.empty()) { // which may lie in what this schedule never computes
            const Outcome scheduled = outcome(
                compiled, sizes, [&](auto& a, const auto& scalars) { interpret(compiled, a, scalars); });
            CHECK(compiled_message(got.error) == compiled_message(scheduled.error));
            continue;
        }
        CHECK(got.error == "");
        for (size_t i = 0; i < expected.buffers.size(); ++i)
            CHECK_MESSAGE(bit_equal(expected.buffers[i], got.buffers[i]),
                          reference.top().arguments[i].tensor.symbol.name(), ": ",
                          difference(expected.buffers[i], got.buffers[i]));
    }
}

void expect_compiled(const Schedule& s, const std::vector<Sizes>& all) {
    INFO(s.trace());
    verify(s.module());
    expect_compiled(s.reference(), s.module(), all);
}
