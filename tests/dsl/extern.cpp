// Extern functions: what they are given, in the interpreter and in machine code, and what they may not be.

#include "lathe/lathe.h"

#include "lathe/ir/analysis.h"
#include "lathe/ir/verify.h"
#include "lathe/ir/visit.h"

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace lathe;
using namespace lathe::ir;

namespace {

template <class T> T& at(const HalideBuffer* b, int64_t i) {
    return reinterpret_cast<T*>(b->host)[i];
}

/// out = in·factor, row by row; fails for the factor 99.
int scale_rows(HalideBuffer* in, int32_t factor, HalideBuffer* out) {
    for (int y = 0; y < in->dim[1].extent; ++y)
        for (int x = 0; x < in->dim[0].extent; ++x)
            at<int32_t>(out, y * out->dim[1].stride + x) =
                at<int16_t>(in, y * in->dim[1].stride + x) * factor;
    return factor == 99 ? 7 : 0;
}

int add_one(HalideBuffer* data) {
    for (int x = 0; x < data->dim[0].extent; ++x)
        ++at<int8_t>(data, x);
    return 0;
}

int add_one_word(HalideBuffer* data) {
    for (int x = 0; x < data->dim[0].extent; ++x)
        ++at<int32_t>(data, x);
    return 0;
}

/// Writes the sum of all that it is given.
int every_type(bool flag, int8_t small, uint16_t half, int64_t size, int16_t fixed, float f, double d,
               HalideBuffer* wide, HalideBuffer* sums) {
    const bool right = wide->dimensions == 2 && wide->dim[0].extent == 2 && wide->dim[1].extent == 2 &&
                       wide->dim[1].stride == 2 && wide->type == HalideType{1, 64, 1} &&
                       sums->dim[0].min == -1 && sums->dim[0].extent == 8;
    const double all[] = {double(flag),
                          double(small),
                          double(half),
                          double(size),
                          double(fixed),
                          f,
                          d,
                          double(at<int64_t>(wide, 2)) + double(right)};
    for (int i = 0; i < 8; ++i)
        at<double>(sums, i) = all[i];
    return 0;
}

struct Scaling {
    Param M{"M"}, N{"N"}, factor{"factor", Int(32)};
    Input in{"in", Int(16), {M, N}};
    Output out{"out", Int(32), {M, N}};
    Extern scale;
    explicit Scaling(ExternOptions options = {})
        : scale("scale_rows", {in, factor, out}, scale_rows, std::move(options)) {}
};

/// y = factor·x + 1 by way of a local array.
struct Program : Scaling {
    Param P{"P"}, Q{"Q"}, g{"g", Int(32)};
    Input x{"x", Int(16), {P, Q}};
    Output y{"y", Int(32), {P, Q}};
    Var i{"i"}, j{"j"};
    Kernel kernel{"scaled", {x, g, y}, [this](KernelBody& k) {
                      Array t = k.array("t", Int(32), {P, Q});
                      k.call(scale, {x, g + 1, t});
                      k.for_(i, 0, P, [&] { k.for_(j, 0, Q, [&] { y(i, j) = t(i, j) + 1; }); });
                  }};
};

std::string error_of(const std::function<void()>& f) {
    try {
        f();
    } catch (const InternalError& e) {
        return std::string("internal: ") + e.what();
    } catch (const Error& e) {
        return e.what();
    }
    return "";
}

} // namespace

