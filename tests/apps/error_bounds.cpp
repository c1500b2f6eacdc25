/// Ranges, proposed types and certified error bounds: on random expressions, a Gaussian, Jacobi and LeNet.

#include "lathe/ir/visit.h"
#include "program.h"

#include <chrono>
#include <cmath>
#include <numeric>

#ifdef LATHE_TEST_APPS
#include "jacobi/algorithm.h"
#include "lenet/network.h"
#endif

using namespace lathe;
using namespace lathe::ir;

namespace {

double apart(const AnyBuffer& a, const AnyBuffer& b) {
    double most = 0;
    const AnyBuffer x = a.copy(), y = b.copy();
    for (int64_t n = 0; n < x.size(); ++n) {
        const auto at = [&](const AnyBuffer& v) {
            return load_element(v.type(), v.data() + static_cast<size_t>(n) * element_bytes(v.type()))
                .as_double();
        };
        most = std::max(most, std::abs(at(x) - at(y)));
    }
    return most;
}

AnyBuffer with_type(const AnyBuffer& from, Type type) {
    AnyBuffer to(type, from.shape());
    const AnyBuffer source = from.copy();
    for (int64_t n = 0; n < to.size(); ++n)
        store_element(
            type, to.data() + static_cast<size_t>(n) * element_bytes(type),
            cast(type, load_element(source.type(),
                                    source.data() + static_cast<size_t>(n) * element_bytes(source.type()))));
    return to;
}

bool rounds_a_literal(const Schedule& s, Type type) {
    bool rounds = false;
    for_each(s.algorithm().top().body, nullptr, [&](const Expr& e) {
        const auto* c = e.as<Constant>();
        if (c && e.type().is_real())
            rounds = rounds || cast(type, c->value).as_rational() != c->value.as_rational();
    });
    return rounds;
}

/// A random expression of a few inputs within [−1, 1], whose values stay below 64.
class RandomExpression {
  public:
    RandomExpression(std::mt19937& r, std::vector<Input> i) : random(r), inputs(std::move(i)) {}

    std::pair<Expr, double> make(int depth, const Expr& i) {
        if (depth == 0 || pick(5) == 0) {
            if (pick(4) == 0) {
                const double c = (static_cast<int>(pick(33)) - 16) / 8.0 + 0.1;
                return {Expr(static_cast<float>(c)), std::abs(c)};
            }
            return {Expr(inputs[pick(static_cast<unsigned>(inputs.size()))](i)), 1};
        }
        auto [a, x] = make(depth - 1, i);
        auto [b, y] = make(depth - 1, i);
        if (a.type().is_real() && b.type().is_real()) a = Expr(inputs[0](i)), x = 1;
        switch (pick(8)) {
        case 7:
            return reduced(depth);
        case 0:
            return {a + b, x + y};
        case 1:
            return {a - b, x + y};
        case 2:
            if (x * y < 64) return {a * b, x * y};
            return {a + b, x + y};
        case 3:
            return {min(a, b), std::max(x, y)};
        case 4:
            return {max(a, b), std::max(x, y)};
        case 5:
            return {select(a < b, a, b), std::max(x, y)};
        default:
            return {a.type().is_real() ? a + b : Expr(-a) + b, x + y};
        }
    }

  private:
    /// Over none to three points, or some of them.
    std::pair<Expr, double> reduced(int depth) {
        const auto points = static_cast<int64_t>(pick(4));
        RDom k(0, points, "k");
        auto [a, x] = make(depth - 1, k);
        if (a.type().is_real()) a = Expr(inputs[0](k)), x = 1;
        if (pick(4) == 0) k.where(pick(2) ? inputs[1](k) > 0 : Expr(k) != 0);
        switch (points == 0 || pick(2) ? 0 : pick(2)) {
        case 0:
            return {sum(k, a, Float(64)), 3 * x};
        default:
            return {pick(2) ? maximum(k, a) : minimum(k, a), x};
        }
    }

    unsigned pick(unsigned n) { return static_cast<unsigned>(random() % n); }
    std::mt19937& random;
    std::vector<Input> inputs;
};

} // namespace

