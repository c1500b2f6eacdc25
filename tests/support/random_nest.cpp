#include "random_nest.h"

#include "lathe/dsl/extern.h"
#include "lathe/dsl/kernel.h"

#include <algorithm>

using namespace lathe;
using namespace lathe::ir;

namespace {

/// Nothing in a program says what this makes of four numbers.
int stir(HalideBuffer* words) {
    auto* x = reinterpret_cast<int32_t*>(words->host);
    for (int n = 0; n < 4; ++n)
        x[n] = (x[n] * 3 + n + 1) % 97;
    return 0;
}

class Draw {
  public:
    explicit Draw(std::mt19937& r) : random(r) {}

  protected:
    int pick(int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }
    bool one_in(int n) { return pick(n) == 0; }

    Type element() {
        const Type types[] = {Int(16),
                              Int(16),
                              UInt(5),
                              Int(12),
                              Fixed(10, 4, Round::rnd, Overflow::sat),
                              Fixed(12, 3, Round::rnd_conv, Overflow::wrap),
                              Int(8),
                              Fixed(9, 2, Round::trn, Overflow::sat_sym),
                              Float(32)};
        return types[pick(9)];
    }
    static Expr as(Type t, const Expr& x) { return cast(t.is_float() ? t : Int(8), x); }

    std::mt19937& random;
    Nest result;
};

/// Loops around stores and reductions to a few tensors, at positions that are alike.
class RandomLoops : Draw {
  public:
    explicit RandomLoops(std::mt19937& r) : Draw(r) {
        for (Target* t : {&a, &b, &c})
            for (size_t d = 0; d < t->tensor.rank(); ++d)
                t->home.push_back(form(d, t->tensor.rank() == 1));
    }

    Nest make() {
        const int depth = one_in(8) ? 4 : 1 + pick(3);
        result.depth = static_cast<size_t>(depth);
        extern_at = one_in(5) ? (one_in(2) ? depth : pick(depth + 1)) : -1;
        scalar_at = one_in(3) ? 1 + pick(depth) : -1;
        result.algorithm = build(Kernel("nest", {index, in, few, a.tensor, b.tensor, c.tensor, words, rows},
                                        [&](KernelBody& body) {
                                            k = &body;
                                            k->require(N <= greatest && M <= greatest);
                                            level(depth);
                                        }));
        if (statements > 1) result.classes.insert("several statements");
        return std::move(result);
    }

  private:
    static constexpr int greatest = 6; ///< of loops' variables

    /// A multiple of each loop, by its depth.
    struct Form {
        int factors[4] = {0, 0, 0, 0};
        int start = 0; ///< so that no position is negative
    };
    struct Target {
        InOut tensor;
        std::vector<Form> home = {};
    };

    Form form(size_t dimension, bool alone) {
        Form f;
        f.factors[one_in(4) ? pick(3) : static_cast<int>(dimension)] = alone && one_in(5) ? 2 : 1;
        if (one_in(alone ? 3 : 6)) f.factors[pick(3)] += one_in(2) ? 1 : -1;
        for (const int factor : f.factors)
            f.start += factor < 0 ? -factor * greatest : 0;
        return f;
    }

    Expr at(const Form& f, int offset) {
        Expr e = Expr(f.start + offset);
        for (size_t l = 0; l < loops.size(); ++l)
            if (f.factors[l] != 0) e = e + loops[l] * f.factors[l];
        return e;
    }
    Expr some_loop() {
        return loops.empty() ? Expr(0) : loops[static_cast<size_t>(pick(static_cast<int>(loops.size())))];
    }

    Expr subscript(const Form& home, bool alone) {
        Expr e = at(one_in(6) ? form(static_cast<size_t>(pick(2)), alone) : home, one_in(2) ? 2 : pick(5));
        if (one_in(10)) {
            result.classes.insert("quasi-affine subscripts");
            e = one_in(2) ? floor_div(e, 2) : floor_mod(e, 2 + pick(3));
        } else if (one_in(20)) {
            e = min(e, 3 + pick(3));
        } else if (one_in(12)) {
            result.classes.insert("symbolic bounds");
            e = max(N + 2 - some_loop(), 0);
        } else if (kept && one_in(3)) {
            result.classes.insert("data subscripts");
            e = one_in(2) ? e + *scalar : e + *scalar - *kept + 3;
        } else if (one_in(14)) {
            result.classes.insert("data subscripts");
            e = e + index(some_loop());
        }
        return e;
    }
    StoreRef element_of(Target& t) { return t.tensor(subscripts(t)); }
    Target& target() {
        Target* const all[] = {&a, &a, &b, &c};
        return *all[pick(4)];
    }

