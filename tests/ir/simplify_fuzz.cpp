// Random expressions, conditions and facts: what the simplifier says must agree with evaluation at every
// sampled point. The share of true statements that it proved is printed, so that a loss of strength can be
// seen.

#include "deep.h"
#include "lathe/ir/index_ranges.h"
#include "lathe/ir/interpret.h"
#include "simplify_support.h"

#include <doctest/doctest.h>
#include <random>

using namespace simplify_test;

namespace {

using Point = std::map<Symbol, Value>;

class Generator {
  public:
    explicit Generator(unsigned seed) : random(seed) {}

    int below(int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); }
    bool chance(int percent) { return below(100) < percent; }
    Expr constant() {
        static const int often[] = {1, 2, 2, 3, 4, 4, 6, 8, 8, 16, 0, 5, 7};
        int c = often[below(13)];
        return n(chance(20) ? -c : c);
    }
    Expr leaf() {
        return chance(25) ? constant()
                          : variables[static_cast<size_t>(below(static_cast<int>(variables.size())))];
    }

    Expr value(int depth) {
        if (depth == 0 || chance(10)) return leaf();
        switch (below(12)) {
        case 0:
        case 1:
        case 2:
            return value(depth - 1) + value(depth - 1);
        case 3:
            return value(depth - 1) - value(depth - 1);
        case 4:
        case 5:
            return value(depth - 1) * (chance(80) ? constant() : leaf());
        case 6:
        case 7:
            return value(depth - 1) / (chance(80) ? constant() : leaf());
        case 8:
            return value(depth - 1) % (chance(80) ? constant() : leaf());
        case 9:
            return min_(value(depth - 1), value(depth - 1));
        case 10:
            return max_(value(depth - 1), value(depth - 1));
        default:
            if (chance(20)) return Unary::make(UnaryOp::abs, value(depth - 1));
            if (chance(20))
                return Cast::make(IndexType(), Cast::make(chance(50) ? Int(5) : UInt(12), value(depth - 1)));
            return Select::make(condition(1), value(depth - 1), value(depth - 1));
        }
    }

    Expr condition(int depth) {
        if (depth > 0 && chance(35)) {
            Expr a = condition(depth - 1);
            if (chance(20)) return !a;
            return chance(60) ? a && condition(depth - 1) : a || condition(depth - 1);
        }
        static const BinaryOp ops[] = {BinaryOp::lt, BinaryOp::le, BinaryOp::gt,
                                       BinaryOp::ge, BinaryOp::eq, BinaryOp::ne};
        Expr a = value(below(3)), b = value(below(2));
        return op(ops[below(6)], a, b);
    }

    std::mt19937 random;
    std::vector<Expr> variables;
};

/// Parameters M, N ≥ 0, three loops inside one another, and now and then a condition.
struct World {
    Name M{"M"}, N{"N"}, i{"i"}, j{"j"}, k{"k"};
    std::vector<std::pair<Symbol, Interval>> loops;
    Expr assumed;
    Facts params, facts;

    explicit World(Generator& g) {
        for (auto* p : {&M, &N}) {
            params.bound(p->symbol, {n(0), g.chance(50) ? n(30) : Expr()});
            g.variables.push_back(*p);
        }
        for (auto* v : {&i, &j, &k}) {
            Expr low = g.chance(70) ? n(0) : g.value(1),
                 extent = g.chance(50) ? n(1 + g.below(9)) : g.value(2);
            if (g.chance(30)) extent = ceil_div(M, 4);
            if (g.chance(10)) extent = M * N;
            loops.push_back({v->symbol, {low, low + extent - n(1)}});
            g.variables.push_back(*v);
        }
        facts = params;
        for (auto& [v, r] : loops)
            facts.bound(v, r);
        if (g.chance(40)) assumed = g.chance(25) ? M % n(4) == n(0) : g.condition(1);
        if (assumed.defined()) facts.assume(assumed);
    }

    /// A point where all facts hold, if one is found.
    std::optional<Point> sample(Generator& g) const {
        for (int attempt = 0; attempt < 5; ++attempt) {
            Point p{{M.symbol, Value::index(g.below(31))}, {N.symbol, Value::index(g.below(9))}};
            bool empty = false;
            for (auto& [v, r] : loops) {
                int64_t low = evaluate(r.min, p).as_int64(), high = evaluate(r.max, p).as_int64();
                empty |= high < low;
                int64_t at = g.chance(30)   ? low
                             : g.chance(40) ? high
                                            : low + g.below(static_cast<int>(std::min<int64_t>(
                                                        std::max<int64_t>(high - low + 1, 1), 1000)));
                p[v] = Value::index(at);
            }
            if (!empty && (!assumed.defined() || evaluate(assumed, p).is_true())) return p;
        }
        return std::nullopt;
    }
};

std::string show(const World& w, const Expr& e, const Point& p) {
    std::string s = print(e) + "\n where";
    for (auto& [v, r] : w.loops)
        s += " " + v.name() + " in [" + print(r.min) + ", " + print(r.max) + "]";
    if (w.assumed.defined()) s += " and " + print(w.assumed);
    s += "\n at";
    for (auto& [v, x] : p)
        s += " " + v.name() + "=" + x.str();
    return s;
}

