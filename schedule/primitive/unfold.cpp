#include "unfold.h"

#include "../src/outlined.h"
#include "../src/parts.h"
#include "../src/processes.h"
#include "../src/window.h"

#include "lathe/ir/analysis.h"
#include "lathe/ir/loop_kind.h"
#include "lathe/ir/planted.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

class Unfolding {
  public:
    Unfolding(Edit& edit, const Path& p)
        : e(edit), path(p), loop(*p.back().as<For>()), facts(e.facts_in_loop(p)) {}

    void run() {
        for (const auto& [what, x] : {std::pair("begin", loop.min), std::pair("extent", loop.extent)})
            if (!as_int(simplify(x)))
                e.refuse("the {} of {} is {}: a process for each iteration needs a number. bind the sizes",
                         what, loop.var.name(), print(x));
        if (const auto c = e.conflict(loop.var, LoopKind::parallel(), 0)) e.refuse_text(c->describe());
        check_piece(e, loop.body, loop.var.name());
        find_views();
        Path inside = path;
        inside.push_back(loop.body);
        check_outlined_tensors(e, e.function(), inside);
        const Outlined made(tensors_in_scope(e.function(), inside), loop.body, function_name(e, name()));
        Function f = made.with_body(
            Stage::make(e.step().func, e.step().definition, in_part(loop.body, views), loop.loc));
        const Stmt plain = made.call(loop.loc);
        const auto& whole = *plain.as<CallStmt>();
        const Stmt call = CallStmt::make(f.name, given(whole, f), whole.values, {}, loop.loc);
        const Stmt spawn = Spawn::make({loop.var}, {{loop.min, loop.extent}}, call, loop.loc);
        e.set_body(rebuild(path, Dataflow::make(spawn, e.step().loc)));
        e.add_function(f);
        e.trust(f);
        check_dataflow(e, f.name);
    }

  private:
    Edit& e;
    const Path& path;
    const For& loop;
    const Facts facts;
    std::map<Symbol, TensorView> views; ///< of tensors that it writes

    Symbol name() const { return Symbol(fmt::format("{}_{}", e.step().func.name(), loop.var.name())); }

    /// The part of each tensor that an iteration touches, which no other one does.
    void find_views() {
        const Stmt opened = e.seen(loop.body);
        const auto read = regions_read(opened, facts), written = regions_written(opened, facts);
        const auto around = tensors_in_scope(e.function(), path);
        for (const Symbol& t : tensors_written(loop.body)) {
            const auto declared = around.find(t);
            if (declared == around.end()) continue; // its own
            if (given_away(t))
                e.refuse("{} is given to a Function in {}: inline_call that first", t.name(),
                         loop.var.name());
            Region box = written.at(t);
            if (const auto r = read.find(t); r != read.end()) box = box_union(box, r->second, facts);
            views[t] = part(*declared->second, box);
        }
    }

    bool given_away(const Symbol& t) const {
        const auto takes = [&](const ExternCall* x) {
            return std::ranges::find(x->arguments, t, &ExternArgument::tensor) != x->arguments.end();
        };
        return passes_on(loop.body, t) || std::ranges::any_of(extern_calls(loop.body), takes);
    }

    TensorView part(const Tensor& t, const Region& box) const {
        TensorView v{t.symbol, {}, Direction::inout, false};
        bool moves = false;
        std::optional<size_t>
            uneven; ///< a dimension in which the part moves, and grows, shrinks or has no size
        const std::set<Symbol> inner = bound_inside(loop.body);
        for (size_t d = 0; d < t.dims.size(); ++d) {
            const Interval& i = box[d];
            const bool known = i.min.defined() && i.max.defined() && !mentions(i, inner);
            const bool here = known && (uses(i.min, loop.var) || uses(i.max, loop.var));
            auto size =
                here ? as_int(simplify(isub(iadd(i.max, index(1)), i.min), facts)) : std::optional<int64_t>();
            if (size && *size > 1 && planted.has(Fault::row_part_short)) --*size;
            if (!size || *size < 1) {
                if (here && !size && uses(i.min, loop.var) && uses(i.max, loop.var)) uneven = d;
                v.dims.push_back({t.dims[d].min, t.dims[d].extent, 1, true});
                continue;
            }
            moves = true;
            const Dim& all = t.dims[d];
            const bool fits =
                prove(at_most(all.min, i.min), facts) && prove(less(i.max, iadd(all.min, all.extent)), facts);
            if (!fits && !planted.has(Fault::row_part_unfit))
                e.refuse(
                    "the part of {0} that an iteration of {1} has goes from {2} to {3} in dimension {4}, and "
                    "{0} may end before that: an iteration that does nothing there is a process, too. Let "
                    "the iterations fit, as a split whose factor divides them",
                    t.symbol.name(), loop.var.name(), print(simplify(i.min, facts)),
                    print(simplify(i.max, facts)), d);
            v.dims.push_back({simplify(i.min, facts), index(*size), 1, *size > 1});
        }
        if (!moves && uneven)
            e.refuse(
                "the part of {} that an iteration of {} has goes from {} to {} in dimension {}: processes of "
                "a row are alike, and have parts of one constant size. Let each iteration have as many "
                "elements, or a row of a further dimension",
                t.symbol.name(), loop.var.name(), print(simplify(box[*uneven].min, facts)),
                print(simplify(box[*uneven].max, facts)), *uneven);
        if (!moves)
            e.refuse(
                "{} is written in each iteration of {}, and none has a part of its own: give it a dimension "
                "that goes with {}",
                t.symbol.name(), loop.var.name(), loop.var.name());
        return v;
    }

    static bool mentions(const Interval& i, const std::set<Symbol>& inner) {
        for (const Expr& x : {i.min, i.max}) {
            if (!tensors_read(x).empty()) return true;
            for (const Symbol& v : free_variables(x))
                if (inner.contains(v)) return true;
        }
        return false;
    }

    /// What the call passes, and the Function's arguments to match.
    std::vector<TensorView> given(const CallStmt& whole, Function& f) const {
        std::vector<TensorView> all = whole.tensors;
        for (size_t n = 0; n < all.size(); ++n) {
            const auto view = views.find(all[n].tensor);
            if (view == views.end()) continue;
            all[n] = view->second;
            std::vector<Dim> dims;
            for (size_t d = 0; d < view->second.dims.size(); ++d)
                if (view->second.dims[d].kept)
                    dims.push_back({index(0), as_int(view->second.dims[d].extent)
                                                  ? view->second.dims[d].extent
                                                  : f.arguments[n].tensor.dims[d].extent});
            f.arguments[n].tensor.dims = std::move(dims);
        }
        return all;
    }
};

void run(Edit& e) {
    const Path path = e.path(e.loop(0));
    Unfolding(e, path).run();
}

} // namespace

constinit const Primitive primitives::unfold{
    .name = "unfold",
    .text = "each iteration becomes a process, and all run at the same time",
    .run = run,
    .acts_on = ActsOn::loops,
    .named = Named::consumed,
    .of_place = true,
    .loops = {1, 1},
    .makes_functions = true,
};

} // namespace lathe::schedule
