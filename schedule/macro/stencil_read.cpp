#include "stencil_read.h"

#include "../src/roots.h"
#include "stencil_choices.h"
#include "stencil_kernel.h"
#include "stencil_point.h"
#include "stencil_shared.h"
#include "stencil_windows.h"

#include <algorithm>
#include <optional>

namespace lathe::schedule::stencil {

namespace {

std::string described(const Load& l) {
    std::string text = l.tensor.name();
    for (const Expr& e : l.indices)
        text += fmt::format("[{}]", print(e));
    return text;
}

class Reader {
  public:
    Reader(const Edit& e, bool meant)
        : edit(e), in_place(meant), function(e.function()), roots(function.body) {
        if (edit.state().is_kernel(edit.step().func)) {
            read_kernel();
            return;
        }
        for (const Stmt& s : roots.statements) {
            const auto* g = s.as<Stage>();
            if (g) stages[g->func].push_back(s);
            if (!has_processes(s)) continue;
            const std::set<Symbol> written = tensors_written(s);
            networks.insert(written.begin(), written.end());
        }
    }

    Stencil read() {
        if (kernel) {
            for (const Version& v : kernel->versions)
                if (v.last && argument(v.of)) collect(v.symbol);
            if (seen.empty()) edit.refuse("{} stores nothing", edit.step().func.name());
        } else {
            const Symbol out = edit.images(edit.step().func).front();
            if (!stages.contains(out)) missing(out);
            if (networks.contains(out)) edit.refuse("{} is a network already", out.name());
            collect(out);
        }
        order();
        split_rest();
        find_all_windows();
        return std::move(result);
    }

  private:
    const Edit& edit;
    bool in_place;
    const Function& function;
    Roots roots;
    std::map<Symbol, std::vector<Stmt>> stages;       ///< their definitions at root
    std::map<Symbol, std::vector<PointValue>> points; ///< of a Func
    std::set<Symbol> networks;                        ///< what networks at root write
    std::set<Symbol> inputs, seen;
    std::map<Symbol, size_t> places;     ///< into the flows
    std::map<Symbol, Symbol> stands_for; ///< what a stage's tensor holds at a time: for the tensor
    std::map<Symbol, Tensor> stored;     ///< the part of it that there is
    std::optional<KernelStages> kernel;
    std::optional<Choices> choices; ///< of the stage whose windows are found
    std::map<std::pair<size_t, std::vector<int64_t>>, Symbol> tokens; ///< the same
    Stencil result;

    /// Its tensors' versions are the stages.
    void read_kernel() {
        kernel = kernel_stages(edit);
        roots.arrays = kernel->arrays;
        roots.statements.clear();
        for (const Version& v : kernel->versions) {
            stages[v.symbol] = v.definitions;
            stands_for[v.symbol] = v.of;
            roots.statements.insert(roots.statements.end(), v.definitions.begin(), v.definitions.end());
        }
    }

    const Version* version(const Symbol& s) const {
        if (!kernel) return nullptr;
        const auto found = std::ranges::find(kernel->versions, s, &Version::symbol);
        return found == kernel->versions.end() ? nullptr : &*found;
    }

    /// It is a network of others: as long as it runs it has its tensors for itself.
    static bool has_processes(const Stmt& s) {
        const auto* g = s.as<Stage>();
        return s.as<Dataflow>() || (g && g->body.as<Dataflow>());
    }

    /// Says why the Func has no stage at root.
    [[noreturn]] void missing(const Symbol& func) const {
        if (kernel)
            edit.refuse(
                "{} comes through a stream of the processes around {}: call stencil before they are made",
                func.name(), edit.step().func.name());
        const bool somewhere = !find_path(function.body, [&](const Stmt& s) {
                                    const auto* g = s.as<Stage>();
                                    return g && g->func == func;
                                }).empty();
        if (somewhere)
            edit.refuse("{0} is computed inside of another stage: call compute_root({0}) before that",
                        func.name());
        edit.refuse("{} is no stage any more", func.name());
    }

