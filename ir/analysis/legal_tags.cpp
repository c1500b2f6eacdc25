#include "lathe/ir/analysis.h"
#include "lathe/ir/dependence.h"
#include "lathe/ir/layout.h"
#include "lathe/ir/node.h"
#include "lathe/ir/planted.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <span>

namespace lathe::ir {

namespace {

/// What stands around a place: a loop, a let, a condition (its arm), an assertion or a folded tensor.
struct Header {
    StmtKind kind;
    Symbol symbol;
    Expr first, second;
    bool lasting; ///< what they read keeps its value inside
    bool otherwise = false;
    std::vector<int64_t> folds = {};
};

/// A tagged loop, and what stands around it, outermost first: all that its tag's legality follows from.
struct Tag {
    Stmt loop;
    std::vector<Header> around;
};

bool same(const Expr& a, const Expr& b) {
    return a.same_as(b) || (a.defined() && b.defined() && equal(a, b));
}

bool same(const Header& a, const Header& b) {
    return a.kind == b.kind && a.symbol == b.symbol && a.otherwise == b.otherwise && a.lasting == b.lasting &&
           a.folds == b.folds && same(a.first, b.first) && same(a.second, b.second);
}

bool same(const Tag& a, const Tag& b) {
    if (planted.has(Fault::tag_stale)) return a.loop.as<For>()->var == b.loop.as<For>()->var;
    return a.loop.same_as(b.loop) &&
           std::ranges::equal(a.around, b.around, [](auto& x, auto& y) { return same(x, y); });
}

/// A body under a header.
struct Inside {
    Header header;
    const Stmt& body;
};

std::vector<Inside> insides(const Stmt& s) {
    using Bodies = std::vector<Inside>;
    const auto under = [&](const Symbol& symbol, const Expr& e, const Stmt& body) {
        return Inside{{s.kind(), symbol, e, {}, lasts(e, body)}, body};
    };
    const auto plainly = [&](const Symbol& symbol, const Stmt& body) {
        return Bodies{Inside{{s.kind(), symbol, {}, {}, true}, body}};
    };
    return with_node(s,
                     Overloads{
                         [](const OneOf<Block, Store, Reduce, Allocate, Assert, Print, ExternCall, Stage,
                                        Push, CallStmt, Spawn, Copy> auto&) { return Bodies(); },
                         [&](const For& f) {
                             Inside i = under(f.var, f.min, f.body);
                             i.header.second = f.extent;
                             i.header.lasting = i.header.lasting && lasts(f.extent, f.body);
                             return Bodies{i};
                         },
                         [&](const If& i) {
                             Inside otherwise = under({}, i.condition, i.else_body);
                             otherwise.header.otherwise = true;
                             return Bodies{under({}, i.condition, i.then_body), otherwise};
                         },
                         [&](const While& w) { return Bodies{under({}, w.condition, w.body)}; },
                         [&](const LetStmt& l) { return Bodies{under(l.symbol, l.value, l.body)}; },
                         [&](const DeclareStream& d) { return plainly(d.stream.symbol, d.body); },
                         [&](const Pop& p) { return plainly(p.symbol, p.body); },
                         [&](const OneOf<Fill, Drain> auto& b) { return plainly(b.tensor.symbol, b.body); },
                         [&](const Dataflow& d) { return plainly({}, d.body); },
                     });
}

/// The tensors of which several elements are one.
std::vector<Header> folds(const Allocate& a) {
    std::vector<Header> all;
    for (const Tensor& t : a.tensors) {
        if (!folded(t)) continue;
        all.push_back({StmtKind::allocate, t.symbol, {}, {}, true});
        for (size_t d = 0; d < t.dims.size(); ++d)
            all.back().folds.push_back(fold_of(t, d));
    }
    return all;
}

std::span<const Stmt> parts(const Stmt& s) {
    if (const Block* b = s.as<Block>()) return b->stmts;
    return {&s, s.defined() ? size_t{1} : size_t{0}};
}

bool has_assertion(std::span<const Stmt> list) {
    return std::ranges::any_of(list, [](const Stmt& s) { return s.kind() == StmtKind::assert_; });
}

/// Statements in a row that took the place of others: which one of those each comes from.
class Replaced {
  public:
    explicit Replaced(std::span<const Stmt> list) : only(list.size() == 1 ? list[0] : Stmt()) {
        if (list.size() < 2) return;
        for (const Stmt& s : list) {
            nodes.insert(s.get());
            if (const Stage* g = s.as<Stage>()) stages[{g->func, g->definition}] = s;
        }
    }
    Stmt by(const Stmt& s) const {
        if (only.defined() || nodes.contains(s.get())) return only.defined() ? only : s;
        const Stage* g = s.as<Stage>();
        const auto found = g ? stages.find({g->func, g->definition}) : stages.end();
        return found == stages.end() ? Stmt() : found->second;
    }

