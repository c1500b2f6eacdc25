// Searches over a macro's designs: the front, the store, what is left out, and the command line.

#include "command_line.h"
#include "folders.h"
#include "macro_search.h"
#include "said.h"
#include "tool/table.h"

#include <algorithm>
#include <csignal>
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <random>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace lathe;
using namespace lathe::exploring;
using exploring::Store;
namespace fs = std::filesystem;

namespace {

/// A model of our own: k lanes and T steps cost k · T; memory gives 16 points in a cycle, in words 32.
Estimates modelled(const StencilOptions& o, int64_t bits, double room) {
    if (o.unroll % 3 == 0) ir::fail({}, "{} points do not fit to words", o.unroll);
    if (!o.tile.empty() && o.iterate * 4 >= o.tile.back())
        ir::fail({}, "a strip of {} is narrower than what {} steps read", o.tile.back(), o.iterate);
    const double halo =
        o.tile.empty() ? 1 : 1 - static_cast<double>(o.iterate) * 4 / static_cast<double>(o.tile.back());
    const auto k = static_cast<double>(o.unroll), t = static_cast<double>(o.iterate);
    const double words = (o.word > 0 ? 1024.0 : 512.0) / static_cast<double>(bits),
                 points = std::min(k, words) * halo * 0.25;
    const double dsp = k * t * static_cast<double>(bits) / 8;
    const int64_t rows = o.tile.empty() ? 640 : o.tile.back();
    return {{"cycles", int64_t(1000)},
            {"seconds", 1e-3},
            {"gpoints", points},
            {"gops", points * t * 5},
            {"gops_taps_as_adds", points * t * 6},
            {"dsp", dsp},
            {"bram18", rows * o.iterate / 16},
            {"uram", int64_t(0)},
            {"lut", 100 * o.unroll * o.iterate + o.word},
            {"ff", int64_t(7)},
            {"bytes_per_point", static_cast<double>(bits) / 4 / t},
            {"bandwidth", 16.0},
            {"bandwidth_roof", 32.0},
            {"fifo_bits", rows * bits * o.iterate},
            {"processes", 10 * o.unroll},
            {"clock_mhz", 250.0},
            {"binding", std::string(k >= words ? "bandwidth" : "lanes")},
            {"fits", dsp <= room}};
}

int64_t out_bits(const Schedule& s) {
    return s.reference().top().arguments.back().tensor.type.width();
}

MacroModel model(double room = 1000) {
    return {[room](const Schedule& s, const StageRef&) {
                return
                    [room, bits = out_bits(s)](const StencilOptions& o) { return modelled(o, bits, room); };
            },
            512,
            fmt::format("a board of {} DSP", room),
            {"--clock", "4"}};
}

MacroModel made(const std::string& arch, const std::vector<std::string>& limits, int64_t) {
    if (arch != "toy") ir::fail({}, "there is no board {}: there is toy", arch);
    return model(limits.empty() ? 1000 : std::stod(limits[0].substr(4)));
}

Schedule means(int height = 480, int width = 640) {
    Schedule s = means_generator().make(GeneratorArguments({}, Target::host()));
    bind_sizes(s, {fmt::format("H={}", height), fmt::format("W={}", width)});
    return s;
}

MacroSpace space() {
    const Pipeline p = pipeline_of(means());
    return {p.out,
            {},
            {{{},
              p.schedule,
              {{1, 0},
               {2, 0},
               {3, 0},
               {4, 0},
               {6, 0},
               {8, 0},
               {12, 0},
               {16, 0},
               {16, 512},
               {32, 0},
               {32, 512},
               {64, 512}}}},
            {{}, {64}, {128}},
            {1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32}};
}

std::vector<std::string> texts(const std::vector<Row>& rows) {
    std::vector<std::string> all;
    for (const Row& row : rows) {
        all.emplace_back();
        for (const Cell& c : row.choices)
            all.back() += shown(c) + " ";
        for (const Cell& c : row.measures)
            all.back() += shown(c) + " ";
    }
    return all;
}

/// Shifts are for integers.
Generator halves() {
    return {"halves", "", {}, [](const GeneratorArguments&) {
                const Input in("in", Int(16), {1024});
                const Var x("x");
                Func out("out", Int(16), {1024});
                out(x) = in(x) >> 1;
                return Schedule(out);
            }};
}

Said explore(std::vector<std::string> arguments, const MakeMacroModel& make = made) {
    arguments.insert(arguments.begin(), "explore");
    return said(arguments, [&](int argc, const char* const* argv) {
        return explore_macro_main(argc, argv, {throwing_generator(), means_generator(), halves()}, make);
    });
}

const std::vector<std::string> on_toy = {"means",  "--macro",     "stencil", "--arch", "toy",
                                         "--bind", "H=480,W=640", "--word",  "0"};

std::vector<std::string> with(const std::vector<std::string>& more) {
    std::vector<std::string> all = on_toy;
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

} // namespace

TEST_CASE("explore: a front holds the rows that no other beats") {
    const Schema schema{"design",
                        {"n"},
                        {{"speed", Kind::real, Goal::more},
                         {"area", Kind::whole, Goal::less},
                         {"name", Kind::text},
                         {"bytes", Kind::real, Goal::less}}};
    for (unsigned seed = 0; seed < 200; ++seed) {
        std::mt19937 random(seed);
        std::vector<Row> rows;
        for (int64_t n = 0; n < 60; ++n)
            rows.push_back({{n},
                            {static_cast<double>(random() % 9), static_cast<int64_t>(random() % 9),
                             std::string("x"), static_cast<double>(random() % 4)}});
        std::vector<size_t> expected;
        for (size_t a = 0; a < rows.size(); ++a) {
            const auto beaten = [&](const Row& o) {
                const Row& r = rows[a];
                const double faster = number(o.measures[0]) - number(r.measures[0]),
                             smaller = number(r.measures[1]) - number(o.measures[1]),
                             fewer = number(r.measures[3]) - number(o.measures[3]);
                return faster >= 0 && smaller >= 0 && fewer >= 0 && faster + smaller + fewer > 0;
            };
            if (std::ranges::none_of(rows, beaten)) expected.push_back(a);
        }
        CHECK(front(schema, rows) == expected);
    }
}

TEST_CASE("explore: a store gives back what it got, and refuses another search") {
    const TemporaryFolder folder;
    const std::string path = (folder.path / "store").string();
    const Schema schema{"design",
                        {"a", "b"},
                        {{"whole", Kind::whole},
                         {"real", Kind::real, Goal::none, "stored_so"},
                         {"flag", Kind::flag},
                         {"text", Kind::text}}};
    const Row full{{int64_t(3), std::string("x")}, {int64_t(1) << 60, 0.1, true, std::string("it's \"it\"")}};
    const Row empty{{int64_t(4), std::string("x")}, {{}, {}, {}, {}}};
    for (const double interval : {0.0, 1000.0}) {
        fs::remove(path);
        {
            Store store(path, "one", schema, interval);
            store.add(full);
            store.add(empty);
        }
        Store store(path, "one", schema);
        CHECK(store.found_before() == 2);
        CHECK(store.find(full.choices)->measures == full.measures);
        CHECK(store.find(empty.choices)->measures == empty.measures);
        CHECK(!store.find({int64_t(5), std::string("x")}));
    }
    CHECK_THROWS_WITH_AS(Store(path, "two", schema),
                         doctest::Contains("holds the results of another search: one. This one is two"),
                         Error);
    CHECK(
        csv(schema, {full, empty}) ==
        "a,b,whole,real,flag,text\n3,\"x\",1152921504606846976,0.1,true,\"it's \"\"it\"\"\"\n4,\"x\",,,,\n");
    CHECK(json(schema, {empty}).dump() ==
          R"([{"design":{"a":4,"b":"x"},"whole":null,"real":null,"flag":null,"text":null}])");
}

TEST_CASE("explore: what is left out would not change the front") {
    const MacroSpace whole = space();
    MacroModel m = model();
    Store none("", "", macro_schema({}));
    const MacroResults found = search_macro(whole, m.estimate, none, true);
    CHECK(found.rows.size() + found.left_out == whole.size());
    CHECK(found.left_out > 50);
    CHECK(found.too_large > 5);
    REQUIRE(found.refused.size() == 2);
    CHECK(found.refused[0].first == "3 points do not fit to words");
    CHECK(found.refused[0].second == 9); // 3, 6, 12 in each of three widths
    CHECK(found.refused[1].first == "a strip of 64 is narrower than what 16 steps read");

    std::vector<Row> every; // by the definition, without any search
    const Schema schema = macro_schema({});
    const EstimateDesign estimate = m.estimate(whole.typed[0].schedule, {whole.out, {}});
    for (const auto& tile : whole.tiles)
        for (const auto& [k, word] : whole.typed[0].widths)
            for (const int64_t t : whole.iterate) {
                Row row{{k, t, tile_text(tile), word}, {}};
                try {
                    const Estimates e = estimate({.unroll = k, .iterate = t, .tile = tile, .word = word});
                    for (const Measure& measure : schema.measures)
                        row.measures.push_back(measure.name == "refused" ? Cell() : e.at(measure.name));
                    if (e.at("fits") == Cell(true)) every.push_back(row);
                } catch (const Error&) {
                }
            }
    std::vector<Row> best;
    for (const size_t n : front(schema, every))
        best.push_back(every[n]);
    std::vector<std::string> expected = texts(best), got = texts(found.front);
    std::ranges::sort(expected);
    std::ranges::sort(got);
    CHECK(got == expected);
    CHECK(got.size() > 10);
}

TEST_CASE("explore: a search that is killed goes on to the same front") {
    const MacroSpace whole = space();
    const auto run = [&](const std::string& path, int microseconds, int& estimates) {
        const MacroModel m = model();
        Store store(path, "killed", macro_schema({}), 0.02);
        return search_macro(
            whole,
            [&](const Schedule& s, const StageRef& out) {
                return [&, of = m.estimate(s, out)](const StencilOptions& o) {
                    ++estimates;
                    std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
                    return of(o);
                };
            },
            store, true);
    };
    int all = 0;
    const MacroResults expected = run("", 0, all);
    const TemporaryFolder folder;
    int shorter = 0;
    for (const int milliseconds :
         {30, 90, 150, 210, 300, 400, 500, 600}) { // later where others take the time
        if (milliseconds > 210 && shorter >= 2) break;
        const std::string path = (folder.path / std::to_string(milliseconds)).string();
        const pid_t child = fork();
        if (child == 0) {
            int unused = 0;
            run(path, 6000, unused);
            _exit(0);
        }
        for (int n = 0; n < 1000 && !fs::exists(path); ++n)
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
        kill(child, SIGKILL);
        int status = 0;
        waitpid(child, &status, 0);
        CHECK(WIFSIGNALED(status));
        int left = 0;
        const MacroResults again = run(path, 0, left);
        CHECK(texts(again.front) == texts(expected.front));
        CHECK(texts(again.rows) == texts(expected.rows));
        CHECK(again.refused == expected.refused);
        shorter += left < all;
        int nothing = 0;
        run(path, 0, nothing);
        CHECK(nothing == 0);
    }
    CHECK(shorter >= 2);
}

TEST_CASE("explore: a program that is killed goes on to the same front") {
    const TemporaryFolder folder;
    const auto command = [&](const std::string& store) {
        return fmt::format(
            "'{}' explore plate --macro stencil --arch vu9p --bind H=480,W=640 --unroll 1,4,16 "
            "--tile whole,256 --types 'Float(32)|Fixed(16, 8)|Fixed(18, 8)' --show 1000 --quiet "
            "--store '{}'",
            LATHE_TEST_TOOL, store);
    };
    const auto run = [&](const std::string& store) {
        const std::string out = (folder.path / "out").string();
        CHECK(std::system((command(store) + " > '" + out + "'").c_str()) == 0);
        return contents(out);
    };
    const std::string whole = run((folder.path / "whole").string());
    CHECK(whole.find("GOP/s") != std::string::npos);
    int went_on = 0;
    // Later where none of these has found anything yet: a slow machine, or a build that checks itself.
    for (int milliseconds = 50; milliseconds <= 600 || (went_on == 0 && milliseconds < 20000);
         milliseconds *= 2) {
        const std::string store = (folder.path / std::to_string(milliseconds)).string();
        const pid_t child = fork();
        if (child == 0) {
            execl("/bin/sh", "sh", "-c", ("exec " + command(store) + " > /dev/null 2>&1").c_str(),
                  static_cast<char*>(nullptr));
            _exit(127);
        }
        for (int n = 0; n < 1000 && !fs::exists(store); ++n)
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
        std::string again = run(store);
        if (again.find("are known from before\n") != std::string::npos) {
            ++went_on;
            again.erase(0, again.find('\n') + 1);
        }
        CHECK(again == whole);
    }
    CHECK(went_on >= 1);
}

TEST_CASE("explore: the library's model on a board") {
    const TemporaryFolder folder;
    const auto file = [&](const char* name) { return (folder.path / name).string(); };
    const auto run = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"explore", "means", "--macro", "stencil", "--arch", "vu9p", "--bind",
                                   "H=120,W=160", "--iterate", "1", "--tile", "whole", "--quiet"});
        return said(more, [](int argc, const char* const* argv) {
            return generator_main(argc, argv, {means_generator()});
        });
    };
    const Said s = run({"--json", file("json")});
    REQUIRE_MESSAGE(s.status == 0, s.error);
    const auto j = nlohmann::json::parse(contents(file("json")));
    const Pipeline p = pipeline_of(means(120, 160));
    int compared = 0;
    for (const auto& row : j["all"]) {
        if (!row["refused"].is_null()) continue;
        const StencilOptions options{.unroll = row["design"]["unroll"], .word = row["design"]["word"]};
        const StencilEstimate e = estimate_stencil(p.schedule, p.stage(), options, Arch("vu9p"));
        CHECK(row["gops"] == e.gops);
        CHECK(row["cycles"] == e.cycles);
        CHECK(row["dsp"] == e.dsp);
        CHECK(row["lut"] == e.lut);
        CHECK(row["binding"] == e.binding);
        CHECK(row["fits"] == e.fits);
        ++compared;
    }
    CHECK(compared == 24);
    CHECK(j["all"].back()["binding"] == "bandwidth");
    CHECK(j["front"].back()["binding"] == "lanes");

    const Said small = run({"--limit", "dsp=0.01", "--json", file("small")});
    REQUIRE_MESSAGE(small.status == 0, small.error);
    const auto k = nlohmann::json::parse(contents(file("small")));
    CHECK(k["too_large"] > 0);
    for (const auto& row : k["front"])
        CHECK(row["dsp"] <= 68);
    // Two banks for an array: told, or asked for by words, of which each port passes one.
    const auto best = [&](std::vector<std::string> more) {
        more.insert(more.end(), {"--json", file("best")});
        const Said r = run(more);
        REQUIRE_MESSAGE(r.status == 0, r.error);
        return nlohmann::json::parse(contents(file("best")))["front"].back();
    };
    const double one = best({"--word", "0"})["gops"];
    CHECK(best({"--word", "0", "--banks", "2"})["gops"] > one * 1.5);
    CHECK(j["front"].back()["gops"] > one * 1.5);
    CHECK(j["front"].back()["design"]["unroll"] == 32);
    CHECK(j["front"].back()["design"]["word"] == 512);
    CHECK(best({"--word", "128,256", "--unroll", "8"})["design"]["word"] == 256);

    std::vector<std::string> words; // the command that was printed makes what it says
    std::istringstream line(lines_of(s.out).back());
    for (std::string word; line >> word;)
        words.push_back(word);
    REQUIRE(words.front() == "tool");
    words.erase(words.begin());
    words.insert(words.end(), {"-o", file("made")});
    const Said made = said(words, [](int argc, const char* const* argv) {
        return generator_main(argc, argv, {means_generator()});
    });
    CHECK_MESSAGE(made.status == 0, made.error);
    CHECK(contents(folder.path / "made/means_vitis/means.cpp").find("#pragma HLS dataflow") !=
          std::string::npos);
    bool part = false;
    for (const auto& [name, text] : snapshot(folder.path / "made"))
        part |= text.find(Arch("vu9p").part) != std::string::npos;
    CHECK(part);

    const auto refused = [&](const std::vector<std::string>& more, const std::string& message) {
        const Said r = run(more);
        CHECK(r.status == 1);
        CHECK_MESSAGE(r.error.find(message) != std::string::npos, r.error);
    };
    for (const char* limit : {"dsp", "dsp=", "dsp=x", "dsp=1.5", "dsp=-1", "ram=0.5", "=0.5", "dsp=nan"})
        refused({"--limit", limit},
                fmt::format("--limit is \"{}\": write a share from 0 to 1 of dsp", limit));
    refused({"--limit", "lut=0"}, "there is no stencil of means that fits vu9p");
}

