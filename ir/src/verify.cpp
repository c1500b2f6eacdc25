#include "lathe/ir/verify.h"

#include "expr_types.h"
#include "lathe/ir/planted.h"
#include "lathe/ir/print.h"
#include "lathe/ir/visit.h"

namespace lathe::ir {

namespace {

constexpr int shown_lines = 12;

std::string first_lines(const std::string& text) {
    size_t end = 0;
    for (int i = 0; i < shown_lines; ++i) {
        end = text.find('\n', end);
        if (end == std::string::npos) return text;
        ++end;
    }
    return end == text.size() ? text : text.substr(0, end) + "...\n";
}

/// What a refusal of a make function says, without its marks.
std::string reason(const Error& e) {
    const std::string mark = "internal error: ";
    return e.message().starts_with(mark) ? e.message().substr(mark.size()) : e.message();
}

struct Declared {
    Type type;
    std::vector<Dim> dims;
    bool writable;
};

class Verifier {
  public:
    void module(const Module& m);

  private:
    template <class... Args>
    [[noreturn]] void fault(fmt::format_string<Args...> format, Args&&... args) const {
        const std::string what = fmt::format(format, std::forward<Args>(args)...);
        const std::string where =
            current.defined() ? first_lines(print(current)) : "function " + function_name;
        throw InternalError(fmt::format("verify: {}, in\n{}", what, where));
    }

    void function(const Function& f);
    void declare(const Tensor& t, bool writable);
    void define(const Symbol& s);
    void data(const Tensor& t);
    void stmt(const Stmt& s);
    void contents(const Stmt& s);
    void in_scope(const Symbol& variable, Type t, const Stmt& body);
    void target(const StoreTarget& t, bool predicated);
    void passed(const ExternArgument& a);
    void access(const Symbol& tensor, Type element, const std::vector<Expr>& indices);
    void bounds(const Symbol& tensor, const std::vector<Expr>& indices);
    void fixed_bounds(const For& f) const;
    void loop_body(const For& f);
    void conditional(const Stmt& s);
    void expr(const Expr& root);
    void node(const Expr& e);
    void type(const Expr& e);
    void scope(const Expr& e);
    void unconditional_bounds(const Expr& root);

