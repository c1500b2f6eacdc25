#include "lathe/dsl/algorithm.h"

#include "entry_checks.h"
#include "nest.h"
#include "nodes.h"
#include "resolve.h"
#include "shape.h"
#include "touched.h"

#include "lathe/ir/print.h"
#include "lathe/ir/verify.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe {

using namespace ir;

namespace {

class Builder {
  public:
    Builder(const std::vector<Func>& outs, const std::vector<Input>& ins, std::string n)
        : outputs(outs), listed_inputs(ins), name(std::move(n)) {}

    Algorithm build() {
        check_outputs();
        for (const Func& f : outputs)
            collect(f.data());
        std::sort(funcs.begin(), funcs.end(),
                  [](const auto& a, const auto& b) { return last(*a) < last(*b); });
        order_arguments();
        for (size_t n = funcs.size(); n-- > 0;)
            make_stages(*funcs[n]);
        for (const auto& tensor : declared)
            entry.check_region(*tensor, dims.at(tensor->symbol));
        Algorithm result = assemble();
        for (const auto& f : funcs)
            f->built = true;
        verify(result.module);
        return result;
    }

  private:
    struct Code {
        uint64_t sequence;
        Definition definition;
        Stmt stage;
    };

    /// A larger extent comes from the range of a subscript's type, and cannot be meant.
    static constexpr int64_t most_inferred = int64_t{1} << 31;

    const std::vector<Func>& outputs;
    const std::vector<Input>& listed_inputs;
    std::string name;
    std::vector<std::shared_ptr<FuncData>> funcs; ///< in the order of their last definitions
    std::vector<std::shared_ptr<TensorData>> inputs, constants;
    /// Tensors with a declared shape, in the order found.
    std::vector<std::shared_ptr<const TensorData>> declared;
    std::set<const TensorData*> known;
    std::map<Symbol, Param> params;
    std::map<Symbol, std::vector<Dim>> dims;
    std::vector<Code> code;
    EntryChecks entry;

    static uint64_t last(const FuncData& f) { return f.definitions.back().sequence; }

    bool is_output(const TensorData& tensor) const {
        return std::any_of(outputs.begin(), outputs.end(),
                           [&](const Func& f) { return f.data().get() == &tensor; });
    }

    void check_outputs() const {
        if (outputs.empty()) fail({}, "build needs an output: name the Funcs that the caller gets");
        std::set<Symbol> seen;
        for (const Func& f : outputs) {
            if (!f.defined()) fail(f.loc(), "{} is an output and has no definition", f.name());
            if (!f.data()->extents)
                fail(f.loc(),
                     "{} is an output, and nothing says how large it is: declare its shape, as in "
                     "Func {}(\"{}\", type, {{M, N}})",
                     f.name(), f.name(), f.name());
            if (!seen.insert(f.symbol()).second)
                fail(f.loc(), "{} is listed twice among the outputs", f.name());
        }
    }

    // ---- What the outputs use.

    void collect(const std::shared_ptr<FuncData>& start) {
        std::vector<std::shared_ptr<FuncData>> pending;
        const auto found = [&](const std::shared_ptr<TensorData>& tensor) {
            if (!tensor || !known.insert(tensor.get()).second) return;
            note_tensor(tensor);
            if (auto func = std::dynamic_pointer_cast<FuncData>(tensor)) pending.push_back(std::move(func));
        };
        found(start);
        while (!pending.empty()) {
            const std::shared_ptr<FuncData> func = std::move(pending.back());
            pending.pop_back();
            funcs.push_back(func);
            for (const FuncData::Requirement& r : func->requirements) {
                Mentions mentions;
                mentions.add(r.condition);
                params.insert(mentions.params.begin(), mentions.params.end());
            }
            for (const DefinitionData& def : func->definitions) {
                Mentions mentions;
                for (const Expr& v : def.values)
                    mentions.add(v);
                for (const Expr& s : def.subscripts)
                    mentions.add(s);
                for (const auto& domain : def.domains)
                    mentions.add(*domain);
                params.insert(mentions.params.begin(), mentions.params.end());
                for (const TensorLoad* load : mentions.loads)
                    found(load->source);
            }
        }
    }