TEST_CASE("explore: steps in time and strips on a board") {
    const TemporaryFolder folder;
    const auto file = [&](const char* name) { return (folder.path / name).string(); };
    const auto tool = [](const std::vector<std::string>& words) {
        return said(words, [](int argc, const char* const* argv) {
            return generator_main(argc, argv, {plate_generator()});
        });
    };
    const Said s =
        tool({"explore", "plate", "--macro", "stencil", "--arch", "vu9p", "--bind", "H=480,W=640", "--tile",
              "whole", "--unroll", "16", "--word", "0", "--quiet", "--json", file("json")});
    REQUIRE_MESSAGE(s.status == 0, s.error);
    CHECK(s.out.find("--unroll 16 --iterate 27 --tile whole") != std::string::npos);
    const auto j = nlohmann::json::parse(contents(file("json")));
    REQUIRE(j["all"].size() == 28); // one more than fits
    CHECK(j["all"].back()["fits"] == false);
    CHECK(j["all"].back()["binding"] == "DSP");
    CHECK(j["left_out"] == 36);
    CHECK(j["front"].back()["dsp"] == 27 * 16 * 11);
    CHECK(j["front"].back()["gops"] > 27 * j["front"][0]["gops"].get<double>() * 0.9);

    const Said strips = tool({"explore", "plate", "--macro", "stencil", "--arch", "vu9p", "--bind",
                              "H=24,W=80", "--iterate", "3", "--tile", "32", "--unroll", "4", "--quiet"});
    // Rows of 80 are whole words of 512 bits.
    REQUIRE_MESSAGE(strips.status == 0, strips.error);
    std::vector<std::string> words;
    std::istringstream line(lines_of(strips.out).back());
    for (std::string word; line >> word;)
        words.push_back(word);
    words.erase(words.begin());
    words.insert(words.end(), {"-o", file("made")});
    const Said made = tool(words);
    CHECK_MESSAGE(made.status == 0, made.error);
    CHECK(contents(folder.path / "made/plate_vitis/plate.cpp").find("#pragma HLS dataflow") !=
          std::string::npos);
}

