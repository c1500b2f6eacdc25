// Names of targets, and which machine runs code for which.

#include "refusal.h"

#include "lathe/ir/target.h"

#include <doctest/doctest.h>

using namespace lathe;

TEST_CASE("target: names") {
    const Target t("x86-64-linux-avx512-bf16");
    CHECK(t.name() == "x86-64-linux-avx512-bf16");
    CHECK(t.has_bf16());
    CHECK_FALSE(t.has_vnni());
    CHECK(Target("x86-64-linux-avx2-avx512").name() == "x86-64-linux-avx512");
}

TEST_CASE("target: refused names") {
    const auto refused = [](const char* name) { return refusal(__LINE__, [&] { Target t(name); }); };
    CHECK(refused("mips") == "there is no target \"mips\": a target's name begins with \"x86-64-linux\"");
    CHECK(refused("x86-64-linux-sse9") ==
          "target \"x86-64-linux-sse9\": \"-sse9\" is not known after \"x86-64-linux\"; known are -avx2, "
          "-avx512, -vnni, -bf16 and -threads");
    CHECK(Target("x86-64-linux-threads-avx2").name() == "x86-64-linux-avx2-threads");
    CHECK(Target("x86-64-linux").with_threads() == Target("x86-64-linux-threads"));
    CHECK(refused("x86-64-linux-vnni")
              .ends_with(": -vnni is an extension of AVX-512: write "
                         "\"x86-64-linux-avx512-vnni\""));
    CHECK(refused("x86-64-linux-avx2-bf16")
              .ends_with(": -bf16 is an extension of AVX-512: write "
                         "\"x86-64-linux-avx512-bf16\""));
}

TEST_CASE("target: which machine runs code for which") {
    const Target any("x86-64-linux"), avx2("x86-64-linux-avx2"), vnni("x86-64-linux-avx512-vnni");
    CHECK(vnni.runs(avx2));
    CHECK(avx2.runs(any));
    CHECK_FALSE(avx2.runs(vnni));
    CHECK_FALSE(vnni.runs(Target("x86-64-linux-avx512-bf16")));
    CHECK(refusal(0, [&] { avx2.must_run(vnni); }) ==
          "this machine (x86-64-linux-avx2) cannot run code for x86-64-linux-avx512-vnni");
}
