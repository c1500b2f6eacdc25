// Decisions about reordering and parallel loops, against an oracle that runs through all pairs of iterations.

#include "deep.h"
#include "programs.h"

#include "lathe/ir/dependence.h"

#include <algorithm>
#include <set>

using namespace lathe;
using namespace lathe::ir;

namespace {

/// One access of a random body: subscripts of one tensor.
struct Touch {
    Symbol tensor;
    std::vector<Expr> at;
    bool write = false, commutes = false;
    size_t statement = 0;
};

struct Nest {
    std::vector<Symbol> loops;
    std::vector<Expr> mins, extents;
    std::vector<Touch> touches; ///< in program order
    size_t statements = 0;
    Stmt body = {};
    Symbol now{"now"}, kept{"kept"};       ///< in touches: what a private scalar holds there, and held before
    Symbol data{"data"}, before{"before"}; ///< inputs: these numbers, by iteration
};

/// Some number from 1 to 3 that differs between iterations, as data does.
int64_t datum(const std::vector<int64_t>& iteration, int64_t salt) {
    int64_t h = salt;
    for (const int64_t x : iteration)
        h = (h * 31 + x * 17 + 7) % 101;
    return 1 + h % 3;
}

Expr loop(const Symbol& s) {
    return Variable::make(s, IndexType());
}

class Generator {
  public:
    explicit Generator(unsigned seed) : random(seed) {}

    Nest make() {
        Nest n;
        size_t depth = 1 + pick(3);
        for (size_t l = 0; l < depth; ++l) {
            n.loops.emplace_back(std::string(1, static_cast<char>('i' + l)));
            n.mins.push_back(index(pick(4) == 0 ? 2 : 0));
            bool triangle = l > 0 && pick(6) == 0;
            n.extents.push_back(triangle ? iadd(loop(n.loops[0]), index(1))
                                         : index(1 + static_cast<int64_t>(pick(4))));
        }
        private_scalar = pick(3) == 0;
        std::vector<Stmt> stmts;
        for (size_t count = 1 + pick(2); count-- > 0;)
            stmts.push_back(statement(n));
        Stmt s = Block::make(std::move(stmts));
        if (private_scalar) s = with_scalar(n, s);
        for (size_t l = depth; l-- > 0;)
            s = For::make(n.loops[l], n.mins[l], n.extents[l], {}, s);
        n.body = s;
        return n;
    }

  private:
    size_t pick(size_t n) { return random() % n; }

    /// The scalar gets a value, which a let keeps, and then another one.
    Stmt with_scalar(const Nest& n, const Stmt& s) const {
        std::vector<Expr> at;
        for (const Symbol& l : n.loops)
            at.push_back(loop(l));
        const auto store = [&](const Symbol& from) {
            return Store::make(scalar, Int(8), {}, Load::make(from, Int(8), at));
        };
        const Stmt later = Block::make({store(n.data), s});
        return Allocate::make(
            {scalar, Int(8), {}, MemorySpace::registers(), TypeOrigin::declared, nullptr, {}},
            Block::make({store(n.before), LetStmt::make(n.kept, held(), later)}));
    }
    Expr held() const { return Cast::make(IndexType(), Load::make(scalar, Int(8), {})); }

    /// In the Module a subscript loads the scalar; the oracle knows its value.
    Expr for_oracle(const Nest& n, const Expr& e) const {
        class WithValue : public Mutator {
          public:
            explicit WithValue(const Symbol& v) : value(v) {}

          protected:
            using Mutator::mutate;
            Expr mutate(const Expr& x) override {
                const Cast* c = x.as<Cast>();
                return c && c->a.as<Load>() ? loop(value) : Mutator::mutate(x);
            }

          private:
            Symbol value;
        };
        return WithValue(n.now)(e);
    }

    /// With the scalar, or with what is left of it when its older value is taken off.
    Expr with_data(const Nest& n, const Expr& e) {
        if (!private_scalar) return e;
        switch (pick(6)) {
        case 0:
            return iadd(e, held());
        case 1:
            return iadd(e, isub(held(), loop(n.kept)));
        case 2:
            return ifloordiv(e, held());
        case 3:
            return ifloormod(e, held());
        default:
            return e;
        }
    }

