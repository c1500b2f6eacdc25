/// LeNet, the binary network, k-means and Jacobi in integers and fixed point: the interpreter, machine code
/// and Vitis C++ agree bit for bit. And the files of weights that are not what they should be.

#ifdef LATHE_TEST_APPS

#include "bnn/network.h"
#include "jacobi/algorithm.h"
#include "jacobi/generator.h"
#include "kmeans/algorithm.h"
#include "kmeans/generator.h"
#include "lenet/network.h"
#include "program.h"
#include "support/idx.h"
#include "support/tensor_file.h"

#include <filesystem>
#include <fstream>

using namespace lathe;
using namespace lathe::ir;

namespace {

std::vector<AnyBuffer> copies(const std::vector<AnyBuffer>& buffers) {
    std::vector<AnyBuffer> all;
    for (const AnyBuffer& b : buffers)
        all.push_back(b.copy());
    return all;
}

std::vector<AnyBuffer*> pointers(std::vector<AnyBuffer>& buffers) {
    std::vector<AnyBuffer*> all;
    for (AnyBuffer& b : buffers)
        all.push_back(&b);
    return all;
}

/// The arguments after each way to run: as the algorithm says, by the machine code of both schedules, and by
/// Vitis C++, where it has streams also under ten seeds of stalls.
void expect_one_result(const Schedule& cpu, const Schedule& vitis, const std::vector<AnyBuffer>& arguments) {
    std::vector<AnyBuffer> meaning = copies(arguments), code = copies(arguments), hls = copies(arguments);
    interpret(cpu.reference(), pointers(meaning));
    jit(cpu).call(pointers(code));
    VitisKernels kernels;
    kernels.add(vitis);
    kernels.compile();
    CHECK(kernels.run(0, pointers(hls), {}) == "");
    std::vector<AnyBuffer> same = copies(arguments);
    jit(vitis).call(pointers(same));
    for (size_t n = 0; n < arguments.size(); ++n) {
        expect_equal(code[n], meaning[n], "machine code, argument " + std::to_string(n));
        expect_equal(same[n], meaning[n],
                     "machine code of the schedule for Vitis, argument " + std::to_string(n));
        expect_equal(hls[n], meaning[n], "Vitis C++, argument " + std::to_string(n));
    }
    if (kernels.source(0).find("hls::stream") == std::string::npos) return;
    for (uint64_t seed = 1; seed <= 10; ++seed) {
        std::vector<AnyBuffer> stalled = copies(arguments);
        kernels.stall(seed);
        CHECK(kernels.run(0, pointers(stalled), {}) == "");
        for (size_t n = 0; n < arguments.size(); ++n)
            expect_equal(stalled[n], meaning[n], "with stalls, argument " + std::to_string(n));
    }
}

std::string changed_file(const std::string& name, const std::function<void(std::string&)>& change) {
    std::ifstream file(SUPPORT_DATA "/bnn.tensors", std::ios::binary);
    std::string content{std::istreambuf_iterator<char>(file), {}};
    change(content);
    const std::string path =
        (std::filesystem::temp_directory_path() / ("lathe_" + name + std::to_string(getpid()))).string();
    std::ofstream(path, std::ios::binary) << content;
    return path;
}

} // namespace

TEST_CASE("LeNet: one result in fixed point; accuracy in floats and with 8 bits") {
    for (const auto activation : {Activation::relu, Activation::tanh}) {
        const LeNet net = lenet(activation);
        const LeNetData data(activation, SUPPORT_DATA);
        Schedule cpu = cpu_schedule(net), vitis = vitis_schedule(net, 1);
        CHECK(data.accuracy(cpu, 200) >= 97);
        const Type t = Fixed(8, 6, Round::rnd, Overflow::sat);
        quantize(cpu, net, t, t);
        quantize(vitis, net, t, t);
        CHECK(data.accuracy(cpu, 200) >= 96.5);
        if (activation == Activation::tanh && !deep()) continue;
        std::vector<AnyBuffer> arguments = data.inputs(cpu, 0, 1);
        arguments.emplace_back(cpu.module().top().arguments.back().tensor.type, std::vector<int64_t>{1, 10});
        expect_one_result(cpu, vitis, arguments);
    }
}