TEST_CASE("a kernel calls an extern function") {
    Program p;
    Schedule s(p.kernel);
    s[p.kernel].parallel(p.i).vectorize(p.j, 4);
    CHECK(print(s.module()) ==
          R"(def scaled(x: Tensor[Int(16), (P, Q)], y: out Tensor[Int(32), (P, Q)]), params P, Q, g: Int(32):
    # scaled.init
    with alloc(t: Tensor[Int(32), (P, Q)]):
        with let factor = Int(32)(g + 1):
            extern scale_rows(x, factor, out t)
        for i in parallel(P):
            for jo in range((Q + 3) // 4):
                for ji in vectorized(4):
                    if jo * 4 + ji < Q:
                        y[i, jo * 4 + ji] = t[i, jo * 4 + ji] + 1
)");
    Buffer<int16_t> x({3, 5});
    for (int n = 0; n < 15; ++n)
        x.begin()[n] = static_cast<int16_t>(n - 7);
    Buffer<int32_t> a({3, 5}), b({3, 5});
    interpret(s, {&x, &a}, {{"g", Value::literal(2)}});
    jit(s).call({&x, &b}, {{"g", Value::literal(2)}});
    for (int n = 0; n < 15; ++n) {
        CHECK(a.begin()[n] == (n - 7) * 3 + 1);
        CHECK(b.begin()[n] == (n - 7) * 3 + 1);
    }
    const std::string failed = "the extern function scale_rows returned the error code 7";
    CHECK(error_of([&] { interpret(s, {&x, &a}, {{"g", Value::literal(98)}}); }).find(failed) !=
          std::string::npos);
    CHECK(error_of([&] { jit(s).call({&x, &a}, {{"g", Value::literal(98)}}); }) == failed);
    CHECK(compile_to_llvm(s).find("declare i32 @scale_rows(ptr, i32, ptr)") != std::string::npos);
    const std::string header = std::filesystem::temp_directory_path() / "lathe_extern_test.h";
    compile_to_header(s.module(), header);
    std::stringstream text;
    text << std::ifstream(header).rdbuf();
    std::filesystem::remove(header);
    CHECK(text.str().find(" * Calls, to be linked with it: scale_rows\n") != std::string::npos);
    CHECK(equal(Schedule(p.kernel).module(), Schedule(p.kernel).module()));
}

TEST_CASE("an extern function is a kernel of its own") {
    Scaling p;
    const Schedule s(p.scale);
    Buffer<int16_t> in({1, 2});
    in(0, 1) = 6;
    Buffer<int32_t> out({1, 2});
    jit(s).call({&in, &out}, {{"factor", Value::literal(5)}});
    CHECK(out(0, 1) == 30);
}

TEST_CASE("extern functions take scalars and tensors of every kind") {
    Param flag("flag", Bool()), small("small", Int(5)), half("half", Float(16)), size("size"),
        fixed("fixed", Fixed(12, 4)), f("f", Float(32)), d("d", Float(64));
    Input wide("wide", Int(100), {2});
    Output sums("sums", Float(64), {Range(-1, 8)});
    Extern all("every_type", {flag, small, half, size, fixed, f, d, wide, sums}, every_type);
    Input w("w", Int(100), {2});
    Output result("result", Float(64), {Range(-1, 8)});
    const Kernel k("k", {w, result}, [&](KernelBody& b) {
        b.call(all, {Expr(w(1) > 0), cast(Int(5), -3), cast(Float(16), 1.0f), 1000, cast(Fixed(12, 4), -2),
                     0.5f, cast(Float(64), 0.25), w, result});
    });
    AnyBuffer in(Int(100), {2});
    in.set({1}, Value::literal(11));
    const double want[] = {1, -3, 0x3c00, 1000, -32, 0.5, 0.25, 12};
    for (const bool machine : {false, true}) {
        CAPTURE(machine);
        Buffer<double> out({8});
        out.set_min({-1});
        machine ? jit(Schedule(k)).call({&in, &out}) : interpret(Schedule(k), {&in, &out});
        for (int i = 0; i < 8; ++i)
            CHECK(out(i - 1) == want[i]);
    }
}

TEST_CASE("calls of extern functions keep their order, and what they touch counts") {
    InOut data("data", Int(8), {4});
    Extern step("add_one", {data}, add_one);
    InOut a("a", Int(8), {4});
    Output b("b", Int(8), {3, 4});
    Var i("i"), j("j"), c("c");
    std::string call, alone_call;
    const auto line = [](Loc loc = Loc::current()) { return loc.str(); };
    const Kernel k("k", {a, b}, [&](KernelBody& s) {
        s.for_(i, 0, 3, [&] {
            call = line(), s.call(step, {a});
            s.for_(j, 0, 4, [&] { b(i, j) = a(j); });
        });
    });
    Schedule s(k);
    const std::string before = print(s);
    CHECK(error_of([&] { s[k].parallel(i); })
              .find("a read at " + call + " is written as a at " + call +
                    " "
                    "(carried by i)") != std::string::npos);
    CHECK(error_of([&] { s[k].vectorize(i); }).find("carried by i") != std::string::npos);
    CHECK(print(s) == before);
    s[k].unroll(i).vectorize(j, 4);
    Buffer<int8_t> x({4}), y({3, 4});
    jit(s)(x, y);
    CHECK(x(3) == 3);
    CHECK(y(1, 2) == 2);

    // Nothing but the order of the calls stands in the way here.
    const Kernel alone("alone", {b}, [&](KernelBody& s) {
        s.for_(i, 0, 3, [&] {
            Array own = s.array("own", Int(8), {4});
            s.for_(j, 0, 4, [&] { own(j) = i; });
            alone_call = line(), s.call(step, {own});
            s.for_(c, 0, 4, [&] { b(i, c) = own(c); });
        });
    });
    Schedule t(alone);
    CHECK(error_of([&] {
              t[alone].parallel(i);
          }).find("extern add_one written at " + alone_call + " is written as extern add_one") !=
          std::string::npos);
    jit(t)(y);
    CHECK(y(2, 0) == 3);
}

TEST_CASE("what an extern function writes is no constant") {
    InOut data("data", Int(8), {4}), words("words", Int(32), {4});
    const Extern step("add_one", {data}, add_one), step_words("add_one_word", {words}, add_one_word);
    Output bytes("bytes", Int(8), {4}), wide("wide", Int(32), {4});
    Var i("i"), j("j");
    const auto kernel = [&](const Output& y, const Extern& f) {
        return Kernel("k", {y}, [&](KernelBody& b) {
            Array t = b.array("t", y.type(), {4});
            b.for_(i, 0, 4, [&] { t(i) = 0; });
            b.call(f, {t});
            b.for_(j, 0, 4, [&] { y(j) = t(j) + 1; });
        });
    };
    Buffer<int8_t> x({4});
    jit(Schedule(kernel(bytes, step)))(x);
    CHECK(x(3) == 2);
    interpret(Schedule(kernel(bytes, step)), {&x});
    CHECK(x(3) == 2);
    Buffer<int32_t> y({4});
    jit(Schedule(kernel(wide, step_words)))(y);
    CHECK(y(3) == 2);
}

TEST_CASE("accesses: an extern function touches whole tensors") {
    InOut data("data", Int(8), {4}), a("a", Int(8), {4});
    const Extern step("add_one", {data}, add_one);
    const Kernel k("k", {a}, [&](KernelBody& b) { b.call(step, {a}); });
    const std::vector<Access> all = accesses(Schedule(k).module().top().body);
    REQUIRE(all.size() == 2);
    CHECK(!all[0].write);
    CHECK(all[1].write);
    for (const Access& access : all) {
        REQUIRE(access.whole.has_value());
        const Region region = region_of(access, {});
        REQUIRE(region.size() == 1);
        CHECK(as_int(region[0].min) == 0);
        CHECK(as_int(region[0].max) == 3);
    }
}

TEST_CASE("what an extern function reads must have been stored") {
    InOut data("data", Int(8), {4});
    Extern step("add_one", {data}, add_one);
    Output b("b", Int(8), {4});
    const Kernel k("k", {b}, [&](KernelBody& s) {
        Array own = s.array("own", Int(8), {4});
        own(0) = 1;
        s.call(step, {own});
        b(0) = own(0);
    });
    Buffer<int8_t> y({4});
    CHECK(error_of([&] { interpret(Schedule(k), {&y}); })
              .find("own is passed to the extern function add_one, which reads it, and not all of it was "
                    "stored to") != std::string::npos);
}

TEST_CASE("refused: extern functions") {
    Scaling p;
    const auto refused = [](const std::string& text, const std::function<void()>& f) {
        const std::string error = error_of(f);
        INFO(text, ": ", error);
        CHECK(error.find("extern.cpp:") == 0);
        CHECK(error.find(text) != std::string::npos);
    };
    refused("\"a-b\" cannot be the name of an extern function", [&] { Extern("a-b", {p.in}); });
    refused("the function given for f takes 3 arguments, and 2 are listed",
            [&] { Extern("f", {p.in, p.out}, scale_rows); });
    refused(
        "argument 1 of the function given for f is a number, and out is a tensor: pass a halide_buffer_t*",
        [&] { Extern("f", {p.in, p.out, p.factor}, scale_rows); });
    Param wrong("wrong", Int(16)), wide("wide", Int(65));
    refused("argument 1 of the function given for f is Int(32), and wrong is Int(16)",
            [&] { Extern("f", {p.in, wrong, p.out}, scale_rows); });
    refused("takes a scalar of Int(65): pass what has more than 64 bits as a tensor",
            [&] { Schedule(Extern("f", {p.in, wide})).module(); });

    const Extern named("somewhere", {p.in, p.factor, p.out});
    Buffer<int16_t> x({2, 2});
    Buffer<int32_t> y({2, 2});
    const std::string unknown = "the extern function somewhere is known by its name only: give its address";
    refused(unknown, [&] { interpret(Schedule(named), {&x, &y}, {{"factor", Value::literal(1)}}); });
    refused(unknown, [&] { jit(Schedule(named)); });
    refused("the extern function somewhere has no Vitis code", [&] { vitis_source(Schedule(named)); });
    refused("the extern function somewhere has a name that means something else in the code of somewhere",
            [&] { compile_to_llvm(Schedule(named), {.name = "somewhere"}); });
    const Extern runtime("halide_free", {p.in, p.factor, p.out}, scale_rows);
    refused("the extern function halide_free has a name that means", [&] { jit(Schedule(runtime)); });
    const Extern math("fmaf", {p.in, p.factor, p.out}, scale_rows);
    refused("there is another function that is called fmaf", [&] { jit(Schedule(math)); });
    const Extern keyword("int", {p.in}, {.vitis = "void f() {}"});
    CHECK(error_of([&] {
              vitis_source(Schedule(keyword));
          }).find("has a name that C++ or Vitis code has a use for") != std::string::npos);

    Program program;
    Schedule s(program.kernel);
    refused("y becomes Int(8), and the extern function scale_rows takes Int(32)", [&] {
        const Kernel direct("direct", {program.x, program.y},
                            [&](KernelBody& k) { k.call(program.scale, {program.x, 1, program.y}); });
        Schedule(direct).quantize(program.y, Int(8));
    });
}

TEST_CASE("refused: two extern functions of one name") {
    InOut data("data", Int(8), {4}), a("a", Int(8), {4});
    const auto other = [](HalideBuffer*) { return 0; };
    const Extern one("step", {data}, add_one, {.vitis = "void step(ap_int<8>* x) { x[0] = 1; }"});
    const Extern two("step", {data}, +other, {.vitis = "void step(ap_int<8>* x) { x[0] = 2; }"});
    const Kernel k("k", {a}, [&](KernelBody& s) {
        s.call(one, {a});
        s.call(two, {a});
    });
    CHECK(error_of([&] { jit(Schedule(k)); }).find("there is another function that is called step") !=
          std::string::npos);
    CHECK(error_of([&] { vitis_source(Schedule(k)); }).find("two extern functions are called step") !=
          std::string::npos);
}

TEST_CASE("verify: tensors passed to an extern function") {
    const auto step = std::make_shared<const ExternFunction>(ExternFunction{"step", nullptr, nullptr, ""});
    const Tensor t = {Symbol("t"), Int(8), {{index(0), index(4)}}, {}, TypeOrigin::declared, nullptr, {}};
    const auto fault = [&](ExternArgument a, Direction of_argument, bool declared = true) {
        Module m;
        m.functions.push_back({"f", {}, {}, {}, ExternCall::make(step, {std::move(a)})});
        if (declared) m.top().arguments.push_back({t, of_argument});
        return error_of([&] { verify(m); });
    };
    const ExternArgument good = {t.symbol, Int(8), Direction::inout, t.dims, {}};
    CHECK(fault(good, Direction::inout).empty());
    CHECK(fault(good, Direction::in).find("t is passed to be written and must not be") != std::string::npos);
    CHECK(fault(good, Direction::inout, false).find("the tensor t is not in scope") != std::string::npos);
    ExternArgument wrong = good;
    wrong.type = Int(9);
    CHECK(
        fault(wrong, Direction::inout).find("t holds Int(8) in 1 dimensions and is passed as Int(9) in 1") !=
        std::string::npos);
}

TEST_CASE("a loop with an extern function's array in it is copied") {
    InOut data("data", Int(8), {4});
    const Extern step("add_one", {data}, add_one);
    Param N("N");
    Input x("x", Int(8), {N});
    Output y("y", Int(8), {N});
    Var i("i"), j("j");
    const Kernel k("k", {x, y}, [&](KernelBody& k) {
        k.for_(i, 0, N, [&] {
            Array t = k.array("t", Int(8), {4});
            k.for_(j, 0, 4, [&] { t(j) = x(i) + j; });
            k.call(step, {t});
            y(i) = t(3);
        });
    });
    Schedule peeled(k), unrolled(k);
    peeled[k].split(i, 4, Tail::peel);
    unrolled[k].unroll(i, 4);
    Buffer<int8_t> in({6}), out({6});
    for (int n = 0; n < 6; ++n)
        in(n) = static_cast<int8_t>(5 * n);
    for (const Schedule& s : {peeled, unrolled}) {
        std::fill(out.begin(), out.end(), int8_t{0});
        interpret(s, {&in, &out});
        for (int n = 0; n < 6; ++n)
            CHECK(out(n) == 5 * n + 4);
        std::fill(out.begin(), out.end(), int8_t{0});
        jit(s).call({&in, &out});
        for (int n = 0; n < 6; ++n)
            CHECK(out(n) == 5 * n + 4);
    }
}
