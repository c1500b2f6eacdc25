#include "columns.h"
#include "deep.h"

using namespace lathe;
using namespace lathe::ir;
using namespace columns;

namespace {

constexpr BinaryOp arithmetic[] = {
    BinaryOp::add,    BinaryOp::sub,     BinaryOp::mul,      BinaryOp::div,      BinaryOp::mod,
    BinaryOp::min,    BinaryOp::max,     BinaryOp::floordiv, BinaryOp::floormod, BinaryOp::bit_and,
    BinaryOp::bit_or, BinaryOp::bit_xor, BinaryOp::shl,      BinaryOp::shr};
constexpr BinaryOp comparisons[] = {BinaryOp::eq, BinaryOp::ne, BinaryOp::lt,
                                    BinaryOp::le, BinaryOp::gt, BinaryOp::ge};

Result binary(BinaryOp op, Type t) {
    return {symbol(op), [=](const std::vector<Expr>& x) { return Binary::make_as(t, op, x[0], x[1]); },
            [=](const std::vector<Value>& x) { return Value::from_raw(t, apply(op, x[0], x[1]).raw()); }};
}

Result compare(BinaryOp op) {
    return {symbol(op), [=](const std::vector<Expr>& x) { return Binary::make(op, x[0], x[1]); },
            [=](const std::vector<Value>& x) { return apply(op, x[0], x[1]); }};
}

Result unary(UnaryOp op) {
    return {name(op), [=](const std::vector<Expr>& x) { return Unary::make(op, x[0]); },
            [=](const std::vector<Value>& x) { return apply(op, x[0]); }};
}

Expr literal(int i, Type t) {
    return Constant::make(Value::from_raw(t, i));
}

/// Operations by a constant, which LLVM treats apart.
Result by_constant(BinaryOp op, Type t, int c) {
    return {std::string(symbol(op)) + std::to_string(c),
            [=](const std::vector<Expr>& x) { return Binary::make_as(t, op, x[0], literal(c, t)); },
            [=](const std::vector<Value>& x) {
                return Value::from_raw(t, apply(op, x[0], Value::from_raw(t, c)).raw());
            }};
}

std::vector<Result> bit_functions(Type t) {
    std::vector<Result> r;
    for (const char* f : {"popcount", "reverse", "concat"})
        r.push_back({f,
                     [=](const std::vector<Expr>& x) {
                         const std::string name = f;
                         return Call::make(name,
                                           name == "concat" ? std::vector{x[0], x[1]} : std::vector{x[0]});
                     },
                     [=](const std::vector<Value>& x) {
                         const std::string name = f;
                         return name == "popcount"  ? popcount(x[0])
                                : name == "reverse" ? reverse_bits(x[0])
                                                    : concat(x[0], x[1]);
                     }});
    const int hi = t.width() * 2 / 3, lo = t.width() / 3;
    r.push_back({"slice", [=](const std::vector<Expr>& x) { return Slice::make(x[0], hi, lo); },
                 [=](const std::vector<Value>& x) { return slice(x[0], hi, lo); }});
    r.push_back({"with_slice",
                 [=](const std::vector<Expr>& x) {
                     const auto position = [](int i) { return Constant::make(Value::literal(i)); };
                     return Call::make("with_slice", {x[0], x[1], position(hi), position(lo)});
                 },
                 [=](const std::vector<Value>& x) { return with_slice(x[0], hi, lo, x[1]); }});
    return r;
}

void check_exact_type(Type t, int lanes, std::mt19937_64& random) {
    Table table;
    const size_t n = 96;
    const auto divisors = exact_values(t, n, random);
    table.inputs = {exact_values(t, n, random), divisors};
    for (const BinaryOp op : arithmetic)
        if (2 * t.width() <= Type::max_width || op != BinaryOp::mul) table.results.push_back(binary(op, t));
    for (const BinaryOp op : comparisons)
        table.results.push_back(compare(op));
    for (const UnaryOp op : {UnaryOp::neg, UnaryOp::bit_not, UnaryOp::abs})
        if (t.width() + 1 < Type::max_width) table.results.push_back(unary(op));
    for (const BinaryOp op :
         {BinaryOp::div, BinaryOp::mod, BinaryOp::floordiv, BinaryOp::floormod, BinaryOp::shl, BinaryOp::shr})
        for (const int c : {0, 1, -1, 3})
            table.results.push_back(by_constant(op, t, c));
    if (2 * t.width() <= Type::max_width)
        for (Result& r : bit_functions(t))
            table.results.push_back(std::move(r));
    check(table, lanes);

    // Shifts by amounts near the width, which random numbers seldom are.
    if (t.width() < 4) return;
    std::vector<Value> amounts;
    for (size_t i = 0; i < n; ++i)
        amounts.push_back(Value::from_raw(t, static_cast<int>(random() % 2048) % (t.width() + 3)));
    if (t.is_signed())
        for (size_t i = 0; i < n; i += 2)
            amounts[i] = Value::from_raw(t, -amounts[i].raw());
    check({{exact_values(t, n, random), amounts}, {binary(BinaryOp::shl, t), binary(BinaryOp::shr, t)}},
          lanes);
}

} // namespace

