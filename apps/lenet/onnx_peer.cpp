#include "onnx_peer.h"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <lathe/ir/error.h>
#include <lathe/ir/files.h>
#include <sys/wait.h>

using namespace lathe;

namespace {

constexpr int missing = 77;

std::string quoted(const std::string& text) {
    std::string q = "'";
    for (const char c : text)
        q += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return q + "'";
}

/// What the command prints without its last newline, and how it ends.
std::pair<std::string, int> output_of(const std::string& command) {
    FILE* pipe = popen(command.c_str(), "r");
    if (!pipe) ir::fail({}, "cannot run {}", command);
    std::string text;
    std::array<char, 4096> part;
    while (const size_t n = fread(part.data(), 1, part.size(), pipe))
        text.append(part.data(), n);
    const int status = pclose(pipe);
    while (!text.empty() && text.back() == '\n')
        text.pop_back();
    return {text, WIFEXITED(status) ? WEXITSTATUS(status) : -1};
}

std::string bytes_of(const AnyBuffer& b, int64_t images) {
    return {reinterpret_cast<const char*>(b.data()), static_cast<size_t>(images) * 28 * 28 * sizeof(float)};
}

} // namespace

OnnxPeer::OnnxPeer(std::string p, const AnyBuffer& images) : python(std::move(p)), pixels(images.copy()) {
    std::string made = (std::filesystem::temp_directory_path() / "lathe_onnx_XXXXXX").string();
    if (!mkdtemp(made.data())) ir::fail({}, "cannot make a folder at {}", made);
    folder = made;
    const int64_t count = pixels.extent(0);
    runtime = call(count, folder + "/logits");
    std::ifstream file(folder + "/logits", std::ios::binary);
    results.resize(static_cast<size_t>(count) * 10);
    const auto size = static_cast<std::streamsize>(results.size() * sizeof(float));
    if (!file.read(reinterpret_cast<char*>(results.data()), size))
        ir::fail({}, "onnxruntime wrote too few logits");
}

OnnxPeer::~OnnxPeer() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
}

double OnnxPeer::seconds(int64_t count, double budget) const {
    return std::stod(call(count, fmt::format("{}", budget)));
}

std::string OnnxPeer::call(int64_t count, const std::string& last) const {
    const std::string images = folder + "/images";
    ir::write_file(images, bytes_of(pixels, count));
    const auto [text, status] =
        output_of(fmt::format("{} {} {} {} {} {}", quoted(python), quoted(LENET_SOURCES "/onnx_peer.py"),
                              quoted(SUPPORT_DATA "/lenet-relu.onnx"), quoted(images), count, quoted(last)));
    if (status == missing) {
        std::filesystem::remove_all(folder);
        throw NoOnnxRuntime(fmt::format("{} has no onnxruntime: {}", python, text));
    }
    if (status != 0) ir::fail({}, "{} ends with {}: {}", python, status, text);
    return text;
}
