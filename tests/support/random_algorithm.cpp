#include "random_algorithm.h"

#include "lathe/dsl/boundary.h"

using namespace lathe;

namespace {

/// Stages of random expressions: of random types, with selects, positions beyond edges, gathers, constants,
/// sums, scatters.
class RandomAlgorithm {
  public:
    explicit RandomAlgorithm(std::mt19937& r) : random(r) {
        for (int n = 0; n < 2 + pick(2); ++n)
            inputs.emplace_back("in" + std::to_string(n), storage_type(), Shape{N + 2, M + 3});
        std::vector<Expr> elements;
        for (int n = 0; n < 8; ++n)
            elements.push_back(Expr(pick(200) - 100));
        tables.emplace_back("table", Int(9), std::vector<int64_t>{8}, elements);
    }

    Algorithm make() {
        const int stages = 1 + pick(3);
        for (int n = 0; n < stages; ++n) {
            const std::string name = "f" + std::to_string(n);
            // A Func without a shape is read at offsets; the last one is the output.
            const bool shaped = n + 1 == stages || pick(2);
            Func f = shaped ? Func(name, storage_type(), Shape{N, M}) : Func(name, storage_type());
            f(i, j) = value(i, j, 3);
            for (int u = pick(3); u-- > 0;)
                update(f);
            (shaped ? shapes : regions).push_back(f);
        }
        return build({shapes.back()});
    }

  private:
    int pick(int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }

    Type exact_type() {
        const int width = 1 + pick(pick(4) ? 24 : 80);
        const auto round = static_cast<Round>(pick(7));
        const auto overflow = static_cast<Overflow>(pick(4));
        switch (pick(4)) {
        case 0:
            return Int(width);
        case 1:
            return UInt(width);
        case 2:
            return Fixed(width, pick(width + 4) - 2, round, overflow);
        default:
            return UFixed(width, pick(width + 4) - 2, round, overflow);
        }
    }
    Type float_type() {
        const Type types[] = {Float(32), Float(32), Float(64), Float(16), BFloat(16)};
        return types[pick(5)];
    }
    Type storage_type() { return pick(4) == 0 ? float_type() : pick(8) == 0 ? Bool() : exact_type(); }

    /// x, of a type that leaves room for more operations.
    Expr tamed(const Expr& x) {
        return x.type().is_exact() && x.type().width() > 90 ? cast(exact_type(), x) : x;
    }

    /// An integer of few bits: an amount of a shift, a divisor.
    Expr small(const Expr& x) { return cast(pick(2) ? Int(4) : UInt(3), x); }

    Expr position(const Expr& x, const Expr& last) { return clamp(cast(Int(20), x), 0, last); }

    Expr leaf(const Expr& y, const Expr& x) {
        const Input& in = inputs[static_cast<size_t>(pick(static_cast<int>(inputs.size())))];
        switch (pick(9)) {
        case 0:
            return Expr(pick(40) - 20);
        case 1:
            return tables[0](floor_mod(x * 3 + y, 8));
        case 2:
            return pick(2) ? y : x;
        case 3:
            return bounded(in)(y - 2, x + 4);
        case 4:
            if (!shapes.empty()) return bounded(shapes.back())(y + pick(3) - 1, x + pick(5) - 2);
            return in(y + 2, x + 1);
        case 5:
            if (!regions.empty()) return regions.back()(y + pick(3), x + pick(3));
            return in(y, x);
        case 6:
            return in(y, position(in(y, x + 1), M + 2)); // a gather
        default:
            return in(y + pick(3), x + pick(4));
        }
    }

    Bounded bounded(const Source& source) {
        switch (pick(4)) {
        case 0:
            return constant_edge(source, pick(2));
        case 1:
            return mirror(source);
        case 2:
            return wrap(source);
        default:
            return repeat_edge(source);
        }
    }

