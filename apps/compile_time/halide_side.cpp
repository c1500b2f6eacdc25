#include "sides.h"

#include <Halide.h>

using namespace Halide;

namespace compile_time {

void halide_gemm() {
    const Target target = get_jit_target_from_environment();
    const int lanes = target.natural_vector_size<float>();
    const int rows = target.has_feature(Target::AVX512_Skylake) ? 12 : 6;
    ImageParam A(Float(32), 2), B(Float(32), 2);
    Var i("i"), j("j"), p("p"), io("io"), jo("jo"), ii("ii"), ji("ji");
    RDom k(0, A.width());
    Func panel("panel"), sum("sum"), C("C");
    panel(j, p) = B(j, p);
    sum(j, i) += A(k, i) * panel(j, k);
    C(j, i) = sum(j, i);
    C.tile(j, i, jo, io, ji, ii, 2 * lanes, rows, TailStrategy::GuardWithIf)
        .reorder(ji, ii, io, jo)
        .parallel(jo)
        .unroll(ii)
        .vectorize(ji);
    panel.compute_at(C, jo).vectorize(j, 2 * lanes);
    sum.compute_at(C, io).bound_extent(j, 2 * lanes).bound_extent(i, rows).unroll(i).vectorize(j);
    sum.update().reorder(j, i, k).unroll(i).vectorize(j);
    C.compile_jit(target);
}

void halide_gaussian() {
    const Target target = get_jit_target_from_environment();
    const int lanes = target.natural_vector_size<uint16_t>();
    ImageParam in(UInt(8), 2);
    Var x("x"), y("y"), yo("yo"), yi("yi");
    Func padded("padded"), rows("rows"), out("out");
    padded(x, y) = cast<uint16_t>(BoundaryConditions::repeat_edge(in)(x, y));
    rows(x, y) =
        padded(x - 2, y) + 4 * padded(x - 1, y) + 6 * padded(x, y) + 4 * padded(x + 1, y) + padded(x + 2, y);
    const Expr sum =
        rows(x, y - 2) + 4 * rows(x, y - 1) + 6 * rows(x, y) + 4 * rows(x, y + 1) + rows(x, y + 2);
    out(x, y) = cast<uint8_t>((sum + 128) >> 8);
    out.split(y, yo, yi, 32, TailStrategy::GuardWithIf)
        .parallel(yo)
        .vectorize(x, lanes, TailStrategy::GuardWithIf);
    rows.compute_at(out, yo).vectorize(x, lanes);
    padded.compute_at(out, yo).vectorize(x, lanes);
    out.compile_jit(target);
}

} // namespace compile_time
