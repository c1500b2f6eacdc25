// Searches over number types: what a store remembers, what counts once, and what is refused before long work.

#include "folders.h"
#include "lathe/ir/operator_cost.h"
#include "said.h"
#include "tool/table.h"

#include <cmath>
#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/wait.h>

using namespace lathe;
namespace fs = std::filesystem;

namespace {

/// What may change between two calls of one program.
struct Program {
    std::string file;      ///< holds the score
    double constant = 0.5; ///< of the algorithm
    int table = 3;         ///< of its constant tensor
    int standard = 1;      ///< of a parameter
    int scores = 0;        ///< how often one was asked for
};

Generator halves(Program& p) {
    Generator g{"halves", "", {{"extra", p.standard}}, [](const GeneratorArguments&) -> Schedule {
                    ir::fail({}, "only to be explored");
                }};
    g.explore = [&p](const GeneratorArguments&) {
        const Input in("in", Float(32), {8}), other("other", Float(32), {4});
        const Const table("table", std::vector<int>{1, p.table});
        const Var x("x");
        Func mid("mid", Float(32), {8}), out("out", Float(32), {8});
        mid(x) = in(x) * static_cast<float>(p.constant) + other(0);
        out(x) = mid(x) + table(1);
        Exploration e{Schedule(out), {{"in", {in, in}}, {"mid", {mid}}, {"both", {mid, in}}}};
        e.files = {p.file};
        e.score = [&p](const Schedule&) {
            ++p.scores;
            return std::stod(contents(p.file));
        };
        return e;
    };
    return g;
}

Said explore(Program& p, std::vector<std::string> more) {
    more.insert(more.begin(), {"explore", "halves", "--quiet"});
    return said(more, [&](int argc, const char* const* argv) {
        return generator_main(argc, argv, {means_generator(), halves(p)});
    });
}

} // namespace

TEST_CASE(
    "explore: a store is of one algorithm, its constants, its parameters and the files that a score reads") {
    const TemporaryFolder folder;
    const auto file = [&](const char* name) { return (folder.path / name).string(); };
    Program p{file("score")};
    put(p.file, "90");
    const std::vector<std::string> store = {"--vary", "in=Int(8)|Int(4)", "--store", file("store")};
    CHECK(explore(p, store).out.find("  90.00 %") != std::string::npos);
    CHECK(p.scores == 2);
    const Said again = explore(p, store);
    CHECK(again.out.find("2 candidates are known from before\n") == 0);
    CHECK(p.scores == 2);
    const auto other = [&](const Program& changed, const std::string& named) {
        Program q = changed;
        const Said s = explore(q, store);
        CHECK(s.status == 1);
        CHECK(q.scores == p.scores);
        CHECK(s.error.find("\"" + file("store") +
                           "\" holds the results of another search: halves extra=1 "
                           "vary in=Int(8)|Int(4), algorithm ") != std::string::npos);
        CHECK_MESSAGE(s.error.find(named) != std::string::npos, s.error);
        CHECK(s.error.find("Name another file for --store") != std::string::npos);
    };
    Program q = p;
    q.constant = 0.25;
    other(q, "This one is halves extra=1 vary in=Int(8)|Int(4), algorithm ");
    q = p;
    q.table = 4;
    other(q, "This one is halves extra=1 vary in=Int(8)|Int(4), algorithm ");
    q = p;
    q.standard = 2;
    other(q, "This one is halves extra=2 vary in=Int(8)|Int(4), algorithm ");
    put(p.file, "80");
    other(p, ", " + p.file + " ");
    put(p.file, "90"); // what it was
    CHECK(explore(p, store).status == 0);
    fs::remove(p.file);
    CHECK(explore(p, store).error.find("cannot open \"" + p.file + "\"") != std::string::npos);
}

