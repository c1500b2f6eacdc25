#include "device_groups.h"

#include <algorithm>

namespace lathe::schedule {

const Stage* as_group(const Stmt& s) {
    const auto* g = s.as<Stage>();
    return g && g->definition == device_group ? g : nullptr;
}

bool has_group(const Stmt& s) {
    return s.defined() && (as_group(s) || std::ranges::any_of(bodies(s), has_group));
}

namespace {

class Grouping : public Mutator {
  public:
    explicit Grouping(const Edit& edit) : e(edit), module(edit.state().module) {}

    Stmt run() {
        const Stmt body = (*this)(module.top().body);
        for (const auto& [stage, step] : e.state().on_device)
            if (!found.contains(stage) && !has_copies(stage)) refuse_missing(stage);
        check_host_calls();
        return body;
    }

  protected:
    using Mutator::visit;

    Stmt visit(const Block& b, const Stmt& s) override {
        if (const auto outside = tensors_outside(b)) return (*this)(*outside);
        std::vector<Stmt> all, group;
        const auto flush = [&] {
            if (!group.empty()) all.push_back(as_group_of(std::exchange(group, {})));
        };
        for (const Stmt& each : b.stmts) {
            if (const auto stage = device_stage(each)) {
                check_place(*stage, each);
                group.push_back(each);
                continue;
            }
            flush();
            all.push_back((*this)(each));
        }
        flush();
        bool same = all.size() == b.stmts.size();
        for (size_t n = 0; same && n < all.size(); ++n)
            same = all[n].same_as(b.stmts[n]);
        return same ? s : Block::make(std::move(all));
    }
    Stmt visit(const Stage& g, const Stmt& s) override {
        if (const auto stage = device_stage(s)) return alone(*stage, s);
        const Stage* outer = std::exchange(around, &g);
        const Stmt now = Mutator::visit(g, s);
        around = outer;
        return now;
    }
    Stmt visit(const CallStmt&, const Stmt& s) override {
        const auto stage = device_stage(s);
        return stage ? alone(*stage, s) : s;
    }
    Stmt visit(const For& f, const Stmt& s) override {
        const Stmt now = Mutator::visit(f, s);
        const LoopProperties& p = f.runs();
        if (!now.same_as(s) && (p.concurrent || p.lockstep))
            e.refuse("loop {} is {}, and in it kernels would be started at the same time: make it serial",
                     f.var.name(), f.loop.name());
        return now;
    }
    Stmt visit(const Dataflow& d, const Stmt& s) override {
        const bool outer = std::exchange(network, true);
        const Stmt now = Mutator::visit(d, s);
        network = outer;
        return now;
    }

  private:
    const Edit& e;
    const Module& module;
    const Stage* around = nullptr; ///< the host's stage that the statement is a part of
    bool network = false;
    std::set<Symbol> found;

    std::string put_there(const Symbol& stage) const {
        return e.cause(Fate{{}, {}, e.state().on_device.at(stage)});
    }

    /// The stage of the schedule that the statement is, if it runs on the device.
    std::optional<Symbol> device_stage(const Stmt& s) const {
        if (const auto* g = s.as<Stage>(); g && e.state().on_device.contains(g->func)) return g->func;
        const auto* c = s.as<CallStmt>();
        return c ? device_callee(*c) : std::nullopt;
    }
    std::optional<Symbol> device_callee(const CallStmt& c) const {
        const std::optional<Symbol> stage = State::stage_of(module.function(c.callee));
        return stage && e.state().on_device.contains(*stage) ? stage : std::nullopt;
    }
    /// All its calls have copies for themselves.
    bool has_copies(const Symbol& stage) const {
        return std::ranges::any_of(e.state().own_copies,
                                   [&](const auto& own) { return own.second.callee == stage; });
    }

    Stmt alone(const Symbol& stage, const Stmt& s) {
        check_place(stage, s);
        return as_group_of({s});
    }

