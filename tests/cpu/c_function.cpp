#include "c_function.h"

#include <algorithm>
#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

namespace fs = std::filesystem;

namespace {

/// The test's side of the runtime: the shared library's halide_ functions call it.
struct Callbacks {
    void (*error)(void*, const char*);
    void* (*allocate)(void*, size_t);
    void (*release)(void*, void*);
    int (*par_for)(void*, int (*)(void*, int, uint8_t*), int, int, uint8_t*);
    int (*can_use)(int, const uint64_t*);
};

constexpr const char* shim = R"(
struct callbacks {{
    void (*error)(void *, const char *);
    void *(*allocate)(void *, size_t);
    void (*release)(void *, void *);
    int (*par_for)(void *, int (*)(void *, int, uint8_t *), int, int, uint8_t *);
    int (*can_use)(int, const uint64_t *);
}} callbacks;
int halide_can_use_target_features(int count, const uint64_t *features) {{
    return callbacks.can_use(count, features);
}}
void halide_error(void *u, const char *message) {{ callbacks.error(u, message); }}
void *halide_malloc(void *u, size_t size) {{ return callbacks.allocate(u, size); }}
void halide_free(void *u, void *memory) {{ callbacks.release(u, memory); }}
int halide_do_par_for(void *u, int (*task)(void *, int, uint8_t *), int min, int size, uint8_t *closure) {{
    return callbacks.par_for(u, task, min, size, closure);
}}
void *const entries[] = {{(void *)(size_t)&{0}, (void *)(size_t)&{0}_with_user_context, (void *)(size_t)&{0}_argv,
                         (void *)(size_t)&{0}_metadata, (void *)(size_t)&{0}_signature}};
)";

void error(void* context, const char* message) {
    CFunction::runtime().errors.emplace_back(message);
    CFunction::runtime().contexts.push_back(context);
}

void* allocate(void*, size_t size) {
    TestRuntime& r = CFunction::runtime();
    if (r.allocations_left-- <= 0) return nullptr;
    ++r.allocated;
    r.most_live = std::max(r.most_live, ++r.live);
    return std::aligned_alloc(128, (size + 127) / 128 * 128);
}

void release(void*, void* memory) {
    --CFunction::runtime().live;
    std::free(memory);
}

/// Backwards, for code that counts on an order to fail; every task runs though one has failed.
int par_for(void* context, int (*task)(void*, int, uint8_t*), int min, int size, uint8_t* closure) {
    TestRuntime& r = CFunction::runtime();
    if (r.pool_code != 0) return r.pool_code;
    int code = 0;
    for (int i = min + size; i-- > min;) {
        r.tasks.push_back(i);
        if (const int c = task(context, i, closure); c != 0) code = c;
    }
    return code;
}

int can_use(int count, const uint64_t* features) {
    const std::vector<uint64_t>& has = CFunction::runtime().features;
    for (size_t i = 0; i < static_cast<size_t>(count); ++i)
        if ((features[i] & ~(i < has.size() ? has[i] : 0)) != 0) return 0;
    return 1;
}

std::string read(const fs::path& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

} // namespace

TestRuntime& CFunction::runtime() {
    static TestRuntime r;
    return r;
}

CFunction::CFunction(const lathe::Module& module, const std::string& name, const lathe::Target& target)
    : CFunction(name, [&](const std::string& prefix) {
          lathe::compile_to_static_library(module, prefix, {.target = target});
      }) {}

CFunction::CFunction(const std::vector<lathe::TargetVariant>& variants, const std::string& name)
    : CFunction(name,
                [&](const std::string& prefix) { lathe::compile_to_static_library(variants, prefix); }) {}

CFunction::CFunction(const std::string& name, const std::function<void(const std::string&)>& compile) {
    std::string pattern = (fs::temp_directory_path() / "lathe-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
    folder = pattern;
    const fs::path base = fs::path(folder) / name;
    compile(base.string());
    header_text = read(base.string() + ".h");
    std::ofstream(base.string() + ".c") << "#include \"" << name << ".h\"\n" << fmt::format(shim, name);
    const std::string command =
        fmt::format("'{0}' -std=c99 -Wall -Wextra -Wpedantic -Werror -O1 -fPIC -shared -Wl,-Bsymbolic -o "
                    "'{1}.so' '{1}.c' '{1}.a' > '{1}.log' 2>&1",
                    LATHE_TEST_CC, base.string());
    if (std::system(command.c_str()) != 0)
        throw std::runtime_error(command + "\n" + read(base.string() + ".log"));
    library = dlopen((base.string() + ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) throw std::runtime_error(dlerror());
    *static_cast<Callbacks*>(dlsym(library, "callbacks")) = {error, allocate, release, par_for, can_use};
    void* const* entries = static_cast<void* const*>(dlsym(library, "entries"));
    plain = entries[0];
    contextual = entries[1];
    argv_entry = entries[2];
    metadata_entry = entries[3];
    signature_entry = entries[4];
    runtime() = {};
}

CFunction::~CFunction() {
    if (library) dlclose(library);
    fs::remove_all(folder);
}
