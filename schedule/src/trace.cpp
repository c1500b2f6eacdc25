#include "trace_names.h"

namespace lathe {

using namespace ir;
using namespace schedule;

std::string Step::str() const {
    std::string text;
    auto add = [&](const std::string& s) { text += (text.empty() ? "" : ", ") + s; };
    if (!part_of.empty()) return part_of;
    if (tensor) add(tensor.name());
    if (loops.empty() || target || tensor) add(func.name());
    if (target) add(target.name());
    for (const Symbol& l : loops)
        add(every ? "all(" + l.name() + ")" : l.name());
    for (size_t n = 0; n < numbers.size(); ++n) {
        const bool all =
            n == 0 && primitive->numbers_are == Numbers::of_dimension && numbers[n] == all_dimensions;
        add(all ? "all_dimensions" : std::to_string(numbers[n]));
    }
    for (size_t n = 0; n < words.size(); ++n)
        if (!words[n].empty() && words[n] != primitive->words[n].unsaid) add(words[n]);
    return fmt::format("{}({})", primitive->name, text);
}

namespace {

std::string type_line(const TypeStep& t, const TraceNames& names) {
    std::string line = fmt::format("quantize {} {}", names(t.tensor), t.type.str());
    const Accumulate& a = t.options.accumulate;
    if (a.kind() == Accumulate::Kind::exact) line += " accumulate exact";
    if (a.kind() == Accumulate::Kind::type) line += " accumulate " + a.type().str();
    if (t.options.literals) line += " literals " + t.options.literals->str();
    if (t.options.strict) line += " strict";
    return line;
}

std::string step_line(const State& state, size_t number, const TraceNames& names) {
    const Step& s = state.steps[number];
    std::string line =
        fmt::format("{} {} {{{}, {}}}", number, s.primitive->name, names(s.func), s.definition);
    if (s.tensor) {
        const auto made = state.made_by(s.tensor, number);
        line += made ? fmt::format(" {{{}, {}}}", made->first, made->second) : " " + s.tensor.name();
    }
    if (s.target && s.primitive->callee)
        line += " " + names(s.target);
    else if (s.target)
        line += fmt::format(" {{{}, {}}}", names(s.target), s.target_definition);
    for (const Symbol& loop : s.loops) {
        std::string ref = fmt::format("{{{}, {}, {}}}", names(s.target ? s.target : s.func),
                                      s.target ? s.target_definition : s.definition, loop.name());
        if (const auto made = state.made_by(loop, number))
            ref = fmt::format("{{{}, {}}}", made->first, made->second);
        line += (s.every ? " all " : " ") + ref;
    }
    for (int64_t n : s.numbers)
        line += fmt::format(" {}", n);
    for (const std::string& w : s.words)
        line += w.empty() ? " -" : " " + w;
    return line;
}

} // namespace

std::string Schedule::trace() const {
    TraceNames names(*state);
    std::string text;
    std::map<Symbol, TypeStep> last; // an earlier type of the same tensor counts no more
    for (const TypeStep& t : state->types)
        last.insert_or_assign(t.tensor, t);
    for (const auto& [tensor, step] : last)
        text += type_line(step, names) + "\n";
    for (const auto& [size, value] : state->sizes)
        text += fmt::format("bind {} {}\n", size.name(), value);
    if (!state->contraction) text += "disable_contraction\n";
    for (size_t n = 0; n < state->steps.size(); ++n)
        text += step_line(*state, n, names) + "\n";
    return text;
}

} // namespace lathe
