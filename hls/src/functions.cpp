#include "functions.h"

#include "body.h"
#include "index_type.h"
#include "lathe/ir/index_ranges.h"
#include "lathe/ir/math.h"
#include "lathe/ir/text.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <set>

namespace lathe::hls {

std::string brackets(const std::vector<int64_t>& extents) {
    std::string s;
    for (const int64_t e : extents)
        s += fmt::format("[{}]", std::max<int64_t>(e, 1));
    return s;
}

namespace {

/// What nobody asks for any more, once conditions are known, is not named: a compiler warns of such
/// variables.
class UsedLets : public Mutator {
  public:
    explicit UsedLets(const Stmt& body) {
        for_each(body, nullptr, [&](const Expr& e) {
            if (const auto* v = e.as<Variable>()) used.insert(v->symbol);
        });
    }

  private:
    std::set<Symbol> used;
    using Mutator::visit;
    Stmt visit(const LetStmt& l, const Stmt& s) override {
        return used.contains(l.symbol) ? Mutator::visit(l, s) : (*this)(l.body);
    }
};

} // namespace

Function prepared(Function f, const Facts& facts) {
    f.body = lower_math(f.body);
    f.body = simplify(f.body, facts);
    f = widen_index(f);
    f.body = UsedLets(f.body)(f.body);
    return f;
}

std::string block_type(Type t, const std::vector<int64_t>& block) {
    return cpp_type(t) + brackets(block);
}

std::vector<Substitution> processes_of(const Spawn& p, const Facts& facts) {
    std::vector<Substitution> all{{}};
    for (size_t d = 0; d < p.ids.size(); ++d) {
        const auto first = as_int(simplify(p.box[d].min, facts)),
                   count = as_int(simplify(p.box[d].extent, facts));
        if (!first || !count)
            fail(p.loc, "the number of processes {} is not constant: give the sizes their values",
                 p.call.as<CallStmt>()->callee);
        std::vector<Substitution> longer;
        for (const Substitution& ids : all)
            for (int64_t i = 0; i < *count; ++i) {
                longer.push_back(ids);
                longer.back().emplace(p.ids[d], index(*first + i));
            }
        all = std::move(longer);
    }
    return all;
}

std::string vector_type(Type t, int64_t lanes) {
    return fmt::format("hls::vector<{}, {}>", cpp_type(t), lanes);
}

std::string stream_type(const StreamDeclaration& s, const std::string& depth) {
    const std::string end = depth.empty() ? ">" : ", " + depth + ">";
    if (s.vector) return "hls::stream<" + vector_type(s.type, s.block[0]) + end;
    return s.block.empty() ? "hls::stream<" + cpp_type(s.type) + end
                           : "hls::stream_of_blocks<" + block_type(s.type, s.block) + end;
}

bool depth_in_type(const StreamDeclaration& s) {
    return (!s.block.empty() && !s.vector) || !s.dims.empty();
}

std::string stream_formal(const StreamDeclaration& s, const std::string& name, const std::string& depth) {
    if (s.dims.empty()) return fmt::format("{}& {}", stream_type(s, depth), name);
    std::vector<int64_t> extents;
    for (const Expr& e : s.dims)
        extents.push_back(as_int(e).value_or(1));
    return fmt::format("{} (&{}){}", stream_type(s, depth), name, brackets(extents));
}

std::string word_type(const std::string& element, int64_t pack) {
    return fmt::format("lathe::word<{}, {}>", element, pack);
}

void take_ports(Array& a, const Tensor& t, Names& names) {
    a.pack = t.layout.pack;
    const int64_t ports = t.layout.dims.empty() ? 1 : std::max<int64_t>(t.layout.dims.back().factor, 1);
    a.ports = {a.name};
    for (int64_t n = 1; n < ports; ++n)
        a.ports.push_back(names.take(fmt::format("{}_{}", a.name, n)));
}

void take_pointers(Array& a, int64_t n, Names& names) {
    if (n < 2) return;
    a.apart.push_back(a.name);
    for (int64_t k = 2; k <= n; ++k)
        a.apart.push_back(names.take(fmt::format("{}_{}", a.name, k)));
}

std::string array_formal(const Array& a, bool read_only) {
    if (a.in_words()) {
        std::vector<std::string> each;
        for (const std::string& port : a.ports)
            each.push_back(fmt::format("{}{}* {}", read_only ? "const " : "",
                                       word_type(cpp_type(a.type), a.pack), port));
        return fmt::format("{}", fmt::join(each, ", "));
    }
    const std::string type = (read_only ? "const " : "") + cpp_type(a.type);
    if (!a.apart.empty()) return fmt::format("{0}* {1}", type, fmt::join(a.apart, ", " + type + "* "));
    if (a.flat) return fmt::format("{}* {}", type, a.name);
    return a.extents.empty() ? fmt::format("{}& {}", type, a.name)
                             : fmt::format("{} {}{}", type, a.name, a.extents);
}

void Functions::reserve(Names& of_top) {
    const auto take = [&](const std::string& wish) {
        const std::string name = of_top.take(wish);
        everywhere.take(name);
        return name;
    };
    for (const Function& f : module.functions) {
        if (&f != &module.top()) names[f.name] = take(f.name);
        bool network = false;
        for_each(f.body, [&](const Stmt& s) { network = network || s.as<Dataflow>(); }, nullptr);
        if (network) dataflow_names[f.name] = take(f.name + "_dataflow");
    }
}

std::string Functions::dataflow_name(const std::string& function) {
    const std::string& name = dataflow_names.at(function);
    return given.insert(name).second ? name : fmt::format("lathe_{}_{}", name, ++more);
}

std::string Functions::name_of(const std::string& function, const std::vector<std::string>& shapes) {
    const auto [found, fresh] = variants.try_emplace({function, shapes});
    if (!fresh) return found->second;
    const bool first =
        std::ranges::count_if(variants, [&](const auto& v) { return v.first.first == function; }) == 1;
    const std::string name =
        first ? names.at(function) : fmt::format("lathe_{}_{}", names.at(function), ++more);
    found->second = name;
    define(define(module.function(function), name, shapes));
    return name;
}

std::string Functions::define(const Function& given, const std::string& name,
                              const std::vector<std::string>& shapes) {
    const Function f = prepared(given, {}); // a size that is given may be wrong: that is checked
    Scope scope;
    scope.names = everywhere;
    scope.index_type = index_type_of(f);
    std::vector<std::string> formals, templates;
    for (size_t n = 0; n < f.arguments.size(); ++n) {
        const Tensor& t = f.arguments[n].tensor;
        const bool flat = shapes[n].starts_with('*');
        Array array{scope.names.take(t.symbol.name()), t.type, t.dims, flat, flat ? "" : shapes[n]};
        if (flat && t.layout.pack > 1)
            take_ports(array, t, scope.names);
        else if (flat)
            take_pointers(array, needed.of(f.name)[n], scope.names);
        scope.arrays[t.symbol] = array;
        formals.push_back(array_formal(array, f.arguments[n].direction == Direction::in));
    }
    for (const StreamArgument& a : f.streams) {
        const std::string stream = scope.names.take(a.stream.symbol.name());
        scope.streams[a.stream.symbol] = {stream, a.stream};
        std::string depth;
        if (depth_in_type(a.stream)) {
            depth = scope.names.take("depth");
            templates.push_back("int " + depth);
        }
        formals.push_back(stream_formal(a.stream, stream, depth));
    }
    for (const Param& p : f.params) {
        const std::string param = scope.names.take(p.symbol.name());
        scope.variables[p.symbol] = param;
        formals.push_back((p.type.is_index() ? scope.index_type : cpp_type(p.type)) + " " + param);
    }
    Writer out;
    out.indent = 1;
    BodyEmitter body(scope, out, run_sizes, *this, given.name);
    for (const Argument& a : f.arguments)
        if (const Array& array = scope.array(a.tensor.symbol); !array.in_words())
            body.memory_pragmas(array.name, a.tensor);
    for (const Tensor& t : f.constants)
        body.constant(t);
    body.emit(f.body);
    const std::string head =
        templates.empty() ? "" : fmt::format("template <{}> ", fmt::join(templates, ", "));
    const std::string line = fmt::format("{}static void {}({})", head, name, fmt::join(formals, ", "));
    return fmt::format("{} {{\n{}}}\n",
                       line.size() <= 100
                           ? line
                           : fmt::format("{}static void {}({})", head, name, fmt::join(formals, ",\n    ")),
                       out.text);
}

} // namespace lathe::hls