TEST_CASE("error bounds hold on random expressions") {
    std::mt19937 random(7);
    const int count = deep() ? 10000 : 300;
    std::vector<double> ratios;
    int refused = 0, literals = 0, infinite = 0, unknown = 0;
    for (int n = 0; n < count; ++n) {
        constexpr int64_t size = 12;
        const std::vector<Input> in = {Input("a", Float(64), {size}), Input("b", Float(64), {size}),
                                       Input("c", Float(64), {size})};
        const Var i("i");
        Func f("f", Float(64), {size});
        f(i) = RandomExpression(random, in).make(1 + static_cast<int>(random() % 4), i).first + in[0](i);
        Schedule own(in, {f}), typed = own;
        const int fraction = 4 + static_cast<int>(random() % 8);
        const auto round = static_cast<Round>(random() % 7);
        typed.quantize({in[0], in[1], in[2]}, Fixed(fraction + 3, fraction, round));
        // Literals as they are, or of a type that most likely rounds all, some or none of them.
        QuantizeOptions options;
        const Type few[] = {Fixed(10, 4), Fixed(12, 9, Round::rnd), Int(4), Fixed(40, 33), Float(64),
                            Float(16)};
        if (random() % 3 == 0) options.literals = few[random() % 6];
        literals += options.literals.has_value();
        typed.quantize(
            f, random() % 3 ? Fixed(fraction + 12, fraction, static_cast<Round>(random() % 7)) : Float(32),
            options);
        std::vector<InputRange> given;
        std::vector<AnyBuffer> data, rounded;
        for (const Input& t : in) {
            Buffer<double> b({size});
            for (double& x : b)
                x = static_cast<double>(static_cast<int64_t>(random() % 20001) - 10000) / 10000;
            // Some numbers are known one by one.
            given.push_back(random() % 3 ? InputRange(t, -1, 1) : InputRange(t, b.copy()));
            data.push_back(b);
            rounded.push_back(with_type(b, Fixed(fraction + 3, fraction, round)));
        }
        if (options.literals && rounds_a_literal(own, *options.literals)) {
            REQUIRE_THROWS_WITH_AS(error_bound(typed, given), doctest::Contains("quantize rounds literals"),
                                   Error);
            ++refused;
            continue;
        }
        double bound = 0;
        try {
            bound = error_bound(typed, given).front();
        } catch (const Error& e) { // a condition of a reduction
            REQUIRE(std::string(e.what()).find("depends on rounding") != std::string::npos);
            ++unknown;
            continue;
        }
        AnyBuffer want(f.type(), {size}), got(typed.module().top().arguments.back().tensor.type, {size});
        interpret(own.reference(), {&data[0], &data[1], &data[2], &want});
        interpret(typed.reference(), {&rounded[0], &rounded[1], &rounded[2], &got});
        const double seen = apart(want, got);
        INFO(typed.explain_types());
        REQUIRE(seen <= bound);
        const TensorRange range = ranges(own, given).back();
        for (int64_t k = 0; k < size; ++k) {
            CHECK(want.get({k}).as_double() <= range.range.high + 1e-9);
            CHECK(want.get({k}).as_double() >= range.range.low - 1e-9);
        }
        if (seen > 0 && std::isfinite(bound)) ratios.push_back(bound / seen);
        infinite += !std::isfinite(bound);
    }
    std::ranges::sort(ratios);
    CHECK(ratios.size() > static_cast<size_t>(count) / 2);
    MESSAGE("ratio of bound to observed error: mean ",
            std::accumulate(ratios.begin(), ratios.end(), 0.0) / static_cast<double>(ratios.size()),
            ", median ", ratios[ratios.size() / 2], " over ", ratios.size(), "; may overflow ", infinite,
            "; no bound, as rounding decides ", unknown, "; with .literals ", literals,
            ", of which refused as they round one ", refused);
}

