#include "separate.h"

#include "lathe/ir/loop_facts.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

/// Collects the conditions under which a tile is full, and what then becomes simpler.
class Fullness {
  public:
    /// \param p to the loop in whose body the condition will be asked first.
    Fullness(const Edit& edit, const std::vector<Symbol>& t, const Path& p, const Facts& f)
        : e(edit), tiles(t), path(p), facts(f) {
        const Stmt& body = p.back().as<For>()->body;
        written = tensors_written(body);
        for_each(
            body,
            [&](const Stmt& s) {
                if (const For* loop = s.as<For>()) bound_inside.insert(loop->var);
                if (const LetStmt* l = s.as<LetStmt>()) bound_inside.insert(l->symbol);
            },
            [&](const Expr& x) {
                if (const Let* l = x.as<Let>()) bound_inside.insert(l->symbol);
            });
    }

    std::vector<Expr> conditions;
    std::set<const StmtNode*> implied;      ///< conditions that always hold in a full tile
    std::map<const ExprNode*, Expr> chosen; ///< min and max that are one of their arms
    std::string left_out;                   ///< why one more condition cannot be asked there

    void visit(const Stmt& s) {
        if (!s.defined()) return;
        if (const For* f = s.as<For>()) {
            bound(f->min);
            bound(f->extent);
            around.push_back(f);
            visit(f->body);
            around.pop_back();
            return;
        }
        if (const Allocate* a = s.as<Allocate>())
            for (const Tensor& t : a->tensors)
                for (const Dim& d : t.dims) {
                    bound(d.min);
                    bound(d.extent);
                }
        if (const If* i = s.as<If>(); i && !i->else_body.defined() && about_tiles(i->condition)) guard(*i);
        for (const Stmt& c : bodies(s))
            visit(c);
    }

  private:
    bool about_tiles(const Expr& e) const {
        return std::any_of(tiles.begin(), tiles.end(), [&](const Symbol& t) { return depends(e, t); });
    }
    /// `e` uses the tile's loop, or a loop inside whose bounds do.
    bool depends(const Expr& e, const Symbol& tile) const {
        if (uses(e, tile)) return true;
        for (const For* f : around)
            if (uses(e, f->var) && (depends(f->min, tile) || depends(f->extent, tile))) return true;
        return false;
    }

    /// a < b in every iteration of the loops inside, when the greatest a is less than the least b.
    void guard(const If& i) {
        const Binary* c = i.condition.as<Binary>();
        if (!c || !is_compare(c->op) || !c->a.type().is_index()) return;
        Expr low, high;
        if (c->op == BinaryOp::lt || c->op == BinaryOp::le)
            low = isub(c->b, c->a);
        else if (c->op == BinaryOp::gt || c->op == BinaryOp::ge)
            low = isub(c->a, c->b);
        else
            return;
        if (c->op == BinaryOp::lt || c->op == BinaryOp::gt) low = isub(low, index(1));
        Expr least = smallest(low);
        if (least.defined() && require(least)) implied.insert(&i);
    }

    /// The least value of `e` over the loops inside, as an expression of what is outside.
    Expr smallest(Expr e) const {
        for (size_t n = around.size(); n-- > 0 && e.defined();) {
            const For& f = *around[n];
            if (!uses(e, f.var)) continue;
            e = bounds_of(e, {{f.var, interval_of(resolved(f.min), resolved(f.extent))}}).min;
        }
        return e;
    }

    Expr resolved(const Expr& e) const;

    /// Makes the condition least ≥ 0 part of fullness; false where it cannot be asked before the body.
    bool require(const Expr& least) {
        Expr condition = at_most(index(0), simplify(least, facts));
        if (prove(condition, facts)) return true;
        for (const Expr& c : conditions)
            if (equal(c, condition)) return true;
        if (std::string reason = unmovable(condition); !reason.empty()) {
            left_out = reason;
            return false;
        }
        conditions.push_back(condition);
        return true;
    }

