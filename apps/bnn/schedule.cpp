#include "bnn/algorithm.h"

using namespace lathe;

namespace {

Schedule in_order(const Bnn& b) {
    std::vector<Input> arguments = {b.image};
    arguments.insert(arguments.end(), b.weights.begin(), b.weights.end());
    return Schedule(arguments, {b.digit});
}

} // namespace

Schedule cpu_schedule(const Bnn& b) {
    Schedule s = in_order(b);
    for (const Func& f : b.wrong)
        s[f].fuse_init();
    return s;
}

Schedule vitis_schedule(const Bnn& b, int64_t images) {
    Schedule s = in_order(b);
    s.bind(b.N, images);
    return s;
}

Schedule cpu_schedule(const BinaryLayer& l) {
    Schedule s({l.in, l.weights}, {l.wrong});
    s[l.wrong].fuse_init().parallel(l.y);
    return s;
}
