// Boards, their files, and what operators cost.

#include "programs.h"

#include "lathe/lathe.h"
#include "project_folder.h"
#include "refusal.h"

#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

using namespace lathe;
using namespace lathe::ir;

namespace {

/// A board's file that is right, to be changed.
nlohmann::json board_file() {
    return nlohmann::json::parse(R"({
        "name": "mine", "title": "A board of my own", "part": "xcku5p-ffvb676-2-e", "clock_mhz": 200,
        "resources": {"dsp": 1824, "bram18": 960, "uram": 64, "lut": 216960, "ff": 433920},
        "shares": {"dsp": 0.5, "bram18": 0.5, "uram": 1, "lut": 0.5, "ff": 0.5},
        "memories": [{"kind": "DDR4", "banks": 1, "port_bits": 512, "bytes_per_second": 19.2e9, "bytes": 4294967296}],
        "burst": {"most_beats": 64, "boundary": 4096, "least_beats": 16, "gap_cycles": 0},
        "sources": {"part": "a", "clock_mhz": "b", "resources": "c", "shares": "d", "memories": "e", "burst": "f"}
    })");
}

std::string file_error(const std::function<void(nlohmann::json&)>& change) {
    nlohmann::json j = board_file();
    change(j);
    return refusal([&] { Arch::parse(j.dump(), "mine.json"); });
}

void expect(const std::string& got, const std::string& text) {
    INFO(got);
    CHECK(got.find(text) != std::string::npos);
}

CircuitCost cost(const Expr& e) {
    return OperatorTable().cost(e);
}

Expr number(Type t, const std::string& name = "v") {
    return Variable::make(Symbol(name), t);
}

} // namespace

TEST_CASE("boards that Lathe knows") {
    CHECK(Arch::boards() == std::vector<std::string>{"u250", "u280", "vu9p", "zynq7020"});
    for (const std::string& name : Arch::boards()) {
        CAPTURE(name);
        const Arch a(name);
        CHECK(a.name == name);
        CHECK(a.sources.size() == 6);
        expect(a.text(), a.part);
        expect(a.text(), a.sources.at("memories"));
    }
    const Arch f1("vu9p");
    CHECK(f1.resources == ArchResources{6840, 4320, 960, 1182240, 2364480});
    CHECK(f1.limits().dsp == 4788);
    CHECK(f1.memories.at(0).banks == 4);
    CHECK(f1.memories[0].rate(250) == 16e9);
    CHECK(f1.memories[0].rate(300) == 17.064e9);
    CHECK(Arch("u280").part == VitisOptions().part);
    CHECK(Arch("zynq7020").resources.uram == 0);
    expect(
        refusal([] { Arch("u28"); }),
        "there is no board \"u28\": there are u250, u280, vu9p, zynq7020, and files of boards, whose names "
        "end in .json");
}

TEST_CASE("a board's file") {
    const Folder folder;
    const std::string path = (folder.path / "mine.json").string();
    std::ofstream(path) << board_file().dump();
    const Arch mine(path);
    CHECK(mine.name == "mine");
    CHECK(mine.limits() == ArchResources{912, 480, 64, 108480, 216960});
    expect(refusal([] { Arch("nowhere/mine.json"); }), "cannot read the board's file \"nowhere/mine.json\"");
    std::ofstream(path) << "{\n\"name\": mine\n}";
    expect(refusal([&] { Arch again(path); }), "mine.json\" is no JSON: an error in line 2");

    // Costs of its own; the others stay.
    nlohmann::json j = board_file();
    j["operators"]["float"]["+"] = {
        {{"wide", 32}, {"dsp", 0}, {"cycles", 9}, {"lut", 500}, {"ff", 600}, {"source", "my core"}}};
    const Arch other = Arch::parse(j.dump(), "mine.json");
    const Expr sum = number(Float(32)) + number(Float(32)), product = number(Float(32)) * number(Float(32));
    CHECK(other.operators.cost(sum).dsp == 0);
    CHECK(other.operators.cost(sum).cycles == 9);
    CHECK(other.operators.cost(sum).source == "my core");
    CHECK(other.operators.cost(product).dsp == 3);
    CHECK(mine.operators.cost(sum).dsp == 2);
}

