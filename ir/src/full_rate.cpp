#include "lathe/ir/full_rate.h"

#include "lathe/ir/call_buffers.h"
#include "lathe/ir/depths.h"
#include "lathe/ir/interpret.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <cmath>

namespace lathe {

using namespace ir;

namespace {

/// Room that lets reader and writer work in the same cycle.
constexpr int64_t least_depth = 2;

/// "s" of "row(2)/s[1] #0".
std::string array_name(const std::string& fifo) {
    const size_t slash = fifo.rfind('/');
    const std::string own = slash == std::string::npos ? fifo : fifo.substr(slash + 1);
    return own.substr(0, own.find_first_of("[ "));
}

/// Streams without a depth, and how deep they are to be.
class OpenStreams {
  public:
    explicit OpenStreams(const Module& m) {
        for (const Function& f : m.functions)
            for_each(
                f.body,
                [&](const Stmt& s) {
                    const auto* d = s.as<DeclareStream>();
                    if (d && d->stream.depth == 0) open.insert(d->stream.symbol.name());
                },
                nullptr);
    }
    bool empty() const { return open.empty(); }
    bool contains(const std::string& fifo) const { return open.contains(array_name(fifo)); }

  private:
    std::set<std::string> open;
};

class SetDepths : public Mutator {
  public:
    explicit SetDepths(const std::map<std::string, int64_t>& d) : depths(d) {}

  protected:
    using Mutator::visit;
    Stmt visit(const DeclareStream& d, const Stmt& s) override {
        if (d.stream.depth != 0) return Mutator::visit(d, s);
        StreamDeclaration stream = d.stream;
        const auto found = depths.find(stream.symbol.name());
        stream.depth = found == depths.end() ? least_depth : found->second;
        return DeclareStream::make(std::move(stream), (*this)(d.body));
    }

  private:
    const std::map<std::string, int64_t>& depths;
};

/// Searches the depths of a network that was recorded.
class Search {
  public:
    Search(const CycleProgram& p, CycleOptions o, const OpenStreams& open)
        : program(p), options(std::move(o)) {
        const CycleReport first = program.run(options);
        if (first.deadlock)
            fail({}, "whatever the depths of the streams without one, {}", first.deadlock->str());
        for (const FifoCycles& f : first.fifos) {
            if (!open.contains(f.name)) continue;
            int64_t& depth = depths[array_name(f.name)];
            depth = std::max({depth, f.fullest + 1, least_depth});
            elements[array_name(f.name)].push_back(f.name);
        }
        cycles = first.cycles;
    }

    /// The deepest are looked at first: what they hold is most worth saving.
    std::map<std::string, int64_t> run() {
        std::vector<std::string> order;
        for (const auto& [name, depth] : depths)
            order.push_back(name);
        std::ranges::stable_sort(order, std::greater(), [&](const std::string& n) { return depths.at(n); });
        for (const std::string& name : order)
            set(name, depths.at(name));
        for (const std::string& name : order)
            depths.at(name) = least(name);
        return depths;
    }

  private:
    const CycleProgram& program;
    CycleOptions options;
    std::map<std::string, int64_t> depths;
    std::map<std::string, std::vector<std::string>> elements;
    int64_t cycles = 0;

    void set(const std::string& name, int64_t depth) {
        for (const std::string& fifo : elements.at(name))
            options.depths[fifo] = depth;
    }
    int64_t least(const std::string& name) {
        int64_t low = least_depth, high = depths.at(name);
        while (low < high) {
            const int64_t middle = (low + high) / 2;
            set(name, middle);
            const CycleReport r = program.run(options);
            (r.deadlock || r.cycles > cycles ? low : high) =
                r.deadlock || r.cycles > cycles ? middle + 1 : middle;
        }
        set(name, low);
        return low;
    }
};

std::vector<AnyBuffer> zero_inputs(const Module& m, const std::map<std::string, Value>& scalars) {
    std::vector<AnyBuffer> all;
    std::map<Symbol, Value> sizes;
    for (const Param& p : m.top().params)
        if (const auto found = scalars.find(p.symbol.name()); found != scalars.end())
            sizes[p.symbol] = found->second;
    for (const Argument& a : m.top().arguments) {
        if (a.direction == Direction::out) continue;
        for (const Dim& d : a.tensor.dims)
            for (const Symbol& size : free_variables(d.extent))
                if (!sizes.contains(size))
                    fail(a.tensor.loc, "the depths of the streams depend on {}, which has no value: give it",
                         size.name());
        all.push_back(buffer_for(a.tensor, sizes));
    }
    return all;
}

/// When values are there, in cycles since a step took its tokens.
class Paths {
  public:
    explicit Paths(const OperatorTable& t) : table(t) {}
    double longest = 0;

