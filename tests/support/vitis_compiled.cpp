#include "vitis_compiled.h"

#include "compile_shared.h"
#include "lathe/hls/emit.h"
#include "programs.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <regex>
#include <set>

using namespace lathe;
using namespace lathe::ir;
namespace fs = std::filesystem;

namespace {

size_t limbs_of(Type t) {
    return t.is_index() ? 1 : static_cast<size_t>((t.width() + 63) / 64);
}

std::byte* address(const AnyBuffer& b, size_t i) {
    return b.data() + i * element_bytes(b.type());
}

void append(std::vector<uint64_t>& limbs, const Value& v) {
    const mpz_class bits = v.type().is_index() ? v.raw() : v.bit_pattern();
    if (v.type().is_index()) return limbs.push_back(static_cast<uint64_t>(bits.get_si()));
    for (size_t i = 0; i < limbs_of(v.type()); ++i)
        limbs.push_back(mpz_getlimbn(bits.get_mpz_t(), static_cast<mp_size_t>(i)));
}

std::vector<uint64_t> limbs_of(const AnyBuffer& b) {
    std::vector<uint64_t> limbs;
    for (size_t i = 0; i < static_cast<size_t>(b.size()); ++i)
        append(limbs, load_element(b.type(), address(b, i)));
    return limbs;
}

void fill(const AnyBuffer& b, const std::vector<uint64_t>& limbs) {
    const size_t each = limbs_of(b.type());
    for (size_t i = 0; i < static_cast<size_t>(b.size()); ++i) {
        mpz_class bits;
        mpz_import(bits.get_mpz_t(), each, -1, sizeof(uint64_t), 0, 0, &limbs[i * each]);
        store_element(b.type(), address(b, i), Value::from_bits(b.type(), bits));
    }
}

/// The parameters' values: those given, and those of the buffers' extents.
std::map<std::string, Value> parameters(const Function& f, const std::vector<AnyBuffer*>& buffers,
                                        std::map<std::string, Value> scalars) {
    for (size_t i = 0; i < buffers.size(); ++i)
        for (int d = 0; d < buffers[i]->rank(); ++d)
            if (const auto* v = f.arguments[i].tensor.dims[static_cast<size_t>(d)].extent.as<Variable>())
                scalars.try_emplace(v->symbol.name(), Value::index(buffers[i]->extent(d)));
    return scalars;
}

} // namespace

namespace {

bool on_device(const Function& f) {
    return f.side == Side::device;
}

/// With names for the device's kernels that no other program has.
Module named_apart(const Module& m, const std::string& prefix) {
    class Calls : public Mutator {
      public:
        Calls(const Module& m, const std::string& p) : module(m), prefix(p) {}

      protected:
        using Mutator::visit;
        Stmt visit(const CallStmt& c, const Stmt& s) override {
            if (!on_device(module.function(c.callee))) return s;
            return CallStmt::make(prefix + c.callee, c.tensors, c.values, c.streams, c.loc);
        }

      private:
        const Module& module;
        const std::string& prefix;
    };
    Module r = m;
    r.top().body = Calls(m, prefix)(r.top().body);
    for (Function& f : r.functions)
        if (on_device(f)) f.name = prefix + f.name;
    return r;
}

/// Without the headers that it includes.
std::string code_of(const std::string& source) {
    return source.substr(source.rfind("#include \"", source.find("\n\n")) == 0 ? source.find("\n\n") + 2 : 0);
}

/// Of a kernel that takes words: its function on arrays, which its header has.
std::string on_arrays(const std::string& header) {
    const size_t at = header.find("#ifndef __SYNTHESIS__");
    return at == std::string::npos ? "" : header.substr(at);
}

/// The names in a piece of C++.
std::vector<std::string> names_in(const std::string& text) {
    static const std::regex name("[A-Za-z_][A-Za-z0-9_]*");
    return {std::sregex_token_iterator(text.begin(), text.end(), name), {}};
}

} // namespace

