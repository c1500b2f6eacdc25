#pragma once
/// \file The command line of a generator program.

#include "lathe/driver/generator.h"

namespace lathe {

struct CommandLine {
    bool list = false;
    std::string generator, folder = ".", function;
    std::vector<std::string> emit, targets;
    std::vector<std::string> settings; ///< PARAMETER=VALUE
    std::vector<std::string> sizes;    ///< SIZE=VALUE, to be bound
    /// Set when the program ends here (help, or a wrong command line), after printing.
    std::optional<int> exit_status;
};

CommandLine read_command_line(int argc, const char* const* argv);
/// The generator's parameters as set. \throws Error naming the parameters that there are, or the values.
std::map<std::string, ParameterValue> parameter_values(const Generator& g,
                                                       const std::vector<std::string>& settings);
/// Makes the sizes constants. \throws Error naming the sizes that there are.
void bind_sizes(Schedule& schedule, const std::vector<std::string>& sizes);
/// "taps=3 (integer): …", a line each.
std::string describe(const Generator& g);

} // namespace lathe
