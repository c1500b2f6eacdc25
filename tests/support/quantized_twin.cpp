#include "quantized_twin.h"

#include "lathe/lathe.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

Type random_type(TwinKind kind, std::mt19937& random) {
    const Type floats[] = {Float(32), Float(64), Float(16), BFloat(16)};
    if (kind == TwinKind::floats || (kind == TwinKind::mixed && random() % 2)) return floats[random() % 4];
    const int width = 2 + static_cast<int>(random() % 30), frac = static_cast<int>(random() % 8);
    switch (random() % 5) {
    case 0:
        return Int(width);
    case 1:
        return UInt(width);
    case 2:
        return UFixed(width, frac);
    case 3:
        return Fixed(width, frac, Round::rnd_conv, Overflow::sat);
    default:
        return Fixed(width, frac);
    }
}

/// Two inputs and four Funcs of declared types, undeclared Funcs between them.
class TwinMaker {
  public:
    TwinMaker(TwinKind k, unsigned seed, const TwinTypes& t) : kind(k), random(seed), types(t.types) {}

    Twin make() {
        inputs.emplace_back("a", types[0], Shape{size, size});
        inputs.emplace_back("b", types[1], Shape{size, size});
        for (size_t n = inputs.size(); n < types.size(); ++n) {
            if (pick(3) == 0) funcs.push_back(undeclared(n));
            funcs.push_back(declared(n));
        }
        Twin twin;
        for (const Input& in : inputs)
            twin.declared.push_back(in.symbol());
        for (const Func& f : funcs)
            if (f.name()[0] == 'f') twin.declared.push_back(f.symbol());
        twin.algorithm = build(funcs, inputs);
        return twin;
    }

  private:
    static constexpr int size = 5;

    int pick(int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }

    Func undeclared(size_t n) {
        Func u("u" + std::to_string(n), Shape{size, size});
        if (pick(3) == 0) return copy("c" + std::to_string(n), inputs[static_cast<size_t>(pick(2))]);
        u(i, j) = value(i, j, 2) + leaf(i, j);
        return u;
    }

    Func declared(size_t n) {
        Func f("f" + std::to_string(n), types[n], Shape{size, size});
        f(i, j) = value(i, j, 2);
        for (int u = pick(3); u-- > 0;)
            update(f);
        return f;
    }

    void update(Func& f) {
        RDom r(0, size, "r");
        switch (pick(5)) {
        case 0:
            f(i, j) += value(r, j, 1);
            return;
        case 1:
            f(i, j) = max(f(i, j), value(r, j, 1));
            return;
        case 2:
            f(r, j) *= literal();
            return;
        case 3:
            f(i, clamp(cast(Int(9), leaf(r, i)), 0, size - 1)) -= literal();
            return;
        default:
            f(i, j) = select(f(i, j) < literal(), value(i, j, 1), f(i, j));
        }
    }

    Expr leaf(const Expr& y, const Expr& x) {
        const int n = pick(static_cast<int>(inputs.size() + funcs.size()));
        const auto at = static_cast<size_t>(n);
        if (at >= inputs.size()) return funcs[at - inputs.size()](y, x);
        switch (pick(4)) {
        case 0:
            return constant_edge(inputs[at], 1)(y - 1, x);
        case 1:
            return mirror(inputs[at])(y + 2, x);
        default:
            return inputs[at](y, x);
        }
    }

    Expr literal() {
        const double reals[] = {0.5, 1.5, -0.25, 0.3, 2.75};
        if (kind != TwinKind::mixed && pick(3) == 0) return Expr(pick(5) - 2);
        return Expr(reals[pick(5)]);
    }

    /// Beside a literal or a tensor of either kind of number.
    Expr value(const Expr& y, const Expr& x, int depth) {
        if (depth == 0) return leaf(y, x);
        if (pick(3) == 0) return reduction(y, x, depth - 1);
        const Expr a = value(y, x, depth - 1);
        switch (pick(9)) {
        case 0:
            return a + literal();
        case 1:
            return a * literal() - leaf(y, x);
        case 2:
            return min(a, literal());
        case 3:
            return select(a < literal(), a, literal());
        case 4:
            return select(leaf(y, x) >= a, leaf(y, x), a);
        case 5:
            return cast(Fixed(12, 3), a) + leaf(y, x);
        case 6:
            return kind == TwinKind::floats ? floating(a, leaf(y, x)) : abs(a);
        case 7:
            return -a;
        default:
            return kind == TwinKind::exact ? popcount(cast(Int(11), a)) + a : a * a;
        }
    }

    Expr floating(const Expr& a, const Expr& b) {
        switch (pick(4)) {
        case 0:
            return fma(a, b, literal());
        case 1:
            return fma(a, leaf(i, j), b);
        case 2:
            return sqrt(abs(a));
        default:
            return pow(abs(cast(Float(32), a)) + 1, literal());
        }
    }

    Expr reduction(const Expr& y, const Expr& x, int depth) {
        // None, one or several points; some under a condition.
        RDom r(0, pick(4), "s");
        if (pick(3) == 0) r.where(leaf(r, x) > literal());
        const Expr v = value(r, x, depth);
        switch (pick(9)) {
        case 0:
            return sum(r, v);
        case 1:
            return sum(r, v, kind == TwinKind::floats ? Float(32) : Int(24));
        case 2:
            return minimum(r, v);
        case 3:
            return maximum(r, v);
        case 4:
            return argmin(r, v).value;
        case 5: {
            const Best best = argmax(r, v);
            return select(best.at[0] >= 1, best.value, leaf(y, x));
        }
        case 6:
            return product(r, v);
        case 7:
            return product(r, v, kind == TwinKind::floats ? Float(32) : Int(40));
        default: {
            const Reducer pair("pair", {{Fixed(20, 4), 0}, {Int(32), 3}},
                               [](const std::vector<Expr>& old, const std::vector<Expr>& at) {
                                   return std::vector<Expr>{at[0], old[1] + 1};
                               });
            const std::vector<Expr> both = pair(r, {v});
            return both[0] + both[1];
        }
        }
    }

    TwinKind kind;
    std::mt19937 random;
    std::vector<Type> types;
    Var i{"i"}, j{"j"};
    std::vector<Input> inputs;
    std::vector<Func> funcs;
};

} // namespace

TwinTypes random_types(TwinKind kind, std::mt19937& random) {
    TwinTypes t;
    for (size_t n = 0; n < twin_tensors; ++n)
        t.types.push_back(random_type(kind, random));
    return t;
}

Twin make_twin(TwinKind kind, unsigned seed, const TwinTypes& types) {
    return TwinMaker(kind, seed, types).make();
}