struct Counts {
    int bounded = 0, values = 0, constant = 0, constants = 0, proved = 0, truths = 0, boxed = 0, boxes = 0,
        again = 0, all = 0;
};

void check_value(const World& w, const Expr& e, const std::vector<Point>& points, Counts& counts) {
    Expr s = simplify(e, w.facts);
    auto low = const_lower_bound(e, w.facts), high = const_upper_bound(e, w.facts);
    Interval box = bounds_of(e, w.loops, w.assumed, w.params);
    counts.values += 1, counts.bounded += low && high;
    counts.boxes += 1, counts.boxed += box.min.defined() && box.max.defined();
    counts.all += 1, counts.again += equal(simplify(s, w.facts), s);
    bool same = true;
    for (auto& p : points) {
        Value v = evaluate(e, p);
        same &= v == evaluate(e, points[0]);
        INFO(show(w, e, p));
        INFO("simplified: ", print(s));
        CHECK(evaluate(s, p) == v);
        if (low && v.raw().fits_slong_p()) CHECK(*low <= v.as_int64());
        if (high && v.raw().fits_slong_p()) CHECK(*high >= v.as_int64());
        if (box.min.defined()) {
            INFO("lower bound: ", print(box.min));
            CHECK(evaluate(box.min, p).raw() <= v.raw());
        }
        if (box.max.defined()) {
            INFO("upper bound: ", print(box.max));
            CHECK(evaluate(box.max, p).raw() >= v.raw());
        }
    }
    if (!same) return;
    counts.constants += 1, counts.constant += s.kind() == ExprKind::constant;
}

void check_condition(const World& w, const Expr& c, const std::vector<Point>& points, Counts& counts) {
    Expr s = simplify(c, w.facts);
    bool proved = prove(c, w.facts), always = true;
    for (auto& p : points) {
        bool holds = evaluate(c, p).is_true();
        INFO(show(w, c, p));
        INFO("simplified: ", print(s));
        CHECK(evaluate(s, p).is_true() == holds);
        if (proved) CHECK(holds);
        always &= holds;
    }
    counts.truths += always, counts.proved += proved;
}

} // namespace

TEST_CASE("simplify: nothing becomes wider than what its operands prove") {
    int wide = 0, values = 0;
    for (int round = 0; round < count(400, 25'000); ++round) {
        Generator g(static_cast<unsigned>(round) + 1);
        const World w(g);
        const Symbol x("x"), y("y");
        for (const Symbol& s : {x, y})
            g.variables.push_back(
                Cast::make(IndexType(), Variable::make(s, g.chance(50) ? Int(32) : UInt(62))));
        for (const int64_t c : {int64_t{1} << 31, int64_t{1} << 40, int64_t{1} << 62})
            g.variables.push_back(n(c + g.below(3) - 1));
        for (int e = 0; e < 4; ++e) {
            const Expr before = e % 2 ? g.value(1 + g.below(4)) : g.condition(2);
            const Expr after = simplify(before, w.facts);
            IndexRanges ranges(w.facts);
            INFO(print(before), "\nsimplified: ", print(after));
            const size_t most = std::max(ranges.widest(before), IndexRanges::machine_bits);
            CHECK(ranges.widest(after) <= most);
            wide += most > IndexRanges::machine_bits;
            ++values;
        }
    }
    MESSAGE("beyond 64 bits: ", wide, " of ", values);
    CHECK(wide > values / 20);
    CHECK(wide < values * 19 / 20);
}

TEST_CASE("simplify: a scaled clamp and nested quotients stay as narrow as they are") {
    const auto data = [](const char* name, Type t) {
        return Cast::make(IndexType(), Variable::make(Symbol(name), t));
    };
    const Expr y = data("y", Int(32)), z = data("z", Int(32));
    const auto bits = [](const Expr& e) { return IndexRanges().widest(simplify(e)); };
    CHECK(bits(max_(n(0), min_(y * z, n(7))) * n(8)) <= IndexRanges::machine_bits);
    const Expr x = data("x", Int(62));
    const Expr nested = (x / n(int64_t{1} << 40) + n(1)) / n(int64_t{1} << 40);
    CHECK(bits(nested) <= IndexRanges::machine_bits);
}

TEST_CASE("simplify: random expressions keep their value") {
    Counts counts;
    int worlds = count(250, 25'000);
    for (int round = 0; round < worlds; ++round) {
        Generator g(static_cast<unsigned>(round) + 1);
        World w(g);
        std::vector<Point> points;
        for (int attempt = 0; attempt < 16; ++attempt)
            if (auto p = w.sample(g)) points.push_back(*p);
        if (points.empty()) continue;
        for (int e = 0; e < 4; ++e) {
            check_value(w, g.value(1 + g.below(4)), points, counts);
            check_condition(w, g.condition(2), points, counts);
        }
    }
    MESSAGE("conditions proved: ", counts.proved, " of ", counts.truths, " that held at every sample");
    MESSAGE("values found constant: ", counts.constant, " of ", counts.constants,
            " that were the same at every sample");
    MESSAGE("values with constant bounds: ", counts.bounded, " of ", counts.values);
    MESSAGE("values with symbolic bounds: ", counts.boxed, " of ", counts.boxes);
    MESSAGE("simplified once is enough: ", counts.again, " of ", counts.all);
    CHECK(counts.proved > 0);
}