    std::string unmovable(const Expr& condition) const {
        for (const Symbol& v : free_variables(condition))
            if (bound_inside.contains(v)) return v.name() + " has no value";
        for (const Symbol& t : tensors_read(condition))
            if (written.contains(t)) return t.name() + " is written after that";
        if (const auto t = e.unsafe_load(condition, path, facts))
            return t->name() + " is not proved to be read in bounds";
        return {};
    }

    /// In min(constant, rest) the constant is the full tile's, in max(constant, rest) it is the rest.
    void bound(const Expr& of) {
        for_each_expr(of, [&](const Expr& x) {
            const Binary* b = x.as<Binary>();
            if (!b || (b->op != BinaryOp::min && b->op != BinaryOp::max) || !about_tiles(x)) return;
            bool first = as_int(b->a).has_value();
            if (!first && !as_int(b->b)) return;
            const Expr &constant = first ? b->a : b->b, rest = resolved(first ? b->b : b->a);
            Expr least = smallest(isub(rest, constant));
            if (least.defined() && require(least)) chosen[x.get()] = b->op == BinaryOp::min ? constant : rest;
        });
    }

    const Edit& e;
    const std::vector<Symbol>& tiles;
    const Path& path;
    const Facts& facts;
    std::set<Symbol> bound_inside, written; ///< in the loop's body
    std::vector<const For*> around;
};

/// The body of a full tile.
class FullTile : public Mutator {
  public:
    explicit FullTile(const Fullness& f) : full(f) {}

  protected:
    Expr mutate(const Expr& e) override {
        auto c = full.chosen.find(e.get());
        return c == full.chosen.end() ? Mutator::mutate(e) : c->second;
    }
    Stmt mutate(const Stmt& s) override {
        return full.implied.contains(s.get()) ? (*this)(s.as<If>()->then_body) : Mutator::mutate(s);
    }

  private:
    const Fullness& full;
};

Expr Fullness::resolved(const Expr& e) const {
    return FullTile(*this)(e);
}

void run(Edit& e) {
    std::vector<Symbol> tiles;
    Path path;
    for (size_t n = 0; n < e.step().loops.size(); ++n) {
        tiles.push_back(e.loop(n));
        Path p = e.path(tiles.back());
        if (p.size() > path.size()) path = p;
    }
    for (const Symbol& t : tiles)
        if (std::none_of(path.begin(), path.end(),
                         [&](const Stmt& s) { return s.as<For>() && s.as<For>()->var == t; }))
            e.refuse("the loops are not inside each other");
    const For& inner = *path.back().as<For>();
    Facts facts = e.facts_in_loop(path);
    Fullness full(e, tiles, path, facts);
    full.visit(inner.body);
    if (full.conditions.empty() && !full.left_out.empty())
        e.refuse("whether a tile is full would be asked at the beginning of {}'s body, where {}",
                 inner.var.name(), full.left_out);
    if (full.conditions.empty())
        e.refuse("every tile is full: there is no guard and no clipped bound inside {} that depends on the "
                 "loops named",
                 inner.var.name());
    Expr condition;
    for (const Expr& c : full.conditions) {
        condition = both(condition, c);
        facts.assume(c);
    }

    Stmt full_body = e.copy(simplify(FullTile(full)(inner.body), facts));
    Stmt edge_body = e.copy(inner.body);
    e.forward_to_copies();
    Stmt fork = If::make(condition, std::move(full_body), std::move(edge_body), inner.loc);
    e.set_body(rebuild(path, with_body(path.back(), std::move(fork))));
}

} // namespace

constinit const Primitive primitives::separate{
    .name = "separate",
    .text = "full tiles and edge tiles get code of their own",
    .run = run,
    .acts_on = ActsOn::loops,
    .named = Named::kept,
    .of_place = true,
    .loops = {1, Primitive::any},
};

} // namespace lathe::schedule
