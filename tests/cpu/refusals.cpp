// Every Error of the backend: its text, and the user's line.

#include "compiled.h"
#include "lathe/codegen/compile.h"
#include "lathe/codegen/lower.h"
#include "refusal.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

/// out = in + 1, of N elements.
struct Plain {
    Param N{"N"};
    Var i{"i"};
    Input in{"in", Int(16), {N}};
    Func out{"out", Int(16), {N}};
    Plain() { out(i) = in(i) + 1; }
};

/// What compiling says of a local tensor of this size in this space. Schedules refuse most such tensors
/// themselves; a Module can come from elsewhere.
std::string stored(const Operand& size, const MemorySpace& space) {
    Var i("i");
    Input in("in", Int(16), {size});
    Func out("out", Int(16), {size});
    const unsigned line = here() + 1;
    Func p("p", Int(16), {size});
    p(i) = in(i) + 1;
    out(i) = p(i) * 2;
    Module m = build({out}).module;
    const auto* allocation = m.top().body.as<Allocate>();
    REQUIRE(allocation);
    Tensor t = allocation->tensors[0];
    t.space = space;
    m.top().body = Allocate::make(t, allocation->body);
    return refusal(line, [&] { jit(m); });
}

/// What compiling says of a loop of this kind that fills a tensor.
std::string looped(const Expr& extent, const LoopKind& kind) {
    Param N("N");
    Var i("i");
    Func out("out", Int(16), {N});
    out(i) = 1;
    Module m = build({out}).module;
    const auto* stage = m.top().body.as<Stage>();
    REQUIRE(stage);
    const auto* loop = stage->body.as<For>();
    REQUIRE(loop);
    const Expr all = extent.defined() ? extent : loop->extent;
    m.top().body = For::make(loop->var, loop->min, all, kind, loop->body, {"user.cpp", 77});
    return refusal(77, [&] { jit(m); });
}

} // namespace

TEST_CASE("cpu: a tensor's memory space") {
    const Param N("N");
    CHECK(stored(N, MemorySpace("lake")) ==
          "p is in memory space \"lake\", which this target does not have: use heap, stack or register");
    const std::string constant =
        "p is on the stack, so its extents must be constant: use MemorySpace::heap()";
    CHECK(stored(N, MemorySpace::stack()) == constant);
    CHECK(stored(N, MemorySpace::registers()) == constant);
    const std::string large = "p makes the stack frame larger than 1048576 bytes: use MemorySpace::heap()";
    CHECK(stored(524289, MemorySpace::stack()) == large);
    CHECK(stored(int64_t{1} << 31, MemorySpace::stack()) == large);
    CHECK(stored(524288, MemorySpace::stack()) == "not refused");
}

TEST_CASE("cpu: loops that cannot be unrolled or vectorized") {
    CHECK(looped({}, LoopKind::unrolled()) ==
          "unroll(i): the loop's extent N has no constant bound; split the loop by a constant first");
    CHECK(looped({}, LoopKind::vectorized()) ==
          "vectorize(i): the loop's extent N has no constant bound; give a number of lanes: vectorize(i, 8)");
    CHECK(looped(index(1025), LoopKind::unrolled()) == "unroll(i) would make 1025 copies of its body; split "
                                                       "the loop and unroll the inner part (at most 1024)");
    CHECK(looped(index(4097), LoopKind::vectorized()) ==
          "vectorize(i): 4097 lanes are more than the 4096 a vector may have; give a number of lanes");
}

TEST_CASE("cpu: casts that have no code") {
    Param N("N");
    Var i("i");
    Input x("x", Fixed(100, 2000), {N}), y("y", Float(64), {N});
    Func f("f", Float(64), {N}), g("g", Fixed(1000, 900), {N});
    const unsigned f_line = here() + 1;
    f(i) = x(i);
    const unsigned g_line = here() + 1;
    g(i) = cast(Fixed(1000, 900), y(i));
    CHECK(refusal(f_line, [&] { jit(build({f}).module); }) ==
          "cast from Fixed(100, 2000) to Float(64) is not supported on this backend: no float has room for "
          "the scale; cast to "
          "fewer fraction bits first");
    CHECK(refusal(g_line, [&] { jit(build({g}).module); }) ==
          "cast from Float(64) to Fixed(1000, 900) is not supported on this backend: too many bits; cast to "
          "a narrower "
          "fixed-point type first");
}

