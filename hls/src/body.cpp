#include "body.h"

#include "expr.h"
#include "functions.h"
#include "lathe/ir/analysis.h"
#include "lathe/ir/loop_facts.h"
#include "lathe/ir/planted.h"
#include "lathe/ir/print.h"
#include "lathe/ir/text.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe::hls {

namespace {

/// Larger arrays are kept off the stack of a simulation.
constexpr int64_t stack_bits = 8 * 64 * 1024;

bool reads_memory(const Expr& e) {
    return !tensors_read(e).empty();
}

} // namespace

void BodyEmitter::emit(const Stmt& s) {
    if (!s.defined()) return;
    if (s.loc().known()) scope.line = s.loc();
    switch (s.kind()) {
    case StmtKind::block:
        for (const Stmt& inner : s.as<Block>()->stmts)
            emit(inner);
        return;
    case StmtKind::for_:
        return loop(*s.as<For>());
    case StmtKind::while_:
        return while_loop(*s.as<While>());
    case StmtKind::if_:
        return branch(*s.as<If>());
    case StmtKind::let:
        return let(*s.as<LetStmt>());
    case StmtKind::store:
        return store(*s.as<Store>());
    case StmtKind::reduce:
        return reduce(*s.as<Reduce>());
    case StmtKind::allocate:
        return allocate(*s.as<Allocate>());
    case StmtKind::assert_:
        return check(*s.as<Assert>());
    case StmtKind::print:
        return print_line(*s.as<Print>());
    case StmtKind::extern_call:
        return call(*s.as<ExternCall>());
    case StmtKind::stage:
        return stage(*s.as<Stage>());
    case StmtKind::copy:
        return copy(*s.as<Copy>());
    case StmtKind::stream:
    case StmtKind::push:
    case StmtKind::pop:
    case StmtKind::fill:
    case StmtKind::drain:
    case StmtKind::call:
    case StmtKind::dataflow:
    case StmtKind::spawn:
        return network(s);
    }
    throw InternalError("a statement of unknown kind");
}

/// A statement between braces.
void BodyEmitter::block(const Stmt& body) {
    ++out.indent;
    scope.names.open();
    const ir::FactsScope known(scope.facts);
    emit(body);
    scope.names.close();
    --out.indent;
}

void BodyEmitter::stage(const Stage& s) {
    const std::string outer = stage_name;
    const int update = s.definition - 1;
    stage_name = s.func.name() + (update < 0 ? "" : fmt::format("_update{}", update));
    const std::string what = update < 0 ? "" : fmt::format(", update {}", update);
    out.line(fmt::format("// {}{}", comment_text(s.func.name()), what));
    emit(s.body);
    stage_name = outer;
}

void BodyEmitter::loop(const For& s) {
    const Expr end = simplify(iadd(s.min, s.extent), scope.facts);
    ExprEmitter expr(scope, out, {s.min, end});
    std::string first = expr.index(s.min), last = expr.compared(end);
    const std::vector<Symbol> words = open_words(s);
    const std::string label = labels.take((stage_name.empty() ? "" : stage_name + "_") + s.var.name());
    // The bounds are evaluated once.
    if (reads_memory(s.min)) first = expr.named(s.var.name() + "_begin", IndexType(), first);
    if (reads_memory(end)) last = expr.named(s.var.name() + "_end", IndexType(), last);
    scope.names.open();
    const std::string name = scope.names.take(s.var.name());
    if (s.loop.known() && s.loop.properties().concurrent) out.line("// Iterations are independent.");
    out.line(fmt::format("{}: for ({} {} = {}; {} < {}; ++{}) {{", label, scope.index_type, name, first, name,
                         last, name));
    pragmas(s);
    scope.variables[s.var] = name;
    {
        const ir::FactsScope known(scope.facts);
        enter_loop(scope.facts, s);
        if (const Expr guard = runs_while(s); guard.defined()) leave_unless(guard);
        block(s.body);
    }
    scope.variables.erase(s.var);
    out.line("}");
    scope.names.close();
    close_words(words);
}

/// Leaves the loop around unless the condition holds.
void BodyEmitter::leave_unless(const Expr& condition) {
    ++out.indent;
    scope.names.open();
    const std::string holds = ExprEmitter(scope, out, {condition}).condition(condition);
    out.line(fmt::format("if (!({})) break;", holds));
    scope.names.close();
    --out.indent;
}

void BodyEmitter::while_loop(const While& s) {
    out.line("while (true) {");
    leave_unless(s.condition);
    block(s.body);
    out.line("}");
}

