#include "lathe/ir/files.h"

#include "lathe/ir/error.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace lathe::ir {

namespace {

/// Nothing, or why the file could not be written.
int write_whole(const std::string& path, std::string_view content) {
    constexpr mode_t readable = 0666;
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, readable);
    if (file < 0) return errno;
    int why = 0;
    while (!content.empty() && why == 0) {
        const ssize_t n = ::write(file, content.data(), content.size());
        if (n > 0)
            content.remove_prefix(static_cast<size_t>(n));
        else if (errno != EINTR)
            why = n == 0 ? EIO : errno;
    }
    if (::close(file) != 0 && why == 0) why = errno;
    return why;
}

} // namespace

void write_file(const std::string& path, std::string_view content) {
    static std::atomic<unsigned> count{0};
    std::error_code unknown;
    const auto there = std::filesystem::status(path, unknown);
    if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there))
        fail({}, "cannot write \"{}\": something that is no file is in its place", path);
    const std::string temporary = fmt::format("{}.tmp.{}.{}", path, getpid(), count++);
    int why = write_whole(temporary, content);
    if (why == 0 && std::rename(temporary.c_str(), path.c_str()) != 0) why = errno;
    if (why == 0) return;
    ::unlink(temporary.c_str());
    fail({}, "cannot write \"{}\": {}", path, std::strerror(why));
}

} // namespace lathe::ir