    Expr value() {
        const Expr x = one_in(4) ? in(at(a.home[0], pick(3))) + 1 : Expr(element_of(target()));
        switch (pick(6)) {
        case 0:
            return x;
        case 1:
            return kept ? cast(Int(8), x) + *scalar : x;
        case 2:
            return cast(Int(8), x) + cast(Int(4), some_loop());
        case 3:
            return cast(Int(8), x) + words(pick(4));
        default:
            return cast(Int(8), x) + cast(Int(8), in(at(b.home[0], pick(3))));
        }
    }

    /// Along the diagonals of the two innermost loops.
    void wave() {
        const Expr x = loops[loops.size() - 2], y = loops.back();
        const Type t = b.tensor.type();
        b.tensor(x + 3, y + 3) = as(t, cast(Int(8), b.tensor(x + 2, y + (one_in(5)   ? 3
                                                                         : one_in(2) ? 4
                                                                                     : 2))) +
                                           iteration());
    }

    /// Over all loops but the outermost one.
    void sum() {
        const Type t = c.tensor.type();
        c.tensor(loops.front() + 3) += as(t, in(loops.back() + pick(3)) + iteration());
    }

    /// Over the anti-diagonals of the two innermost loops.
    void spread() {
        const Type t = a.tensor.type();
        a.tensor(loops[loops.size() - 2] + loops.back() + 3) += as(t, iteration());
    }

    /// Where a neighbour says so.
    void threshold() {
        result.classes.insert("guards");
        const Expr x = loops.back();
        k->if_(floor_mod(cast(Int(8), c.tensor(x + 2 + pick(3))), 2) == 0,
               [&] { c.tensor(x + 3) = as(c.tensor.type(), in(x + pick(3)) + iteration()); });
    }

    /// What one statement stores the next one reads, of a neighbour.
    void neighbours() {
        ++statements;
        const Expr x = loops.back();
        c.tensor(x + 3) = as(c.tensor.type(), in(x + pick(3)) + iteration());
        a.tensor(x + 3) = as(a.tensor.type(), cast(Int(8), c.tensor(x + 2 + pick(3))) + iteration());
    }

    /// What is required where it always holds says nothing of the elements that a statement behind it
    /// touches.
    void requirement() {
        const int least = 4 + pick(3);
        k->for_(Var("r"), 0, M - least + 1, [&] { k->require(M >= least, "M"); });
        far_apart(M);
    }
    /// Two elements at this distance.
    void far_apart(const Expr& distance) {
        const Expr here = some_loop() + 3, there = here + distance;
        const bool up = one_in(2);
        a.tensor(up ? there : here) =
            as(a.tensor.type(), cast(Int(8), a.tensor(up ? here : there)) + iteration());
    }

    /// An array of the iteration, which an extern function changes.
    void stirred() {
        result.classes.insert("externs");
        const Array own = k->array("own", Int(32), {4});
        const Var n("n");
        k->for_(n, 0, 4, [&] { own(n) = cast(Int(20), words(n)) + iteration(); });
        k->call(step, {own});
        words(pick(4)) = own(pick(4));
    }

    /// By what the scalar holds, in the iteration that has it.
    void scattered() {
        const Expr x = loops[static_cast<size_t>(scalar_at) - 1];
        const Expr place = one_in(2) ? x + *scalar : x + *scalar - *kept + 3;
        a.tensor(place) = as(a.tensor.type(), iteration());
    }

    /// Other stores often put the same number, or one that the last iteration replaces in any order.
    bool has_all_loops(const Target& t) const {
        for (size_t l = 0; l < loops.size(); ++l)
            if (std::ranges::none_of(t.home, [&](const Form& f) { return f.factors[l] != 0; })) return false;
        return true;
    }

