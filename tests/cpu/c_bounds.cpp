// Bounds queries whose shapes are expressions, calls with empty buffers that have no memory, and outputs
// whose strides let their elements overlap.

#include "c_function.h"
#include "lathe/codegen/jit.h"
#include "lathe/dsl/algorithm.h"
#include "lathe/dsl/math.h"
#include "lathe/dsl/operators.h"
#include "lathe/dsl/reduction.h"
#include "lathe/ir/interpret.h"
#include "lathe/schedule/schedule.h"

#include <doctest/doctest.h>
#include <random>

using namespace lathe;

namespace {

struct Place {
    int min = 0, extent = 0;
    friend bool operator==(const Place&, const Place&) = default;
};

/// A buffer without memory, its dimensions outermost first.
struct Asked {
    explicit Asked(const std::vector<Place>& places) {
        for (size_t d = places.size(); d-- > 0;)
            dims.push_back({places[d].min, places[d].extent, 0, 0});
        buffer.dimensions = static_cast<int>(dims.size());
        buffer.dim = dims.data();
    }
    explicit Asked(size_t rank) : Asked(std::vector<Place>(rank, {7, 0})) {}
    Asked(const Asked&) = delete;
    Asked& operator=(const Asked&) = delete;
    operator halide_buffer_t*() { return &buffer; }
    Place place(size_t d) const {
        const halide_dimension_t& x = dims[dims.size() - 1 - d];
        return {x.min, x.extent};
    }
    bool untouched() const {
        return buffer.type.bits == 0 &&
               std::ranges::all_of(dims, [](const halide_dimension_t& d) { return d.stride == 0; });
    }
    std::vector<halide_dimension_t> dims;
    halide_buffer_t buffer{};
};

int call(const CFunction& f, const std::vector<halide_buffer_t*>& buffers) {
    std::vector<void*> arguments(buffers.begin(), buffers.end());
    return f.argv(arguments.data());
}

std::string error_of(const CFunction& f, const std::vector<halide_buffer_t*>& buffers) {
    CFunction::runtime() = {};
    const int code = call(f, buffers);
    std::vector<std::string> errors = std::move(CFunction::runtime().errors);
    CFunction::runtime() = {};
    CHECK((code == 0) == errors.empty());
    return errors.empty() ? "" : errors[0];
}

/// o(x) = in(x − 1) + … with in one to the left of o, and 2 longer.
const CFunction& moved() {
    static const CFunction f = [] {
        Param x0("x0"), n("N");
        Var x("x");
        Input in("in", Int(16), {Range(x0, n + 2)});
        Func o("o", Int(16), {Range(x0 + 1, n)});
        o(x) = in(x - 1) + in(x + 1);
        return CFunction(Schedule(o).module(), "moved");
    }();
    return f;
}

/// out = in convolved with w, where all three have extents of their own.
const CFunction& convolved() {
    static const CFunction f = [] {
        Param n("N"), k("K");
        Var x("x");
        RDom r(0, k, "r");
        Input in("in", Int(16), {n}), w("w", Int(16), {k});
        Func out("out", Int(16), {Operand(n - k + 1)});
        out(x) = 0;
        out(x) += in(x + r) * w(r);
        return CFunction(Schedule(out).module(), "convolved");
    }();
    return f;
}

const CFunction& product() {
    static const CFunction f = [] {
        Param m("M"), n("N"), k("K");
        Var i("i"), j("j");
        RDom r(0, k, "k");
        Input a("A", Float(32), {m, k}), b("B", Float(32), {k, n});
        Func c("C", Float(32), {m, n});
        c(i, j) = 0;
        c(i, j) += a(i, r) * b(r, j);
        return CFunction(Schedule(c).module(), "product");
    }();
    return f;
}

} // namespace

TEST_CASE("cpu: a bounds query solves mins and extents that are expressions") {
    Asked in(1);
    CBuffer<int16_t> o({5}, {1}, {8});
    const auto before = o.all();
    CHECK(error_of(moved(), {in, o}).empty());
    CHECK(in.place(0) == Place{7, 7});
    CHECK(o.all() == before);
    Asked also(1), where({{8, 5}});
    CHECK(error_of(moved(), {also, where}).empty());
    CHECK(also.place(0) == Place{7, 7});
    CHECK(where.place(0) == Place{8, 5});

    // From the input to the output.
    CBuffer<int16_t> known({9}, {1}, {3});
    Asked result(1);
    CHECK(error_of(moved(), {known, result}).empty());
    CHECK(result.place(0) == Place{4, 7});

    // The output must be where the input makes it.
    Asked wrong_min({{5, 7}}), wrong_extent({{4, 6}});
    CHECK(error_of(moved(), {known, wrong_min}) ==
          "moved: buffer o: dimension 0 (halide_buffer_t's 0) begins at 5, but must at 4");
    CHECK(error_of(moved(), {known, wrong_extent}) ==
          "moved: buffer o: dimension 0 (halide_buffer_t's 0) has extent 6, but 7 is needed (N)");
    CHECK(wrong_min.untouched());
    CHECK(wrong_extent.untouched());
}

