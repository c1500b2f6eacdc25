#include "../../codegen/passes/lower_types.h"
#include "../../codegen/passes/narrow.h"
#include "deep.h"
#include "passes_expressions.h"

using namespace lathe;
using namespace lathe::ir;
using namespace lathe::codegen;
using namespace lathe::testing;

namespace {

int widest_operation(const Module& m) {
    int bits = 0;
    for_each(m.top().body, nullptr, [&](const Expr& e) {
        if (auto* b = e.as<Binary>(); b && b->a.type().is_int())
            bits = std::max(bits, b->a.type().width() > 64 ? 128 : container_bits(b->a.type()));
    });
    return bits;
}

/// False if the backend refuses the case.
bool check(const Case& c) {
    Module lowered;
    try {
        lowered = lower_types(c.module);
    } catch (const Error&) { // tests of lower_types judge those
        return false;
    }
    const Module narrowed = narrow(lowered);
    INFO(print(lowered));
    INFO(print(narrowed));
    REQUIRE(machine_form_breach(narrowed) == "");
    REQUIRE(widest_operation(narrowed) <= widest_operation(lowered));
    check_equal_results(c.module, narrowed, c.buffers);
    return true;
}

/// The narrowed statements of out[i] = value(i) for i < 4, or of any body.
std::string narrowed(const std::vector<Tensor>& in, const Tensor& out, const Stmt& body) {
    return print(narrow(lower_types(module_of(in, {out}, body))).top().body);
}

std::string narrowed(const std::vector<Tensor>& in, const Tensor& out,
                     const std::function<Expr(Expr)>& value) {
    const Symbol i("i");
    const std::string text = narrowed(in, out, loop(i, index(4), store(out, {var(i)}, value(var(i)))));
    return text.substr(text.find("    ") + 4);
}

Tensor line(const char* name, Type t) {
    return tensor(name, t, {index(8)});
}

Expr constant(int64_t i) {
    return Expr(i);
}
Expr plus(Expr a, Expr b) {
    return binary(BinaryOp::add, std::move(a), std::move(b));
}
Expr times(Expr a, Expr b) {
    return binary(BinaryOp::mul, std::move(a), std::move(b));
}

/// Σ weights[n] · at(n)
Expr weighted(const std::vector<int>& weights, const std::function<Expr(int)>& at) {
    Expr sum = times(at(0), constant(weights[0]));
    for (size_t n = 1; n < weights.size(); ++n)
        sum = plus(sum, times(at(static_cast<int>(n)), constant(weights[n])));
    return sum;
}

} // namespace

TEST_CASE("narrow keeps the value of random expressions") {
    const int n = count(1000, 40000);
    int checked = 0;
    for (int seed = 0; seed < n; ++seed) {
        CAPTURE(seed);
        checked += check(random_store(static_cast<uint64_t>(seed) + 7000000));
    }
    CHECK(checked > n * 9 / 10);
}

TEST_CASE("narrow keeps the value of random reductions") {
    const int n = count(300, 10000);
    for (int seed = 0; seed < n; ++seed) {
        CAPTURE(seed);
        check(random_reduce(static_cast<uint64_t>(seed) + 8000000));
    }
}

TEST_CASE("narrow keeps the results of stages that share local tensors") {
    const int n = count(700, 30000);
    for (int seed = 0; seed < n; ++seed) {
        CAPTURE(seed);
        check(random_pipeline(static_cast<uint64_t>(seed)));
    }
}

TEST_CASE("an average of bytes takes 16 bits") {
    const Tensor a = line("a", UInt(8)), b = line("b", UInt(8)), out = line("out", UInt(8));
    CHECK(narrowed({a, b}, out, [&](Expr i) {
              return binary(BinaryOp::shr, plus(load(a, {i}), load(b, {i})), constant(1));
          }) == "out[i] = UInt(8)((UInt(16)(a[i]) + UInt(16)(b[i]) as UInt(16)) >> UInt(16)(1))\n");
}