TEST_CASE("explore: points in a cycle that fit to words of memory") {
    CHECK(fitting_unrolls({32}, 512, 1024) ==
          std::vector<int64_t>{1, 2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128});
    CHECK(fitting_unrolls({32}, 512, 20) == std::vector<int64_t>{1, 2, 4, 8, 16});
    CHECK(fitting_unrolls({18}, 512, 40) == std::vector<int64_t>{1, 2, 4, 8, 16, 32});
    CHECK(fitting_unrolls({8, 64}, 512, 70) == std::vector<int64_t>{1, 2, 4, 8, 16, 24, 32, 40, 48, 56, 64});
    CHECK(fitting_unrolls({32}, 384, 12) == std::vector<int64_t>{1, 2, 3, 4, 6, 12});
}

TEST_CASE("explore: lanes that share words out") {
    for (const int64_t k : {1, 2, 4, 8, 16, 32, 48})
        CHECK(shares_words(k, 512, {32}));
    for (const int64_t k : {3, 12, 24, 40})
        CHECK(!shares_words(k, 512, {32}));
    CHECK(shares_words(64, 512, {8, 16}));
    CHECK(!shares_words(3, 512, {8}));
    CHECK(!shares_words(48, 512, {8, 32}));
    CHECK(shares_words(4, 512, {100})); // in 128 bits
    CHECK(!shares_words(2, 512, {150}));
    CHECK(shares_words(1, 64, {64}));
    CHECK(!shares_words(2, 64, {64}));
    CHECK(!shares_words(1, 32, {64}));
}

