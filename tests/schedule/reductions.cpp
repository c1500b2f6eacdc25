// What is a reduction whose steps may change places, however it is written.

#include "programs.h"

#include <limits>

using namespace lathe;

namespace {

/// Whether the update of h may run in lanes and in another order, and is right then.
bool commutes(const std::function<void(Func&, const Var&, const RDom&, const Input&)>& define, Type type,
              Type input) {
    Param N("N"), M("M");
    Var i("i");
    RDom r(0, M, "r");
    Input a("a", input, {N, M});
    Func h("h", type, {N});
    h(i) = 1;
    define(h, i, r, a);
    Schedule s(h);
    try {
        s[h].update(0).reorder(r, i).vectorize(r, 4);
    } catch (const Error&) {
        return false;
    }
    expect_right(s, {{{"N", 5}, {"M", 13}}, {{"N", 1}, {"M", 4}}, {{"N", 3}, {"M", 0}}});
    return true;
}

} // namespace

TEST_CASE("differences are sums") {
    const auto minus = [](Func& h, const Var& i, const RDom& r, const Input& a) { h(i) = h(i) - a(i, r); };
    const auto less = [](Func& h, const Var& i, const RDom& r, const Input& a) { h(i) -= a(i, r) * 3; };
    const auto from = [](Func& h, const Var& i, const RDom& r, const Input& a) { h(i) = a(i, r) - h(i); };
    CHECK(commutes(minus, Int(8), Int(8)));
    CHECK(commutes(minus, UInt(8), UInt(12)));
    CHECK(commutes(less, Int(32), UInt(8)));
    CHECK(commutes(less, Fixed(20, 12), Fixed(12, 6)));
    CHECK_FALSE(commutes(less, Fixed(20, 12, Round::trn, Overflow::sat), Int(8)));
    CHECK_FALSE(commutes(minus, Float(32), Float(32)));
    CHECK_FALSE(commutes(from, Int(32), Int(8)));
}

TEST_CASE("a difference of a product contracts") {
    Param N("N");
    Var i("i");
    RDom r(0, N, "r");
    Input a("a", Float(32), {N}), b("b", Float(32), {N});
    Func h("h", Float(32), {N}), g("g", Float(32), {N});
    h(i) = 1.0f;
    h(i) -= a(r) * b(i);
    g(i) = h(i);
    const std::string text = print(Schedule(g));
    INFO(text);
    CHECK(text.find("fma") != std::string::npos);
}

TEST_CASE("selects that are maxima and minima") {
    using F = std::function<void(Func&, const Var&, const RDom&, const Input&)>;
    const F forms[] = {
        [](Func& h, const Var& i, const RDom& r, const Input& a) { h(i) = max(h(i), a(i, r)); },
        [](Func& h, const Var& i, const RDom& r, const Input& a) { h(i) = min(a(i, r), h(i)); },
        [](Func& h, const Var& i, const RDom& r, const Input& a) {
            h(i) = select(a(i, r) > h(i), a(i, r), h(i));
        },
        [](Func& h, const Var& i, const RDom& r, const Input& a) {
            h(i) = select(h(i) < a(i, r), a(i, r), h(i));
        },
        [](Func& h, const Var& i, const RDom& r, const Input& a) {
            h(i) = select(a(i, r) < h(i), a(i, r), h(i));
        },
        [](Func& h, const Var& i, const RDom& r, const Input& a) {
            h(i) = select(h(i) > a(i, r), a(i, r), h(i));
        },
    };
    for (const F& form : forms)
        CHECK(commutes(form, Int(16), Int(12)));
    const F others[] = {
        [](Func& h, const Var& i, const RDom& r, const Input& a) { // not the one compared
            h(i) = select(a(i, r) > h(i), a(i, r) + 1, h(i));
        },
        [](Func& h, const Var& i, const RDom& r, const Input& a) { // the last one that differs
            h(i) = select(a(i, r) != h(i), a(i, r), h(i));
        },
    };
    for (const F& form : others)
        CHECK_FALSE(commutes(form, Int(16), Int(12)));
}

TEST_CASE("selects that are maxima and minima of numbers without two zeros and NaNs") {
    using F = std::function<void(Func&, const Var&, const RDom&, const Input&)>;
    const F forms[] = {
        [](Func& h, const Var& i, const RDom& r, const Input& a) {
            h(i) = select(h(i) > a(i, r), h(i), a(i, r));
        },
        [](Func& h, const Var& i, const RDom& r, const Input& a) {
            h(i) = select(a(i, r) <= h(i), h(i), a(i, r));
        },
        [](Func& h, const Var& i, const RDom& r, const Input& a) {
            h(i) = select(a(i, r) >= h(i), a(i, r), h(i));
        },
        [](Func& h, const Var& i, const RDom& r, const Input& a) {
            h(i) = select(a(i, r) > h(i), h(i), a(i, r));
        },
        [](Func& h, const Var& i, const RDom& r, const Input& a) {
            h(i) = select(h(i) <= a(i, r), h(i), a(i, r));
        },
        [](Func& h, const Var& i, const RDom& r, const Input& a) {
            h(i) = select(h(i) >= a(i, r), a(i, r), h(i));
        },
    };
    for (const F& form : forms) {
        CHECK(commutes(form, Int(16), Int(12)));
        CHECK(commutes(form, Fixed(12, 6), Fixed(9, 5)));
        CHECK_FALSE(commutes(form, Float(32), Float(32)));
        CHECK_FALSE(commutes(form, Float(32), Int(12)));
    }
}

TEST_CASE("bits of a wider operand") {
    const auto conjunction = [](Func& h, const Var& i, const RDom& r, const Input& a) { h(i) &= a(i, r); };
    const auto exclusive = [](Func& h, const Var& i, const RDom& r, const Input& a) {
        h(i) = a(i, r) ^ h(i);
    };
    CHECK(commutes(conjunction, Int(8), Int(16)));
    CHECK(commutes(exclusive, UInt(7), Int(30)));
    CHECK(commutes(exclusive, Int(9), UInt(8)));
    CHECK_FALSE(commutes(exclusive, Fixed(8, 8, Round::trn, Overflow::sat), Int(16)));
    CHECK_FALSE(commutes(exclusive, Bool(), Int(16)));
}