    const Tensor* argument(const Symbol& s) const {
        for (const Argument& a : function.arguments)
            if (a.tensor.symbol == s) return &a.tensor;
        return nullptr;
    }
    const Tensor* table(const Symbol& s) const {
        for (const Tensor& t : function.constants)
            if (t.symbol == s) return &t;
        for (const Tensor& t : roots.arrays)
            if (t.symbol == s && t.data) return &t;
        return nullptr;
    }
    const Tensor& tensor(const Symbol& symbol) const {
        const auto known = stands_for.find(symbol);
        const Symbol& s = known == stands_for.end() ? symbol : known->second;
        if (const Tensor* a = argument(s)) return *a;
        for (const Tensor& t : roots.arrays)
            if (t.symbol == s) return t;
        throw InternalError("a stage's tensor is nowhere");
    }

    /// The stage and all that it reads.
    void collect(const Symbol& func) {
        if (!seen.insert(func).second) return;
        Tensor own = tensor(func);
        own.symbol = func;
        const Version* v = version(func);
        std::optional<Given> given;
        if (v && v->before) {
            collect(v->before);
            given = Given{v->before, points.at(v->before).back().box};
        }
        std::vector<PointValue> values =
            point_values(edit, own, stages.at(func), in_place, given ? &*given : nullptr);
        for (PointValue& p : values)
            p.value = without_dead_arms(p.value, p.point, p.box);
        points.emplace(func, values);
        for (const PointValue& p : values)
            stands_for[p.tensor] = v ? v->of : func;
        // Of all definitions, though a later one may make an earlier one's elements new: a CPU runs them.
        std::set<Symbol> read, own_tensors;
        for (const Stmt& d : stages.at(func)) {
            read.merge(read_from_outside(d));
            own_tensors.merge(stored_outside(d));
        }
        for (const Symbol& t : own_tensors)
            read.erase(t);
        for (const Symbol& t : read) {
            if (table(t)) continue;
            if (networks.contains(t)) { // another network's, which has ended
                inputs.insert(t);
                continue;
            }
            if (stages.contains(t)) {
                collect(t);
                continue;
            }
            const Tensor* a = argument(t);
            if (!a) missing(t);
            // A kernel's other arguments flow, and an algorithm's are stages.
            invariant(!written(t), "a network's input is written");
            inputs.insert(t);
        }
    }

    bool written(const Symbol& t) const {
        return std::ranges::any_of(function.arguments, [&](const Argument& a) {
            return a.tensor.symbol == t && a.direction != Direction::in;
        });
    }

    /// Nobody reads a Func before that.
    bool last_definition(const Stmt& s) const { return stages.at(s.as<Stage>()->func).back().same_as(s); }

    void order() {
        for (const Argument& a : function.arguments)
            if (inputs.contains(a.tensor.symbol)) add_input(a.tensor);
        for (const Tensor& t : roots.arrays)
            if (inputs.contains(t.symbol)) add_input(t);
        for (const Stmt& s : roots.statements) {
            const auto* g = s.as<Stage>();
            if (!g || !seen.contains(g->func) || !last_definition(s)) continue;
            const std::vector<PointValue>& values = points.at(g->func);
            const Version* v = version(g->func);
            for (const PointValue& p : values) {
                places[g->func] = places[p.tensor] = result.flows.size();
                Flow f;
                f.tensor = tensor(g->func);
                const bool last = &p == &values.back() && (!v || v->last);
                if (!last) f.tensor.symbol = p.tensor.renamed(p.tensor.name() + "_before");
                add_stored(g->func, p);
                f.box = p.box;
                f.point = p.point;
                f.value = p.value;
                f.stored = last; // perhaps: see split_rest
                result.flows.push_back(std::move(f));
            }
        }
    }

    void add_stored(const Symbol& stage, const PointValue& p) {
        Tensor t = tensor(stage);
        for (size_t d = 0; d < t.dims.size(); ++d)
            t.dims[d] = {index(p.box.first[d]), index(p.box.extent[d])};
        stored[stage] = stored[p.tensor] = t;
    }

