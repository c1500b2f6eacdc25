#include "compile_shared.h"

#include <atomic>
#include <dlfcn.h>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

namespace {

/// Replaces a file in one step, so that two test programs may fill the cache at the same time.
fs::path temporary(const fs::path& path) {
    static std::atomic<int> counter = 0;
    return path.string() + fmt::format(".{}.{}", getpid(), counter++);
}

} // namespace

fs::path compile_shared(const std::string& compiler, const std::string& flags, const std::string& key,
                        const std::string& program) {
    const std::string command = compiler + " " + flags + " -shared -fPIC";
    const size_t hash = std::hash<std::string>()(command + key + program);
    const fs::path object = fs::path(LATHE_AP_CACHE_DIR) / fmt::format("{:016x}.so", hash);
    if (fs::exists(object)) return object;
    fs::create_directories(LATHE_AP_CACHE_DIR);
    const fs::path made = temporary(object), source = made.string() + ".cpp", log = made.string() + ".log";
    std::ofstream(source) << program;
    const std::string line =
        fmt::format("{} '{}' -o '{}' > '{}' 2>&1", command, source.string(), made.string(), log.string());
    if (std::system(line.c_str()) != 0)
        throw std::runtime_error(line + "\n" + read_file(log).substr(0, 8000));
    fs::rename(made, object);
    fs::remove(source);
    fs::remove(log);
    return object;
}

void* load_symbol(const fs::path& object, const char* symbol) {
    void* handle = dlopen(object.c_str(), RTLD_NOW | RTLD_LOCAL);
    void* address = handle ? dlsym(handle, symbol) : nullptr;
    if (!address) throw std::runtime_error(dlerror());
    return address;
}
