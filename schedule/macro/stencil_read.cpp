#include "stencil_read.h"

#include "stencil_point.h"

#include <algorithm>

namespace lathe::schedule::stencil {

namespace {

std::string described(const Load& l) {
    std::string text = l.tensor.name();
    for (const Expr& e : l.indices)
        text += fmt::format("[{}]", print(e));
    return text;
}

/// The Function's statements at root, and its tensors.
struct Roots {
    std::vector<Tensor> arrays;
    std::vector<Stmt> statements;

    void add(const Stmt& s) {
        if (!s.defined()) return;
        if (const auto* a = s.as<Allocate>()) {
            arrays.insert(arrays.end(), a->tensors.begin(), a->tensors.end());
            add(a->body);
        } else if (const auto* b = s.as<Block>()) {
            for (const Stmt& each : b->stmts)
                add(each);
        } else {
            statements.push_back(s);
        }
    }
};

class Reader {
  public:
    explicit Reader(const Edit& e) : edit(e), function(e.function()) {
        roots.add(function.body);
        for (const Stmt& s : roots.statements)
            if (const auto* g = s.as<Stage>()) stages[g->func].push_back(s);
    }

    Stencil read() {
        const Symbol out = edit.images(edit.step().func).front();
        if (!stages.contains(out)) missing(out);
        collect(out);
        order();
        for (size_t n = 0; n < result.flows.size(); ++n)
            if (result.flows[n].is_stage()) find_windows(n);
        for (const Flow& f : result.flows)
            check_windows(f);
        split_rest();
        return std::move(result);
    }

  private:
    const Edit& edit;
    const Function& function;
    Roots roots;
    std::map<Symbol, std::vector<Stmt>> stages; ///< their definitions at root
    std::map<Symbol, PointValue> points;
    std::set<Symbol> inputs, seen;
    std::map<Symbol, size_t> places; ///< into the flows
    Stencil result;

    /// Says why the Func has no stage at root.
    [[noreturn]] void missing(const Symbol& func) const {
        const bool somewhere = !find_path(function.body, [&](const Stmt& s) {
                                    const auto* g = s.as<Stage>();
                                    return g && g->func == func;
                                }).empty();
        if (somewhere)
            edit.refuse("{0} is computed inside of another stage: call compute_root({0}) before that",
                        func.name());
        edit.refuse("{} is no stage any more", func.name());
    }

    const Tensor* argument(const Symbol& s) const {
        for (const Argument& a : function.arguments)
            if (a.tensor.symbol == s) return &a.tensor;
        return nullptr;
    }
    const Tensor* table(const Symbol& s) const {
        for (const Tensor& t : function.constants)
            if (t.symbol == s) return &t;
        for (const Tensor& t : roots.arrays)
            if (t.symbol == s && t.data) return &t;
        return nullptr;
    }
    const Tensor& tensor(const Symbol& s) const {
        if (const Tensor* a = argument(s)) return *a;
        for (const Tensor& t : roots.arrays)
            if (t.symbol == s) return t;
        edit.refuse("{} is no array that a network could read", s.name());
    }

    /// The stage and all that it reads.
    void collect(const Symbol& func) {
        if (!seen.insert(func).second) return;
        const Tensor& own = tensor(func);
        points.emplace(func, point_value(edit, own, stages.at(func)));
        for (const Symbol& t : tensors_read(points.at(func).value)) {
            if (table(t)) continue;
            if (stages.contains(t)) {
                collect(t);
                continue;
            }
            const Tensor* a = argument(t);
            if (!a) missing(t);
            if (!written_outside(t)) inputs.insert(t);
        }
    }

    /// Always false. \throws Error for a tensor that is both read and written.
    bool written_outside(const Symbol& t) const {
        for (const Argument& a : function.arguments)
            if (a.tensor.symbol == t && a.direction != Direction::in)
                edit.refuse(
                    "{0} is read, and it is written, too: a network cannot tell old elements from new "
                    "ones. Use two tensors",
                    t.name());
        return false;
    }

