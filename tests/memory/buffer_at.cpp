// buffer_at: what it makes, and what it refuses.

#include "drawn.h"
#include "everywhere.h"
#include "lathe/dsl/extern.h"
#include "lathe/dsl/kernel.h"
#include "refusal.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

struct RowGemm {
    Param M{"M"}, N{"N"}, K{"K"};
    Input A{"A", Int(16), {M, K}}, B{"B", Int(16), {K, N}};
    Var i{"i"}, j{"j"};
    RDom k{0, K, "k"};
    Func C{"C", Int(32), {M, N}};
    RowGemm() {
        C(i, j) = cast(Int(32), 0);
        C(i, j) += cast(Int(32), A(i, k)) * B(k, j);
    }
};

const std::vector<Sizes> sizes = {
    {{"M", 3}, {"N", 11}, {"K", 4}}, {{"M", 2}, {"N", 8}, {"K", 0}}, {{"M", 0}, {"N", 5}, {"K", 3}}};

} // namespace

TEST_CASE("buffer_at: a row of the result is kept while it is summed up") {
    RowGemm g;
    Schedule s(g.C);
    s[g.C].fuse_init(g.i).reorder(g.k, g.j);
    s.buffer_at(g.C, g.i);
    CHECK(print(s).find(R"(        with alloc(C_buffer: Tensor[Int(32), (1, N)] at (i, 0)):
            # C.init
            for j in range(N):
                C_buffer[i, j] = Int(32)(0)
            for k in range(K):
                for j in range(N):
                    C_buffer[i, j] += Int(32)(A[i, k]) * B[k, j]
            for j in range(N):
                C[i, j] = C_buffer[i, j]
)") != std::string::npos);
    expect_same_as_code(s, sizes);
}

TEST_CASE("buffer_at: tiles under a guard, of what is read and of what is written") {
    RowGemm g;
    Schedule s(g.C);
    auto [jo, ji] = s[g.C].split(g.j, 8);
    s[g.C].reorder(g.i, jo, g.k, ji);
    const TensorRef tile = s.buffer_at(g.C, jo);
    const TensorRef row = s.buffer_at(g.A, g.C, g.i);
    s.buffer_at(g.B, g.C, jo);
    CHECK(tile.symbol.name() == "C_buffer");
    CHECK(row.symbol.name() == "A_buffer");
    const std::string text = print(s);
    CAPTURE(text);
    CHECK(text.find("for A_buffer1 in range(K):") != std::string::npos);
    CHECK(text.find(" A_buffer[i, A_buffer1] = A[i, A_buffer1]\n") != std::string::npos);
    s[g.C].parallel(g.i);
    expect_same_as_code(s, sizes);
    Schedule again(build(std::vector<Func>{g.C}));
    again.apply_trace(s.trace_json());
    CHECK(print(again) == print(s));
    s.quantize(g.A, Int(9));
    expect_same_as_code(s, sizes);
}

TEST_CASE("buffer_at refuses") {
    const auto message = [](const auto& call) { return refusal(call); };
    RowGemm g;
    Schedule s(g.C);
    CHECK(message([&] { s[g.C].init().buffer_at(g.B, g.i); }).find("the body of loop i does not touch B") !=
          std::string::npos);
    const auto blocks = s[g.C].vectorize(g.j, 8);
    CHECK(message([&] {
              s.buffer_at(g.C, blocks.inner());
          }).find("its iterations have no storage of their own") != std::string::npos);
}

TEST_CASE("buffer_at: what may hold nothing yet is not copied") {
    Output out("out", Int(16), {10});
    Var i("i"), j("j");
    const Kernel kernel("kernel", {out}, [&](KernelBody& k) {
        Array a = k.array("a", Int(16), {10});
        k.for_(i, 0, 10, [&] {
            k.for_(j, 0, i, [&] { out(j) = out(j) + a(j); });
            a(i) = 3;
            out(i) = 1;
        });
    });
    Schedule s(kernel);
    CHECK(refusal([&] { s.buffer_at(out, kernel, i); }).find("may hold nothing yet") != std::string::npos);
    CHECK_NOTHROW(s.buffer_at(out, kernel, j)); // the body itself reads it
    CHECK(check_schedule(s.reference(), s.module(), make_arguments(s.module(), {}, 5)) == "");
}

TEST_CASE("buffer_at refuses what is given away, and elements that nobody can name outside of the loop") {
    Var i("i"), j("j");
    Param N("N");
    Input at("at", UInt(3), {8}), x("x", Int(16), {4, 8});
    Output y("y", Int(16), {8});
    InOut row("row", Int(16), {N}), z("z", Int(16), {4, 8});
    InOut whole("whole", Int(16), {4, 8});
    const Extern nothing("nothing", {whole});
    const Kernel twice("twice", {row}, [&](KernelBody& b) { b.for_(j, 0, N, [&] { row(j) *= 2; }); });
    const auto why = [&](const std::vector<KernelArgument>& arguments, const TensorRef& tensor,
                         const auto& body) {
        const Kernel k("k", arguments, [&](KernelBody& b) { b.for_(i, 0, 4, [&] { body(b); }); });
        return refusal([&] { Schedule(k).buffer_at(tensor, k, i); });
    };
    has(why({z}, z, [&](KernelBody& b) { b.call(nothing, {z}); }), "z is given as a whole to a function at");
    has(why({z}, z, [&](KernelBody& b) { b.call(twice, {view(z, {i, Range(0, 8)})}); }),
        "z is given to twice at buffer_at.cpp");
    has(why({at, y}, y, [&](KernelBody& b) { b.for_(j, 0, 8, [&] { y(at(j)) = i; }); }),
        " depends on what at holds");
    has(why({at, y}, y,
            [&](KernelBody& b) {
                b.for_(j, 0, 8, [&] {
                    const Expr to = b.let(at(j));
                    y(to) = i;
                });
            }),
        "which has its value inside of loop i");
}

TEST_CASE("buffer_at is drawn") {
    drawn("buffer_at");
}
