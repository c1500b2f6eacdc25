#pragma once
/// \file Folders of tests, and what lies in them.

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

/// A folder that exists while the object does.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "lathe_test_XXXXXX").string();
        if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
        path = name;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    std::filesystem::path path;
};

inline std::string contents(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

inline void put(const std::filesystem::path& file, const std::string& text) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
}

/// Each file with its text, and each folder.
using Snapshot = std::map<std::string, std::string>;

inline Snapshot snapshot(const std::filesystem::path& folder) {
    Snapshot all;
    for (const auto& e : std::filesystem::recursive_directory_iterator(folder)) {
        const std::string name = e.path().lexically_relative(folder).string();
        all[name] = e.is_directory() ? "<folder>" : contents(e.path());
    }
    return all;
}

/// The names in which two differ.
inline std::string difference(const Snapshot& a, const Snapshot& b) {
    std::string text;
    for (const auto& [name, content] : a)
        if (const auto other = b.find(name); other == b.end() || other->second != content)
            text += "-" + name + " ";
    for (const auto& [name, content] : b)
        if (!a.contains(name)) text += "+" + name + " ";
    return text;
}
