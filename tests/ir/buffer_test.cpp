#include "interpret_random.h"

#include <cstring>
#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;
using lathe::testing::Random;

namespace {

template <class F> std::string message(F f) {
    try {
        f();
    } catch (const InternalError& e) {
        return std::string("internal: ") + e.what();
    } catch (const Error& e) {
        return e.message();
    }
    return "no error";
}

} // namespace

TEST_CASE("containers") {
    const std::vector<std::pair<Type, std::pair<int, size_t>>> expected{
        {Bool(), {8, 1}},        {UInt(1), {8, 1}},           {Int(8), {8, 1}},     {UInt(9), {16, 2}},
        {Fixed(17, 3), {32, 4}}, {Int(33), {64, 8}},          {UInt(64), {64, 8}},  {Int(65), {64, 16}},
        {UInt(128), {64, 16}},   {Fixed(129, 200), {64, 24}}, {Float(16), {16, 2}}, {BFloat(16), {16, 2}},
        {Float(32), {32, 4}},    {Float(64), {64, 8}}};
    for (const auto& [type, sizes] : expected) {
        INFO(type.str());
        CHECK(container_bits(type) == sizes.first);
        CHECK(element_bytes(type) == sizes.second);
    }
    CHECK(message([] { element_bytes(IndexType()); }) ==
          "Index has no form in memory: choose an integer, fixed-point or float type");
    CHECK(message([] { AnyBuffer(RealType(), {2}); }).starts_with("Real has no form in memory"));
    CHECK(
        message([] { AnyBuffer(Int(8).with_lanes(4), {2}); }).starts_with("Int(8)x4 has no form in memory"));
}

TEST_CASE("elements of every type come back, and neighbours stay") {
    Random random(11);
    for (int i = 0; i < 3000; ++i) {
        const Type t = random.any();
        AnyBuffer b(t, {3});
        const Value before = random.value(t), x = random.value(t), after = random.value(t);
        b.set({0}, before);
        b.set({2}, after);
        b.set({1}, x);
        INFO(t.str(), " ", x.str());
        CHECK(b.get({0}) == before);
        CHECK(b.get({1}) == x);
        CHECK(b.get({2}) == after);
    }
}

TEST_CASE("elements are sign- or zero-extended, limbs little-endian") {
    AnyBuffer narrow(Int(15), {1});
    narrow.set({0}, Value::from_raw(Int(15), -2));
    int16_t word;
    std::memcpy(&word, narrow.data(), 2);
    CHECK(word == -2);

    AnyBuffer wide(Int(70), {1});
    wide.set({0}, Value::from_raw(Int(70), -2));
    uint64_t limbs[2];
    std::memcpy(limbs, wide.data(), 16);
    CHECK(limbs[0] == ~uint64_t{0} - 1);
    CHECK(limbs[1] == ~uint64_t{0});

    wide = AnyBuffer(UInt(70), {1});
    wide.set({0}, max_value(UInt(70)));
    std::memcpy(limbs, wide.data(), 16);
    CHECK(limbs[0] == ~uint64_t{0});
    CHECK(limbs[1] == 63);

    // What lies above the type's bits does not change the value.
    limbs[1] = ~uint64_t{0};
    std::memcpy(wide.data(), limbs, 16);
    CHECK(wide.get({0}) == max_value(UInt(70)));
}

TEST_CASE("shapes, strides and mins") {
    AnyBuffer b(UInt(8), {2, 3, 4});
    CHECK(b.rank() == 3);
    CHECK(b.size() == 24);
    CHECK(std::vector<int64_t>{b.stride(0), b.stride(1), b.stride(2)} == std::vector<int64_t>{12, 4, 1});
    CHECK(reinterpret_cast<uintptr_t>(b.data()) % 64 == 0);
    CHECK(b.get({1, 2, 3}).is_zero());
    b.set_min({-1, 5, 0});
    b.set({0, 7, 3}, Value::from_raw(UInt(8), 9));
    CHECK(b.data()[23] == std::byte{9});
    CHECK(b.get({0, 7, 3}) == Value::from_raw(UInt(8), 9));

    AnyBuffer scalar(Float(32), {});
    CHECK(scalar.size() == 1);
    scalar.set({}, Value::from_double(Float(32), 2.5));
    CHECK(scalar.get({}) == Value::from_double(Float(32), 2.5));

    const int64_t huge = int64_t{1} << 40;
    CHECK(AnyBuffer(UInt(8), {huge, huge, 0}).size() == 0);

    uint8_t memory[6] = {1, 2, 3, 4, 5, 6};
    const AnyBuffer transposed =
        AnyBuffer::view(UInt(8), reinterpret_cast<std::byte*>(memory), {3, 2}, {1, 3});
    CHECK(transposed.get({2, 1}).as_int64() == 6);
    CHECK(transposed.get({1, 1}).as_int64() == 5);
    const AnyBuffer dense = transposed.copy();
    CHECK(bit_equal(dense, transposed));
    CHECK(dense.stride(0) == 2);
    dense.data()[0] = std::byte{7};
    CHECK(memory[0] == 1);
    CHECK_FALSE(bit_equal(dense, transposed));
}

