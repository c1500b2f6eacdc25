#include "align_storage.h"

#include "../src/storage.h"

namespace lathe::schedule {

namespace {

void run(Edit& e) {
    const int64_t multiple = e.step().numbers[1];
    if (multiple < 1) e.refuse("room is for a multiple of at least 1, and not of {}", multiple);
    change_layout(e, [&](const Tensor& t, Layout& l) {
        for (const size_t d : step_dimensions(e, t))
            l.dims[d].align = multiple;
    });
}

} // namespace

constinit const Primitive primitives::align_storage{
    .name = "align_storage",
    .text = "room for a multiple of so many positions in a dimension",
    .run = run,
    .acts_on = ActsOn::tensor,
    .named = Named::kept,
    .of_place = false,
    .numbers = {2, 2},
    .numbers_are = Numbers::of_dimension,
};

} // namespace lathe::schedule
