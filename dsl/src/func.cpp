#include "lathe/dsl/func.h"

#include "nodes.h"
#include "shape.h"

#include "lathe/dsl/algorithm.h"
#include "lathe/dsl/math.h"
#include "lathe/ir/print.h"

#include <algorithm>

namespace lathe {

using namespace ir;

namespace {

/// Refuses definitions of a Func that something has already relied on.
void check_open(const FuncData& func, Loc loc) {
    if (func.built)
        fail(loc, "{} takes no more definitions: build or a Schedule has captured it; define it before",
             func.name());
    if (!func.reader.empty())
        fail(loc,
             "{} takes no more definitions: {} at {} has read it; define it before that line, or use another "
             "Func",
             func.name(), func.reader, func.read_at.str());
}

bool mentions(const Expr& e, const Symbol& variable) {
    Mentions m;
    m.add(e);
    return m.variables.count(variable) != 0;
}

const FreeVariable* bare_var(const Expr& e) {
    const FreeVariable* v = bare_variable(e);
    return v && !v->domain ? v : nullptr;
}

/// Checks one new definition against the rules of the language and adds it to its Func.
class Definer {
  public:
    Definer(FuncData& f, DefinitionData d) : func(f), def(std::move(d)) {
        for (const Expr& v : def.values)
            mentioned.add(v);
        for (const Expr& s : def.subscripts)
            mentioned.add(s);
        add_domains();
    }

    void define() {
        check_open(func, def.loc);
        check_count();
        for (const TensorLoad* load : mentioned.loads) {
            check_domain(*load);
            check_no_kernel(*load);
            check_fresh(*load);
        }
        if (!mentioned.lets.empty())
            fail(def.loc, "{} uses a let of a kernel, made at {}: it lives in the kernel's body only",
                 func.name(), mentioned.lets.begin()->second.str());
        if (func.definitions.empty()) def.op ? check_accumulation() : check_pure();
        collect_left();
        check_right();
        if (!func.definitions.empty() || def.op) check_self_reads();
        commit();
    }

  private:
    FuncData& func;
    DefinitionData def;
    Mentions mentioned;
    std::map<Symbol, size_t> left; ///< Vars on the left side → their dimension

    void add_domains() {
        // Bounds may mention domains that were made before.
        std::set<Symbol> done;
        while (done.size() < mentioned.domains.size()) {
            const auto domains = mentioned.domains;
            for (const auto& [symbol, domain] : domains)
                if (done.insert(symbol).second) mentioned.add(*domain);
        }
    }

    bool is_self(const TensorLoad& load) const {
        return load.source.get() == &func || (!load.source && func.owns(load.tensor));
    }

    /// The first definition says how many values there are, unless the Func's declaration did.
    void check_count() const {
        const bool open = !func.type && func.definitions.empty();
        if (def.values.size() == func.values() || open) return;
        fail(def.loc, "{} holds {} value{}, and {} given", func.name(), func.values(),
             func.values() == 1 ? "" : "s",
             def.values.size() == 1 ? "one is" : fmt::format("{} are", def.values.size()));
    }

    /// An RDom that an update of a Func goes over, and that reads the Func, belongs to the Func.
    void check_domain(const TensorLoad& load) const {
        if (load.source || func.owns(load.tensor)) return;
        bool condition = false;
        for (const auto& [first, domain] : mentioned.domains)
            for (const Expr& c : domain->conditions) {
                Mentions inside;
                inside.add(c);
                condition |= std::find(inside.loads.begin(), inside.loads.end(), &load) != inside.loads.end();
            }
        fail(def.loc,
             "{0} is read by {2} of an RDom that an update of {0} goes over: make another RDom for {1}",
             load.tensor.name(), func.name(), condition ? "the condition" : "a bound");
    }

    void check_no_kernel(const TensorLoad& load) const {
        if (load.source && load.source->role == TensorRole::kernel)
            fail(load.loc, "{} reads {}, which belongs to a kernel: pass the kernel's result as an Input",
                 func.name(), load.source->name());
    }

    /// An Expr made before a definition of what it reads means the old elements, which are gone.
    void check_fresh(const TensorLoad& load) const {
        const auto* read = dynamic_cast<const FuncData*>(load.source.get());
        if (!read || load.version == read->definitions.size()) return;
        fail(def.loc,
             "{} was read at {}, and defined again at {} before this use: read it anew here, or keep the old "
             "elements "
             "in a Func of their own",
             read->name(), load.loc.str(), read->definitions[load.version].loc.str());
    }

