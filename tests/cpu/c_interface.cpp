// What C callers see: the checks at entry, errors, scalars, strides, mins, threads and memory.

#include "c_function.h"
#include "lathe/dsl/algorithm.h"
#include "lathe/dsl/math.h"
#include "lathe/dsl/reduction.h"
#include "lathe/schedule/schedule.h"

#include <doctest/doctest.h>

using namespace lathe;

namespace {

/// The only error since the last look.
std::string last_error() {
    TestRuntime& r = CFunction::runtime();
    REQUIRE(r.errors.size() == 1);
    const std::string text = r.errors.front();
    r.errors.clear();
    return text;
}

/// out = a·alpha + 1.
Module scaled_module() {
    Param N("N"), M("M"), alpha("alpha", Int(12));
    Var i("i"), j("j");
    Input a("a", Int(16), {N, M});
    Func out("out", Int(32), {N, M});
    out(i, j) = a(i, j) * alpha + 1;
    Schedule s(out);
    s[out].vectorize(j, 4);
    return s.module();
}

const CFunction& scaled() {
    static const CFunction f(scaled_module(), "scaled");
    return f;
}

struct ScaledCall {
    CBuffer<int16_t> a{{3, 5}};
    CBuffer<int32_t> out{{3, 5}};
    int16_t alpha = -3;

    int operator()() { return scaled()(a, out, alpha); }
};

/// A call that `spoil` has made wrong returns the code, reports the message, and writes nothing.
template <class Spoil> void refused(int code, const std::string& message, Spoil spoil) {
    ScaledCall call;
    spoil(call);
    const std::vector<int32_t> before = call.out.all();
    CHECK(call() == code);
    CHECK(last_error() == message);
    CHECK(call.out.all() == before);
}

} // namespace

TEST_CASE("cpu: a C program calls a generated function") {
    ScaledCall call;
    for (int y = 0; y < 3; ++y)
        for (int x = 0; x < 5; ++x)
            call.a({y, x}) = static_cast<int16_t>(100 * y - x);
    CHECK(call() == 0);
    for (int y = 0; y < 3; ++y)
        for (int x = 0; x < 5; ++x)
            CHECK(call.out({y, x}) == (100 * y - x) * -3 + 1);
    CHECK(call.out.padding_untouched());
    CHECK(CFunction::runtime().errors.empty());
    int context = 0;
    call.a->host = nullptr;
    call.a->device = 1;
    CHECK(scaled().with_context(&context, call.a, call.out, call.alpha) == halide_error_code_host_is_null);
    CHECK(CFunction::runtime().contexts == std::vector<void*>{&context});
    CFunction::runtime() = {};
}

