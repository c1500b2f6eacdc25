#include "support/macro_run.h"

#include <algorithm>

namespace support {

using namespace lathe;

namespace {

struct Configuration {
    std::string name;
    StencilChoice choice;
};

/// Those of the published table.
std::vector<Configuration> configurations(const MacroRun& run) {
    std::vector<Configuration> all;
    if (run.type != "fixed16") {
        all.push_back({"base", {Float(32), 0}});
        all.push_back({"stencil", {Float(32), 1}});
        all.push_back({fmt::format("unroll {}", run.unroll), {Float(32), run.unroll}});
    }
    if (run.type != "f32") all.push_back({"fixed16", {run.fixed16, run.unroll}});
    return all;
}

/// A name for a folder.
std::string joined(std::string name) {
    std::ranges::replace(name, ' ', '_');
    return name;
}

} // namespace

void MacroRun::add_options(Arguments& arguments) {
    arguments.flag("--macro", macro, "without and with the macro stencil: check and count");
    arguments.number("--unroll", unroll, 1, 64, "points that the macro's network computes in a cycle");
    arguments.choice("--type", type, {"f32", "fixed16", "all"}, "of the macro's elements");
}

void run_macro(const std::vector<MacroProgram>& programs, const MacroRun& run, int64_t height, int64_t width,
               const std::string& folder, Report& report) {
    constexpr int64_t small_height = 20, small_width = 28;
    for (const MacroProgram& p : programs)
        for (const auto& [name, choice] : configurations(run)) {
            const std::string title = p.name + ", " + name;
            const Schedule small = p.make(small_height, small_width, choice);
            report.text(title, check_everywhere(
                                   small, random_inputs(small.module(), run.most),
                                   folder.empty() ? "" : folder + "/" + joined(p.name + " " + name), p.name));
            const Schedule s = p.make(height, width, choice);
            if (choice.unroll > 0) check_on_cpu(s, random_inputs(s.module(), run.most));
            report.text(fmt::format("{}, {} × {}", title, height, width), network_size(s.module()).str());
        }
}

} // namespace support
