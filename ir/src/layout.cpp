#include "lathe/ir/layout.h"

#include "lathe/ir/planted.h"
#include "lathe/ir/print.h"
#include "lathe/ir/simplify.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace lathe {

MemorySpace MemorySpace::hbm(int bank) {
    if (bank < 0 || bank > 255) ir::fail({}, "hbm({}): a bank is a number from 0 to 255", bank);
    return MemorySpace("hbm" + std::to_string(bank));
}

MemorySpace MemorySpace::ddr(int bank) {
    if (bank < 0 || bank > 255) ir::fail({}, "ddr({}): a bank is a number from 0 to 255", bank);
    return MemorySpace("ddr" + std::to_string(bank));
}

const char* partition_name(Partition p) {
    switch (p) {
    case Partition::none:
        return "none";
    case Partition::complete:
        return "complete";
    case Partition::cyclic:
        return "cyclic";
    case Partition::block:
        return "block";
    }
    throw ir::InternalError("a partition of unknown kind");
}

} // namespace lathe

namespace lathe::ir {

namespace {

/// x rounded up to a multiple of n.
Expr rounded_up(const Expr& x, int64_t n) {
    return n == 1 ? x : imul(ifloordiv(iadd(x, index(n - 1)), index(n)), index(n));
}

Expr room_of(const Expr& extent, const DimLayout& d, int64_t word) {
    Expr room = imax(extent, index(0));
    if (d.fold > 0) room = index(d.fold - planted.has(Fault::fold_room_short));
    if (d.pad > 0) room = iadd(room, index(d.pad));
    if (!planted.has(Fault::align_forgotten)) room = rounded_up(room, d.align);
    return simplify(planted.has(Fault::pack_room_forgotten) ? room : rounded_up(room, word));
}

std::vector<size_t> stored_order(const Layout& l, size_t rank) {
    std::vector<size_t> order(rank);
    std::iota(order.begin(), order.end(), size_t{0});
    for (size_t k = 0; k < l.order.size() && !planted.has(Fault::order_ignored); ++k)
        order[k] = static_cast<size_t>(l.order[k]);
    return order;
}

} // namespace

Expr StoredDim::position(const Expr& i) const {
    const Expr from_first = as_int(min) == 0 ? i : isub(i, min);
    const int64_t by = fold > 1 ? fold - planted.has(Fault::fold_short) : fold;
    return fold > 0 ? ifloormod(from_first, index(by)) : from_first;
}

namespace {

/// The row-major strides of those dimensions, and at last their number of elements.
std::pair<std::vector<Expr>, Expr> row_major(const std::vector<Expr>& extents) {
    std::vector<Expr> strides(extents.size());
    Expr stride = index(1);
    for (size_t d = extents.size(); d-- > 0;) {
        strides[d] = stride;
        stride = imul(stride, extents[d]);
    }
    return {strides, stride};
}

std::pair<std::vector<Expr>, Expr> row_major(const std::vector<Dim>& dims) {
    std::vector<Expr> extents;
    for (const Dim& d : dims)
        extents.push_back(d.extent);
    return row_major(extents);
}

} // namespace

std::vector<Expr> Storage::positions(const std::vector<Expr>& at) const {
    std::vector<Expr> all;
    if (reshaped.empty()) {
        for (const StoredDim& d : dims)
            all.push_back(d.position(at[d.of]));
        return all;
    }
    const Expr number = offset(at);
    for (size_t k = 0; k < dims.size(); ++k) {
        Expr p = k + 1 < dims.size() ? ifloordiv(number, dims[k].stride) : number;
        all.push_back(k > 0 ? ifloormod(p, dims[k].room) : p);
    }
    if (planted.has(Fault::shape_transposed)) std::ranges::reverse(all);
    return all;
}

Expr Storage::offset(const std::vector<Expr>& at) const {
    Expr sum = index(0);
    if (reshaped.empty()) {
        for (const StoredDim& d : dims)
            sum = iadd(sum, imul(d.position(at[d.of]), d.stride));
        return sum;
    }
    const std::vector<Expr> own = strides();
    for (size_t d = 0; d < own.size(); ++d)
        sum = iadd(sum, imul(isub(at[d], reshaped[d].min), own[d]));
    return sum;
}

std::vector<Expr> Storage::strides() const {
    if (!reshaped.empty()) return row_major(reshaped).first;
    std::vector<Expr> all(dims.size());
    for (const StoredDim& d : dims)
        all[d.of] = d.stride;
    return all;
}

Storage layout(const Tensor& t) {
    const Layout& l = t.layout;
    Storage s;
    std::vector<Dim> dims = t.dims;
    if (!l.shape.empty()) {
        s.reshaped = std::exchange(dims, {});
        for (const int64_t n : l.shape)
            dims.push_back({index(0), index(n)});
    }
    const std::vector<size_t> order = stored_order(l, dims.size());
    for (const size_t of : order) {
        const DimLayout d = l.dims.empty() ? DimLayout() : l.dims[of];
        const bool innermost = of == order.back();
        Expr room = l.plain() ? dims[of].extent : room_of(dims[of].extent, d, innermost ? l.pack : 1);
        const DimLayout& banks =
            planted.has(Fault::banks_unordered) && !l.dims.empty() ? l.dims[s.dims.size()] : d;
        s.dims.push_back({of, dims[of].min, room, {}, d.fold, banks.partition, banks.factor});
    }
    std::vector<Expr> rooms;
    for (const StoredDim& d : s.dims)
        rooms.push_back(d.room);
    const auto [strides, size] = row_major(rooms);
    for (size_t k = 0; k < strides.size(); ++k)
        s.dims[k].stride = strides[k];
    s.size = size;
    return s;
}

std::vector<Expr> cells(const Tensor& t, const std::vector<Expr>& at) {
    std::vector<Expr> all = at;
    for (size_t d = 0; d < t.layout.dims.size(); ++d)
        if (const int64_t fold = t.layout.dims[d].fold; fold > 0)
            all[d] = StoredDim{d, t.dims[d].min, {}, {}, fold}.position(at[d]);
    return all;
}

namespace {

bool dense(const DimLayout& d) {
    return d.pad == 0 && d.align == 1 && d.fold == 0;
}

/// Its elements are dense from the first one on.
bool filled_up(const DimLayout& d) {
    return d.pad == 0 && d.fold == 0;
}

void check_shape(const Layout& l, const std::string& name, Loc loc) {
    for (const int64_t n : l.shape)
        if (n < 1) fail(loc, "the shape ({}) of {} has an extent below 1", fmt::join(l.shape, ", "), name);
    // In one dimension there may be room behind the elements, for whole words.
    const bool row = l.shape.size() == 1 && l.dims.size() == 1 && l.pack > 1 && filled_up(l.dims.front()) &&
                     l.dims.front().align % l.pack == 0;
    if (!l.order.empty() || !(row || std::ranges::all_of(l.dims, dense)))
        fail(loc, "{} has the shape ({}), and with it banks and words only", name, fmt::join(l.shape, ", "));
    if (l.shape.back() % l.pack != 0 && !row)
        fail(loc, "words of {} do not fill the last dimension of the shape ({}) of {}", l.pack,
             fmt::join(l.shape, ", "), name);
}

} // namespace

void check_layout(const Layout& l, size_t rank, const std::string& name, Loc loc) {
    if (!l.shape.empty() && rank == 0) fail(loc, "{} is one element: it has no other shape", name);
    if (!l.order.empty()) {
        std::vector<int> sorted = l.order;
        std::ranges::sort(sorted);
        bool permutation = sorted.size() == rank;
        for (size_t k = 0; permutation && k < rank; ++k)
            permutation = sorted[k] == static_cast<int>(k);
        if (!permutation)
            fail(loc, "the order ({}) of {} does not name each of its {} dimensions once",
                 fmt::join(l.order, ", "), name, rank);
    }
    const size_t stored = l.shape.empty() ? rank : l.shape.size();
    if (!l.dims.empty() && l.dims.size() != stored)
        fail(loc, "the layout of {} has {} dimensions, and the tensor {}", name, l.dims.size(), stored);
    constexpr int64_t most = int64_t{1} << 31;
    const auto in = [&](const char* what, int64_t n, int64_t least) {
        if (n < least || n > most) fail(loc, "{} of {} is {}: it is at least {}", what, name, n, least);
    };
    for (const DimLayout& d : l.dims) {
        in("the padding", d.pad, 0);
        in("the alignment", d.align, 1);
        in("the fold", d.fold, 0);
        const bool counts = d.partition == Partition::cyclic || d.partition == Partition::block;
        if (counts) in("the number of banks", d.factor, 1);
        if (!counts && d.factor != 0) fail(loc, "the banks of {} are not counted", name);
    }
    in("the number of elements in a word", l.pack, 1);
    if (l.pack > 1 && stored == 0) fail(loc, "{} is one element: it has no words of {}", name, l.pack);
    if (!l.shape.empty()) check_shape(l, name, loc);
}

void check_layout(const Tensor& t) {
    const std::string& name = t.symbol.name();
    check_layout(t.layout, t.dims.size(), name, t.loc);
    if (t.layout.shape.empty()) return;
    int64_t wanted = 1, has = 1;
    bool fits = true;
    for (const int64_t n : t.layout.shape)
        fits = fits && !__builtin_mul_overflow(wanted, n, &wanted);
    std::vector<int64_t> extents;
    for (const Dim& d : t.dims) {
        const auto extent = as_int(simplify(d.extent));
        if (!extent)
            fail(t.loc, "{} has the shape ({}), and its extent {} is not constant", name,
                 fmt::join(t.layout.shape, ", "), print(d.extent));
        extents.push_back(std::max<int64_t>(*extent, 0));
        fits = fits && !__builtin_mul_overflow(has, extents.back(), &has);
    }
    if (!fits || wanted != has)
        fail(t.loc, "{} has the shape ({}), which holds {} elements, and its extents ({}) hold {}", name,
             fmt::join(t.layout.shape, ", "), wanted, fmt::join(extents, ", "), has);
}

bool stored_plainly(const Layout& l) {
    return (l.pack == 1 || !l.shape.empty()) && std::ranges::is_sorted(l.order) &&
           (std::ranges::all_of(l.dims, dense) ||
            (l.shape.size() == 1 && l.dims.size() == 1 && filled_up(l.dims.front())));
}

std::string layout_text(const Layout& l) {
    std::string s = l.shape.empty() ? "" : fmt::format(", shape ({})", fmt::join(l.shape, ", "));
    if (!l.order.empty()) s += fmt::format(", order ({})", fmt::join(l.order, ", "));
    const auto numbers = [&](const char* what, int64_t DimLayout::* member, int64_t plain) {
        std::vector<int64_t> all;
        for (const DimLayout& d : l.dims)
            all.push_back(d.*member);
        if (std::ranges::any_of(all, [&](int64_t n) { return n != plain; }))
            s += fmt::format(", {} ({})", what, fmt::join(all, ", "));
    };
    numbers("pad", &DimLayout::pad, 0);
    numbers("align", &DimLayout::align, 1);
    numbers("fold", &DimLayout::fold, 0);
    std::vector<std::string> banks;
    for (const DimLayout& d : l.dims)
        banks.push_back(std::string(partition_name(d.partition)) +
                        (d.factor > 0 ? fmt::format(" {}", d.factor) : ""));
    if (std::ranges::any_of(l.dims, [](const DimLayout& d) { return d.partition != Partition::none; }))
        s += fmt::format(", partition ({})", fmt::join(banks, ", "));
    if (l.pack != 1) s += fmt::format(", pack {}", l.pack);
    return s;
}

} // namespace lathe::ir