TEST_CASE("explore: the command line gives the front, its files and the command for the best design") {
    const TemporaryFolder folder;
    const auto file = [&](const char* name) { return (folder.path / name).string(); };
    const Said s =
        explore(with({"--types", "Float(32)|Fixed(16, 8)", "--csv", file("csv"), "--json", file("json"),
                      "--plot", file("svg"), "--over", "bram18", "--roofline", file("roofs"), "--quiet"}));
    CHECK_MESSAGE(s.status == 0, s.error);
    const std::vector<std::string> lines = lines_of(s.out);
    CHECK(lines.back() == "tool means --bind H=480,W=640 --macro stencil --unroll 16 --iterate 31 --tile "
                          "whole --word 0 --types "
                          "'Fixed(16, 8)' -e vitis --clock 4");
    CHECK(s.out.find(" refused: a strip of 64 is narrower than what 16 steps read\n") != std::string::npos);
    CHECK(s.out.find(" slower designs are on the front, too") != std::string::npos);
    CHECK(lines[lines.size() - 2].find("GOP/s") != std::string::npos);
    const auto j = nlohmann::json::parse(contents(file("json")));
    CHECK(j["arch"] == "toy");
    CHECK(j["estimated"] == true);
    CHECK(j["front"].back()["design"]["types"] == "Fixed(16, 8)");
    CHECK(j["front"].back()["design"]["unroll"] == 16);
    CHECK(j["front"].back()["binding"] == "lanes");
    size_t refused = 0;
    for (const auto& r : j["refused"])
        refused += r["designs"].get<size_t>();
    size_t without = 0;
    for (const auto& row : j["all"])
        without += !row["refused"].is_null();
    CHECK(refused == without);
    CHECK(lines_of(contents(file("csv"))).size() == j["all"].size() + 1);
    CHECK(contents(file("csv")).find("unroll,iterate,tile,word,types,cycles,") == 0);
    CHECK(contents(file("svg")).find("bram18") != std::string::npos);
    const std::string roofs = contents(file("roofs"));
    CHECK(roofs.find("operations for each byte of memory") != std::string::npos);
    CHECK(roofs.find("limited by lanes") != std::string::npos);
}

