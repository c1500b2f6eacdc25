// The cycle simulator on networks of the macro `stencil`: laws of its designs, and that a wrong one is found.

#include "cycles.h"
#include "deep.h"
#include "stencils.h"

#include "lathe/ir/files.h"
#include "macro/stencil_plan.h"

#include <algorithm>
#include <set>

using namespace lathe;

namespace {

CycleProgram recorded(const Schedule& s) {
    return CycleProgram(s.module(), inputs_of(s.module()));
}

/// Each input is read once, each output written once.
void check_memory(const Schedule& s, const CycleReport& r) {
    const std::vector<Argument>& arguments = s.module().top().arguments;
    REQUIRE(r.memory.size() == arguments.size());
    for (size_t n = 0; n < arguments.size(); ++n) {
        const MemoryCycles& m = r.memory[n];
        const bool written = arguments[n].direction == Direction::out;
        CAPTURE(m.name);
        CHECK(m.reads == (written ? 0 : m.elements));
        CHECK(m.most_reads == (written ? 0 : 1));
        CHECK(m.writes == (written ? m.elements : 0));
        CHECK(m.most_writes == (written ? 1 : 0));
        const auto size = static_cast<int64_t>(element_bytes(arguments[n].tensor.type));
        CHECK(m.bytes_read + m.bytes_written == size * m.elements);
    }
}

/// A chain of stages over one input, each with the window of these offsets, all of them at least 0.
struct Chain {
    std::vector<int64_t> input;
    std::vector<std::vector<int64_t>> taps;

    Schedule make(int64_t k, int64_t stages) const {
        std::vector<Var> vars;
        std::vector<int64_t> extents = input, reach(input.size());
        for (size_t d = 0; d < input.size(); ++d)
            vars.emplace_back(std::string(1, "zyx"[3 - input.size() + d]));
        for (const auto& t : taps)
            for (size_t d = 0; d < t.size(); ++d)
                reach[d] = std::max(reach[d], t[d]);
        Input in("in", Int(16), shape(extents));
        std::vector<Func> all;
        for (int64_t n = 0; n < stages; ++n) {
            for (size_t d = 0; d < extents.size(); ++d)
                extents[d] -= reach[d];
            Func f("stage" + std::to_string(n), Int(16), shape(extents));
            Expr sum;
            for (const auto& t : taps) {
                std::vector<Expr> at;
                for (size_t d = 0; d < t.size(); ++d)
                    at.push_back(Operand(vars[d] + t[d]).expr());
                const Expr x = n == 0 ? Expr(in(at)) : Expr(all.back()(at));
                sum = sum.defined() ? sum + x : x;
            }
            std::vector<Expr> at;
            for (const Var& v : vars)
                at.push_back(Operand(v).expr());
            f(at) = sum;
            all.push_back(f);
        }
        Schedule s(all.back());
        s.stencil(all.back(), {.unroll = k});
        return s;
    }

    /// Rows are filled up to words of k elements. The storer goes over whole rows; each stage is as many
    /// words behind the one before it as its last lane's window reaches, and two hops. Where the input has
    /// words behind those that the last point needs, they are loaded and dropped.
    int64_t cycles(int64_t k, int64_t stages) const {
        const int64_t row = (input.back() + k - 1) / k;
        std::vector<int64_t> last(input.size()); // of the window
        int64_t newest = 0, last_row = 0;
        for (const auto& t : taps) {
            int64_t offset = 0;
            for (size_t d = 0; d < t.size(); ++d) {
                offset = offset * (d + 1 == t.size() ? row * k : input[d]) + t[d];
                last[d] = std::max(last[d], t[d]);
            }
            newest = std::max(newest, offset);
        }
        for (size_t d = 0; d + 1 < input.size(); ++d)
            last_row = last_row * input[d] + input[d] - stages * last[d] - 1;
        const int64_t words = (last_row + 1) * row + stages * ((newest + k - 1) / k);
        return std::max(words + 1 + 2 * stages, input_words(k) + 1);
    }

    /// Words of the input.
    int64_t input_words(int64_t k) const {
        int64_t rows = 1;
        for (size_t d = 0; d + 1 < input.size(); ++d)
            rows *= input[d];
        return rows * ((input.back() + k - 1) / k);
    }

  private:
    static Shape shape(const std::vector<int64_t>& e) { return std::vector<Extent>(e.begin(), e.end()); }
};

/// Up to two inputs and four stages in two dimensions, each of which reads the one before it and others.
struct RandomDag {
    struct Stage {
        std::set<std::tuple<size_t, int64_t, int64_t>> taps; ///< a node, rows and columns
        int64_t height, width;
    };
    size_t inputs;
    int64_t height = 0, width = 0; ///< of the inputs
    std::vector<Stage> stages;

