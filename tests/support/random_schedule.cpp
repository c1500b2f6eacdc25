#include "random_schedule.h"

#include <algorithm>

using namespace lathe;
using namespace lathe::ir;
using namespace lathe::schedule;

namespace {

Program stencil_and_sum(std::mt19937& random) {
    Param N("N"), M("M");
    Var i("i"), j("j");
    Type types[] = {Int(8), UInt(5), Fixed(12, 7), Float(32)};
    Input a("a", types[random() % 4], {Operand(N + 2), Operand(M + 1)});
    RDom r(0, 3, "r");
    Type sums[] = {Int(24), Fixed(20, 4), Fixed(20, 4, Round::rnd_conv, Overflow::sat), Float(32)};
    Func p("p", Fixed(24, 8)), q("q", sums[random() % 4], {N, M}), out("out", Int(32), {N, M});
    p(i, j) = a(i, j) + a(i, j + 1);
    q(i, j) = 1;
    q(i, j) += p(i + r, j);
    out(i, j) = q(i, j) - p(i, j);
    return {build({out}),
            {{{"N", 7}, {"M", 9}}, {{"N", 1}, {"M", 1}}, {{"N", 0}, {"M", 3}}, {{"N", 4}, {"M", 0}}}};
}

Program in_place(std::mt19937& random) {
    Param N("N");
    Var i("i"), j("j");
    Input a("a", Int(8), {N, N});
    RDom r({{1, N - 1}, {0, N - 2}}, "r");
    Func s("s", Int(16), {N, N}), out("out", Int(32), {N, N});
    s(i, j) = a(i, j);
    switch (random() % 3) {
    case 0:
        s(r.x, r.y) = s(r.x - 1, r.y) + 1;
        break;
    case 1:
        s(r.x, r.y) = s(r.x - 1, r.y + 1) * 2;
        break;
    default:
        s(r.x, r.y) += a(r.y, r.x);
    }
    out(i, j) = s(i, j) + s(j, i);
    return {build({out}), {{{"N", 6}}, {{"N", 1}}, {{"N", 0}}, {{"N", 2}}}};
}

/// A condition on two reduction variables below N, some of them on what `a` holds.
Expr condition(std::mt19937& random, const Expr& x, const Expr& y, const Param& N, const Input& a) {
    switch (random() % 10) {
    case 0:
    case 8:
        return x + N < 8;
    case 1:
    case 9:
        return x + y < N;
    case 2:
        return x <= y && y != 2;
    case 3:
        return N - x > 3 || x == y;
    case 4:
        return a(x, y) > 0;
    case 5:
        return floor_mod(x + y, 3) == 1;
    case 6:
        return y >= x * 2 - 3;
    default:
        return x != y;
    }
}

/// Funcs that read each other, and at last one whose update reads a part of them under a condition.
Program chain(std::mt19937& random) {
    Param N("N");
    Var x("x"), y("y");
    RDom r(0, N, "r");
    Input a("a", Int(8), {Operand(N + 2), Operand(N + 2)});
    Func p("p", Int(32)), q("q", Int(32)), t("t", Int(32)), h("h", Int(32), {N});
    p(x) = a(x, 1) * 3 + 1;
    q(x) = p(x) + p(random() % 2 ? x + 1 : x);
    t(x) = random() % 3 ? q(x) * 2 : q(x) - p(x);
    h(y) = 7;
    if (random() % 5 != 0) r.where(condition(random, r, y, N, a));
    h(y) += random() % 4 ? t(r) : t(y) + t(r);
    return {build({h}), {{{"N", 10}}, {{"N", 3}}, {{"N", 1}}, {{"N", 0}}}};
}

/// A reduction variable in two dimensions, an anti-diagonal, and reductions under conditions.
Program parts(std::mt19937& random) {
    Param N("N");
    Var x("x"), y("y");
    RDom r(0, 8, "r");
    Func f("f", Int(32), {8, 24}), g("g", Int(32), {24});
    Input a("a", Int(8), {32, 32});
    const std::vector<Sizes> none{{}};
    switch (random() % 5) {
    case 0: {
        Func out("out", Int(32), {8, 24});
        f(x, y) = a(x, y);
        f(r, r) += 1;
        out(x, y) = f(x, y) * 2 + f(x, 23 - y);
        return {build({out}), none};
    }
    case 1:
        f(x, y) = a(x, y);
        f(x, r) = f(x, r + 8 - x);
        g(y) = f(0, y) + f(random() % 2 ? 0 : 1, y);
        return {build({g}), none};
    case 2: {
        RDom q({{0, N}, {0, 2}}, "q");
        q.where(condition(random, q.x, q.y, N, a));
        Func p("p", Int(32)), t("t", Int(32)), h("h", Int(32), {N});
        p(x) = x * 3;
        t(x) = p(x) + p(x + 1);
        h(x) = 7;
        h(q.x) += t(q.x) * q.y;
        return {build({h}), {{{"N", 10}}, {{"N", 3}}, {{"N", 0}}}};
    }
    case 3: {
        RDom q(0, 3, "q");
        g(x) = 1;
        if (random() % 2) r.where(a(r, 4) > 0);
        g(clamp(a(r, 0), 0, 5)) += sum(q, a(r, q));
        Func out("out", Int(32), {24});
        out(x) = g(x) - g(23 - x);
        return {build({out}), none};
    }
    default: {
        Func n("n", Int(32), {8}), h("h", Int(32), {8, 8});
        n(x) = x % 5 + 1;
        h(x, y) = 7;
        if (random() % 2) {
            RDom q(0, clamp(n(x), 0, 3), "q");
            h(x, q) += a(x, q);
        } else {
            RDom q(0, 4, "q"), t(0, 3, "t");
            q.where(q + x > 5);
            h(x, y) += a(q, y) + sum(t, a(x, y + t));
        }
        Func out("out", Int(32), {8, 8});
        out(x, y) = h(x, y) + h(x, 7 - y);
        return {build({out}), none};
    }
    }
}

class Driver {
  public:
    Driver(Schedule& s, const Algorithm& a, std::mt19937& r) : schedule(s), algorithm(a), random(r) {}

