/// \file The Module of a kernel, and what a call of one may be.

#include "entry_checks.h"
#include "kernel_lower.h"
#include "recorder.h"
#include "resolve.h"
#include "shape.h"

#include "lathe/ir/network.h"
#include "lathe/ir/verify.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe {

using namespace ir;

namespace {

class KernelBuilder {
  public:
    explicit KernelBuilder(const KernelData& k) : kernel(k) {}

    Algorithm build() {
        for (const KernelArgument& a : kernel.arguments)
            if (a.stream)
                fail(a.loc, "{} has the stream {}: it runs where a dataflow calls it", kernel.symbol.name(),
                     a.name());
        KernelFunctions functions;
        functions.top = kernel.symbol.name();
        Algorithm result;
        result.module.functions.push_back(function(functions, result.definitions, false));
        std::ranges::move(functions.definitions, std::back_inserter(result.definitions));
        std::ranges::move(functions.callers_first(result.module.top()),
                          std::back_inserter(result.module.functions));
        verify(result.module);
        check_networks(result.module);
        return result;
    }

    /// Its Function, whose callees are added to `functions`. Where a tensor of its caller begins may be
    /// negative; what users pass is not.
    Function function(KernelFunctions& functions, std::vector<Definition>& definitions, bool called) {
        check_names();
        for (const auto& [symbol, param] : kernel.params)
            if (param.type.is_index() && !(called && is_first(param))) entry.size(param, is_extent(param));
        take_requirements();
        KernelCode code = lower_kernel(kernel, entry.facts(), functions);
        const Stmt stage = Stage::make(kernel.symbol, 0, code.body, kernel.loc);
        entry.stage(stage);
        for (const KernelArgument& a : kernel.arguments)
            if (a.tensor) entry.check_region(*a.tensor, tensor_of(*a.tensor).dims);
        for (const auto& c : code.constants)
            entry.check_region(*c, tensor_of(*c).dims);
        definitions.push_back({kernel.symbol, kernel.symbol.name(), 0, kernel.loc, std::move(code.loops)});
        return declaration(code.constants, stage);
    }

  private:
    const KernelData& kernel;
    EntryChecks entry;

    void check_names() const {
        std::set<std::string> names;
        const auto check = [&](const std::string& name, Loc loc) {
            if (!names.insert(name).second)
                fail(loc, "two arguments are called {}: a caller tells them apart by name, so rename one",
                     name);
        };
        for (const KernelArgument& a : kernel.arguments)
            if (!a.param) check(a.name(), a.loc);
        for (const auto& [symbol, param] : kernel.params)
            check(symbol.name(), param.loc);
    }

    bool is_extent(const Param& param) const {
        return std::any_of(kernel.arguments.begin(), kernel.arguments.end(),
                           [&](const KernelArgument& a) { return a.tensor && has_extent(*a.tensor, param); });
    }

    /// A tensor says what it is, by its first coordinate alone.
    bool is_first(const Param& param) const {
        const auto& all = kernel.arguments;
        return !is_extent(param) &&
               std::ranges::any_of(all, [&](auto& a) { return a.tensor && has_size(*a.tensor, param); }) &&
               std::ranges::none_of(all, [&](auto& a) { return a.param && a.param->symbol == param.symbol; });
    }

    /// Requirements at the beginning of the kernel, about its parameters, are facts for all of it.
    void take_requirements() {
        Resolver scope(entry.facts());
        for (const auto& item : kernel.body.items) {
            const auto* r = std::get_if<KernelRequire>(&item->what);
            if (!r) return;
            if (holds_reduction(r->condition)) continue; // what it reads is not known at entry
            const Expr condition = scope(r->condition);
            if (tensors_read(condition).empty()) entry.add(condition, r->message, item->loc);
        }
    }

    static Tensor tensor_of(const TensorData& t) {
        return {t.symbol, *t.type, declared_dims(t), MemorySpace::heap(), t.origin, t.elements, t.loc};
    }

    Function declaration(const std::vector<std::shared_ptr<TensorData>>& constants, const Stmt& stage) const {
        Function f;
        f.name = kernel.symbol.name() + (kernel.external ? "_call" : ""); // its own name is taken
        for (const auto& [symbol, param] : kernel.params)
            f.params.push_back(param);
        std::vector<Argument> written;
        for (const KernelArgument& a : kernel.arguments) {
            if (a.stream) {
                const bool reads = a.stream->role == StreamData::Role::in;
                f.streams.push_back({stream_declaration(*a.stream), reads ? Direction::in : Direction::out});
            }
            if (!a.tensor) continue;
            if (const auto* own = dynamic_cast<const KernelTensor*>(a.tensor.get()))
                written.push_back({tensor_of(*own), own->direction});
            else
                f.arguments.push_back({tensor_of(*a.tensor), Direction::in});
        }
        f.arguments.insert(f.arguments.end(), written.begin(), written.end());
        for (const auto& c : constants)
            f.constants.push_back(tensor_of(*c));
        f.body = entry.before(stage);
        return f;
    }
};

/// Checks one call and records it.
class CallMaker {
  public:
    CallMaker(Recorder& r, const KernelData& c, const std::vector<CallArgument>& a, Loc l)
        : recorder(r), callee(c), arguments(a), loc(l) {}

