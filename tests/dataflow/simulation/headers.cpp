// What kernels include beside streams, with AMD's types; and arrays that count their accesses. C++14.

#include "ap_axi_sdata.h"
#include "hls_burst_maxi.h"
#include "hls_math.h"
#include "hls_stream.h"
#include "hls_vector.h"

#include <cstdint>
#include <iostream>
#include <string>

namespace {

int failures = 0;

#define EXPECT(condition)                                                                                    \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            std::cout << __LINE__ << ": " << #condition << "\n";                                             \
            ++failures;                                                                                      \
        }                                                                                                    \
    } while (false)

template <class F> std::string error_of(F f) {
    try {
        f();
    } catch (const std::exception& e) {
        return e.what();
    }
    return "";
}

void vectors() {
    typedef hls::vector<int, 4> Four;
    const Four a = {1, 2, 3, 4}, b = 2;
    EXPECT((a + b).reduce_add() == 18);
    EXPECT((a * b - 1).reduce_add() == 16);
    EXPECT((a << b)[3] == 16 && (a % 2)[2] == 1 && (-a)[0] == -1 && (~a)[0] == -2);
    EXPECT((a < 3).reduce_add());
    EXPECT((a == a).reduce_and() && !(a != a).reduce_or());
    EXPECT(a.reduce_mult() == 24 && a.reduce_xor() == 4 && a.reduce_or() == 7 && a.reduce_and() == 0);
    hls::vector<ap_int<5>, 2> narrow = {15, -16};
    narrow += ap_int<5>(1);
    EXPECT(narrow[0] == -16 && narrow[1] == -15);
    int sum = 0;
    for (const int x : a)
        sum += x;
    EXPECT(sum == 10);
    EXPECT(error_of([] { Four({1, 2}).reduce_add(); }) == "hls::vector: as many values as lanes");
}

int burst_copy(hls::burst_maxi<int> in, hls::burst_maxi<int> out) {
    in.read_request(2, 3);
    in.read_request(0, 2);
    out.write_request(0, 5);
    for (int i = 0; i < 5; ++i)
        out.write(in.read());
    out.write_response();
    return 5;
}

void bursts() {
    int in[5] = {0, 1, 2, 3, 4}, out[5];
    EXPECT(burst_copy(in, out) == 5);
    EXPECT(out[0] == 2 && out[2] == 4 && out[3] == 0 && out[4] == 1);
    hls::burst_maxi<int> port(in);
    EXPECT(error_of([&] { port.read(); }) ==
           "hls::burst_maxi: read of more than was asked for by read_request");
    EXPECT(error_of([&] { port.write(1); }) ==
           "hls::burst_maxi: write of more than was asked for by write_request");
    EXPECT(error_of([&] { port.write_response(); }) ==
           "hls::burst_maxi: write_response before a burst was written");
    EXPECT(error_of([&] { port.read_request(0, 0); }) == "hls::burst_maxi: a read_request of nothing");
}

typedef ap_axiu<24, 2> Word;

void send(hls::stream<Word>& out) {
    for (int i = 0; i < 3; ++i) {
        Word w;
        w.data = 1000 * i;
        w.keep_all();
        w.user = i;
        w.last = i == 2;
        out << w;
    }
}
void receive(hls::stream<Word>& in, int* sum) {
    Word w;
    do {
        in >> w;
        *sum += w.data.to_int() + w.user.to_int() + w.keep.to_int();
    } while (!w.get_last());
}

void streams() {
    hls::stream<int, 3> s[2] = {};
    LATHE_STREAM(s[1], LATHE_UNBOUNDED)
    int x = 0;
    EXPECT(s[0].capacity() == 3 && s[0].empty() && !s[0].read_nb(x));
    EXPECT(s[0].write_nb(1) && s[0].write_nb(2) && s[0].write_nb(3) && !s[0].write_nb(4));
    EXPECT(s[0].full() && s[0].size() == 3 && s[0].read_nb(x) && x == 1);
    s[0].read(x);
    EXPECT(x == 2 && s[0].read() == 3);
    for (int i = 0; i < 1000; ++i)
        s[1] << i;
    for (int i = 0; i < 1000; ++i)
        EXPECT(s[1].read() == i);
    EXPECT(s[0].name() != s[1].name() && s[1].name() == "s[1]");
}

