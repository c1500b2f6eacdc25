#include "pack.h"

#include "../src/storage.h"

namespace lathe::schedule {

namespace {

constexpr WordOperand words[] = {{"word"}};

void run(Edit& e) {
    change_layout(e, [&](const Tensor& t, Layout& l) {
        if (l.pack > 1)
            e.refuse("{} has words of {} elements already: unpack it first", t.symbol.name(), l.pack);
        const int64_t n = words_of(e, t);
        const size_t d = word_dimension(e, t);
        if (l.dims[d].partition != Partition::none)
            e.refuse("dimension {} of {} has banks, over which words cannot lie: pack it without", d,
                     t.symbol.name());
        l.pack = n;
    });
}

} // namespace

constinit const Primitive primitives::pack{
    .name = "pack",
    .text = "neighbours in memory become a word, which is accessed at once",
    .run = run,
    .acts_on = ActsOn::tensor,
    .named = Named::kept,
    .of_place = false,
    .numbers = {0, 2},
    .numbers_are = Numbers::of_dimension,
    .words = words,
};

} // namespace lathe::schedule
