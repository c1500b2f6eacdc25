// The same input gives the same bytes: again, after other work, in another process, beside other threads.

#include "compiled.h"
#include "lathe/codegen/compile.h"
#include "random_program.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <unistd.h>

using namespace lathe;
namespace fs = std::filesystem;

namespace {

std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

/// A folder that lasts as long as this.
struct Folder {
    fs::path path;
    Folder() {
        std::string pattern = (fs::temp_directory_path() / "lathe-XXXXXX").string();
        REQUIRE(mkdtemp(pattern.data()));
        path = pattern;
    }
    ~Folder() { fs::remove_all(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
};

Schedule gemm_schedule(int64_t lanes) {
    PackedGemm g;
    Schedule s(g.C);
    auto [io, jo, ii, ji] = s[g.C].tile({g.i, g.j}, {6, lanes});
    s.compute_at(g.P, g.C, jo).store_in(g.P, MemorySpace::registers()).compute_at(g.panel, g.C, io);
    s[g.P].reorder(g.k, g.i, g.j).unroll(g.i).vectorize(g.j);
    s[g.C].unroll(ii).vectorize(ji).parallel(io).separate(io, jo);
    return s;
}

Schedule blur_schedule(int64_t lanes) {
    Blur b;
    Schedule s(b.out);
    s.compute_at(b.rows, b.out, b.y);
    s[b.rows].vectorize(b.x, lanes);
    s[b.out].parallel(b.y).vectorize(b.x, lanes);
    return s;
}

/// Every kind of file of a few programs: with vectors, masks, several parallel loops, constants,
/// requirements, wide numbers.
void write_all(const fs::path& folder) {
    const CompileOptions options = {.target = Target("x86-64-linux-avx2")};
    Param N("N");
    Var i("i");
    Input a("a", Int(100), {N});
    Const table("table", Int(9), {4}, {1, 2, 3, -4});
    Func f("f", Fixed(40, 3, Round::rnd, Overflow::sat), {Operand(N - 1)});
    f(i) = a(i + 1) / table(i % 4) + tanh(cast(Float(32), a(i)));
    const std::vector<Module> modules{gemm_schedule(16), blur_schedule(32), build({f}).module};
    for (size_t k = 0; k < modules.size(); ++k) {
        const std::string base = (folder / ("program" + std::to_string(k))).string();
        compile_to_static_library(modules[k], base, options);
        compile_to_object(modules[k], base + ".o", options);
        std::ofstream(base + ".s") << compile_to_assembly(modules[k], options);
        std::ofstream(base + ".ll") << compile_to_llvm(modules[k], options);
    }
}

void check_same(const fs::path& one, const fs::path& other) {
    int files = 0;
    for (const auto& entry : fs::directory_iterator(one)) {
        ++files;
        const std::string text = read(entry.path());
        CHECK(text.size() > 500);
        CHECK_MESSAGE(text == read(other / entry.path().filename()), entry.path().filename().string());
    }
    CHECK(files == 15);
}

constexpr const char* folder_variable = "LATHE_TEST_BYTES_FOLDER";

} // namespace

TEST_CASE("cpu: the same bytes again, and after other work") {
    const Folder one, other;
    write_all(one.path);
    for (const int64_t lanes : {4, 8})
        compile_to_assembly(blur_schedule(lanes));
    write_all(other.path);
    check_same(one.path, other.path);
    for (const auto& entry : fs::directory_iterator(one.path)) // no line, no file of the user's program
        CHECK(read(entry.path()).find("programs.h") == std::string::npos);
}

TEST_CASE("cpu: writes the bytes for the other process" * doctest::skip()) {
    if (const char* folder = std::getenv(folder_variable)) write_all(folder);
}

TEST_CASE("cpu: the same bytes in another process") {
    const Folder one, other;
    compile_to_assembly(blur_schedule(4)); // so that counters and addresses differ from the other process's
    write_all(one.path);
    const std::string self = fs::read_symlink("/proc/self/exe").string();
    const std::string command =
        fmt::format("{}='{}' '{}' --no-skip -tc='cpu: writes the bytes for the other process' > '{}'",
                    folder_variable, other.path.string(), self, (one.path / "log").string());
    REQUIRE(std::system(command.c_str()) == 0);
    fs::remove(one.path / "log");
    check_same(one.path, other.path);
}

TEST_SUITE("threads") {
    TEST_CASE("cpu: schedules of one algorithm, made and compiled in several threads") {
        PackedGemm g;
        const Algorithm algorithm = build({g.C});
        constexpr size_t threads = 4;
        std::vector<std::string> texts(threads), traces(threads);
        std::vector<std::thread> running;
        std::vector<int> correct(threads, 0); // no bools: those would share a byte
        for (size_t t = 0; t < threads; ++t)
            running.emplace_back([&, t] {
                const int64_t lanes = t % 2 ? 8 : 16;
                Schedule s(algorithm);
                auto [io, jo, ii, ji] = s[g.C].tile({g.i, g.j}, {6, lanes});
                s.compute_at(g.P, g.C, jo).store_in(g.P, MemorySpace::registers());
                s[g.P].reorder(g.k, g.i, g.j).unroll(g.i).vectorize(g.j);
                s[g.C].unroll(ii).vectorize(ji).parallel(io);
                traces[t] = s.trace();
                texts[t] = compile_to_assembly(s, {.target = Target("x86-64-linux-avx2")});
                const Sizes sizes{{"M", 7}, {"N", 19}, {"K", 5}};
                std::vector<AnyBuffer> buffers = make_arguments(s.module(), sizes, 1);
                jit(s)(buffers[0], buffers[1], buffers[2]);
                correct[t] = bit_equal(buffers[2], run(s.reference(), sizes, 1)[2]);
            });
        for (std::thread& t : running)
            t.join();
        for (size_t t = 0; t < threads; ++t) {
            CHECK(correct[t]);
            CHECK(traces[t] == traces[t % 2]);
            CHECK(texts[t] == texts[t % 2]);
        }
        CHECK(texts[0] != texts[1]);
    }

    TEST_CASE("cpu: eight different pipelines, made, compiled and run in threads") {
        constexpr size_t threads = 8;
        // Algorithms, kernels, schedules: everything is made in the thread that runs.
        const auto make = [](size_t t) {
            if (t == 0) return std::pair(gemm_schedule(16), Gemm::sizes());
            if (t == 1) return std::pair(blur_schedule(8), Blur::sizes());
            std::mt19937 random(static_cast<unsigned>(t) + 100);
            Program p = t % 2 ? random_kernel(random) : random_algorithm(random);
            Schedule s(p.algorithm);
            for (int n = 0; n < 8; ++n)
                random_call(s, p.algorithm, random);
            return std::pair(s, p.sizes);
        };
        const CompileOptions options = {.target = Target("x86-64-linux-avx2")};
        std::vector<std::string> texts(threads), errors(threads);
        std::vector<std::thread> running;
        for (size_t t = 0; t < threads; ++t)
            running.emplace_back([&, t] {
                try {
                    const auto [schedule, sizes] = make(t);
                    texts[t] = compile_to_assembly(schedule, options);
                    expect_compiled(schedule, sizes);
                } catch (const Error& e) {
                    errors[t] = e.message();
                }
            });
        for (std::thread& t : running)
            t.join();
        std::set<std::string> different;
        for (size_t t = 0; t < threads; ++t) {
            CHECK(errors[t] == "");
            CHECK(texts[t] == compile_to_assembly(make(t).first, options));
            different.insert(texts[t]);
        }
        CHECK(different.size() == threads);
    }

    TEST_CASE("cpu: one compiled function called in several threads") {
        const Schedule s = blur_schedule(16);
        const JitFunction f = jit(s);
        const Sizes sizes{{"H", 9}, {"W", 37}};
        const AnyBuffer expected = run(s.reference(), sizes, 1)[1];
        std::vector<int> correct(4, 0);
        std::vector<std::thread> running;
        for (size_t t = 0; t < correct.size(); ++t)
            running.emplace_back([&, t] {
                for (int n = 0; n < 20; ++n) {
                    std::vector<AnyBuffer> buffers = make_arguments(s.module(), sizes, 1);
                    f(buffers[0], buffers[1]);
                    correct[t] += bit_equal(buffers[1], expected);
                }
            });
        for (std::thread& t : running)
            t.join();
        CHECK(correct == std::vector<int>(4, 20));
    }
}
