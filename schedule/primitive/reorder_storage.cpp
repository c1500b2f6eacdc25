#include "reorder_storage.h"

#include "../src/storage.h"

#include <algorithm>
#include <limits>

namespace lathe::schedule {

namespace {

void run(Edit& e) {
    change_layout(e, [&](const Tensor& t, Layout& l) {
        if (l.pack > 1)
            e.refuse("{} has words of {} neighbours in the order that it has: reorder_storage stands before "
                     "pack",
                     t.symbol.name(), l.pack);
        l.order.clear();
        for (const int64_t d : e.step().numbers)
            l.order.push_back(static_cast<int>(std::clamp<int64_t>(d, -1, std::numeric_limits<int>::max())));
    });
}

} // namespace

constinit const Primitive primitives::reorder_storage{
    .name = "reorder_storage",
    .text = "the order in which dimensions are stored, outermost first",
    .run = run,
    .acts_on = ActsOn::tensor,
    .named = Named::kept,
    .of_place = false,
    .numbers = {1, Primitive::any},
    .numbers_are = Numbers::order,
};

} // namespace lathe::schedule
