// Rooflines: of designs that are given, and of the three kernels' designs on a board.

#include "contains.h"

#include "lathe/driver/roofline.h"
#include "lathe/ir/files.h"
#include "lathe/lathe.h"
#include "lathe/schedule/stencil_model.h"

#include <cstdlib>
#include <doctest/doctest.h>

using namespace lathe;

namespace {

/// Seidel's two means, Gaussian's 3 × 3 and Jacobi's five, products with constants, edges repeated.
Func kernel(const std::string& name, Type t, int64_t H, int64_t W) {
    Var y("y"), x("x");
    Input in("in", t, {H, W});
    Func out(name, t, {H, W});
    const Bounded a = repeat_edge(in);
    const auto times = [&](double f) {
        return t.is_float() ? Expr(static_cast<float>(f)) : cast(Fixed(8, 1), f);
    };
    if (name == "seidel") {
        Func rows("rows", t, {H, W});
        const Bounded r = repeat_edge(rows);
        rows(y, x) = (a(y, x - 1) + a(y, x) + a(y, x + 1)) * times(1.0 / 3);
        out(y, x) = (r(y - 1, x) + r(y, x) + r(y + 1, x)) * times(1.0 / 3);
    } else if (name == "jacobi") {
        out(y, x) = (a(y, x) + a(y, x - 1) + a(y, x + 1) + a(y - 1, x) + a(y + 1, x)) * times(0.2);
    } else {
        Expr sum;
        for (int64_t j = -1; j <= 1; ++j)
            for (int64_t i = -1; i <= 1; ++i) {
                const Expr term =
                    a(y + j, x + i) * times(0.25 / ((j == 0 ? 1.0 : 2.0) * (i == 0 ? 1.0 : 2.0)));
                sum = sum.defined() ? sum + term : term;
            }
        out(y, x) = sum;
    }
    return out;
}

} // namespace

TEST_CASE("roofline: marks below roofs, in logarithms") {
    const Plot p =
        roofline("three", {{0.5, 8, "bandwidth"}, {1, 10, "lanes"}, {4, 60, "lanes"}, {0, 1, "none"}},
                 {{"roof", 16, 100}, {"nothing known", 0, 0}});
    CHECK(p.logarithmic);
    REQUIRE(p.series.size() == 3);
    CHECK(p.series[0].name == "limited by bandwidth");
    CHECK(p.series[1].points.size() == 2);
    const auto& roof = p.series[2].points;
    REQUIRE(roof.size() == 3);
    CHECK(roof[0].second == doctest::Approx(16 * 0.5 / 1.5));
    CHECK(roof[1].first == doctest::Approx(6.25)); // where 16 GB/s feed 100 GOP/s
    CHECK(roof[2].second == 100);
    const std::string text = svg(p);
    CHECK(occurrences(text, "<polyline") == 1);
    CHECK(occurrences(text, "<circle") == 3 + 3); // and in the legend
    CHECK(roofline("none", {}, {{"roof", 1, 1}}).series.empty());
    CHECK(svg(roofline("none", {}, {})).find("<svg") == 0);
}

/// LATHE_ROOFLINE=docs/stencil_roofline.svg writes the picture.
TEST_CASE("roofline: designs of three kernels on a board") {
    const Arch board("vu9p");
    std::vector<RooflineDesign> designs;
    std::vector<Roof> roofs;
    for (const Type t : {Float(32), Fixed(16, 8)}) {
        Roof r{"roof, " + t.str(), 0, 0};
        for (const char* name : {"jacobi", "seidel", "gaussian"}) {
            const Func out = kernel(name, t, 2160, 3840);
            const Schedule s(out);
            const StencilModel model(s, out);
            const int64_t word = 512 / t.width();
            for (const int64_t k : {word, 2 * word})
                for (const int64_t steps : {1, 2, 4, 8, 16, 32}) {
                    const StencilEstimate e = model({.unroll = k, .iterate = steps, .word = 512}, board);
                    if (!e.fits) break;
                    const double bytes = static_cast<double>(e.bytes_read + e.bytes_written);
                    const double operations = e.gops * 1e9 * e.seconds;
                    designs.push_back({operations / bytes, e.gops, e.binding});
                    r.gigabytes = std::max(r.gigabytes, e.bandwidth_roof / 1e9);
                    if (e.dsp > 0)
                        r.gops = std::max(r.gops, e.gops / e.dsp * static_cast<double>(board.limits().dsp));
                    CHECK(e.gops <= operations / bytes * e.bandwidth_roof / 1e9 * 1.001); // below the roof
                }
        }
        CHECK(r.gigabytes == doctest::Approx(64));
        roofs.push_back(r);
    }
    const std::string text =
        svg(roofline("Jacobi, Seidel, Gaussian, 2160 × 3840, on vu9p (estimated)", designs, roofs));
    CHECK(occurrences(text, "<polyline") == 2);
    if (const char* file = std::getenv("LATHE_ROOFLINE")) ir::write_file(file, text);
}
