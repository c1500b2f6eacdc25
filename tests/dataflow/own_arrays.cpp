// Vitis takes an array in one process of a dataflow that reads it and one that writes it: each has its own.

#include "everywhere.h"
#include "lathe/dsl/kernel.h"
#include "lathe/hls/emit.h"

#include <doctest/doctest.h>
#include <numeric>

using namespace lathe;
using namespace lathe::ir;

namespace {

std::vector<int> counted(int n) {
    std::vector<int> all(static_cast<size_t>(n));
    std::iota(all.begin(), all.end(), 1);
    return all;
}

/// A product whose rows are processes.
struct Rows {
    Var i{"i"}, j{"j"};
    RDom k{0, 6, "k"};
    Input A{"A", Int(16), {3, 6}};
    Func B{"B", Int(16), {6, 4}}, C{"C", Int(32), {3, 4}};
    void product(const std::function<Expr(Expr, Expr)>& b) {
        C(i, j) = 0;
        C(i, j) += A(i, k) * b(k, j);
    }
    Schedule unfolded() {
        Schedule s(C);
        s[C].fuse_init(j);
        s.unfold(C, i);
        return s;
    }
};

} // namespace

TEST_CASE("the check of emitted C++ names an array that several processes are given") {
    const auto region = [](const std::string& formals, const std::string& body) {
        return "\nstatic void f(" + formals + ") {\n#pragma HLS dataflow\n    LATHE_DATAFLOW_BEGIN\n" + body +
               "    LATHE_DATAFLOW_END\n}\n";
    };
    CHECK(shared_array(region("const int t[4], hls::stream<int, 2> (&s)[2]",
                              "LATHE_PROCESS(a(t, s[0]));\nLATHE_PROCESS(b(t, s[1]));\n")) ==
          "t is used by a, b");
    CHECK(shared_array(region("const ap_int<8>* t", "LATHE_PROCESS_AT((0), a<2>(t, 1));\n"
                                                    "LATHE_PROCESS_AT((1), b(4, t[0]));\n")) ==
          "t is used by a, b");
    CHECK(shared_array(region("int n", "ap_int<8> t[4][2];\nLATHE_BUFFER(t)\nLATHE_PROCESS(a(t));\n"
                                       "LATHE_PROCESS(b(t));\nLATHE_PROCESS(c(t, n));\n")) ==
          "t is used by a, b, c");
    CHECK(shared_array(region("int n, int t[2], int u[2]", "hls::stream<int, 2> s[2];\n"
                                                           "LATHE_PROCESS(a(t, s[0], n));\n"
                                                           "LATHE_PROCESS(b(u, s[0], n));\n")) == "");
}

TEST_CASE("a constant is in each process that reads it") {
    Var i("i");
    Input a("a", Int(16), {8});
    Const t("t", Int(16), {8}, counted(8));
    Func p("p", Int(16), {8}), q("q", Int(16), {8});
    p(i) = a(i) * t(i);
    q(i) = p(i) + t(7 - i);
    Schedule s(q);
    s.stream(p, q);
    const std::string text = vitis_source(s);
    has(text, "LATHE_PROCESS(p(a, p_to_q));");
    has(text,
        "static void q_1(ap_int<16>* q, hls::stream<ap_int<16>>& p_to_q) {\n    static const ap_int<16> "
        "t[8] = {");
    check_everywhere(s);
}

TEST_CASE_FIXTURE(Rows, "a constant in banks that a row of processes reads") {
    Const t("t", Int(16), {6, 4}, counted(24));
    product([&](const Expr& y, const Expr& x) -> Expr { return t(y, x); });
    Schedule s = unfolded();
    s.partition(t, Partition::complete, 1);
    has(vitis_source(s), "#pragma HLS array_partition variable=t type=complete dim=2\n    // C, update 0");
    check_everywhere(s);
}

TEST_CASE_FIXTURE(Rows, "a local array that a row of processes reads is copied for each") {
    B(i, j) = A(i % 3, j) + 1;
    product([&](const Expr& y, const Expr& x) -> Expr { return B(y, x); });
    Schedule s = unfolded();
    s.partition(B, Partition::cyclic, 0, 2);
    const std::string text = vitis_source(s);
    has(text, "            B_part[i0][i1] = B[i0][i1];\n            B_part_1[i0][i1] = B[i0][i1];\n");
    has(text, "#pragma HLS array_partition variable=B_part_1 type=cyclic factor=2 dim=1");
    has(text, "LATHE_PROCESS(C_i(A_2, B_part, C_2, 1, 1));");
    check_everywhere(s);
}