std::string shared_array(const std::string& source) {
    static const std::regex array("(?:\\*|\\w|>) (\\w+)(?:\\[\\d+\\])+[;,)]|\\* (\\w+)[,)]"),
        others("[^\n]*(?:hls::stream|LATHE_)[^\n]*\n"),
        call("LATHE_PROCESS(?:_AT\\(\\([^)]*\\), |\\()(\\w+)(?:<[^(]*>)?\\(([^\n]*)\\)\\);");
    const std::string begin = ") {\n#pragma HLS dataflow\n";
    for (size_t at = source.find(begin); at != std::string::npos; at = source.find(begin, at + 1)) {
        const size_t from = source.find('(', source.rfind("static void ", at));
        const std::string formals = source.substr(from, at + 1 - from);
        const std::string body = source.substr(at, source.find("LATHE_DATAFLOW_END", at) - at);
        const std::string declared = std::regex_replace(body, others, "");
        std::map<std::string, std::vector<std::string>> users; // by array
        std::set<std::string> inside;
        const std::sregex_iterator end;
        for (const std::string* text : {&formals, &declared})
            for (std::sregex_iterator a(text->begin(), text->end(), array); a != end; ++a) {
                users[(*a)[1].str() + (*a)[2].str()];
                if (text == &declared) inside.insert((*a)[1]);
            }
        for (std::sregex_iterator c(body.begin(), body.end(), call); c != end; ++c)
            for (const std::string& used : names_in((*c)[2]))
                if (const auto found = users.find(used); found != users.end())
                    found->second.push_back((*c)[1]);
        for (const auto& [used, all] : users)
            if (all.size() > (inside.contains(used) ? 2 : 1))
                return fmt::format("{} is used by {}", used, fmt::join(all, ", "));
    }
    return "";
}

size_t VitisKernels::add(const Module& m) {
    const std::string top = fmt::format("kernel_{}", modules.size());
    std::string source;
    if (std::ranges::any_of(m.functions, on_device)) {
        const Module program = named_apart(m, fmt::format("k{}_", modules.size()));
        for (const Module& kernel : vitis_kernels(program)) { // each is a file of its own
            const std::string& name = kernel.top().name;
            source += fmt::format("namespace {}_file {{\n{}}}\n", name, code_of(vitis_source(kernel)));
            on_devices += fmt::format("        {{\"{0}\", lathe_sim::kernel(n{1}::{0}_file::{0})}},\n", name,
                                      modules.size());
        }
        const std::string host = vitis_host(program, {.top = top});
        source += host.substr(host.find("#include <memory>\n\n") + 19);
    } else {
        source = code_of(vitis_source(m, {.top = top})) + on_arrays(vitis_header(m, {.top = top}));
    }
    CAPTURE(source);
    REQUIRE(shared_array(source) == "");
    entries.push_back(source.find(top + "_arrays(") == std::string::npos ? top : top + "_arrays");
    sources.push_back(std::move(source));
    modules.push_back(m);
    return modules.size() - 1;
}

void VitisKernels::compile() {
    compile(LATHE_TEST_CXX);
}

void VitisKernels::compile(const std::string& compiler) {
    std::string text = "#define AP_INT_MAX_W 4096\n#include \"lathe_testbench.h\"\n";
    if (!on_devices.empty()) text += "#include \"lathe_xrt.h\"\n#include <algorithm>\n#include <memory>\n";
    text += "#include \"vitis_call.h\"\n";
    std::string cases;
    const bool streams = std::ranges::any_of(
        sources, [](const std::string& s) { return s.find("LATHE_DATAFLOW") != std::string::npos; });
    if (streams) text += "#include \"hls_stream.h\"\n#include \"hls_streamofblocks.h\"\n#include \"hls_vector.h\"\n";
    for (size_t i = 0; i < modules.size(); ++i) {
        // Functions of one name may stand in several kernels.
        text += fmt::format("namespace n{} {{\n{}}}\n", i, sources[i]);
        cases +=
            fmt::format("    case {0}:\n        *error = call(n{0}::{1}, limbs, sizes);\n        break;\n", i,
                        entries[i]);
    }
    if (!on_devices.empty())
        text += "const std::map<std::string, lathe_sim::Kernel>& lathe_sim::kernels() {\n    static const "
                "std::map<std::string, Kernel> all{\n" +
                on_devices +
                "    };\n    return all;\n}\nextern \"C\" void device_use(uint64_t* x) {\n    x[0] = "
                "last_use.to_device, x[1] = last_use.bytes_to_device, x[2] = last_use.to_host, x[3] = "
                "last_use.bytes_to_host;\n}\n";
    text += "extern \"C\" void run(int kernel, uint64_t* const* limbs, const int64_t* sizes, std::string* "
            "error) {\n"
            "    switch (kernel) {\n" +
            cases + "    }\n}\n";
    if (streams) text += "extern \"C\" void stall(uint64_t seed) { lathe_sim::options().seed = seed; }\n";
    const std::string flags = fmt::format("-std=c++17 -O0 -w -ffp-contract=off -I{} -I{} -I{}",
                                          LATHE_HLS_SIM_DIR, LATHE_TEST_SUPPORT_DIR, LATHE_AP_TYPES_DIR);
    std::string headers = read_file(fs::path(LATHE_TEST_SUPPORT_DIR) / "vitis_call.h");
    for (const char* name : {"lathe_hls.h", "lathe_testbench.h", "hls_stream.h", "hls_streamofblocks.h", "hls_vector.h",
                             "lathe_sim.h", "lathe_sim_region.h", "lathe_sim_options.h", "lathe_ring.h",
                             "lathe_fiber.h", "lathe_marks.h", "lathe_xrt.h"})
        headers += read_file(fs::path(LATHE_HLS_SIM_DIR) / name);
    const fs::path object = compile_shared(compiler, flags, headers, text);
    entry = reinterpret_cast<Run>(load_symbol(object, "run"));
    if (!on_devices.empty())
        last_use = reinterpret_cast<void (*)(uint64_t*)>(load_symbol(object, "device_use"));
    if (streams) set_seed = reinterpret_cast<void (*)(uint64_t)>(load_symbol(object, "stall"));
}

