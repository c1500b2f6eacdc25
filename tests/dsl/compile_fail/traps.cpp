/// Programs that must not compile, one for each value of CASE: see run.sh. What a concept can check stands in
/// traps_test.cpp.

#include "lathe/dsl/func.h"
#include "lathe/dsl/operators.h"

using namespace lathe;

void program(const Input& in, Func f, const Var& x, Expr e) {
#if CASE == 1
    //! 1: compiles
    f(x) = in(x) + e;
#elif CASE == 2
    //! 2: an element reference is used later than where it was made
    auto late = in(x);
    f(x) = late * 2;
#elif CASE == 3
    //! 3: an element reference is used later than where it was made
    auto late = in(x);
    e = late;
#elif CASE == 4
    //! 4: nodiscard
    e + 1;
#endif
}
