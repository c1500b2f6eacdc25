/// What an algorithm may not say: each message and the user's line.

#include "dsl_support.h"

using namespace lathe;
using namespace lathe::ir;

TEST_SUITE("refusals of definitions") {

    TEST_CASE("a pure definition names every dimension by a Var of its own") {
        Input A("A", Int(8), {4});
        Var i("i"), j("j");
        RDom k(0, 4, "k");
        Func f("f"), g("g", Int(8)), h("h", Int(8), {4});
        CHECK(refusal(here(), [&] { f(0) = A(0); }) ==
              "the first definition of f must have a Var in each place, and subscript 1 is none: define all "
              "elements "
              "first, then update some");
        CHECK(refusal(here(), [&] { f(i + 1) = A(i); }) ==
              "the first definition of f must have a Var in each place, and subscript 1 is none: define all "
              "elements "
              "first, then update some");
        CHECK(refusal(here(), [&] { f(k) = A(k); }) ==
              "the first definition of f must have a Var in each place, and subscript 1 is none: define all "
              "elements "
              "first, then update some");
        CHECK(refusal(here(), [&] { f(i, i) = A(i); }) ==
              "i stands twice on the left side of f: use another Var, or an RDom");
        CHECK(refusal(here(), [&] { f(i) = A(j); }) ==
              "j is not on the left side of f: put it there, or use an RDom");
        CHECK(refusal(here(), [&] { f(i) = A(i) + A(k); }) ==
              "the first definition of f uses RDom k: accumulate with += or the like, or use sum(k, …)");
        CHECK(refusal(here(), [&] { h(i) = h(i) + 1; }) ==
              "h is read before it is defined: put its definition, h(…) = …, before this line");
        CHECK(
            refusal(here(), [&] { f(i) = 0; }) ==
            "f has no type, and a literal does not give it one: declare it, as in Func f(\"f\", Float(32))");
        CHECK(
            refusal(here(), [&] { f(i) = 0.5; }) ==
            "f has no type, and a literal does not give it one: declare it, as in Func f(\"f\", Float(32))");
        CHECK(refusal(here(), [&] { f(i) += A(i); }) ==
              "f has no type: an update comes before its first definition, so declare one, as in Func "
              "f(\"f\", Int(32))");
        CHECK(refusal(here(), [&] { g(i) /= 2; }) ==
              "g has no definition that /= could start from: define all elements first");
        CHECK_FALSE(f.defined());
        CHECK_FALSE(g.defined());
    }

    TEST_CASE("the condition of an RDom reads the Func that an update over it changes") {
        Param N("N");
        Var i("i"), j("j");
        RDom r({{0, N}, {0, N}}, "r");
        Func f("f", Int(32), {N, N}), g("g", Int(32), {N, N});
        f(i, j) = i + j;
        g(i, j) = 0;
        r.where(f(r.x, 0) > 3);
        f(r.x, r.y) = 7;
        f(r.x, r.y) += 1; // its own RDom still
        CHECK(refusal(here(), [&] { g(r.x, r.y) = 7; }) ==
              "f is read by the condition of an RDom that an update of f goes over: make another RDom for g");
    }

    TEST_CASE("updates") {
        Input A("A", Int(8), {4, 4});
        Var i("i"), j("j");
        RDom k(1, 3, "k");
        Func f("f", Int(32), {4, 4});
        f(i, j) = A(i, j);
        CHECK(refusal(here(), [&] { f(i, j) += f(i - 1, j); }) ==
              "i in an update of f promises independent iterations, and f is read at another position than i "
              "in "
              "subscript 1: use an RDom for it");
        CHECK(refusal(here(), [&] { f(i, k) = f(j, k); }) ==
              "j is not on the left side of f: put it there, or use an RDom");
        CHECK(refusal(here(), [&] { f(i, k) = f(k, i); }) ==
              "i in an update of f promises independent iterations, and f is read at another position than i "
              "in "
              "subscript 1: use an RDom for it");
        CHECK(refusal(here(), [&] { f(i + 1, k) = 0; }) ==
              "i stands on the left side of f in an expression only: a Var must be a subscript of its own; "
              "to visit some "
              "positions use an RDom");
        CHECK(refusal(here(), [&] { f(i) = 0; }) ==
              "f has 2 dimensions and is used with 1 subscript: give one for each dimension");
        CHECK(f.definitions() == 1);
        f(i, k) = f(i, k - 1);
        f(k, j) += f(k - 1, j) + A(k, j);
        CHECK(f.definitions() == 3);
    }

    TEST_CASE("what was read takes no more definitions") {
        Var i("i");
        Input A("A", Int(8), {4});
        Func f("f", Int(16), {4}), g("g", {4}), h("h", {4});
        f(i) = A(i);
        const unsigned line = __LINE__ + 1;
        g(i) = f(i) * 2;
        CHECK(refusal(here(), [&] { f(i) += 1; }) ==
              fmt::format("f takes no more definitions: g at refusals.cpp:{} has read it; define it before "
                          "that line, or use "
                          "another Func",
                          line));
        h(i) = A(i);
        build({h});
        CHECK(refusal(here(), [&] { h(i) += 1; }) ==
              "h takes no more definitions: build or a Schedule has captured it; define it before");
    }

    TEST_CASE("an expression made before an update of what it reads") {
        Var i("i");
        Input A("A", Int(8), {4});
        Func f("f", Int(16), {4}), g("g", {4});
        f(i) = A(i);
        const unsigned read = __LINE__ + 1;
        Expr old = f(i) * 2;
        const unsigned update = __LINE__ + 1;
        f(i) += 1;
        const std::string expected =
            fmt::format("f was read at refusals.cpp:{}, and defined again at refusals.cpp:{} before this "
                        "use: read it anew here, or keep "
                        "the old elements in a Func of their own",
                        read, update);
        CHECK(refusal(here(), [&] { g(i) = old; }) == expected);
        CHECK(refusal(here(), [&] { f(i) += old; }) == expected);
    }

    TEST_CASE("subscripts") {
        Input A("A", Int(8), {4}), X("X", Float(32), {4}), Q("Q", Fixed(8, 4), {4});
        Var i("i");
        Func undefined("undefined", Int(8));
        CHECK(refusal(here(), [&] { (void)Expr(A(X(i))); }) ==
              "subscript 1 of A is Float(32): a subscript is an integer; cast it, as in cast(Int(32), x)");
        CHECK(refusal(here(), [&] { (void)Expr(A(Q(i))); }) ==
              "subscript 1 of A is Fixed(8, 4): a subscript is an integer; cast it, as in cast(Int(32), x)");
        CHECK(refusal(here(), [&] { (void)Expr(A(1.5)); }) ==
              "subscript 1 of A is Real: a subscript is an integer; cast it, as in cast(Int(32), x)");
        CHECK(refusal(here(), [&] { (void)Expr(A(i, i)); }) ==
              "A has 1 dimension and is used with 2 subscripts: give one for each dimension");
        CHECK(
            refusal(here(), [&] { (void)Expr(undefined(i)); }) ==
            "undefined is read before it is defined: put its definition, undefined(…) = …, before this line");
        Func f("f", {4});
        const unsigned f_line = here() + 1;
        f(i) = A((i - 1) / 2);
        CHECK(refusal(f_line, [&] { build({f}); }) ==
              "/ in a subscript, where i - 1 may be negative, rounds toward zero: use floor_div");
        Func g("g", {4});
        const unsigned g_line = here() + 1;
        g(i) = A((i - 1) % 4);
        CHECK(refusal(g_line, [&] { build({g}); }) ==
              "% in a subscript, where i - 1 may be negative, rounds toward zero: use floor_mod");
    }

    TEST_CASE("operands") {
        Input A("A", Int(8), {4}), B("B", Bool(), {4});
        Var i("i");
        Expr empty;
        CHECK(refusal(here(), [&] { (void)(empty + 1); }) ==
              "an Expr is used that was never given a value: initialise it, as in `Expr e = 0`");
        CHECK(refusal(here(), [&] { (void)(!A(i)); }) ==
              "! of Int(8): it is defined on Bool; compare with 0, or use ~ for the bits");
        CHECK(refusal(here(), [&] { (void)(A(i) && B(i)); }).find("Int(8)") != std::string::npos);
        CHECK(refusal(here(), [&] { (void)cast(IndexType(), A(i)); }) ==
              "cast to Index: values have sized types");
        CHECK(refusal(here(), [&] { (void)select(A(i), 1, 2); }) ==
              "the condition of a select is Int(8): it must be a Bool; compare with 0");
    }

} // TEST_SUITE