TEST_CASE("cpu: a bounds query of which a size comes from two equations") {
    // N of `in` follows from out and w.
    Asked in(1), w(1), zero(1), out({{0, 10}}), stale({{0, 900}});
    CBuffer<int16_t> weights({3});
    CHECK(error_of(convolved(), {in, weights, out}).empty());
    CHECK(in.place(0) == Place{0, 12});
    CHECK(error_of(convolved(), {stale, weights, out}).empty());
    CHECK(stale.place(0) == Place{0, 12});
    Asked small({{0, 3}}), input(1);
    CHECK(error_of(convolved(), {input, small, out}).empty());
    CHECK(input.place(0) == Place{0, 12});

    // Neither N nor K is known.
    Asked alone(1);
    CHECK(error_of(convolved(), {alone, w, out}) ==
          "convolved: buffer in: dimension 0 (halide_buffer_t's 0) has the extent N, which no buffer with "
          "memory "
          "or with dimensions tells: give this buffer its dimensions, or memory");
    CHECK(alone.untouched());
    CHECK(w.untouched());
    CBuffer<int16_t> nine({9});
    CHECK(error_of(convolved(), {nine, w, zero}) ==
          "convolved: buffer w: dimension 0 (halide_buffer_t's 0) has the extent K, which no buffer with "
          "memory "
          "or with dimensions tells: give this buffer its dimensions, or memory");

    // Beyond what is possible.
    CBuffer<int16_t> two({2}), five({5});
    Asked none(1);
    CHECK(error_of(convolved(), {two, five, none}) ==
          "convolved: buffer out: dimension 0 (halide_buffer_t's 0) would have the negative extent -2");
    Asked before({{0, 1}});
    CBuffer<int16_t> output({5}, {1}, {0});
    CHECK(error_of(moved(), {before, output}) == "the size x0 is negative");
}

TEST_CASE("cpu: a bounds query whose equations have no integer solution") {
    Param n("N"), step("step");
    Var x("x");
    Input in("in", Int(16), {n}), extra("extra", Int(16), {Range(step - 2, step)});
    Func out("out", Int(16), {Operand(2 * n + step)}), flat("flat", Int(16), {});
    out(x) = x;
    flat() = 1;
    const CFunction f(build({out, flat}, {in, extra}).module, "doubled");
    Asked a(1), b(1), ten({{0, 10}}), nine({{0, 9}}), point(0), given({{2, 4}}), wrong({{1, 4}});
    CHECK(error_of(f, {a, given, ten, point}).empty());
    CHECK(a.place(0) == Place{0, 3});
    CHECK(point.buffer.type == halide_type_of<int16_t>());
    CHECK(error_of(f, {Asked(1), given, nine, point}) ==
          "doubled: buffer out: dimension 0 (halide_buffer_t's 0) "
          "has extent 9, but 8 is needed (2 * N + step)");
    // An input without memory is what is asked for, even where it was given something else.
    CHECK(error_of(f, {b, wrong, ten, point}).empty());
    CHECK(wrong.place(0) == Place{2, 4});
    // Whose memory is given must be right, also where it is not what sizes are read from.
    CBuffer<int16_t> two({4}, {1}, {1}), three({3});
    CHECK(error_of(f, {three, two, ten, point}) ==
          "doubled: buffer extra: dimension 0 (halide_buffer_t's 0) begins at 1, but must at 2");
}

TEST_CASE("cpu: a bounds query of shapes with a scalar in them") {
    Param n("N"), more("more");
    Var x("x");
    Input in("in", Int(16), {Range(more - 1, n)});
    Func out("out", Int(16), {Operand(n + 3 * more)}), half("half", Int(16), {Operand(n / 2)});
    out(x) = x;
    half(x) = x;
    const CFunction f(build({out, half}, {in}).module, "f");
    int64_t scalar = 4;
    Asked a(1), b({{0, 20}}), c(1);
    void* arguments[] = {&a.buffer, &b.buffer, &c.buffer, &scalar};
    CHECK(f.argv(arguments) == 0);
    CHECK(a.place(0) == Place{3, 8});
    CHECK(c.place(0) == Place{0, 4});
    // From n / 2 nothing follows.
    Asked d(1), e(1), g({{0, 4}});
    void* unknown[] = {&d.buffer, &e.buffer, &g.buffer, &scalar};
    CHECK(f.argv(unknown) != 0);
    CHECK(d.untouched());
    CFunction::runtime() = {};
}

