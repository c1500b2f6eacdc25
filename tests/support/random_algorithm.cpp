#include "random_program.h"

#include "random_expressions.h"

#include "lathe/dsl/boundary.h"

using namespace lathe;

namespace {

/// Stages of random expressions: of random types, with selects, positions beyond edges, gathers, constants,
/// sums, scatters, pairs of values.
class RandomAlgorithm : RandomExpressions {
  public:
    explicit RandomAlgorithm(std::mt19937& r) : RandomExpressions(r) {
        for (int n = 0; n < 2 + pick(2); ++n)
            inputs.emplace_back("in" + std::to_string(n), storage_type(), Shape{N + 6, M + 8});
        std::vector<Expr> elements;
        for (int n = 0; n < 8; ++n)
            elements.push_back(Expr(pick(200) - 100));
        tables.emplace_back("table", Int(9), std::vector<int64_t>{8}, elements);
    }

    Algorithm make() {
        const int stages = 1 + pick(pick(2) ? 3 : 2);
        for (int n = 0; n < stages; ++n) {
            const std::string name = "f" + std::to_string(n);
            // A Func without a shape is read at offsets; the last one is the output.
            const bool last = n + 1 == stages, shaped = last || pick(2);
            if (pick(5) == 0) {
                pairs.push_back(pair(name, last));
                if (last) return build({pairs.back()});
                continue;
            }
            Func f = shaped ? Func(name, storage_type(), Shape{N, M}) : Func(name, storage_type());
            f(i, j) = value(i, j, 1 + pick(3));
            for (int u = pick(3); u-- > 0;)
                update(f, shaped);
            (shaped ? shapes : regions).push_back(f);
        }
        return build({shapes.back()});
    }

  private:
    Expr leaf(const Expr& y, const Expr& x) override {
        const Input& in = inputs[static_cast<size_t>(pick(static_cast<int>(inputs.size())))];
        switch (pick(11)) {
        case 10:
            return reduced(in(y, x), [&](const Expr& r) { return leaf(y + r % 3, x); });
        case 9:
            if (!pairs.empty()) return pairs.back()(y + pick(3), x + pick(3))[pick(2)];
            return y - x;
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
            return in(y, position(in(y, x + 1), M + 7)); // a gather
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

    /// A Func of two values; updates exchange them, or run along a column.
    Func pair(const std::string& name, bool shaped) {
        const Types types = {storage_type(), storage_type()};
        const Expr zeros[] = {zero(types.types()[0]), zero(types.types()[1])};
        Func f = shaped ? Func(name, types, Shape{N, M}) : Func(name, types);
        f(i, j) = Tuple(alike(value(i, j, pick(3)), zeros[0]), alike(value(i, j, pick(3)), zeros[1]));
        if (pick(2)) f(i, j) = Tuple(alike(f(i, j)[1], zeros[0]), alike(f(i, j)[0], zeros[1]));
        if (pick(3) == 0) {
            RDom r(1, max(N, 1) - 1, "r");
            const Expr x = alike(value(r, j, 1), zeros[0]);
            f(r, j) = Tuple(alike(f(r - 1, j)[1], zeros[0]), alike(x, zeros[1]));
        }
        return f;
    }

    /// A sum along rows, a recurrence, a scatter, along the diagonal, or as far as the Func itself says.
    void update(Func& f, bool shaped) {
        const Type t = f.type();
        const int kind = pick(5);
        if (kind == 3) return diagonal(f, shaped);
        if (kind == 4) {
            const Expr steps = few(f(i, min(1, max(M, 1) - 1)), 3);
            RDom r(pick(2), select(M > 4, steps, 0), "r");
            f(i, r) = alike(value(i, min(r, 3), 1), zero(t));
        } else if (kind == 0) {
            RDom r(0, 3, "r");
            const Expr x = value(i, j, 1), step = alike(inputs[0](i + r, j + 1), zero(t));
            if (t.is_bool())
                f(i, j) = f(i, j) ^ (x == 0);
            else
                f(i, j) += alike(x, zero(t)) + step;
        } else if (kind == 1) {
            RDom r({{0, N}, {0, M}}, "r");
            r.where(condition(r.x, r.y));
            const Expr x = inputs[0](r.x, r.y);
            f(clamp(r.y % 5 - 1, 0, N - 1), r.y) = alike(x, zero(t));
        } else {
            f(i, j) = select(j % 2 == 0, f(i, j), alike(value(i, j, 1), zero(t)));
        }
    }

    /// Some points of a rectangle, also by what is stored.
    Expr condition(const Expr& y, const Expr& x) {
        const Input& in = inputs[static_cast<size_t>(pick(static_cast<int>(inputs.size())))];
        switch (pick(7)) {
        case 0:
            return y + x < M;
        case 1:
            return x >= y && x != 2;
        case 2:
            return M - x > 4 || y == x;
        case 3:
            return in(y, x + 1) != in(y + 1, x);
        case 4:
            return floor_mod(y * 2 + x, 3) <= 1;
        case 5:
            return y * 3 < x + N;
        default:
            return y + x != 3;
        }
    }

    /// One variable in both dimensions; how far it runs may be data.
    void diagonal(Func& f, bool shaped) {
        const Type t = f.type();
        const Expr corner = min(N, M);
        const bool data = regions.empty() && shaped && pick(2); // else the region must be inferred
        RDom r(0, data ? clamp(tables[0](3), 0, corner) : corner, "r");
        if (pick(2)) r.where(condition(r, r));
        const Expr x = alike(value(r, r, 1), zero(t));
        if (t.is_bool())
            f(r, r) = f(r, r) ^ (x != 0);
        else
            f(r, r) += x;
    }

    Param N{"N"}, M{"M"};
    Var i{"i"}, j{"j"};
    std::vector<Input> inputs;
    std::vector<Const> tables;
    std::vector<Func> shapes, regions; ///< the stages with and without a shape
    std::vector<Func> pairs;           ///< those of two values
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