TEST_CASE_FIXTURE(Rows, "a local array whose rows processes write is put together behind them") {
    product([&](const Expr& y, const Expr& x) -> Expr { return A(y / 2, x); });
    Func out("out", Int(32), {3, 4});
    out(i, j) = C(2 - i, 3 - j) + 1;
    Schedule s(out);
    s[C].fuse_init(j);
    s.unfold(C, i).partition(C, Partition::cyclic, 1, 2);
    const std::string text = vitis_source(s);
    has(text, "ap_int<32> C_part_2[4];\n#pragma HLS array_partition variable=C_part_2 type=cyclic factor=2 "
              "dim=1");
    has(text, "C[2][i0] = C_part_2[i0];");
    CHECK(text.find("C_part[i0] = ") == std::string::npos); // it holds nothing before
    check_everywhere(s);
}

TEST_CASE("processes of a kernel with parts of local arrays, in a loop") {
    Var i("i"), t("t");
    Input in("in", Int(16), {12}), v("v", Int(16), {4});
    Output w("w", Int(16), {4}), out("out", Int(16), {12});
    Kernel work("work", {v, w}, [&](KernelBody& b) { b.for_(i, 1, 4, [&] { w(i) = w(i) + v(i - 1) * 3; }); });
    Kernel top("top", {in, out}, [&](KernelBody& b) {
        Array a = b.array("a", Int(16), {12}), c = b.array("c", Int(16), {2, 6, 2});
        b.for_(i, 0, 12, [&] { a(i) = in(i); });
        b.for_(i, 0, 12, [&] { c(i % 2, i / 2, 1) = i; });
        b.for_(i, 0, 12, [&] { c(i % 2, i / 2, 0) = -i; });
        b.for_(t, 0, 3, [&] {
            b.dataflow([&] {
                b.call(work, {view(a, {Range(0, 4)}), view(c, {0, Range(1, 4), 1})});
                b.call(work, {view(a, {Range(0, 4, 3)}), view(c, {1, Range(2, 4), 0})});
                b.call(work, {view(in, {Range(6, 4)}), view(c, {0, Range(0, 4), 0})});
            });
        });
        b.for_(i, 0, 12, [&] { out(i) = a(i) + c(i % 2, i / 2, 1) * 5 - c(i / 6, i % 6, 0); });
    });
    check_everywhere(Schedule(top));
}

TEST_CASE("a Function whose processes share what it is given") {
    Var i("i");
    Input in("in", Int(16), {8}), r("r", Int(16), {8}), q("q", Int(16), {8});
    Output w("w", Int(16), {4}), o("o", Int(16), {8}), out("out", Int(16), {8}), more("more", Int(16), {8});
    Param from("from", Int(16));
    Const t("t", Int(16), {8}, counted(8)), u("u", Int(16), {8}, std::vector<int>(8, -3));
    Kernel add("add", {r, q, from, w},
               [&](KernelBody& b) { b.for_(i, 0, 4, [&] { w(i) = r(i) * from + q(7 - i); }); });
    Kernel both("both", {r, q, o}, [&](KernelBody& b) {
        b.dataflow([&] {
            b.call(add, {r, q, r(3), view(o, {Range(0, 4)})}); // a number that is read before the dataflow
            b.call(add, {q, r, q(1), view(o, {Range(4, 4)})});
        });
    });
    Kernel top("top", {in, out, more}, [&](KernelBody& b) {
        Array a = b.array("a", Int(16), {8}), c = b.array("c", Int(16), {8});
        b.for_(i, 0, 8, [&] { a(i) = in(7 - i); });
        b.call(both, {a, in, c});
        b.for_(i, 0, 8, [&] { out(i) = c(i); });
        b.call(both, {t, a, more});
        b.call(both, {u, t, c});
        b.for_(i, 0, 8, [&] { out(i) = out(i) - c(i); });
        b.dataflow([&] {
            b.call(both, {t, t, out});
            b.call(both, {u, in, more});
        });
    });
    check_everywhere(Schedule(top));
}
