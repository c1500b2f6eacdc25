// The text of kernels, whole: it is meant to be read.

#include "lathe/hls/emit.h"
#include "programs.h"

using namespace lathe;

namespace {

/// The text without its first line break, so that it can begin on a line of its own.
std::string text(const char* raw) {
    return raw + 1;
}

} // namespace

TEST_CASE("golden: gemm") {
    Gemm g;
    Schedule s(g.C);
    s.bind(g.M, 64).bind(g.N, 32).bind(g.K, 16);
    s[g.C].pipeline(g.k);
    CHECK(vitis_source(s, {.top = "gemm"}) == text(R"cpp(
#include "gemm.h"

extern "C" void gemm(const float* A, const float* B, float* C) {
#pragma HLS interface m_axi port=A offset=slave bundle=gmem_A depth=1024
#pragma HLS interface m_axi port=B offset=slave bundle=gmem_B depth=512
#pragma HLS interface m_axi port=C offset=slave bundle=gmem_C depth=2048
#pragma HLS interface s_axilite port=A
#pragma HLS interface s_axilite port=B
#pragma HLS interface s_axilite port=C
#pragma HLS interface s_axilite port=return
    // C
    C_i: for (int i = 0; i < 64; ++i) {
        C_j: for (int j = 0; j < 32; ++j) {
            C[i * 32 + j] = 0.0f;
        }
    }
    // C, update 0
    C_update0_i: for (int i = 0; i < 64; ++i) {
        C_update0_j: for (int j = 0; j < 32; ++j) {
            C_update0_k: for (int k = 0; k < 16; ++k) {
#pragma HLS pipeline II=1
                C[i * 32 + j] = fmaf(A[i * 16 + k], B[k * 32 + j], C[i * 32 + j]);
            }
        }
    }
}
)cpp"));
    CHECK(vitis_header(s, {.top = "gemm"}) == text(R"cpp(
#pragma once

#define AP_INT_MAX_W 4096 // before AMD's headers
#include "lathe_hls.h"

extern "C" void gemm(const float* A, const float* B, float* C);
)cpp"));
}

TEST_CASE("golden: a stencil on fixed point, with sizes of one run") {
    Param H("H"), W("W");
    Var y("y"), x("x");
    const Type pixel = Fixed(16, 8, Round::rnd, Overflow::sat);
    Input in("in", pixel, {H, W});
    Func out("out", pixel, {H - 2, W});
    out(y, x) = (in(y, x) + in(y + 1, x) * 2 + in(y + 2, x)) >> 2;
    Schedule s(out);
    auto [xo, xi] = s[out].split(x, 4);
    s[out].pipeline(xo).unroll(xi);
    CHECK(vitis_source(s, {.top = "blur", .scalars = {{"H", Value::index(10)}, {"W", Value::index(16)}}}) ==
          text(R"cpp(
#include "blur.h"

extern "C" void blur(const ap_fixed<16, 8, AP_RND, AP_SAT>* in,
    ap_fixed<16, 8, AP_RND, AP_SAT>* out,
    int64_t H,
    int64_t W) {
#pragma HLS interface m_axi port=in offset=slave bundle=gmem_in depth=160
#pragma HLS interface m_axi port=out offset=slave bundle=gmem_out depth=128
#pragma HLS interface s_axilite port=in
#pragma HLS interface s_axilite port=out
#pragma HLS interface s_axilite port=H
#pragma HLS interface s_axilite port=W
#pragma HLS interface s_axilite port=return
    // out
    out_y: for (int64_t y = 0; y < H - 2; ++y) {
#pragma HLS loop_tripcount min=8 max=8
        out_xo: for (int64_t xo = 0; xo < (W + 3) / 4; ++xo) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=4 max=4
            out_xi: for (int64_t xi = 0; xi < 4; ++xi) {
#pragma HLS unroll
                if (4 * xo + xi < W) {
                    out[y * W + 4 * xo + xi] = ap_fixed<20, 12>(in[y * W + 4 * xo + xi] + in[(y + 1) * W + 4 * xo + xi] * 2 + in[(y + 2) * W + 4 * xo + xi]) >> 2;
                }
            }
        }
    }
}
)cpp"));
}

TEST_CASE("golden: names of C++, lazy choices, a table and an array inside") {
    Var i("for"), r("i j");
    Input in("int", UInt(8), {16});
    Const table("ap_table", Int(9), {4}, {1, -2, 3, -4});
    Func part("A__b"), out("class", Int(16), {8});
    part(i) = in(i) + in(i + 1);
    out(r) = select(part(r) > 100, part(r + 7) * table(floor_mod(r, 4)), 0) - min(in(r), 9);
    CHECK(vitis_source(Schedule(out)) == text(R"cpp(
#include "class_kernel.h"

extern "C" void class_kernel(const ap_uint<8>* int_, ap_int<16>* class_) {
#pragma HLS interface m_axi port=int_ offset=slave bundle=gmem_int_ depth=16
#pragma HLS interface m_axi port=class_ offset=slave bundle=gmem_class_ depth=8
#pragma HLS interface s_axilite port=int_
#pragma HLS interface s_axilite port=class_
#pragma HLS interface s_axilite port=return
    static const ap_int<9> xap_table[4] = {
        1, -2, 3, -4,
    };
    ap_uint<9> A_b[15];
    // A__b
    A_b_for: for (int for_ = 0; for_ < 15; ++for_) {
        A_b[for_] = int_[for_] + int_[for_ + 1];
    }
    // class
    class_i_j: for (int i_j = 0; i_j < 8; ++i_j) {
        class_[i_j] = (A_b[i_j] > 100 ? A_b[i_j + 7] * xap_table[i_j % 4] : ap_int<18>(0)) - std::min<ap_uint<8>>(int_[i_j], 9);
    }
}
)cpp"));
}