    void add_input(const Tensor& t) {
        places[t.symbol] = result.flows.size();
        Flow f;
        f.tensor = t;
        for (Dim& d : f.tensor.dims) {
            d = {simplify(d.min), simplify(d.extent)};
            if (!as_int(d.min) || !as_int(d.extent))
                edit.refuse("the input {} has the extent {}, which is not constant. {}", t.symbol.name(),
                            print(d.extent), constant_sizes(edit));
        }
        result.flows.push_back(std::move(f));
    }

    /// Loads of elements become tokens, elements of tables at constant places numbers.
    class Tokens : public Mutator {
      public:
        Tokens(Reader& r, size_t n) : reader(r), stage(n) {}

      protected:
        using Mutator::visit;
        Expr visit(const Load& l, const Expr& e) override {
            if (const Tensor* t = reader.table(l.tensor)) return entry(*t, rebuilt(e));
            return reader.token(stage, l);
        }

      private:
        Reader& reader;
        size_t stage;

        static Expr entry(const Tensor& t, const Expr& e) {
            const auto& l = *e.as<Load>();
            int64_t at = 0;
            for (size_t d = 0; d < t.dims.size(); ++d) {
                const auto i = as_int(simplify(l.indices[d])), first = as_int(t.dims[d].min),
                           extent = as_int(t.dims[d].extent);
                if (!i || !first || !extent || *i < *first || *i >= *first + *extent) return e;
                at = at * *extent + *i - *first;
            }
            return Constant::make((*t.data)[static_cast<size_t>(at)], l.loc);
        }
    };

    /// From the last one back: a tensor that no point needs does not flow.
    void find_all_windows() {
        std::vector<Flow>& flows = result.flows;
        std::vector<bool> needed(flows.size());
        for (size_t n = flows.size(); n-- > 0;) {
            needed[n] = needed[n] || flows[n].stored;
            if (!needed[n] || !flows[n].is_stage()) continue;
            find_windows(n);
            for (const Window& w : flows[n].windows)
                needed[w.of] = true;
        }
        std::vector<size_t> place(flows.size());
        std::vector<Flow> kept;
        for (size_t n = 0; n < flows.size(); ++n) {
            if (!needed[n]) continue;
            place[n] = kept.size();
            kept.push_back(std::move(flows[n]));
            for (std::vector<Window>* all : {&kept.back().windows, &kept.back().own})
                for (Window& w : *all)
                    w.of = place[w.of];
        }
        flows = std::move(kept);
    }

    void find_windows(size_t n) {
        check_inside(result.flows[n]);
        choices.emplace(result.flows[n].point, result.flows[n].box);
        tokens.clear();
        const Expr value = Tokens(*this, n)(result.flows[n].value);
        std::set<Symbol> elements;
        for (const std::vector<Window>* all : {&result.flows[n].windows, &result.flows[n].own})
            for (const Window& w : *all)
                elements.insert(w.token);
        result.flows[n].value = with_shared_choices(value, elements);
        for (const Window& w : result.flows[n].windows)
            need(result.flows[n].box, w);
    }

    /// Every load happens inside of its tensor: what is there is what flows past.
    void check_inside(const Flow& f) const {
        const auto flowing = [&](const Symbol& s) {
            const auto part = stored.find(s);
            return part != stored.end() ? &part->second : table(s) ? nullptr : &tensor(s);
        };
        const Load* l = load_outside(f.value, f, flowing);
        if (!l) return;
        if (kernel && stored.contains(l->tensor))
            edit.refuse(
                "{} reads {} at {}, and not all of that was stored before: a network has what was stored "
                "in a box of elements, {}. Store what is read, too, or compute the inner part alone",
                f.tensor.symbol.name(), described(*l), l->loc.str(), box_text(stored.at(l->tensor)));
        edit.refuse(
            "{} reads {} at {}, and not all of that is in {}: the window leaves it. Compute the inner part "
            "alone, or say what lies beyond the edge: repeat_edge({}), constant_edge({}, 0), mirror({})",
            f.tensor.symbol.name(), described(*l), l->loc.str(), l->tensor.name(), l->tensor.name(),
            l->tensor.name(), l->tensor.name());
    }

