/// The programs on sets of few digits.

#ifdef LATHE_TEST_APPS

#include "bnn/network.h"
#include "lenet/network.h"

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace lathe;

namespace {

/// The first of the test digits, as files that are not packed.
class FewDigits {
  public:
    explicit FewDigits(uint32_t count)
        : prefix((std::filesystem::temp_directory_path() / fmt::format("lathe_few_{}_{}", getpid(), count))
                     .string()) {
        const auto idx = [&](const std::vector<uint32_t>& sizes, size_t bytes) {
            std::string text("\0\0\x08", 3);
            text += static_cast<char>(sizes.size());
            for (const uint32_t n : sizes)
                for (const int shift : {24, 16, 8, 0})
                    text += static_cast<char>(n >> shift);
            for (size_t n = 0; n < bytes; ++n)
                text += static_cast<char>(n % 10);
            return text;
        };
        std::ofstream(prefix + "-images.idx3.gz", std::ios::binary)
            << idx({count, 28, 28}, size_t{count} * 28 * 28);
        std::ofstream(prefix + "-labels.idx1.gz", std::ios::binary) << idx({count}, count);
    }
    ~FewDigits() {
        for (const char* end : {"-images.idx3.gz", "-labels.idx1.gz", "-vitis"})
            std::filesystem::remove_all(prefix + end);
    }
    std::string prefix;
};

std::pair<int, std::string> kmeans(const FewDigits& digits, const std::string& more) {
    FILE* pipe = popen((LATHE_KMEANS " --digits " + digits.prefix + more + " 2>&1").c_str(), "r");
    REQUIRE(pipe);
    std::string text;
    char part[4096];
    while (const size_t n = fread(part, 1, sizeof part, pipe))
        text.append(part, n);
    const int status = pclose(pipe);
    return {status, text};
}

} // namespace

TEST_CASE("few digits: none is refused by name") {
    const FewDigits none(0);
    const std::string said = "\"" + none.prefix + "\" holds no digits";
    const auto refused = [&](const std::function<void()>& f) {
        CHECK_THROWS_WITH_AS(f(), doctest::Contains(said.c_str()), Error);
    };
    refused([&] { BnnData(SUPPORT_DATA "/bnn.tensors", none.prefix); });
    refused([&] { LeNetData(SUPPORT_DATA "/lenet-relu.tensors", none.prefix); });
    for (const char* target : {" --target cpu", " --target vitis"}) {
        const auto [status, text] = kmeans(none, target);
        CHECK(WEXITSTATUS(status) == 1);
        CHECK_MESSAGE(text.find(said) != std::string::npos, text);
    }
}

TEST_CASE("few digits: k-means of one on the CPU, of three by Vitis C++; a network on one") {
    const FewDigits one(1), three(3);
    const auto [status, text] = kmeans(one, "");
    CHECK_MESSAGE(status == 0, text);
    CHECK(text.find("100 %") != std::string::npos);
    const auto [vitis_status, vitis] = kmeans(three, " --target vitis --folder " + three.prefix + "-vitis");
    CHECK_MESSAGE(vitis_status == 0, vitis);
    CHECK(vitis.find("all outputs are as expected") != std::string::npos);
    const BnnData data(SUPPORT_DATA "/bnn.tensors", one.prefix);
    const double accuracy = data.accuracy(realize(cpu_schedule(bnn()), data.inputs(1)).front());
    CHECK((accuracy == 0 || accuracy == 100));
}

#endif
