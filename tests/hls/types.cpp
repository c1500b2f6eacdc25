// Operations of every type as Vitis C++, with AMD's types, against the interpreter. What AMD's headers get
// wrong (tests/support/amd_defects.h) the emitted code must get right.

#include "deep.h"
#include "lathe/dsl/operators.h"
#include "op_suite.h"
#include "programs.h"
#include "vitis_compiled.h"

#include <fmt/format.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

Expr result_of(const TypedOp& op, const Expr& a, const std::function<Expr()>& b) {
    if (const auto* u = std::get_if<UnaryOp>(&op.op)) return Unary::make(*u, a);
    if (const auto* o = std::get_if<BinaryOp>(&op.op)) return Binary::make(*o, a, b());
    return lathe::ir::Cast::make(op.result, a);
}

/// r(i) = a(i) op b(i).
Module module_of(const TypedOp& op) {
    Param N("N");
    Var i("i");
    Input a("a", op.a, {N}), b("b", op.is_binary() ? op.b : op.a, {N});
    Func r("r", op.result, {N});
    r(i) = result_of(op, a(i), [&] { return Expr(b(i)); });
    return build({r}, op.is_binary() ? std::vector{a, b} : std::vector{a}).module;
}

std::byte* address(const AnyBuffer& b, size_t i) {
    return b.data() + i * element_bytes(b.type());
}

/// The operations of a list, asked for in order; so many of them make one program.
class CompiledOperations {
  public:
    explicit CompiledOperations(std::vector<TypedOp> all) : ops(std::move(all)) {}

    std::vector<Value> operator()(const TypedOp& op, const Rows& rows) {
        constexpr size_t together = 120;
        if (next % together == 0) {
            kernels = VitisKernels();
            for (size_t i = next; i < std::min(next + together, ops.size()); ++i)
                kernels.add(module_of(ops[i]));
            kernels.compile();
        }
        const auto count = static_cast<int64_t>(rows.size());
        std::vector<AnyBuffer> buffers{AnyBuffer(op.a, {count})};
        if (op.is_binary()) buffers.emplace_back(op.b, std::vector{count});
        for (size_t k = 0; k < buffers.size(); ++k)
            for (size_t i = 0; i < rows.size(); ++i)
                store_element(buffers[k].type(), address(buffers[k], i), rows[i][k]);
        buffers.emplace_back(op.result, std::vector{count});
        std::vector<AnyBuffer*> arguments;
        for (AnyBuffer& b : buffers)
            arguments.push_back(&b);
        CHECK(kernels.run(next++ % together, arguments, {}) == "");
        std::vector<Value> values;
        for (size_t i = 0; i < rows.size(); ++i)
            values.push_back(load_element(op.result, address(buffers.back(), i)));
        return values;
    }

  private:
    std::vector<TypedOp> ops;
    VitisKernels kernels;
    size_t next = 0;
};

/// All of them in the deep tier, else so many.
void check(const char* what, std::vector<TypedOp> ops, size_t quick) {
    Random random(1);
    if (!deep() && ops.size() > quick) {
        std::ranges::shuffle(ops, random);
        ops.resize(quick);
    }
    CompiledOperations compiled(ops);
    const Comparison c = compare(
        ops, [](const TypedOp& op, const Rows& rows) { return ::interpret(op, rows); }, std::ref(compiled));
    MESSAGE(fmt::format("{}: {}", what, c.str()));
    CHECK_MESSAGE(c.differences == 0, c.first);
}

} // namespace

TEST_SUITE_BEGIN("hls: the values of Vitis C++ are the interpreter's");

TEST_CASE("integers") {
    check("integers", integer_suite(), 40);
}
TEST_CASE("fixed point") {
    check("fixed point", fixed_suite(), 30);
}
TEST_CASE("conversions with every rounding and overflow") {
    check("conversions", conversion_suite(), 30);
}
TEST_CASE("random types up to 300 bits") {
    check("random types", random_suite(), 24);
}
TEST_CASE("random conversions, floats among them") {
    check("random conversions", random_conversion_suite(), 16);
}

TEST_SUITE_END();
