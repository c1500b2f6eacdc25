/// \file Statements of the interpreter, and what it refuses.

#include "interpret_build.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::testing;

TEST_CASE("a matrix product, its sizes bound from buffers") {
    const Symbol m("M"), n("N"), k("K"), i("i"), j("j"), l("k");
    const Tensor a = tensor("A", Int(8), {var(m), var(k)}), b = tensor("B", UInt(8), {var(k), var(n)}),
                 c = tensor("C", Int(32), {var(m), var(n)});
    const Expr product = Binary::make(BinaryOp::mul, load(a, {var(i), var(l)}), load(b, {var(l), var(j)}));
    const Stmt update = Reduce::make(BinaryOp::add, {c.symbol, c.type, {var(i), var(j)}, product});
    const Stmt body = loop(i, index(0), var(m),
                           loop(j, index(0), var(n),
                                Block::make({store(c, {var(i), var(j)}, number(Int(32), 0)),
                                             loop(l, index(0), var(k), update)})));
    const Module mod = module_of({{a}, {b}, {c, Direction::out}}, body,
                                 {{m, IndexType(), {}}, {n, IndexType(), {}}, {k, IndexType(), {}}});
    Buffer<int8_t> A({3, 5});
    Buffer<uint8_t> B({5, 4});
    Buffer<int32_t> C({3, 4});
    for (int y = 0; y < 5; ++y)
        for (int x = 0; x < 5; ++x) {
            if (y < 3) A(y, x) = static_cast<int8_t>(37 * y - 50 * x);
            if (x < 4) B(y, x) = static_cast<uint8_t>(91 * y + 70 * x);
        }
    interpret(mod, {&A, &B, &C});
    for (int y = 0; y < 3; ++y)
        for (int x = 0; x < 4; ++x) {
            int sum = 0;
            for (int r = 0; r < 5; ++r)
                sum += A(y, r) * B(r, x);
            CHECK(C(y, x) == sum);
        }
    Buffer<int32_t> wrong({3, 5});
    CHECK(refusal(mod, {&A, &B, &wrong}) ==
          "user.cpp:7: dimension 1 of the argument C has extent 4, and its buffer's extent is 5");
    CHECK(refusal(mod, {&A, &B, &C}, {{"N", Value::literal(5)}}) ==
          "the parameter N is given as 5, and a buffer's extent makes it 4");
    CHECK(refusal(mod, {&A, &B, &C}, {{"N", Value::literal(4)}}) == "no error");
    CHECK(refusal(mod, {&A, &B, &C}, {{"Q", Value::literal(4)}}) == "f has no parameter Q");
}

TEST_CASE("arguments are checked against their declarations") {
    const Tensor a = tensor("A", Fixed(16, 12), {index(4)}), b = tensor("B", UInt(8), {index(4)});
    const Module m = module_of({{a}, {b, Direction::out}}, {});
    Buffer<int16_t> good(Fixed(16, 12, Round::rnd), {4});
    Buffer<uint8_t> out({4}), flat({2, 2});
    CHECK(refusal(m, {&good, &out}) == "no error");
    CHECK(refusal(m, {&good}) == "f takes 2 tensors and is called with 1");
    CHECK(refusal(m, {&good, nullptr}) == "user.cpp:7: the argument B has no buffer");
    CHECK(refusal(m, {&out, &out}) ==
          "user.cpp:7: the argument A is of Fixed(16, 12), and its buffer is of UInt(8)");
    CHECK(refusal(m, {&good, &flat}) == "user.cpp:7: the argument B has 1 dimensions, and its buffer has 2");
    out.set_min({3});
    CHECK(refusal(m, {&good, &out}) ==
          "user.cpp:7: dimension 0 of the argument B begins at 0, and its buffer's begins at 3");
    CHECK(refusal(Module(), {}) == "the module has no function to interpret");
}

