// What C callers may ask: bounds of buffers without memory, metadata, calls by an array of pointers.

#include "c_function.h"
#include "lathe/dsl/algorithm.h"
#include "lathe/dsl/math.h"
#include "lathe/dsl/operators.h"
#include "lathe/schedule/schedule.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace lathe;

namespace {

/// wide(i, j) = in(i, j) + in(i + 2, j + 1) + shift: in is larger than wide.
const CFunction& grown() {
    static const CFunction f = [] {
        Param N("N"), M("M"), shift("shift", Fixed(12, 3));
        Var i("i"), j("j");
        Input in("in", Int(16), {Operand(N + 2), Operand(M + 1)});
        Func wide("wide", Int(70), {N, M});
        wide(i, j) = cast(Int(70), in(i, j) + in(i + 2, j + 1) + shift);
        return CFunction(Schedule(wide).module(), "grown");
    }();
    return f;
}

/// A buffer that asks.
struct Asked {
    explicit Asked(int rank, std::vector<halide_dimension_t> given = {}) : dims(std::move(given)) {
        dims.resize(static_cast<size_t>(rank), {7, 0, 7, 0});
        buffer.dimensions = rank;
        buffer.dim = dims.data();
    }
    Asked(const Asked&) = delete;
    Asked& operator=(const Asked&) = delete;
    std::vector<halide_dimension_t> dims;
    halide_buffer_t buffer{};
};

int call(halide_buffer_t* in, halide_buffer_t* wide) {
    int16_t shift = 8;
    void* arguments[] = {in, wide, &shift};
    return grown().argv(arguments);
}

bool same(const halide_dimension_t& d, int min, int extent, int stride) {
    return d.min == min && d.extent == extent && d.stride == stride;
}

} // namespace

TEST_CASE("cpu: a bounds query from an output's size") {
    Asked in(2), wide(3, {{0, 2, 1, 0}, {0, 5, 2, 0}, {0, 3, 10, 0}});
    CHECK(call(&in.buffer, &wide.buffer) == 0);
    CHECK(same(in.dims[0], 0, 6, 1));
    CHECK(same(in.dims[1], 0, 5, 6));
    CHECK(in.buffer.type == halide_type_of<int16_t>());
    CHECK(in.buffer.host == nullptr);
    CHECK(same(wide.dims[0], 0, 2, 1)); // limbs
    CHECK(same(wide.dims[1], 0, 5, 2));
    CHECK(same(wide.dims[2], 0, 3, 10));
    CHECK(wide.buffer.type == halide_type_of<uint64_t>());
}

TEST_CASE("cpu: a bounds query beside a buffer with memory, which stays as it is") {
    CBuffer<uint64_t> wide({3, 5, 2});
    Asked in(2);
    const auto before = wide.all();
    CHECK(call(&in.buffer, wide) == 0);
    CHECK(same(in.dims[0], 0, 6, 1));
    CHECK(same(in.dims[1], 0, 5, 6));
    CHECK(wide.all() == before);

    // The sizes are known from the one with memory alone, whatever the other says.
    Asked more(2, {{0, 900, 1, 0}, {0, 900, 1, 0}});
    CHECK(call(&more.buffer, wide) == 0);
    CHECK(same(more.dims[1], 0, 5, 6));
    CHECK(CFunction::runtime().errors.empty());
}

TEST_CASE("cpu: bounds queries that cannot be answered") {
    const auto refused = [](const std::string& message, int code, halide_buffer_t* a, halide_buffer_t* b) {
        CHECK(call(a, b) == code);
        REQUIRE(CFunction::runtime().errors.size() == 1);
        CHECK(CFunction::runtime().errors[0] == message);
        CFunction::runtime().errors.clear();
    };
    Asked in(2), wide(3), flat(1), none(2);
    none.buffer.dim = nullptr;
    refused("grown: buffer in has 1 dimensions, but its bounds need an array of 2",
            halide_error_code_bad_dimensions, &flat.buffer, &wide.buffer);
    refused("grown: buffer in has 2 dimensions, but its bounds need an array of 2",
            halide_error_code_bad_dimensions, &none.buffer, &wide.buffer);
    Asked huge(3, {{0, 2, 1, 0}, {0, 1 << 30, 2, 0}, {0, 4, 1, 0}});
    refused(
        "grown: buffer wide: dimension 0 would have extent 4 and stride 2147483648, which halide_buffer_t "
        "does not hold",
        halide_error_code_constraint_violated, &in.buffer, &huge.buffer);
}