TEST_CASE("explore: a store on the command line; other limits are another search") {
    const TemporaryFolder folder;
    const std::string store = (folder.path / "store").string();
    const Said first = explore(with({"--store", store, "--iterate", "1..8", "--quiet"}));
    const Said second = explore(with({"--store", store, "--iterate", "1..8", "--quiet"}),
                                [](const std::string&, const std::vector<std::string>&, int64_t) {
                                    MacroModel m = model();
                                    m.estimate = [](const auto&...) -> EstimateDesign {
                                        return [](const auto&) -> Estimates { throw std::bad_alloc(); };
                                    };
                                    return m;
                                });
    CHECK_MESSAGE(second.status == 0, second.error);
    CHECK(second.out.find(" designs are known from before\n") != std::string::npos);
    CHECK(second.out.substr(second.out.find('\n') + 1) == first.out);
    const Said more = explore(with({"--store", store, "--iterate", "1..9", "--quiet"}));
    CHECK(more.status == 0); // more of the same search
    const Said other = explore(with({"--store", store, "--limit", "dsp=900"}));
    CHECK(other.status == 1);
    CHECK(other.error.find("holds the results of another search") != std::string::npos);
}

TEST_CASE("explore: types that the algorithm cannot have are refused, and the others are found") {
    const Said s = explore({"halves", "--macro", "stencil", "--arch", "toy", "--types", "Float(32)|UInt(8)",
                            "--iterate", "1", "--word", "0", "--quiet"});
    CHECK_MESSAGE(s.status == 0, s.error);
    CHECK_MESSAGE(s.out.find("13 refused: ") != std::string::npos, s.out);
    CHECK(s.out.find("only integers and fixed point can be shifted") != std::string::npos);
    CHECK(lines_of(s.out).back().find("--types 'UInt(8)'") != std::string::npos);
    const Said r = explore(with({"--vary", "in=Fixed(18, 9)", "--vary", "out=Float(32)|Float(64)",
                                 "--iterate", "1", "--tile", "whole", "--quiet"}));
    CHECK_MESSAGE(r.status == 0, r.error);
    CHECK(lines_of(r.out).back().find("--tile whole --word 0 --type 'in=Fixed(18, 9)' --type 'out=Float(") !=
          std::string::npos);
}