    bool call() {
        if (pick(6) == 0) return gather();
        if (pick(6) == 0) return store();
        return attempt([&] { step(); });
    }

  private:
    size_t pick(size_t n) { return random() % n; }

    /// Computes Funcs in one loop, consumers first, one call after the other.
    bool gather() {
        const std::vector<Definition>& all = algorithm.definitions;
        const Definition& other = pick(2) ? all.back() : all[pick(all.size())];
        const auto loops = loops_of(other.func, other.index);
        if (loops.empty()) return false;
        const bool every = pick(3) == 0;
        const auto names = every ? names_of(other) : loops;
        const Symbol at = names[pick(names.size())];
        const LoopRef loop(at, at.name(), Loc::current());
        bool accepted = false;
        for (size_t n = all.size(); n-- > 0 && pick(4) != 0;)
            if (all[n].index == 0 && !(all[n].func == other.func))
                accepted |= attempt([&] {
                    handle(all[n]).compute_at(handle(other),
                                              every ? LoopArg(lathe::all(loop)) : LoopArg(loop));
                });
        return accepted;
    }

    /// What the loops of a definition are called, those too of which there are several copies now.
    std::vector<Symbol> names_of(const Definition& d) const {
        std::vector<Symbol> names;
        for (const auto& [variable, own] : d.loops)
            names.push_back(variable);
        for (const Step& s : schedule.steps())
            if (s.func == d.func && s.definition == d.index)
                names.insert(names.end(), s.results.begin(), s.results.end());
        return names;
    }

    template <class F> bool attempt(const F& make) {
        std::string before = print(schedule), trace = schedule.trace();
        try {
            make();
            verify(schedule.module());
            return true;
        } catch (const InternalError& e) {
            FAIL(e.message() << "\n" << before);
        } catch (const Error&) {
            CHECK(print(schedule) == before);
            CHECK(schedule.trace() == trace);
        }
        return false;
    }

    /// The loops that stand in a stage now.
    std::vector<Symbol> loops_of(const Symbol& func, int definition) {
        std::vector<Symbol> loops;
        std::vector<std::pair<Symbol, int>> inside;
        std::function<void(const Stmt&)> walk = [&](const Stmt& s) {
            if (!s.defined()) return;
            const Stage* g = s.as<Stage>();
            const For* f = s.as<For>();
            if (g) inside.emplace_back(g->func, g->definition);
            if (f && !inside.empty() && inside.back() == std::pair(func, definition)) loops.push_back(f->var);
            if (const Block* b = s.as<Block>())
                for (const Stmt& c : b->stmts)
                    walk(c);
            if (f) walk(f->body);
            if (const If* i = s.as<If>()) {
                walk(i->then_body);
                walk(i->else_body);
            }
            if (const LetStmt* l = s.as<LetStmt>()) walk(l->body);
            if (const Allocate* a = s.as<Allocate>()) walk(a->body);
            if (g) {
                walk(g->body);
                inside.pop_back();
            }
        };
        for (const Function& f : schedule.module().functions)
            walk(f.body);
        return loops;
    }

