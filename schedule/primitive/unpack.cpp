#include "unpack.h"

#include "../src/storage.h"

namespace lathe::schedule {

namespace {

constexpr WordOperand words[] = {{"word"}};

void run(Edit& e) {
    change_layout(e, [&](const Tensor& t, Layout& l) {
        const int64_t n = words_of(e, t);
        word_dimension(e, t);
        if (l.pack == 1) e.refuse("{} is not packed", t.symbol.name());
        if (l.pack % n != 0)
            e.refuse("{} has words of {} elements, which {} does not divide", t.symbol.name(), l.pack, n);
        l.pack = e.step().numbers.empty() ? n : l.pack / n;
    });
}

} // namespace

constinit const Primitive primitives::unpack{
    .name = "unpack",
    .text = "words become smaller ones, or elements",
    .run = run,
    .acts_on = ActsOn::tensor,
    .named = Named::kept,
    .of_place = false,
    .numbers = {0, 2},
    .numbers_are = Numbers::of_dimension,
    .words = words,
};

} // namespace lathe::schedule