TEST_CASE("explore: stages in place, with the command that says so") {
    bool asked = false;
    const Said s =
        explore(with({"--in-place", "--iterate", "1", "--unroll", "1", "--tile", "whole", "--quiet"}),
                [&](const std::string&, const std::vector<std::string>&, int64_t) {
                    MacroModel m = model();
                    m.estimate = [&](const Schedule& of, const StageRef&) {
                        return [&, bits = out_bits(of)](const StencilOptions& o) {
                            asked = o.in_place;
                            return modelled(o, bits, 1000);
                        };
                    };
                    return m;
                });
    CHECK_MESSAGE(s.status == 0, s.error);
    CHECK(asked);
    CHECK(lines_of(s.out).back().find("--tile whole --word 0 --in-place -e vitis") != std::string::npos);
    CHECK(macro_schedule(means(), {.macro = "stencil", .in_place = true}, {}).steps().size() == 1);
}

TEST_CASE("explore: macros are refused by name, and wrong options, too") {
    const auto refused = [](const std::vector<std::string>& arguments, const std::string& message) {
        const Said s = explore(arguments);
        CHECK(s.status == 1);
        CHECK_MESSAGE(s.error.find(message) != std::string::npos, s.error);
    };
    refused({"means", "--macro", "systolic", "--arch", "toy"},
            "there is no macro \"systolic\": there is stencil");
    refused({"means", "--macro", "stencil", "--arch", "moon"}, "there is no board moon: there is toy");
    refused({"means", "--macro", "stencil", "--arch", "toy"},
            "the sizes of out are not constant: --bind H=NUMBER,W=NUMBER");
    refused({"mean", "--macro", "stencil", "--arch", "toy"},
            "there is no generator \"mean\": there are throws, means, halves");
    refused({"throws", "--macro", "stencil", "--arch", "toy"}, "the generator throws fails: no such thing");
    refused(with({"--unroll", "0"}),
            "--unroll is \"0\": write numbers from 1 to 1024, such as 1,2,4 or 1..64");
    refused(with({"--word", "0,x"}), "--word is \"x\": write numbers from 1 to 1024");
    refused(with({"--iterate", "3..x"}), "--iterate is \"3..x\": write numbers");
    refused(with({"--iterate", "4..2"}), "--iterate is \"4..2\": nothing lies between");
    refused(with({"--tile", "64y2"}), "\"64y2\" is no tile: write whole, or widths such as 64 or 64x128");
    refused(with({"--vary", "rose=Int(8)"}), "there is nothing called rose to vary: there are in, out, rows");
    refused(with({"--unroll", "3", "--quiet"}), "there is no stencil of means that fits toy");
    CHECK(explore({"means", "--macro", "stencil"}).status == 2);
}