/// Hardware prints nothing.
void BodyEmitter::print_line(const Print& s) {
    out.edge("#ifndef __SYNTHESIS__");
    ExprEmitter expr(scope, out, s.values);
    std::string format, arguments;
    format += printf_text(s.texts[0]);
    for (size_t i = 0; i < s.values.size(); ++i) {
        const Expr& e = s.values[i];
        const Type t = e.type();
        if (t.is_float()) {
            const Type wide = t.width() == 64 ? t : Float(32);
            format += t.width() == 64 ? "%.17g" : "%.9g";
            arguments += fmt::format(", (double)({})", expr.value(e, wide));
        } else if (t == UInt(64)) {
            format += "%llu";
            arguments += fmt::format(", (unsigned long long)({})", expr.value(e, t));
        } else {
            format += "%lld";
            arguments += fmt::format(", (long long)({})", expr.value(e, IndexType()));
        }
        format += printf_text(s.texts[i + 1]);
    }
    out.line(fmt::format("std::printf({}{});", c_string(format + "\n"), arguments));
    out.edge("#endif");
}

/// Arrays are passed by the address of their first element.
void BodyEmitter::call(const ExternCall& s) {
    std::vector<Expr> values;
    for (const ExternArgument& a : s.arguments)
        if (!a.tensor) values.push_back(a.value);
    ExprEmitter expr(scope, out, values);
    std::vector<std::string> arguments;
    for (const ExternArgument& a : s.arguments) {
        if (!a.tensor) {
            arguments.push_back(expr.value(a.value, a.type));
            continue;
        }
        const Array& array = scope.array(a.tensor);
        std::string text = array.flat ? array.name : "&" + array.name;
        for (size_t d = 0; !array.flat && d < array.dims.size(); ++d)
            text += "[0]";
        arguments.push_back(text);
    }
    out.line(fmt::format("{}({});", s.callee->name, fmt::join(arguments, ", ")));
}

void BodyEmitter::pragmas(const For& s) {
    if (!s.loop.known() || s.loop.properties().sync != SyncScope::none)
        fail(s.loc, "loop {} is {}, which has no HLS code", s.var.name(), s.loop.name());
    const LoopProperties& p = s.runs();
    if (p.by_extent()) out.edge("#pragma HLS unroll");
    if (p.overlapped) out.edge(fmt::format("#pragma HLS pipeline II={}", s.loop.interval()));
    if (!as_int(s.extent)) tripcount(s);
}

void BodyEmitter::tripcount(const For& s) {
    const Expr extent = substitute(s.extent, run_sizes);
    const auto most = const_upper_bound(extent, scope.facts);
    const auto least = const_lower_bound(extent, scope.facts);
    if (!most) return;
    const int64_t low = std::max<int64_t>(least.value_or(0), 0);
    out.edge(fmt::format("#pragma HLS loop_tripcount min={} max={}", low, std::max(*most, low)));
}

void BodyEmitter::branch(const If& s) {
    ExprEmitter expr(scope, out, {s.condition});
    out.line(fmt::format("if ({}) {{", expr.condition(s.condition)));
    const auto arm = [&](const Expr& holds, const Stmt& body) {
        const ir::FactsScope known(scope.facts);
        scope.facts.assume(holds);
        block(body);
    };
    arm(s.condition, s.then_body);
    if (s.else_body.defined()) {
        out.line("} else {");
        arm(Unary::make(UnaryOp::bit_not, s.condition), s.else_body);
    }
    out.line("}");
}

void BodyEmitter::let(const LetStmt& s) {
    ExprEmitter expr(scope, out, {s.value});
    const std::string value = expr.assigned(s.value, s.value.type());
    scope.variables[s.symbol] = expr.named(s.symbol.name(), s.value.type(), value);
    if (s.value.type().is_index()) scope.facts.bound(s.symbol, {s.value, s.value});
    emit(s.body);
    scope.variables.erase(s.symbol);
}

void BodyEmitter::store(const Store& s) {
    std::vector<Expr> roots;
    for (const StoreTarget& t : s.targets) {
        roots.insert(roots.end(), t.indices.begin(), t.indices.end());
        roots.push_back(t.value);
    }
    ExprEmitter expr(scope, out, roots);
    std::vector<std::string> assignments;
    for (const StoreTarget& t : s.targets) {
        std::string value = expr.assigned(t.value, t.type);
        std::vector<Expr> indices = t.indices;
        if (s.targets.size() > 1) {
            // All is read before anything is written.
            value = expr.named("new_" + t.tensor.name(), t.type, value);
            for (Expr& i : indices)
                if (reads_memory(i)) {
                    const Symbol at("at");
                    scope.variables[at] = expr.named("at", IndexType(), expr.index(i));
                    i = Variable::make(at, IndexType());
                }
        }
        assignments.push_back(expr.stored(t.tensor, indices, value));
    }
    for (const std::string& a : assignments)
        out.line(a);
}

