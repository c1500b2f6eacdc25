#include "own_arrays.h"

#include "functions.h"
#include "lathe/ir/simplify.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <functional>

namespace lathe::hls {

namespace {

/// An array that is no argument of the program.
struct LocalArray {
    Tensor tensor;
    int loops;   ///< around it
    bool filled; ///< others than one dataflow's processes write it
};
using LocalArrays = std::map<Symbol, LocalArray>;

/// How a part of a tensor lies in an array of its own: in its banks and words, as far as they are of
/// dimensions that the part has.
Layout layout_of_part(const Tensor& t, const std::vector<ViewDim>& part) {
    Layout own;
    if (!t.layout.shape.empty() || !t.layout.order.empty()) return own;
    for (size_t d = 0; d < part.size() && !t.layout.dims.empty(); ++d) {
        if (!part[d].kept) continue;
        DimLayout l{.partition = t.layout.dims[d].partition, .factor = t.layout.dims[d].factor};
        const auto extent = as_int(simplify(part[d].extent));
        if (l.factor > 0 && (!extent || *extent <= l.factor)) l = {.partition = Partition::complete};
        own.dims.push_back(l);
    }
    if (!part.empty() && part.back().kept) own.pack = t.layout.pack;
    return own;
}

/// One dataflow whose processes share arrays.
class OwnParts {
  public:
    OwnParts(const Module& m, const LocalArrays& l, int around) : module(m), locals(l), loops(around) {}

    Stmt make(const Stmt& s) {
        const auto& d = *s.as<Dataflow>();
        find_shared(d);
        const Stmt body = rewritten(d.body);
        if (body.same_as(d.body)) return s;
        std::vector<Stmt> all = std::move(before);
        for (auto& [tensor, copies] : whole)
            all.push_back(nest(copies.first, [&](const std::vector<Expr>& at) {
                std::vector<Stmt> each;
                for (const Tensor& to : copies.second)
                    each.push_back(copied(tensor, at, to, at));
                return Block::make(std::move(each));
            }));
        all.push_back(Dataflow::make(body, d.loc, d.origin));
        all.insert(all.end(), behind.begin(), behind.end());
        Stmt result = Block::make(std::move(all));
        if (!arrays.empty()) result = Allocate::make(std::move(arrays), result);
        for (size_t n = numbers.size(); n-- > 0;)
            result = LetStmt::make(numbers[n].first, numbers[n].second, result, d.loc);
        return result;
    }

  private:
    const Module& module;
    const LocalArrays& locals;
    const int loops;
    std::set<Symbol> shared;  ///< by several processes
    std::set<Symbol> written; ///< of these
    std::set<Symbol> inside;  ///< arrays of the dataflow
    std::set<Symbol> passed;  ///< of shared ones that are only read: those that a process has itself
    std::vector<Tensor> arrays;
    std::vector<std::pair<Symbol, Expr>> numbers;                             ///< that processes are given
    std::map<Symbol, std::pair<std::vector<Dim>, std::vector<Tensor>>> whole; ///< copies, by what they copy
    std::vector<Stmt> before, behind;

    void find_shared(const Dataflow& d) {
        std::map<Symbol, int64_t> uses;
        for_each(
            d.body,
            [&](const Stmt& s) {
                if (const auto* a = s.as<Allocate>())
                    for (const Tensor& t : a->tensors)
                        inside.insert(t.symbol);
                const auto* row = s.as<Spawn>();
                const auto* c = row ? row->call.as<CallStmt>() : s.as<CallStmt>();
                int64_t times = 1;
                for (size_t n = 0; row && n < row->box.size(); ++n)
                    times *= std::max<int64_t>(as_int(simplify(row->box[n].extent)).value_or(2), 0);
                for (size_t n = 0; c && n < c->tensors.size(); ++n) {
                    const TensorView& v = c->tensors[n];
                    uses[v.tensor] += row ? times - 1 : 1; // the walk goes on to a row's call
                    if (v.direction != Direction::in) written.insert(v.tensor);
                }
            },
            nullptr);
        for (const auto& [tensor, n] : uses)
            if (n > 1 && locals.contains(tensor)) shared.insert(tensor);
    }

