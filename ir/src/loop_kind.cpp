#include "lathe/ir/loop_kind.h"

#include "lathe/ir/stmt.h"

namespace lathe::ir {

LoopKind LoopKind::serial() {
    return {"serial",
            {.ordered = true,
             .concurrent = false,
             .lockstep = false,
             .replicated = false,
             .overlapped = false,
             .sync = SyncScope::none}};
}

LoopKind LoopKind::parallel() {
    return {"parallel",
            {.ordered = false,
             .concurrent = true,
             .lockstep = false,
             .replicated = false,
             .overlapped = false,
             .sync = SyncScope::none}};
}

LoopKind LoopKind::vectorized() {
    return {"vectorized",
            {.ordered = false,
             .concurrent = false,
             .lockstep = true,
             .replicated = false,
             .overlapped = false,
             .sync = SyncScope::none}};
}

LoopKind LoopKind::unrolled() {
    return {"unrolled",
            {.ordered = true,
             .concurrent = false,
             .lockstep = false,
             .replicated = true,
             .overlapped = false,
             .sync = SyncScope::none}};
}

LoopKind LoopKind::pipeline(int64_t interval) {
    LoopKind k("pipeline", {.ordered = true,
                            .concurrent = false,
                            .lockstep = false,
                            .replicated = false,
                            .overlapped = true,
                            .sync = SyncScope::none});
    k.cycles = interval;
    return k;
}

const LoopProperties& LoopKind::properties() const {
    invariant(explained, "a kind of loop without answers is asked for one");
    return answers;
}

const LoopProperties& For::runs() const {
    if (!loop.known())
        fail(loc, "loop {} is of the kind {}, and how its iterations run is unknown", var.name(),
             loop.name());
    return loop.properties();
}

} // namespace lathe::ir