TEST_CASE("cpu: every check of a buffer at entry") {
    CHECK(scaled()(nullptr, nullptr, int16_t{1}) == halide_error_code_buffer_argument_is_null);
    CHECK(last_error() == "scaled: buffer a is a null pointer");
    {
        ScaledCall c;
        CHECK(scaled()(c.a, nullptr, int16_t{1}) == halide_error_code_buffer_argument_is_null);
        CHECK(last_error() == "scaled: buffer out is a null pointer");
    }
    refused(halide_error_code_host_is_null,
            "scaled: buffer a has no memory on the host: copy it from the device first", [](ScaledCall& c) {
                c.a->host = nullptr;
                c.a->device = 1;
            });
    refused(halide_error_code_device_dirty_with_no_device_support,
            "scaled: buffer a is newer on the device: copy it to the host first",
            [](ScaledCall& c) { c.a->set_device_dirty(); });
    refused(halide_error_code_bad_type,
            "scaled: buffer a has elements of type code 1, 16 bits, 1 lanes, but Int(16) needs code 0, 16 "
            "bits, 1 lane",
            [](ScaledCall& c) { c.a->type = halide_type_of<uint16_t>(); });
    refused(halide_error_code_bad_type,
            "scaled: buffer out has elements of type code 0, 32 bits, 4 lanes, but Int(32) needs code 0, 32 "
            "bits, 1 lane",
            [](ScaledCall& c) { c.out->type.lanes = 4; });
    refused(halide_error_code_bad_dimensions, "scaled: buffer a has 1 dimensions, but 2 are needed",
            [](ScaledCall& c) { c.a->dimensions = 1; });
    refused(halide_error_code_bad_dimensions,
            "scaled: buffer a has no array of dimensions (dim is a null pointer)",
            [](ScaledCall& c) { c.a->dim = nullptr; });
    refused(halide_error_code_buffer_extents_negative,
            "scaled: buffer a: dimension 0 (halide_buffer_t's 1) has the negative extent -1",
            [](ScaledCall& c) {
                c.a.dim(0).extent = -1;
                c.out.dim(0).extent = -1;
            });
    refused(halide_error_code_constraint_violated,
            "scaled: buffer out: dimension 1 (halide_buffer_t's 0) has extent 4, but 5 is needed (M)",
            [](ScaledCall& c) { c.out.dim(1).extent = 4; });
    refused(halide_error_code_constraint_violated,
            "scaled: buffer out: dimension 0 (halide_buffer_t's 1) has extent 4, but 3 is needed (N)",
            [](ScaledCall& c) { c.out.dim(0).extent = 4; });
    refused(halide_error_code_constraint_violated,
            "scaled: buffer a: dimension 1 (halide_buffer_t's 0) begins at 2, but must at 0",
            [](ScaledCall& c) { c.a.dim(1).min = 2; });
    for (const int stride : {0, 2, -1})
        refused(
            halide_error_code_constraint_violated,
            fmt::format(
                "scaled: buffer out: dimension 1 (halide_buffer_t's 0) has stride {}, but must have stride 1",
                stride),
            [&](ScaledCall& c) { c.out.dim(1).stride = stride; });
}

TEST_CASE("cpu: an output that overlaps another buffer") {
    // 3 × 5 elements of out are 60 bytes, of a 30.
    const std::string message = "scaled: buffer out is written, and its memory overlaps that of buffer a";
    for (const int bytes : {0, 2, 30, 58, -2, -28})
        refused(-45, message, [&](ScaledCall& c) { c.a->host = c.out->host + bytes; });
    for (const int bytes : {60, 62, -30, -32}) {
        ScaledCall c;
        c.a->host = c.out->host + bytes;
        CHECK(c() == 0);
    }
    // Of an empty buffer nothing is written.
    ScaledCall c;
    c.a.dim(0).extent = c.out.dim(0).extent = 0;
    c.a->host = c.out->host;
    CHECK(c() == 0);
    CHECK(CFunction::runtime().errors.empty());

    Param N("N");
    Var i("i");
    Input a("a", UInt(8), {N});
    Func f("f", UInt(8), {N}), g("g", UInt(8), {N});
    f(i) = a(i) + 1;
    g(i) = a(i) + 2;
    const CFunction two(build({f, g}).module, "two");
    CBuffer<uint8_t> x({4}), y({4});
    CHECK(two(x, y, y) == -45);
    CHECK(last_error() == "two: buffer f is written, and its memory overlaps that of buffer g");
}

TEST_CASE("cpu: padded rows, rows upwards, an odd stride") {
    for (const int stride : {8, 5, -5, -9, 1000}) {
        CAPTURE(stride);
        ScaledCall call;
        call.a = CBuffer<int16_t>({3, 5}, {stride, 1});
        call.out = CBuffer<int32_t>({3, 5}, {stride + (stride < 0 ? -2 : 2), 1});
        for (int y = 0; y < 3; ++y)
            for (int x = 0; x < 5; ++x)
                call.a({y, x}) = static_cast<int16_t>(10 * y + x);
        CHECK(call() == 0);
        for (int y = 0; y < 3; ++y)
            for (int x = 0; x < 5; ++x)
                CHECK(call.out({y, x}) == (10 * y + x) * -3 + 1);
        CHECK(call.out.padding_untouched());
        CHECK(call.a.padding_untouched());
    }
}

