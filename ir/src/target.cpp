#include "lathe/ir/target.h"

#include "lathe/ir/buffer.h"

#include <string_view>

namespace lathe {

using namespace ir;

namespace {

constexpr std::string_view base = "x86-64-linux";

} // namespace

Target::Target(const std::string& name, Loc loc) {
    std::string_view rest = name;
    if (!rest.starts_with(base))
        fail(loc, "there is no target \"{}\": a target's name begins with \"{}\"", name, base);
    rest.remove_prefix(base.size());
    while (!rest.empty()) {
        const size_t end = std::min(rest.find('-', 1), rest.size());
        const std::string_view part = rest.substr(0, end);
        if (part == "-avx2") {
            level = std::max(level, Level::avx2);
        } else if (part == "-avx512") {
            level = Level::avx512;
        } else if (part == "-vnni" || part == "-bf16") {
            (part == "-vnni" ? vnni : bf16) = true;
        } else if (part == "-threads") {
            threads = true;
        } else {
            fail(
                loc,
                "target \"{}\": \"{}\" is not known after \"{}\"; known are -avx2, -avx512, -vnni, -bf16 and "
                "-threads",
                name, part, base);
        }
        rest.remove_prefix(end);
    }
    if ((vnni || bf16) && level != Level::avx512)
        fail(loc, "target \"{}\": {} is an extension of AVX-512: write \"{}-avx512{}{}\"", name,
             vnni ? "-vnni" : "-bf16", base, vnni ? "-vnni" : "", bf16 ? "-bf16" : "");
}

Target Target::host() {
    Target t;
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c") &&
        __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("lzcnt"))
        t.level = Level::avx2;
    if (t.level == Level::avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        t.level = Level::avx512;
    if (t.level == Level::avx512) {
        t.vnni = __builtin_cpu_supports("avx512vnni");
        t.bf16 = __builtin_cpu_supports("avx512bf16");
    }
    return t;
}

Target Target::with_threads() const {
    Target t = *this;
    t.threads = true;
    return t;
}

std::string Target::name() const {
    std::string s(base);
    if (level == Level::avx2) s += "-avx2";
    if (level == Level::avx512) s += "-avx512";
    if (vnni) s += "-vnni";
    if (bf16) s += "-bf16";
    if (threads) s += "-threads";
    return s;
}

int Target::vector_bits() const {
    switch (level) {
    case Level::baseline:
        return 128;
    case Level::avx2:
        return 256;
    case Level::avx512:
        return 512;
    }
    throw InternalError("unknown level of x86-64");
}

int Target::vector_registers() const {
    return level == Level::avx512 ? 32 : 16;
}

int Target::natural_lanes(Type element) const {
    if (element.width() > 64) return 1;
    return vector_bits() / (element.is_index() ? 64 : container_bits(element.element()));
}

bool Target::runs(const Target& other) const {
    return level >= other.level && (vnni || !other.vnni) && (bf16 || !other.bf16);
}

void Target::must_run(const Target& other) const {
    if (!runs(other)) fail({}, "this machine ({}) cannot run code for {}", name(), other.name());
}

std::string Target::triple() const {
    return "x86_64-unknown-linux-gnu";
}

std::string Target::cpu() const {
    switch (level) {
    case Level::baseline:
        return "x86-64";
    case Level::avx2:
        return "x86-64-v3";
    case Level::avx512:
        return "x86-64-v4";
    }
    throw InternalError("unknown level of x86-64");
}

std::string Target::features() const {
    std::string s;
    if (vnni) s += "+avx512vnni";
    if (bf16) s += std::string(s.empty() ? "" : ",") + "+avx512bf16";
    return s;
}

} // namespace lathe