    void check_pure() const {
        for (size_t d = 0; d < def.subscripts.size(); ++d)
            if (!bare_var(def.subscripts[d]))
                fail(def.loc,
                     "the first definition of {} must have a Var in each place, and subscript {} is none: "
                     "define all "
                     "elements first, then update some",
                     func.name(), d + 1);
        if (!mentioned.domains.empty())
            fail(def.loc,
                 "the first definition of {} uses RDom {}: accumulate with += or the like, or use sum({}, …)",
                 func.name(), mentioned.domains.begin()->second->name,
                 mentioned.domains.begin()->second->name);
        for (const TensorLoad* load : mentioned.loads)
            invariant(!is_self(*load), "a Func was read before it was defined");
    }

    void check_accumulation() {
        if (!func.type)
            fail(def.loc,
                 "{} has no type: an update comes before its first definition, so declare one, as in "
                 "Func {}(\"{}\", Int(32))",
                 func.name(), func.name(), func.name());
        const bool known = *def.op == BinaryOp::add || *def.op == BinaryOp::mul ||
                           *def.op == BinaryOp::bit_and || *def.op == BinaryOp::bit_or ||
                           *def.op == BinaryOp::bit_xor;
        if (!known || !has_identity(*def.op, *func.type))
            fail(def.loc, "{} has no definition that {}= could start from: define all elements first",
                 func.name(), symbol(*def.op));
    }

    void collect_left() {
        for (size_t d = 0; d < def.subscripts.size(); ++d) {
            const FreeVariable* v = bare_var(def.subscripts[d]);
            if (v && !left.emplace(v->symbol, d).second)
                fail(def.loc, "{} stands twice on the left side of {}: use another Var, or an RDom",
                     v->symbol.name(), func.name());
        }
    }

    void check_right() const {
        std::set<Symbol> bound; // a domain's own conditions mention its variables without owning it
        for (const auto& [first, domain] : mentioned.domains)
            for (const RDomData::Dimension& d : domain->dims)
                bound.insert(d.symbol);
        for (const auto& [symbol, v] : mentioned.variables) {
            if (bound.count(symbol) || left.count(symbol)) continue;
            const bool alone = std::any_of(def.subscripts.begin(), def.subscripts.end(),
                                           [&, s = symbol](const Expr& e) { return mentions(e, s); });
            if (alone)
                fail(def.loc,
                     "{} stands on the left side of {} in an expression only: a Var must be a subscript of "
                     "its "
                     "own; to visit some positions use an RDom",
                     symbol.name(), func.name());
            fail(v->loc, "{} is not on the left side of {}: put it there, or use an RDom", symbol.name(),
                 func.name());
        }
    }

    void check_self_reads() const {
        for (const TensorLoad* load : mentioned.loads) {
            if (!is_self(*load)) continue;
            for (const auto& [symbol, d] : left) {
                const FreeVariable* v = bare_var(load->subscripts[d]);
                if (v && v->symbol == symbol) continue;
                fail(load->loc,
                     "{} in an update of {} promises independent iterations, and {} is read at another "
                     "position than {} "
                     "in subscript {}: use an RDom for it",
                     symbol.name(), func.name(), func.name(), symbol.name(), d + 1);
            }
        }
    }

    void infer_types() {
        if (func.type) return;
        for (const Expr& v : def.values)
            if (v.as<Constant>() || v.type().is_real())
                fail(def.loc,
                     "{} has no type, and a literal does not give it one: declare it, as in Func {}(\"{}\", "
                     "{})",
                     func.name(), func.name(), func.name(),
                     def.values.size() == 1 ? "Float(32)" : "{Float(32), Int(32)}");
        while (func.values() < def.values.size())
            func.add_value();
        for (size_t n = 0; n < def.values.size(); ++n) {
            func.value(n).type = def.values[n].type();
            func.value(n).origin = TypeOrigin::definition;
        }
    }

