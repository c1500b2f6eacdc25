// What networks are estimated to cost and how fast to be, beside figures that were reckoned by hand.

#include "cycles.h"
#include "stencils.h"

#include "lathe/ir/visit.h"
#include "macro/stencil_model.h"
#include "refusal.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

using namespace lathe;

namespace {

enum class Edges : uint8_t { valid, repeated };

/// A number that is no power of two, nor few of them.
Expr factor(Type t, double value) {
    return t.is_float() ? Expr(static_cast<float>(value)) : cast(Fixed(16, 15), value);
}

using Element = std::function<Expr(const Expr&, const Expr&)>;
using Point = std::function<Expr(const Element&)>; ///< of a window that begins at 0, 0

/// `steps` times the same stage, each of the one before it.
class Chain {
  public:
    Chain(Type type, int64_t rows, int64_t columns, Edges e)
        : t(type), height(rows), width(columns), edges(e), in("in", t, {height, width}) {}

    /// \param down, right how much further than its first element the window reaches
    void stage(const std::string& name, int64_t down, int64_t right, const Point& point) {
        const bool valid = edges == Edges::valid;
        if (valid) height -= down, width -= right;
        Func f(name, t, {height, width});
        const Func* before = all.empty() ? nullptr : &all.back();
        const Input& input = in;
        f(y, x) = point([&](const Expr& dy, const Expr& dx) {
            const Expr r = Operand(y).expr() + dy, c = Operand(x).expr() + dx;
            if (valid) return before ? Expr((*before)(r, c)) : Expr(input(r, c));
            const Expr up = r - down / 2, left = c - right / 2;
            return before ? repeat_edge(*before)(up, left) : repeat_edge(input)(up, left);
        });
        all.push_back(f);
    }
    const Func& out() const { return all.back(); }
    Type type() const { return t; }

  private:
    Type t;
    int64_t height, width;
    Edges edges;
    Var y{"y"}, x{"x"};
    Input in;
    std::vector<Func> all;
};

void jacobi(Chain& c, int64_t n) {
    c.stage("jacobi" + std::to_string(n), 2, 2, [&](const Element& e) {
        return (e(1, 1) + e(1, 0) + e(1, 2) + e(0, 1) + e(2, 1)) * factor(c.type(), 0.2);
    });
}

void seidel(Chain& c, int64_t n) {
    const std::string number = std::to_string(n);
    c.stage("rows" + number, 0, 2,
            [&](const Element& e) { return (e(0, 0) + e(0, 1) + e(0, 2)) * factor(c.type(), 1.0 / 3); });
    c.stage("columns" + number, 2, 0,
            [&](const Element& e) { return (e(0, 0) + e(1, 0) + e(2, 0)) * factor(c.type(), 1.0 / 3); });
}

void gaussian(Chain& c, int64_t n) {
    c.stage("gaussian" + std::to_string(n), 2, 2, [&](const Element& e) {
        const double k[] = {0.27, 0.46, 0.27};
        Expr sum;
        for (int y = 0; y < 3; ++y)
            for (int x = 0; x < 3; ++x) {
                const Expr term = e(y, x) * factor(c.type(), k[y] * k[x]);
                sum = sum.defined() ? sum + term : term;
            }
        return sum;
    });
}

using Step = void (*)(Chain&, int64_t);

StencilEstimate estimate(Step step, Type t, int64_t H, int64_t W, int64_t steps, int64_t k, int64_t banks,
                         Edges edges = Edges::valid) {
    Chain c(t, H, W, edges);
    for (int64_t n = 1; n <= steps; ++n)
        step(c, n);
    return estimate_stencil(Schedule(c.out()), c.out(), {.unroll = k}, Arch("vu9p"), {banks, banks});
}

/// At most 5 % below the one and above the other.
void check_reached(const StencilEstimate& e, double gops, double dsp, double part = 0.95) {
    INFO(e.text());
    CHECK(e.gops >= part * gops);
    CHECK(e.gops <= 1.05 * gops);
    CHECK(e.dsp <= 1.05 * dsp);
    CHECK(e.clock_mhz == 250);
}

struct Kernel3 {
    const char* name;
    Step step;
    double operations, with_taps;
    double gops[5]; ///< k = 1; f32 16, 32; fixed16 32, 64
    double dsp[5];
};

const Kernel3 kernels[] = {
    {"Jacobi", jacobi, 5, 6, {1.25, 20, 40, 40, 80}, {11, 176, 352, 32, 64}},
    {"Seidel", seidel, 6, 8, {1.5, 24, 48, 48, 96}, {14, 224, 448, 64, 128}},
    {"Gaussian", gaussian, 17, 18, {4.25, 68, 136, 136, 272}, {43, 688, 1376, 288, 576}},
};

/// FIFOs, their bits and processes are those of the network that the call makes.
/// \return the clock says exactly what the estimate does; where an input runs ahead of its plan it says less
bool check_made(const Schedule& schedule, const Func& out, const StencilOptions& options) {
    const StencilEstimate e = estimate_stencil(schedule, out, options, Arch("u250"));
    Schedule called = schedule;
    called.stencil(out, options);
    INFO(print(called));
    int64_t bits = 0, processes = 0, holds = 0;
    const auto times = [](const std::vector<Expr>& dims) {
        int64_t all = 1;
        for (const Expr& d : dims)
            all *= *ir::as_int(d);
        return all;
    };
    const auto count = [&](const ir::Stmt& s) {
        if (const auto* d = s.as<ir::DeclareStream>()) {
            int64_t word = times(d->stream.dims) * d->stream.type.width();
            for (const int64_t lanes : d->stream.block)
                word *= lanes;
            bits += word * d->stream.depth;
            if (d->stream.symbol.name().find("_hold") != std::string::npos)
                holds += word * (d->stream.depth - 1);
        } else if (s.as<ir::CallStmt>()) {
            ++processes;
        }
    };
    ir::for_each(called.module().top().body, count, nullptr);
    CHECK(e.fifo_bits == bits);
    CHECK(e.payload_bits == holds);
    CHECK(e.processes == processes);
    CHECK(e.cycles >= e.network_cycles);
    const CycleReport run = CycleProgram(called.module(), inputs_of(called.module())).run();
    CHECK(!run.deadlock);
    if (run.processes[0].busy > 0) return false; // stages beside the network run, too
    CHECK(run.cycles <= e.network_cycles);
    return run.cycles == e.network_cycles;
}

} // namespace

