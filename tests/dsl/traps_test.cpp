/// What must not compile because C++ would make something else of it than the user means.

#include "dsl_support.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

template <class T> constexpr bool has_truth = requires(T x) { x ? 1 : 0; };
template <class A, class B> constexpr bool has_sum = requires(A a, B b) { a + b; };
template <class A, class B> constexpr bool has_order = requires(A a, B b) { a < b; };
template <class A, class B> constexpr bool has_conjunction = requires(A a, B b) { a&& b; };
template <class To, class From>
constexpr bool assignable_element = requires(To to, From from, Var x) { to(x) = from; };
template <class T> constexpr bool bits_assignable = requires(T f, Var x) { f(x)(3, 0) = 1; };
template <class T> constexpr bool bit_assignable = requires(T f, Var x) { f(x)[3] = 1; };
template <class T> constexpr bool slice_assignable = requires(T e) { e(3, 0) = 1; };

static_assert(!has_truth<Expr> && !has_truth<Var> && !has_truth<Param> && !has_truth<ElementRef>);

static_assert(has_sum<Expr, int> && has_sum<Var, Var> && has_sum<Param, RVar> && has_sum<double, RDom>);
static_assert(has_sum<Expr, bool> && has_sum<Expr, int8_t> && has_sum<Expr, uint64_t> &&
              has_sum<float, Expr>);
static_assert(!has_sum<Expr, char> && !has_sum<Expr, char16_t> && !has_sum<Expr, wchar_t>);
static_assert(!has_sum<Expr, const char*> && !has_sum<Expr, Expr*> && !has_sum<Expr, std::string>);
static_assert(!has_sum<Expr, Func> && !has_sum<Expr, Input> && !has_sum<Type, Type> && !has_sum<Symbol, int>);
static_assert(has_order<Var, int> && !has_order<Func, int> && has_conjunction<Expr, Expr>);

static_assert(std::convertible_to<int, Expr> && std::convertible_to<bool, Expr> &&
              std::convertible_to<Var, Expr>);
static_assert(std::convertible_to<ElementRef, Expr> && std::convertible_to<Param, Expr>);
static_assert(!std::convertible_to<char, Expr> && !std::convertible_to<std::nullptr_t, Expr>);
static_assert(!std::convertible_to<const char*, Expr> && !std::convertible_to<Expr, bool>);

static_assert(assignable_element<Func, int> && assignable_element<Func, Expr>);
static_assert(!assignable_element<Input, int> && !assignable_element<Const, Expr>);
static_assert(!assignable_element<Func, const char*> && !assignable_element<Func, char>);
static_assert(!bits_assignable<Func> && !bit_assignable<Func> && !slice_assignable<Expr>);

static_assert(!std::copyable<ElementRef> && !std::movable<FuncRef>);
static_assert(std::convertible_to<Var, LoopRef> && std::convertible_to<RDom, LoopRef> &&
              std::convertible_to<RVar, LoopRef>);
static_assert(std::convertible_to<Func, StageRef> && !std::convertible_to<Func, LoopRef>);
static_assert(!std::convertible_to<Input, StageRef>);

} // namespace

TEST_CASE("comparisons are expressions, equality of handles too") {
    const Var i("i"), j("j");
    CHECK((i == j).type() == Bool());
    CHECK((Expr(i) != 3).type() == Bool());
    CHECK((3 >= i).as<Binary>()->op == BinaryOp::ge);
}
