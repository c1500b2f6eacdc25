// A node that is added is met everywhere: it does not compile until somebody has said what it means. What
// tells nodes apart by a chain of questions, and is silent about the others, is listed here with the reason.

#include "compile_shared.h"

#include <algorithm>
#include <doctest/doctest.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <set>

namespace fs = std::filesystem;

namespace {

const std::set<std::string> statements{
    "Block",    "For",    "While", "If",         "LetStmt",  "Store",         "Reduce",
    "Allocate", "Assert", "Print", "ExternCall", "Stage",    "DeclareStream", "Push",
    "Pop",      "Fill",   "Drain", "CallStmt",   "Dataflow", "Spawn",         "Copy"};

/// The rest of it is walked by bodies(), expressions(), writes_of(), streams_in() and bound_symbols(), which
/// say of every node what it has.
constexpr const char* asks = "asks about a few nodes; all others by the queries that know every node";
/// A node that it does not know is refused, or ends in an InternalError.
constexpr const char* refuses = "takes apart what it made or was asked for, and refuses the rest";

/// Files that tell four kinds of statements apart, or more, and neither switch over the kinds nor visit.
const std::map<std::string, std::string> chains{
    {"codegen/passes/read_through.cpp", asks},
    {"hls/src/host.cpp", asks},
    {"hls/src/kernel.cpp", asks},
    {"hls/src/network.cpp", refuses},
    {"hls/src/own_arrays.cpp", asks},
    {"hls/src/words.cpp", asks},
    {"ir/analysis/network.cpp", asks},
    {"ir/analysis/value_bounds.cpp",
     "runs modules of one Function without streams; what else may store is refused"},
    {"ir/src/full_rate.cpp", asks},
    {"ir/src/inline_calls.cpp", asks},
    {"ir/src/network_threads.cpp", refuses},
    {"ir/src/shift_folds.cpp", asks},
    {"schedule/macro/kernel_lines.cpp",
     "an extern call or a stream that uses such an array is refused behind it"},
    {"schedule/macro/stencil_kernel.cpp", refuses},
    {"schedule/macro/stencil_point.cpp", refuses},
    {"schedule/primitive/dataflow.cpp", refuses},
    {"schedule/primitive/fuse_init.cpp", refuses},
    {"schedule/primitive/relay.cpp", refuses},
    {"schedule/primitive/separate.cpp", asks},
    {"schedule/src/device_groups.cpp", asks},
    {"schedule/src/edit.cpp", asks},
    {"schedule/src/outlined.cpp", asks},
    {"schedule/src/placement.cpp", asks},
    {"schedule/src/processes.cpp", refuses},
    {"schedule/src/relocate.cpp", asks},
    {"schedule/src/reuse_fill.cpp", refuses},
    {"schedule/src/rewrite.cpp", asks},
    {"schedule/src/sides.cpp", asks},
    {"schedule/src/steering.cpp", "what steers a program is a bound, a condition or a subscript"},
    {"schedule/src/streams.cpp", asks},
    {"schedule/src/transfers.cpp", asks},
    {"schedule/src/window.cpp", asks},
};

std::set<std::string> told_apart(const std::string& text) {
    std::set<std::string> found;
    for (const std::string& s : statements)
        if (text.find("as<" + s + ">") != std::string::npos) found.insert(s);
    return found;
}

/// The text between the brace behind `from` and its partner, without what is in braces inside.
std::string flat_block(const std::string& text, size_t from) {
    std::string flat;
    int depth = 0;
    for (size_t at = text.find('{', from); at < text.size(); ++at) {
        depth += text[at] == '{';
        depth -= text[at] == '}';
        if (depth == 0) break;
        if (depth == 1) flat += text[at];
    }
    return flat;
}

bool switches_with_default(const std::string& text) {
    for (size_t at = text.find("switch ("); at != std::string::npos; at = text.find("switch (", at + 1)) {
        const std::string block = flat_block(text, at);
        const bool kinds = block.find("case StmtKind::") != std::string::npos ||
                           block.find("case ExprKind::") != std::string::npos;
        if (kinds && block.find("default:") != std::string::npos) return true;
    }
    return false;
}

template <class F> void for_each_source(const F& f) {
    const fs::path root = LATHE_SOURCE_DIR;
    for (const char* folder : {"ir", "dsl", "schedule", "codegen", "hls", "apps/driver"})
        for (const auto& entry : fs::recursive_directory_iterator(root / folder))
            if (const fs::path& p = entry.path(); p.extension() == ".cpp" || p.extension() == ".h")
                f(fs::relative(p, root).string(), read_file(p));
}

} // namespace

TEST_CASE("nodes: whoever tells kinds apart says what each means, or is listed with the reason") {
    std::set<std::string> chained;
    for_each_source([&](const std::string& file, const std::string& text) {
        const bool whole = text.find("with_node(") != std::string::npos ||
                           text.find("kind())") != std::string::npos ||
                           text.find("case StmtKind::") != std::string::npos;
        if (!whole && told_apart(text).size() >= 4) {
            chained.insert(file);
            CHECK_MESSAGE(chains.contains(file),
                          file << " tells statements apart: visit each, or say why not");
        }
        CHECK_MESSAGE(!switches_with_default(text), file << " has a switch over kinds with a default");
    });
    for (const auto& [file, why] : chains)
        CHECK_MESSAGE(chained.contains(file), file << " is listed for nothing");
}
