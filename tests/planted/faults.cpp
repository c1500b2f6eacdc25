// Each fault that can be planted into the proofs and the primitives is found by random schedules in the
// checking interpreter, or by the random programs that meet the part which is planted in.

#include "layouts.h"
#include "streams.h"

#include "deep.h"
#include "quantized_twin.h"
#include "random_nest.h"
#include "random_program.h"
#include "random_sums.h"
#include "wide_index.h"

#include "lathe/codegen/jit.h"
#include "lathe/ir/planted.h"

#include <ctime>

using namespace lathe;
using namespace lathe::ir;

namespace {

/// The fault is planted while this lives.
class Plant {
  public:
    explicit Plant(Fault f) { planted.fault = f; }
    ~Plant() { planted.fault = Fault::none; }
    Plant(const Plant&) = delete;
    Plant& operator=(const Plant&) = delete;
};

struct PlantedFault;
/// Whether one random program is wrong, with the fault planted, and how.
using Try = std::optional<std::string> (*)(const PlantedFault&, std::mt19937&);
std::optional<std::string> wrong_schedule(const PlantedFault& f, std::mt19937& random);
std::optional<std::string> wrong_moves(const PlantedFault& f, std::mt19937& random);
std::optional<std::string> wrong_code(const PlantedFault& f, std::mt19937& random);
std::optional<std::string> wrong_subscript(const PlantedFault& f, std::mt19937& random);
std::optional<std::string> wrong_exact_sum(const PlantedFault& f, std::mt19937& random);
std::optional<std::string> wrong_quantized(const PlantedFault& f, std::mt19937& random);
template <std::optional<std::string> (*Found)(std::mt19937&)>
std::optional<std::string> with_plant(const PlantedFault& f, std::mt19937& random);

struct PlantedFault {
    Fault fault;
    const char* name;
    std::string_view calls = {}; ///< that it may make wrong: most of those that are tried
    Try found = wrong_schedule;
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
    {Fault::loads_moved, "a bound read above its condition", "reorder"},
    {Fault::tag_stale, "a stale tag kept", "parallel reorder"},
    {Fault::follow_forgotten, "Funcs inside one that moved keep their ranges", "compute_at compute_root",
     wrong_moves},
    {Fault::dimensions_alike, "one range for a loop over two dimensions", "compute_at", wrong_moves},
    {Fault::fold_short, "a fold one short", {}, with_plant<wrong_window>},
    {Fault::fold_room_short, "room for one element less than a fold", {}, with_plant<wrong_address>},
    {Fault::pad_forgotten, "padding forgotten by backends", {}, with_plant<wrong_address>},
    {Fault::align_forgotten, "alignment forgotten", {}, with_plant<wrong_address>},
    {Fault::order_ignored, "the order of dimensions ignored", {}, with_plant<wrong_address>},
    {Fault::pack_room_forgotten, "no room for the last word", {}, with_plant<wrong_address>},
    {Fault::shape_transposed, "dimensions of a shape exchanged", {}, with_plant<wrong_address>},
    {Fault::constants_unpermuted, "elements of constants in the old order", {}, with_plant<wrong_window>},
    {Fault::layout_lost, "a layout lost in a called Function", {}, with_plant<wrong_pragma>},
    {Fault::held_unchecked, "what a folded place holds not asked", {}, with_plant<wrong_window>},
    {Fault::banks_unordered, "banks of the wrong dimension", {}, with_plant<wrong_pragma>},
    {Fault::bank_dimension_off, "dimensions of pragmas from 0", {}, with_plant<wrong_pragma>},
    {Fault::tokens_repeat, "elements written twice", {}, with_plant<wrong_stream>},
    {Fault::tokens_reread, "elements read twice", {}, with_plant<wrong_stream>},
    {Fault::tokens_left, "elements written and not read", {}, with_plant<wrong_stream>},
    {Fault::tokens_missing, "elements read and not written", {}, with_plant<wrong_stream>},
    {Fault::tokens_unordered, "elements read in another order", {}, with_plant<wrong_stream>},
    {Fault::token_statements_alike, "statements of one iteration in any order", {}, with_plant<wrong_stream>},
    {Fault::token_arms_taken, "arms that are not taken read tokens", {}, with_plant<wrong_stream>},
    {Fault::token_lanes_free, "tokens in loops without an order", {}, with_plant<wrong_stream>},
    {Fault::token_readers_unseen, "a tensor gone that others read", {}, with_plant<wrong_stream>},
    {Fault::stage_between_unseen, "stages pass those that they need", {}, with_plant<wrong_stream>},
    {Fault::row_part_short, "a process's part one position short", {}, with_plant<wrong_row>},
    {Fault::row_part_unfit, "parts beyond the tensor's end", {}, with_plant<wrong_row>},
    {Fault::relay_two_alike, "one element handed on of two", {}, with_plant<wrong_row>},
    {Fault::relay_lanes_free, "elements handed on without an order", {}, with_plant<wrong_row>},
    {Fault::relay_number_unseen, "elements that depend on the process", {}, with_plant<wrong_row>},
    {Fault::bounds_again, "a bound read again after its loop changed it", "split unroll vectorize"},
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
    {Fault::asserts_outlive, "what a loop asserts held behind it", "parallel"},
    {Fault::siblings_unread, "what stands beside a loop not asked", "parallel"},
    {Fault::extern_array_old, "an extern call's array of another copy", "split, peel"},
    {Fault::writes_forgotten, "what extern calls write forgotten by a pass", {}, wrong_code},
    {Fault::width_unchecked, "sums of terms wider than what they were made from", {}, wrong_subscript},
    {Fault::digits_assumed, "loops taken as told apart by a subscript", {}, wrong_exact_sum},
    {Fault::round_unchecked, "a while's one statement without its checks", {}, wrong_subscript},
    {Fault::start_baked, "a reduction's start of its first type", {}, wrong_quantized},
};

struct Effort {
    int tried, accepted;
    unsigned others; ///< of calls that the fault does not make wrong, one in so many is tried
};

/// Makes calls; false if none was accepted.
bool schedule(Schedule& s, const Nest& nest, const PlantedFault& f, const Effort& effort,
              std::mt19937& random) {
    int accepted = 0;
    for (int n = 0; n < effort.tried && accepted < effort.accepted; ++n) {
        const auto call = draw_call(s, nest.algorithm, random);
        if (!call) continue;
        if (f.calls.find(call->primitive) == f.calls.npos && random() % effort.others != 0) continue;
        try {
            call->make(s);
            ++accepted;
        } catch (const InternalError&) {
            throw;
        } catch (const Error&) {
            // refused
        }
    }
    return accepted > 0;
}

/// Schedules of a nest, in the checking interpreter.
std::optional<std::string> wrong_schedule_of(const Nest& nest, const PlantedFault& f, const Effort& effort,
                                             std::mt19937& random) {
    Schedule s(nest.algorithm);
    if (!schedule(s, nest, f, effort, random)) return std::nullopt;
    verify(s.module());
    for (const Sizes& sizes : small_sizes(nest.algorithm.module, 3, random))
        if (std::string d = difference(s.reference(), s.module(), sizes, static_cast<unsigned>(random()));
            !d.empty())
            return s.trace() + d;
    return std::nullopt;
}
std::optional<std::string> wrong_schedule(const PlantedFault& f, std::mt19937& random) {
    const Plant plant(f.fault);
    return wrong_schedule_of(random_nest(random), f, {16, 4, 4}, random);
}
/// Of stages, with more calls: some moves are wrong only after others.
std::optional<std::string> wrong_moves(const PlantedFault& f, std::mt19937& random) {
    const Plant plant(f.fault);
    return wrong_schedule_of(random_stages(random), f, {64, 8, 16}, random);
}

/// Random kernels, compiled.
std::optional<std::string> wrong_code(const PlantedFault& f, std::mt19937& random) {
    const Program p = random_kernel(random);
    const Module& m = p.algorithm.module;
    const JitFunction function = [&] {
        const Plant plant(f.fault);
        return jit(m);
    }();
    for (const Sizes& sizes : p.sizes) {
        const std::vector<AnyBuffer> expected = run(m, sizes, 1);
        std::vector<AnyBuffer> got = make_arguments(m, sizes, 1);
        std::vector<AnyBuffer*> pointers;
        for (AnyBuffer& b : got)
            pointers.push_back(&b);
        function.call(pointers, make_scalars(m, sizes));
        for (size_t n = 0; n < got.size(); ++n)
            if (!bit_equal(expected[n], got[n])) return print(m);
    }
    return std::nullopt;
}

/// Subscripts of random arithmetic, compiled.
std::optional<std::string> wrong_subscript(const PlantedFault& f, std::mt19937& random) {
    const WideProgram p = random_wide_program(random);
    std::vector<AnyBuffer> copies;
    for (const AnyBuffer& b : p.arguments)
        copies.push_back(b.copy());
    std::vector<AnyBuffer*> arguments;
    for (AnyBuffer& b : copies)
        arguments.push_back(&b);
    bool fails = false;
    try {
        const Plant plant(f.fault);
        jit(p.module).call(arguments, p.scalars);
    } catch (const InternalError&) {
        throw;
    } catch (const Error&) {
        fails = true;
    }
    const auto right = interpreted(p);
    const bool same = right.has_value() != fails && (fails || bit_equal(*right, copies.back()));
    return same ? std::nullopt : std::optional(print(p.module));
}

/// Exact accumulators beside wide ones.
std::optional<std::string> wrong_exact_sum(const PlantedFault& f, std::mt19937& random) {
    const Func sums = random_sums(static_cast<unsigned>(random()));
    Schedule exactly(sums), wide(sums);
    {
        const Plant plant(f.fault);
        exactly.quantize(sums, Int(40), {.accumulate = Accumulate::exact});
    }
    wide.quantize(sums, Int(40), {.accumulate = Int(40)});
    const bool same = same_result(exactly.reference(), wide.reference(), {}, static_cast<unsigned>(random()));
    return same ? std::nullopt : std::optional(print(exactly));
}

/// Types given later beside the same ones declared.
std::optional<std::string> wrong_quantized(const PlantedFault& f, std::mt19937& random) {
    const auto kind = static_cast<TwinKind>(random() % 3);
    const TwinTypes before = random_types(kind, random), after = random_types(kind, random);
    const auto seed = static_cast<unsigned>(random());
    const Twin twin = make_twin(kind, seed, before);
    Schedule declared(make_twin(kind, seed, after).algorithm), quantized(twin.algorithm);
    {
        const Plant plant(f.fault);
        std::string types;
        for (size_t n = 0; n < twin_tensors; ++n)
            types += fmt::format(R"({}{{"tensor": "{}", "type": "{}"}})", n ? ", " : "",
                                 twin.declared[n].name(), after.types[n].str());
        quantized = quantized.apply_trace(R"({"lathe_trace": 1, "types": [)" + types + R"(], "steps": []})");
    }
    const bool same = same_result(declared.reference(), quantized.reference(), {}, seed);
    return same ? std::nullopt : std::optional(print(quantized));
}

/// Programs that need no calls: how tensors are stored, and what is streamed.
template <std::optional<std::string> (*Found)(std::mt19937&)>
std::optional<std::string> with_plant(const PlantedFault& f, std::mt19937& random) {
    const Plant plant(f.fault);
    return Found(random);
}

/// The same, where there may be no program.
std::optional<std::string> wrong(const PlantedFault& f, std::mt19937& random) {
    try {
        return f.found(f, random);
    } catch (const InternalError& e) {
        return e.message();
    } catch (const Error&) {
        return std::nullopt;
    }
}

/// After how many programs the fault shows; nothing if it never does.
std::optional<int> found_after(const PlantedFault& f, unsigned seed) {
    std::mt19937 random(seed);
    for (int n = 1; n <= 2000; ++n)
        if (wrong(f, random)) return n;
    return std::nullopt;
}

} // namespace

TEST_CASE("planted faults are found by random programs") {
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
    for (int n = 0; n < count(200, 2000); ++n) {
        const auto found = wrong({Fault::none, "none", "parallel reorder vectorize compute_at"}, random);
        CHECK_MESSAGE(!found, found.value_or(""));
    }
    for (const Try other : {wrong_moves, wrong_code, wrong_subscript, wrong_exact_sum, wrong_quantized,
                            with_plant<wrong_window>, with_plant<wrong_address>, with_plant<wrong_pragma>,
                            with_plant<wrong_stream>, with_plant<wrong_row>})
        for (int n = 0; n < count(20, 1000); ++n) {
            const auto found = wrong({Fault::none, "none", {}, other}, random);
            CHECK_MESSAGE(!found, found.value_or(""));
        }
}
