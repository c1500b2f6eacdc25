// Every primitive has a file of tests of its own, with its case among random schedules and with all that it
// refuses; what the code beneath them refuses is tried, too; and no other file knows primitives by name.

#include "compile_shared.h"

#include "lathe/schedule/primitive.h"

#include <algorithm>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <vector>

using namespace lathe::schedule;

namespace {

namespace fs = std::filesystem;

const fs::path root = LATHE_SOURCE_DIR;

/// Sources and headers below the folder, which are named in the order of their paths.
std::vector<fs::path> sources(const fs::path& folder) {
    std::vector<fs::path> all;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder))
        if (entry.path().extension() == ".cpp" || entry.path().extension() == ".h")
            all.push_back(entry.path());
    std::ranges::sort(all);
    REQUIRE(!all.empty());
    return all;
}

/// The string literals of a part of a program; those that follow each other are one.
std::vector<std::string> literals(const std::string& code) {
    std::vector<std::string> all;
    bool follows = false;
    for (size_t n = 0; n < code.size(); ++n) {
        if (code.compare(n, 2, "R\"") == 0) {
            const size_t open = code.find('(', n);
            const std::string close = ")" + code.substr(n + 2, open - n - 2) + "\"";
            const size_t end = std::min(code.find(close, open), code.size());
            all.push_back(code.substr(open + 1, end - open - 1));
            n = end + close.size() - 1;
            follows = false;
        } else if (code.compare(n, 2, "//") == 0) {
            n = std::min(code.find('\n', n), code.size());
        } else if (code[n] == '\'' && n + 2 < code.size() && code[n + 1] != '\\' && code[n + 2] == '\'') {
            n += 2;
            follows = false;
        } else if (code[n] == '"') {
            if (!follows) all.emplace_back();
            for (++n; n < code.size() && code[n] != '"'; ++n)
                if (code[n] == '\\')
                    all.back() += code[++n];
                else
                    all.back() += code[n];
            follows = true;
        } else if (!std::isspace(static_cast<unsigned char>(code[n]))) {
            follows = false;
        }
    }
    return all;
}

/// The part of the code up to the parenthesis that closes the one before it.
std::string up_to_end(const std::string& code, size_t from) {
    int open = 1;
    bool text = false;
    size_t n = from;
    for (; n < code.size() && open > 0; ++n) {
        if (code[n] == '"' && code[n - 1] != '\\') text = !text;
        if (!text) open += (code[n] == '(') - (code[n] == ')');
    }
    return code.substr(from, n - from);
}

/// What the file's refusals say, each as the pieces between what is filled in.
std::vector<std::vector<std::string>> refusals(const fs::path& file) {
    const std::string code = read_file(file);
    const std::regex call("\\b(refuse|refuse_text|fail|Error)\\("), filled("\\{[^}]*\\}");
    std::vector<std::vector<std::string>> all;
    for (std::sregex_iterator c(code.begin(), code.end(), call), end; c != end; ++c) {
        const auto texts = literals(up_to_end(code, static_cast<size_t>(c->position() + c->length())));
        if (texts.empty()) continue; // the text is its caller's
        std::vector<std::string> pieces;
        for (std::sregex_token_iterator p(texts[0].begin(), texts[0].end(), filled, -1), none; p != none; ++p)
            if (p->length() >= 8) pieces.push_back(*p);
        if (!pieces.empty()) all.push_back(pieces);
    }
    return all;
}

/// Is the refusal in one of these texts: a short piece as a whole, or so many letters of a long one?
bool is_in(const std::vector<std::string>& pieces, const std::vector<std::string>& texts, size_t enough) {
    const auto has = [&](const std::string& part) {
        return std::ranges::any_of(texts, [&](const std::string& t) { return t.find(part) != t.npos; });
    };
    for (const std::string& p : pieces)
        for (size_t n = 0; n == 0 || n + enough <= p.size(); ++n)
            if (has(p.substr(n, enough))) return true;
    return false;
}

/// tests/FOLDER/NAME.cpp.
std::vector<fs::path> tests_of(const std::string& primitive) {
    std::vector<fs::path> found = sources("tests");
    std::erase_if(found, [&](const fs::path& f) { return f.filename() != primitive + ".cpp"; });
    return found;
}

/// What tests of the primitive may expect: in tests/schedule those in files that are called after it,
/// elsewhere all of the folder.
std::vector<std::string> expected_texts(const std::string& primitive, const fs::path& file) {
    std::vector<std::string> texts;
    const bool many = file.parent_path().filename() == "schedule";
    for (const fs::path& f : sources(file.parent_path())) {
        const std::string name = f.stem().string();
        const bool own = name == primitive || (name.starts_with(primitive + "_") && !find_primitive(name));
        if (many && !own) continue;
        const auto more = literals(read_file(f));
        texts.insert(texts.end(), more.begin(), more.end());
    }
    return texts;
}

} // namespace

TEST_CASE("every primitive has tests of its own: it is drawn, and all that it refuses is tried") {
    for (const Primitive* p : all_primitives()) {
        const std::string name(p->name);
        CAPTURE(name);
        const std::vector<fs::path> files = tests_of(name);
        REQUIRE(files.size() == 1);
        CHECK(read_file(files[0]).find("drawn(\"" + name + "\")") != std::string::npos);
        const std::vector<std::string> texts = expected_texts(name, files[0]);
        for (const auto& pieces : refusals(root / "schedule/primitive" / (name + ".cpp"))) {
            CAPTURE(pieces.front());
            CHECK(is_in(pieces, texts, 18));
        }
    }
}

TEST_CASE("all that the code beneath the primitives refuses is tried") {
    std::vector<std::string> texts;
    for (const fs::path& f : sources("tests"))
        if (f.filename() != "tested.cpp")
            for (std::string& t : literals(read_file(f)))
                texts.push_back(std::move(t));
    size_t found = 0;
    for (const char* folder : {"schedule/src", "schedule/macro"})
        for (const fs::path& f : sources(folder)) {
            CAPTURE(f.string());
            for (const auto& pieces : refusals(f)) {
                CAPTURE(pieces.front());
                CHECK(is_in(pieces, texts, 24));
                ++found;
            }
        }
    CHECK(found > 200);
}

TEST_CASE("no comparison, table or switch over primitives' names outside of their own files") {
    // Words of other meanings: kinds of loops, keywords of what is printed, blocks of LLVM's code, kinds of
    // channels of the simulation's headers.
    const std::map<std::string, std::set<std::string>> exempt = {
        {"ir/src/loop_kind.cpp", {"serial", "parallel", "pipeline"}},
        {"ir/src/print.cpp", {"dataflow"}},
        {"codegen/src/bounds_query.cpp", {"call"}},
        {"codegen/src/emit_parallel.cpp", {"parallel"}},
        {"hls/sim/hls_stream.h", {"stream"}},
    };
    std::map<std::string, std::set<std::string>> found;
    for (const char* folder : {"ir", "dsl", "schedule", "codegen", "hls"})
        for (const fs::path& f : sources(folder)) {
            const std::string file = fs::relative(f, root).string(), code = read_file(f);
            for (const std::string& t : literals(code))
                if (find_primitive(t) && file != "schedule/primitive/" + t + ".cpp") found[file].insert(t);
            CAPTURE(file);
            const std::regex compared("[!=]=\\s*&primitives::(\\w+)|&primitives::(\\w+)\\s*[!=]=");
            std::smatch m;
            if (std::regex_search(code, m, compared))
                CHECK(file == "schedule/primitive/" + m.str(1) + m.str(2) + ".cpp");
        }
    CHECK(found == exempt);
}