    void visit(const Stmt& s) {
        if (!s.defined()) return;
        if (const auto* l = s.as<LetStmt>()) variables[l->symbol] = of(l->value);
        if (const auto* p = s.as<Push>()) longest = std::max(longest, of(Cast::make(p->type, p->value)));
        if (const auto* w = s.as<Store>())
            for (const StoreTarget& t : w->targets)
                stored(t.tensor, of(Cast::make(t.type, t.value)));
        if (const auto* r = s.as<Reduce>())
            if (r->target.value.type() != IndexType())
                stored(r->target.tensor,
                       of(Binary::make(
                           r->op, Load::make(r->target.tensor, r->target.type, r->target.indices, r->loc),
                           r->target.value)));
        for (const Stmt& body : bodies(s))
            visit(body);
    }

  private:
    const OperatorTable& table;
    std::map<Symbol, double> variables, tensors;

    /// In a later step it is there from the begin: only what a step itself stores is waited for.
    void stored(const Symbol& tensor, double at) { tensors[tensor] = std::max(tensors[tensor], at); }

    double of(const Expr& root) {
        std::map<const ExprNode*, double> ready;
        for_each_expr(root, [&](const Expr& e) {
            double& at = ready[e.get()];
            if (e.type().is_index()) return; // counters run ahead
            for (const Expr& o : operands(e))
                at = std::max(at, ready.at(o.get()));
            if (const auto* v = e.as<Variable>())
                if (const auto found = variables.find(v->symbol); found != variables.end())
                    at = std::max(at, found->second);
            if (const auto* l = e.as<Let>()) variables[l->symbol] = ready.at(l->value.get());
            if (const auto* l = e.as<Load>())
                if (const auto found = tensors.find(l->tensor); found != tensors.end())
                    at = std::max(at, found->second);
            at += table.cost(e).cycles;
        });
        return ready.at(root.get());
    }
};

} // namespace

std::map<std::string, int64_t> operator_latencies(const Module& m, const OperatorTable& table) {
    std::set<std::string> processes;
    for (const Function& f : m.functions)
        for_each(
            f.body,
            [&](const Stmt& s) {
                if (!s.as<Dataflow>()) return;
                const auto add = [&](const Stmt& inside) {
                    if (const auto* c = inside.as<CallStmt>()) processes.insert(c->callee);
                };
                for_each(s, add, nullptr);
            },
            nullptr);
    std::map<std::string, int64_t> all;
    for (const Function& f : m.functions) {
        if (!processes.contains(f.name)) continue;
        Paths paths(table);
        paths.visit(f.body);
        all[f.name] = 1 + static_cast<int64_t>(std::ceil(paths.longest));
    }
    return all;
}

Module with_full_rate_depths(const Module& m, const std::vector<AnyBuffer>& inputs,
                             const CycleOptions& options, const std::map<std::string, Value>& scalars) {
    const OpenStreams open(m);
    if (open.empty()) return m;
    check_depths(m);
    const CycleProgram program(m, inputs.empty() ? zero_inputs(m, scalars) : inputs, scalars);
    const std::map<std::string, int64_t> depths = Search(program, options, open).run();
    Module result = m;
    SetDepths set(depths);
    for (Function& f : result.functions)
        f.body = set(f.body);
    return result;
}

} // namespace lathe
