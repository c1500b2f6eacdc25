#include "layouts.h"

#include "programs.h"
#include "random_layout.h"

#include "lathe/codegen/jit.h"
#include "lathe/hls/emit.h"
#include "lathe/ir/simplify.h"

#include <numeric>
#include <set>
#include <sstream>

using namespace lathe;
using namespace lathe::ir;

namespace {

/// A report of a fold is right where some fold is less than what is stored before it is read.
bool too_short(const Module& m, const Window& w) {
    const Layout& l = tensor_named(m, "window")->layout;
    for (size_t d = 0; d < l.dims.size(); ++d)
        if (l.dims[d].fold > 0 && l.dims[d].fold < (d == 0 ? w.reach + 1 : window_columns)) return true;
    return false;
}

int64_t number(const Expr& e) {
    return *as_int(simplify(e));
}

/// Where an element is to be, and how many places there are.
struct Places {
    std::vector<int64_t> order, rooms;
    const Layout& l;

    Places(const std::vector<int64_t>& extents, const Layout& layout) : l(layout) {
        order.assign(l.order.begin(), l.order.end());
        if (order.empty()) {
            order.resize(extents.size());
            std::iota(order.begin(), order.end(), int64_t{0});
        }
        for (size_t d = 0; d < extents.size(); ++d) {
            int64_t room = extents[d];
            if (!l.dims.empty()) {
                if (l.dims[d].fold > 0) room = l.dims[d].fold;
                room += l.dims[d].pad;
                while (room % l.dims[d].align != 0)
                    ++room;
            }
            while (static_cast<int64_t>(d) == order.back() && room % l.pack != 0)
                ++room;
            rooms.push_back(room);
        }
    }
    int64_t size() const {
        return std::accumulate(rooms.begin(), rooms.end(), int64_t{1}, std::multiplies<>());
    }
    int64_t of(const std::vector<int64_t>& at) const {
        int64_t place = 0;
        for (const int64_t d : order) {
            const auto n = static_cast<size_t>(d);
            const int64_t fold = l.dims.empty() ? 0 : l.dims[n].fold;
            place = place * rooms[n] + (fold > 0 ? at[n] % fold : at[n]);
        }
        return place;
    }
};

/// The place of the only element that the Module stores to, as its statements say, and the size of its array.
std::pair<int64_t, int64_t> stored_place(const Module& m) {
    int64_t place = 0, size = 1;
    std::vector<int64_t> extents;
    for_each(
        m.top().body,
        [&](const Stmt& s) {
            if (const auto* a = s.as<Allocate>())
                for (const Dim& d : a->tensors[0].dims)
                    extents.push_back(number(d.extent));
            if (const auto* w = s.as<Store>())
                for (size_t d = 0; d < extents.size(); ++d)
                    place = place * extents[d] + number(w->targets[0].indices[d]);
        },
        nullptr);
    for (const int64_t n : extents)
        size *= n;
    return {place, size};
}

/// Two factors of the number of elements, instead of the dimensions.
Layout other_shape(const std::vector<int64_t>& extents, std::mt19937& random) {
    const int64_t all = std::accumulate(extents.begin(), extents.end(), int64_t{1}, std::multiplies<>());
    int64_t first = 1 + static_cast<int64_t>(random() % 4);
    while (all % first != 0)
        --first;
    Layout l;
    l.shape = {first, all / first};
    return l;
}

/// "complete 1", "cyclic 4 2": kind, factor and dimension of each pragma on the array.
std::multiset<std::string> pragmas(const std::string& source, const std::string& array) {
    std::multiset<std::string> all;
    std::istringstream lines(source);
    for (std::string line; std::getline(lines, line);) {
        const auto at = line.find("array_partition variable=" + array + " type=");
        if (at != line.npos) all.insert(line.substr(line.find("type=")));
    }
    return all;
}

std::multiset<std::string> expected_pragmas(const Layout& l) {
    std::multiset<std::string> all;
    for (size_t d = 0; d < l.dims.size(); ++d) {
        const DimLayout& of = l.dims[d];
        if (of.partition == Partition::none) continue;
        const auto at = l.order.empty() ? static_cast<int64_t>(d)
                                        : std::ranges::find(l.order, static_cast<int>(d)) - l.order.begin();
        all.insert(fmt::format("type={}{} dim={}", partition_name(of.partition),
                               of.factor > 0 ? fmt::format(" factor={}", of.factor) : "", at + 1));
    }
    return all;
}

} // namespace

std::optional<std::string> wrong_window(std::mt19937& random) {
    const Window w = random_window(random);
    const Module m = build(w.kernel).module;
    const LaidOut l = with_random_layouts(m, true, random);
    const auto seed = static_cast<unsigned>(random());
    const std::string wrong = difference(m, l.module, {}, seed);
    if (!wrong.empty()) {
        const bool of_fold = wrong.find("which was stored there later") != std::string::npos;
        return of_fold && too_short(l.module, w) ? std::nullopt : std::optional(wrong);
    }
    const std::vector<AnyBuffer> expected = run(m, {}, seed);
    std::vector<AnyBuffer> got = make_arguments(m, {}, seed);
    std::vector<AnyBuffer*> pointers;
    for (AnyBuffer& b : got)
        pointers.push_back(&b);
    jit(l.module).call(pointers);
    for (size_t n = 0; n < got.size(); ++n)
        if (!bit_equal(expected[n], got[n])) return print(l.module);
    return std::nullopt;
}

std::optional<std::string> wrong_address(std::mt19937& random) {
    std::vector<int64_t> extents(1 + random() % 3), at;
    for (int64_t& n : extents) {
        n = 1 + static_cast<int64_t>(random() % 7);
        at.push_back(static_cast<int64_t>(random() % static_cast<unsigned>(n)));
    }
    const bool reshaped = random() % 4 == 0;
    Tensor t{Symbol("t"), Int(8), {}, {}, TypeOrigin::declared, nullptr, {}};
    std::vector<Expr> indices;
    for (size_t d = 0; d < extents.size(); ++d) {
        t.dims.push_back({index(0), index(extents[d])});
        indices.push_back(index(at[d]));
    }
    t.layout = reshaped ? other_shape(extents, random) : random_layout(extents.size(), true, random);
    Function f;
    f.name = "store";
    f.body =
        Allocate::make(t, Store::make(t.symbol, t.type, indices, Constant::make(Value::from_raw(t.type, 1))));
    const Places places(extents, t.layout);
    const std::pair<int64_t, int64_t> wanted{places.of(at), places.size()};
    const Storage s = layout(t);
    const std::pair<int64_t, int64_t> said{number(s.offset(indices)), number(s.size)},
        stored = stored_place(store_by_layout({{f}}, true));
    if (said == wanted && stored == wanted) return std::nullopt;
    return fmt::format("({}) in ({}){}: place {} of {}, stored in {} of {}, instead of {} of {}",
                       fmt::join(at, ", "), fmt::join(extents, ", "), layout_text(t.layout), said.first,
                       said.second, stored.first, stored.second, wanted.first, wanted.second);
}

std::optional<std::string> wrong_pragma(std::mt19937& random) {
    const Window w = random_window(random);
    const Module m = with_random_layouts(build(w.kernel).module, false, random).module;
    const std::string source = vitis_source(m);
    const auto wanted = expected_pragmas(tensor_named(m, "window")->layout);
    if (pragmas(source, "window") != wanted) return source;
    if (m.functions.size() > 1 && pragmas(source, "given") != wanted) return source;
    return std::nullopt;
}
