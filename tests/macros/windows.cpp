// Large windows at edges: what is made of them grows with the window's elements, not with the pairs of edges.

#include "deep.h"
#include "stencils.h"

#include "lathe/hls/emit.h"

using namespace lathe;

namespace {

/// Sums over windows of n × n, with edges.
template <class Source> Schedule sums(const Source& edge, const Input& in, int n) {
    Var y("y"), x("x");
    RDom r(0, n, 0, n, "r");
    Func out("out", Int(24), {in.extent(0), in.extent(1)});
    out(y, x) = sum(r, edge(in)(y + r.x - n / 2, x + r.y - n / 2));
    Schedule s(out);
    s.stencil(out, {.unroll = 2});
    return s;
}

/// Expressions of the processing elements; shared ones count once.
size_t size_of(const Module& m) {
    size_t all = 0;
    for (const Function& f : m.functions)
        if (f.name.starts_with("pe_")) for_each(f.body, nullptr, [&](const Expr&) { ++all; });
    return all;
}

} // namespace

TEST_CASE("large windows at edges: expressions and text grow with the elements") {
    Input in("in", Int(8), {33, 37});
    const auto repeat = [](const Input& t) { return repeat_edge(t); };
    const auto turn = [](const Input& t) { return mirror(t); };
    for (const int n : {5, 9, 15, 21}) {
        if (n > 15 && !deep()) continue;
        const size_t elements = static_cast<size_t>(n) * static_cast<size_t>(n);
        const auto check = [&](const std::string& edge, const Schedule& s, size_t most) {
            const size_t size = size_of(s.module()), text = vitis_source(s.module()).size();
            MESSAGE(edge << " " << n << " x " << n << ": " << size << " expressions, " << text
                         << " bytes of C++");
            CHECK(size < most * elements);
            CHECK(text < 70 * most * elements);
            return s;
        };
        const Schedule a = check("repeat", sums(repeat, in, n), 28);
        // In a mirror each place at an edge has elements of its own: a choice of as many for each element.
        const Schedule b = check("mirror", sums(turn, in, n), 26 + static_cast<size_t>(n) / 2);
        if (n > (deep() ? 9 : 5)) continue;
        check_network(a, false);
        check_network(b, false);
    }
}

TEST_CASE("windows under conditions, one in the other") {
    Var y("y"), x("x");
    Input in("in", Int(8), {20, 24});
    for (const int n : {5, 9}) {
        RDom r(0, n, 0, n, "r");
        r.where(y + r.x - n / 2 >= 0);
        r.where(y + r.x - n / 2 < 20);
        r.where(x + r.y - n / 2 >= 0);
        r.where(x + r.y - n / 2 < 24);
        Func out("out", Int(24), {20, 24});
        out(y, x) = sum(r, in(y + r.x - n / 2, x + r.y - n / 2));
        Schedule s(out);
        s.stencil(out, {.unroll = 2});
        CHECK(size_of(s.module()) < 40 * static_cast<size_t>(n * n));
        CHECK(vitis_source(s.module()).size() < 1400 * static_cast<size_t>(n * n));
        check_network(s, false);
    }
}

TEST_CASE("tall windows, with all that a process reads side by side") {
    Var y("y"), x("x");
    for (const int64_t rows : {70, 340}) {
        CAPTURE(rows);
        Input in("in", Int(8), {rows + 1, 15});
        Func out("out", Int(24), {2, 7});
        Expr sum = in(y, x + 1);
        for (int64_t n = 1; n < rows; ++n)
            sum = sum + in(y + n, x + 1);
        out(y, x) = sum;
        Schedule s(out);
        s.stencil(out, {.unroll = 4});
        check_network(s);
        check_machine_code(s, {s.module(), without_origins(s.module())});
    }
}
