#include "to.h"

namespace lathe::schedule {

namespace {

constexpr std::string_view sides[] = {"host", "device"};

void run(Edit& e) {
    const Symbol& stage = e.step().func;
    const std::string& side = e.step().words[0];
    if (side != word(Side::host) && side != word(Side::device))
        e.refuse("a stage runs on the host or on the device, and nothing is called {}", side);
    if (State::stage_of(e.state().module.top()) == stage && e.state().is_kernel(stage))
        e.refuse("{} is the whole program, which is one kernel already: name kernels that it calls",
                 stage.name());
    e.runs_on(stage, side == word(Side::device) ? Side::device : Side::host);
}

constexpr WordOperand words[] = {{"side", sides}};

} // namespace

std::string_view word(Side side) {
    return sides[static_cast<size_t>(side)];
}

constinit const Primitive primitives::to{
    .name = "to",
    .text = "the stage runs on the host, or in a kernel of the device; copies are planned",
    .run = run,
    .acts_on = ActsOn::func,
    .named = Named::kept,
    .of_place = false,
    .words = words,
    .kernels = true,
};

} // namespace lathe::schedule
