#include "split.h"

#include "lathe/ir/planted.h"

#include "../src/tag.h"

#include "lathe/ir/dependence.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

constexpr std::string_view tails[] = {"guard", "shift_inwards", "peel", "exact"}; ///< in the order of Tail
static_assert(static_cast<size_t>(Tail::guard) == 0 && static_cast<size_t>(Tail::shift_inwards) == 1 &&
              static_cast<size_t>(Tail::peel) == 2 && static_cast<size_t>(Tail::exact) == 3);

/// So that no bound of the loops comes near the end of 64 bits.
constexpr int64_t max_factor = int64_t{1} << 31;

Stmt block_nest(const For& f, const Symbol& outer, const Symbol& inner, int64_t factor, Expr outer_extent,
                Stmt body) {
    Stmt in = For::make(inner, index(0), index(factor), {}, std::move(body), f.loc);
    return For::make(outer, index(0), std::move(outer_extent), {}, std::move(in), f.loc);
}

/// The whole blocks, then a loop over what is left.
Stmt peeled(Edit& e, const For& f, int64_t factor, const Symbol& outer, const Symbol& inner,
            const Expr& extent) {
    Expr blocks = ifloordiv(extent, index(factor)), done = imul(blocks, index(factor));
    Symbol tail = e.result(2, f.var.name() + "t");
    Expr at = iadd(f.min, iadd(imul(var(outer), index(factor)), var(inner)));
    Stmt main = block_nest(f, outer, inner, factor, blocks, substitute(e.copy(f.body), {{f.var, at}}));
    Stmt rest = For::make(tail, iadd(f.min, done),
                          isub(extent, planted.has(Fault::peel_rest_off) ? iadd(done, index(1)) : done), {},
                          substitute(e.copy(f.body), {{f.var, var(tail)}}), f.loc);
    e.forward_to_copies();
    return Block::make({std::move(main), std::move(rest)});
}

} // namespace

std::string_view word(Tail t) {
    return tails[static_cast<size_t>(t)];
}

void split_loop(Edit& e, const Symbol& loop, int64_t factor, Tail tail, const Symbol& outer,
                const Symbol& inner) {
    Path path = serial_loop(e, loop);
    const For& f = *path.back().as<For>();
    if (factor < 1) e.refuse("the factor {} must be at least 1", factor);
    if (factor > max_factor) e.refuse("the factor {} is more than {}", factor, max_factor);
    Facts facts = e.facts(path);
    Expr by = index(factor);
    bool divides = prove(equals(ifloormod(f.extent, by), index(0)), facts);
    Expr start = imul(var(outer), by), offset = iadd(start, var(inner));
    Stmt fresh;
    if (divides) {
        fresh = block_nest(f, outer, inner, factor, ifloordiv(f.extent, by),
                           substitute(f.body, {{loop, iadd(f.min, offset)}}));
    } else if (tail == Tail::guard) {
        Stmt body = substitute(f.body, {{loop, iadd(f.min, offset)}});
        fresh = block_nest(
            f, outer, inner, factor, ceil_div(f.extent, factor),
            If::make(planted.has(Fault::split_guard_off) ? at_most(offset, f.extent) : less(offset, f.extent),
                     std::move(body), {}, f.loc));
    } else if (tail == Tail::peel) {
        fresh = peeled(e, f, factor, outer, inner, non_negative(f.extent, facts));
    } else if (tail == Tail::exact) {
        e.refuse("{} is not proved to divide the extent {}. Try Tail::guard, or require it", factor,
                 print(f.extent));
    } else {
        if (!prove(at_most(by, f.extent), facts))
            e.refuse("the extent {} is not proved to be at least {}, so the last block would start before "
                     "the first "
                     "iteration. Try Tail::guard, or require it",
                     print(f.extent), factor);
        e.asks();
        if (!planted.has(Fault::shift_repeats) && !idempotent(e.seen(e.body()), loop, e.facts({})))
            e.refuse("the last block repeats iterations of {}, and running one twice changes the result. Try "
                     "Tail::guard",
                     loop.name());
        Expr base = imin(start, isub(f.extent, by));
        fresh = block_nest(f, outer, inner, factor, ceil_div(f.extent, factor),
                           substitute(f.body, {{loop, iadd(f.min, iadd(base, var(inner)))}}));
    }
    e.set_body(rebuild(path, std::move(fresh)));
}

std::string overlap_of_blocks(const Edit& e, const Symbol& loop) {
    const auto made = e.state().made_by(loop, e.state().steps.size());
    if (!made || made->second != 0) return {};
    const Step& s = e.state().steps[made->first];
    if (s.primitive != &primitives::split || s.words[0] != word(Tail::shift_inwards)) return {};
    return fmt::format(
        ". The last block of {} overlaps the one before it: Tail::guard and Tail::peel make blocks that "
        "do not",
        s.str());
}

namespace {

void run(Edit& e) {
    Symbol loop = e.loop(0);
    const auto& words = e.step().words;
    const std::string called = e.path(loop).back().as<For>()->var.name();
    auto name = [&](size_t n, const char* suffix) { return words[n].empty() ? called + suffix : words[n]; };
    Symbol outer = e.result(0, name(1, "o")), inner = e.result(1, name(2, "i"));
    const auto tail = std::ranges::find(tails, words[0]);
    if (tail == std::end(tails)) e.refuse("there is no tail {}", words[0]);
    split_loop(e, loop, e.step().numbers[0], static_cast<Tail>(tail - std::begin(tails)), outer, inner);
}

constexpr WordOperand words[] = {{"tail", tails, tails[0]}, {"name of the outer loop"}, {"of the inner one"}};

} // namespace

constinit const Primitive primitives::split{
    .name = "split",
    .text = "for i: becomes for io: for ii: with a number of iterations of ii",
    .run = run,
    .acts_on = ActsOn::loops,
    .named = Named::consumed,
    .of_place = true,
    .loops = {1, 1},
    .numbers = {1, 1},
    .words = words,
};

} // namespace lathe::schedule
