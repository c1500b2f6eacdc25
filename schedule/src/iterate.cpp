#include "iterate.h"

#include "lathe/ir/rename.h"
#include "lathe/ir/visit.h"
#include "rewrite.h"
#include "roots.h"

#include <algorithm>
#include <set>

namespace lathe::schedule {

namespace {

class Iterated {
  public:
    Iterated(Retyped& r, const Symbol& func, Loc l)
        : algorithm(r), top(r.module.top()), out(func), loc(l), roots(top.body) {
        for (const Stmt& s : roots.statements)
            if (const auto* g = s.as<Stage>()) {
                writers[g->func].push_back(s);
                for (const Symbol& t : stored_outside(s))
                    stage_of.emplace(t, g->func);
            }
        collect(out);
    }

    void repeat(int64_t times) {
        const Symbol in = input();
        std::vector<Stmt> copies;
        Symbol last = in;
        for (int64_t step = 1; step < times; ++step)
            last = add_step(step, in, last, copies);
        std::vector<Stmt> all;
        for (const Stmt& s : roots.statements) {
            if (!of_step(s)) {
                all.push_back(s);
                continue;
            }
            all.insert(all.end(), copies.begin(), copies.end());
            copies.clear();
            all.push_back(rename(s, {{in, last}}));
        }
        roots.arrays.insert(roots.arrays.end(), arrays.begin(), arrays.end());
        top.body = Allocate::make(roots.arrays, Block::make(std::move(all)));
    }

  private:
    Retyped& algorithm;
    Function& top;
    Symbol out;
    Loc loc;
    Roots roots;
    std::map<Symbol, std::vector<Stmt>> writers; ///< the definitions of a Func
    std::map<Symbol, Symbol> stage_of;           ///< of a tensor
    std::set<Symbol> cone;                       ///< Funcs that a step computes
    std::set<Symbol> read;                       ///< tensors that a step reads
    std::vector<Tensor> arrays;                  ///< of the steps before the last one

    bool of_step(const Stmt& s) const {
        const auto* g = s.as<Stage>();
        return g && cone.contains(g->func);
    }

    void collect(const Symbol& func) {
        if (!cone.insert(func).second) return;
        for (const Stmt& s : writers[func])
            for (const Symbol& t : tensors_read(s)) {
                read.insert(t);
                if (const auto made = stage_of.find(t); made != stage_of.end()) collect(made->second);
            }
    }

    const Tensor& tensor(const Symbol& s) const {
        for (const Argument& a : top.arguments)
            if (a.tensor.symbol == s) return a.tensor;
        for (const Tensor& t : roots.arrays)
            if (t.symbol == s) return t;
        if (s == out && writers.contains(s))
            fail(loc,
                 "iterate: {} is a kernel, which says itself how often its loops run: write a for_ around "
                 "them",
                 s.name());
        fail(loc, "iterate: {} is no array at root", s.name());
    }

    /// The one that a step's result replaces.
    Symbol input() const {
        const Tensor& result = tensor(out);
        std::vector<std::string> like, other;
        Symbol found;
        for (const Argument& a : top.arguments) {
            if (a.direction != Direction::in || !read.contains(a.tensor.symbol)) continue;
            const bool same = a.tensor.type == result.type && equal_dims(a.tensor, result);
            (same ? like : other).push_back(described(a.tensor));
            if (same) found = a.tensor.symbol;
        }
        if (like.empty())
            fail(loc,
                 "iterate: the result {} is not like what it is computed of ({}), so no step can be computed "
                 "of "
                 "it. Give it the type and the size of the input, with what lies beyond the edges "
                 "(repeat_edge(in)(y - 1, x) …), or state the steps, each a Func of the one before it",
                 described(result), other.empty() ? "no input" : fmt::format("{}", fmt::join(other, ", ")));
        if (like.size() > 1)
            fail(loc,
                 "iterate: which one the result {} replaces in the next step cannot be told: {}. State the "
                 "steps, each a Func of the one before it",
                 described(result), fmt::join(like, ", "));
        return found;
    }

    static bool equal_dims(const Tensor& a, const Tensor& b) {
        return std::ranges::equal(a.dims, b.dims, [](const Dim& x, const Dim& y) {
            return equal(simplify(x.min), simplify(y.min)) && equal(simplify(x.extent), simplify(y.extent));
        });
    }

    static std::string described(const Tensor& t) {
        std::vector<std::string> extents;
        for (const Dim& d : t.dims)
            extents.push_back(print(simplify(d.extent)));
        return fmt::format("{}: {}[{}]", t.symbol.name(), t.type.str(), fmt::join(extents, ", "));
    }

    /// Step number `step`, which reads the result of the one before it. \return its result
    Symbol add_step(int64_t step, const Symbol& in, const Symbol& before, std::vector<Stmt>& copies) {
        std::map<Symbol, Symbol> names;
        for (const auto& [t, func] : stage_of) {
            if (!cone.contains(func)) continue;
            const Symbol own(fmt::format("{}_step{}", t.name(), step));
            names.emplace(t, own);
            Tensor array = tensor(t);
            array.symbol = own;
            arrays.push_back(std::move(array));
        }
        for (const Symbol& f : cone) // a Func of several values is called by its first one
            names.emplace(f, Symbol(fmt::format("{}_step{}", f.name(), step)));
        std::map<Symbol, Symbol> uses = names, inner;
        uses.emplace(in, before);
        for (const Stmt& s : roots.statements) {
            if (!of_step(s)) continue;
            std::map<Symbol, Symbol> fresh;
            copies.push_back(rename(fresh_copy(s, &fresh), uses));
            inner.merge(fresh);
        }
        const std::vector<Definition> known = algorithm.definitions;
        for (const Definition& d : known)
            if (cone.contains(d.func)) algorithm.definitions.push_back(definition(d, names, inner));
        return names.at(out);
    }

    static Definition definition(Definition d, const std::map<Symbol, Symbol>& names,
                                 const std::map<Symbol, Symbol>& inner) {
        const auto renamed = [](Symbol& s, const std::map<Symbol, Symbol>& by) {
            if (const auto found = by.find(s); found != by.end()) s = found->second;
        };
        renamed(d.func, names);
        d.name = d.func.name();
        for (Symbol& t : d.tensors)
            renamed(t, names);
        for (auto& [variable, loop] : d.loops)
            renamed(loop, inner);
        return d;
    }
};

} // namespace

void iterate(Retyped& algorithm, const Symbol& out, int64_t times, Loc loc) {
    Iterated(algorithm, out, loc).repeat(times);
}

} // namespace lathe::schedule
