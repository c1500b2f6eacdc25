/// Ranges, strict types and error bounds of random programs: whatever they compute is inside.

#include "program.h"
#include "random_expressions.h"

#include <cmath>

using namespace lathe;
using namespace lathe::ir;

namespace {

constexpr int64_t size = 8;

unsigned pick(std::mt19937& random, unsigned n) {
    return static_cast<unsigned>(random() % n);
}

Type exact_type(std::mt19937& random) {
    const auto width = static_cast<int>(2 + pick(random, 8));
    const auto round = static_cast<Round>(pick(random, 7));
    const int frac = static_cast<int>(pick(random, 6)) - 1;
    switch (pick(random, 4)) {
    case 0:
        return UInt(width - 1);
    case 1:
        return Fixed(width + 1, frac, round, static_cast<Overflow>(pick(random, 5)));
    case 2:
        return UFixed(width, frac, round, static_cast<Overflow>(pick(random, 4)));
    default:
        return Int(width);
    }
}

Type any_type(std::mt19937& random) {
    switch (pick(random, 8)) {
    case 0:
        return Float(16);
    case 1:
        return Float(32);
    case 2:
        return BFloat(16);
    default:
        return exact_type(random);
    }
}

/// Expressions of everything that the language has, but for reductions.
class AnyExpression : RandomExpressions {
  public:
    std::vector<std::function<Expr(const Expr&)>> leaves;
    explicit AnyExpression(std::mt19937& r) : RandomExpressions(r), random(r) {}

    Expr make(int depth, const Expr& i) {
        if (depth == 0 || pick(6) == 0) return leaf({}, i);
        Expr a = make(depth - 1, i), b = make(depth - 1, i);
        try {
            Expr e = pick(3) ? arithmetic(a, b) : pick(2) ? of_bits(a, b) : of_functions(a, b, i);
            constexpr int widest = 70;
            return e.type().width() > widest ? cast(Int(12), e) : e;
        } catch (const InternalError&) {
            throw;
        } catch (const Error&) { // the types refuse it
            return a;
        }
    }

  private:
    Expr leaf(const Expr&, const Expr& i) override {
        switch (pick(10)) {
        case 0:
            return cast(::exact_type(random), Expr(pick(40) - 20));
        case 1:
            return Expr(int64_t{1} << (20 + pick(40)));
        case 2:
            return cast(any_type(random), Expr(static_cast<float>(pick(99)) / 7));
        default:
            return leaves[random() % leaves.size()](i);
        }
    }

    /// Beside what all random expressions have: what ranges say more of than of others.
    Expr arithmetic(const Expr& a, const Expr& b) {
        switch (pick(12)) {
        case 0:
            return unary(a);
        case 1:
            return select(compared(a, b), a, alike(b, a));
        case 2:
            return select(a < b, a, b);
        case 3:
            return a * a;
        case 4:
            return cast(any_type(random), a);
        case 5:
            return cast(Int(3), cast(Bool(), a)) + b;
        case 6:
            return a / (abs(b) + 1);
        case 7:
            return select(a > 0, a, cast(Int(3), 0)) - b;
        default:
            return combined(a, b);
        }
    }

    Expr of_bits(const Expr& a, const Expr& b) {
        const int low = pick(a.type().width());
        switch (pick(4)) {
        case 0:
            return a >> pick(4);
        case 1:
            return a << pick(4);
        case 2:
            return a(low + pick(a.type().width() - low), low);
        default:
            return a % (abs(b) + 1);
        }
    }

    Expr of_functions(const Expr& a, const Expr& b, const Expr& i) {
        const Expr x = cast(pick(4) ? Float(32) : Float(16), a), y = cast(Float(32), b);
        switch (pick(8)) {
        case 0:
            return sqrt(abs(x));
        case 1:
            return tanh(x);
        case 2:
            return exp(min(x, 4.0f));
        case 3:
            return log(abs(x) + 0.125f);
        case 4:
            return pow(abs(x) + 0.5f, clamp(y, -2.0f, 3.0f));
        case 5:
            return cos(x);
        case 6:
            return sqrt(x - y);
        default:
            return leaves[0](clamp(cast(Int(32), a), 0, static_cast<int>(size) - 1)) + leaves[1](i);
        }
    }

    std::mt19937& random;
};

/// A kernel that reads what it overwrote by a let, branches on data and loops as far as data say.
struct AnyKernel {
    Input a, b;
    InOut s;
    Output f;
    Kernel kernel;

