#include "digits.h"

#include <memory>
#include <zlib.h>

using namespace lathe;

namespace {

constexpr int side = 28, small = side / 2;

/// An IDX file's sizes and bytes.
struct Idx {
    std::vector<int64_t> sizes;
    std::vector<uint8_t> bytes;
};

class IdxReader {
  public:
    explicit IdxReader(const std::string& p) : path(p), file(gzopen(p.c_str(), "rb"), &gzclose) {
        if (!file) ir::fail({}, "cannot open \"{}\"", path);
    }

    Idx read(size_t rank) {
        constexpr uint32_t unsigned_bytes = 0x800;
        if (number() != unsigned_bytes + rank)
            ir::fail({}, "\"{}\" is no IDX file of bytes of rank {}", path, rank);
        Idx idx;
        size_t count = 1;
        for (size_t d = 0; d < rank; ++d) {
            idx.sizes.push_back(number());
            count *= static_cast<size_t>(idx.sizes.back());
        }
        constexpr size_t most = size_t{1} << 30;
        if (count > most) ir::fail({}, "\"{}\" says that it holds {} bytes", path, count);
        idx.bytes.resize(count);
        take(idx.bytes.data(), count);
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
            ir::fail({}, "\"{}\" is shorter than it says, or damaged", path);
    }

    std::string path;
    std::unique_ptr<gzFile_s, decltype(&gzclose)> file;
};

} // namespace

Digits read_digits(const std::string& prefix) {
    const Idx images = IdxReader(prefix + "-images.idx3.gz").read(3);
    const Idx labels = IdxReader(prefix + "-labels.idx1.gz").read(1);
    const int64_t count = images.sizes[0];
    if (labels.sizes[0] != count || images.sizes[1] != side || images.sizes[2] != side)
        ir::fail({}, "\"{}\": the images are not 28 × 28, or not as many as the labels", prefix);
    Digits d = {AnyBuffer(UInt(small * small), {count}), AnyBuffer(UInt(4), {count})};
    for (int64_t n = 0; n < count; ++n) {
        mpz_class bits = 0;
        const uint8_t* image = &images.bytes[static_cast<size_t>(n * side * side)];
        for (int y = 0; y < side; y += 2)
            for (int x = 0; x < side; x += 2) {
                const uint8_t* p = image + y * side + x;
                constexpr int dark = 4 * 64;
                bits = bits * 2 + (p[0] + p[1] + p[side] + p[side + 1] >= dark);
            }
        d.pixels.set({n}, Value::from_raw(d.pixels.type(), bits));
        d.labels.set({n}, Value::from_raw(d.labels.type(), labels.bytes[static_cast<size_t>(n)]));
    }
    return d;
}
