#include "edit.h"
#include "trace_names.h"

#include "lathe/ir/parse.h"

#include <algorithm>
#include <fmt/ranges.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

namespace lathe {

using namespace ir;
using namespace schedule;

namespace {

using Json = nlohmann::ordered_json;

constexpr int schema_version = 1;
/// What a trace's own lists and objects never reach.
constexpr int most_nesting = 16;

/// A value as an error quotes it.
std::string shown(const Json& j) {
    constexpr size_t most_bytes = 80;
    const std::string text = j.dump(-1, ' ', true);
    return text.size() <= most_bytes ? text : text.substr(0, most_bytes) + "...";
}

/// \throws Error for text that is no JSON object, nests deeply or names a key twice in one object.
Json parsed(const std::string& text, Loc loc) {
    // The parser takes a NUL for the end, whatever stands behind it.
    if (const size_t at = text.find('\0'); at != std::string::npos)
        fail(loc, "this is no trace: its byte {} is NUL", at);
    std::vector<std::set<std::string>> keys;
    const auto look = [&](int depth, Json::parse_event_t event, Json& value) {
        const bool opens =
            event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
        if (opens && depth >= most_nesting)
            fail(loc, "the trace is nested more than {} levels deep", most_nesting);
        if (event == Json::parse_event_t::object_start) keys.emplace_back();
        if (event == Json::parse_event_t::object_end) keys.pop_back();
        if (event == Json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second)
            fail(loc, "the trace has two values for {} in one object", shown(value));
        return true;
    };
    Json j = Json::parse(text, look, false);
    if (j.is_discarded() || !j.is_object()) fail(loc, "this is no trace: it is not a JSON object");
    return j;
}

/// A loop is {step, result} if a step made it, else the variable of the definition by its name and, where
/// several have that name, its place among them.
Json loop_json(const State& state, size_t number, const Symbol& loop) {
    if (const auto made = state.made_by(loop, number))
        return {{"step", made->first}, {"result", made->second}};
    const Step& s = state.steps[number];
    Json j{{"loop", loop.name()}};
    const Definition* d =
        state.definition(s.target ? s.target : s.func, s.target ? s.target_definition : s.definition);
    // Its own name, whatever it was renamed to.
    const auto found =
        std::ranges::find_if(d->loops, [&](const auto& l) { return l.first == loop || l.second == loop; });
    const std::string name = found == d->loops.end() ? loop.name() : found->first.name();
    j["loop"] = name;
    int place = 0;
    for (auto l = d->loops.begin(); l != found; ++l)
        place += l->first.name() == name;
    if (found != d->loops.end() && place > 0) j["place"] = place;
    return j;
}

/// A tensor is {step, result} if a step made it, else one of the algorithm by its name.
Json tensor_json(const State& state, size_t number, const Symbol& tensor, const TraceNames& names) {
    if (const auto made = state.made_by(tensor, number))
        return {{"step", made->first}, {"result", made->second}};
    return names(tensor);
}

Json step_json(const State& state, size_t number, const TraceNames& names) {
    const Step& s = state.steps[number];
    Json j{{"primitive", s.primitive->name}};
    const bool of_tensor = s.primitive->acts_on == ActsOn::tensor;
    if (!of_tensor) {
        j["stage"] = names(s.func);
        j["definition"] = s.definition;
    }
    if (of_tensor || s.tensor) j["tensor"] = tensor_json(state, number, of_tensor ? s.func : s.tensor, names);
    if (s.target && s.primitive->callee) {
        j["callee"] = names(s.target);
    } else if (s.target) {
        j["consumer"] = names(s.target);
        j["consumer_definition"] = s.target_definition;
    }
    for (const Symbol& loop : s.loops)
        j["loops"].push_back(loop_json(state, number, loop));
    if (s.every) j["every"] = true;
    if (!s.numbers.empty()) j["numbers"] = s.numbers;
    if (!s.words.empty()) j["words"] = s.words;
    return j;
}

Json type_json(const TypeStep& t, const TraceNames& names) {
    Json j{{"tensor", names(t.tensor)}, {"type", t.type.str()}};
    const Accumulate& a = t.options.accumulate;
    if (a.kind() == Accumulate::Kind::exact) j["accumulate"] = "exact";
    if (a.kind() == Accumulate::Kind::type) j["accumulate"] = a.type().str();
    if (t.options.literals) j["literals"] = t.options.literals->str();
    if (t.options.strict) j["strict"] = true;
    return j;
}

/// Reads a trace for a schedule. Whatever the text holds, the outcome is a Step that can be tried or an
/// Error.
class TraceReader {
  public:
    TraceReader(const State& s, Loc l) : state(s), names(s), loc(l) {}

