// Accesses with their conditions, and required regions: symbolic goldens, and random nests against what
// really happens.

#include "deep.h"
#include "lathe/ir/analysis.h"
#include "lathe/ir/interpret.h"
#include "simplify_support.h"

#include <chrono>
#include <doctest/doctest.h>
#include <random>

using namespace simplify_test;

namespace {

Symbol in("in"), out("out");

Expr load(const Symbol& t, std::vector<Expr> at, Type type = Int(32)) {
    return Load::make(t, type, std::move(at));
}
Stmt store(std::vector<Expr> at, Expr value) {
    return Store::make(out, Int(32), std::move(at), std::move(value));
}
Stmt loop_(const Name& v, Expr extent, Stmt body, Expr low = n(0)) {
    return For::make(v.symbol, std::move(low), std::move(extent), LoopKind(), std::move(body));
}
Expr zero() {
    return Constant::make(Value::from_raw(Int(32), 0));
}

std::optional<Region> of(const std::map<Symbol, Region>& regions, const Symbol& tensor) {
    const auto found = regions.find(tensor);
    return found == regions.end() ? std::nullopt : std::optional(found->second);
}
std::optional<Region> region_read(const Stmt& s, const Symbol& tensor, const Facts& facts) {
    return of(regions_read(s, facts), tensor);
}
std::optional<Region> region_written(const Stmt& s, const Symbol& tensor, const Facts& facts) {
    return of(regions_written(s, facts), tensor);
}

std::string text(const std::optional<Region>& r) {
    if (!r) return "none";
    std::string s;
    for (auto& i : *r)
        s += "[" + (i.min.defined() ? print(i.min) : "?") + ", " + (i.max.defined() ? print(i.max) : "?") +
             "]";
    return s;
}

} // namespace

TEST_CASE("accesses: every load, store and reduce with its condition and loops") {
    Name i("i"), j("j"), M("M");
    Symbol idx("idx");
    Expr gather = load(in, {Cast::make(IndexType(), load(idx, {i}, UInt(8)))});
    Expr value = Select::make(j < M, gather, load(in, {j}));
    Stmt body = Reduce::make(BinaryOp::add, {out, Int(64), {i}, value});
    Stmt s = loop_(i, M, If::make(i > n(2), loop_(j, n(8), body), store({i}, zero())));
    auto all = accesses(s);
    REQUIRE(all.size() == 6);
    auto line = [](const Access& a) {
        return a.tensor.name() + (a.write ? " write" : " read") + (a.reduce ? " reduce" : "") + " when " +
               (a.condition.defined() ? print(a.condition) : "always") + " in " +
               std::to_string(a.loops.size());
    };
    CHECK(line(all[0]) == "idx read when i > 2 and j < M in 2");
    CHECK(line(all[1]) == "in read when i > 2 and j < M in 2");
    CHECK(line(all[2]) == "in read when i > 2 and not j < M in 2");
    CHECK(line(all[3]) == "out read reduce when i > 2 in 2");
    CHECK(line(all[4]) == "out write reduce when i > 2 in 2");
    CHECK(line(all[5]) == "out write when not i > 2 in 1");
    CHECK(all[0].loops[0]->var == i.symbol);
    CHECK(all[0].loops[1]->var == j.symbol);
    CHECK(all[4].stmt == body.get());
}

TEST_CASE("accesses: a load that both arms share is unconditional; deep sharing costs nothing") {
    Name i("i");
    Expr shared = load(in, {i});
    Expr both_arms = Select::make(i > n(0), shared + shared, shared - shared);
    auto all = accesses(store({i}, both_arms));
    REQUIRE(all.size() == 2);
    CHECK_FALSE(all[0].condition.defined());

    Expr e = shared;
    for (int level = 0; level < 200; ++level)
        e = Cast::make(Int(32), Select::make(i > n(level), e + e, e - e));
    all = accesses(store({i}, e));
    REQUIRE(all.size() == 2);
    CHECK_FALSE(all[0].condition.defined());
    CHECK(text(region_read(store({i}, e), in, {})) == "[i, i]");
    CHECK(simplify(e).defined());
    CHECK(simplify(store({i}, e)).defined());
}

TEST_CASE("accesses: a condition on memory lasts only while that memory is not written") {
    Name i("i");
    Expr x = Cast::make(IndexType(), load(in, {i}, UInt(8)));
    Stmt reads = store({i}, load(in, {x}));
    auto all = accesses(If::make(x < n(4), reads));
    REQUIRE(all.size() == 4);
    CHECK(all[1].stable.defined());
    Stmt writes =
        Block::make({Store::make(in, UInt(8), {i}, Constant::make(Value::from_raw(UInt(8), 9))), reads});
    all = accesses(If::make(x < n(4), writes));
    REQUIRE(all.size() == 5);
    CHECK(all[1].condition.defined());
    CHECK_FALSE(all[1].stable.defined());
}