void BodyEmitter::reduce(const Reduce& s) {
    std::vector<Expr> roots = s.target.indices;
    roots.push_back(s.target.value);
    ExprEmitter expr(scope, out, roots);
    const std::string element = expr.element(s.target.tensor, s.target.indices);
    const Type t = s.target.type, v = s.target.value.type();
    const bool adds = s.op == BinaryOp::add && !s.contract;
    const bool in_place = !scope.array(s.target.tensor).in_words();
    if (in_place && adds && t == v && (t.is_float() && t.width() > 16))
        return out.line(fmt::format("{} += {};", element, expr.value(s.target.value, t)));
    const std::string step = expr.reduced(s, element);
    out.line(expr.stored(s.target.tensor, s.target.indices, step));
}

/// A simulation ends where the interpreter does; hardware checks nothing.
void BodyEmitter::check(const Assert& s) {
    ExprEmitter expr(scope, out, {s.condition});
    out.line(fmt::format("lathe::require({}, {});", expr.condition(s.condition), c_string(s.message)));
    scope.facts.assume(s.condition);
}

/// How an array is split into banks and words, and where it lies (UG1399: array_partition, array_reshape,
/// bind_storage). Dimensions are counted from 1, outermost first.
void BodyEmitter::memory_pragmas(const std::string& name, const Tensor& t) {
    for (size_t d = 0; d < t.layout.dims.size(); ++d) {
        const DimLayout& l = t.layout.dims[d];
        if (l.partition == Partition::none) continue;
        const std::string factor = l.factor > 0 ? fmt::format(" factor={}", l.factor) : "";
        out.edge(fmt::format("#pragma HLS array_partition variable={} type={}{} dim={}", name,
                             partition_name(l.partition), factor,
                             d + !planted.has(Fault::bank_dimension_off)));
    }
    if (t.layout.pack > 1)
        out.edge(fmt::format("#pragma HLS array_reshape variable={} type=cyclic factor={} dim={}", name,
                             t.layout.pack, t.dims.size()));
    if (t.space.on_chip())
        out.edge(fmt::format("#pragma HLS bind_storage variable={} type={} impl={}", name,
                             t.data ? "rom_2p" : "ram_2p", t.space.name()));
}

void BodyEmitter::declare(const Tensor& t, const std::vector<int64_t>& extents) {
    const std::string name = scope.names.take(t.symbol.name()), sizes = brackets(extents);
    scope.arrays[t.symbol] = {name, t.type, t.dims, false, sizes};
    int64_t bits = t.type.width();
    for (const int64_t e : extents)
        bits = bits > stack_bits ? bits : bits * std::max<int64_t>(e, 1);
    if (bits > stack_bits) {
        out.edge("#ifndef __SYNTHESIS__");
        out.line("static // too large for a simulation's stack");
        out.edge("#endif");
    }
    out.line(fmt::format("{} {}{};", cpp_type(t.type), name, sizes));
    memory_pragmas(name, t);
}

void BodyEmitter::allocate(const Allocate& s) {
    for (const Tensor& t : s.tensors)
        declare(t);
    emit(s.body);
    for (const Tensor& t : s.tensors)
        if (!t.data) scope.arrays.erase(t.symbol);
}

void BodyEmitter::declare(const Tensor& t) {
    if (t.data) return constant(t);
    if (t.space.on_device()) return declare_on_device(t);
    std::vector<int64_t> extents;
    for (size_t d = 0; d < t.dims.size(); ++d) {
        if (device && !as_int(simplify(t.dims[d].extent, scope.facts))) return declare_on_heap(t);
        const auto bound = const_upper_bound(t.dims[d].extent, scope.facts);
        if (!bound)
            fail(t.loc,
                 "dimension {} of {} has extent {}: inside an HLS kernel an array's size is constant. Bind "
                 "the "
                 "sizes first: schedule.bind(parameter, value)",
                 d, t.symbol.name(), print(t.dims[d].extent));
        extents.push_back(*bound);
    }
    declare(t, extents);
}

void BodyEmitter::constant(const Tensor& t) {
    const std::string name = scope.names.take(t.symbol.name());
    // Banks are told by dimensions; C++ fills these from a flat list, too.
    const bool flat = t.layout.plain();
    std::vector<int64_t> extents = {static_cast<int64_t>(t.data->size())};
    if (!flat) {
        extents.clear();
        for (const Dim& d : t.dims)
            extents.push_back(*as_int(simplify(d.extent)));
    }
    scope.arrays[t.symbol] = {name, t.type, t.dims, flat, flat ? "" : brackets(extents)};
    out.line(fmt::format("static const {} {}{} = {{", cpp_type(t.type), name, brackets(extents)));
    std::string line;
    for (const Value& v : *t.data) {
        const std::string text = is_plain(v) ? v.str() : typed_literal(v);
        if (!line.empty() && line.size() + text.size() > 90) {
            out.line("    " + line);
            line.clear();
        }
        line += (line.empty() ? "" : " ") + text + ",";
    }
    if (!line.empty()) out.line("    " + line);
    out.line("};");
    memory_pragmas(name, t);
}

} // namespace lathe::hls