    void note_tensor(const std::shared_ptr<TensorData>& tensor) {
        if (tensor->role == TensorRole::input) inputs.push_back(tensor);
        if (tensor->role == TensorRole::constant) constants.push_back(tensor);
        if (!tensor->extents) return;
        Mentions mentions;
        const std::vector<Dim> domain = declared_dims(*tensor);
        for (const Dim& d : domain) {
            mentions.add(d.min);
            mentions.add(d.extent);
        }
        for (size_t n = 0; n < tensor->values(); ++n) {
            const TensorData& value = std::as_const(*tensor).value(n);
            declared.emplace_back(tensor, &value);
            dims[value.symbol] = domain;
        }
        params.insert(mentions.params.begin(), mentions.params.end());
    }

    void order_arguments() {
        const auto by_creation = [](const auto& a, const auto& b) { return a->symbol < b->symbol; };
        std::sort(inputs.begin(), inputs.end(), by_creation);
        std::sort(constants.begin(), constants.end(), by_creation);
        if (!listed_inputs.empty()) take_listed_inputs();
        for (const auto& [symbol, param] : params)
            if (param.type.is_index()) entry.size(param, is_extent(param));
        Resolver scope(entry.facts());
        for (const auto& func : funcs)
            for (const FuncData::Requirement& r : func->requirements)
                entry.add(scope(r.condition), r.message, r.loc);
        check_names();
    }

    void take_listed_inputs() {
        std::vector<std::shared_ptr<TensorData>> ordered;
        for (const Input& i : listed_inputs) {
            if (std::find(ordered.begin(), ordered.end(), i.data()) != ordered.end())
                fail(i.loc(), "{} is listed twice among the inputs", i.name());
            ordered.push_back(i.data());
            if (known.insert(i.data().get()).second) note_tensor(i.data());
        }
        for (const auto& used : inputs)
            if (std::find(ordered.begin(), ordered.end(), used) == ordered.end())
                fail(used->loc, "{} is used and not among the inputs: list it, or list none", used->name());
        inputs = std::move(ordered);
    }

    /// A size that is the extent of an argument cannot be negative.
    bool is_extent(const Param& param) const {
        const auto of = [&](const TensorData& t) { return has_extent(t, param); };
        return std::any_of(inputs.begin(), inputs.end(), [&](const auto& t) { return of(*t); }) ||
               std::any_of(outputs.begin(), outputs.end(), [&](const Func& f) { return of(*f.data()); });
    }

    void check_names() const {
        std::set<std::string> names;
        const auto check = [&](const std::string& text, Loc loc) {
            if (!names.insert(text).second)
                fail(loc, "two arguments are called {}: a caller tells them apart by name, so rename one",
                     text);
        };
        for (const auto& t : inputs)
            check(t->name(), t->loc);
        for (const Func& f : outputs)
            for (size_t n = 0; n < f.values(); ++n)
                check(f.symbol(n).name(), f.loc());
        for (const auto& [symbol, param] : params)
            check(symbol.name(), param.loc);
    }

    // ---- Stages, consumers first.

    void make_stages(const FuncData& func) {
        if (!func.extents) infer_region(func);
        std::vector<Nest> nests = make_nests(func);
        for (size_t n = 0; n < nests.size(); ++n) {
            const DefinitionData& def = func.definitions[n];
            entry.stage(nests[n].stage);
            code.push_back(
                {def.sequence,
                 {func.symbol, func.name(), static_cast<int>(n), def.loc, nests[n].loops, tensors_of(func)},
                 nests[n].stage});
        }
    }

    static std::vector<Symbol> tensors_of(const FuncData& func) {
        std::vector<Symbol> tensors;
        for (size_t n = 0; n < func.values(); ++n)
            tensors.push_back(func.value(n).symbol);
        return tensors;
    }

    std::vector<Nest> make_nests(const FuncData& func) const {
        std::vector<Nest> nests;
        for (size_t n = 0; n < func.definitions.size(); ++n)
            nests.push_back(make_nest(func, static_cast<int>(n), dims.at(func.symbol), entry.facts()));
        return nests;
    }

