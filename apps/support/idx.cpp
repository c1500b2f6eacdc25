#include "support/idx.h"

#include <lathe/ir/error.h>

#include <array>
#include <fstream>
#include <iterator>
#include <memory>
#include <zlib.h>

namespace support {

namespace {

constexpr size_t most = size_t{1} << 30;

std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) lathe::ir::fail({}, "cannot open \"{}\"", path);
    std::string content{std::istreambuf_iterator<char>(file), {}};
    if (file.bad()) lathe::ir::fail({}, "cannot read \"{}\"", path);
    return content;
}

[[noreturn]] void too_short(const std::string& path) {
    lathe::ir::fail({}, "\"{}\" is shorter than it says, or damaged", path);
}
[[noreturn]] void too_long(const std::string& path) {
    lathe::ir::fail({}, "\"{}\" is longer than it says, or damaged", path);
}
[[noreturn]] void too_large(const std::string& path) {
    lathe::ir::fail({}, "\"{}\" says that it holds more than {} bytes", path, most);
}

bool is_packed(std::string_view content) {
    return content.starts_with("\x1f\x8b");
}

/// What a file of gzip holds: each member whole, its check sum and size as its end says, and nothing behind
/// the last one.
std::string unpacked(const std::string& path, std::string& content) {
    constexpr int of_gzip = 16 + MAX_WBITS;
    z_stream z{};
    if (inflateInit2(&z, of_gzip) != Z_OK) lathe::ir::fail({}, "cannot unpack \"{}\"", path);
    const std::unique_ptr<z_stream, decltype(&inflateEnd)> ended(&z, &inflateEnd);
    if (content.size() > most) too_large(path);
    z.next_in = reinterpret_cast<Bytef*>(content.data());
    z.avail_in = static_cast<uInt>(content.size());
    std::string text;
    std::array<char, 1 << 16> part;
    for (int status = Z_OK; status != Z_STREAM_END || z.avail_in > 0;) {
        if (status == Z_STREAM_END) {
            if (!is_packed({reinterpret_cast<const char*>(z.next_in), z.avail_in})) too_long(path);
            inflateReset(&z);
        }
        z.next_out = reinterpret_cast<Bytef*>(part.data());
        z.avail_out = part.size();
        status = inflate(&z, Z_NO_FLUSH);
        if (status == Z_BUF_ERROR) too_short(path);
        if (status != Z_OK && status != Z_STREAM_END)
            lathe::ir::fail({}, "\"{}\" is damaged: {}", path, z.msg ? z.msg : "it cannot be unpacked");
        text.append(part.data(), part.size() - z.avail_out);
        if (text.size() > most + part.size()) too_large(path);
    }
    return text;
}

class IdxReader {
  public:
    explicit IdxReader(const std::string& p) : path(p), content(content_of(p)) {
        if (is_packed(content)) content = unpacked(path, content);
    }

    Idx read(size_t rank) {
        constexpr uint32_t unsigned_bytes = 0x800;
        if (number() != unsigned_bytes + rank)
            lathe::ir::fail({}, "\"{}\" is no IDX file of bytes of rank {}", path, rank);
        Idx idx;
        size_t count = 1;
        for (size_t d = 0; d < rank; ++d) {
            idx.sizes.push_back(number());
            if (__builtin_mul_overflow(count, static_cast<size_t>(idx.sizes.back()), &count))
                count = most + 1;
        }
        if (count > most) too_large(path);
        const auto* bytes = take(count);
        idx.bytes.assign(bytes, bytes + count);
        if (at != content.size()) too_long(path);
        return idx;
    }

  private:
    uint32_t number() {
        const auto* b = take(4);
        return uint32_t{b[0]} << 24 | uint32_t{b[1]} << 16 | uint32_t{b[2]} << 8 | b[3];
    }
    const uint8_t* take(size_t n) {
        if (n > content.size() - at) too_short(path);
        at += n;
        return reinterpret_cast<const uint8_t*>(content.data()) + at - n;
    }

    std::string path, content;
    size_t at = 0;
};

} // namespace

Idx read_idx(const std::string& path, size_t rank) {
    return IdxReader(path).read(rank);
}

LabelledImages read_digit_files(const std::string& prefix) {
    constexpr int side = 28;
    LabelledImages d = {read_idx(prefix + "-images.idx3.gz", 3),
                        read_idx(prefix + "-labels.idx1.gz", 1).bytes};
    for (const uint8_t label : d.labels)
        if (label > 9) lathe::ir::fail({}, "\"{}\": a label is {}, which is no digit", prefix, label);
    if (static_cast<int64_t>(d.labels.size()) != d.images.sizes[0] || d.images.sizes[1] != side ||
        d.images.sizes[2] != side)
        lathe::ir::fail({}, "\"{}\": the images are not 28 × 28, or not as many as the labels", prefix);
    if (d.labels.empty()) lathe::ir::fail({}, "\"{}\" holds no digits", prefix);
    return d;
}

} // namespace support