TEST_CASE("overlapping arguments are refused when one is written") {
    const Tensor a = tensor("A", UInt(8), {index(4)}), b = tensor("B", UInt(8), {index(4)});
    Buffer<uint8_t> memory({6});
    const auto part = [&](int from, int step) {
        return AnyBuffer::view(UInt(8), memory.data() + from, {4}, {step});
    };
    AnyBuffer low = part(0, 1), high = part(2, 1), reversed = part(5, -1);
    const Module writes = module_of({{a}, {b, Direction::out}}, {}), reads = module_of({{a}, {b}}, {});
    CHECK(refusal(reads, {&low, &high}) == "no error");
    CHECK(refusal(writes, {&low, &high}) ==
          "user.cpp:7: the buffers of the arguments A and B overlap, and one of them is written");
    CHECK(refusal(writes, {&low, &reversed}) != "no error");
}

TEST_CASE("scalar parameters") {
    const Symbol n("n"), gain("gain"), i("i");
    const Tensor out = tensor("out", Int(16), {Binary::make(BinaryOp::add, var(n), index(1))});
    const Expr g = Variable::make(gain, Int(8));
    const Module m = module_of({{out, Direction::out}}, loop(i, index(0), var(n), store(out, {var(i)}, g)),
                               {{n, IndexType(), {}}, {gain, Int(8), line}});
    Buffer<int16_t> b({3});
    interpret(m, {&b}, {{"n", Value::literal(2)}, {"gain", Value::literal(-7)}});
    CHECK(elements(b) == std::vector<int16_t>{-7, -7, 0});
    CHECK(refusal(m, {&b}, {{"n", Value::literal(2)}}) ==
          "user.cpp:42: the parameter gain of f has no value, and no buffer's extent gives one");
    CHECK(refusal(m, {&b}, {{"n", Value::literal(5)}, {"gain", Value::literal(1)}}) ==
          "user.cpp:7: dimension 0 of the argument out has extent 6, and its buffer's extent is 3");
    CHECK(refusal(m, {&b}, {{"n", Value::literal(2)}, {"gain", Value::literal(200)}}) ==
          "user.cpp:42: the parameter gain is of Int(8), and its value 200 is not");
    CHECK(refusal(m, {&b}, {{"n", Value::real(mpq_class(2))}, {"gain", Value::literal(1)}}) ==
          "the parameter n is of Index, and its value 2 is not");
    CHECK(refusal(m, {&b}, {{"n", Value::literal(2)}, {"gain", Value::from_double(Float(32), 3)}}) ==
          "no error");
}

TEST_CASE("a float parameter takes NaN, infinity and literals") {
    const Symbol x("x");
    const Tensor out = tensor("out", Float(32), {});
    const Module m = module_of({{out, Direction::out}}, store(out, {}, Variable::make(x, Float(32))),
                               {{x, Float(32), {}}});
    Buffer<float> b(std::vector<int64_t>{});
    for (const double d : {0.5, -1.0 / 0.0, 0.0 / 0.0}) {
        interpret(m, {&b}, {{"x", Value::from_double(Float(64), d)}});
        CHECK(b.get({}) == Value::from_double(Float(32), d));
    }
    interpret(m, {&b}, {{"x", Value::real(mpq_class(1, 10))}});
    CHECK(b() == 0.1f);
    CHECK(refusal(m, {&b}, {{"x", Value::from_double(Float(64), 0.1)}}) != "no error");
}

