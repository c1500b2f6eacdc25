#include "support/idx.h"

#include <lathe/ir/error.h>

#include <memory>
#include <zlib.h>

namespace support {

namespace {

class IdxReader {
  public:
    explicit IdxReader(const std::string& p) : path(p), file(gzopen(p.c_str(), "rb"), &gzclose) {
        if (!file) lathe::ir::fail({}, "cannot open \"{}\"", path);
    }

    Idx read(size_t rank) {
        constexpr uint32_t unsigned_bytes = 0x800;
        if (number() != unsigned_bytes + rank)
            lathe::ir::fail({}, "\"{}\" is no IDX file of bytes of rank {}", path, rank);
        Idx idx;
        size_t count = 1;
        constexpr size_t most = size_t{1} << 30;
        for (size_t d = 0; d < rank; ++d) {
            idx.sizes.push_back(number());
            if (__builtin_mul_overflow(count, static_cast<size_t>(idx.sizes.back()), &count))
                count = most + 1;
        }
        if (count > most) lathe::ir::fail({}, "\"{}\" says that it holds more than {} bytes", path, most);
        idx.bytes.resize(count);
        take(idx.bytes.data(), count);
        if (char more = 0; gzread(file.get(), &more, 1) != 0)
            lathe::ir::fail({}, "\"{}\" is longer than it says, or damaged", path);
        return idx;
    }

  private:
    uint32_t number() {
        uint8_t b[4];
        take(b, sizeof b);
        return uint32_t{b[0]} << 24 | uint32_t{b[1]} << 16 | uint32_t{b[2]} << 8 | b[3];
    }
    void take(uint8_t* to, size_t n) {
        if (gzread(file.get(), to, static_cast<unsigned>(n)) != static_cast<int>(n))
            lathe::ir::fail({}, "\"{}\" is shorter than it says, or damaged", path);
    }

    std::string path;
    std::unique_ptr<gzFile_s, decltype(&gzclose)> file;
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
    return d;
}

} // namespace support
