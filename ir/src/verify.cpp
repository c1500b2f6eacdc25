#include "lathe/ir/verify.h"

#include "expr_types.h"
#include "lathe/ir/layout.h"
#include "lathe/ir/planted.h"
#include "lathe/ir/print.h"
#include "lathe/ir/visit.h"

#include <algorithm>

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

std::string described(const Layout& l) {
    return l.plain() ? "a plain layout" : "the layout " + layout_text(l).substr(2);
}

/// A stream in scope, and what may be done with it here.
struct DeclaredStream {
    StreamDeclaration stream;
    std::optional<Direction> direction; ///< of an argument; none: processes are given it
};

struct Declared {
    Type type;
    std::vector<Dim> dims;
    bool writable;
    Layout layout;
    bool on_device = false;
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
    void declaration(const Tensor& t);
    void declare(const Tensor& t, bool writable);
    void define(const Symbol& s);
    void data(const Tensor& t);
    void stmt(const Stmt& s);
    void contents(const Stmt& s);
    void in_scope(const Symbol& variable, Type t, const Stmt& body);
    void target(const StoreTarget& t, bool predicated);
    void passed(const ExternArgument& a);
    void copy(const Copy& c);
    void declare(const StreamDeclaration& s, std::optional<Direction> direction);
    const DeclaredStream& element(const StreamElement& e, size_t left_out = 0);
    void same_extents(const StreamDeclaration& given, const StreamDeclaration& formal,
                      const std::string& callee) const;
    void token(const StreamElement& e, Direction direction, Type type);
    void block(const StreamElement& e, Direction direction, const Tensor& t, const Stmt& body);
    void call(const CallStmt& c);
    void view(const TensorView& v, const Argument& formal, const std::string& callee);
    void network_statement(const Stmt& s);
    bool hardware(const Stmt& s);
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
    Stmt current;                             ///< the statement that a fault shows
    bool may_not_run = false;                 ///< under a condition: constant subscripts are not judged
    std::set<Symbol> defined;                 ///< in the whole module
    std::map<Symbol, Expr> lets;              ///< Let nodes seen; a shared one is one definition
    std::map<Symbol, Type> variables;         ///< in scope
    std::map<Symbol, Declared> tensors;       ///< in scope
    std::map<Symbol, DeclaredStream> streams; ///< in scope
    const Module* all = nullptr;
    std::set<std::string> callers; ///< functions that were verified, and this one: none is called by it
    bool network = false;          ///< directly in a Dataflow
    /// Let-bound variables that a node of the current expression still needs, with the types they are used
    /// at.
    std::unordered_map<const ExprNode*, std::map<Symbol, Type>> pending;
};

void Verifier::module(const Module& m) {
    if (m.functions.empty()) fault("the module has no function");
    std::set<std::string> names;
    all = &m;
    for (const Function& f : m.functions) {
        function_name = f.name;
        callers.insert(f.name);
        if (f.name.empty()) fault("a function has no name");
        if (!names.insert(f.name).second) fault("two functions are called {}", f.name);
        function(f);
    }
}

void Verifier::function(const Function& f) {
    variables.clear();
    tensors.clear();
    streams.clear();
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
        declaration(a.tensor);
        declare(a.tensor, a.direction != Direction::in);
    }
    for (const StreamArgument& a : f.streams)
        declare(a.stream, a.direction);
    for (const Tensor& t : f.constants) {
        if (!t.data) fault("the constant tensor {} has no data", t.symbol.name());
        declaration(t);
        declare(t, false);
    }
    stmt(f.body);
}

void Verifier::define(const Symbol& s) {
    if (!s) fault("a definition has no symbol");
    if (!defined.insert(s).second) fault("{} is defined twice", s.name());
}

/// What a tensor's declaration says, where it stands.
void Verifier::declaration(const Tensor& t) {
    try {
        Allocate::make(t, {});
    } catch (const Error& e) {
        fault("tensor {}: {}", t.symbol.name(), reason(e));
    }
    for (const Dim& d : t.dims) {
        expr(d.min);
        expr(d.extent);
    }
}

