/// The programs on sets of few digits.

#ifdef LATHE_TEST_APPS

#include "bnn/network.h"
#include "kmeans/points.h"
#include "lenet/network.h"
#include "support/png_image.h"

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <set>
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

std::pair<int, std::string> run(const std::string& command) {
    FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    REQUIRE(pipe);
    std::string text;
    char part[4096];
    while (const size_t n = fread(part, 1, sizeof part, pipe))
        text.append(part, n);
    const int status = pclose(pipe);
    return {WEXITSTATUS(status), text};
}

std::pair<int, std::string> kmeans(const FewDigits& digits, const std::string& more) {
    return run(LATHE_KMEANS " --digits " + digits.prefix + more);
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
        CHECK(status == 1);
        CHECK_MESSAGE(text.find(said) != std::string::npos, text);
    }
}

TEST_CASE("few digits: k-means of one on the CPU, of three by Vitis C++; a network on one") {
    const FewDigits one(1), three(3);
    const auto [status, text] = kmeans(one, " --points digits");
    CHECK_MESSAGE(status == 0, text);
    CHECK(text.find("digits in UInt(8), 10 rounds, 1 thread") != std::string::npos);
    CHECK(text.find("digits in Fixed(16, 8), 10 rounds, 1 thread") != std::string::npos);
    CHECK(text.find("100 %") != std::string::npos);
    const auto [vitis_status, vitis] = kmeans(
        three, " --points digits --type 'UFixed(8, 8)' --target vitis --folder " + three.prefix + "-vitis");
    CHECK_MESSAGE(vitis_status == 0, vitis);
    CHECK(vitis.find("all outputs are as expected") != std::string::npos);
    const BnnData data(SUPPORT_DATA "/bnn.tensors", one.prefix);
    const double accuracy = data.accuracy(realize(cpu_schedule(bnn()), data.inputs(1)).front());
    CHECK((accuracy == 0 || accuracy == 100));
}

TEST_CASE("k-means of random points in any integer and fixed-point type; others are refused") {
    const FewDigits one(1);
    const std::string random = " --points random --count 70 --dimensions 5 --means 3 --rounds 4";
    const auto [status, text] =
        kmeans(one, random + " --type 'Int(3)' --type 'UFixed(12, 15, rnd)' --type 'Fixed(32, 4, trn, sat)'");
    CHECK_MESSAGE(status == 0, text);
    for (const char* type : {"Int(3)", "UFixed(12, 15, rnd)", "Fixed(32, 4, trn, sat)"})
        CHECK(text.find(fmt::format("random points in {}, 4 rounds, 1 thread", type)) != std::string::npos);
    const auto [vitis_status, vitis] =
        kmeans(one, random + " --type 'Fixed(12, 4)' --target vitis --folder " + one.prefix + "-vitis");
    CHECK_MESSAGE(vitis_status == 0, vitis);
    CHECK(vitis.find("all outputs are as expected") != std::string::npos);
    const auto refused = [&](const std::string& more, const std::string& what) {
        const auto [failed, why] = kmeans(one, more);
        CHECK(failed == 1);
        CHECK_MESSAGE(why.find(what) != std::string::npos, why);
    };
    refused(" --type 'Float(32)'",
            "points are integers or fixed-point numbers of at most 32 bits, not Float(32)");
    refused(" --points random --type 'Int(33)'", "of at most 32 bits, not Int(33)");
    refused(" --points random --type 'Bool()'", "Bool");
    refused(" --points digits --type 'Int(8)'",
            "Int(8) does not hold pixels: an integer holds 0 to 255, fixed point 0 to 255/256");
    refused(" --points digits --type 'Fixed(8, 8)'", "Fixed(8, 8) does not hold pixels");
    refused(" --type 'Fixed(8)'", "Fixed(8)");
}

TEST_CASE("random points are those of their seed, and of all numbers of their type; pixels are shades") {
    for (const Type type : {UInt(2), Int(3), Fixed(4, 6), UFixed(3, -1)}) {
        const Points p = random_points(type, 50, 4, 3, 9), same = random_points(type, 50, 4, 3, 9),
                     other = random_points(type, 50, 4, 3, 10);
        CHECK(bit_equal(p.points, same.points));
        CHECK(bit_equal(p.means, same.means));
        CHECK(!bit_equal(p.points, other.points));
        std::set<std::string> numbers;
        for (int64_t n = 0; n < 50; ++n)
            for (int64_t d = 0; d < 4; ++d)
                numbers.insert(p.points.get({n, d}).str());
        CHECK(numbers.size() == size_t{1} << type.width());
    }
    const FewDigits two(2);
    const support::LabelledImages digits = support::read_digit_files(two.prefix); // shades n % 10
    const Points shades = pixel_points(digits, UInt(8), 2, 2, 1),
                 parts = pixel_points(digits, Fixed(12, 8), 2, 2, 1),
                 rounded = pixel_points(digits, Fixed(8, 6, Round::rnd), 2, 2, 1);
    for (int64_t d = 0; d < 784; ++d) {
        const int64_t shade = (784 + d) % 10;
        CHECK(shades.points.get({1, d}).as_int64() == shade);
        CHECK(parts.points.get({1, d}).as_double() == static_cast<double>(shade) / 256);
        CHECK(rounded.points.get({1, d}).as_double() == static_cast<double>((shade + 2) / 4) / 64);
    }
}

TEST_CASE("lenet writes the digits that it reads wrong as a picture, where it says, and says so") {
    const FewDigits few(3); // stripes, which are no digits
    const std::filesystem::path folder = few.prefix + "-vitis";
    std::filesystem::create_directory(folder);
    const auto lenet = [&](const std::string& more) {
        return run("cd " + folder.string() +
                   " && " LATHE_LENET " --weights 'Fixed(8, 6, rnd, sat)' --digits " + few.prefix + more);
    };
    const auto files = [&] {
        std::set<std::string> all;
        for (const auto& e : std::filesystem::directory_iterator(folder))
            all.insert(e.path().filename().string());
        return all;
    };
    const auto [status, text] = lenet("");
    CHECK_MESSAGE(status == 0, text);
    CHECK_MESSAGE(text.find(", shown in lenet_wrong.png\n") != std::string::npos, text);
    CHECK(files() == std::set<std::string>{"lenet_wrong.png"});
    const support::Image picture = support::read_png((folder / "lenet_wrong.png").string(), 1);
    CHECK(picture.width == 12 * 32);
    CHECK(picture.height == 32);
    const auto [again_status, again] = lenet("");
    CHECK(again_status == 0);
    CHECK_MESSAGE(again.find(", shown in lenet_wrong.png, which was there and is replaced\n") !=
                      std::string::npos,
                  again);
    CHECK(lenet(" --wrong other.png").second.find(", shown in other.png\n") != std::string::npos);
    CHECK(files() == std::set<std::string>{"lenet_wrong.png", "other.png"});
    CHECK(lenet(" --wrong ''").second.find("shown in") == std::string::npos);
    CHECK(files().size() == 2);
    const auto [failed, why] = lenet(" --wrong /nowhere/a.png");
    CHECK(failed == 1);
    CHECK_MESSAGE(why.find("--wrong: cannot write \"/nowhere/a.png\"") != std::string::npos, why);
    CHECK(why.find("accuracy") == std::string::npos); // before any work
}

#endif
