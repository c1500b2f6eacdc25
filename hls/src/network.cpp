/// \file Streams, calls of Functions and dataflow in C++.

#include "body.h"
#include "expr.h"
#include "functions.h"
#include "lathe/ir/print.h"
#include "lathe/ir/visit.h"
#include "users.h"

#include <algorithm>

namespace lathe::hls {

/// That a LUT holds for each bit.
constexpr int64_t shift_register_depth = 32;

std::string BodyEmitter::stream_element(ExprEmitter& expr, const StreamElement& e) const {
    std::string text = scope.streams.at(e.stream).name;
    for (const Expr& i : e.at)
        text += fmt::format("[{}]", expr.index(i));
    return text;
}

void BodyEmitter::network(const Stmt& s) {
    if (const auto* p = s.as<Push>()) {
        std::vector<Expr> roots = p->to.at;
        roots.push_back(p->value);
        ExprEmitter expr(scope, out, roots);
        const std::string to = stream_element(expr, p->to);
        out.line(fmt::format("{}.write({});", to, expr.value(p->value, p->type)));
    } else if (const auto* p = s.as<Pop>()) {
        ExprEmitter expr(scope, out, p->from.at);
        const std::string token = stream_element(expr, p->from) + ".read()";
        scope.variables[p->symbol] = expr.named(p->symbol.name(), p->type, token);
        emit(p->body);
        scope.variables.erase(p->symbol);
    } else if (const auto* b = s.as<Fill>()) {
        if (scope.streams.at(b->to.stream).declaration.vector)
            word(b->to, b->tensor, b->body, true);
        else
            locked("write_lock", b->to, b->tensor, b->body);
    } else if (const auto* b = s.as<Drain>()) {
        if (scope.streams.at(b->from.stream).declaration.vector)
            word(b->from, b->tensor, b->body, false);
        else
            locked("read_lock", b->from, b->tensor, b->body);
    } else if (const auto* c = s.as<CallStmt>()) {
        if (functions.function(c->callee).side == Side::device) return launch(*c);
        out.line(call(*c) + ";");
    } else if (const auto* d = s.as<Dataflow>()) {
        dataflow(*d);
    } else {
        throw InternalError("a process outside of a dataflow");
    }
}

static std::vector<int64_t> block_extents(const Tensor& t) {
    std::vector<int64_t> extents;
    for (const Dim& d : t.dims)
        extents.push_back(*as_int(d.extent));
    return extents;
}

/// The word whose elements a loop copies, all of them, to the same places of `to`; none: it does something
/// else.
static const Load* copied_word(const Stmt& body, const Tensor& to) {
    const auto* loop = body.as<For>();
    if (!loop || as_int(loop->min) != 0 || as_int(loop->extent) != as_int(to.dims[0].extent)) return nullptr;
    const auto* store = loop->body.as<Store>();
    if (!store || store->targets.size() != 1 || store->targets[0].tensor != to.symbol) return nullptr;
    const auto* load = store->targets[0].value.as<Load>();
    const auto is_lane = [&](const std::vector<Expr>& at) {
        const auto* v = at.size() == 1 ? at[0].as<Variable>() : nullptr;
        return v && v->symbol == loop->var;
    };
    return load && load->type == to.type && is_lane(load->indices) && is_lane(store->targets[0].indices)
               ? load
               : nullptr;
}

/// A word is a value: it is read before its elements, and written behind them.
void BodyEmitter::word(const StreamElement& e, const Tensor& t, const Stmt& body, bool written) {
    ExprEmitter expr(scope, out, e.at);
    const std::string channel = stream_element(expr, e);
    const std::vector<int64_t> extents = block_extents(t);
    if (const Load* l = written ? copied_word(body, t) : nullptr)
        if (const Array& from = scope.array(l->tensor); from.vector && from.extents == brackets(extents))
            return out.line(fmt::format("{}.write({});", channel, from.name));
    const std::string name = scope.names.take(t.symbol.name());
    const std::string type = vector_type(t.type, extents[0]);
    out.line(written ? fmt::format("{} {};", type, name)
                     : fmt::format("const {} {} = {}.read();", type, name, channel));
    Array& array = scope.arrays[t.symbol] = {name, t.type, t.dims, false, brackets(extents)};
    array.vector = !written;
    emit(body);
    scope.arrays.erase(t.symbol);
    if (written) out.line(fmt::format("{}.write({});", channel, name));
}

void BodyEmitter::locked(const char* lock, const StreamElement& e, const Tensor& t, const Stmt& body) {
    out.line("{");
    ++out.indent;
    scope.names.open();
    ExprEmitter expr(scope, out, e.at);
    const std::string channel = stream_element(expr, e), name = scope.names.take(t.symbol.name());
    const std::vector<int64_t> extents = block_extents(t);
    out.line(fmt::format("hls::{}<{}> {}({});", lock, block_type(t.type, extents), name, channel));
    scope.arrays[t.symbol] = {name, t.type, t.dims, false, brackets(extents)};
    emit(body);
    scope.arrays.erase(t.symbol);
    scope.names.close();
    --out.indent;
    out.line("}");
}

/// "f(a, s[0], 8)"
std::string BodyEmitter::call(const CallStmt& c, bool process) {
    const Function& f = functions.function(c.callee);
    std::vector<std::string> shapes;
    std::vector<std::string> arguments;
    std::map<std::string, size_t> given; // each process has its own pointers; what is called alone, any
    for (const TensorView& v : c.tensors) {
        if (!v.whole)
            fail(c.loc,
                 "{} is given a view of {}, which has no HLS code yet: pass the whole tensor, and where its "
                 "part begins",
                 c.callee, v.tensor.name());
        const Array& array = scope.array(v.tensor);
        const bool several = array.flat && !array.in_words();
        const int64_t count = several ? functions.pointers().of(c.callee)[shapes.size()] : 1;
        shapes.push_back(array.passed());
        if (array.apart.empty())
            arguments.push_back(array.argument());
        else
            next_pointers(array, count, process ? used_up : given, arguments);
    }
    std::vector<Expr> roots = c.values;
    for (const StreamElement& e : c.streams)
        roots.insert(roots.end(), e.at.begin(), e.at.end());
    ExprEmitter expr(scope, out, roots);
    for (const StreamElement& e : c.streams)
        arguments.push_back(stream_element(expr, e));
    for (size_t n = 0; n < c.values.size(); ++n)
        arguments.push_back(expr.value(c.values[n], f.params[n].type));
    return fmt::format("{}({})", functions.name_of(c.callee, shapes), fmt::join(arguments, ", "));
}

namespace {

struct Used {
    std::set<Symbol> tensors, streams, written;
};

/// What the processes of a dataflow are given.
Used used_by(const Stmt& body) {
    Used used;
    std::set<Symbol> own;
    for_each(
        body,
        [&](const Stmt& s) {
            if (const auto* a = s.as<Allocate>())
                for (const Tensor& t : a->tensors)
                    own.insert(t.symbol);
            if (const auto* d = s.as<DeclareStream>()) own.insert(d->stream.symbol);
            for (const StreamElement& e : streams_in(s))
                used.streams.insert(e.stream);
            if (const auto* c = s.as<CallStmt>())
                for (const TensorView& v : c->tensors) {
                    used.tensors.insert(v.tensor);
                    if (v.direction != Direction::in) used.written.insert(v.tensor);
                }
        },
        [&](const Expr& e) {
            if (const auto* l = e.as<Load>()) used.tensors.insert(l->tensor);
        });
    for (const Symbol& s : own) {
        used.tensors.erase(s);
        used.streams.erase(s);
    }
    return used;
}

} // namespace

void BodyEmitter::next_pointers(const Array& array, int64_t count, std::map<std::string, size_t>& used_up,
                                std::vector<std::string>& all) {
    size_t& used = used_up[array.name];
    for (int64_t n = 0; n < count; ++n)
        all.push_back(array.apart.at(used++));
}

/// Words come through ports that are one process's. Other arrays are one's by now (own_arrays.h), or have a
/// pointer for each.
void BodyEmitter::check_users(const Dataflow& d) const {
    for (const auto& [tensor, array] : scope.arrays) {
        if (!array.in_words() && !array.apart.empty()) continue;
        const std::vector<std::string> users = two_users(d, tensor);
        invariant(array.in_words() || users.empty(), "processes that share an array");
        if (!users.empty())
            fail(d.loc,
                 "{} and {} run at the same time, and both are given {}, which lies in words: Vitis takes it "
                 "in one process. Let one read it, and hand on what it reads (relay, or a stream)",
                 users[0], users[1], tensor.name());
    }
}

/// A function of its own, which holds nothing but channels and calls. What it is given has the names that it
/// has here.
void BodyEmitter::dataflow(const Dataflow& d) {
    check_users(d);
    const Used used = used_by(d.body);
    std::map<Symbol, int64_t> pointers = functions.pointers().in(d);
    std::vector<std::string> formals, arguments, templates;
    const auto pass = [&](const std::string& formal, const std::string& name) {
        formals.push_back(formal);
        arguments.push_back(name);
    };
    for (const Symbol& t : used.tensors) {
        Array array = scope.array(t);
        if (!array.apart.empty()) array.apart.resize(static_cast<size_t>(std::max<int64_t>(pointers[t], 1)));
        pass(array_formal(array, !used.written.contains(t)),
             array.apart.empty() ? array.argument() : fmt::format("{}", fmt::join(array.apart, ", ")));
    }
    for (const Symbol& s : used.streams) {
        const StreamName& stream = scope.streams.at(s);
        const std::string depth = depth_in_type(stream.declaration) ? "depth_of_" + stream.name : "";
        if (!depth.empty()) templates.push_back("int " + depth);
        pass(stream_formal(stream.declaration, stream.name, depth), stream.name);
    }
    std::map<Symbol, Type> types;
    for_each(d.body, nullptr, [&](const Expr& e) {
        if (const auto* v = e.as<Variable>()) types.emplace(v->symbol, v->type);
    });
    for (const Symbol& v : free_variables(d.body)) {
        const std::string& name = scope.variables.at(v);
        const Type type = types.at(v);
        pass((type.is_index() ? scope.index_type : cpp_type(type)) + " " + name, name);
    }
    const std::string name = functions.dataflow_name(function);
    Writer inside;
    inside.indent = 1;
    BodyEmitter body(scope, inside, run_sizes, functions, function);
    body.processes(d.body);
    const std::string head =
        templates.empty() ? "" : fmt::format("template <{}> ", fmt::join(templates, ", "));
    functions.define(fmt::format("{}static void {}({}) {{\n#pragma HLS dataflow\n    LATHE_DATAFLOW_BEGIN\n{}"
                                 "    LATHE_DATAFLOW_END\n}}\n",
                                 head, name, fmt::join(formals, ", "), inside.text));
    out.line(fmt::format("{}({});", name, fmt::join(arguments, ", ")));
}

void BodyEmitter::processes(const Stmt& s) {
    if (!s.defined()) return;
    if (s.loc().known()) scope.line = s.loc();
    if (const auto* b = s.as<Block>()) {
        for (const Stmt& each : b->stmts)
            processes(each);
    } else if (const auto* d = s.as<DeclareStream>()) {
        declare(d->stream);
        processes(d->body);
    } else if (const auto* a = s.as<Allocate>()) {
        for (const Tensor& t : a->tensors) {
            declare(t);
            if (!t.data) out.line(fmt::format("LATHE_BUFFER({})", scope.array(t.symbol).name));
        }
        processes(a->body);
    } else if (const auto* p = s.as<Spawn>()) {
        spawn(*p);
    } else {
        out.line(fmt::format("LATHE_PROCESS({});", call(*s.as<CallStmt>(), true)));
    }
}

void BodyEmitter::declare(const StreamDeclaration& s) {
    const std::string name = scope.names.take(s.symbol.name());
    scope.streams[s.symbol] = {name, s};
    std::string dims;
    for (const Expr& e : s.dims) {
        const auto n = as_int(simplify(e, scope.facts));
        if (!n)
            fail(s.loc, "the number of streams {} is {}, which is not constant: give the sizes their values",
                 s.symbol.name(), print(e));
        dims += fmt::format("[{}]", std::max<int64_t>(*n, 1));
    }
    out.line(fmt::format("{} {}{};", stream_type(s, std::to_string(s.depth)), name, dims));
    // Vitis would take block memories for a shallow FIFO of wide words: one for each 36 bits.
    if (s.vector && s.depth > 2 && s.depth <= shift_register_depth)
        out.edge(fmt::format("#pragma HLS bind_storage variable={} type=fifo impl=srl", name));
    out.line(fmt::format("LATHE_STREAM({}, {})", name, s.depth));
}

/// A call for each position: hardware has them all.
void BodyEmitter::spawn(const Spawn& p) {
    for (const Substitution& ids : processes_of(p, scope.facts)) {
        const Stmt one = simplify(substitute(p.call, ids), scope.facts);
        std::vector<std::string> at;
        for (const Symbol& id : p.ids)
            at.push_back(std::to_string(*as_int(ids.at(id))));
        out.line(
            fmt::format("LATHE_PROCESS_AT(({}), {});", fmt::join(at, ", "), call(*one.as<CallStmt>(), true)));
    }
}

} // namespace lathe::hls
