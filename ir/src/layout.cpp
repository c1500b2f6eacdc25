#include "lathe/ir/layout.h"

#include "lathe/ir/simplify.h"

#include <algorithm>
#include <numeric>

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
    if (d.fold > 0) room = index(d.fold);
    if (d.pad > 0) room = iadd(room, index(d.pad));
    return simplify(rounded_up(rounded_up(room, d.align), word));
}

std::vector<size_t> stored_order(const Layout& l, size_t rank) {
    std::vector<size_t> order(rank);
    std::iota(order.begin(), order.end(), size_t{0});
    for (size_t k = 0; k < l.order.size(); ++k)
        order[k] = static_cast<size_t>(l.order[k]);
    return order;
}

} // namespace

Expr StoredDim::position(const Expr& i) const {
    const Expr from_first = as_int(min) == 0 ? i : isub(i, min);
    return fold > 0 ? ifloormod(from_first, index(fold)) : from_first;
}

std::vector<Expr> Storage::positions(const std::vector<Expr>& at) const {
    std::vector<Expr> all;
    for (const StoredDim& d : dims)
        all.push_back(d.position(at[d.of]));
    return all;
}

Expr Storage::offset(const std::vector<Expr>& at) const {
    Expr sum = index(0);
    for (const StoredDim& d : dims)
        sum = iadd(sum, imul(d.position(at[d.of]), d.stride));
    return sum;
}

std::vector<Expr> Storage::strides() const {
    std::vector<Expr> all(dims.size());
    for (const StoredDim& d : dims)
        all[d.of] = d.stride;
    return all;
}

Storage layout(const Tensor& t) {
    const Layout& l = t.layout;
    const std::vector<size_t> order = stored_order(l, t.dims.size());
    Storage s;
    for (const size_t of : order) {
        const DimLayout d = l.dims.empty() ? DimLayout() : l.dims[of];
        const bool innermost = of == order.back();
        Expr room = l.plain() ? t.dims[of].extent : room_of(t.dims[of].extent, d, innermost ? l.pack : 1);
        s.dims.push_back({of, t.dims[of].min, room, {}, d.fold, d.partition, d.factor});
    }
    Expr stride = index(1);
    for (size_t k = order.size(); k-- > 0;) {
        s.dims[k].stride = stride;
        stride = imul(stride, s.dims[k].room);
    }
    s.size = stride;
    return s;
}

std::vector<Expr> cells(const Tensor& t, const std::vector<Expr>& at) {
    std::vector<Expr> all = at;
    for (size_t d = 0; d < t.layout.dims.size(); ++d)
        if (const int64_t fold = t.layout.dims[d].fold; fold > 0)
            all[d] = StoredDim{d, t.dims[d].min, {}, {}, fold}.position(at[d]);
    return all;
}

void check_layout(const Layout& l, size_t rank, const std::string& name, Loc loc) {
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
    if (!l.dims.empty() && l.dims.size() != rank)
        fail(loc, "the layout of {} has {} dimensions, and the tensor {}", name, l.dims.size(), rank);
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
    if (l.pack > 1 && rank == 0) fail(loc, "{} is one element: it has no words of {}", name, l.pack);
}

bool stored_plainly(const Layout& l) {
    return l.pack == 1 && std::ranges::is_sorted(l.order) &&
           std::ranges::all_of(l.dims,
                               [](const DimLayout& d) { return d.pad == 0 && d.align == 1 && d.fold == 0; });
}

std::string layout_text(const Layout& l) {
    std::string s = l.order.empty() ? "" : fmt::format(", order ({})", fmt::join(l.order, ", "));
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
