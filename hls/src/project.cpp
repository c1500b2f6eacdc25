/// \file A folder with everything that Vitis and g++ need.

#include "project.h"

#include "lathe/ir/files.h"
#include "lathe/ir/interpret.h"
#include "lathe/ir/text.h"
#include "sim_headers.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <random>

namespace lathe {

using namespace ir;
using namespace hls;

namespace fs = std::filesystem;

namespace {

bool is_read(const Argument& a) {
    return a.direction != Direction::out;
}

void set_bits(const AnyBuffer& b, int64_t element, const Value& v) {
    store_element(b.type(), b.data() + static_cast<size_t>(element) * element_bytes(b.type()), v);
}

Value element(const AnyBuffer& b, int64_t n) {
    return load_element(b.type(), b.data() + static_cast<size_t>(n) * element_bytes(b.type()));
}

/// Numbers of every size; floats near one.
void randomise(AnyBuffer& b, std::mt19937_64& random) {
    const Type t = b.type();
    for (int64_t n = 0; n < b.size(); ++n) {
        mpz_class bits = 0;
        for (int have = 0; have < t.width(); have += 64)
            bits = (bits << 64) + static_cast<unsigned long>(random());
        const Value v = t.is_float() ? Value::from_double(t, static_cast<double>(random() % 513) / 64.0 - 4)
                                     : Value::from_raw(t, bits);
        set_bits(b, n, v);
    }
}

/// The next line without what is behind `most` characters: a file may have no end of line, and no end.
/// False where nothing is left.
bool next_line(std::istream& file, size_t most, std::string& line) {
    line.clear();
    for (int c = 0; line.size() <= most && (c = file.get()) != std::istream::traits_type::eof();) {
        if (c == '\n') return true;
        line += static_cast<char>(c);
    }
    return !line.empty();
}

/// Reads a file as data/ holds them: the bits of an element in hexadecimal, a line each.
void read_data(AnyBuffer& b, const std::string& path) {
    const auto digits = static_cast<size_t>((b.type().width() + 3) / 4);
    std::ifstream file(path);
    if (!file) fail({}, "cannot read \"{}\": {}", path, std::strerror(errno));
    if (fs::is_directory(path)) fail({}, "cannot read \"{}\": {}", path, std::strerror(EISDIR));
    constexpr size_t shown = 40;
    std::string line;
    int64_t n = 0;
    for (; next_line(file, std::max(digits, shown), line); ++n) {
        if (n == b.size()) fail({}, "\"{}\" has more than the {} elements of the tensor", path, b.size());
        const auto is_digit = [](unsigned char c) { return std::isxdigit(c) != 0; };
        const bool right = line.size() == digits && std::ranges::all_of(line, is_digit);
        const mpz_class bits = right ? mpz_class(line, 16) : mpz_class(0);
        if (!right || mpz_sizeinbase(bits.get_mpz_t(), 2) > static_cast<size_t>(b.type().width()))
            fail({}, "line {} of \"{}\" is {}: it must be the bits of {} as {} hexadecimal digits", n + 1,
                 path, quoted_text(line.substr(0, shown)), b.type().str(), digits);
        set_bits(b, n, Value::from_bits(b.type(), bits));
    }
    if (n < b.size()) fail({}, "\"{}\" has {} elements, and the tensor {}", path, n, b.size());
}

class RunMaker {
  public:
    RunMaker(const Function& f, const VitisOptions& o) : function(f), options(o) {}

    Run make(const Module& module) {
        check_data();
        bind_parameters();
        std::mt19937_64 random(options.seed);
        size_t next = 0;
        for (const Argument& a : function.arguments) {
            if (is_read(a) && !options.inputs.empty()) {
                run.before.push_back(options.inputs[next++].copy());
                continue;
            }
            run.before.push_back(buffer_for(a.tensor, values));
            const auto file = options.data.find(a.tensor.symbol.name());
            if (is_read(a) && file != options.data.end())
                read_data(run.before.back(), file->second.string());
            else if (is_read(a))
                randomise(run.before.back(), random);
        }
        std::vector<AnyBuffer*> arguments;
        for (const AnyBuffer& b : run.before)
            run.after.push_back(b.copy());
        for (AnyBuffer& b : run.after)
            arguments.push_back(&b);
        interpret(module, arguments, run.parameters);
        return std::move(run);
    }

