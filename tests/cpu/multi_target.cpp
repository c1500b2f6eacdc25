// Libraries for several machines: which variant runs is decided when it is called.

#include "c_function.h"
#include "lathe/dsl/algorithm.h"
#include "lathe/dsl/math.h"
#include "lathe/dsl/operators.h"
#include "lathe/schedule/schedule.h"

#include <algorithm>
#include <doctest/doctest.h>
#include <filesystem>

using namespace lathe;

namespace {

const Target avx512("x86-64-linux-avx512-vnni"), avx2("x86-64-linux-avx2"), any("x86-64-linux");

/// out = in + add: tells which variant ran.
Module adds(int add, Type t = Int(32)) {
    Param N("N");
    Var i("i");
    Input in("in", t, {N});
    Func out("out", t, {N});
    out(i) = cast(t, in(i) + add);
    return Schedule(out).module();
}

int result(const CFunction& f) {
    CBuffer<int32_t> in({3}), out({3});
    const int code = f(in, out);
    return code ? code : out({2});
}

void set(halide_target_feature_t f) {
    auto& features = CFunction::runtime().features;
    features.resize(std::max(features.size(), static_cast<size_t>(f / 64 + 1)));
    features[f / 64] |= uint64_t{1} << f % 64;
}

} // namespace

TEST_CASE("cpu: a call goes to the first variant that the machine can run") {
    if (!Target::host().has_fma()) return; // then the AVX2 variant cannot run here
    const CFunction f({{avx512, adds(1)}, {avx2, adds(2)}, {any, adds(3)}}, "chosen");
    CHECK(result(f) == 3);
    for (auto feature : {halide_target_feature_sse41, halide_target_feature_avx, halide_target_feature_avx2,
                         halide_target_feature_fma})
        set(feature);
    CHECK(result(f) == 3); // no f16c yet
    set(halide_target_feature_f16c);
    CHECK(result(f) == 2);
    CHECK(f.metadata().name == std::string("chosen"));
    CHECK(f.metadata().num_arguments == 2);
    CHECK(
        f.header().find("compiled by Lathe for x86-64-linux-avx512-vnni, x86-64-linux-avx2, x86-64-linux.") !=
        std::string::npos);
    CBuffer<int32_t> in({2}), out({2});
    void* arguments[] = {static_cast<halide_buffer_t*>(in), static_cast<halide_buffer_t*>(out)};
    CHECK(f.argv(arguments) == 0);
    CHECK(out({1}) == 2);
    CHECK(CFunction::runtime().errors.empty());
}

TEST_CASE("cpu: a machine that can run no variant") {
    const CFunction f({{avx512, adds(1)}, {avx2, adds(2)}}, "modern");
    CHECK(result(f) == halide_error_code_unimplemented);
    REQUIRE(CFunction::runtime().errors.size() == 1);
    CHECK(CFunction::runtime().errors[0] == "modern: this machine can run none of the library's targets");
}

TEST_CASE("cpu: variants that make no library") {
    const std::string prefix = (std::filesystem::temp_directory_path() / "lathe_no_library").string();
    const auto refused = [&](const std::vector<TargetVariant>& variants, const char* message) {
        CHECK_THROWS_WITH_AS(compile_to_static_library(variants, prefix), message, Error);
        CHECK(!std::filesystem::exists(prefix + ".a"));
    };
    refused({}, "a library for no target: name at least one");
    refused({{any, adds(1)}, {any, adds(2)}}, "the target x86-64-linux is named twice");
    refused({{avx2, adds(1)}, {any, adds(2, Int(16))}},
            "the variant for x86-64-linux has other arguments than that for x86-64-linux-avx2");
}
