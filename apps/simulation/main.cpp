/// \file How fast C++ for Vitis HLS with streams is simulated: a Gaussian as dataflow, arrays of
/// processes, and tiles.

#include "kernels.h"
#include "support/arguments.h"
#include "support/measure.h"
#include "support/report.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <vector>

using namespace simulation;

namespace {

void check_gaussian(const std::vector<uint8_t>& in, const std::vector<uint8_t>& out) {
    for (int y = 0; y < height - 2; ++y)
        for (int x = 0; x < width - 2; ++x) {
            int sum = 8;
            for (int r = 0; r < 9; ++r)
                sum += in[static_cast<size_t>((y + r / 3) * width + x + r % 3)] * (r / 3 == 1 ? 2 : 1) *
                       (r % 3 == 1 ? 2 : 1);
            if (out[static_cast<size_t>(y * (width - 2) + x)] != sum / 16)
                throw std::runtime_error("the simulated Gaussian is wrong");
        }
}

void check_matmul(const std::vector<int>& a, const std::vector<int>& b, const std::vector<int>& c) {
    for (size_t i = 0; i < rows; ++i)
        for (size_t j = 0; j < columns; ++j) {
            int sum = 0;
            for (size_t k = 0; k < steps; ++k)
                sum += a[i * steps + k] * b[k * columns + j];
            if (c[i * columns + j] != sum) throw std::runtime_error("the simulated product is wrong");
        }
}

void check_gemm(const std::vector<int>& a, const std::vector<int>& b, const std::vector<int>& c) {
    const auto n = static_cast<size_t>(size);
    std::vector<int> right(n * n);
    for (size_t i = 0; i < n; ++i)
        for (size_t k = 0; k < n; ++k)
            for (size_t j = 0; j < n; ++j)
                right[i * n + j] += a[i * n + k] * b[k * n + j];
    if (c != right) throw std::runtime_error("the simulated product of tiles is wrong");
}

int best_score(const std::vector<uint8_t>& query, const std::vector<uint8_t>& text) {
    std::vector<int> row(query.size() + 1);
    int best = 0;
    for (const uint8_t symbol : text) {
        int before = 0;
        for (size_t j = 1; j < row.size(); ++j) {
            const int with = before + (query[j - 1] == symbol ? 2 : -1);
            before = row[j];
            row[j] = std::max({0, with, before - 1, row[j - 1] - 1});
            best = std::max(best, row[j]);
        }
    }
    return best;
}

void measure_gemm(support::Report& report) {
    std::vector<int> a(static_cast<size_t>(size) * size), b(a.size()), c(a.size());
    for (size_t i = 0; i < a.size(); ++i) {
        a[i] = static_cast<int>(i * 7 % 31) - 15;
        b[i] = static_cast<int>(i * 5 % 29) - 14;
    }
    const double seconds = support::best_seconds([&] { gemm(a.data(), b.data(), c.data()); });
    check_gemm(a, b, c);
    report.figure("gemm 256 by tiles of 16, ping-pong", 1.0 * size * size * size / seconds / 1e6,
                  "M multiply-adds/s");
}

void measure_smith_waterman(support::Report& report) {
    std::vector<uint8_t> query(cells), text(symbols);
    for (size_t i = 0; i < text.size(); ++i)
        text[i] = static_cast<uint8_t>((i * i >> 3) % 4);
    std::copy_n(text.begin() + 1000, query.size(), query.begin());
    query[20] ^= 1;
    int best = 0;
    const double seconds = support::best_seconds([&] { best = smith_waterman(query.data(), text.data()); });
    if (best != best_score(query, text)) throw std::runtime_error("the simulated score is wrong");
    report.figure("Smith-Waterman on 64 cells, streams of depth 2", 1.0 * cells * symbols / seconds / 1e6,
                  "M cell updates/s");
}

} // namespace

int main(int argc, char** argv) try {
    std::string json;
    support::Arguments arguments(
        "Speed of simulation: a Gaussian as dataflow, arrays of processes, and tiles");
    arguments.json(json);
    if (const auto status = arguments.read(argc, argv)) return *status;
    support::Report report(json);
    support::pin_to_cores(1);

    std::vector<uint8_t> in(width * height), out((width - 2) * (height - 2));
    for (size_t i = 0; i < in.size(); ++i)
        in[i] = static_cast<uint8_t>(i * i >> 7);
    const auto gaussian = [&](const char* name, auto kernel) {
        const double seconds = support::best_seconds([&] { kernel(in.data(), out.data()); });
        check_gaussian(in, out);
        report.figure(name, width * height / seconds / 1e6, "Mpixel/s");
    };
    gaussian("Gaussian 3x3, streams of depth 64", gaussian64);
    gaussian("Gaussian 3x3, streams of depth 2", gaussian2);

    std::vector<int> a(rows * steps), b(steps * columns), c(rows * columns);
    for (size_t i = 0; i < a.size(); ++i) {
        a[i] = static_cast<int>(i * 7 % 31) - 15;
        b[i] = static_cast<int>(i * 5 % 29) - 14;
    }
    const double seconds = support::best_seconds([&] { matmul(a.data(), b.data(), c.data()); });
    check_matmul(a, b, c);
    report.figure("product on 8x8 processes, streams of depth 2", rows * columns * steps / seconds / 1e6,
                  "M multiply-adds/s");
    measure_gemm(report);
    measure_smith_waterman(report);
    report.write_json();
    return 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "simulation: %s\n", e.what());
    return 1;
}
