// The headers of hls/sim: C++ for Vitis HLS, written by hand, compiled as a user would and simulated.

#include "compile_shared.h"
#include "vitis_compiled.h"

#include <array>
#include <cstdio>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

namespace fs = std::filesystem;

namespace {

/// The exit status and output of a command that runs in the folder of the programs.
std::pair<int, std::string> output_of(const std::string& command) {
    FILE* const pipe = popen(fmt::format("cd '{}' && {} 2>&1", LATHE_SIM_PROGRAMS, command).c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string text;
    std::array<char, 4096> part;
    while (const size_t read = fread(part.data(), 1, part.size(), pipe))
        text.append(part.data(), read);
    return {pclose(pipe), text};
}

/// The program that a source of that folder becomes. It is compiled when it or a header has changed.
std::string program(const std::string& source, const std::string& compiler, const std::string& flags) {
    const std::string command =
        fmt::format("{} -std=c++14 -Wall -Wextra -Werror -Wno-unknown-pragmas {} -I '{}' -isystem '{}'",
                    compiler, flags, LATHE_SIM_HEADERS, vitis_headers());
    std::string all = command + read_file(fs::path(LATHE_SIM_PROGRAMS) / source);
    for (const auto& header : fs::directory_iterator(LATHE_SIM_HEADERS))
        all += read_file(header.path());
    fs::create_directories(LATHE_SIM_BUILD);
    const std::string made = fmt::format("{}/{:016x}", LATHE_SIM_BUILD, std::hash<std::string>()(all));
    if (!fs::exists(made)) {
        const auto [status, text] =
            output_of(fmt::format("{0} '{1}' -o '{2}.new' && mv '{2}.new' '{2}'", command, source, made));
        REQUIRE_MESSAGE(status == 0, text);
    }
    return made;
}

const std::string& programs() {
    static const std::string made = program("programs.cpp", vitis_compilers()[0], "-O0");
    return made;
}

/// Each "programs.cpp:N" as that line of the source.
std::string with_lines(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream source(read_file(fs::path(LATHE_SIM_PROGRAMS) / "programs.cpp"));
    for (std::string line; std::getline(source, line);)
        lines.push_back(line.substr(std::min(line.size(), line.find_first_not_of(' '))));
    const std::string file = "programs.cpp:";
    std::string result;
    size_t done = 0;
    for (size_t at; (at = text.find(file, done)) != std::string::npos;) {
        size_t used = 0;
        const size_t number = std::stoul(text.substr(at + file.size(), 9), &used);
        result += text.substr(done, at - done) + "<" + lines.at(number - 1) + ">";
        done = at + file.size() + used;
    }
    return result + text.substr(done);
}

/// What the program says that a wrong one must say.
std::string error_of(const std::string& name, const std::string& environment = "") {
    const auto [status, text] = output_of(environment + " timeout 60 " + programs() + " " + name);
    CHECK(status != 0);
    return with_lines(text);
}

const std::string right =
    "chain split_join feedback blocks grid nested in_a_loop buffer merged in_handlers recovered again bench";
const std::string wrong =
    "two_locks nested_deadlock buffer_deadlock buffer_shared livelock livelock_full livelock_outside "
    "deadlock leftover leftover_outside unmarked_read unmarked_write unmarked_inside "
    "unmarked_nested two_readers no_depth exception exception_nested exception_outside";

} // namespace

TEST_CASE("simulation: programs compute the same under every order of their processes") {
    const auto [status, text] = output_of(programs() + " " + right);
    CHECK(status == 0);
    CHECK(text ==
          "chain: right\nsplit_join: right\nfeedback: right\nblocks: right\ngrid: right\nnested: right\n"
          "in_a_loop: right\nbuffer: right\nmerged: right\nin_handlers: right\nrecovered: right\nagain: "
          "right\nbench: right\n");
    for (int seed = 1; seed <= 20; ++seed)
        CHECK(output_of(fmt::format("LATHE_SIM_SEED={} {} {}", seed, programs(), right)) ==
              std::pair(0, text));
}

TEST_CASE("simulation: a result that depends on the order of processes is found by seeds") {
    std::set<std::string> results;
    for (int seed = 1; seed <= 20; ++seed) {
        const std::string run = fmt::format("LATHE_SIM_SEED={} {} race", seed, programs());
        const auto first = output_of(run);
        CHECK(output_of(run) == first); // a seed is one order
        results.insert(first.second);
    }
    CHECK(results.size() > 10);
}

TEST_CASE("simulation: other compilers, and the address sanitizer, say the same") {
    const std::string all = right + " " + wrong;
    const std::string few = "LATHE_SIM_IDLE=1000 ";
    const auto expected = output_of(few + programs() + " " + all);
    CHECK(output_of(few + program("programs.cpp", vitis_compilers()[0], "-O0 -fsanitize=address") + " " +
                    all) == expected);
    for (size_t i = 1; i < vitis_compilers().size(); ++i)
        CHECK(output_of(few + program("programs.cpp", vitis_compilers()[i], "-O1") + " " + all) == expected);
}

TEST_CASE("simulation: a deadlock names processes, streams and lines") {
    CHECK(error_of("deadlock") ==
          "deadlock: no process can go on\n"
          "  load (<LATHE_PROCESS(load(d.in, s[0], size));>) writes the full stream s[0] (holds 3 of 3), at "
          "<out.write(in[i]);>\n"
          "  split (<LATHE_PROCESS(split(s[0], s[1], s[2], size));>) writes the full stream s[1] (holds 3 of "
          "3), at <left.write(x);>\n"
          "  late (<LATHE_PROCESS(late(s[2], unnamed, size));>) reads the empty stream s[2] (holds 0 of 3), "
          "at <if (i < n) held[i % 8] = in.read();>\n"
          "  join (<LATHE_PROCESS(join(s[1], unnamed, d.out, size));>) reads the empty stream of <Ints "
          "unnamed;> (holds 0 of 2), at <out[i] = a.read() * 1000 + b.read();>, never written\n");
    CHECK(error_of("nested_deadlock") ==
          "deadlock: no process can go on\n"
          "  two_copies/copy (<LATHE_PROCESS(copy(in, between, n));>) reads the empty stream a (holds 0 of "
          "2), at <out << in.read() + 1;>\n"
          "  two_copies/copy#2 (<LATHE_PROCESS(copy(between, out, n));>) reads the empty stream between "
          "(holds 0 of 2), at <out << in.read() + 1;>\n"
          "  store (<LATHE_PROCESS(store(b, d.out, size));>) reads the empty stream b (holds 0 of 2), at <in "
          ">> out[i];>\n");
    CHECK(error_of("buffer_deadlock") ==
          "deadlock: no process can go on\n"
          "  tabulate (<LATHE_PROCESS(tabulate(s, table, size));>) reads the empty stream s (holds 0 of 2), "
          "at <table[i] = in.read();>\n"
          "  look_up (<LATHE_PROCESS(look_up(table, d.out, size));>) waits for the end of tabulate\n");
    // Instances are named by their subscripts.
    CHECK(error_of("grid", "LATHE_SIM_SEED=1 LATHE_SIM_IDLE=0 LATHE_SIM_DEPTH=across=0") ==
          "the depth of the stream across[0][0] (holds 0 of 2) cannot be 0\n");
}

TEST_CASE("simulation: questions that lead nowhere, and runs without end") {
    CHECK(error_of("livelock", "LATHE_SIM_IDLE=5000") ==
          "livelock: 5000 questions, and no token moved (LATHE_SIM_IDLE sets the limit)\n"
          "  ask_forever (<LATHE_PROCESS(ask_forever(a, d.out));>) asks the stream a (holds 0 of 2), at "
          "<while (in.empty()) {>\n");
    CHECK(error_of("livelock_full", "LATHE_SIM_IDLE=5000").find("asks the stream a (holds 0 of 2)") !=
          std::string::npos);
    CHECK(error_of("livelock_outside") ==
          "livelock: 1000000 questions, and no token moved (LATHE_SIM_IDLE sets the limit)\n"
          "  the test bench asks the stream a (holds 0 of 2), at <while (in.empty()) {>\n");
    const std::string endless = error_of("endless", "LATHE_SIM_SECONDS=0.2");
    CHECK(endless.find(
              "the time that LATHE_SIM_SECONDS gives is over\n  circle (<LATHE_PROCESS(circle(a, b));>) ") ==
          0);
}

TEST_CASE("simulation: tokens that nobody reads") {
    CHECK(error_of("leftover") == "the processes have ended, and tokens are left:\n"
                                  "  stream a[0] (holds 3 of 8), written by load, read by store\n"
                                  "  stream unread (holds 1 of 2), written by load#2, never read\n");
    CHECK(error_of("leftover_outside") ==
          "a channel ends, and tokens are left:\n"
          "  stream a (holds 1 of 2), written by load, read by the test bench\n");
}

TEST_CASE("simulation: calls without marks, and streams used wrongly") {
    const std::string help = ", and no process can help: mark the calls that use it together by "
                             "LATHE_PROCESS between LATHE_DATAFLOW_BEGIN and LATHE_DATAFLOW_END; a stream of "
                             "a test bench can be LATHE_STREAM(name, LATHE_UNBOUNDED)\n";
    CHECK(error_of("unmarked_read") ==
          "<in >> out[i];>: the test bench reads the empty stream a (holds 0 of 2)" + help);
    CHECK(error_of("unmarked_write") ==
          "<out.write(in[i]);>: the test bench writes the full stream a (holds 2 of 2)" + help);
    CHECK(error_of("unmarked_inside") ==
          "<in >> out[i];>: the test bench reads the empty stream a (holds 0 of 2), in a call between "
          "LATHE_DATAFLOW_BEGIN and LATHE_DATAFLOW_END that is not marked: write LATHE_PROCESS(the call)\n");
    CHECK(error_of("unmarked_nested")
              .find("  plain_calls (<LATHE_PROCESS(plain_calls(a, b, size));>) writes the full stream "
                    "between (holds 2 of 2), at <out << in.read() + 1;>; it is its own: mark the calls that "
                    "use it by LATHE_PROCESS\n") != std::string::npos);
    CHECK(error_of("two_readers") ==
          "the stream a (holds 0 of 2) is read by two processes: store, and store#2 at <in >> out[i];>\n");
    CHECK(error_of("buffer_shared") ==
          "<LATHE_PROCESS(look_up(table, d.out, size));>: look_up#2 uses the array table, and tabulate and "
          "look_up do: one process writes it and one reads it. Give each reader an array of its own\n");
    CHECK(error_of("no_depth") == "the depth of the stream a (holds 0 of 2) cannot be 0\n");
    CHECK(error_of("two_locks") == "<hls::write_lock<Block> b(tiles);>: a block of the channel tiles is "
                                   "being filled: that lock ends before the next begins\n");
}

TEST_CASE("simulation: an exception of the user ends all processes, whose objects are destroyed") {
    CHECK(error_of("exception") ==
          "end of fail_at\nend of wait_for\nend of exception\nthe user's own error\n");
    CHECK(error_of("exception_nested") ==
          "end of fail_at\nend of wait_for\nend of exception\nthe user's own error\n");
    CHECK(error_of("exception_outside") == "end of wait_for\nthe body's error\n");
}

TEST_CASE("simulation: the size of stacks") {
    CHECK(output_of("LATHE_SIM_STACK=30000000 " + programs() + " large").first == 0);
    const auto [status, text] = output_of(programs() + " large"); // 24 MB do not fit into 16
    CHECK(status != 0);
    CHECK(text.find(
              "lathe_sim: the process reverse needs a larger stack: LATHE_SIM_STACK sets its bytes\n") == 0);
}

TEST_CASE("simulation: depths from outside, and a report") {
    const auto run = [](const std::string& depths) {
        return output_of("LATHE_SIM_DEPTH=" + depths + " " + programs() + " split_join").first;
    };
    CHECK(run("direct=6") != 0);
    CHECK(run("direct=7,s=1,to_late=1") == 0);
    CHECK(output_of("LATHE_SIM_DEPTH=along=1,across[1][2]=3 " + programs() + " grid") ==
          std::pair(0, std::string("grid: right\n")));
    CHECK(output_of("LATHE_SIM_DEPTH=nowhere=1 " + programs() + " chain").second ==
          "chain: right\nLATHE_SIM_DEPTH: there was no stream nowhere\n");
    CHECK(error_of("chain", "LATHE_SIM_DEPTH=a") == "LATHE_SIM_DEPTH must be NAME=DEPTH,…, not \"a\"\n");
    CHECK(error_of("chain", "LATHE_SIM_SEED=many") == "LATHE_SIM_SEED must be a number, not \"many\"\n");

    const std::string file = std::string(LATHE_SIM_BUILD) + "/report.json";
    CHECK(output_of("LATHE_SIM_REPORT='" + file + "' " + programs() + " in_a_loop grid").first == 0);
    const auto report = nlohmann::json::parse(read_file(file));
    const auto streams = report.at("streams");
    const auto stream = [&](const std::string& name) {
        for (const auto& s : streams)
            if (s.at("name") == name) return s;
        return nlohmann::json();
    };
    CHECK(stream("between").at("tokens") == 100); // of ten regions
    CHECK(stream("between").at("depth") == 2);
    CHECK(stream("between").at("high_water") == 2);
    CHECK(stream("across[1][2]").at("tokens") == 0);
    CHECK(stream("along[0][1]").at("tokens") == 10);
    // A deadlock's report has what the streams held.
    error_of("deadlock", "LATHE_SIM_REPORT='" + file + "'");
    CHECK(nlohmann::json::parse(read_file(file)).at("streams").size() == 4);
    CHECK(output_of("LATHE_SIM_REPORT=/nowhere/report.json " + programs() + " chain").second ==
          "chain: right\nLATHE_SIM_REPORT: cannot write \"/nowhere/report.json\"\n");
}

TEST_CASE("simulation: vectors, bursts, words, mathematics and counted arrays") {
    const std::string made =
        program("headers.cpp", vitis_compilers()[0], "-O0 -DLATHE_SIM_PORTS -DLATHE_SIM_UCONTEXT");
    CHECK(output_of(made) == std::pair(0, std::string()));
    const std::string file = std::string(LATHE_SIM_BUILD) + "/ports.json";
    output_of("LATHE_SIM_REPORT='" + file + "' " + made);
    const auto arrays = nlohmann::json::parse(read_file(file)).at("arrays");
    REQUIRE(arrays.size() == 2);
    CHECK(arrays[1].dump() == R"({"banks":2,"both":2,"name":"line","reads":1,"writes":1})");
}

TEST_CASE("simulation: in synthesis, marks leave the plain code") {
    const fs::path file = fs::path(LATHE_SIM_BUILD) / "marks.cpp";
    fs::create_directories(LATHE_SIM_BUILD);
    std::ofstream(file) << "#include \"lathe_marks.h\"\n"
                           "LATHE_DATAFLOW_BEGIN\n"
                           "LATHE_STREAM(s, 4)\n"
                           "LATHE_BUFFER(table)\n"
                           "LATHE_PROCESS(f<1, 2>(s, table));\n"
                           "LATHE_PROCESS_AT((i, j), pe<3, 4>(i, s[i][j]));\n"
                           "LATHE_ARRAY(int, a, [4][8])\n"
                           "LATHE_PARTITION(a, complete(1))\n"
                           "void g(LATHE_ARRAY_ARGUMENT(int, a, [4][8]));\n"
                           "LATHE_ITERATION\n"
                           "LATHE_DATAFLOW_END\n";
    const auto [status, text] =
        output_of(fmt::format("{} -E -P -D__SYNTHESIS__ -DLATHE_SIM_PORTS -I '{}' '{}' | tr -s '\\n ' ' '",
                              vitis_compilers()[0], LATHE_SIM_HEADERS, file.string()));
    CHECK(text == " f<1, 2>(s, table); pe<3, 4>(i, s[i][j]); int a [4][8]; void g(int a [4][8]); ");
    std::ofstream(file) << "#include \"hls_stream.h\"\n";
    CHECK(output_of(fmt::format("{} -E -D__SYNTHESIS__ -I '{}' '{}'", vitis_compilers()[0], LATHE_SIM_HEADERS,
                                file.string()))
              .second.find("this hls_stream.h simulates: synthesis has its own") != std::string::npos);
}

TEST_CASE("simulation: the example of docs/simulation.md") {
    const std::string page = read_file(LATHE_SIM_PAGE);
    const auto part = [&](const std::string& fence) {
        const size_t begin = page.find("```" + fence + "\n");
        REQUIRE(begin != std::string::npos);
        const size_t from = begin + fence.size() + 4;
        return page.substr(from, page.find("```\n", from) - from);
    };
    fs::create_directories(LATHE_SIM_BUILD);
    const fs::path source = fs::path(LATHE_SIM_BUILD) / "example.cpp";
    std::ofstream(source) << part("c++");
    // It runs on libc's contexts, as where there are no others.
    const std::string flags =
        fmt::format("-O0 -DLATHE_SIM_UCONTEXT -fmacro-prefix-map='{}/'=", LATHE_SIM_BUILD);
    CHECK(output_of(program(source.string(), vitis_compilers()[0], flags)).second == part("output"));
}
