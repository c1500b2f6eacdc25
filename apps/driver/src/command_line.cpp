#include "command_line.h"

#include "lathe/ir/parse.h"
#include "lathe/ir/text.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <iostream>
#include <set>

namespace lathe {

using namespace ir;

namespace {

std::string join(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, ", "));
}

const char* kind(const ParameterValue& v) {
    constexpr const char* kinds[] = {"bool", "integer", "real", "type", "text"};
    return kinds[v.index()];
}

std::string shown(const ParameterValue& v) {
    if (const auto* b = std::get_if<bool>(&v)) return *b ? "true" : "false";
    if (const auto* i = std::get_if<int64_t>(&v)) return std::to_string(*i);
    if (const auto* d = std::get_if<double>(&v)) return fmt::format("{}", *d);
    if (const auto* t = std::get_if<Type>(&v)) return t->str();
    return std::get<std::string>(v);
}

template <class T> std::optional<T> number(const std::string& text) {
    T x{};
    const auto end = std::from_chars(text.data(), text.data() + text.size(), x);
    if (end.ec != std::errc() || end.ptr != text.data() + text.size()) return {};
    return x;
}

ParameterValue parsed(const GeneratorParameter& p, const std::string& text) {
    const auto refuse = [&](const std::string& needed) {
        fail({}, "the parameter {} is {}, and \"{}\" is not: {}", p.name, kind(p.value), text, needed);
    };
    if (std::holds_alternative<bool>(p.value)) {
        if (text != "true" && text != "false") refuse("write true or false");
        return text == "true";
    }
    if (std::holds_alternative<int64_t>(p.value)) {
        const auto x = number<int64_t>(text);
        if (!x) refuse("write a number of at most 64 bits");
        return *x;
    }
    if (std::holds_alternative<double>(p.value)) {
        const auto x = number<double>(text);
        if (!x) refuse("write a number");
        return *x;
    }
    if (std::holds_alternative<Type>(p.value)) return parse_type(text, {});
    if (!p.choices.empty() && std::ranges::find(p.choices, text) == p.choices.end())
        fail({}, "the parameter {} is one of {}, not \"{}\"", p.name, join(p.choices), text);
    return text;
}

} // namespace

GeneratorParameter::GeneratorParameter(std::string n, bool v, std::string h)
    : name(std::move(n)), value(v), help(std::move(h)) {}
GeneratorParameter::GeneratorParameter(std::string n, int v, std::string h)
    : GeneratorParameter(std::move(n), static_cast<int64_t>(v), std::move(h)) {}
GeneratorParameter::GeneratorParameter(std::string n, int64_t v, std::string h)
    : name(std::move(n)), value(v), help(std::move(h)) {}
GeneratorParameter::GeneratorParameter(std::string n, double v, std::string h)
    : name(std::move(n)), value(v), help(std::move(h)) {}
GeneratorParameter::GeneratorParameter(std::string n, Type v, std::string h)
    : name(std::move(n)), value(v), help(std::move(h)) {}
GeneratorParameter::GeneratorParameter(std::string n, const char* v, std::string h,
                                       std::vector<std::string> c)
    : name(std::move(n)), value(std::string(v)), help(std::move(h)), choices(std::move(c)) {}

int run_command(CLI::App& app, int argc, const char* const* argv, const std::function<void()>& work) {
    try {
        app.parse(argc - 1, argv + 1);
    } catch (const CLI::ParseError& e) {
        constexpr int wrong = 2;
        return app.exit(e) == 0 ? 0 : wrong;
    }
    try {
        work();
        return 0;
    } catch (const std::exception& e) { // also what a user's score throws
        std::cerr << argv[0] << ": " << e.what() << '\n';
        return 1;
    }
}

