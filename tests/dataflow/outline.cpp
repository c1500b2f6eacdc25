// outline: a loop and all in it become a Function.

#include "twice.h"

using namespace lathe;
using namespace lathe::ir;

TEST_CASE_FIXTURE(Twice, "a loop nest becomes a Function") {
    Kernel whole("whole", {x, z}, [&](KernelBody& b) {
        Array sums = b.array("sums", Int(16), {12});
        Scalar most = b.scalar("most", Int(16), 0);
        b.for_(c, 0, 12, [&] { sums(c) = c; });
        b.for_(r, 0, 5, [&] {
            const Expr first = b.let(x(r, 0) + 1);
            b.for_(i, 0, r + 7, [&] {
                b.if_(z(r, i) > 900, [&] { b.break_(); });
                sums(i) += x(r, i) * first;
                most = max(most, sums(i));
            });
            z(r, 0) = most;
        });
        b.for_(c, 0, 12, [&] { z(0, c) = sums(c); });
    });
    Schedule inner(whole);
    StageHandle row = inner[whole].outline(i, "row");
    CHECK(functions(inner) == Names{"whole", "row"});
    row.pipeline(i);
    check_everywhere(inner);
    check_trace(whole, inner);
    CHECK(refusal([&] {
              inner[whole].unroll(i, 2);
          }).find("i is a loop of row, which is a Function of its own") != std::string::npos);
    // Two levels, and back again.
    Schedule outer(whole);
    StageHandle all_rows = outer[whole].outline(r, "rows");
    StageHandle one_row = all_rows.outline(i, "row");
    CHECK(functions(outer) == Names{"whole", "rows", "row"});
    one_row.split(i, 2);
    all_rows.unroll(r);
    check_everywhere(outer);
    check_trace(whole, outer);
    all_rows.inline_call(one_row);
    CHECK(functions(outer) == Names{"whole", "rows"});
    check_everywhere(outer);
    check_trace(whole, outer);
}

TEST_CASE("a loop of a Func becomes a Function") {
    Gemm g(Int(8), Int(32));
    Schedule s(g.C);
    const auto [io, jo, ii, ji] = s[g.C].tile({g.i, g.j}, {4, 8});
    s[g.C].parallel(io);
    StageHandle block = s[g.C].outline(ii, "block");
    block.vectorize(ji);
    CHECK(s.module().functions.size() == 2);
    expect_right(s, Gemm::sizes());
    Schedule again(g.C);
    again.apply_trace(s.trace_json());
    CHECK(print(again) == print(s));
    for (const Sizes& sizes : Gemm::sizes()) {
        const std::vector<AnyBuffer> right = run(s.reference(), sizes, 2);
        CHECK(bit_equal(realize(s, {right[0], right[1]})[0], right[2]));
    }
    VitisKernels kernels;
    kernels.add(s);
    kernels.compile();
    kernels.expect_right(0, s.reference(), Gemm::sizes());
    Blur blur;
    Schedule t(blur.out);
    t.compute_at(blur.rows, blur.out, blur.y);
    CHECK(refusal([&] {
              t[blur.out].outline(blur.y, "all_of_it");
          }).find("rows is computed inside it: call outline before that") != std::string::npos);
    t[blur.out].outline(blur.x, "line");
    expect_right(t, Blur::sizes());
    CHECK(refusal([&] {
              t.compute_root(blur.rows);
          }).find("a stage, or a loop of one, is a Function of its own: call compute_root before") !=
          std::string::npos);
}

TEST_CASE_FIXTURE(Twice, "names that a Function cannot have") {
    Schedule s(top);
    const std::string before = print(s);
    CHECK(refusal([&] {
              s[line].outline(i, "2nd");
          }).find("\"2nd\" is no identifier: a Function is called by letters, digits and _") !=
          std::string::npos);
    CHECK(refusal([&] { s[line].outline(i, ""); }).find("is no identifier") != std::string::npos);
    for (const char* name : {"top", "picture", "x", "from"})
        CHECK(refusal([&] { s[line].outline(i, name); }).find("is the name of something else here") !=
              std::string::npos);
    CHECK(print(s) == before);
}

TEST_CASE_FIXTURE(Twice, "a Function is given a let without a type") {
    Input w("w", Fixed(12, 4), {6});
    Output half("half", Fixed(12, 4), {6});
    Kernel halves("halves", {w, half}, [&](KernelBody& b) {
        const Expr factor = b.let(Expr(0.5));
        b.for_(i, 0, 6, [&] { half(i) = w(i) * factor; });
    });
    Schedule s(halves);
    s[halves].outline(i, "scale");
    check_everywhere(s);
}

TEST_CASE("outline is drawn") {
    drawn("outline");
}
