// Random kernels: a direct evaluation of the program in C++ against the interpreter and machine code.

#include "deep.h"
#include "kernel_program.h"

using namespace lathe;

namespace {

constexpr size_t scalars = 3, elements = 8;

/// A value: a constant, a scalar, an element of the array, the variable of a loop around, or a sum or
/// product.
struct Term {
    enum Kind { constant, scalar, element, loop, add, multiply } kind;
    int64_t number = 0; ///< the constant, or which scalar or loop (0: innermost)
    std::vector<Term> parts;
};

struct Statement {
    enum Kind { store, element_store, swap, loop, loop_while, branch, leave, end, keep } kind;
    size_t target = 0;
    bool accumulate = false;
    std::vector<Term> terms;
    std::vector<std::vector<Statement>> bodies;
    int64_t step = 1;
    size_t levels = 0; ///< of a break: loops between
};
using Statements = std::vector<Statement>;

class Generator {
  public:
    explicit Generator(unsigned seed) : random(seed) {}
    Statements program() { return block(3, 0, 0); }

  private:
    std::mt19937 random;
    int budget = 40;

    int64_t pick(int64_t n) { return static_cast<int64_t>(random() % static_cast<unsigned>(n)); }
    Term term(size_t loops, int depth) {
        switch (pick(depth > 0 ? 6 : 4)) {
        case 0:
            return {Term::constant, pick(9) - 2, {}};
        case 1:
            return {Term::scalar, pick(scalars), {}};
        case 2:
            return {Term::element, 0, {term(loops, 0)}};
        case 3:
            if (loops == 0) return {Term::constant, pick(5), {}};
            return {Term::loop, pick(static_cast<int64_t>(loops)), {}};
        case 4:
            return {Term::add, 0, {term(loops, depth - 1), term(loops, depth - 1)}};
        default:
            return {Term::multiply, 0, {term(loops, depth - 1), {Term::constant, pick(5) - 2, {}}}};
        }
    }
    /// `loops` for_s stand around, and `around` loops of both kinds.
    Statements block(int depth, size_t loops, size_t around) {
        Statements all;
        for (int64_t n = 1 + pick(4); n > 0 && budget-- > 0; --n) {
            all.push_back(statement(depth, loops, around));
            if (all.back().kind == Statement::leave || all.back().kind == Statement::end) break;
        }
        return all;
    }
    Statement statement(int depth, size_t loops, size_t around) {
        Statement s;
        s.target = static_cast<size_t>(pick(scalars));
        s.accumulate = pick(2);
        s.terms = {term(loops, 2), term(loops, 2), term(loops, 1)};
        switch (pick(depth > 0 ? 11 : 5)) {
        case 0:
        case 1:
            s.kind = Statement::store;
            return s;
        case 2:
            s.kind = Statement::element_store;
            return s;
        case 3:
            s.kind = Statement::swap;
            return s;
        case 4:
            s.kind = pick(4) == 0 && around ? Statement::leave
                     : pick(12) == 0        ? Statement::end
                                            : Statement::keep;
            s.levels = around ? static_cast<size_t>(pick(static_cast<int64_t>(around))) : 0;
            return s;
        case 5:
        case 6:
        case 7:
            s.kind = Statement::loop;
            s.step = std::array<int64_t, 5>{1, 1, 2, -1, -3}[static_cast<size_t>(pick(5))];
            s.bodies = {block(depth - 1, loops + 1, around + 1)};
            return s;
        case 8:
            s.kind = Statement::loop_while;
            s.bodies = {block(depth - 1, loops, around + 1)};
            return s;
        default:
            s.kind = Statement::branch;
            s.bodies = {block(depth - 1, loops, around), block(depth - 1, loops, around)};
            return s;
        }
    }
};

/// Runs the program in C++. Numbers are taken modulo 2^8 where they are stored, as Int(8).
class Evaluation {
  public:
    int8_t a[elements] = {}, s[scalars] = {};
    void run(const Statements& all) { block(all); }

