// The applications' stencils as networks: what their generators make is what their loops compute, in the
// interpreter, on a CPU and in simulated C++; and Denoise's filters are those of plain C++.

#ifdef LATHE_TEST_APPS

#include "deep.h"
#include "stencils.h"

#include "denoise/generator.h"
#include "denoise/plain.h"
#include "gaussian/generator.h"
#include "jacobi/generator.h"
#include "lathe/codegen/jit.h"
#include "lathe/ir/network.h"
#include "refusal.h"
#include "seidel/generator.h"
#include "support/network_check.h"
#include "vitis_compiled.h"

#include <cmath>

using namespace lathe;

namespace {

using Values = std::map<std::string, ParameterValue>;

/// With the generator's defaults for what is not given.
Schedule made_by(const Generator& g, const Values& given) {
    Values all = given;
    for (const GeneratorParameter& p : g.parameters)
        all.try_emplace(p.name, p.value);
    return g.make(GeneratorArguments(all, Target::host()));
}

Values network_values(int64_t unroll, Type element) {
    return {{"height", int64_t{16}},
            {"width", int64_t{21}},
            {"macro", std::string("stencil")},
            {"unroll", unroll},
            {"element", element}};
}

std::vector<Generator> benchmarks() {
    return {seidel_generator(),          seidel_recip_generator(), gaussian3_valid_generator(),
            gaussian3_recip_generator(), jacobi_valid_generator(), jacobi_recip_generator()};
}

Generator filter(const std::string& name) {
    const std::vector<Generator> all = denoise_generators();
    return *std::ranges::find(all, name, &Generator::name);
}

/// Each filter in its integers or its fixed point, with another border each time; under LATHE_DEEP in all
/// types with all borders.
void for_each_filter(const std::function<void(const FilterType&, const std::string& border)>& f) {
    const std::vector<std::string>& borders = border_names();
    for (size_t n = 0; n < filter_types().size(); ++n) {
        const FilterType& type = filter_types()[n];
        if (deep())
            for (const std::string& border : borders)
                f(type, border);
        else if (!type.pixel.is_float())
            f(type, borders[n / 2]);
    }
}

Schedule filter_network(const FilterType& f, const std::string& border, int64_t unroll) {
    Values values = network_values(unroll, f.pixel);
    values["border"] = border;
    return made_by(filter(f.filter), values);
}

/// What both kinds of machine code compute, and the checking interpreter's verdict.
void check_with_code(const Schedule& s) {
    check_network(s, deep());
    check_machine_code(s, {s.module(), inline_calls(without_origins(s.module()))});
}

void check_vitis(const std::vector<Schedule>& all) {
    VitisKernels kernels;
    for (const Schedule& s : all)
        kernels.add(s);
    kernels.compile();
    for (uint64_t seed = 0; seed <= 10; ++seed) {
        kernels.stall(seed);
        for (size_t n = 0; n < all.size(); ++n)
            kernels.expect_right(n, all[n].reference(), {{}});
    }
    kernels.stall(0);
}

AnyBuffer random_image(Type pixel, int64_t height, int64_t width, std::mt19937& random) {
    AnyBuffer image(pixel, {height, width});
    for (int64_t y = 0; y < height; ++y)
        for (int64_t x = 0; x < width; ++x)
            image.set({y, x}, Value::from_raw(UInt(8), mpz_class(static_cast<unsigned>(random() & 255))));
    return image;
}

/// What the benchmarks are, in plain C++, of the point whose window begins here.
float benchmark(const std::string& name, const std::function<float(int64_t, int64_t)>& in) {
    const auto mean_of_row = [&](int64_t y, const auto& third) {
        return third(in(y, 0) + in(y, 1) + in(y, 2));
    };
    const auto seidel = [&](const auto& third) {
        return third(mean_of_row(0, third) + mean_of_row(1, third) + mean_of_row(2, third));
    };
    if (name == "seidel") return seidel([](float sum) { return sum / 3; });
    if (name == "seidel_recip") return seidel([](float sum) { return sum * (1.0f / 3); });
    if (name.starts_with("jacobi")) {
        const float sum = in(1, 1) + in(1, 0) + in(1, 2) + in(0, 1) + in(2, 1);
        return name == "jacobi_valid" ? sum / 5 : sum * 0.2f;
    }
    const double side = std::exp(-0.5), all = 1 + 2 * side, k[] = {side / all, 1 / all, side / all};
    float sum = 0;
    for (size_t y = 0; y < 3; ++y)
        for (size_t x = 0; x < 3; ++x) {
            const float element = in(static_cast<int64_t>(y), static_cast<int64_t>(x));
            sum += name == "gaussian3_valid" ? element * static_cast<float>(k[x]) * static_cast<float>(k[y])
                                             : element * static_cast<float>(k[x] * k[y]);
        }
    return sum;
}

} // namespace

TEST_CASE("apps: Seidel, Gaussian and Jacobi as their generators make them") {
    for (const Generator& g : benchmarks())
        for (const Type t : {Float(32), UFixed(16, 8)})
            for (const int64_t k : {1, 8}) {
                if (!deep() && (k == 1) == t.is_float()) continue;
                CAPTURE(g.name);
                check_with_code(made_by(g, network_values(k, t)));
            }
}

