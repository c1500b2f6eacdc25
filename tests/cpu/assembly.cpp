// What the instructions must be, for a fixed target so that it is the same on every machine.

#include "lathe/codegen/compile.h"
#include "programs.h"

#include <regex>
#include <sstream>

using namespace lathe;

namespace {

std::string assembly(const Schedule& s, const char* target = "x86-64-linux-avx2") {
    return compile_to_assembly(s, {.target = Target(target)});
}

/// The lines between a backward jump and its label, for every innermost loop.
std::vector<std::string> innermost_loops(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
        lines.push_back(line);
    std::map<std::string, size_t> labels;
    std::vector<std::string> loops;
    size_t last_jump = 0;
    for (size_t n = 0; n < lines.size(); ++n) {
        const std::string& line = lines[n];
        if (line.starts_with(".LBB")) labels[line.substr(0, line.find(':'))] = n;
        const size_t target = line.find(".LBB");
        if (!line.starts_with("\tj") || target == std::string::npos) continue;
        std::string name = line.substr(target);
        name = name.substr(0, name.find_first_of(" \t#"));
        const auto label = labels.find(name);
        if (label == labels.end() || label->second < last_jump) continue;
        std::string body;
        for (size_t k = label->second; k <= n; ++k)
            body += lines[k] + "\n";
        loops.push_back(body);
        last_jump = n;
    }
    return loops;
}

int occurrences(const std::string& text, const std::string& part) {
    int n = 0;
    for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at)
        ++n;
    return n;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// The loops in which the instruction occurs.
std::vector<std::string> loops_with(const std::string& text, const std::string& instruction) {
    std::vector<std::string> loops = innermost_loops(text);
    std::erase_if(loops, [&](const std::string& l) { return !has(l, instruction); });
    return loops;
}

/// Whether a vector is written to memory, masked or not.
bool stores_vectors(const std::string& loop) {
    static const std::regex store("\tv\\w*mov\\w*\t%[xyz]mm[^\n]*\\)( \\{%k\\d\\})?\n");
    return std::regex_search(loop, store);
}

/// The schedule of the gemm application: a panel of B, and a tile of C in registers.
Schedule tiled_gemm(PackedGemm& g, int64_t rows, int64_t columns) {
    Schedule s(g.C);
    auto [io, jo, ii, ji] = s[g.C].tile({g.i, g.j}, {rows, columns});
    s[g.C].reorder(jo, io, ii, ji).parallel(jo).unroll(ii).vectorize(ji);
    s[g.P].compute_at(g.C, io).store_in(MemorySpace::registers());
    s[g.panel].compute_at(g.C, jo).vectorize(g.j);
    s[g.P].init().unroll(g.i).vectorize(g.j);
    s[g.P].reorder(g.k, g.i, g.j).unroll(g.i).vectorize(g.j);
    s[g.C].separate(jo, io);
    return s;
}

/// out = (a + b) >> 1 in vectors of 64.
Schedule average(Type t) {
    Param N("N");
    Var i("i");
    Input a("a", t, {N}), b("b", t, {N});
    Func out("out", t, {N});
    out(i) = (a(i) + b(i)) >> 1;
    Schedule s(out);
    s[out].vectorize(i, 64);
    return s;
}

/// C += A·Bᵀ on bytes with 32-bit sums, in vectors over an output's dimension or over the sum.
Schedule byte_products(bool over_sum) {
    Param M("M"), N("N"), K("K");
    Input A("A", Int(8), {M, K}), B("B", Int(8), {N, K}), transposed("transposed", Int(8), {K, N});
    Var i("i"), j("j");
    RDom k(0, K, "k");
    Func C("C", Int(32), {M, N});
    C(i, j) = 0;
    C(i, j) += over_sum ? A(i, k) * B(j, k) : A(i, k) * transposed(k, j);
    Schedule s(C);
    if (over_sum)
        s[C].vectorize(k, 32);
    else
        s[C].reorder(i, k, j).vectorize(j, 32);
    return s;
}

} // namespace

TEST_CASE("cpu: gemm's inner loop is fmas on registers, without a spill") {
    for (const auto& [target, rows, columns] :
         {std::tuple("x86-64-linux-avx2", 6, 16), std::tuple("x86-64-linux-avx512", 12, 32)}) {
        PackedGemm g;
        const std::string text = assembly(tiled_gemm(g, rows, columns), target);
        const int lanes = Target(target).natural_lanes(Float(32));
        int full = 0;
        for (const std::string& loop : loops_with(text, "vfmadd")) {
            CAPTURE(loop);
            CHECK_FALSE(stores_vectors(loop)); // of an edge, too: its masks are no reason to leave registers
            if (occurrences(loop, "vfmadd") < rows * columns / lanes) continue; // of an edge
            ++full;
            CHECK(occurrences(loop, "vfmadd") == rows * columns / lanes);
            CHECK_FALSE(has(loop, "(%rsp"));
            CHECK_FALSE(has(loop, "(%rbp"));
            CHECK_FALSE(has(loop, "vmaskmov"));
            CHECK(occurrences(loop, "vmov") == columns / lanes); // the row of B
        }
        CHECK(full >= 1);
    }
}

TEST_CASE("cpu: floats without contraction have no fma") {
    Gemm g;
    Schedule s(g.C);
    s[g.C].reorder(g.i, g.k, g.j).vectorize(g.j, 8);
    CHECK(has(assembly(s), "vfmadd"));
    s.disable_contraction();
    CHECK_FALSE(has(assembly(s), "vfmadd"));
    CHECK(has(assembly(s), "vmulps"));
}

TEST_CASE("cpu: an average of bytes has no 32-bit lanes") {
    const std::string text = assembly(average(UInt(8)));
    for (const char* wide : {"vpaddd", "vpmovzxbd", "vpsrld", "vpackusdw"})
        CHECK_MESSAGE(!has(text, wide), std::string(wide));
    CHECK((has(text, "vpavgb") || has(text, "vpaddb") || has(text, "vpaddw")));
    const std::string words = assembly(average(Int(16)));
    CHECK_FALSE(has(words, "vpaddq"));
}

TEST_CASE("cpu: products of bytes are no wider than their sums") {
    for (const bool over_sum : {false, true}) {
        CAPTURE(over_sum);
        const std::string text = assembly(byte_products(over_sum));
        for (const char* wide : {"vpmuldq", "vpmuludq", "vpaddq", "vpmovsxbq", "vpmovsxdq"})
            CHECK_MESSAGE(!has(text, wide), std::string(wide));
        CHECK((has(text, "vpmaddwd") || has(text, "vpmullw"))); // 16-bit products
        CHECK_FALSE(has(text, "vpmulld"));
    }
}

TEST_CASE("cpu: dense loads of a strided output's rows, no gathers in a stencil") {
    Blur b;
    Schedule s(b.out);
    s.compute_at(b.rows, b.out, b.y);
    s[b.rows].vectorize(b.x, 16);
    s[b.out].vectorize(b.x, 16);
    const std::string text = assembly(s);
    CHECK_FALSE(has(text, "gather"));
    CHECK(has(text, "vpaddw"));
    CHECK_FALSE(has(text, "vpaddq\t%y"));
}
