#include "kernels.h"

#include "hls_stream.h"
#include "lathe_marks.h"

namespace simulation {

namespace {

typedef uint8_t pixel;
typedef hls::stream<pixel> Pixels;

void load(const pixel* in, Pixels& out) {
    for (int i = 0; i < width * height; ++i) {
#pragma HLS pipeline
        out.write(in[i]);
    }
}

void blur(Pixels& in, Pixels& out) {
    pixel lines[2][width], window[3][3];
#pragma HLS array_partition variable = lines complete dim = 1
#pragma HLS array_partition variable = window complete
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
#pragma HLS pipeline
            const pixel fresh[3] = {lines[0][x], lines[1][x], in.read()};
            for (int r = 0; r < 3; ++r) {
                window[r][0] = window[r][1];
                window[r][1] = window[r][2];
                window[r][2] = fresh[r];
            }
            lines[0][x] = fresh[1];
            lines[1][x] = fresh[2];
            if (y < 2 || x < 2) continue;
            int sum = 8;
            for (int r = 0; r < 3; ++r)
                sum += (window[r][0] + 2 * window[r][1] + window[r][2]) * (r == 1 ? 2 : 1);
            out.write(static_cast<pixel>(sum / 16));
        }
}

void store(Pixels& in, pixel* out) {
    for (int i = 0; i < (width - 2) * (height - 2); ++i) {
#pragma HLS pipeline
        out[i] = in.read();
    }
}

template <int Depth> void gaussian(const pixel* in, pixel* out) {
#pragma HLS dataflow
    LATHE_DATAFLOW_BEGIN
    hls::stream<pixel, Depth> source("source"), blurred("blurred");
    LATHE_PROCESS(load(in, source));
    LATHE_PROCESS(blur(source, blurred));
    LATHE_PROCESS(store(blurred, out));
    LATHE_DATAFLOW_END
}

typedef hls::stream<int> Numbers;

void feed(const int* from, int stride, Numbers& out) {
    for (int k = 0; k < steps; ++k)
        out.write(from[k * stride]);
}

void cell(Numbers& left, Numbers& right, Numbers& up, Numbers& down, int* c, bool is_last_column,
          bool is_last_row) {
    int sum = 0;
    for (int k = 0; k < steps; ++k) {
        const int a = left.read(), b = up.read();
        sum += a * b;
        if (!is_last_column) right.write(a);
        if (!is_last_row) down.write(b);
    }
    *c = sum;
}

} // namespace

void gaussian64(const uint8_t* in, uint8_t* out) {
    gaussian<64>(in, out);
}

void gaussian2(const uint8_t* in, uint8_t* out) {
    gaussian<2>(in, out);
}

void matmul(const int* a, const int* b, int* c) {
#pragma HLS dataflow
    LATHE_DATAFLOW_BEGIN
    Numbers across[rows][columns + 1], along[rows + 1][columns];
    LATHE_STREAM(across, 2)
    LATHE_STREAM(along, 2)
    for (int i = 0; i < rows; ++i) {
#pragma HLS unroll
        LATHE_PROCESS_AT((i), feed(a + i * steps, 1, across[i][0]));
    }
    for (int j = 0; j < columns; ++j) {
#pragma HLS unroll
        LATHE_PROCESS_AT((j), feed(b + j, columns, along[0][j]));
    }
    for (int i = 0; i < rows; ++i)
        for (int j = 0; j < columns; ++j) {
#pragma HLS unroll
            LATHE_PROCESS_AT((i, j), cell(across[i][j], across[i][j + 1], along[i][j], along[i + 1][j],
                                          c + i * columns + j, j == columns - 1, i == rows - 1));
        }
    LATHE_DATAFLOW_END
}

} // namespace simulation
