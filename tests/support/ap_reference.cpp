#include "ap_reference.h"

#include "compile_shared.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <set>
#include <thread>

using namespace lathe;
using namespace lathe::ir;
namespace fs = std::filesystem;

namespace {

// --- Spelling operations in C++
// --------------------------------------------------------------------------------

const char* amd_name(Round r) {
    constexpr const char* names[] = {"AP_TRN",     "AP_TRN_ZERO",    "AP_RND",     "AP_RND_ZERO",
                                     "AP_RND_INF", "AP_RND_MIN_INF", "AP_RND_CONV"};
    return names[static_cast<int>(r)];
}

const char* amd_name(Overflow o) {
    constexpr const char* names[] = {"AP_WRAP", "AP_SAT", "AP_SAT_ZERO", "AP_SAT_SYM", "AP_WRAP_SM"};
    return names[static_cast<int>(o)];
}

std::string amd_name(Type t) {
    if (t.is_float()) return t.width() == 64 ? "double" : "float";
    const char* sign = t.is_signed() ? "" : "u";
    if (t.is_int()) return fmt::format("ap_{}int<{}>", sign, t.width());
    return fmt::format("ap_{}fixed<{},{},{},{}>", sign, t.width(), t.int_bits(), amd_name(t.round()),
                       amd_name(t.overflow()));
}

/// The function that serves an operation, but for the mask of a pair's operations.
std::string function_name(const TypedOp& op) {
    if (op.is_binary()) return fmt::format("binary<{},{}", amd_name(op.a), amd_name(op.b));
    if (std::holds_alternative<Cast>(op.op))
        return fmt::format("conversion<{},{}", amd_name(op.result), amd_name(op.a));
    return fmt::format("unary<{}", amd_name(op.a));
}

int code(const TypedOp& op) {
    if (const auto* u = std::get_if<UnaryOp>(&op.op))
        return *u == UnaryOp::neg ? ap_abi::neg : ap_abi::bit_not;
    if (std::holds_alternative<Cast>(op.op)) return ap_abi::cast;
    switch (std::get<BinaryOp>(op.op)) {
    case BinaryOp::add:
        return ap_abi::add;
    case BinaryOp::sub:
        return ap_abi::sub;
    case BinaryOp::mul:
        return ap_abi::mul;
    case BinaryOp::div:
        return ap_abi::div;
    case BinaryOp::mod:
        return ap_abi::mod;
    case BinaryOp::bit_and:
        return ap_abi::bit_and;
    case BinaryOp::bit_or:
        return ap_abi::bit_or;
    case BinaryOp::bit_xor:
        return ap_abi::bit_xor;
    case BinaryOp::shl:
        return ap_abi::shl;
    case BinaryOp::shr:
        return ap_abi::shr;
    case BinaryOp::eq:
        return ap_abi::eq;
    case BinaryOp::ne:
        return ap_abi::ne;
    case BinaryOp::lt:
        return ap_abi::lt;
    case BinaryOp::le:
        return ap_abi::le;
    case BinaryOp::gt:
        return ap_abi::gt;
    case BinaryOp::ge:
        return ap_abi::ge;
    default:
        throw std::logic_error("AMD's types have no " + op.str());
    }
}

// --- Compiling
// ---------------------------------------------------------------------------------------------------

/// Compiles a program to a shared object in the cache, unless it is there. Returns its path.
fs::path compile(const std::string& program) {
    static const std::string flags =
        fmt::format("-std=c++17 -O0 -w -DNDEBUG -I{} -I{}", LATHE_TEST_SUPPORT_DIR, LATHE_AP_TYPES_DIR);
    static const std::string headers = read_file(fs::path(LATHE_TEST_SUPPORT_DIR) / "ap_evaluate.h") +
                                       read_file(fs::path(LATHE_TEST_SUPPORT_DIR) / "ap_abi.h");
    return compile_shared(LATHE_TEST_CXX, flags, headers, program);
}

ap_abi::Evaluate* load(const fs::path& object) {
    return static_cast<ap_abi::Evaluate*>(load_symbol(object, "table"));
}

std::string program_of(const std::vector<std::string>& functions) {
    std::string text = "#include \"ap_evaluate.h\"\nusing namespace ap_evaluate;\n"
                       "extern \"C\" ap_abi::Evaluate table[] = {\n";
    for (const std::string& f : functions)
        text += "    &" + f + ",\n";
    return text + "};\n";
}

unsigned cores() {
    return std::max(1u, std::thread::hardware_concurrency());
}

/// Runs `work(0) … work(count − 1)` on all cores; the first exception is thrown on.
template <class Work> void in_parallel(size_t count, Work work) {
    std::atomic<size_t> next = 0;
    std::vector<std::exception_ptr> failures(count);
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < cores(); ++i)
        threads.emplace_back([&] {
            for (size_t n = next++; n < count; n = next++) {
                try {
                    work(n);
                } catch (...) {
                    failures[n] = std::current_exception();
                }
            }
        });
    for (std::thread& t : threads)
        t.join();
    for (const std::exception_ptr& e : failures)
        if (e) std::rethrow_exception(e);
}