TEST_CASE("region: split, guard, halo, clamp, gather") {
    Name M("M"), N("N"), io("io"), ii("ii"), x("x"), y("y");
    Facts f;
    f.bound(M.symbol, {n(0), {}});
    f.bound(N.symbol, {n(1), {}});
    Expr i = n(64) * io + ii;
    Stmt guarded = loop_(ii, n(64), If::make(i < M, store({i}, load(in, {i}))));
    CHECK(text(region_read(guarded, in, f)) == "[64 * io, min(M - 1, 64 * io + 63)]");
    CHECK(text(region_written(guarded, out, f)) == "[64 * io, min(M - 1, 64 * io + 63)]");
    Stmt whole = loop_(io, ceil_div(M, 64), guarded);
    CHECK(text(region_read(whole, in, f)) == "[0, M - 1]");
    CHECK(text(region_read(whole, out, f)) == "none");

    // The guard speaks of the inner loop, the subscript of the outer one only.
    Stmt outer_only = loop_(io, n(1000), loop_(ii, n(64), If::make(i < n(100), store({io}, load(in, {io})))));
    CHECK(text(region_read(outer_only, in, f)) == "[0, 1]");

    Stmt halo = loop_(y, n(2), loop_(x, n(3), store({y}, load(in, {n(2) * io + y + x - n(1)}))));
    CHECK(text(region_read(halo, in, f)) == "[2 * io - 1, 2 * io + 2]");
    Stmt strided = loop_(x, N, store({x}, load(in, {(n(2) * x + n(1)) / n(2)})));
    CHECK(text(region_read(strided, in, f)) == "[0, N - 1]");
    Stmt clamped = loop_(x, N,
                         store({x}, load(in, {clamp(x - n(1), n(0), N - n(1))}) +
                                        load(in, {clamp(x + n(1), n(0), N - n(1))})));
    CHECK(text(region_read(clamped, in, f)) == "[0, N - 1]");
    Stmt selected = loop_(x, N,
                          store({x}, Select::make(x > n(0) && x < N - n(1),
                                                  load(in, {x - n(1)}) + load(in, {x + n(1)}), zero())));
    CHECK(text(region_read(selected, in, f)) == "[0, N - 1]");

    Expr value = Cast::make(IndexType(), load(out, {x}, UInt(8)));
    Stmt gather = loop_(x, N, store({x}, load(in, {value + n(1), x})));
    CHECK(text(region_read(gather, in, f)) == "[1, 256][0, N - 1]");
    Expr limited = Select::make(value < n(10), load(in, {value}), zero());
    CHECK(text(region_read(loop_(x, N, store({x}, limited)), in, f)) == "[0, 9]");
    Expr real = Cast::make(IndexType(), Cast::make(Int(8), load(out, {x}, Float(32))));
    CHECK(text(region_read(loop_(x, N, store({x}, load(in, {real}))), in, f)) == "[-128, 127]");
    CHECK(text(region_read(loop_(x, N, store({x}, load(in, {x * io}))), in, f)) == "[?, ?]");
}

TEST_CASE("region: fused loops, tails of two levels, triangles, lets") {
    Name M("M"), N("N"), q("f"), x("x"), y("y"), io("io"), im("im"), ii("ii");
    Facts f;
    f.bound(M.symbol, {n(1), {}});
    f.bound(N.symbol, {n(1), {}});
    Stmt fused = loop_(q, M * N, store({q / N, q % N}, load(in, {(q / N) * N + q % N})));
    CHECK(text(region_written(fused, out, f)) == "[0, M - 1][0, N - 1]");
    CHECK(text(region_read(fused, in, f)) == "[0, M * N - 1]");

    Expr i = n(64) * io + n(8) * im + ii;
    Stmt two = loop_(im, n(8), loop_(ii, n(8), If::make(i < M, store({i}, zero()))));
    CHECK(text(region_written(two, out, f)) == "[64 * io, min(M - 1, 64 * io + 63)]");
    CHECK(text(region_written(loop_(io, ceil_div(M, 64), two), out, f)) == "[0, M - 1]");
    auto box = region_written(two, out, f);
    CHECK(const_upper_bound(box->at(0).max - box->at(0).min + n(1), f) == 64);

    Stmt triangle = loop_(y, M, loop_(x, M - y, store({y, x}, zero()), y));
    CHECK(text(region_written(triangle, out, f)) == "[0, M - 1][0, M - 1]");
    Symbol t("t");
    Stmt let = loop_(x, M, LetStmt::make(t, x + n(3), store({Variable::make(t, IndexType())}, zero())));
    CHECK(text(region_written(let, out, f)) == "[3, M + 2]");
    Stmt six = loop_(x, min_(n(6), M - n(6) * io), store({n(6) * io + x}, zero()));
    box = region_written(six, out, f);
    CHECK(text(box) == "[6 * io, min(M - 1, 6 * io + 5)]");
    CHECK(const_upper_bound(box->at(0).max - box->at(0).min + n(1), f) == 6);
    CHECK(print(simplify(box->at(0).max - box->at(0).min + n(1), f)) == "min(6, M - 6 * io)");
}