    /// The domain of a shapeless Func: what consumers read, and what its own updates touch.
    void infer_region(const FuncData& func) {
        const size_t rank = func.definitions.front().subscripts.size();
        Region region;
        for (const Symbol& tensor : tensors_of(func))
            if (const Region& used = entry.required(tensor).region; !used.empty())
                region = entry.unite(region, used);
        if (region.empty()) region.assign(rank, {index(0), index(-1)});
        // A scatter's place may depend on loops over the region itself: grow until nothing is added.
        for (size_t round = 0; round <= rank + 1; ++round) {
            set_dims(func, region);
            Region grown = region;
            for (const Nest& nest : make_nests(func))
                for (const Touch& t : touched(nest.stage, entry.facts()))
                    if (func.owns(t.tensor)) grown = entry.unite(grown, t.region);
            const bool stable = std::equal(grown.begin(), grown.end(), region.begin(), [](auto& a, auto& b) {
                return a.min.defined() && a.max.defined() && equal(a.min, b.min) && equal(a.max, b.max);
            });
            if (stable) return;
            region = std::move(grown);
        }
        fail(func.loc,
             "the region of {} cannot be inferred: its updates move beyond every region; declare its shape",
             func.name());
    }

    [[noreturn]] void refuse_region(const FuncData& func, size_t d, const std::string& why) {
        Loc use = func.loc;
        for (const Symbol& tensor : tensors_of(func))
            if (const std::vector<Touch>& touches = entry.required(tensor).touches; !touches.empty()) {
                use = touches.front().loc;
                break;
            }
        fail(use,
             "the region of {} cannot be inferred, because a subscript in dimension {} has {}: clamp the "
             "subscript, or "
             "declare the shape of {}",
             func.name(), d, why, func.name());
    }

    void set_dims(const FuncData& func, const Region& region) {
        std::vector<Dim> result;
        for (size_t d = 0; d < region.size(); ++d) {
            if (!region[d].min.defined() || !region[d].max.defined()) refuse_region(func, d, "no bounds");
            const Expr min = simplify(region[d].min, entry.facts());
            const Expr extent = simplify(isub(iadd(region[d].max, index(1)), min), entry.facts());
            const auto* constant = extent.as<Constant>();
            if (constant && constant->value.raw() > static_cast<long>(most_inferred))
                refuse_region(func, d, constant->value.raw().get_str() + " values");
            result.push_back({min, extent});
        }
        for (const Symbol& tensor : tensors_of(func))
            dims[tensor] = result;
    }

    // ---- The module.

    Tensor tensor_of(const TensorData& t) const {
        const auto found = dims.find(t.symbol);
        return {t.symbol,
                *t.type,
                found == dims.end() ? std::vector<Dim>() : found->second,
                MemorySpace::heap(),
                t.origin,
                t.elements,
                t.loc};
    }

    Algorithm assemble() {
        Algorithm result;
        std::sort(code.begin(), code.end(),
                  [](const Code& a, const Code& b) { return a.sequence < b.sequence; });
        std::vector<Stmt> stages;
        std::vector<Symbol> first_defined;
        for (Code& c : code) {
            stages.push_back(c.stage);
            if (c.definition.index == 0) first_defined.push_back(c.definition.func);
            result.definitions.push_back(std::move(c.definition));
        }
        Function top;
        top.name = name.empty() ? outputs.front().name() : name;
        for (const auto& [symbol, param] : params)
            top.params.push_back(param);
        for (const auto& i : inputs)
            top.arguments.push_back({tensor_of(*i), Direction::in});
        for (const Func& f : outputs)
            for (size_t n = 0; n < f.values(); ++n)
                top.arguments.push_back({tensor_of(f.data()->value(n)), Direction::out});
        for (const auto& c : constants)
            top.constants.push_back(tensor_of(*c));
        top.body = Block::make(std::move(stages));
        std::map<Symbol, const FuncData*> by_symbol;
        for (const auto& f : funcs)
            by_symbol[f->symbol] = f.get();
        std::vector<Tensor> allocated;
        for (const Symbol& symbol : first_defined) {
            const FuncData& func = *by_symbol.at(symbol);
            for (size_t v = 0; v < func.values() && !is_output(func); ++v)
                allocated.push_back(tensor_of(func.value(v)));
        }
        top.body = Allocate::make(std::move(allocated), top.body);
        top.body = entry.before(top.body);
        result.module.functions.push_back(std::move(top));
        return result;
    }
};

} // namespace

Algorithm build(const std::vector<Func>& outputs, const std::vector<Input>& inputs, const std::string& name) {
    return Builder(outputs, inputs, name).build();
}

} // namespace lathe
