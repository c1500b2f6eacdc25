#pragma once
/// \file One step under way: what a primitive's code works with.

#include "rewrite.h"
#include "state.h"

namespace lathe::schedule {

using namespace ir;

class Edit {
  public:
    Edit(State& s, Step& t);

    const Step& step() const { return call; }
    const State& state() const { return work; }
    /// The Function whose stage the step is about.
    Function& top() { return work.module.functions[where]; }
    const Function& function() const { return work.module.functions[where]; }
    const Stmt& body() const { return function().body; }
    void set_body(Stmt s) { top().body = std::move(s); }
    Module& module() { return work.module; }
    /// The step's tensor as its Function knows it: one of its own, or what every call that passes it passes
    /// it as. \throws Error when a stream took its place.
    Symbol tensor() const;
    /// A stream took its place.
    void streamed(const Symbol& tensor) { work.streamed[tensor] = work.steps.size(); }
    /// Refuses a tensor that is a stream since some step.
    void refuse_streamed(const Symbol& tensor) const;
    /// A name that no Function has: `wish` and a number.
    std::string fresh_name(const std::string& wish) const;
    /// Puts it behind the step's Function, which calls it.
    void add_function(Function f);
    /// Puts it at that place in the Module, behind those that call it.
    void insert_function(size_t at, Function f);
    /// The step's Function, too, calls that one, which stands behind all that call it. \pre it calls none
    void call_too(const std::string& function);
    /// It is legal as it stands, though nobody asked.
    void trust(const Function& f);
    /// Nobody calls it any more.
    void gone(const Function& f);
    void define(Definition d);
    /// More loops that the step's definition has.
    void add_loops(const std::vector<std::pair<Symbol, Symbol>>& loops);
    /// Where the stage runs from now on.
    void runs_on(const Symbol& stage, Side side);
    /// It runs where the Function runs.
    void own_copy(const Symbol& stage, OwnCopy copy);

    /// A statement as questions about dependences see it: with what its calls do.
    Stmt seen(const Stmt& s) const { return work.seen(s, work.module); }

    /// The one loop that the step's loop number `n` stands for. \throws Error when it is gone, has copies, or
    /// is not the stage's.
    Symbol loop(size_t n) const { return resolve(call.loops[n], call.func, call.definition); }
    Symbol resolve(const Symbol& named, const Symbol& func, int definition) const;
    /// What it was called at first, though it may be no loop any more.
    Symbol first_name(size_t n) const;
    /// All copies of it.
    std::vector<Symbol> loops(size_t n) const;
    std::vector<Symbol> copies(const Symbol& named, const Symbol& func, int definition) const;
    /// The tensor of `func` and the copies that separate made of it.
    std::vector<Symbol> images(const Symbol& symbol) const;

    /// Result number `n`, named `name`: made when the step first runs.
    Symbol result(size_t n, const std::string& name);
    /// A copy of the statement with loops, lets and tensors of its own, which belong to this step.
    Stmt copy(const Stmt& s);
    /// From now on the loops and tensors of which copies were made stand for all their copies.
    void forward_to_copies();
    /// \param parts the loops that run over the iterations of `from` now, where those are not `to`.
    void forward(const Symbol& from, std::vector<Symbol> to, std::vector<Symbol> parts = {});
    /// What the descriptor says of the loops that the step names. \param named those, one list an operand.
    void forward_named(const std::vector<std::vector<Symbol>>& named);
    /// The step that made the fate, as "split(i, 4) at gemm.cpp:41".
    std::string cause(const Fate& fate) const;

    /// Counts a dependence query.
    void asks() { ++work.queries; }
    /// The dependence that keeps so many iterations of the loop at a time (0: all) from running as the kind
    /// says.
    std::optional<Conflict> conflict(const Symbol& loop, const LoopKind& kind, int64_t lanes);
    /// Tensors may be in stack or register memory from now on.
    void frames() { work.framed = true; }
    /// The loop's kind was asked for: the step's last check need not ask again.
    void proved(const Symbol& loop) { legal.insert(loop); }
    const std::set<Symbol>& proved() const { return legal; }

    /// The statement of the loop and those around it.
    Path path(const Symbol& loop) const { return path_to_loop(body(), loop, call.func); }
    Facts facts(const Path& p) const { return facts_at(p, function()); }
    Facts facts_in_loop(const Path& p) const { return facts_inside(p, function()); }

    /// The tensor that `e` loads and that is not in scope at the end of the path, or not proved to be read in
    /// bounds by what `known` says; none: `e` may be evaluated there though it was not before.
    std::optional<Symbol> unsafe_load(const Expr& e, const Path& p, const Facts& known) const;

    /// "split(i) at gemm.cpp:41 is illegal: " and the reason.
    template <class... Args>
    [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
        refuse_text(fmt::format(format, std::forward<Args>(args)...));
    }
    [[noreturn]] void refuse_text(const std::string& reason) const;
    /// What `f` throws of a user's error is the reason.
    template <class F> auto or_refuse(const F& f) const {
        try {
            return f();
        } catch (const InternalError&) {
            throw;
        } catch (const Error& why) {
            refuse_text(why.message());
        }
    }

  private:
    Symbol original(const Symbol& named, const Definition& d) const;
    bool loop_here(const Definition& d) const;
    std::set<Symbol> passed_as(const Symbol& tensor, const Function& f) const;

    State& work;
    Step& call;
    size_t where = 0; ///< into the Module's Functions
    size_t used = 0;
    /// Of the step's last run: an original has the same image again, though there may be more of them now.
    std::vector<std::vector<std::pair<Symbol, Symbol>>> previous;
    std::set<Symbol> legal;
};

} // namespace lathe::schedule