TEST_CASE("binary network: one result, and its accuracy") {
    const Bnn net = bnn();
    const BnnData data(SUPPORT_DATA "/bnn.tensors", SUPPORT_DATA "/digits-test");
    const Schedule cpu = cpu_schedule(net);
    CHECK(data.accuracy(realize(cpu, data.inputs(300)).front()) >= 94);
    std::vector<AnyBuffer> arguments = data.inputs(1);
    arguments.emplace_back(Int(32), std::vector<int64_t>{1});
    expect_one_result(cpu, vitis_schedule(net, 1), arguments);
}

TEST_CASE("binary convolution against plain popcounts") {
    const BinaryLayer l = binary_layer(128, 5, 6);
    std::mt19937_64 random(1);
    Buffer<uint64_t> in(UInt(64), {7, 8, 2}), weights(UInt(64), {128, 3, 3, 2});
    for (uint64_t& x : in)
        x = random();
    for (uint64_t& x : weights)
        x = random();
    const AnyBuffer out = realize(cpu_schedule(l), {in, weights}).front();
    for (int64_t y = 0; y < 5; ++y)
        for (int64_t x = 0; x < 6; ++x)
            for (int64_t o = 0; o < 128; ++o) {
                int count = 0;
                for (int64_t i = 0; i < 3; ++i)
                    for (int64_t j = 0; j < 3; ++j)
                        for (int64_t w = 0; w < 2; ++w)
                            count += std::popcount(in(y + i, x + j, w) ^ weights(o, i, j, w));
                CHECK(out.get({y, x, o}).as_int64() == count);
            }
}

TEST_CASE("k-means: one result, also against plain C++") {
    for (const Type type : {UInt(8), Int(5), Fixed(12, 4)}) {
        constexpr int64_t N = 40, D = 3, K = 4, rounds = 3;
        const KMeans k = kmeans(type, N, D, K, rounds);
        const AnyBuffer points(type, {N, D}), means(type, {K, D}), joined(Int(16), {N});
        std::mt19937 random(3);
        for (int64_t n = 0; n < N; ++n)
            for (int64_t d = 0; d < D; ++d)
                AnyBuffer(points).set({n, d}, Value::from_bits(type, random() % (1u << type.width())));
        for (int64_t m = 0; m < K; ++m)
            for (int64_t d = 0; d < D; ++d)
                AnyBuffer(means).set({m, d}, points.get({m * 7, d}));
        expect_one_result(cpu_schedule(k), vitis_schedule(k), {points, means, joined});
        if (!type.is_int()) continue;
        int64_t center[K][D], nearest[N];
        for (int64_t m = 0; m < K; ++m)
            for (int64_t d = 0; d < D; ++d)
                center[m][d] = means.get({m, d}).as_int64();
        for (int64_t r = 0; r < rounds; ++r) {
            int64_t sums[K][D] = {}, counts[K] = {};
            for (int64_t n = 0; n < N; ++n) {
                int64_t best = 0, least = -1;
                for (int64_t m = 0; m < K; ++m) {
                    int64_t far = 0;
                    for (int64_t d = 0; d < D; ++d) {
                        const int64_t apart = points.get({n, d}).as_int64() - center[m][d];
                        far += apart * apart;
                    }
                    if (least < 0 || far < least) best = m, least = far;
                }
                nearest[n] = best;
                ++counts[best];
                for (int64_t d = 0; d < D; ++d)
                    sums[best][d] += points.get({n, d}).as_int64();
            }
            for (int64_t m = 0; m < K; ++m)
                for (int64_t d = 0; counts[m] > 0 && d < D; ++d)
                    center[m][d] = sums[m][d] / counts[m];
        }
        std::vector<AnyBuffer> run = copies({points, means, joined});
        jit(cpu_schedule(k)).call(pointers(run));
        for (int64_t n = 0; n < N; ++n)
            CHECK(run[2].get({n}).as_int64() == nearest[n]);
        for (int64_t m = 0; m < K; ++m)
            for (int64_t d = 0; d < D; ++d)
                CHECK(run[1].get({m, d}).as_int64() == center[m][d]);
    }
}

