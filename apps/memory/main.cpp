/// \file Programs with banks, words, shapes and reuse buffers beside the same ones without, as machine code:
/// the same bits, and how much time.

#include "support/arguments.h"
#include "support/measure.h"
#include "support/report.h"

#include "lathe/lathe.h"

#include <cstdio>
#include <cstring>
#include <functional>
#include <stdexcept>

using namespace lathe;

namespace {

/// A schedule as code, with arguments of its own.
class Program {
  public:
    explicit Program(const Schedule& s) : code(jit(s.module())) {
        for (const ir::Argument& a : s.module().top().arguments) {
            std::vector<int64_t> shape;
            for (const ir::Dim& d : a.tensor.dims)
                shape.push_back(ir::as_int(d.extent).value());
            buffers.emplace_back(a.tensor.type, shape);
            fill(buffers.back());
        }
        for (AnyBuffer& b : buffers)
            pointers.push_back(&b);
    }
    Program(const Program&) = delete;
    void run() { code.call(pointers); }
    bool same_results(const Program& other) const {
        for (size_t n = 0; n < buffers.size(); ++n)
            if (!bit_equal(buffers[n], other.buffers[n])) return false;
        return true;
    }

  private:
    JitFunction code;
    std::vector<AnyBuffer> buffers;
    std::vector<AnyBuffer*> pointers;

    static void fill(AnyBuffer& b) {
        std::vector<int64_t> at(static_cast<size_t>(b.rank()), 0);
        for (int64_t n = 0; n < b.size(); ++n) {
            const auto x = static_cast<int>(n * n >> 3 & 63);
            b.set(at,
                  b.type().is_float() ? Value::from_double(b.type(), x / 8.0) : Value::from_raw(b.type(), x));
            for (size_t d = at.size(); d-- > 0;) {
                if (++at[d] < b.extent(static_cast<int>(d))) break;
                at[d] = 0;
            }
        }
    }
};

using Change = std::function<void(Schedule&)>;

class Comparison {
  public:
    Comparison(support::Report& r, std::string n, const Schedule& s)
        : report(r), name(std::move(n)), plain(s), without(s) {}

    void with(const std::string& what, const Change& change) {
        Schedule s = plain;
        change(s);
        Program other(s);
        const auto [before, after] =
            support::best_in_turns([&] { without.run(); }, [&] { other.run(); }, 15, 1.5);
        if (!other.same_results(without)) throw std::runtime_error(name + " " + what + ": other results");
        report.figure(name + ", " + what, after / before, "x");
    }
    void time() {
        report.figure(name, support::best_seconds([&] { without.run(); }) * 1e3, "ms");
    }

