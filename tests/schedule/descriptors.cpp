// Primitives as descriptors: the registry, the steps that are put together from it, and the documentation.

#include "compile_shared.h"
#include "random_calls.h"

#include <filesystem>

using namespace lathe;
using namespace lathe::schedule;

namespace {

/// The text of a file of the repository.
std::string text_of(const std::string& name) {
    const std::filesystem::path file = std::filesystem::path(LATHE_SOURCE_DIR) / name;
    REQUIRE(std::filesystem::exists(file));
    return read_file(file);
}

template <class F> std::string error_of(const F& call) {
    try {
        call();
    } catch (const Error& e) {
        return e.message();
    }
    return "no error";
}

} // namespace

TEST_CASE("every primitive has a name, a text and code") {
    std::set<std::string_view> names;
    for (const Primitive* p : all_primitives()) {
        CAPTURE(p->name);
        CHECK(names.insert(p->name).second);
        CHECK(find_primitive(p->name) == p);
        CHECK(!p->text.empty());
        CHECK(bool(p->run));
        CHECK((!p->consumer || p->acts_on == ActsOn::func || p->acts_on == ActsOn::stages));
        CHECK((p->named == Named::kept || p->loops.least > 0));
        for (const WordOperand& w : p->words)
            CHECK((w.unsaid.empty() || std::ranges::find(w.values, w.unsaid) != w.values.end()));
    }
    CHECK(names.size() >= 15);
    CHECK(find_primitive("melt") == nullptr);
}

TEST_CASE("the documentation lists every primitive") {
    CHECK(text_of("docs/primitives.md").find("\n" + primitives_table()) != std::string::npos);
    const std::string readme = text_of("README.md");
    for (const Primitive* p : all_primitives()) {
        CAPTURE(p->name);
        CHECK(readme.find("`" + std::string(p->name)) != std::string::npos);
    }
}

TEST_CASE("a step that is put together") {
    Gemm g;
    Schedule s(g.C), t(g.C);
    Step step;
    step.primitive = find_primitive("split");
    step.func = g.C.symbol();
    step.definition = 1;
    step.loops = {g.i.symbol()};
    step.numbers = {4};
    step.words = {"guard", "", ""};
    s.call(step);
    auto [io, ii] = t[g.C].split(g.i, 4);
    CHECK(print(s) == print(t));
    CHECK(s.trace() == t.trace());
    s[g.C].parallel(Loop(s.steps()[0].results[0]));
    const auto without = [&](auto change) {
        Step other = step;
        change(other);
        return error_of([&] { s.call(other); });
    };
    CHECK(without([](Step& o) { o.primitive = nullptr; }) == "a step has no primitive");
    CHECK(without([](Step& o) { o.definition = 7; }) ==
          "a step of split names a definition that this schedule does not have");
    CHECK(without([](Step& o) { o.numbers.clear(); }) ==
          "a step that split does not take: 1 loops, 0 numbers, 3 words");
    CHECK(without([](Step& o) { o.every = true; }) ==
          "a step that split does not take: 1 loops with all their copies, 1 numbers, 3 words");
}

TEST_CASE("with a number, vectorize and unroll pass the name on to the outer loop") {
    Gemm g;
    Schedule s(g.C);
    Blocks v = s[g.C].vectorize(g.j, 8);
    CHECK(v.outer().name() == "jo");
    CHECK(v.inner().name() == "ji");
    v.parallel(g.i);
    Schedule named = s, handle = s;
    named[g.C].parallel(g.j);
    handle[g.C].parallel(v.outer());
    CHECK(print(named) == print(handle));
    const auto u = s[g.C].unroll(g.j, 2);
    CHECK(u.outer().name() == "joo");
    s[g.C].unroll(g.k, 4).reorder(g.k, g.j);
    expect_right(s, Gemm::sizes());
    Schedule again(g.C);
    again.apply_trace(s.trace_json());
    CHECK(print(again) == print(s));
    const Blocks both = Schedule(g.C)[g.C].all().vectorize(g.j, 4);
    CHECK(error_of([&] { both.outer(); }) ==
          "the loop was split in several places: name their loops one by one, or by all(loop)");
}

TEST_CASE("a reduction loop that was vectorized in blocks is still one") {
    Param N("N"), K("K");
    Var i("i");
    RDom k(0, K, "k");
    Input a("a", UInt(8), {N, K});
    Func f("f", UInt(32), {N});
    f(i) = 0;
    f(i) += a(i, k);
    Schedule s(f);
    s[f].unroll(k, 4).reorder(k, i);
    CHECK(error_of([&] { s[f].fuse_init(k); }).find("k") != std::string::npos);
    expect_right(s, {{{"N", 5}, {"K", 6}}, {{"N", 5}, {"K", 0}}});
}

TEST_CASE("each question about dependences is asked once, and again when what it read has changed") {
    Param N("N");
    Var i("i"), j("j"), x("x");
    Func p("p", Int(32), {N, N}), q("q", Int(32), {N, N});
    p(i, j) = i * j;
    q(i, j) = p(i, j) + 1;
    Schedule s(q);
    auto asked = [&, last = s.queries()]() mutable {
        const size_t now = s.queries() - last;
        last = s.queries();
        return now;
    };
    s[q].parallel(i);
    CHECK(asked() == 1);
    s[q].vectorize(j, 4);
    CHECK(asked() == 2); // this one, and that on i, whose body is another one now
    s[p].reorder(j, i);
    CHECK(asked() == 1); // the order alone
    s[p].rename(i, "row");
    CHECK(asked() == 0); // nothing that stands in or around q's loops
    s.compute_at(p, q, i);
    CHECK(asked() == 1); // that on i, which holds p now; not that on j
    s[p].unroll(i);
    CHECK(asked() == 1); // i holds p
    s.store_in(p, MemorySpace::heap());
    CHECK(asked() == 1); // likewise
}