  private:
    Stmt only;
    std::unordered_set<const StmtNode*> nodes;
    std::map<std::pair<Symbol, int>, Stmt> stages;
};

/// Finds the tagged loops, beside those in statements that stood before where the same headers are around
/// them.
class Tags {
  public:
    std::vector<Tag> all;

    /// \param before what stood there under the same headers, if that is known.
    void visit(const Stmt& s, const Stmt& before) {
        if (!s.defined() || s.same_as(before)) return;
        const Allocate *was = before.as<Allocate>(), *is = s.as<Allocate>();
        const std::vector<Header> folded = is ? folds(*is) : std::vector<Header>();
        if (is && was &&
            !std::ranges::equal(folded, folds(*was), [](auto& x, auto& y) { return same(x, y); }))
            return under(folded, is->body, {});
        if (was) return visit(s, was->body);
        if (is) return under(folded, is->body, before);
        if (s.as<Block>() || before.as<Block>()) return row(parts(s), parts(before));
        if (const For* f = s.as<For>(); f && !f->runs().ordered) all.push_back({s, around});
        const std::vector<Inside> then = before.defined() ? insides(before) : std::vector<Inside>();
        const std::vector<Inside> now = insides(s);
        for (size_t n = 0; n < now.size(); ++n) {
            const bool stays = n < then.size() && same(now[n].header, then[n].header);
            around.push_back(now[n].header);
            visit(now[n].body, stays ? then[n].body : Stmt());
            around.pop_back();
        }
        const Stage* g = before.as<Stage>();
        if (const Stage* stage = s.as<Stage>()) visit(stage->body, g ? g->body : before);
    }

  private:
    void under(const std::vector<Header>& headers, const Stmt& body, const Stmt& before) {
        const size_t outside = around.size();
        around.insert(around.end(), headers.begin(), headers.end());
        visit(body, before);
        around.resize(outside);
    }

    void row(std::span<const Stmt> now, std::span<const Stmt> then) {
        const size_t outside = around.size();
        size_t first = 0, last = 0;
        while (first < std::min(now.size(), then.size()) && now[first].same_as(then[first]))
            note(now[first++]);
        while (first + last < std::min(now.size(), then.size()) &&
               now[now.size() - last - 1].same_as(then[then.size() - last - 1]))
            ++last;
        // Behind assertions that changed all stands under other headers.
        const std::span<const Stmt> replaced = then.subspan(first, then.size() - first - last);
        const size_t count = now.size() - first - last;
        const bool known = !has_assertion(replaced) && !has_assertion(now.subspan(first, count));
        const Replaced old(known ? replaced : std::span<const Stmt>());
        for (const Stmt& s : now.subspan(first, known ? count : now.size() - first)) {
            visit(s, old.by(s));
            note(s);
        }
        around.resize(outside);
    }

    void note(const Stmt& s) {
        if (const Assert* a = s.as<Assert>()) around.push_back({s.kind(), {}, a->condition, {}, true});
    }

    std::vector<Header> around;
};

} // namespace

std::optional<Conflict> kind_conflict(const Stmt& root, const Symbol& loop, const LoopKind& kind,
                                      int64_t lanes, const Facts& known) {
    const LoopProperties& p = kind.properties();
    if (p.concurrent) return loop_carried(root, loop, Commuting::ordered, known);
    if (p.lockstep) return lockstep_conflict(root, loop, lanes, known);
    invariant(p.ordered, "a kind of loop whose iterations follow no order that is known");
    return std::nullopt;
}

std::optional<TagConflict> tag_conflict(const Stmt& root, LegalTags& legal, const Facts& known,
                                        const std::set<Symbol>& proved) {
    Tags changed;
    changed.visit(root, legal.root);
    std::optional<Tags> before;
    for (const Tag& tag : changed.all) {
        const For& f = *tag.loop.as<For>();
        if (proved.contains(f.var)) continue;
        if (!before) before.emplace().visit(legal.root, {});
        if (std::ranges::any_of(before->all, [&](const Tag& t) { return same(t, tag); })) continue;
        ++legal.asked;
        if (const auto c = kind_conflict(root, f.var, f.loop, 0, known))
            return TagConflict{f.var, f.loop, c->describe()};
        if (std::string reason = f.runs().lockstep ? no_vector_form(root, f.var) : ""; !reason.empty())
            return TagConflict{f.var, f.loop, std::move(reason)};
    }
    legal.root = root;
    return std::nullopt;
}

} // namespace lathe::ir