    explicit RandomDag(std::mt19937& random) {
        const auto pick = [&](unsigned n) { return static_cast<int64_t>(random() % n); };
        inputs = static_cast<size_t>(1 + pick(2));
        height = 14 + pick(6);
        width = 14 + pick(20);
        for (int64_t n = 2 + pick(3); n > 0; --n) {
            Stage s{{}, height, width};
            const size_t nodes = inputs + stages.size();
            const auto tap = [&](size_t of) { s.taps.insert({of, pick(3), pick(3)}); };
            if (stages.empty())
                for (size_t i = 0; i < inputs; ++i)
                    tap(i);
            else
                tap(nodes - 1);
            for (int64_t more = pick(4); more > 0; --more)
                tap(static_cast<size_t>(pick(static_cast<unsigned>(nodes))));
            for (const auto& [of, dy, dx] : s.taps) {
                s.height = std::min(s.height, height_of(of) - dy);
                s.width = std::min(s.width, width_of(of) - dx);
            }
            stages.push_back(s);
        }
    }
    int64_t height_of(size_t n) const { return n < inputs ? height : stages[n - inputs].height; }
    int64_t width_of(size_t n) const { return n < inputs ? width : stages[n - inputs].width; }

    Schedule make(int64_t k) const {
        Var y("y"), x("x");
        std::vector<Input> in;
        for (size_t n = 0; n < inputs; ++n)
            in.emplace_back(n == 0 ? "a" : "b", Int(16), Shape(std::vector<Extent>{height, width}));
        std::vector<Func> all;
        for (const Stage& s : stages) {
            Func f("stage" + std::to_string(all.size()), Int(16), {s.height, s.width});
            Expr sum;
            for (const auto& [of, dy, dx] : s.taps) {
                const Expr e =
                    of < inputs ? Expr(in[of](y + dy, x + dx)) : Expr(all[of - inputs](y + dy, x + dx));
                sum = sum.defined() ? sum + e : e;
            }
            f(y, x) = sum;
            all.push_back(f);
        }
        Schedule s(all.back());
        s.stencil(all.back(), {.unroll = k});
        return s;
    }

    /// When the storer has stored its last word, as planned.
    int64_t end(int64_t k) const {
        using namespace schedule::stencil;
        int64_t rows = 0, columns = 0; // of the grid: what is read and computed
        for (const Stage& s : stages)
            for (const auto& [of, dy, dx] : s.taps) {
                rows = std::max({rows, s.height, of < inputs ? s.height + dy : 0});
                columns = std::max({columns, s.width, of < inputs ? s.width + dx : 0});
            }
        const int64_t row = (columns + k - 1) / k * k;
        std::vector<Node> nodes(inputs, Node{0, rows * row - 1, 16, {}, false});
        for (const Stage& s : stages) {
            Node n{0, (s.height - 1) * row + s.width - 1, 16, {}, &s == &stages.back()};
            for (const auto& [of, dy, dx] : s.taps)
                n.taps.push_back({of, dy * row + dx});
            nodes.push_back(n);
        }
        return plan(nodes, k).start.back() + stages.back().height * (row / k) + 1;
    }
};

const std::vector<Chain>& chains() {
    static const std::vector<Chain> all{
        {{24, 32}, {{1, 1}, {1, 0}, {1, 2}, {0, 1}, {2, 1}}},                         // Jacobi
        {{21, 30}, {{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}, {2, 0}, {2, 2}}}, // a ring
        {{18, 16}, {{0, 0}, {1, 0}, {2, 0}}},                                         // a column
        {{9, 40}, {{0, 0}, {0, 1}, {0, 3}}},                                          // a part of a row
        {{96}, {{0}, {4}, {7}}},
        {{203}, {{0}, {1}, {2}, {3}}},
        {{10, 6, 17}, {{0, 1, 1}, {1, 0, 0}, {1, 0, 2}}},
    };
    return all;
}

} // namespace

TEST_CASE("cycles of valid chains: words + 1 + 2 for each stage, exactly") {
    int whole = 0;
    for (size_t n = 0; n < chains().size(); ++n)
        for (const int64_t k : {1, 2, 4, 8})
            for (const int64_t stages : {1, 2, 3, 5, 8}) {
                const Chain& c = chains()[n];
                if (n == 6 && stages > 5) continue; // more than its extents hold
                CAPTURE(n);
                CAPTURE(k);
                CAPTURE(stages);
                const Schedule s = c.make(k, stages);
                const CycleReport r = recorded(s).run();
                check_values(s.module(), r);
                check_memory(s, r);
                CHECK(r.cycles == c.cycles(k, stages));
                CHECK(r.process("load_in").full_stalls == 0);
                whole += c.cycles(k, stages) == c.input_words(k) + 1 + 2 * stages;
            }
    CHECK(whole >= 20); // the storer's last word is the one for which the input's last one is needed
}