TEST_CASE("k-means' generator takes integers and fixed point, and as many means as an Int(16) counts") {
    const auto make = [](Type point, int64_t means) {
        return kmeans_generator().make(GeneratorArguments({{"point", point},
                                                           {"points", int64_t{20}},
                                                           {"dimensions", int64_t{3}},
                                                           {"means", means},
                                                           {"rounds", int64_t{2}}},
                                                          Target::host()));
    };
    CHECK(make(Fixed(12, 4), 32767).module().top().name == "kmeans");
    CHECK_THROWS_WITH_AS(make(Float(32), 4), "point is an integer or fixed point, not Float(32)", Error);
    CHECK_THROWS_WITH_AS(make(Bool(), 4), "point is an integer or fixed point, not Bool", Error);
    CHECK_THROWS_WITH_AS(make(Int(8), 32768), "means is between 1 and 32767, not 32768", Error);
    CHECK_THROWS_WITH_AS(make(Int(8), 0), "means is between 1 and 32767, not 0", Error);
}

TEST_CASE("Jacobi: one result in floats and fixed point, and the fixed ones are near") {
    constexpr int64_t H = 12, W = 19, sweeps = 4;
    std::map<int, AnyBuffer> results;
    for (const Type type : {Float(32), Fixed(16, 12), Fixed(20, 16, Round::rnd, Overflow::sat)}) {
        const Jacobi j = jacobi(type, H, W, sweeps);
        AnyBuffer a(type, {H, W});
        for (int64_t y = 0; y < H; ++y)
            for (int64_t x = 0; x < W; ++x)
                a.set({y, x}, Value::from_double(Float(32), static_cast<double>((y * 7 + x * 5) % 16) / 4));
        expect_one_result(cpu_schedule(j, Target::host()), vitis_schedule(j), {a});
        std::vector<AnyBuffer> run = {a};
        jit(cpu_schedule(j, Target::host())).call(pointers(run));
        results[type.frac()] = a;
    }
    for (int64_t y = 0; y < H; ++y)
        for (int64_t x = 0; x < W; ++x) {
            const double want = results.at(0).get({y, x}).as_double();
            CHECK(std::abs(results.at(12).get({y, x}).as_double() - want) < 8.0 / 4096);
            CHECK(std::abs(results.at(16).get({y, x}).as_double() - want) < 8.0 / 65536);
        }
}

TEST_CASE("Jacobi's generator makes one sweep and more, of three rows and more") {
    const Generator g = jacobi_generator();
    const auto make = [&](int64_t height, int64_t sweeps) {
        return g.make(GeneratorArguments(
            {{"element", Float(32)}, {"height", height}, {"width", int64_t{9}}, {"sweeps", sweeps}},
            Target::host()));
    };
    for (const int64_t sweeps : {1, 2, 3}) {
        AnyBuffer a(Float(32), {3, 9}), b(Float(32), {3, 9});
        a.set({1, 4}, Value::from_double(Float(32), 5));
        b.set({1, 4}, Value::from_double(Float(32), 5));
        jit(make(3, sweeps)).call({&a});
        interpret(Schedule(jacobi(Float(32), 3, 9, sweeps).kernel).reference(), {&b});
        expect_equal(a, b, std::to_string(sweeps));
    }
    CHECK_THROWS_WITH_AS(make(3, 0), "sweeps is between 1 and 32768, not 0", Error);
    CHECK_THROWS_WITH_AS(make(2, 1), "height is between 3 and 32768, not 2", Error);
}

TEST_CASE("files of weights that are cut, empty, damaged or of another format are refused by name") {
    const auto refused = [](const std::string& path, const char* what) {
        CAPTURE(path);
        CHECK_THROWS_WITH_AS(support::read_tensor_file(path), doctest::Contains(what), Error);
        CHECK_THROWS_WITH_AS(support::read_tensor_file(path), doctest::Contains(path.c_str()), Error);
        std::filesystem::remove(path);
    };
    refused("/nowhere/weights", "cannot open");
    refused(changed_file("empty", [](std::string& s) { s.clear(); }), "is empty");
    refused(changed_file("cut", [](std::string& s) { s.resize(s.size() - 1000); }), "is cut or damaged");
    refused(changed_file("short", [](std::string& s) { s.resize(18); }), "is cut or damaged");
    refused(changed_file("bit", [](std::string& s) { s[5000] = static_cast<char>(s[5000] ^ 1); }),
            "is cut or damaged");
    refused(changed_file("other", [](std::string& s) { s = "\x89PNG\r\n\x1a\n and so on"; }),
            "is no file of tensors");
    const std::string bits = SUPPORT_DATA "/bnn.tensors", floats = SUPPORT_DATA "/lenet-relu.tensors";
    const auto all = support::read_tensor_file(bits);
    CHECK_THROWS_WITH_AS(
        support::tensor_of(all, "w9", {1}, bits),
        ("\"" + bits + "\": there is no tensor w9: there are t1, t2, t3, w1, w2, w3, w4").c_str(), Error);
    CHECK_THROWS_WITH_AS(
        support::tensor_of(all, "w1", {64, 5, 5}, bits),
        ("\"" + bits + "\": the tensor w1 is {64, 25}, and the network needs {64, 5, 5}").c_str(), Error);
    CHECK_THROWS_WITH_AS(LeNetData(bits, SUPPORT_DATA "/digits-test"),
                         doctest::Contains(("\"" + bits + "\": there is no tensor b1").c_str()), Error);
    CHECK_THROWS_WITH_AS(
        BnnData(floats, SUPPORT_DATA "/digits-test"),
        doctest::Contains(
            ("\"" + floats + "\": the tensor w1 is {20, 1, 5, 5}, and the network needs {64, 25}").c_str()),
        Error);
}