TEST_CASE("apps: Seidel, Gaussian and Jacobi as Vitis C++") {
    std::vector<Schedule> all;
    for (const Generator& g : benchmarks())
        for (const Type t : {Float(32), UFixed(16, 8)})
            if (deep() || t.is_float() != g.name.ends_with("recip"))
                all.push_back(made_by(g, network_values(t.is_float() ? 4 : 2, t)));
    check_vitis(all);
}

TEST_CASE("apps: as loops they compute what the networks do") {
    for (const Generator& g : benchmarks()) {
        CAPTURE(g.name);
        Values values = network_values(4, UFixed(16, 8));
        const Schedule network = made_by(g, values);
        values["macro"] = std::string("none");
        const Schedule loops = made_by(g, values);
        std::vector<AnyBuffer> right = run(network.module(), {}, 3),
                               got = make_arguments(network.module(), {}, 3);
        jit(loops).call({&got[0], &got[1]});
        CHECK(bit_equal(right[1], got[1]));
    }
}

TEST_CASE("apps: HeteroCL's benchmarks are plain C++'s, and of 480 × 640 if nobody says otherwise") {
    for (const Generator& g : benchmarks()) {
        CAPTURE(g.name);
        const Schedule whole = made_by(g, {{"macro", std::string("stencil")}});
        CHECK(whole.trace_json().find("\"stencil\"") != std::string::npos);
        CHECK(print(whole).find("in_lanes: Float(32) words of 8") != std::string::npos);
        CHECK(support::network_size(whole.module()).bits > 2 * 640 * 32); // two rows wait
        const std::vector<ir::Argument>& arguments = whole.module().top().arguments;
        CHECK(buffer_for(arguments[0].tensor, {}).shape() == std::vector<int64_t>{480, 640});
        CHECK(buffer_for(arguments[1].tensor, {}).shape() == std::vector<int64_t>{478, 638});
        const std::vector<AnyBuffer> got = run(made_by(g, network_values(4, Float(32))), {}, 3);
        for (int64_t y = 0; y < got[1].extent(0); ++y)
            for (int64_t x = 0; x < got[1].extent(1); ++x)
                CHECK(got[1].get({y, x}).as_double() == benchmark(g.name, [&](int64_t dy, int64_t dx) {
                          return static_cast<float>(got[0].get({y + dy, x + dx}).as_double());
                      }));
    }
}

TEST_CASE("apps: Denoise's filters as their generators make them") {
    for_each_filter([](const FilterType& f, const std::string& border) {
        CAPTURE(f.filter);
        CAPTURE(border);
        check_with_code(filter_network(f, border, 2));
        if (deep()) check_with_code(filter_network(f, border, 5));
    });
}

TEST_CASE("apps: Denoise's filters as Vitis C++") {
    std::vector<Schedule> all;
    for_each_filter(
        [&](const FilterType& f, const std::string& border) { all.push_back(filter_network(f, border, 2)); });
    check_vitis(all);
}

TEST_CASE("apps: Denoise's filters are plain C++'s") {
    std::mt19937 random(9);
    for (const FilterType& f : filter_types())
        for (size_t n = 0; n < border_names().size(); ++n) {
            CAPTURE(f.filter);
            CAPTURE(border_names()[n]);
            const Borders borders = static_cast<Borders>(n);
            const int64_t height = 17, width = 22;
            std::vector<AnyBuffer> inputs{random_image(f.pixel, height, width, random)};
            if (f.filter == "denoise") inputs.push_back(random_image(f.pixel, height, width, random));
            const AnyBuffer right = plain_filter(f.filter, f.pixel, borders, inputs);
            const Schedule s =
                cpu_schedule(filter_named(f.filter, f.pixel, borders, height, width), Target::host());
            if (deep() || n == 0) CHECK(bit_equal(realize(s, inputs).front(), right));
            AnyBuffer out(right.type(), right.shape());
            inputs.push_back(out);
            std::vector<AnyBuffer*> pointers;
            for (AnyBuffer& b : inputs)
                pointers.push_back(&b);
            interpret(s.reference(), pointers);
            CHECK(bit_equal(out, right));
        }
}

TEST_CASE("apps: several steps of denoising, with both inputs delayed") {
    Values values = network_values(4, UFixed(16, 8));
    values["steps"] = int64_t{3};
    values["border"] = std::string("valid");
    check_with_code(made_by(filter("denoise"), values));
}

TEST_CASE("apps: what the generators refuse") {
    const auto with = [&](const std::string& name, const Values& changed) {
        Values values = network_values(4, UInt(8));
        for (const auto& [key, value] : changed)
            values[key] = value;
        return [=] { made_by(filter(name), values); };
    };
    CHECK_THROWS_WITH_AS(with("canny", {{"element", Int(9)}})(),
                         "canny is for Float(32) or UInt(8), not Int(9)", Error);
    CHECK_THROWS_WITH_AS(with("denoise", {{"steps", int64_t{0}}})(), "steps is between 1 and 32, not 0",
                         Error);
    CHECK_THROWS_WITH_AS(with("harris", {{"height", int64_t{4}}})(), "height is between 16 and 16384, not 4",
                         Error);
    CHECK_THROWS_WITH_AS(with("unsharp", {{"border", std::string("wrap")}})(),
                         "border is valid, constant, clamp, mirror, mirror_interior, not wrap", Error);
    CHECK_THROWS_WITH_AS(filter_named("median", UInt(8), Borders::clamp, 20, 20), "there is no filter median",
                         Error);
}

#endif
