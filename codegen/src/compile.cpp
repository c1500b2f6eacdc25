#include "lathe/codegen/compile.h"

#include "backend.h"
#include "c_header.h"
#include "lathe/codegen/lower.h"
#include "lathe/ir/files.h"
#include "lathe/ir/text.h"
#include "multi_target.h"
#include "object_code.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace lathe {

using namespace ir;
using namespace codegen;

namespace {

using codegen::Callers;
using codegen::Compiled;

Compiled compiled(const Module& module, const CompileOptions& options) {
    return codegen::compile(module, options.target, options.name, Callers::c);
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

/// Both files or none.
void write_library(const std::string& prefix, std::string_view archive, std::string_view header) {
    const std::filesystem::path whole(prefix), parent = whole.parent_path();
    std::error_code unknown;
    if (!parent.empty() && !std::filesystem::is_directory(parent, unknown))
        fail({}, "cannot write \"{}.a\": {}", prefix, std::strerror(ENOENT));
    StagedFolder::write(parent, StagedFolder::Guard::none, [&](const std::filesystem::path& folder) {
        const std::string staged = (folder / whole.filename()).string();
        write_file(staged + ".a", archive);
        write_file(staged + ".h", header);
    });
}

} // namespace

void compile_to_object(const Module& module, const std::string& path, const CompileOptions& options) {
    const Compiled c = compiled(module, options);
    write_file(path, view(codegen::object_code(*c.module, options.target)));
}

void compile_to_static_library(const Module& module, const std::string& prefix,
                               const CompileOptions& options) {
    CompileOptions named = options;
    if (named.name.empty()) named.name = name_of_prefix(prefix, module);
    const Compiled c = compiled(module, named);
    std::vector<codegen::ObjectFile> objects;
    objects.push_back({c.abi.name + ".o", codegen::object_code(*c.module, options.target)});
    const std::string header = codegen::c_header(c.abi, module, options.target.name());
    write_library(prefix, codegen::archive(objects), header);
}

void compile_to_static_library(const std::vector<TargetVariant>& variants, const std::string& prefix,
                               const std::string& name) {
    if (variants.empty()) fail({}, "a library for no target: name at least one");
    const std::string function = name.empty() ? name_of_prefix(prefix, variants[0].module) : name;
    check_function_name(function, {});
    std::vector<codegen::ObjectFile> objects;
    std::vector<codegen::Variant> choices;
    std::string targets, header;
    codegen::Abi abi;
    for (const TargetVariant& v : variants) {
        std::string own = function + "_" + v.target.name();
        std::ranges::replace(own, '-', '_');
        const auto same = [&](const codegen::Variant& c) { return c.name == own; };
        if (std::ranges::any_of(choices, same)) fail({}, "the target {} is named twice", v.target.name());
        const Compiled c = compiled(v.module, {.target = v.target, .name = own});
        codegen::Abi shared = c.abi;
        shared.name = function;
        const std::string text = codegen::c_header(shared, v.module, "");
        if (!choices.empty() && text != header)
            fail({}, "the variant for {} has other arguments than that for {}", v.target.name(),
                 variants[0].target.name());
        header = text;
        abi = shared;
        targets += (targets.empty() ? "" : ", ") + v.target.name();
        choices.push_back({own, v.target});
        objects.push_back({own + ".o", codegen::object_code(*c.module, v.target)});
    }
    const Compiled choice = codegen::choose_at_run_time(abi, choices);
    objects.push_back({function + ".o", codegen::object_code(*choice.module, Target("x86-64-linux"))});
    header = codegen::c_header(abi, variants[0].module, targets);
    write_library(prefix, codegen::archive(objects), header);
}

void compile_to_header(const Module& module, const std::string& path, const CompileOptions& options) {
    const std::string& name = options.name.empty() ? module.top().name : options.name;
    check_function_name(name, {});
    const Module machine = lower(module, options.target);
    const auto abi = codegen::make_abi(module, machine, name);
    write_file(path, codegen::c_header(abi, module, options.target.name()));
}

std::string compile_to_assembly(const Module& module, const CompileOptions& options) {
    const Compiled c = compiled(module, options);
    return codegen::assembly(*c.module, options.target);
}

std::string compile_to_llvm(const Module& module, const CompileOptions& options) {
    return codegen::llvm_text(*compiled(module, options).module);
}

} // namespace lathe
