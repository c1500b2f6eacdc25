#include "command_line.h"
#include "lathe/driver/generator.h"
#include "lathe/ir/files.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>

namespace lathe {

using namespace ir;

namespace {

/// What one run writes: one schedule for each target.
struct Job {
    std::string prefix, function;
    std::vector<Target> targets;
    std::vector<Schedule> schedules;

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
    {"vitis", true,
     [](const Job& j) { export_vitis(j.schedule(), j.prefix + "_vitis", {.top = j.function}); }},
};

const Output& find_output(const std::string& name) {
    const auto found = std::ranges::find_if(outputs, [&](const Output& o) { return o.name == name; });
    if (found != std::end(outputs)) return *found;
    std::string all;
    for (const Output& o : outputs)
        all += (all.empty() ? "" : ", ") + std::string(o.name);
    fail({}, "there is no output \"{}\": there are {}", name, all);
}

const Generator& find_generator(const std::vector<Generator>& all, const std::string& name) {
    const auto found = std::ranges::find(all, name, &Generator::name);
    if (found != all.end()) return *found;
    std::string names;
    for (const Generator& g : all)
        names += (names.empty() ? "" : ", ") + g.name;
    fail({}, "there is no generator \"{}\": there are {}", name, names);
}

void run(const CommandLine& c, const std::vector<Generator>& generators) {
    const Generator& g = find_generator(generators, c.generator);
    std::vector<const Output*> chosen;
    for (const std::string& name : c.emit.empty() ? std::vector<std::string>{"static_library"} : c.emit)
        chosen.push_back(&find_output(name));
    Job job;
    job.function = c.function.empty() ? g.name : c.function;
    job.prefix = (std::filesystem::path(c.folder) / job.function).string();
    for (const std::string& t : c.targets)
        job.targets.emplace_back(t, Loc{});
    if (job.targets.empty()) job.targets.push_back(Target::host());
    for (const Output* o : chosen)
        if (job.targets.size() > 1 && !o->several_targets)
            fail({}, "{} is for one target, and {} are named", o->name, job.targets.size());
    const auto values = parameter_values(g, c.settings);
    for (const Target& t : job.targets)
        bind_sizes(job.schedules.emplace_back(g.make(GeneratorArguments(values, t))), c.sizes);
    std::error_code failed;
    std::filesystem::create_directories(c.folder, failed);
    if (failed) fail({}, "cannot make the folder \"{}\": {}", c.folder, failed.message());
    for (const Output* o : chosen)
        o->write(job);
}

} // namespace

int generator_main(int argc, const char* const* argv, const std::vector<Generator>& generators) {
    if (argc > 1 && std::string_view(argv[1]) == "explore") return explore_main(argc, argv, generators);
    const CommandLine c = read_command_line(argc, argv);
    if (c.exit_status) return *c.exit_status;
    if (c.list || c.generator.empty()) {
        for (const Generator& g : generators)
            std::cout << describe(g);
        return 0;
    }
    try {
        run(c, generators);
        return 0;
    } catch (const Error& e) {
        std::cerr << argv[0] << ": " << e.what() << '\n';
        return 1;
    }
}

} // namespace lathe