    void statement() {
        ++statements;
        if (kept && one_in(4)) return scattered();
        if (kept && one_in(8)) return far_apart(*scalar - *kept);
        if (!loops.empty() && one_in(32)) return stirred();
        if (!loops.empty() && one_in(8)) return one_in(2) ? threshold() : neighbours();
        if (loops.size() > 1 && one_in(4)) return one_in(3) ? spread() : one_in(2) ? sum() : wave();
        Target& t = target();
        const Type type = t.tensor.type();
        if (counted && one_in(2)) return void(rows(pick(4)) = cast(UInt(2), iteration()));
        if (type.is_int() && one_in(4)) return two_reductions(t);
        const Expr x = as(type, cast(Int(8), value()) + iteration());
        if (one_in(2) && (has_all_loops(t) || one_in(4))) return void(element_of(t) = x);
        if (type.is_int() && one_in(2)) return reduction(t, subscripts(t), x);
        if (one_in(5))
            element_of(t) -= x;
        else
            element_of(t) += x;
    }

    /// By an operation that commutes.
    void reduction(Target& t, const std::vector<Expr>& place, const Expr& x) {
        switch (pick(5)) {
        case 0:
            return void(t.tensor(place) = max(t.tensor(place), x));
        case 1:
            return void(t.tensor(place) = min(t.tensor(place), x));
        case 2:
            return void(t.tensor(place) *= x);
        case 3:
            return void(t.tensor(place) ^= x);
        default:
            return void(t.tensor(place) += x);
        }
    }
    /// Two into the same element, often by different operations.
    void two_reductions(Target& t) {
        ++statements;
        const std::vector<Expr> place = subscripts(t);
        reduction(t, place, as(t.tensor.type(), in(at(a.home[0], pick(3)))));
        reduction(t, place, as(t.tensor.type(), iteration()));
    }
    /// A number that differs between iterations.
    Expr iteration() {
        Expr e = cast(Int(4), Expr(0));
        for (size_t l = 0; l < loops.size(); ++l)
            e = e + cast(Int(6), loops[l]) * (1 << l);
        return e;
    }

    Expr condition() {
        result.classes.insert("guards");
        const Expr x = loops.back(), y = some_loop();
        if (kept && one_in(6)) return *scalar > 1;
        switch (pick(8)) {
        case 0:
            return x + y < N;
        case 1:
            return x != 2;
        case 2:
            return y <= x;
        case 3:
            return floor_mod(x + y, 2) == 0;
        case 4:
            return in(x + 1) > 0;
        case 5:
            return a.tensor(subscripts(a)) > 0;
        case 6:
            return x * 2 < y + 3;
        default:
            return x > 0 && x + 1 < M;
        }
    }
    std::vector<Expr> subscripts(Target& t) {
        std::vector<Expr> at;
        for (const Form& f : t.home)
            at.push_back(subscript(f, t.home.size() == 1));
        return at;
    }

    void call() {
        result.classes.insert("externs");
        if (one_in(2))
            k->print("{}", {iteration()});
        else
            k->call(step, {words});
    }

    /// The body of the loops around, with `depth` more inside.
    void level(int depth) {
        if (static_cast<int>(loops.size()) == extern_at) call();
        if (depth == 0 && extern_at == static_cast<int>(loops.size()) && one_in(3)) return;
        if (static_cast<int>(loops.size()) == scalar_at && !kept) return with_scalar(depth);
        if (!loops.empty() && one_in(20)) requirement();
        if (depth == 0) {
            for (int n = one_in(3) ? 2 : 1; n > 0; --n)
                guarded([&] { statement(); });
            return;
        }
        const bool imperfect = !loops.empty() && one_in(6);
        if (imperfect && one_in(2)) statement();
        if (one_in(24))
            k->if_(M < 4, [&] { range(0, few(M), depth); });
        else if (loops.empty() || one_in(3))
            loop(depth);
        else
            guarded([&] { loop(depth); });
        if (imperfect && one_in(2)) statement();
    }

    void guarded(const std::function<void()>& body) {
        if (loops.empty() || !one_in(4)) return body();
        if (one_in(10)) return k->if_(M > 2 + pick(3), body).else_([&] { far_apart(M); });
        IfChain chain = k->if_(condition(), body);
        if (one_in(3)) chain.else_([&] { statement(); });
    }