    Expr subscript(const Nest& n) {
        Expr e = index(static_cast<int64_t>(pick(5)) - 2);
        for (const Symbol& l : n.loops)
            e = iadd(e, imul(loop(l), index(static_cast<int64_t>(pick(4)) - 1)));
        if (pick(8) == 0) e = ifloordiv(e, index(2));
        if (pick(8) == 0) e = ifloormod(e, index(3));
        if (pick(8) == 0) e = imin(e, index(2));
        return with_data(n, e);
    }
    std::vector<Expr> subscripts(const Nest& n, const Symbol& t) {
        const Expr e = subscript(n);
        if (!(t == tensors[1])) return {e};
        if (pick(4) != 0) return {e, subscript(n)};
        const Expr by = private_scalar && pick(2) ? held() : index(2); // what fuse makes of two subscripts
        return {ifloordiv(e, by), ifloormod(e, by)};
    }
    void touch(Nest& n, const Symbol& tensor, const std::vector<Expr>& at, bool write, bool commutes) {
        Touch t{tensor, {}, write, commutes, n.statements};
        for (const Expr& e : at)
            t.at.push_back(for_oracle(n, e));
        n.touches.push_back(std::move(t));
    }
    Stmt statement(Nest& n) {
        const Symbol &to = tensors[pick(2)], &from = tensors[pick(2)];
        ++n.statements;
        auto to_at = subscripts(n, to), from_at = subscripts(n, from);
        Expr value = Load::make(from, Int(8), from_at);
        touch(n, from, from_at, false, false);
        if (pick(2) == 0) {
            touch(n, to, to_at, true, false);
            return Store::make(to, Int(8), to_at, value);
        }
        bool commutes = pick(2) == 0;
        touch(n, to, to_at, true, commutes);
        return Reduce::make(commutes ? BinaryOp::add : BinaryOp::sub, {to, Int(8), to_at, value});
    }

    std::mt19937 random;
    Symbol tensors[2] = {Symbol("A"), Symbol("B")}, scalar{"s"};
    bool private_scalar = false;
};

/// All iterations of the nest in order: the loops' values.
std::vector<std::vector<int64_t>> iterations(const Nest& n) {
    std::vector<std::vector<int64_t>> all{{}};
    for (size_t l = 0; l < n.loops.size(); ++l) {
        std::vector<std::vector<int64_t>> next;
        for (const auto& outer : all) {
            std::map<Symbol, Value> values;
            for (size_t m = 0; m < l; ++m)
                values[n.loops[m]] = Value::index(outer[m]);
            int64_t min = evaluate(n.mins[l], values).as_int64(),
                    extent = evaluate(n.extents[l], values).as_int64();
            for (int64_t x = min; x < min + extent; ++x) {
                next.push_back(outer);
                next.back().push_back(x);
            }
        }
        all = std::move(next);
    }
    return all;
}

/// What each iteration touches: (tensor, element), evaluated once.
class Oracle {
  public:
    explicit Oracle(const Nest& n) : nest(n), points(iterations(n)) {
        for (const auto& p : points) {
            std::map<Symbol, Value> values;
            for (size_t l = 0; l < p.size(); ++l)
                values[n.loops[l]] = Value::index(p[l]);
            values[n.now] = Value::index(datum(p, 5));
            values[n.kept] = Value::index(datum(p, 60));
            std::vector<std::vector<int64_t>> elements;
            for (const Touch& t : n.touches) {
                std::vector<int64_t> at;
                for (const Expr& e : t.at)
                    at.push_back(evaluate(e, values).as_int64());
                elements.push_back(at);
            }
            touched.push_back(std::move(elements));
        }
    }

    /// Two iterations with different values of loop `l` and equal ones outside of it touch one element.
    bool carried(size_t l, bool reductions_free) const {
        return any_pair(reductions_free, [&](const auto& a, const auto& b) {
            return std::equal(a.begin(), a.begin() + static_cast<long>(l), b.begin()) && a[l] != b[l];
        });
    }

    /// Two dependent iterations of statements that do not just the same would change places.
    bool reversed(const std::vector<size_t>& order) const {
        return any_pair(
            true,
            [&](const auto& a, const auto& b) {
                for (size_t l : order)
                    if (a[l] != b[l]) return a[l] > b[l];
                return false;
            },
            true);
    }

    const std::vector<std::vector<int64_t>>& all() const { return points; }

    /// The least and the greatest subscripts of a tensor, by dimension; empty if nobody touches it.
    std::vector<std::pair<int64_t, int64_t>> box(const Symbol& tensor) const {
        std::vector<std::pair<int64_t, int64_t>> box;
        for (const auto& elements : touched)
            for (size_t t = 0; t < elements.size(); ++t) {
                if (!(nest.touches[t].tensor == tensor)) continue;
                const auto& at = elements[t];
                if (box.empty())
                    for (const int64_t x : at)
                        box.emplace_back(x, x);
                for (size_t d = 0; d < at.size(); ++d)
                    box[d] = {std::min(box[d].first, at[d]), std::max(box[d].second, at[d])};
            }
        return box;
    }

