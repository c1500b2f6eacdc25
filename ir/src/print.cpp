#include "lathe/ir/print.h"

#include "lathe/ir/layout.h"
#include "lathe/ir/text.h"
#include "print_expr.h"

namespace lathe {

using namespace ir;

namespace {

constexpr size_t line_width = 100;
constexpr size_t shown_elements = 16;

std::string stage_label(const Stage& s, const PrintedNames& names) {
    if (s.definition == 0) return names[s.func] + ".init";
    return fmt::format("{}.update({})", names[s.func], s.definition - 1);
}

/// "range(M)", "range(1, M - 1)"; other kinds of loops by their own name.
std::string range(const For& f, ExprPrinter& text) {
    const std::string kind = f.loop == LoopKind() ? "range" : f.loop.name();
    const std::string end_of_call = f.loop.interval() > 0 ? fmt::format(", II={})", f.loop.interval()) : ")";
    if (!f.min.defined() || !f.extent.defined() || as_int(f.min) == 0)
        return fmt::format("{}({}{}", kind, text(f.extent), end_of_call);
    const auto* length = f.extent.as<Binary>();
    const bool minus_min = length && length->op == BinaryOp::sub && equal(length->b, f.min);
    // Faults of the verifier print too: bounds of wrong types cannot be added.
    if (f.min.type() != IndexType() || f.extent.type() != IndexType())
        return fmt::format("{}({}, extent={}{}", kind, text(f.min), text(f.extent), end_of_call);
    const Expr end = minus_min ? length->a : iadd(f.min, f.extent);
    return fmt::format("{}({}, {}{}", kind, text(f.min), text(end), end_of_call);
}

std::string elements(const std::vector<Value>& data) {
    std::string s;
    for (size_t i = 0; i < std::min(data.size(), shown_elements); ++i)
        s += (i ? ", " : "") + data[i].str();
    if (data.size() <= shown_elements) return "[" + s + "]";
    return fmt::format("[{}, ...]", s);
}

/// "S: Tensor[Float(32), (6, 16)] at (6 * io, 0), register".
std::string declaration(const Tensor& t, const PrintedNames& names, ExprPrinter& text,
                        const char* direction = "") {
    std::string extents, mins;
    bool moved = false;
    for (const Dim& d : t.dims) {
        extents += (extents.empty() ? "" : ", ") + text(d.extent);
        mins += (mins.empty() ? "" : ", ") + text(d.min);
        moved |= !d.min.defined() || as_int(d.min) != 0;
    }
    std::string s = fmt::format("{}: {}Tensor[{}, ({})]", names[t.symbol], direction, t.type.str(), extents);
    if (moved) s += fmt::format(" at ({})", mins);
    if (t.space != MemorySpace::heap()) s += ", " + t.space.name();
    s += layout_text(t.layout);
    if (t.data) s += " = " + elements(*t.data);
    return s;
}

/// "s: Int(8)[9], depth 2", "s: Int(8) blocks of (4, 4)", "s: Int(8) words of 4".
std::string declaration(const StreamDeclaration& st, const PrintedNames& names, ExprPrinter& text) {
    std::string dims;
    for (const Expr& e : st.dims)
        dims += fmt::format("[{}]", text(e));
    std::string s = fmt::format("{}: {}{}", names[st.symbol], st.type.str(), dims);
    if (st.vector)
        s += fmt::format(" words of {}", st.block[0]);
    else if (!st.block.empty())
        s += fmt::format(" blocks of ({})", fmt::join(st.block, ", "));
    if (st.depth > 0) s += fmt::format(", depth {}", st.depth);
    return s;
}

/// "  # instead of rows, out": the stages that a dataflow was made of.
std::string made_of(const Stmt& origin) {
    std::vector<std::string> stages;
    for_each(
        origin,
        [&](const Stmt& s) {
            if (const auto* g = s.as<Stage>()) stages.push_back(g->func.name());
        },
        nullptr);
    return stages.empty() ? "" : fmt::format("  # instead of {}", fmt::join(stages, ", "));
}

std::string element(const StreamElement& e, const PrintedNames& names, ExprPrinter& text) {
    std::string s = names[e.stream];
    for (const Expr& i : e.at)
        s += fmt::format("[{}]", text(i));
    return s;
}

std::vector<Expr> bounds(const std::vector<Dim>& dims) {
    std::vector<Expr> all;
    for (const Dim& d : dims)
        all.insert(all.end(), {d.min, d.extent});
    return all;
}

const char* prefix(Direction d) {
    switch (d) {
    case Direction::in:
        return "";
    case Direction::out:
        return "out ";
    case Direction::inout:
        return "inout ";
    }
    throw InternalError("unknown direction");
}

class Printer {
  public:
    void function(const Function& f);
    void statement(const Stmt& s);
    void tree(const Function& f);
    std::string take() { return std::move(out); }
    PrintedNames names;

