/// `lathe explore`: what it finds, that it goes on where it was stopped, and what it refuses.

#ifdef LATHE_TEST_APPS

#include "lathe/driver/explore.h"

#include <csignal>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace lathe;

namespace {

struct Run {
    int status = 0;
    std::string text;
};

Run command(const std::string& arguments) {
    Run r;
    FILE* pipe = popen((LATHE_COMMAND " explore " + arguments + " 2>&1").c_str(), "r");
    REQUIRE(pipe);
    char part[4096];
    while (const size_t n = fread(part, 1, sizeof part, pipe))
        r.text.append(part, n);
    r.status = pclose(pipe);
    return r;
}

std::string file(const char* name) {
    const std::string path =
        (std::filesystem::temp_directory_path() / fmt::format("lathe_explore_{}_{}", getpid(), name))
            .string();
    std::filesystem::remove(path);
    return path;
}

std::string content(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// The front without times, which differ from run to run.
std::vector<std::string> front(const std::string& text) {
    std::vector<std::string> lines;
    size_t begin = 0;
    for (size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
        std::string line = text.substr(begin, end - begin);
        if (const size_t bits = line.find(" memory bits");
            bits != std::string::npos && line.find(" % ") != std::string::npos)
            lines.push_back(line.substr(0, bits) + line.substr(line.rfind(" s ")));
    }
    return lines;
}

} // namespace

TEST_CASE("a Pareto front holds what no other beats") {
    const auto candidate = [](double accuracy, int64_t bits) {
        return Candidate{{}, accuracy, bits, 1, 1, 0};
    };
    const auto f = pareto_front(
        {candidate(90, 100), candidate(95, 200), candidate(94, 250), candidate(80, 50), candidate(80, 60)});
    REQUIRE(f.size() == 3);
    CHECK(f[0].bits == 50);
    CHECK(f[1].bits == 100);
    CHECK(f[2].bits == 200);
}

TEST_CASE("explore: grid, greedy and budgeted; killed half-way it goes on to the same front") {
    const std::string lenet =
        "lenet activation=relu images=20 --vary 'weights=Fixed(i, i-1, rnd, sat):i=7..4' --vary "
        "'in=Fixed(8, 6, rnd, sat)|Fixed(5, 3, rnd, sat)' ";
    const std::string csv = file("csv"), json = file("json"), svg = file("svg"), store = file("store"),
                      progress = file("progress");
    const Run whole = command(lenet + fmt::format("--csv {} --json {} --plot {}", csv, json, svg));
    CHECK_MESSAGE(whole.status == 0, whole.text);
    CHECK(whole.text.find("8 candidates") != std::string::npos);
    CHECK(content(csv).find("weights,in,accuracy,bits,multipliers,memory_bits,seconds\n") == 0);
    CHECK(content(json).find("\"front\"") != std::string::npos);
    CHECK(content(svg).find("<svg") == 0);

    const pid_t child = fork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c",
              ("exec " LATHE_COMMAND " explore " + lenet + "--store " + store + " >/dev/null 2>" + progress)
                  .c_str(),
              static_cast<char*>(nullptr));
        _exit(127);
    }
    for (int n = 0; n < 1200 && content(progress).find("2/8: ") == std::string::npos; ++n)
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    const Run again = command(lenet + "--store " + store);
    CHECK_MESSAGE(again.status == 0, again.text);
    CHECK(again.text.find("are known from before") != std::string::npos);
    CHECK(front(again.text) == front(whole.text));
    CHECK(front(again.text).size() >= 2);

    const Run other = command("lenet images=20 --vary 'in=Int(8)' --store " + store);
    CHECK(other.status != 0);
    CHECK(other.text.find("holds the results of another search") != std::string::npos);

    const Run greedy = command(lenet + "--search greedy --loss 5");
    CHECK_MESSAGE(greedy.status == 0, greedy.text);
    CHECK(!front(greedy.text).empty());
    const Run budgeted = command(lenet + "--search budgeted --budget 4");
    CHECK(budgeted.text.find("4 candidates") != std::string::npos);

    // Other labels: the store's accuracies are of the old ones.
    const std::filesystem::path data = file("data");
    std::filesystem::create_directory(data);
    for (const char* name :
         {"lenet-relu.tensors", "digits-test-images.idx3.gz", "digits-test-labels.idx1.gz"})
        std::filesystem::copy_file(SUPPORT_DATA "/" + std::string(name), data / name);
    const std::string few = fmt::format(
        "lenet activation=relu images=2 data={} --vary 'in=Int(8)' --store {}", data.string(), file("few"));
    const Run before = command(few), same = command(few);
    CHECK_MESSAGE(before.status == 0, before.text);
    CHECK(same.text.find("1 candidates are known from before") != std::string::npos);
    const std::string labels = (data / "digits-test-labels.idx1.gz").string();
    std::string changed("\0\0\x08\x01\0\0\x03\xe8", 8);
    std::ofstream(labels, std::ios::binary) << changed + std::string(1000, '\x01');
    const Run stale = command(few);
    CHECK(stale.status != 0);
    CHECK_MESSAGE(stale.text.find(", " + labels + " ") != std::string::npos, stale.text);
    CHECK(stale.text.find("holds the results of another search") != std::string::npos);
    CHECK(stale.text.find("Name another file for --store") != std::string::npos);
    std::filesystem::remove_all(data);
    for (const std::string& path : {csv, json, svg, store, progress, file("few")})
        std::filesystem::remove(path);
}

TEST_CASE("explore refuses what it cannot do, by name") {
    const auto refused = [](const std::string& arguments, const char* what) {
        const Run r = command(arguments);
        CHECK(r.status != 0);
        CHECK_MESSAGE(r.text.find(what) != std::string::npos, r.text);
    };
    refused("gemm --vary 'a=Int(8)'", "gemm offers nothing to explore: lenet");
    refused("gem --vary 'a=Int(8)'", "there is no generator \"gem\": there are ");
    refused("lenet images=0 --vary 'in=Int(8)'", "images is 1 or more, not 0");
    refused("lenet images=1 --vary 'weights=Int(8)' --vary 'weights1=Int(4)'",
            "weights and weights1 both vary w1: name groups that have no tensor in common");
    refused("lenet images=1 --vary 'all=Int(8)' --vary 'in2=Int(4)'", "all and in2 both vary ");
    refused("lenet images=1", "nothing varies");
    refused("lenet images=1 --vary weights", "\"weights\" varies nothing");
    refused("lenet images=1 --vary 'w=Int(8)'", "there is nothing called w to vary: there are weights1, in1");
    refused("lenet images=1 --vary 'in=Fixed(i, i):i=8'", "has no range of i");
    refused("lenet images=1 --vary 'in=Int(i):i=1..4000'", "has more than 1000 types");
    refused("lenet images=1 --vary 'in=Half(8)'", "Half");
    refused("lenet images=1 --vary 'in=Int(8)' --store /nowhere/x",
            "cannot open the results' file \"/nowhere/x\"");
    refused("lenet data=/nowhere --vary 'in=Int(8)'", "cannot open \"/nowhere/lenet-tanh.tensors\"");
}

#endif
