#include "json_reader.h"

#include <algorithm>
#include <cmath>

namespace lathe::ir {

JsonPart JsonPart::at(const std::string& key) const {
    if (!value->is_object()) wrong("is no object in braces");
    const std::string inner = place.empty() ? key : place + "." + key;
    if (!value->contains(key)) JsonPart(*value, where, inner, loc).wrong("is missing");
    return {value->at(key), where, inner, loc};
}

std::vector<JsonPart> JsonPart::elements() const {
    if (!value->is_array() || value->empty()) wrong("is no list in brackets that has entries");
    std::vector<JsonPart> all;
    for (size_t n = 0; n < value->size(); ++n)
        all.emplace_back((*value)[n], where, fmt::format("{}[{}]", place, n), loc);
    return all;
}

void JsonPart::only(const std::vector<std::string>& keys) const {
    if (!value->is_object()) wrong("is no object in braces");
    for (const auto& [key, unused] : value->items())
        if (std::ranges::find(keys, key) == keys.end())
            wrong("has an entry \"{}\", which is none of {}", key, fmt::join(keys, ", "));
}

std::string JsonPart::text() const {
    if (!value->is_string() || value->get<std::string>().empty()) wrong("is no text in quotes");
    return value->get<std::string>();
}

double JsonPart::number(double least, bool above) const {
    const double x = value->is_number() ? value->get<double>() : std::nan("");
    if (!std::isfinite(x) || x < least || (above && x == least))
        wrong("is {}, and must be a number {} {}", value->dump(), above ? "above" : "of at least", least);
    return x;
}

int64_t JsonPart::whole(int64_t least) const {
    const bool fits =
        value->is_number_unsigned() ? value->get<uint64_t>() <= INT64_MAX : value->is_number_integer();
    if (!fits || value->get<int64_t>() < least)
        wrong("is {}, and must be a whole number of at least {}", value->dump(), least);
    return value->get<int64_t>();
}

void JsonPart::check_like(const Json& model, bool all) const {
    if (model.is_object()) {
        std::vector<std::string> keys;
        for (const auto& [key, unused] : model.items())
            keys.push_back(key);
        only(keys);
        for (const std::string& key : keys)
            if (all || has(key)) at(key).check_like(model.at(key), all);
    } else if (model.is_array()) {
        for (const JsonPart& row : elements())
            row.check_like(model[0], true);
    } else if (model.is_number()) {
        number(0, false);
    } else {
        text();
    }
}

Json parse_json(const std::string& text, const std::string& where, Loc loc) {
    try {
        return Json::parse(text);
    } catch (const Json::parse_error& e) {
        const auto line =
            1 +
            std::count(text.begin(), text.begin() + static_cast<long>(std::min(e.byte, text.size())), '\n');
        fail(loc, "{} is no JSON: an error in line {}", where, line);
    }
}

} // namespace lathe::ir