    static std::string box_text(const Tensor& t) {
        std::vector<std::string> all;
        for (const Dim& d : t.dims)
            all.push_back(fmt::format("[{}, {})", print(d.min), print(simplify(iadd(d.min, d.extent)))));
        return fmt::format("{}", fmt::join(all, " × "));
    }

    /// The element that is loaded: at the edges of a tensor another one than inside.
    Expr token(size_t n, const Load& l) {
        const Flow& f = result.flows[n];
        if (l.indices.size() != f.point.size())
            edit.refuse("{} has {} dimensions, and {} reads {} at {}, which has {}: all that flows lies on "
                        "one grid. Make a table of constants of it, or give it the same dimensions",
                        f.tensor.symbol.name(), f.point.size(), f.tensor.symbol.name(), described(l),
                        l.loc.str(), l.indices.size());
        std::vector<std::vector<Run>> runs;
        for (size_t d = 0; d < f.point.size(); ++d)
            runs.push_back(distances(f, l, d));
        const auto element = [&](const std::vector<int64_t>& at) { return token_at(n, l, at); };
        return choices->choose(l.tensor, runs, element, l.loc);
    }

    std::vector<Run> distances(const Flow& f, const Load& l, size_t d) {
        std::set<Symbol> used = free_variables(l.indices[d]);
        used.erase(f.point[d]);
        if (!tensors_read(l.indices[d]).empty() || !used.empty()) refuse_subscript(f, l, d);
        const std::vector<Run>& runs = choices->runs(l.indices[d], d);
        const bool stride = runs.size() > 1 && as_linear(simplify(l.indices[d]));
        if (runs.empty() || stride) refuse_subscript(f, l, d);
        // How many points it holds for; in a tensor of a few positions the edges may be all of it.
        const auto size = [&](size_t n) {
            const int64_t first = n == 0 ? f.box.first[d] : runs[n - 1].end;
            return std::pair(runs[n].end - first, std::abs(runs[n].by));
        };
        size_t longest = 0;
        for (size_t n = 1; n < runs.size(); ++n)
            if (size(n) > size(longest)) longest = n;
        for (const Run& r : runs)
            if (std::abs(r.by) > std::abs(runs[longest].by)) refuse_subscript(f, l, d);
        return runs;
    }

    Expr token_at(size_t n, const Load& l, const std::vector<int64_t>& at) {
        const size_t of = places.at(l.tensor);
        Symbol& token = tokens[{of, at}];
        if (!token) {
            token = Symbol(l.tensor.name() + "_token");
            Flow& f = result.flows[n];
            (of == n ? f.own : f.windows).push_back({of, at, token});
        }
        return Variable::make(token, l.type, l.loc);
    }

    [[noreturn]] void refuse_subscript(const Flow& f, const Load& l, size_t d) const {
        const std::string& own = f.point[d].name();
        const std::string what =
            fmt::format("{} reads {} at {}", f.tensor.symbol.name(), described(l), l.loc.str());
        const Expr& e = l.indices[d];
        if (!tensors_read(e).empty())
            edit.refuse("{}: a gather. A stage reads elements at constant distances from {}", what, own);
        const Expr simple = simplify(e);
        const auto linear = as_linear(simple);
        const auto* part = simple.as<Binary>();
        if (part && part->op == BinaryOp::floordiv && as_int(part->b) && uses(part->a, f.point[d]))
            edit.refuse(
                "{}: subscript {} is {}: an element is read for {} points. A stage reads as many "
                "elements as it computes: store each one {} times before that, in a kernel of its own",
                what, d, print(simple), *as_int(part->b), *as_int(part->b));
        if (!linear)
            edit.refuse(
                "{}: subscript {} is not {} and a number, nor that at the edges of {}. Elements that come "
                "long before or after they are needed do not wait: compute the inner part alone, or give "
                "the input a border that holds them",
                what, d, own, l.tensor.name());
        const auto own_part = linear->coefficients.find(f.point[d]);
        if (own_part == linear->coefficients.end() || linear->coefficients.size() > 1 || own_part->second < 0)
            edit.refuse(
                "{}: subscript {} is not {} and a number. A network reads each tensor in the order in "
                "which it computes: bring it into that order before, in a kernel of its own",
                what, d, own);
        edit.refuse("{}: stride {} in subscript {}. A stage reads as many elements as it computes: keep one "
                    "of {} before "
                    "that, in a kernel of its own",
                    what, own_part->second.get_str(), d, own_part->second.get_str());
    }