TEST_CASE("an access out of bounds names tensor, subscripts and bounds") {
    const Symbol i("i");
    const Tensor a = tensor("A", UInt(8), {index(2), index(3)}), out = tensor("out", UInt(8), {index(4)});
    Buffer<uint8_t> A({2, 3}), b({4});
    const auto reads = [&](Expr y, Expr x) {
        return module_of({{a}, {out, Direction::out}},
                         store(out, {index(0)}, load(a, {y, x}, line), {"user.cpp", 9}));
    };
    CHECK(refusal(reads(index(1), index(3)), {&A, &b}) ==
          "user.cpp:42: A[1, 3] is out of bounds: subscript 1 is 3, and dimension 1 of A runs from 0 to 2");
    CHECK(refusal(reads(index(-1), index(0)), {&A, &b}) ==
          "user.cpp:42: A[-1, 0] is out of bounds: subscript 0 is -1, and dimension 0 of A runs from 0 to 1");
    const Module writes = module_of(
        {{out, Direction::out}}, loop(i, index(0), index(9), store(out, {var(i)}, number(UInt(8), 1), line)));
    CHECK(refusal(writes, {&b}) ==
          "user.cpp:42: out[4] is out of bounds: subscript 0 is 4, and dimension 0 of out runs from 0 to 3");
    CHECK(elements(b) == std::vector<uint8_t>{1, 1, 1, 1});
    Tensor empty = tensor("E", UInt(8), {index(0)});
    const Module none =
        module_of({{empty}, {out, Direction::out}}, store(out, {index(0)}, load(empty, {index(0)}, line)));
    Buffer<uint8_t> e({0});
    CHECK(refusal(none, {&e, &b}) ==
          "user.cpp:42: E[0] is out of bounds: subscript 0 is 0, and dimension 0 of E is empty");
}

TEST_CASE("tensors with a min") {
    const Symbol i("i"), low("low");
    Tensor a = tensor("A", Int(16), {index(3)});
    a.dims[0].min = var(low);
    Tensor t = tensor("T", Int(16), {index(3)});
    t.dims[0].min = index(-1);
    const Tensor out = tensor("out", Int(16), {index(3)});
    const Expr at = Binary::make(BinaryOp::add, var(i), var(low));
    const Stmt fill = loop(i, index(0), index(3), store(t, {isub(var(i), index(1))}, load(a, {at})));
    const Stmt drain =
        loop(i, index(0), index(3), store(out, {var(i)}, load(t, {isub(index(1), var(i))}, line)));
    const Module m = module_of({{a}, {out, Direction::out}}, Allocate::make(t, Block::make({fill, drain})),
                               {{low, IndexType(), {}}});
    Buffer<int16_t> A({3}), b({3});
    for (int x = 0; x < 3; ++x)
        A(x) = static_cast<int16_t>(10 + x);
    A.set_min({-5});
    interpret(m, {&A, &b});
    CHECK(elements(b) == std::vector<int16_t>{12, 11, 10});
}

TEST_CASE("uninitialised elements are not read") {
    const Symbol i("i");
    const Tensor out = tensor("out", UInt(8), {index(3)}), t = tensor("T", UInt(8), {index(3)});
    Buffer<uint8_t> b({3});
    const Stmt use = store(out, {index(0)}, load(t, {index(2)}, line));
    const Stmt fill = loop(i, index(0), index(2), store(t, {var(i)}, number(UInt(8), 1)));
    const Module local = module_of({{out, Direction::out}}, Allocate::make(t, Block::make({fill, use})));
    CHECK(refusal(local, {&b}) == "user.cpp:42: T[2] is read, and nothing was stored there");
    CHECK_NOTHROW(interpret(local, {&b}, {}, {.check_types = false}));

    const Stmt add =
        Reduce::make(BinaryOp::add, {out.symbol, out.type, {index(1)}, number(UInt(8), 1)}, line);
    CHECK(refusal(module_of({{out, Direction::out}}, add), {&b}) ==
          "user.cpp:42: out[1] is read, and nothing was stored there");
    b(1) = 255;
    interpret(module_of({{out, Direction::inout}}, add), {&b});
    CHECK(b(1) == 0);

    // Each run of the allocation starts afresh.
    const Stmt once = If::make(less(var(i), index(1)), store(t, {index(2)}, number(UInt(8), 9)));
    const Module again = module_of({{out, Direction::out}},
                                   loop(i, index(0), index(2), Allocate::make(t, Block::make({once, use}))));
    CHECK(refusal(again, {&b}) == "user.cpp:42: T[2] is read, and nothing was stored there");
}

