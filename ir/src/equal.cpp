/// \file Structural equality modulo renaming of bound symbols, and the hash that goes with it.

#include "lathe/ir/visit.h"

namespace lathe::ir {

namespace {

struct PairHash {
    size_t operator()(const std::pair<const ExprNode*, const ExprNode*>& p) const {
        return std::hash<const void*>()(p.first) * 31 + std::hash<const void*>()(p.second);
    }
};

/// A comparison of two programs. Symbols that are bound on both sides at the same place correspond; with
/// `rename_free`, so do free ones from the first place where they stand.
class Comparison {
  public:
    explicit Comparison(bool rename_free = false) : rename_free(rename_free) {}

    bool equal(const Expr& a, const Expr& b);
    bool equal(const Stmt& a, const Stmt& b);
    bool equal(const Function& a, const Function& b);
    bool equal(const Module& a, const Module& b);

  private:
    void bind(const Symbol& a, const Symbol& b) {
        to_b[a] = b;
        to_a[b] = a;
    }
    bool equal(const Symbol& a, const Symbol& b);
    bool equal(const Tensor& a, const Tensor& b);
    bool equal(const StoreTarget& a, const StoreTarget& b);
    bool equal(const Dim& a, const Dim& b) { return equal(a.min, b.min) && equal(a.extent, b.extent); }
    bool equal(const ExternArgument& a, const ExternArgument& b);
    template <class T> bool equal(const std::vector<T>& a, const std::vector<T>& b) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                          [&](const T& x, const T& y) { return equal(x, y); });
    }
    bool nodes(const Expr& a, const Expr& b);
    bool let(const Let& a, const Let& b);
    bool attributes(const Expr& a, const Expr& b);
    bool nodes(const For& a, const For& b);
    bool nodes(const While& a, const While& b);
    bool nodes(const If& a, const If& b);
    bool nodes(const LetStmt& a, const LetStmt& b);
    bool nodes(const Store& a, const Store& b);
    bool nodes(const Reduce& a, const Reduce& b);
    bool nodes(const Allocate& a, const Allocate& b);
    bool nodes(const Assert& a, const Assert& b);
    bool nodes(const Print& a, const Print& b);
    bool nodes(const ExternCall& a, const ExternCall& b);
    bool nodes(const Copy& a, const Copy& b);
    bool nodes(const Stage& a, const Stage& b);
    bool nodes(const DeclareStream& a, const DeclareStream& b);
    bool nodes(const Push& a, const Push& b);
    bool nodes(const Pop& a, const Pop& b);
    bool nodes(const Fill& a, const Fill& b);
    bool nodes(const Drain& a, const Drain& b);
    bool nodes(const CallStmt& a, const CallStmt& b);
    bool nodes(const Dataflow& a, const Dataflow& b) {
        return equal(a.body, b.body) && equal(a.origin, b.origin);
    }
    bool nodes(const Spawn& a, const Spawn& b);
    bool equal(const StreamDeclaration& a, const StreamDeclaration& b);
    bool equal(const StreamArgument& a, const StreamArgument& b) {
        return a.direction == b.direction && equal(a.stream, b.stream);
    }
    bool equal(const StreamElement& a, const StreamElement& b) {
        return equal(a.stream, b.stream) && equal(a.at, b.at);
    }
    bool equal(const TensorView& a, const TensorView& b);

    bool rename_free;
    std::map<Symbol, Symbol> to_b, to_a;
    /// Pairs found equal. They stay equal: one symbol is bound in one place only.
    std::unordered_set<std::pair<const ExprNode*, const ExprNode*>, PairHash> known;
};

bool Comparison::equal(const Symbol& a, const Symbol& b) {
    const auto x = to_b.find(a);
    const auto y = to_a.find(b);
    if (x == to_b.end() && y == to_a.end()) {
        if (rename_free) bind(a, b);
        return rename_free || a == b;
    }
    return x != to_b.end() && y != to_a.end() && x->second == b && y->second == a;
}

bool Comparison::equal(const Expr& a, const Expr& b) {
    if (!a.defined() || !b.defined()) return a.defined() == b.defined();
    if (a.same_as(b) && to_b.empty() && !rename_free) return true;
    if (a.kind() != b.kind() || a.type() != b.type() || a->depth != b->depth) return false;
    if (known.count({a.get(), b.get()})) return true;
    if (!nodes(a, b)) return false;
    known.insert({a.get(), b.get()});
    return true;
}

