#include "plain.h"

#include <algorithm>
#include <cmath>

namespace {

float activation(float x, bool relu) {
    return relu ? std::max(x, 0.0f) : std::tanh(x);
}

/// Convolution 5×5, maximum of 2×2, activation.
template <int In, int Out, int Side>
void layer(const float* in, const float* w, const float* b, bool relu, float* out) {
    constexpr int sums = Side - 4, half = sums / 2;
    static thread_local float sum[sums][sums];
    for (int o = 0; o < Out; ++o) {
        for (auto& row : sum)
            std::fill(row, row + sums, b[o]);
        for (int c = 0; c < In; ++c)
            for (int i = 0; i < 5; ++i)
                for (int j = 0; j < 5; ++j) {
                    const float factor = w[((o * In + c) * 5 + i) * 5 + j];
                    for (int y = 0; y < sums; ++y) {
                        const float* row = in + (c * Side + y + i) * Side + j;
                        for (int x = 0; x < sums; ++x)
                            sum[y][x] += factor * row[x];
                    }
                }
        for (int y = 0; y < half; ++y)
            for (int x = 0; x < half; ++x)
                out[(o * half + y) * half + x] =
                    activation(std::max({sum[2 * y][2 * x], sum[2 * y][2 * x + 1], sum[2 * y + 1][2 * x],
                                         sum[2 * y + 1][2 * x + 1]}),
                               relu);
    }
}

} // namespace

void plain_lenet(const std::vector<const float*>& w, const float* images, int count, bool relu,
                 float* logits) {
    static thread_local float first[20 * 12 * 12], second[50 * 4 * 4], third[500];
    for (int n = 0; n < count; ++n) {
        layer<1, 20, 28>(images + n * 28 * 28, w[0], w[1], relu, first);
        layer<20, 50, 12>(first, w[2], w[3], relu, second);
        std::copy_n(w[5], 500, third);
        for (int k = 0; k < 800; ++k)
            for (int o = 0; o < 500; ++o)
                third[o] += second[k] * w[4][k * 500 + o];
        float* out = logits + n * 10;
        std::copy_n(w[7], 10, out);
        for (int k = 0; k < 500; ++k) {
            const float x = activation(third[k], relu);
            for (int o = 0; o < 10; ++o)
                out[o] += x * w[6][k * 10 + o];
        }
    }
}
