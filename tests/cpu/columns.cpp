#include "columns.h"

#include <algorithm>
#include <cmath>

namespace columns {

using namespace lathe::ir;

namespace {

Module module_of(const Table& table, int lanes) {
    const auto size = static_cast<int64_t>(table.inputs[0].size());
    Function f;
    f.name = "columns";
    const auto argument = [&](const std::string& name, Type t, Direction direction) {
        const Symbol s(name);
        f.arguments.push_back(
            {{s, t, {{index(0), index(size)}}, {}, TypeOrigin::declared, nullptr, {}}, direction});
        return s;
    };
    std::vector<Symbol> inputs;
    for (const auto& column : table.inputs)
        inputs.push_back(argument("in", column[0].type(), Direction::in));
    std::vector<Stmt> loops;
    for (const Result& r : table.results) {
        const Symbol i("i"), lane("lane");
        const Expr at =
            iadd(imul(Variable::make(i, IndexType()), index(lanes)), Variable::make(lane, IndexType()));
        std::vector<Expr> operands;
        for (size_t k = 0; k < inputs.size(); ++k)
            operands.push_back(Load::make(inputs[k], table.inputs[k][0].type(), {at}));
        const Expr e = r.compute(operands);
        const Type t = e.type();
        const Symbol output = argument(r.name, t, Direction::out);
        const Stmt vector =
            For::make(lane, index(0), index(lanes), LoopKind::vectorized(), Store::make(output, t, {at}, e));
        loops.push_back(For::make(i, index(0), index(size / lanes), {}, vector));
    }
    f.body = Block::make(loops);
    return {{f}};
}

} // namespace

namespace {

void check_part(const Table& table, int lanes, const Target& target) {
    const Module m = module_of(table, lanes);
    const size_t size = table.inputs[0].size();
    std::vector<AnyBuffer> buffers;
    for (const Argument& a : m.top().arguments)
        buffers.emplace_back(a.tensor.type, std::vector{static_cast<int64_t>(size)});
    for (size_t k = 0; k < table.inputs.size(); ++k)
        for (size_t i = 0; i < size; ++i)
            buffers[k].set({static_cast<int64_t>(i)}, table.inputs[k][i]);
    std::vector<AnyBuffer*> arguments;
    for (AnyBuffer& b : buffers)
        arguments.push_back(&b);
    jit(m, target).call(arguments);

    for (size_t r = 0; r < table.results.size(); ++r)
        for (size_t i = 0; i < size; ++i) {
            std::vector<Value> operands;
            for (const auto& column : table.inputs)
                operands.push_back(column[i]);
            const Value got = buffers[table.inputs.size() + r].get({static_cast<int64_t>(i)});
            const Value expected = cast(got.type(), table.results[r].expected(operands));
            if (got == expected) continue;
            std::string text;
            for (const Value& v : operands)
                text += v.type().str() + " " + v.str() + ", ";
            FAIL_CHECK(table.results[r].name << " of " << text << lanes << " lanes: " << got.str()
                                             << " instead of " << expected.str());
            break;
        }
}

} // namespace

void check(const Table& table, int lanes, const Target& target) {
    constexpr size_t part = 8; // LLVM's time grows faster than a function's size
    for (size_t i = 0; i < table.results.size(); i += part) {
        const auto first = table.results.begin() + static_cast<ptrdiff_t>(i);
        const auto count = static_cast<ptrdiff_t>(std::min(part, table.results.size() - i));
        check_part({table.inputs, {first, first + count}}, lanes, target);
    }
}

std::vector<Value> exact_values(Type t, size_t count, std::mt19937_64& random) {
    const int width = t.width();
    std::vector<Value> v;
    for (const int m : {0, 1, -1, 2, -2, 3, 7, -7})
        v.push_back(Value::from_raw(t, m));
    if (t.is_exact() && !t.is_bool()) {
        v.push_back(min_value(t));
        v.push_back(max_value(t));
        v.push_back(Value::from_raw(t, min_value(t).raw() + 1));
        v.push_back(Value::from_raw(t, max_value(t).raw() - 1));
    }
    std::ranges::shuffle(v, random);
    while (v.size() < count) {
        mpz_class m = 0;
        for (int bits = 0; bits < width; bits += 32)
            m = (m << 32) + static_cast<unsigned long>(random() & 0xffffffff);
        const auto kind = random() % 3;
        const auto length = random() % static_cast<uint64_t>(width);
        if (kind == 0) m >>= length;
        if (kind == 1) m = (mpz_class(1) << length) + static_cast<int>(random() % 3) - 1;
        v.push_back(Value::from_raw(t, random() % 2 ? m : mpz_class(-m)));
    }
    v.resize(count);
    return v;
}

std::vector<Value> float_values(Type t, size_t count, std::mt19937_64& random) {
    const double infinity = std::numeric_limits<double>::infinity();
    std::vector<double> d{0.0,          -0.0,     1,         -1,           0.5,   -0.5,   1.5,   2.5,
                          -2.5,         infinity, -infinity, std::nan(""), 65504, 65519,  65520, 3.4e38,
                          3.5e38,       1e300,    6e-8,      2.9e-8,       1e-40, 5e-324, 255.5, 256.5,
                          2147483647.5, 0x1p63,   -0x1p63,   0x1p64,       1e19};
    std::ranges::shuffle(d, random);
    while (d.size() < count) {
        const auto exponent = static_cast<int>(random() % 5 == 0 ? random() % 300 : random() % 40) - 20;
        const double significand = static_cast<double>(random() >> (random() % 50)) * 0x1p-64;
        d.push_back(
            std::ldexp(random() % 2 ? significand : -significand, random() % 8 ? exponent : -exponent));
    }
    std::vector<Value> v;
    for (size_t i = 0; i < count; ++i)
        v.push_back(Value::from_double(t, d[i]));
    return v;
}

std::vector<Value> values(Type t, size_t count, std::mt19937_64& random) {
    return t.is_float() ? float_values(t, count, random) : exact_values(t, count, random);
}

} // namespace columns
