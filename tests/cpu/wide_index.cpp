// Subscripts, conditions and bounds that leave 64 bits on the way: compiled, against the interpreter.

#include "wide_index.h"
#include "deep.h"
#include "lathe/codegen/jit.h"

#include <doctest/doctest.h>

using namespace lathe;

namespace {

std::optional<AnyBuffer> compiled(const WideProgram& p) {
    std::vector<AnyBuffer> copies;
    std::vector<AnyBuffer*> arguments;
    for (const AnyBuffer& b : p.arguments)
        copies.push_back(b.copy());
    for (AnyBuffer& b : copies)
        arguments.push_back(&b);
    try {
        jit(p.module).call(arguments, p.scalars);
    } catch (const InternalError&) {
        throw;
    } catch (const Error&) {
        return std::nullopt;
    }
    return copies.back();
}

std::optional<WideProgram> accepted(std::mt19937& random) {
    try {
        return random_wide_program(random);
    } catch (const InternalError&) {
        throw;
    } catch (const Error&) {
        return std::nullopt;
    }
}

void expect_same(const std::optional<AnyBuffer>& a, const std::optional<AnyBuffer>& b) {
    REQUIRE(a.has_value() == b.has_value());
    if (a) CHECK(bit_equal(*a, *b));
}

} // namespace

TEST_CASE("cpu: numbers that leave 64 bits on the way") {
    for (const WideProgram& p : wide_programs()) {
        CAPTURE(p.name);
        const auto right = interpreted(p), got = compiled(p);
        expect_same(right, got);
        REQUIRE(right.has_value() == p.first.has_value());
        if (right) CHECK(right->get({0}).as_int64() == *p.first);
    }
}

TEST_CASE("cpu: random numbers that leave 64 bits on the way") {
    int errors = 0, programs = 0;
    for (int seed = 0; seed < count(300, 10'000); ++seed) {
        CAPTURE(seed);
        std::mt19937 random(static_cast<unsigned>(seed));
        const std::optional<WideProgram> made = accepted(random);
        if (!made) continue;
        const WideProgram& p = *made;
        ++programs;
        INFO(print(p.module));
        const auto right = interpreted(p);
        expect_same(right, compiled(p));
        errors += !right;
    }
    MESSAGE("errors: " << errors << " of " << programs);
    CHECK(programs > count(250, 8'000));
    CHECK(errors > programs / 20);
    CHECK(errors < programs * 19 / 20);
}

TEST_CASE("cpu: a shape that leaves 64 bits is no small one") {
    Param N("N");
    Input a("a", Int(8), {N * N * N});
    Func out("out", Int(8), {4});
    Var i("i");
    out(i) = select(N > 4, 1, a(i));
    const JitFunction f = jit(build({out}).module);
    Buffer<int8_t> x({0}), y({4});
    CHECK_THROWS_AS(f.call({&x, &y}, {{"N", Value::index(int64_t{1} << 22)}}), Error); // 2^66
}

TEST_CASE("cpu: every NaN has the same bits") {
    const auto expect = [](Type t, const std::vector<uint64_t>& patterns, uint64_t quiet) {
        CAPTURE(t.str());
        const Type bits = UInt(t.width());
        Param N("N");
        Input a("a", t, {N});
        Func loaded("loaded", bits, {N}), computed("computed", bits, {N});
        Var i("i");
        loaded(i) = bitcast(bits, a(i));
        computed(i) = bitcast(bits, -(a(i) * cast(t, 0.0f)));
        for (const Func& f : {loaded, computed})
            for (const bool vector : {false, true}) {
                Schedule s(f);
                if (vector) s[f].vectorize(i, 4);
                const auto n = static_cast<int64_t>(patterns.size());
                AnyBuffer x(t, {n}), right(bits, {n}), got(bits, {n});
                for (int64_t k = 0; k < n; ++k)
                    std::memcpy(x.data() + k * t.width() / 8, &patterns[static_cast<size_t>(k)],
                                static_cast<size_t>(t.width()) / 8);
                interpret(s, {&x, &right});
                jit(s).call({&x, &got}, {});
                CHECK(bit_equal(right, got));
                for (int64_t k = 0; k < n; ++k)
                    CHECK(got.get({k}).raw() == quiet);
            }
    };
    expect(Float(32), {0x7fc00000, 0xffc00000, 0x7fc01234, 0xff812345, 0x7f800001}, 0x7fc00000);
    expect(Float(64), {0x7ff8000000000000, 0xfff8000000000001, 0x7ff0000000000001}, 0x7ff8000000000000);
    expect(Float(16), {0x7e00, 0xfe01, 0x7c01}, 0x7e00);
    expect(BFloat(16), {0x7fc0, 0xffc1, 0x7f81}, 0x7fc0);
}