  private:
    void check_data() const {
        for (const auto& [name, file] : options.data) {
            const auto found = std::ranges::find_if(
                function.arguments, [&](const Argument& a) { return a.tensor.symbol.name() == name; });
            if (found == function.arguments.end() || !is_read(*found))
                fail({}, "{} reads no tensor {}, for which there is the file \"{}\"", function.name, name,
                     file.string());
        }
        if (!options.data.empty() && !options.inputs.empty())
            fail({}, "the test bench is given data as buffers and as files: give one of them");
    }

    void bind_parameters() {
        const auto inputs = static_cast<size_t>(
            std::ranges::count_if(function.arguments, [](const auto& a) { return is_read(a); }));
        if (!options.inputs.empty() && options.inputs.size() != inputs)
            fail({}, "{} reads {} tensors, and the test bench is given {}", function.name, inputs,
                 options.inputs.size());
        run.parameters = options.scalars;
        size_t next = 0;
        for (const Argument& a : function.arguments)
            if (is_read(a) && !options.inputs.empty()) bind_sizes(a.tensor, options.inputs[next++]);
        for (const Param& p : function.params) {
            const auto given = run.parameters.find(p.symbol.name());
            if (given == run.parameters.end())
                fail(p.loc,
                     "the test bench needs a value of the parameter {}: give it in VitisOptions::scalars",
                     p.symbol.name());
            values[p.symbol] = cast(p.type, given->second);
        }
    }

    void bind_sizes(const Tensor& t, const AnyBuffer& b) {
        for (size_t d = 0; d < t.dims.size() && d < b.shape().size(); ++d)
            for (const auto& [size, value] : {std::pair(t.dims[d].extent, b.shape()[d]),
                                              std::pair(t.dims[d].min, b.min(static_cast<int>(d)))})
                if (const auto* v = size.as<Variable>())
                    run.parameters.try_emplace(v->symbol.name(), Value::index(value));
    }

