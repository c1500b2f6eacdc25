#include "lathe/codegen/compile.h"

#include "backend.h"
#include "c_header.h"
#include "lathe/codegen/lower.h"
#include "lathe/ir/files.h"
#include "multi_target.h"
#include "pipeline.h"

#include <algorithm>
#include <filesystem>

namespace lathe {

using namespace ir;
using namespace codegen;

namespace {

using cpu::Callers;
using cpu::Compiled;

Compiled compiled(const Module& module, const CompileOptions& options) {
    return cpu::compile(module, options.target, options.name, Callers::c);
}

/// The function's name when none is given.
std::string name_of_prefix(const std::string& prefix, const Module& module) {
    const std::string last = std::filesystem::path(prefix).filename();
    if (last.empty())
        fail({}, "\"{0}\" ends in no name for the library's files: try \"{0}{1}\"", prefix,
             module.top().name);
    return last;
}

std::string_view view(const llvm::SmallVector<char, 0>& bytes) {
    return {bytes.data(), bytes.size()};
}

} // namespace

void compile_to_object(const Module& module, const std::string& path, const CompileOptions& options) {
    const Compiled c = compiled(module, options);
    write_file(path, view(cpu::object_code(*c.module, options.target)));
}

void compile_to_static_library(const Module& module, const std::string& prefix,
                               const CompileOptions& options) {
    CompileOptions named = options;
    if (named.name.empty()) named.name = name_of_prefix(prefix, module);
    const Compiled c = compiled(module, named);
    std::vector<cpu::ObjectFile> objects;
    objects.push_back({c.abi.name + ".o", cpu::object_code(*c.module, options.target)});
    const std::string header = cpu::c_header(c.abi, module, options.target.name());
    write_file(prefix + ".a", cpu::archive(objects));
    write_file(prefix + ".h", header);
}

void compile_to_static_library(const std::vector<TargetVariant>& variants, const std::string& prefix,
                               const std::string& name) {
    if (variants.empty()) fail({}, "a library for no target: name at least one");
    const std::string function = name.empty() ? name_of_prefix(prefix, variants[0].module) : name;
    std::vector<cpu::ObjectFile> objects;
    std::vector<cpu::Variant> choices;
    std::string targets, header;
    cpu::Abi abi;
    for (const TargetVariant& v : variants) {
        std::string own = function + "_" + v.target.name();
        std::ranges::replace(own, '-', '_');
        const auto same = [&](const cpu::Variant& c) { return c.name == own; };
        if (std::ranges::any_of(choices, same)) fail({}, "the target {} is named twice", v.target.name());
        const Compiled c = compiled(v.module, {.target = v.target, .name = own});
        cpu::Abi shared = c.abi;
        shared.name = function;
        const std::string text = cpu::c_header(shared, v.module, "");
        if (!choices.empty() && text != header)
            fail({}, "the variant for {} has other arguments than that for {}", v.target.name(),
                 variants[0].target.name());
        header = text;
        abi = shared;
        targets += (targets.empty() ? "" : ", ") + v.target.name();
        choices.push_back({own, v.target});
        objects.push_back({own + ".o", cpu::object_code(*c.module, v.target)});
    }
    const Compiled choice = cpu::choose_at_run_time(abi, choices);
    objects.push_back({function + ".o", cpu::object_code(*choice.module, Target("x86-64-linux"))});
    header = cpu::c_header(abi, variants[0].module, targets);
    write_file(prefix + ".a", cpu::archive(objects));
    write_file(prefix + ".h", header);
}

void compile_to_header(const Module& module, const std::string& path, const CompileOptions& options) {
    const Module machine = lower(module, options.target);
    const auto abi = cpu::make_abi(module, machine, options.name.empty() ? module.top().name : options.name);
    write_file(path, cpu::c_header(abi, module, options.target.name()));
}

std::string compile_to_assembly(const Module& module, const CompileOptions& options) {
    const Compiled c = compiled(module, options);
    return cpu::assembly(*c.module, options.target);
}

std::string compile_to_llvm(const Module& module, const CompileOptions& options) {
    return cpu::llvm_text(*compiled(module, options).module);
}

} // namespace lathe