void Verifier::declare(const Tensor& t, bool writable) {
    define(t.symbol);
    if (t.data) data(t);
    tensors[t.symbol] = {t.type, t.dims, writable, t.layout};
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
    case StmtKind::copy: {
        const auto* n = s.as<Copy>();
        return Copy::make(n->from, n->to, n->side, n->type, n->dims);
    }
    case StmtKind::stage:
        return Stage::make(s.as<Stage>()->func, s.as<Stage>()->definition, {});
    case StmtKind::stream:
        return DeclareStream::make(s.as<DeclareStream>()->stream, {});
    case StmtKind::push:
        return Push::make(s.as<Push>()->to, s.as<Push>()->type, s.as<Push>()->value);
    case StmtKind::pop:
        return Pop::make(s.as<Pop>()->symbol, s.as<Pop>()->from, s.as<Pop>()->type, {});
    case StmtKind::fill:
        return Fill::make(s.as<Fill>()->to, s.as<Fill>()->tensor, {});
    case StmtKind::drain:
        return Drain::make(s.as<Drain>()->from, s.as<Drain>()->tensor, {});
    case StmtKind::call: {
        const auto* n = s.as<CallStmt>();
        return CallStmt::make(n->callee, n->tensors, n->values, n->streams);
    }
    case StmtKind::dataflow:
        return Dataflow::make({});
    case StmtKind::spawn:
        return Spawn::make(s.as<Spawn>()->ids, s.as<Spawn>()->box, s.as<Spawn>()->call);
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
        for (const Tensor& t : a->tensors)
            declaration(t);
        for (const Tensor& t : a->tensors) {
            declare(t, !t.data);
            tensors[t.symbol].on_device = t.space.on_device();
        }
        stmt(a->body);
        for (const Tensor& t : a->tensors)
            tensors.erase(t.symbol);
        return;
    }
    for (const Expr& e : expressions(s))
        expr(e);
    if (network) network_statement(s);
    if (hardware(s)) return;
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
    if (const auto* c = s.as<Copy>()) copy(*c);
    for (const Stmt& body : bodies(s))
        stmt(body);
}

/// Statements about streams and Functions. Whether `s` is one.
bool Verifier::hardware(const Stmt& s) {
    if (const auto* d = s.as<DeclareStream>()) {
        if (!network) fault("the stream {} is declared outside of a dataflow", d->stream.symbol.name());
        declare(d->stream, {});
        stmt(d->body);
        streams.erase(d->stream.symbol);
    } else if (const auto* p = s.as<Push>()) {
        token(p->to, Direction::out, p->type);
    } else if (const auto* p = s.as<Pop>()) {
        token(p->from, Direction::in, p->type);
        define(p->symbol);
        in_scope(p->symbol, p->type, p->body);
    } else if (const auto* b = s.as<Fill>()) {
        block(b->to, Direction::out, b->tensor, b->body);
    } else if (const auto* b = s.as<Drain>()) {
        block(b->from, Direction::in, b->tensor, b->body);
    } else if (const auto* c = s.as<CallStmt>()) {
        call(*c);
    } else if (const auto* d = s.as<Dataflow>()) {
        const bool outer = std::exchange(network, true);
        stmt(d->body);
        network = false;
        stmt(d->origin);
        network = outer;
    } else if (const auto* p = s.as<Spawn>()) {
        if (!network) fault("a spawn stands outside of a dataflow");
        for (const Symbol& id : p->ids) {
            define(id);
            variables[id] = IndexType();
        }
        stmt(p->call);
        for (const Symbol& id : p->ids)
            variables.erase(id);
    } else {
        return false;
    }
    return true;
}

/// A network is streams, tensors and processes.
void Verifier::network_statement(const Stmt& s) {
    switch (s.kind()) {
    case StmtKind::block:
    case StmtKind::allocate:
    case StmtKind::stream:
    case StmtKind::call:
    case StmtKind::spawn:
        return;
    case StmtKind::for_:
    case StmtKind::while_:
    case StmtKind::if_:
    case StmtKind::let:
    case StmtKind::store:
    case StmtKind::reduce:
    case StmtKind::assert_:
    case StmtKind::print:
    case StmtKind::extern_call:
    case StmtKind::stage:
    case StmtKind::push:
    case StmtKind::pop:
    case StmtKind::fill:
    case StmtKind::drain:
    case StmtKind::dataflow:
    case StmtKind::copy:
        fault("a dataflow holds a statement that is no process");
    }
}

void Verifier::declare(const StreamDeclaration& s, std::optional<Direction> direction) {
    define(s.symbol);
    for (const int64_t extent : s.block)
        if (extent <= 0) fault("a block of {} is empty", s.symbol.name());
    if (s.vector && s.block.size() != 1) fault("a word of {} has no lanes", s.symbol.name());
    streams[s.symbol] = {s, direction};
}

const DeclaredStream& Verifier::element(const StreamElement& e, size_t left_out) {
    const auto found = streams.find(e.stream);
    if (found == streams.end()) fault("the stream {} is not in scope", e.stream.name());
    const DeclaredStream& d = found->second;
    if (d.stream.dims.size() != e.at.size() + left_out)
        fault("{} has {} dimensions and {} subscripts", e.stream.name(), d.stream.dims.size(), e.at.size());
    return d;
}

/// An array of streams as an argument has the last dimensions of the one that is passed.
void Verifier::same_extents(const StreamDeclaration& given, const StreamDeclaration& formal,
                            const std::string& callee) const {
    const size_t rank = formal.dims.size(), first = given.dims.size() - rank;
    for (size_t d = 0; d < rank; ++d) {
        const auto a = as_int(given.dims[first + d]), b = as_int(formal.dims[d]);
        if (!a || !b || *a != *b)
            fault("{} takes {} streams in a dimension of {}, and {} has {}", callee, print(formal.dims[d]),
                  formal.symbol.name(), given.symbol.name(), print(given.dims[first + d]));
    }
}

