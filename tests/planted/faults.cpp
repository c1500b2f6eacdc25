// Each fault that can be planted into the proofs and the primitives is found by random schedules in the
// checking interpreter.

#include "deep.h"
#include "random_nest.h"

#include "lathe/ir/planted.h"

#include <ctime>

using namespace lathe;
using namespace lathe::ir;

namespace {

struct PlantedFault {
    Fault fault;
    const char* name;
    std::string_view calls; ///< that it may make wrong: most of those that are tried
};
constexpr PlantedFault faults[] = {
    {Fault::reorder_loses_guard, "reorder loses a guard", "reorder"},
    {Fault::split_guard_off, "split's guard off by one", "split"},
    {Fault::peel_rest_off, "peel's rest off by one", "split, peel"},
    {Fault::shift_repeats, "shift_inwards without idempotence", "split, shift_inwards"},
    {Fault::fuse_wrong_extent, "fuse divides by the wrong extent", "fuse"},
    {Fault::fuse_init_uncovered, "fuse_init of less than what there is", "fuse_init"},
    {Fault::region_short, "the region of compute_at one short", "compute_at"},
    {Fault::inline_past_update, "inline_ past an update", "inline_"},
    {Fault::unroll_guard_off, "unroll's guard off by one", "unroll"},
    {Fault::reversed_flipped, "an order turned round where it is kept", "reorder"},
    {Fault::swapped_unasked, "one order of two accesses not asked", "parallel"},
    {Fault::operators_alike, "operators of reductions not compared", "vectorize"},
    {Fault::saturation_commutes, "reductions taken as commuting", "vectorize"},
    {Fault::extern_forgotten, "extern calls forgotten", "parallel"},
    {Fault::output_forgotten, "prints and the order of calls forgotten", "reorder"},
    {Fault::condition_unread, "reads of conditions forgotten", "parallel"},
    {Fault::private_too_far, "a tensor private to an inner loop", "parallel"},
    {Fault::loads_steady, "loads of what is written taken as equal", "parallel"},
    {Fault::moment_ignored, "the moment of a let ignored", "parallel"},
    {Fault::else_as_then, "the else branch under the condition", "parallel"},
    {Fault::last_iteration_lost, "the last iteration lost", "parallel"},
    {Fault::lanes_flipped, "statements of lanes in the wrong order", "vectorize"},
    {Fault::lanes_write_first, "lanes write before they read", "vectorize"},
    {Fault::instances_alike, "instances of a statement not compared", "reorder"},
    {Fault::prefilter_too_sure, "linear tests too sure", "parallel"},
};

/// The fault is planted while this lives.
class Plant {
  public:
    explicit Plant(Fault f) { planted.fault = f; }
    ~Plant() { planted.fault = Fault::none; }
    Plant(const Plant&) = delete;
    Plant& operator=(const Plant&) = delete;
};

/// Whether one schedule of up to six accepted calls on a random nest is wrong, with the fault planted.
bool wrong_schedule(const PlantedFault& f, std::mt19937& random, std::string& shown) {
    try {
        const Nest nest = random_nest(random);
        Schedule s(nest.algorithm);
        {
            const Plant plant(f.fault);
            int accepted = 0;
            for (int n = 0; n < 16 && accepted < 4; ++n) {
                const auto call = draw_call(s, nest.algorithm, random);
                if (!call) continue;
                if (f.calls.find(call->primitive) == f.calls.npos && random() % 4 != 0) continue;
                try {
                    call->make(s);
                    ++accepted;
                } catch (const InternalError&) {
                    throw;
                } catch (const Error&) {
                    // refused
                }
            }
            if (accepted == 0) return false;
        }
        verify(s.module());
        for (const Sizes& sizes : small_sizes(nest.algorithm.module, 3, random))
            if (std::string d = difference(s.reference(), s.module(), sizes, static_cast<unsigned>(random()));
                !d.empty()) {
                shown = s.trace() + d;
                return true;
            }
    } catch (const InternalError& e) {
        shown = e.message();
        return true;
    } catch (const Error&) {
        // no program
    }
    return false;
}

/// After how many schedules the fault shows; nothing if it never does.
std::optional<int> found_after(const PlantedFault& f, unsigned seed) {
    std::mt19937 random(seed);
    std::string shown;
    for (int n = 1; n <= 2000; ++n)
        if (wrong_schedule(f, random, shown)) {
            CAPTURE(shown);
            return n;
        }
    return std::nullopt;
}

} // namespace

TEST_CASE("planted faults are found by random schedules") {
    static_assert(std::size(faults) + 1 == static_cast<size_t>(Fault::count));
    for (const PlantedFault& f : faults) {
        std::string after;
        for (unsigned seed = 1; seed <= static_cast<unsigned>(count(1, 3)); ++seed) {
            const std::clock_t start = std::clock();
            const auto found = found_after(f, seed);
            CHECK_MESSAGE(found, std::string(f.name) << ", seed " << seed);
            const double took = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
            after += " " + (found ? std::to_string(*found) : "never") + " (" + std::to_string(took) + " s)";
        }
        MESSAGE(std::string(f.name) << ": after" << after);
    }
}

TEST_CASE("without a planted fault the same schedules are right") {
    std::mt19937 random(7);
    std::string shown;
    for (int n = 0; n < count(200, 2000); ++n)
        CHECK_MESSAGE(
            !wrong_schedule({Fault::none, "none", "parallel reorder vectorize compute_at"}, random, shown),
            shown);
}