TEST_CASE("what strict accepts never overflows") {
    std::mt19937 random(11);
    int accepted = 0, refused = 0, unknown = 0;
    for (int n = 0; n < (deep() ? 10000 : 300); ++n) {
        constexpr int64_t size = 12;
        const std::vector<Input> in = {Input("a", Float(64), {size}), Input("b", Float(64), {size}),
                                       Input("c", Float(64), {size})};
        const Var i("i");
        Func f("f", Float(64), {size});
        f(i) = RandomExpression(random, in).make(1 + static_cast<int>(random() % 3), i).first + in[0](i);
        const int fraction = 1 + static_cast<int>(random() % 6), width = 3 + static_cast<int>(random() % 12);
        const auto round = static_cast<Round>(random() % 7);
        const Type held = Fixed(fraction + 1, fraction), type = Fixed(width, fraction - 1, round),
                   wide = Fixed(width + 40, fraction - 1, round);
        Schedule narrow(in, {f});
        narrow.quantize({in[0], in[1], in[2]}, held);
        Schedule free = narrow;
        free.quantize(f, wide);
        try {
            narrow.quantize(f, type, {.strict = true});
        } catch (const Error& e) {
            const std::string why = e.what();
            const bool range = why.find("does not fit") != std::string::npos;
            REQUIRE((range || why.find("is given is not known") != std::string::npos));
            ++(range ? refused : unknown);
            continue;
        }
        ++accepted;
        std::vector<AnyBuffer> data;
        for (size_t b = 0; b < in.size(); ++b) {
            data.emplace_back(held, std::vector<int64_t>{size});
            for (int64_t k = 0; k < size; ++k) { // half of them the least and the greatest number
                const unsigned which = random() % 4;
                data.back().set({k}, which == 0   ? min_value(held)
                                     : which == 1 ? max_value(held)
                                                  : Value::from_bits(held, random() % (2u << fraction)));
            }
        }
        AnyBuffer got(type, {size}), want(wide, {size});
        interpret(narrow.reference(), {&data[0], &data[1], &data[2], &got});
        interpret(free.reference(), {&data[0], &data[1], &data[2], &want});
        INFO(narrow.explain_types());
        REQUIRE(apart(got, want) == 0);
    }
    MESSAGE("accepted ", accepted, ", refused with a value ", refused, ", as nothing is known ", unknown);
    CHECK(accepted > 20);
    CHECK(refused > 20);
}

TEST_CASE("error bound of a Gaussian, and its types") {
    const Input in("in", Float(32), {22, 34});
    const Var y("y"), x("x");
    Func rows("rows", Float(32)), out("out", Float(32), {20, 32});
    rows(y, x) = (in(y, x) + 2.0f * in(y, x + 1) + in(y, x + 2)) * 0.25f;
    out(y, x) = (rows(y, x) + 2.0f * rows(y + 1, x) + rows(y + 2, x)) * 0.25f;
    Schedule own(out), typed(out);
    const Type t = Fixed(16, 7, Round::rnd);
    typed.quantize({in, rows, out}, t);
    const std::vector<InputRange> given = {{in, 0, 255}};
    const double bound = error_bound(typed, given).front();
    const Buffer<float> pixels = random_buffer<float>(Float(32), {22, 34}, 0, 255, 1, 0.0625);
    const AnyBuffer want = realize(own, {pixels}).front(),
                    got = realize(typed, {with_type(pixels, t)}).front();
    const double seen = apart(want, got);
    CHECK(seen <= bound);
    CHECK(bound / seen <= 100);
    MESSAGE("Gaussian: bound ", bound, ", observed ", seen);
    for (const TensorRange& r : ranges(typed, given)) {
        CHECK(r.range.low >= -0.001);
        CHECK(r.range.high <= 255.001);
        CHECK(r.warning == "");
    }
    Schedule narrow(out);
    narrow.quantize(out, Fixed(8, 0));
    bool warned = false;
    for (const TensorRange& r : ranges(narrow, given))
        warned = warned || r.warning.find("out is Fixed(8, 0), and may be given 255") != std::string::npos;
    CHECK(warned);
    CHECK(std::isinf(error_bound(narrow, given).front()));

    const std::vector<TensorRange> measured = measure_ranges(own, {pixels});
    REQUIRE(measured.size() == 3);
    for (const TensorRange& r : measured)
        CHECK(std::accumulate(r.histogram.begin(), r.histogram.end(), int64_t{0}) > 0);
    for (const TypeChoice& c : propose_types(ranges(own, given), 16))
        CHECK(c.type == Fixed(16, 7, Round::rnd, Overflow::sat));
}

