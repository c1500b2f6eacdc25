// Words at the ports of networks: their values, what C++ says of them, how often memory is asked, and how
// fast that is.

#include "contains.h"
#include "cycles.h"
#include "stencils.h"

#include "lathe/hls/emit.h"
#include "lathe/ir/cycles.h"
#include "lathe/schedule/stencil_model.h"
#include "vitis_compiled.h"

#include <nlohmann/json.hpp>

using namespace lathe;

namespace {

/// out = 2·in(y, x) − in(y, x + 1) + in(y + 1, x): one row and one column smaller; `same`: as large.
Func small_func(Type t, int64_t H, int64_t W, bool same) {
    Var y("y"), x("x");
    Input in("in", t, {H, W});
    Func out("out", t, same ? Shape{H, W} : Shape{H - 1, W - 1});
    if (same) {
        const Bounded a = repeat_edge(in);
        out(y, x) = a(y, x) * 2 - a(y, x + 1) + a(y - 1, x);
    } else {
        out(y, x) = in(y, x) * 2 - in(y, x + 1) + in(y + 1, x);
    }
    return out;
}

Schedule small(Type t, int64_t H, int64_t W, const StencilOptions& options, bool same = false) {
    const Func out = small_func(t, H, W, same);
    Schedule s(out);
    s.stencil(out, options);
    return s;
}

int64_t up(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

/// All of them, in the interpreters, on a CPU and in simulated C++ under random turns.
void check_all(const std::vector<Schedule>& all, uint64_t seeds, bool terms = true) {
    VitisKernels kernels;
    std::vector<Module> references;
    for (const Schedule& s : all) {
        check_network(s, terms);
        kernels.add(s);
        references.push_back(s.reference());
    }
    check_machine_code(all.front(), {all.front().module(), without_origins(all.front().module())});
    kernels.compile();
    kernels.expect_right_stalled(references, seeds);
}

} // namespace

TEST_CASE("words: fewer lanes than elements, as many, and more; whole rows and others") {
    // 512 bits: 16 of Float(32), 32 of Fixed(16, 8) and Int(12), 64 of UInt(5).
    const std::pair<Type, int64_t> all[] = {{Float(32), 1},  {Float(32), 4}, {Float(32), 16},
                                            {Float(32), 32}, {Int(12), 2},   {Fixed(16, 8), 64},
                                            {UInt(5), 16}};
    for (const auto& [t, k] : all)
        for (const bool same : {false, true}) {
            CAPTURE(t.str());
            CAPTURE(k);
            CAPTURE(same);
            const int64_t W = k % 8 == 4 || !same ? 37 : 32; // whole words in a row, and none
            check_network(small(t, 5, W, {.unroll = k, .word = 512}, same));
        }
}

TEST_CASE("words: strips that are one, once they are whole words") {
    Var z("z"), y("y"), x("x");
    Input in("in", Int(8), {7, 7, 14});
    Func out("out", Int(8), {5, 5, 6});
    out(z, y, x) = in(z, y + 2, x) + in(z + 1, y + 2, x + 5);
    for (const int64_t k : {1, 2}) {
        CAPTURE(k);
        Schedule s(out);
        s.stencil(out, {.unroll = k, .tile = {7, 10}, .word = 64});
        check_network(s);
    }
}

TEST_CASE("words: strips of a part of each row") {
    Var y("y"), x("x");
    for (const int64_t first : {0, 3, 7}) {
        Input in("in", Int(8), {9, 48});
        Func out("out", Int(8), {9, 32});
        out(y, x) = in(y, x + first) * 2 - in(y, x + first + 2);
        for (const int64_t k : {1, 2, 8}) {
            CAPTURE(first);
            CAPTURE(k);
            Schedule s(out);
            s.stencil(out, {.unroll = k, .tile = {24}, .word = 64});
            CHECK(print(s).find("for strip1 in range(") != std::string::npos);
            check_network(s);
        }
    }
}

TEST_CASE("words: numbers that no condition asks for are not named in Vitis C++") {
    const std::string text = vitis_source(small(Int(100), 4, 9, {.unroll = 4, .word = 512}).module());
    const size_t from = text.find("static void in_into_rows"), end = text.find("\n}\n", from);
    REQUIRE(end != text.npos);
    const std::string rows = text.substr(from, end - from);
    CHECK(rows.find("const int end = ") != rows.npos);
    CHECK(rows.find("const int first = ") == rows.npos);
}

TEST_CASE("words as Vitis C++") {
    std::vector<Schedule> all;
    all.push_back(small(Float(32), 5, 37, {.unroll = 4, .word = 512}));
    all.push_back(small(Float(32), 5, 32, {.unroll = 16, .word = 512}, true));
    all.push_back(small(Fixed(16, 8), 5, 37, {.unroll = 64, .word = 512}, true)); // two ports each
    all.push_back(small(Int(12), 7, 70, {.unroll = 8, .word = 128}));
    all.push_back(small(Int(100), 4, 9, {.unroll = 2, .word = 512}));
    all.push_back(small(UInt(5), 9, 64, {.unroll = 8, .tile = {24}, .word = 64}, true)); // strips
    check_all(all, 4);
}

TEST_CASE(
    "words: chains, several inputs and outputs, in one and three dimensions, steps in time and in place") {
    for (const int64_t k : {1, 4, 8}) {
        CAPTURE(k);
        Var z("z"), y("y"), x("x");
        Input a("a", UInt(8), {9, 21}), b("b", Int(16), {9, 19}), line("line", Int(20), {37}),
            v("v", Float(32), {5, 4, 11});
        Func blur("blur"), edge("edge", Int(16), {7, 17}), sharp("sharp", Int(24), {5, 15}),
            sum("sum", Int(24), {33}), heat("heat", Float(32), {3, 2, 9});
        blur(y, x) = a(y, x) + a(y, x + 1) + a(y + 1, x + 4);
        edge(y, x) = blur(y + 1, x) - blur(y, x) + b(y + 1, x + 2);
        sharp(y, x) = edge(y, x) * 3 + a(y + 2, x + 2) - edge(y + 2, x + 1) + b(y, x);
        sum(x) = line(x) + line(x + 4) * 2 - line(x + 1);
        heat(z, y, x) =
            v(z + 1, y + 1, x + 1) * 0.5f + v(z, y + 1, x + 1) + v(z + 2, y, x) - v(z, y + 2, x + 2);
        Schedule s({edge, sharp}), t(sum), u(heat);
        s.stencil(sharp, {.unroll = k, .word = 256});
        t.stencil(sum, {.unroll = k, .word = 128});
        u.stencil(heat, {.unroll = k, .word = 512});
        check_network(s);
        check_network(t);
        check_network(u);
    }
    Var y("y"), x("x");
    Input in("in", Float(32), {6, 20});
    Func step("step", Float(32), {6, 20}), sweep("sweep", Float(32), {6, 20});
    const Bounded a = repeat_edge(in);
    step(y, x) = (a(y - 1, x) + a(y + 1, x) + a(y, x - 1) + a(y, x + 1)) / 4;
    RDom r(1, 4, 1, 18, "r");
    sweep(y, x) = in(y, x);
    sweep(r.x, r.y) = (sweep(r.x - 1, r.y) + sweep(r.x, r.y - 1) + sweep(r.x + 1, r.y)) / 3;
    Schedule s(step), t(sweep);
    s.stencil(step, {.unroll = 4, .iterate = 3, .word = 512});
    t.stencil(sweep, {.in_place = true, .word = 512});
    check_network(s);
    check_network(t, false);
}

TEST_CASE("words: sizes that are bound, and sums of them") {
    const Param H("H"), W("W");
    const Var y("y"), x("x");
    const Input in("in", Int(16), {H + 1, W * 2});
    Func out("out", Int(18), {H - 1, W * 2 - 2});
    out(y, x) = in(y, x) + in(y + 2, x + 1) - in(y + 1, x + 2);
    for (const StencilOptions& o :
         {StencilOptions{.unroll = 4, .word = 128}, StencilOptions{.unroll = 8, .word = 64},
          StencilOptions{.unroll = 2, .tile = {16}}}) {
        Schedule s(out);
        s.bind(H, 7).bind(W, 16).stencil(out, o);
        check_network(s, true, {{"H", 7}, {"W", 16}});
        Schedule estimated(out);
        estimated.bind(H, 7).bind(W, 16);
        CHECK(estimate_stencil(estimated, out, o, Arch("vu9p")).ports.size() == 2);
    }
}

TEST_CASE("words and strips, which begin and end with whole words") {
    for (const int64_t k : {1, 4, 8, 16})
        for (const bool same : {false, true}) {
            CAPTURE(k);
            CAPTURE(same);
            Var y("y"), x("x");
            Input in("in", Int(16), {6, 64});
            Func mid("mid", Int(16), {6, 64}), out("out", Int(20), {same ? 6 : 4, 64});
            const Bounded a = repeat_edge(in), m = mirror(mid);
            mid(y, x) = a(y, x - 1) + a(y, x + 2);
            out(y, x) = (same ? Expr(m(y - 1, x + 1)) : Expr(m(y + 2, x + 1))) - mid(y, x);
            Schedule s({mid, out});
            s.stencil(out, {.unroll = k, .tile = {k == 16 ? 40 : 24}, .word = 128}); // 8 and 4 elements
            check_network(s);
        }
    Var z("z"), y("y"), x("x");
    Input v("v", Int(8), {4, 9, 32});
    Func out("out", Int(12), {3, 7, 32});
    const Bounded edge = repeat_edge(v);
    out(z, y, x) = v(z + 1, y, x) + v(z, y + 2, x) - edge(z, y + 1, x - 1);
    Schedule s(out);
    s.stencil(out, {.unroll = 4, .tile = {5, 100}, .word = 64});
    check_network(s);
}

TEST_CASE("words: each is read once and written once, as many in a cycle as the model says") {
    const Arch board("vu9p");
    for (const auto& [H, W, k] : {std::array<int64_t, 3>{12, 64, 16},
                                  {12, 63, 16},
                                  {9, 40, 8},
                                  {9, 41, 4},
                                  {6, 96, 32},
                                  {7, 50, 1},
                                  {8, 33, 2},
                                  {40, 70, 16}})
        for (const bool same : {false, true}) {
            CAPTURE(W);
            CAPTURE(k);
            CAPTURE(same);
            const StencilOptions options{.unroll = k, .word = 512};
            const Func out = small_func(Float(32), H, W, same);
            const StencilEstimate e = estimate_stencil(Schedule(out), out, options, board);
            INFO(e.text());
            Schedule s(out);
            s.stencil(out, options);
            const CycleReport r = simulate_cycles(s.module(), inputs_of(s.module()));
            check_values(s.module(), r);
            CHECK(e.network_cycles == r.cycles);
            for (const MemoryCycles& m : r.memory) {
                CHECK(m.reads + m.writes == m.elements);
                CHECK(m.most_reads + m.most_writes == 1);
            }
            // Beats: what all ports hand over at once, one every beat / k cycles.
            const int64_t ports = std::max<int64_t>(k / 16, 1), beat = 16 * ports;
            const int64_t points = same ? H * W : (H - 1) * (W - 1);
            CHECK(r.process("load_in").iterations == up(H * W, k));
            CHECK(r.process("load_in").empty_stalls == 0);
            CHECK(r.process("store_out").iterations == up(points, k));
            CHECK(e.ports.size() == 2);
            CHECK(e.ports[0].ports == ports);
            CHECK(e.ports[0].elements == 16);
            CHECK(e.ports[0].words == up(H * W, beat) * ports);
            CHECK(e.ports[1].words == up(points, beat) * ports);
            CHECK(e.ports[0].roof == doctest::Approx(16e9));
            const double words = static_cast<double>(e.ports[0].words * 64);
            const int64_t cycles = up(W, k) * H;
            CHECK(e.ports[0].wanted ==
                  doctest::Approx(words * 250e6 / static_cast<double>(cycles) / static_cast<double>(ports)));
        }
}

TEST_CASE("words: the C++ reads and writes each one once, at ports and in bursts of their own") {
    const Schedule one = small(Float(32), 12, 33, {.unroll = 4, .word = 512}),
                   two = small(Float(32), 12, 64, {.unroll = 32, .word = 512}, true);
    const std::string text = vitis_source(one.module()), ports = vitis_source(two.module());
    expect(text,
           "extern \"C\" void out_kernel(const lathe::word<float, 16>* in, lathe::word<float, 16>* out)");
    expect(text, "port=in offset=slave bundle=gmem_in depth=25 max_read_burst_length=64"); // of 4 KB
    expect(text, "port=out offset=slave bundle=gmem_out depth=22 max_write_burst_length=64");
    expect(text, "#pragma HLS pipeline II=4\n        const lathe::word<float, 16> in_word = in[beat];");
    CHECK(occurrences(text, "in_word = in[") == 2); // in the loop, and what is left
    CHECK(occurrences(text, "] = out_word;") == 1); // 352 elements
    CHECK(text.find("lathe::element") == text.npos);
    CHECK(text.find("lathe::set_element") == text.npos);
    expect(ports, "const lathe::word<float, 16>* in, const lathe::word<float, 16>* in_1");
    expect(ports, "bundle=gmem_in_1");
    expect(ports, "in_word[2] = {in[beat], in_1[beat]};");
    CHECK(ports.find("lathe::element") == ports.npos);
    const std::string header = vitis_header(two.module());
    expect(header, "inline void out_kernel_arrays(const float* in, float* out)");
    expect(header, "lathe::port_memory<float, 16, 2> lathe_in(in, 768);");
    const std::string strips =
        vitis_source(small(Int(16), 9, 64, {.unroll = 4, .tile = {24}, .word = 128}, true).module());
    CHECK(strips.find("lathe::element") == strips.npos);
    CHECK(strips.find("lathe::set_element") == strips.npos);
    // As the Module says it.
    expect(print(two),
           "in: Tensor[Float(32), (12, 64)], shape (768), align (32), partition (cyclic 2), pack 16");
}

TEST_CASE("words: others read the array, too, and networks share it") {
    Var y("y"), x("x");
    Input in("in", Int(16), {8, 24});
    Func out("out", Int(16), {8, 23}), late("late", Int(24), {8, 23}), alone("alone", Int(16), {8, 24});
    out(y, x) = in(y, x) + in(y, x + 1);
    late(y, x) = out(y, x) * 2 + in(y, x + 1);
    alone(y, x) = in(7 - y, x);
    Schedule s({out, late, alone});
    s.stencil(out, {.unroll = 4, .word = 128});
    check_network(s, false);
    s.stencil(late, {.unroll = 8, .word = 128}); // of out, in and late
    check_network(s, false);
}

TEST_CASE("words: what is refused") {
    const auto refused = [](Type t, int64_t W, const StencilOptions& o) {
        return message(small_func(t, 6, W, false), o);
    };
    expect(refused(Float(32), 32, {.word = 500}), "a word of 500 bits: it is a power of two from 8 to 1024");
    expect(refused(Float(32), 32, {.word = 2048}), "a word of 2048 bits");
    expect(refused(Float(32), 32, {.word = 16}),
           "an element of in takes 32 bits in memory, and a word of 16 bits "
           "holds no whole number of them: words of 32 bits, or none (word 0)");
    expect(refused(Int(150), 32, {.word = 512}), "words of 256 bits");
    expect(refused(Float(32), 32, {.unroll = 6, .word = 512}),
           "6 points are computed at a time, and a word of 512 bits holds 16 elements of in: neither number "
           "divides the other. Compute 4 at a time, or take words of 64 bits");
    expect(refused(Float(32), 64, {.unroll = 24, .word = 512}),
           "Compute 16 at a time, or take words of 256 bits");
    expect(refused(Float(64), 32, {.unroll = 2, .word = 64}), "a word of 64 bits holds one element of in");
    CHECK(refused(Float(64), 32, {.unroll = 1, .word = 64}) == "not refused");
    expect(
        refused(Float(32), 37, {.unroll = 4, .tile = {24}, .word = 512}),
        "a row of in holds 37 elements, no whole number of words of 16, which strips would share: fill the "
        "rows up, or call it without tile or without word");
    CHECK(refused(Float(32), 37, {.unroll = 4, .tile = {64}, .word = 512}) == "not refused"); // no strips
    expect(message(small_func(Float(32), 6, 64, true), {.unroll = 4, .tile = {16}, .word = 512}),
           "hold no word of 16 elements beside the");
    Var y("y"), x("x");
    Input in("in", Int(16), {8, 24});
    Func out("out", Int(16), {8, 23}), late("late", Int(24), {8, 22});
    out(y, x) = in(y, x) + in(y, x + 1);
    late(y, x) = in(y, x) - in(y, x + 2);
    Schedule s({out, late});
    s.stencil(out, {.unroll = 4, .word = 128});
    expect(refusal([&] { s.stencil(late, {.unroll = 4, .word = 256}); }),
           "in has shape (192), align (8), pack 8 since a call before this one: it has one kind of words");
    s.stencil(late, {.unroll = 4}); // element by element
    check_network(s, false);
}

TEST_CASE("words: whole rows only, and of the top Function's arguments") {
    const Var y("y"), x("x");
    const Input in("in", Int(16), {9, 32});
    const Output out("out", Int(16), {9, 32});
    const auto stores = [&](int64_t from, int64_t to, int64_t rows) {
        return Kernel("part", {in, out}, [&, from, to, rows](KernelBody& k) {
            k.for_(y, 1, rows, [&] { k.for_(x, from, to, [&] { out(y, x) = in(y, x) + in(y - 1, x); }); });
        });
    };
    for (const std::vector<int64_t>& tile : {std::vector<int64_t>{}, {16}}) {
        for (const auto& [from, to] : {std::pair<int64_t, int64_t>{0, 30}, {1, 32}, {4, 28}}) {
            const Kernel part = stores(from, to, 8);
            Schedule s(part);
            expect(refusal([&, &tile = tile] { s.stencil(part, {.unroll = 4, .tile = tile, .word = 64}); }),
                   fmt::format(
                       "out is stored at {} to {} of dimension 1, which goes from 0 to 31, and words are "
                       "those of whole rows",
                       from, to - 1));
            s.stencil(part, {.unroll = 4, .tile = tile});
            check_network(s, false);
        }
        const Kernel rows = stores(0, 32, 7); // not all of them
        Schedule s(rows);
        s.stencil(rows, {.unroll = 4, .tile = tile, .word = 64});
        check_network(s, false);
    }
    const Kernel all = stores(0, 32, 9);
    const Input a("a", Int(16), {9, 32});
    const Output b("b", Int(16), {9, 32});
    const Kernel top("top", {a, b}, [&](KernelBody& k) { k.call(all, {a, b}); });
    Schedule s(top);
    expect(refusal([&] { s.stencil(all, {.unroll = 4, .word = 64}); }),
           "part is called, and words are those of the top Function's arguments");
}

TEST_CASE("words: of a kernel that is the whole program, not of one that a host starts") {
    const Func out = small_func(Float(32), 6, 33, false);
    Schedule s(out), t(out);
    s.to(out, Side::device);
    expect(refusal([&] { s.stencil(out, {.unroll = 4, .word = 512}); }),
           "in passes the ports of its kernel in words, and a host copies arrays to the device element by "
           "element: "
           "call stencil without word");
    t.stencil(out, {.unroll = 4, .word = 512});
    expect(refusal([&] { t.to(out, Side::device); }), "call stencil without word");
}

TEST_CASE("words: in a trace, and when types change") {
    Schedule s = small(Float(32), 6, 33, {.unroll = 4, .word = 512});
    const Func out = small_func(Float(32), 6, 33, false);
    Schedule again(out);
    again.stencil(out, {.unroll = 4, .word = 512});
    CHECK(print(s) == print(again));
    expect(s.trace_json(), "512");
    Schedule replayed(out);
    replayed.apply_trace(again.trace_json());
    CHECK(print(replayed) == print(again));
    // With strips, with both, and as they were written before: which number was a word?
    auto trace = nlohmann::json::parse(again.trace_json());
    const auto read_with = [&](const std::vector<int64_t>& numbers) {
        trace["steps"][0]["numbers"] = numbers;
        Schedule read(out);
        read.apply_trace(trace.dump());
        return print(read);
    };
    for (const StencilOptions& o : {StencilOptions{.unroll = 4, .tile = {16}},
                                    StencilOptions{.unroll = 4, .tile = {32}, .word = 128}}) {
        const Func wide = small_func(Float(32), 6, 64, true);
        Schedule written(wide), read(wide);
        written.stencil(wide, o);
        read.apply_trace(written.trace_json());
        CHECK(print(read) == print(written));
    }
    for (const std::vector<int64_t>& numbers : std::vector<std::vector<int64_t>>{{4, 1, 0, 512},
                                                                                 {4, 1, 0, 0, 16},
                                                                                 {4, 1, 0, 512, 16},
                                                                                 {4, 1, 0, 0, 1},
                                                                                 {4, 1, 0, 512, 2, 16},
                                                                                 {4, 1, 0, 0, -1}})
        expect(
            refusal([&] { read_with(numbers); }),
            "are no numbers of stencil: those are points, steps, in place, bits of a word, how many widths "
            "of strips there are, and these widths. A trace that was written before");
    CHECK(read_with({4, 1, 0, 512, 0}) == print(again));
    again.quantize(out, Fixed(16, 8));
    check_network(again, false);
    expect(print(again), "out: out Tensor[Fixed(16, 8), (5, 32)], shape (160), align (32), pack 32");
}
