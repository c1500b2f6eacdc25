#pragma once
/// \file The command line of a generator program.

#include "lathe/driver/generator.h"
#include "macro.h"

#include <functional>

namespace CLI {
class App;
}

namespace lathe {

struct CommandLine {
    bool list = false;
    std::string generator, folder = ".";
    std::optional<std::string> function;
    std::vector<std::string> emit, targets;
    std::vector<std::string> settings; ///< PARAMETER=VALUE
    std::vector<std::string> sizes;    ///< SIZE=VALUE, to be bound
    std::vector<std::string> data;     ///< TENSOR=FILE, for a test bench
    std::optional<std::string> arch, part, clock;
    MacroCall macro;
    /// Set when the program ends here (help, or a wrong command line), after printing.
    std::optional<int> exit_status;
};

/// Reads what stands behind the word that `argv` begins with, then works. \return the exit status: 2 for a
/// wrong command line, 1 for whatever is thrown, which is printed
int run_command(CLI::App& app, int argc, const char* const* argv, const std::function<void()>& work);

CommandLine read_command_line(int argc, const char* const* argv);
/// The generator's parameters as set. \throws Error naming the parameters that there are, or the values.
std::map<std::string, ParameterValue> parameter_values(const Generator& g,
                                                       const std::vector<std::string>& settings);
/// "taps=3 type=Int(8)": all of them.
std::string settings_text(const std::map<std::string, ParameterValue>& values);
/// \throws Error for a table of generators that no command line could choose from: names and parameters.
void check_generators(const std::vector<Generator>& all);
/// \throws Error naming the generators that there are.
const Generator& find_generator(const std::vector<Generator>& all, const std::string& name);
/// What the generator makes, and what it offers to explore. Whatever it throws becomes an Error.
Schedule made_by(const Generator& g, const GeneratorArguments& arguments);
Exploration exploration_of(const Generator& g, const GeneratorArguments& arguments);
/// What the command line says of a Vitis project. \throws Error naming what is wrong, and for a schedule
/// whose sizes are not all bound.
VitisOptions vitis_options(const CommandLine& c, const Module& module, const std::string& top);
/// Makes the sizes constants. \throws Error naming the sizes that there are.
void bind_sizes(Schedule& schedule, const std::vector<std::string>& sizes);
/// "taps=3 (integer): …", a line each.
std::string describe(const Generator& g);

} // namespace lathe