    void order() {
        for (const Argument& a : function.arguments)
            if (inputs.contains(a.tensor.symbol)) add_input(a.tensor);
        for (const Stmt& s : roots.statements) {
            const auto* g = s.as<Stage>();
            if (!g || g->definition != 0 || !seen.contains(g->func)) continue;
            const PointValue& p = points.at(g->func);
            places[g->func] = result.flows.size();
            Flow f;
            f.tensor = tensor(g->func);
            f.box = p.box;
            f.definitions = stages.at(g->func);
            f.point = p.point;
            f.value = p.value;
            result.flows.push_back(std::move(f));
        }
    }

    void add_input(const Tensor& t) {
        places[t.symbol] = result.flows.size();
        for (const Dim& d : t.dims)
            if (!as_int(d.min) || !as_int(d.extent))
                edit.refuse("the input {} has the extent {}, which is not constant: give the sizes their "
                            "values by bind",
                            t.symbol.name(), print(d.extent));
        Flow f;
        f.tensor = t;
        result.flows.push_back(std::move(f));
    }

    /// Loads of elements become tokens, elements of tables at constant places numbers.
    class Tokens : public Mutator {
      public:
        Tokens(Reader& r, size_t n) : reader(r), stage(n) {}

      protected:
        using Mutator::visit;
        Expr visit(const Load& l, const Expr& e) override {
            if (const Tensor* t = reader.table(l.tensor)) return entry(*t, rebuilt(e));
            return reader.token(stage, l);
        }

      private:
        Reader& reader;
        size_t stage;

        static Expr entry(const Tensor& t, const Expr& e) {
            const auto& l = *e.as<Load>();
            int64_t at = 0;
            for (size_t d = 0; d < t.dims.size(); ++d) {
                const auto i = as_int(simplify(l.indices[d])), first = as_int(t.dims[d].min),
                           extent = as_int(t.dims[d].extent);
                if (!i || !first || !extent || *i < *first || *i >= *first + *extent) return e;
                at = at * *extent + *i - *first;
            }
            return Constant::make((*t.data)[static_cast<size_t>(at)], l.loc);
        }
    };

    void find_windows(size_t n) {
        const Expr value = Tokens(*this, n)(result.flows[n].value);
        result.flows[n].value = value;
    }

    /// The variable that stands for what is loaded.
    Expr token(size_t n, const Load& l) {
        const size_t of = places.at(l.tensor);
        Flow& f = result.flows[n];
        const std::vector<int64_t> at = distance(f, l);
        for (const Window& w : f.windows)
            if (w.of == of && w.at == at) return Variable::make(w.token, l.type, l.loc);
        f.windows.push_back({of, at, Symbol(l.tensor.name() + "_token")});
        return Variable::make(f.windows.back().token, l.type, l.loc);
    }

    /// What is added to the point's subscripts.
    std::vector<int64_t> distance(const Flow& f, const Load& l) const {
        if (l.indices.size() != f.point.size())
            edit.refuse("{} has {} dimensions, and {} reads {} at {}, which has {}: all that flows lies on "
                        "one grid. Make a table of constants of it, or give it the same dimensions",
                        f.tensor.symbol.name(), f.point.size(), f.tensor.symbol.name(), described(l),
                        l.loc.str(), l.indices.size());
        std::vector<int64_t> all;
        for (size_t d = 0; d < f.point.size(); ++d) {
            const auto by = as_int(simplify(isub(l.indices[d], var(f.point[d]))));
            if (!by) refuse_subscript(f, l, d);
            all.push_back(*by);
        }
        return all;
    }