/// What is said, or nothing.
std::string refusal_text(const std::function<void()>& call) {
    try {
        call();
        return "";
    } catch (const InternalError& e) {
        return e.what();
    } catch (const Error& e) {
        return e.message();
    }
}

TEST_CASE("cpu: files and names") {
    const Module m = build({Plain().out}).module;
    CHECK(refusal(0, [&] { compile_to_object(m, "/nowhere/at/all.o"); }) ==
          "cannot write \"/nowhere/at/all.o\": No such file or directory");
    CHECK(refusal(0, [&] { compile_to_static_library(m, "/nowhere/at/all"); }) ==
          "cannot write \"/nowhere/at/all.a\": No such file or directory");
    CHECK(refusal(0, [&] {
              compile_to_header(m, "/proc/all.h");
          }).starts_with("cannot write \"/proc/all.h\": "));
    for (const char* name : {"2nd", "a-b", "a b", "naïve"})
        CHECK(refusal(0, [&] { compile_to_assembly(m, {.name = name}); }) ==
              fmt::format("\"{}\" cannot be a function's name: use letters, digits and _", name));
    CHECK(refusal(0, [&] { compile_to_static_library(m, "/tmp/"); }) ==
          "\"/tmp/\" ends in no name for the library's files: try \"/tmp/out\"");
}

TEST_CASE("cpu: names that C programs have another use for") {
    const Module m = build({Plain().out}).module;
    const TargetVariant variant{Target("x86-64-linux"), m};
    for (const auto& [name, why] : std::map<std::string, std::string>{
             {"int", "a keyword of C and C++"},
             {"malloc", "a name of the C library"},
             {"halide_print", "a name of the runtime"},
             {"main", "the program's own function"},
             {"std", "a type, a namespace or a macro of the code around it"},
             {"int64_t", "a type, a namespace or a macro of the code around it"},
             {"ap_int", "a name of AMD's headers"},
             {"_exit", "reserved for the compiler, as all names with _ in front or __ inside are"},
             {"EOF", "in capitals, as macros are"}}) {
        const std::string other = "lathe_" + (name[0] == '_' ? name.substr(1) : name);
        const std::string text =
            fmt::format("\"{}\" cannot be a function's name: it is {}. Try {}", name, why, other);
        CHECK(refusal(0, [&] { compile_to_assembly(m, {.name = name}); }) == text);
        CHECK(refusal(0, [&] { compile_to_header(m, "/nowhere/x.h", {.name = name}); }) == text);
        CHECK(refusal(0, [&] { compile_to_static_library(m, "/nowhere/" + name); }) == text);
        CHECK(refusal(0, [&] { compile_to_static_library({variant}, "/nowhere/x", name); }) == text);
        CHECK_NOTHROW(compile_to_assembly(m, {.name = other}));
    }
}

TEST_CASE("cpu: unrolled loops inside of each other multiply") {
    const auto nested = [](int64_t outer, int64_t inner, int between) {
        Var i("i"), j("j"), k("k");
        Func out("out", Int(8), {Operand(outer), Operand(between), Operand(inner)});
        out(i, j, k) = cast(Int(8), i + j + k);
        Schedule s(out);
        s[out].unroll(i).unroll(k);
        return refusal_text([&] { compile_to_assembly(s); });
    };
    const std::string end = "; split the loop and unroll the inner part (at most 1024)";
    CHECK(nested(32, 33, 2) ==
          "unroll(k) would make 1056 copies of its body, with the unrolled loops around it" + end);
    CHECK(nested(256, 256, 1).find("unroll(k) would make 65536 copies") == 0);
    CHECK(nested(16, 16, 2) == "");
    const auto vectors = [](int64_t copies, int64_t lanes) {
        Var i("i"), j("j");
        Func out("out", Int(8), {Operand(copies), Operand(lanes)});
        out(i, j) = cast(Int(8), i + j);
        Schedule s(out);
        s[out].unroll(i).vectorize(j, lanes);
        return refusal_text([&] { compile_to_assembly(s); });
    };
    CHECK(vectors(1024, 1024) ==
          "unroll(i) would make 1024 copies of vectors of 1024 lanes; split the loop and unroll the inner "
          "part, or take fewer lanes (at most 65536 together)");
    CHECK(vectors(65, 1024).find("unroll(i) would make 65 copies of vectors") == 0);
    CHECK(vectors(64, 32) == "");
}

