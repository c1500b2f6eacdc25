#include "lathe/codegen/compile.h"

#include "backend.h"
#include "c_header.h"
#include "files.h"
#include "lathe/codegen/lower.h"
#include "pipeline.h"

#include <filesystem>

namespace lathe {

namespace {

using cpu::Callers;
using cpu::Compiled;

Compiled compiled(const Module& module, const CompileOptions& options) {
    return cpu::compile(module, options.target, options.name, Callers::c);
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
    const std::string last = std::filesystem::path(prefix).filename();
    if (last.empty())
        fail({}, "\"{0}\" ends in no name for the library's files: try \"{0}{1}\"", prefix,
             module.top().name);
    if (named.name.empty()) named.name = last;
    const Compiled c = compiled(module, named);
    const auto object = cpu::object_code(*c.module, options.target);
    const std::string header = cpu::c_header(c.abi, module, options.target);
    write_file(prefix + ".a", cpu::archive(c.abi.name + ".o", view(object)));
    write_file(prefix + ".h", header);
}

void compile_to_header(const Module& module, const std::string& path, const CompileOptions& options) {
    const Module machine = lower(module, options.target);
    const auto abi = cpu::make_abi(module, machine, options.name.empty() ? module.top().name : options.name);
    write_file(path, cpu::c_header(abi, module, options.target));
}

std::string compile_to_assembly(const Module& module, const CompileOptions& options) {
    const Compiled c = compiled(module, options);
    return cpu::assembly(*c.module, options.target);
}

std::string compile_to_llvm(const Module& module, const CompileOptions& options) {
    return cpu::llvm_text(*compiled(module, options).module);
}

} // namespace lathe