    /// A Func that is no argument.
    bool moves(const Definition& d) const {
        return !d.tensors.empty() &&
               std::ranges::none_of(algorithm.module.top().arguments,
                                    [&](const Argument& a) { return a.tensor.symbol == d.func; });
    }

    /// A step of any primitive, as its descriptor says.
    void step() {
        const Definition& d = algorithm.definitions[pick(algorithm.definitions.size())];
        if (pick(12) == 0) return quantize(d);
        const Primitive& p = *primitive();
        // What has no place of its own is asked to move from time to time only, to see that refused.
        if (p.acts_on == ActsOn::func && !p.kernels && !moves(d) && pick(8) != 0) return;
        const Definition& consumer = algorithm.definitions[pick(algorithm.definitions.size())];
        const Definition& around = p.consumer ? consumer : d;
        const auto made = p.consumer || p.callee ? std::nullopt : made_function();
        std::vector<Symbol> loops = made ? loops_of(*made, 0) : loops_of(around.func, around.index);
        if (p.every && pick(4) == 0) loops = names_of(around);
        if (p.tensor && pick(2)) // those that are gone: processes are named by them
            for (const Step& before : schedule.steps())
                if (before.func == (made ? *made : d.func))
                    loops.insert(loops.end(), before.loops.begin(), before.loops.end());
        if (auto s = random_step(p, std::move(loops))) {
            s->func = made ? *made : d.func;
            s->definition = made ? 0 : d.index;
            if (p.consumer) {
                s->target = consumer.func;
                s->target_definition = consumer.index;
            }
            if (p.tensor) s->tensor = tensor(d);
            if (p.callee) std::tie(s->func, s->target) = some_call(d.func, consumer.func);
            const Step call = *s;
            const std::vector<Symbol> before = touched(d);
            schedule.call(std::move(*s));
            if (p.makes_functions && !call.loops.empty()) follow(call, before);
        }
    }

    /// What is only possible behind a call on the same loops.
    void follow(const Step& call, std::vector<Symbol> tensors) {
        std::shuffle(tensors.begin(), tensors.end(), random);
        for (const Primitive* p : all_primitives()) {
            if (!p->makes_functions || !p->tensor) continue;
            for (const Symbol& t : tensors) {
                Step s = call;
                s.primitive = p;
                s.tensor = t;
                s.words.clear();
                if (attempt([&] { schedule.call(std::move(s)); })) break;
            }
        }
    }

    /// The tensors that the stage touches, as it is now.
    std::vector<Symbol> touched(const Definition& d) {
        std::set<Symbol> all;
        ir::for_each(
            schedule.module().top().body,
            [&](const ir::Stmt& s) {
                const auto* g = s.as<ir::Stage>();
                if (!g || !(g->func == d.func) || g->definition != d.index) return;
                all.merge(ir::tensors_read(s));
                all.merge(ir::tensors_written(s));
            },
            nullptr);
        return {all.begin(), all.end()};
    }
    Symbol tensor(const Definition& d) {
        const std::vector<Symbol> all = touched(d);
        return all.empty() ? d.func : all[pick(all.size())];
    }

    /// Sometimes a Function that a step made.
    std::optional<Symbol> made_function() {
        if (schedule.steps().empty() || pick(3) != 0) return std::nullopt;
        const Step& s = schedule.steps()[pick(schedule.steps().size())];
        if (s.results.empty()) return std::nullopt;
        for (const Function& f : schedule.module().functions)
            if (const Stage* g = f.body.as<Stage>(); g && g->func == s.results[0]) return g->func;
        return std::nullopt;
    }

