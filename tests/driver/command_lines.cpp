// Command lines, right and wrong: a message and nothing written, or all files and nothing beside them.

#include "deep.h"
#include "folders.h"
#include "said.h"
#include "tool/table.h"

#include <doctest/doctest.h>
#include <random>
#include <sys/wait.h>

using namespace lathe;
namespace fs = std::filesystem;

namespace {

/// The generator program in this process.
Said call(const std::vector<std::string>& arguments, const std::vector<Generator>& generators) {
    return said(arguments,
                [&](int argc, const char* const* argv) { return generator_main(argc, argv, generators); });
}

Said call(const std::vector<std::string>& arguments) {
    return call(arguments, {scale_generator(), throwing_generator()});
}

void refused(const std::vector<std::string>& arguments, const std::string& message) {
    const TemporaryFolder folder;
    std::vector<std::string> all = arguments;
    all.insert(all.end(), {"-o", (folder.path / "out").string()});
    const Said s = call(all);
    CHECK(s.status == 1);
    CHECK_MESSAGE(s.error.find(message) != std::string::npos, s.error);
    CHECK(snapshot(folder.path).empty());
}

class RandomLine {
  public:
    explicit RandomLine(std::mt19937& r) : random(r) {}

    std::vector<std::string> make(const fs::path& out) {
        std::vector<std::string> line;
        if (chance(9)) line.push_back(one({"scale", "scale", "scale", "scale", "throws", "melt", ""}));
        for (int n = static_cast<int>(random() % 5) - 2; n-- > 0;)
            line.push_back(one({"factor", "type", "edge", "slow", "gain", "size", "", "f\x01"}) +
                           one({"=", "=", "=", "", "=="}) +
                           one({"3", "0", "true", "one", "Int(8)", "Fixed(12, 4)", "1e400", "nan",
                                "-9223372036854775808", "9223372036854775808", "x", "",
                                "Int(99999999999999999999)", "\xff"}));
        if (chance(4)) line.insert(line.end(), {"-f", name()});
        if (chance(8))
            line.insert(line.end(), {"-e", list({"header", "header", "ir", "trace", "loop_tree", "vitis",
                                                 "llvm", "static_library", "paper", ""})});
        if (chance(5))
            line.insert(line.end(), {"--bind", list({"N=4", "N=4", "N=4", "N=16", "N=0", "N=-1",
                                                     "N=2147483648", "N", "M=3", "=", "N=x", "N=1e3"})});
        if (chance(2))
            line.insert(line.end(), {"--target", list({"x86-64-linux", "x86-64-linux-avx2", "z80", "",
                                                       "x86-64-linux-avx512-vnni"})});
        if (chance(1))
            line.insert(line.end(),
                        {"--part", one({"xcu280-fsvh2892-2L-e", "a\nexec ls", "[exec ls]", "", "-x", "$x"})});
        if (chance(1))
            line.insert(line.end(), {"--clock", one({"4", "-5", "nan", "0", "inf", "1e-3", "x", ""})});
        if (chance(1))
            line.insert(line.end(), {"--data", list({"in=/dev/null", "in=/nowhere", "out=x", "in", "=",
                                                     "in=/dev/zero\n", "in=/dev/zero", "in=/"})});
        if (chance(1)) line.push_back(one({"--list", "--help", "--nonsense", "-", "--", "-o", "-e"}));
        std::shuffle(line.begin() + (line.empty() ? 0 : 1), line.end(), random);
        if (chance(9)) line.insert(line.begin(), {"-o", out.string()});
        return line;
    }