    /// A variable of the iteration: it gets a value, which a let keeps, and then another one.
    void with_scalar(int depth) {
        Scalar s = k->scalar("s", UInt(2), index(some_loop() + pick(2)));
        const Expr before = k->let(s);
        const auto inside = [&](int left) {
            if (!one_in(4)) s = index(some_loop() + 2);
            scalar = &s;
            kept = before;
            level(left);
            if (one_in(3)) s += 1;
            kept.reset();
        };
        const int form = pick(6);
        if (form == 0)
            k->if_(s > 1, [&] { inside(depth); });
        else if (form == 1 && depth > 0)
            range(0, s - pick(2), [&] { inside(depth - 1); });
        else
            inside(depth);
    }

    void loop(int depth) {
        Expr begin = Expr(0), end = N;
        if (one_in(20)) { // which the body may write
            counted = true;
            return range(0, rows(pick(4)), depth);
        }
        const bool deep = result.depth > 3;
        if (!loops.empty() && one_in(4)) {
            result.classes.insert("triangles");
            const Expr outer = some_loop();
            if (one_in(2)) {
                begin = one_in(2) ? outer : outer + 1;
                end = one_in(2) ? Expr(N) : Expr(greatest);
                result.classes.insert("symbolic bounds");
            } else {
                end = one_in(2) ? outer : outer + 1;
            }
        } else if (one_in(2) || (deep && loops.size() > 1)) {
            const int low = one_in(2) ? 0 : 1 + pick(2);
            begin = low;
            end = std::min(greatest + 1, low + (deep ? 2 : 2 + pick(4)));
        } else {
            result.classes.insert("symbolic bounds");
            begin = one_in(3) ? 1 : 0;
            end = one_in(2) ? Expr(N) : one_in(3) ? Expr(M - 1) : Expr(M);
        }
        range(begin, end, depth);
    }

    void range(const Expr& begin, const Expr& end, int depth) {
        range(begin, end, [&] { level(depth - 1); });
    }
    void range(const Expr& begin, const Expr& end, const std::function<void()>& body) {
        const char* names[] = {"i", "j", "k", "l"};
        const Var v(names[loops.size()]);
        k->for_(v, begin, end, [&] {
            loops.push_back(v);
            body();
            loops.pop_back();
        });
    }

    Param N{"N"}, M{"M"};
    Input index{"index", UInt(2), {Operand(12)}}, in{"in", Int(5), {Operand(40)}};
    Target a{InOut("A", element(), {Operand(34)})}, b{InOut("B", element(), {Operand(26), Operand(26)})},
        c{InOut("C", element(), {Operand(34)})};
    Input few{"few", UInt(2), {4}};
    InOut words{"words", Int(32), {4}}, rows{"rows", UInt(2), {4}};
    InOut data{"data", Int(32), {4}};
    Extern step{"stir", {data}, stir};
    KernelBody* k = nullptr;
    std::vector<Expr> loops;
    Scalar* scalar = nullptr;
    std::optional<Expr> kept;
    int extern_at = -1, scalar_at = -1, statements = 0;
    bool counted = false; ///< a loop's bound is what rows holds
};

/// Two or three stages: a stencil, sums and updates of a part, in place and along a diagonal, an output.
class RandomStages : Draw {
  public:
    RandomStages(std::mt19937& r, bool f) : Draw(r), forks(f) {}

    Nest make() {
        result.classes = {"moves"};
        result.depth = 3;
        result.algorithm = some();
        return std::move(result);
    }

  private:
    Algorithm some() {
        switch (pick(10)) {
        case 0:
        case 1:
            return crossing();
        case 2:
        case 3:
            return chain();
        case 4:
            return one_in(2) ? growing() : diagonal();
        case 5:
            return forks ? forked() : rows();
        default:
            return rows();
        }
    }

    /// An update that runs along an anti-diagonal when its Func is computed whole.
    Algorithm crossing() {
        Func p("p", Int(16), {4, 10}), out("out", Int(16), {8});
        RDom r(0, 6, "r");
        p(i, j) = in(i, j);
        const int shift = 3 + pick(2);
        p(i, r) = p(i, r + shift - i) + 1;
        if (one_in(3)) p(i, j) += 2;
        out(j) = p(0, j) + p(one_in(2) ? 0 : 1, j + 1);
        return build({out});
    }