TEST_CASE("cpu: a call by an array of pointers") {
    CBuffer<int16_t> in({3, 4});
    CBuffer<uint64_t> wide({1, 3, 2});
    in({0, 1}) = -30;
    in({2, 2}) = 7;
    CHECK(call(in, wide) == 0);
    CHECK(static_cast<int64_t>(wide({0, 1, 0})) == -22); // shift is 8 / 8 = 1
    CHECK(wide({0, 1, 1}) == ~uint64_t{0});
}

TEST_CASE("cpu: metadata as Halide has it, and the full types") {
    const halide_filter_metadata_t& m = grown().metadata();
    CHECK(m.version == 1);
    CHECK(m.name == std::string("grown"));
    CHECK(m.target == Target::host().name());
    REQUIRE(m.num_arguments == 3);
    CHECK(m.arguments[0].name == std::string("in"));
    CHECK(m.arguments[0].kind == halide_argument_kind_input_buffer);
    CHECK(m.arguments[0].dimensions == 2);
    CHECK(m.arguments[0].type == halide_type_of<int16_t>());
    CHECK(m.arguments[1].kind == halide_argument_kind_output_buffer);
    CHECK(m.arguments[1].dimensions == 3);
    CHECK(m.arguments[1].type == halide_type_of<uint64_t>());
    CHECK(m.arguments[2].name == std::string("shift"));
    CHECK(m.arguments[2].kind == halide_argument_kind_input_scalar);
    CHECK(m.arguments[2].type == halide_type_of<int16_t>());
    const auto signature = nlohmann::json::parse(grown().signature());
    CHECK(signature["function"] == "grown");
    CHECK(signature["arguments"][0]["extents"] == nlohmann::json{"N + 2", "M + 1"});
    CHECK_FALSE(signature["arguments"][0].contains("mins"));
    CHECK(signature["arguments"][1]["type"] == "Int(70)");
    CHECK(signature["arguments"][1]["limbs"] == 2);
    CHECK(signature["arguments"][2]["type"] == "Fixed(12, 3)");
    CHECK(signature["arguments"][2]["fraction_bits"] == 3);
}

TEST_CASE("cpu: the place of a tile goes from a buffer to what is asked, and into a call") {
    Param x0("x0"), n("n");
    Var x("x");
    Input in("in", Int(16), {Range(x0 - 1, n + 2)});
    Func tile("tile", Int(32), {Range(x0, n)});
    tile(x) = in(x - 1) + in(x + 1) + 1000 * x;
    const CFunction f(Schedule(tile).module(), "tile");
    const auto signature = nlohmann::json::parse(f.signature());
    CHECK(signature["arguments"][0]["mins"] == nlohmann::json{"x0 - 1"});
    CHECK(signature["arguments"][1]["mins"] == nlohmann::json{"x0"});
    Asked asked(1), where(1, {{40, 6, 1, 0}});
    void* query[] = {&asked.buffer, &where.buffer};
    CHECK(f.argv(query) == 0);
    CHECK(same(asked.dims[0], 39, 8, 1));
    CHECK(same(where.dims[0], 40, 6, 1));
    CBuffer<int16_t> input({8}, {1}, {39});
    CBuffer<int32_t> output({6}, {1}, {40}), elsewhere({6}, {1}, {41});
    for (int i = 39; i < 47; ++i)
        input({i}) = static_cast<int16_t>(i * i);
    CHECK(f(input, output) == 0);
    for (int i = 40; i < 46; ++i)
        CHECK(output({i}) == (i - 1) * (i - 1) + (i + 1) * (i + 1) + 1000 * i);
    CHECK(f(input, elsewhere) == halide_error_code_constraint_violated);
}
