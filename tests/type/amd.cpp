#include "amd_defects.h"
#include "ap_reference.h"
#include "op_suite.h"

#include <cmath>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <set>

using namespace lathe;
using namespace lathe::ir;

namespace {

struct Suites {
    std::vector<TypedOp> integers = integer_suite(), fixed = fixed_suite(), conversions = conversion_suite(),
                         random = random_suite(), random_conversions = random_conversion_suite();

    std::vector<TypedOp> all() const {
        std::vector<TypedOp> ops;
        for (const auto* suite : {&integers, &fixed, &conversions, &random, &random_conversions})
            ops.insert(ops.end(), suite->begin(), suite->end());
        return ops;
    }
};

const Suites& suites() {
    static const Suites made;
    return made;
}

/// One reference for all suites, so that g++ reads AMD's headers as seldom as possible.
const ApReference& amd() {
    static const ApReference made(suites().all());
    return made;
}

void check(const char* what, const std::vector<TypedOp>& ops) {
    const auto evaluate = [](const TypedOp& op, const Rows& rows) { return amd().evaluate(op, rows); };
    const Comparison c = compare(ops, interpret, evaluate, amd_defect);
    std::set<std::string> tuples;
    for (const TypedOp& op : ops)
        tuples.insert(op.a.str() + (op.is_binary() ? op.b.str() : op.result.str()));
    MESSAGE(fmt::format("{}: {} type tuples, {}", what, tuples.size(), c.str()));
    CHECK_MESSAGE(c.differences == 0, c.first);
}

} // namespace

TEST_SUITE_BEGIN("the interpreter's values and result types are AMD's");

TEST_CASE("integers") {
    check("integers", suites().integers);
}
TEST_CASE("fixed point") {
    check("fixed point", suites().fixed);
}
TEST_CASE("conversions with every rounding and overflow") {
    check("conversions", suites().conversions);
}
TEST_CASE("random types up to 300 bits") {
    check("random types", suites().random);
}
TEST_CASE("random conversions, floats among them") {
    check("random conversions", suites().random_conversions);
}

TEST_SUITE_END();

// Each entry of amd_defects.h on one example: that AMD's headers have it, that Lathe does not.
TEST_CASE("AMD's defects are as listed") {
    const auto raw = [](Type t, const char* m) { return Value::from_raw(t, mpz_class(m)); };
    struct Example {
        const char* defect;
        TypedOp op;
        Row row;
        Value ours, amds;
    };
    const Type f = Fixed(4, 2), q = Fixed(7, 2), u = UInt(128), v = UInt(96);
    const std::vector<Example> examples = {
        {"quotient overflow",
         TypedOp::binary(BinaryOp::div, f, f),
         {raw(f, "-8"), raw(f, "-1")},
         raw(q, "32"),
         raw(q, "-32")},
        {"mixed-sign division",
         TypedOp::binary(BinaryOp::div, UInt(4), Int(3)),
         {raw(UInt(4), "7"), raw(Int(3), "-2")},
         raw(Int(5), "-3"),
         raw(Int(5), "0")},
        {"mixed-sign division",
         TypedOp::binary(BinaryOp::mod, Int(3), UInt(4)),
         {raw(Int(3), "-3"), raw(UInt(4), "2")},
         raw(Int(3), "-1"),
         raw(Int(3), "1")},
        {"mixed-sign compare",
         TypedOp::binary(BinaryOp::lt, Int(32), UInt(32)),
         {raw(Int(32), "-1"), raw(UInt(32), "5")},
         Value::boolean(true),
         Value::boolean(false)},
        {"wide division",
         TypedOp::binary(BinaryOp::mod, u, v),
         {raw(u, "0x800000000000000000000003"), raw(v, "0x200000000000000000000001")},
         raw(v, "0x200000000000000000000000"),
         raw(v, "0x200000000000000000000002")},
        {"no integer bits",
         TypedOp::cast(Int(8), Fixed(8, 8)),
         {raw(Fixed(8, 8), "-1"), {}},
         raw(Int(8), "0"),
         raw(Int(8), "-1")},
        {"small negative",
         TypedOp::cast(Int(8), Float(64)),
         {Value::from_double(Float(64), -0.25), {}},
         raw(Int(8), "0"),
         raw(Int(8), "1")},
        {"NaN",
         TypedOp::cast(Fixed(8, 4, Round::trn, Overflow::sat), Float(64)),
         {Value::from_double(Float(64), NAN), {}},
         raw(Fixed(8, 4, Round::trn, Overflow::sat), "0"),
         raw(Fixed(8, 4, Round::trn, Overflow::sat), "127")},
        {"wide to float",
         TypedOp::cast(Float(64), UInt(65)),
         {raw(UInt(65), "18446744073709551616"), {}},
         Value::from_double(Float(64), 18446744073709551616.0),
         Value::from_double(Float(64), 0)},
    };
    std::vector<TypedOp> ops;
    for (const Example& e : examples)
        ops.push_back(e.op);
    const ApReference reference(ops);
    for (const Example& e : examples) {
        CAPTURE(e.op.str());
        CHECK(amd_defect(e.op, e.row) == e.defect);
        const Value ours = interpret(e.op, {e.row}).at(0), amds = reference.evaluate(e.op, {e.row}).at(0);
        CHECK_MESSAGE(ours == e.ours, ours.str());
        CHECK_MESSAGE(amds == e.amds, amds.str());
    }
}