TEST_CASE("one pass over the memory: the figures of the table") {
    const Type f32 = Float(32), fixed16 = Fixed(16, 8);
    struct Column {
        Type type;
        int64_t k, banks;
    };
    std::string table;
    const Column columns[] = {{f32, 1, 1}, {f32, 16, 1}, {f32, 32, 2}, {fixed16, 32, 1}, {fixed16, 64, 2}};
    for (const Kernel3& kernel : kernels)
        for (size_t n = 0; n < std::size(columns); ++n)
            for (const auto& [H, W] : {std::pair<int64_t, int64_t>{480, 640}, {2160, 3840}}) {
                const Column& c = columns[n];
                CAPTURE(kernel.name);
                CAPTURE(c.k);
                CAPTURE(W);
                const StencilEstimate e = estimate(kernel.step, c.type, H, W, 1, c.k, c.banks);
                check_reached(e, kernel.gops[n], kernel.dsp[n]);
                CHECK(e.dsp == kernel.dsp[n]);
                CHECK(e.gpoints >= 0.95 * 0.25 * static_cast<double>(c.k));
                CHECK(e.binding == "lanes");
                CHECK(e.fits);
                CHECK(e.banks == 2 * c.banks);
                CHECK(e.bandwidth_roof == 2 * static_cast<double>(c.banks) * 16e9);
                CHECK(e.gops_taps_as_adds / e.gops == doctest::Approx(kernel.with_taps / kernel.operations));
                // The rows of Seidel's first stage are more than its outputs.
                CHECK(e.operations == doctest::Approx(kernel.operations).epsilon(0.003));
                table += fmt::format("\n{} {} k={} {}+{} banks {}x{}: {:.4g} GOP/s ({:.4g}), {} DSP, {} "
                                     "BRAM18 of FIFOs, {} LUT",
                                     kernel.name, c.type.str(), c.k, c.banks, c.banks, H, W, e.gops,
                                     e.gops_taps_as_adds, e.dsp, e.bram18_fifos, e.lut);
            }
    MESSAGE(table);
}