    const Function& function;
    const VitisOptions& options;
    Run run;
    std::map<Symbol, Value> values;
};

std::string data_text(const AnyBuffer& b) {
    const auto digits = static_cast<size_t>((b.type().width() + 3) / 4);
    std::string text;
    for (int64_t n = 0; n < b.size(); ++n) {
        const std::string hex = element(b, n).bit_pattern().get_str(16);
        text += std::string(digits - hex.size(), '0') + hex + "\n";
    }
    return text;
}

// No contraction by the compiler: where a product and a sum are rounded once, the code says so.
constexpr const char* flags = "-std=c++14 -ffp-contract=off";

std::string makefile(const hls::Kernel& k) {
    return hls::makefile("", k.name + ".h", k.name + ".cpp", flags, k.streams ? " -I. -Isim" : "", "");
}
std::string run_hls(const hls::Kernel& k, const VitisOptions& o) {
    return fmt::format("# vitis_hls -f run_hls.tcl (Vitis HLS; `make` runs the test bench without it)\n"
                       "open_project {0}_project\n"
                       "set_top {0}\n"
                       "add_files {0}.cpp -cflags \"{1}\"\n"
                       "add_files -tb testbench.cpp -cflags \"{1}\"\n"
                       "add_files -tb data\n"
                       "open_solution -flow_target vitis solution\n"
                       "set_part {2}\n"
                       "create_clock -period {3}\n"
                       "csim_design\n"
                       "csynth_design\n"
                       "exit\n",
                       k.name, flags, o.part, o.clock_ns);
}

std::string config(const hls::Kernel& k, const VitisOptions& o) {
    return fmt::format("# v++ -c --mode hls --config hls_config.cfg --work_dir {0}_project\n"
                       "part={1}\n\n"
                       "[hls]\n"
                       "flow_target=vitis\n"
                       "clock={2}ns\n"
                       "syn.top={0}\n"
                       "syn.file={0}.cpp\n"
                       "syn.file_cflags={0}.cpp,{3}\n"
                       "tb.file=testbench.cpp\n"
                       "tb.file_cflags=testbench.cpp,{3}\n"
                       "tb.file=data\n",
                       k.name, o.part, o.clock_ns, flags);
}

/// Ports of one array lie in banks that follow each other.
MemorySpace next_bank(const MemorySpace& first, size_t by) {
    const int bank = std::stoi(first.name().substr(3)) + static_cast<int>(by);
    return first.name()[0] == 'h' ? MemorySpace::hbm(bank) : MemorySpace::ddr(bank);
}

/// Which banks beside the FPGA the arguments lie in; empty: nothing says it.
std::string connections(const Function& f, const hls::Kernel& k) {
    std::string lines;
    for (size_t i = 0; i < f.arguments.size(); ++i) {
        const MemorySpace& space = f.arguments[i].tensor.space;
        if (!space.beside()) continue;
        const hls::Formal& formal = k.formals[i];
        for (size_t n = 0; formal.pack == 1 && n < formal.pointers().size(); ++n)
            lines += hls::connection(space, k.name, formal.pointers()[n]);
        for (size_t n = 0; n < formal.ports.size(); ++n)
            lines += hls::connection(next_bank(space, n), k.name, formal.ports[n]);
    }
    if (lines.empty()) return lines;
    return fmt::format("# v++ -l --config link.cfg, with the kernel {}\n\n[connectivity]\n{}", k.name, lines);
}

} // namespace

namespace hls {

std::string connection(const MemorySpace& bank, const std::string& kernel, const std::string& argument) {
    return fmt::format("sp={}_1.{}:{}[{}]\n", kernel, argument, bank.name()[0] == 'h' ? "HBM" : "DDR",
                       bank.name().substr(3));
}

Run make_run(const Module& module, const VitisOptions& options) {
    return RunMaker(module.top(), options).make(module);
}

/// Its own names begin with lathe_, as no tensor's does.
std::string testbench(const Function& f, const hls::Kernel& k, const Run& run, const Bench& bench) {
    std::string prepare, arguments, compare;
    for (size_t i = 0; i < k.formals.size(); ++i) {
        const hls::Formal& formal = k.formals[i];
        std::string argument;
        if (i < f.arguments.size()) {
            const int64_t size = run.before[i].size();
            const std::string& name = formal.name;
            prepare +=
                is_read(f.arguments[i])
                    ? fmt::format("        auto {0} = lathe::read<{1}>(lathe_data + \"/{0}.txt\", {2});\n",
                                  name, formal.type, size)
                    : fmt::format("        lathe::tensor<{}> {}({});\n", formal.type, name, size);
            if (!formal.read_only)
                compare += fmt::format("        lathe_ok &= lathe::same(\"{0}\", {0}, "
                                       "lathe::read<{1}>(lathe_data + \"/{0}.expected.txt\", {2}));\n",
                                       name, formal.type, size);
            argument = name + ".data.get()";
        } else {
            const Value& v = run.parameters.at(f.params[i - f.arguments.size()].symbol.name());
            argument = hls::scalar_literal(f.params[i - f.arguments.size()].type, v);
        }
        arguments += (arguments.empty() ? "" : ", ") + argument;
    }
    if (!bench.arguments.empty()) arguments.insert(0, bench.arguments + (arguments.empty() ? "" : ", "));
    return fmt::format("// Runs {0} on the data in data/ and compares with the outputs expected there.\n"
                       "// `make` compiles and runs it here, with AMD's headers for ap_int and ap_fixed.\n"
                       "#include \"{4}.h\"\n"
                       "#include \"lathe_testbench.h\"\n\n"
                       "int main(int lathe_count, char** lathe_arguments) {{\n"
                       "    const std::string lathe_data = lathe_count > 1 ? lathe_arguments[1] : \"data\";\n"
                       "    try {{\n{1}{5}"
                       "        ::{7}({2});\n{6}"
                       "        bool lathe_ok = true;\n{3}"
                       "        if (lathe_ok) std::cout << \"{0}: all outputs are as expected\\n\";\n"
                       "        return lathe_ok ? 0 : 1;\n"
                       "    }} catch (const std::exception& lathe_error) {{\n"
                       "        std::cout << \"{0}: \" << lathe_error.what() << \"\\n\";\n"
                       "        return 1;\n"
                       "    }}\n"
                       "}}\n",
                       k.name, prepare, arguments, compare, bench.header, bench.before, bench.after,
                       k.entry());
}

/// Where AMD's headers are is known to Vitis, or to Python's hls4ml, which brings them.
std::string makefile(const std::string& head, const std::string& headers, const std::string& sources,
                     const std::string& standard, const std::string& folders, const std::string& more) {
    return fmt::format(R"(# make: compiles and runs the test bench here.
# make AP_TYPES=FOLDER: with AMD's ap_int.h and ap_fixed.h from that folder.
{5}CXX ?= g++
CXXFLAGS ?= -O1
AP_TYPES ?= $(firstword $(foreach d,$(XILINX_HLS)/include $(XILINX_VITIS)/include $(shell python3 -c \
	'import importlib.util as u; s = u.find_spec("hls4ml"); print(s.submodule_search_locations[0] + "/templates/vivado/ap_types" if s else "")' \
	2>/dev/null),$(if $(wildcard $(d)/ap_int.h),$(d))))

check: testbench
	./testbench

testbench: {1} {0} testbench.cpp $(wildcard *.h sim/*.h)
	@test -f '$(AP_TYPES)/ap_int.h' || {{ echo 'AMD'"'"'s ap_int.h is not found: source the settings64.sh of Vitis, or' \
		'pip install --no-deps hls4ml==1.3.0, or make AP_TYPES=FOLDER' >&2; exit 1; }}
	$(CXX) {2} $(CXXFLAGS) -w{3} -isystem '$(AP_TYPES)' {1} testbench.cpp -o $@
{4}
clean:
	rm -f testbench

.PHONY: check clean
)",
                       headers, sources, standard, folders, more, head);
}

void add_data(Files& files, const Function& f, const hls::Kernel& kernel, const Run& run) {
    for (size_t i = 0; i < f.arguments.size(); ++i) {
        const fs::path name = fs::path("data") / kernel.formals[i].name;
        if (is_read(f.arguments[i])) files.emplace_back(name.string() + ".txt", data_text(run.before[i]));
        if (!kernel.formals[i].read_only)
            files.emplace_back(name.string() + ".expected.txt", data_text(run.after[i]));
    }
}

std::vector<fs::path> write_project(const fs::path& folder, const std::vector<const char*>& parts,
                                    const Files& files) {
    StagedFolder::write(folder, StagedFolder::Guard::none, [&](const fs::path& staged) {
        std::error_code failed;
        for (const char* part : parts) {
            fs::create_directory(staged / part, failed);
            if (failed)
                fail({}, "cannot make the folder \"{}\": {}", (staged / part).string(), failed.message());
        }
        for (const auto& [name, content] : files)
            write_file((staged / name).string(), content);
    });
    std::vector<fs::path> paths;
    for (const auto& [name, content] : files)
        paths.push_back(folder / name);
    return paths;
}

} // namespace hls

VitisOptions for_board(const Arch& board, VitisOptions options) {
    options.part = board.part;
    options.clock_ns = std::ceil(1e6 / board.clock_mhz) / 1000; // whole picoseconds
    return options;
}

std::vector<fs::path> export_vitis(const Module& module, const fs::path& folder, const Arch& board,
                                   const VitisOptions& options) {
    return export_vitis(module, folder, for_board(board, options));
}

std::vector<fs::path> export_vitis(const Module& module, const fs::path& folder,
                                   const VitisOptions& options) {
    if (hls::has_device(module)) return hls::export_program(module, folder, options);
    const Function& f = module.top();
    const Run run = hls::make_run(module, options);
    VitisOptions known = options; // the sizes of the inputs, too
    known.scalars = run.parameters;
    const hls::Kernel kernel = hls::make_kernel(module, known);
    hls::Files files{{kernel.name + ".h", hls::header_text(kernel)},
                     {kernel.name + ".cpp", hls::source_file(kernel)},
                     {"testbench.cpp", hls::testbench(f, kernel, run, {kernel.name, "", "", ""})},
                     {"Makefile", makefile(kernel)},
                     {"run_hls.tcl", run_hls(kernel, options)},
                     {"hls_config.cfg", config(kernel, options)}};
    if (std::string links = connections(f, kernel); !links.empty())
        files.emplace_back("link.cfg", std::move(links));
    for (const hls::Header& h : hls::project_headers())
        files.emplace_back(h.path, h.text);
    for (const hls::Header& h : hls::simulation_headers())
        if (kernel.streams) files.emplace_back(h.path, h.text);
    hls::add_data(files, f, kernel, run);
    std::vector<const char*> parts{"data"};
    if (kernel.streams) parts.push_back("sim");
    return hls::write_project(folder, parts, files);
}

} // namespace lathe
