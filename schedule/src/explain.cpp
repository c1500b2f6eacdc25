#include "state.h"

#include "losses.h"
#include "rewrite.h"

#include "lathe/ir/print.h"

namespace lathe {

using namespace ir;
using namespace schedule;

namespace {

std::string at(Loc loc) {
    return loc.known() ? "  (" + loc.str() + ")" : "";
}

const char* origin(const Tensor& t, bool quantized) {
    if (quantized) return "quantized";
    switch (t.origin) {
    case TypeOrigin::declared:
        return "declared";
    case TypeOrigin::definition:
        return "from its first definition";
    case TypeOrigin::sum:
        return "accumulator of a reduction";
    }
    throw InternalError("unknown origin");
}

/// The expression and its parts, largest first; subscripts and leaves without their own line.
void explain(const Expr& e, int depth, std::set<const ExprNode*>& seen, std::string& text) {
    if (e.type().is_index() || e.as<Constant>() || !seen.insert(e.get()).second) return;
    text += fmt::format("{:{}}{}: {}{}\n", "", 2 * depth, print(e), e.type().str(), at(e.loc()));
    if (!e.as<Load>())
        for (const Expr& part : operands(e))
            explain(part, depth + 1, seen, text);
}

} // namespace

std::string Schedule::explain_types() const {
    std::string text;
    auto line = [&](const Tensor& t) {
        Loc by = t.loc;
        bool quantized = false;
        for (const TypeStep& s : state->types)
            if (s.tensor == t.symbol || s.accumulator == t.symbol) {
                quantized = true;
                by = s.loc;
            }
        text += fmt::format("{}: {} {}{}\n", t.symbol.name(), t.type.str(), origin(t, quantized), at(by));
    };
    const auto tensors = [&](const Function& f) {
        for (const Argument& a : f.arguments)
            line(a.tensor);
        for (const Tensor& t : f.constants)
            line(t);
        for_each_stmt(f.body, [&](const Stmt& s) {
            if (const Allocate* a = s.as<Allocate>()) std::ranges::for_each(a->tensors, line);
        });
    };
    const auto statement = [&](const Stmt& s) {
        std::set<const ExprNode*> seen;
        auto target = [&](const StoreTarget& t, const char* how) {
            text += fmt::format("{} {}: {}{}\n", t.tensor.name(), how, t.type.str(), at(s.loc()));
            explain(t.value, 1, seen, text);
        };
        if (const Store* st = s.as<Store>())
            for (const StoreTarget& t : st->targets)
                target(t, "=");
        if (const Reduce* r = s.as<Reduce>()) target(r->target, (std::string(symbol(r->op)) + "=").c_str());
    };
    for (const Function& f : state->base.functions) {
        if (&f != &state->base.top()) text += fmt::format("in {}:\n", f.name);
        tensors(f);
        for_each_stmt(f.body, statement);
    }
    const std::string lost = losses(state->base);
    return text +
           (lost.empty() ? "nothing is lost by casts and stores\n" : "lost by casts and stores:\n" + lost);
}

} // namespace lathe
