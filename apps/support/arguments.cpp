#include "support/arguments.h"

#include <CLI/CLI.hpp>

namespace support {

struct Arguments::Parser {
    explicit Parser(const std::string& about) : app(about) {}
    CLI::App app;
};

Arguments::Arguments(const std::string& about) : parser(std::make_unique<Parser>(about)) {}
Arguments::~Arguments() = default;

void Arguments::number(const std::string& name, int64_t& value, int64_t least, int64_t most,
                       const std::string& help) {
    parser->app.add_option(name, value, help)->check(CLI::Range(least, most))->capture_default_str();
}

void Arguments::choice(const std::string& name, std::string& value, const std::vector<std::string>& words,
                       const std::string& help) {
    parser->app.add_option(name, value, help)->check(CLI::IsMember(words))->capture_default_str();
}

void Arguments::text(const std::string& name, std::string& value, const std::string& help) {
    parser->app.add_option(name, value, help)->capture_default_str();
}

void Arguments::texts(const std::string& name, std::vector<std::string>& values, const std::string& help) {
    parser->app.add_option(name, values, help)->allow_extra_args(false)->capture_default_str();
}

void Arguments::flag(const std::string& name, bool& value, const std::string& help) {
    parser->app.add_flag(name, value, help);
}

void Arguments::needs(const std::string& name, const std::string& other) {
    parser->app.get_option(name)->needs(parser->app.get_option(other));
}

void Arguments::targets(std::string& target, std::string& folder) {
    choice("--target", target, {"cpu", "vitis"}, "vitis: make a project, compile and run it");
    text("--folder", folder, "for the Vitis project");
}

void Arguments::json(std::string& file) {
    text("--json", file, "write every figure to this file");
}

std::optional<int> Arguments::read(int argc, char** argv) {
    try {
        parser->app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return parser->app.exit(e);
    }
    return std::nullopt;
}

} // namespace support
