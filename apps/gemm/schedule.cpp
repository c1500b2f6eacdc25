#include "algorithm.h"

using namespace lathe;

namespace {

/// Rows and columns of the register tile: as many accumulators as the register file holds beside one row of B
/// and one broadcast.
struct TileSize {
    int64_t rows, columns;
};

TileSize register_tile(const Target& target) {
    const int lanes = target.natural_lanes(Float(32));
    return target.vector_registers() >= 32 ? TileSize{12, 2 * lanes} : TileSize{6, 2 * lanes};
}

} // namespace

Schedule cpu_schedule(const Gemm& g, const Target& target) {
    const auto [rows, columns] = register_tile(target);
    Schedule s({g.A, g.B}, {g.C});
    auto [io, jo, ii, ji] = s[g.C].tile({g.i, g.j}, {rows, columns});
    s[g.C].reorder(jo, io, ii, ji).parallel(jo).unroll(ii).vectorize(ji);
    s[g.tile].compute_at(g.C, io).store_in(MemorySpace::registers());
    s[g.panel].compute_at(g.C, jo).vectorize(g.j);
    s[g.tile].init().unroll(g.i).vectorize(g.j);
    s[g.tile].reorder(g.k, g.i, g.j).unroll(g.i).vectorize(g.j);
    s[g.C].separate(jo, io);
    return s;
}

Schedule vitis_schedule(const Gemm& g, int64_t rows, int64_t columns, int64_t inner) {
    constexpr int64_t tile = 8;
    Schedule s({g.A, g.B}, {g.C});
    const std::vector<Param> sizes = s.module().top().params;
    for (const Param& p : sizes) {
        const std::string& name = p.symbol.name();
        s.bind(p, name == "M" ? rows : name == "N" ? columns : inner);
    }
    s.inline_(g.panel);
    auto [io, jo, ii, ji] = s[g.C].tile({g.i, g.j}, {tile, tile});
    s[g.tile].compute_at(g.C, jo);
    s[g.tile].reorder(g.k, g.i, g.j).pipeline(g.j);
    s.buffer_at(g.B, g.tile, g.k);
    s.buffer_at(g.A, g.tile, g.k);
    s[g.C].pipeline(ji);
    return s;
}
