#include "lathe/schedule/primitive.h"

#include "lathe/ir/error.h"

#include <algorithm>
#include <vector>

namespace lathe::schedule {

namespace {

std::string operand(std::string_view what, const Count& count) {
    if (count.most == 0) return {};
    if (count.most == Primitive::any) return fmt::format("{}s", what);
    const std::string text = count.most == 1 ? std::string(what) : fmt::format("{} {}s", count.most, what);
    return count.least == 0 ? "perhaps a " + text : text;
}

std::string numbers(const Primitive& p) {
    const auto [least, most] = p.numbers;
    switch (p.numbers_are) {
    case Numbers::plain:
        return operand("number", p.numbers);
    case Numbers::order:
        return "dimensions";
    case Numbers::extents:
        return "extents";
    case Numbers::of_dimension:
        return fmt::format("{}dimension{}", least == 0 ? "perhaps a " : "",
                           most < 2     ? ""
                           : least == 1 ? "; perhaps a number"
                                        : " and a number");
    }
    return {};
}

std::string operands(const Primitive& p) {
    std::vector<std::string> all{p.tensor ? "tensor" : "", p.consumer ? "consumer" : "",
                                 p.callee ? "callee" : "",
                                 operand(p.every ? "loop or all(loop)" : "loop", p.loops), numbers(p)};
    for (const WordOperand& w : p.words)
        all.push_back(w.values.empty() ? std::string(w.name)
                                       : fmt::format("{} ({})", w.name, fmt::join(w.values, ", ")));
    std::erase(all, "");
    return fmt::format("{}", fmt::join(all, "; "));
}

std::string_view acted_on(ActsOn on) {
    switch (on) {
    case ActsOn::loops:
        return "loops of one definition";
    case ActsOn::func:
        return "the whole Func";
    case ActsOn::calls:
        return "calls in one definition";
    case ActsOn::tensor:
        return "a tensor";
    case ActsOn::stages:
        return "the whole stage";
    }
    return {};
}

std::string_view afterwards(Named n) {
    switch (n) {
    case Named::kept:
        return "stay";
    case Named::consumed:
        return "are gone: name the results";
    case Named::outer:
        return "with a number mean the outer loop";
    }
    return {};
}

} // namespace

const Primitive* find_primitive(std::string_view name) {
    const auto found = std::ranges::find(all_primitives(), name, &Primitive::name);
    return found == all_primitives().end() ? nullptr : *found;
}

std::string primitives_table() {
    std::string table =
        "| primitive | what it does | on | takes | its loops' names |\n|---|---|---|---|---|\n";
    for (const Primitive* p : all_primitives())
        table += fmt::format("| `{}` | {} | {} | {} | {} |\n", p->name, p->text, acted_on(p->acts_on),
                             operands(*p), p->loops.most == 0 ? "" : afterwards(p->named));
    return table;
}

} // namespace lathe::schedule
