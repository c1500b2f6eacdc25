/// \file The folder of a program of host and device.

#include "host.h"
#include "lathe/ir/visit.h"
#include "project.h"
#include "sim_headers.h"

#include <algorithm>

namespace lathe::hls {

namespace {

constexpr const char* kernel_flags = "-std=c++14 -ffp-contract=off";
constexpr const char* host_flags = "-std=c++17 -ffp-contract=off";

Bench bench_of(const Program& p) {
    return {
        "host",
        fmt::format("        xrt::device lathe_device(0);\n"
                    "        const xrt::uuid lathe_xclbin =\n"
                    "            lathe_device.load_xclbin(lathe_count > 2 ? lathe_arguments[2] : "
                    "\"{}.xclbin\");\n",
                    p.host.name),
        "lathe_device, lathe_xclbin",
        "#ifdef LATHE_XRT_H // a simulation counts\n"
        "        std::cout << \"to the device: \" << lathe_device.lathe_use().to_device << \" copies, \"\n"
        "                  << lathe_device.lathe_use().bytes_to_device << \" bytes; to the host: \"\n"
        "                  << lathe_device.lathe_use().to_host << \" copies, \"\n"
        "                  << lathe_device.lathe_use().bytes_to_host << \" bytes; \"\n"
        "                  << lathe_device.lathe_use().runs << \" runs of kernels\\n\";\n"
        "#endif\n"};
}

std::string makefile_of(const Program& p) {
    std::string headers = "host.h", sources = "host.cpp", objects, streams;
    for (const Kernel& k : p.kernels) {
        headers += fmt::format(" {}.h", k.name);
        sources += fmt::format(" {}.cpp", k.name);
        objects += fmt::format(" {}.xo", k.name);
    }
    const std::string more = fmt::format(R"(
# For a device. PLATFORM: the board's; TARGET: hw or hw_emu.
TARGET ?= hw
host: host.cpp host.h testbench.cpp
	$(CXX) {0} $(CXXFLAGS) -w -I'$(XILINX_XRT)/include' -isystem '$(AP_TYPES)' host.cpp testbench.cpp \
		-L'$(XILINX_XRT)/lib' -lxrt_coreutil -pthread -o $@

%.xo: %.cpp %.h %.cfg
	v++ -c --mode hls --platform '$(PLATFORM)' --config $*.cfg --work_dir $*_project
	cp $*_project/$*.xo $@

{1}.xclbin:{2}
	v++ -l -t $(TARGET) --platform '$(PLATFORM)' $(if $(wildcard link.cfg),--config link.cfg) $^ -o $@
)",
                                         host_flags, p.host.name, objects);
    return makefile("# make host, make " + p.host.name +
                        ".xclbin PLATFORM=…: for a device, with XRT and Vitis.\n",
                    headers, sources + " sim/kernels.cpp", host_flags, " -I. -Isim", more);
}

std::string kernel_config(const Kernel& k, const VitisOptions& o) {
    return fmt::format("# v++ -c --mode hls --config {0}.cfg --work_dir {0}_project\n"
                       "part={1}\n\n"
                       "[hls]\n"
                       "flow_target=vitis\n"
                       "package.output.format=xo\n"
                       "clock={2}ns\n"
                       "syn.top={0}\n"
                       "syn.file={0}.cpp\n"
                       "syn.file_cflags={0}.cpp,{3}\n",
                       k.name, o.part, o.clock_ns, kernel_flags);
}

std::string synthesis(const Program& p, const VitisOptions& o) {
    std::string text = "# vitis_hls -f run_hls.tcl (Vitis HLS; `make` runs the test bench without it)\n";
    for (const Kernel& k : p.kernels)
        text += fmt::format("open_project {0}_project\n"
                            "set_top {0}\n"
                            "add_files {0}.cpp -cflags \"{1}\"\n"
                            "open_solution -flow_target vitis solution\n"
                            "set_part {2}\n"
                            "create_clock -period {3}\n"
                            "csynth_design\n"
                            "close_project\n",
                            k.name, kernel_flags, o.part, o.clock_ns);
    return text + "exit\n";
}

/// The banks of the tensors that kernels are given.
std::string connections(const Module& module, const Program& p) {
    std::map<Symbol, MemorySpace> banks;
    std::string lines;
    for_each(
        module.top().body,
        [&](const Stmt& s) {
            if (const auto* a = s.as<Allocate>())
                for (const Tensor& t : a->tensors)
                    if (t.space.beside()) banks.emplace(t.symbol, t.space);
            const auto* c = s.as<CallStmt>();
            for (size_t k = 0; c && k < p.kernels.size(); ++k) {
                if (p.modules[k].top().name != c->callee) continue;
                for (size_t n = 0; n < c->tensors.size(); ++n)
                    if (const auto bank = banks.find(c->tensors[n].tensor); bank != banks.end())
                        for (const std::string& pointer : p.kernels[k].formals[n].pointers()) {
                            const std::string line = connection(bank->second, p.kernels[k].name, pointer);
                            if (lines.find(line) == std::string::npos) lines += line;
                        }
            }
        },
        nullptr);
    return lines.empty() ? "" : "# v++ -l --config link.cfg\n\n[connectivity]\n" + lines;
}

} // namespace

std::vector<std::filesystem::path> export_program(const Module& module, const std::filesystem::path& folder,
                                                  const VitisOptions& options) {
    const Run run = make_run(module, options);
    VitisOptions known = options;
    known.scalars = run.parameters;
    const Program program = make_program(module, known);
    Files files{{"host.h", host_header(program)},
                {"host.cpp", host_source(program)},
                {"testbench.cpp", testbench(module.top(), program.host, run, bench_of(program))},
                {"Makefile", makefile_of(program)},
                {"run_hls.tcl", synthesis(program, options)},
                {"sim/kernels.cpp", kernel_table(program)}};
    for (const Kernel& k : program.kernels) {
        files.emplace_back(k.name + ".h", header_text(k));
        files.emplace_back(k.name + ".cpp", source_file(k));
        files.emplace_back(k.name + ".cfg", kernel_config(k, options));
    }
    if (std::string links = connections(module, program); !links.empty())
        files.emplace_back("link.cfg", std::move(links));
    const bool streams = std::ranges::any_of(program.kernels, &Kernel::streams);
    for (const std::vector<Header>* headers : {&project_headers(), &device_headers(), &simulation_headers()})
        for (const Header& h : *headers)
            if (streams || headers != &simulation_headers()) files.emplace_back(h.path, h.text);
    add_data(files, module.top(), program.host, run);
    return write_project(folder, {"data", "sim", "sim/xrt"}, files);
}

} // namespace lathe::hls