TEST_CASE("files of boards that are wrong say where") {
    CHECK(file_error([](auto&) {}) == "not refused");
    expect(file_error([](auto& j) { j.erase("part"); }), "mine.json: part is missing");
    expect(file_error([](auto& j) { j["resources"].erase("dsp"); }), "mine.json: resources.dsp is missing");
    expect(file_error([](auto& j) { j["resources"]["lut"] = 0; }),
           "resources.lut is 0, and must be a whole number of at least 1");
    expect(file_error([](auto& j) { j["resources"]["lut"] = 1.5; }), "resources.lut is 1.5");
    expect(file_error([](auto& j) { j["resources"]["bram36"] = 4; }),
           "resources has an entry \"bram36\", which is none of dsp, bram18, uram, lut, ff");
    expect(file_error([](auto& j) { j["resources"] = 3; }), "resources is no object in braces");
    expect(file_error([](auto& j) { j["clock_mhz"] = "fast"; }),
           "clock_mhz is \"fast\", and must be a number of at least 1");
    expect(file_error([](auto& j) { j["shares"]["dsp"] = 70; }),
           "shares.dsp is 70, and a share is at most 1");
    expect(file_error([](auto& j) { j["memories"] = nlohmann::json::array(); }),
           "memories is no list in brackets that has entries");
    expect(file_error([](auto& j) { j["memories"][0]["bytes_per_second"] = 0; }),
           "memories[0].bytes_per_second is 0, and must be a number above 0");
    expect(file_error([](auto& j) { j["memories"][0]["port_bits"] = 100; }),
           "memories[0].port_bits is 100, and must be a power of two");
    expect(file_error([](auto& j) { j["part"] = "x; exit"; }),
           "part is \"x; exit\", and a part is letters, digits, -, _ and .");
    expect(file_error([](auto& j) { j["name"] = ""; }), "name is no text in quotes");
    expect(file_error([](auto& j) { j["sources"].erase("burst"); }), "sources.burst is missing");
    expect(file_error([](auto& j) { j["operators"]["float"]["plus"] = 1; }),
           "operators: float has an entry \"plus\", which is none of *, +, /, compare");
    expect(file_error([](auto& j) { j["operators"]["float"]["+"] = {{{"wide", 32}}}; }),
           "operators: float.+[0].cycles is missing");
    expect(file_error([](auto& j) { j["operators"]["exact"]["+"]["cycles"] = -1; }),
           "exact.+.cycles is -1, and must be a number of at least 0");
}

TEST_CASE("a board gives a project its part and its clock") {
    const Folder folder;
    Var x("x");
    Input in("in", Int(8), {8});
    Func out("out", Int(8), {8});
    out(x) = in(x);
    export_vitis(Schedule(out), folder.path / "p", Arch("zynq7020"));
    expect(read_file(folder.path / "p" / "run_hls.tcl"),
           "set_part xc7z020clg400-1\ncreate_clock -period 10\n");
    expect(read_file(folder.path / "p" / "hls_config.cfg"), "part=xc7z020clg400-1\n");
    const VitisOptions o = for_board(Arch("u250"), {.top = "copy"});
    CHECK(o.part == "xcu250-figd2104-2L-e");
    CHECK(o.clock_ns == doctest::Approx(3.334));
    CHECK(o.top == "copy");
}