TEST_CASE(
    "explore: a store of another build of the program is refused, and one of before that said no build") {
    const TemporaryFolder folder;
    const auto file = [&](const char* name) { return (folder.path / name).string(); };
    const std::string other = file("other build");
    fs::copy_file(LATHE_TEST_TOOL, other);
    std::ofstream(other, std::ios::app) << "behind a program's end nothing is read";
    const auto run = [&](const std::string& program, const std::string& arguments) {
        Said s{0, "", ""};
        FILE* pipe = popen(("'" + program + "' explore " + arguments + " --quiet 2>&1").c_str(), "r");
        REQUIRE(pipe);
        char part[4096];
        while (const size_t n = fread(part, 1, sizeof part, pipe))
            s.out.append(part, n);
        s.status = WEXITSTATUS(pclose(pipe));
        return s;
    };
    for (const std::string search :
         {"scored --vary 'in=Int(8)|Int(4)'",
          "means --macro stencil --arch vu9p --bind H=34,W=66 --unroll 1 --iterate 1 --tile whole"}) {
        const std::string store = file("store"), line = search + " --store '" + store + "'";
        const Said first = run(LATHE_TEST_TOOL, line), again = run(LATHE_TEST_TOOL, line);
        CHECK_MESSAGE(first.status == 0, first.out);
        CHECK(again.status == 0);
        CHECK_MESSAGE(again.out.find(" are known from before\n") != std::string::npos, again.out);
        const std::string before = contents(store);
        const Said refused = run(other, line);
        CHECK(refused.status == 1);
        CHECK_MESSAGE(refused.out.find("\"" + store +
                                       "\" holds the results of another build of this program, "
                                       "which may have had another score or other estimates. Name another "
                                       "file for --store, or run the build of before") != std::string::npos,
                      refused.out);
        CHECK(contents(store) == before);
        CHECK(run(other, search + " --store '" + file("second") + "'").status == 0);
        // The text of the search alone.
        sqlite3* opened = nullptr;
        REQUIRE(sqlite3_open(store.c_str(), &opened) == SQLITE_OK);
        CHECK(sqlite3_exec(opened, "UPDATE search SET setup = substr(setup, 1, instr(setup, char(10)) - 1)",
                           nullptr, nullptr, nullptr) == SQLITE_OK);
        sqlite3_close(opened);
        const Said old = run(LATHE_TEST_TOOL, line);
        CHECK_MESSAGE(old.out.find("of another build of this program") != std::string::npos, old.out);
        fs::remove(store);
        fs::remove(file("second"));
    }
}

TEST_CASE("explore: whatever a generator throws is an error") {
    for (const int at : {0, 1, 2}) {
        CAPTURE(at);
        Generator g = scored_generator();
        g.explore = [at, whole = g.explore](const GeneratorArguments& a) {
            if (at == 0) throw std::out_of_range("no such thing");
            Exploration e = whole(a);
            if (at == 1)
                e.score = [](const Schedule&) -> double { throw std::out_of_range("no such thing"); };
            if (at == 2)
                e.apply = [](Schedule&, const std::map<std::string, Type>&) {
                    throw std::out_of_range("no such thing");
                };
            return e;
        };
        const Said s =
            said({"explore", "scored", "--quiet", "--vary", "in=Int(8)"},
                 [&](int argc, const char* const* argv) { return generator_main(argc, argv, {g}); });
        CHECK(s.status == 1);
        CHECK_MESSAGE(s.error.find("no such thing") != std::string::npos, s.error);
    }
}

TEST_CASE("explore: a score that is no finite number is refused") {
    for (const double score : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
        Generator g = scored_generator();
        g.explore = [score, whole = g.explore](const GeneratorArguments& a) {
            Exploration e = whole(a);
            e.score = [score](const Schedule&) { return score; };
            return e;
        };
        const Said s =
            said({"explore", "scored", "--quiet", "--vary", "in=Int(8)"},
                 [&](int argc, const char* const* argv) { return generator_main(argc, argv, {g}); });
        CHECK(s.status == 1);
        CHECK_MESSAGE(s.error.find(fmt::format("the score of in=Int(8) is {}: it is a number of percent",
                                               score)) != std::string::npos,
                      s.error);
    }
}

