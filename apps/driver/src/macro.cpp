#include "macro.h"

#include "command_line.h"
#include "lathe/ir/parse.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <charconv>

namespace lathe {

using namespace ir;

namespace {

bool varies(const Tensor& t) {
    return !t.type.is_bool() && !t.type.is_index() && !t.data && t.origin != TypeOrigin::sum;
}

} // namespace

Exploration::Group Pipeline::every() const {
    Exploration::Group all{"types", {}};
    for (const Exploration::Group& g : groups)
        all.tensors.insert(all.tensors.end(), g.tensors.begin(), g.tensors.end());
    return all;
}

Pipeline pipeline_of(const Schedule& made) {
    Pipeline p{made.without_steps(), {}};
    const Function& top = p.schedule.reference().top();
    std::set<Symbol> outputs;
    const auto add = [&](const Tensor& t) {
        if (!varies(t)) return;
        const auto group = std::ranges::find(p.groups, t.symbol.name(), &Exploration::Group::name);
        if (group != p.groups.end())
            group->tensors.emplace_back(t.symbol);
        else
            p.groups.push_back({t.symbol.name(), {TensorRef(t.symbol)}});
    };
    for (const Argument& a : top.arguments) {
        add(a.tensor);
        if (a.direction != Direction::in) outputs.insert(a.tensor.symbol);
    }
    bool is_output = false;
    for_each(
        top.body,
        [&](const Stmt& s) {
            if (const auto* a = s.as<Allocate>())
                for (const Tensor& t : a->tensors)
                    add(t);
            const auto* stage = s.as<Stage>();
            if (!stage) return;
            const bool here = outputs.contains(stage->func);
            if (here || !is_output) p.out = stage->func;
            is_output |= here;
        },
        nullptr);
    if (!p.out) fail({}, "{} computes nothing that a macro could be called for", top.name);
    return p;
}

std::vector<int64_t> read_tile(const std::string& text) {
    std::vector<int64_t> tile;
    if (text == "whole") return tile;
    for (const char *at = text.data(), *end = at + text.size();;) {
        int64_t width = 0;
        const auto read = std::from_chars(at, end, width);
        if (read.ec != std::errc() || width < 1 || (read.ptr != end && *read.ptr != 'x'))
            fail({}, "\"{}\" is no tile: write whole, or widths such as 64 or 64x128", text);
        tile.push_back(width);
        if (read.ptr == end) return tile;
        at = read.ptr + 1;
    }
}

std::string tile_text(const std::vector<int64_t>& tile) {
    return tile.empty() ? "whole" : fmt::format("{}", fmt::join(tile, "x"));
}

void check_macro(const std::string& macro) {
    if (macro != "stencil") fail({}, "there is no macro \"{}\": there is stencil", macro);
}

Schedule macro_schedule(const Schedule& made, const MacroCall& call, const std::vector<std::string>& sizes) {
    check_macro(call.macro);
    Pipeline p = pipeline_of(made);
    std::vector<TypeChoice> choices;
    if (!call.type.empty()) choices.push_back({p.every().tensors, parse_type(call.type, {})});
    for (const std::string& t : call.types) {
        const Variation v = read_variation(t, p.groups);
        if (v.types.size() != 1) fail({}, "\"{}\" is more than one type", t);
        choices.push_back({v.group.tensors, v.types.front()});
    }
    if (!choices.empty()) p.schedule.quantize(choices);
    bind_sizes(p.schedule, sizes);
    p.schedule.stencil(p.stage(), {.unroll = call.unroll,
                                   .iterate = call.iterate,
                                   .tile = read_tile(call.tile),
                                   .in_place = call.in_place,
                                   .word = call.word});
    return p.schedule;
}

} // namespace lathe