TEST_SUITE("refusals of declarations") {

    TEST_CASE("shapes") {
        Param M("M"), a("a", Float(32));
        Var i("i");
        CHECK(refusal(here(), [&] { Input A("A", Int(8), {M, -1}); }) ==
              "an extent of A is -1: extents are not negative");
        CHECK(refusal(here(), [&] { Input A("A", Int(8), {a}); }) ==
              "an extent of A depends on a, a Float(32): declare it as a size, Param a(\"a\")");
        CHECK(refusal(here(), [&] { Input A("A", Int(8), {i}); }) ==
              "an extent of A depends on i: extents are integers and size parameters, as in Param M(\"M\")");
        CHECK(refusal(here(), [&] { Input A("A", IndexType(), {M}); }) ==
              "A cannot have elements of Index: use a sized type");
        CHECK(refusal(here(), [&] { Func f("f", RealType()); }) ==
              "f cannot have elements of Real: use a sized type");
        Func f("f");
        CHECK(refusal(f.loc().line, [&] { (void)f.type(); }) ==
              "f has no type yet: define it or declare one");
        CHECK(refusal(f.loc().line, [&] { (void)f.rank(); }) ==
              "f has no dimensions yet: define it or declare its shape");
        CHECK(refusal(f.loc().line, [&] { (void)f.extent(0); }) ==
              "f has no declared shape: write it where f is made, as in Func f(\"f\", type, {M, N})");
        Input A("A", Int(8), {M});
        CHECK(refusal(A.loc().line, [&] { (void)A.extent(1); }) ==
              "A has 1 dimension: there is no dimension 1");
        CHECK(refusal(here(), [&] { (void)repeat_edge(f); }) ==
              "f has no edges, because no shape was declared: write it where f is made");
    }

    TEST_CASE("constants") {
        CHECK(refusal(here(), [&] { Const c("c", Int(8), {2, 2}, {1, 2, 3}); }) ==
              "c has 4 elements and 3 values are given");
        CHECK(refusal(here(), [&] { Const c("c", UInt(8), {2}, {1, 256}); }) ==
              "UInt(8) does not hold 256: give c a type that does");
        CHECK(refusal(here(), [&] { Const c("c", UInt(8), {1}, {0.5}); }) ==
              "UInt(8) does not hold 0.5: give c a type that does");
        Param M("M");
        CHECK(refusal(here(), [&] { Const c("c", UInt(8), {1}, {Expr(M)}); }) ==
              "an element of c is not a literal");
    }

    TEST_CASE("reduction domains") {
        Param M("M");
        Input A("A", Int(8), {M}), X("X", Float(32), {M}), Q("Q", Fixed(8, 4), {M});
        const unsigned made = __LINE__ + 1;
        RDom k(0, M, "k"), r({{0, 3}, {0, 3}}, "r");
        CHECK(refusal(here(), [&] { RDom e(std::vector<RRange>{}, "e"); }) ==
              "RDom e has no dimensions: give at least one {min, extent}");
        CHECK(refusal(here(), [&] { RDom e(0, 2.5); }) ==
              "the extent of an RDom is Real: it must be an integer");
        constexpr int64_t huge = int64_t{1} << 62, large = int64_t{1} << 30;
        const std::vector<RRange> far{{0, huge}, {0, huge}}, many{{0, large}, {0, large}, {0, large}};
        CHECK(refusal(far[0].extent.loc().line, [&] { RDom e(far, "e"); }) ==
              "an extent of RDom e is 4611686018427387904: it is at most 2147483647");
        CHECK(refusal(here(), [&] { RDom e(-huge, 3, "e"); }) ==
              "a minimum of RDom e is -4611686018427387904: its positions are within -2147483647 and "
              "2147483647");
        CHECK(refusal(here(), [&] { RDom e(many, "e"); }) ==
              "RDom e has 1237940039285380274899124224 points: there can be less than 2^62");
        CHECK(refusal(here(), [&] { Var v("a\nb"); }) ==
              "a name holds the control character U+000A at byte 1: leave it out");
        CHECK(refusal(here(), [&] { Param p("\xff"); }) == "a name is not UTF-8: its byte 0 is 0xff");
        CHECK(refusal(here(), [&] { Func f(std::string(10000, 'x')); }) ==
              "a name has 10000 bytes: use at most 200");
        const char* none = nullptr;
        CHECK(refusal(here(), [&] { Func f(none); }) == "this needs a name: the text is empty");
        CHECK(refusal(made, [&] { (void)r[2]; }) == "RDom r has 2 dimensions: there is no r[2]");
        CHECK(refusal(made, [&] { (void)r.symbol(); }) ==
              "RDom r has 2 dimensions: name one, as in r.x or r[0]");
        CHECK(refusal(here(), [&] { (void)Expr(A(r)); }) ==
              "RDom r has 2 dimensions: name one, as in r.x or r[0]");
        CHECK(refusal(here(), [&] { (void)Expr(A(r.z)); }) ==
              "an RDom has no dimension of this name: x, y, z, w are its first four, if it has so many");
        CHECK(refusal(here(), [&] { r.where(r.x + r.y); }) ==
              "the condition of RDom r is Int(33): it must be a Bool; compare with 0");
        CHECK(refusal(here(), [&] { (void)sum(k, A(k)); }) ==
              "the sum over k of Int(8) is exact, and the number of points is not a constant: give the "
              "accumulator's type, "
              "as in sum(k, x, Int(32))");
        CHECK(refusal(here(), [&] { (void)product(k, A(k)); }) ==
              "the product of Int(8) needs a type for its accumulator, as in product(k, x, Int(64))");
        (void)sum(k, X(k));
        CHECK(refusal(here(), [&] { k.where(k > 1); }) ==
              "RDom k has been used already: add conditions before its first use");
    }

} // TEST_SUITE