TEST_CASE("explore: the types of all tensors are those of the tensors that no --vary names") {
    const TemporaryFolder folder;
    const std::string csv = (folder.path / "csv").string();
    const auto run = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"explore", "means",     "--macro",
                                   "stencil", "--arch",    "vu9p",
                                   "--bind",  "H=34,W=66", "--unroll",
                                   "1",       "--iterate", "1",
                                   "--tile",  "whole",     "--word",
                                   "0",       "--quiet",   "--csv",
                                   csv,       "--types",   "Fixed(16, 8)|Fixed(18, 8)"});
        return said(more, [&](int argc, const char* const* argv) {
            return generator_main(argc, argv, {means_generator()});
        });
    };
    const Said s = run({"--vary", "rows=Fixed(24, 12)|Fixed(20, 10)"});
    CHECK_MESSAGE(s.status == 0, s.error);
    const std::string designs = contents(csv);
    CHECK(lines_of(designs).size() == 5);
    for (const char* others : {"Fixed(16, 8)", "Fixed(18, 8)"})
        for (const char* rows : {"Fixed(24, 12)", "Fixed(20, 10)"})
            CHECK(designs.find(fmt::format("\"{}\",\"{}\",", others, rows)) != std::string::npos);
    CHECK(lines_of(s.out).back().find("--types 'Fixed(16, 8)' --type 'rows=Fixed(20, 10)'") !=
          std::string::npos);
    const auto made = [](const char* in, const char* rows) {
        return Generator{"named", "", {}, [in, rows](const GeneratorArguments&) {
                             const Input a(in, Float(32), {66});
                             const Var x("x");
                             Func r(rows), out("out", Float(32), {64});
                             r(x) = a(x) + a(x + 1);
                             out(x) = r(x) + r(x + 1);
                             return Schedule(out);
                         }};
    };
    const auto named = [&](const Generator& g, std::vector<std::string> more) {
        more.insert(more.begin(), {"explore", "named", "--macro", "stencil", "--arch", "vu9p", "--unroll",
                                   "1", "--iterate", "1", "--tile", "whole", "--quiet", "--csv", csv});
        return said(more, [&](int argc, const char* const* argv) { return generator_main(argc, argv, {g}); });
    };
    const Said odd = named(made("a,b", "say \"r\""), {"--vary", "a,b=Int(8)", "--vary", "say \"r\"=Int(9)"});
    CHECK_MESSAGE(odd.status == 0, odd.error);
    CHECK(contents(csv).find("unroll,iterate,tile,word,\"a,b\",\"say \"\"r\"\"\",cycles,") == 0);
    for (const char* option : {"unroll", "iterate", "tile", "word", "types"})
        CHECK(named(made(option, "r"), {"--vary", std::string(option) + "=Int(8)"})
                  .error.find(fmt::format("a tensor called {} cannot vary, since a column of the results has "
                                          "that name: rename it",
                                          option)) != std::string::npos);
    const Said none = run({"--vary", "rows=Int(9)", "--vary", "in=Int(8)", "--vary", "out=Int(8)"});
    CHECK(none.status == 1);
    CHECK_MESSAGE(none.error.find("--types is of the tensors that no --vary names, and there are none: leave "
                                  "one of them out") != std::string::npos,
                  none.error);
}

TEST_CASE("explore: estimated multipliers are those of the board's table") {
    const Var x("x");
    const RDom k(0, 4, "k");
    const auto of = [&](Type a, Type b, const auto& element) {
        const Input p("p", a, {8}), q("q", b, {8});
        Func f("f", {8});
        f(x) = element(Expr(p(x)), Expr(q(x)));
        return ir::estimated_multipliers(Schedule({p, q}, {f}).reference());
    };
    const auto product = [](const Expr& p, const Expr& q) { return p * q; };
    CHECK(of(Int(8), Int(8), product) == 0.5);
    CHECK(of(Int(16), Fixed(16, 8), product) == 1);
    CHECK(of(Int(18), Int(27), product) == 1);
    CHECK(of(Int(32), Int(32), product) == 3);
    CHECK(of(Int(64), Int(64), product) == 12);
    CHECK(of(Bool(), Int(32), product) == 0);
    CHECK(of(Float(32), Float(32), product) == 3);
    CHECK(of(Float(32), Float(32), [](const Expr& p, const Expr& q) { return p * q + p; }) == 5);
    CHECK(of(Float(16), Float(64), product) == 11);
    // Shifts and adders, and then a constant that is none.
    CHECK(of(Int(16), Int(8), [](const Expr& p, const Expr&) { return p * 3 + p * 4 + 7 * p; }) == 0);
    CHECK(of(Int(16), Int(8), [](const Expr& p, const Expr&) { return p * 11; }) == 1);
    CHECK(of(Int(32), Int(8), [](const Expr& p, const Expr& q) { return p / q + (p & 5); }) == 0);
    const auto reduced = [&](Type type, const auto& update) {
        const Input p("p", type, {4});
        Func f("f", type, {1});
        f(x) = cast(type, 1);
        update(f, Expr(p(k)));
        return ir::estimated_multipliers(Schedule(f).reference());
    };
    const auto sum = [&](Func& f, const Expr& e) { f(x) += e; };
    const auto all = [&](Func& f, const Expr& e) { f(x) *= e; };
    CHECK(reduced(Float(32), sum) == 2);
    CHECK(reduced(Int(32), sum) == 0);
    CHECK(reduced(Int(32), all) == 3);
    CHECK(reduced(Float(32), all) == 3);
}