TEST_CASE("what a reduction starts with counts where it may stay") {
    const Param N("N");
    const Input a("a", Float(32), {8}), b("b", Float(32), {N});
    const Var i("i");
    const RDom k(0, 4, "k"), n(0, N, "n");
    Func full("full", Float(32), {1}), none("none", Float(32), {1}), own("own", Float(32), {8});
    full(i) = maximum(k, a(k));
    none(i) = maximum(n, b(n));
    own(i) = 100.0f;
    own(0) = max(own(0), a(0));
    const auto range_of_last = [](const Func& f, const Input& in) {
        return ranges(Schedule(f), {{in, -1, 1}}).back().range;
    };
    CHECK(range_of_last(full, a).low > -1.001);
    CHECK(range_of_last(full, a).high < 1.001);
    CHECK(range_of_last(none, b).low < -1e38);
    CHECK(range_of_last(own, a).high >= 100);
    Schedule empty(none), some(full);
    empty.quantize(none, Fixed(16, 8));
    some.quantize(full, Fixed(16, 8));
    CHECK(std::isinf(error_bound(empty, {{b, -1, 1}}).front()));
    CHECK(error_bound(some, {{a, -1, 1}}).front() < 0.01);
}

TEST_CASE("an error bound is of the algorithm as it is written, and not of several steps of it") {
    const Input in("in", Float(32), {8, 12});
    const Var y("y"), x("x");
    Func step("step", Float(32), {8, 12});
    step(y, x) = in(y, x) * 0.5f;
    Schedule s(step);
    s.stencil(step, {.iterate = 3});
    REQUIRE_THROWS_WITH_AS(
        error_bound(s, {{in, -1, 1}}),
        doctest::Contains(
            "error_bound compares with the algorithm as it is written, and iterate computes it 3 "
            "times: ask before iterate, or write the steps as Funcs"),
        Error);
}

TEST_CASE("inputs of known numbers, and which cannot be") {
    const Param N("N");
    const Input x("x", Float(32), {4}), w("w", Float(32), {3, 4}), open("open", Float(32), {N});
    const InOut changed("changed", Float(32), {4});
    const Var o("o"), i("i");
    const RDom k(0, 4, "k");
    Func y("y", Float(32), {3});
    y(o) = 0.0f;
    y(o) += x(k) * w(o, k);
    Buffer<float> numbers({3, 4});
    const float rows[] = {0, 0.25, 0.5, 0.125, 1, 1, 1, 1, -2, 0, 0, 0};
    std::copy(std::begin(rows), std::end(rows), numbers.begin());
    const auto near = [](const ValueRange& r, double low, double high) {
        return std::abs(r.low - low) < 1e-5 && std::abs(r.high - high) < 1e-5;
    };
    CHECK(near(ranges(Schedule({x, w}, {y}), {{x, 0, 1}, {w, numbers}}).back().range, -2, 4));
    CHECK(near(ranges(Schedule({x, w}, {y}), {{x, 0, 1}, {w, -2, 1}}).back().range, -8, 4));
    // 0.3 in Fixed(8, 2) is 0.25: the error of a weight is its own.
    Buffer<float> thirds({3, 4});
    std::fill(thirds.begin(), thirds.end(), 0.25f);
    thirds(1, 2) = 0.3f;
    Schedule typed({x, w}, {y});
    typed.quantize(w, Fixed(8, 2));
    const double bound = error_bound(typed, {{x, 0, 1}, {w, thirds}}).front();
    CHECK(bound > 0.05);
    CHECK(bound < 0.0501);
    CHECK_THROWS_WITH_AS(ranges(typed, {{w, Buffer<float>({4, 3})}}),
                         doctest::Contains("w is {3, 4}, and the buffer of its numbers is {4, 3}"), Error);
    thirds(0, 0) = 1e6f; // infinite in Float(16), and too far for Fixed(8, 2)
    typed.quantize(w, Float(16));
    CHECK(std::isinf(error_bound(typed, {{x, 0, 1}, {w, thirds}}).front()));
    typed.quantize(w, Fixed(8, 2, Round::rnd, Overflow::sat));
    CHECK(error_bound(typed, {{x, 0, 1}, {w, thirds}}).front() > 999000);
    CHECK(ranges(typed, {{x, 0, 1}, {w, thirds}})[1].warning.find("may be given 1000000") !=
          std::string::npos);
    thirds(0, 0) = std::numeric_limits<float>::infinity();
    CHECK_THROWS_WITH_AS(error_bound(typed, {{w, thirds}}), doctest::Contains("the numbers of w hold inf"),
                         Error);
    Func f("f", Float(32), {N});
    f(i) = open(i);
    CHECK_THROWS_WITH_AS(ranges(Schedule(f), {{open, Buffer<float>({4})}}),
                         doctest::Contains("open has no constant shape: bind its sizes"), Error);
    const Kernel kernel("kernel", {changed},
                        [&](KernelBody& b) { b.for_(i, 0, 4, [&] { changed(i) = changed(i) * 0.5f; }); });
    CHECK_THROWS_WITH_AS(ranges(Schedule(kernel), {{changed, Buffer<float>({4})}}),
                         doctest::Contains("changed is written, too: give it a range"), Error);
    const Kernel slow("slow", {x, changed}, [&](KernelBody& b) {
        b.for_(i, 0, 1500, [&] { b.for_(o, 0, 1500, [&] { changed(0) = changed(1) + x(1); }); });
    });
    CHECK_THROWS_WITH_AS(ranges(Schedule(slow), {{x, 0, 1}, {changed, 0, 1}}),
                         doctest::Contains("the program takes more than 2097152 steps to follow"), Error);
}

