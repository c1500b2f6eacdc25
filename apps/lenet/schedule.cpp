#include "lenet/algorithm.h"

using namespace lathe;

namespace {

/// A convolution, its pool and activation: two rows of a few channels' sums at a time, in registers.
void schedule_convolution(Schedule& s, const nn::Layer& sum, const Func& rows, const nn::Layer& pool,
                          const nn::Layer& act, int64_t channels) {
    constexpr int64_t lanes = 8; // divides both widths
    const Var &n = act.dims[0], &o = act.dims[1], &y = act.dims[2], &x = act.dims[3];
    auto [oo, oi] = s[act.out].split(o, channels, Tail::exact);
    s[act.out].reorder(n, oo, y, oi, x).parallel(n);
    s[pool.out].compute_at(act, y).store_in(MemorySpace::stack());
    s[rows].compute_at(act, y).store_in(MemorySpace::stack());
    s[sum.out].compute_at(act, y).store_in(MemorySpace::registers());
    const auto whole = [&](StageHandle stage, const Var& channel, const Var& row, const Var& column) {
        auto [blocks, inside] = stage.split(column, lanes, Tail::exact);
        stage.unroll(channel).unroll(row).unroll(blocks).vectorize(inside);
    };
    const auto& d = sum.dims;
    StageHandle update = s[sum.out];
    update.reorder({sum.over[0], sum.over[1], sum.over[2], d[0], d[1], d[2], d[3]});
    whole(update, d[1], d[2], d[3]);
    whole(s[sum.out].init(), d[1], d[2], d[3]);
}

/// The first dense layer: four vectors of sums of an image in registers.
void schedule_dense(Schedule& s, const nn::Layer& sum, const nn::Layer& act, const Target& target) {
    const int64_t lanes = target.natural_lanes(Float(32));
    auto [oo, oi] = s[act.out].split(act.dims[1], 4 * lanes);
    s[act.out].reorder(oo, act.dims[0], oi).parallel(oo);
    s[sum.out].compute_at(act, act.dims[0]).store_in(MemorySpace::registers());
    const auto whole = [&](StageHandle stage) {
        auto [blocks, inside] = stage.split(sum.dims[1], lanes);
        stage.unroll(blocks).vectorize(inside);
    };
    whole(s[sum.out].init());
    s[sum.out].reorder(sum.over[0], sum.dims[0], sum.dims[1]);
    whole(s[sum.out]);
    auto [blocks, inside] = s[act.out].split(oi, lanes);
    s[act.out].unroll(blocks).vectorize(inside);
}

/// An element's sum is written once, when it is there.
void sum_in_register(Schedule& s, const nn::Layer& sum, const LoopRef& element) {
    s.buffer_at(sum, element);
    s[sum.out].pipeline(sum.over.back(), 1);
}

} // namespace

Schedule cpu_schedule(const LeNet& net, const Target& target) {
    std::vector<Input> arguments = {net.image};
    arguments.insert(arguments.end(), net.weights.begin(), net.weights.end());
    Schedule s(arguments, {net.logits});
    schedule_convolution(s, net.sum1, net.rows1, net.pool1, net.act1, 2);
    schedule_convolution(s, net.sum2, net.rows2, net.pool2, net.act2, 5);
    s.inline_(net.flat);
    schedule_dense(s, net.sum3, net.act3, target);
    nn::schedule(s, net.logits, target);
    return s;
}

Schedule vitis_schedule(const LeNet& net, int64_t images) {
    std::vector<Input> arguments = {net.image};
    arguments.insert(arguments.end(), net.weights.begin(), net.weights.end());
    Schedule s(arguments, {net.logits});
    s.bind(net.N, images);
    s.inline_(net.rows1).inline_(net.rows2).inline_(net.flat);
    // Convolutions in the order in which pools take them.
    for (const nn::Layer* l : {&net.sum1, &net.sum2}) {
        s[l->out].fuse_init(l->dims[3]);
        const auto tiles = s[l->out].tile({l->dims[2], l->dims[3]}, {2, 2}, Tail::exact);
        sum_in_register(s, *l, tiles[3]);
    }
    for (const nn::Layer* l : {&net.sum3, &net.logits}) {
        s[l->out].fuse_init(l->dims[1]);
        sum_in_register(s, *l, l->dims[1]);
    }
    // Streams from convolution to pool to activation, and blocks between the layers.
    s.dataflow(net.logits);
    return s;
}