  private:
    std::vector<int64_t> loops;
    bool ended = false;
    int64_t leaving = 0; ///< loops still to be left

    int64_t value(const Term& t) const {
        switch (t.kind) {
        case Term::constant:
            return t.number;
        case Term::scalar:
            return s[t.number];
        case Term::element:
            return a[value(t.parts[0]) & 7];
        case Term::loop:
            return loops[loops.size() - 1 - static_cast<size_t>(t.number)];
        case Term::add:
            return value(t.parts[0]) + value(t.parts[1]);
        default:
            return value(t.parts[0]) * value(t.parts[1]);
        }
    }
    bool gone() const { return ended || leaving > 0; }
    void block(const Statements& all) {
        for (const Statement& x : all) {
            if (gone()) return;
            statement(x);
        }
    }
    bool round(const Statements& body) {
        block(body);
        if (leaving > 0) {
            --leaving;
            return false;
        }
        return !ended;
    }
    void statement(const Statement& x) {
        const auto at = [&](size_t n) { return static_cast<size_t>(value(x.terms[n]) & 7); };
        switch (x.kind) {
        case Statement::store:
            s[x.target] = static_cast<int8_t>((x.accumulate ? s[x.target] : 0) + value(x.terms[0]));
            return;
        case Statement::element_store:
            a[at(1)] = static_cast<int8_t>((x.accumulate ? a[at(1)] : 0) + value(x.terms[0]));
            return;
        case Statement::swap: {
            const int8_t first = static_cast<int8_t>(value(x.terms[0])), second = a[at(1)];
            const size_t to = at(1);
            a[to] = first;
            s[x.target] = second;
            return;
        }
        case Statement::keep: {
            const int64_t old = value(x.terms[0]);
            s[x.target] = static_cast<int8_t>(s[x.target] + 1);
            a[at(1)] = static_cast<int8_t>(old);
            return;
        }
        case Statement::loop: {
            const int64_t end = value(x.terms[0]) & 7, first = value(x.terms[2]) & 3;
            const int64_t begin = x.step < 0 ? end : first, stop = x.step < 0 ? first : end;
            for (int64_t i = begin; x.step < 0 ? i > stop : i < stop; i += x.step) {
                loops.push_back(i);
                const bool go_on = round(x.bodies[0]);
                loops.pop_back();
                if (!go_on) return;
            }
            return;
        }
        case Statement::loop_while: {
            int n = 0;
            while (n < 5 && s[x.target] < 20) {
                ++n;
                if (!round(x.bodies[0])) return;
            }
            return;
        }
        case Statement::branch:
            return block(value(x.terms[0]) < value(x.terms[1]) ? x.bodies[0] : x.bodies[1]);
        case Statement::leave:
            leaving = static_cast<int64_t>(x.levels) + 1;
            return;
        case Statement::end:
            ended = true;
            return;
        }
    }
};

/// The same program as a kernel.
class Writing {
  public:
    Writing(KernelBody& body, const InOut& array, Scalar* values, std::vector<Var>& found)
        : k(body), a(array), s(values), all_loops(found) {}
    void block(const Statements& all) {
        for (const Statement& x : all)
            statement(x);
    }

  private:
    KernelBody& k;
    const InOut& a;
    Scalar* s;
    std::vector<Var>& all_loops;
    std::vector<Var> loops;
    std::vector<std::optional<Var>> around; ///< for_s by their variable, and whiles

