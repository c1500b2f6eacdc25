#include "kernel.h"

#include "body.h"
#include "expr.h"
#include "functions.h"
#include "host.h"
#include "index_type.h"
#include "lathe/ir/check_bounds.h"
#include "lathe/ir/depths.h"
#include "lathe/ir/inline_calls.h"
#include "lathe/ir/layout.h"
#include "lathe/ir/text.h"
#include "lathe/ir/visit.h"
#include "own_arrays.h"

#include <algorithm>
#include <cctype>

namespace lathe::hls {

namespace {

/// The definitions of the extern functions that it calls, each once.
std::map<std::string, std::string> extern_definitions(const Module& module) {
    std::map<std::string, std::string> definitions;
    for (const ExternCall* c : extern_calls(module)) {
        const std::string &name = c->callee->name, &text = c->callee->vitis;
        if (text.empty())
            fail(c->loc, "the extern function {} has no Vitis code: give it by ExternOptions::vitis", name);
        if (definitions.emplace(name, text).first->second != text)
            fail(c->loc, "two extern functions are called {}: rename one", name);
    }
    return definitions;
}

bool uses_dataflow(const Module& module) {
    bool found = false;
    for (const Function& f : module.functions)
        for_each(f.body, [&](const Stmt& s) { found = found || s.as<Dataflow>(); }, nullptr);
    return found;
}

bool is_project_file(const std::string& name) {
    return name == "testbench" || name == "lathe_hls" || name == "lathe_testbench";
}

/// Names of parts and of functions hold nothing that Tcl, a configuration or C++ would take for its own.
void check_options(const VitisOptions& o) {
    if (!o.top.empty()) check_function_name(o.top, {});
    if (is_project_file(o.top))
        fail({}, "the kernel cannot be called {}: the project has files of that name", o.top);
    const auto plain = [](unsigned char c) {
        return c < 0x80 && (std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == ':');
    };
    if (o.part.empty() || !std::ranges::all_of(o.part, plain) || o.part[0] == '-')
        fail({}, "\"{}\" is no part: a part is letters, digits, -, _, . and :, such as xcu280-fsvh2892-2L-e",
             comment_text(o.part));
    constexpr double shortest = 0.1, longest = 1000;
    if (!(o.clock_ns >= shortest && o.clock_ns <= longest))
        fail({}, "a clock's period of {} ns is none: it is {} to {}", o.clock_ns, shortest, longest);
}

/// Whoever calls the kernel gives such.
Facts sizes_not_negative(const Function& f) {
    Facts facts;
    for (const Param& p : f.params)
        if (p.type.is_index()) facts.bound(p.symbol, {index(0), {}});
    return facts;
}

class KernelMaker {
  public:
    /// \param d null, or what the top Function starts kernels on.
    /// \param top with the arguments' own shapes
    KernelMaker(const Module& m, const Module& top, const VitisOptions& o, Device* d = nullptr)
        : module(m), given(top), function(prepared(m.top(), sizes_not_negative(m.top()))), options(o),
          functions(m, sizes), device(d) {}

    Kernel make() {
        scope.index_type = index_type_of(function);
        for (const auto& [name, text] : extern_definitions(module)) {
            if (scope.names.take(name) != name || functions.reserve(name) != name)
                fail({}, "the extern function {} has a name that C++ or Vitis code has a use for: rename it",
                     name);
            kernel.externs += text + (text.ends_with('\n') ? "\n" : "\n\n");
        }
        for (const Argument& a : function.arguments)
            argument(a);
        for (const Param& p : function.params)
            parameter(p);
        name();
        if (std::ranges::any_of(kernel.formals,
                                [](const Formal& f) { return f.pack > 1 || !f.apart.empty(); }))
            kernel.on_arrays = scope.names.take(kernel.name + "_arrays");
        functions.reserve(scope.names);
        functions.reserve(kernel.name);
        Writer out;
        out.hls = !device;
        out.indent = 1;
        BodyEmitter body(scope, out, sizes, functions, function.name);
        if (device) {
            open_device(out);
            body.beside(*device);
        } else {
            interfaces(out);
        }
        for (const Tensor& t : function.constants)
            body.constant(t);
        body.emit(function.body);
        kernel.body = std::move(out.text);
        kernel.functions = functions.text();
        kernel.streams = uses_dataflow(module);
        return std::move(kernel);
    }