TEST_CASE("costs of operators") {
    const Expr f = number(Float(32)), g = number(Float(32)), d = number(Float(64)), h = number(Fixed(16, 8)),
               b = number(Int(8)), w = number(Int(27)), i = number(Int(32)), z = number(Int(64));
    const auto has = [](const CircuitCost& c, double dsp, double cycles) {
        INFO(c.source);
        CHECK(c.dsp == dsp);
        CHECK(c.cycles == doctest::Approx(cycles));
        CHECK(c.source.empty() == (dsp == 0 && cycles == 0 && c.lut == 0));
    };
    has(cost(f + g), 2, 7);
    has(cost(f * g), 3, 4);
    has(cost(f / g), 0, 16);
    has(cost(d * d), 11, 6);
    has(cost(f < g), 0, 2);
    has(cost(b * b), 0.5, 1);
    has(cost(h * h), 1, 2);
    has(cost(w * h), 1, 2); // 27 × 18
    has(cost(i * i), 3, 3);
    has(cost(z * z), 12, 4); // 3 × 4 tiles of 27 × 18
    CHECK(cost(h + h).lut == 17);
    CHECK(cost(h + h).dsp == 0);
    // Constants: a power of two shifts, a few of them are added, others are multiplied.
    has(cost(h * Constant::make(Value::literal(8))), 0, 0);
    CHECK(cost(h * Constant::make(Value::literal(3))).dsp == 0);
    CHECK(cost(h * Constant::make(Value::literal(3))).lut > 0);
    has(cost(h * Constant::make(Value::literal(51))), 1, 2);
    has(cost(z * Constant::make(Value::literal(51))), 3, 4); // 64 bits and 7
    CHECK(cost(i / Constant::make(Value::literal(8))).cycles < 1);
    has(cost(i / Constant::make(Value::literal(5))), 0, 36);
    CHECK(cost(i / i).lut == 1.5 * 33 * 33);
    // Conversions.
    has(cost(Cast::make(Float(32), i)), 0, 4);
    has(cost(Cast::make(Fixed(16, 8), number(Fixed(20, 8)))), 0, 0);
    CHECK(cost(Cast::make(Fixed(16, 8, Round::rnd), number(Fixed(20, 10)))).lut == 16);
    CHECK(cost(Cast::make(Fixed(16, 8, Round::trn, Overflow::sat), number(Fixed(20, 8)))).lut == 16);
    has(cost(Cast::make(Fixed(20, 8, Round::rnd, Overflow::sat), number(Fixed(16, 8)))), 0, 0);
    // A DSP48E1 multiplies 25 × 18.
    CHECK(Arch("zynq7020").operators.cost(w * h).dsp == 2);
    CHECK(Arch("zynq7020").operators.cost(number(Int(25)) * h).dsp == 1);
}

TEST_CASE("blocks of RAM: the fewest that there are") {
    CHECK(bram18_blocks(0, 10) == 0);
    CHECK(bram18_blocks(36, 512) == 1);
    CHECK(bram18_blocks(36, 513) == 2);
    CHECK(bram18_blocks(18, 1024) == 1);
    CHECK(bram18_blocks(1, 16384) == 1);
    CHECK(bram18_blocks(32, 4096) == 8);
    CHECK(bram18_blocks(512, 240) == 15);
    CHECK(bram18_blocks(20, 2048) == 3); // 9 + 9 + 2: 4K × 4 holds the rest
    CHECK(uram_blocks(72, 4096) == 1);
    CHECK(uram_blocks(73, 4097) == 4);
    // Against all numbers of columns of each shape.
    constexpr std::pair<int64_t, int64_t> shapes[] = {{36, 512}, {18, 1024}, {9, 2048},
                                                      {4, 4096}, {2, 8192},  {1, 16384}};
    std::function<int64_t(size_t, int64_t, int64_t)> least = [&](size_t from, int64_t bits, int64_t words) {
        if (bits <= 0) return int64_t(0);
        if (from == std::size(shapes)) return int64_t(1) << 40;
        const auto [wide, deep] = shapes[from];
        const int64_t column = (words + deep - 1) / deep;
        int64_t best = int64_t(1) << 40;
        for (int64_t n = 0; (n - 1) * wide < bits; ++n)
            best = std::min(best, n * column + least(from + 1, bits - n * wide, words));
        return best;
    };
    int64_t checked = 0;
    for (int64_t bits = 1; bits <= 40; ++bits)
        for (const int64_t words :
             {1, 500, 512, 513, 1024, 1025, 2048, 3000, 4096, 5000, 9000, 16384, 20000}) {
            CAPTURE(bits);
            CAPTURE(words);
            CHECK(bram18_blocks(bits, words) == least(0, bits, words));
            ++checked;
        }
    CHECK(checked == 520);
}
