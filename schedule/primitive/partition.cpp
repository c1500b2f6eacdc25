#include "partition.h"

#include "../src/storage.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

constexpr std::string_view kinds[] = {"complete", "cyclic", "block"};
constexpr WordOperand words[] = {{"banks", kinds}};

Partition kind_of(const Edit& e) {
    for (const Partition p : {Partition::complete, Partition::cyclic, Partition::block})
        if (e.step().words[0] == partition_name(p)) return p;
    e.refuse("there are complete, cyclic and block banks, and no {}", e.step().words[0]);
}

std::string shown(const DimLayout& d) {
    return d.factor > 0 ? fmt::format("{}, {}", partition_name(d.partition), d.factor)
                        : partition_name(d.partition);
}

void deal_out(const Edit& e, const Tensor& t, Layout& l, const DimLayout& banks) {
    const std::vector<Expr> extents = counted_extents(t);
    for (const size_t d : step_dimensions(e, t)) {
        DimLayout& of = l.dims[d];
        if (of.partition != Partition::none)
            e.refuse("dimension {} of {} has its banks already ({})", d, t.symbol.name(), shown(of));
        if (l.pack > 1 && d == innermost_dimension(t))
            e.refuse(
                "dimension {} of {} holds words of {}, which have one bank: partition another, or unpack "
                "it first",
                d, t.symbol.name(), l.pack);
        const auto extent = as_int(simplify(extents[d]));
        if (extent && banks.factor > *extent)
            e.refuse("dimension {} of {} has {} positions, fewer than {} banks", d, t.symbol.name(), *extent,
                     banks.factor);
        of.partition = banks.partition;
        of.factor = banks.factor;
    }
}

void run(Edit& e) {
    DimLayout banks;
    banks.partition = kind_of(e);
    banks.factor = e.step().numbers.size() > 1 ? e.step().numbers[1] : 0;
    if (banks.partition == Partition::complete && banks.factor != 0)
        e.refuse("complete banks are as many as there are positions: they take no factor");
    if (banks.partition != Partition::complete && banks.factor < 1)
        e.refuse("{} banks are counted: give a factor of at least 1", e.step().words[0]);
    change_layout(e, [&](const Tensor& t, Layout& l) { deal_out(e, t, l, banks); });
}

} // namespace

constinit const Primitive primitives::partition{
    .name = "partition",
    .text = "the positions of a dimension are dealt out to banks, which are accessed at the same time",
    .run = run,
    .acts_on = ActsOn::tensor,
    .named = Named::kept,
    .of_place = false,
    .numbers = {1, 2},
    .numbers_are = Numbers::of_dimension,
    .words = words,
};

} // namespace lathe::schedule
