/// What a kernel may not say: each message and the user's line.

#include "dsl_support.h"

#include "lathe/dsl/kernel.h"

using namespace lathe;

namespace {

/// The refusal of a kernel with this body, which names `line`.
template <class Body>
std::string of_kernel(unsigned line, const std::vector<KernelArgument>& arguments, Body body) {
    return refusal(line, [&] { (void)Kernel("k", arguments, body); });
}

void after_store(IfChain chain, StoreRef&& b) {
    std::move(b) = 1;
    chain.else_([] {}, Loc{});
}

} // namespace

TEST_SUITE("refusals of kernels") {

    TEST_CASE("stale expressions follow the paths of control") {
        Input c("c", Bool(), {8});
        InOut a("a", Int(32), {8}), b("b", Int(32), {8});
        Var i("i"), j("j");
        unsigned use = 0, made = 0, stored = 0;
        const auto message = [&] {
            return fmt::format(
                "an expression that reads a at kernel_refusals.cpp:{} is used here, and a is stored "
                "to at kernel_refusals.cpp:{} before: keep the value where it is read, as in Expr "
                "old = k.let(a(…))",
                made, stored);
        };
        const auto accepted = [&](auto body) { CHECK_NOTHROW(Kernel("k", {c, a, b}, body)); };
        const auto refused = [&](auto body) {
            try {
                (void)Kernel("k", {c, a, b}, body);
                FAIL_CHECK("not refused");
            } catch (const Error& e) {
                CHECK(e.loc().line == use);
                CHECK(e.message() == message());
            }
        };
        // Straight.
        refused([&](KernelBody&) {
            made = here() + 1;
            Expr old = a(0);
            stored = here() + 1;
            a(0) = 1;
            use = here() + 1;
            b(0) = old;
        });
        // A snapshot mends it.
        accepted([&](KernelBody& k) {
            Expr old = k.let(a(0));
            a(0) = 1;
            b(0) = old;
        });
        // The store is in the other arm.
        accepted([&](KernelBody& k) {
            Expr old = a(0);
            k.if_(c(0), [&] { a(0) = 1; }).elif_(old > 0, [&] { b(1) = 1; }).else_([&] { b(0) = old; });
        });
        refused([&](KernelBody& k) {
            made = here() + 1;
            Expr old = a(0);
            stored = here() + 1;
            k.if_(c(0), [&] { a(0) = 1; });
            use = here() + 1;
            b(0) = old;
        });
        // The arm with the store ends the kernel.
        accepted([&](KernelBody& k) {
            Expr old = a(0);
            k.if_(c(0), [&] {
                a(0) = 1;
                k.return_();
            });
            b(0) = old;
        });
        // Round the loop.
        refused([&](KernelBody& k) {
            made = here() + 1;
            Expr old = a(0);
            k.for_(i, 0, 8, [&] {
                use = here() + 1;
                b(i) = old;
                stored = here() + 1;
                a(i) = 1;
            });
        });
        accepted([&](KernelBody& k) {
            k.for_(i, 0, 8, [&] {
                Expr old = a(0);
                b(i) = old;
                a(i) = 1;
            });
        });
        // A break keeps the store from the next round, but not from what follows the loop.
        accepted([&](KernelBody& k) {
            Expr old = a(0);
            k.for_(i, 0, 8, [&] {
                b(i) = old;
                k.if_(c(i), [&] {
                    a(i) = 1;
                    k.break_();
                });
            });
        });
        refused([&](KernelBody& k) {
            made = here() + 1;
            Expr old = a(0);
            k.for_(j, 0, 8, [&] {
                k.for_(i, 0, 8, [&] {
                    k.if_(c(i), [&] {
                        stored = here() + 1;
                        a(i) = 1;
                        k.break_();
                    });
                });
                use = here() + 1;
                b(j) = old;
            });
        });
        accepted([&](KernelBody& k) {
            Expr old = a(0);
            k.for_(j, 0, 8, [&] {
                k.for_(i, 0, 8, [&] {
                    k.if_(c(i), [&] {
                        a(i) = 1;
                        k.break_(j);
                    });
                });
                b(j) = old;
            });
        });
        // The condition of a while is made anew for each round.
        accepted([&](KernelBody& k) { k.while_([&] { return a(0) < 8; }, [&] { a(0) += 1; }); });
        refused([&](KernelBody& k) {
            made = here() + 1;
            Expr small = a(0) < 8;
            use = here() + 1;
            k.while_([&] { return small; },
                     [&] {
                         stored = here() + 1;
                         a(0) += 1;
                     });
        });
    }

    TEST_CASE("what stands where") {
        Input a("a", Int(32), {8});
        Output b("b", Int(32), {8});
        Param n("n");
        Var i("i"), j("j");
        RDom r(0, 8, "r");
        Func f("f", Int(32), {8});
        f(i) = 0;
        CHECK(of_kernel(here(), {a, b}, [&](KernelBody& k) { k.break_(); }) ==
              "break_ stands outside of every loop: return_ ends the kernel");
        CHECK(of_kernel(here(), {a, b}, [&](KernelBody& k) { k.break_(i); }) ==
              "break_(i) stands outside of the loop of i");
        CHECK(of_kernel(here(), {a, b}, [&](KernelBody& k) { k.return_(), b(0) = 1; }) ==
              fmt::format(
                  "nothing runs behind the return_ at kernel_refusals.cpp:{}: remove it, or put it under an "
                  "if_",
                  here() - 0));
        CHECK(of_kernel(here(), {a, b}, [&](KernelBody&) { b(i) = 1; }) ==
              "i is used outside of its loop: in a kernel a Var is the variable of a for_ around");
        CHECK(of_kernel(here(), {a, b}, [&](KernelBody&) { b(r) = 1; }) ==
              "RDom r is used outside of a sum and the like: a kernel runs through positions by for_");
        CHECK(of_kernel(here(), {a, b}, [&](KernelBody&) { b(0) = f(0); }) ==
              "f is a Func, and a kernel takes Inputs, Outputs and InOuts: pass its values as an Input");
        CHECK(of_kernel(here(), {b}, [&](KernelBody&) { b(0) = a(0); }) ==
              "a is used and not among the arguments of k: list it");
        CHECK(of_kernel(here(), {a, b, a}, [&](KernelBody&) {}) ==
              "a is listed twice among the arguments of k");
        CHECK(of_kernel(here(), {a, b}, [&](KernelBody& k) { k.for_(i, 0, 8, 0, [] {}); }) ==
              "the step of i is 0: a loop steps up or down");
        CHECK(of_kernel(here(), {a, b}, [&](KernelBody& k) {
                  k.for_(i, 0, 8, [&] { k.for_(i, 0, 8, [] {}); });
              }) == "i is the variable of a loop around this one: use another Var");
        CHECK(of_kernel(here(), {a, b}, [&](KernelBody& k) { k.for_(i, 0.5, 8, [] {}); }) ==
              "the beginning of a for_ is Real: it must be an integer");
        CHECK(of_kernel(here(), {a, b}, [&](KernelBody& k) { k.if_(a(0), [] {}); }) ==
              "the condition of if_ is Int(32): it must be a Bool; compare with 0");
        CHECK(of_kernel(0, {a, b}, [&](KernelBody& k) { after_store(k.if_(a(0) > 0, [] {}), b(0)); }) ==
              "an else_ or elif_ stands directly behind its if_, and there is one else_");
        CHECK(of_kernel(here(), {a, b}, [&](KernelBody& k) { k.print("{}", {}); }) ==
              "print of 0 values, and its text has 1 places {}");
        const std::string longest(500, 'x'), zero(1, '\0');
        CHECK(of_kernel(here(), {a, b}, [&](KernelBody& k) { k.print(longest + "x"); }) ==
              "a message has 501 bytes: use at most 500");
        CHECK(of_kernel(here(), {a, b}, [&](KernelBody& k) { k.print(zero); }) ==
              "a message holds NUL at byte 0: leave it out");
        CHECK(of_kernel(here(), {a, b}, [&](KernelBody& k) { k.require(a(0) > 0, "\xc3("); }) ==
              "a message is not UTF-8: its byte 0 is 0xc3");
        CHECK(of_kernel(here(), {a, b}, [&](KernelBody& k) { k.print("a } b"); }) ==
              "the text of a print has a single }: write }} for a brace, {} for a value");
        CHECK(of_kernel(here(), {a, b}, [&](KernelBody& k) { k.print("{}", {cast(Int(65), a(0))}); }) ==
              "print of Int(65): cast it to an integer of up to 64 bits or to a float");
        CHECK(of_kernel(here(), {a, b}, [&](KernelBody& k) { k.mutate({8, 8}, [](Var) {}); }) ==
              "the domain has 2 dimensions, and the body takes 1 variables");
        CHECK(of_kernel(here(), {a, b}, [&](KernelBody& k) { k.store({1}, b(0), b(1)); }) ==
              "a store of 1 values to 2 elements: give one value for each");
        CHECK(refusal(here(), [&] { b(0) = 1; }) == "b is stored to outside of a kernel's body: list it "
                                                    "among the arguments of the kernel that writes it");
        CHECK(
            refusal(here(), [&] { Expr e = b(0); }) ==
            "b is read outside of a kernel's body: list it among the arguments of the kernel that reads it");
    }

    TEST_CASE("locals and lets live in their block") {
        InOut b("b", Int(32), {8});
        Var i("i");
        unsigned made = 0, used = 0;
        const auto let_leaves = [&](KernelBody& k) {
            Expr kept;
            made = here() + 1;
            k.if_(b(0) > 0, [&] { kept = k.let(b(1)); });
            used = here() + 1;
            b(2) = kept;
        };
        const auto scalar_leaves = [&](KernelBody& k) {
            Expr kept;
            k.for_(i, 0, 8, [&] {
                made = here() + 1;
                Scalar x = k.scalar("x", Int(32), 0);
                used = here() + 1; // where it was read
                kept = x + 0;
            });
            b(2) = kept;
        };
        const auto message = [&](const std::function<void(KernelBody&)>& body) {
            try {
                (void)Kernel("k", {b}, body);
            } catch (const Error& e) {
                CHECK(e.loc().line == used);
                return e.message();
            }
            return std::string();
        };
        std::string text = message(let_leaves);
        CHECK(text ==
              fmt::format("the let of kernel_refusals.cpp:{} is used outside of the block where it was made",
                          made));
        text = message(scalar_leaves);
        CHECK(
            text ==
            fmt::format("x is used outside of the block where it was made at kernel_refusals.cpp:{}", made));
        Expr kept;
        made = here() + 1;
        (void)Kernel("k", {b}, [&](KernelBody& k) { kept = k.let(b(0)); });
        Func f("f", Int(32), {8});
        CHECK(refusal(here(), [&] { f(i) = kept; }) ==
              fmt::format(
                  "f uses a let of a kernel, made at kernel_refusals.cpp:{}: it lives in the kernel's body "
                  "only",
                  made));
    }

    TEST_CASE("what only the whole program shows") {
        Param n("n", Int(64)), M("M");
        Output b("b", Int(32), {8}), c("b", Int(32), {4});
        Var i("i");
        unsigned line = 0;
        const Kernel wide("wide", {n, b}, [&](KernelBody& k) {
            Scalar x = k.scalar("x", Int(64), n);
            line = here() + 1;
            k.for_(i, 0, x, [&] { b(0) = i; });
        });
        CHECK(refusal(line, [&] { build(wide); }) ==
              "a loop variable is used as a value, which is an Int(32), and what bounds its loop is known "
              "only as "
              "the program runs: give the bound a type of at most 32 bits");
        const Kernel beyond("beyond", {b}, [&](KernelBody& k) {
            line = here() + 1;
            k.for_(i, 0, 9, [&] { b(i) = 0; });
        });
        CHECK(refusal(line, [&] { build(beyond); }) == "b is written outside its shape: required [0, 8], "
                                                       "declared [0, 7]: give b a larger shape, or visit "
                                                       "fewer positions");
        line = here() + 1;
        const Kernel same("same", {b, c}, [&](KernelBody&) {});
        CHECK(refusal(line, [&] { build(same); }) ==
              "two arguments are called b: a caller tells them apart by name, so rename one");
        const Kernel sums("sums", {b}, [&](KernelBody& k) {
            RDom r(0, 8, "r");
            line = here() + 1;
            k.while_([&] { return sum(r, b(r)) < 9; }, [&] { b(0) += 1; });
        });
        CHECK(refusal(line, [&] { build(sums); }) ==
              "the condition of a while_ holds a sum or the like: keep it in a scalar");
        // A requirement at the beginning is a fact.
        const Kernel safe("safe", {b, M}, [&](KernelBody& k) {
            k.require(M <= 8, "M is small");
            k.for_(i, 0, M, [&] { b(i) = 0; });
        });
        CHECK(print(build(safe).module).find("outside its shape") == std::string::npos);
    }

    TEST_CASE("calls") {
        Param N("N");
        Input x("x", Int(32), {N}), wrong("wrong", Int(8), {4}), flat("flat", Int(32), {2, 2}),
            a("a", Int(32), {4});
        Output y("y", Int(32), {N}), b("b", Int(32), {5}), c("c", Int(32), {4});
        Var i("i");
        const Kernel copy("copy", {x, y}, [&](KernelBody& k) { k.for_(i, 0, N, [&] { y(i) = x(i); }); });
        const auto call = [&](unsigned line, const std::vector<CallArgument>& arguments) {
            return refusal(line, [&] {
                build(Kernel("k", {wrong, flat, a, b, c},
                             [&](KernelBody& k) { k.call(copy, arguments, Loc{"calls.cpp", line}); }));
            });
        };
        CHECK(call(7, {a}) == "copy takes 2 arguments and is called with 1");
        CHECK(call(7, {a, 5}) == "copy takes a tensor for y, and is called with a value");
        CHECK(call(7, {wrong, c}) ==
              "copy takes a tensor of Int(32) with 1 dimensions for x, and wrong is of Int(8) with 1");
        CHECK(call(7, {flat, c}) ==
              "copy takes a tensor of Int(32) with 1 dimensions for x, and flat is of Int(32) with 2");
        CHECK(call(7, {a, a}) == "copy writes y, and a is only read: pass an Output, an InOut or an Array");
        CHECK(call(7, {c, c}) == "c is passed twice to copy, which writes it: pass an Array with a copy");
        CHECK(call(7, {a, b}) == "the call of copy passes b with another shape than y has");
        CHECK(call(7, {a, c}) == "not refused");
    }

    TEST_CASE("a size that is no integer") {
        Param n("n");
        InOut a("a", Int(32), {8}), b("b", Int(32), {8});
        const Kernel callee("callee", {a, n}, [&](KernelBody& k) { k.for_(0, n, [&](Var q) { a(q) = 1; }); });
        const std::string real = "the size n of callee is given as Real: it must be an integer";
        CHECK(of_kernel(__LINE__, {b}, [&](KernelBody& k) { k.call(callee, {b, 1.5f}); }) == real);
    }

    TEST_CASE("a subscript without a value") {
        InOut b("b", Int(32), {8});
        const std::string empty = "subscript 1 of b is an empty Expr";
        CHECK(of_kernel(__LINE__, {b}, [&](KernelBody&) { b(std::vector<Expr>{Expr()}) = 1; }) == empty);
    }

    TEST_CASE("bodies that are no functions") {
        InOut a("a", Int(32), {8});
        Var i("i");
        const std::function<void()> none;
        const std::string no_body = "the kernel k has no body: give a function";
        CHECK(refusal(__LINE__, [&] { (void)Kernel("k", {a}, nullptr); }) == no_body);
        const std::string missing = "a statement has no body: give a function";
        CHECK(of_kernel(__LINE__, {a}, [&](KernelBody& k) { k.if_(a(0) == 0, none); }) == missing);
        CHECK(of_kernel(__LINE__, {a}, [&](KernelBody& k) { k.for_(i, 0, 4, none); }) == missing);
        const std::string no_condition = "a while_ has no condition: give a function";
        CHECK(of_kernel(__LINE__, {a}, [&](KernelBody& k) { k.while_(nullptr, [] {}); }) == no_condition);
    }
}