bool Comparison::nodes(const Expr& a, const Expr& b) {
    if (a.kind() == ExprKind::let) return let(*a.as<Let>(), *b.as<Let>());
    return attributes(a, b) && equal(operands(a), operands(b));
}

bool Comparison::let(const Let& a, const Let& b) {
    if (!equal(a.value, b.value)) return false;
    bind(a.symbol, b.symbol);
    return equal(a.body, b.body);
}

/// Everything about a node that is neither type nor operand.
bool Comparison::attributes(const Expr& a, const Expr& b) {
    switch (a.kind()) {
    case ExprKind::constant:
        return a.as<Constant>()->value == b.as<Constant>()->value;
    case ExprKind::variable:
        return equal(a.as<Variable>()->symbol, b.as<Variable>()->symbol);
    case ExprKind::load:
        return equal(a.as<Load>()->tensor, b.as<Load>()->tensor) &&
               a.as<Load>()->predicate.defined() == b.as<Load>()->predicate.defined();
    case ExprKind::unary:
        return a.as<Unary>()->op == b.as<Unary>()->op;
    case ExprKind::binary:
        return a.as<Binary>()->op == b.as<Binary>()->op;
    case ExprKind::slice:
        return a.as<Slice>()->hi == b.as<Slice>()->hi && a.as<Slice>()->lo == b.as<Slice>()->lo;
    case ExprKind::call:
        return a.as<Call>()->function == b.as<Call>()->function;
    case ExprKind::vector_reduce:
        return a.as<VectorReduce>()->op == b.as<VectorReduce>()->op;
    case ExprKind::select:
    case ExprKind::cast:
    case ExprKind::bitcast:
    case ExprKind::fma:
    case ExprKind::ramp:
    case ExprKind::broadcast:
        return true;
    case ExprKind::let: // its body is compared with its symbol bound
        break;
    }
    throw InternalError("a kind of expression is not compared");
}

bool Comparison::equal(const Stmt& a, const Stmt& b) {
    if (!a.defined() || !b.defined()) return a.defined() == b.defined();
    if (a.kind() != b.kind() || a->depth != b->depth) return false;
    switch (a.kind()) {
    case StmtKind::block:
        return equal(a.as<Block>()->stmts, b.as<Block>()->stmts);
    case StmtKind::for_:
        return nodes(*a.as<For>(), *b.as<For>());
    case StmtKind::while_:
        return nodes(*a.as<While>(), *b.as<While>());
    case StmtKind::if_:
        return nodes(*a.as<If>(), *b.as<If>());
    case StmtKind::let:
        return nodes(*a.as<LetStmt>(), *b.as<LetStmt>());
    case StmtKind::store:
        return nodes(*a.as<Store>(), *b.as<Store>());
    case StmtKind::reduce:
        return nodes(*a.as<Reduce>(), *b.as<Reduce>());
    case StmtKind::allocate:
        return nodes(*a.as<Allocate>(), *b.as<Allocate>());
    case StmtKind::assert_:
        return nodes(*a.as<Assert>(), *b.as<Assert>());
    case StmtKind::print:
        return nodes(*a.as<Print>(), *b.as<Print>());
    case StmtKind::extern_call:
        return nodes(*a.as<ExternCall>(), *b.as<ExternCall>());
    case StmtKind::copy:
        return nodes(*a.as<Copy>(), *b.as<Copy>());
    case StmtKind::stage:
        return nodes(*a.as<Stage>(), *b.as<Stage>());
    case StmtKind::stream:
        return nodes(*a.as<DeclareStream>(), *b.as<DeclareStream>());
    case StmtKind::push:
        return nodes(*a.as<Push>(), *b.as<Push>());
    case StmtKind::pop:
        return nodes(*a.as<Pop>(), *b.as<Pop>());
    case StmtKind::fill:
        return nodes(*a.as<Fill>(), *b.as<Fill>());
    case StmtKind::drain:
        return nodes(*a.as<Drain>(), *b.as<Drain>());
    case StmtKind::call:
        return nodes(*a.as<CallStmt>(), *b.as<CallStmt>());
    case StmtKind::dataflow:
        return nodes(*a.as<Dataflow>(), *b.as<Dataflow>());
    case StmtKind::spawn:
        return nodes(*a.as<Spawn>(), *b.as<Spawn>());
    }
    throw InternalError("unknown kind of statement");
}

