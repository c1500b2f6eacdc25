#pragma once
/// \file Primitives as descriptors. Each is stated once, in schedule/primitive/NAME.cpp; traces, messages,
/// checks of misuse, the documentation's table and random schedules read it from here. A new primitive is a
/// pair of files there and a method of StageHandle.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace lathe::schedule {

class Edit;

/// What a step of the primitive rewrites.
enum class ActsOn : uint8_t {
    loops,  ///< loops of one definition
    func,   ///< a Func as a whole: where it is computed, or initialised. Kernels have none
    tensor, ///< how a tensor is stored: a Func's, an array of a kernel, a constant
    calls,  ///< the calls of Functions in one definition
    stages, ///< a stage as a whole, of Funcs or of a kernel: what runs beside what
};

/// What the loops that a step names are called after it.
enum class Named : uint8_t {
    kept,     ///< the same: they stay, perhaps elsewhere or run in another way
    consumed, ///< nothing: the step's results run over their iterations
    outer,    ///< with a number, the name means the outer one of the two loops made of it
};

/// What a step's numbers are.
enum class Numbers : uint8_t {
    plain,
    of_dimension, ///< the first one is a dimension of the tensor, or all_dimensions
    order,        ///< the tensor's dimensions
    extents,      ///< of as many elements as the tensor has
};

/// How many operands of a kind a step has.
struct Count {
    size_t least = 0, most = 0;
    bool has(size_t n) const { return n >= least && n <= most; }
};

/// An operand that is a word.
struct WordOperand {
    std::string_view name;                         ///< "tail"
    std::span<const std::string_view> values = {}; ///< the words that it takes; none: any text, or nothing
    std::string_view unsaid = {};                  ///< the value that messages leave out
};

struct Primitive {
    static constexpr size_t any = SIZE_MAX;

    std::string_view name;
    std::string_view text; ///< what it does, in a few words
    void (*run)(Edit&);    ///< checks a step and rewrites the Module
    ActsOn acts_on;
    Named named;
    /// Its result may be right only where the Func is computed when it is called: because of bounds that hold
    /// there, or since only a part of the Func is needed there.
    bool of_place;

    Count loops = {}, numbers = {};
    Numbers numbers_are = Numbers::plain;
    bool every = false;                      ///< takes all(loop), every copy of a loop
    std::span<const WordOperand> words = {}; ///< all of them in every step
    bool tensor = false;                     ///< takes a tensor
    bool consumer = false;                   ///< takes the definition inside whose loop the Func goes
    bool callee = false;                     ///< takes a Function that is called there
    bool fixes_ranges = false;    ///< the definition's loops are not those of the algorithm any more:
                                  ///< where a part of the Func is needed, that cannot be told
    bool makes_functions = false; ///< after it no Func moves, or is stored or inlined
    bool kernels = false;         ///< of the whole Func: a kernel that is called has it, too
    bool moves = false;           ///< the Func goes elsewhere: to the consumer's loop, or to root
};

/// All of them, by name.
std::span<const Primitive* const> all_primitives();
/// Null if there is none of this name.
const Primitive* find_primitive(std::string_view name);
/// One row a primitive, in Markdown.
std::string primitives_table();

} // namespace lathe::schedule
