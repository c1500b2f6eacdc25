// layout(): where elements lie; what a layout may be, and of which tensors.

#include "ir_build.h"

#include "lathe/dsl/extern.h"
#include "lathe/dsl/kernel.h"
#include "lathe/dsl/operators.h"
#include "lathe/ir/interpret.h"
#include "lathe/ir/layout.h"
#include "lathe/ir/print.h"
#include "lathe/ir/simplify.h"
#include "random_layout.h"
#include "refusal.h"

#include <doctest/doctest.h>

using namespace build;

namespace {

int64_t number(const Expr& e) {
    return *as_int(simplify(e));
}

Tensor laid_out(const std::vector<int64_t>& extents, Layout l) {
    std::vector<Expr> shape;
    for (const int64_t n : extents)
        shape.push_back(index(n));
    Tensor t = tensor(Symbol("t"), Int(16), shape);
    t.layout = std::move(l);
    return t;
}

std::vector<int64_t> strides(const Tensor& t) {
    std::vector<int64_t> all;
    for (const Expr& e : layout(t).strides())
        all.push_back(number(e));
    return all;
}

int64_t offset(const Tensor& t, const std::vector<int64_t>& at) {
    std::vector<Expr> indices;
    for (const int64_t i : at)
        indices.push_back(index(i));
    return number(layout(t).offset(indices));
}

using List = std::vector<int64_t>;

Layout ordered(std::vector<int> order, int64_t pack = 1) {
    Layout l;
    l.order = std::move(order);
    l.pack = pack;
    return l;
}
Layout of_dims(std::vector<DimLayout> dims, int64_t pack = 1) {
    Layout l;
    l.dims = std::move(dims);
    l.pack = pack;
    return l;
}

DimLayout dim(int64_t pad, int64_t align, int64_t fold) {
    DimLayout d;
    d.pad = pad;
    d.align = align;
    d.fold = fold;
    return d;
}

int keep(HalideBuffer*) {
    return 0;
}

} // namespace

TEST_CASE("a plain layout is row-major and dense") {
    const Tensor t = laid_out({4, 5, 6}, {});
    CHECK(strides(t) == List{30, 6, 1});
    CHECK(number(layout(t).size) == 120);
    CHECK(offset(t, {1, 2, 3}) == 45);
    CHECK(stored_plainly(t.layout));
    CHECK(layout_text(t.layout) == "");
    CHECK(number(layout(laid_out({}, {})).size) == 1);
    CHECK(number(layout(laid_out({3, -2}, ordered({1, 0}))).size) == 0);
}

TEST_CASE("order, padding, alignment, folds and words") {
    const Tensor order = laid_out({4, 5, 6}, ordered({2, 0, 1}));
    CHECK(strides(order) == List{5, 1, 20});
    CHECK(offset(order, {1, 2, 3}) == 67);
    const Tensor room = laid_out({4, 5, 6}, of_dims({dim(1, 1, 0), dim(2, 4, 0), dim(0, 8, 0)}));
    CHECK(strides(room) == List{64, 8, 1});
    CHECK(number(layout(room).size) == 5 * 64);
    const Tensor fold = laid_out({40, 6}, of_dims({dim(0, 1, 3), dim(1, 1, 0)}));
    CHECK(strides(fold) == List{7, 1});
    CHECK(number(layout(fold).size) == 21);
    CHECK(offset(fold, {4, 2}) == 9);
    // Words are of neighbours in the innermost stored dimension, whatever it is.
    const Tensor words = laid_out({3, 6}, ordered({1, 0}, 4));
    CHECK(strides(words) == List{1, 4});
    CHECK(number(layout(words).size) == 24);
    Tensor moved = order;
    moved.dims[2].min = index(10);
    CHECK(offset(moved, {1, 2, 13}) == 67);
}