TEST_CASE("cpu: an input whose rows are one row, and the stride of a single row") {
    ScaledCall c;
    c.a.dim(0).stride = 0;
    for (int x = 0; x < 5; ++x)
        c.a({0, x}) = static_cast<int16_t>(x);
    CHECK(c() == 0);
    CHECK(c.out({2, 4}) == -11);
    c.a.dim(0).extent = c.out.dim(0).extent = 1;
    c.out.dim(0).stride = 0;
    CHECK(c() == 0);
}

TEST_CASE("cpu: buffers without elements") {
    for (const auto& [n, m] : {std::pair{0, 5}, std::pair{3, 0}, std::pair{0, 0}}) {
        ScaledCall call;
        call.a = CBuffer<int16_t>({n, m});
        call.out = CBuffer<int32_t>({n, m});
        CHECK(call() == 0);
        CHECK(call.out.padding_untouched());
    }
    CHECK(CFunction::runtime().errors.empty());
}

TEST_CASE("cpu: scalars out of their type's range") {
    for (const int16_t alpha : {2048, -2049, 32767}) {
        refused(-10, fmt::format("scaled: scalar alpha is {}, which Int(12) does not hold", alpha),
                [&](ScaledCall& c) { c.alpha = alpha; });
    }
    for (const int16_t alpha : {2047, -2048}) {
        ScaledCall c;
        c.alpha = alpha;
        c.a({1, 1}) = 1;
        CHECK(c() == 0);
        CHECK(c.out({1, 1}) == alpha + 1);
    }
}

TEST_CASE("cpu: scalars of every kind") {
    Param size("size"), flag("flag", Bool()), u("u", UInt(7)), f("f", Fixed(9, 4)), h("h", Float(16)),
        x("x", Float(32)), d("d", Float(64)), w("w", Int(100));
    Var i("i");
    Func out("out", Float(64), {8});
    Func big("big", Int(100), {1});
    out(i) = select(flag,
                    select(i == 0, cast(Float(64), size), i == 1, cast(Float(64), u), i == 2,
                           cast(Float(64), f), i == 3, cast(Float(64), h), i == 4, cast(Float(64), x), d),
                    -1.0);
    big(i) = w;
    const CFunction function(build({out, big}).module, "kinds");
    CBuffer<double> result({8});
    CBuffer<uint64_t> limbs({1, 2});
    const uint64_t wide[] = {7, (uint64_t{1} << 36) - 1}; // −2^64 + 7
    const auto call = [&](bool on, uint8_t small, int16_t fixed, const uint64_t* number) {
        return function(result, limbs, int64_t{1} << 30, on, small, fixed, uint16_t{0x3e00}, 2.5f, -0.125,
                        number);
    };
    INFO(function.header());
    CHECK(call(true, 127, -256, wide) == -10); // the upper limb is no sign extension
    CHECK(last_error() ==
          "kinds: scalar w has limbs that Int(100) does not hold: extend its 100 bits to them");
    const uint64_t extended[] = {7, ~uint64_t{0}};
    CHECK(call(true, 127, -256, extended) == 0);
    CHECK(CFunction::runtime().errors.empty());
    const double expected[] = {0x1p30, 127, -16, 1.5, 2.5, -0.125};
    for (int k = 0; k < 6; ++k)
        CHECK(result({k}) == expected[k]);
    CHECK(limbs({0, 0}) == 7);
    CHECK(limbs({0, 1}) == ~uint64_t{0});
    CHECK(call(false, 0, 255, extended) == 0);
    CHECK(result({0}) == -1);
    CHECK(call(true, 128, 0, extended) == -10);
    CHECK(last_error() == "kinds: scalar u is 128, which UInt(7) does not hold");
    CHECK(call(true, 0, 256, extended) == -10);
    CHECK(last_error() == "kinds: scalar f is 256, which Fixed(9, 4) does not hold");
    CHECK(call(true, 0, 0, nullptr) == halide_error_code_buffer_argument_is_null);
    CHECK(last_error() == "kinds: scalar w is a null pointer");
}