    bool is_touched(const Stmt& call) const {
        return std::ranges::any_of(expressions(call),
                                   [](const Expr& e) { return !tensors_read(e).empty(); }) ||
               std::ranges::any_of(call.as<CallStmt>()->tensors,
                                   [&](const TensorView& v) { return shared.contains(v.tensor); });
    }

    Stmt rewritten(const Stmt& s) {
        if (!s.defined()) return s;
        if (s.as<CallStmt>()) return is_touched(s) ? process(s) : s;
        if (const auto* row = s.as<Spawn>()) {
            if (!is_touched(row->call)) return s;
            std::vector<Stmt> calls;
            for (const Substitution& ids : processes_of(*row))
                calls.push_back(rewritten(simplify(substitute(row->call, ids))));
            return Block::make(std::move(calls));
        }
        if (const auto* a = s.as<Allocate>()) {
            std::vector<Tensor> left = a->tensors;
            std::erase_if(left, [&](const Tensor& t) { return shared.contains(t.symbol); });
            if (left.size() < a->tensors.size())
                return left.empty() ? rewritten(a->body) : Allocate::make(left, rewritten(a->body));
        }
        return with_parts(
            s, [](const Expr& e) { return e; }, [&](const Stmt& body) { return rewritten(body); });
    }

    Stmt process(const Stmt& call) {
        const Stmt with_numbers =
            with_parts(call, [&](const Expr& e) { return number(e); }, [](const Stmt& body) { return body; });
        const auto& c = *with_numbers.as<CallStmt>();
        std::vector<TensorView> tensors = c.tensors;
        for (size_t n = 0; n < tensors.size(); ++n)
            if (shared.contains(tensors[n].tensor))
                tensors[n] = own_part(tensors[n], module.function(c.callee).arguments[n].tensor);
        return CallStmt::make(c.callee, std::move(tensors), c.values, c.streams, c.loc);
    }

    Expr number(const Expr& e) {
        if (tensors_read(e).empty()) return e;
        numbers.emplace_back(Symbol("number"), e);
        return Variable::make(numbers.back().first, e.type(), e.loc());
    }

    /// What the view shows, as an array that is this process's.
    TensorView own_part(const TensorView& v, const Tensor& formal) {
        const Tensor& of = locals.at(v.tensor).tensor;
        const bool stays = v.whole && !written.contains(v.tensor) && !inside.contains(v.tensor);
        if (stays && passed.insert(v.tensor).second) return v;
        Tensor part = of;
        part.symbol = Symbol(of.symbol.name() + "_part");
        TensorView all{part.symbol, {}, v.direction, true};
        if (v.whole) {
            all.dims = v.dims;
        } else {
            part.layout = layout_of_part(of, v.dims);
            part.dims.clear();
            for (const ViewDim& d : v.dims) {
                if (!d.kept) continue;
                all.whole = all.whole && as_int(simplify(formal.dims[part.dims.size()].min)) == 0;
                part.dims.push_back({index(0), d.extent});
                all.dims.push_back({index(0), d.extent, 1, true});
            }
        }
        arrays.push_back(part);
        if (!inside.contains(v.tensor)) copy(v, of, part);
        return all;
    }

    /// In front of the dataflow, and behind it.
    void copy(const TensorView& v, const Tensor& of, const Tensor& part) {
        const LocalArray& l = locals.at(v.tensor);
        if (v.whole && v.direction == Direction::in) {
            auto& [dims, copies] = whole[v.tensor];
            dims = of.dims;
            copies.push_back(part);
            return;
        }
        const auto place = [&](const std::vector<Expr>& at) {
            std::vector<Expr> all;
            size_t n = 0;
            for (const ViewDim& d : v.dims)
                all.push_back(v.whole  ? at[n++]
                              : d.kept ? simplify(iadd(d.begin, imul(index(d.stride), at[n++])))
                                       : d.begin);
            return all;
        };
        if (v.direction == Direction::in || l.filled || l.loops < loops)
            before.push_back(nest(part.dims, [&](const std::vector<Expr>& at) {
                return copied(of.symbol, place(at), part, at);
            }));
        if (v.direction != Direction::in)
            behind.push_back(nest(part.dims, [&](const std::vector<Expr>& at) {
                return copied(part.symbol, at, of, place(at));
            }));
    }

