// Accesses that depend on data: those that leave their tensor are errors, and those that cannot cost nothing.

#include "compiled.h"
#include "lathe/codegen/lower.h"
#include "lathe/dsl/boundary.h"
#include "lathe/dsl/kernel.h"

using namespace lathe;
using namespace lathe::ir;
using namespace lathe::codegen;

namespace {

/// The checks in the lowered Module.
std::vector<std::string> checks(const Module& m) {
    std::vector<std::string> messages;
    for_each(
        lower(m, Target("x86-64-linux-avx2")).top().body,
        [&](const Stmt& s) {
            if (const auto* a = s.as<Assert>()) messages.push_back(a->message);
        },
        nullptr);
    return messages;
}

std::string error_of(const JitFunction& f, const std::vector<AnyBuffer*>& arguments) {
    try {
        f.call(arguments);
    } catch (const Error& e) {
        return e.message();
    }
    return "";
}

/// out(i) = table(at(i)) where at(i) is not 99.
struct Gather {
    Param N{"N"}, T{"T"};
    Var i{"i"};
    Input at{"at", Int(8), {N}}, table{"table", Int(16), {T}};
    Func out{"out", Int(16), {N}};
    Gather() { out(i) = select(at(i) == 99, -1, table(at(i))); }
};

} // namespace

TEST_CASE("cpu: a gather out of bounds is an error, in every kind of loop") {
    for (int way = 0; way < 4; ++way) {
        CAPTURE(way);
        Gather g;
        Schedule s(g.out);
        if (way == 1) s[g.out].vectorize(g.i, 8);
        if (way == 2) s[g.out].parallel(g.i);
        if (way == 3) {
            auto [io, ii] = s[g.out].split(g.i, 16);
            s[g.out].parallel(io).vectorize(ii);
        }
        const JitFunction f = jit(s);
        Buffer<int8_t> at({37});
        Buffer<int16_t> table({5}), out({37});
        for (int64_t i = 0; i < 37; ++i)
            at(i) = static_cast<int8_t>(i % 5);
        for (int64_t i = 0; i < 5; ++i)
            table(i) = static_cast<int16_t>(i * i);
        at(7) = 99; // not read
        CHECK(error_of(f, {&at, &table, &out}).empty());
        for (int64_t i = 0; i < 37; ++i)
            CHECK(out(i) == (i == 7 ? -1 : (i % 5) * (i % 5)));
        for (const int64_t place : {0, 15, 36})
            for (const int wrong : {-1, 5, 127, -128}) {
                const auto right = at(place);
                at(place) = static_cast<int8_t>(wrong);
                CHECK(error_of(f, {&at, &table, &out}) == "subscript 0 of table is out of bounds");
                at(place) = right;
            }
        Buffer<int16_t> empty({0});
        CHECK(error_of(f, {&at, &empty, &out}) == "subscript 0 of table is out of bounds");
        at.fill(Value::literal(99));
        CHECK(error_of(f, {&at, &empty, &out}).empty());
    }
}

TEST_CASE("cpu: a scatter out of bounds is an error") {
    Param N("N"), B("B");
    Var i("i");
    Input in("in", UInt(8), {N});
    RDom r(0, N, "r");
    r.where(in(r) < 200);
    Func histogram("histogram", Int(32), {B});
    histogram(i) = 0;
    histogram(in(r)) += 1;
    const JitFunction f = jit(build({histogram}).module);
    Buffer<uint8_t> x({9});
    Buffer<int32_t> bins({100});
    for (int64_t k = 0; k < 9; ++k)
        x(k) = static_cast<uint8_t>(k % 3 + 97);
    x(4) = 255;
    CHECK(error_of(f, {&x, &bins}).empty());
    CHECK(bins(97) == 3);
    CHECK(bins(98) == 2);
    x(8) = 100;
    CHECK(error_of(f, {&x, &bins}) == "subscript 0 of histogram is out of bounds");
}