std::array<uint64_t, 4> VitisKernels::device_use() const {
    std::array<uint64_t, 4> counts{};
    last_use(counts.data());
    return counts;
}

void VitisKernels::stall(uint64_t seed) const {
    set_seed(seed);
}

std::string VitisKernels::run(size_t kernel, const std::vector<AnyBuffer*>& arguments,
                              const std::map<std::string, Value>& scalars) const {
    const Function& f = modules[kernel].top();
    std::vector<std::vector<uint64_t>> limbs;
    std::vector<int64_t> sizes;
    for (const AnyBuffer* b : arguments) {
        limbs.push_back(limbs_of(*b));
        sizes.push_back(b->size());
    }
    const auto values = parameters(f, arguments, scalars);
    for (const Param& p : f.params) {
        limbs.emplace_back();
        append(limbs.back(), cast(p.type, values.at(p.symbol.name())));
        sizes.push_back(1);
    }
    std::vector<uint64_t*> pointers;
    for (auto& l : limbs)
        pointers.push_back(l.data());
    std::string error;
    entry(static_cast<int>(kernel), pointers.data(), sizes.data(), &error);
    for (size_t i = 0; i < arguments.size(); ++i)
        if (f.arguments[i].direction != Direction::in) fill(*arguments[i], limbs[i]);
    return error;
}

void VitisKernels::expect_right(size_t kernel, const Module& reference, const std::vector<Sizes>& all) const {
    INFO(sources[kernel]);
    for (const Sizes& s : all) {
        std::string text;
        for (const auto& [name, size] : s)
            text += fmt::format("{}={} ", name, size);
        INFO(text);
        std::vector<AnyBuffer> expected = make_arguments(reference, s, 1),
                               got = make_arguments(reference, s, 1);
        std::vector<AnyBuffer*> in, out;
        for (size_t i = 0; i < expected.size(); ++i) {
            in.push_back(&expected[i]);
            out.push_back(&got[i]);
        }
        std::string error;
        try {
            interpret(reference, in, make_scalars(reference, s));
        } catch (const InternalError&) {
            throw;
        } catch (const Error& e) {
            error = e.message();
        }
        // A subscript out of bounds is undefined in hardware.
        if (error.find("out of bounds") != std::string::npos) continue;
        CHECK(run(kernel, out, make_scalars(modules[kernel], s)) == error);
        if (!error.empty()) continue;
        for (size_t i = 0; i < expected.size(); ++i)
            CHECK_MESSAGE(bit_equal(expected[i], got[i]), reference.top().arguments[i].tensor.symbol.name());
    }
}

void VitisKernels::expect_right_stalled(const std::vector<Module>& references, uint64_t seeds) const {
    for (uint64_t seed = 0; seed <= seeds; ++seed) {
        CAPTURE(seed);
        stall(seed);
        for (size_t k = 0; k < references.size(); ++k) {
            CAPTURE(k);
            expect_right(k, references[k], {{}});
        }
    }
    stall(0);
}

std::string vitis_headers() {
    return LATHE_AP_TYPES_DIR;
}

std::vector<std::string> vitis_compilers() {
    std::vector<std::string> all{LATHE_TEST_CXX};
    if (std::system("clang++-19 --version > /dev/null 2>&1") == 0) all.push_back("clang++-19");
    return all;
}
