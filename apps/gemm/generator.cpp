/// \file Writes gemm_library.a and gemm_library.h for this machine: the algorithm in four lines, then its schedule.

#include <lathe/lathe.h>

#include <cstdio>

using namespace lathe;

namespace {

/// Rows and columns of the register tile: as many accumulators as the register file holds beside one row of B and one broadcast.
struct TileSize {
    int64_t rows, columns;
};

TileSize register_tile(const Target& target) {
    const int lanes = target.natural_lanes(Float(32));
    if (target.vector_registers() >= 32) return {12, 2 * lanes};
    return {6, 2 * lanes};
}

void generate(const std::string& prefix) {
    const Target target = Target::host();

    Param M("M"), N("N"), K("K");
    Input A("A", Float(32), {M, K}), B("B", Float(32), {K, N});
    Var i("i"), j("j"), p("p");
    RDom k(0, K, "k");
    Func panel("panel"), tile("tile", Float(32)), C("C", Float(32), {M, N});
    panel(p, j) = B(p, j);
    tile(i, j) = 0.0f;
    tile(i, j) += A(i, k) * panel(k, j);
    C(i, j) = tile(i, j);

    const auto [rows, columns] = register_tile(target);
    Schedule s({A, B}, {C});
    auto [io, jo, ii, ji] = s[C].tile({i, j}, {rows, columns});
    s[C].reorder(jo, io, ii, ji).parallel(jo).unroll(ii).vectorize(ji);
    s[panel].compute_at(C, jo).vectorize(j);
    s[tile].compute_at(C, io).store_in(MemorySpace::registers());
    s[tile].init().unroll(i).vectorize(j);
    s[tile].update(0).reorder(k, i, j).unroll(i).vectorize(j);
    s[C].separate(jo, io);
    compile_to_static_library(s, prefix, target, "gemm");
}

} // namespace

int main(int argc, char** argv) try {
    if (argc != 2) {
        std::fputs("usage: gemm_generator PREFIX\n", stderr);
        return 2;
    }
    generate(argv[1]);
    return 0;
} catch (const Error& e) {
    std::fprintf(stderr, "gemm_generator: %s\n", e.what());
    return 1;
}
