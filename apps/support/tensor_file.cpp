#include "support/tensor_file.h"

#include <bit>
#include <cstring>
#include <fstream>
#include <iterator>
#include <zlib.h>

using namespace lathe;

namespace support {

namespace {

static_assert(std::endian::native == std::endian::little);

constexpr char magic[] = "lathe-tensors 1\n";
constexpr size_t magic_size = sizeof magic - 1;

enum Kind : uint32_t { float32 = 1, float16, int32, int16, uint8, bits };

std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) ir::fail({}, "cannot open \"{}\"", path);
    std::string content{std::istreambuf_iterator<char>(file), {}};
    if (file.bad()) ir::fail({}, "cannot read \"{}\"", path);
    return content;
}

class Reader {
  public:
    explicit Reader(const std::string& p) : path(p), content(content_of(p)) {
        if (content.empty()) ir::fail({}, "\"{}\" is empty", path);
        if (content.compare(0, magic_size, magic) != 0)
            ir::fail({}, "\"{}\" is no file of tensors: it does not begin with \"lathe-tensors 1\"", path);
        uint32_t check = 0;
        if (content.size() < magic_size + 2 * sizeof check) damaged();
        end = content.size() - sizeof check;
        std::memcpy(&check, content.data() + end, sizeof check);
        const auto* bytes = reinterpret_cast<const Bytef*>(content.data());
        if (crc32(0, bytes, static_cast<uInt>(end)) != check) damaged();
        at = magic_size;
    }

    std::map<std::string, AnyBuffer> read() {
        std::map<std::string, AnyBuffer> all;
        for (uint32_t left = number(); left > 0; --left) {
            const uint32_t length = number();
            std::string name(take(length), length);
            all.emplace(std::move(name), tensor());
        }
        if (at != end) damaged();
        return all;
    }

  private:
    [[noreturn]] void damaged() const { ir::fail({}, "\"{}\" is cut or damaged", path); }

    const char* take(size_t n) {
        if (n > end - at) damaged();
        at += n;
        return content.data() + at - n;
    }
    uint32_t number() {
        uint32_t n = 0;
        std::memcpy(&n, take(sizeof n), sizeof n);
        return n;
    }

    AnyBuffer tensor() {
        const uint32_t kind = number(), rank = number();
        std::vector<int64_t> shape;
        size_t count = 1;
        for (uint32_t d = 0; d < rank; ++d) {
            shape.push_back(number());
            if (__builtin_mul_overflow(count, static_cast<size_t>(shape.back()), &count)) damaged();
        }
        switch (kind) {
        case float32:
            return elements(Float(32), shape, count);
        case float16:
            return converted(elements(Float(16), shape, count), Float(32));
        case int32:
            return elements(Int(32), shape, count);
        case int16:
            return elements(Int(16), shape, count);
        case uint8:
            return elements(UInt(8), shape, count);
        case bits:
            return unpacked(shape, count);
        default:
            ir::fail({}, "\"{}\" holds a tensor of the unknown kind {}", path, kind);
        }
    }

    AnyBuffer elements(Type type, const std::vector<int64_t>& shape, size_t count) {
        const size_t width = ir::element_bytes(type);
        if (count > (end - at) / width) damaged();
        AnyBuffer b(type, shape);
        std::memcpy(b.data(), take(count * width), count * width);
        return b;
    }

    AnyBuffer unpacked(const std::vector<int64_t>& shape, size_t count) {
        const char* bytes = take(count / 8 + (count % 8 != 0));
        AnyBuffer b(Bool(), shape);
        for (size_t n = 0; n < count; ++n)
            b.data()[n] = static_cast<std::byte>(static_cast<unsigned char>(bytes[n / 8]) >> n % 8 & 1);
        return b;
    }

    std::string path, content;
    size_t at = 0, end = 0;
};

} // namespace

std::map<std::string, AnyBuffer> read_tensor_file(const std::string& path) {
    return Reader(path).read();
}

const AnyBuffer& tensor_of(const std::map<std::string, AnyBuffer>& all, const std::string& name,
                           const std::vector<int64_t>& shape, const std::string& path) {
    const auto found = all.find(name);
    if (found == all.end()) {
        std::string names;
        for (const auto& [other, buffer] : all)
            names += (names.empty() ? "" : ", ") + other;
        ir::fail({}, "\"{}\": there is no tensor {}: there are {}", path, name,
                 names.empty() ? "none" : names);
    }
    if (found->second.shape() != shape)
        ir::fail({}, "\"{}\": the tensor {} is {}, and the network needs {}", path, name,
                 fmt::format("{{{}}}", fmt::join(found->second.shape(), ", ")),
                 fmt::format("{{{}}}", fmt::join(shape, ", ")));
    return found->second;
}

AnyBuffer converted(const AnyBuffer& from, Type type) {
    AnyBuffer to(type, from.shape());
    const AnyBuffer source = from.copy();
    const size_t step = ir::element_bytes(source.type()), width = ir::element_bytes(type);
    for (int64_t n = 0; n < to.size(); ++n) {
        const auto i = static_cast<size_t>(n);
        ir::store_element(type, to.data() + i * width,
                          ir::cast(type, ir::load_element(source.type(), source.data() + i * step)));
    }
    return to;
}

AnyBuffer packed(const AnyBuffer& bits) {
    std::vector<int64_t> shape = bits.shape();
    const int64_t width = shape.back();
    shape.pop_back();
    AnyBuffer words(UInt(static_cast<int>(width)), shape);
    const AnyBuffer source = bits.copy();
    const size_t bytes = ir::element_bytes(words.type());
    for (int64_t n = 0; n < words.size(); ++n) {
        mpz_class word = 0;
        for (int64_t b = width; b-- > 0;)
            word = word * 2 + static_cast<int>(source.data()[n * width + b]);
        ir::store_element(words.type(), words.data() + static_cast<size_t>(n) * bytes,
                          Value::from_raw(words.type(), word));
    }
    return words;
}

} // namespace support