Type type_of(const ap_abi::Result& r) {
    const auto rounding = static_cast<Round>(r.rounding);
    const auto overflow = static_cast<Overflow>(r.overflow);
    switch (r.kind) {
    case ap_abi::kind_bool:
        return Bool();
    case ap_abi::kind_float:
        return Float(r.width);
    case ap_abi::kind_int:
        return r.is_signed ? Int(r.width) : UInt(r.width);
    default:
        return r.is_signed ? Fixed(r.width, r.frac, rounding, overflow)
                           : UFixed(r.width, r.frac, rounding, overflow);
    }
}

void append(std::vector<uint64_t>& words, const Value& v) {
    const mpz_class bits = v.bit_pattern();
    for (int i = 0; i < ap_abi::limbs(v.type().width()); ++i)
        words.push_back(mpz_getlimbn(bits.get_mpz_t(), i)); // 0 above the top
}

} // namespace

ApReference::ApReference(const std::vector<TypedOp>& ops) {
    std::map<std::string, unsigned> masks; // of the operations that each function serves
    for (const TypedOp& op : ops)
        masks[function_name(op)] |= op.is_binary() ? 1u << code(op) : 0u;
    const auto weight_of = [](unsigned mask) { return mask ? std::popcount(mask) : 1; };
    int total = 0;
    for (const auto& [function, mask] : masks)
        total += weight_of(mask);
    // All cores get work, and no program has more than 500 operations: g++ needs up to 550 MB for those.
    const int weight_per_program = std::min(500, total / static_cast<int>(cores()) + 1);
    std::vector<std::vector<std::string>> programs;
    int weight = weight_per_program;
    for (const auto& [function, mask] : masks) {
        if (weight >= weight_per_program) {
            programs.emplace_back();
            weight = 0;
        }
        programs.back().push_back(mask ? fmt::format("{},{}u>", function, mask) : function + ">");
        functions.emplace_back(function, nullptr);
        weight += weight_of(mask);
    }
    std::vector<fs::path> objects(programs.size());
    in_parallel(programs.size(), [&](size_t i) { objects[i] = compile(program_of(programs[i])); });
    size_t next = 0;
    for (size_t i = 0; i < programs.size(); ++i) {
        const ap_abi::Evaluate* table = load(objects[i]);
        for (size_t k = 0; k < programs[i].size(); ++k)
            functions[next++].second = table[k];
    }
}

std::vector<Value> ApReference::evaluate(const TypedOp& op, const Rows& rows) const {
    const auto found =
        std::lower_bound(functions.begin(), functions.end(), std::pair(function_name(op), ap_abi::Evaluate()),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<uint64_t> a, b;
    for (const Row& row : rows) {
        append(a, row[0]);
        if (op.is_binary()) append(b, row[1]);
    }
    // Room for any result type that AMD may choose, right or wrong.
    const int widest = op.a.width() + op.b.width() + 2 * (std::abs(op.a.frac()) + std::abs(op.b.frac())) +
                       op.result.width() + 64;
    std::vector<uint64_t> words(rows.size() * static_cast<size_t>(ap_abi::limbs(widest)));
    ap_abi::Result described;
    found->second(code(op), static_cast<int64_t>(rows.size()), a.data(), b.data(), words.data(), &described);
    const Type t = type_of(described);
    const auto limbs = static_cast<size_t>(ap_abi::limbs(t.width()));
    std::vector<Value> results;
    results.reserve(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
        mpz_class bits;
        mpz_import(bits.get_mpz_t(), limbs, -1, sizeof(uint64_t), 0, 0, &words[i * limbs]);
        results.push_back(Value::from_bits(t, bits));
    }
    return results;
}