TEST_CASE("explore: a tensor's bits count once, and no two groups have one tensor") {
    const TemporaryFolder folder;
    Program p{(folder.path / "score").string()};
    put(p.file, "90");
    const Said once = explore(p, {"--vary", "in=Int(8)", "--vary", "mid=Int(8)"});
    CHECK_MESSAGE(once.out.find(" 128 bits") != std::string::npos, once.out);
    const auto refused = [&](const std::vector<std::string>& vary, const std::string& message) {
        const Said s = explore(p, vary);
        CHECK(s.status == 1);
        CHECK_MESSAGE(s.error.find(message) != std::string::npos, s.error);
    };
    refused({"--vary", "in=Int(8)", "--vary", "in=Int(4)"},
            "in varies twice: write all its types in one --vary, as in in=Int(8)|Int(4)");
    refused({"--vary", "mid=Int(8)", "--vary", "both=Int(4)"},
            "mid and both both vary mid: name groups that have no tensor in common");
    refused({"--vary", "both=Int(8)", "--vary", "in=Int(4)"}, "both and in both vary in: ");
    const Said macro = said(
        {"explore", "means", "--macro", "stencil", "--arch", "vu9p", "--bind", "H=9,W=9", "--vary",
         "rows=Int(8)", "--vary", "rows=Int(4)"},
        [&](int argc, const char* const* argv) { return generator_main(argc, argv, {means_generator()}); });
    CHECK_MESSAGE(macro.error.find("rows varies twice") != std::string::npos, macro.error);
    CHECK(p.scores == 1);
}

TEST_CASE(
    "explore: outputs that cannot be written, and options that say nothing, are refused before any score") {
    const TemporaryFolder folder;
    const auto file = [&](const std::string& name) { return (folder.path / name).string(); };
    Program p{file("score")};
    put(p.file, "90");
    put(file("kept"), "old");
    const auto refused = [&](std::vector<std::string> options, const std::string& message) {
        options.insert(options.end(), {"--vary", "in=Int(8)"});
        const Said s = explore(p, options);
        CHECK(s.status == 1);
        CHECK_MESSAGE(s.error.find(message) != std::string::npos, s.error);
    };
    refused({"--csv", "/nowhere/a"}, "--csv: cannot write \"/nowhere/a\": No such file or directory");
    refused({"--json", "/nowhere/a"}, "--json: cannot write \"/nowhere/a\": No such file or directory");
    refused({"--plot", file("")}, "--plot: cannot write \"" + file("") + "\"");
    refused({"--csv", file("a"), "--json", file("./a")}, "--csv and --json name one file, \"");
    refused({"--store", file("kept"), "--plot", file("kept")}, "--store and --plot name one file, \"");
    refused({"--vary", "mid=Int(i):i=-9223372036854775808..9223372036854775807"}, "i is at most 1000000");
    refused({"--vary", "mid=Int(i):i=8..9223372036854775807"}, "i is at most 1000000");
    refused({"--vary", "mid=Int(i):i=-1000000..1"}, "has more than 1000 types");
    refused({"--vary", "mid=Int(i+9223372036854775807):i=1..2"}, "is no type");
    refused({"--vary", "mid=Int(i--5):i=1..2"}, "is no type");
    refused({"--vary", "mid=Int(i):i=0..2"}, "the width 0 is not between 1 and 4096");
    refused({"--vary", "mid="}, "\"\" is no type");
    refused({"--loss", "nan"}, "--loss is nan: write a number of points, 0 or more");
    refused({"--loss", "inf"}, "--loss is inf");
    refused({"--loss=-5"}, "--loss is -5");
    CHECK(
        explore(p, {"--store", "/nowhere/x", "--vary", "in=Int(8)"}).error.find("cannot open the results") !=
        std::string::npos);
    CHECK(p.scores == 0);
    CHECK(contents(file("kept")) == "old");
    CHECK(snapshot(folder.path).size() == 2); // nothing was left behind
    const Said unknown =
        said({"explore", "half", "--vary", "in=Int(8)"}, [&](int argc, const char* const* argv) {
            return generator_main(argc, argv, {means_generator(), halves(p)});
        });
    CHECK(unknown.error.find("there is no generator \"half\": there are means, halves") != std::string::npos);
    const Said macro = said(
        {"explore", "means", "--macro", "stencil", "--arch", "vu9p", "--csv", file("a"), "--json", file("a")},
        [&](int argc, const char* const* argv) { return generator_main(argc, argv, {means_generator()}); });
    CHECK_MESSAGE(macro.error.find("--csv and --json name one file") != std::string::npos, macro.error);
}