    Expr value(const Term& t) {
        switch (t.kind) {
        case Term::constant:
            return Expr(t.number);
        case Term::scalar:
            return s[t.number];
        case Term::element:
            return a(position(t.parts[0]));
        case Term::loop:
            return loops[loops.size() - 1 - static_cast<size_t>(t.number)];
        case Term::add:
            return value(t.parts[0]) + value(t.parts[1]);
        default:
            return value(t.parts[0]) * value(t.parts[1]);
        }
    }
    Expr position(const Term& t) { return cast(Int(32), value(t))(2, 0); }
    void statement(const Statement& x) {
        switch (x.kind) {
        case Statement::store:
            x.accumulate ? s[x.target] += value(x.terms[0]) : s[x.target] = value(x.terms[0]);
            return;
        case Statement::element_store: {
            const Expr at = position(x.terms[1]);
            if (x.accumulate)
                a(at) += value(x.terms[0]);
            else
                a(at) = value(x.terms[0]);
            return;
        }
        case Statement::swap: {
            const Expr at = k.let(position(x.terms[1])), old = k.let(a(at));
            a(at) = value(x.terms[0]);
            s[x.target] = old;
            return;
        }
        case Statement::keep: {
            const Expr old = k.let(value(x.terms[0]));
            s[x.target] += 1;
            a(position(x.terms[1])) = old;
            return;
        }
        case Statement::loop: {
            const Expr end = position(x.terms[0]), first = cast(Int(32), value(x.terms[2]))(1, 0);
            const Var i(Name(fmt::format("i{}", all_loops.size())));
            all_loops.push_back(i);
            k.for_(i, x.step < 0 ? end : first, x.step < 0 ? first : end, x.step, [&] {
                loops.push_back(i);
                around.emplace_back(i);
                block(x.bodies[0]);
                around.pop_back();
                loops.pop_back();
            });
            return;
        }
        case Statement::loop_while: {
            Scalar n = k.scalar("n", UInt(8), 0);
            k.while_([&] { return n < 5 && s[x.target] < 20; },
                     [&] {
                         n += 1;
                         around.emplace_back();
                         block(x.bodies[0]);
                         around.pop_back();
                     });
            return;
        }
        case Statement::branch:
            k.if_(value(x.terms[0]) < value(x.terms[1]), [&] { block(x.bodies[0]); }).else_([&] {
                block(x.bodies[1]);
            });
            return;
        case Statement::leave:
            return leave(x.levels);
        case Statement::end:
            return k.return_();
        }
    }
    /// A break out of a while can only name the innermost loop.
    void leave(size_t levels) {
        const auto& loop = around[around.size() - 1 - levels];
        loop ? k.break_(*loop) : k.break_();
    }
};

/// Breaks out of whiles leave the innermost loop: makes the program say so.
void fit(Statements& all, std::vector<bool> around) {
    for (Statement& x : all) {
        if (x.kind == Statement::leave && !around[around.size() - 1 - x.levels]) {
            x.levels = 0;
        }
        const bool is_loop = x.kind == Statement::loop || x.kind == Statement::loop_while;
        std::vector<bool> inner = around;
        if (is_loop) inner.push_back(x.kind == Statement::loop);
        for (Statements& body : x.bodies)
            fit(body, inner);
    }
}

} // namespace

TEST_CASE("random kernels") {
    const int count = deep() ? 400 : 25;
    for (int seed = 1; seed <= count; ++seed) {
        Statements program = Generator(static_cast<unsigned>(seed)).program();
        fit(program, {});
        InOut a("a", Int(8), {elements});
        Output out("out", Int(8), {scalars});
        std::vector<Var> loops;
        const Kernel body("body", {a}, [&](KernelBody& k) {
            Scalar s[scalars] = {k.scalar("s0", Int(8), 1), k.scalar("s1", Int(8), 2),
                                 k.scalar("s2", Int(8), 3)};
            Writing(k, a, s, loops).block(program);
        });
        Evaluation want;
        Buffer<int8_t> before({elements}), after({elements});
        for (size_t n = 0; n < elements; ++n)
            before(static_cast<int64_t>(n)) = want.a[n] = static_cast<int8_t>(n * 5 - 12);
        for (size_t n = 0; n < scalars; ++n)
            want.s[n] = static_cast<int8_t>(n + 1);
        want.run(program);
        std::copy(std::begin(want.a), std::end(want.a), after.begin());
        INFO("seed ", seed);
        expect_change(body, {}, {before}, {after});
        Schedule split(body);
        for (size_t n = 0; n < loops.size(); n += 2)
            split[body].split(loops[n], n % 4 ? 2 : 3);
        expect_change(split, {}, {before}, {after});
    }
}
