#pragma once
/// \file One step under way: what a primitive's code works with.

#include "rewrite.h"
#include "state.h"

namespace lathe {

class Edit {
  public:
    Edit(State& s, Step& t);

    const Step& step() const { return call; }
    const State& state() const { return work; }
    Function& top() { return work.module.top(); }
    const Stmt& body() const { return work.module.top().body; }
    void set_body(Stmt s) { work.module.top().body = std::move(s); }

    /// The one loop that the step's loop number `n` stands for. \throws Error when it is gone, has copies, or
    /// is not the stage's.
    Symbol loop(size_t n) const { return resolve(call.loops[n], call.func, call.definition); }
    Symbol resolve(const Symbol& named, const Symbol& func, int definition) const;
    /// All copies of it.
    std::vector<Symbol> loops(size_t n) const;
    /// The tensor of `func` and the copies that separate made of it.
    std::vector<Symbol> images(const Symbol& symbol) const;

    /// Result number `n`, named `name`: made when the step first runs.
    Symbol result(size_t n, const std::string& name);
    /// A new identity that belongs to this step, for a copy of `original`.
    Symbol copy_of(const Symbol& original);
    void forward(const Symbol& from, std::vector<Symbol> to);
    /// The step that made the fate, as "split(i, 4) at gemm.cpp:41".
    std::string cause(const Fate& fate) const;

    /// The statement of the loop and those around it.
    Path path(const Symbol& loop) const { return path_to_loop(body(), loop); }
    Facts facts(const Path& p) const { return facts_at(p, work.module.top()); }
    Facts facts_in_loop(const Path& p) const { return facts_inside(p, work.module.top()); }

    /// The tensor that `e` loads and that is not in scope at the end of the path, or not proved to be read in
    /// bounds by what `known` says; none: `e` may be evaluated there though it was not before.
    std::optional<Symbol> unsafe_load(const Expr& e, const Path& p, const Facts& known) const;

    /// "split(i) at gemm.cpp:41 is illegal: " and the reason.
    template <class... Args>
    [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
        refuse_text(fmt::format(format, std::forward<Args>(args)...));
    }
    [[noreturn]] void refuse_text(const std::string& reason) const;

  private:
    Symbol original(const Symbol& named, const Definition& d) const;

    State& work;
    Step& call;
    size_t used = 0;
};

/// A primitive's code, and what its steps must hold.
struct Primitive {
    void (*run)(Edit&) = nullptr;
    size_t min_loops = 0, max_loops = 0;
    size_t min_numbers = 0, max_numbers = 0;
    size_t words = 0;
    bool consumer = false;
    bool of_place = false; ///< its result is right only where the Func is computed when it is called
};
/// Null if there is none of this name.
const Primitive* find_primitive(const std::string& name);
/// \throws Error at `loc` unless the step's primitive exists and takes as many arguments as the step has.
void check_arity(const Step& step, Loc loc);

} // namespace lathe