    AnyKernel(std::mt19937& random, Type result)
        : a("a", any_type(random), {size}), b("b", any_type(random), {size}), s("s", any_type(random), {2}),
          f("f", result, {size}), kernel("k", {a, b, s, f}, [&](KernelBody& k) { body(random, k); }) {}

  private:
    void body(std::mt19937& random, KernelBody& k) {
        const Var i("i");
        AnyExpression make(random);
        make.leaves = {[&](const Expr& n) { return Expr(a(n)); }, [&](const Expr& n) { return Expr(b(n)); },
                       [&](const Expr&) { return Expr(s(0)); }};
        const Expr kept = k.let(s(0));
        k.for_(i, 0, size, [&] { f(i) = 0; });
        if (pick(random, 2)) s(0) = make.make(1, Expr(0));
        make.leaves.emplace_back([kept](const Expr&) { return kept; });
        const auto fill = [&](const Expr& end) {
            k.for_(i, 0, end, [&] {
                if (pick(random, 3) == 0) s(1) = make.make(1, i);
                f(i) = make.make(1 + static_cast<int>(pick(random, 3)), i);
            });
        };
        const unsigned shape = pick(random, 4);
        if (shape == 0) {
            const Expr last = clamp(cast(Int(32), make.make(1, Expr(1))), 0, static_cast<int>(size));
            fill(last);
        } else if (shape == 1) {
            const Expr condition = make.make(1, Expr(1)) > make.make(1, Expr(2));
            k.if_(condition, [&] { fill(size); });
        } else {
            fill(size);
        }
    }
};

double number(const AnyBuffer& b, int64_t n) {
    return b.get({n}).as_double();
}

/// Numbers of a type, half of them at the ends of a range.
AnyBuffer numbers(std::mt19937& random, Type type, int64_t count, const ValueRange& within) {
    AnyBuffer all(type, {count});
    for (int64_t n = 0; n < count; ++n) {
        const double part = pick(random, 3) == 0 ? 0 : pick(random, 2) ? 1 : pick(random, 1001) / 1000.0;
        const double x = within.low + part * (within.high - within.low);
        all.set({n}, cast(type, Value::from_double(Float(64), x)));
    }
    return all;
}

AnyBuffer converted(const AnyBuffer& from, Type type) {
    AnyBuffer to(type, from.shape());
    for (int64_t n = 0; n < to.size(); ++n)
        to.set({n}, cast(type, from.get({n})));
    return to;
}

/// The InOut and the Output after a run.
std::vector<AnyBuffer> run(const Schedule& s, const std::vector<AnyBuffer>& data) {
    std::vector<AnyBuffer> all;
    for (const Argument& a : s.reference().top().arguments)
        all.push_back(all.size() < data.size() ? converted(data[all.size()], a.tensor.type)
                                               : AnyBuffer(a.tensor.type, {size}));
    interpret(s.reference(), {&all[0], &all[1], &all[2], &all[3]});
    return {all[2], all[3]};
}

void check_inside(const Schedule& s, const std::vector<AnyBuffer>& got,
                  const std::vector<InputRange>& given) {
    std::vector<TensorRange> all;
    try {
        all = ranges(s, given);
    } catch (const InternalError&) {
        throw;
    } catch (const Error& e) {
        REQUIRE(std::string(e.what()).find("there is no bound of values") != std::string::npos);
        return;
    }
    for (size_t t = 0; t < got.size(); ++t)
        for (int64_t n = 0; n < got[t].size(); ++n) {
            const TensorRange& r = all[t + 2];
            const double x = number(got[t], n);
            CAPTURE(r.range.low);
            CAPTURE(r.range.high);
            CAPTURE(x);
            if (std::isnan(x))
                REQUIRE(!r.warning.empty());
            else
                REQUIRE((r.range.low <= x && x <= r.range.high));
        }
}

struct Counts {
    int bound = 0, infinite = 0, refused = 0, accepted = 0, may_not_fit = 0;
};

void check_bound(const Schedule& typed, const std::vector<AnyBuffer>& want, const std::vector<AnyBuffer>& got,
                 const std::vector<InputRange>& given, Counts& counts) {
    std::vector<double> bounds;
    try {
        bounds = error_bound(typed, given);
    } catch (const InternalError&) {
        throw;
    } catch (const Error& e) {
        const std::string why = e.what();
        REQUIRE((why.find("there is no error bound: ") != std::string::npos ||
                 why.find("there is no bound of values") != std::string::npos));
        ++counts.refused;
        return;
    }
    for (size_t t = 0; t < got.size(); ++t) {
        ++(std::isfinite(bounds[t]) ? counts.bound : counts.infinite);
        if (!std::isfinite(bounds[t])) continue;
        for (int64_t n = 0; n < got[t].size(); ++n) {
            const double x = number(want[t], n), y = number(got[t], n);
            CAPTURE(t);
            CAPTURE(x);
            CAPTURE(y);
            CAPTURE(bounds[t]);
            REQUIRE(std::abs(x - y) <= bounds[t]);
        }
    }
}

void check_strict(std::mt19937& random, const AnyKernel& k, const std::vector<AnyBuffer>& data,
                  Counts& counts) {
    const Type narrow = exact_type(random),
               wide = narrow.is_signed() ? Fixed(narrow.width() + 80, narrow.frac(), narrow.round())
                                         : Fixed(narrow.width() + 81, narrow.frac(), narrow.round());
    Schedule strict(k.kernel), open(k.kernel);
    open.quantize(k.f, narrow.is_fixed() ? wide : Int(90));
    try {
        strict.quantize(k.f, narrow, {.strict = true});
    } catch (const InternalError&) {
        throw;
    } catch (const Error&) {
        ++counts.may_not_fit;
        return;
    }
    ++counts.accepted;
    const AnyBuffer got = run(strict, data)[1], want = run(open, data)[1];
    INFO(print(strict));
    for (int64_t n = 0; n < size; ++n)
        REQUIRE(number(got, n) == number(want, n));
}

} // namespace

