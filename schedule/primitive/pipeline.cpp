#include "pipeline.h"

#include "split.h"

namespace lathe::schedule {

void pipeline(Edit& e) {
    const int64_t interval = e.step().numbers[0];
    if (interval < 1)
        e.refuse("an iteration can start every cycle at best: the interval {} is below 1", interval);
    for (const Symbol& loop : e.loops(0)) {
        const Path path = serial_loop(e, loop);
        const For& f = *path.back().as<For>();
        e.set_body(
            rebuild(path, For::make(f.var, f.min, f.extent, LoopKind::pipeline(interval), f.body, f.loc)));
    }
}

} // namespace lathe::schedule