TEST_CASE("a container that holds no value of its type") {
    const Tensor a = tensor("A", Int(15), {index(2)}), out = tensor("out", Int(16), {index(1)});
    const Module m =
        module_of({{a}, {out, Direction::out}}, store(out, {index(0)}, load(a, {index(1)}, line)));
    Buffer<int16_t> A(Int(15), {2}), b({1});
    A(1) = 16384;
    CHECK(refusal(m, {&A, &b}) == "user.cpp:42: A[1] holds 16384, which is no Int(15)");
    for (const int16_t edge : {16383, -16384}) {
        A(1) = edge;
        interpret(m, {&A, &b});
        CHECK(b(0) == edge);
    }
    const Tensor u = tensor("U", UInt(3), {index(2)});
    Buffer<uint8_t> U(UInt(3), {2});
    U(1) = 8;
    CHECK(refusal(module_of({{u}, {out, Direction::out}}, store(out, {index(0)}, load(u, {index(1)}, line))),
                  {&U, &b}) == "user.cpp:42: U[1] holds 8, which is no UInt(3)");
}

TEST_CASE("select and predicates load only where they hold, && is eager") {
    const Symbol i("i");
    const Tensor a = tensor("A", UInt(8), {index(3)}), out = tensor("out", UInt(8), {index(5)});
    Buffer<uint8_t> A({3}), b({5});
    for (int x = 0; x < 3; ++x)
        A(x) = static_cast<uint8_t>(x + 1);
    const Expr inside = less(var(i), index(3));
    const Expr element = load(a, {var(i)}, line);
    const Expr zero = number(UInt(8), 0);
    const auto run = [&](Expr value) {
        interpret(
            module_of({{a}, {out, Direction::out}}, loop(i, index(0), index(5), store(out, {var(i)}, value))),
            {&A, &b});
        return elements(b);
    };
    const std::vector<uint8_t> expected{1, 2, 3, 0, 0};
    CHECK(run(Select::make(inside, element, zero)) == expected);
    CHECK(run(load(a, {var(i)}, line, inside)) == expected);
    // A load that both arms of an outer select share is still as lazy as each use.
    const Expr both_arms = Select::make(inside, element, Select::make(inside, element, zero));
    CHECK(run(both_arms) == expected);
    const Expr eager = Binary::make(BinaryOp::logical_and, inside, less(zero, element));
    CHECK_THROWS_AS(run(Select::make(eager, element, zero)), Error);
    // A let evaluates its value whether or not the body uses it.
    CHECK_THROWS_AS(run(Let::make(Symbol("x"), element, zero)), Error);

    b.fill(Value::literal(3));
    const Module masked = module_of(
        {{out, Direction::out}},
        loop(i, index(0), index(9), store(out, {var(i)}, number(UInt(8), 7), line, less(var(i), index(2)))));
    interpret(masked, {&b});
    CHECK(elements(b) == std::vector<uint8_t>{7, 7, 3, 3, 3});
}

TEST_CASE("if, let, assert and stage") {
    const Symbol i("i"), x("x");
    const Tensor out = tensor("out", Int(8), {index(4)});
    const Expr value = Variable::make(x, Int(32));
    const Stmt set = LetStmt::make(x, Cast::make(Int(32), imul(var(i), index(100))),
                                   If::make(less(var(i), index(2)), store(out, {var(i)}, value),
                                            store(out, {var(i)}, Unary::make(UnaryOp::neg, value))));
    Buffer<int8_t> b({4});
    interpret(
        module_of({{out, Direction::out}}, Stage::make(out.symbol, 0, loop(i, index(0), index(4), set))),
        {&b});
    CHECK(elements(b) == std::vector<int8_t>{0, 100, static_cast<int8_t>(-200), static_cast<int8_t>(-300)});

    const Stmt check = Assert::make(less(var(i), index(2)), "i must be below 2", line);
    CHECK(refusal(module_of({}, loop(i, index(0), index(2), check)), {}) == "no error");
    CHECK(refusal(module_of({}, loop(i, index(0), index(3), check)), {}) == "user.cpp:42: i must be below 2");
    CHECK(
        refusal(module_of({}, loop(i, index(0), index(-3), Assert::make(less(index(1), index(0)), "never"))),
                {}) == "no error");
    const Expr top = index(std::numeric_limits<int64_t>::max());
    CHECK(refusal(module_of({}, loop(i, top, index(2), check)), {})
              .find("loop's bound does not fit in 64 bits") != std::string::npos);
    CHECK(refusal(module_of({}, If::make(less(index(1), index(0)),
                                         Assert::make(less(index(1), index(0)), "never"))),
                  {}) == "no error");
}

