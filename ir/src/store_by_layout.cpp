#include "lathe/ir/layout.h"
#include "lathe/ir/moved_accesses.h"
#include "lathe/ir/planted.h"
#include "lathe/ir/simplify.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <map>

namespace lathe::ir {

namespace {

/// The tensor as it is stored. What banks and words say stays, in the order of the stored dimensions.
Tensor stored(const Tensor& t, const Storage& s) {
    Tensor r = t;
    r.dims.clear();
    r.layout = {};
    r.layout.pack = t.layout.pack;
    bool banks = false;
    for (const StoredDim& d : s.dims) {
        r.dims.push_back({index(0), planted.has(Fault::pad_forgotten) && d.fold == 0 && s.reshaped.empty()
                                        ? t.dims[d.of].extent
                                        : d.room});
        DimLayout& l = r.layout.dims.emplace_back();
        l.partition = d.partition;
        l.factor = d.factor;
        banks = banks || d.partition != Partition::none;
    }
    if (!banks) r.layout.dims.clear();
    return r;
}

Storage layout_of_plain(Tensor t) {
    t.layout = {};
    return layout(t);
}

/// The elements of a constant, in the order of its storage; room that nobody uses holds zeros.
std::shared_ptr<const std::vector<Value>> stored_elements(const Tensor& t, const Storage& s) {
    std::vector<int64_t> extents, strides, mins;
    const Storage from = planted.has(Fault::constants_unpermuted) ? layout_of_plain(t) : s;
    for (const Expr& e : from.strides())
        strides.push_back(*as_int(simplify(e)));
    int64_t count = 1;
    for (const Dim& d : t.dims) {
        extents.push_back(*as_int(d.extent));
        count *= std::max<int64_t>(extents.back(), 0);
    }
    const Value nothing = t.type.is_float() ? Value::from_double(t.type, 0) : Value::from_raw(t.type, 0);
    std::vector<Value> elements(static_cast<size_t>(*as_int(simplify(s.size))), nothing);
    std::vector<int64_t> at(extents.size());
    for (int64_t n = 0; n < count; ++n) {
        int64_t offset = 0;
        for (size_t d = 0; d < at.size(); ++d)
            offset += at[d] * strides[d];
        elements[static_cast<size_t>(offset)] = (*t.data)[static_cast<size_t>(n)];
        for (size_t d = at.size(); d-- > 0;) {
            if (++at[d] < extents[d]) break;
            at[d] = 0;
        }
    }
    return std::make_shared<const std::vector<Value>>(std::move(elements));
}

class Stored : public MovedAccesses {
  public:
    explicit Stored(bool shapes) : with_shapes(shapes) {}

    Function function(const Function& f) {
        places.clear();
        forget();
        Function r = f;
        for (Argument& a : r.arguments)
            declare(a.tensor);
        for (Tensor& t : r.constants)
            declare(t);
        r.body = (*this)(f.body);
        return r;
    }

  protected:
    using MovedAccesses::visit;
    bool moves(const Symbol& tensor) const override { return places.contains(tensor); }
    std::pair<Symbol, std::vector<Expr>> place(const Symbol& tensor, const std::vector<Expr>& at) override {
        return {tensor, places.at(tensor).positions(at)};
    }
    Stmt visit(const Allocate& a, const Stmt& s) override {
        if (std::ranges::all_of(
                a.tensors, [&](const Tensor& t) { return t.layout.plain() || (with_shapes && stays(t)); }))
            return Mutator::visit(a, s);
        std::vector<Tensor> tensors = a.tensors;
        for (Tensor& t : tensors) {
            for (Dim& d : t.dims)
                d = {(*this)(d.min), (*this)(d.extent)};
            declare(t);
        }
        return Allocate::make(std::move(tensors), (*this)(a.body));
    }
    Stmt visit(const CallStmt& c, const Stmt& s) override {
        if (std::ranges::none_of(c.tensors, [&](const TensorView& v) { return moves(v.tensor); }))
            return Mutator::visit(c, s);
        std::vector<TensorView> tensors = c.tensors;
        for (TensorView& v : tensors) {
            if (!moves(v.tensor)) continue;
            if (!v.whole)
                fail(c.loc, "a call of {} is given a part of {}, which has a layout of its own: give it all",
                     c.callee, v.tensor.name());
            v.dims.clear();
            for (const StoredDim& d : places.at(v.tensor).dims)
                v.dims.push_back({index(0), d.room});
        }
        std::vector<StreamElement> streams = c.streams;
        for (StreamElement& e : streams)
            e.at = (*this)(e.at);
        return CallStmt::make(c.callee, std::move(tensors), (*this)(c.values), std::move(streams), c.loc);
    }

  private:
    const bool with_shapes;
    std::map<Symbol, Storage> places;

    bool stays(const Tensor& t) const {
        return stored_plainly(t.layout) && (t.layout.shape.empty() || !with_shapes);
    }
    void declare(Tensor& t) {
        if (!with_shapes && stays(t)) t.layout = {};
        if (stays(t)) return;
        const Storage s = layout(t);
        Tensor r = stored(t, s);
        if (t.data) r.data = stored_elements(t, s);
        places[t.symbol] = s;
        if (!with_shapes) r.layout = {};
        t = std::move(r);
    }
};

} // namespace

void check_layout_uses(const Stmt& body, const Symbol& tensor, const Layout& l) {
    const bool folded = std::ranges::any_of(l.dims, [](const DimLayout& d) { return d.fold > 0; });
    for_each(
        body,
        [&](const Stmt& s) {
            if (const auto* e = s.as<ExternCall>())
                for (const ExternArgument& a : e->arguments)
                    if (a.tensor == tensor)
                        fail(e->loc,
                             "{} is given to the extern function {}, which knows row-major tensors only: it "
                             "has "
                             "no other layout",
                             tensor.name(), e->callee->name);
            if (const auto* c = s.as<Copy>(); c && folded && (c->from == tensor || c->to == tensor))
                fail(c->loc, "{} is copied as a whole between host and device: it cannot be folded",
                     tensor.name());
            if (const auto* c = s.as<CallStmt>())
                for (const TensorView& v : c->tensors)
                    if (v.tensor == tensor && !v.whole && folded)
                        fail(c->loc, "{} is given a part of {}, which cannot be folded then", c->callee,
                             tensor.name());
        },
        nullptr);
}

Module store_by_layout(const Module& m, bool shapes) {
    Module r = m;
    Stored stored(shapes);
    for (Function& f : r.functions)
        f = stored.function(f);
    return r;
}

} // namespace lathe::ir