TEST_CASE("one less in a FIFO of a chain costs cycles, and the last depth before a deadlock is named") {
    int fifos = 0, deadlocks = 0;
    std::vector<Schedule> designs{seidel_valid(Float(32), 12, 16, 4),
                                  gaussian3_valid(Fixed(16, 8), 12, 16, 2),
                                  jacobi_steps(Float(32), 14, 21, 1, 2)};
    for (size_t n = 0; n < chains().size(); ++n)
        for (const int64_t k : {1, 2, 3, 4, 6, 8})
            designs.push_back(chains()[n].make(k, 2));
    for (const Schedule& s : designs) {
        const CycleProgram p = recorded(s);
        const CycleReport planned = p.run();
        REQUIRE(!planned.deadlock);
        for (const FifoCycles& f : planned.fifos) {
            if (f.name.find("_hold") == f.name.npos || f.depth < 3) continue;
            CAPTURE(f.name);
            ++fifos;
            CycleOptions less;
            less.depths[f.name] = f.depth - 1;
            const CycleReport one_less = p.run(less);
            CHECK((one_less.deadlock || one_less.cycles > planned.cycles));
            while (less.depths[f.name] > 0) {
                const CycleReport r = p.run(less);
                if (!r.deadlock) {
                    --less.depths[f.name];
                    continue;
                }
                ++deadlocks;
                const auto& waits = r.deadlock->waits;
                CHECK(
                    std::ranges::any_of(waits, [&](const auto& w) { return w.fifo == f.name && !w.reads; }));
                CHECK(r.deadlock->str().find("write " + f.name + ", which holds") != std::string::npos);
                break;
            }
        }
    }
    CHECK(fifos > 100);
    CHECK(deadlocks > 50);
}

TEST_CASE("a chain FIFO of one token makes the network as slow as its worst pair") {
    // What the macro plans as a register's depth, 2, lets a word through in each cycle: 1 does in every
    // second.
    for (const int64_t k : {1, 4}) {
        const CycleProgram p = recorded(chains()[5].make(k, 1));
        const CycleReport planned = p.run();
        CycleOptions one;
        for (const FifoCycles& f : planned.fifos)
            if (f.name.find("_lanes") != f.name.npos) one.depths[f.name] = 1;
        const CycleReport slow = p.run(one);
        REQUIRE(!slow.deadlock);
        const int64_t words = planned.process("load_in").iterations;
        CHECK(slow.cycles >= 2 * words);
        CHECK(slow.cycles <= 2 * planned.cycles);
        CHECK(slow.process("load_in").full_stalls >= words - 2);
    }
}

TEST_CASE("each stream has one writer and one reader, and a forwarder feeds no more than the window has") {
    for (size_t n = 0; n < chains().size(); ++n)
        for (const int64_t k : {1, 4, 8}) {
            const CycleReport r = recorded(chains()[n].make(k, 2)).run();
            std::map<std::string, size_t> feeds;
            for (const FifoCycles& f : r.fifos) {
                CHECK(r.process(f.writer).name != r.process(f.reader).name);
                if (r.process(f.reader).function.starts_with("pe_")) ++feeds[f.writer];
            }
            CHECK(!feeds.empty());
            for (const auto& [writer, count] : feeds)
                CHECK(count <= chains()[n].taps.size());
        }
}

TEST_CASE("a join waits nowhere once it has begun") {
    for (const int64_t k : {1, 2, 4}) {
        CAPTURE(k);
        Var y("y"), x("x");
        Input in("in", Int(16), {20, 24});
        Func rows("rows", Int(16), {20, 22}), blur("blur", Int(16), {18, 22}),
            out("unsharp", Int(24), {18, 22});
        rows(y, x) = in(y, x) + in(y, x + 1) * 2 + in(y, x + 2);
        blur(y, x) = rows(y, x) + rows(y + 1, x) * 2 + rows(y + 2, x);
        out(y, x) = in(y + 1, x + 1) + 3 * (in(y + 1, x + 1) - blur(y, x) / 16);
        Schedule s(out);
        s.stencil(out, {.unroll = k});
        const CycleReport r = recorded(s).run({.waves = true});
        check_values(s.module(), r);
        check_memory(s, r);
        const int64_t begin = r.process("store_unsharp").first + 1, end = r.process("load_in").last;
        CHECK(end > begin + 50);
        CHECK(r.process("load_in").full_stalls == 0);
        for (const ProcessCycles& p : r.processes) {
            CAPTURE(p.name);
            for (const ProcessCycles::Span& w : p.waves)
                CHECK((w.state == ProcessState::busy || w.end <= begin || w.begin > end));
        }
        CHECK(r.process("store_unsharp").busy ==
              r.process("store_unsharp").last - r.process("store_unsharp").first + 1);
    }
}