void Verifier::token(const StreamElement& e, Direction direction, Type type) {
    const DeclaredStream& d = element(e);
    if (d.direction != direction)
        fault("{} is {}", e.stream.name(),
              direction == Direction::in ? "not to be read" : "not to be written");
    if (!d.stream.block.empty()) fault("{} passes blocks, not values", e.stream.name());
    if (d.stream.type != type)
        fault("{} passes {}, not {}", e.stream.name(), d.stream.type.str(), type.str());
}

void Verifier::block(const StreamElement& e, Direction direction, const Tensor& t, const Stmt& body) {
    const DeclaredStream& d = element(e);
    if (d.direction != direction)
        fault("{} is {}", e.stream.name(),
              direction == Direction::in ? "not to be read" : "not to be written");
    std::vector<int64_t> extents;
    for (const Dim& dim : t.dims)
        extents.push_back(*as_int(dim.extent));
    if (d.stream.type != t.type || d.stream.block != extents)
        fault("a block of {} is another than {}", e.stream.name(), t.symbol.name());
    declare(t, direction == Direction::out);
    stmt(body);
    tensors.erase(t.symbol);
}

void Verifier::call(const CallStmt& c) {
    if (callers.contains(c.callee)) fault("{} calls itself, or stands behind {}", c.callee, function_name);
    const Function& f = all->function(c.callee);
    if (c.tensors.size() != f.arguments.size() || c.values.size() != f.params.size() ||
        c.streams.size() != f.streams.size())
        fault("a call of {} passes another number of arguments", f.name);
    for (size_t n = 0; n < c.tensors.size(); ++n)
        view(c.tensors[n], f.arguments[n], f.name);
    for (size_t n = 0; n < c.values.size(); ++n)
        if (c.values[n].type() != f.params[n].type)
            fault("{} takes {} for {}, not {}", f.name, f.params[n].type.str(), f.params[n].symbol.name(),
                  c.values[n].type().str());
    for (size_t n = 0; n < c.streams.size(); ++n) {
        const StreamArgument& formal = f.streams[n];
        const DeclaredStream& given = element(c.streams[n], formal.stream.dims.size());
        same_extents(given.stream, formal.stream, f.name);
        if (given.stream.type != formal.stream.type || given.stream.block != formal.stream.block ||
            given.stream.vector != formal.stream.vector)
            fault("{} takes another kind of stream for {}", f.name, formal.stream.symbol.name());
        if (given.direction && given.direction != formal.direction)
            fault("{} reads and writes {} the other way round", f.name, given.stream.symbol.name());
    }
}

void Verifier::view(const TensorView& v, const Argument& formal, const std::string& callee) {
    const auto found = tensors.find(v.tensor);
    if (found == tensors.end()) fault("the tensor {} is not in scope", v.tensor.name());
    const Declared& t = found->second;
    const auto rank = static_cast<size_t>(std::ranges::count(v.dims, true, &ViewDim::kept));
    if (v.dims.size() != t.dims.size())
        fault("a view of {} has {} dimensions, and it has {}", v.tensor.name(), v.dims.size(), t.dims.size());
    if (v.whole && rank != v.dims.size())
        fault("a view of all of {} leaves a dimension out", v.tensor.name());
    if (t.type != formal.tensor.type || rank != formal.tensor.dims.size())
        fault("{} takes a tensor of {} with {} dimensions for {}, and {} is of {} with {}", callee,
              formal.tensor.type.str(), formal.tensor.dims.size(), formal.tensor.symbol.name(),
              v.tensor.name(), t.type.str(), rank);
    if (!formal.tensor.layout.plain() && !(formal.tensor.layout == t.layout))
        fault("{} takes {} with {}, and {} has {}", callee, formal.tensor.symbol.name(),
              described(formal.tensor.layout), v.tensor.name(), described(t.layout));
    if (v.direction != formal.direction)
        fault("{} is passed to {} in another direction than it has there", v.tensor.name(), callee);
    if (v.direction != Direction::in && !t.writable)
        fault("{} is passed to be written and must not be", v.tensor.name());
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

/// Between two tensors of the same type and shape, one of which is in the device's memory.
void Verifier::copy(const Copy& c) {
    if (callers.size() > 1) fault("a copy between host and device stands in {}", function_name);
    for (const auto& [symbol, side] :
         {std::pair(c.from, c.side == Side::host ? Side::device : Side::host), std::pair(c.to, c.side)}) {
        const auto found = tensors.find(symbol);
        if (found == tensors.end()) fault("the tensor {} is not in scope", symbol.name());
        const Declared& t = found->second;
        bool same = t.type == c.type && t.dims.size() == c.dims.size();
        for (size_t d = 0; same && d < c.dims.size(); ++d)
            same = equal(t.dims[d].min, c.dims[d].min) && equal(t.dims[d].extent, c.dims[d].extent);
        if (!same) fault("{} is copied as if it had another type or shape", symbol.name());
        if (t.on_device != (side == Side::device))
            fault("{} is not on the {}", symbol.name(), side == Side::device ? "device" : "host");
        if (symbol == c.to && !t.writable) fault("{} is copied to and must not be written", symbol.name());
    }
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
