#include "host.h"

#include "body.h"
#include "expr.h"
#include "functions.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <functional>

namespace lathe::hls {

namespace {

/// \param host without the kernels.
void add_called(const Module& m, const Stmt& s, std::set<std::string>& all, bool host) {
    for_each(
        s,
        [&](const Stmt& x) {
            const auto* c = x.as<CallStmt>();
            if (!c || (host && m.function(c->callee).side == Side::device)) return;
            if (all.insert(c->callee).second) add_called(m, m.function(c->callee).body, all, host);
        },
        nullptr);
}

} // namespace

std::vector<Module> kernels_of(const Module& m) {
    std::vector<Module> all;
    for (const Function& f : m.functions) {
        if (f.side != Side::device) continue;
        std::set<std::string> called;
        add_called(m, f.body, called, false);
        Module kernel{{f}};
        kernel.top().side = Side::host; // where it runs there is nothing else
        for (const Function& g : m.functions)
            if (called.contains(g.name)) kernel.functions.push_back(g);
        all.push_back(std::move(kernel));
    }
    return all;
}

void check_host(const Module& m) {
    std::map<std::string, std::set<const Function*>>
        definitions; ///< of extern functions, by their file's top
    const auto look = [&](const Function& top, bool host) {
        std::set<std::string> called{top.name};
        add_called(m, top.body, called, host);
        for (const std::string& name : called) {
            const Function& f = m.function(name);
            for_each(
                f.body,
                [&](const Stmt& s) {
                    if (s.as<Dataflow>() && host)
                        fail(
                            s.loc(),
                            "{} has a dataflow and runs on the host, whose program has no streams: put it on "
                            "the device",
                            name);
                    if (const auto* c = s.as<ExternCall>())
                        if (definitions[c->callee->name].insert(&top).second &&
                            definitions[c->callee->name].size() > 1)
                            fail(c->loc,
                                 "the extern function {} is called in several files of the project, and each "
                                 "would define it: call it on one side, in one kernel",
                                 c->callee->name);
                },
                nullptr);
        }
    };
    look(m.top(), true);
    for (const Function& f : m.functions)
        if (f.side == Side::device) look(f, false);
}

Module copied_plainly(const Module& m) {
    class Plain : public Mutator {
      public:
        explicit Plain(std::set<Symbol> t) : tensors(std::move(t)) {}

      protected:
        using Mutator::visit;
        Stmt visit(const Allocate& a, const Stmt&) override {
            std::vector<Tensor> all = a.tensors;
            for (Tensor& t : all)
                if (tensors.contains(t.symbol)) t.layout = {};
            return Allocate::make(std::move(all), (*this)(a.body));
        }

      private:
        std::set<Symbol> tensors;
    };
    std::set<Symbol> copied;
    for_each(
        m.top().body,
        [&](const Stmt& s) {
            if (const auto* c = s.as<Copy>()) copied.insert({c->from, c->to});
        },
        nullptr);
    Module r = m;
    r.top().body = Plain(std::move(copied))(r.top().body);
    return r;
}

namespace {

Expr elements_of(const Tensor& t, const Facts& facts) {
    Expr size = ir::index(1);
    for (const Dim& d : t.dims)
        size = imul(size, d.extent);
    return simplify(size, facts);
}

} // namespace

/// At least one.
std::string BodyEmitter::count_of(const Tensor& t, ExprEmitter& expr) const {
    const Expr size = elements_of(t, scope.facts);
    const auto n = as_int(size);
    return n ? fmt::format("{}", std::max<int64_t>(*n, 1))
             : fmt::format("std::max<int64_t>({}, 1)", expr.index(size));
}

void BodyEmitter::declare_on_heap(const Tensor& t) {
    ExprEmitter expr(scope, out, {elements_of(t, scope.facts)});
    const std::string count = count_of(t, expr), name = scope.names.take(t.symbol.name()),
                      memory = scope.names.take(t.symbol.name() + "_memory"), type = cpp_type(t.type);
    scope.arrays[t.symbol] = {name, t.type, t.dims, true};
    out.line(fmt::format("const std::unique_ptr<{0}[]> {1}(new {0}[{2}]);", type, memory, count));
    out.line(fmt::format("{}* const {} = {}.get();", type, name, memory));
}

void BodyEmitter::declare_on_device(const Tensor& t) {
    invariant(device != nullptr, "a tensor of the device is the host's to make");
    ExprEmitter expr(scope, out, {elements_of(t, scope.facts)});
    const std::string count = count_of(t, expr), name = scope.names.take(t.symbol.name());
    scope.arrays[t.symbol] = {name, t.type, t.dims, true};
    const auto group = device->groups.find(t.symbol);
    out.line(fmt::format("xrt::bo {}({}, sizeof({}) * {}, {});", name, device->name, cpp_type(t.type), count,
                         group == device->groups.end() ? "0" : group->second));
}

/// Through the host's half of the xrt::bo.
void BodyEmitter::copy(const Copy& c) {
    invariant(device != nullptr, "a copy is the host's to make");
    const bool there = c.side == Side::device;
    const Array &host = scope.array(there ? c.from : c.to), &other = scope.array(there ? c.to : c.from);
    // Where there is nothing on the host, the xrt::bo has an element all the same.
    Tensor whole;
    whole.dims = c.dims;
    const Expr some = Binary::make(BinaryOp::lt, ir::index(0), elements_of(whole, scope.facts));
    if (prove(Unary::make(UnaryOp::bit_not, some), scope.facts)) return;
    const bool asks = !prove(some, scope.facts);
    if (asks) {
        ExprEmitter expr(scope, out, {some});
        out.line(fmt::format("if ({}) {{", expr.condition(some)));
        ++out.indent;
    }
    std::string memory = host.flat ? host.name : "&" + host.name;
    for (size_t d = 0; !host.flat && d < host.dims.size(); ++d)
        memory += "[0]";
    if (there) {
        out.line(fmt::format("{}.write({});", other.name, memory));
        out.line(fmt::format("{}.sync(XCL_BO_SYNC_BO_TO_DEVICE);", other.name));
    } else {
        out.line(fmt::format("{}.sync(XCL_BO_SYNC_BO_FROM_DEVICE);", other.name));
        out.line(fmt::format("{}.read({});", other.name, memory));
    }
    if (!asks) return;
    --out.indent;
    out.line("}");
}

void BodyEmitter::launch(const CallStmt& c) {
    invariant(device != nullptr, "a kernel is the host's to start");
    const Device::Kernel& kernel = device->kernels.at(c.callee);
    const Function& f = functions.function(c.callee);
    std::vector<std::string> arguments;
    for (size_t n = 0; n < c.tensors.size(); ++n)
        arguments.insert(arguments.end(), kernel.pointers[n], scope.array(c.tensors[n].tensor).name);
    ExprEmitter expr(scope, out, c.values);
    for (size_t n = 0; n < c.values.size(); ++n)
        arguments.push_back(
            fmt::format("{}({})", kernel.scalars[n], expr.value(c.values[n], f.params[n].type)));
    out.line(fmt::format("{}({}).wait();", kernel.object, fmt::join(arguments, ", ")));
}

std::string host_source(const Program& p) {
    return fmt::format("#include \"host.h\"\n\n"
                       "#include <algorithm>\n#include <memory>\n\n"
                       "{}{}{} {{\n{}}}\n",
                       p.host.externs, p.host.functions, p.host.declaration(), p.host.body);
}

std::string host_header(const Program& p) {
    return fmt::format("{}#pragma once\n\n"
                       "#define AP_INT_MAX_W 4096 // before AMD's headers\n"
                       "#include \"lathe_hls.h\"\n\n"
                       "#include \"xrt/xrt_bo.h\"\n"
                       "#include \"xrt/xrt_device.h\"\n"
                       "#include \"xrt/xrt_kernel.h\"\n\n"
                       "{};\n",
                       renamed_text(p.host), p.host.declaration());
}

std::string kernel_table(const Program& p) {
    std::string includes, entries;
    for (const Kernel& k : p.kernels) {
        includes += fmt::format("#include \"../{}.h\"\n", k.name);
        entries += fmt::format("        {{\"{0}\", lathe_sim::kernel({0})}},\n", k.name);
    }
    return fmt::format("// The kernels that a simulation of the device has.\n"
                       "{}#include \"lathe_xrt.h\"\n\n"
                       "const std::map<std::string, lathe_sim::Kernel>& lathe_sim::kernels() {{\n"
                       "    static const std::map<std::string, Kernel> all{{\n{}    }};\n"
                       "    return all;\n"
                       "}}\n",
                       includes, entries);
}

} // namespace lathe::hls