TEST_CASE("explore: the macro is for the output that is computed last, without the generator's schedule") {
    const Input in("in", Int(32), {64});
    const Var x("x"), v("v");
    Func first("first", Int(32), {62}), second("second", Int(32), {60});
    first(x) = in(x) + in(x + 2);
    second(v) = first(v) * first(v + 2);
    Schedule s({in}, {second, first});
    s[second].vectorize(v, 4);
    const Pipeline p = pipeline_of(s);
    CHECK(p.out.name() == "second");
    CHECK(p.schedule.steps().empty());
    CHECK(p.groups.size() == 3);
    CHECK(macro_schedule(s, {.macro = "stencil", .unroll = 2}, {}).steps().size() == 1);
}

TEST_CASE("driver: a macro in the place of a generator's schedule") {
    const TemporaryFolder folder;
    const auto run = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"means", "-o", (folder.path / "out").string()});
        return said(more, [](int argc, const char* const* argv) {
            return generator_main(argc, argv, {means_generator()});
        });
    };
    const Said s = run({"--bind", "H=12,W=16", "--macro", "stencil", "--unroll", "4", "--types",
                        "Fixed(16, 8)", "--type", "rows=Fixed(20, 10)", "-e", "ir,vitis", "--clock", "4"});
    CHECK_MESSAGE(s.status == 0, s.error);
    const std::string ir = contents(folder.path / "out/means.ir.txt");
    CHECK(ir.find("stream in_lanes: Fixed(16, 8) words of 4") != std::string::npos);
    CHECK(ir.find("stream rows_lanes: Fixed(20, 10) words of 4") != std::string::npos);
    CHECK(contents(folder.path / "out/means_vitis/means.cpp").find("#pragma HLS dataflow") !=
          std::string::npos);
    const auto refused = [&](const std::vector<std::string>& more, int status, const std::string& message) {
        const Said r = run(more);
        CHECK(r.status == status);
        CHECK_MESSAGE(r.error.find(message) != std::string::npos, r.error);
    };
    refused({"--macro", "systolic"}, 1, "there is no macro \"systolic\": there is stencil");
    refused({"--unroll", "4"}, 2, "--unroll requires --macro");
    refused({"--macro", "stencil"}, 1, "constant");
    refused({"--macro", "stencil", "--type", "rows=Int(8)|Int(9)"}, 1,
            "\"rows=Int(8)|Int(9)\" is more than one type");
    refused({"--macro", "stencil", "--type", "rose=Int(8)"}, 1, "there is nothing called rose to vary");
    refused({"--macro", "stencil", "--bind", "H=12,W=16", "--tile", "0"}, 1, "\"0\" is no tile");
}
