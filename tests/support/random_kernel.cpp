#include "random_program.h"

#include "random_expressions.h"

#include "lathe/dsl/extern.h"
#include "lathe/dsl/kernel.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

/// Nothing in a program says what this makes of four small numbers.
int bump(HalideBuffer* words) {
    auto* x = reinterpret_cast<int32_t*>(words->host);
    for (int i = 0; i < 4; ++i)
        x[i] = x[i] * 3 + 100'000;
    return 0;
}
constexpr const char* bump_in_vitis =
    "static void bump(ap_int<32>* x) {\n"
    "    for (int i = 0; i < 4; ++i)\n        x[i] = x[i] * 3 + 100000;\n}\n";

class RandomKernel : RandomExpressions {
  public:
    explicit RandomKernel(std::mt19937& r) : RandomExpressions(r) {}

    Algorithm make() {
        return build(Kernel("kernel", {in, a, b}, [&](KernelBody& body) {
            k = &body;
            Scalar s = k->scalar("s", storage_type(), pick(5)), t = k->scalar("t", exact_type(), pick(5));
            scalars = {&s, &t};
            const Array local = k->array("local", storage_type(), {4});
            k->for_(0, 4, [&](Var n) { local(n) = n; });
            array = &local;
            const Array four = k->array("words", Int(32), {4});
            k->for_(0, 4, [&](Var n) { four(n) = select(n < 2, pick(5), pick(90)); });
            words = &four;
            block(3, 0);
        }));
    }

  private:
    Expr leaf(const Expr& y, const Expr& x) override {
        switch (pick(11)) {
        case 9:
            return reduced(*scalars[1], [&](const Expr& r) { return leaf(y + r, x); });
        case 8:
            return (*words)(position(x, 3)) + (*words)(pick(4));
        case 0:
            return Expr(pick(40) - 20);
        case 1:
            return pick(2) ? y : x;
        case 2:
            return *scalars[0];
        case 3:
            return *scalars[1];
        case 4:
            return (*array)(position(x, 3));
        case 5:
            return a(position(y, N - 1), position(x, M - 1));
        case 6:
            return b(position(in(position(y, N), 2), M - 1));
        default:
            return in(position(y + pick(3), N + 1), position(x + pick(3), M + 2));
        }
    }

    Expr row() {
        return loops.empty() ? Expr(0) : loops[static_cast<size_t>(pick(static_cast<int>(loops.size())))];
    }
    Expr any(int depth) { return value(row(), row(), depth); }
    Expr like(Type t, int depth) { return alike(any(depth), zero(t)); }
    Expr condition() { return compared(any(1), any(1)); }

    void block(int depth, int around) {
        for (int n = 1 + pick(3); n > 0 && budget-- > 0; --n)
            statement(depth, around);
    }

    /// The same reduction in several statements, in a require, and as an argument.
    void reductions() {
        const Expr y = row();
        const Expr s = reduced(in(position(y, N), 1),
                               [&](const Expr& r) { return in(position(y + r, N + 1), position(r, M + 2)); });
        *scalars[0] = alike(s, zero(scalars[0]->type()));
        b(position(y, M - 1)) = alike(s, zero(b.type()));
        if (pick(2)) k->require(cast(Int(8), s) >= -128, "never");
        if (pick(2)) k->call(add, {*words, cast(Int(6), s)});
    }

    void statement(int depth, int around) {
        if (pick(10) == 0) return reductions();
        if (pick(8) == 0) {
            if (pick(3) == 0) (*words)(position(row(), 3)) = cast(Int(6), any(1));
            return k->call(step, {*words});
        }
        switch (pick(depth > 0 ? 11 : 6)) {
        case 0: {
            StoreRef target = a(position(row(), N - 1), position(row(), M - 1));
            const Expr x = like(a.type(), 1 + pick(2));
            if (a.type().is_bool() || pick(2))
                std::move(target) = x;
            else
                std::move(target) += x;
            return;
        }
        case 1: {
            const size_t n = static_cast<size_t>(pick(2));
            *scalars[n] = like(scalars[n]->type(), 1 + pick(2));
            return;
        }
        case 2:
            (*array)(position(row(), 3)) = like(array->type(), 1 + pick(2));
            return;
        case 3: {
            const Expr kept = k->let(any(1 + pick(2)));
            b(position(row(), M - 1)) = alike(kept, zero(b.type()));
            *scalars[1] = alike(kept, zero(scalars[1]->type()));
            return;
        }
        case 4: {
            const Expr at = position(row(), 3);
            const Expr one = alike((*array)(at), zero(scalars[0]->type())),
                       two = alike(*scalars[0], zero(array->type()));
            k->store({one, two}, StoreRef(scalars[0]->data(), {}, Loc::current()), (*array)(at));
            return;
        }
        case 5:
            if (around > 0 && pick(2))
                k->if_(condition(), [&] { k->break_(); });
            else if (pick(4) == 0)
                k->if_(condition(), [&] { k->return_(); });
            return;
        case 6:
        case 7:
        case 8:
            return loop(depth, around);
        case 9:
            return repeat(depth, around);
        default: {
            IfChain chain = k->if_(condition(), [&] { block(depth - 1, around); });
            if (pick(2)) chain.else_([&] { block(depth - 1, around); });
        }
        }
    }

    void loop(int depth, int around) {
        const auto body = [&](Var v) {
            loops.push_back(v);
            block(depth - 1, around + 1);
            loops.pop_back();
        };
        switch (pick(6)) {
        case 0:
            return void(k->for_(0, N, body));
        case 1:
            return void(k->for_(0, M, body));
        case 2:
            return void(k->for_(row(), M, body));
        case 3:
            return void(k->for_(0, row() + 1, 2, body));
        case 4:
            return void(k->for_(N, pick(3) - 1, -1, body));
        default:
            return void(k->for_(clamp(cast(Int(20), any(1)), 0, 6), pick(4), -3, body));
        }
    }

    void repeat(int depth, int around) {
        Scalar rounds = k->scalar("rounds", UInt(4), 0);
        const Scalar& other = *scalars[static_cast<size_t>(pick(2))];
        const int most = 1 + pick(4);
        const auto goes_on = [&] { return rounds < most && alike(other, zero(Int(8))) != 3; };
        k->while_(goes_on, [&] {
            rounds += 1;
            block(depth - 1, around + 1);
        });
    }

    Param N{"N"}, M{"M"};
    Input in{"in", storage_type(), Shape{N + 2, M + 3}};
    InOut a{"a", storage_type(), Shape{N, M}}, b{"b", storage_type(), Shape{M}};
    KernelBody* k = nullptr;
    std::vector<Scalar*> scalars;
    const Array *array = nullptr, *words = nullptr;
    InOut data{"data", Int(32), {4}};
    Extern step{"bump", {data}, bump, {.vitis = bump_in_vitis}};
    Param amount{"amount", Int(16)};
    Var n{"n"};
    Kernel add{"add", {data, amount}, [&](KernelBody& body) {
                   body.for_(n, 0, 4, [&] { data(n) = cast(Int(7), data(n) + amount); });
               }};
    std::vector<Expr> loops;
    int budget = 12;
};

} // namespace

Program random_kernel(std::mt19937& random) {
    return {RandomKernel(random).make(),
            {{{"N", 3}, {"M", 7}}, {{"N", 1}, {"M", 1}}, {{"N", 2}, {"M", 4}}, {{"N", 0}, {"M", 2}}}};
}
