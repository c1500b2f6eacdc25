#include "reuse_fill.h"

#include "lathe/ir/analysis.h"
#include "lathe/ir/layout.h"
#include "lathe/ir/loop_facts.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

/// for c in …: for d in …: buffer[c, d] = element, as reuse_at makes it.
struct FillNest {
    std::vector<const For*> loops;
    const Store* store;
};

std::optional<FillNest> fill_nest(const Stmt& s) {
    FillNest nest{};
    Stmt at = s;
    for (; at.as<For>(); at = at.as<For>()->body) {
        if (!at.as<For>()->runs().ordered) return std::nullopt;
        nest.loops.push_back(at.as<For>());
    }
    nest.store = at.as<Store>();
    if (!nest.store || nest.store->targets.size() != 1 || nest.store->predicate.defined())
        return std::nullopt;
    return nest;
}

class Absorber {
  public:
    Absorber(const Path& p, FilledLoop l, const Facts& f) : path(p), now(std::move(l)), facts(f), inside(f) {
        enter_loop(inside, loop());
        now.at = simplify(now.at, inside);
    }

    /// Walks outwards from the loop as far as it may move; what stands at the place of the last loop that was
    /// absorbed is the result.
    Stmt run(size_t& depth) {
        depth = path.size() - 1;
        Stmt best = statement();
        for (size_t d = path.size() - 1; d-- > 0;) {
            const Stmt &parent = path[d], &child = path[d + 1];
            if (const auto* b = parent.as<Block>()) {
                std::vector<Stmt> before, after;
                split(*b, child, before, after);
                bool absorbed = false;
                while (!before.empty() && absorb(before.back())) {
                    before.pop_back();
                    absorbed = true;
                }
                if (absorbed) {
                    std::vector<Stmt> all = before;
                    all.push_back(statement());
                    all.insert(all.end(), after.begin(), after.end());
                    best = Block::make(std::move(all));
                    depth = d;
                }
                if (!before.empty() || !after.empty()) return best;
            } else if (!move_out_of(parent)) {
                return best;
            }
        }
        return best;
    }

  private:
    const Path& path;
    FilledLoop now;
    const Facts& facts;
    Facts inside; ///< of the loop

    const For& loop() const { return *now.loop.as<For>(); }
    Stmt statement() const { return Allocate::make(now.allocated, now.loop); }

    static void split(const Block& b, const Stmt& child, std::vector<Stmt>& before,
                      std::vector<Stmt>& after) {
        auto* part = &before;
        for (const Stmt& s : b.stmts)
            if (s.same_as(child))
                part = &after;
            else
                part->push_back(s);
    }

    void set_body(Stmt body) {
        const For& f = loop();
        now.loop = For::make(f.var, f.min, f.extent, f.loop, std::move(body), f.loc);
    }

    /// A condition, a name, or storage around the loop: it is asked in each iteration, or lives longer.
    bool move_out_of(const Stmt& parent) {
        const For& f = loop();
        const bool plain_bounds = tensors_read(f.min).empty() && tensors_read(f.extent).empty();
        if (const auto* i = parent.as<If>()) {
            if (!plain_bounds || i->else_body.defined() || !lasts(i->condition, f.body)) return false;
            set_body(If::make(i->condition, f.body, {}, i->loc));
            return true;
        }
        if (const auto* a = parent.as<Allocate>()) {
            // Storage that begins anew with the loop may live around it.
            std::vector<Tensor> all = a->tensors;
            all.insert(all.end(), now.allocated.begin(), now.allocated.end());
            now.allocated = std::move(all);
            return true;
        }
        return false;
    }

    /// Becomes the first thing that an iteration does.
    bool absorb(const Stmt& s) {
        const auto nest = fill_nest(s);
        if (!nest) return false;
        const StoreTarget& to = nest->store->targets[0];
        if (!is_folded(to.tensor)) return false;
        for (size_t n = 0; n < nest->loops.size(); ++n) {
            const For& c = *nest->loops[n];
            const auto dimension =
                std::ranges::find_if(to.indices, [&](const Expr& i) { return uses(i, c.var); });
            if (dimension == to.indices.end()) continue;
            const Expr begin = simplify(isub(*dimension, var(c.var))); // position begin + c is filled
            const auto needs = [&](const For* f) { return uses(f->min, c.var) || uses(f->extent, c.var); };
            if (uses(begin, c.var) || std::ranges::any_of(nest->loops, needs)) continue;
            if (!has_range(c, begin) ||
                !reads_only_here(to.tensor, static_cast<size_t>(dimension - to.indices.begin())))
                continue;
            Stmt fill = substitute(Stmt(Store::make({to}, nest->store->loc)),
                                   {{c.var, simplify(isub(now.at, begin), facts)}});
            for (size_t k = nest->loops.size(); k-- > 0;)
                if (k != n) {
                    const For& other = *nest->loops[k];
                    fill =
                        For::make(other.var, other.min, other.extent, other.loop, std::move(fill), other.loc);
                }
            if (const Expr here = filled_here(c, begin); here.defined())
                fill = If::make(simplify(here, facts), std::move(fill));
            set_body(Block::make({std::move(fill), loop().body}));
            return true;
        }
        return false;
    }

    /// A reuse buffer: nothing else is folded, and nothing but its fill stores there.
    bool is_folded(const Symbol& tensor) const {
        const auto holds = [&](const std::vector<Tensor>& all) {
            return std::ranges::any_of(all, [&](const Tensor& t) { return t.symbol == tensor && folded(t); });
        };
        return std::ranges::any_of(path,
                                   [&](const Stmt& s) {
                                       const auto* a = s.as<Allocate>();
                                       return a && holds(a->tensors);
                                   }) ||
               tensor == now.buffer;
    }

    /// The positions that the loop reads are those that are filled, and perhaps others on either side.
    bool has_range(const For& c, const Expr& begin) const {
        const For& f = loop();
        const Expr first = substitute(now.at, {{f.var, f.min}}), filled = iadd(begin, c.min);
        const auto linear = as_linear(now.at);
        const auto step = linear ? linear->coefficients.find(f.var) : decltype(linear->coefficients.end())();
        const bool counts = linear && step != linear->coefficients.end() && step->second == 1;
        return counts && prove(at_most(first, filled), facts) &&
               prove(at_most(iadd(filled, c.extent), iadd(first, f.extent)), facts);
    }

    /// That the loop is at a position that is filled, as far as it is not at such ones only.
    Expr filled_here(const For& c, const Expr& begin) const {
        const For& f = loop();
        const Expr first = substitute(now.at, {{f.var, f.min}}), filled = iadd(begin, c.min);
        Expr here;
        if (!prove(equals(first, filled), facts)) here = at_most(filled, now.at);
        if (!prove(equals(iadd(first, f.extent), iadd(filled, c.extent)), facts))
            here = both(here, less(now.at, iadd(filled, c.extent)));
        return here;
    }

    bool reads_only_here(const Symbol& tensor, size_t dimension) const {
        bool here = true, read = false;
        for (const Access& a : accesses(loop().body)) {
            if (!(a.tensor == tensor)) continue;
            read = true;
            here = here && !a.write && !a.whole && prove(equals(a.indices[dimension], now.at), inside);
        }
        return here && read;
    }
};

} // namespace

Stmt with_fills(const Path& path, FilledLoop loop, size_t& depth, const Facts& facts) {
    return Absorber(path, std::move(loop), facts).run(depth);
}

} // namespace lathe::schedule
