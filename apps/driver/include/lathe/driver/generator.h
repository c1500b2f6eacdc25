#pragma once
/// \file Generators: programs that write generated code. A user's `main` hands a table of them to
/// generator_main, which reads the command line.

#include "lathe/driver/explore.h"

#include <functional>
#include <variant>

namespace lathe {

/// What a generator's parameter can be. A Type is written as its str(): "Fixed(16, 12)".
using ParameterValue = std::variant<bool, int64_t, double, Type, std::string>;

/// A parameter of a generator. The default's type is the parameter's.
struct GeneratorParameter {
    std::string name;
    ParameterValue value; ///< the default
    std::string help = "";
    std::vector<std::string> choices = {}; ///< of a text; empty: any

    GeneratorParameter(std::string n, bool v, std::string h = "");
    GeneratorParameter(std::string n, int v, std::string h = "");
    GeneratorParameter(std::string n, int64_t v, std::string h = "");
    GeneratorParameter(std::string n, double v, std::string h = "");
    GeneratorParameter(std::string n, Type v, std::string h = "");
    GeneratorParameter(std::string n, const char* v, std::string h = "", std::vector<std::string> c = {});
};

/// What a generator is asked for: its parameters and the target.
class GeneratorArguments {
  public:
    GeneratorArguments(std::map<std::string, ParameterValue> v, Target t)
        : values(std::move(v)), machine(t) {}

    const Target& target() const { return machine; }
    /// \throws Error when the generator has no such parameter, or it is of another type.
    bool boolean(const std::string& name) const { return get<bool>(name, "bool"); }
    int64_t integer(const std::string& name) const { return get<int64_t>(name, "integer"); }
    double real(const std::string& name) const { return get<double>(name, "real"); }
    Type type(const std::string& name) const { return get<Type>(name, "type"); }
    std::string text(const std::string& name) const { return get<std::string>(name, "text"); }

  private:
    template <class T> const T& get(const std::string& name, const char* kind) const {
        const auto found = values.find(name);
        if (found == values.end()) ir::fail({}, "the generator has no parameter {}", name);
        const T* value = std::get_if<T>(&found->second);
        if (!value) ir::fail({}, "the parameter {} is no {}", name, kind);
        return *value;
    }

    std::map<std::string, ParameterValue> values;
    Target machine;
};

/// One generator: makes the schedule for the target that it is asked for.
struct Generator {
    std::string name; ///< also the generated function's, unless the command line says; each once
    std::string help;
    std::vector<GeneratorParameter> parameters;
    std::function<Schedule(const GeneratorArguments&)> make;
    /// What `explore` may vary, and how good a schedule is. Optional.
    std::function<Exploration(const GeneratorArguments&)> explore = {};
};

/// The whole of a generator program; `argv` as main gets it:
///
///     PROGRAM                     lists the generators and their parameters (also: --list)
///     PROGRAM NAME [PARAMETER=VALUE ...] [-o FOLDER] [-f FUNCTION] [-e WHAT,...] [--target TARGET,...]
///             [--bind SIZE=NUMBER,...] [--arch BOARD] [--part PART] [--clock NANOSECONDS]
///             [--data TENSOR=FILE,...]
///             [--macro stencil [--unroll K] [--iterate T] [--tile WIDTHS] [--in-place] [--types TYPE]
///             [--type NAME=TYPE]]
///     PROGRAM explore NAME ...    searches over number types or a macro's designs (docs/exploring.md)
///
/// -e takes any of static_library, header, object, assembly, llvm, ir, loop_tree, trace, vitis
/// (default: static_library, which brings its header). Files are called FOLDER/FUNCTION.EXTENSION: .a, .h,
/// .o, .s, .ll, .ir.txt, .tree.txt, .trace.json; a Vitis project is FOLDER/FUNCTION_vitis, and its test bench
/// needs all sizes: bind them. FUNCTION is an identifier that is no keyword and no name of the C library or
/// the runtime. Several targets make one static library that chooses at run time. All files of a run get into
/// their places, or none. Returns the program's exit status: 0, or 1 after an error and 2 after a wrong
/// command line, which are printed on standard error.
int generator_main(int argc, const char* const* argv, const std::vector<Generator>& generators);

} // namespace lathe