    /// The stages of a caller and of what it calls, or from time to time any two.
    std::pair<Symbol, Symbol> some_call(const Symbol& caller, const Symbol& callee) {
        std::map<std::string, Symbol> stages;
        std::vector<std::pair<Symbol, std::string>> calls;
        for (const Function& f : schedule.module().functions)
            for_each(
                f.body,
                [&](const Stmt& s) {
                    if (const Stage* g = s.as<Stage>()) stages.emplace(f.name, g->func);
                    const auto* c = s.as<CallStmt>();
                    if (c && stages.contains(f.name)) calls.emplace_back(stages[f.name], c->callee);
                },
                nullptr);
        std::erase_if(calls,
                      [&](const auto& c) { return !stages.contains(c.second); }); // made for the device
        if (calls.empty() || pick(8) == 0) return {caller, callee};
        const auto& [from, to] = calls[pick(calls.size())];
        return {from, stages.at(to)};
    }

    /// Every primitive, those of loops more often.
    const Primitive* primitive() {
        const auto all = all_primitives();
        const bool calls = algorithm.module.functions.size() > 1 && pick(3) == 0;
        const ActsOn wanted = pick(12) == 0 ? ActsOn::stages
                              : calls       ? ActsOn::calls
                              : pick(3)     ? ActsOn::loops
                                            : ActsOn::func;
        while (true) {
            const Primitive* p = all[pick(all.size())];
            if (p->acts_on == wanted && (!p->makes_functions || pick(3) == 0)) return p;
        }
    }

    /// The Funcs and the tensors of all Functions.
    std::vector<Tensor> tensors() {
        std::vector<Tensor> all;
        for (const Function& f : schedule.module().functions) {
            for (const Argument& a : f.arguments)
                if (random() % 8 == 0) all.push_back(a.tensor); // which have no layout of their own
            all.insert(all.end(), f.constants.begin(), f.constants.end());
            for_each(
                f.body,
                [&](const Stmt& s) {
                    if (const auto* a = s.as<Allocate>())
                        all.insert(all.end(), a->tensors.begin(), a->tensors.end());
                },
                nullptr);
        }
        return all;
    }

    /// Some steps on how one tensor is stored.
    bool store() {
        const std::vector<Tensor> all = tensors();
        if (all.empty()) return false;
        const Tensor& t = all[pick(all.size())];
        bool accepted = false;
        for (size_t n = 1 + pick(4); n > 0;) {
            const Primitive& p = *all_primitives()[pick(all_primitives().size())];
            if (p.acts_on != ActsOn::tensor) continue;
            --n;
            if (auto s = random_tensor_step(p, t)) accepted |= attempt([&] { schedule.call(std::move(*s)); });
        }
        return accepted;
    }

    std::optional<Step> random_tensor_step(const Primitive& p, const Tensor& t) {
        auto s = random_step(p, {});
        s->func = t.symbol;
        const size_t rank = t.dims.size();
        if (p.numbers.has(0) && p.numbers.has(2)) { // a number, or the type of a word
            const bool typed = pick(2) != 0;
            s->numbers =
                typed ? std::vector<int64_t>{} : std::vector<int64_t>{0, 1 + static_cast<int64_t>(pick(4))};
            s->words = {typed ? "UInt(64)" : ""};
        }
        if (p.numbers_are == Numbers::of_dimension && !s->numbers.empty())
            s->numbers[0] = static_cast<int64_t>(pick(rank + 2)) - 1;
        if (p.numbers_are == Numbers::order || p.numbers_are == Numbers::extents) s->numbers.clear();
        for (size_t d = 0; p.numbers_are == Numbers::order && d < rank; ++d)
            s->numbers.push_back(static_cast<int64_t>(d));
        if (p.numbers_are == Numbers::order) std::shuffle(s->numbers.begin(), s->numbers.end(), random);
        if (p.numbers_are == Numbers::extents) s->numbers = other_extents(t);
        if (s->numbers.size() < p.numbers.least) return std::nullopt;
        return s;
    }

    /// Of as many elements, mostly: two dimensions.
    std::vector<int64_t> other_extents(const Tensor& t) {
        int64_t count = 1;
        for (const Dim& d : t.dims)
            count *= as_int(d.extent).value_or(3);
        const int64_t first = 1 + static_cast<int64_t>(pick(4));
        return {first, std::max<int64_t>(count / first, 1)};
    }