    Step step(const Json& j) const {
        only(j, {"primitive", "tensor", "stage", "definition", "consumer", "consumer_definition", "callee",
                 "loops", "every", "numbers", "words"});
        Step s;
        s.loc = loc;
        const std::string primitive = text(j, "primitive");
        s.primitive = find_primitive(primitive);
        // Older traces name the Func that is stored by its stage.
        const bool of_tensor = s.primitive && s.primitive->acts_on == ActsOn::tensor && !j.contains("stage");
        s.func = of_tensor ? tensor_of(member(j, "tensor")) : func(text(j, "stage"));
        if (!of_tensor) s.definition = definition(j, "definition", s.func);
        if (j.contains("consumer")) {
            s.target = func(text(j, "consumer"));
            s.target_definition = definition(j, "consumer_definition", s.target);
        }
        if (j.contains("tensor") && !of_tensor) s.tensor = tensor_of(j.at("tensor"));
        const Definition* of = s.target ? state.definition(s.target, s.target_definition)
                                        : state.definition(s.func, s.definition);
        if (j.contains("callee")) {
            if (s.target) fail(loc, "the trace has a step with a consumer and a callee");
            s.target = func(text(j, "callee"));
        }
        for (const Json& loop : list(j, "loops")) {
            if (!of) fail(loc, "the trace names a loop of a tensor: {}", shown(loop));
            s.loops.push_back(loop_of(loop, *of));
        }
        s.every = j.contains("every") && boolean(j.at("every"));
        for (const Json& n : list(j, "numbers"))
            s.numbers.push_back(number(n, "a number"));
        for (const Json& w : list(j, "words"))
            s.words.push_back(word(w));
        if (!s.primitive) fail(loc, "the trace names the primitive {}, which does not exist", primitive);
        state.check_step(s, "the trace has ");
        return s;
    }

    Symbol func(const std::string& name) const {
        const Symbol found = names.find(name);
        if (!found) fail(loc, "the trace names {}, which this algorithm does not have", name);
        return found;
    }
    /// Keys that nothing reads would be ignored in silence.
    void only(const Json& j, std::initializer_list<const char*> keys) const {
        if (!j.is_object()) return; // refused where a member of it is read
        for (const auto& [key, unused] : j.items())
            if (std::ranges::find(keys, key) == keys.end())
                fail(loc, "the trace has {} where there can be {}", shown(key), fmt::join(keys, ", "));
    }
    std::string text(const Json& j, const char* key) const { return word(member(j, key)); }
    const Json& member(const Json& j, const char* key) const {
        if (!j.is_object() || !j.contains(key))
            fail(loc, "the trace has an entry without \"{}\": {}", key, shown(j));
        return j.at(key);
    }
    Json list(const Json& j, const char* key) const {
        if (!j.contains(key)) return Json::array();
        if (!j.at(key).is_array()) fail(loc, "\"{}\" of the trace is no list: {}", key, shown(j.at(key)));
        return j.at(key);
    }
    bool boolean(const Json& j) const {
        if (!j.is_boolean()) fail(loc, "the trace has {} in the place of true or false", shown(j));
        return j.get<bool>();
    }

    int64_t number(const Json& j, const char* what) const {
        constexpr auto most = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
        const bool fits = j.is_number_integer() && !(j.is_number_unsigned() && j.get<uint64_t>() > most);
        if (!fits) fail(loc, "the trace has {} in the place of {}", shown(j), what);
        return j.get<int64_t>();
    }

