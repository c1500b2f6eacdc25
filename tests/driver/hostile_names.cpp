// Names that would be code, comments, paths, options or control characters where they are printed: what is
// written is the same as for a plain name but for identifiers and texts, or the name is refused when its
// object is made.

#include "deep.h"
#include "folders.h"
#include "tokens.h"
#include "tool/table.h"

#include "lathe/ir/text.h"

#include <doctest/doctest.h>
#include <iostream>
#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/SourceMgr.h>

using namespace lathe;
using namespace lathe::ir;
namespace fs = std::filesystem;

namespace {

const std::vector<std::string>& fragments() {
    static const std::vector<std::string> all{
        // The ends of comments, literals and lines.
        "back\\", "back\\\\", "*/ int injected; /*", "/*", "//", "?\?/", "?\?/\n", "??\?/",
        "x\nint injected = 1; //", "\r", "a\rb", "\t", "\v\f", "\"", "'", "\"; injected(); \"", "\\\"", "\\n",
        "\\0", "\\x41", "#define x y", "#", "R\"(", ")\"", "%s%n%p", "%", "%%", "{}", "{0}", "{", "}", "}}",
        "{{}}", "@lathe@", "<U+000A>",
        // Tcl, shells, make, JSON, LLVM.
        "[exec ls]", "$x", "${x}", "$(id)", "`id`", ";", "a;b", "&& id", "| id", "> x", "$$", "~", "!", "^",
        "*", "?", "(", ")", "()", "<", ">", "<x>", "&amp;", "\",\"x\":\"", "\\u0041", "@f", "%0", "!0",
        "!x = !{}", "metadata", "c\"\\00\"",
        // Paths and options.
        "..", ".", "../../evil", "/etc/passwd", "a/b", "a\\b", "C:", "-o", "--bind", "=", "a=b", ",", "a,b",
        ":", "|",
        // Characters of other languages, and some that are no characters.
        "\xc3\xa9",
        "gr\xc3\xb6\xc3\x9f"
        "e",
        "\xe5\x90\x8d\xe5\x89\x8d", "\xf0\x9f\x98\x80",
        "\xe2\x80\xae"
        "abc",
        "\xe2\x80\xa8", "\xe2\x80\xa9", "\xef\xbb\xbf", "\xcc\x81", "\xc2\x85", "\xc2\xa0", "\xff", "\xc3(",
        "\xed\xa0\x80", "\xc0\xaf", "\xf8\x88\x80\x80\x80", "\x7f", "\x01", "\x1b[31m", "\x80", "\xe2\x82",
        std::string(1, '\0'), std::string("a\0b", 3), " ", "  ", "a b", " a",
        // Words that mean something in C, C++, the libraries and the project itself.
        "int", "class", "template", "for", "return", "this", "typeof", "restrict", "_Bool", "true", "bool",
        "and", "not", "asm", "NULL", "EOF", "INLINE", "NAN", "INFINITY", "M_PI", "M_PIf", "INT_MAX", "BUFSIZ",
        "L_tmpnam", "linux", "unix", "errno", "stdin", "stdout", "assert", "AP_INT_MAX_W", "AP_TRN",
        "__LINE__", "__FILE__", "__SYNTHESIS__", "_x", "__x", "x__y", "_", "__", "_1", "printf", "main",
        "malloc", "memcpy", "floor", "fmaf", "sqrt", "time", "exit", "abs", "index", "j1", "data", "ok",
        "argv", "argc", "testbench", "lathe", "std", "hls", "ap_int", "ap_fixed", "lathe_ok", "lathe_data",
        "lathe_hls", "lathe_error", "halide_malloc", "halide_buffer_t", "int64_t", "size_t", "arg_x",
        "user_context", "LATHE_HALIDE_BUFFER", "x", "i", "at", "t0", "new_x", "f", "k", "0", "1", "007",
        "0x1", "1e5", "-1", "1a", std::string(190, 'a'), std::string(195, '\\'), std::string(195, '?')};
    return all;
}

/// 200 names and more: the fragments, and most of them beside other letters.
std::vector<std::string> hostile_names() {
    std::vector<std::string> names = fragments();
    for (const std::string& f : fragments())
        if (f.size() < 12) names.push_back("x" + f);
    for (const size_t length : {196, 201, 10000})
        names.emplace_back(length, 'n');
    return names;
}

std::string escaped(const std::string& text) {
    std::string r;
    for (const char c : text)
        r += std::string(c == '{' || c == '}' ? 2 : 1, c);
    return r;
}

/// A program that has the name in every place of a Kernel.
Schedule kernel_schedule(const std::string& name) {
    Input in(name, Int(8), {4});
    Param gain(name + "2", Int(8));
    Output out(name + "3", Int(16), {4});
    Var i(name), j(name);
    const Kernel k(name, {in, gain, out}, [&](KernelBody& b) {
        b.require(gain != 100, name);
        Array local = b.array(name + "4", Int(16), {4});
        b.for_(i, 0, 4, [&] { local(i) = in(i) * 2; });
        b.for_(j, 0, 4, [&] { out(j) = local(j) + gain; });
        b.print(escaped(name) + " {} " + escaped(name), {in(0)});
    });
    return Schedule(k);
}

/// And one that has it in every place of Funcs.
struct FuncProgram {
    Input in;
    Var i;
    RDom r;
    Func middle, out;
    explicit FuncProgram(const std::string& name)
        : in(name, Int(8), {4}), i(name), r(0, 4, name), middle(name + "2", Int(8), {4}),
          out(name + "3", Int(16), {4}) {
        middle(i) = in(i);
        out(i) = 0;
        out(i) += middle(r);
    }
    Schedule schedule(const std::string& name) const {
        Schedule s(out);
        const auto made = s[out].split(i, 2, Tail::guard, {name, name + "5"});
        s[middle].rename(i, name + "6");
        s[out].unroll(made[1]);
        return s;
    }
};

bool has_legal_bytes(const std::string& text) {
    return std::ranges::all_of(
        text, [](unsigned char c) { return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t'; });
}

/// Long names make long expressions, which get names in lines of their own.
void same_tokens(const std::string& got, const std::string& expected, bool is_long) {
    CHECK(has_legal_bytes(got));
    const auto a = tokens(got), b = tokens(expected);
    CHECK_MESSAGE((is_long ? a.size() > b.size() / 2 : a == b), got);
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
        text.replace(at, what.size(), by);
    return text;
}

/// Its words, with TOP where the kernel's name stands as a whole word or before _project.
std::string with_top(const std::string& text, const std::string& top) {
    std::string r, word;
    for (const char c : text + " ") {
        if (std::isalnum(static_cast<unsigned char>(c)) || c == '_') {
            word += c;
            continue;
        }
        r += word == top ? "TOP" : word == top + "_project" ? "TOP_project" : word;
        r += c;
        word.clear();
    }
    return r;
}

std::map<std::string, Value> scalars(const std::string& name) {
    return {{name + "2", Value::from_raw(Int(8), 3)}};
}

/// The project's files, by name with the top's replaced.
Snapshot project(const Schedule& s, const std::string& name) {
    const TemporaryFolder folder;
    export_vitis(
        s, folder.path / "p",
        {.scalars = s.module().top().params.empty() ? std::map<std::string, Value>() : scalars(name)});
    return snapshot(folder.path / "p");
}

void parse_llvm(const std::string& text) {
    llvm::LLVMContext context;
    llvm::SMDiagnostic error;
    CHECK_MESSAGE(llvm::parseAssemblyString(text, error, context) != nullptr, error.getMessage().str());
}

void read_back(const Schedule& s, const Schedule& fresh) {
    Schedule again = fresh;
    CHECK_NOTHROW(again.apply_trace(s.trace_json()));
    CHECK(print(again) == print(s));
    CHECK(again.trace_json() == s.trace_json());
}

/// The texts of one program beside those of the same with plain names.
void check_texts(const Schedule& s, const Schedule& plain, const std::string& name) {
    same_tokens(vitis_source(s), vitis_source(plain), name.size() > 12);
    same_tokens(vitis_header(s), vitis_header(plain), name.size() > 12);
    const TemporaryFolder folder;
    const auto header = [&](const Schedule& of) {
        compile_to_header(of, (folder.path / "f.h").string(), {.name = "f"});
        return contents(folder.path / "f.h");
    };
    same_tokens(header(s), header(plain), name.size() > 12);
    parse_llvm(compile_to_llvm(s, {.name = "f"}));
    CHECK(std::ranges::count(loop_tree(s), '\n') == std::ranges::count(loop_tree(plain), '\n'));
    const Snapshot files = project(s, name), others = project(plain, "plain");
    CHECK(files.size() == others.size());
    std::string top, plain_top;
    for (const auto& [file, text] : files)
        if (file.ends_with(".cpp") && file != "testbench.cpp") top = file.substr(0, file.size() - 4);
    for (const auto& [file, text] : others)
        if (file.ends_with(".cpp") && file != "testbench.cpp") plain_top = file.substr(0, file.size() - 4);
    same_tokens(files.at("testbench.cpp"), others.at("testbench.cpp"), name.size() > 12);
    // Tcl, configuration and make hold identifiers and nothing else of the user's.
    for (const char* file : {"run_hls.tcl", "hls_config.cfg", "Makefile"})
        CHECK(with_top(files.at(file), top) == with_top(others.at(file), plain_top));
    for (const auto& [file, text] : files)
        CHECK_MESSAGE(is_c_identifier(replaced(replaced(replaced(file, "/", "_"), ".", "_"), "-", "_")),
                      file);
}

/// As the documentation says it: UTF-8 without control characters, and room for what tests append.
bool legal(const std::string& name) {
    try {
        check_name(name, {});
        return !name.empty() && name.size() <= most_name_bytes - 1;
    } catch (const Error&) {
        return false;
    }
}

template <class Make> void expect_refused(Make make) {
    try {
        make();
        FAIL_CHECK("not refused");
    } catch (const InternalError& e) {
        FAIL_CHECK(e.what());
    } catch (const Error& e) {
        CHECK(e.loc().known());
    }
}

/// Generators and functions on the command line: none writes outside of its folder.
void check_command_line(const std::string& name) {
    const TemporaryFolder folder;
    const std::string out = (folder.path / "box/out").string();
    const auto call = [&](const std::vector<std::string>& arguments, const std::vector<Generator>& table) {
        std::vector<const char*> argv{"tool"};
        for (const std::string& a : arguments)
            argv.push_back(a.c_str());
        std::ostringstream text;
        auto *old_out = std::cout.rdbuf(text.rdbuf()), *old_error = std::cerr.rdbuf(text.rdbuf());
        const int status = generator_main(static_cast<int>(argv.size()), argv.data(), table);
        std::cout.rdbuf(old_out);
        std::cerr.rdbuf(old_error);
        CHECK(text.str().find("internal error") == std::string::npos);
        CHECK(status >= 0);
        for (const auto& [file, content] : snapshot(folder.path))
            CHECK_MESSAGE((file == "box" || file.starts_with("box/out")), file);
        return status;
    };
    const bool good = is_c_identifier(name) && !taken_function_name(name) && name.size() < 200;
    const int status = call({"scale", "-o", out, "-e", "trace", "-f", name}, {scale_generator()});
    CHECK((status == 0) == good);
    Generator g = scale_generator();
    g.parameters.emplace_back(name, 1);
    call({"scale", "-o", out, "-e", "trace", name + "=2"}, {g});
    call({"--list"}, {g});
    call({name, "-o", out, "-e", "trace"}, {scale_generator(name)});
}

} // namespace

TEST_CASE("hostile names: texts that hold them are those of plain names") {
    const std::vector<std::string> names = hostile_names();
    CHECK(names.size() >= 200);
    const FuncProgram plain("plain");
    const Schedule plain_funcs = plain.schedule("plain"), plain_kernel = kernel_schedule("plain");
    int accepted = 0;
    for (const std::string& name : names) {
        CAPTURE(name);
        if (!legal(name)) {
            expect_refused([&] { Input(Name(name), Int(8), {4}); });
            expect_refused([&] { Func(Name(name + "3")); });
            if (!name.empty()) expect_refused([&] { Var(Name(name + "3")); });
            if (!name.empty()) expect_refused([&] { Param(name + "3"); });
            expect_refused([&] { kernel_schedule(name); });
            continue;
        }
        ++accepted;
        const FuncProgram p(name);
        const Schedule s = p.schedule(name), k = kernel_schedule(name);
        check_texts(s, plain_funcs, name);
        check_texts(k, plain_kernel, name);
        read_back(s, Schedule(FuncProgram(name).out));
        read_back(k, kernel_schedule(name));
    }
    CHECK(accepted > 150);
}

TEST_CASE("hostile names: on the command line") {
    const std::vector<std::string> names = hostile_names();
    for (size_t n = 0; n < names.size(); n += deep() ? 1 : 3) {
        const std::string& name = names[n];
        if (name.find('\0') != std::string::npos) continue; // a command line ends there
        CAPTURE(name);
        check_command_line(name);
    }
}

namespace {

/// The headers that every project has, compiled once, for the compiler's command line: reading them takes
/// most of a project's time.
std::string compiled_headers(const fs::path& folder) {
    const fs::path header = folder / "lathe_testbench.h";
    for (const char* name : {"lathe_hls.h", "lathe_testbench.h"})
        fs::copy_file(fs::path(LATHE_HLS_SIM_DIR) / name, folder / name);
    REQUIRE(std::system(fmt::format("{} -std=c++14 -ffp-contract=off -O0 -w -isystem '{}' -x c++-header '{}' "
                                    "-o '{}.gch'",
                                    LATHE_TEST_CXX, LATHE_AP_TYPES_DIR, header.string(), header.string())
                            .c_str()) == 0);
    return fmt::format(" -include {}", header.string());
}

} // namespace

TEST_CASE("hostile names: projects compiled and run") {
    std::vector<std::string> names{"back\\",
                                   "?\?/",
                                   "*/ int injected; /*",
                                   "\"; injected(); \"",
                                   "NULL",
                                   "data",
                                   "gr\xc3\xb6\xc3\x9f"
                                   "e %s%n {}",
                                   "testbench",
                                   "int64_t",
                                   "linux"};
    const size_t plainly = names.size(); // as a user compiles them
    const TemporaryFolder headers;
    std::string include;
    if (deep()) {
        for (const std::string& name : hostile_names())
            names.push_back(name);
        include = compiled_headers(headers.path);
    }
    for (size_t n = 0; n < names.size(); ++n) {
        const std::string& name = names[n];
        if (!legal(name)) continue;
        CAPTURE(name);
        const TemporaryFolder folder;
        const Schedule s = kernel_schedule(name);
        export_vitis(s, folder.path / "p", {.scalars = scalars(name)});
        const auto make = [&] {
            return std::system(
                fmt::format("cd '{}' && make -s CXX='{}{}' CXXFLAGS=-O0 AP_TYPES='{}' > log.txt 2>&1",
                            (folder.path / "p").string(), LATHE_TEST_CXX, n < plainly ? "" : include,
                            LATHE_AP_TYPES_DIR)
                    .c_str());
        };
        CHECK_MESSAGE(make() == 0, contents(folder.path / "p/log.txt"));
        const std::string said = contents(folder.path / "p/log.txt");
        CHECK(said.find("all outputs are as expected\n") != std::string::npos);
        CHECK_MESSAGE(said.starts_with(name + " "), said);
        // The C header, too.
        compile_to_header(s, (folder.path / "f.h").string(), {.name = "f"});
        put(folder.path / "f.c", "#include \"f.h\"\nint main(void) { return 0; }\n");
        CHECK(std::system(
                  fmt::format("cd '{}' && {} -std=c99 -Wall -Wextra -Wcomment -Werror -fsyntax-only f.c",
                              folder.path.string(), LATHE_TEST_CC)
                      .c_str()) == 0);
    }
}

TEST_CASE("hostile names: what a name became is said") {
    const Schedule s = kernel_schedule("a b");
    CHECK(vitis_header(s).starts_with("// \"a b\" is called a_b here.\n"));
    CHECK(vitis_names(s) == std::vector<std::pair<std::string, std::string>>{
                                {"a b", "a_b"}, {"a b3", "a_b3"}, {"a b2", "a_b2"}, {"a b", "a_b_kernel"}});
    const TemporaryFolder folder;
    compile_to_header(s, (folder.path / "f.h").string(), {.name = "f"});
    CHECK(contents(folder.path / "f.h").find("input a b: Int(8)[4], called arg_a_b\n") != std::string::npos);
}

TEST_CASE("hostile names: every macro of the headers that a project includes gets another name") {
    const TemporaryFolder folder;
    const std::string command = fmt::format(
        "{} -std=gnu++14 -I '{}' -I '{}' -dM -E -x c++ '{}/lathe_testbench.h' > '{}/macros'", LATHE_TEST_CXX,
        LATHE_AP_TYPES_DIR, LATHE_HLS_SIM_DIR, LATHE_HLS_SIM_DIR, folder.path.string());
    REQUIRE(std::system(command.c_str()) == 0);
    std::istringstream macros(contents(folder.path / "macros"));
    std::string line;
    int seen = 0;
    while (std::getline(macros, line)) {
        const std::string rest = line.substr(8), name = rest.substr(0, rest.find_first_of(" ("));
        // One that takes arguments means nothing without parentheses behind it, and one that is itself is
        // inert.
        const bool object = rest.size() == name.size() || rest[name.size()] == ' ';
        if (!object || line == "#define " + name + " " + name || !is_c_identifier(name)) continue;
        ++seen;
        CHECK_MESSAGE(identifier(name) != name, name);
    }
    CHECK(seen > 300);
}