TEST_CASE("cpu: the limbs of wide integers are a dimension of their own") {
    Param N("N");
    Var i("i");
    Input a("a", UInt(130), {N});
    Func out("out", UInt(131), {N});
    out(i) = a(i) * 2;
    const CFunction f(build({out}).module, "wide");
    CBuffer<uint64_t> x({2, 3}), y({2, 3});
    const auto call = [&] { return f(x, y); };
    x({1, 0}) = uint64_t{1} << 63;
    x({1, 1}) = ~uint64_t{0};
    x({1, 2}) = 1;
    CHECK(call() == 0);
    CHECK(y({1, 0}) == 0);
    CHECK(y({1, 1}) == ~uint64_t{0});
    CHECK(y({1, 2}) == 3);
    CHECK(y.padding_untouched());

    x->dimensions = 1;
    CHECK(call() == halide_error_code_bad_dimensions);
    CHECK(last_error() ==
          "wide: buffer a has 1 dimensions, but 2 are needed (the first for the 64-bit limbs of an element)");
    x->dimensions = 2;
    x.dim(1).extent = 2;
    CHECK(call() == halide_error_code_constraint_violated);
    CHECK(last_error() ==
          "wide: buffer a: halide_buffer_t's dimension 0 holds the limbs of UInt(130): it must have min 0, "
          "extent 3 and stride 1, not min 0, extent 2 and stride 1");
    x.dim(1).extent = 3;
    x.dim(0).stride = 4;
    CHECK(call() == halide_error_code_constraint_violated);
    CHECK(last_error() ==
          "wide: buffer a: dimension 0 (halide_buffer_t's 1) has stride 4, but must have stride 3");
}

TEST_CASE("cpu: mins that are not zero") {
    // A region of an inferred Func that begins elsewhere stays inside; arguments begin where their shapes
    // say, at 0.
    Param N("N");
    Var i("i");
    Input a("a", Int(16), {N});
    Func out("out", Int(16), {N});
    out(i) = a(i) + i;
    const CFunction f(build({out}).module, "mins");
    CBuffer<int16_t> x({4}, {1}, {10}), y({4}, {1}, {10});
    CHECK(f(x, y) == halide_error_code_constraint_violated);
    CHECK(last_error() == "mins: buffer a: dimension 0 (halide_buffer_t's 0) begins at 10, but must at 0");
}

TEST_CASE("cpu: memory runs out, and what was allocated is freed") {
    Param N("N");
    Var i("i");
    Input a("a", Int(16), {N});
    Func p("p", Int(16), {N}), q("q", Int(16), {N}), out("out", Int(16), {N});
    p(i) = a(i) + 1;
    q(i) = p(i) * 2;
    out(i) = q(i) - p(i);
    const CFunction f(build({out}).module, "memory");
    CBuffer<int16_t> x({4}), y({4});
    const auto call = [&] { return f(x, y); };
    for (int blocks = 0; blocks < 2; ++blocks) {
        CFunction::runtime() = {};
        CFunction::runtime().allocations_left = blocks;
        CHECK(call() == halide_error_code_out_of_memory);
        CHECK(last_error() == (blocks ? "q" : "p") + std::string(": there is no memory for 8 bytes"));
        CHECK(CFunction::runtime().live == 0);
    }
    CFunction::runtime() = {};
    CHECK(call() == 0);
    CHECK(CFunction::runtime().allocated == 2);
    CHECK(CFunction::runtime().live == 0);
}