    void commit() {
        infer_types();
        for (const auto& [symbol, domain] : mentioned.domains) {
            domain->used = true;
            def.domains.push_back(domain);
        }
        for (const TensorLoad* load : mentioned.loads) {
            auto* read = dynamic_cast<FuncData*>(load->source.get());
            if (!read || read == &func || !read->reader.empty()) continue;
            read->reader = func.name();
            read->read_at = load->loc;
        }
        for (const auto& domain : def.domains) // the nodes in `mentioned` may be gone now
            disown(*domain, func);
        for (Expr& s : def.subscripts)
            s = disown(s, &func, nullptr);
        for (Expr& v : def.values)
            v = disown(v, &func, nullptr);
        if (func.definitions.empty() && def.op) {
            DefinitionData start = def;
            start.identity = true;
            start.sequence = Symbol(func.name()).id();
            func.definitions.push_back(std::move(start));
        }
        def.sequence = Symbol(func.name()).id();
        if (def.subscripts.empty() && !func.extents) be_scalar();
        func.definitions.push_back(std::move(def));
    }

    /// Without dimensions there is nothing to infer.
    void be_scalar() {
        func.extents.emplace();
        for (TensorData& t : func.more)
            t.extents.emplace();
    }
};

} // namespace

static const TensorData& value_of(const FuncData& func, size_t n) {
    if (n >= func.values())
        fail(func.loc, "{} holds {} value{}, and has no value {}", func.name(), func.values(),
             func.values() == 1 ? "" : "s", n);
    return func.value(n);
}

size_t FuncData::version(Loc loc) const {
    if (definitions.empty())
        fail(loc, "{} is read before it is defined: put its definition, {}(…) = …, before this line", name(),
             name());
    return definitions.size();
}

void FuncData::add_value() {
    TensorData& tensor =
        more.emplace_back(TensorRole::func, Name(fmt::format("{}_{}", name(), more.size() + 1), loc));
    tensor.extents = extents;
    tensor.mins = mins;
}

bool FuncData::owns(const Symbol& tensor) const {
    return tensor == symbol ||
           std::any_of(more.begin(), more.end(), [&](const TensorData& t) { return t.symbol == tensor; });
}

Tuple::Tuple(std::vector<Expr> values, Loc loc) : exprs(std::move(values)), location(loc) {
    if (exprs.empty()) fail(loc, "a Tuple without values");
    for (const Expr& e : exprs)
        if (!e.defined()) fail(loc, "a value of a Tuple is an empty Expr");
}

Tuple::Tuple(FuncRef&& element) : location(element.location) {
    for (size_t n = 0; n < element.tensor->values(); ++n)
        exprs.push_back(element.load(n));
}

const Expr& Tuple::operator[](size_t n) const {
    if (n >= exprs.size()) fail(location, "a Tuple of {} values has no value {}", exprs.size(), n);
    return exprs[n];
}

Tuple select(const Operand& condition, const Tuple& then_values, const Tuple& else_values) {
    if (then_values.size() != else_values.size())
        fail(condition.loc(), "select takes Tuples of equal size, and these have {} and {} values",
             then_values.size(), else_values.size());
    std::vector<Expr> values;
    for (size_t n = 0; n < then_values.size(); ++n)
        values.push_back(select(condition, Operand(then_values[n], condition.loc()),
                                Operand(else_values[n], condition.loc())));
    return Tuple(std::move(values), condition.loc());
}

FuncRef::FuncRef(const std::shared_ptr<FuncData>& func, std::vector<Expr> at, Loc loc)
    : ElementRef(func, std::move(at), loc) {}

void FuncRef::operator=(const Operand& value) && {
    define({}, {value.expr()});
}

void FuncRef::operator=(FuncRef&& value) && {
    std::move(*this) = Tuple(std::move(value));
}

void FuncRef::operator=(const Tuple& values) && {
    define({}, values.values());
}

const Expr FuncRef::operator[](BitPosition n) && {
    if (tensor->values() == 1) return load()[n];
    if (n.position < 0 || static_cast<size_t>(n.position) >= tensor->values())
        fail(n.loc, "{} holds {} values, and has no value {}", tensor->name(), tensor->values(), n.position);
    return load(static_cast<size_t>(n.position));
}

void FuncRef::update(BinaryOp op, const Operand& value) {
    if (tensor->values() > 1)
        fail(location, "{0} holds {1} values, and {2}= works on one: write {0}(…) = Tuple(…)", tensor->name(),
             tensor->values(), symbol(op));
    define(op, {value.expr()});
}

void FuncRef::define(std::optional<BinaryOp> op, std::vector<Expr> values) {
    DefinitionData def;
    def.subscripts = subscripts;
    def.op = op;
    def.values = std::move(values);
    def.loc = location;
    Definer(static_cast<FuncData&>(*tensor), std::move(def)).define();
}

void FuncRef::operator+=(const Operand& value) && {
    update(BinaryOp::add, value);
}
void FuncRef::operator-=(const Operand& value) && {
    update(BinaryOp::add, Operand(Unary::make(UnaryOp::neg, value.expr(), location), location));
}
void FuncRef::operator*=(const Operand& value) && {
    update(BinaryOp::mul, value);
}
void FuncRef::operator/=(const Operand& value) && {
    update(BinaryOp::div, value);
}
void FuncRef::operator%=(const Operand& value) && {
    update(BinaryOp::mod, value);
}
void FuncRef::operator&=(const Operand& value) && {
    update(BinaryOp::bit_and, value);
}
void FuncRef::operator|=(const Operand& value) && {
    update(BinaryOp::bit_or, value);
}
void FuncRef::operator^=(const Operand& value) && {
    update(BinaryOp::bit_xor, value);
}
void FuncRef::operator<<=(const Operand& value) && {
    update(BinaryOp::shl, value);
}
void FuncRef::operator>>=(const Operand& value) && {
    update(BinaryOp::shr, value);
}

Func::Func(Name name) : func(std::make_shared<FuncData>(name)) {
    check_name(name);
}

Func::Func(Name name, Type type) : Func(name) {
    check_element_type(type, name);
    func->type = type;
}

Func::Func(Name name, Type type, const Shape& shape) : Func(name, type) {
    set_shape(*func, shape);
}

Func::Func(Name name, const Types& types) : Func(name, types.types().front()) {
    for (size_t n = 1; n < types.types().size(); ++n) {
        const Type t = types.types()[n];
        check_element_type(t, name);
        func->add_value();
        func->value(n).type = t;
    }
}

Func::Func(Name name, const Types& types, const Shape& shape) : Func(name, types) {
    for (size_t n = 0; n < func->values(); ++n)
        set_shape(func->value(n), shape);
}

Func::Func(Name name, const Shape& shape) : Func(name) {
    set_shape(*func, shape);
}

const std::string& Func::name() const {
    return func->name();
}
const Symbol& Func::symbol() const {
    return func->symbol;
}
bool Func::defined() const {
    return !func->definitions.empty();
}
size_t Func::definitions() const {
    return func->definitions.size();
}
Expr Func::extent(size_t dimension) const {
    return extent_value(*func, dimension);
}
Expr Func::min(size_t dimension) const {
    return min_value(*func, dimension);
}
Loc Func::loc() const {
    return func->loc;
}

size_t Func::values() const {
    return func->values();
}
const Symbol& Func::symbol(size_t value) const {
    return value_of(*func, value).symbol;
}

Type Func::type(size_t value) const {
    if (!func->type) fail(func->loc, "{} has no type yet: define it or declare one", name());
    return *value_of(*func, value).type;
}

size_t Func::rank() const {
    if (func->extents) return func->extents->size();
    if (!defined()) fail(func->loc, "{} has no dimensions yet: define it or declare its shape", name());
    return func->definitions.front().subscripts.size();
}

StageRef::StageRef(const Func& f, Loc l) : func(f.symbol()), loc(l) {}

void Func::require(const Operand& condition, const std::string& message) const {
    const Type t = condition.expr().type();
    if (!t.is_bool())
        fail(condition.loc(), "the condition of require is {}: it must be a Bool; compare with 0", t.str());
    Mentions mentions;
    mentions.add(condition.expr());
    if (!mentions.loads.empty() || !mentions.variables.empty())
        fail(condition.loc(),
             "{}.require({}) names more than parameters, which is not known when the function is "
             "called",
             name(), print(condition.expr()));
    if (func->built)
        fail(condition.loc(), "{} was built, and takes no more requirements: state them before that", name());
    func->requirements.push_back(
        {condition.expr(), message.empty() ? "a requirement does not hold" : message, condition.loc()});
}

} // namespace lathe