TEST_CASE("chains in time: the figures of the table") {
    struct Row {
        Step step;
        Type type;
        int64_t steps, k;
        double dsp, small, large, fifos;
        double part = 0.95; // that is reached
    };
    const Type f32 = Float(32), fixed16 = Fixed(16, 8);
    const Row rows[] = {
        {jacobi, f32, 27, 16, 4752, 511, 533, 810},
        {seidel, f32, 21, 16, 4704, 483, 499, 630},
        {gaussian, f32, 6, 16, 4128, 403, 407, 180},
        {jacobi, fixed16, 64, 32, 2048, 2258, 2486, 1920},
        // The table has 641 / 32 cycles of lag a step. A window of 3 along x takes a word, not an element:
        // 1 + 20 words, 4 hops, and 4 more cycles of the operators. On 640 columns that is 5 %.
        {seidel, fixed16, 64, 32, 4096, 2710, 2984, 1920, 0.9495},
        {gaussian, fixed16, 16, 32, 4608, 2106, 2160, 480}};
    std::string table;
    for (const Row& r : rows)
        for (const bool large : {false, true}) {
            const int64_t H = large ? 2160 : 480, W = large ? 3840 : 640;
            CAPTURE(r.steps);
            CAPTURE(W);
            // All steps on the whole picture, as the table has it; the edges are repeated.
            const StencilEstimate e = estimate(r.step, r.type, H, W, r.steps, r.k, 1, Edges::repeated);
            check_reached(e, large ? r.large : r.small, r.dsp, r.part);
            CHECK(e.dsp <= 4788);
            if (large) CHECK(static_cast<double>(e.bram18_fifos) <= r.fifos);
            CHECK(e.fits);
            // Windows inside: each step has fewer points, and those that nobody needs do not count.
            const StencilEstimate v = estimate(r.step, r.type, H, W, r.steps, r.k, 1);
            CHECK(v.cycles <= e.cycles);
            CHECK(v.dsp == e.dsp);
            CHECK(v.gops <= e.gops * 1.06);
            table +=
                fmt::format("\n{} T={} k={} {}x{}: {:.4g} GOP/s (inside {:.4g}), {} + {} cycles, {} DSP, {} "
                            "BRAM18 of FIFOs, {} LUT, {:.0f} % of those that may be used",
                            r.type.str(), r.steps, r.k, H, W, e.gops, v.gops, e.network_cycles,
                            e.pipeline_cycles, e.dsp, e.bram18_fifos, v.lut, 100 * v.use.at("LUT"));
        }
    MESSAGE(table);
}

TEST_CASE("laws of chains: cycles and words that wait") {
    for (int64_t stages = 1; stages <= 8; ++stages)
        for (const int64_t k : {1, 2, 4, 8}) {
            CAPTURE(stages);
            CAPTURE(k);
            Chain c(Int(16), 40, 48, Edges::valid);
            for (int64_t n = 1; n <= stages; ++n)
                jacobi(c, n);
            const StencilEstimate e =
                estimate_stencil(Schedule(c.out()), c.out(), {.unroll = k}, Arch("vu9p"));
            // The storer goes over whole rows; a stage is as far behind as its window reaches, and two hops.
            CHECK(e.network_cycles ==
                  (40 - 2 * stages) * (48 / k) + stages * ((97 + k - 1) / k) + 1 + 2 * stages);
            CHECK(e.payload_words == stages * (96 + k - 1)); // of the newest word one lane is read at first
            CHECK(e.payload_bits == 16 * e.payload_words);
            CHECK(e.lanes == k);
            // Of columns the last word that is stored needs the last one that is loaded.
            Chain columns(Int(16), 40, 48, Edges::valid);
            for (int64_t n = 1; n <= stages; ++n)
                columns.stage("c" + std::to_string(n), 2, 0,
                              [](const Element& p) { return p(0, 0) + p(2, 0); });
            CHECK(estimate_stencil(Schedule(columns.out()), columns.out(), {.unroll = k}, Arch("vu9p"))
                      .network_cycles == 40 * 48 / k + 1 + 2 * stages);
        }
}

TEST_CASE("an estimate is of the network that the call makes: random stencils") {
    std::mt19937 random(11);
    int exact = 0;
    for (int n = 0; n < 150; ++n) {
        CAPTURE(n);
        const RandomStencil r = random_stencil(random);
        exact += check_made(r.schedule, r.out, r.options);
    }
    CHECK(exact > 75);
}

TEST_CASE("an estimate is of the network that the call makes: what is read lies behind") {
    Var y("y"), x("x");
    for (const int64_t k : {1, 4}) {
        Input in("in", Int(8), {4, 8}), line("line", Int(8), {16});
        Func before("before", Int(8), {4, 8}), more("more", Int(8), {4, 8}), shifted("shifted", Int(8), {16});
        before(y, x) = constant_edge(in, 0)(y - 1, x);
        more(y, x) = before(y, x) + 1;
        shifted(x) = constant_edge(line, 0)(x - 3);
        CHECK(check_made(Schedule(before), before, {.unroll = k}));
        CHECK(check_made(Schedule(more), more, {.unroll = k}));
        CHECK(check_made(Schedule(shifted), shifted, {.unroll = k}));
    }
}

