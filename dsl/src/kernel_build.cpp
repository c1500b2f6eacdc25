/// \file The Module of a kernel, and what a call of one may be.

#include "entry_checks.h"
#include "kernel_lower.h"
#include "recorder.h"
#include "resolve.h"
#include "shape.h"

#include "lathe/ir/verify.h"

#include <algorithm>

namespace lathe {

using namespace ir;

namespace {

class KernelBuilder {
  public:
    explicit KernelBuilder(const KernelData& k) : kernel(k) {}

    Algorithm build() {
        check_names();
        for (const auto& [symbol, param] : kernel.params)
            if (param.type.is_index()) entry.size(param, is_extent(param));
        take_requirements();
        KernelCode code = lower_kernel(kernel, entry.facts());
        const Stmt stage = Stage::make(kernel.symbol, 0, code.body, kernel.loc);
        entry.stage(stage);
        for (const KernelArgument& a : kernel.arguments)
            if (a.tensor) entry.check_region(*a.tensor, tensor_of(*a.tensor).dims);
        for (const auto& c : code.constants)
            entry.check_region(*c, tensor_of(*c).dims);
        Algorithm result;
        result.definitions.push_back(
            {kernel.symbol, kernel.symbol.name(), 0, kernel.loc, std::move(code.loops)});
        result.module.functions.push_back(function(code.constants, stage));
        verify(result.module);
        return result;
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
            if (a.tensor) check(a.tensor->name(), a.loc);
        for (const auto& [symbol, param] : kernel.params)
            check(symbol.name(), param.loc);
    }

    bool is_extent(const Param& param) const {
        return std::any_of(kernel.arguments.begin(), kernel.arguments.end(),
                           [&](const KernelArgument& a) { return a.tensor && has_extent(*a.tensor, param); });
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

    Function function(const std::vector<std::shared_ptr<TensorData>>& constants, const Stmt& stage) const {
        Function f;
        f.name = kernel.symbol.name() + (kernel.external ? "_call" : ""); // its own name is taken
        for (const auto& [symbol, param] : kernel.params)
            f.params.push_back(param);
        std::vector<Argument> written;
        for (const KernelArgument& a : kernel.arguments) {
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

    void check() {
        const std::string& name = callee.symbol.name();
        if (arguments.size() != callee.arguments.size())
            fail(loc, "{} takes {} arguments and is called with {}", name, callee.arguments.size(),
                 arguments.size());
        for (size_t n = 0; n < arguments.size(); ++n)
            callee.arguments[n].param ? check_value(n) : check_tensor(n);
        check_overlap();
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

    void check_value(size_t n) const {
        const Param& formal = *callee.arguments[n].param;
        const CallArgument& actual = arguments[n];
        if (actual.tensor)
            fail(loc, "{} takes a value for {}, and is called with the tensor {}", callee.symbol.name(),
                 formal.symbol.name(), actual.tensor->name());
        if (formal.type.is_index() && !actual.value.type().is_int())
            fail(loc, "the size {} of {} is given as {}: it must be an integer", formal.symbol.name(),
                 callee.symbol.name(), actual.value.type().str());
        recorder.use(actual.value, loc);
    }

    void check_tensor(size_t n) const {
        const TensorData& formal = *callee.arguments[n].tensor;
        const auto& actual = arguments[n].tensor;
        if (!actual)
            fail(loc, "{} takes a tensor for {}, and is called with a value", callee.symbol.name(),
                 formal.name());
        recorder.check_scope(*actual, loc);
        if (*actual->type != *formal.type || actual->extents->size() != formal.extents->size())
            fail(loc, "{} takes a tensor of {} with {} dimensions for {}, and {} is of {} with {}",
                 callee.symbol.name(), formal.type->str(), formal.extents->size(), formal.name(),
                 actual->name(), actual->type->str(), actual->extents->size());
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
    CallMaker(recorder, *callee.data(), arguments, loc).check();
    recorder.add_call(callee.data(), arguments, loc);
}

Algorithm build(const Kernel& kernel) {
    return KernelBuilder(*kernel.data()).build();
}

} // namespace lathe