  private:
    bool chance(unsigned of_ten) { return random() % 10 < of_ten; }
    std::string one(const std::vector<std::string>& all) { return all[random() % all.size()]; }
    std::string list(const std::vector<std::string>& all) {
        std::string text = one(all);
        while (chance(3))
            text += "," + one(all);
        return text;
    }
    std::string name() {
        return one({"tripled",    "f",
                    "scale_2",    "Gemm",
                    "int",        "main",
                    "malloc",     "halide_malloc",
                    "time",       "../../evil",
                    "/tmp/evil",  "a b",
                    "",           "__x",
                    "_x",         "GEMM",
                    "lathe_time", "testbench",
                    "a;b",        "\n",
                    "\xff",       std::string(300, 'x')});
    }
    std::mt19937& random;
};

/// Nothing of a refused line stays, and a right one writes into its folder only.
void check_outcome(const Said& s, const Snapshot& before, const Snapshot& now) {
    CHECK(s.status >= 0);
    CHECK(s.status <= 2);
    CHECK(s.error.find("internal error") == std::string::npos);
    if (s.status != 0) {
        CHECK(!s.error.empty());
        CHECK_MESSAGE(now == before, difference(before, now));
        return;
    }
    for (const auto& [file, text] : now) {
        CHECK_MESSAGE((file.starts_with("out") || before.contains(file)), file);
        CHECK_MESSAGE(file.find(".lathe.") == std::string::npos, file);
    }
}

} // namespace

TEST_CASE("driver: names of functions") {
    for (const char* keyword : {"int", "class", "restrict", "_Bool"})
        refused({"scale", "-f", keyword, "-e", "trace"}, "it is a keyword of C and C++. Try lathe_");
    for (const char* library : {"malloc", "memcpy", "time", "printf", "fork", "floor", "sincos"})
        refused({"scale", "-f", library}, std::string("it is a name of the C library. Try lathe_") + library);
    for (const char* library : {"lseek64", "reboot", "getmntent", "fmaf32", "epoll_wait", "clone", "error"})
        refused({"scale", "-f", library}, std::string("C library. Try lathe_") + library);
    refused({"scale", "-f", "main", "-e", "header"}, "it is the program's own function. Try lathe_main");
    refused({"scale", "-f", "halide_malloc"}, "it is a name of the runtime. Try lathe_halide_malloc");
    refused({"scale", "-f", "__x"},
            "reserved for the compiler, as all names with _ in front or __ inside are. Try lathe_x");
    refused({"scale", "-f", "a__b"}, "Try lathe_a_b");
    refused({"scale", "-f", "NULL", "-e", "ir"}, "it is in capitals, as macros are. Try lathe_NULL");
    for (const char* output :
         {"static_library", "header", "object", "assembly", "llvm", "ir", "loop_tree", "trace", "vitis"})
        for (const char* path : {"../../evil", "/tmp/evil", "a b", ".", ".."})
            refused({"scale", "--bind", "N=4", "-f", path, "-e", output},
                    "cannot be a function's name: use letters, digits and _");
    refused({"scale", "-f", "testbench", "-e", "vitis", "--bind", "N=4"},
            "the project has files of that name");
    const TemporaryFolder folder;
    CHECK(call({"scale", "-f", "lathe_time", "-e", "header", "-o", folder.path.string()}).status == 0);
    CHECK(fs::exists(folder.path / "lathe_time.h"));
}

TEST_CASE("driver: one refused output takes the others with it") {
    refused({"scale", "-e", "static_library,vitis"}, "make it a constant by --bind N=NUMBER");
    refused({"scale", "-e", "header,trace,vitis", "--bind", "N=4", "--data", "in=/nowhere"},
            "cannot read \"/nowhere\": No such file");
    const TemporaryFolder folder;
    fs::create_directories(folder.path / "scale.h/in the way");
    const Snapshot before = snapshot(folder.path);
    const Said s = call({"scale", "-e", "static_library,trace", "-o", folder.path.string()});
    CHECK(s.status == 1);
    CHECK(s.error.find((folder.path / "scale.h").string() +
                       "\": something that is no file is in its place") != std::string::npos);
    CHECK(snapshot(folder.path) == before);
}