  private:
    void line(const std::string& text) { out += std::string(indent * 4, ' ') + text + "\n"; }
    void lines(const std::vector<std::string>& list) {
        for (const std::string& l : list)
            line(l);
    }
    void body(const Stmt& s);
    void declare(const Function& f);
    void header(const Function& f);
    void stmt(const Stmt& s, bool last);
    void loop(const For& f);
    void branch(const If& n, const char* keyword);
    void let(const LetStmt& n, bool last);
    void store(const Store& n);
    void reduce(const Reduce& n);
    void allocate(const Allocate& n);
    void assertion(const Assert& n);
    void repeat(const While& n);
    void print(const Print& n);
    void call(const ExternCall& n);
    std::string copy(const Copy& n);
    void stream(const DeclareStream& n, bool last);
    void push(const Push& n);
    void pop(const Pop& n, bool last);
    void block(const Stmt& s, const char* keyword, const StreamElement& of, const Tensor& tensor);
    std::string call(const Stmt& s);
    void spawn(const Spawn& n);
    void bound(const Symbol& s, const std::string& definition, const Stmt& in, bool last);
    void tree(const Stmt& s);

    std::string out;
    size_t indent = 0;
};

void Printer::body(const Stmt& s) {
    ++indent;
    s.defined() ? stmt(s, true) : line("pass");
    --indent;
}

/// `last`: nothing follows in the enclosing body.
void Printer::stmt(const Stmt& s, bool last) {
    if (!s.defined()) return;
    switch (s.kind()) {
    case StmtKind::block:
        for (const Stmt& x : s.as<Block>()->stmts)
            stmt(x, last && x.same_as(s.as<Block>()->stmts.back()));
        return;
    case StmtKind::for_:
        return loop(*s.as<For>());
    case StmtKind::while_:
        return repeat(*s.as<While>());
    case StmtKind::if_:
        return branch(*s.as<If>(), "if");
    case StmtKind::let:
        return let(*s.as<LetStmt>(), last);
    case StmtKind::store:
        return store(*s.as<Store>());
    case StmtKind::reduce:
        return reduce(*s.as<Reduce>());
    case StmtKind::allocate:
        return allocate(*s.as<Allocate>());
    case StmtKind::assert_:
        return assertion(*s.as<Assert>());
    case StmtKind::print:
        return print(*s.as<Print>());
    case StmtKind::extern_call:
        return call(*s.as<ExternCall>());
    case StmtKind::copy:
        return line(copy(*s.as<Copy>()));
    case StmtKind::stream:
        return stream(*s.as<DeclareStream>(), last);
    case StmtKind::push:
        return push(*s.as<Push>());
    case StmtKind::pop:
        return pop(*s.as<Pop>(), last);
    case StmtKind::fill:
        return block(s, "fill", s.as<Fill>()->to, s.as<Fill>()->tensor);
    case StmtKind::drain:
        return block(s, "drain", s.as<Drain>()->from, s.as<Drain>()->tensor);
    case StmtKind::call:
        return line(call(s));
    case StmtKind::dataflow:
        line("dataflow:" + made_of(s.as<Dataflow>()->origin));
        return body(s.as<Dataflow>()->body);
    case StmtKind::spawn:
        return spawn(*s.as<Spawn>());
    case StmtKind::stage: {
        const auto* n = s.as<Stage>();
        line("# " + stage_label(*n, names));
        return n->body.defined() ? stmt(n->body, last) : line("pass");
    }
    }
    throw InternalError("unknown kind of statement");
}

void Printer::loop(const For& f) {
    ExprPrinter text(names, {f.min, f.extent});
    lines(text.lets());
    const std::string values = range(f, text);
    line(fmt::format("for {} in {}:", names.bind(f.var), values));
    body(f.body);
    names.release(f.var);
}

void Printer::branch(const If& n, const char* keyword) {
    ExprPrinter text(names, {n.condition});
    lines(text.lets());
    line(fmt::format("{} {}:", keyword, text(n.condition)));
    body(n.then_body);
    if (!n.else_body.defined()) return;
    const auto* chained = n.else_body.as<If>();
    if (chained && ExprPrinter(names, {chained->condition}).lets().empty()) return branch(*chained, "elif");
    line("else:");
    body(n.else_body);
}

void Printer::let(const LetStmt& n, bool last) {
    ExprPrinter text(names, {n.value});
    lines(text.lets());
    const std::string value = text(n.value);
    const std::string definition = fmt::format("let {} = {}", names.bind(n.symbol), value);
    bound(n.symbol, definition, n.body, last);
}

/// What a definition holds in: the rest of the block, or a block of its own.
void Printer::bound(const Symbol& s, const std::string& definition, const Stmt& in, bool last) {
    if (last) {
        line(definition);
        in.defined() ? stmt(in, true) : line("pass");
    } else {
        line(fmt::format("with {}:", definition));
        body(in);
    }
    names.release(s);
}

void Printer::store(const Store& n) {
    ExprPrinter text(names, [&] {
        std::vector<Expr> all;
        for (const StoreTarget& t : n.targets) {
            all.insert(all.end(), t.indices.begin(), t.indices.end());
            all.push_back(t.value);
        }
        all.push_back(n.predicate);
        return all;
    }());
    lines(text.lets());
    std::string targets, values;
    for (const StoreTarget& t : n.targets) {
        targets += (targets.empty() ? "" : ", ") + text.access(t.tensor, t.indices, n.predicate);
        values += (values.empty() ? "" : ", ") + text(t.value, t.type);
    }
    line(targets + " = " + values);
}

void Printer::reduce(const Reduce& n) {
    std::vector<Expr> all = n.target.indices;
    all.insert(all.end(), {n.target.value, n.predicate});
    ExprPrinter text(names, all);
    lines(text.lets());
    const std::string op = update_symbol(n.op);
    line(fmt::format("{} {}= {}{}", text.access(n.target.tensor, n.target.indices, n.predicate), op,
                     text(n.target.value, n.target.type), n.contract ? "  # fma" : ""));
}

/// Tensors share one `with` up to one whose dimensions have values to be named before it.
void Printer::allocate(const Allocate& n) {
    const size_t outside = indent;
    std::string open;
    for (const Tensor& t : n.tensors) {
        ExprPrinter expr(names, bounds(t.dims));
        const std::vector<std::string> shared = expr.lets();
        if (!open.empty() && shared.empty()) {
            line(open + ",");
        } else if (!open.empty()) {
            line(open + ":");
            ++indent;
        }
        lines(shared);
        names.bind(t.symbol);
        open = fmt::format("{}alloc({})", open.empty() || !shared.empty() ? "with " : "     ",
                           declaration(t, names, expr));
    }
    line(open + ":");
    body(n.body);
    indent = outside;
    for (const Tensor& t : n.tensors)
        names.release(t.symbol);
}

void Printer::assertion(const Assert& n) {
    ExprPrinter text(names, {n.condition});
    lines(text.lets());
    line(fmt::format("assert {}, {}", text(n.condition), quoted_text(n.message)));
}

/// Values that several places share are evaluated with the condition, so they stand inside of it.
void Printer::repeat(const While& n) {
    ExprPrinter text(names, {n.condition});
    const std::vector<std::string> shared = text.lets();
    if (shared.empty()) {
        line(fmt::format("while {}:", text(n.condition)));
    } else {
        line("while:");
        ++indent;
        lines(shared);
        line(fmt::format("holds {}", text(n.condition)));
        --indent;
    }
    body(n.body);
}

void Printer::print(const Print& n) {
    ExprPrinter text(names, n.values);
    lines(text.lets());
    std::string all = quoted_text(n.texts[0]);
    for (size_t i = 0; i < n.values.size(); ++i)
        all += fmt::format(", {}, {}", text(n.values[i]), quoted_text(n.texts[i + 1]));
    line(fmt::format("print({})", all));
}

void Printer::call(const ExternCall& n) {
    std::vector<Expr> values;
    for (const ExternArgument& a : n.arguments)
        if (!a.tensor) values.push_back(a.value);
    ExprPrinter text(names, values);
    lines(text.lets());
    std::string all;
    for (const ExternArgument& a : n.arguments)
        all += (all.empty() ? "" : ", ") + (a.tensor ? prefix(a.direction) + names[a.tensor] : text(a.value));
    line(fmt::format("extern {}({})", n.callee->name, all));
}

std::string Printer::copy(const Copy& n) {
    return fmt::format("copy {} to {} as {}", names[n.from], n.side == Side::device ? "device" : "host",
                       names[n.to]);
}

void Printer::stream(const DeclareStream& n, bool last) {
    ExprPrinter text(names, n.stream.dims);
    lines(text.lets());
    names.bind(n.stream.symbol);
    bound(n.stream.symbol, "stream " + declaration(n.stream, names, text), n.body, last);
}

void Printer::push(const Push& n) {
    std::vector<Expr> all = n.to.at;
    all.push_back(n.value);
    ExprPrinter text(names, all);
    lines(text.lets());
    line(fmt::format("push {} = {}", element(n.to, names, text), text(n.value, n.type)));
}

void Printer::pop(const Pop& n, bool last) {
    ExprPrinter text(names, n.from.at);
    lines(text.lets());
    const std::string from = element(n.from, names, text);
    bound(n.symbol, fmt::format("let {} = pop {}", names.bind(n.symbol), from), n.body, last);
}

void Printer::block(const Stmt& s, const char* keyword, const StreamElement& of, const Tensor& tensor) {
    ExprPrinter text(names, expressions(s));
    lines(text.lets());
    const std::string channel = element(of, names, text);
    names.bind(tensor.symbol);
    line(fmt::format("{} {} as {}:", keyword, channel, declaration(tensor, names, text)));
    body(bodies(s).empty() ? Stmt() : bodies(s)[0]);
    names.release(tensor.symbol);
}

/// "f(a, b[4:+N, 2, 0:+8:2], N, s[i + 1])": of a view the beginning, extent and stride of each dimension; a
/// bare number is one that the callee does not see.
std::string Printer::call(const Stmt& s) {
    const CallStmt& n = *s.as<CallStmt>();
    ExprPrinter text(names, expressions(s));
    lines(text.lets());
    std::vector<std::string> all;
    for (const TensorView& v : n.tensors) {
        std::vector<std::string> dims;
        for (const ViewDim& d : v.dims)
            dims.push_back(d.kept ? fmt::format("{}:+{}{}", text(d.begin), text(d.extent),
                                                d.stride != 1 ? fmt::format(":{}", d.stride) : "")
                                  : text(d.begin));
        all.push_back(prefix(v.direction) + names[v.tensor] +
                      (v.whole ? "" : fmt::format("[{}]", fmt::join(dims, ", "))));
    }
    for (const Expr& e : n.values)
        all.push_back(text(e));
    for (const StreamElement& e : n.streams)
        all.push_back(element(e, names, text));
    return fmt::format("{}({})", n.callee, fmt::join(all, ", "));
}

void Printer::spawn(const Spawn& n) {
    ExprPrinter text(names, bounds(n.box));
    lines(text.lets());
    std::vector<std::string> ranges;
    for (size_t d = 0; d < n.box.size(); ++d)
        ranges.push_back(
            fmt::format("[{}, {})", text(n.box[d].min), text(iadd(n.box[d].min, n.box[d].extent))));
    std::vector<std::string> ids;
    for (const Symbol& id : n.ids)
        ids.push_back(names.bind(id));
    std::string all = "spawn " + call(n.call);
    for (size_t d = 0; d < ids.size(); ++d)
        all += fmt::format("{} {} in {}", d == 0 ? " for" : ",", ids[d], ranges[d]);
    line(all);
    for (const Symbol& id : n.ids)
        names.release(id);
}

void Printer::declare(const Function& f) {
    for (const Param& p : f.params)
        names.bind(p.symbol);
    for (const Argument& a : f.arguments)
        names.bind(a.tensor.symbol);
    for (const StreamArgument& a : f.streams)
        names.bind(a.stream.symbol);
    for (const Tensor& t : f.constants)
        names.bind(t.symbol);
    names.bind_free(f.body);
}

void Printer::header(const Function& f) {
    std::vector<std::string> parts;
    const std::string start = (f.side == Side::device ? "device def " : "def ") + f.name + "(";
    size_t length = start.size() + 1;
    for (const Argument& a : f.arguments) {
        ExprPrinter text(names, bounds(a.tensor.dims));
        lines(text.lets());
        parts.push_back(declaration(a.tensor, names, text, prefix(a.direction)));
        length += parts.back().size() + 2;
    }
    for (const StreamArgument& a : f.streams) {
        ExprPrinter text(names, a.stream.dims);
        parts.push_back((a.direction == Direction::in ? "stream " : "out stream ") +
                        declaration(a.stream, names, text));
        length += parts.back().size() + 2;
    }
    std::string params;
    for (const Param& p : f.params) {
        params += (params.empty() ? "params " : ", ") + names[p.symbol];
        if (!p.type.is_index()) params += ": " + p.type.str();
    }
    const std::string margin(start.size(), ' ');
    const bool fits = length + params.size() <= line_width;
    std::string text = start;
    for (size_t i = 0; i < parts.size(); ++i) {
        text += parts[i];
        if (i + 1 == parts.size()) continue;
        text += fits ? ", " : ",\n" + margin;
    }
    text += ")";
    if (!params.empty()) text += (fits ? ", " : ",\n" + margin) + params;
    line(text + ":");
}

void Printer::function(const Function& f) {
    declare(f);
    header(f);
    ++indent;
    for (const Tensor& t : f.constants) {
        ExprPrinter text(names, bounds(t.dims));
        line("const " + declaration(t, names, text));
    }
    --indent;
    body(f.body);
}

void Printer::statement(const Stmt& s) {
    names.bind_free(s);
    stmt(s, true);
}

void Printer::tree(const Function& f) {
    declare(f);
    line(f.name);
    ++indent;
    tree(f.body);
    --indent;
}

void Printer::tree(const Stmt& s) {
    if (!s.defined()) return;
    std::vector<Symbol> bound;
    size_t deeper = 0;
    if (const auto* f = s.as<For>()) {
        ExprPrinter text(names, {f->min, f->extent});
        lines(text.lets());
        const std::string values = range(*f, text);
        bound = {f->var};
        line(fmt::format("for {} in {}", names.bind(f->var), values));
        deeper = 1;
    } else if (const auto* w = s.as<While>()) {
        ExprPrinter text(names, {w->condition});
        lines(text.lets());
        line(fmt::format("while {}", text(w->condition)));
        deeper = 1;
    } else if (const auto* st = s.as<Stage>()) {
        line(stage_label(*st, names));
        deeper = 1;
    } else if (const auto* a = s.as<Allocate>()) {
        for (const Tensor& t : a->tensors) {
            ExprPrinter text(names, bounds(t.dims));
            lines(text.lets());
            bound.push_back(t.symbol);
            names.bind(t.symbol);
            line("alloc " + declaration(t, names, text));
        }
    } else if (const auto* l = s.as<LetStmt>()) {
        bound = {l->symbol};
        names.bind(l->symbol);
    } else if (const auto* d = s.as<Dataflow>()) {
        line("dataflow");
        deeper = d->body.defined();
    } else if (const auto* p = s.as<Spawn>()) {
        return spawn(*p);
    } else if (s.as<CallStmt>()) {
        return line(call(s));
    } else if (const auto* c = s.as<Copy>()) {
        return line(copy(*c));
    } else if (const auto* st = s.as<DeclareStream>()) {
        ExprPrinter text(names, st->stream.dims);
        bound.push_back(st->stream.symbol);
        names.bind(st->stream.symbol);
        line("stream " + declaration(st->stream, names, text));
    }
    indent += deeper;
    for (const Stmt& inner : bodies(s))
        tree(inner);
    indent -= deeper;
    for (const Symbol& b : bound)
        names.release(b);
}

} // namespace

std::string print(const Expr& e) {
    PrintedNames names;
    names.bind_free(e);
    ExprPrinter text(names, {e});
    std::string s;
    for (const std::string& l : text.lets())
        s += l + "\n";
    return s + text(e);
}

std::string print(const Stmt& s) {
    Printer p;
    p.statement(s);
    return p.take();
}

std::string print(const Module& m) {
    std::string s;
    for (const Function& f : m.functions) {
        Printer p;
        p.function(f);
        s += (&f == m.functions.data() ? "" : "\n") + p.take();
    }
    return s;
}

std::string loop_tree(const Module& m) {
    std::string s;
    for (const Function& f : m.functions) {
        Printer p;
        p.tree(f);
        s += p.take();
    }
    return s;
}

} // namespace lathe