CommandLine read_command_line(int argc, const char* const* argv) {
    CommandLine c;
    CLI::App app{"Writes generated code. Without a generator's name: lists the generators."};
    app.add_flag("--list", c.list, "list the generators and their parameters");
    app.add_option("generator", c.generator, "the generator to run");
    app.add_option("settings", c.settings, "its parameters, as NAME=VALUE");
    app.add_option("-o,--output", c.folder, "the folder for the files; made if it is missing")
        ->capture_default_str();
    app.add_option("-f,--function", c.function, "the generated function's name (default: the generator's)");
    app.add_option("-e,--emit", c.emit,
                   "static_library (default), header, object, assembly, llvm, ir, loop_tree, trace, "
                   "vitis; several with commas")
        ->delimiter(',')
        ->allow_extra_args(false);
    app.add_option("--bind", c.sizes, "sizes that become constants, as N=64; several with commas")
        ->delimiter(',')
        ->allow_extra_args(false);
    app.add_option("--arch", c.arch, "a Vitis project's board, by its name or file: its part and clock");
    app.add_option("--part", c.part, "the part that a Vitis project is for, such as xcu280-fsvh2892-2L-e");
    app.add_option("--clock", c.clock, "a Vitis project's clock period in nanoseconds");
    app.add_option("--data", c.data,
                   "what a Vitis project's test bench reads, as TENSOR=FILE: the bits of an element in "
                   "hexadecimal in each line; several with commas (default: random)")
        ->delimiter(',')
        ->allow_extra_args(false);
    app.add_option("--target", c.targets,
                   "such as x86-64-linux-avx2 (default: this machine); several with commas")
        ->delimiter(',')
        ->allow_extra_args(false);
    app.add_option("--macro", c.macro.macro, "a macro in the place of the generator's schedule: stencil");
    const auto of_macro = [&](const char* name, auto& to, const char* help) {
        app.add_option(name, to, help)->needs("--macro")->allow_extra_args(false);
    };
    of_macro("--unroll", c.macro.unroll, "of a macro: points in a cycle");
    of_macro("--iterate", c.macro.iterate, "of a macro: steps in time");
    of_macro("--tile", c.macro.tile, "of a macro: whole, or widths of strips, such as 64 or 64x128");
    app.add_flag("--in-place", c.macro.in_place, "of a macro: a stage may read what it has just written")
        ->needs("--macro");
    of_macro("--word", c.macro.word,
             "of a macro: bits of the words in which arguments are read, such as 512");
    of_macro("--types", c.macro.type, "of a macro: a type for all tensors");
    of_macro("--type", c.macro.types, "of a macro: a tensor's type, as NAME=TYPE");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        constexpr int wrong = 2;
        c.exit_status = app.exit(e) == 0 ? 0 : wrong;
    }
    return c;
}

std::map<std::string, ParameterValue> parameter_values(const Generator& g,
                                                       const std::vector<std::string>& settings) {
    std::map<std::string, ParameterValue> values;
    std::vector<std::string> names;
    for (const GeneratorParameter& p : g.parameters) {
        values.emplace(p.name, p.value);
        names.push_back(p.name);
    }
    std::set<std::string> set;
    for (const std::string& s : settings) {
        const size_t equals = s.find('=');
        if (equals == std::string::npos) fail({}, "\"{}\" sets no parameter: write NAME=VALUE", s);
        const std::string name = s.substr(0, equals);
        const auto p = std::ranges::find(g.parameters, name, &GeneratorParameter::name);
        if (p == g.parameters.end())
            fail({}, "the generator {} has no parameter {}: it has {}", g.name, name,
                 names.empty() ? "none" : join(names));
        if (!set.insert(name).second) fail({}, "the parameter {} is set twice", name);
        values.insert_or_assign(name, parsed(*p, s.substr(equals + 1)));
    }
    return values;
}

std::string settings_text(const std::map<std::string, ParameterValue>& values) {
    std::string text;
    for (const auto& [name, value] : values)
        text += (text.empty() ? "" : " ") + name + "=" + shown(value);
    return text;
}

void check_generators(const std::vector<Generator>& all) {
    std::set<std::string> names;
    for (const Generator& g : all) {
        check_name(g.name, {}, "a generator's name");
        if (g.name.empty()) fail({}, "a generator has no name");
        if (g.name == "explore" || g.name[0] == '-')
            fail({}, "no command line chooses the generator \"{}\": give it another name", g.name);
        if (!g.make) fail({}, "the generator {} makes nothing: give it a function", g.name);
        if (!names.insert(g.name).second) fail({}, "two generators are called {}: rename one", g.name);
        std::set<std::string> parameters;
        for (const GeneratorParameter& p : g.parameters) {
            check_name(p.name, {}, "a parameter's name");
            if (p.name.empty() || p.name[0] == '-' || p.name.find('=') != std::string::npos)
                fail({},
                     "the generator {} has the parameter \"{}\": a name is not empty, has no = and does not "
                     "begin with -",
                     g.name, p.name);
            if (!parameters.insert(p.name).second)
                fail({}, "the generator {} has two parameters {}", g.name, p.name);
        }
    }
}