TEST_CASE("cpu: a subscript read from an element that is itself gathered") {
    Param N("N");
    Var i("i");
    Input next("next", UInt(8), {N});
    Func out("out", UInt(8), {N});
    out(i) = next(next(next(i)));
    Schedule s(out);
    s[out].vectorize(i, 16);
    const JitFunction f = jit(s);
    Buffer<uint8_t> x({20}), y({20});
    for (int64_t k = 0; k < 20; ++k)
        x(k) = static_cast<uint8_t>((k + 7) % 20);
    CHECK(error_of(f, {&x, &y}).empty());
    for (int64_t k = 0; k < 20; ++k)
        CHECK(y(k) == (k + 21) % 20);
    x(3) = 20;
    CHECK(error_of(f, {&x, &y}) == "subscript 0 of next is out of bounds");
}

TEST_CASE("cpu: what happens only under a condition is checked only there") {
    Param N("N");
    Var i("i");
    Input a("a", Int(8), {N});
    Func out("out", Int(8), {N});
    out(i) = select(i % 4 == 1, a(i * i), 0);
    const JitFunction f = jit(build({out}).module);
    Buffer<int8_t> x({5}), y({5});
    x(1) = 3;
    CHECK(error_of(f, {&x, &y}).empty());
    CHECK(y(1) == 3);
    Buffer<int8_t> longer({6}), z({6});
    CHECK(error_of(f, {&longer, &z}) == "subscript 0 of a is out of bounds");
}

TEST_CASE("cpu: what is proved in bounds has no check") {
    PackedGemm g;
    Schedule s(g.C);
    auto [io, jo, ii, ji] = s[g.C].tile({g.i, g.j}, {6, 16});
    s.compute_at(g.P, g.C, jo).store_in(g.P, MemorySpace::registers()).compute_at(g.panel, g.C, io);
    s[g.P].reorder(g.k, g.i, g.j).unroll(g.i).vectorize(g.j);
    s[g.C].unroll(ii).vectorize(ji).parallel(io).separate(io, jo);
    CHECK(checks(s).empty());
    Blur b;
    Schedule rows(b.out);
    rows.compute_at(b.rows, b.out, b.y);
    rows[b.rows].vectorize(b.x, 16);
    CHECK(checks(rows).empty());

    Param N("N");
    Var i("i");
    Input a("a", Int(8), {N}), at("at", Int(20), {N});
    Const table("table", Int(8), {16}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7});
    Func edges("edges", Int(16), {N}), looked("looked", Int(8), {N}), clamped("clamped", Int(8), {N});
    edges(i) = constant_edge(a, 0)(i - 2) + constant_edge(a, 1)(i + 3);
    looked(i) = table(cast(UInt(4), a(i)));
    clamped(i) = a(clamp(at(i), 0, N - 1));
    CHECK(checks(build({edges}).module).empty());
    CHECK(checks(build({looked}).module).empty());
    CHECK(checks(build({clamped}).module).empty());
}

TEST_CASE("cpu: a load out of bounds is an error where its value does not matter, too") {
    Param N("N");
    Var i("i");
    Input a("a", Int(8), {N}), at("at", Int(8), {N});
    Func zero("zero", Int(8), {N}), same("same", Int(8), {N}), unused("unused", Int(8), {N});
    zero(i) = a(at(i)) * 0;
    same(i) = select(at(i) < 100, a(at(i)), a(at(i)));
    unused(i) = a(at(i)) & 0;
    for (const Func& f : {zero, same, unused}) {
        CAPTURE(f.name());
        const JitFunction compiled = jit(build({f}).module);
        Buffer<int8_t> x({4}), y({4}), z({4});
        CHECK(error_of(compiled, {&x, &y, &z}).empty());
        y(2) = 4;
        CHECK(error_of(compiled, {&x, &y, &z}) == "subscript 0 of a is out of bounds");
    }
}

TEST_CASE("cpu: a region that is inferred for no iterations is empty") {
    Param N("N");
    Var i("i");
    Input a("a", Int(8), {N});
    Func before("before"), out("out", Int(8), {N});
    before(i) = a(i) + 1;
    RDom r(1, max(N, 1) - 1, "r");
    out(i) = 0;
    out(r) = before(r - 1) + before(r); // of `before` N elements are needed, or none
    Func inner("inner", Int(8), {N});
    RDom q(2, max(N, 2) - 2, "q");
    Func middle("middle");
    middle(i) = a(i);
    inner(i) = 1;
    inner(q) = middle(q); // of `middle` N − 2 elements
    for (const Func& f : {out, inner})
        for (const int64_t n : {0, 1, 2, 5}) {
            CAPTURE(n);
            const Module m = build({f}).module;
            Buffer<int8_t> x({n}), got({n}), expected({n});
            std::fill(x.begin(), x.end(), int8_t{3});
            interpret(m, {&x, &expected});
            CHECK(error_of(jit(m), {&x, &got}).empty());
            CHECK(bit_equal(got, expected));
        }
}