    /// Each stage reads only the one before.
    Algorithm chain() {
        result.classes.insert("symbolic bounds");
        Func p("p", Int(16)), q("q", Int(16)), out("out", Int(16), {N, M});
        p(i, j) = in(i, j) + in(i + pick(2), j + pick(3));
        q(i, j) = p(i, j) + p(i + pick(2), j + 1 + pick(2));
        out(i, j) = q(i, j) - q(i + pick(2), j + 1 + pick(2));
        return build({out});
    }

    /// One stage that two others read.
    Algorithm forked() {
        result.classes.insert("symbolic bounds");
        Func p("p", Int(16)), q("q", Int(16)), out("out", Int(16), {N, M});
        p(i, j) = in(i, j) * 2 - in(i + 1, j + pick(2));
        if (one_in(3)) p(i, j) += in(i, j + 1);
        q(i, j) = p(i, j) - p(i + pick(2), j + pick(2));
        out(i, j) = q(i, j) + q(i + pick(2), j) + p(i, j + pick(2));
        return build({out});
    }

    /// An update over both dimensions at once.
    Algorithm diagonal() {
        result.classes.insert("symbolic bounds");
        Func p("p", Int(16), {N, N}), out("out", Int(16), {N, N});
        RDom r(0, N, "r");
        p(i, j) = in(i, j);
        p(r, r) += in(r, 1 + pick(3));
        out(i, j) = p(i, j) + in(i, j + 1);
        return build({out});
    }

    /// A loop whose bound its own updates change.
    Algorithm growing() {
        Func p("p", UInt(3), {8}), out("out", Int(16), {8});
        p(i) = 2 + pick(2);
        RDom r(p(2 + pick(2)), 3, "r");
        p(r) += 1;
        out(i) = p(i) + in(i, 0);
        return build({out});
    }

    Algorithm rows() {
        result.classes.insert("symbolic bounds");
        Func p("p", Int(16)), q("q", element(), Shape{N, M}), out("out", Int(16), {N, M});
        p(i, j) = in(i, j) + in(i + pick(2), j + pick(3));
        if (one_in(3)) p(i, j) += in(i + 1, j);
        const Type t = q.type();
        q(i, j) = as(t, one_in(2) ? p(i, j) + p(i + 1, j) : Expr(3));
        for (int n = pick(3); n > 0; --n)
            update(p, q);
        const Expr x = q(i, j), y = one_in(2) ? q(i, M - 1 - j) : q(N - 1 - i, j);
        out(i, j) = cast(Int(12), x) - cast(Int(12), y) + (one_in(2) ? p(i, j + 1) : Expr(0));
        return build({out});
    }

    void update(const Func& p, Func& q) {
        const Type t = q.type();
        switch (pick(7)) {
        case 0: {
            RDom r(0, 3, "r");
            q(i, j) += as(t, p(i + r, j));
            return;
        }
        case 1: {
            RDom r(1, max(M, 1) - 1, "r");
            q(i, r) = as(t, q(i, r - 1) + as(t, p(i, r)));
            return;
        }
        case 2: {
            RDom r({{0, N}, {0, M}}, "r");
            result.classes.insert("guards");
            r.where(one_in(2) ? r.x + r.y < 5 : in(r.x, r.y) > 0);
            q(r.x, r.y) += as(t, p(r.x, r.y + 1));
            return;
        }
        case 3: {
            RDom r(0, min(M, 2), "r");
            q(i, r) += as(t, p(i, r));
            return;
        }
        case 4: {
            RDom r(0, min(N, M), "r");
            q(r, r) = as(t, p(r, r));
            return;
        }
        case 5: {
            RDom r({{1, max(N, 1) - 1}, {0, max(M, 1) - 1}}, "r");
            q(r.x, r.y) = as(t, q(r.x - 1, r.y + pick(2)));
            return;
        }
        default: {
            RDom r(0, 2, "r");
            result.classes.insert("guards");
            r.where(r != i);
            q(i, j) += as(t, p(i, j + r));
        }
        }
    }

