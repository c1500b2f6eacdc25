// quantize(T) is the same as to declare the algorithm with T: every type, every value.

#include "quantized_twin.h"

#include "deep.h"
#include "lathe/lathe.h"
#include "programs.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

/// "name: type" of every tensor, in program order.
std::string types_of(const Module& m) {
    std::string text;
    const auto add = [&](const Tensor& t) { text += t.symbol.name() + ": " + t.type.str() + "\n"; };
    for (const Argument& a : m.top().arguments)
        add(a.tensor);
    for_each(
        m.top().body,
        [&](const Stmt& s) {
            if (const auto* a = s.as<Allocate>()) std::ranges::for_each(a->tensors, add);
        },
        nullptr);
    return text;
}

/// What a schedule of the twin is, or the error.
struct Outcome {
    std::optional<Schedule> schedule;
    std::string error;
};

template <class Make> Outcome outcome(Make make) {
    Outcome result;
    try {
        result.schedule = make();
    } catch (const InternalError& e) {
        FAIL_CHECK(e.message());
    } catch (const Error& e) {
        result.error = e.message();
    }
    return result;
}

} // namespace

TEST_CASE("quantize is the same as to declare the algorithm with the type") {
    int same = 0, refused = 0;
    for (unsigned seed = 0; seed < static_cast<unsigned>(count(400, 20000)); ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        const auto kind = static_cast<TwinKind>(random() % 3);
        const TwinTypes before = random_types(kind, random);
        TwinTypes after = random_types(kind, random);
        for (size_t n = 0; n < twin_tensors; ++n)
            if (random() % 2) after.types[n] = before.types[n];
        Outcome plain = outcome([&] { return Schedule(make_twin(kind, seed, before).algorithm); });
        if (!plain.schedule) continue;
        Outcome declared = outcome([&] { return Schedule(make_twin(kind, seed, after).algorithm); });
        Outcome quantized = outcome([&] {
            const Twin twin = make_twin(kind, seed, before);
            Schedule s(twin.algorithm);
            std::string trace;
            for (size_t n = 0; n < twin_tensors; ++n)
                trace += fmt::format("{}{{\"tensor\": \"{}\", \"type\": \"{}\"}}", n ? ", " : "",
                                     twin.declared[n].name(), after.types[n].str());
            return s.apply_trace("{\"lathe_trace\": 1, \"types\": [" + trace + "], \"steps\": []}");
        });
        INFO("declared: " << declared.error << "\nquantized: " << quantized.error);
        CHECK(declared.schedule.has_value() == quantized.schedule.has_value());
        if (!declared.schedule || !quantized.schedule) {
            ++refused;
            continue;
        }
        const Module &a = declared.schedule->reference(), &b = quantized.schedule->reference();
        INFO(print(a) << print(b));
        CHECK(types_of(a) == types_of(b));
        CHECK(print(a) == print(b));
        if (types_of(a) == types_of(b)) CHECK(same_result(a, b, {}, seed));
        ++same;
    }
    MESSAGE(same << " equal, " << refused << " refused on both sides");
    CHECK(same >= count(200, 10000));
}

TEST_CASE("quantize of what a let takes as a loop's bound or a subscript is to declare it with the type") {
    // By itself such an element steers the program, and quantize refuses it; a let's value is a number.
    const Var i("i"), j("j");
    struct Steered {
        Input n;
        Kernel kernel;
    };
    const auto made = [&](Type type) {
        const Input n("n", type, {2}), t("t", Int(8), {16});
        const Output out("out", Int(8), {16});
        return Steered{n, Kernel("k", {n, t, out}, [&](KernelBody& k) {
                           k.for_(i, 0, 16, [&] { out(i) = 0; });
                           const Expr count = k.let(n(0)), at = k.let(n(1));
                           k.for_(j, 0, count, [&] { out(j) = t(j) + 1; });
                           out(at) = -1;
                       })};
    };
    int same = 0, refused = 0;
    for (const Type type : {UInt(2), UInt(4), UInt(12), Int(5), Fixed(8, 3), Fixed(8, -1), Float(32)}) {
        CAPTURE(type.str());
        const Outcome declared = outcome([&] { return Schedule(made(type).kernel); });
        const Outcome quantized = outcome([&] {
            const Steered k = made(UInt(8));
            return Schedule(k.kernel).quantize(k.n, type);
        });
        INFO("declared: " << declared.error << "\nquantized: " << quantized.error);
        CHECK(declared.schedule.has_value() == quantized.schedule.has_value());
        if (!declared.schedule || !quantized.schedule) {
            ++refused;
            continue;
        }
        CHECK(print(*declared.schedule) == print(*quantized.schedule));
        ++same;
        for (int64_t n = 0; n < 16; ++n) {
            AnyBuffer numbers(type, {2});
            Buffer<int8_t> table({16}), want({16}), got({16});
            numbers.set({0}, cast(type, Value::index(n)));
            numbers.set({1}, cast(type, Value::index(15 - n)));
            for (int64_t x = 0; x < 16; ++x)
                table(x) = static_cast<int8_t>(x * 3);
            interpret(declared.schedule->reference(), {&numbers, &table, &want});
            interpret(quantized.schedule->module(), {&numbers, &table, &got});
            CHECK(bit_equal(want, got));
        }
    }
    CHECK(same == 4);
    CHECK(refused == 3);
}
