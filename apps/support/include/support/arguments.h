#pragma once
/// \file An application's command line, so that CLI11 is compiled once and not for every application.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace support {

/// Options ("--name") and positional words ("name"). Each is read into a variable that outlives `read`, which
/// holds the default value; `--help` shows that of numbers, choices and texts that have one.
class Arguments {
  public:
    explicit Arguments(const std::string& about);
    ~Arguments();
    void number(const std::string& name, int64_t& value, int64_t least, int64_t most,
                const std::string& help = "");
    void choice(const std::string& name, std::string& value, const std::vector<std::string>& words,
                const std::string& help = "");
    void text(const std::string& name, std::string& value, const std::string& help);
    /// Each use of the option gives one more.
    void texts(const std::string& name, std::vector<std::string>& values, const std::string& help);
    void flag(const std::string& name, bool& value, const std::string& help);
    /// `name` is refused without `other`. Both are there already.
    void needs(const std::string& name, const std::string& other);
    /// --target cpu | vitis, and --folder for what the second makes.
    void targets(std::string& target, std::string& folder);
    /// --json, for a Report.
    void json(std::string& file);
    /// Reads a command line. What it gives is the program's exit status where it ends now: after --help, or
    /// after a refusal, which is printed.
    [[nodiscard]] std::optional<int> read(int argc, char** argv);

  private:
    struct Parser;
    std::unique_ptr<Parser> parser;
};

} // namespace support