  private:
    /// One statement with the same elements: it makes the same of the same memory.
    bool alike(size_t x, size_t s, size_t y, size_t t) const {
        if (nest.touches[s].statement != nest.touches[t].statement) return false;
        for (size_t n = 0; n < nest.touches.size(); ++n)
            if (nest.touches[n].statement == nest.touches[s].statement && touched[x][n] != touched[y][n])
                return false;
        return true;
    }
    template <class F> bool any_pair(bool reductions_free, F matters, bool alike_free = false) const {
        for (size_t x = 0; x < points.size(); ++x)
            for (size_t y = x + 1; y < points.size(); ++y) {
                if (!matters(points[x], points[y])) continue;
                for (size_t s = 0; s < nest.touches.size(); ++s)
                    for (size_t t = 0; t < nest.touches.size(); ++t) {
                        const Touch &a = nest.touches[s], &b = nest.touches[t];
                        if (!(a.tensor == b.tensor) || (!a.write && !b.write)) continue;
                        if (reductions_free && a.commutes && b.commutes) continue;
                        if (alike_free && alike(x, s, y, t)) continue;
                        if (touched[x][s] == touched[y][t]) return true;
                    }
            }
        return false;
    }
    const Nest& nest;
    std::vector<std::vector<int64_t>> points;
    std::vector<std::vector<std::vector<int64_t>>> touched;
};

/// A nest as a program: the tensors that it touches are inputs and outputs at once.
struct Runnable {
    std::vector<Argument> arguments;
    std::vector<AnyBuffer> buffers;

    Runnable(const Nest& n, const Oracle& oracle) {
        std::set<Symbol> touched;
        for (const Touch& t : n.touches)
            if (touched.insert(t.tensor).second) add(t.tensor, oracle.box(t.tensor), Direction::inout);
        const std::vector<std::pair<int64_t, int64_t>> loops(n.loops.size(), {0, 9});
        add(n.data, loops, Direction::in);
        add(n.before, loops, Direction::in);
        for (const auto& p : oracle.all()) {
            buffers[buffers.size() - 2].set(p, Value::literal(mpz_class(static_cast<int>(datum(p, 5)))));
            buffers.back().set(p, Value::literal(mpz_class(static_cast<int>(datum(p, 60)))));
        }
    }

    Module module(const Stmt& body) const {
        Function f;
        f.name = "nest";
        f.arguments = arguments;
        f.body = body;
        return {{f}};
    }
    std::string difference(const Nest& n, const Stmt& body) const {
        return check_schedule(module(n.body), module(body), buffers);
    }

  private:
    void add(const Symbol& s, const std::vector<std::pair<int64_t, int64_t>>& box, Direction direction) {
        Tensor t{s, Int(8), {}, {}, TypeOrigin::declared, nullptr, {}};
        for (const auto& [low, high] : box)
            t.dims.push_back({index(low), index(high - low + 1)});
        arguments.push_back({t, direction});
        buffers.push_back(buffer_for(t, {}));
    }
};

/// The nest with its loops in another order, of other kinds.
Stmt rebuilt(const Nest& n, const std::vector<size_t>& order, const std::vector<LoopKind>& kinds) {
    Stmt s = n.body;
    for (size_t l = 0; l < n.loops.size(); ++l)
        s = s.as<For>()->body;
    for (size_t l = order.size(); l-- > 0;)
        s = For::make(n.loops[order[l]], n.mins[order[l]], n.extents[order[l]], kinds[order[l]], s);
    return s;
}

} // namespace

TEST_CASE("the checking interpreter sees what the oracle sees") {
    int races = 0, none = 0, reversed = 0, shown = 0;
    for (int seed = 0; seed < count(200, 5000); ++seed) {
        const Nest n = Generator(static_cast<unsigned>(seed)).make();
        const Oracle oracle(n);
        if (oracle.all().empty()) continue;
        const Runnable program(n, oracle);
        INFO(print(n.body));
        std::vector<size_t> order(n.loops.size());
        for (size_t l = 0; l < order.size(); ++l)
            order[l] = l;
        for (size_t l = 0; l < n.loops.size(); ++l) {
            std::vector<LoopKind> kinds(n.loops.size());
            kinds[l] = LoopKind::parallel();
            const std::string found = program.difference(n, rebuilt(n, order, kinds));
            const bool carried = oracle.carried(l, false);
            CHECK_MESSAGE((found != "") == carried, found);
            ++(carried ? races : none);
            kinds[l] = LoopKind::vectorized();
            if (!oracle.carried(l, true)) CHECK(program.difference(n, rebuilt(n, order, kinds)) == "");
        }
        const bool triangle =
            std::any_of(n.extents.begin(), n.extents.end(), [](const Expr& e) { return !as_int(e); });
        while (!triangle && std::next_permutation(order.begin(), order.end())) {
            const std::string found =
                program.difference(n, rebuilt(n, order, std::vector<LoopKind>(n.loops.size())));
            if (!oracle.reversed(order)) {
                CHECK(found == "");
            } else {
                ++reversed;
                shown += found != "";
            }
        }
    }
    MESSAGE(races << " races, " << none << " loops without one; " << shown << " of " << reversed
                  << " wrong orders end with other terms");
    CHECK(races > 50);
    CHECK(none > 50);
    CHECK(shown * 2 > reversed);
}

