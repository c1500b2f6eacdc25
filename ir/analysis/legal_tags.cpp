#include "lathe/ir/analysis.h"
#include "lathe/ir/any_body.h"
#include "lathe/ir/dependence.h"
#include "lathe/ir/planted.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe::ir {

namespace {

/// Finds the tagged loops, and what stands around each.
class Tags {
  public:
    std::map<Symbol, LegalTag> all;
    std::vector<const For*> order;

    void visit(const Stmt& s) {
        if (!s.defined()) return;
        const size_t outside = around.size();
        if (const For* f = s.as<For>()) {
            if (!f->runs().ordered) {
                order.push_back(f);
                all[f->var] = {s, around};
            }
            const bool lasting = lasts(f->min, f->body) && lasts(f->extent, f->body);
            around.push_back({s.kind(), f->var, f->min, f->extent, lasting});
            visit(f->body);
        } else if (const If* i = s.as<If>()) {
            around.push_back({s.kind(), {}, i->condition, {}, lasts(i->condition, i->then_body)});
            visit(i->then_body);
            around.back().lasting = lasts(i->condition, i->else_body);
            around.back().otherwise = true;
            visit(i->else_body);
        } else if (const While* w = s.as<While>()) {
            around.push_back({s.kind(), {}, w->condition, {}, lasts(w->condition, w->body)});
            visit(w->body);
        } else if (const LetStmt* l = s.as<LetStmt>()) {
            around.push_back({s.kind(), l->symbol, l->value, {}, lasts(l->value, l->body)});
            visit(l->body);
        } else if (const Block* b = s.as<Block>()) {
            for (const Stmt& t : b->stmts) {
                visit(t);
                if (const Assert* a = t.as<Assert>())
                    around.push_back({t.kind(), {}, a->condition, {}, true});
            }
        } else {
            any_body(s, [&](const Stmt& t) {
                visit(t);
                return false;
            });
        }
        around.resize(outside);
    }

  private:
    std::vector<LegalTag::Header> around;
};

bool same(const Expr& a, const Expr& b) {
    return a.same_as(b) || (a.defined() && b.defined() && equal(a, b));
}

bool stands(const LegalTag& before, const LegalTag& now) {
    if (planted.has(Fault::tag_stale)) return true;
    return before.loop.same_as(now.loop) &&
           std::ranges::equal(before.around, now.around, [](const auto& a, const auto& b) {
               return a.kind == b.kind && a.symbol == b.symbol && a.otherwise == b.otherwise &&
                      a.lasting == b.lasting && same(a.first, b.first) && same(a.second, b.second);
           });
}

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
    Tags tags;
    tags.visit(root);
    for (const For* f : tags.order) {
        const auto before = legal.tags.find(f->var);
        if (before != legal.tags.end() && stands(before->second, tags.all.at(f->var))) continue;
        if (proved.contains(f->var)) continue;
        ++legal.asked;
        if (const auto c = kind_conflict(root, f->var, f->loop, 0, known))
            return TagConflict{f->var, f->loop, c->describe()};
        if (std::string reason = f->runs().lockstep ? no_vector_form(root, f->var) : ""; !reason.empty())
            return TagConflict{f->var, f->loop, std::move(reason)};
    }
    legal.tags = std::move(tags.all);
    return std::nullopt;
}

} // namespace lathe::ir