TEST_CASE("driver: values that no project can have") {
    const std::vector<std::string> vitis{"scale", "-e", "vitis", "--bind", "N=4"};
    const auto with = [&](std::vector<std::string> more) {
        more.insert(more.begin(), vitis.begin(), vitis.end());
        return more;
    };
    for (const char* part : {"a\nexec ls", "[exec ls]", "$x", "a b", ""})
        refused(with({"--part", part}), "is no part: a part is letters, digits");
    for (const char* clock : {"-5", "nan", "0", "inf", "1001", "1e-300", "0.099"})
        refused(with({"--clock", clock}), "a clock's period of");
    refused(with({"--clock", "1e-300"}), "a clock's period of 1e-300 ns is none: it is 0.1 to 1000");
    refused(with({"--clock", "fast"}), "--clock is \"fast\": write a number of nanoseconds");
    refused({"scale", "--part", "x"}, "--part, --clock and --data are for a Vitis project: add -e vitis");
    refused(with({"--data", "in"}), "\"in\" gives no tensor its data: write TENSOR=FILE");
    refused(with({"--data", "in=a,in=b"}), "two files are given for the tensor in");
    refused(with({"--data", "out=a"}), "reads no tensor out, for which there is the file \"a\"");
    refused({"scale", "--bind", "N=2147483648"}, "bind(N, 2147483648): a size is at most 2147483647");
    refused({"scale", "--bind", "N=3,N=4"}, "--bind names the size N twice");
    refused({"scale", "-e", "ir,ir"}, "--emit names ir twice");
    const TemporaryFolder folder;
    const fs::path data = folder.path / "data.txt", out = folder.path / "out";
    for (const auto& [text, message] :
         std::map<std::string, std::string>{{"01\n02\nzz\n04\n", "line 3 of"},
                                            {"01\n02\n", "has 2 elements, and the tensor 4"},
                                            {"01\n02\n03\n04\n05\n", "has more than the 4 elements"},
                                            {"001\n", "line 1 of"}}) {
        put(data, text);
        refused(with({"--data", "in=" + data.string()}), message);
    }
    refused(with({"--data", "in=/nowhere"}), "cannot read \"/nowhere\": No such file or directory");
    refused(with({"--data", "in=" + folder.path.string()}),
            "cannot read \"" + folder.path.string() + "\": Is a directory");
    refused(with({"--data", "in=/dev/zero"}), "line 1 of \"/dev/zero\" is "); // which has no end
    refused(with({"--data", "in=/dev/null"}), "has 0 elements, and the tensor 4");
    put(data, "01\nff\n03\n04"); // without an end of its last line
    CHECK(call(with({"--data", "in=" + data.string(), "-o", (folder.path / "other").string()})).status == 0);
    put(data, "01\nff\n03\n04\n");
    CHECK(call(with({"--data", "in=" + data.string(), "--part", "xc7z020clg400-1", "--clock", "6.5", "-o",
                     out.string()}))
              .status == 0);
    CHECK(contents(out / "scale_vitis/data/in.txt") == "01\nff\n03\n04\n");
    CHECK(contents(out / "scale_vitis/data/out.expected.txt") == "00000002\nfffffffe\n00000006\n00000008\n");
    CHECK(contents(out / "scale_vitis/run_hls.tcl")
              .find("set_part xc7z020clg400-1\ncreate_clock -period 6.5\n") != std::string::npos);
}