  private:
    /// The arguments keep their names: a function that is called like one of them, like a file of the project
    /// or like what C++ has a use for becomes NAME_kernel, or NAME_host.
    void name() {
        const std::string& given = options.top.empty() ? function.name : options.top;
        const std::string wish =
            is_c_identifier(given) && !taken_function_name(given) ? given : identifier(given);
        kernel.name = wish;
        if (taken_function_name(wish) || is_project_file(wish) || !scope.names.take_exactly(wish))
            kernel.name = scope.names.take(wish + (device ? "_host" : "_kernel"));
        note(given, kernel.name);
    }

    void note(const std::string& given, const std::string& became) {
        if (given != became) kernel.renamed.emplace_back(given, became);
    }

    void argument(const Argument& a) {
        const Tensor& t = a.tensor;
        const std::string name = scope.names.take(t.symbol.name());
        note(t.symbol.name(), name);
        Array array{name, t.type, t.dims, true};
        kernel.formals.push_back({name, cpp_type(t.type), true, a.direction == Direction::in});
        if (t.layout.pack > 1) {
            take_ports(array, t, scope.names);
            Formal& f = kernel.formals.back();
            f.pack = array.pack;
            f.ports = array.ports;
            f.elements = elements_of_top(kernel.formals.size() - 1);
        }
        if (!device && t.layout.pack == 1) {
            take_pointers(array, functions.pointers().of(function.name)[kernel.formals.size() - 1],
                          scope.names);
            kernel.formals.back().apart = array.apart;
        }
        scope.arrays[t.symbol] = std::move(array);
        for (const Dim& d : t.dims) // extents are not negative
            scope.facts.assume(Binary::make(BinaryOp::ge, d.extent, index(0)));
    }

    /// Without the room behind them.
    int64_t elements_of_top(size_t argument) const {
        Expr size = index(1);
        for (const Dim& d : given.top().arguments[argument].tensor.dims)
            size = imul(size, d.extent);
        const auto n = as_int(simplify(size));
        invariant(n.has_value(), "words of an array without a size");
        return *n;
    }

    void parameter(const Param& p) {
        const std::string name = scope.names.take(p.symbol.name());
        note(p.symbol.name(), name);
        scope.variables[p.symbol] = name;
        kernel.formals.push_back(
            {name, p.type.is_index() ? scope.index_type : cpp_type(p.type), false, true});
        if (!p.type.is_index()) return;
        scope.facts.bound(p.symbol, {index(0), {}});
        const auto given = options.scalars.find(p.symbol.name());
        if (given != options.scalars.end()) sizes[p.symbol] = index(given->second.raw());
    }

    /// The number of elements, where it is known.
    std::string depth(const Tensor& t) const {
        Expr size = index(1);
        for (const Dim& d : t.dims)
            size = imul(size, substitute(d.extent, sizes));
        const auto n = as_int(simplify(size));
        return n ? fmt::format(" depth={}", std::max<int64_t>(*n, 1)) : "";
    }

    void interfaces(Writer& out) const {
        for (size_t i = 0; i < function.arguments.size(); ++i) {
            const Formal& f = kernel.formals[i];
            for (const std::string& name : f.pointers())
                out.edge(fmt::format("#pragma HLS interface m_axi port={} offset=slave bundle=gmem_{}{}",
                                     name, name,
                                     f.pack > 1 ? of_words(i) : depth(function.arguments[i].tensor)));
        }
        for (const Formal& f : kernel.formals)
            for (const std::string& name : f.pointers())
                out.edge(fmt::format("#pragma HLS interface s_axilite port={}", name));
        out.edge("#pragma HLS interface s_axilite port=return");
    }

    /// A burst is as long as AXI and the 4 KB that it must not leave allow.
    std::string of_words(size_t argument) const {
        const Formal& f = kernel.formals[argument];
        const Type t = function.arguments[argument].tensor.type;
        const int64_t beat = f.pack * static_cast<int64_t>(f.ports.size());
        const int64_t bytes = f.pack * static_cast<int64_t>(element_bytes(t));
        constexpr int64_t boundary = 4096, longest = 256;
        const int64_t burst = std::clamp<int64_t>(boundary / bytes, 1, longest);
        return fmt::format(" depth={} max_{}_burst_length={}", (f.elements + beat - 1) / beat,
                           f.read_only ? "read" : "write", burst);
    }