    std::string function_name;
    Stmt current;                       ///< the statement that a fault shows
    bool may_not_run = false;           ///< under a condition: constant subscripts are not judged
    std::set<Symbol> defined;           ///< in the whole module
    std::map<Symbol, Expr> lets;        ///< Let nodes seen; a shared one is one definition
    std::map<Symbol, Type> variables;   ///< in scope
    std::map<Symbol, Declared> tensors; ///< in scope
    /// Let-bound variables that a node of the current expression still needs, with the types they are used
    /// at.
    std::unordered_map<const ExprNode*, std::map<Symbol, Type>> pending;
};

void Verifier::module(const Module& m) {
    if (m.functions.empty()) fault("the module has no function");
    std::set<std::string> names;
    for (const Function& f : m.functions) {
        function_name = f.name;
        if (f.name.empty()) fault("a function has no name");
        if (!names.insert(f.name).second) fault("two functions are called {}", f.name);
        function(f);
    }
}

void Verifier::function(const Function& f) {
    variables.clear();
    tensors.clear();
    current = {};
    for (const Param& p : f.params) {
        define(p.symbol);
        if (p.type.is_real() || !p.type.is_scalar())
            fault("parameter {} is {}", p.symbol.name(), p.type.str());
        variables[p.symbol] = p.type;
    }
    bool outputs = false;
    for (const Argument& a : f.arguments) {
        if (outputs && a.direction == Direction::in)
            fault("the input {} stands behind an output", a.tensor.symbol.name());
        outputs |= a.direction == Direction::out;
        declare(a.tensor, a.direction != Direction::in);
    }
    for (const Tensor& t : f.constants) {
        if (!t.data) fault("the constant tensor {} has no data", t.symbol.name());
        declare(t, false);
    }
    stmt(f.body);
}

void Verifier::define(const Symbol& s) {
    if (!s) fault("a definition has no symbol");
    if (!defined.insert(s).second) fault("{} is defined twice", s.name());
}

void Verifier::declare(const Tensor& t, bool writable) {
    try {
        Allocate::make(t, {});
    } catch (const Error& e) {
        fault("tensor {}: {}", t.symbol.name(), reason(e));
    }
    for (const Dim& d : t.dims) {
        expr(d.min);
        expr(d.extent);
    }
    define(t.symbol);
    if (t.data) data(t);
    tensors[t.symbol] = {t.type, t.dims, writable};
}

void Verifier::data(const Tensor& t) {
    mpz_class size = 1;
    for (const Dim& d : t.dims) {
        const auto extent = as_int(d.extent);
        if (!extent) fault("the constant tensor {} has a shape that is not constant", t.symbol.name());
        size *= static_cast<long>(std::max<int64_t>(*extent, 0));
    }
    if (size != t.data->size())
        fault("the constant tensor {} has {} elements, not {}", t.symbol.name(), t.data->size(),
              size.get_str());
    for (const Value& v : *t.data)
        if (v.type() != t.type)
            fault("an element of the constant tensor {} is {}, not {}", t.symbol.name(), v.type().str(),
                  t.type.str());
}

void Verifier::stmt(const Stmt& s) {
    if (!s.defined()) return;
    const Stmt outer = std::exchange(current, s);
    contents(s);
    current = outer;
}

/// The statement made again by its own make function, which checks operand kinds.
Stmt remade(const Stmt& s) {
    switch (s.kind()) {
    case StmtKind::block:
    case StmtKind::allocate:
        return s;
    case StmtKind::for_: {
        const auto* n = s.as<For>();
        return For::make(n->var, n->min, n->extent, n->loop, {}, n->loc);
    }
    case StmtKind::while_:
        return While::make(s.as<While>()->condition, {});
    case StmtKind::if_:
        return If::make(s.as<If>()->condition, {});
    case StmtKind::let:
        return LetStmt::make(s.as<LetStmt>()->symbol, s.as<LetStmt>()->value, {});
    case StmtKind::store:
        return Store::make(s.as<Store>()->targets, {}, s.as<Store>()->predicate);
    case StmtKind::reduce: {
        const auto* n = s.as<Reduce>();
        return Reduce::make(n->op, n->target, {}, n->predicate, n->contract);
    }
    case StmtKind::assert_:
        return Assert::make(s.as<Assert>()->condition, s.as<Assert>()->message);
    case StmtKind::print:
        return Print::make(s.as<Print>()->texts, s.as<Print>()->values);
    case StmtKind::extern_call:
        return ExternCall::make(s.as<ExternCall>()->callee, s.as<ExternCall>()->arguments);
    case StmtKind::stage:
        return Stage::make(s.as<Stage>()->func, s.as<Stage>()->definition, {});
    }
    throw InternalError("unknown kind of statement");
}

void Verifier::contents(const Stmt& s) {
    Stmt good;
    try {
        good = remade(s);
    } catch (const Error& e) {
        fault("{}", reason(e));
    }
    if (const auto* a = s.as<Allocate>()) {
        declare(a->tensor, !a->tensor.data);
        stmt(a->body);
        tensors.erase(a->tensor.symbol);
        return;
    }
    for (const Expr& e : expressions(s))
        expr(e);
    if (const auto* f = s.as<For>()) {
        define(f->var);
        return loop_body(*f);
    }
    if (const auto* l = s.as<LetStmt>()) {
        define(l->symbol);
        return in_scope(l->symbol, l->value.type(), l->body);
    }
    if (const auto* w = s.as<While>()) return conditional(w->body);
    if (const auto* n = s.as<If>()) {
        conditional(n->then_body);
        return conditional(n->else_body);
    }
    if (const auto* w = s.as<Store>())
        for (const StoreTarget& t : w->targets)
            target(t, w->predicate.defined());
    if (const auto* r = s.as<Reduce>()) {
        target(r->target, r->predicate.defined());
        if (r->commutes != good.as<Reduce>()->commutes)
            fault("an update is wrongly marked as commuting or not");
        if (r->contract != good.as<Reduce>()->contract)
            fault("an update without a float product is marked for fma");
    }
    if (const auto* c = s.as<ExternCall>())
        for (const ExternArgument& a : c->arguments)
            if (a.tensor) passed(a);
    for (const Stmt& body : bodies(s))
        stmt(body);
}

void Verifier::passed(const ExternArgument& a) {
    const auto found = tensors.find(a.tensor);
    if (found == tensors.end()) fault("the tensor {} is not in scope", a.tensor.name());
    const Declared& t = found->second;
    if (t.type != a.type || t.dims.size() != a.dims.size())
        fault("{} holds {} in {} dimensions and is passed as {} in {}", a.tensor.name(), t.type.str(),
              t.dims.size(), a.type.str(), a.dims.size());
    if (a.direction != Direction::in && !t.writable)
        fault("{} is passed to be written and must not be", a.tensor.name());
}

void Verifier::in_scope(const Symbol& variable, Type t, const Stmt& body) {
    variables[variable] = t;
    stmt(body);
    variables.erase(variable);
}

/// A loop's bounds are evaluated once, when it is entered: none may change inside.
void Verifier::fixed_bounds(const For& f) const {
    std::set<Symbol> read = tensors_read(f.min);
    read.merge(tensors_read(f.extent));
    if (read.empty() || planted.has(Fault::bounds_again)) return;
    const std::set<Symbol> written = tensors_written(f.body);
    for (const Symbol& t : read)
        if (written.contains(t))
            fault("a bound of loop {} reads {}, which its body writes", f.var.name(), t.name());
}

void Verifier::loop_body(const For& f) {
    fixed_bounds(f);
    const bool empty = as_int(f.extent).value_or(1) <= 0;
    const bool outer = std::exchange(may_not_run, may_not_run || empty);
    in_scope(f.var, IndexType(), f.body);
    may_not_run = outer;
}

void Verifier::conditional(const Stmt& s) {
    const bool outer = std::exchange(may_not_run, true);
    stmt(s);
    may_not_run = outer;
}

void Verifier::target(const StoreTarget& t, bool predicated) {
    access(t.tensor, t.type, t.indices);
    if (!tensors.at(t.tensor).writable) fault("{} is read-only and is written", t.tensor.name());
    if (!predicated && !may_not_run) bounds(t.tensor, t.indices);
}

void Verifier::access(const Symbol& tensor, Type element, const std::vector<Expr>& indices) {
    const auto found = tensors.find(tensor);
    if (found == tensors.end()) fault("the tensor {} is not in scope", tensor.name());
    if (found->second.dims.size() != indices.size())
        fault("{} has {} dimensions and {} subscripts", tensor.name(), found->second.dims.size(),
              indices.size());
    if (found->second.type != element)
        fault("{} holds {} and is accessed as {}", tensor.name(), found->second.type.str(), element.str());
}

void Verifier::bounds(const Symbol& tensor, const std::vector<Expr>& indices) {
    const Declared& t = tensors.at(tensor);
    for (size_t d = 0; d < indices.size(); ++d) {
        const auto i = as_int(indices[d]), min = as_int(t.dims[d].min), extent = as_int(t.dims[d].extent);
        if (!i || !min || !extent || (*i >= *min && *i < *min + *extent)) continue;
        fault("subscript {} of {} is {}, outside of [{}, {})", d + 1, tensor.name(), *i, *min,
              *min + *extent);
    }
}

void Verifier::expr(const Expr& root) {
    if (!root.defined()) fault("an expression is undefined");
    pending.clear();
    for_each_expr(root, [&](const Expr& e) { node(e); });
    const auto& unbound = pending[root.get()];
    if (!unbound.empty()) fault("the variable {} is not in scope", unbound.begin()->first.name());
    if (!may_not_run) unconditional_bounds(root);
}

void Verifier::node(const Expr& e) {
    for (const Expr& operand : operands(e))
        if (!operand.defined()) fault("an operand is undefined");
    type(e);
    if (e.type().is_real() && !real_literal(e)) fault("{} is untyped and no literal", print(e));
    if (const auto* l = e.as<Load>()) access(l->tensor, l->type.element(), l->indices);
    scope(e);
}

/// The type that the node's make function gives. \throws Error from there.
Type made_type(const Expr& e) {
    if (const auto* c = e.as<Constant>()) return c->value.type();
    if (e.kind() == ExprKind::variable) return e.type();
    const auto* b = e.as<Binary>();
    if (b && has_own_type(*b)) return Binary::make_as(b->type, b->op, b->a, b->b).type();
    return with_operands(e, operands(e)).type();
}

void Verifier::type(const Expr& e) {
    Type expected;
    try {
        expected = made_type(e);
    } catch (const Error& error) {
        fault("{} is ill-formed: {}", print(e), reason(error));
    }
    if (expected != e.type()) fault("{} is {} and should be {}", print(e), e.type().str(), expected.str());
}

/// Finds out which let-bound variables `e` needs from around it. A variable that no let provides stays
/// needed.
void Verifier::scope(const Expr& e) {
    std::map<Symbol, Type> needed;
    for (const Expr& operand : operands(e)) {
        const auto& below = pending[operand.get()];
        needed.insert(below.begin(), below.end());
    }
    if (const auto* l = e.as<Let>()) {
        if (pending[l->value.get()].count(l->symbol))
            fault("the variable {} is not in scope", l->symbol.name());
        const auto [seen, first] = lets.emplace(l->symbol, e);
        if (first || !seen->second.same_as(e)) define(l->symbol);
        const auto use = needed.find(l->symbol);
        if (use != needed.end() && use->second != l->value.type())
            fault("the variable {} is {} and is used as {}", l->symbol.name(), l->value.type().str(),
                  use->second.str());
        needed.erase(l->symbol);
    }
    if (const auto* v = e.as<Variable>()) {
        const auto found = variables.find(v->symbol);
        if (found == variables.end()) {
            needed.emplace(v->symbol, v->type);
        } else if (found->second != v->type) {
            fault("the variable {} is {} and is used as {}", v->symbol.name(), found->second.str(),
                  v->type.str());
        }
    }
    pending[e.get()] = std::move(needed);
}

/// Judges the constant subscripts of the loads that happen whenever `root` is evaluated.
void Verifier::unconditional_bounds(const Expr& root) {
    std::unordered_set<const ExprNode*> visited;
    std::vector<Expr> stack = {root};
    while (!stack.empty()) {
        const Expr e = stack.back();
        stack.pop_back();
        if (!visited.insert(e.get()).second) continue;
        const auto* load = e.as<Load>();
        if (load && !load->predicate.defined()) bounds(load->tensor, load->indices);
        const auto* select = e.as<Select>();
        const std::vector<Expr> inner = select ? std::vector<Expr>{select->condition} : operands(e);
        stack.insert(stack.end(), inner.begin(), inner.end());
    }
}

} // namespace

void verify(const Module& m) {
    Verifier().module(m);
}

} // namespace lathe::ir
