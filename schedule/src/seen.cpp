#include "seen.h"

#include "lathe/ir/any_body.h"
#include "lathe/ir/inline_calls.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <span>

namespace lathe::schedule {

namespace {

bool has(const Stmt& s, StmtKind kind) {
    if (!s.defined()) return false;
    return s.kind() == kind || any_body(s, [&](const Stmt& c) { return has(c, kind); });
}

void calls_in(const Stmt& s, std::vector<const StmtNode*>& all) {
    if (!s.defined()) return;
    if (s.kind() == StmtKind::call) all.push_back(s.get());
    any_body(s, [&](const Stmt& c) {
        calls_in(c, all);
        return false;
    });
}

} // namespace

/// Opens the calls of one statement.
class Seen::Opener : public Mutator {
  public:
    Opener(Seen& s, const Module& m) : seen(s), module(m) {}

  protected:
    using Mutator::visit;
    Stmt mutate(const Stmt& s) override {
        std::vector<const StmtNode*> calls;
        calls_in(s, calls);
        if (calls.empty()) return s;
        const bool again = std::ranges::any_of(calls, [&](auto* c) { return opened.contains(c); });
        const auto found = seen.known.find(s.get());
        if (found != seen.known.end() && !again) {
            opened.insert(calls.begin(), calls.end());
            return found->second.second;
        }
        const Stmt open = Mutator::mutate(s);
        seen.known.insert_or_assign(s.get(), std::pair(s, open));
        return open;
    }
    Stmt visit(const CallStmt& c, const Stmt& s) override {
        opened.insert(s.get());
        const Function& f = module.function(c.callee);
        const Stmt body = Opener(seen, module)(f.body);
        return has(body, StmtKind::dataflow) ? s : body_of_call(f, c, fresh_copy(body));
    }
    Stmt visit(const Dataflow&, const Stmt& s) override { return s; }

  private:
    Seen& seen;
    const Module& module;
    std::unordered_set<const StmtNode*> opened; ///< one that stands twice has loops of its own in each place
};

Stmt Seen::operator()(const Stmt& s, const Module& m) {
    const auto same = [](const Function& f, const Stmt& body) { return f.body.same_as(body); };
    const std::span<const Function> others(m.functions.begin() + 1, m.functions.end());
    if (others.empty()) return s;
    if (!std::ranges::equal(others, called, same)) {
        known.clear();
        called.clear();
        for (const Function& f : others)
            called.push_back(f.body);
    }
    return Opener(*this, m)(s);
}

} // namespace lathe::schedule
