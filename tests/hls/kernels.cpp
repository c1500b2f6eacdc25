// Imperative kernels as Vitis C++: their control flow, and the checks of their subscripts.

#include "programs.h"
#include "vitis_compiled.h"

#include <doctest/doctest.h>
#include <lathe/dsl/extern.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

/// What the kernel threw on a table of 5 elements, with `at` as place.
struct Lookup {
    Input table{"table", Int(16), {5}};
    InOut at{"at", Int(8), {1}};
    Output out{"out", Int(16), {2}};

    Module kernel(const std::function<void(KernelBody&)>& body) const {
        return Schedule(Kernel("lookup", {table, at, out}, body)).module();
    }
    static std::string error(const VitisKernels& kernels, size_t k, int place) {
        AnyBuffer t(Int(16), {5}), a(Int(8), {1}), o(Int(16), {2});
        a.set({0}, Value::from_raw(Int(8), place));
        return kernels.run(k, {&t, &a, &o}, {});
    }
};

} // namespace

TEST_CASE("hls: kernels with loops, conditions and breaks") {
    Param N("N");
    InOut a("a", Int(32), {N});
    Input n("n", UInt(16), {N});
    Output steps("steps", Int(32), {N});
    Var i("i"), j("j");
    const Kernel sort("sort", {a}, [&](KernelBody& k) {
        k.for_(i, 1, N, [&] {
            k.for_(j, i, 0, -1, [&] {
                k.if_(a(j - 1) <= a(j), [&] { k.break_(); });
                k.store({a(j), a(j - 1)}, a(j - 1), a(j));
            });
        });
    });
    const Kernel collatz("collatz", {n, steps}, [&](KernelBody& k) {
        k.for_(i, 0, N, [&] {
            Scalar x = k.scalar("x", UInt(40), n(i)), count = k.scalar("count", Int(32), 0);
            k.while_([&] { return Expr(x) > 1; },
                     [&] {
                         k.if_(x % 2 == 0, [&] { x = x / 2; }).else_([&] { x = 3 * x + 1; });
                         count += 1;
                     });
            steps(i) = count;
        });
    });
    VitisKernels kernels;
    const Schedule schedules[] = {Schedule(sort), Schedule(collatz)};
    for (const Schedule& s : schedules)
        kernels.add(s);
    for (const std::string& compiler : vitis_compilers()) {
        CAPTURE(compiler);
        kernels.compile(compiler);
        for (size_t k = 0; k < 2; ++k)
            kernels.expect_right(k, schedules[k].reference(), {{{"N", 17}}, {{"N", 1}}, {{"N", 0}}});
    }
}

TEST_CASE("hls: subscripts of kernels are checked each time that they are used") {
    const Lookup l;
    VitisKernels kernels;
    const size_t twice = kernels.add(l.kernel([&](KernelBody&) {
        l.out(0) = l.table(l.at(0));
        l.at(0) = l.at(0) + 3; // what was checked is not so any more
        l.out(1) = l.table(l.at(0));
    }));
    const size_t printed = kernels.add(l.kernel([&](KernelBody& k) { k.print("{}", {l.table(l.at(0))}); }));
    const size_t repeated = kernels.add(l.kernel(
        [&](KernelBody& k) { k.while_([&] { return l.table(l.at(0)) == 0; }, [&] { l.at(0) += 1; }); }));
    kernels.compile();
    const std::string outside = "subscript 0 of table is out of bounds";
    CHECK(Lookup::error(kernels, twice, 1) == "");
    CHECK(Lookup::error(kernels, twice, 2) == outside);
    CHECK(Lookup::error(kernels, twice, 5) == outside);
    CHECK(Lookup::error(kernels, printed, 4) == "");
    CHECK(Lookup::error(kernels, printed, 5) == outside);
    CHECK(Lookup::error(kernels, repeated, 0) == outside); // after five rounds
}

TEST_CASE("hls: what bounded a loop may have changed inside it") {
    InOut at("at", Int(32), {2});
    Output out("out", Int(16), {5});
    Var i("i");
    const Kernel moved("moved", {at, out}, [&](KernelBody& k) {
        k.for_(i, at(0), at(1), [&] {
            at(0) = at(0) + 1;
            at(1) = at(1) - 3;
            out(i - at(0)) = 1;
            out(at(1) - i) = 2;
        });
    });
    VitisKernels kernels;
    kernels.add(Schedule(moved).module());
    kernels.compile();
    const auto error = [&](int first, int end) {
        AnyBuffer a(Int(32), {2}), o(Int(16), {5});
        a.set({0}, Value::from_raw(Int(32), first));
        a.set({1}, Value::from_raw(Int(32), end));
        return kernels.run(0, {&a, &o}, {});
    };
    CHECK(error(7, 8) == "subscript 0 of out is out of bounds");
    CHECK(error(7, 7) == "");
}

namespace {

/// out(y, x) = in(y, x)·gain, saturated.
int amplify(HalideBuffer* in, int8_t gain, HalideBuffer* out) {
    for (int y = 0; y < in->dim[1].extent; ++y)
        for (int x = 0; x < in->dim[0].extent; ++x) {
            const auto* a = reinterpret_cast<const int16_t*>(in->host) + y * in->dim[1].stride + x;
            auto* b = reinterpret_cast<int16_t*>(out->host) + y * out->dim[1].stride + x;
            *b = static_cast<int16_t>(std::clamp(*a * gain, -2048, 2047));
        }
    return 0;
}

} // namespace

TEST_CASE("hls: a kernel calls an extern function") {
    Param gain("gain", Int(5));
    Input in("in", Fixed(12, 4), {3, 4});
    Output out("out", Fixed(12, 4), {3, 4});
    const Extern amp("amplify", {in, gain, out}, amplify,
                     {.vitis =
                          "void amplify(const ap_fixed<12, 8>* in, ap_int<5> gain, ap_fixed<12, 8>* out) {\n"
                          "    for (int i = 0; i < 12; ++i)\n"
                          "        out[i] = ap_fixed<12, 8, AP_TRN, AP_SAT>(in[i] * gain);\n"
                          "}\n"});
    Input x("x", Fixed(12, 4), {3, 4});
    Output y("y", Fixed(13, 4), {3, 4});
    Var i("i"), j("j");
    const Kernel k("twice", {x, y}, [&](KernelBody& b) {
        Array t = b.array("t", Fixed(12, 4), {3, 4}), u = b.array("u", Fixed(12, 4), {3, 4});
        b.call(amp, {x, -3, t});
        b.for_(i, 0, 2, [&] { b.call(amp, {t, i + 1, u}); });
        b.for_(i, 0, 3, [&] { b.for_(j, 0, 4, [&] { y(i, j) = u(i, j) + t(i, j); }); });
    });
    VitisKernels kernels;
    kernels.add(Schedule(k));
    for (const std::string& compiler : vitis_compilers()) {
        CAPTURE(compiler);
        kernels.compile(compiler);
        kernels.expect_right(0, Schedule(k).reference(), {{}});
    }
}