    [[noreturn]] void refuse_subscript(const Flow& f, const Load& l, size_t d) const {
        const std::string& own = f.point[d].name();
        const std::string what =
            fmt::format("{} reads {} at {}", f.tensor.symbol.name(), described(l), l.loc.str());
        const Expr& e = l.indices[d];
        if (!tensors_read(e).empty())
            edit.refuse("{}: a gather. A stage reads elements at constant distances from {}", what, own);
        const auto linear = as_linear(simplify(e));
        if (!linear) {
            bool modulo = false;
            for_each_expr(e, [&](const Expr& x) {
                const auto* b = x.as<Binary>();
                modulo = modulo || (b && (b->op == BinaryOp::mod || b->op == BinaryOp::floormod));
            });
            if (modulo)
                edit.refuse("{}: subscripts that wrap around need elements long after they have passed. "
                            "Compute the inner part alone, or give the input a border that holds them",
                            what);
            edit.refuse("{}: subscript {} is not {} and a number. Where it keeps to the tensor at an edge, "
                        "compute the inner part alone, or give the input a border of its own",
                        what, d, own);
        }
        const auto own_part = linear->coefficients.find(f.point[d]);
        if (own_part == linear->coefficients.end() || linear->coefficients.size() > 1)
            edit.refuse(
                "{}: subscript {} is not {} and a number. A network reads each tensor in the order in "
                "which it computes: transpose it before that, in a kernel of its own",
                what, d, own);
        edit.refuse("{}: stride {} in subscript {}. A stage reads as many elements as it computes: keep one "
                    "of {} before "
                    "that, in a kernel of its own",
                    what, own_part->second.get_str(), d, own_part->second.get_str());
    }

    /// Windows lie in what is there.
    void check_windows(const Flow& f) {
        for (const Window& w : f.windows) {
            Flow& of = result.flows[w.of];
            Box read = f.box;
            for (size_t d = 0; d < read.rank(); ++d)
                read.first[d] += w.at[d];
            Box there = of.box;
            if (!of.is_stage()) {
                there = {};
                for (const Dim& d : of.tensor.dims) {
                    there.first.push_back(*as_int(d.min));
                    there.extent.push_back(*as_int(d.extent));
                }
                of.box = of.box.rank() == 0 ? read : of.box.hull(read);
            }
            for (size_t d = 0; d < read.rank(); ++d)
                if (read.first[d] < there.first[d] || read.end(d) > there.end(d))
                    edit.refuse(
                        "{} reads {} at distance ({}), from {} to {} in dimension {}, which goes from "
                        "{} to {}: the window leaves it. Compute the inner part alone, or give {} a "
                        "border of its own",
                        f.tensor.symbol.name(), of.tensor.symbol.name(), fmt::join(w.at, ", "), read.first[d],
                        read.end(d) - 1, d, there.first[d], there.end(d) - 1, of.tensor.symbol.name());
        }
    }

    /// What stays beside the network, and which arrays.
    void split_rest() {
        std::set<Symbol> outside;
        for (const Stmt& s : roots.statements) {
            const auto* g = s.as<Stage>();
            if (g && seen.contains(g->func)) continue;
            if (!g && !s.as<Assert>())
                edit.refuse("the algorithm does something beside its stages at {}: what runs when could not "
                            "be told",
                            s.loc().str());
            outside.merge(tensors_read(s));
            result.others.push_back(s);
        }
        for (Flow& f : result.flows)
            f.stored = f.is_stage() && (argument(f.tensor.symbol) || outside.contains(f.tensor.symbol));
        for (const Tensor& t : roots.arrays) {
            const auto found = places.find(t.symbol);
            const bool gone = found != places.end() && !result.flows[found->second].stored;
            (gone ? result.consumed : result.kept).push_back(t);
        }
    }
};

} // namespace

Box Box::hull(const Box& o) const {
    Box all = *this;
    for (size_t d = 0; d < rank(); ++d) {
        all.first[d] = std::min(first[d], o.first[d]);
        all.extent[d] = std::max(end(d), o.end(d)) - all.first[d];
    }
    return all;
}

Stencil read_stencil(const Edit& e) {
    return Reader(e).read();
}

} // namespace lathe::schedule::stencil
