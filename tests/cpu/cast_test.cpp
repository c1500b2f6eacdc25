#include "columns.h"
#include "deep.h"

using namespace lathe;
using namespace lathe::ir;
using namespace columns;

namespace {

Result cast_to(Type t) {
    return {t.str(), [=](const std::vector<Expr>& x) { return Cast::make(t, x[0]); },
            [=](const std::vector<Value>& x) { return cast(t, x[0]); }};
}

std::vector<Type> types() {
    std::vector<Type> r{Bool(), Float(16), BFloat(16), Float(32), Float(64)};
    const std::vector<int> quick{1, 8, 25, 33, 64, 130},
        full{1, 5, 8, 9, 16, 25, 32, 33, 54, 64, 65, 130, 300};
    for (const int w : count(0, 1) ? full : quick) {
        r.push_back(Int(w));
        r.push_back(UInt(w));
    }
    return r;
}

} // namespace

TEST_CASE("cpu: casts between all kinds of types") {
    std::mt19937_64 random(7);
    for (const Type from : types())
        for (const int lanes : {1, 8}) {
            CAPTURE(from.str());
            Table table{{values(from, static_cast<size_t>(count(160, 4000)), random)}, {}};
            for (const Type to : types())
                if (to != from && (lanes == 1 || (to.width() <= 65 && from.width() <= 65)))
                    table.results.push_back(cast_to(to));
            check(table, lanes);
        }
}

TEST_CASE("cpu: 16-bit floats without the conversion instructions, every one of them") {
    std::vector<Value> all;
    for (int i = 0; i < 1 << 16; ++i)
        all.push_back(Value::from_bits(Float(16), i));
    check({{all}, {cast_to(Float(32)), cast_to(Float(64)), cast_to(BFloat(16)), cast_to(Int(20))}}, 8,
          Target("x86-64-linux"));
    std::mt19937_64 random(8);
    Table table{{float_values(Float(64), 4000, random)},
                {cast_to(Float(16)), cast_to(BFloat(16)), cast_to(Int(40))}};
    check(table, 4, Target("x86-64-linux"));
}

TEST_CASE("cpu: conversions to floats round once where two roundings would differ") {
    // Half a place above a 16-bit float, and a little more that a Float(32) or Float(64) would drop.
    std::vector<Value> doubles, integers, wide;
    for (int i = 0; i < 64; ++i) {
        const double d = 1.0 + i * 0x1p-10 + 0x1p-11 + (i % 3 - 1) * 0x1p-40;
        doubles.push_back(Value::from_double(Float(64), d));
        const mpz_class m = (mpz_class(256 + i) << 54) + (mpz_class(1) << 53) + (i % 3 - 1);
        integers.push_back(Value::from_raw(UInt(64), m));
        wide.push_back(Value::from_raw(Int(100), (i % 2 ? m : mpz_class(-m)) * 1024 + (i % 5 - 2)));
    }
    check({{doubles}, {cast_to(Float(16)), cast_to(BFloat(16)), cast_to(Float(32))}}, 1);
    check({{integers}, {cast_to(Float(16)), cast_to(BFloat(16)), cast_to(Float(32)), cast_to(Float(64))}}, 1);
    check({{wide}, {cast_to(Float(16)), cast_to(BFloat(16)), cast_to(Float(32)), cast_to(Float(64))}}, 1);
}

TEST_CASE("cpu: bitcasts") {
    std::mt19937_64 random(9);
    const auto bits_as = [](Type t) {
        return Result{t.str(), [=](const std::vector<Expr>& x) { return Bitcast::make(t, x[0]); },
                      [=](const std::vector<Value>& x) { return bitcast(t, x[0]); }};
    };
    for (const int lanes : {1, 8}) {
        check({{exact_values(UInt(32), 64, random)}, {bits_as(Float(32)), bits_as(Int(32))}}, lanes);
        check({{exact_values(Int(64), 64, random)}, {bits_as(Float(64)), bits_as(UInt(64))}}, lanes);
        check({{exact_values(Int(16), 64, random)},
               {bits_as(Float(16)), bits_as(BFloat(16)), bits_as(UInt(16))}},
              lanes);
        check({{exact_values(Int(9), 64, random)}, {bits_as(UInt(9))}}, lanes);
        check({{exact_values(UInt(1), 64, random)}, {bits_as(Bool()), bits_as(Int(1))}}, lanes);
        check({{exact_values(Int(1), 64, random)}, {bits_as(Bool()), bits_as(UInt(1))}}, lanes);
        check({{exact_values(Int(70), 64, random)}, {bits_as(UInt(70))}}, lanes);
        const auto finite = [](Type t) {
            std::vector<Value> v;
            for (int i = 0; i < 64; ++i)
                v.push_back(Value::from_double(t, (i - 32) * 0.37));
            return v;
        };
        check({{finite(Float(32))}, {bits_as(UInt(32)), bits_as(Int(32))}}, lanes);
        check({{finite(Float(16))}, {bits_as(UInt(16)), bits_as(BFloat(16))}}, lanes);
    }
}