TEST_CASE("banks do not move elements") {
    Layout l;
    l.dims.resize(2);
    l.dims[0].partition = Partition::complete;
    l.dims[1] = dim(0, 1, 0);
    l.dims[1].partition = Partition::block;
    l.dims[1].factor = 3;
    const Tensor t = laid_out({4, 5}, l);
    CHECK(strides(t) == List{5, 1});
    CHECK(stored_plainly(l));
    CHECK(layout_text(l) == ", partition (complete, block 3)");
    l.order = {1, 0};
    l.dims[0].pad = 2;
    l.dims[1].align = 4;
    l.dims[1].fold = 7;
    l.pack = 8;
    CHECK(layout_text(l) == ", order (1, 0), pad (2, 0), align (1, 4), fold (0, 7), partition (complete, "
                            "block 3), pack 8");
}

TEST_CASE("what is no layout") {
    const auto refused = [](const Layout& l, size_t rank) {
        return refusal([&] { check_layout(l, rank, "t", {}); });
    };
    CHECK(refused(ordered({0}), 2) == "the order (0) of t does not name each of its 2 dimensions once");
    CHECK(refused(ordered({1, 1}), 2) == "the order (1, 1) of t does not name each of its 2 dimensions once");
    CHECK(refused(of_dims({DimLayout()}), 2) == "the layout of t has 1 dimensions, and the tensor 2");
    CHECK(refused(of_dims({dim(-1, 1, 0)}), 1) == "the padding of t is -1: it is at least 0");
    CHECK(refused(of_dims({dim(0, 0, 0)}), 1) == "the alignment of t is 0: it is at least 1");
    CHECK(refused(of_dims({dim(0, 1, -3)}), 1) == "the fold of t is -3: it is at least 0");
    DimLayout banks;
    banks.partition = Partition::cyclic;
    CHECK(refused(of_dims({banks}), 1) == "the number of banks of t is 0: it is at least 1");
    banks.partition = Partition::complete;
    banks.factor = 2;
    CHECK(refused(of_dims({banks}), 1) == "the banks of t are not counted");
    CHECK(refused(ordered({}, 0), 1) == "the number of elements in a word of t is 0: it is at least 1");
    CHECK(refused(ordered({}, 2), 0) == "t is one element: it has no words of 2");
    Layout both = of_dims({dim(3, 2, 5), dim(0, 1, 0)}, 4);
    both.order = {1, 0};
    CHECK(refused(both, 2) == "not refused");
}

TEST_CASE("which tensors have a layout of their own") {
    Var i("i");
    Param N("N");
    Input x("x", Int(32), {8});
    InOut part("part", Int(32), {N}), words("words", Int(32), {8});
    const Extern given("given", {words}, keep);
    const Kernel scale("scale", {part}, [&](KernelBody& b) { b.for_(i, 0, N, [&] { part(i) *= 2; }); });
    Symbol passed, local;
    Output y("y", Int(32), {8});
    const Module m = lathe::build(Kernel("k", {x, y}, [&](KernelBody& b) {
                         Array l = b.array("local", Int(32), {8}), p = b.array("passed", Int(32), {8});
                         local = l.symbol();
                         passed = p.symbol();
                         b.for_(i, 0, 8, [&] {
                             l(i) = x(i);
                             p(i) = x(i);
                         });
                         b.call(scale, {view(l, {Range(1, 3)})});
                         b.call(given, {p});
                         b.for_(i, 0, 8, [&] { y(i) = l(i) + p(i); });
                     })).module;
    const auto refused = [&](const Symbol& s, const Layout& l) {
        return refusal([&] { with_layout(m, s, l); });
    };
    CHECK(refused(passed, ordered({}, 2)) ==
          "passed is given to the extern function given, which knows row-major tensors only: it has no other "
          "layout");
    CHECK(refused(local, of_dims({dim(0, 1, 3)})) ==
          "scale is given a part of local, which cannot be folded then");
    const Module padded = with_layout(m, local, of_dims({dim(3, 4, 0)}, 2));
    CHECK(print(padded).find("local: Tensor[Int(32), (8)], stack, pad (3), align (4), pack 2") !=
          std::string::npos);
}