    static Stmt copied(const Symbol& from, const std::vector<Expr>& at, const Tensor& to,
                       const std::vector<Expr>& there) {
        return Store::make(to.symbol, to.type, there, Load::make(from, to.type, at, to.loc), to.loc);
    }

    static Stmt nest(const std::vector<Dim>& dims,
                     const std::function<Stmt(const std::vector<Expr>&)>& statement) {
        std::vector<Symbol> vars;
        std::vector<Expr> at;
        for (size_t d = 0; d < dims.size(); ++d) {
            vars.emplace_back("i" + std::to_string(d));
            at.push_back(Variable::make(vars[d], IndexType()));
        }
        Stmt s = statement(at);
        for (size_t d = dims.size(); d-- > 0;)
            s = For::make(vars[d], dims[d].min, dims[d].extent,
                          d + 1 == dims.size() ? LoopKind::pipeline(1) : LoopKind::serial(), s);
        return s;
    }
};

class OwnArrays : public Mutator {
  public:
    explicit OwnArrays(const Module& m) : module(m) {}

    Module run() {
        Module result = module;
        for (Function& f : result.functions) { // callers come before those whom they call
            locals.clear();
            for (size_t n = 0; n < f.arguments.size(); ++n)
                if (given.contains({f.name, n}))
                    locals[f.arguments[n].tensor.symbol] = {f.arguments[n].tensor, loops, true};
            f.body = (*this)(f.body);
        }
        return result;
    }

  protected:
    using Mutator::visit;
    Stmt visit(const For& l, const Stmt& s) override {
        return in_loop([&] { return Mutator::visit(l, s); });
    }
    Stmt visit(const While& l, const Stmt& s) override {
        return in_loop([&] { return Mutator::visit(l, s); });
    }
    Stmt visit(const Allocate& a, const Stmt& s) override {
        for (const Tensor& t : a.tensors)
            if (!t.data && !t.space.on_device())
                locals[t.symbol] = {t, loops, writers(a.body, t.symbol) > of_one_network(a.body, t.symbol)};
        return Mutator::visit(a, s);
    }
    Stmt visit(const Fill& b, const Stmt& s) override {
        locals[b.tensor.symbol] = {b.tensor, loops, true};
        return Mutator::visit(b, s);
    }
    Stmt visit(const Drain& b, const Stmt& s) override {
        locals[b.tensor.symbol] = {b.tensor, loops, true};
        return Mutator::visit(b, s);
    }
    Stmt visit(const CallStmt& c, const Stmt& s) override {
        for (size_t n = 0; n < c.tensors.size(); ++n)
            if (locals.contains(c.tensors[n].tensor)) given.insert({c.callee, n});
        return s;
    }
    Stmt visit(const Dataflow& d, const Stmt& s) override {
        Mutator::visit(d, s); // knows its arrays and calls
        return OwnParts(module, locals, loops).make(s);
    }

  private:
    const Module& module;
    LocalArrays locals;
    std::set<std::pair<std::string, size_t>> given; ///< arguments of Functions that are such
    int loops = 0;

    template <class F> Stmt in_loop(const F& body) {
        ++loops;
        Stmt s = body();
        --loops;
        return s;
    }

    static size_t writers(const Stmt& body, const Symbol& tensor) {
        size_t n = 0;
        for_each(
            body,
            [&](const Stmt& s) {
                const std::vector<Write> all = writes_of(s);
                n += static_cast<size_t>(std::ranges::count(all, tensor, &Write::tensor));
            },
            nullptr);
        return n;
    }

    /// The most writers in a dataflow.
    static size_t of_one_network(const Stmt& body, const Symbol& tensor) {
        size_t n = 0;
        for_each(
            body,
            [&](const Stmt& s) {
                if (s.as<Dataflow>()) n = std::max(n, writers(s, tensor));
            },
            nullptr);
        return n;
    }
};

} // namespace

Module with_own_arrays(const Module& m) {
    return OwnArrays(m).run();
}

} // namespace lathe::hls