bool Comparison::nodes(const For& a, const For& b) {
    if (a.loop != b.loop || !equal(a.min, b.min) || !equal(a.extent, b.extent)) return false;
    bind(a.var, b.var);
    return equal(a.body, b.body);
}

bool Comparison::nodes(const While& a, const While& b) {
    return equal(a.condition, b.condition) && equal(a.body, b.body);
}

bool Comparison::nodes(const If& a, const If& b) {
    return equal(a.condition, b.condition) && equal(a.then_body, b.then_body) &&
           equal(a.else_body, b.else_body);
}

bool Comparison::nodes(const LetStmt& a, const LetStmt& b) {
    if (!equal(a.value, b.value)) return false;
    bind(a.symbol, b.symbol);
    return equal(a.body, b.body);
}

bool Comparison::equal(const StoreTarget& a, const StoreTarget& b) {
    return a.type == b.type && equal(a.tensor, b.tensor) && equal(a.indices, b.indices) &&
           equal(a.value, b.value);
}

bool Comparison::nodes(const Store& a, const Store& b) {
    return equal(a.targets, b.targets) && equal(a.predicate, b.predicate);
}

bool Comparison::nodes(const Reduce& a, const Reduce& b) {
    return a.op == b.op && a.commutes == b.commutes && a.contract == b.contract &&
           equal(a.target, b.target) && equal(a.predicate, b.predicate);
}

/// Declarations correspond: the symbols are bound to each other.
bool Comparison::equal(const Tensor& a, const Tensor& b) {
    if (a.type != b.type || a.space != b.space || a.origin != b.origin || a.layout != b.layout) return false;
    if (!equal(a.dims, b.dims)) return false;
    if (!a.data != !b.data || (a.data && *a.data != *b.data)) return false;
    bind(a.symbol, b.symbol);
    return true;
}

bool Comparison::nodes(const Allocate& a, const Allocate& b) {
    return equal(a.tensors, b.tensors) && equal(a.body, b.body);
}

bool Comparison::nodes(const Assert& a, const Assert& b) {
    return a.message == b.message && equal(a.condition, b.condition);
}

bool Comparison::nodes(const Print& a, const Print& b) {
    return a.texts == b.texts && equal(a.values, b.values);
}

bool Comparison::equal(const ExternArgument& a, const ExternArgument& b) {
    if (a.type != b.type || a.direction != b.direction || bool(a.tensor) != bool(b.tensor)) return false;
    return a.tensor ? equal(a.tensor, b.tensor) && equal(a.dims, b.dims) : equal(a.value, b.value);
}

bool Comparison::nodes(const ExternCall& a, const ExternCall& b) {
    return a.callee == b.callee && equal(a.arguments, b.arguments);
}

bool Comparison::nodes(const Copy& a, const Copy& b) {
    return a.side == b.side && a.type == b.type && equal(a.from, b.from) && equal(a.to, b.to) &&
           equal(a.dims, b.dims);
}

bool Comparison::nodes(const Stage& a, const Stage& b) {
    return a.definition == b.definition && equal(a.func, b.func) && equal(a.body, b.body);
}

bool Comparison::equal(const StreamDeclaration& a, const StreamDeclaration& b) {
    if (a.type != b.type || a.block != b.block || a.vector != b.vector || a.depth != b.depth ||
        !equal(a.dims, b.dims))
        return false;
    bind(a.symbol, b.symbol);
    return true;
}

bool Comparison::nodes(const DeclareStream& a, const DeclareStream& b) {
    return equal(a.stream, b.stream) && equal(a.body, b.body);
}

bool Comparison::nodes(const Push& a, const Push& b) {
    return a.type == b.type && equal(a.to, b.to) && equal(a.value, b.value);
}

bool Comparison::nodes(const Pop& a, const Pop& b) {
    if (a.type != b.type || !equal(a.from, b.from)) return false;
    bind(a.symbol, b.symbol);
    return equal(a.body, b.body);
}

bool Comparison::nodes(const Fill& a, const Fill& b) {
    return equal(a.to, b.to) && equal(a.tensor, b.tensor) && equal(a.body, b.body);
}

bool Comparison::nodes(const Drain& a, const Drain& b) {
    return equal(a.from, b.from) && equal(a.tensor, b.tensor) && equal(a.body, b.body);
}