TEST_CASE("tuple stores are simultaneous") {
    const Symbol i("i");
    const Tensor a = tensor("A", Int(16), {index(3)}), b = tensor("B", Float(32), {index(3)});
    const Expr x = load(a, {var(i)}), y = load(b, {var(i)});
    const Stmt swap = Store::make({{a.symbol, a.type, {var(i)}, y}, {b.symbol, b.type, {var(i)}, x}});
    Buffer<int16_t> A({3});
    Buffer<float> B({3});
    for (int k = 0; k < 3; ++k) {
        A(k) = static_cast<int16_t>(k + 1);
        B(k) = static_cast<float>(10 * k + 0.5);
    }
    interpret(module_of({{a, Direction::inout}, {b, Direction::inout}}, loop(i, index(0), index(3), swap)),
              {&A, &B});
    CHECK(elements(A) == std::vector<int16_t>{0, 10, 20});
    CHECK(elements(B) == std::vector<float>{1, 2, 3});
}

TEST_CASE("reductions cast at every step") {
    const Symbol i("i");
    const Type narrow = Fixed(6, 2, Round::rnd, Overflow::sat);
    const Tensor t = tensor("T", narrow, {}), in = tensor("in", Fixed(8, 4), {index(6)});
    const Stmt add = Reduce::make(BinaryOp::add, {t.symbol, t.type, {}, load(in, {var(i)})});
    Buffer<int8_t> I(Fixed(8, 4), {6}), T(narrow, {});
    Value expected = Value::from_raw(narrow, 3);
    T.set({}, expected);
    for (int k = 0; k < 6; ++k) {
        I(k) = static_cast<int8_t>(k < 4 ? 61 : -120);
        expected = cast(narrow, apply(BinaryOp::add, expected, I.get({k})));
    }
    interpret(module_of({{t, Direction::inout}, {in}}, loop(i, index(0), index(6), add)), {&T, &I});
    CHECK(T.get({}) == expected);
}

TEST_CASE("a contracted reduction rounds once") {
    const Tensor x = tensor("x", Float(32), {}), t = tensor("t", Float(32), {});
    Buffer<float> X(std::vector<int64_t>{}), T(std::vector<int64_t>{});
    X() = 1 + 0x1p-12f;
    const Expr product = Binary::make(BinaryOp::mul, load(x, {}), load(x, {}));
    for (const bool contract : {false, true}) {
        T() = -1;
        interpret(module_of({{x}, {t, Direction::inout}},
                            Reduce::make(BinaryOp::add, {t.symbol, t.type, {}, product}, {}, {}, contract)),
                  {&X, &T});
        CHECK(T() == (contract ? 0x1p-11f + 0x1p-24f : 0x1p-11f));
    }
    // In a wider tensor the product is not rounded to its own type first.
    const Tensor d = tensor("d", Float(64), {});
    Buffer<double> D(std::vector<int64_t>{});
    D() = -1;
    interpret(module_of({{x}, {d, Direction::inout}},
                        Reduce::make(BinaryOp::add, {d.symbol, d.type, {}, product}, {}, {}, true)),
              {&X, &D});
    CHECK(D() == 0x1p-11 + 0x1p-24);
}

