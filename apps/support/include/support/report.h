#pragma once
/// \file The figures that a program prints, kept so that `--json FILE` can write every one of them.

#include <string>
#include <utility>
#include <vector>

namespace support {

class Report {
  public:
    /// What write_json will write to; empty: nothing. \throws lathe::Error unless it can be written.
    explicit Report(std::string json = "");
    /// Prints "name: value unit" and keeps it.
    void figure(const std::string& name, double value, const std::string& unit);
    void text(const std::string& name, const std::string& value);
    /// Ends the report: writes {"figures": [{name, value, unit}], "texts": {...}}, whole or not at all.
    /// \throws std::runtime_error, also when what was printed did not reach standard output.
    void write_json() const;

  private:
    std::string path;
    struct Figure {
        std::string name;
        double value;
        std::string unit;
    };
    std::vector<Figure> figures;
    std::vector<std::pair<std::string, std::string>> texts;
};

} // namespace support