    /// `network`: the call is a process.
    void check(bool network) {
        const std::string& name = callee.symbol.name();
        if (arguments.size() != callee.arguments.size())
            fail(loc, "{} takes {} arguments and is called with {}", name, callee.arguments.size(),
                 arguments.size());
        for (size_t n = 0; n < arguments.size(); ++n)
            check_argument(n);
        check_overlap();
        const auto has_stream = [](const KernelArgument& a) { return a.stream != nullptr; };
        if (!network && std::ranges::any_of(callee.arguments, has_stream))
            fail(loc, "{} has streams: it runs in a dataflow, beside those who read and write them", name);
        if (network && callee.external)
            fail(loc, "{} is an extern function: in a dataflow call a kernel that calls it", name);
        for (size_t n = 0; n < arguments.size(); ++n)
            if (writes(n)) recorder.write(arguments[n].tensor, loc);
    }

  private:
    Recorder& recorder;
    const KernelData& callee;
    const std::vector<CallArgument>& arguments;
    Loc loc;

    bool writes(size_t n) const {
        return callee.arguments[n].tensor && callee.arguments[n].tensor->role == TensorRole::kernel;
    }

    void check_argument(size_t n) const {
        const KernelArgument& formal = callee.arguments[n];
        formal.param ? check_value(n) : formal.stream ? check_stream(n) : check_tensor(n);
    }

    void check_stream(size_t n) const {
        const StreamData& formal = *callee.arguments[n].stream;
        const std::string &callee_name = callee.symbol.name(), &name = formal.symbol.name();
        if (!arguments[n].stream)
            fail(loc, "{} takes a stream for {}, and is called with {}", callee_name, name,
                 arguments[n].tensor ? "the tensor " + arguments[n].tensor->name() : "a value");
        const StreamData& actual = *arguments[n].stream->data();
        recorder.check_scope(actual, loc);
        for (const Expr& e : arguments[n].stream->subscripts())
            recorder.use(e, loc);
        std::vector<int64_t> left = stream_extents(actual);
        left.erase(left.begin(),
                   left.begin() + static_cast<std::ptrdiff_t>(arguments[n].stream->subscripts().size()));
        const std::vector<int64_t> wanted = stream_extents(formal);
        if (actual.type != formal.type || actual.block != formal.block || left != wanted)
            fail(loc, "{} takes {} for {}, and {} is {}", callee_name, streams_text(formal, wanted), name,
                 arguments[n].stream->subscripts().empty()
                     ? actual.symbol.name()
                     : fmt::format("what it is given of {}", actual.symbol.name()),
                 streams_text(actual, left));
        if (actual.role != StreamData::Role::local && actual.role != formal.role)
            fail(loc, "{} {} {}, and {} {} it", callee_name,
                 formal.role == StreamData::Role::in ? "reads" : "writes", actual.symbol.name(),
                 recorder.name(), actual.role == StreamData::Role::in ? "reads" : "writes");
    }

    /// "2x3 streams of Int(8)"
    static std::string streams_text(const StreamData& s, const std::vector<int64_t>& extents) {
        const std::string token = s.block.empty() ? s.type.str()
                                                  : fmt::format("blocks of {} elements of {}",
                                                                fmt::join(s.block, "x"), s.type.str());
        return extents.empty() ? "a stream of " + token
                               : fmt::format("{} streams of {}", fmt::join(extents, "x"), token);
    }

    void check_value(size_t n) const {
        const Param& formal = *callee.arguments[n].param;
        const CallArgument& actual = arguments[n];
        if (actual.tensor)
            fail(loc, "{} takes a value for {}, and is called with the tensor {}", callee.symbol.name(),
                 formal.symbol.name(), actual.tensor->name());
        if (actual.stream)
            fail(loc, "{} takes a value for {}, and is called with the stream {}", callee.symbol.name(),
                 formal.symbol.name(), actual.stream->data()->symbol.name());
        if (formal.type.is_index() && !actual.value.type().is_int())
            fail(loc, "the size {} of {} is given as {}: it must be an integer", formal.symbol.name(),
                 callee.symbol.name(), actual.value.type().str());
        recorder.use(actual.value, loc);
    }

    void check_tensor(size_t n) const {
        const TensorData& formal = *callee.arguments[n].tensor;
        const auto& actual = arguments[n].tensor;
        if (!actual)
            fail(loc, "{} takes a tensor for {}, and is called with {}", callee.symbol.name(), formal.name(),
                 arguments[n].stream ? "a stream" : "a value");
        recorder.check_scope(*actual, loc);
        for (const ViewPart& p : arguments[n].parts) {
            recorder.use(p.range.min.expr(), p.range.min.loc());
            recorder.use(p.range.extent.expr(), p.range.extent.loc());
        }
        const size_t rank =
            arguments[n].whole
                ? actual->extents->size()
                : static_cast<size_t>(std::ranges::count(arguments[n].parts, true, &ViewPart::kept));
        if (*actual->type != *formal.type || rank != formal.extents->size())
            fail(loc, "{} takes a tensor of {} with {} dimensions for {}, and {}{} is of {} with {}",
                 callee.symbol.name(), formal.type->str(), formal.extents->size(), formal.name(),
                 arguments[n].whole ? "" : "the view of ", actual->name(), actual->type->str(), rank);
        if (writes(n) && actual->role != TensorRole::kernel)
            fail(loc, "{} writes {}, and {} is only read: pass an Output, an InOut or an Array",
                 callee.symbol.name(), formal.name(), actual->name());
    }