TEST_CASE("what has no bound of values is refused, with its line") {
    const Input x("x", Float(32), {8}), n("n", Fixed(8, 4), {8});
    const InOut a("a", Float(32), {8});
    const Var i("i");
    const RDom k(0, 4, "k");
    const auto refused = [&](const std::function<void(Func&)>& define, Type type, const char* what) {
        Func f("f", type, {8});
        define(f);
        Schedule s({x, n}, {f});
        CHECK_THROWS_WITH_AS(error_bound(s, {{x, -1, 1}, {n, -1, 1}}), doctest::Contains(what), Error);
        CHECK_THROWS_WITH_AS(error_bound(s, {{x, -1, 1}, {n, -1, 1}}), doctest::Contains("error_bounds.cpp:"),
                             Error);
    };
    refused([&](Func& f) { f(i) = sqrt(x(i)); }, Float(32), "sqrt may meet a negative number");
    refused([&](Func& f) { f(i) = n(i) << 1; }, Fixed(8, 4),
            "there is no error bound: << works on rounded numbers");
    refused(
        [&](Func& f) {
            f(i) = 1;
            f(i) *= n(k);
        },
        Fixed(8, 4), "there is no error bound: *= works on rounded numbers");
    const auto kernel = [&](const std::function<void(KernelBody&)>& body, const char* what) {
        CHECK_THROWS_WITH_AS(ranges(Schedule(Kernel("kernel", {x, a}, body)), {{x, 0, 1}, {a, 0, 1}}),
                             doctest::Contains(what), Error);
    };
    kernel([&](KernelBody& b) { b.while_([&] { return a(0) < 8; }, [&] { a(0) += 1; }); },
           "nothing is known of how often a while loop runs");
    kernel([&](KernelBody& b) { b.for_(i, 0, 5000, [&] { a(0) = a(1) + x(0); }); },
           "what the loop i keeps from iteration to iteration grows for more than 4096 of them");
    const Kernel chosen("chosen", {x, a}, [&](KernelBody& b) {
        a(0) = a(0) + x(0);
        b.if_(a(0) > 1, [&] { a(1) = 0; });
    });
    CHECK_THROWS_WITH_AS(error_bound(Schedule(chosen), {{x, 0, 1}, {a, 0, 1}}),
                         doctest::Contains("what runs at "), Error);
    Func huge("huge", Float(64), {8});
    huge(i) = cast(Float(64), x(i)) * 1e300 * 1e300;
    CHECK_THROWS_WITH_AS(propose_types(ranges(Schedule(huge), {{x, -1, 1}}), 16),
                         doctest::Contains("the range of huge is not finite: no type holds it"), Error);
    CHECK_THROWS_WITH_AS(measure_ranges(Schedule(huge), {}),
                         doctest::Contains("x has no data: 0 buffers are given"), Error);
}

