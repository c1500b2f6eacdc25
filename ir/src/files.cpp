#include "lathe/ir/files.h"

#include "lathe/ir/error.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace lathe::ir {

void write_file(const std::string& path, std::string_view content) {
    static std::atomic<unsigned> count{0};
    const std::string temporary = fmt::format("{}.tmp.{}.{}", path, getpid(), count++);
    {
        std::ofstream file(temporary, std::ios::binary);
        file.write(content.data(), static_cast<std::streamsize>(content.size()));
        file.close();
        if (file) {
            std::error_code failed;
            std::filesystem::rename(temporary, path, failed);
            if (!failed) return;
            errno = failed.value();
        }
    }
    const int why = errno;
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    fail({}, "cannot write \"{}\": {}", path, std::strerror(why));
}

} // namespace lathe::ir