TEST_SUITE("refusals of build") {

    TEST_CASE("regions") {
        Param H("H"), W("W");
        Input in("in", UInt(8), {H, W});
        Var y("y"), x("x");
        Func f("f", {H, W});
        const unsigned f_line = here() + 1;
        f(y, x) = in(y - 1, x) + in(y + 1, x);
        CHECK(refusal(f_line, [&] { build({f}); }) ==
              "in is read outside its shape: required [-1, H] x [0, W - 1], declared [0, H - 1] x [0, W - "
              "1]: use a boundary "
              "helper, as in repeat_edge(in), give in a larger shape, or compute less");
        Func g("g", UInt(8), {10}), h("h", {10});
        RDom r(5, 6, "r");
        g(x) = 0;
        const unsigned g_line = here() + 1;
        g(r) = 1;
        CHECK(refusal(g_line, [&] { build({g}); }) ==
              "g is written outside its shape: required [0, 10], declared [0, 9]: give g a larger shape, or "
              "visit fewer "
              "positions");
        Func wide("wide", UInt(8), {10}), out("out", {10});
        wide(x) = cast(UInt(8), x);
        const unsigned out_line = here() + 1;
        out(x) = wide(x + 1);
        CHECK(
            refusal(out_line, [&] { build({out}); }) ==
            "wide is read outside its shape: required [1, 10], declared [0, 9]: use a boundary helper, as in "
            "repeat_edge(wide), give wide a larger shape, or compute less");
    }

    TEST_CASE("regions that nothing bounds") {
        Input at("at", Int(40), {4}), in("in", Int(8), {4});
        Var x("x"), y("y");
        Func table("table"), out("out", {4}), far("far", {4});
        table(x) = cast(Int(16), x);
        out(x) = table(in(x));
        CHECK(printed({out}).find("table: Tensor[Int(16), (256)] at (-128)") != std::string::npos);
        Func other("other");
        other(x) = cast(Int(16), x);
        const unsigned line = here() + 1;
        far(x) = other(at(x));
        CHECK(refusal(line, [&] { build({far}); }) ==
              "the region of other cannot be inferred, because a subscript in dimension 0 has 1099511627776 "
              "values: clamp the "
              "subscript, or declare the shape of other");
        Func grows("grows"), corner("corner", {1});
        grows(x, y) = cast(Int(16), x);
        grows(x, x + 1) = 1;
        grows(y + 1, y) = 2;
        corner(x) = grows(x, x);
        CHECK(refusal(grows.loc().line, [&] { build({corner}); }) ==
              "the region of grows cannot be inferred: its updates move beyond every region; declare its "
              "shape");
    }

    TEST_CASE("loops that Int(32) does not hold") {
        Var x("x");
        Func f("f", Int(64), {int64_t{1} << 32});
        const unsigned line = here() + 1;
        f(x) = x * 2;
        CHECK(refusal(line, [&] { build({f}); }) == "a loop variable or size in [0, 4294967295] is used as a "
                                                    "value, which is an Int(32): split the domain");
    }

    TEST_CASE("a reduction under too many combinations of conditions") {
        Input in("in", Int(8), {4}), on("on", Bool(), {100});
        Var x("x");
        RDom k(0, 3, "k");
        const unsigned line = here() + 1;
        const Expr total = sum(k, in(k));
        Expr e = 0;
        for (int n = 0; n < 65; ++n)
            e = e + select(on(x + n), total, 0);
        Func f("f", Int(32), {4});
        f(x) = e;
        CHECK(refusal(line, [&] { build({f}); }) ==
              "an inline reduction is used under more than 64 combinations of conditions: put it in a Func");
    }

    TEST_CASE("outputs and arguments") {
        Input A("A", Int(8), {4}), B("A", Int(8), {4});
        Var i("i");
        Func none("none", {4}), shapeless("shapeless"), f("f", {4}), g("g", {4});
        shapeless(i) = A(i);
        f(i) = A(i) + 1;
        g(i) = A(i) + B(i);
        CHECK(refusal(0, [&] { build({}); }) == "build needs an output: name the Funcs that the caller gets");
        CHECK(refusal(none.loc().line, [&] { build({none}); }) == "none is an output and has no definition");
        CHECK(refusal(shapeless.loc().line, [&] { build({shapeless}); }) ==
              "shapeless is an output, and nothing says how large it is: declare its shape, as in Func "
              "shapeless(\"shapeless\", type, {M, N})");
        CHECK(refusal(f.loc().line, [&] { build({f, f}); }) == "f is listed twice among the outputs");
        CHECK(refusal(A.loc().line, [&] { build({f}, {B}); }) ==
              "A is used and not among the inputs: list it, or list none");
        CHECK(refusal(A.loc().line, [&] { build({f}, {A, A}); }) == "A is listed twice among the inputs");
        CHECK(refusal(B.loc().line, [&] { build({g}); }) ==
              "two arguments are called A: a caller tells them apart by name, so rename one");
    }

} // TEST_SUITE