TEST_CASE("joins of random stages: the last word is stored when it is planned, not later") {
    std::mt19937 random(3);
    for (int n = 0; n < count(60, 1000); ++n) {
        const RandomDag dag(random);
        const int64_t lanes[] = {1, 2, 3, 4, 8}, k = lanes[random() % 5];
        CAPTURE(n);
        CAPTURE(k);
        const Schedule s = dag.make(k);
        const CycleReport r = recorded(s).run();
        check_values(s.module(), r);
        for (const ProcessCycles& p : r.processes)
            if (p.function.starts_with("store")) {
                CHECK(p.last + 1 == dag.end(k));
            }
    }
}

TEST_CASE("random stencils: no deadlock, and storers that have begun wait no more than two cycles a stage") {
    std::mt19937 random(11);
    for (int n = 0; n < count(60, 1000); ++n) {
        CAPTURE(n);
        const Schedule s = random_stencil_network(random);
        const CycleReport r = recorded(s).run({.waves = true});
        check_values(s.module(), r);
        int64_t begun = 0, loaded = 0, waits = 0;
        for (const ProcessCycles& p : r.processes) {
            if (p.name == r.processes[0].name) continue;
            begun = std::max(begun, p.first);
            if (p.function.starts_with("load")) loaded = std::max(loaded, p.last);
        }
        // Words without gaps are fewer than those of rows that are filled up: who makes them takes the lanes.
        const auto takes_lanes = [&](const ProcessCycles& p) {
            if (p.function.ends_with("_out_of_rows")) return true;
            return p.function.starts_with("store_") &&
                   std::ranges::none_of(r.processes, [&](const ProcessCycles& other) {
                       return other.function == p.function.substr(6) + "_out_of_rows";
                   });
        };
        for (const ProcessCycles& p : r.processes) {
            if (!takes_lanes(p)) continue;
            // Lanes that run ahead of others wait for them once.
            int64_t idle = 0;
            for (const ProcessCycles::Span& w : p.waves)
                if (w.state != ProcessState::busy)
                    idle += std::max<int64_t>(0, w.end - std::max(w.begin, begun));
            CHECK(idle <= 8);
        }
        for (const FifoCycles& f : r.fifos)
            waits += f.depth;
        CHECK(r.cycles - r.processes[0].busy <= loaded + waits + 16);
        if (r.processes[0].busy > 0) continue; // stages beside the network read, too
        for (const MemoryCycles& m : r.memory) {
            CAPTURE(m.name);
            const bool strips = s.steps().back().numbers.size() > 4; // they read again where they meet
            CHECK((strips || m.most_reads <= 1));
            CHECK(m.most_writes <= 1);
        }
    }
}

TEST_CASE("a picture of a small run") {
    const Schedule s = seidel_valid(Float(32), 8, 12, 2);
    const CycleReport r = recorded(s).run({.waves = true});
    check_values(s.module(), r);
    const std::string svg = waves_svg(r);
    // Well-formed: each element is closed in order, and text holds no bare signs.
    std::vector<std::string> open;
    size_t at = 0, elements = 0;
    while ((at = svg.find('<', at)) != svg.npos) {
        const size_t end = svg.find('>', at);
        REQUIRE(end != svg.npos);
        const std::string tag = svg.substr(at + 1, end - at - 1);
        CHECK(tag.find('<') == tag.npos);
        CHECK(std::ranges::count(tag, '"') % 2 == 0);
        if (tag[0] == '/') {
            REQUIRE(!open.empty());
            CHECK(tag.substr(1) == open.back());
            open.pop_back();
        } else if (tag.back() != '/') {
            open.push_back(tag.substr(0, tag.find(' ')));
        }
        ++elements;
        at = end;
    }
    CHECK(open.empty());
    CHECK(elements > 100);
    for (size_t n = 1; n < r.processes.size(); ++n)
        CHECK(svg.find(">" + r.processes[n].name + "<") != svg.npos);
    for (const FifoCycles& f : r.fifos)
        CHECK(svg.find(fmt::format(">{} of {}<", f.name, f.depth)) != svg.npos);
    // Each process's spans cover it without a gap, and add up to its counters.
    for (const ProcessCycles& p : r.processes) {
        int64_t sums[3] = {};
        for (size_t n = 0; n < p.waves.size(); ++n) {
            sums[static_cast<size_t>(p.waves[n].state)] += p.waves[n].end - p.waves[n].begin;
            if (n > 0) CHECK(p.waves[n].begin == p.waves[n - 1].end);
        }
        CHECK(sums[0] == p.busy);
        CHECK(sums[1] == p.empty_stalls);
        CHECK(sums[2] == p.full_stalls);
    }
    if (const char* file = std::getenv("LATHE_WAVES")) write_file(file, svg); // docs/stencil_waves.svg
}
