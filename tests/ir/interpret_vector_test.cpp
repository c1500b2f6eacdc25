/// \file Vectors in the interpreter: every node lane by lane.

#include "deep.h"
#include "interpret_build.h"
#include "interpret_random.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;
using namespace lathe::testing;

namespace {

constexpr int lanes = 4;

Expr ramp(int base, int stride = 1) {
    return Ramp::make(index(base), index(stride), lanes);
}
Expr spread(Expr e) {
    return Broadcast::make(std::move(e), lanes);
}

/// Runs out[0..3] = value, where value may load A and B, which hold `a` and `b`.
std::vector<int32_t> run(const Expr& value, const Tensor& A, const std::vector<int>& a, Expr predicate = {}) {
    const Tensor out = tensor("out", Int(32), {index(lanes)});
    Buffer<int32_t> in({static_cast<int64_t>(a.size())}), result({lanes});
    std::copy(a.begin(), a.end(), in.begin());
    result.fill(Value::literal(-1));
    interpret(module_of({{A}, {out, Direction::inout}},
                        store(out, {ramp(0)}, Cast::make(Int(32), value), line, std::move(predicate))),
              {&in, &result});
    return elements(result);
}

const Tensor A = tensor("A", Int(32), {index(6)});
const std::vector<int> data{3, 1, 4, 1, 5, 9};

Expr lane_number() {
    return Cast::make(Int(32), ramp(0));
}

} // namespace

TEST_CASE("ramps, broadcasts and gathers") {
    CHECK(run(load(A, {ramp(1)}), A, data) == std::vector<int32_t>{1, 4, 1, 5});
    CHECK(run(load(A, {ramp(5, -1)}), A, data) == std::vector<int32_t>{9, 5, 1, 4});
    CHECK(run(spread(load(A, {index(4)})), A, data) == std::vector<int32_t>{5, 5, 5, 5});
    const Expr gather =
        load(A, {Cast::make(IndexType(), load(A, {Cast::make(IndexType(), load(A, {ramp(0)}))}))});
    CHECK(run(gather, A, data) == std::vector<int32_t>{1, 1, 9, 1});
    CHECK(run(Binary::make(BinaryOp::mul, load(A, {ramp(0)}), lane_number()), A, data) ==
          std::vector<int32_t>{0, 1, 8, 3});
}

