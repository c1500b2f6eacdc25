#include "reshape.h"

#include "../src/storage.h"
#include "lathe/ir/layout.h"

namespace lathe::schedule {

namespace {

void run(Edit& e) {
    change_layout(e, [&](const Tensor& t, Layout& l) {
        if (!t.layout.plain())
            e.refuse("{} is stored in a way of its own already{}: reshape it first", t.symbol.name(),
                     layout_text(t.layout));
        l.dims.clear();
        l.shape = e.step().numbers;
    });
}

} // namespace

constinit const Primitive primitives::reshape{
    .name = "reshape",
    .text = "the same elements in the same row-major order, in an array of another shape",
    .run = run,
    .acts_on = ActsOn::tensor,
    .named = Named::kept,
    .of_place = false,
    .numbers = {1, Primitive::any},
    .numbers_are = Numbers::extents,
};

} // namespace lathe::schedule
