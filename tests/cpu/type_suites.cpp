// Compiled code gives the interpreter's values on the suites on which the interpreter is compared with AMD's
// types.

#include "lathe/codegen/jit.h"
#include "lathe/dsl/operators.h"
#include "lathe/schedule/schedule.h"
#include "op_suite.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

constexpr int64_t lanes = 8;

Expr result_of(const TypedOp& op, const Expr& a, const std::function<Expr()>& b) {
    if (const auto* u = std::get_if<UnaryOp>(&op.op)) return Unary::make(*u, a);
    if (const auto* o = std::get_if<BinaryOp>(&op.op)) return Binary::make(*o, a, b());
    return lathe::ir::Cast::make(op.result, a);
}

/// Several operations on operands of the same types as one function, since a function costs more than an
/// operation.
class Batch {
  public:
    /// Returns its position.
    size_t add(const TypedOp& op) {
        ops.push_back(op);
        return ops.size() - 1;
    }
    bool full() const { return ops.size() == 8; }

    /// In vectors, if wanted, where its numbers have vectors.
    void compile(bool vectors) {
        Param blocks("blocks");
        const Shape shape{blocks * lanes};
        Input a("a", ops[0].a, shape), b("b", ops[0].is_binary() ? ops[0].b : ops[0].a, shape);
        Var i("i");
        std::vector<Func> results;
        for (const TypedOp& op : ops) {
            results.emplace_back("r" + std::to_string(results.size()), op.result, shape);
            results.back()(i) = result_of(op, a(i), [&] { return Expr(b(i)); });
        }
        Schedule s(std::vector{a, b}, results);
        for (size_t k = 0; k < ops.size() && vectors; ++k) {
            // LLVM takes seconds for vectors of the thousand-bit integers that this conversion goes through.
            if (ops[k].a.is_float() && ops[k].result.overflow() == Overflow::wrap_sm) continue;
            if (std::max({ops[k].a.width(), b.type().width(), ops[k].result.width()}) > 64) continue;
            auto [outer, inner] = s[results[k]].split(i, lanes, Tail::exact);
            s[results[k]].vectorize(inner);
        }
        function = jit(s);
    }

    /// The values of the operation at position `wanted`.
    std::vector<Value> evaluate(size_t wanted, const Rows& rows) const {
        const auto blocks = (static_cast<int64_t>(rows.size()) + lanes - 1) / lanes;
        const auto column = [&](Type t) { return AnyBuffer(t, {blocks * lanes}); };
        std::vector<AnyBuffer> buffers{column(ops[0].a), column(ops[0].is_binary() ? ops[0].b : ops[0].a)};
        for (size_t operand = 0; operand < (ops[0].is_binary() ? 2 : 1); ++operand)
            for (size_t i = 0; i < rows.size(); ++i)
                store(buffers[operand], i, rows[i][operand]);
        for (const TypedOp& op : ops)
            buffers.push_back(column(op.result));
        std::vector<AnyBuffer*> arguments;
        for (AnyBuffer& b : buffers)
            arguments.push_back(&b);
        function.call(arguments, {{"blocks", Value::index(blocks)}});
        std::vector<Value> values;
        for (size_t i = 0; i < rows.size(); ++i)
            values.push_back(load(buffers[2 + wanted], i));
        return values;
    }

  private:
    static std::byte* address(const AnyBuffer& b, size_t i) { return b.data() + i * element_bytes(b.type()); }
    static void store(const AnyBuffer& b, size_t i, const Value& v) {
        store_element(b.type(), address(b, i), v);
    }
    static Value load(const AnyBuffer& b, size_t i) { return load_element(b.type(), address(b, i)); }

    std::vector<TypedOp> ops;
    JitFunction function;
};

/// Evaluates the operations of a list, asked for in order.
class CompiledOperations {
  public:
    explicit CompiledOperations(const std::vector<TypedOp>& ops) {
        std::map<std::string, std::shared_ptr<Batch>> open; // by the operands' types
        for (const TypedOp& op : ops) {
            std::shared_ptr<Batch>& b = open[op.a.str() + (op.is_binary() ? " and " + op.b.str() : "")];
            if (!b || b->full()) b = std::make_shared<Batch>();
            places.push_back({b, b->add(op)});
        }
    }

    std::vector<Value> operator()(const TypedOp&, const Rows& rows) {
        // A batch lives until its last operation was asked for.
        const Place place = std::move(places.at(next++));
        if (place.position == 0) place.batch->compile(compiled++ % 2);
        return place.batch->evaluate(place.position, rows);
    }

  private:
    struct Place {
        std::shared_ptr<Batch> batch;
        size_t position;
    };
    std::vector<Place> places;
    size_t next = 0, compiled = 0;
};

void check(const char* what, const std::vector<TypedOp>& ops) {
    CompiledOperations compiled(ops);
    const Comparison c = compare(ops, interpret, std::ref(compiled));
    MESSAGE(fmt::format("{}: {}", what, c.str()));
    CHECK_MESSAGE(c.differences == 0, c.first);
}

} // namespace

TEST_SUITE_BEGIN("cpu: the values of compiled code are the interpreter's");

TEST_CASE("integers") {
    check("integers", integer_suite());
}
TEST_CASE("fixed point") {
    check("fixed point", fixed_suite());
}
TEST_CASE("conversions with every rounding and overflow") {
    check("conversions", conversion_suite());
}
TEST_CASE("random types up to 300 bits") {
    check("random types", random_suite());
}
TEST_CASE("random conversions, floats among them") {
    check("random conversions", random_conversion_suite());
}

TEST_SUITE_END();