TEST_CASE("cpu: a target that this machine cannot run") {
    const Target most("x86-64-linux-avx512-vnni-bf16");
    if (Target::host().runs(most)) return;
    const Module m = build({Plain().out}).module;
    CHECK(refusal(0, [&] { jit(m, most); }) ==
          fmt::format("this machine ({}) cannot run code for {}", Target::host().name(), most.name()));
}

TEST_CASE("cpu: calls of a compiled function") {
    const Plain p;
    const JitFunction f = jit(build({p.out}).module);
    Buffer<int16_t> in({5}), out({5});
    const auto call = [&](std::vector<AnyBuffer*> buffers, const std::map<std::string, Value>& scalars = {}) {
        return [&f, buffers, scalars] { f.call(buffers, scalars); };
    };
    CHECK(refusal(0, call({&in, &out})) == "not refused");
    CHECK(refusal(0, call({&in})) == "out takes 2 tensors and is called with 1");
    CHECK(refusal(p.in.loc().line, call({nullptr, &out})) == "the argument in has no buffer");
    Buffer<int32_t> other({5});
    CHECK(refusal(p.in.loc().line, call({&other, &out})) ==
          "the argument in is of Int(16), and its buffer is of Int(32)");
    Buffer<int16_t> flat({5, 1});
    CHECK(refusal(p.in.loc().line, call({&flat, &out})) ==
          "the argument in has 1 dimensions, and its buffer has 2");
    Buffer<int16_t> shorter({4});
    CHECK(refusal(0, call({&in, &shorter})) ==
          "out: buffer out: dimension 0 (halide_buffer_t's 0) has extent 4, but 5 is needed (N)");
    const std::vector<int16_t> memory(16);
    auto* bytes = reinterpret_cast<std::byte*>(const_cast<int16_t*>(memory.data()));
    AnyBuffer strided = AnyBuffer::view(Int(16), bytes, {5}, {2});
    CHECK(refusal(0, call({&strided, &out})) ==
          "out: buffer in: dimension 0 (halide_buffer_t's 0) has stride 2, but must have stride 1");
    AnyBuffer same = AnyBuffer::view(Int(16), out.data(), {5}, {1});
    CHECK(refusal(0, call({&same, &out})) ==
          "out: buffer out is written, and its memory overlaps that of buffer in");
    AnyBuffer far = AnyBuffer::view(Int(16), bytes, {5}, {int64_t{1} << 31});
    CHECK(refusal(p.in.loc().line, call({&far, &out})) ==
          "the buffer of in has an extent, min or stride of 2147483648: halide_buffer_t holds 32 bits");

    CHECK(refusal(0, call({&in, &out}, {{"N", Value::index(5)}})) == "not refused");
    CHECK(refusal(0, call({&in, &out}, {{"N", Value::index(6)}})) ==
          "the parameter N is given as 6, and a buffer makes it 5");
    CHECK(refusal(0, call({&in, &out}, {{"M", Value::index(6)}})) == "out has no parameter M");
}

