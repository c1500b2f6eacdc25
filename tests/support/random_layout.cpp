#include "random_layout.h"

#include "lathe/dsl/operators.h"
#include "lathe/ir/dependence.h"
#include "lathe/ir/error.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <numeric>

using namespace lathe;
using namespace lathe::ir;

namespace {

int64_t below(int n, std::mt19937& random) {
    return static_cast<int64_t>(random() % static_cast<unsigned>(n));
}

DimLayout random_dim(bool folds, std::mt19937& random) {
    DimLayout d;
    if (random() % 3 == 0) d.pad = below(4, random);
    if (random() % 3 == 0) d.align = 1 + below(8, random);
    if (folds && random() % 2) d.fold = 1 + below(10, random);
    switch (random() % 6) {
    case 0:
        d.partition = Partition::complete;
        break;
    case 1:
        d.partition = Partition::cyclic;
        d.factor = 1 + below(4, random);
        break;
    case 2:
        d.partition = Partition::block;
        d.factor = 1 + below(4, random);
        break;
    default:
        break;
    }
    return d;
}

/// The tensors that have a layout of their own.
std::vector<Tensor> own_tensors(const Module& m) {
    std::vector<Tensor> all;
    for (const Function& f : m.functions) {
        all.insert(all.end(), f.constants.begin(), f.constants.end());
        for_each(
            f.body,
            [&](const Stmt& s) {
                if (const auto* a = s.as<Allocate>())
                    all.insert(all.end(), a->tensors.begin(), a->tensors.end());
            },
            nullptr);
    }
    return all;
}

class WithLayout : public Mutator {
  public:
    WithLayout(const Symbol& t, const Layout& l) : tensor(t), layout(l) {}

    Tensor laid_out(Tensor t, const Stmt& uses) const {
        if (t.symbol != tensor) return t;
        t.layout = layout;
        check_layout(t);
        check_layout_uses(uses, tensor, layout);
        return t;
    }

  protected:
    using Mutator::visit;
    Stmt visit(const Allocate& a, const Stmt& s) override {
        if (!a.find(tensor)) return Mutator::visit(a, s);
        std::vector<Tensor> tensors = a.tensors;
        for (Tensor& t : tensors)
            t = laid_out(t, a.body);
        return Allocate::make(std::move(tensors), a.body);
    }

  private:
    const Symbol& tensor;
    const Layout& layout;
};

/// The first loop whose kind is not legal.
std::optional<TagConflict> illegal_kind(const Function& f) {
    Facts facts;
    for (const Param& p : f.params)
        if (p.type.is_index()) facts.bound(p.symbol, {index(0), {}});
    LegalTags none;
    return tag_conflict(f.body, none, facts);
}

/// Elements that share their place are one element to the iterations that run at the same time.
void check_kinds(const Function& before, const Function& f, const Symbol& tensor) {
    const auto now = illegal_kind(f);
    if (!now) return;
    const auto then = illegal_kind(before);
    if (then && then->loop == now->loop && then->reason == now->reason) return;
    fail({}, "{} cannot be folded, since loop {} is {}: {}", tensor.name(), now->loop.name(),
         now->kind.name(), now->reason);
}

} // namespace

Module with_layout(const Module& m, const Symbol& tensor, const Layout& layout) {
    Module r = m;
    WithLayout with(tensor, layout);
    const bool folds = std::ranges::any_of(layout.dims, [](const DimLayout& d) { return d.fold > 0; });
    for (size_t n = 0; n < m.functions.size(); ++n) {
        Function& f = r.functions[n];
        for (Tensor& t : f.constants)
            t = with.laid_out(t, f.body);
        f.body = with(f.body);
        if (folds && !f.body.same_as(m.functions[n].body)) check_kinds(m.functions[n], f, tensor);
    }
    return r;
}

Layout random_layout(size_t rank, bool folds, std::mt19937& random) {
    Layout l;
    if (rank == 0) {
        if (random() % 4 == 0) l.shape = {1}; // refused
        return l;
    }
    if (random() % 2) {
        l.order.resize(rank);
        std::iota(l.order.begin(), l.order.end(), 0);
        std::shuffle(l.order.begin(), l.order.end(), random);
    }
    if (random() % 4 != 0)
        for (size_t d = 0; d < rank; ++d)
            l.dims.push_back(random_dim(folds, random));
    if (random() % 3 == 0) l.pack = 1 + below(6, random);
    return l;
}

LaidOut with_random_layouts(const Module& m, bool folds, std::mt19937& random) {
    LaidOut r{m};
    for (const Tensor& t : own_tensors(m)) {
        const Layout l = random_layout(t.dims.size(), folds && !t.data, random);
        if (l.plain()) continue;
        try {
            r.module = with_layout(r.module, t.symbol, l);
        } catch (const InternalError&) {
            throw;
        } catch (const Error&) {
            ++r.refused;
            continue;
        }
        ++r.tensors;
        r.folded += std::ranges::any_of(l.dims, [](const DimLayout& d) { return d.fold > 0; });
    }
    return r;
}

Window random_window(std::mt19937& random) {
    const int reach = 1 + static_cast<int>(below(4, random)), rank = 1 + static_cast<int>(below(2, random));
    const int rows = reach + 3 + static_cast<int>(below(6, random)), columns = window_columns;
    const Type type = random() % 2 ? Int(20) : Fixed(24, 8);
    Var i("i"), j("j"), k("k");
    const bool called = random() % 3 == 0;
    Input x("x", Int(16), {rows, columns});
    std::vector<Expr> numbers;
    for (int n = 0; n < 12; ++n)
        numbers.push_back(Expr(n * n - 40));
    const Const table("table", Int(9), std::vector<int64_t>{3, 4}, numbers);
    Output y("y", Int(40), {rows, columns});
    const auto at = [&](const Array& w, const Expr& row, const Expr& column) {
        return rank == 1 ? w(row) : w(row, column);
    };
    // The same by a call that is given the window as a view.
    const Shape shape = rank == 1 ? Shape{rows} : Shape{rows, columns};
    InOut window("given", type, shape);
    Param row("row");
    const auto cell = [&](const Expr& c) { return rank == 1 ? window(row) : window(row, c); };
    Kernel store("store", {window, x, row}, [&](KernelBody& b) {
        b.for_(j, 0, rank == 1 ? 1 : columns, [&] { cell(j) = x(row, j) * 3 + j; });
    });
    const int first = static_cast<int>(below(3, random));
    return {Kernel("slide", {x, y},
                   [&](KernelBody& b) {
                       Array w = b.array("window", type, shape);
                       b.for_(i, 0, rows, [&] {
                           if (called)
                               b.call(store, {rank == 1 ? view(w, {Range(0, rows)})
                                                        : view(w, {Range(0, rows), Range(0, columns)}),
                                              view(x, {Range(0, rows), Range(0, columns)}), i});
                           else
                               b.for_(j, 0, rank == 1 ? 1 : columns, [&] { at(w, i, j) = x(i, j) * 3 + j; });
                           b.for_(j, 0, columns, [&] {
                               const Expr column = rank == 1 ? Expr(0) : Expr(j);
                               y(i, j) = table(j, floor_mod(i, 4)) + first;
                               b.if_(i >= reach, [&] {
                                   b.for_(k, 0, reach + 1,
                                          [&] { y(i, j) += at(w, i - k, column) * (k + 1) + x(i, j); });
                               });
                           });
                       });
                   }),
            reach, rank};
}