TEST_CASE("a product of bytes takes 16 bits") {
    const Tensor a = line("a", Int(8)), b = line("b", Int(8)), out = line("out", Int(32));
    const Symbol i("i");
    CHECK(narrowed(
              {a, b}, out,
              loop(i, index(8),
                   Reduce::make(
                       BinaryOp::add,
                       {out.symbol, out.type, {index(0)}, times(load(a, {var(i)}), load(b, {var(i)}))}))) ==
          "for i in range(8):\n    out[0] += Int(32)((Int(16)(a[i]) * Int(16)(b[i]) as Int(16)))\n");
}

TEST_CASE("a 5x5 Gaussian of bytes stays in 16 bits") {
    const Tensor in = tensor("in", UInt(8), {index(12), index(12)}),
                 out = tensor("out", UInt(8), {index(8), index(8)});
    const Tensor rows = tensor("rows", UInt(15), {index(12), index(8)});
    const std::vector<int> weights = {1, 4, 6, 4, 1};
    const Symbol y("y"), x("x"), v("v"), u("u");
    const Stmt first =
        loop(y, index(12), loop(x, index(8), store(rows, {var(y), var(x)}, weighted(weights, [&](int n) {
                                                       return load(in, {var(y), iadd(var(x), index(n))});
                                                   }))));
    const Expr sum = weighted(weights, [&](int n) { return load(rows, {iadd(var(v), index(n)), var(u)}); });
    const Stmt second = loop(
        v, index(8),
        loop(u, index(8),
             store(out, {var(v), var(u)}, binary(BinaryOp::shr, plus(sum, constant(128)), constant(8)))));
    CHECK(
        narrowed({in}, out, Allocate::make(rows, Block::make({first, second}))) ==
        "with alloc(rows: Tensor[UInt(16), (12, 8)]):\n    for y in range(12):\n        for x in range(8):\n "
        "           rows[y, x] = ((((UInt(16)((in[y, x] * UInt(8)(1) as UInt(8))) + (UInt(16)(in[y, x + 1]) "
        "* UInt(16)(4) as UInt(16)) as UInt(16)) + (UInt(16)(in[y, x + 2]) * UInt(16)(6) as UInt(16)) as "
        "UInt(16)) + (UInt(16)(in[y, x + 3]) * UInt(16)(4) as UInt(16)) as UInt(16)) + UInt(16)((in[y, x + "
        "4] * UInt(8)(1) as UInt(8))) as UInt(16))\n    for v in range(8):\n        for u in range(8):\n     "
        "       out[v, u] = UInt(8)(((((((rows[v, u] * UInt(16)(1) as UInt(16)) + (rows[v + 1, u] * "
        "UInt(16)(4) as UInt(16)) as UInt(16)) + (rows[v + 2, u] * UInt(16)(6) as UInt(16)) as UInt(16)) + "
        "(rows[v + 3, u] * UInt(16)(4) as UInt(16)) as UInt(16)) + (rows[v + 4, u] * UInt(16)(1) as "
        "UInt(16)) as UInt(16)) + UInt(16)(128) as UInt(16)) >> UInt(16)(8))\n");
}

TEST_CASE("odd widths use whole containers") {
    const Tensor a = line("a", Int(9)), b = line("b", Int(9)), out = line("out", Int(12));
    CHECK(narrowed({a, b}, out, [&](Expr i) { return plus(load(a, {i}), load(b, {i})); }) ==
          "out[i] = Int(12)((Int(16)(a[i]) + Int(16)(b[i]) as Int(16)))\n");
}

TEST_CASE("what cannot shrink stays") {
    const Tensor a = line("a", Int(32)), b = line("b", Int(32)), out = line("out", Int(64));
    CHECK(narrowed({a, b}, out, [&](Expr i) { return plus(load(a, {i}), load(b, {i})); }) ==
          "out[i] = (Int(64)(a[i]) + Int(64)(b[i]) as Int(64))\n");
}

TEST_CASE("a shift by more than the narrower type has") {
    const Tensor a = line("a", UInt(20)), out = line("out", UInt(32));
    CHECK(narrowed({a}, out, [&](Expr i) {
              return binary(BinaryOp::shr, Slice::make(load(a, {i}), 5, 0), constant(5));
          }) == "out[i] = UInt(32)(UInt(8)(UInt(6)(a[i])) >> UInt(8)(5))\n");
}