    /// Operands that make sense; none: there are too few loops.
    std::optional<Step> random_step(const Primitive& p, std::vector<Symbol> loops) {
        const size_t most = std::min(p.loops.most, loops.size());
        if (most < p.loops.least) return std::nullopt;
        Step s;
        s.primitive = &p;
        s.loc = Loc::current();
        std::shuffle(loops.begin(), loops.end(), random);
        // Many of any number, and one of the two that there may be.
        const size_t count =
            p.loops.most == Primitive::any && pick(3) ? most - pick(most / 3 + 1) : pick(most + 1);
        loops.resize(std::max(p.loops.least, count));
        s.loops = std::move(loops);
        s.every = p.every && pick(4) == 0;
        const size_t more = p.numbers.most == Primitive::any ? 2 : p.numbers.most - p.numbers.least;
        const size_t numbers = p.numbers.least + pick(more + 1);
        for (size_t n = 0; n < numbers; ++n)
            s.numbers.push_back((p.callee ? 0 : 1) + static_cast<int64_t>(pick(p.callee ? 2 : 5)));
        for (const WordOperand& w : p.words) {
            if (!w.values.empty())
                s.words.emplace_back(pick(3) || w.unsaid.empty() ? w.values[pick(w.values.size())]
                                                                 : w.unsaid);
            else
                s.words.push_back(pick(3) ? "" : fmt::format("n{}", pick(9)));
        }
        return s;
    }

    void quantize(const Definition& d) {
        Type types[] = {Int(9), Fixed(18, 6), UFixed(12, 3, Round::rnd, Overflow::sat), Int(70)};
        const auto& arguments = algorithm.module.top().arguments;
        Symbol tensor = pick(2) ? d.func : arguments[pick(arguments.size())].tensor.symbol;
        QuantizeOptions options;
        if (pick(3) == 0) options.accumulate = pick(2) ? Accumulate::exact : Accumulate(Int(33));
        schedule.quantize(TensorRef(tensor), types[pick(4)], options);
    }

    StageHandle handle(const Definition& d) {
        StageHandle last = schedule.stage(d.func);
        if (d.index == 0) return last.init();
        return last.update(d.index - 1);
    }

    Schedule& schedule;
    const Algorithm& algorithm;
    std::mt19937& random;
};

} // namespace

Program make_program(std::mt19937& random) {
    Type types[] = {Int(8), Float(32), Fixed(14, 9)};
    switch (random() % 9) {
    case 5:
    case 6:
        return parts(random);
    case 7:
    case 8:
        return chain(random);
    case 0:
        return {build({Gemm(types[random() % 3], Float(32)).C}), Gemm::sizes()};
    case 1:
        return {build({PackedGemm().C}), Gemm::sizes()};
    case 2:
        return {build({Blur(UInt(8)).out}), Blur::sizes()};
    case 3:
        return stencil_and_sum(random);
    default:
        return in_place(random);
    }
}

Program random_windows(std::mt19937& random) {
    Var y("y"), x("x");
    const Type types[] = {Int(8), UInt(5), Fixed(12, 7), Float(32)};
    Input a("a", types[random() % 4], {9, 10});
    std::vector<Func> all;
    const unsigned stages = 1 + random() % 3;
    for (unsigned n = 1; n <= stages; ++n) {
        const int64_t dy = static_cast<int64_t>(random() % 3), dx = static_cast<int64_t>(random() % 3);
        const auto at = [&](const auto& t) { return Expr(t(y, x)) - t(y + dy, x + dx) * 2 + t(y + 1, x); };
        Func f(fmt::format("f{}", n), n == stages ? Int(24) : Fixed(20, 6), {9 - 2 * n, 10 - 2 * n});
        f(y, x) = all.empty() ? at(a) : at(all.back()) + a(y, x + 1);
        all.push_back(f);
    }
    return {build({all.back()}), {{}}};
}

bool random_call(Schedule& schedule, const Algorithm& algorithm, std::mt19937& random) {
    return Driver(schedule, algorithm, random).call();
}

Program random_rows(std::mt19937& random) {
    const auto extent = [&] { return static_cast<int64_t>(2 + random() % 4); };
    const int64_t rows = extent(), columns = extent(), depth = extent();
    Input a("a", Int(8), {rows, depth}), b("b", Int(8), {depth, columns});
    Var i("i"), j("j");
    RDom k(0, static_cast<int>(depth), "k");
    Func c("c", Int(32), {rows, columns});
    c(i, j) = 0;
    c(i, j) += a(i, k) * b(k, j);
    return {build({c}), {{}}};
}