TEST_CASE("an estimate is of the network that the call makes: steps in time, with an output on the way") {
    Var y("y"), x("x");
    Input in("in", Int(16), {12, 24}), mask("mask", UInt(8), {12, 24});
    Func rows("rows", Int(16), {12, 24}), out("out", Int(16), {12, 24});
    const auto b = repeat_edge(in);
    rows(y, x) = b(y, x - 1) + b(y, x + 1);
    const auto r = repeat_edge(rows);
    out(y, x) = select(mask(y, x) > 0, r(y - 1, x) + r(y + 1, x), in(y, x));
    const Schedule s(std::vector<Func>{rows, out});
    for (const int64_t steps : {1, 2, 3, 6})
        check_made(s, out, {.unroll = 4, .iterate = steps});
}

TEST_CASE("steps that are asked for are steps that are written") {
    for (const int64_t steps : {1, 2, 3, 6}) {
        Chain one(Float(32), 48, 64, Edges::repeated), all(Float(32), 48, 64, Edges::repeated);
        seidel(one, 1);
        for (int64_t n = 1; n <= steps; ++n)
            seidel(all, n);
        const Arch board("vu9p");
        const StencilEstimate asked =
            estimate_stencil(Schedule(one.out()), one.out(), {.unroll = 4, .iterate = steps}, board);
        const StencilEstimate written =
            estimate_stencil(Schedule(all.out()), all.out(), {.unroll = 4}, board);
        CHECK(asked.cycles == written.cycles);
        CHECK(asked.dsp == written.dsp);
        CHECK(asked.lut == written.lut);
        CHECK(asked.processes == written.processes);
        CHECK(asked.fifo_bits == written.fifo_bits);
        CHECK(asked.operations == written.operations);
    }
}

TEST_CASE("strips read their edges twice, and wait for less") {
    Chain c(Float(32), 480, 640, Edges::valid);
    jacobi(c, 1);
    jacobi(c, 2);
    const Schedule s(c.out());
    const Arch board("vu9p");
    const StencilEstimate whole = estimate_stencil(s, c.out(), {.unroll = 4}, board),
                          strips = estimate_stencil(s, c.out(), {.unroll = 4, .tile = {164}}, board);
    // 636 columns in strips of 164 − 4: four, each with the two columns at both of its edges.
    CHECK(strips.bytes_read == 4 * 480 * (4 * 164 - (4 * 160 - 636)));
    CHECK(strips.bytes_written == whole.bytes_written);
    CHECK(strips.payload_words == 2 * (2 * 164 + 3));
    CHECK(whole.payload_words == 2 * (2 * 640 + 3));
    CHECK(strips.operations == whole.operations);
    CHECK(strips.cycles > whole.cycles);
    CHECK(strips.gpoints > 0.95 * 160 / 164 * whole.gpoints);
}

TEST_CASE("a second network in a schedule") {
    Var x("x");
    Input in("in", Int(16), {64});
    Func a("a", Int(16), {62}), b("b", Int(16), {60});
    a(x) = in(x) + in(x + 2);
    b(x) = a(x) + a(x + 2);
    Schedule s(std::vector<Func>{a, b});
    s.stencil(a, {.unroll = 2});
    const StencilEstimate e = estimate_stencil(s, b, {.unroll = 2}, Arch("vu9p"));
    CHECK(e.bytes_read == 124);
    CHECK(e.points == 60);
    CHECK(refusal([&] { estimate_stencil(s, a, {}, Arch("vu9p")); }) ==
          refusal([&] { Schedule(s).stencil(a, {}); }));
}