TEST_CASE("accepted schedules of random nests are right") {
    int accepted = 0, refused = 0, needlessly = 0;
    for (int seed = 0; seed < count(600, 20000); ++seed) {
        Nest n = Generator(static_cast<unsigned>(seed)).make();
        Oracle oracle(n);
        INFO(print(n.body));
        auto decide = [&](bool legal, bool conflict) {
            if (!conflict) {
                CHECK(legal);
                ++accepted;
            } else {
                ++refused;
                needlessly += legal;
            }
        };
        for (size_t l = 0; l < n.loops.size(); ++l)
            for (Commuting c : {Commuting::ordered, Commuting::free})
                decide(!oracle.carried(l, c == Commuting::free),
                       loop_carried(n.body, n.loops[l], c).has_value());
        std::vector<size_t> order(n.loops.size());
        for (size_t l = 0; l < order.size(); ++l)
            order[l] = l;
        bool triangle =
            std::any_of(n.extents.begin(), n.extents.end(), [](const Expr& e) { return !as_int(e); });
        while (!triangle && std::next_permutation(order.begin(), order.end())) {
            std::vector<Symbol> after;
            for (size_t l : order)
                after.push_back(n.loops[l]);
            decide(!oracle.reversed(order), reorder_conflict(n.body, n.loops, after).has_value());
        }
    }
    MESSAGE("accepted " << accepted << ", refused " << refused << ", of these needlessly " << needlessly);
    CHECK(accepted > refused / 20);
    CHECK(needlessly * 4 < refused);
}

TEST_CASE("the oracle sees planted faults") {
    Symbol i("i"), j("j"), A("A");
    Nest n{{i, j}, {index(0), index(0)}, {index(3), index(3)}, {}};
    n.touches = {{A, {isub(loop(i), index(1)), iadd(loop(j), index(1))}, false, false},
                 {A, {loop(i), loop(j)}, true, false}};
    Oracle oracle(n);
    CHECK(oracle.carried(0, true));
    CHECK_FALSE(oracle.carried(1, true));
    CHECK(oracle.reversed({1, 0}));
    n.touches[0].at = {isub(loop(i), index(1)), isub(loop(j), index(1))};
    CHECK_FALSE(Oracle(n).reversed({1, 0}));
}

TEST_CASE("conflicts name both accesses, the kind and the distance") {
    Symbol i("i"), j("j"), S("S");
    auto nest = [&](const Expr& read, const Expr& write) {
        Stmt s = Store::make(S, Int(8), {write}, Load::make(S, Int(8), {read}));
        return For::make(i, index(0), index(100), {}, s);
    };
    auto flow = loop_carried(nest(isub(loop(i), index(3)), loop(i)), i, Commuting::ordered);
    REQUIRE(flow);
    CHECK(flow->kind == ConflictKind::flow);
    CHECK(flow->distance == 3);
    CHECK(flow->describe() == "S[i] written is read as S[i - 3] (carried by i, distance 3)");
    auto anti = loop_carried(nest(iadd(loop(i), index(2)), loop(i)), i, Commuting::ordered);
    REQUIRE(anti);
    CHECK(anti->kind == ConflictKind::anti);
    CHECK(anti->distance == 2);
    CHECK_FALSE(loop_carried(nest(iadd(loop(i), index(100)), loop(i)), i, Commuting::ordered));
    CHECK_FALSE(loop_carried(nest(iadd(imul(loop(i), index(2)), index(1)), imul(loop(i), index(2))), i,
                             Commuting::ordered));
    auto output = loop_carried(nest(index(200), index(5)), i, Commuting::ordered);
    REQUIRE(output);
    CHECK(output->kind == ConflictKind::output);
}
