#include "op_suite.h"

#include "deep.h"

#include <algorithm>
#include <ctime>
#include <fmt/format.h>
#include <set>

using namespace lathe;
using namespace lathe::ir;

namespace {

constexpr int widest = 6;

void append(std::vector<TypedOp>& ops, const std::vector<TypedOp>& more) {
    ops.insert(ops.end(), more.begin(), more.end());
}

/// `wanted` of the items, always the same ones for the same seed.
template <class T> std::vector<T> sample(std::vector<T> items, size_t wanted, Random& random) {
    std::shuffle(items.begin(), items.end(), random);
    items.resize(std::min(wanted, items.size()));
    return items;
}

std::vector<Type> integer_types() {
    std::vector<Type> types;
    for (int w = 1; w <= widest; ++w) {
        types.push_back(Int(w));
        types.push_back(UInt(w));
    }
    return types;
}

std::vector<Type> fixed_types() {
    std::vector<Type> types;
    for (int w = 1; w <= widest; ++w)
        for (const int f : std::set{-2, 0, w / 2, w, w + 2}) {
            types.push_back(Fixed(w, f));
            types.push_back(UFixed(w, f));
        }
    return types;
}

std::vector<std::pair<Type, Type>> pairs(const std::vector<Type>& types) {
    std::vector<std::pair<Type, Type>> result;
    for (const Type& a : types)
        for (const Type& b : types)
            result.emplace_back(a, b);
    return result;
}

void append_unary(std::vector<TypedOp>& ops, Type t) {
    ops.push_back(TypedOp::unary(UnaryOp::neg, t));
    ops.push_back(TypedOp::unary(UnaryOp::bit_not, t));
}

} // namespace

unsigned long suite_seed() {
    return deep() ? static_cast<unsigned long>(std::time(nullptr) / 86400) : 1;
}

std::vector<TypedOp> integer_suite() {
    Random random(1);
    const std::vector<Type> types = integer_types();
    std::vector<TypedOp> ops;
    for (const auto& [a, b] : sample(pairs(types), deep() ? SIZE_MAX : 14, random))
        append(ops, amd_operations(a, b));
    for (const Type& t : types)
        append_unary(ops, t);
    return ops;
}

std::vector<TypedOp> fixed_suite() {
    Random random(2);
    const std::vector<Type> types = fixed_types();
    std::vector<TypedOp> ops;
    for (const auto& [a, b] : sample(pairs(types), deep() ? SIZE_MAX : 22, random))
        append(ops, amd_operations(a, b));
    for (const Type& t : sample(types, deep() ? SIZE_MAX : 8, random)) {
        append_unary(ops, t);
        for (const Type& amount : {Int(5), UInt(4)})
            for (const BinaryOp op : {BinaryOp::shl, BinaryOp::shr})
                ops.push_back(TypedOp::binary(op, t, amount));
    }
    return ops;
}

std::vector<TypedOp> conversion_suite() {
    Random random(3);
    std::vector<TypedOp> ops;
    for (const bool is_signed : {true, false})
        for (const Round r : all_roundings)
            for (const Overflow o : all_overflows) {
                if (!is_signed && o == Overflow::wrap_sm) continue;
                std::vector<TypedOp> of_modes;
                for (const Type& t : fixed_types()) {
                    if (t.is_signed() != is_signed) continue;
                    of_modes.push_back(TypedOp::cast(t.with_modes(r, o), Fixed(12, 6)));
                    of_modes.push_back(TypedOp::cast(t.with_modes(r, o), UFixed(12, 6)));
                }
                append(ops, sample(of_modes, deep() ? SIZE_MAX : 5, random));
            }
    return ops;
}

std::vector<TypedOp> random_suite() {
    Random random(suite_seed());
    const int tuples = count(32, 440);
    std::set<std::string> seen;
    std::vector<TypedOp> ops;
    while (static_cast<int>(seen.size()) < tuples) {
        const bool wide = seen.size() % 8 == 0;
        const Type a = random_type(wide ? 129 : 1, wide ? 300 : 72, true, random);
        // A shift amount of a few bits is as good a partner as any.
        const Type b = random() % 4 ? random_type(1, wide ? 200 : 72, true, random)
                                    : Int(1 + static_cast<int>(random() % 9));
        if (!seen.insert(a.str() + b.str()).second) continue;
        append(ops, sample(amd_operations(a, b), deep() ? SIZE_MAX : 4, random));
    }
    return ops;
}

std::vector<TypedOp> random_conversion_suite() {
    Random random(suite_seed() + 1);
    std::vector<TypedOp> ops;
    for (int i = 0; i < count(40, 400); ++i) {
        const int most = i % 8 == 0 ? 300 : 72;
        ops.push_back(TypedOp::cast(random_type(1, most, true, random), random_type(1, most, true, random)));
    }
    for (int i = 0; i < count(30, 200); ++i) {
        const Type f = Float(random() % 2 ? 32 : 64);
        ops.push_back(i % 3 ? TypedOp::cast(random_type(1, 100, true, random), f)
                            : TypedOp::cast(f, random_type(1, 64, true, random)));
    }
    return ops;
}

Rows rows_of(const TypedOp& op, Random& random) {
    const int bits = op.a.width() + (op.is_binary() ? op.b.width() : 0);
    return bits <= 12 ? all_rows(op) : random_rows(op, 500, random);
}

std::string Comparison::str() const {
    return fmt::format("{} operations, {} values, {} skipped, {} differences", operations, values, skipped,
                       differences);
}

Comparison compare(const std::vector<TypedOp>& ops, const Evaluator& one, const Evaluator& other,
                   const std::function<std::string_view(const TypedOp&, const Row&)>& skip) {
    Random random(suite_seed() + 2);
    Comparison c;
    for (const TypedOp& op : ops) {
        const Rows rows = rows_of(op, random);
        const std::vector<Value> x = one(op, rows), y = other(op, rows);
        ++c.operations;
        for (size_t i = 0; i < rows.size(); ++i) {
            ++c.values;
            if (x[i] == y[i]) continue;
            if (skip && !skip(op, rows[i]).empty()) {
                ++c.skipped;
                continue;
            }
            if (c.differences++ == 0)
                c.first = fmt::format("{} on {} and {}: {} as {}, {} as {}", op.str(), rows[i][0].str(),
                                      rows[i][1].str(), x[i].str(), x[i].type().str(), y[i].str(),
                                      y[i].type().str());
        }
    }
    return c;
}