bool Comparison::equal(const TensorView& a, const TensorView& b) {
    return a.direction == b.direction && a.whole == b.whole && equal(a.tensor, b.tensor) &&
           std::equal(a.dims.begin(), a.dims.end(), b.dims.begin(), b.dims.end(),
                      [&](const ViewDim& x, const ViewDim& y) {
                          return x.stride == y.stride && x.kept == y.kept && equal(x.begin, y.begin) &&
                                 equal(x.extent, y.extent);
                      });
}

bool Comparison::nodes(const CallStmt& a, const CallStmt& b) {
    return a.callee == b.callee && equal(a.tensors, b.tensors) && equal(a.values, b.values) &&
           equal(a.streams, b.streams);
}

bool Comparison::nodes(const Spawn& a, const Spawn& b) {
    if (!equal(a.box, b.box) || a.ids.size() != b.ids.size()) return false;
    for (size_t n = 0; n < a.ids.size(); ++n)
        bind(a.ids[n], b.ids[n]);
    return equal(a.call, b.call);
}

bool Comparison::equal(const Function& a, const Function& b) {
    if (a.name != b.name || a.params.size() != b.params.size() || a.arguments.size() != b.arguments.size())
        return false;
    for (size_t i = 0; i < a.params.size(); ++i) {
        if (a.params[i].type != b.params[i].type) return false;
        bind(a.params[i].symbol, b.params[i].symbol);
    }
    for (size_t i = 0; i < a.arguments.size(); ++i) {
        const Argument &x = a.arguments[i], &y = b.arguments[i];
        if (x.direction != y.direction || !equal(x.tensor, y.tensor)) return false;
    }
    return equal(a.constants, b.constants) && equal(a.streams, b.streams) && equal(a.body, b.body);
}

bool Comparison::equal(const Module& a, const Module& b) {
    return equal(a.functions, b.functions);
}

void mix(size_t& h, size_t with) {
    h ^= with + 0x9e3779b97f4a7c15ull + (h << 6) + (h >> 2);
}

size_t hash_attributes(const Expr& e, const std::set<Symbol>& bound) {
    switch (e.kind()) {
    case ExprKind::constant:
        return hash_value(e.as<Constant>()->value);
    case ExprKind::variable: {
        const Symbol& s = e.as<Variable>()->symbol;
        return bound.count(s) ? 0 : s.id();
    }
    case ExprKind::load:
        return e.as<Load>()->tensor.id();
    case ExprKind::unary:
        return static_cast<size_t>(e.as<Unary>()->op);
    case ExprKind::binary:
        return static_cast<size_t>(e.as<Binary>()->op);
    case ExprKind::slice:
        return static_cast<size_t>(e.as<Slice>()->hi * 8192 + e.as<Slice>()->lo);
    case ExprKind::call:
        return std::hash<std::string>()(e.as<Call>()->function);
    case ExprKind::vector_reduce:
        return static_cast<size_t>(e.as<VectorReduce>()->op);
    case ExprKind::select:
    case ExprKind::cast:
    case ExprKind::bitcast:
    case ExprKind::fma:
    case ExprKind::let:
    case ExprKind::ramp:
    case ExprKind::broadcast:
        break;
    }
    return 0;
}

} // namespace

bool equal(const Expr& a, const Expr& b) {
    return Comparison().equal(a, b);
}
bool equal(const Stmt& a, const Stmt& b) {
    return Comparison().equal(a, b);
}
bool equal(const Module& a, const Module& b) {
    return Comparison(true).equal(a, b);
}

size_t structural_hash(const Expr& e) {
    std::set<Symbol> bound;
    for_each_expr(e, [&](const Expr& x) {
        if (const auto* l = x.as<Let>()) bound.insert(l->symbol);
    });
    std::unordered_map<const ExprNode*, size_t> hashes;
    size_t last = 0;
    for_each_expr(e, [&](const Expr& x) {
        last = static_cast<size_t>(x.kind());
        const Type t = x.type();
        for (const int part : {int(t.code()), int(t.is_signed()), t.width(), t.frac(), t.lanes()})
            mix(last, static_cast<size_t>(part));
        mix(last, hash_attributes(x, bound));
        for (const Expr& operand : operands(x))
            mix(last, hashes[operand.get()]);
        hashes[x.get()] = last;
    });
    return last;
}

} // namespace lathe::ir