    Expr value(const Expr& y, const Expr& x, int depth) {
        if (depth == 0 || pick(8) == 0) return leaf(y, x);
        const Expr a = tamed(value(y, x, depth - 1));
        if (pick(5) == 0) return unary(a);
        Expr b = tamed(value(y, x, depth - 1));
        if (pick(5) == 0) {
            const Expr c = tamed(value(y, x, depth - 1));
            return select(compared(a, b), a, alike(c, a));
        }
        b = alike(b, a);
        return a.type().is_float() || b.type().is_float() ? of_floats(a, b) : of_exact(a, b);
    }

    /// y, to stand beside x: a float and an exact number do not mix.
    Expr alike(const Expr& y, const Expr& x) {
        const auto is_float = [](const Expr& e) { return e.type().is_float() || e.type().is_real(); };
        if (is_float(y) == is_float(x)) return y;
        return cast(is_float(x) ? Float(32) : exact_type(), y);
    }

    Expr compared(const Expr& a, const Expr& other) {
        const Expr b = alike(other, a);
        switch (pick(4)) {
        case 0:
            return a < b;
        case 1:
            return a >= b;
        case 2:
            return a != b || a > b;
        default:
            return !(a == b);
        }
    }

    Expr unary(const Expr& a) {
        switch (pick(a.type().is_float() ? 6 : 4)) {
        case 0:
            return -a;
        case 1:
            return cast(exact_type(), a);
        case 2:
            return a.type().is_bool() ? !a : abs(a);
        case 3:
            return a.type().is_float() ? cast(float_type(), a) : ~a;
        case 4:
            return a.type().width() == 64 ? floor(a) : tanh(a);
        default:
            return sqrt(a);
        }
    }

    Expr of_floats(const Expr& a, const Expr& b) {
        switch (pick(6)) {
        case 0:
            return a + b;
        case 1:
            return a - b;
        case 2:
            return a * b;
        case 3:
            return a / b;
        case 4:
            return min(a, b);
        default:
            return fma(a, b, a);
        }
    }

    Expr of_exact(const Expr& a, const Expr& b) {
        const bool integers = a.type().is_int() && b.type().is_int();
        switch (pick(integers ? 12 : 8)) {
        case 0:
            return a + b;
        case 1:
            return a - b;
        case 2:
            return a * b;
        case 3:
            return min(a, b);
        case 4:
            return max(a, b);
        case 5:
            return (a + b) >> 1;
        case 6:
            return a << small(b);
        case 7:
            return a / small(b);
        case 8:
            return a % b;
        case 9:
            return a & b;
        case 10:
            return floor_div(a, b);
        default:
            return (a ^ b) | floor_mod(a, small(b));
        }
    }

    static Expr zero(Type t) { return Constant::make(cast(t, Value::literal(0))); }

    /// A sum along rows, a recurrence, or a scatter.
    void update(Func& f) {
        const Type t = f.type();
        const int kind = pick(3);
        if (kind == 0) {
            RDom r(0, 3, "r");
            const Expr x = value(i, j, 1), step = alike(inputs[0](i + r, j + 1), zero(t));
            if (t.is_bool())
                f(i, j) = f(i, j) ^ (x == 0);
            else
                f(i, j) += alike(x, zero(t)) + step;
        } else if (kind == 1) {
            RDom r({{0, N}, {0, M}}, "r");
            r.where(r.x + r.y != 3);
            const Expr x = inputs[0](r.x, r.y);
            f(clamp(r.y % 5 - 1, 0, N - 1), r.y) = alike(x, zero(t));
        } else {
            f(i, j) = select(j % 2 == 0, f(i, j), alike(value(i, j, 1), zero(t)));
        }
    }

    std::mt19937& random;
    Param N{"N"}, M{"M"};
    Var i{"i"}, j{"j"};
    std::vector<Input> inputs;
    std::vector<Const> tables;
    std::vector<Func> shapes, regions; ///< the stages with and without a shape
};

} // namespace

Program random_algorithm(std::mt19937& random) {
    return {RandomAlgorithm(random).make(),
            {{{"N", 3}, {"M", 17}},
             {{"N", 1}, {"M", 1}},
             {{"N", 0}, {"M", 5}},
             {{"N", 4}, {"M", 0}},
             {{"N", 2}, {"M", 8}}}};
}