    const bool forks;
    Param N{"N"}, M{"M"};
    Var i{"i"}, j{"j"};
    Input in{"in", Int(6), {Operand(16), Operand(16)}};
};

/// A loop of a definition, with the kind that it has.
struct Place {
    LoopRef loop;
    const For* node;
    std::vector<Symbol> around;
};

std::vector<Place> places(const Schedule& s, const Definition& d) {
    std::vector<Place> found;
    std::vector<std::pair<Symbol, int>> stages;
    std::vector<Symbol> around;
    const std::function<void(const Stmt&)> walk = [&](const Stmt& at) {
        if (!at.defined()) return;
        const Stage* stage = at.as<Stage>();
        const For* f = at.as<For>();
        if (stage) stages.emplace_back(stage->func, stage->definition);
        if (f) {
            if (!stages.empty() && stages.back() == std::pair(d.func, d.index))
                found.push_back({LoopRef(f->var, f->var.name(), Loc::current()), f, around});
            around.push_back(f->var);
        }
        for (const Stmt& t : bodies(at))
            walk(t);
        if (f) around.pop_back();
        if (stage) stages.pop_back();
    };
    walk(s.module().top().body);
    return found;
}

class DrawCall : Draw {
  public:
    DrawCall(const Schedule& s, const Algorithm& a, std::mt19937& r, bool c)
        : Draw(r), schedule(s), algorithm(a), copies(c) {}

    std::optional<RandomCall> make() {
        const Definition& d = some_definition();
        on = d;
        loops = places(schedule, d);
        const bool argument = std::ranges::any_of(
            schedule.module().top().arguments, [&](const Argument& t) { return t.tensor.symbol == d.func; });
        if (!d.tensors.empty() && one_in(2)) return argument ? fuse_init() : of_func();
        if (loops.empty()) return std::nullopt;
        switch (pick(14)) {
        case 0:
            return split(Tail::guard);
        case 1:
            return split(Tail::peel);
        case 2:
        case 3:
            return split(Tail::shift_inwards);
        case 4:
        case 5:
            return parallel();
        case 6:
        case 7:
        case 8:
            return vectorize();
        case 9:
            return one_in(2) ? fuse() : copies && one_in(3) ? separate() : unroll();
        default:
            return reorder();
        }
    }

  private:
    const Definition& some_definition() {
        return algorithm
            .definitions[static_cast<size_t>(pick(static_cast<int>(algorithm.definitions.size())))];
    }
    const Place& one() { return loops[static_cast<size_t>(pick(static_cast<int>(loops.size())))]; }

    /// The definition's handle in whatever schedule the call is made on.
    static StageHandle handle(Schedule& s, const Definition& d) {
        const StageHandle last = s.stage(d.func);
        return d.index == 0 ? last.init() : last.update(d.index - 1);
    }
    template <class F> RandomCall call(const char* primitive, bool asks, F make) {
        return {primitive, asks, [d = on, make](Schedule& s) { make(handle(s, d)); }};
    }