TEST_CASE("lanes out of bounds are named") {
    const auto message = [](const Expr& e) {
        try {
            run(e, A, data);
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    CHECK(message(load(A, {ramp(3)}, line)) ==
          "user.cpp:42: A[6] is out of bounds: subscript 0 is 6, and dimension 0 of A runs from 0 to 5");
    const Expr far = Ramp::make(index(1), index(std::numeric_limits<int64_t>::max()), lanes, line);
    CHECK(message(load(A, {far})).find("lane 1 of a vector of subscripts does not fit in 64 bits") !=
          std::string::npos);
}

TEST_CASE("masked lanes touch nothing") {
    const Expr low = Binary::make(BinaryOp::lt, ramp(0), spread(index(2)));
    CHECK(run(load(A, {ramp(4)}, line, low), A, data) == std::vector<int32_t>{5, 9, 0, 0});
    CHECK(run(lane_number(), A, data, low) == std::vector<int32_t>{0, 1, -1, -1});
    const Expr outside = load(A, {ramp(4)}, line), zero = spread(Constant::make(Value::from_raw(Int(32), 0)));
    CHECK(run(Select::make(low, outside, zero), A, data) == std::vector<int32_t>{5, 9, 0, 0});
    const Expr scalar = Binary::make(BinaryOp::lt, index(2), index(1));
    CHECK(run(Select::make(scalar, outside, zero), A, data) == std::vector<int32_t>{0, 0, 0, 0});
    CHECK_THROWS_AS(run(outside, A, data), Error);
    // A let in a masked arm evaluates only the lanes that are asked for.
    const Symbol x("x");
    const Expr v = Variable::make(x, Int(32).with_lanes(lanes));
    const Expr squared = Let::make(x, outside, Binary::make(BinaryOp::mul, v, v));
    const Expr wide_zero = spread(Constant::make(Value::from_raw(Int(64), 0)));
    CHECK(run(Select::make(low, squared, wide_zero), A, data) == std::vector<int32_t>{25, 81, 0, 0});
}

TEST_CASE("lets across lanes") {
    const Symbol x("x");
    const Expr v = Variable::make(x, Int(32).with_lanes(lanes)), s = Variable::make(x, Int(32));
    const Expr sum = VectorReduce::make(BinaryOp::add, v);
    CHECK(run(Let::make(x, load(A, {ramp(0)}), spread(sum)), A, data) == std::vector<int32_t>{9, 9, 9, 9});
    CHECK(run(spread(Let::make(x, load(A, {ramp(0)}), sum)), A, data) == std::vector<int32_t>{9, 9, 9, 9});
    const Expr shifted = Binary::make_as(Int(32).with_lanes(lanes), BinaryOp::add, spread(s), lane_number());
    CHECK(run(Let::make(x, load(A, {index(5)}), shifted), A, data) == std::vector<int32_t>{9, 10, 11, 12});
    // One symbol bound twice in one expression, with a body that both share.
    const Expr body = Binary::make(BinaryOp::mul, v, v);
    const Expr twice = Binary::make(BinaryOp::sub, Let::make(x, load(A, {ramp(0)}), body),
                                    Let::make(x, load(A, {ramp(1)}), body));
    CHECK(run(twice, A, data) == std::vector<int32_t>{8, -15, 15, -24});
}

TEST_CASE("vector reductions wrap into the element type") {
    const Expr bytes = Cast::make(Int(8), load(A, {ramp(0)}));
    const std::vector<int> big{100, 100, 3, -2, 0, 0};
    const auto reduced = [&](BinaryOp op) { return run(spread(VectorReduce::make(op, bytes)), A, big)[0]; };
    CHECK(reduced(BinaryOp::add) == 201 - 256);
    CHECK(reduced(BinaryOp::mul) == static_cast<int8_t>(100 * 100 * 3 * -2));
    CHECK(reduced(BinaryOp::min) == -2);
    CHECK(reduced(BinaryOp::max) == 100);
    CHECK(reduced(BinaryOp::bit_xor) == (3 ^ -2));
    const Expr positive =
        Binary::make(BinaryOp::gt, bytes, spread(Constant::make(Value::from_raw(Int(8), 0))));
    CHECK(run(spread(Cast::make(Int(32), VectorReduce::make(BinaryOp::logical_and, positive))), A, big)[0] ==
          0);
    CHECK(run(spread(Cast::make(Int(32), VectorReduce::make(BinaryOp::bit_or, positive))), A, big)[0] == 1);
}

TEST_CASE("all lanes are read before one is written") {
    const Tensor t = tensor("T", Int(32), {index(6)});
    Buffer<int32_t> b({6});
    std::copy(data.begin(), data.end(), b.begin());
    interpret(module_of({{t, Direction::inout}}, store(t, {ramp(1)}, load(t, {ramp(0)}))), {&b});
    CHECK(elements(b) == std::vector<int32_t>{3, 3, 1, 4, 1, 9});
}

TEST_CASE("a reduction into one element takes every lane, masked ones not") {
    const Tensor t = tensor("T", Int(8), {index(1)});
    Buffer<int32_t> in({6});
    std::copy(data.begin(), data.end(), in.begin());
    const Expr odd = Binary::make(BinaryOp::ne, Binary::make(BinaryOp::floormod, ramp(0), spread(index(2))),
                                  spread(index(0)));
    for (const Expr& mask : {Expr(), odd}) {
        Buffer<int8_t> b({1});
        b(0) = 120;
        const Stmt add = Reduce::make(BinaryOp::add,
                                      {t.symbol, t.type, {spread(index(0))}, load(A, {ramp(0)})}, line, mask);
        interpret(module_of({{A}, {t, Direction::inout}}, add), {&in, &b});
        CHECK(b(0) == static_cast<int8_t>(mask.defined() ? 122 : 129));
    }
    // The addends are read before the first step.
    const Tensor self = tensor("S", Int(32), {index(6)});
    const Stmt prefix =
        Reduce::make(BinaryOp::add, {self.symbol, self.type, {ramp(1)}, load(self, {ramp(0)})});
    interpret(module_of({{self, Direction::inout}}, prefix), {&in});
    CHECK(elements(in) == std::vector<int32_t>{3, 4, 5, 5, 6, 9});
}

TEST_CASE("a contracted vector reduction, and a literal addend") {
    const Tensor x = tensor("x", Float(32), {index(lanes)}), t = tensor("t", Float(32), {index(lanes)});
    Buffer<float> X({lanes}), T({lanes});
    X.fill(Value::from_double(Float(32), 1 + 0x1p-12));
    T.fill(Value::from_double(Float(32), -1));
    const Expr v = load(x, {ramp(0)});
    const auto reduce = [&](Expr value, bool contract) {
        interpret(module_of({{x}, {t, Direction::inout}},
                            Reduce::make(BinaryOp::add, {t.symbol, t.type, {ramp(0)}, std::move(value)}, {},
                                         {}, contract)),
                  {&X, &T});
    };
    reduce(Binary::make(BinaryOp::mul, v, v), true);
    CHECK(elements(T) == std::vector<float>(lanes, 0x1p-11f + 0x1p-24f));
    reduce(spread(Constant::make(Value::real(mpq_class(1, 2)))), false);
    CHECK(elements(T) == std::vector<float>(lanes, 0.5f + 0x1p-11f + 0x1p-24f));
}

TEST_CASE("random vector expressions are their lanes") {
    Random random(21);
    const int n = count(300, 30000);
    for (int round = 0; round < n; ++round) {
        std::map<Symbol, Value> values[lanes];
        std::vector<Expr> vectors, scalars; // pools of equal structure
        const auto leaf = [&] {
            const Type t = random.any();
            const Symbol s("s");
            // Lane l is a chain of selects on the lane number.
            Expr lane = Cast::make(Int(32), ramp(0)), e;
            for (int l = 0; l < lanes; ++l) {
                const Value x = random.value(t);
                values[l].emplace(s, x);
                const Expr here =
                    Binary::make(BinaryOp::eq, lane, spread(Constant::make(Value::from_raw(Int(32), l))));
                const Expr c = spread(Constant::make(x));
                e = e.defined() ? Select::make(here, c, e) : c;
            }
            vectors.push_back(e);
            scalars.push_back(Variable::make(s, t));
        };
        const auto at = [&] {
            return static_cast<size_t>(random.between(0, static_cast<int64_t>(vectors.size()) - 1));
        };
        for (int i = 0; i < 4; ++i)
            leaf();
        for (int i = 0; i < 8; ++i) {
            const size_t a = at(), b = at();
            const auto op = static_cast<BinaryOp>(random.between(0, static_cast<int>(BinaryOp::ge)));
            try {
                const Expr s = Binary::make(op, scalars[a], scalars[b]);
                if (s.type().width() > 300) continue;
                scalars.push_back(s);
            } catch (const Error&) {
                continue;
            }
            vectors.push_back(Binary::make(op, vectors[a], vectors[b]));
        }
        const Type t = scalars.back().type();
        const Tensor out = tensor("out", t, {index(lanes)});
        AnyBuffer b(t, {lanes});
        interpret(module_of({{out, Direction::out}}, store(out, {ramp(0)}, vectors.back())), {&b});
        for (int l = 0; l < lanes; ++l)
            CHECK(b.get({l}) == evaluate(scalars.back(), values[l]));
    }
}