TEST_CASE("ranges, strict types and error bounds hold on random programs") {
    std::mt19937 random(3);
    Counts counts;
    const int count = deep() ? 10000 : 400;
    for (int n = 0; n < count; ++n) {
        const Type results[] = {Float(64), Int(24), Fixed(40, 8), Float(32), Int(4), Float(16)};
        std::unique_ptr<AnyKernel> k;
        std::optional<Schedule> made;
        try {
            k = std::make_unique<AnyKernel>(random, results[pick(random, 6)]);
            made.emplace(k->kernel);
        } catch (const InternalError&) {
            throw;
        } catch (const Error&) { // a type that refuses what the kernel does with it
            continue;
        }
        const Schedule own = *made;
        Schedule typed = own;
        const auto quantize = [&](const TensorRef& t) {
            if (pick(random, 2) == 0) return;
            try {
                typed.quantize(t, any_type(random));
            } catch (const InternalError&) {
                throw;
            } catch (const Error&) { // it steers the program, or an operation refuses the type
                return;
            }
        };
        quantize(k->a);
        quantize(k->b);
        quantize(k->s);
        quantize(k->f);
        std::vector<InputRange> given;
        std::vector<AnyBuffer> data, full;
        const auto input = [&](const auto& t, int64_t elements) {
            const bool floats = t.type().is_float();
            const ValueRange all =
                floats ? ValueRange{-40, 40}
                       : ValueRange{min_value(t.type()).as_double(), max_value(t.type()).as_double()};
            full.push_back(numbers(random, t.type(), elements, all));
            ValueRange part = all;
            if (pick(random, 2)) part = {all.low / 2, std::max(all.low / 2, all.high / 4)};
            if (pick(random, 5) == 0) part.high = part.low;
            data.push_back(numbers(random, t.type(), elements, part));
            // Rounding to its own type may have taken a number out of the range.
            for (int64_t e = 0; e < elements; ++e)
                part = {std::min(part.low, number(data.back(), e)),
                        std::max(part.high, number(data.back(), e))};
            given.emplace_back(t, part.low, part.high);
        };
        input(k->a, size);
        input(k->b, size);
        input(k->s, 2);
        if (pick(random, 4) == 0) given[1] = InputRange(k->b, data[1]);
        CAPTURE(n);
        INFO(print(own));
        INFO(print(typed));
        const std::vector<AnyBuffer> want = run(own, data), got = run(typed, data);
        check_inside(own, want, given);
        check_inside(typed, got, given);
        check_bound(typed, want, got, given, counts);
        check_strict(random, *k, full, counts);
    }
    MESSAGE("bounds ", counts.bound, ", infinite ", counts.infinite, ", refused ", counts.refused,
            "; strict accepted ", counts.accepted, ", refused ", counts.may_not_fit);
    CHECK(counts.bound > count / 20);
    CHECK(counts.accepted > count / 40);
}