TEST_CASE("an error bound that does not exist is refused by name") {
    const Input a("a", Float(32), {8, 8});
    const Var i("i"), j("j");
    const RDom k(0, 8, "k");
    Func best("best", Int(32), {8});
    best(i) = argmin(k, a(i, k)).at[0];
    Schedule s(best);
    s.quantize(a, Fixed(8, 4));
    CHECK_THROWS_WITH_AS(error_bound(s, {{a, -1, 1}}),
                         doctest::Contains("which value wins in argmin or argmax"), Error);
    Func quotient("quotient", Float(32), {8, 8});
    quotient(i, j) = a(i, j) / a(j, i);
    CHECK_THROWS_WITH_AS(error_bound(Schedule(quotient), {{a, -1, 1}}), doctest::Contains("may be 0"), Error);
    const Input other("other", Float(32), {8});
    CHECK_THROWS_WITH_AS(ranges(Schedule(quotient), {{other, 0, 1}}),
                         doctest::Contains("other is no input of this schedule's algorithm"), Error);
    CHECK_THROWS_WITH_AS(ranges(Schedule(quotient), {{a, 1, 0}}),
                         doctest::Contains("the range of a ends before it begins"), Error);
}

#ifdef LATHE_TEST_APPS

TEST_CASE("no error bound where literals are rounded") {
    Var i("i");
    Input a("a", Float(32), {8});
    Func f("f", Float(32), {8}), g("g", Float(32), {8});
    f(i) = a(i) * 0.3f + 0.25f;
    g(i) = f(i);
    Schedule plain(g), rounded(g);
    plain.quantize(f, Fixed(12, 8));
    CHECK(error_bound(plain, {{a, -1, 1}})[0] > 0);
    rounded.quantize(f, Fixed(12, 8), {.literals = Fixed(8, 2)});
    CHECK_THROWS_WITH_AS(error_bound(rounded, {{a, -1, 1}}), doctest::Contains("rounds literals"), Error);
}

TEST_CASE("error bound of Jacobi's sweeps") {
    constexpr int64_t H = 14, W = 15, sweeps = 6;
    const Jacobi j = jacobi(Float(32), H, W, sweeps);
    Schedule own(j.kernel), typed(j.kernel);
    const Type t = Fixed(24, 16, Round::rnd);
    typed.quantize(j.A, t);
    const double bound = error_bound(typed, {{j.A, 0, 4}}).front();
    std::vector<AnyBuffer> a = {random_buffer<float>(Float(32), {H, W}, 0, 4, 1, 0.03125)},
                           b = {with_type(a[0], t)};
    interpret(own.reference(), {&a[0]});
    interpret(typed.reference(), {&b[0]});
    const double seen = apart(a[0], b[0]);
    CHECK(seen <= bound);
    CHECK(bound / seen <= 100);
    MESSAGE("Jacobi: bound ", bound, ", observed ", seen);
}

TEST_CASE("error bound of LeNet") {
    const LeNet net = lenet(Activation::tanh);
    const LeNetData data(Activation::tanh, SUPPORT_DATA);
    Schedule own = cpu_schedule(net), typed = own;
    const Type t = Fixed(16, 12, Round::rnd, Overflow::sat);
    quantize(typed, net, t, t);
    // Of any weights, and of those that the network has: a bound for each channel.
    const std::vector<AnyBuffer> inputs = data.inputs(own, 0, 8);
    std::vector<InputRange> any = {{net.image, 0, 1}}, given = any;
    for (size_t w = 0; w < net.weights.size(); ++w) {
        any.emplace_back(net.weights[w], -1, 1);
        given.emplace_back(net.weights[w], inputs[w + 1]);
    }
    const auto start = std::chrono::steady_clock::now();
    const double bound = error_bound(typed, given).front();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const AnyBuffer want = realize(own, inputs).front(),
                    got = realize(typed, data.inputs(typed, 0, 8)).front();
    const double of_any = error_bound(typed, any).front();
    CHECK(apart(want, got) <= bound);
    CHECK(bound < of_any / 10);
    CHECK(std::isfinite(of_any));
    // A tanh fits; a sum does not fit what is made for one.
    CHECK_NOTHROW(Schedule(typed).quantize({net.act1, net.act2, net.act3}, t, {.strict = true}));
    CHECK_THROWS_WITH_AS(Schedule(typed).quantize(net.sum1, t, {.strict = true}),
                         doctest::Contains("does not fit Fixed(16, 12, rnd, sat)"), Error);
    MESSAGE("LeNet: bound ", bound, " in ", seconds, " s (of any weights ", of_any, "), observed ",
            apart(want, got));
}

#endif