TEST_CASE("cpu: buffers of two outputs that contradict each other are no query") {
    Param n("N");
    Var x("x");
    Input in("in", UInt(8), {n});
    Func f("f", UInt(8), {n}), g("g", UInt(8), {n});
    f(x) = in(x);
    g(x) = in(x) + 1;
    const CFunction two(build({f, g}).module, "two");
    Asked a(1), five({{0, 5}}), nine({{0, 9}}), zero({{0, 0}});
    CHECK(error_of(two, {a, five, nine}) ==
          "two: buffer g: dimension 0 (halide_buffer_t's 0) has extent 9, but 5 is needed (N)");
    CHECK(a.untouched());
    CHECK(error_of(two, {a, five, zero}).empty());
    CHECK(zero.place(0) == Place{0, 5});
    Asked e(1), nothing({{0, 0}}), neither({{0, 0}});
    CHECK(error_of(two, {e, nothing, neither}).empty());
    CHECK(e.place(0) == Place{0, 0});
}

TEST_CASE("cpu: null buffers that say that they are empty make no query of a call") {
    // K = 0: C gets zeros.
    CBuffer<float> a({4, 0}), b({0, 4}), c({4, 4}), narrow({4, 3});
    for (int i = 0; i < 16; ++i)
        c({i / 4, i % 4}) = 7;
    a->host = b->host = nullptr;
    CHECK(error_of(product(), {a, b, c}).empty());
    for (int i = 0; i < 16; ++i)
        CHECK(c({i / 4, i % 4}) == 0);
    // Also where the output is the empty one, and the errors are those of a call.
    CBuffer<float> x({4, 3}), y({3, 0}), z({4, 0});
    y->host = z->host = nullptr;
    CHECK(error_of(product(), {x, y, z}).empty());
    a.dim(0).stride = 0;
    CHECK(error_of(product(), {a, b, c}).empty());
    // A shape that the others do not fit asks.
    CHECK(error_of(product(), {a, b, narrow}).empty());
    CHECK(b.dim(1).extent == 3);

    // One with elements asks, whatever the others say.
    CBuffer<float> rows({2, 5});
    Asked asked({{0, 5}, {0, 3}}), result({{0, 0}, {0, 0}});
    CHECK(error_of(product(), {rows, asked, result}).empty());
    CHECK(result.place(0) == Place{0, 2});
    CHECK(result.place(1) == Place{0, 3});
    // An empty one that does not say its type yet asks too.
    CBuffer<float> four({4, 4});
    Asked k({{0, 4}, {0, 0}}), l({{0, 0}, {0, 4}});
    CHECK(error_of(product(), {k, l, four}).empty());
    CHECK(k.buffer.type == halide_type_of<float>());
    CHECK(l.dims[0].stride == 1);
    four({0, 0}) = 3;
    CHECK(error_of(product(), {k, l, four}).empty());
    CHECK(four({0, 0}) == 0);
}

TEST_CASE("cpu: of dimensions without elements the size is known where it is a call") {
    Param n("N");
    RDom r(0, n, "r");
    Input in("in", Int(32), {n});
    Func total("total", Int(32), {});
    total() = 5;
    total() += in(r);
    const CFunction f(Schedule(total).module(), "total");
    CBuffer<int32_t> none({0}), sum({});
    none->host = nullptr;
    sum({}) = 1;
    CHECK(error_of(f, {none, sum}).empty());
    CHECK(sum({}) == 5);
    Asked asked(1);
    CHECK(error_of(f, {asked, sum}).find("buffer in: dimension 0") != std::string::npos);
}

