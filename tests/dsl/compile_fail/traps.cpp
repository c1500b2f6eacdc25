/// Programs that must not compile, one for each value of CASE: see run.sh. What a concept can check stands in
/// traps_test.cpp.

#include "lathe/dsl/func.h"
#include "lathe/dsl/kernel.h"
#include "lathe/dsl/operators.h"

using namespace lathe;

void program(const Input& in, Func f, const Var& x, Expr e, const Output& out, Scalar& s) {
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
#elif CASE == 5
    //! 5: compiles
    out(x) = in(x) + s;
    out(x)(3, 0) = out(x + 1)[0];
    s = out(x);
    s[2] = s(1, 0);
    s += s;
#elif CASE == 6
    //! 6: an element reference is used later than where it was made
    auto late = out(x);
    e = late;
#elif CASE == 7
    //! 7: let\(s\)
    Scalar copy = s;
#elif CASE == 8
    //! 8: StoreRef
    auto late = out(x);
    late = 3;
#elif CASE == 9
    //! 9: nodiscard
    KernelBody& k = reinterpret_cast<KernelBody&>(s);
    k.let(out(x));
#elif CASE == 10
    //! 10: write `s \+= 1`
    s++;
#elif CASE == 11
    //! 11: write k.while_
    KernelBody& k = reinterpret_cast<KernelBody&>(s);
    k.while_(s < 4, [] {});
#endif
}