    /// The host's objects for the device and its kernels.
    void open_device(Writer& out) {
        device->name = scope.names.take("device");
        device->xclbin = scope.names.take("xclbin");
        kernel.before =
            fmt::format("const xrt::device& {}, const xrt::uuid& {}", device->name, device->xclbin);
        for (auto& [name, k] : device->kernels) {
            k.object = scope.names.take(k.function + "_kernel");
            out.line(fmt::format("xrt::kernel {}({}, {}, \"{}\");", k.object, device->name, device->xclbin,
                                 k.function));
        }
        for_each(
            function.body,
            [&](const Stmt& s) {
                const auto* c = s.as<CallStmt>();
                const auto found = c ? device->kernels.find(c->callee) : device->kernels.end();
                size_t pointer = 0;
                for (size_t n = 0; found != device->kernels.end() && n < c->tensors.size(); ++n) {
                    device->groups.try_emplace(c->tensors[n].tensor,
                                               fmt::format("{}.group_id({})", found->second.object, pointer));
                    pointer += found->second.pointers[n];
                }
            },
            nullptr);
    }

    const Module& module;
    const Module& given;
    Function function;
    const VitisOptions& options;
    Scope scope;
    Substitution sizes; ///< of the parameters, where one run gives them
    Functions functions;
    Device* device;
    Kernel kernel;
};

void refuse_vectors(const Stmt& body) {
    Loc line;
    const auto refuse = [&](Loc loc) {
        fail(loc.known() ? loc : line, "a vector has no HLS code: emit the Module before it is lowered");
    };
    for_each(
        body,
        [&](const Stmt& s) {
            if (s.loc().known()) line = s.loc();
            const auto* store = s.as<Store>();
            const auto* reduce = s.as<Reduce>();
            if ((store && store->predicate.defined()) || (reduce && reduce->predicate.defined()))
                refuse(s.loc());
        },
        [&](const Expr& e) {
            const auto* load = e.as<Load>();
            if (!e.type().is_scalar() || (load && load->predicate.defined())) refuse(e.loc());
        });
}

Module laid_out(const Module& m) {
    for (const Function& f : m.functions)
        refuse_vectors(f.body);
    const Module whole =
        pass_whole_tensors(check_views(with_own_arrays(with_safe_depths(without_origins(m)))));
    const Module plain = fix_constant_params(with_own_constants(whole));
    return store_by_layout(shift_folds(check_bounds(plain)), true);
}

} // namespace

std::string Kernel::declaration() const {
    std::vector<std::string> each;
    if (!before.empty()) each.push_back(before);
    for (const Formal& f : formals) {
        const std::string read_only = f.array && f.read_only ? "const " : "";
        const std::string type = f.pack > 1 ? word_type(f.type, f.pack) : f.type;
        for (const std::string& pointer : f.pointers())
            each.push_back(fmt::format("{}{}{} {}", read_only, type, f.array ? "*" : "", pointer));
    }
    const std::string line = fmt::format("void {}({})", name, fmt::join(each, ", "));
    return line.size() <= 90 ? line : fmt::format("void {}({})", name, fmt::join(each, ",\n    "));
}

std::string Kernel::array_entry() const {
    std::string before, behind;
    std::vector<std::string> each, arguments;
    for (const Formal& f : formals) {
        each.push_back(fmt::format("{}{}{} {}", f.array && f.read_only ? "const " : "", f.type,
                                   f.array ? "*" : "", f.name));
        if (f.pack == 1) {
            arguments.insert(arguments.end(), f.pointers().size(), f.name);
            continue;
        }
        before += fmt::format("    lathe::port_memory<{}, {}, {}> lathe_{}({}, {});\n", f.type, f.pack,
                              f.ports.size(), f.name, f.name, f.elements);
        for (size_t n = 0; n < f.ports.size(); ++n)
            arguments.push_back(fmt::format("lathe_{}[{}]", f.name, n));
        if (!f.read_only) behind += fmt::format("    lathe_{}.copy_to({});\n", f.name, f.name);
    }
    return fmt::format("inline void {}({}) {{\n{}    {}({});\n{}}}\n", on_arrays, fmt::join(each, ", "),
                       before, name, fmt::join(arguments, ", "), behind);
}

std::string scalar_literal(Type parameter, const Value& v) {
    const Value x = cast(parameter, v);
    return parameter.is_index() ? x.str() : typed_literal(x);
}

bool has_device(const Module& module) {
    return std::ranges::any_of(module.functions, [](const Function& f) { return f.side == Side::device; });
}

Kernel make_kernel(const Module& module, const VitisOptions& options) {
    check_options(options);
    if (module.functions.empty()) fail({}, "the module has no function");
    if (std::ranges::any_of(module.functions.begin() + 1, module.functions.end(),
                            [](const Function& f) { return f.side == Side::device; }))
        fail({},
             "{} starts kernels of the device: export_vitis writes them and the host's program, and "
             "vitis_kernels gives them one by one",
             module.top().name);
    return KernelMaker(laid_out(module), module, options).make();
}

Program make_program(const Module& module, const VitisOptions& options) {
    check_options(options);
    const Module whole = laid_out(copied_plainly(module));
    check_host(whole);
    VitisOptions of_kernel = options;
    of_kernel.top = {};
    of_kernel.scalars.clear();
    Program program;
    Device device;
    program.modules = kernels_of(whole);
    for (const Module& m : program.modules) {
        program.kernels.push_back(KernelMaker(m, m, of_kernel).make());
        const Kernel& k = program.kernels.back();
        Device::Kernel& known = device.kernels[m.top().name] = {k.name, {}, {}};
        for (const Formal& f : k.formals)
            if (f.array)
                known.pointers.push_back(f.pointers().size());
            else
                known.scalars.push_back(f.type);
    }
    program.host = KernelMaker(whole, whole, options, &device).make();
    return program;
}

std::string source_file(const Kernel& k) {
    return fmt::format("#include \"{}.h\"\n\n{}{}extern \"C\" {} {{\n{}}}\n", k.name, k.externs, k.functions,
                       k.declaration(), k.body);
}

/// Vitis has its own; a simulation takes those in sim/.
static constexpr const char* stream_headers = "#include \"hls_stream.h\"\n"
                                              "#include \"hls_streamofblocks.h\"\n"
                                              "#include \"hls_vector.h\"\n"
                                              "#include \"lathe_marks.h\"\n";

std::string renamed_text(const Kernel& k) {
    std::string names;
    for (const auto& [given, became] : k.renamed)
        names += fmt::format("// {} is called {} here.\n", comment_text(quoted_text(given)), became);
    return names;
}

/// Which pointers must be the same one.
static std::string shared_text(const Kernel& k) {
    std::string text;
    for (const Formal& f : k.formals)
        if (!f.apart.empty())
            text += fmt::format("// {}: one array, with a port for each process that uses it.\n",
                                fmt::join(f.apart, ", "));
    return text;
}

std::string header_text(const Kernel& k) {
    return fmt::format("{}{}#pragma once\n\n"
                       "#define AP_INT_MAX_W 4096 // before AMD's headers\n"
                       "#include \"lathe_hls.h\"\n{}\n"
                       "extern \"C\" {};\n{}",
                       renamed_text(k), shared_text(k), k.streams ? stream_headers : "", k.declaration(),
                       k.on_arrays.empty() ? ""
                                           : fmt::format("\n#ifndef __SYNTHESIS__\n"
                                                         "/// The kernel, on row-major arrays.\n{}#endif\n",
                                                         k.array_entry()));
}

} // namespace lathe::hls

namespace lathe {

using namespace ir;

std::string vitis_source(const Module& module, const VitisOptions& options) {
    return hls::source_file(hls::make_kernel(module, options));
}

std::string vitis_header(const Module& module, const VitisOptions& options) {
    return hls::header_text(hls::make_kernel(module, options));
}

std::vector<std::pair<std::string, std::string>> vitis_names(const Module& module,
                                                             const VitisOptions& options) {
    if (hls::has_device(module)) return hls::make_program(module, options).host.renamed;
    return hls::make_kernel(module, options).renamed;
}

std::vector<Module> vitis_kernels(const Module& module) {
    return hls::kernels_of(fix_constant_params(module)); // as the host's program calls them
}

std::string vitis_host(const Module& module, const VitisOptions& options) {
    if (!hls::has_device(module))
        fail({}, "{} is one kernel, and has no program of a host", module.top().name);
    return hls::host_source(hls::make_program(module, options));
}

} // namespace lathe