TEST_CASE("cpu: an output whose strides let its elements overlap") {
    Param a("A"), b("B"), c("C"), d("D");
    Var i("i"), j("j"), k("k");
    Func out("out", UInt(8), {a, b, c}), limbs("limbs", UInt(100), {d});
    out(i, j, k) = i + j + k;
    limbs(i) = i;
    const CFunction f(build({out, limbs}).module, "f");
    const std::string text = "f: buffer out is written, and its strides let its elements overlap each other";
    CBuffer<uint64_t> wide({2, 2});
    const auto error = [&](std::vector<int> extents, int outer, int rows) {
        CBuffer<uint8_t> x({3, 3, 200});
        for (size_t d = 0; d < 3; ++d)
            x.dim(static_cast<int>(d)).extent = extents[d];
        x.dim(0).stride = outer;
        x.dim(1).stride = rows;
        if (outer < 0) x->host += 400;
        const auto before = x.all();
        const std::string message = error_of(f, {x, wide});
        CHECK((message.empty() || x.all() == before));
        return message;
    };
    CHECK(error({2, 3, 5}, 15, 5).empty());
    CHECK(error({2, 3, 5}, 5, 10).empty());
    CHECK(error({2, 3, 5}, -15, 5).empty());
    CHECK(error({2, 3, 5}, 100, 7).empty());
    for (const int stride : {0, 3, 4, -4})
        CHECK(error({2, 3, 5}, 200, stride) == text);
    CHECK(error({2, 3, 5}, 14, 5) == text);
    CHECK(error({2, 3, 5}, 5, 5) == text);
    CHECK(error({2, 3, 5}, 0, 5) == text);
    CHECK(error({2, 1, 5}, 5, 0).empty());
    CHECK(error({1, 3, 5}, 0, 5).empty());
    CHECK(error({2, 0, 5}, 0, 0).empty());
}

TEST_CASE("cpu: an output whose strides let its elements overlap, in the JIT and the interpreter") {
    Param a("A"), b("B");
    Var i("i"), j("j");
    Func out("out", UInt(8), {a, b});
    out(i, j) = i + j;
    const Module m = build({out}).module;
    const JitFunction f = jit(m);
    std::vector<std::byte> memory(64);
    for (const auto& [stride, ok] : {std::pair{0, false}, {3, false}, {-4, false}, {5, true}, {-5, true}}) {
        CAPTURE(stride);
        AnyBuffer x = AnyBuffer::view(UInt(8), &memory[32], {3, 5}, {stride, 1});
        if (ok) {
            CHECK_NOTHROW(f.call({&x}));
            CHECK_NOTHROW(interpret(m, {&x}));
        } else {
            CHECK_THROWS_WITH_AS(
                f.call({&x}),
                "out: buffer out is written, and its strides let its elements overlap each other", Error);
            CHECK_THROWS_AS(interpret(m, {&x}), Error);
        }
    }
}

TEST_CASE("cpu: forty buffers, of which any two may not overlap") {
    Param n("N");
    Var i("i");
    std::vector<Input> inputs;
    std::vector<Func> outputs;
    for (int k = 0; k < 20; ++k) {
        inputs.emplace_back("in" + std::to_string(k), Int(32), Shape{n});
        outputs.emplace_back("out" + std::to_string(k), Int(32), Shape{n});
        outputs.back()(i) = inputs.back()(i) + k;
    }
    const Module m = build(outputs, inputs).module;
    const JitFunction f = jit(m);
    std::vector<Buffer<int32_t>> buffers;
    for (int k = 0; k < 40; ++k)
        buffers.emplace_back(std::vector<int64_t>{5});
    const auto error = [&](size_t same, size_t as) {
        std::vector<AnyBuffer*> arguments;
        for (Buffer<int32_t>& b : buffers)
            arguments.push_back(&b);
        arguments[same] = arguments[as];
        try {
            f.call(arguments);
        } catch (const Error& e) {
            return e.message();
        }
        return std::string();
    };
    CHECK(error(0, 0).empty());
    CHECK(buffers[39](2) == 19);
    CHECK(error(3, 4).empty()); // both are only read
    CHECK(error(39, 38) == "out0: buffer out18 is written, and its memory overlaps that of buffer out19");
    CHECK(error(0, 20) == "out0: buffer out0 is written, and its memory overlaps that of buffer in0");
    CHECK(error(25, 7) == "out0: buffer out5 is written, and its memory overlaps that of buffer in7");
}

