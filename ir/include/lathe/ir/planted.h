#pragma once
/// \file Faults that tests plant into the proofs and the primitives, to see that the oracles find them. Only
/// the program test_planted is built with them (LATHE_PLANTED); everywhere else `planted` is a constant
/// without any, and the branches vanish. Not installed.

#include <cstdint>

namespace lathe::ir {

enum class Fault : uint8_t {
    none,
    // Of dependence queries:
    reversed_flipped,    ///< an order is turned round where it is kept
    swapped_unasked,     ///< of two accesses only one order is asked
    operators_alike,     ///< reductions by different operators change places
    saturation_commutes, ///< reductions whose operation does not commute change places
    extern_forgotten,    ///< extern calls touch nothing
    output_forgotten,    ///< prints and calls need no order
    condition_unread,    ///< conditions read nothing
    private_too_far,     ///< a tensor is private to the iterations of one loop more, further in
    loads_steady,        ///< what memory holds is the same for both iterations
    moment_ignored,      ///< a let has the value that its expression has later
    else_as_then,        ///< the else branch runs where the condition holds
    last_iteration_lost, ///< loops end one iteration early
    lanes_flipped,       ///< lanes run the statements in the wrong order
    lanes_write_first,   ///< in a statement lanes write before they read
    instances_alike,     ///< all instances of a statement do the same
    prefilter_too_sure,  ///< linear tests miss neighbouring iterations
    asserts_outlive,     ///< what a loop's body asserts holds behind it, though it may run nothing
    siblings_unread,     ///< what is stored beside a loop changes no let, condition or bound around it
    // Of primitives:
    reorder_loses_guard,
    split_guard_off,
    peel_rest_off,
    shift_repeats, ///< iterations run again though that changes something
    fuse_wrong_extent,
    fuse_init_uncovered, ///< elements that no update touches
    region_short,        ///< of a Func that is computed in a loop
    inline_past_update,
    unroll_guard_off,
    loads_moved,      ///< a loop's bound is read where a condition kept it from being read
    tag_stale,        ///< a loop that may run in parallel somewhere may do so everywhere
    follow_forgotten, ///< a Func moved, and those computed inside it keep their ranges
    dimensions_alike, ///< a loop over two dimensions gets the range of one
    // Of layouts:
    fold_short,           ///< positions are taken modulo one less than the fold
    fold_room_short,      ///< room for one element less than the fold
    pad_forgotten,        ///< what backends store has no padding
    align_forgotten,      ///< room is not rounded up
    order_ignored,        ///< dimensions are stored as they are declared
    pack_room_forgotten,  ///< the last word has no room for all its elements
    shape_transposed,     ///< the digits of an element's number go to the wrong dimensions
    constants_unpermuted, ///< the elements of a constant stay where they were
    layout_lost,          ///< a called Function does not know the layout of what it is given
    held_unchecked,       ///< which element a folded place holds is not asked
    banks_unordered,      ///< banks are those of declared dimensions, not of stored ones
    bank_dimension_off,   ///< dimensions of pragmas are counted from 0
    // Of streams between stages:
    tokens_repeat,          ///< elements may be written more than once
    tokens_reread,          ///< elements may be read more than once
    tokens_left,            ///< elements may be written and not read
    tokens_missing,         ///< elements may be read and not written
    tokens_unordered,       ///< elements may be read in any order
    token_statements_alike, ///< in one iteration any statement may come first
    token_arms_taken,       ///< a lazy arm reads whether it is taken or not
    token_lanes_free,       ///< lanes and threads may pass tokens
    token_readers_unseen,   ///< the tensor is gone whoever else reads it
    stage_between_unseen,   ///< stages pass others that touch what they touch
    // Of rows of processes:
    row_part_short,      ///< the part of a tensor that a process has is one position short
    row_part_unfit,      ///< the part of an iteration that does nothing may lie beyond the tensor
    relay_two_alike,     ///< of two elements that a statement reads one is handed on
    relay_lanes_free,    ///< lanes and threads may hand on elements
    relay_number_unseen, ///< what is read may depend on which process reads it
    // Of the language and the passes:
    bounds_again,     ///< a loop's bound is read again after the body has changed it
    writes_forgotten, ///< extern calls write nothing
    width_unchecked,  ///< a sum of terms may be wider than what it was made from
    digits_assumed,   ///< a subscript tells all loops apart that it mentions
    start_baked,      ///< a reduction's start keeps the type that its value had first
    round_unchecked,  ///< the only statement of a while is not checked for its bounds
    extern_array_old, ///< a copied loop passes extern calls the arrays of the original
    count
};

struct Planted {
    Fault fault = Fault::none;
    bool accept_all = false; ///< every dependence query answers "none": schedules are forced
    constexpr bool has(Fault f) const { return fault == f; }
};

#ifdef LATHE_PLANTED
inline thread_local Planted planted;
#else
constexpr Planted planted;
#endif

} // namespace lathe::ir
