#include "stencil.h"

#include "../macro/stencil_expand.h"
#include "../macro/stencil_kernel.h"

#include <algorithm>
#include <fmt/ranges.h>

namespace lathe::schedule {

namespace {

/// More would be no hardware.
constexpr int64_t most_lanes = 1024, most_steps = 1024;
constexpr int64_t widest = int64_t{1} << 40; ///< of a strip

/// Loops and arrays that there are no more.
void consume(Edit& e, const stencil::Stencil& s) {
    for (const Stmt& d : s.stages)
        for (const For* l : loops_in(d))
            e.forward(l->var, {});
    for (const Tensor& t : s.consumed)
        e.forward(t.symbol, {});
}

/// The network is what the kernel does.
void replace_kernel(Edit& e, const stencil::Stencil& s, const Stmt& network) {
    std::vector<Stmt> all = s.before;
    all.push_back(Dataflow::make(network, e.step().loc, Block::make(s.stages)));
    const Path path = path_to_stage(e.body(), e.step().func);
    const Stmt stage = path.back();
    const auto& g = *stage.as<Stage>();
    consume(e, s);
    e.set_body(rebuild(path, Stage::make(g.func, g.definition, Block::make(std::move(all)), g.loc)));
}

void run(Edit& e) {
    const StencilOptions o = e.or_refuse([&] { return stencil_options(e.step()); });
    if (e.state().is_kernel(e.step().func)) stencil::open_calls(e);
    const stencil::Design made = stencil::design(e, stencil::read_stencil(e, o.in_place), o);
    const stencil::Stencil& s = made.stencil;
    const Stmt network = stencil::expand(e, made);
    stencil::lay_out(e, s, made.ports);
    if (s.of_kernel) return replace_kernel(e, s, network);
    Stmt origin = Block::make(s.stages);
    if (!s.consumed.empty()) origin = Allocate::make(s.consumed, origin);
    std::vector<Stmt> all = s.before;
    const Loc loc = e.step().loc;
    all.push_back(Stage::make(e.step().func, 0, Dataflow::make(network, loc, origin), loc));
    all.insert(all.end(), s.behind.begin(), s.behind.end());
    Stmt body = Block::make(std::move(all));
    if (!s.kept.empty()) body = Allocate::make(s.kept, body);
    consume(e, s);
    e.set_body(body);
}

} // namespace

constinit const Primitive primitives::stencil{
    .name = "stencil",
    .text = "a Func and all that it is computed of, or a kernel, become a network of processes, joined by "
            "streams",
    .run = run,
    .acts_on = ActsOn::func,
    .named = Named::kept,
    .of_place = false,
    .numbers = {1, Primitive::any},
    .kernels = true,
};

namespace {

/// Points, steps, in place, the bits of a word, how many widths of strips there are, and these. Those that
/// are none need not stand there; the count keeps a width from being read as a word.
std::vector<int64_t> numbers_of(const StencilOptions& o) {
    std::vector<int64_t> all{o.unroll, o.iterate, o.in_place ? 1 : 0};
    if (o.word != 0 || !o.tile.empty()) {
        all.insert(all.end(), {o.word, static_cast<int64_t>(o.tile.size())});
        all.insert(all.end(), o.tile.begin(), o.tile.end());
    }
    if (all.size() == 3 && !o.in_place) all.pop_back();
    if (all.size() == 2 && o.iterate == 1) all.pop_back();
    return all;
}

} // namespace

Step stencil_step(const Symbol& func, const StencilOptions& options, Loc loc) {
    Step step;
    step.primitive = &primitives::stencil;
    step.func = func;
    step.numbers = numbers_of(options);
    step.loc = loc;
    return step;
}

StencilOptions stencil_options(const Step& step) {
    const std::vector<int64_t>& n = step.numbers;
    StencilOptions o;
    o.unroll = n[0];
    if (n.size() > 1) o.iterate = n[1];
    if (n.size() > 2) o.in_place = n[2] != 0;
    constexpr size_t widths = 5; // begin there
    if (n.size() > 3) {
        if (n.size() < widths || n[widths - 1] != static_cast<int64_t>(n.size() - widths))
            fail(
                step.loc,
                "{} are no numbers of stencil: those are points, steps, in place, bits of a word, how many "
                "widths of strips there are, and these widths. A trace that was written before the count was "
                "told does not say which of its numbers is a word: write it again, by the program that made "
                "it",
                fmt::join(n, ", "));
        o.word = n[3];
        o.tile.assign(n.begin() + widths, n.end());
    }
    const auto within = [&](int64_t number, int64_t most, std::string_view what) {
        if (number < 1 || number > most)
            fail(step.loc, "{} {}: there are at least 1 and at most {}", number, what, most);
    };
    within(o.unroll, most_lanes, "points at a time");
    within(o.iterate, most_steps, "steps in time");
    constexpr int64_t narrowest_word = 8, widest_word = 1024; // of AXI
    if (o.word != 0 && (o.word < narrowest_word || o.word > widest_word || (o.word & (o.word - 1)) != 0))
        fail(step.loc, "a word of {} bits: it is a power of two from {} to {}, or 0 for elements one by one",
             o.word, narrowest_word, widest_word);
    for (const int64_t width : o.tile)
        within(width, widest, "positions in a strip");
    return o;
}

bool makes_network(const Step& step) {
    return step.primitive == &primitives::stencil;
}

int64_t steps_in_time(const Step& step) {
    return makes_network(step) ? stencil_options(step).iterate : 1;
}

} // namespace lathe::schedule
