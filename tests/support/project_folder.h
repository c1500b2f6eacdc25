#pragma once
/// \file A folder for a project, and commands in it.

#include "compile_shared.h"

#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fmt/format.h>

/// A folder that exists while the object does.
class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "lathe_hls_XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~Folder() { std::filesystem::remove_all(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::filesystem::path path;
};

/// The exit status and output of a command that runs in the folder.
inline std::pair<int, std::string> run_in(const std::filesystem::path& folder, const std::string& command) {
    const int status =
        std::system(fmt::format("cd '{}' && ({}) > log.txt 2>&1", folder.string(), command).c_str());
    return {status, read_file(folder / "log.txt")};
}