TEST_CASE("memory that is too slow limits") {
    const StencilEstimate half = estimate(jacobi, Float(32), 480, 640, 1, 16, 1),
                          whole = estimate(jacobi, Float(32), 480, 640, 1, 32, 1);
    CHECK(half.binding == "lanes");
    CHECK(whole.binding == "bandwidth");
    CHECK(whole.gops == doctest::Approx(half.gops).epsilon(0.001));
    CHECK(whole.bandwidth == doctest::Approx(2 * half.bandwidth));
    CHECK(whole.bandwidth_roof == half.bandwidth_roof);
    // Three banks are shared where four are wanted of one that has two; narrow words bring less.
    Chain c(Float(32), 480, 640, Edges::valid);
    jacobi(c, 1);
    const Schedule s(c.out());
    const StencilEstimate many = estimate_stencil(s, c.out(), {.unroll = 32}, Arch("vu9p"), {4, 4});
    CHECK(many.banks == 4);
    CHECK(many.binding == "lanes");
    const StencilEstimate narrow = estimate_stencil(s, c.out(), {.unroll = 16}, Arch("vu9p"), {1, 1, 128});
    CHECK(narrow.binding == "bandwidth");
    CHECK(narrow.gpoints == doctest::Approx(half.gpoints / 4).epsilon(0.01));
    // Bursts with a gap of as many cycles as they have beats bring half.
    nlohmann::json slow = nlohmann::json::parse(R"({
        "name": "slow", "title": "Slow", "part": "xcvu9p-flgb2104-2-i", "clock_mhz": 250,
        "resources": {"dsp": 100, "bram18": 100, "uram": 0, "lut": 100000, "ff": 200000},
        "shares": {"dsp": 1, "bram18": 1, "uram": 1, "lut": 1, "ff": 1},
        "memories": [{"kind": "DDR4", "banks": 2, "port_bits": 512, "bytes_per_second": 16e9, "bytes": 1000000000}],
        "burst": {"most_beats": 256, "boundary": 4096, "least_beats": 16, "gap_cycles": 64},
        "sources": {"part": "-", "clock_mhz": "-", "resources": "-", "shares": "-", "memories": "-", "burst": "-"}})");
    const StencilEstimate gaps =
        estimate_stencil(s, c.out(), {.unroll = 16}, Arch::parse(slow.dump(), "slow"));
    CHECK(gaps.bandwidth_roof == 16e9);
    CHECK(gaps.gpoints == doctest::Approx(half.gpoints / 2).epsilon(0.01));
    CHECK(gaps.binding == "DSP"); // 176 of 100
    CHECK(!gaps.fits);
    CHECK(gaps.use.at("DSP") == doctest::Approx(1.76));
    slow["memories"][0]["bytes"] = 1000000;
    slow["resources"]["dsp"] = 1000;
    const StencilEstimate full =
        estimate_stencil(s, c.out(), {.unroll = 16}, Arch::parse(slow.dump(), "slow"));
    CHECK(full.binding == "memory");
}

TEST_CASE("a division costs a divider, a product with the reciprocal does not") {
    const auto of = [](Type t) {
        Var y("y"), x("x");
        Input in("in", t, {480, 640});
        Func out("out", t, {480, 638});
        const Expr sum = in(y, x) + in(y, x + 1) + in(y, x + 2);
        out(y, x) = t.is_float() ? sum / 3.0f : sum / cast(Fixed(8, 4), 3);
        return estimate_stencil(Schedule(out), out, {.unroll = 8}, Arch("vu9p"));
    };
    const StencilEstimate f = of(Float(32)), h = of(Fixed(16, 8));
    CHECK(f.dividers == 8);
    CHECK(f.dsp == 32); // two additions in each lane
    CHECK(f.pipeline_cycles == 2 * 7 + 16 - 1);
    CHECK(f.cycles == f.network_cycles + f.pipeline_cycles);
    CHECK(h.dividers == 8);
    CHECK(h.dsp == 0);
    CHECK(h.lut > 8 * 400);
    CHECK(estimate(seidel, Float(32), 480, 640, 1, 8, 1).dividers == 0);
    // The kernels as they are published.
    const auto published = [](const Schedule& s) {
        const StageRef out(s.module().top().arguments.back().tensor.symbol, Loc::current());
        return estimate_stencil(s, out, {.unroll = 16}, Arch("vu9p"));
    };
    const StencilEstimate j = published(jacobi_valid(Float(32), 480, 640, 0)),
                          s = published(seidel_valid(Float(32), 480, 640, 0));
    CHECK(j.dsp == 128);
    CHECK(j.dividers == 16);
    CHECK(j.gops > 0.95 * 20);
    CHECK(s.dsp == 128);
    CHECK(s.dividers == 32);
    CHECK(s.gops > 0.95 * 24);
}

