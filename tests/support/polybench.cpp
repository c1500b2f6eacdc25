#include "polybench.h"

#include "lathe/ir/interpret.h"

#include <random>

using namespace lathe;
using namespace lathe::ir;

namespace polybench {

Extents::Extents(const Sizes& constants) : parameters(constants.empty()) {
    for (const auto& [name, size] : constants)
        known.emplace(name, Expr(size));
}

Expr Extents::operator()(const std::string& name) const {
    if (parameters && !known.contains(name)) known.emplace(name, Expr(Param(name)));
    return known.at(name);
}

Run::Run(const Module& m, const std::vector<AnyBuffer>& arguments, Sizes s) : sizes(std::move(s)) {
    for (size_t n = 0; n < arguments.size(); ++n) {
        const std::string& name = m.top().arguments[n].tensor.symbol.name();
        const AnyBuffer& b = arguments[n];
        shapes[name] = b.shape();
        for (int64_t e = 0; e < b.size(); ++e)
            data[name].push_back(
                load_element(b.type(), b.data() + e * static_cast<int64_t>(element_bytes(b.type())))
                    .as_double());
    }
}

Plain Run::operator()(const std::string& tensor) {
    return {data.at(tensor), shapes.at(tensor)};
}

namespace {

double datum(Data kind, std::mt19937& random) {
    switch (kind) {
    case Data::positive:
        return 1 + static_cast<int>(random() % 9);
    case Data::bases:
        return static_cast<int>(random() % 4);
    case Data::small:
        return (static_cast<int>(random() % 17) - 8) / 64.0;
    default:
        return (static_cast<int>(random() % 33) - 16) / 4.0;
    }
}

void make_definite(AnyBuffer& b) {
    const int64_t n = b.extent(0);
    for (int64_t i = 0; i < n; ++i) {
        for (int64_t j = 0; j < i; ++j)
            b.set({i, j}, b.get({j, i}));
        b.set({i, i},
              Value::from_double(Float(64), 5.0 * static_cast<double>(n) + 0.25 * static_cast<double>(i)));
    }
}

} // namespace

std::vector<AnyBuffer> arguments(const Benchmark& b, const Module& m, const Sizes& sizes, unsigned seed) {
    std::map<Symbol, Value> values;
    for (const Param& p : m.top().params)
        values[p.symbol] = Value::index(sizes.at(p.symbol.name()));
    std::mt19937 random(seed);
    std::vector<AnyBuffer> all;
    for (const Argument& a : m.top().arguments) {
        AnyBuffer& buffer = all.emplace_back(buffer_for(a.tensor, values));
        if (a.direction == Direction::out) continue;
        const auto size = static_cast<int64_t>(element_bytes(buffer.type()));
        for (int64_t n = 0; n < buffer.size(); ++n)
            store_element(buffer.type(), buffer.data() + n * size,
                          cast(buffer.type(), Value::from_double(Float(64), datum(b.data, random))));
        const bool square = buffer.rank() == 2 && buffer.extent(0) == buffer.extent(1);
        if (b.data == Data::definite && square) make_definite(buffer);
    }
    return all;
}

std::vector<Stage> stages(const Algorithm& a) {
    std::vector<Stage> all;
    for (const Definition& d : a.definitions) {
        Stage s{d.func, d.name, d.index, {}};
        for (const auto& [variable, loop] : d.loops)
            s.loops.emplace_back(loop, variable.name(), d.loc);
        all.push_back(std::move(s));
    }
    return all;
}

std::vector<LoopCall> loop_calls(const Algorithm& a) {
    using Call = void (*)(StageHandle, const LoopRef&);
    const std::pair<const char*, Call> calls[] = {
        {"split", [](StageHandle s, const LoopRef& l) { s.split(l, 2); }},
        {"split, peel", [](StageHandle s, const LoopRef& l) { s.split(l, 3, Tail::peel); }},
        {"split, shift_inwards", [](StageHandle s, const LoopRef& l) { s.split(l, 2, Tail::shift_inwards); }},
        {"parallel", [](StageHandle s, const LoopRef& l) { s.parallel(l); }},
        {"vectorize", [](StageHandle s, const LoopRef& l) { s.vectorize(l, 2); }},
        {"unroll", [](StageHandle s, const LoopRef& l) { s.unroll(l, 2); }},
        {"pipeline", [](StageHandle s, const LoopRef& l) { s.pipeline(l); }},
        {"fuse_init", [](StageHandle s, const LoopRef& l) { s.fuse_init(l); }},
        {"separate", [](StageHandle s, const LoopRef& l) { s.separate(l); }},
    };
    std::vector<LoopCall> all;
    for (const Stage& g : stages(a)) {
        const auto handle = [g](Schedule& s) {
            const StageHandle last = s.stage(g.func);
            return g.definition == 0 ? last.init() : last.update(g.definition - 1);
        };
        for (size_t x = 0; x < g.loops.size(); ++x) {
            const LoopRef outer = g.loops[x];
            for (const auto& [name, call] : calls)
                all.push_back({name, [=](Schedule& s) { call(handle(s), outer); }});
            for (size_t y = x + 1; y < g.loops.size(); ++y) {
                const LoopRef inner = g.loops[y];
                all.push_back({"reorder", [=](Schedule& s) { handle(s).reorder({inner, outer}); }});
                all.push_back({"fuse", [=](Schedule& s) { handle(s).fuse(outer, inner); }});
            }
        }
    }
    return all;
}

std::vector<Benchmark> benchmarks() {
    std::vector<Benchmark> all;
    add_products(all);
    add_solvers(all);
    add_others(all);
    return all;
}

} // namespace polybench