    void check_overlap() const {
        for (size_t n = 0; n < arguments.size(); ++n)
            for (size_t m = 0; m < n; ++m)
                if (arguments[n].tensor && arguments[n].tensor == arguments[m].tensor &&
                    (writes(n) || writes(m)))
                    fail(loc, "{} is passed twice to {}, which writes it: pass an Array with a copy",
                         arguments[n].tensor->name(), callee.symbol.name());
    }
};

} // namespace

void KernelBody::call(const Kernel& callee, const std::vector<CallArgument>& arguments, Loc loc) {
    CallMaker(recorder, *callee.data(), arguments, loc).check(recorder.in_network());
    recorder.add_call(callee.data(), arguments, {}, loc);
}

void KernelBody::spawn(const std::vector<SpawnRange>& box, const Kernel& callee,
                       const std::vector<CallArgument>& arguments, Loc loc) {
    if (!recorder.in_network())
        fail(loc, "{} is spawned outside of a dataflow: its processes run beside others there",
             callee.name());
    std::vector<std::pair<Symbol, Expr>> ids;
    for (const SpawnRange& r : box) {
        if (!r.extent.expr().type().is_int())
            fail(loc, "the number of processes along {} is {}: it must be an integer", r.id.name(),
                 r.extent.expr().type().str());
        recorder.use(r.extent.expr(), loc);
        ids.emplace_back(r.id.symbol(), r.extent.expr());
    }
    for (const auto& [id, extent] : ids)
        recorder.bind(id, recorder.here(), loc);
    CallMaker(recorder, *callee.data(), arguments, loc).check(true);
    recorder.add_call(callee.data(), arguments, ids, loc);
    for (const auto& [id, extent] : ids)
        recorder.release(id);
}

StreamDeclaration stream_declaration(const StreamData& s) {
    return {s.symbol, s.type, s.dims, s.block, s.depth, s.loc};
}

std::vector<Function> KernelFunctions::callers_first(const Function& caller) {
    std::map<std::string, size_t> depth;
    const auto note = [&](const Function& f, size_t level) {
        for_each(
            f.body,
            [&](const Stmt& s) {
                if (const auto* c = s.as<CallStmt>())
                    depth[c->callee] = std::max(depth[c->callee], level + 1);
            },
            nullptr);
    };
    note(caller, 0);
    for (size_t n = made.size(); n-- > 0;) // a Function was made behind those whom it calls
        note(made[n], depth[made[n].name]);
    std::ranges::stable_sort(made, {}, [&](const Function& f) { return depth[f.name]; });
    return std::move(made);
}

/// Which of the renamed symbols are tensors.
static std::vector<std::pair<Symbol, Symbol>> arrays_of(const Function& f,
                                                        const std::map<Symbol, Symbol>& renamed) {
    std::set<Symbol> tensors;
    for (const Argument& a : f.arguments)
        tensors.insert(a.tensor.symbol);
    for (const Tensor& t : f.constants)
        tensors.insert(t.symbol);
    for_each(
        f.body,
        [&](const Stmt& s) {
            if (const auto* a = s.as<Allocate>())
                for (const Tensor& t : a->tensors)
                    tensors.insert(t.symbol);
        },
        nullptr);
    std::vector<std::pair<Symbol, Symbol>> all;
    std::ranges::copy_if(renamed, std::back_inserter(all),
                         [&](const auto& r) { return tensors.contains(r.second); });
    return all;
}

const Function& KernelFunctions::of(const std::shared_ptr<const KernelData>& kernel) {
    if (const auto found = names.find(kernel.get()); found != names.end())
        return *std::ranges::find(made, found->second, &Function::name);
    std::vector<Definition> own;
    std::map<Symbol, Symbol> renamed;
    Function f = fresh_copy(KernelBuilder(*kernel).function(*this, own, true), &renamed);
    for (Definition& d : own) {
        for (auto& [variable, loop] : d.loops)
            loop = renamed.at(loop);
        d.arrays = arrays_of(f, renamed);
        definitions.push_back(std::move(d));
    }
    const std::string wish = f.name;
    for (int n = 1; std::ranges::find(made, f.name, &Function::name) != made.end() || f.name == top; ++n)
        f.name = fmt::format("{}_{}", wish, n);
    names[kernel.get()] = f.name;
    kept.push_back(kernel);
    made.push_back(std::move(f));
    return made.back();
}

Algorithm build(const Kernel& kernel) {
    return KernelBuilder(*kernel.data()).build();
}

} // namespace lathe
