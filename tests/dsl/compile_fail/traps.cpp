/// Programs that must not compile, one for each value of CASE: see run.sh.

#include "lathe/dsl/boundary.h"
#include "lathe/dsl/math.h"

using namespace lathe;

void program(const Input& in, Func f, const Var& x, Expr e) {
#if CASE == 1
    //! 1: compiles
    f(x) = in(x) + e;
#elif CASE == 2
    //! 2: could not convert|not contextually convertible
    if (e) f(x) = 1;
#elif CASE == 3
    //! 3: could not convert|not contextually convertible
    f(x) = e == 1 ? in(x) : in(x + 1);
#elif CASE == 4
    //! 4: an element reference is used later than where it was made
    auto late = in(x);
    f(x) = late * 2;
#elif CASE == 5
    //! 5: an element reference is used later than where it was made
    auto late = in(x);
    Expr value = late;
#elif CASE == 6
    //! 6: deleted
    auto late = in(x);
    auto copy = late;
#elif CASE == 7
    //! 7: no match for|invalid operands
    f(x) = e + 'a';
#elif CASE == 8
    //! 8: no match for|invalid operands
    f(x) = e + "a";
#elif CASE == 9
    //! 9: no match for|invalid operands
    f(x) = e + &e;
#elif CASE == 10
    //! 10: no match for|no viable overloaded|invalid operands|passing|discards
    in(x) = 3;
#elif CASE == 11
    //! 11: passing|no viable overloaded|discards
    f(x)(3, 0) = 3;
#elif CASE == 12
    //! 12: passing|no viable overloaded|discards
    f(x)[3] = e;
#elif CASE == 13
    //! 13: nodiscard
    e + 1;
#elif CASE == 14
    //! 14: conversion from|no viable conversion
    Expr text = 'a';
#elif CASE == 15
    //! 15: conversion from|no viable conversion
    Expr null = nullptr;
#endif
}