const Generator& find_generator(const std::vector<Generator>& all, const std::string& name) {
    const auto found = std::ranges::find(all, name, &Generator::name);
    if (found != all.end()) return *found;
    std::string names;
    for (const Generator& g : all)
        names += (names.empty() ? "" : ", ") + g.name;
    fail({}, "there is no generator \"{}\": there are {}", name, names);
}

namespace {

template <class Make>
auto made_of(const Generator& g, const Make& make, const GeneratorArguments& arguments) {
    try {
        return make(arguments);
    } catch (const Error&) {
        throw;
    } catch (const std::exception& e) {
        fail({}, "the generator {} fails: {}", g.name, e.what());
    }
}

} // namespace

Schedule made_by(const Generator& g, const GeneratorArguments& arguments) {
    return made_of(g, g.make, arguments);
}

Exploration exploration_of(const Generator& g, const GeneratorArguments& arguments) {
    return made_of(g, g.explore, arguments);
}

VitisOptions vitis_options(const CommandLine& c, const Module& module, const std::string& top) {
    VitisOptions o{.top = top};
    if (c.arch) o = for_board(Arch(*c.arch, {}), o);
    if (c.part) o.part = *c.part;
    if (c.clock) {
        const auto ns = number<double>(*c.clock);
        if (!ns) fail({}, "--clock is \"{}\": write a number of nanoseconds", *c.clock);
        o.clock_ns = *ns;
    }
    for (const std::string& d : c.data) {
        const size_t equals = d.find('=');
        if (equals == 0 || equals == std::string::npos || equals + 1 == d.size())
            fail({}, "\"{}\" gives no tensor its data: write TENSOR=FILE", d);
        if (!o.data.emplace(d.substr(0, equals), d.substr(equals + 1)).second)
            fail({}, "two files are given for the tensor {}", d.substr(0, equals));
    }
    for (const Param& p : module.top().params) {
        const std::string& name = p.symbol.name();
        if (p.type.is_index())
            fail({},
                 "the test bench needs a value of the parameter {}: make it a constant by --bind {}=NUMBER",
                 name, name);
        fail({},
             "the test bench needs a value of the parameter {}, which is no size: export the project from a "
             "program, by export_vitis with VitisOptions::scalars",
             name);
    }
    return o;
}

void bind_sizes(Schedule& schedule, const std::vector<std::string>& sizes) {
    std::set<std::string> bound;
    for (const std::string& s : sizes) {
        const size_t equals = s.find('=');
        const auto value = equals == std::string::npos ? std::nullopt : number<int64_t>(s.substr(equals + 1));
        if (!value) fail({}, "\"{}\" binds no size: write NAME=NUMBER", s);
        if (!bound.insert(s.substr(0, equals)).second)
            fail({}, "--bind names the size {} twice", s.substr(0, equals));
        std::vector<std::string> names;
        const std::vector<Param> params = schedule.module().top().params;
        const auto found = std::ranges::find_if(params, [&](const Param& p) {
            names.push_back(p.symbol.name());
            return names.back() == s.substr(0, equals);
        });
        if (found == params.end())
            fail({}, "there is no size {} to bind: there are {}", s.substr(0, equals),
                 names.empty() ? "none" : join(names));
        schedule.bind(*found, *value, {});
    }
}

std::string describe(const Generator& g) {
    std::string text = g.name + (g.help.empty() ? "" : ": " + g.help) + "\n";
    for (const GeneratorParameter& p : g.parameters) {
        text += fmt::format("    {}={} ({}{})", p.name, shown(p.value), kind(p.value),
                            p.choices.empty() ? "" : ": " + join(p.choices));
        text += (p.help.empty() ? "" : "  " + p.help) + "\n";
    }
    return text;
}

} // namespace lathe
