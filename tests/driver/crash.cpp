// Whatever ends a command or fills the disk, at every file operation: the folder is as before, or complete.

#include "deep.h"
#include "folders.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/wait.h>

namespace fs = std::filesystem;

namespace {

struct Outcome {
    int status = 0; ///< as wait has it
    std::string text;
    long operations = 0;
};

/// Runs the tool; the pipe ends when the last of its processes has.
Outcome run(const fs::path& where, const std::string& arguments, const char* how, long at) {
    const fs::path counter = where.string() + ".operations";
    put(counter, std::string(8, '\0'));
    const std::string command = fmt::format(
        "cd '{}' && exec env LATHE_OPERATIONS='{}' LATHE_FAIL_AT={} LATHE_FAIL_HOW={} "
        "ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 LD_PRELOAD='{}' '{}' {} 2>&1",
        where.string(), counter.string(), at, how, LATHE_TEST_FAIL_FILES, LATHE_TEST_TOOL, arguments);
    Outcome r;
    FILE* pipe = popen(command.c_str(), "r");
    REQUIRE(pipe);
    char part[4096];
    while (const size_t n = fread(part, 1, sizeof part, pipe))
        r.text.append(part, n);
    r.status = pclose(pipe);
    const std::string count = contents(counter);
    std::copy_n(count.data(), std::min(count.size(), sizeof r.operations),
                reinterpret_cast<char*>(&r.operations));
    fs::remove(counter);
    return r;
}

/// Files of an earlier run, and some that no run writes.
void fill_older(const fs::path& box) {
    put(box / "note.txt", "not ours");
    put(box / "out/scale.h", "an older header");
    put(box / "out/scale.a", "an older archive");
    put(box / "out/mine.txt", "not ours");
    put(box / "out/scale_vitis/scale.cpp", "an older kernel");
    put(box / "out/scale_vitis/data/in.txt", "older data");
    put(box / "out/scale_vitis/testbench", "a program that make has made");
}

void fill_nothing(const fs::path& box) {
    put(box / "note.txt", "not ours");
}

void expect_all_or_nothing(void (*fill)(const fs::path&), const std::string& arguments, int stride) {
    const auto fresh = [&](const fs::path& box) {
        fs::remove_all(box);
        fs::create_directories(box);
        fill(box);
    };
    const TemporaryFolder folder;
    const fs::path box = folder.path / "box";
    fresh(box);
    const Snapshot before = snapshot(box);
    const Outcome whole = run(box, arguments, "once", 0);
    REQUIRE_MESSAGE(whole.status == 0, whole.text);
    const Snapshot after = snapshot(box);
    REQUIRE(whole.operations > 5);
    REQUIRE(after != before);
    int stopped = 0;
    for (const char* how : {"kill", "once", "full"})
        for (long n = 1; n <= whole.operations; n += n > 3 && n + 12 < whole.operations ? stride : 1) {
            CAPTURE(how);
            CAPTURE(n);
            fresh(box);
            const Outcome o = run(box, arguments, how, n);
            INFO(o.text);
            const Snapshot now = snapshot(box);
            const bool killed = WIFSIGNALED(o.status);
            const bool good = o.status == 0;
            CHECK((killed || good || (WIFEXITED(o.status) && WEXITSTATUS(o.status) == 1)));
            stopped += !good;
            if (good)
                CHECK_MESSAGE(now == after, difference(after, now));
            else if (killed)
                CHECK_MESSAGE((now == before || now == after), difference(before, now));
            else {
                CHECK_MESSAGE(now == before, difference(before, now));
                CHECK(o.text.find("cannot") != std::string::npos);
                CHECK(o.text.find(".lathe.") == std::string::npos); // it speaks of the user's folder
            }
        }
    CHECK(stopped > 5);
}

} // namespace

TEST_CASE("driver: a command that is stopped leaves a new folder whole or not at all") {
    expect_all_or_nothing(fill_nothing, "scale -o a/b -e header,trace,ir", deep() ? 1 : 4);
}

TEST_CASE("driver: a command that is stopped leaves older files as they were, or replaces all") {
    expect_all_or_nothing(fill_older, "scale -o out -e vitis,header --bind N=4", deep() ? 1 : 7);
    if (deep()) expect_all_or_nothing(fill_older, "scale -o out -e static_library,vitis --bind N=4", 1);
}