TEST_CASE("cpu: numbers that no machine subscript holds are errors, and no other subscripts") {
    constexpr const char* unfit = "a subscript or a loop's bound does not fit in 64 bits";
    constexpr const char* outside = "subscript 0 of a is out of bounds";
    Param N("N");
    Var i("i");
    InOut a("a", Int(32), {N});
    const auto error = [&](Type t, const mpz_class& number, const auto& body) {
        InOut b("b", t, {1});
        const Module m = Schedule(Kernel("k", {a, b}, [&](KernelBody& k) { body(k, b); })).module();
        int32_t memory[12] = {};
        AnyBuffer view = AnyBuffer::view(Int(32), reinterpret_cast<std::byte*>(memory + 4), {4}, {1}),
                  at(t, {1});
        at.set({0}, Value::from_raw(t, number));
        const std::string text = error_of(jit(m), {&view, &at});
        CHECK_THROWS_AS(interpret(m, {&view, &at}), Error);
        for (const int32_t x : memory)
            CHECK(x == 0);
        return text;
    };
    const auto store = [&](KernelBody&, const InOut& b) { a(b(0)) = 77; };
    const auto lazy = [&](KernelBody&, const InOut& b) { a(select(b(0) > 0, b(0), 0)) = 77; };
    const auto loop = [&](KernelBody& k, const InOut& b) { k.for_(i, b(0), b(0) + 3, [&] { a(0) += 1; }); };
    const auto parameter = [&](KernelBody& k, const InOut& b) {
        Param n("n");
        InOut c("c", Int(32), {N});
        k.call(Kernel("f", {c, n}, [&](KernelBody& f) { f.for_(i, 0, n, [&] { c(0) += 1; }); }), {a, b(0)});
    };
    const mpz_class wide = mpz_class(1) << 64;
    CHECK(error(UInt(64), wide - 1, store) == outside);
    CHECK(error(UInt(65), wide, store) == outside);
    CHECK(error(UInt(65), wide, lazy) == outside);
    CHECK(error(UInt(65), wide, loop) == unfit);
    CHECK(error(UInt(65), wide, parameter) == unfit);
    CHECK(error(Int(64), wide / -2, store) == outside);
    CHECK(error(Int(64), -5, store) == outside);

    Input x("x", UInt(64), {N}), t("t", Int(8), {4});
    Func gather("gather", Int(8), {N}), hashed("hashed", Int(8), {N});
    gather(i) = t(x(i));
    hashed(i) = t(x(i) % 4); // of any number
    Buffer<uint64_t> places({2});
    Buffer<int8_t> table({4}), out({2});
    table(3) = 9;
    places(1) = UINT64_MAX;
    CHECK(error_of(jit(build({gather}).module), {&places, &table, &out}) ==
          "subscript 0 of t is out of bounds");
    CHECK(error_of(jit(build({hashed}).module), {&places, &table, &out}).empty());
    CHECK(out(1) == 9);
    CHECK_NOTHROW(interpret(build({hashed}).module, {&places, &table, &out}));
}

TEST_CASE("cpu: the only statement in a while loop is checked, too") {
    Param N("N");
    Input at("at", Int(32), {1});
    InOut n("n", Int(32), {N});
    const Kernel k("k", {at, n},
                   [&](KernelBody& k) { k.while_([&] { return n(0) < 3; }, [&] { n(at(0)) += 1; }); });
    const JitFunction f = jit(Schedule(k));
    Buffer<int32_t> where({1}), numbers({4});
    where(0) = 4;
    for (int32_t& x : numbers)
        x = 0;
    CHECK(error_of(f, {&where, &numbers}).find("subscript 0 of n is out of bounds") != std::string::npos);
    where(0) = 0;
    CHECK(error_of(f, {&where, &numbers}) == "");
    CHECK(numbers(0) == 3);
}