TEST_CASE("driver: generators that fail, and tables that are wrong") {
    refused({"throws"}, "the generator throws fails: no such thing");
    refused({"throws", "what=1"}, "the generator throws fails: std::bad_alloc");
    refused({"throws", "what=2"}, "an error of the generator's own");
    const auto wrong = [](const std::vector<Generator>& table, const std::string& message) {
        for (const std::vector<std::string>& line : {std::vector<std::string>{}, {"--list"}, {"scale"}}) {
            const Said s = call(line, table);
            CHECK(s.status == 1);
            CHECK_MESSAGE(s.error.find(message) != std::string::npos, s.error);
        }
    };
    wrong({scale_generator(), scale_generator()}, "two generators are called scale: rename one");
    wrong({scale_generator("")}, "a generator has no name");
    for (const char* name : {"explore", "-e", "--list"})
        wrong({scale_generator(name)}, fmt::format("no command line chooses the generator \"{}\": give it "
                                                   "another name",
                                                   name));
    for (const char* turned : {"a\u202eb", "a\u202ab", "a\u2066b", "a\u2069b", "a\u200fb", "a\u061cb"})
        wrong({scale_generator(turned)}, "a generator's name holds the control character U+");
    wrong({scale_generator("a\nb")}, "a generator's name holds the control character U+000A at byte 1");
    Generator g = scale_generator();
    g.make = nullptr;
    wrong({g}, "the generator scale makes nothing: give it a function");
    g = scale_generator();
    g.parameters.emplace_back("factor", 3);
    wrong({g}, "the generator scale has two parameters factor");
    g.parameters.back().name = "a=b";
    wrong({g}, "the generator scale has the parameter \"a=b\": a name is not empty, has no = and does not "
               "begin with -");
    g.parameters.back().name = "-o";
    wrong({g}, "the generator scale has the parameter \"-o\"");
    g.parameters.back().name = "\xff";
    wrong({g}, "a parameter's name is not UTF-8");
}

TEST_CASE("driver: what is named by an empty text is none") {
    refused({"scale", "-f", ""}, "\"\" cannot be a function's name");
    refused({"", "-e", "header"}, "there is no generator \"\": there are scale, throws");
    refused({"-e", "header"}, "there is no generator \"\": there are scale, throws");
    CHECK(call({"scale", "-o", ""}).error.find("--output names no folder") != std::string::npos);
    CHECK(call({""}).status == 1);
}

TEST_CASE("driver: text that does not reach standard output is an error") {
    for (const char* line :
         {"", "--list", "--help", "explore scored --by-cost --quiet --vary 'in=Int(8)'", "explore --help"})
        CHECK(std::system(
                  (std::string("'") + LATHE_TEST_TOOL + "' " + line + " > /dev/full 2> /dev/null").c_str()) !=
              0);
}

TEST_CASE("driver: random command lines") {
    int right = 0, lines = count(600, 100000);
    const TemporaryFolder folder;
    for (int seed = 0; seed < lines; ++seed) {
        std::mt19937 random(static_cast<unsigned>(seed));
        const fs::path box = folder.path / "box";
        fs::remove_all(box);
        put(box / "note.txt", "not ours");
        const Snapshot before = snapshot(box);
        const std::vector<std::string> line = RandomLine(random).make(box / "out");
        if (line.empty() || line[0] != "-o") continue; // the current folder is the test's
        CAPTURE(seed);
        const Said s = call(line);
        INFO(s.error);
        check_outcome(s, before, snapshot(box));
        right += s.status == 0;
    }
    CHECK(right > lines / 60);
}

TEST_CASE("driver: random command lines as processes") {
    const TemporaryFolder folder;
    for (int seed = 0; seed < count(10, 500); ++seed) {
        std::mt19937 random(static_cast<unsigned>(seed) + 7000);
        const fs::path box = folder.path / "box", error = folder.path / "error";
        fs::remove_all(box);
        put(box / "note.txt", "not ours");
        const Snapshot before = snapshot(box);
        std::string command = std::string("cd '") + box.string() + "' && '" + LATHE_TEST_TOOL + "'";
        for (const std::string& a : RandomLine(random).make("out")) {
            command += " '";
            for (const char c : a)
                command += c == '\'' ? std::string("'\\''") : std::string(1, c);
            command += "'";
        }
        if (command.find("-o") == std::string::npos) continue;
        CAPTURE(command);
        const int status = std::system((command + " > /dev/null 2> '" + error.string() + "'").c_str());
        REQUIRE(WIFEXITED(status));
        check_outcome({WEXITSTATUS(status), "", contents(error)}, before, snapshot(box));
    }
}