    /// Of an input so much flows as is read: the window of all points, as far as it is there.
    void need(const Box& points, const Window& w) {
        Flow& of = result.flows[w.of];
        if (of.is_stage()) return;
        Box read = points;
        for (size_t d = 0; d < read.rank(); ++d) {
            const int64_t min = *as_int(of.tensor.dims[d].min), end = min + *as_int(of.tensor.dims[d].extent);
            const int64_t last = std::min(points.end(d) + w.at[d], end);
            read.first[d] = std::max(points.first[d] + w.at[d], min);
            read.extent[d] = last - read.first[d];
            if (read.extent[d] <= 0) return;
        }
        of.box = of.box.rank() == 0 ? read : of.box.hull(read);
    }

    bool in_network(const Stmt& s) const {
        const auto* g = s.as<Stage>();
        return g && seen.contains(g->func);
    }

    /// What stays beside the network, and which arrays.
    void split_rest() {
        if (kernel) {
            result.of_kernel = true;
            result.stages = {kernel->body};
            result.before = kernel->checks;
            for (const Tensor& t : kernel->arrays)
                if (!t.data) result.consumed.push_back(t);
            for (Flow& f : result.flows)
                f.stored = f.stored && argument(f.tensor.symbol);
            return;
        }
        std::set<Symbol> outside, late, read_late, inner;
        for (const Stmt& s : roots.statements)
            if (in_network(s)) inner.merge(tensors_written(s));
        late = inner;
        const auto meets = [](const std::set<Symbol>& a, const std::set<Symbol>& b) {
            return std::ranges::any_of(a, [&](const Symbol& t) { return b.contains(t); });
        };
        for (const Stmt& s : roots.statements) {
            if (in_network(s)) {
                result.stages.push_back(s);
                continue;
            }
            invariant(s.as<Stage>() || s.as<Assert>() || has_processes(s),
                      "an algorithm's root has stages, checks and networks");
            std::set<Symbol> read = tensors_read(s), written = tensors_written(s);
            const bool behind = meets(read, late) || meets(written, late) || meets(written, read_late);
            if (behind) {
                late.insert(written.begin(), written.end());
                read_late.insert(read.begin(), read.end());
            }
            outside.merge(read);
            (behind ? result.behind : result.before).push_back(s);
        }
        for (Flow& f : result.flows)
            f.stored = f.stored && (argument(f.tensor.symbol) || outside.contains(f.tensor.symbol));
        for (const Tensor& t : roots.arrays) {
            const auto found = places.find(t.symbol);
            const bool stored = found != places.end() && result.flows[found->second].stored;
            const bool gone = inner.contains(t.symbol) && !stored;
            (gone ? result.consumed : result.kept).push_back(t);
        }
    }
};

} // namespace

Box Box::hull(const Box& o) const {
    Box all = *this;
    for (size_t d = 0; d < rank(); ++d) {
        all.first[d] = std::min(first[d], o.first[d]);
        all.extent[d] = std::max(end(d), o.end(d)) - all.first[d];
    }
    return all;
}

std::string constant_sizes(const Edit& e) {
    if (&e.function() == &e.state().module.top()) return "Give the sizes their values by bind";
    return fmt::format("{} is called, and has the sizes of its arguments: give it constant ones, or call "
                       "stencil for what calls it, after bind",
                       e.function().name);
}

Stencil read_stencil(const Edit& e, bool in_place) {
    return Reader(e, in_place).read();
}

} // namespace lathe::schedule::stencil
