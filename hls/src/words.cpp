/// \file Arrays that memory hands over in words: a loop that runs side by side over the elements of a word
/// reads the word before it, or writes it behind it.

#include "body.h"
#include "expr.h"
#include "functions.h"
#include "lathe/ir/index_value.h"
#include "lathe/ir/layout.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <functional>

namespace lathe::hls {

namespace {

/// What a loop whose iterations stand side by side does with one array.
struct Accesses {
    std::vector<Expr> offsets; ///< of its elements
    bool reads = false, writes = false;
    bool always = true; ///< in each iteration
};

class Collector {
  public:
    explicit Collector(const Scope& s) : scope(s) {}
    std::map<Symbol, Accesses> found;
    std::vector<const For*> lanes; ///< the loops, the outermost first
    bool plain = true;             ///< nothing in it runs one after the other

    void walk(const Stmt& s, bool always) {
        if (!s.defined()) return;
        for (const Expr& root : expressions(s))
            for_each_expr(root, [&](const Expr& e) {
                const auto* l = e.as<Load>();
                if (!l) return;
                Accesses& a = add(l->tensor, l->indices);
                a.reads = true;
                a.always = a.always && always && e.same_as(root);
            });
        if (const auto* store = s.as<Store>())
            for (const StoreTarget& t : store->targets) {
                Accesses& a = add(t.tensor, t.indices);
                a.writes = true;
                a.always = a.always && always;
            }
        if (const auto* r = s.as<Reduce>()) {
            Accesses& a = add(r->target.tensor, r->target.indices);
            a.reads = a.writes = true;
        }
        if (const auto* loop = s.as<For>()) {
            plain = plain && loop->loop.known() && loop->runs().by_extent() && as_int(loop->min) == 0 &&
                    as_int(loop->extent).has_value();
            lanes.push_back(loop);
        }
        plain = plain && !s.as<While>() && !s.as<CallStmt>();
        for (const Stmt& body : bodies(s))
            walk(body, always && !s.as<If>());
    }

  private:
    const Scope& scope;
    Accesses nobody;

    Accesses& add(const Symbol& tensor, const std::vector<Expr>& at) {
        const auto array = scope.arrays.find(tensor);
        if (array == scope.arrays.end() || !array->second.in_words()) return nobody = {};
        Tensor declared;
        declared.dims = array->second.dims;
        Accesses& a = found[tensor];
        a.offsets.push_back(layout(declared).offset(at));
        return a;
    }
};

/// The places in a word, one for each iteration; empty: they are others.
std::set<int64_t> places(const std::vector<const For*>& lanes, const Expr& place, int64_t beat) {
    std::set<int64_t> all;
    std::map<Symbol, int64_t> at;
    bool inside = true;
    const std::function<void(size_t)> level = [&](size_t d) {
        if (d == lanes.size()) {
            const auto n = index_value(place, [&](const Symbol& s) {
                const auto found = at.find(s);
                return found == at.end() ? std::nullopt : std::optional(found->second);
            });
            inside = inside && n && *n >= 0 && *n < beat;
            if (inside) all.insert(*n);
            return;
        }
        for (int64_t i = 0; inside && i < *as_int(lanes[d]->extent); ++i) {
            at[lanes[d]->var] = i;
            level(d + 1);
        }
    };
    level(0);
    return inside ? all : std::set<int64_t>{};
}

} // namespace

/// Those of the arrays that the loop reads, or writes, in one word.
std::vector<Symbol> BodyEmitter::open_words(const For& s) {
    std::vector<Symbol> opened;
    if (!s.loop.known() || !s.runs().by_extent()) return opened;
    Collector all(scope);
    const Stmt whole = For::make(s.var, s.min, s.extent, s.loop, s.body, s.loc);
    all.walk(whole, true);
    if (!all.plain) return opened;
    Substitution first;
    std::set<Symbol> lanes;
    for (const For* l : all.lanes) {
        first.emplace(l->var, ir::index(0));
        lanes.insert(l->var);
    }
    for (const auto& [tensor, a] : all.found) {
        const Array& array = scope.array(tensor);
        const Expr beat = ir::index(array.beat()), offset = simplify(a.offsets.front(), scope.facts);
        const Expr base = simplify(substitute(offset, first), scope.facts);
        Tensor declared;
        declared.dims = array.dims;
        const Expr room = layout(declared).size;
        const auto known = [&](const Symbol& v) { return scope.variables.contains(v); };
        const bool here = scope.words.find(tensor) == scope.words.end() && a.reads != a.writes &&
                          a.offsets.size() == 1 && std::ranges::all_of(free_variables(base), known) &&
                          tensors_read(base).empty();
        // What happens in any case happens in the array.
        const bool there = a.always || (prove(Binary::make(BinaryOp::le, ir::index(0), base), scope.facts) &&
                                        prove(Binary::make(BinaryOp::lt, base, room), scope.facts));
        if (!here || !there ||
            !prove(Binary::make(BinaryOp::eq, ifloormod(base, beat), ir::index(0)), scope.facts))
            continue;
        const std::set<int64_t> at =
            places(all.lanes, simplify(isub(offset, base), scope.facts), array.beat());
        if (at.empty()) continue;
        OpenWords w{scope.names.take(array.name + "_word"), base, a.writes};
        const Expr number = simplify(ifloordiv(base, beat), scope.facts);
        const std::string place = ExprEmitter(scope, out, {number}).index(number);
        const std::string type = word_type(cpp_type(array.type), array.pack);
        // Neighbours that nobody writes here stay as they are.
        const bool reads = a.reads || !a.always || static_cast<int64_t>(at.size()) < array.beat();
        std::vector<std::string> values;
        for (const std::string& port : array.ports)
            values.push_back(fmt::format("{}[{}]", port, place));
        const std::string is = a.writes ? "" : "const ";
        if (array.ports.size() == 1) {
            out.line(fmt::format("{}{} {}{};", is, type, w.variable, reads ? " = " + values[0] : ""));
        } else {
            out.line(fmt::format("{}{} {}[{}]{};", is, type, w.variable, array.ports.size(),
                                 reads ? fmt::format(" = {{{}}}", fmt::join(values, ", ")) : ""));
            out.edge(fmt::format("#pragma HLS array_partition variable={} type=complete", w.variable));
        }
        scope.words.emplace(tensor, std::move(w));
        opened.push_back(tensor);
    }
    return opened;
}

void BodyEmitter::close_words(const std::vector<Symbol>& tensors) {
    for (const Symbol& tensor : tensors) {
        const OpenWords w = scope.words.at(tensor);
        scope.words.erase(tensor);
        if (!w.written) continue;
        const Array& array = scope.array(tensor);
        const Expr number = simplify(ifloordiv(w.base, ir::index(array.beat())), scope.facts);
        const std::string place = ExprEmitter(scope, out, {number}).index(number);
        for (size_t n = 0; n < array.ports.size(); ++n)
            out.line(fmt::format("{}[{}] = {}{};", array.ports[n], place, w.variable,
                                 array.ports.size() == 1 ? "" : fmt::format("[{}]", n)));
    }
}

} // namespace lathe::hls