TEST_CASE("constants") {
    const Symbol i("i");
    Tensor k = tensor("K", Int(8), {index(3)});
    k.data = std::make_shared<const std::vector<Value>>(std::vector<Value>{
        Value::from_raw(Int(8), 4), Value::from_raw(Int(8), -5), Value::from_raw(Int(8), 6)});
    const Tensor out = tensor("out", Int(8), {index(3)});
    const Stmt body = loop(i, index(0), index(3), store(out, {var(i)}, load(k, {var(i)})));
    Buffer<int8_t> b({3});
    interpret(module_of({{out, Direction::out}}, body, {}, {k}), {&b});
    CHECK(elements(b) == std::vector<int8_t>{4, -5, 6});
    b.fill(Value::literal(0));
    interpret(module_of({{out, Direction::out}}, Allocate::make(k, body)), {&b});
    CHECK(elements(b) == std::vector<int8_t>{4, -5, 6});
    k.dims[0].extent = index(4);
    CHECK(refusal(module_of({{out, Direction::out}}, body, {}, {k}), {&b}) ==
          "user.cpp:7: the constant K has 3 elements, and its shape holds 4");
}

TEST_CASE("allocations of negative extents are empty") {
    const Symbol n("n"), i("i");
    const Expr size = isub(var(n), index(4));
    const Tensor t = tensor("T", Int(8), {size, size});
    const auto module = [&](const Stmt& body) {
        return module_of({}, Allocate::make(t, body), {{n, IndexType(), {}}});
    };
    const Stmt write = store(t, {index(0), index(0)}, Constant::make(Value::from_raw(Int(8), 1)));
    CHECK(refusal(module(loop(i, index(0), size, write)), {}, {{"n", Value::literal(1)}}) == "no error");
    CHECK(refusal(module(write), {}, {{"n", Value::literal(1)}}).find("out of bounds") != std::string::npos);
    CHECK(refusal(module(write), {}, {{"n", Value::literal(5)}}) == "no error");
}

TEST_CASE("names out of scope are refused") {
    const Tensor out = tensor("out", Int(8), {index(1)}), other = tensor("other", Int(8), {index(1)});
    Buffer<int8_t> b({1});
    CHECK(refusal(module_of({{out, Direction::out}},
                            store(out, {Variable::make(Symbol("q"), IndexType(), line)}, number(Int(8), 0))),
                  {&b}) == "user.cpp:42: the variable q has no value here");
    CHECK(refusal(module_of({{out, Direction::out}}, store(out, {index(0)}, load(other, {index(0)}, line))),
                  {&b}) == "user.cpp:42: the tensor other is accessed where it does not exist");
    CHECK(
        refusal(module_of({{out, Direction::out}}, store(out, {index(0), index(0)}, number(Int(8), 0), line)),
                {&b}) == "user.cpp:42: out has 1 dimensions and is accessed with 2 subscripts");
    CHECK_THROWS_AS(evaluate(load(out, {index(0)})), Error);
    CHECK_THROWS_AS(evaluate(Variable::make(Symbol("q"), Int(8))), Error);
}

TEST_CASE("every representation is stored, loaded and reduced") {
    for (const Type& t :
         {Bool(), Int(7), UInt(64), Int(100), Fixed(300, 20), Float(16), BFloat(16), Float(64)}) {
        const Symbol i("i");
        const Tensor in = tensor("in", t, {index(4)}), out = tensor("out", t, {index(4)}),
                     top = tensor("top", t, {});
        const Stmt copy = store(out, {isub(index(3), var(i))}, load(in, {var(i)}));
        const Stmt best = Reduce::make(BinaryOp::max, {top.symbol, t, {}, load(in, {var(i)})});
        AnyBuffer a(t, {4}), b(t, {4}), c(t, {});
        for (int k = 0; k < 4; ++k)
            a.set({k}, cast(t, Value::literal(k - 1)));
        c.set({}, a.get({1}));
        interpret(module_of({{in}, {out, Direction::out}, {top, Direction::inout}},
                            loop(i, index(0), index(4), Block::make({copy, best}))),
                  {&a, &b, &c});
        INFO(t.str());
        Value largest = a.get({1});
        for (int k = 0; k < 4; ++k) {
            CHECK(b.get({3 - k}) == a.get({k}));
            largest = cast(t, apply(BinaryOp::max, largest, a.get({k})));
        }
        CHECK(c.get({}) == largest);
    }
}