TEST_CASE("cpu: random shapes and bounds queries against the interpreter") {
    for (unsigned seed = 0; seed < 12; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        const auto pick = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
        const Param x0("x0"), n("N"), k("K");
        const int x0_value = pick(3, 9), n_value = pick(4, 9), k_value = pick(0, 3);
        // Each argument's dimensions: expressions, and what they are for the values above.
        std::vector<std::vector<Place>> places;
        const auto dimension = [&](std::vector<Extent>& shape) {
            const int a = pick(0, 1), c = pick(-2, 2), p = pick(0, 2), q = pick(-1, 1), d = pick(0, 2);
            places.back().push_back({a * x0_value + c, p * n_value + q * k_value + d});
            if (places.back().back().extent < 0) places.back().back().extent += 4;
            const int fix = places.back().back().extent - (p * n_value + q * k_value + d);
            shape.emplace_back(Range(Operand(a * x0 + c), Operand(p * n + q * k + (d + fix))));
        };
        std::vector<Input> inputs;
        std::vector<Func> outputs;
        const std::vector<Var> v{Var("a"), Var("b")};
        for (int t = 0; t < 4; ++t) {
            places.emplace_back();
            std::vector<Extent> shape;
            for (int rank = pick(1, 2); rank-- > 0;)
                dimension(shape);
            if (t < 2) {
                inputs.emplace_back("in" + std::to_string(t), Int(32), Shape(shape));
            } else {
                outputs.emplace_back("out" + std::to_string(t), Int(32), Shape(shape));
                if (shape.size() == 1)
                    outputs.back()(v[0]) = v[0];
                else
                    outputs.back()(v[0], v[1]) = v[0] + v[1];
            }
        }
        const Module module = build(outputs, inputs).module;
        const CFunction f(module, "f");
        const auto& parameters = module.top().params;
        // Sizes that no buffer tells as they are, are scalars.
        std::vector<int64_t> scalars;
        for (const Param& s : parameters)
            if (f.signature().find("\"" + s.symbol.name() + "\",\"kind\":\"scalar\"") != std::string::npos)
                scalars.push_back(s.symbol.name() == "x0"  ? x0_value
                                  : s.symbol.name() == "N" ? n_value
                                                           : k_value);
        int answered = 0;
        for (int round = 0; round < 60; ++round) {
            CAPTURE(round);
            std::vector<std::unique_ptr<CBuffer<int32_t>>> with(4);
            std::vector<std::unique_ptr<Asked>> asked(4);
            std::vector<void*> arguments;
            bool spoiled = false, asks = false;
            for (size_t t = 0; t < 4; ++t) {
                std::vector<Place> say = places[t];
                if (pick(0, 1) == 0) {
                    std::vector<int> extents, mins;
                    for (Place& p : say) {
                        if (pick(0, 9) == 0) {
                            (pick(0, 1) ? p.min : p.extent) += 1;
                            spoiled = true;
                        }
                        extents.push_back(p.extent);
                        mins.push_back(p.min);
                    }
                    with[t] = std::make_unique<CBuffer<int32_t>>(extents, std::vector<int>(), mins);
                    arguments.push_back(static_cast<halide_buffer_t*>(*with[t]));
                } else {
                    // Junk, nothing, or what is right.
                    const int kind = pick(0, 2);
                    for (Place& p : say)
                        p = kind == 0 ? Place{pick(0, 9), pick(0, 9)} : kind == 1 ? Place{7, 0} : p;
                    asked[t] = std::make_unique<Asked>(say);
                    arguments.push_back(static_cast<halide_buffer_t*>(*asked[t]));
                    asks = true;
                }
            }
            for (int64_t& s : scalars)
                arguments.push_back(&s);
            CFunction::runtime() = {};
            const int code = f.argv(arguments.data());
            CFunction::runtime() = {};
            if (code != 0) {
                for (const auto& a : asked)
                    CHECK((!a || a->untouched()));
                continue;
            }
            if (!asks) CHECK(!spoiled);
            answered += asks;
            // The shapes of all are one that the interpreter takes.
            std::vector<AnyBuffer> buffers;
            for (size_t t = 0; t < 4; ++t) {
                std::vector<int64_t> extents, mins;
                for (size_t d = 0; d < places[t].size(); ++d) {
                    const int at = static_cast<int>(d);
                    extents.push_back(with[t] ? with[t]->dim(at).extent : asked[t]->place(d).extent);
                    mins.push_back(with[t] ? with[t]->dim(at).min : asked[t]->place(d).min);
                }
                buffers.emplace_back(Int(32), extents);
                buffers.back().set_min(mins);
            }
            std::vector<AnyBuffer*> pointers;
            for (AnyBuffer& b : buffers)
                pointers.push_back(&b);
            std::map<std::string, Value> values;
            for (size_t s = 0, i = 0; s < parameters.size(); ++s)
                if (f.signature().find("\"" + parameters[s].symbol.name() + "\",\"kind\":\"scalar\"") !=
                    std::string::npos)
                    values.emplace(parameters[s].symbol.name(), Value::index(scalars[i++]));
            CHECK_NOTHROW(interpret(module, pointers, values));
        }
        CHECK(answered > 0);
    }
}
