#include "lathe/ir/dependence.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe {

namespace {

/// Finds the tagged loops, and what stands around each.
class Tags {
  public:
    LegalTags all;
    std::vector<const For*> order;

    void visit(const Stmt& s) {
        if (!s.defined()) return;
        const size_t outside = around.size();
        if (const For* f = s.as<For>()) {
            if (f->loop == LoopKind::parallel() || f->loop == LoopKind::vectorized()) {
                order.push_back(f);
                all[f->var] = {s, around};
            }
            around.push_back({s.kind(), f->var, f->min, f->extent});
            visit(f->body);
        } else if (const If* i = s.as<If>()) {
            around.push_back({s.kind(), {}, i->condition, {}});
            visit(i->then_body);
            around.back().otherwise = true;
            visit(i->else_body);
        } else if (const LetStmt* l = s.as<LetStmt>()) {
            around.push_back({s.kind(), l->symbol, l->value, {}});
            visit(l->body);
        } else if (const Block* b = s.as<Block>()) {
            for (const Stmt& t : b->stmts) {
                visit(t);
                if (const Assert* a = t.as<Assert>()) around.push_back({t.kind(), {}, a->condition, {}});
            }
        } else {
            for (const Stmt& t : bodies(s))
                visit(t);
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
    return before.loop.same_as(now.loop) &&
           std::ranges::equal(before.around, now.around, [](const auto& a, const auto& b) {
               return a.kind == b.kind && a.symbol == b.symbol && a.otherwise == b.otherwise &&
                      same(a.first, b.first) && same(a.second, b.second);
           });
}

} // namespace

std::optional<TagConflict> tag_conflict(const Stmt& root, LegalTags& legal) {
    Tags tags;
    tags.visit(root);
    for (const For* f : tags.order) {
        const auto known = legal.find(f->var);
        if (known != legal.end() && stands(known->second, tags.all.at(f->var))) continue;
        const bool vectors = f->loop == LoopKind::vectorized();
        if (const auto c = loop_carried(root, f->var, vectors ? Commuting::free : Commuting::ordered))
            return TagConflict{f->var, f->loop, c->describe()};
        if (std::string reason = vectors ? no_vector_form(root, f->var) : ""; !reason.empty())
            return TagConflict{f->var, f->loop, std::move(reason)};
    }
    legal = std::move(tags.all);
    return std::nullopt;
}

} // namespace lathe
