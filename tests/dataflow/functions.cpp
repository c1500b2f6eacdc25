// Functions that are called: scheduled for all their calls, given views, in several levels.

#include "everywhere.h"
#include "lines.h"
#include "refusal.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

struct Levels : LineKernels {
    Input x{"x", Int(8), {6, 20}};
    Output y{"y", Int(16), {6, 20}};
    /// The left half by the second level, every other position of the right one by the third.
    Kernel top{
        "top", {x, y}, [&](KernelBody& b) {
            b.for_(r, 0, 6, [&] { b.for_(i, 0, 20, [&] { y(r, i) = 0; }); });
            b.call(picture, {view(x, {Range(0, 3, 2), Range(0, 10)}), view(y, {Range(1, 3), Range(0, 10)})});
            b.for_(r, 0, 6,
                   [&] { b.call(line, {view(x, {r, Range(10, 5, 2)}), view(y, {r, Range(11, 5, 2)}), -7}); });
        }};
};

} // namespace

TEST_CASE_FIXTURE(Levels, "a Function is called with views of several kinds, in three levels") {
    Schedule s(top);
    CHECK(s.module().functions.size() == 3);
    expect_same_as_code(s);
    // The third level by hand.
    const std::vector<AnyBuffer> result = run(s.module(), {}, 3);
    for (int64_t row = 0; row < 6; ++row)
        for (int64_t n = 0; n < 5; ++n)
            CHECK(result[1].get({row, 11 + 2 * n}).as_int64() ==
                  result[0].get({row, 10 + 2 * n}).as_int64() * -7 + n);
}

TEST_CASE_FIXTURE(Levels, "a schedule of a Function is one for all its calls") {
    Schedule s(top);
    auto [io, ii] = s[line].split(i, 4);
    s[line].unroll(ii);
    s[picture].pipeline(r);
    expect_same_as_code(s);
    CHECK(refusal([&] { s[line].parallel(r); }).find("r is no loop of line") != std::string::npos);
    Schedule again(top);
    again.apply_trace(s.trace_json());
    CHECK(print(again) == print(s));
    Schedule fast(top);
    fast[line].vectorize(i, 8);
    check_everywhere(fast);
}

TEST_CASE_FIXTURE(Levels, "Functions and their schedules as Vitis C++") {
    Schedule plain(top), split(top);
    split[line].split(i, 3);
    split[picture].unroll(r, 2);
    VitisKernels kernels;
    kernels.add(plain);
    kernels.add(split);
    kernels.compile();
    kernels.expect_right(0, plain.reference(), {{}});
    kernels.expect_right(1, plain.reference(), {{}});
}

TEST_CASE_FIXTURE(Levels, "what is passed is checked") {
    const auto call = [&](Loc at, const std::vector<CallArgument>& arguments) {
        return refusal(at.line, [&] {
            build(Kernel("top", {x, y}, [&](KernelBody& b) { b.call(line, arguments, at); }));
        });
    };
    CHECK(call(Loc::current(), {view(x, {0, Range(0, 5)}), view(y, {0, Range(0, 6)}), 1}) ==
          "the call of line passes y with another shape than to has");
    CHECK(call(Loc::current(), {view(x, {0, Range(0, 21)}), view(y, {0, Range(0, 21)}), 1}) ==
          "the view of x that line is given leaves dimension 1 of it");
    CHECK(call(Loc::current(), {view(x, {6, Range(0, 5)}), view(y, {0, Range(0, 5)}), 1}) ==
          "the view of x that line is given leaves dimension 0 of it");
    CHECK(refusal([&] { static_cast<void>(view(x, {0})); }) == "x has 2 dimensions, and the view of it 1");
    CHECK(refusal([&] { static_cast<void>(view(x, {0, Range(0, 5, 0)})); }) ==
          "the stride of a view of x is 0: it is at least 1");
    CHECK(refusal([&] { static_cast<void>(view(x, {0, 1.5})); }) ==
          "a bound of a view of x is Real: it must be an integer");
    CHECK(refusal([&] { Input("z", Int(8), {Range(0, 5, 2)}); }) ==
          "a dimension of z has the stride 2: only a view has strides");
    Schedule s(top);
    CHECK(refusal([&] { s.quantize(x, Int(4)); }).find("x becomes Int(4), and ") != std::string::npos);
}
