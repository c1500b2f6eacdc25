#include "digits.h"

#include "support/idx.h"

using namespace lathe;

Digits read_digits(const std::string& prefix) {
    constexpr int side = 28, small = side / 2;
    const support::LabelledImages all = support::read_digit_files(prefix);
    const int64_t count = all.count();
    Digits d = {AnyBuffer(UInt(small * small), {count}), AnyBuffer(UInt(4), {count})};
    for (int64_t n = 0; n < count; ++n) {
        mpz_class bits = 0;
        const uint8_t* image = &all.images.bytes[static_cast<size_t>(n * side * side)];
        for (int y = 0; y < side; y += 2)
            for (int x = 0; x < side; x += 2) {
                const uint8_t* p = image + y * side + x;
                constexpr int dark = 4 * 64;
                bits = bits * 2 + (p[0] + p[1] + p[side] + p[side + 1] >= dark);
            }
        d.pixels.set({n}, Value::from_raw(d.pixels.type(), bits));
        d.labels.set({n}, Value::from_raw(d.labels.type(), all.labels[static_cast<size_t>(n)]));
    }
    return d;
}
