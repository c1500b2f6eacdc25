#include "kernels.h"

#include "hls_stream.h"
#include "hls_streamofblocks.h"
#include "lathe_marks.h"

#include <algorithm>

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

typedef int Tile[tile][tile];
typedef hls::stream_of_blocks<Tile> Tiles;

constexpr int tiles = size / tile;

/// The tiles of a row of A, or of a column of B, for each tile of C.
void load_tiles(const int* from, bool is_left, Tiles& out) {
    for (int i = 0; i < tiles; ++i)
        for (int j = 0; j < tiles; ++j)
            for (int k = 0; k < tiles; ++k) {
                hls::write_lock<Tile> t(out);
                const int row = (is_left ? i : k) * tile, column = (is_left ? k : j) * tile;
                for (int y = 0; y < tile; ++y)
                    for (int x = 0; x < tile; ++x) {
#pragma HLS pipeline
                        t[y][x] = from[(row + y) * size + column + x];
                    }
            }
}

void multiply(Tiles& left, Tiles& right, Tiles& out) {
    for (int n = 0; n < tiles * tiles; ++n) {
        hls::write_lock<Tile> c(out);
        for (int y = 0; y < tile; ++y)
            for (int x = 0; x < tile; ++x)
                c[y][x] = 0;
        for (int k = 0; k < tiles; ++k) {
            hls::read_lock<Tile> a(left), b(right);
            for (int y = 0; y < tile; ++y)
                for (int z = 0; z < tile; ++z)
                    for (int x = 0; x < tile; ++x) {
#pragma HLS pipeline
                        c[y][x] += a[y][z] * b[z][x];
                    }
        }
    }
}

void store_tiles(Tiles& in, int* to) {
    for (int i = 0; i < tiles; ++i)
        for (int j = 0; j < tiles; ++j) {
            hls::read_lock<Tile> t(in);
            for (int y = 0; y < tile; ++y)
                for (int x = 0; x < tile; ++x)
                    to[(i * tile + y) * size + j * tile + x] = t[y][x];
        }
}

/// What a cell hands to the next one: a symbol of the text, its own score there, and the best so far.
struct Score {
    uint8_t symbol;
    int16_t score, best;
};
typedef hls::stream<Score> Scores;

void read_text(const uint8_t* text, Scores& out) {
    for (int n = 0; n < symbols; ++n)
        out.write({text[n], 0, 0});
}

void align(uint8_t own, Scores& in, Scores& out) {
    int before = 0, above = 0;
    for (int n = 0; n < symbols; ++n) {
#pragma HLS pipeline
        const Score left = in.read();
        const int with = before + (left.symbol == own ? 2 : -1);
        const int here = std::max({0, with, above - 1, left.score - 1});
        before = left.score;
        above = here;
        out.write(
            {left.symbol, static_cast<int16_t>(here), static_cast<int16_t>(std::max<int>(left.best, here))});
    }
}

void read_best(Scores& in, int* best) {
    int most = 0;
    for (int n = 0; n < symbols; ++n)
        most = std::max<int>(most, in.read().best);
    *best = most;
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

void gemm(const int* a, const int* b, int* c) {
#pragma HLS dataflow
    LATHE_DATAFLOW_BEGIN
    Tiles left("left"), right("right"), out("out");
    LATHE_PROCESS(load_tiles(a, true, left));
    LATHE_PROCESS(load_tiles(b, false, right));
    LATHE_PROCESS(multiply(left, right, out));
    LATHE_PROCESS(store_tiles(out, c));
    LATHE_DATAFLOW_END
}

int smith_waterman(const uint8_t* query, const uint8_t* text) {
    int best = 0;
#pragma HLS dataflow
    LATHE_DATAFLOW_BEGIN
    Scores scores[cells + 1];
    LATHE_STREAM(scores, 2)
    LATHE_PROCESS(read_text(text, scores[0]));
    for (int n = 0; n < cells; ++n) {
#pragma HLS unroll
        LATHE_PROCESS_AT((n), align(query[n], scores[n], scores[n + 1]));
    }
    LATHE_PROCESS(read_best(scores[cells], &best));
    LATHE_DATAFLOW_END
    return best;
}

} // namespace simulation