TEST_CASE("cpu: integers of up to 64 bits, scalar and vector") {
    std::mt19937_64 random(1);
    const int quick[] = {1, 7, 8, 32, 33, 64};
    std::vector<int> widths(std::begin(quick), std::end(quick));
    if (count(0, 1)) {
        widths.clear();
        for (int w = 1; w <= 64; ++w)
            widths.push_back(w);
    }
    for (const int w : widths)
        for (const int lanes : {1, 8}) {
            CAPTURE(w);
            check_exact_type(Int(w), lanes, random);
            check_exact_type(UInt(w), lanes, random);
        }
}

TEST_CASE("cpu: integers of more than 64 bits") {
    std::mt19937_64 random(2);
    for (const int w : {65, 128, 200}) {
        CAPTURE(w);
        check_exact_type(Int(w), 1, random);
        check_exact_type(UInt(w), 1, random);
    }
    check_exact_type(Int(100), 4, random);
    if (!count(0, 1)) return;
    for (const int w : {127, 129, 255, 256, 257, 512, 513, 1000, 1024, 2048, 4000}) {
        CAPTURE(w);
        check_exact_type(Int(w), 1, random);
        check_exact_type(UInt(w), w <= 256 ? 2 : 1, random);
    }
}

TEST_CASE("cpu: a thousand bits") {
    std::mt19937_64 random(3);
    const Type t = Int(1000);
    Table table{{exact_values(t, 64, random), exact_values(t, 64, random)}, {}};
    for (const BinaryOp op :
         {BinaryOp::add, BinaryOp::sub, BinaryOp::mul, BinaryOp::div, BinaryOp::floormod, BinaryOp::shr})
        table.results.push_back(binary(op, t));
    table.results.push_back(compare(BinaryOp::lt));
    check(table, 1);
}

TEST_CASE("cpu: Bools") {
    std::mt19937_64 random(4);
    for (const int lanes : {1, 16}) {
        Table table{{exact_values(Bool(), 64, random), exact_values(Bool(), 64, random)}, {}};
        for (const BinaryOp op : {BinaryOp::bit_and, BinaryOp::bit_or, BinaryOp::bit_xor,
                                  BinaryOp::logical_and, BinaryOp::logical_or})
            table.results.push_back({symbol(op),
                                     [=](const std::vector<Expr>& x) { return Binary::make(op, x[0], x[1]); },
                                     [=](const std::vector<Value>& x) { return apply(op, x[0], x[1]); }});
        table.results.push_back(unary(UnaryOp::bit_not));
        for (const BinaryOp op : comparisons)
            table.results.push_back(compare(op));
        check(table, lanes);
    }
}

namespace {

Result float_operation(BinaryOp op) {
    return {symbol(op), [=](const std::vector<Expr>& x) { return Binary::make(op, x[0], x[1]); },
            [=](const std::vector<Value>& x) { return apply(op, x[0], x[1]); }};
}

Table float_table(Type t, size_t n, std::mt19937_64& random) {
    Table table{{float_values(t, n, random), float_values(t, n, random), float_values(t, n, random)}, {}};
    for (const BinaryOp op :
         {BinaryOp::add, BinaryOp::sub, BinaryOp::mul, BinaryOp::div, BinaryOp::min, BinaryOp::max})
        table.results.push_back(float_operation(op));
    for (const BinaryOp op : comparisons)
        table.results.push_back(compare(op));
    for (const UnaryOp op : {UnaryOp::neg, UnaryOp::abs, UnaryOp::sqrt, UnaryOp::floor, UnaryOp::ceil,
                             UnaryOp::round_even, UnaryOp::trunc})
        table.results.push_back(unary(op));
    table.results.push_back({"fma", [](const std::vector<Expr>& x) { return Fma::make(x[0], x[1], x[2]); },
                             [](const std::vector<Value>& x) { return fma(x[0], x[1], x[2]); }});
    table.results.push_back({"multiply, then add",
                             [](const std::vector<Expr>& x) {
                                 return Binary::make(BinaryOp::add, Binary::make(BinaryOp::mul, x[0], x[1]),
                                                     x[2]);
                             },
                             [](const std::vector<Value>& x) {
                                 return apply(BinaryOp::add, apply(BinaryOp::mul, x[0], x[1]), x[2]);
                             }});
    return table;
}

} // namespace

TEST_CASE("cpu: floats round every operation, and fma once") {
    std::mt19937_64 random(5);
    for (const Type t : {Float(16), BFloat(16), Float(32), Float(64)})
        for (const int lanes : {1, 8}) {
            CAPTURE(t.str());
            const Table table = float_table(t, static_cast<size_t>(count(800, 20000)), random);
            check(table, lanes);
            check(table, lanes, Target("x86-64-linux"));
        }
}
