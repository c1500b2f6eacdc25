#include "kernel_lines.h"

#include <algorithm>
#include <map>
#include <optional>

namespace lathe::schedule::stencil {

namespace {

/// A place at which a tensor is stored or loaded.
struct Use {
    Symbol tensor;
    std::vector<Expr> at;
    std::vector<const For*> loops; ///< around it, outermost first
    bool stored;
};

class Uses {
  public:
    explicit Uses(const Stmt& s) { collect(s); }
    const std::vector<Use>& all() const { return found; }
    /// The loop stands around the place where the array is made.
    bool around(const For* loop, const Symbol& array) const {
        return std::ranges::find(made.at(array), loop) != made.at(array).end();
    }

  private:
    std::vector<Use> found;
    std::map<Symbol, std::vector<const For*>> made; ///< the loops around each array
    std::vector<const For*> loops;

    void collect(const Stmt& s) {
        if (!s.defined()) return;
        for (const Write& w : writes_of(s))
            if (w.target) found.push_back({w.target->tensor, w.target->indices, loops, true});
        for (const Expr& e : expressions(s))
            for_each_expr(e, [&](const Expr& x) {
                if (const auto* l = x.as<Load>()) found.push_back({l->tensor, l->indices, loops, false});
            });
        if (const auto* a = s.as<Allocate>())
            for (const Tensor& t : a->tensors)
                made[t.symbol] = loops;
        const auto* f = s.as<For>();
        if (f) loops.push_back(f);
        for (const Stmt& b : bodies(s))
            collect(b);
        if (f) loops.pop_back();
    }
};

/// The loops around all uses of a tensor.
std::vector<const For*> common_loops(const std::vector<Use>& uses, const Symbol& tensor) {
    std::optional<std::vector<const For*>> common;
    for (const Use& u : uses) {
        if (u.tensor != tensor) continue;
        if (!common) common = u.loops;
        const auto [end, unused] = std::ranges::mismatch(*common, u.loops);
        common->erase(end, common->end());
    }
    return common.value_or(std::vector<const For*>{});
}

/// With the loops' variables as further subscripts.
class WholeLines : public Mutator {
  public:
    struct Line {
        Tensor whole;
        std::vector<const For*> loops; ///< by dimension; null: one of the array's own
        std::vector<Expr> at(const std::vector<Expr>& own) const {
            std::vector<Expr> all;
            auto next = own.begin();
            for (const For* f : loops)
                all.push_back(f ? var(f->var) : *next++);
            return all;
        }
    };
    std::map<Symbol, Line> lines;

  protected:
    using Mutator::visit;
    Expr visit(const Load& l, const Expr& e) override {
        const auto found = lines.find(l.tensor);
        if (found == lines.end()) return rebuilt(e);
        return Load::make(found->second.whole.symbol, l.type.element(), found->second.at((*this)(l.indices)),
                          l.loc, l.predicate.defined() ? (*this)(l.predicate) : Expr());
    }
    Stmt visit(const Store& s, const Stmt& self) override {
        const Stmt now = Mutator::visit(s, self);
        std::vector<StoreTarget> targets = now.as<Store>()->targets;
        for (StoreTarget& t : targets)
            t = whole(t);
        return Store::make(std::move(targets), s.loc, now.as<Store>()->predicate);
    }
    Stmt visit(const Reduce& r, const Stmt& self) override {
        const Stmt now = Mutator::visit(r, self);
        return Reduce::make(r.op, whole(now.as<Reduce>()->target), r.loc, now.as<Reduce>()->predicate,
                            r.contract);
    }
    Stmt visit(const Allocate& a, const Stmt&) override {
        std::vector<Tensor> tensors = a.tensors;
        for (Tensor& t : tensors)
            if (const auto found = lines.find(t.symbol); found != lines.end()) t = found->second.whole;
        return Allocate::make(std::move(tensors), (*this)(a.body));
    }

  private:
    StoreTarget whole(const StoreTarget& t) const {
        const auto found = lines.find(t.tensor);
        if (found == lines.end()) return t;
        return {found->second.whole.symbol, t.type, found->second.at(t.indices), t.value};
    }
};

class Finder {
  public:
    Finder(const Function& f, const Stmt& b) : function(f), uses(b) {}

