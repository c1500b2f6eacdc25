#pragma once
/// \file Output files: whole or not at all, also when several belong together.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace lathe::ir {

/// Writes the file whole or not at all: into another file beside it, which then takes its name.
/// \throws Error naming the path and the reason.
void write_file(const std::string& path, std::string_view content);

/// What shall lie in a folder, written elsewhere first: all of it gets into its place, or none.
///
///     StagedFolder::write(target, StagedFolder::Guard::process, [&](const auto& folder) { … });
///
/// Files of the target that nothing replaces stay.
class StagedFolder {
  public:
    enum class Guard {
        none,
        /// A process of its own puts the files in place: should this one be killed, it ends what was begun,
        /// or clears away what was not.
        process
    };
    /// Makes a folder beside the target, on the same disk. \throws Error naming the target if none can be
    /// made there.
    explicit StagedFolder(const std::filesystem::path& target, Guard guard = Guard::none);
    ~StagedFolder(); ///< clears away what was not put in place
    StagedFolder(const StagedFolder&) = delete;
    StagedFolder& operator=(const StagedFolder&) = delete;

    const std::filesystem::path& path() const;
    /// \throws Error naming the path and the reason; the target is as it was then.
    void commit();
    /// A text about the staged files that speaks of the target's.
    std::string about_target(std::string text) const;

    /// All three: calls `writer` with the folder to write to, and puts in place what it wrote.
    static void write(const std::filesystem::path& target, Guard guard,
                      const std::function<void(const std::filesystem::path&)>& writer);

  private:
    struct State;
    std::unique_ptr<State> state;
};

} // namespace lathe::ir