TEST_CASE("FIFOs: shift registers, block RAM, UltraRAM") {
    Chain c(Float(32), 480, 640, Edges::valid);
    jacobi(c, 1);
    const Schedule s(c.out());
    const auto on = [&](const char* board, int64_t k) {
        return estimate_stencil(s, c.out(), {.unroll = k}, Arch(board));
    };
    CHECK(on("vu9p", 16).bram18_fifos == 30); // 15 × 32 bits × 41, and 32 × 40, two rows
    CHECK(on("vu9p", 32).bram18_fifos == 0);  // 32 × 21 bits
    const StencilEstimate deep = on("vu9p", 1), no_uram = on("zynq7020", 1);
    CHECK(deep.uram == 2); // 640 words
    CHECK(deep.bram18_fifos == 0);
    CHECK(no_uram.uram == 0);
    CHECK(no_uram.bram18_fifos == 4); // 1K × 18, two a row
}

TEST_CASE("an estimate says what the call would say") {
    Var y("y"), x("x");
    Input in("in", Int(8), {9, 12});
    Func out("out", Int(8), {4, 6}), few("few", Int(8), {1, 7});
    out(y, x) = in(y * 2, x * 2);
    few(y, x) = in(y, x);
    const auto said = [](const Func& f, const StencilOptions& o, const StencilMemory& m = {}) {
        return refusal([&] { estimate_stencil(Schedule(f), f, o, Arch("vu9p"), m); });
    };
    const auto called = [](const Func& f, const StencilOptions& o) {
        return refusal([&] {
            Schedule s(f);
            s.stencil(f, o);
        });
    };
    const StencilOptions options[] = {{},
                                      {.unroll = 0},
                                      {.unroll = 8},
                                      {.iterate = 0},
                                      {.iterate = 2},
                                      {.tile = {1}},
                                      {.tile = {4, 4}},
                                      {.in_place = true},
                                      {.border = Border(Edge::wrap)}};
    for (const StencilOptions& o : options)
        for (const Func& f : {out, few}) {
            std::string a = said(f, o), b = called(f, o);
            for (std::string* text : {&a, &b}) // the calls stand in different lines
                if (const size_t at = text->find(" at model.cpp"); at != std::string::npos)
                    text->erase(at, text->find(" is illegal") - at);
            CHECK(a == b);
        }
    CHECK(said(few, {}) == "not refused");
    for (const int64_t banks : {int64_t{0}, INT64_MAX})
        CHECK(said(few, {}, {1, banks}).find("banks: there are at least 1 and at most 1024") !=
              std::string::npos);
    CHECK(said(few, {}, {1, 1, 100}).find("words of 100 bits are read from no memory") != std::string::npos);
}

TEST_CASE("an estimate as text and as JSON has all that it rests on") {
    const StencilEstimate e = estimate(gaussian, Fixed(16, 8), 480, 640, 1, 32, 1);
    const std::string text = e.text();
    for (const char* part : {"estimated, not synthesised: vu9p at 250 MHz, 2 banks of memory", "in 480 × 640",
                             "Fixed(16, 8)", "17 operations a point (18)", "taps as adds", "GB/s wanted",
                             "DSP 288", "fits:", "what limits: lanes"}) {
        CAPTURE(part);
        CHECK(text.find(part) != std::string::npos);
    }
    const auto j = nlohmann::json::parse(e.json());
    CHECK(j.at("label") == "estimated");
    CHECK(j.at("dsp") == 288);
    CHECK(j.at("use").at("DSP").get<double>() == doctest::Approx(288.0 / 4788));
    CHECK(j.at("clock_mhz") == 250);
    CHECK(j.at("operations_taps_as_adds") == 18);
}

TEST_CASE("a search: hundreds of estimates of one model") {
    const auto start = std::chrono::steady_clock::now();
    Chain c(Float(32), 2160, 3840, Edges::repeated);
    jacobi(c, 1);
    const StencilModel model(Schedule(c.out()), c.out());
    const Arch board("vu9p");
    int64_t count = 0, fit = 0;
    double best = 0;
    for (const int64_t k : {1, 2, 4, 8, 16, 32, 64})
        for (int64_t steps = 1; steps <= 32; ++steps, ++count) {
            const StencilEstimate e = model({.unroll = k, .iterate = steps}, board);
            fit += e.fits;
            if (e.fits) best = std::max(best, e.gops);
        }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    CHECK(best >= 0.95 * 533);
    CHECK(fit > 100);
    CHECK(fit < count);
    MESSAGE(count << " estimates in " << took.count() << " s: " << fit << " fit, the best one has " << best
                  << " GOP/s");
}