  private:
    support::Report& report;
    std::string name;
    const Schedule plain;
    Program without;
};

constexpr int height = 1080, width = 1920;

/// A 3×3 Gaussian in two passes, in strips.
void gaussian(support::Report& report) {
    Var y("y"), x("x");
    Input in("in", UInt(8), {height + 2, width + 2});
    Func rows("rows", UInt(16), {height + 2, width}), out("out", UInt(8), {height, width});
    rows(y, x) = in(y, x) + in(y, x + 1) * 2 + in(y, x + 2);
    out(y, x) = (rows(y, x) + rows(y + 1, x) * 2 + rows(y + 2, x) + 8) / 16;
    Schedule s(out);
    auto [yo, yi] = s[out].split(y, 30, Tail::exact);
    s.compute_at(rows, out, yo);
    const auto lanes = Target::host().natural_lanes(UInt(16));
    s[rows].vectorize(x, lanes);
    s[out].vectorize(x, lanes);
    Comparison c(report, "Gaussian 3x3", s);
    c.time();
    c.with("rows in 4 cyclic banks", [&](Schedule& t) { t.partition(rows, Partition::cyclic, 1, 4); });
    c.with("rows in 3 blocks", [&](Schedule& t) { t.partition(rows, Partition::block, 0, 3); });
    c.with("rows in words of 64 bits", [&](Schedule& t) { t.pack(rows, UInt(64)); });
}

/// The same in one pass, element by element.
void windows(support::Report& report) {
    Var y("y"), x("x");
    Input in("in", UInt(8), {height + 2, width + 2});
    Func out("out", UInt(8), {height, width});
    const auto row = [&](const Expr& v) { return in(v, x) + in(v, x + 1) * 2 + in(v, x + 2); };
    out(y, x) = (row(y) + row(y + 1) * 2 + row(y + 2) + 8) / 16;
    const auto lanes = Target::host().natural_lanes(UInt(16));
    {
        Comparison c(report, "Gaussian 3x3 of nine, scalar", Schedule(out));
        c.time();
        c.with("line buffer", [&](Schedule& t) { t.reuse_at(in, out, y); });
        c.with("line buffer and window", [&](Schedule& t) { t.reuse_at(t.reuse_at(in, out, y), out, x); });
        c.with("window", [&](Schedule& t) { t.reuse_at(in, out, x); });
    }
    Schedule s(out);
    s[out].vectorize(x, lanes);
    Comparison c(report, "Gaussian 3x3 of nine, vectors", s);
    c.time();
    c.with("line buffer", [&](Schedule& t) { t.reuse_at(in, out, y); });
}

void gemm(support::Report& report) {
    constexpr int n = 384;
    Var i("i"), j("j");
    RDom k(0, n, "k");
    Input A("A", Float(32), {n, n}), B("B", Float(32), {n, n});
    Func panel("panel", Float(32), {n, n}), C("C", Float(32), {n, n});
    panel(i, j) = B(i, j);
    C(i, j) = 0;
    C(i, j) += A(i, k) * panel(k, j);
    Schedule s(C);
    const auto lanes = Target::host().natural_lanes(Float(32));
    auto [io, jo, ii, ji] = s[C].tile({i, j}, {4, 2 * lanes}, Tail::exact);
    s[C].reorder({io, jo, k, ii, ji}).unroll(ii).vectorize(ji);
    s[panel].vectorize(j, lanes);
    Comparison c(report, "gemm 384", s);
    c.time();
    c.with("panel in 8 cyclic banks", [&](Schedule& t) { t.partition(panel, Partition::cyclic, 1, 8); });
    c.with("panel in 4 blocks", [&](Schedule& t) { t.partition(panel, Partition::block, 0, 4); });
    c.with("panel in words of 8", [&](Schedule& t) { t.pack(panel, 1, 8); });
    c.with("panel in another shape", [&](Schedule& t) { t.reshape(panel, {n / 4, 4 * n}); });
}

void jacobi(support::Report& report) {
    constexpr int n = 1000;
    Var y("y"), x("x");
    Input in("in", Float(32), {n + 4, n + 4});
    Func once("once", Float(32), {n + 2, n + 2}), twice("twice", Float(32), {n, n});
    once(y, x) =
        (in(y + 1, x + 1) + in(y, x + 1) + in(y + 2, x + 1) + in(y + 1, x) + in(y + 1, x + 2)) * 0.2f;
    twice(y, x) =
        (once(y + 1, x + 1) + once(y, x + 1) + once(y + 2, x + 1) + once(y + 1, x) + once(y + 1, x + 2)) *
        0.2f;
    Schedule s(twice);
    const auto lanes = Target::host().natural_lanes(Float(32));
    s[once].vectorize(x, lanes);
    s[twice].vectorize(x, lanes);
    Comparison c(report, "Jacobi, two sweeps", s);
    c.time();
    c.with("the first in 3 cyclic banks", [&](Schedule& t) { t.partition(once, Partition::cyclic, 0, 3); });
    c.with("the first in words of 4", [&](Schedule& t) { t.pack(once, 1, 4); });
    c.with("the first in another shape", [&](Schedule& t) { t.reshape(once, {(n + 2) * 2, (n + 2) / 2}); });
    c.with("line buffer", [&](Schedule& t) { t.reuse_at(once, twice, y); });
}

/// Coefficients and the last samples in small arrays.
void filter(support::Report& report) {
    constexpr int n = 1 << 18, taps = 16;
    Var i("i"), j("j"), k("k");
    Input x("x", Int(16), {n + taps});
    Output y("y", Int(32), {n});
    std::optional<Array> weights;
    const Kernel fir("fir", {x, y}, [&](KernelBody& b) {
        weights = b.array("weights", Int(16), {taps});
        b.for_(j, 0, taps, [&] { (*weights)(j) = j * 3 - 20; });
        b.for_(i, 0, n, [&] {
            y(i) = 0;
            b.for_(k, 0, taps, [&] { y(i) += x(i + k) * (*weights)(k); });
        });
    });
    Comparison c(report, "filter of 16", Schedule(fir));
    c.time();
    c.with("coefficients in registers", [&](Schedule& t) { t.partition(*weights, Partition::complete); });
    c.with("coefficients in one word", [&](Schedule& t) { t.pack(*weights, 0, taps); });
    c.with("coefficients in another shape", [&](Schedule& t) { t.reshape(*weights, {4, 4}); });
}

} // namespace

int main(int argc, char** argv) try {
    std::string json;
    support::Arguments arguments(
        "Time with banks, words, shapes and reuse buffers, as a multiple of the time without");
    arguments.json(json);
    if (const auto status = arguments.read(argc, argv)) return *status;
    support::Report report(json);
    support::pin_to_cores(1);
    gaussian(report);
    windows(report);
    gemm(report);
    jacobi(report);
    filter(report);
    report.write_json();
    return 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "memory: %s\n", e.what());
    return 1;
}