TEST_CASE("region: 200 stages cost time in proportion") {
    auto seconds = [](int stages) {
        Name M("M"), N("N");
        Facts f;
        f.bound(M.symbol, {n(1), {}});
        f.bound(N.symbol, {n(1), {}});
        std::vector<Stmt> all;
        Symbol before("stage");
        for (int s = 0; s < stages; ++s) {
            Symbol now("stage");
            Name y("y"), x("x");
            Expr sum = zero();
            for (int d = -1; d <= 1; ++d)
                sum = Cast::make(Int(32), sum + load(before, {clamp(y + n(d), n(0), M - n(1)),
                                                              clamp(x + n(d), n(0), N - n(1))}));
            all.push_back(loop_(y, M, loop_(x, N, Store::make(now, Int(32), {y, x}, sum))));
            before = now;
        }
        Stmt whole = Block::make(all);
        auto start = std::chrono::steady_clock::now();
        CHECK(regions_read(whole, f).size() == static_cast<size_t>(stages));
        CHECK(simplify(whole, f).defined());
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    double few = seconds(20), many = seconds(200);
    MESSAGE("20 stages: ", few, " s, 200 stages: ", many, " s");
}

namespace {

/// A random nest over constant bounds that records what it touches.
struct Nest {
    std::mt19937 random;
    std::vector<Name> loops;
    std::vector<std::pair<Expr, Expr>> ranges; ///< min, extent
    Expr guard, arm, subscript;
    Name M{"M"};

    explicit Nest(unsigned seed) : random(seed) {
        static const char* names[] = {"a", "b", "c"};
        int depth = 1 + below(3);
        for (int d = 0; d < depth; ++d) {
            Expr low = below(3) ? n(below(5) - 2) : affine(), extent = below(3)   ? n(1 + below(6))
                                                                       : below(2) ? M
                                                                                  : ceil_div(M, 4);
            ranges.push_back({low, extent});
            loops.emplace_back(names[d]);
        }
        if (below(2)) guard = affine() < (below(2) ? M.e : affine());
        if (below(2)) arm = affine() >= (below(2) ? n(below(4)) : affine());
        subscript = below(2) ? affine() : clamp(affine(), n(0), M - n(1));
        if (below(3) == 0) subscript = subscript / n(2 + below(3));
        if (below(3) == 0) subscript = subscript % n(2 + below(6));
        if (below(3) == 0) subscript = subscript + affine();
    }
    int below(int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); }
    Expr affine() {
        Expr e = n(below(5) - 2);
        for (auto& v : loops)
            if (below(3)) e = e + n(below(6) - 2) * v;
        return e;
    }
    Stmt stmt() const {
        Expr value = load(in, {subscript});
        if (arm.defined()) value = Select::make(arm, value, zero());
        Stmt s = store({n(0)}, value);
        if (guard.defined()) s = If::make(guard, s);
        for (size_t d = loops.size(); d-- > 0;)
            s = loop_(loops[d], ranges[d].second, s, ranges[d].first);
        return s;
    }
    void run(size_t d, std::map<Symbol, Value>& at, std::optional<std::pair<int64_t, int64_t>>& box) const {
        if (d == loops.size()) {
            if (guard.defined() && !evaluate(guard, at).is_true()) return;
            if (arm.defined() && !evaluate(arm, at).is_true()) return;
            int64_t x = evaluate(subscript, at).as_int64();
            box = box ? std::pair{std::min(box->first, x), std::max(box->second, x)} : std::pair{x, x};
            return;
        }
        int64_t low = evaluate(ranges[d].first, at).as_int64(),
                extent = evaluate(ranges[d].second, at).as_int64();
        for (int64_t i = low; i < low + extent; ++i) {
            at[loops[d].symbol] = Value::index(i);
            run(d + 1, at, box);
        }
        at.erase(loops[d].symbol);
    }
};

} // namespace

TEST_CASE("region: random nests touch nothing outside") {
    int exact = 0, found = 0, open = 0;
    for (int round = 0; round < count(150, 20'000); ++round) {
        Nest nest(static_cast<unsigned>(round) + 1);
        Facts f;
        f.bound(nest.M.symbol, {n(0), {}});
        Stmt s = nest.stmt();
        auto region = region_read(s, in, f);
        REQUIRE(region);
        Interval r = region->at(0);
        Stmt simple = simplify(s, f);
        auto again = region_read(simple, in, f);
        for (int m : {0, 1, 3, 8}) {
            std::map<Symbol, Value> at{{nest.M.symbol, Value::index(m)}};
            std::optional<std::pair<int64_t, int64_t>> box;
            nest.run(0, at, box);
            if (!box) continue;
            INFO(print(s), "\n region ", text(region), " M = ", m, " touched ", box->first, " to ",
                 box->second);
            REQUIRE(again); // what runs is not removed
            if (!r.min.defined() || !r.max.defined()) {
                ++open;
                continue;
            }
            int64_t low = evaluate(r.min, at).as_int64(), high = evaluate(r.max, at).as_int64();
            CHECK(low <= box->first);
            CHECK(high >= box->second);
            ++found;
            exact += low == box->first && high == box->second;
        }
    }
    MESSAGE("boxes: ", found, ", exact: ", exact, ", open: ", open);
    CHECK(exact > found / 2);
}