TEST_CASE("files of digits that are cut, empty, damaged or of another format are refused by name") {
    const std::string prefix =
        (std::filesystem::temp_directory_path() / ("lathe_digits" + std::to_string(getpid()))).string();
    const auto idx = [](const std::vector<uint32_t>& sizes, size_t bytes) {
        std::string text("\0\0\x08", 3);
        text += static_cast<char>(sizes.size());
        for (const uint32_t n : sizes)
            for (const int shift : {24, 16, 8, 0})
                text += static_cast<char>(n >> shift);
        return text + std::string(bytes, '\x01');
    };
    const std::string images = idx({2, 28, 28}, 2 * 28 * 28), labels = idx({2}, 2);
    const auto read = [&](const std::string& i, const std::string& l) {
        std::ofstream(prefix + "-images.idx3.gz", std::ios::binary) << i;
        std::ofstream(prefix + "-labels.idx1.gz", std::ios::binary) << l;
        return support::read_digit_files(prefix).labels.size();
    };
    const auto refused = [&](const std::string& i, const std::string& l, const char* what) {
        CHECK_THROWS_WITH_AS(read(i, l), doctest::Contains(what), Error);
        CHECK_THROWS_WITH_AS(read(i, l), doctest::Contains(prefix.c_str()), Error);
    };
    CHECK(read(images, labels) == 2); // files that are not compressed are read as they are
    refused("", labels, "is shorter than it says, or damaged");
    refused(images.substr(0, 900), labels, "is shorter than it says, or damaged");
    refused(images + "x", labels, "is longer than it says, or damaged");
    refused("\x89PNG\r\n\x1a\n and so on", labels, "is no IDX file of bytes of rank 3");
    refused(labels, labels, "is no IDX file of bytes of rank 3");
    refused(idx({1u << 20, 1u << 20, 1u << 20}, 10), labels, "says that it holds more than");
    refused(images, idx({3}, 3), "not as many as the labels");
    refused(idx({2, 20, 28}, 2 * 20 * 28), labels, "the images are not 28");
    refused(images, idx({2}, 1) + "\x0a", "a label is 10, which is no digit");
    std::ifstream whole(SUPPORT_DATA "/digits-test-images.idx3.gz", std::ios::binary);
    std::string packed{std::istreambuf_iterator<char>(whole), {}};
    refused(packed.substr(0, packed.size() / 2), labels, "is shorter than it says, or damaged");
    for (const size_t cut : {1, 4, 8}) // of the check sum and the size at its end
        refused(packed.substr(0, packed.size() - cut), labels, "is shorter than it says, or damaged");
    refused(packed + "garbage", labels, "is longer than it says, or damaged");
    refused(packed + packed, labels, "is longer than it says, or damaged");
    std::string other = packed;
    other[other.size() - 6] = static_cast<char>(other[other.size() - 6] ^ 1);
    refused(other, labels, "is damaged: incorrect data check");
    packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 0x55);
    refused(packed, labels, "damaged");
    refused(idx({0, 28, 28}, 0), idx({0}, 0), "holds no digits");
    std::filesystem::remove(prefix + "-images.idx3.gz");
    CHECK_THROWS_WITH_AS(support::read_digit_files(prefix), doctest::Contains("cannot open"), Error);
    std::filesystem::remove(prefix + "-labels.idx1.gz");
}

#endif
