/// \file Runs the generated gemm on matrices of any size, checks it against double precision, and measures it
/// beside the machine's peak and OpenBLAS (when that is installed).

#include "gemm.h"
#include "support/arguments.h"
#include "support/measure.h"
#include "support/peak.h"
#include "support/report.h"
#include "support/threads.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <dlfcn.h>
#include <limits>
#include <random>
#include <stdexcept>

namespace {

struct Matrix {
    int rows, columns;
    std::vector<float> values;
    halide_dimension_t dims[2]{};
    halide_buffer_t buffer{};

    Matrix(int rows, int columns)
        : rows(rows), columns(columns), values(static_cast<size_t>(rows) * columns) {
        dims[0] = {0, columns, 1, 0};
        dims[1] = {0, rows, columns, 0};
        static uint8_t nothing[sizeof(float)]; // some address for a matrix without elements
        buffer.host = values.empty() ? nothing : reinterpret_cast<uint8_t*>(values.data());
        buffer.type = {halide_type_float, 32, 1};
        buffer.dimensions = 2;
        buffer.dim = dims;
    }
    Matrix(const Matrix&) = delete;
    Matrix& operator=(const Matrix&) = delete;

    void randomize(unsigned seed) {
        std::minstd_rand random(seed);
        std::uniform_real_distribution<float> uniform(-1, 1);
        for (float& v : values)
            v = uniform(random);
    }
};

void run(Matrix& a, Matrix& b, Matrix& c) {
    if (const int error = gemm(&a.buffer, &b.buffer, &c.buffer))
        throw std::runtime_error("gemm returned error " + std::to_string(error));
}

/// The largest |c − reference| in units of the bound k·ε·Σ|a·b| that every order of float summation keeps.
double worst_error(const Matrix& a, const Matrix& b, const Matrix& c) {
    const int k_size = a.columns;
    std::vector<double> sum(c.columns), magnitude(c.columns);
    double worst = 0;
    for (int i = 0; i < c.rows; ++i) {
        std::ranges::fill(sum, 0.0);
        std::ranges::fill(magnitude, 0.0);
        for (int k = 0; k < k_size; ++k) {
            const double x = a.values[static_cast<size_t>(i) * k_size + k];
            const float* row = &b.values[static_cast<size_t>(k) * c.columns];
            for (int j = 0; j < c.columns; ++j) {
                sum[j] += x * row[j];
                magnitude[j] += std::abs(x * row[j]);
            }
        }
        for (int j = 0; j < c.columns; ++j) {
            const double error = std::abs(c.values[static_cast<size_t>(i) * c.columns + j] - sum[j]);
            const double bound =
                k_size * static_cast<double>(std::numeric_limits<float>::epsilon()) * magnitude[j];
            if (!(error <= bound))
                worst = std::max(worst, bound > 0 ? error / bound : std::numeric_limits<double>::infinity());
            if (bound > 0) worst = std::max(worst, error / bound);
        }
    }
    return worst;
}

using Sgemm = void (*)(int, int, int, int, int, int, float, const float*, int, const float*, int, float,
                       float*, int);

struct OpenBlas {
    Sgemm sgemm = nullptr;
    void (*set_threads)(int) = nullptr;
    std::string kernel;

    /// By itself it takes slow kernels on CPUs that it does not know.
    OpenBlas() {
        if (__builtin_cpu_supports("avx512bw")) setenv("OPENBLAS_CORETYPE", "SKYLAKEX", 0);
        void* library = dlopen("libopenblas.so.0", RTLD_NOW);
        if (!library) return;
        sgemm = reinterpret_cast<Sgemm>(dlsym(library, "cblas_sgemm"));
        set_threads = reinterpret_cast<void (*)(int)>(dlsym(library, "openblas_set_num_threads"));
        if (auto* core = reinterpret_cast<char* (*)()>(dlsym(library, "openblas_get_corename")))
            kernel = core();
    }
    void operator()(const Matrix& a, const Matrix& b, Matrix& c) const {
        constexpr int row_major = 101, no_transpose = 111;
        sgemm(row_major, no_transpose, no_transpose, c.rows, c.columns, a.columns, 1.0f, a.values.data(),
              a.columns, b.values.data(), b.columns, 0.0f, c.values.data(), c.columns);
    }
};

void measure(Matrix& a, Matrix& b, Matrix& c, support::Report& report) {
    const double work = 2.0 * c.rows * c.columns * a.columns;
    const int cores = support::pin_to_cores(2);
    const double peak = support::fma_peak_gflops();
    report.figure("FMA peak, 1 thread", peak, "GFLOP/s");
    const OpenBlas openblas;
    report.text("OpenBLAS", openblas.sgemm ? "kernel " + openblas.kernel : "not installed: no ratio");
    Matrix other(c.rows, c.columns);
    double one_thread = 0;
    for (int threads = 1; threads <= cores; ++threads) {
        support::use_threads(threads);
        const std::string name = std::to_string(threads) + (threads == 1 ? " thread" : " threads");
        double seconds = 0, theirs = 0;
        if (openblas.sgemm) {
            openblas.set_threads(threads);
            std::tie(seconds, theirs) =
                support::best_in_turns([&] { run(a, b, c); }, [&] { openblas(a, b, other); }, 10, 2);
        } else {
            seconds = support::best_seconds([&] { run(a, b, c); }, 10, 1);
        }
        const double speed = work / seconds * 1e-9;
        report.figure("gemm, " + name, speed, "GFLOP/s");
        if (peak > 0) report.figure("share of the peak, " + name, 100 * speed / (peak * threads), "%");
        if (theirs > 0) {
            report.figure("OpenBLAS, " + name, work / theirs * 1e-9, "GFLOP/s");
            report.figure("ratio to OpenBLAS, " + name, theirs / seconds, "x");
        }
        if (threads == 1)
            one_thread = speed;
        else
            report.figure("speed-up, " + name, speed / one_thread, "x");
    }
}

} // namespace

int main(int argc, char** argv) try {
    int64_t rows = 1024, columns = 1024, inner = 1024;
    std::string json;
    support::Arguments arguments(
        "C[M, N] = A[M, K] · B[K, N] in float32, from a static library that Lathe generated");
    arguments.number("M", rows, 0, 1 << 15, "rows of A and C");
    arguments.number("N", columns, 0, 1 << 15, "columns of B and C");
    arguments.number("K", inner, 0, 1 << 15, "columns of A, rows of B");
    arguments.json(json);
    if (const auto status = arguments.read(argc, argv)) return *status;

    support::Report report(json);
    const int m = static_cast<int>(rows), n = static_cast<int>(columns), k = static_cast<int>(inner);
    Matrix a(m, k), b(k, n), c(m, n);
    a.randomize(1);
    b.randomize(2);
    std::ranges::fill(c.values, std::numeric_limits<float>::quiet_NaN());
    report.text("size", std::to_string(m) + " x " + std::to_string(n) + " x " + std::to_string(k));
    run(a, b, c);
    const double error = worst_error(a, b, c);
    report.figure("largest error / bound (K·eps·sum|a·b|)", error, "(right: at most 1)");
    const bool right = error <= 1;
    if (right && c.values.size() && k) measure(a, b, c, report);
    report.text("result", right ? "right" : "WRONG");
    report.write_json();
    return right ? 0 : 1;
} catch (const std::exception& e) {
    std::fprintf(stderr, "gemm: %s\n", e.what());
    return 2;
}
