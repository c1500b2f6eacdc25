#pragma once
/// \file What a Schedule holds. Never changed in place: a call works on a copy, which replaces it when all
/// went well. What is large is shared between the two.

#include "lathe/ir/dependence.h"
#include "lathe/schedule/schedule.h"
#include "seen.h"

namespace lathe::schedule {

using namespace ir;

/// What became of a loop or tensor that is not in the Module any more.
struct Fate {
    std::vector<Symbol> images; ///< what its name means now. None: the step consumed it
    std::vector<Symbol> parts;  ///< the loops that run over its iterations now
    size_t step = 0;
};

/// A copy of a Function that one call has for itself: call `number` of `callee` in `caller`.
struct OwnCopy {
    Symbol caller;
    int64_t number = 0;
    Symbol callee; ///< these are stages
};

/// A Func is computed so many times, each time of its result.
struct Repeated {
    int64_t times = 1;
    Loc loc;
};

struct State {
    std::shared_ptr<const Algorithm> algorithm;
    std::vector<TypeStep> types;
    bool contraction = true;
    std::map<Symbol, int64_t> sizes;     ///< parameters that are constants
    std::map<Symbol, Repeated> repeated; ///< Funcs that are computed of their own results
    Steps steps;

    // Derived from the above:
    Module base; ///< the algorithm with its types: the reference
    std::shared_ptr<const std::vector<Definition>>
        definitions;                    ///< the algorithm's, and write-backs of accumulators
    Module module;                      ///< base with all steps applied, but for sides
    Module sided;                       ///< with them, if some stage runs on the device
    std::map<Symbol, size_t> on_device; ///< stages, with the steps that put them there
    std::map<Symbol, std::shared_ptr<const Fate>> fates;
    std::map<Symbol, OwnCopy> own_copies; ///< by their stages
    std::map<Symbol, size_t> gone;        ///< stages of Functions that nobody calls since that step
    std::map<Symbol, size_t> streamed;    ///< tensors that are streams since that step
    std::vector<std::string> warnings;
    bool framed = false;                         ///< some tensor is, or was, in stack or register memory
    std::map<std::string, LegalTags> legal_tags; ///< by Function
    Seen seen;                                   ///< calls, as questions about dependences see them
    size_t queries = 0; ///< about dependences, that the steps asked beside those on tags

    /// What quantize and bind ask for, checked. Derive follows: at once for all of a trace.
    void add_types(const std::vector<TensorRef>& tensors, Type type, const QuantizeOptions& options, Loc loc);
    void add_size(const Param& size, int64_t value, Loc loc);
    /// The Func is computed so many times from now on.
    void repeat(const Symbol& func, int64_t times, Loc loc);
    /// Derives the lower half from the upper one. \throws Error when a step cannot be repeated, naming it.
    void derive(const std::string& cause, Loc loc);
    /// \throws Error unless the step names a Func, definitions and as many operands as its primitive takes.
    void check_step(const Step& step, std::string_view found_in = "") const;
    /// Runs one step and records it.
    void apply(Step step);
    const Definition* definition(const Symbol& func, int index) const;
    /// Which of the first `count` steps made a loop, and which of its results it is.
    std::optional<std::pair<size_t, size_t>> made_by(const Symbol& loop, size_t count) const;
    /// The first definition of the Func that a tensor belongs to; null if it belongs to none.
    const Definition* owner(const Symbol& tensor) const;
    /// The Function whose program is this kernel, or the copy or piece of one; null: there is none, or not
    /// any more.
    const Function* function_of(const Symbol& stage) const;
    /// The stage that is the Function's program; none: it has several.
    static std::optional<Symbol> stage_of(const Function& f);
    /// The definitions that the user wrote, and those of Functions that steps made.
    int definition_count(const Symbol& func) const;
    /// The algorithm has the tensor, or a step made it.
    bool has_tensor(const Symbol& tensor) const;
    /// A kernel's program, which is no Func: it has no tensor of its own.
    bool is_kernel(const Symbol& func) const;

  private:
    void check_tags(const class Edit& edit);
    bool made_functions() const;
    bool networked() const;
};

} // namespace lathe::schedule