void words() {
    int sum = 0;
    LATHE_DATAFLOW_BEGIN
    hls::stream<Word> s("s");
    LATHE_PROCESS(send(s));
    LATHE_PROCESS(receive(s, &sum));
    LATHE_DATAFLOW_END
    EXPECT(sum == 3000 + 3 + 3 * 7);
    hls::axis<float, 0, 4> f;
    f.data = 1.5f;
    f.user = 3;
    f.id = 9;
    EXPECT(f.user == 0 && f.id == 9 && f.keep.width == 4);
    EXPECT(ap_axis<9>().keep.width == 2);
}

void mathematics() {
    EXPECT(hls::sqrt(4.0f) == 2 && hls::sqrtf(4.0f) == 2 && hls::pow(2.0, 3.0) == 8);
    EXPECT(hls::fmaf(2.0f, 3.0f, 1.0f) == 7 && hls::recip(4.0) == 0.25 && hls::rsqrt(4.0f) == 0.5f);
    float sine = 0, cosine = 0;
    hls::sincos(0.0f, &sine, &cosine);
    EXPECT(sine == 0 && cosine == 1);
}

// --- accesses of banks -------------------------------------------------------------------------------------

void blur(LATHE_ARRAY_ARGUMENT(int, line, [2][8]), int x, int in, int* out) {
    out[x] = line[0][x] + line[1][x] + in;
    line[0][x] = line[1][x];
    line[1][x] = in;
}

std::string counts(const lathe_sim::ArrayReport& r) {
    return std::to_string(r.banks) + " banks: " + std::to_string(r.reads) + " reads, " +
           std::to_string(r.writes) + " writes, " + std::to_string(r.both) + " together";
}

void ports() {
    int out[8];
    LATHE_ARRAY(int, line, [2][8])
#pragma HLS array_partition variable = line complete dim = 1
    LATHE_PARTITION(line, complete(1))
    for (int x = 0; x < 8; ++x)
        for (int y = 0; y < 2; ++y)
            line[y][x] = 0;
    for (int x = 0; x < 8; ++x) {
#pragma HLS pipeline
        LATHE_ITERATION
        blur(line, x, x, out);
    }
    EXPECT(counts(line.report()) == "2 banks: 1 reads, 1 writes, 2 together");
    LATHE_ARRAY(ap_uint<7>, a, [8])
    const auto sweep = [&] {
        for (int x = 0; x < 8; x += 4) {
            LATHE_ITERATION
            a[x] += a[x + 1] + a[x + 2] + a[x + 3];
            ++a[x];
        }
        return counts(a.report());
    };
    for (int x = 0; x < 8; ++x) {
        LATHE_ITERATION
        a[x] = x;
    }
    EXPECT(sweep() == "1 banks: 4 reads, 1 writes, 5 together");
    a.partition(lathe_sim::cyclic(1, 4));
    EXPECT(sweep() == "4 banks: 1 reads, 1 writes, 2 together");
    a.partition(lathe_sim::cyclic(1, 2));
    EXPECT(sweep() == "2 banks: 2 reads, 1 writes, 3 together");
    a.partition(lathe_sim::block(1, 2));
    EXPECT(sweep() == "2 banks: 4 reads, 1 writes, 5 together");
    a.partition(lathe_sim::complete());
    EXPECT(sweep() == "8 banks: 1 reads, 1 writes, 2 together");
    EXPECT(error_of([&] { a[8] = 1; }) == "subscript 8 of dimension 1 of a, which has 8");
    EXPECT(error_of([&] { a.partition(lathe_sim::cyclic(2, 2)); }) ==
           "LATHE_PARTITION: a has no dimension 2, or the factor is 0");
}

} // namespace

int main() {
    vectors();
    bursts();
    streams();
    words();
    mathematics();
    ports();
    return failures > 0;
}