TEST_CASE("refusals of Funcs of several values") {
    Input A("A", Int(8), {8});
    Var i("i");
    Func pair("pair", Types{Int(8), Int(16)}, {8}), one("one", Int(8), {8}), open("open");
    CHECK(refusal(here(), [&] { pair(i) = A(i); }) == "pair holds 2 values, and one is given");
    CHECK(refusal(here(), [&] { pair(i) = Tuple(A(i), 1, 2); }) == "pair holds 2 values, and 3 are given");
    CHECK(refusal(here(), [&] { one(i) = Tuple(A(i), 1); }) == "one holds 1 value, and 2 are given");
    CHECK(refusal(here(), [&] { pair(i) += 1; }) ==
          "pair holds 2 values, and += works on one: write pair(…) = Tuple(…)");
    CHECK(refusal(here(), [&] { open(i) = Tuple(A(i), 1); }) ==
          "open has no type, and a literal does not give it one: declare it, as in Func open(\"open\", "
          "{Float(32), Int(32)})");
    pair(i) = Tuple(A(i), 1);
    CHECK(refusal(here(), [&] { one(i) = pair(i)[0] + pair(i); }) ==
          "pair holds 2 values: take one, as in pair(…)[0], or all, as in Tuple(pair(…))");
    CHECK(refusal(here(), [&] { one(i) = pair(i)[2]; }) == "pair holds 2 values, and has no value 2");
    CHECK(refusal(here(), [&] { one(i) = pair(i); }) == "one holds 1 value, and 2 are given");
    CHECK(refusal(here(), [&] { static_cast<void>(Tuple(A(i), 1)[2]); }) ==
          "a Tuple of 2 values has no value 2");
    CHECK(refusal(here(), [&] { Tuple(std::vector<Expr>{}); }) == "a Tuple without values");
    CHECK(refusal(here(), [&] { Tuple(std::vector<Expr>{Expr()}); }) ==
          "a value of a Tuple is an empty Expr");
    CHECK(refusal(here(), [&] { static_cast<void>(select(A(i) > 0, Tuple(1, 2), Tuple(1, 2, 3))); }) ==
          "select takes Tuples of equal size, and these have 2 and 3 values");
    CHECK(refusal(here(), [&] { Func("f", Types{Int(8), RealType()}); }) ==
          "f cannot have elements of Real: use a sized type");
    CHECK(refusal(pair.loc().line, [&] { static_cast<void>(pair.type(2)); }) ==
          "pair holds 2 values, and has no value 2");
    Func other("other", Types{Int(8), Int(8)}, {8});
    Func clash("pair_1", Int(8), {8});
    clash(i) = A(i);
    CHECK_THROWS_WITH_AS(build({pair, clash}), doctest::Contains("two arguments are called pair_1"), Error);
}

TEST_CASE("refusals that take an odd program") {
    Input A("A", Int(8), {8});
    Var i("i");
    const std::string unnamed = "this needs a name: the text is empty";
    CHECK(refusal(here(), [&] { Func(""); }) == unnamed);
    CHECK(refusal(here(), [&] { Func("", Int(8), {8}); }) == unnamed);
    CHECK(refusal(here(), [&] { Input("", Int(8), {8}); }) == unnamed);
    Param real("real", RealType());
    CHECK(refusal(real.loc.line, [&] { static_cast<void>(Expr(real)); }) ==
          "the parameter real cannot be of Real: use a sized type");
    CHECK(refusal(here(), [&] { static_cast<void>(cast(Int(8).with_lanes(4), A(i))); }) ==
          "cast to Int(8)x4: values have sized types");
    RDom r(0, 8, "r");
    try {
        static_cast<void>(r.y.name());
        FAIL("a dimension that is not there has a name");
    } catch (const Error& e) {
        CHECK(e.message() == "an RDom has no dimension of this name: x, y, z, w are its first four");
    }
}