TEST_CASE("cpu: memory is freed after its last use, and whatever is left when something fails") {
    Param N("N");
    Var i("i"), j("j");
    RDom r(0, N, "r");
    Input a("a", Int(16), {N}), at("at", UInt(8), {N});
    std::vector<Func> f;
    for (int n = 0; n < 6; ++n) {
        f.emplace_back("f" + std::to_string(n), Int(16), Shape{N});
        f.back()(i) = n == 0 ? a(i) + 1 : f[static_cast<size_t>(n) - 1](i) * 2;
    }
    // f0 is needed to the end; `rows` is computed in a loop, and so is one that reads f0 there.
    Func rows("rows"), out("out", Int(16), {N});
    rows(i, j) = f[5](j) + f[0](at(j)) + i;
    out(i) = 0;
    out(i) += rows(i, r);
    Schedule s(out);
    s.compute_at(rows, out, i);
    const CFunction function(s.module(), "freed");
    CBuffer<int16_t> x({5}), y({5});
    CBuffer<uint8_t> places({5});
    for (int k = 0; k < 5; ++k)
        x({k}) = static_cast<int16_t>(k);
    const auto call = [&] { return function(x, places, y); };
    CFunction::runtime() = {};
    CHECK(call() == 0);
    CHECK(CFunction::runtime().allocated == 11);
    CHECK(CFunction::runtime().most_live == 3);
    CHECK(CFunction::runtime().live == 0);
    for (int k = 0; k < 5; ++k)
        CHECK(y({k}) == 32 * 15 + 5 * 1 + 5 * k);
    for (int blocks = 0; blocks < 11; ++blocks) {
        CFunction::runtime() = {};
        CFunction::runtime().allocations_left = blocks;
        CHECK(call() == halide_error_code_out_of_memory);
        CHECK(CFunction::runtime().live == 0);
    }
    places({3}) = 5;
    CFunction::runtime() = {};
    CHECK(call() != 0);
    CHECK(last_error() == "subscript 0 of f0 is out of bounds");
    CHECK(CFunction::runtime().live == 0);
    CFunction::runtime() = {};
}

TEST_CASE("cpu: parallel loops: any order, and a failure anywhere is the function's") {
    Param N("N");
    Var i("i"), j("j");
    Input a("a", Int(16), {N, 6});
    Func p("p"), out("out", Int(16), {N, 6});
    p(i, j) = a(i, j) * 2;
    out(i, j) = p(i, j) + 1;
    Schedule s(out);
    s[out].parallel(i);
    s.compute_at(p, out, i);
    const CFunction f(s.module(), "tasks");
    CBuffer<int16_t> x({5, 6}), y({5, 6});
    for (int k = 0; k < 30; ++k)
        x({k / 6, k % 6}) = static_cast<int16_t>(k);
    const auto call = [&] { return f(x, y); };
    CHECK(call() == 0);
    for (int k = 0; k < 30; ++k)
        CHECK(y({k / 6, k % 6}) == 2 * k + 1);
    CHECK(CFunction::runtime().tasks == std::vector{4, 3, 2, 1, 0});
    CHECK(CFunction::runtime().allocated == 5);
    CHECK(CFunction::runtime().live == 0);

    CFunction::runtime() = {};
    CFunction::runtime().allocations_left = 3;
    CHECK(call() == halide_error_code_out_of_memory);
    CHECK(CFunction::runtime().errors.size() == 2); // of two tasks
    CHECK(CFunction::runtime().live == 0);

    CFunction::runtime() = {};
    CFunction::runtime().pool_code = -77;
    CHECK(call() == -77);
    CFunction::runtime() = {};
}

TEST_CASE("cpu: requirements that fail, with the algorithm's message") {
    Param N("N");
    Var i("i");
    Input a("a", Int(16), {N});
    Func out("out", Int(16), {Operand(N - 2)});
    out(i) = a(i + 2) + a(i);
    const CFunction f(build({out}).module, "requirement");
    CBuffer<int16_t> x({1}), y({0});
    CHECK(f(x, y) != 0);
    CHECK(
        last_error() ==
        "requirement: buffer out: dimension 0 (halide_buffer_t's 0) has extent 0, but -1 is needed (N - 2)");
}

TEST_CASE("cpu: names that C or printf could trip over") {
    Param N("size of %s");
    Var i("i");
    Input a("in*/put %d", UInt(8), {N}), b("int", UInt(8), {N});
    Func out("out \"%n\"", UInt(8), {N});
    out(i) = a(i) + b(i);
    const CFunction f(build({out}, {a, b}, "names").module, "names");
    CBuffer<uint8_t> x({4}), y({4}), z({3});
    CHECK(f(x, y, z) == halide_error_code_constraint_violated);
    CHECK(last_error() == "names: buffer out \"%n\": dimension 0 (halide_buffer_t's 0) has extent 3, but 4 "
                          "is needed (size of %s)");
}
