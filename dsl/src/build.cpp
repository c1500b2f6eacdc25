#include "lathe/dsl/algorithm.h"

#include "nest.h"
#include "nodes.h"
#include "touched.h"

#include "lathe/ir/print.h"
#include "lathe/ir/verify.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe {

namespace {

Expr at_least(const Expr& a, const Expr& b) {
    return Binary::make(BinaryOp::ge, a, b);
}

/// `condition` wherever `runs` holds.
Expr whenever(const Expr& runs, const Expr& condition) {
    if (!runs.defined()) return condition;
    return Binary::make(BinaryOp::logical_or, Unary::make(UnaryOp::bit_not, runs), condition);
}

/// What is asked of one tensor.
struct Requirement {
    std::vector<Touch> touches;
    Region region; ///< of all touches together
};

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
            check_region(*tensor);
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
    std::vector<std::shared_ptr<TensorData>> declared; ///< tensors with a declared shape, in the order found
    std::set<const TensorData*> known;
    std::map<Symbol, Param> params;
    std::map<Symbol, Requirement> required;
    std::map<Symbol, std::vector<Dim>> dims;
    std::set<Symbol> checked; ///< tensors with accesses that are checked where they happen
    std::vector<Code> code;
    std::vector<Stmt> checks;
    Facts facts;

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
            for (const DefinitionData& def : func->definitions) {
                Mentions mentions;
                mentions.add(def.value);
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
        declared.push_back(tensor);
        Mentions mentions;
        std::vector<Dim>& domain = dims[tensor->symbol];
        for (const Expr& e : *tensor->extents) {
            mentions.add(e);
            domain.push_back({index(0), e});
        }
        params.insert(mentions.params.begin(), mentions.params.end());
    }