TEST_CASE("cpu: scalars of a compiled function") {
    Param N("N"), alpha("alpha", Int(5)), beta("beta", Float(32)), gamma("gamma", Fixed(8, 2)),
        wide("wide", UInt(100));
    Var i("i");
    Func out("out", Float(64), {N});
    out(i) = cast(Float(64), alpha) + cast(Float(64), beta) * cast(Float(64), gamma) + cast(Float(64), wide);
    const JitFunction f = jit(build({out}).module);
    Buffer<double> result({2});
    const auto call = [&](const std::map<std::string, Value>& changes) {
        std::map<std::string, Value> scalars{{"alpha", Value::literal(-16)},
                                             {"beta", Value::from_double(Float(64), 1.5)},
                                             {"gamma", Value::from_double(Float(64), -31.75)},
                                             {"wide", Value::literal(mpz_class(1) << 99)}};
        for (const auto& [name, value] : changes)
            scalars[name] = value;
        return [=, &f, &result] { f.call({&result}, scalars); };
    };
    CHECK(refusal(0, call({})) == "not refused");
    CHECK(result(1) == -16 + 1.5 * -31.75 + 0x1p99);
    CHECK(refusal(0, [&] { f(result); }) ==
          "the parameter alpha has no value, and no buffer's extent gives one");
    CHECK(refusal(0, call({{"alpha", Value::literal(16)}})) ==
          "the parameter alpha is of Int(5), and its value 16 is not");
    CHECK(refusal(0, call({{"beta", Value::from_double(Float(64), 0.1)}}))
              .find("the parameter beta is of Float(32)") == 0);
    CHECK(refusal(0, call({{"gamma", Value::from_double(Float(64), 0.125)}})) ==
          "the parameter gamma is of Fixed(8, 2), and its value 0.125 is not");
    CHECK(refusal(0, call({{"wide", Value::literal(-1)}})) ==
          "the parameter wide is of UInt(100), and its value -1 is not");
    CHECK(refusal(0, call({{"alpha", Value::from_double(Float(64), NAN)}}))
              .find("the parameter alpha is of Int(5)") == 0);
}

TEST_CASE("cpu: realize") {
    Param N("N");
    const unsigned line = here() + 1;
    Param M("M");
    Var i("i"), j("j");
    Input in("in", Int(16), {N});
    Func out("out", Int(32), {N, M});
    out(i, j) = in(i)*j;
    const Module m = build({out}).module;
    Buffer<int16_t> x({3});
    x(2) = 7;
    const std::vector<AnyBuffer> results = realize(m, {x}, {{"M", Value::index(4)}});
    REQUIRE(results.size() == 1);
    CHECK(results[0].shape() == std::vector<int64_t>{3, 4});
    CHECK(results[0].get({2, 3}) == Value::from_raw(Int(32), 21));
    CHECK(refusal(line, [&] { realize(m, {x}); }) ==
          "the parameter M of out has no value: no input's extent gives one, so pass it as a scalar");
    CHECK(refusal(0, [&] { realize(m, {}); }) == "out takes 1 inputs and is given 0");
    CHECK(refusal(0, [&] { realize(m, {x, x}); }) == "out takes 1 inputs and is given 2");
    CHECK(refusal(0, [&] { realize(m, {x}, {{"M", Value::index(4)}, {"N", Value::index(2)}}); }) ==
          "the parameter N is given as 2, and a buffer makes it 3");
    CHECK(refusal(out.loc().line, [&] { realize(m, {x}, {{"M", Value::index(-1)}}); }) != "not refused");
}

TEST_CASE("cpu: requirements, and memory that there is not") {
    Param N("N"), K("K");
    Var i("i");
    Input in("in", Int(8), {Operand(N + 2)});
    Func out("out", Int(8), {N});
    out(i) = in(i) + in(i + K);
    const JitFunction f = jit(build({out}).module);
    Buffer<int8_t> x({5}), y({3});
    const auto call = [&](int64_t k) { return [&, k] { f.call({&x, &y}, {{"K", Value::index(k)}}); }; };
    CHECK(refusal(0, call(2)) == "not refused");
    CHECK(refusal(0, call(3)).find("in is read outside its shape") == 0);
    CHECK(refusal(0, call(-4)) == "the size K is negative");

    Func p("p", Int(64), {N, K, int64_t{1} << 30, 4}), big("big", Int(64), {N});
    Var j("j"), l("l"), m("m");
    p(i, j, l, m) = 1;
    big(i) = p(i, 0, 0, 0);
    const JitFunction g = jit(build({big}).module);
    Buffer<int64_t> z({3});
    CHECK(refusal(0, [&] { g.call({&z}, {{"K", Value::index(int64_t{1} << 26)}}); }) ==
          "p: 864691128455135232 elements are more than memory can hold");
    CHECK(refusal(0, [&] { g.call({&z}, {{"K", Value::index(INT32_MAX)}}); }) ==
          "p: 9223372036854775807 elements are more than memory can hold");
}
