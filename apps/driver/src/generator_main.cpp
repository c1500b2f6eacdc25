#include "command_line.h"
#include "lathe/driver/generator.h"
#include "lathe/ir/files.h"
#include "lathe/ir/text.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>

namespace lathe {

using namespace ir;
using namespace std::string_literals;

namespace {

/// What one run writes: one schedule for each target.
struct Job {
    std::string prefix, function;
    std::vector<Target> targets;
    std::vector<Schedule> schedules;
    VitisOptions vitis = {};

    CompileOptions options() const { return {.target = targets.front(), .name = function}; }
    const Schedule& schedule() const { return schedules.front(); }
};

void emit_static_library(const Job& job) {
    if (job.targets.size() == 1) {
        compile_to_static_library(job.schedule(), job.prefix, job.options());
        return;
    }
    std::vector<TargetVariant> variants;
    for (size_t i = 0; i < job.targets.size(); ++i)
        variants.push_back({job.targets[i], job.schedules[i].module()});
    compile_to_static_library(variants, job.prefix, job.function);
}

struct Output {
    const char* name;
    bool several_targets; ///< holds code for all of them, or depends on none
    void (*write)(const Job&);
};

constexpr Output outputs[] = {
    {"static_library", true, emit_static_library},
    {"header", false, [](const Job& j) { compile_to_header(j.schedule(), j.prefix + ".h", j.options()); }},
    {"object", false, [](const Job& j) { compile_to_object(j.schedule(), j.prefix + ".o", j.options()); }},
    {"assembly", false,
     [](const Job& j) { write_file(j.prefix + ".s", compile_to_assembly(j.schedule(), j.options())); }},
    {"llvm", false,
     [](const Job& j) { write_file(j.prefix + ".ll", compile_to_llvm(j.schedule(), j.options())); }},
    {"ir", false, [](const Job& j) { write_file(j.prefix + ".ir.txt", print(j.schedule())); }},
    {"loop_tree", false, [](const Job& j) { write_file(j.prefix + ".tree.txt", loop_tree(j.schedule())); }},
    {"trace", false, [](const Job& j) { write_file(j.prefix + ".trace.json", j.schedule().trace_json()); }},
    {"vitis", true, [](const Job& j) { export_vitis(j.schedule(), j.prefix + "_vitis", j.vitis); }},
};

const Output& find_output(const std::string& name) {
    const auto found = std::ranges::find_if(outputs, [&](const Output& o) { return o.name == name; });
    if (found != std::end(outputs)) return *found;
    std::string all;
    for (const Output& o : outputs)
        all += (all.empty() ? "" : ", ") + std::string(o.name);
    fail({}, "there is no output \"{}\": there are {}", name, all);
}

std::vector<const Output*> find_outputs(std::vector<std::string> names) {
    if (names.empty()) names = {"static_library"};
    std::vector<const Output*> chosen;
    for (const std::string& name : names) {
        chosen.push_back(&find_output(name));
        if (std::ranges::count(names, name) > 1) fail({}, "--emit names {} twice", name);
    }
    return chosen;
}

/// What a project calls otherwise than the user does.
void say_names(const Job& job) {
    for (const auto& [given, became] : vitis_names(job.schedule(), job.vitis))
        std::cout << fmt::format("{} is called {} in {}_vitis\n", quoted_text(given), became, job.function);
}

void run(const CommandLine& c, const std::vector<Generator>& generators) {
    check_generators(generators);
    const Generator& g = find_generator(generators, c.generator);
    const std::vector<const Output*> chosen = find_outputs(c.emit);
    Job job;
    job.function = c.function.value_or(g.name);
    check_function_name(job.function, {});
    for (const std::string& t : c.targets)
        job.targets.emplace_back(t, Loc{});
    if (job.targets.empty()) job.targets.push_back(Target::host());
    for (const Output* o : chosen)
        if (job.targets.size() > 1 && !o->several_targets)
            fail({}, "{} is for one target, and {} are named", o->name, job.targets.size());
    const auto values = parameter_values(g, c.settings);
    for (const Target& t : job.targets) {
        Schedule& made = job.schedules.emplace_back(made_by(g, GeneratorArguments(values, t)));
        if (c.macro.macro.empty())
            bind_sizes(made, c.sizes);
        else
            made = macro_schedule(made, c.macro, c.sizes);
    }
    const bool vitis = std::ranges::any_of(chosen, [](const Output* o) { return o->name == "vitis"s; });
    if (vitis)
        job.vitis = vitis_options(c, job.schedule(), job.function);
    else if (c.arch || c.part || c.clock || !c.data.empty())
        fail({}, "--arch, --part, --clock and --data are for a Vitis project: add -e vitis");
    if (c.folder.empty()) fail({}, "--output names no folder: . is the one that the program runs in");
    StagedFolder::write(c.folder, StagedFolder::Guard::process, [&](const std::filesystem::path& folder) {
        job.prefix = (folder / job.function).string();
        for (const Output* o : chosen)
            o->write(job);
    });
    if (vitis) say_names(job);
}

/// A full disk is found out when the text leaves the program.
int flushed(const char* program, int status) {
    if (std::cout.flush()) return status;
    std::cerr << program << ": cannot write to standard output: " << std::strerror(errno) << '\n';
    return status != 0 ? status : 1;
}

} // namespace

int generator_main(int argc, const char* const* argv, const std::vector<Generator>& generators) {
    const char* program = argc > 0 ? argv[0] : "generator";
    if (argc > 1 && std::string_view(argv[1]) == "explore")
        return flushed(program, explore_main(argc, argv, generators));
    const CommandLine c = read_command_line(argc, argv);
    if (c.exit_status) return flushed(program, *c.exit_status);
    try {
        if (c.list || argc <= 1) {
            check_generators(generators);
            for (const Generator& g : generators)
                std::cout << describe(g);
        } else {
            run(c, generators);
        }
        return flushed(program, 0);
    } catch (const std::exception& e) {
        std::cerr << program << ": " << e.what() << '\n';
        return 1;
    }
}

} // namespace lathe