  private:
    std::string word(const Json& j) const {
        if (!j.is_string()) fail(loc, "the trace has {} in the place of a text", shown(j));
        return j.get<std::string>();
    }
    int definition(const Json& j, const char* key, const Symbol& func) const {
        const int64_t n = number(member(j, key), "a definition's number");
        for (const Definition& d : *state.definitions)
            if (d.func == func && d.index == n) return d.index;
        fail(loc, "the trace names definition {} of {}, which this algorithm does not have", n, func.name());
    }
    /// What a step made, where `j` names it so.
    std::optional<Symbol> result_of(const Json& j) const {
        if (!j.is_object() || !j.contains("step")) return std::nullopt;
        const int64_t n = number(j.at("step"), "a step's number"),
                      r = number(member(j, "result"), "a result's number");
        const auto steps = static_cast<int64_t>(state.steps.size());
        if (n < 0 || n >= steps || r < 0 ||
            r >= static_cast<int64_t>(state.steps[static_cast<size_t>(n)].results.size()))
            fail(loc, "the trace names result {} of step {}, which is not there", r, n);
        return state.steps[static_cast<size_t>(n)].results[static_cast<size_t>(r)];
    }
    Symbol tensor_of(const Json& j) const {
        if (!j.is_object()) return func(word(j));
        only(j, {"step", "result"});
        if (const auto made = result_of(j)) return *made;
        fail(loc, "the trace has a tensor without \"step\": {}", shown(j));
    }
    Symbol loop_of(const Json& j, const Definition& d) const {
        only(j, {"step", "result", "loop", "place"});
        if (j.is_object() && j.contains("step") && (j.contains("loop") || j.contains("place")))
            fail(loc, "the trace names a loop both by a step and by its name: {}", shown(j));
        if (const auto made = result_of(j)) return *made;
        const std::string name = text(j, "loop");
        if (j.contains("result")) fail(loc, "the trace has a result of no step: {}", shown(j));
        int64_t place = j.contains("place") ? number(j.at("place"), "a place") : 0;
        for (const auto& [variable, unused] : d.loops)
            if (variable.name() == name && place-- == 0) return variable;
        return Symbol(name); // an inline reduction's loop, or refused by the primitive
    }

    const State& state;
    TraceNames names;
    Loc loc;
};

} // namespace

std::string Schedule::trace_json() const {
    TraceNames names(*state);
    Json j{{"lathe_trace", schema_version}, {"types", Json::array()}, {"contraction", state->contraction}};
    for (const TypeStep& t : state->types)
        j["types"].push_back(type_json(t, names));
    for (const auto& [size, value] : state->sizes)
        j["sizes"].push_back({{"size", size.name()}, {"value", value}});
    j["steps"] = Json::array();
    for (size_t n = 0; n < state->steps.size(); ++n)
        j["steps"].push_back(step_json(*state, n, names));
    return j.dump(1) + "\n";
}

Schedule& Schedule::apply_trace(const std::string& json, Loc loc) {
    const Json j = parsed(json, loc);
    const bool has_version = j.contains("lathe_trace");
    if (!has_version || !j.at("lathe_trace").is_number_integer() || j.at("lathe_trace") != schema_version)
        fail(loc, "this is no trace of version {}: \"lathe_trace\" is {}", schema_version,
             has_version ? shown(j.at("lathe_trace")) : "missing");
    if (!state->steps.empty() || !state->types.empty() || !state->sizes.empty())
        fail(loc, "a trace applies to a Schedule without steps of its own: make a new one");
    auto next = std::make_shared<State>(*state);
    const TraceReader types(*state, loc);
    types.only(j, {"lathe_trace", "types", "contraction", "sizes", "steps"});
    for (const Json& t : types.list(j, "types")) {
        types.only(t, {"tensor", "type", "accumulate", "literals", "strict"});
        QuantizeOptions options;
        if (t.contains("accumulate")) {
            const std::string a = types.text(t, "accumulate");
            options.accumulate = a == "exact" ? Accumulate::exact : Accumulate(parse_type(a, loc));
        }
        if (t.contains("literals")) options.literals = parse_type(types.text(t, "literals"), loc);
        options.strict = t.contains("strict") && types.boolean(t.at("strict"));
        next->add_types({TensorRef(types.func(types.text(t, "tensor")))},
                        parse_type(types.text(t, "type"), loc), options, loc);
    }
    next->contraction = !j.contains("contraction") || types.boolean(j.at("contraction"));
    for (const Json& s : types.list(j, "sizes")) {
        types.only(s, {"size", "value"});
        const std::string name = types.text(s, "size");
        const std::vector<Param>& params = state->base.top().params;
        const auto found =
            std::ranges::find_if(params, [&](const Param& p) { return p.symbol.name() == name; });
        if (found == params.end()) fail(loc, "the trace binds {}, which this algorithm does not have", name);
        next->add_size(*found, types.number(types.member(s, "value"), "a size"), loc);
    }
    next->derive("the trace's types and sizes", loc);
    Schedule work = *this;
    work.state = std::move(next);
    for (const Json& s : types.list(j, "steps"))
        work.run({TraceReader(*work.state, loc).step(s)});
    state = work.state;
    return *this;
}

} // namespace lathe