    /// None: it is not such an array. \param known those that are
    std::optional<WholeLines::Line> line(const Tensor& t,
                                         const std::map<Symbol, WholeLines::Line>& known) const {
        const auto rank = flow_rank();
        if (!rank || t.data || t.dims.empty() || t.dims.size() >= *rank || !asked_along(t, known)) return {};
        WholeLines::Line l{t, std::vector<const For*>(*rank, nullptr)};
        size_t missing = *rank - t.dims.size();
        for (const For* f : common_loops(uses.all(), t.symbol)) {
            const auto d = dimension(f->var);
            if (!d) {
                // Its next round finds what this one has left, in places that belong to others.
                if (!uses.around(f, t.symbol)) return {};
                continue;
            }
            if (missing == 0 || l.loops[*d]) return {};
            l.loops[*d] = f;
            --missing;
        }
        if (missing > 0) return {};
        l.whole.symbol = Symbol(t.symbol.name());
        l.whole.dims.clear();
        auto own = t.dims.begin();
        for (const For* f : l.loops)
            l.whole.dims.push_back(f ? Dim{f->min, f->extent} : *own++);
        return l;
    }

  private:
    const Function& function;
    Uses uses;

    bool is_output(const Symbol& t) const {
        return std::ranges::any_of(function.arguments, [&](const Argument& a) {
            return a.tensor.symbol == t && a.direction != Direction::in;
        });
    }

    /// Of all outputs.
    std::optional<size_t> flow_rank() const {
        std::optional<size_t> rank;
        for (const Argument& a : function.arguments) {
            if (a.direction == Direction::in) continue;
            if (rank && *rank != a.tensor.dims.size()) return {};
            rank = a.tensor.dims.size();
        }
        return rank;
    }

    /// Which subscript of all that outputs store the loop is.
    std::optional<size_t> dimension(const Symbol& loop) const {
        std::optional<size_t> found;
        for (const Use& u : uses.all()) {
            if (!u.stored || !is_output(u.tensor)) continue;
            for (size_t d = 0; d < u.at.size(); ++d) {
                if (!ir::uses(u.at[d], loop)) continue;
                if (found && *found != d) return {};
                found = d;
            }
        }
        return found;
    }

    /// Someone loads it at a place of a loop over what flows: over outputs, or such an array.
    bool asked_along(const Tensor& t, const std::map<Symbol, WholeLines::Line>& known) const {
        return std::ranges::any_of(uses.all(), [&](const Use& u) {
            return u.tensor == t.symbol && !u.stored && std::ranges::any_of(u.loops, [&](const For* f) {
                       return (dimension(f->var) || fills(f->var, known)) &&
                              std::ranges::any_of(u.at, [&](const Expr& e) { return ir::uses(e, f->var); });
                   });
        });
    }

    /// The loop runs over places at which one of the arrays is stored.
    bool fills(const Symbol& loop, const std::map<Symbol, WholeLines::Line>& known) const {
        return std::ranges::any_of(uses.all(), [&](const Use& u) {
            return u.stored && known.contains(u.tensor) &&
                   std::ranges::any_of(u.at, [&](const Expr& e) { return ir::uses(e, loop); });
        });
    }
};

} // namespace

KernelLines with_whole_lines(const Function& f, const Stmt& body) {
    const Finder finder(f, body);
    WholeLines whole;
    KernelLines result;
    // A line that other lines alone read is found behind them.
    for (size_t before = 0, round = 0; round == 0 || whole.lines.size() > before; ++round) {
        before = whole.lines.size();
        for_each_stmt(body, [&](const Stmt& s) {
            const auto* a = s.as<Allocate>();
            for (const Tensor& t : a ? a->tensors : std::vector<Tensor>{})
                if (const auto line = finder.line(t, whole.lines);
                    line && whole.lines.emplace(t.symbol, *line).second)
                    result.lines.push_back(t);
        });
    }
    result.body = whole.lines.empty() ? body : whole(body);
    return result;
}

} // namespace lathe::schedule::stencil