TEST_CASE("copies share memory, copy() does not") {
    Buffer<int> a({2, 2});
    const Buffer<int> b = a;
    a(1, 1) = 5;
    CHECK(b(1, 1) == 5);
    const AnyBuffer c = a.copy();
    a(1, 1) = 6;
    CHECK(c.get({1, 1}).as_int64() == 5);
    a.fill(Value::literal(-3));
    CHECK(std::vector<int>(a.begin(), a.end()) == std::vector<int>(4, -3));
}

TEST_CASE("bit_equal") {
    Buffer<float> a({2}), b({2});
    a(0) = std::numeric_limits<float>::quiet_NaN();
    b(0) = -std::numeric_limits<float>::quiet_NaN();
    CHECK(bit_equal(a, b));
    b(1) = -0.0f;
    CHECK_FALSE(bit_equal(a, b));
    CHECK_FALSE(bit_equal(a, Buffer<float>({3})));
    CHECK_FALSE(bit_equal(AnyBuffer(Int(8), {2}), AnyBuffer(UInt(8), {2})));
    AnyBuffer moved = a;
    moved.set_min({4});
    CHECK(bit_equal(a, moved));
}

TEST_CASE("typed buffers") {
    CHECK(type_of<bool>() == Bool());
    CHECK(type_of<uint8_t>() == UInt(8));
    CHECK(type_of<int64_t>() == Int(64));
    CHECK(type_of<float>() == Float(32));
    CHECK(type_of<double>() == Float(64));

    Buffer<int16_t> fixed(Fixed(16, 12), {2});
    fixed(1) = -4096;
    CHECK(fixed.get({1}).as_rational() == -1);
    Buffer<uint16_t> half(Float(16), {1});
    half(0) = 0x3c00;
    CHECK(half.get({0}).as_double() == 1);

    CHECK(message([] { Buffer<int16_t>(UInt(15), {1}); }) ==
          "UInt(15) does not lie in memory as a 16-bit signed integer: it takes a 16-bit unsigned integer");
    CHECK(message([] { Buffer<int>(Float(32), {1}); }) ==
          "Float(32) does not lie in memory as a 32-bit signed integer: it takes a 32-bit float");
    CHECK(message([] { Buffer<float>(Int(32), {1}); }) ==
          "Int(32) does not lie in memory as a 32-bit float: it takes a 32-bit signed integer");
    CHECK(message([] { Buffer<uint64_t>(UInt(65), {1}); }) ==
          "UInt(65) has no C++ type that holds it: use AnyBuffer and get / set");
    CHECK_NOTHROW(Buffer<int8_t>(Int(5), {1}));
    CHECK_NOTHROW(Buffer<uint8_t>(Bool(), {1}));
}

TEST_CASE("misuse is refused") {
    const int64_t huge = int64_t{1} << 40;
    CHECK(message([] { AnyBuffer(UInt(8), {4, -1}); }) ==
          "the extent of dimension 1 of a buffer is -1: it cannot be negative");
    CHECK(message([&] { AnyBuffer(UInt(8), {huge, huge}); }).find("is larger than 2^62 bytes") !=
          std::string::npos);
    CHECK(message([] { AnyBuffer(UInt(4096), {int64_t{1} << 54}); }).find("larger than 2^62") !=
          std::string::npos);
    CHECK(message([] { AnyBuffer::view(UInt(8), nullptr, {2}, {1, 1}); }) ==
          "a view has 1 extents and 2 strides: give one stride per dimension");
    CHECK(message([] { AnyBuffer::view(UInt(8), nullptr, {-2}, {1}); }) ==
          "the extent of dimension 0 of a view is -2: it cannot be negative");

    Buffer<int> b({2, 3});
    CHECK(message([&] { b(1, 3); }) ==
          "[1, 3] is outside the buffer: subscript 1 is 3, and the dimension runs from 0 to 2");
    CHECK(message([&] { b(-1, 3); }) ==
          "[-1, 3] is outside the buffer: subscript 0 is -1, and the dimension runs from 0 to 1");
    CHECK(message([&] { b(1); }) == "a buffer of 2 dimensions is read or written with 1 subscripts");
    CHECK(message([&] { b.get({2, 0}); }).starts_with("[2, 0] is outside the buffer"));
    CHECK(message([&] {
              b.set({std::numeric_limits<int64_t>::max(), 0}, Value::literal(1));
          }).find("is outside the buffer") != std::string::npos);
    CHECK(message([&] { b.set_min({1}); }) == "a buffer of 2 dimensions takes as many mins, not 1");
    CHECK(message([&] {
              b.set_min({0, std::numeric_limits<int64_t>::max()});
          }).find("would not fit in 64 bits") != std::string::npos);
}

TEST_CASE("an allocation that fails") {
    CHECK(message([] {
              AnyBuffer(UInt(8), {int64_t{1} << 61});
          }).starts_with("there is no memory for a buffer of"));
}