    void order_arguments() {
        const auto by_creation = [](const auto& a, const auto& b) { return a->symbol < b->symbol; };
        std::sort(inputs.begin(), inputs.end(), by_creation);
        std::sort(constants.begin(), constants.end(), by_creation);
        if (!listed_inputs.empty()) take_listed_inputs();
        for (const auto& [symbol, param] : params)
            if (param.type.is_index()) require_size(param);
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

    /// A size is not negative. One that is the extent of an argument cannot be; others are checked.
    void require_size(const Param& param) {
        const auto is_extent = [&](const TensorData& tensor) {
            return std::any_of(tensor.extents->begin(), tensor.extents->end(), [&](const Expr& e) {
                const auto* v = e.as<Variable>();
                return v && v->symbol == param.symbol;
            });
        };
        const bool bound =
            std::any_of(inputs.begin(), inputs.end(), [&](const auto& t) { return is_extent(*t); }) ||
            std::any_of(outputs.begin(), outputs.end(), [&](const Func& f) { return is_extent(*f.data()); });
        facts.bound(param.symbol, {index(0), {}});
        const Expr size = Variable::make(param.symbol, param.type, param.loc);
        if (!bound)
            checks.push_back(Assert::make(at_least(size, index(0)),
                                          fmt::format("the size {} is negative", param.symbol.name()),
                                          param.loc));
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
            check(f.name(), f.loc());
        for (const auto& [symbol, param] : params)
            check(symbol.name(), param.loc);
    }

    // ---- Stages, consumers first.

    void make_stages(const FuncData& func) {
        if (!func.extents) infer_region(func);
        std::vector<Nest> nests = make_nests(func);
        for (size_t n = 0; n < nests.size(); ++n) {
            const DefinitionData& def = func.definitions[n];
            for (const Touch& t : touched(nests[n].stage, facts))
                require(t);
            for (const IndexValue& v : index_values(nests[n].stage, facts))
                check_value(v);
            code.push_back({def.sequence,
                            {func.symbol, func.name(), static_cast<int>(n), def.loc, nests[n].loops},
                            nests[n].stage});
        }
    }

    std::vector<Nest> make_nests(const FuncData& func) const {
        std::vector<Nest> nests;
        for (size_t n = 0; n < func.definitions.size(); ++n)
            nests.push_back(make_nest(func, static_cast<int>(n), dims.at(func.symbol), facts));
        return nests;
    }

    void unite(Region& region, const Region& more) const {
        region = region.empty() ? more : box_union(region, more, facts);
    }

    void require(const Touch& touch) {
        Requirement& r = required[touch.tensor];
        r.touches.push_back(touch);
        unite(r.region, touch.region);
    }

    /// The domain of a shapeless Func: what consumers read, and what its own updates touch.
    void infer_region(const FuncData& func) {
        const size_t rank = func.definitions.front().subscripts.size();
        Region region = required[func.symbol].region;
        if (region.empty()) region.assign(rank, {index(0), index(-1)});
        // A scatter's place may depend on loops over the region itself: grow until nothing is added.
        for (size_t round = 0; round <= rank + 1; ++round) {
            set_dims(func, region);
            Region grown = region;
            for (const Nest& nest : make_nests(func))
                for (const Touch& t : touched(nest.stage, facts))
                    if (t.tensor == func.symbol) unite(grown, t.region);
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
        const std::vector<Touch>& uses = required[func.symbol].touches;
        fail(uses.empty() ? func.loc : uses.front().loc,
             "the region of {} cannot be inferred, because a subscript in dimension {} has {}: clamp the "
             "subscript, or "
             "declare the shape of {}",
             func.name(), d, why, func.name());
    }

    void set_dims(const FuncData& func, const Region& region) {
        std::vector<Dim>& result = dims[func.symbol];
        result.clear();
        for (size_t d = 0; d < region.size(); ++d) {
            if (!region[d].min.defined() || !region[d].max.defined()) refuse_region(func, d, "no bounds");
            const Expr min = simplify(region[d].min, facts);
            const Expr extent = simplify(isub(iadd(region[d].max, index(1)), min), facts);
            const auto* constant = extent.as<Constant>();
            if (constant && constant->value.raw() > static_cast<long>(most_inferred))
                refuse_region(func, d, constant->value.raw().get_str() + " values");
            result.push_back({min, extent});
        }
    }

    // ---- Checks.

    void add_check(const Expr& condition, const std::string& message, Loc loc) {
        const Expr simple = simplify(condition, facts);
        for (const Stmt& s : checks)
            if (equal(s.as<Assert>()->condition, simple)) return;
        checks.push_back(Assert::make(simple, message, loc));
        facts.assume(simple);
    }

    /// A loop or size used as a value must fit Int(32).
    void check_value(const IndexValue& v) {
        Facts here = facts;
        if (v.runs.defined()) here.assume(v.runs);
        const Expr low = index(-(int64_t{1} << 31)), high = index((int64_t{1} << 31) - 1);
        Expr fits;
        if (v.range.min.defined() && !prove(at_least(v.range.min, low), here))
            fits = at_least(v.range.min, low);
        if (v.range.max.defined() && !prove(at_least(high, v.range.max), here))
            fits = both(fits, Binary::make(BinaryOp::le, v.range.max, high));
        if (!fits.defined()) return;
        const std::string range = region_text({v.range}, facts);
        if (is_const_false(simplify(fits, here)))
            fail(v.loc,
                 "a loop variable or size in {} is used as a value, which is an Int(32): split the domain",
                 range);
        add_check(whenever(v.runs, fits),
                  fmt::format("a loop variable or size used as a value exceeds Int(32): {}", range), v.loc);
    }

    Region declared_region(const TensorData& tensor) const {
        Region region;
        for (const Dim& d : dims.at(tensor.symbol))
            region.push_back({d.min, simplify(isub(d.extent, index(1)), facts)});
        return region;
    }

    /// The parts of "required lies within declared" that are not proved.
    static Expr unproved(const Region& inner, const Region& outer, const Facts& here) {
        Expr result;
        for (size_t d = 0; d < outer.size(); ++d) {
            const Expr low = inner[d].min.defined() ? at_least(inner[d].min, outer[d].min) : Expr(false);
            const Expr high =
                inner[d].max.defined() ? Binary::make(BinaryOp::le, inner[d].max, outer[d].max) : Expr(false);
            for (const Expr& e : {low, high})
                if (!prove(e, here)) result = both(result, e);
        }
        return result;
    }

    void check_region(const TensorData& tensor) {
        const auto found = required.find(tensor.symbol);
        if (found == required.end()) return;
        const Region outer = declared_region(tensor);
        Region whole[2]; // of reads, of writes
        for (const Touch& t : found->second.touches)
            if (t.tight) unite(whole[t.write], t.region);
        for (const Touch& t : found->second.touches)
            check_touch(tensor, t, outer, t.tight ? whole[t.write] : t.region);
    }

    /// An access that happens whenever its loops run needs its tensor to have elements. If that is enough, or
    /// if its bounds are reached, then a check at entry decides; other touches are checked where they happen
    /// (Tensor::checked).
    void check_touch(const TensorData& tensor, const Touch& touch, const Region& outer, const Region& whole) {
        Facts here = facts;
        if (touch.runs.defined()) here.assume(touch.runs);
        if (!unproved(touch.region, outer, here).defined()) return;
        if (!touch.unconditional) {
            checked.insert(tensor.symbol);
            return;
        }
        Expr some;
        for (const Interval& i : outer) {
            const Expr exists = at_least(i.max, i.min);
            if (prove(exists, here)) continue;
            some = both(some, exists);
            here.assume(exists);
        }
        const Expr open = unproved(touch.region, outer, here);
        const std::string regions =
            fmt::format("required {}, declared {}", region_text(whole, facts), region_text(outer, facts));
        const char* const verb = touch.write ? "written" : "read";
        if (!open.defined()) {
            add_check(whenever(touch.runs, some),
                      fmt::format("{} is {}, so it must not be empty: {}", tensor.name(), verb, regions),
                      touch.loc);
        } else if (touch.tight) {
            if (certainly_outside(touch.region, outer, here))
                fail(touch.loc, "{} is {} outside its shape: {}: {}", tensor.name(), verb, regions,
                     advice(tensor, touch));
            add_check(whenever(touch.runs, both(some, open)),
                      fmt::format("{} is {} outside its shape: {}", tensor.name(), verb, regions), touch.loc);
        } else {
            checked.insert(tensor.symbol);
        }
    }

    static std::string advice(const TensorData& tensor, const Touch& touch) {
        if (touch.write)
            return fmt::format("give {} a larger shape, or visit fewer positions", tensor.name());
        return fmt::format(
            "use a boundary helper, as in repeat_edge({}), give {} a larger shape, or compute less",
            tensor.name(), tensor.name());
    }

    static bool certainly_outside(const Region& inner, const Region& outer, const Facts& here) {
        for (size_t d = 0; d < outer.size(); ++d)
            if (prove(Binary::make(BinaryOp::lt, inner[d].min, outer[d].min), here) ||
                prove(Binary::make(BinaryOp::gt, inner[d].max, outer[d].max), here))
                return true;
        return false;
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
                t.loc,
                checked.contains(t.symbol)};
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
            top.arguments.push_back({tensor_of(*f.data()), Direction::out});
        for (const auto& c : constants)
            top.constants.push_back(tensor_of(*c));
        top.body = Block::make(std::move(stages));
        for (size_t n = first_defined.size(); n-- > 0;) {
            const auto func = std::find_if(funcs.begin(), funcs.end(),
                                           [&](const auto& f) { return f->symbol == first_defined[n]; });
            if (!is_output(**func)) top.body = Allocate::make(tensor_of(**func), top.body);
        }
        checks.push_back(top.body);
        top.body = Block::make(checks);
        result.module.functions.push_back(std::move(top));
        return result;
    }
};

} // namespace

Algorithm build(const std::vector<Func>& outputs, const std::vector<Input>& inputs, const std::string& name) {
    return Builder(outputs, inputs, name).build();
}

} // namespace lathe