    RandomCall split(Tail tail) {
        const LoopRef l = one().loop;
        const int64_t factor = 2 + pick(3);
        const bool shift = tail == Tail::shift_inwards;
        const char* name = shift ? "split, shift_inwards" : tail == Tail::peel ? "split, peel" : "split";
        return call(name, shift, [=](StageHandle h) { h.split(l, factor, tail); });
    }
    RandomCall parallel() {
        const LoopRef l = one().loop;
        return call("parallel", true, [=](StageHandle h) { h.parallel(l); });
    }
    RandomCall vectorize() {
        const Place& p = one();
        const LoopRef l = p.loop;
        const int64_t lanes = 2 + pick(3);
        if (as_int(p.node->extent) && one_in(2))
            return call("vectorize", true, [=](StageHandle h) { h.vectorize(l); });
        return call("vectorize", true, [=](StageHandle h) { h.vectorize(l, lanes); });
    }
    RandomCall unroll() {
        const LoopRef l = one().loop;
        const int64_t factor = 2 + pick(2);
        if (one_in(2)) return call("unroll", false, [=](StageHandle h) { h.unroll(l); });
        return call("unroll", false, [=](StageHandle h) { h.unroll(l, factor); });
    }
    std::optional<RandomCall> fuse() {
        for (const Place& p : loops)
            if (!p.around.empty() && one_in(2))
                for (const Place& q : loops)
                    if (q.node->var == p.around.back()) {
                        const LoopRef outer = q.loop, inner = p.loop;
                        return call("fuse", false, [=](StageHandle h) { h.fuse(outer, inner); });
                    }
        return std::nullopt;
    }
    /// Two or more loops inside each other, in another order.
    std::optional<RandomCall> reorder() {
        const Place& innermost = one();
        std::vector<LoopRef> order;
        for (const Place& p : loops)
            if (std::ranges::find(innermost.around, p.node->var) != innermost.around.end() && !one_in(4))
                order.push_back(p.loop);
        if (order.empty()) return std::nullopt;
        order.push_back(innermost.loop);
        const std::vector<LoopRef> before = order;
        while (std::ranges::equal(order, before, {}, &LoopRef::symbol, &LoopRef::symbol))
            std::shuffle(order.begin(), order.end(), random);
        return call("reorder", true, [=](StageHandle h) { h.reorder(order); });
    }
    std::optional<RandomCall> fuse_init() {
        if (loops.empty()) return std::nullopt;
        const LoopRef l = one().loop;
        if (one_in(2)) return call("fuse_init", true, [](StageHandle h) { h.fuse_init(); });
        return call("fuse_init", true, [=](StageHandle h) { h.fuse_init(l); });
    }
    std::optional<RandomCall> of_func() {
        const Definition& to = some_definition();
        const std::vector<Place> there = places(schedule, to);
        switch (pick(8)) {
        case 0:
            return call("compute_root", true, [](StageHandle h) { h.compute_root(); });
        case 1:
            return call("inline_", true, [](StageHandle h) { h.inline_(); });
        case 2:
        case 3:
            return fuse_init();
        default:
            if (there.empty() || to.func == on.func) return std::nullopt;
            return compute_at(to, there);
        }
    }
    /// In one loop, or in all copies of one, which then goes by the name that it had before there were any.
    RandomCall compute_at(const Definition& to, const std::vector<Place>& there) {
        const std::vector<LoopRef> names = names_of(to);
        const bool every = copies && !names.empty() && one_in(has_copies() ? 2 : 6);
        const LoopRef l = every ? names[static_cast<size_t>(pick(static_cast<int>(names.size())))]
                                : there[static_cast<size_t>(pick(static_cast<int>(there.size())))].loop;
        RandomCall c{every ? "compute_at, all" : "compute_at", true, {}};
        c.make = [d = on, to, l, every](Schedule& s) {
            handle(s, d).compute_at(handle(s, to), every ? LoopArg(all(l)) : LoopArg(l));
        };
        return c;
    }
    bool has_copies() const {
        for (const schedule::Step& s : schedule.steps())
            if (!s.copies.empty()) return true;
        return false;
    }
    std::vector<LoopRef> names_of(const Definition& d) const {
        std::vector<LoopRef> names;
        for (const auto& [variable, own] : d.loops)
            names.emplace_back(variable, variable.name(), Loc::current());
        for (const schedule::Step& s : schedule.steps())
            if (s.func == d.func && s.definition == d.index)
                for (const Symbol& r : s.results)
                    names.emplace_back(r, r.name(), Loc::current());
        return names;
    }
    RandomCall separate() {
        const LoopRef l = one().loop;
        return call("separate", false, [=](StageHandle h) { h.separate(l); });
    }

    const Schedule& schedule;
    const Algorithm& algorithm;
    const bool copies;
    Definition on;
    std::vector<Place> loops;
};

} // namespace

Nest random_stages(std::mt19937& random, bool forks) {
    return RandomStages(random, forks).make();
}

Nest random_nest(std::mt19937& random, bool forks) {
    if (random() % 4 == 0) return random_stages(random, forks);
    return RandomLoops(random).make();
}

std::vector<Sizes> small_sizes(const Module& m, size_t most, std::mt19937& random) {
    std::vector<Sizes> all{{}};
    for (const Param& p : m.top().params) {
        std::vector<Sizes> next;
        for (const Sizes& sizes : all)
            for (int64_t value = 6; value >= 0; --value) {
                next.push_back(sizes);
                next.back()[p.symbol.name()] = value;
            }
        all = std::move(next);
    }
    if (all.size() > most) {
        std::shuffle(all.begin() + 1, all.end(), random); // the largest stays in front
        all.resize(most);
    }
    return all;
}

std::optional<RandomCall> draw_call(const Schedule& s, const Algorithm& a, std::mt19937& random,
                                    bool copies) {
    return DrawCall(s, a, random, copies).make();
}