    /// Tensors that live in a part of a block live in all of it, where they would part stages of the device.
    std::optional<Stmt> tensors_outside(const Block& b) const {
        const auto is_device = [&](const Stmt& s) { return device_stage(s).has_value(); };
        if (std::ranges::none_of(b.stmts, is_device)) return std::nullopt;
        for (size_t n = 0; n < b.stmts.size(); ++n) {
            const auto* a = b.stmts[n].as<Allocate>();
            if (b.stmts[n].as<Assert>()) return std::nullopt; // sizes are checked there
            if (!a || !std::ranges::all_of(expressions(b.stmts[n]),
                                           [](const Expr& x) { return tensors_read(x).empty(); }))
                continue;
            std::vector<Stmt> all = b.stmts;
            all[n] = a->body;
            return a->around(Block::make(std::move(all)));
        }
        return std::nullopt;
    }

    Stmt as_group_of(std::vector<Stmt> stmts) {
        for (const Stmt& s : stmts)
            check_contents(s);
        const Symbol name(device_stage(stmts.front())->name());
        const Loc loc = stmts.front().loc();
        return Stage::make(name, device_group, Block::make(std::move(stmts)), loc);
    }

    void check_place(const Symbol& stage, const Stmt& s) {
        found.insert(stage);
        if (network)
            e.refuse("{} is a process of a dataflow, whose streams stay on one side: put the kernel that "
                     "holds the dataflow on the device",
                     stage.name());
        if (s.as<Stage>() && around && !e.state().is_kernel(around->func))
            e.refuse("{} is computed in the loops of {}, and runs where those run: put {} on the device, or "
                     "call compute_root({})",
                     stage.name(), around->func.name(), around->func.name(), stage.name());
    }

    /// What a kernel cannot hold.
    void check_contents(const Stmt& s) {
        for_each_stmt(s, [&](const Stmt& x) {
            if (const auto* g = x.as<Stage>(); g && e.state().on_device.contains(g->func))
                found.insert(g->func);
            if (const auto* c = x.as<ExternCall>(); c && c->callee->vitis.empty())
                e.refuse("the extern function {}, which is called at {}, has no Vitis code: give it by "
                         "ExternOptions::vitis",
                         c->callee->name, c->loc.str());
            if (const auto* a = x.as<Allocate>())
                for (const Tensor& t : a->tensors)
                    check_size(t);
            if (const auto* c = x.as<CallStmt>()) {
                if (const auto stage = device_callee(*c)) found.insert(*stage);
                check_contents(module.function(c->callee).body);
            }
        });
    }

    void check_size(const Tensor& t) const {
        for (size_t d = 0; d < t.dims.size(); ++d)
            if (!const_upper_bound(t.dims[d].extent, {}) && !free_variables(t.dims[d].extent).empty())
                for (const Symbol& v : free_variables(t.dims[d].extent))
                    if (std::ranges::find(module.top().params, v, &Param::symbol) !=
                        module.top().params.end())
                        e.refuse("dimension {} of {} has the extent {}, and an array in a kernel has a "
                                 "constant size: call bind({}, …) before that",
                                 d, t.symbol.name(), print(t.dims[d].extent), v.name());
    }

    /// Functions that run on the host start no kernels, but for the top one.
    void check_host_calls() const {
        std::set<std::string> seen;
        std::function<void(const Stmt&, const std::string&)> walk = [&](const Stmt& s,
                                                                        const std::string& in) {
            for_each_stmt(s, [&](const Stmt& x) {
                const auto* c = x.as<CallStmt>();
                if (!c) return;
                if (const auto stage = device_callee(*c)) {
                    if (in != module.top().name)
                        e.refuse("{} is called by {}, which runs on the host and is called itself: put {} on "
                                 "the device, or call inline_call({})",
                                 stage->name(), in, in, in);
                    return;
                }
                if (seen.insert(c->callee).second) walk(module.function(c->callee).body, c->callee);
            });
        };
        walk(module.top().body, module.top().name);
    }

    [[noreturn]] void refuse_missing(const Symbol& stage) const {
        e.refuse("{} runs on the device since {}, and is no stage of its own any more: call "
                 "to({}, Side::host) before that",
                 stage.name(), put_there(stage), stage.name());
    }
};

} // namespace

Stmt grouped_stages(const Edit& e) {
    return Grouping(e).run();
}

} // namespace lathe::schedule
