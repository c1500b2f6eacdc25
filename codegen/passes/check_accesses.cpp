#include "check_accesses.h"

#include "lathe/ir/analysis.h"
#include "scoped_pass.h"

namespace lathe {
namespace {

/// The accesses of a statement's own expressions, not of the statements in it.
std::vector<Access> own_accesses(const Stmt& s) {
    if (s.as<Store>() || s.as<Reduce>()) return accesses(s);
    std::vector<Access> all;
    for (const Expr& e : expressions(s))
        for (Access& a : accesses(LetStmt::make(Symbol("value"), e, {})))
            all.push_back(std::move(a));
    return all;
}

class AccessChecker : public ScopedMutator {
  protected:
    Stmt mutate(const Stmt& s) override {
        if (auto* b = s.as<Block>()) return block(b->stmts);
        std::vector<Stmt> parts;
        for (const Access& a : own_accesses(s))
            if (!(a.reduce && a.write)) // its read is the same element
                if (Stmt check = check_of(a); check.defined()) parts.push_back(std::move(check));
        parts.push_back(ScopedMutator::mutate(s));
        return Block::make(std::move(parts));
    }

  private:
    /// What comes after a check knows that it held.
    Stmt block(const std::vector<Stmt>& stmts) {
        std::vector<Stmt> parts;
        for (size_t n = 0; n < stmts.size(); ++n) {
            parts.push_back((*this)(stmts[n]));
            auto* a = stmts[n].as<Assert>();
            if (!a || n + 1 == stmts.size()) continue;
            const auto rest = stmts.begin() + static_cast<long>(n) + 1;
            parts.push_back(under(a->condition, Block::make({rest, stmts.end()})));
            break;
        }
        return Block::make(std::move(parts));
    }

    Stmt check_of(const Access& a) {
        const Tensor& tensor = declaration(a.tensor);
        if (!tensor.checked) return {};
        Facts here = facts();
        if (a.stable.defined()) here.assume(a.stable);
        Expr inside;
        for (size_t d = 0; d < a.indices.size(); ++d) {
            const Dim& dim = tensor.dims[d];
            const Expr i = expanded(a.indices[d], a);
            for (const Expr& part : {Binary::make(BinaryOp::ge, i, dim.min),
                                     Binary::make(BinaryOp::lt, i, iadd(dim.min, dim.extent))})
                if (!prove(part, here))
                    inside = inside.defined() ? Binary::make(BinaryOp::logical_and, inside, part) : part;
        }
        if (!inside.defined()) return {};
        if (a.condition.defined()) // lazily: what the subscript reads may have the same condition
            inside = Select::make(expanded(a.condition, a), inside, Constant::make(Value::boolean(true)));
        return Assert::make(inside,
                            fmt::format("{} is {} outside its shape", tensor.symbol.name(),
                                        a.write || a.reduce ? "written" : "read"),
                            a.loc);
    }

    /// Without the Index lets inside the statement.
    static Expr expanded(Expr e, const Access& a) {
        for (size_t n = a.definitions.size(); n-- > 0;)
            e = substitute(e, {a.definitions[n]});
        return e;
    }
};

bool any_checked(const Function& f) {
    bool any = false;
    for (const Argument& a : f.arguments)
        any |= a.tensor.checked;
    for (const Tensor& t : f.constants)
        any |= t.checked;
    const auto allocated = [&](const Stmt& s) {
        auto* a = s.as<Allocate>();
        any |= a && a->tensor.checked;
    };
    for_each(f.body, allocated, nullptr);
    return any;
}

} // namespace

Module check_accesses(const Module& module) {
    return std::ranges::any_of(module.functions, any_checked) ? AccessChecker().run(module) : module;
}

} // namespace lathe
